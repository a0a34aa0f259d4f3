# SPDX-License-Identifier: Apache-2.0
"""The last line of .ci/run counts all that it ran, and hides no failure."""

import os
import shutil
import subprocess

import pytest

from sources import ROOT


def run(folder, tests, fuzz):
    """The last line and the exit code, with these scripts for tests/run and tests/fuzz/run."""
    os.makedirs(folder / ".ci")
    shutil.copy(os.path.join(ROOT, ".ci", "run"), folder / ".ci" / "run")
    for name, text in ("tests/run", tests), ("tests/fuzz/run", fuzz):
        path = folder / name
        os.makedirs(path.parent, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    done = subprocess.run([folder / ".ci" / "run"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.stdout.splitlines()[-1], done.returncode


@pytest.mark.parametrize("tests, fuzz, last", [
    ("echo 5 passed, 0 failed", "echo 2 passed, 0 failed", "7 passed, 0 failed"),
    ("echo 4 passed, 1 failed; exit 1", "echo 2 passed, 0 failed", "6 passed, 1 failed"),
    ("echo 5 passed, 0 failed", "echo 1 passed, 1 failed; exit 1", "6 passed, 1 failed"),
    ("echo it broke; exit 1", "echo 2 passed, 0 failed", "2 passed, 1 failed"),
    ("echo 5 passed, 0 failed", "kill -9 $$", "5 passed, 1 failed"),
    ("echo 5 passed, 0 failed; echo and then more", "echo 2 passed, 0 failed",
     "2 passed, 1 failed"),
])
def test_a_failure_anywhere_is_in_the_count(tmp_path, tests, fuzz, last):
    assert run(tmp_path, tests, fuzz) == (last, 0 if last.endswith(" 0 failed") else 1)
