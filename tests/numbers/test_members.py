# SPDX-License-Identifier: Apache-2.0
"""Members of events are looked at twice: quickly, each of them, and closely, those that the quick
look does not pass. What the close look would refuse must not pass the quick one."""

import json
import re

import psycopg2
import pytest

VALUES = [None, True, 0, 7, -1, 1.5, 10 ** 9, 10 ** 12, "", "x", "started", "done", "production",
          "sealed", "7", "-7", "x" * 500, "x" * 501, "\u00e9" * 250, "\u00e9" * 251, "\n" * 300,
          "2026-06-01T21:59:22.000000Z", "2026-06-01", "2026-02-30T00:00:00Z", "now", "[", "{",
          [], ["x"], ["x", "y"], ["x" * 500], ["x" * 501], ["["], [[]], [{}], ["x", ["y"]], [1],
          [None], {}, {"opened_at": "2026-06-01T21:59:22Z"}, {"opened_at": "soon"},
          {"first_commit_at": []}, {"x": "y"}]


def source_of(database, function):
    return database.one("SELECT prosrc FROM pg_proc WHERE proname = %s", function)


def known_closely(database):
    """The members that the close look names."""
    text = source_of(database, "fault_of_member")
    listed = " ".join(re.findall(r"key IN \((.*?)\)", text, re.S) + re.findall(r"key = ('\w+')", text))
    return sorted(set(re.findall(r"'(\w+)'", listed)))


def known_quickly(database):
    """Those that the quick look names: what it looks at, and what it leaves to the close one."""
    text = source_of(database, "looks_sound")
    left, = re.findall(r"\?\| '\{(.*?)\}'", text, re.S)
    return sorted({*re.findall(r"data ->>? '(\w+)'", text), *re.findall(r"\w+", left)})


def asked(database, question, *values):
    """What it says; "raises" where a time has the form of one and is none."""
    try:
        places = ", ".join(["%s"] * len(values))
        return database.one(f"SELECT dorad_data.{question}({places})", *values)
    except psycopg2.errors.DataError:
        database.connection.rollback()
        return "raises"


def test_both_know_the_same_members(migrated):
    assert known_quickly(migrated) == known_closely(migrated) != []


@pytest.mark.parametrize("value", VALUES, ids=lambda value: json.dumps(value)[:30])
def test_what_passes_the_quick_look_has_no_fault(migrated, value):
    migrated.sql("SET search_path = dorad_data, pg_temp")   # as keep() has it
    try:
        passed = 0
        for key in [*known_closely(migrated), "url", "title"]:
            if asked(migrated, "looks_sound", json.dumps({key: value})) is True:
                passed += 1
                assert asked(migrated, "fault_of_member", key, json.dumps(value)) is None, key
        assert passed >= 2      # what neither of them names, at least
    finally:
        migrated.sql("RESET search_path")
