# SPDX-License-Identifier: Apache-2.0
"""The count at the end of tests/run can be trusted."""

import os
import subprocess
import sys

TALLY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tally.py")
GOOD = '<testsuites><testsuite name="s"><testcase name="a"/></testsuite></testsuites>'


def tally(folder, xml, code="0"):
    if xml is not None:
        (folder / "s.xml").write_text(xml)
    (folder / "s.exit").write_text(code + "\n")
    done = subprocess.run([sys.executable, TALLY, str(folder), "s"], text=True,
                          stdout=subprocess.PIPE, check=False)
    return done.stdout.splitlines()[-1], done.returncode


def test_a_passing_suite_is_counted(tmp_path):
    assert tally(tmp_path, GOOD) == ("1 passed, 0 failed", 0)


def test_a_suite_without_a_report_is_a_failure(tmp_path):
    assert tally(tmp_path, None) == ("0 passed, 1 failed", 1)


def test_a_suite_that_ran_nothing_is_a_failure(tmp_path):
    assert tally(tmp_path, "<testsuites/>") == ("0 passed, 1 failed", 1)


def test_a_suite_that_ended_badly_after_its_last_test_is_a_failure(tmp_path):
    assert tally(tmp_path, GOOD, "1") == ("1 passed, 1 failed", 1)


def test_a_failed_case_and_an_error_are_counted(tmp_path):
    xml = ('<testsuites><testsuite name="s"><testcase name="a"/>'
           '<testcase name="b"><failure/></testcase><testcase name="c"><error/></testcase>'
           '</testsuite></testsuites>')
    assert tally(tmp_path, xml, "1") == ("1 passed, 2 failed", 1)


def test_a_program_that_crashed_after_its_last_line_of_tap_is_a_failure(tmp_path):
    xml = GOOD.replace("</testsuite>", "<system-err>(test program exited with status code -6)"
                       "</system-err></testsuite>", 1)
    assert tally(tmp_path, xml, "1") == ("1 passed, 1 failed", 1)


def test_a_character_that_xml_has_not_in_a_report_does_not_hide_the_rest(tmp_path):
    xml = GOOD.replace("<testcase", "<system-out>\x00\x1b[1m\uffff</system-out><testcase", 1)
    assert tally(tmp_path, xml) == ("1 passed, 0 failed", 0)
