#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Inputs for the targets source_NAME, made of tests/fixtures; or for another target its corpus,
YAML as JSON (which is YAML too).

    seeds.py SOURCE|TARGET FOLDER                   writes them there
    seeds.py SOURCE|TARGET [ARGUMENT...] PROGRAM    runs the program on a folder of them
"""

import glob
import json
import os
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(os.path.dirname(HERE), "fixtures")
YAML = ("backstage", "catalog", "config")
OPTION = b"X-Fuzz-Option-"


def read(*path):
    try:
        with open(os.path.join(*path), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""


def options(case):
    """The lines of a case's options (--keep-titles, --rollout and its word) as headers."""
    words = read(case, "options").split()
    for at, word in enumerate(words):
        if word.startswith(b"--"):
            value = words[at + 1:at + 2]
            yield OPTION + word[2:] + b": " + (
                value[0] if value and not value[0].startswith(b"--") else b"yes")


def write_seeds(source, folder):
    for path in glob.glob(os.path.join(FIXTURES, source, "*", "*")):
        case, name = os.path.split(path)
        if name != "body" and not name.startswith("again."):
            continue
        headers = [line for line in read(case, "headers").splitlines() if line]
        with open(os.path.join(folder, f"{os.path.basename(case)}-{name}"), "wb") as file:
            file.write(b"".join(line + b"\n" for line in [*headers, *options(case), b""]) +
                       read(path))


def write_corpus(target, folder):
    """An empty line stands where the headers of a delivery would."""
    for path in glob.glob(os.path.join(HERE, "corpus", target, "*")):
        text = read(path)
        if target in YAML:
            try:
                document = json.dumps(yaml.safe_load(text), default=str)
            except (yaml.YAMLError, ValueError, TypeError):
                continue
            text = b"\n\n" + document.encode("ascii")
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(text)


def write(name, folder):
    if os.path.isdir(os.path.join(FIXTURES, name)):
        write_seeds(name, folder)
    else:
        write_corpus(name, folder)


if __name__ == "__main__":
    if os.path.isdir(sys.argv[-1]):
        write(sys.argv[1], sys.argv[-1])
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="dorad-seeds-") as seeds:
        write(sys.argv[1], seeds)
        sys.exit(subprocess.run([sys.argv[-1], *sys.argv[2:-1], seeds], check=False).returncode)
