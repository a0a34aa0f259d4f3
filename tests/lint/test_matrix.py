# SPDX-License-Identifier: Apache-2.0
"""The fault matrix names tests that exist, and every row of it has one."""

import os
import re

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
MATRIX = os.path.join(ROOT, "tests", "faults", "MATRIX.md")
N_ROWS = 35


def rows():
    with open(MATRIX, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[0].isdigit():
                yield int(cells[0]), re.findall(r"`([^`]+)`", cells[3])


def exists(test):
    path, name = test.split("::")
    with open(os.path.join(ROOT, "tests", path), encoding="utf-8") as file:
        text = file.read()
    opening = rf"^def {name}\(" if path.endswith(".py") else rf"^static void {name}\(void\)"
    return re.search(opening, text, re.MULTILINE) is not None


def test_each_test_of_the_fault_matrix_is_there():
    assert [test for _, tests in rows() for test in tests if not exists(test)] == []


def test_each_row_of_the_fault_matrix_has_a_test():
    assert sorted({row for row, tests in rows() if tests}) == list(range(1, N_ROWS + 1))
