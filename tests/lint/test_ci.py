# SPDX-License-Identifier: Apache-2.0
"""The last line of .ci/run counts all that it ran, and hides no failure."""

import os
import shutil
import subprocess

import pytest

from sources import ROOT


FINE = "echo 3 passed, 0 failed"
SKIPS = "echo '== skipped: there is no root'; echo 0 passed, 0 failed; exit 3"


def run(folder, tests=FINE, fuzz=FINE, systemd=FINE, clone=FINE):
    """What is printed and the exit code, with these scripts for the four that it calls."""
    os.makedirs(folder / ".ci")
    shutil.copy(os.path.join(ROOT, ".ci", "run"), folder / ".ci" / "run")
    for name, text in (("tests/run", tests), ("tests/fuzz/run", fuzz),
                       ("tests/numbers/public_clone", clone),
                       ("tests/systemd/run", systemd)):
        path = folder / name
        os.makedirs(path.parent, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    done = subprocess.run([folder / ".ci" / "run"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    return done.stdout, done.returncode


@pytest.mark.parametrize("scripts, last", [
    ({}, "12 passed, 0 failed"),
    ({"tests": "echo 4 passed, 1 failed; exit 1"}, "13 passed, 1 failed"),
    ({"fuzz": "echo 1 passed, 1 failed; exit 1"}, "10 passed, 1 failed"),
    ({"systemd": "echo 1 passed, 2 failed; exit 1"}, "10 passed, 2 failed"),
    ({"tests": "echo it broke; exit 1"}, "9 passed, 1 failed"),
    ({"fuzz": "kill -9 $$"}, "9 passed, 1 failed"),
    ({"clone": "echo 2 passed, 1 failed; exit 1"}, "11 passed, 1 failed"),
    ({"systemd": "exit 1"}, "9 passed, 1 failed"),
    ({"tests": "echo 5 passed, 0 failed; echo and then more"}, "9 passed, 1 failed"),
    ({"tests": "echo 5 passed, 0 failed; exit 1"}, "14 passed, 1 failed"),
    ({"tests": "echo 0 passed, 0 failed"}, "9 passed, 1 failed"),
    ({"systemd": "echo 0 passed, 0 failed; exit 3"}, "9 passed, 1 failed"),
])
def test_a_failure_anywhere_is_in_the_count(tmp_path, scripts, last):
    said, code = run(tmp_path, **scripts)
    assert said.splitlines()[-1] == last
    assert code == (0 if last.endswith(" 0 failed") else 1)


def test_what_cannot_run_here_is_no_failure_and_is_said_in_words(tmp_path):
    said, code = run(tmp_path, systemd=SKIPS)
    assert said.splitlines()[-2:] == [
        "== NOT RUN, and so not counted: under systemd: there is no root", "9 passed, 0 failed"]
    assert code == 0


def test_what_cannot_run_here_does_not_make_a_failure_good(tmp_path):
    said, code = run(tmp_path, tests="echo 2 passed, 1 failed; exit 1", systemd=SKIPS)
    assert said.splitlines()[-1] == "8 passed, 1 failed" and code == 1


def test_what_was_disturbed_under_systemd_is_tried_once_more_and_that_is_said(tmp_path):
    once = "[ -e there ] || { touch there; echo 2 passed, 1 failed; exit 1; }; echo 3 passed, 0 failed"
    said, code = run(tmp_path, systemd=once)
    assert "== once more: tests/systemd/run" in said.splitlines()
    assert said.splitlines()[-1] == "12 passed, 0 failed" and code == 0
