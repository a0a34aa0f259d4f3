# SPDX-License-Identifier: Apache-2.0
"""Counts what the suites reported.

    tally.py LOGS NAME...          says what failed, and ends with `N passed, N failed`
    tally.py --one LOGS NAME       one line about one suite

Each NAME has LOGS/NAME.xml (JUnit), LOGS/NAME.log and LOGS/NAME.exit, the exit code. One that has
no readable report, or no test in it, or that ended badly though no test of it failed (a crash
after the last report) counts as a failed test: a suite that cannot start is no pass.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree

LOG_LINES = 40
# What a test printed stands in its report as it was, with characters that XML does not allow.
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Tally:
    def __init__(self, logs, name):
        self.name = name
        self.log = os.path.join(logs, f"{name}.log")
        self.passed, self.skipped, self.failures, self.seconds = 0, [], [], 0.0
        self.broken = None
        try:
            with open(os.path.join(logs, f"{name}.xml"), encoding="utf-8",
                      errors="replace") as file:
                root = ElementTree.fromstring(NO_XML.sub("?", file.read()))
        except (OSError, ElementTree.ParseError):
            self.broken = "gave no report"
            return
        for case in root.iter("testcase"):
            self.add(case)
        for suite in root.iter("testsuite"):
            self.seconds += float(suite.get("time") or 0)
            self.add_crash(suite)
        if self.passed + len(self.failures) + len(self.skipped) == 0:
            self.broken = "ran no test"
        elif not self.failures and self.exit_code(logs) != "0":
            self.broken = f"ended with {self.exit_code(logs)}"

    def exit_code(self, logs):
        try:
            with open(os.path.join(logs, f"{self.name}.exit"), encoding="utf-8") as code:
                return code.read().strip()
        except OSError:
            return "no exit code"

    def add_crash(self, suite):
        """A TAP program that ends badly after its last line has no failed case: name it here."""
        if suite.find("testcase/failure") is not None or suite.find("testcase/error") is not None:
            return
        words = suite.findtext("system-err") or ""
        if "(test program exited with status code" in words:
            self.failures.append((suite.get("name"), words))

    def add(self, case):
        name = f"{case.get('classname') or ''} {case.get('name')}".strip()
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        if bad is not None:
            self.failures.append((name, (bad.text or bad.get("message") or "").strip()))
        elif case.find("skipped") is not None:
            self.skipped.append((name, case.find("skipped").get("message") or ""))
        else:
            self.passed += 1

    @property
    def failed(self):
        return len(self.failures) + (1 if self.broken else 0)

    def line(self):
        words = self.broken or f"{self.passed} ok, {self.failed} not"
        if self.skipped:
            words += f", {len(self.skipped)} skipped"
        return f"   {self.name:44} {words:24} {self.seconds:6.1f} s"

    def explain(self):
        print(f"\n-- {self.name}: {self.broken or 'not ok'}; {self.log} has all of it")
        for name, text in self.failures:
            print(f"not ok: {name}")
            for line in text.splitlines()[-LOG_LINES:]:
                print(f"    {line}")
        if self.broken:
            try:
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    print("".join(f"    {line}" for line in log.readlines()[-LOG_LINES:]))
            except OSError:
                print("    (nothing was written)")


def main(arguments):
    if arguments[0] == "--one":
        print(Tally(arguments[1], arguments[2]).line(), flush=True)
        return 0
    tallies = [Tally(arguments[0], name) for name in arguments[1:]]
    for tally in tallies:
        if tally.failed:
            tally.explain()
        for name, reason in tally.skipped:
            print(f"skipped: {name}: {reason}")
    passed = sum(tally.passed for tally in tallies)
    failed = sum(tally.failed for tally in tallies)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
