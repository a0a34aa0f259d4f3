# SPDX-License-Identifier: Apache-2.0
"""Shell scripts hold nothing that shellcheck warns of, and Python nothing that pyflakes does."""

import re
import subprocess

from sources import ROOT, assert_none, read, tracked

# Words in single quotes that only look like variables (jq has its own), and like sums.
FINE = "SC2016,SC2100"


def begin_with(pattern):
    for name in tracked("*"):
        try:
            first = read(name).split("\n", 1)[0]
        except UnicodeDecodeError:
            continue
        if re.match(pattern, first):
            yield name


def test_shellcheck_warns_of_nothing():
    names = list(begin_with(r"#!.*\b(ba|da)?sh\b|# shellcheck shell="))
    assert len(names) > 15
    done = subprocess.run(["shellcheck", "--external-sources", f"--source-path={ROOT}",
                           "--severity=warning", f"--exclude={FINE}", "--format=gcc", *names],
                          cwd=ROOT, text=True, stdout=subprocess.PIPE, check=False)
    assert_none(done.stdout.splitlines())
    assert done.returncode == 0


def test_pyflakes_warns_of_nothing():
    names = {*tracked("*.py"), *begin_with(r"#!.*\bpython3\b")}
    assert len(names) > 150
    done = subprocess.run(["pyflakes3", *sorted(names)], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, check=False)
    assert_none(done.stdout.splitlines())
    assert done.returncode == 0
