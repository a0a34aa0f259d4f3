# SPDX-License-Identifier: Apache-2.0
"""What the checks of this folder look at: the files of the project, by kind."""

import os
import re
import subprocess

import pytest

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.join(ROOT, "build")

# Each part may use those before it and none after it (meson.build has the same order).
PARTS = ("base", "config", "event", "source", "http", "ledger", "stream", "store", "portal",
         "command")


def tracked(*patterns):
    """Files under version control or about to be, relative to ROOT, by glob of git."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE).stdout.split("\0")
    return sorted({name for name in names if name and os.path.isfile(os.path.join(ROOT, name))})


def c_files():
    return tracked("*.c", "*.cpp")


def headers():
    return tracked("*.h")


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def part_of(name):
    """The part a file belongs to; None outside include/ and daemon/."""
    folders = name.split("/")
    return folders[1] if folders[0] in ("include", "daemon") and len(folders) > 2 else None


def without_comments(text):
    """C without comments and the insides of literals; lines keep their numbers."""
    pattern = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)

    def blank(match):
        word = match.group(0)
        return word[0] + word[-1] if word[0] in "\"'" else "\n" * word.count("\n") or " "

    return pattern.sub(blank, text)


def includes(name):
    """(line, what) of every #include; what keeps its quotes or angle brackets."""
    found = re.compile(r'^\s*#\s*include\s+(["<][^">]+[">])')
    for number, line in enumerate(read(name).splitlines(), 1):
        match = found.match(line)
        if match:
            yield number, match.group(1)


def assert_none(complaints):
    """Fails with all complaints (None is none) in one message."""
    complaints = [complaint for complaint in complaints if complaint]
    if complaints:
        pytest.fail("\n".join(complaints), pytrace=False)


def calls(name):
    """(line, function) of everything that looks like a call or a declaration of a function."""
    for number, line in enumerate(without_comments(read(name)).splitlines(), 1):
        for word in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
            yield number, word
