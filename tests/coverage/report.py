#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What gcov counted in a build, as a table: report.py BUILD [--missing]

A branch of a line that only asserts is not counted: its other side ends the program.
"""

import collections
import glob
import json
import os
import subprocess
import sys

# Files that have to be reached nearly whole: how much of lines and of branches, in per cent.
WANTED_LINES, WANTED_BRANCHES = 95.0, 90.0
WANTED = ("daemon/source/", "daemon/event/cloudevent.c", "daemon/portal/address.c", "daemon/base/timestamp.c", "daemon/http/reader.c",
          "daemon/http/line.c", "daemon/http/fields.c", "daemon/http/framing.c",
          "daemon/http/chunks.c", "daemon/http/proxy.c")
ASSERTING = ("assert(", "__builtin_unreachable(")


class Counted:
    def __init__(self):
        self.lines = collections.Counter()
        self.branches = {}  # line to a list of counts

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        counts = [branch["count"] for branch in line["branches"] if not branch["throw"]]
        known = self.branches.setdefault(number, [])
        if len(known) == len(counts):
            self.branches[number] = [a + b for a, b in zip(known, counts)]
        else:  # another function on that line, or the first time
            known.extend(counts)


def read_counts(build):
    files = collections.defaultdict(Counted)
    notes = [os.path.relpath(path, build)
             for path in glob.glob(os.path.join(build, "daemon", "**", "*.gcno"), recursive=True)]
    done = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes],
                          cwd=build, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    for text in done.stdout.splitlines():
        for file in json.loads(text)["files"]:
            name = os.path.normpath(os.path.join(build, file["file"]))
            # What was deleted since may have its counts there still.
            if name.startswith("daemon/") and name.endswith((".c", ".cpp")) and \
                    os.path.exists(name):
                for line in file["lines"]:
                    files[name].add(line)
    return files


def drop_assertions(name, counted):
    with open(name, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if any(word in text for word in ASSERTING):
                counted.branches.pop(number, None)


def share(counts):
    counts = list(counts)
    return len(counts), 100.0 * sum(count > 0 for count in counts) / len(counts) if counts else 100.0


def show_missing(name, counted):
    with open(name, encoding="utf-8") as file:
        text = file.read().splitlines()
    for number in sorted(set(counted.lines) | set(counted.branches)):
        counts = counted.branches.get(number, [])
        if number in counted.lines and not counted.lines[number]:
            print(f"    {number:4} never    {text[number - 1].strip()}")
        elif any(count == 0 for count in counts):
            sides = "".join("-" if count == 0 else "+" for count in counts)
            print(f"    {number:4} {sides:8} {text[number - 1].strip()}")


def main(build, arguments):
    files = read_counts(build)
    passed = failed = 0
    print(f"{'file':42} {'lines':>6} {'':>6} {'branches':>9}")
    for name in sorted(files):
        counted = files[name]
        drop_assertions(name, counted)
        n_lines, lines = share(counted.lines.values())
        n_branches, branches = share(count for counts in counted.branches.values()
                                     for count in counts)
        wanted = name.startswith(WANTED)
        short = wanted and (lines < WANTED_LINES or branches < WANTED_BRANCHES)
        passed += wanted and not short
        failed += short
        print(f"{name:42} {n_lines:6} {lines:5.1f}% {n_branches:6} {branches:5.1f}%"
              f"{'  short' if short else ''}")
        if "--missing" in arguments and (wanted or "--all" in arguments):
            show_missing(name, counted)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
