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


def known_to(database, function):
    """The members that a function of the database names."""
    text = database.one("SELECT prosrc FROM pg_proc WHERE proname = %s", function)
    listed = " ".join(re.findall(r"key IN \((.*?)\)", text, re.S) + re.findall(r"key = ('\w+')", text))
    return sorted(set(re.findall(r"'(\w+)'", listed)))


def asked(database, question, key, value):
    """What it says; "raises" where a time has the form of one and is none."""
    try:
        return database.one(f"SELECT dorad_data.{question}(%s, %s)", key, json.dumps(value))
    except psycopg2.errors.DataError:
        database.connection.rollback()
        return "raises"


def test_both_know_the_same_members(migrated):
    assert known_to(migrated, "is_sound") == known_to(migrated, "fault_of_member") != []


@pytest.mark.parametrize("value", VALUES, ids=lambda value: json.dumps(value)[:30])
def test_what_passes_the_quick_look_has_no_fault(migrated, value):
    migrated.sql("SET search_path = dorad_data, pg_temp")   # as keep() has it
    try:
        for key in [*known_to(migrated, "fault_of_member"), "url", "title"]:
            if asked(migrated, "is_sound", key, value) is True:
                assert asked(migrated, "fault_of_member", key, value) is None, key
    finally:
        migrated.sql("RESET search_path")
