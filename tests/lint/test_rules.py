# SPDX-License-Identifier: Apache-2.0
"""Each rule that a comment names has its line in the page of the rules, and a file that does it."""

import os
import re

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SQL = os.path.join(ROOT, "schemas", "postgres")
CITING = ("daemon", "include", "schemas", "tests")
NAMED = re.compile(r"\bR(\d+)(?: to R?(\d+))?\b")


def named(text):
    """Numbers of rules: "R3", and all of "R8 to R11"."""
    for first, last in NAMED.findall(text):
        yield from range(int(first), int(last or first) + 1)


def pages():
    """Number of a rule and the beginning of the name of the migration that does it."""
    with open(os.path.join(SQL, "RULES.md"), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if re.fullmatch(r"R\d+", cells[0]):
                yield int(cells[0][1:]), cells[-1]


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def cited():
    for folder in CITING:
        for path, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in names:
                if not name.endswith((".c", ".h", ".sql", ".py", ".cc")):
                    continue
                for sentence in re.findall(r"METRICS\.md[^.;)]*", read(os.path.join(path, name))):
                    yield from named(sentence)


def test_the_page_of_the_rules_has_each_once_and_in_order():
    assert [rule for rule, _ in pages()] == list(range(1, 28))


def test_each_rule_that_is_cited_is_on_the_page():
    numbers = set(cited())
    assert len(numbers) > 20
    assert numbers - {rule for rule, _ in pages()} == set()


def test_the_file_that_a_rule_is_done_in_says_so():
    files = {name[:4]: name for name in os.listdir(SQL) if name.endswith(".sql")}
    assert [
        rule
        for rule, where in pages()
        if rule not in set(named(read(os.path.join(SQL, files[where]))))
    ] == []
