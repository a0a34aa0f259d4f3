#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Inputs for the target `normalise`, made of tests/fixtures.

    seeds.py FOLDER                      writes them there
    seeds.py [ARGUMENT...] PROGRAM       runs the program on a folder of them
"""

import glob
import os
import subprocess
import sys
import tempfile

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fixtures")


def write_seeds(folder):
    for body in glob.glob(os.path.join(FIXTURES, "*", "*", "body")):
        case = os.path.dirname(body)
        source = os.path.basename(os.path.dirname(case))
        headers = b""
        if os.path.exists(os.path.join(case, "headers")):
            with open(os.path.join(case, "headers"), "rb") as file:
                headers = file.read().strip() + b"\n"
        with open(body, "rb") as file:
            text = file.read()
        with open(os.path.join(folder, f"{source}-{os.path.basename(case)}"), "wb") as file:
            file.write(source.encode() + b"\n" + headers.lstrip(b"\n") + b"\n" + text)


if __name__ == "__main__":
    if os.path.isdir(sys.argv[-1]):
        write_seeds(sys.argv[-1])
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="dorad-seeds-") as seeds:
        write_seeds(seeds)
        sys.exit(subprocess.run([sys.argv[-1], *sys.argv[1:-1], seeds], check=False).returncode)
