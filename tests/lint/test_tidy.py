# SPDX-License-Identifier: Apache-2.0
"""clang-tidy finds nothing (.clang-tidy says what it looks for).

A file that was clean is not read again until it, a header it includes, .clang-tidy or its
compiler flags change: the user's cache remembers, for every checkout alike.
"""

import hashlib
import json
import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from sources import BUILD, ROOT, assert_none

MEMORY = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                      "dorad", "tidy")


def compile_commands():
    """{file: command line} of our C, each file once."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        entries = json.load(file)
    paths = {os.path.normpath(os.path.join(e["directory"], e["file"])): e["command"]
             for e in entries}
    return {path: command for path, command in paths.items()
            if path.endswith(".c") and os.path.relpath(path, ROOT).startswith("daemon/")}


def flags(command):
    """What of a compiler's flags says how to read the file; warnings and code are gcc's."""
    return [word for word in shlex.split(command) if word.startswith(("-I", "-D", "-std="))]


def file_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def with_headers(path, seen):
    """The paths of a file and of every header of ours that it includes."""
    if path in seen or not os.path.exists(path):
        return seen
    seen.add(path)
    for target in re.findall(rb'^\s*#\s*include\s+"([^"]+)"', file_bytes(path), re.M):
        for folder in (os.path.dirname(path), os.path.join(ROOT, "include")):
            with_headers(os.path.normpath(os.path.join(folder, target.decode())), seen)
    return seen


def fingerprint(path, command, common):
    digest = hashlib.sha256(common + " ".join(flags(command)).encode())
    for each in sorted(with_headers(path, set())):
        digest.update(os.path.relpath(each, ROOT).encode() + b"\0" + file_bytes(each) + b"\0")
    return digest.hexdigest()


def complaint(path, command, common):
    mark = os.path.join(MEMORY, fingerprint(path, command, common))
    if os.path.exists(mark):
        return None
    done = subprocess.run(["clang-tidy", "--quiet", path, "--", *flags(command)], cwd=BUILD,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        return done.stdout + done.stderr
    with open(mark, "w", encoding="utf-8"):
        return None


def test_clang_tidy_finds_nothing():
    os.makedirs(MEMORY, exist_ok=True)
    version = subprocess.run(["clang-tidy", "--version"], check=True, stdout=subprocess.PIPE)
    common = version.stdout + file_bytes(os.path.join(ROOT, ".clang-tidy"))
    commands = compile_commands()
    assert commands, "build/compile_commands.json names no file of ours"
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        assert_none(pool.map(lambda item: complaint(*item, common), commands.items()))
