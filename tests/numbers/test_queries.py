# SPDX-License-Identifier: Apache-2.0
"""The ready queries of schemas/postgres/README.md, as a reader runs them, against known rows; and
what that page promises of the views."""

import math
import os
import re

import psycopg2
import pytest
import yaml

from harness import golden
from harness.dorad import ROOT
from oracle_deliveries import instant
from oracle_months import Months
from story import Database, as_applied

PAGE = os.path.join(ROOT, "schemas", "postgres", "README.md")
PROMISED = os.path.join(ROOT, "schemas", "postgres", "views.txt")

with open(PAGE, encoding="utf-8") as page:
    QUERIES = dict(re.findall(r"^### (\d+)\. .*?```sql\n(.*?);\n```", page.read(), re.M | re.S))


class World:
    """A known history in the database: its rows, and the queries asked of it as dorad_reader."""

    def __init__(self, database, postgres, history):
        with open(history.catalog, encoding="utf-8") as file:
            catalog = yaml.safe_load(file)
        events = [{**event, "kind": event["type"].split(".")[1]} for event in history.events]
        database.clear().tell(events, catalog, history.as_of)
        self.months = Months(events, as_applied(catalog), history.as_of)
        self.rows = golden.expected_rows(history)
        names = {scope: sorted({name for s, name, _ in self.rows if s == scope})
                 for scope in ("service", "team")}
        # Those of which there is most to say.
        self.service = max(names["service"], key=lambda n: len(self.of("service", n)))
        self.team = max(names["team"], key=lambda n: len(self.of("team", n)))
        self.last = max(self.of("service", self.service))
        self.connection = psycopg2.connect(postgres.dsn(database.name))
        self.connection.autocommit = True
        self.reader = Database.__new__(Database)
        self.reader.connection = self.connection
        self.reader.sql("SET SESSION AUTHORIZATION dorad_reader")

    def of(self, scope, name):
        return {month: row for (s, n, month), row in self.rows.items() if (s, n) == (scope, name)}

    def ask(self, number):
        text = QUERIES[str(number)].replace("'checkout'", f"'{self.service}'") \
            .replace("'payments'", f"'{self.team}'").replace("2025-06-01", self.last + "-01")
        return self.reader.sql(text)

    def year(self, rows):
        """Of rows by month those of the twelve months up to the last."""
        number = (lambda month: int(month[:4]) * 12 + int(month[5:]))
        return {m: row for m, row in rows.items()
                if number(self.last) - 12 < number(m) <= number(self.last)}


@pytest.fixture(scope="module", params=golden.histories(), ids=lambda history: history.name)
def world(request, migrated, postgres):
    it = World(migrated, postgres, request.param)
    yield it
    it.connection.close()


def month_of(row):
    return row["month"].strftime("%Y-%m")


def close(got, want):
    return want is None if got is None else want is not None and \
        math.isclose(float(got), want, rel_tol=1e-6, abs_tol=1e-6)


def test_there_are_ten_queries():
    assert list(QUERIES) == [str(n) for n in range(1, 11)]


def test_a_service_over_twelve_months(world):
    want = world.year(world.of("service", world.service))
    got = {month_of(row): row for row in world.ask(1)}
    assert got.keys() == want.keys()
    for month, row in got.items():
        for column in ("deployments", "lead_time_n", "failed_deployments", "fail_rate_n",
                       "restore_n", "items_done"):
            assert row[column] == want[month][column]
        assert close(row["fail_rate"], want[month]["fail_rate"])
        hours = want[month]["lead_time_p50_s"]
        assert row["lead_time_h"] is None if hours is None else \
            abs(float(row["lead_time_h"]) - hours / 3600) <= 0.051


def test_a_team_month_against_month(world):
    want = {m: row for m, row in world.of("team", world.team).items() if row["complete"]}
    got = world.ask(2)
    assert [month_of(row) for row in got] == sorted(want)
    for before, row in zip([None, *got], got):
        assert row["deployments"] == want[month_of(row)]["deployments"]
        if before and row["deployments"] is not None and before["deployments"] is not None:
            assert row["more_deployments"] == row["deployments"] - before["deployments"]


def test_every_ratio_with_what_it_is_of(world):
    rows = world.of("service", world.service)
    got = {(row["metric"], month_of(row)): row for row in world.ask(3)}
    want = {("fail_rate", m): row for m, row in rows.items() if row["fail_rate_n"]}
    assert {key for key in got if key[0] == "fail_rate"} == set(want)
    for key, row in want.items():
        assert got[key]["said"] == f"{row['failed_deployments']} of {row['fail_rate_n']}"
        assert close(got[key]["value"], row["fail_rate"])


def test_quarters_are_pooled(world):
    quarters = {}
    for month, row in world.of("team", world.team).items():
        if row["complete"]:
            sums = quarters.setdefault((int(month[:4]), (int(month[5:]) + 2) // 3), [0, 0, 0, 0])
            for place, n in enumerate((row["failed_deployments"], row["fail_rate_n"],
                                       row["items_failure_demand"] + row["items_adhoc_value"],
                                       row["items_done"])):
                sums[place] += n
    got = {(row["year"], row["quarter"]): row for row in world.ask(4)}
    assert got.keys() == quarters.keys()
    for quarter, (failed, n, unplanned, done) in quarters.items():
        assert (got[quarter]["failed"], got[quarter]["of_deployments"]) == (failed, n)
        assert close(got[quarter]["fail_rate"], failed / n if n else None)
        assert close(got[quarter]["unplanned_rate"], unplanned / done if done else None)


def test_lead_time_of_a_year_is_the_percentile_of_its_changes(world):
    rows = world.year(world.of("service", world.service))
    leads = sorted(max(0.0, lead) for d in world.months.facts.deployments.values()
                   if d["service"] == world.service
                   and world.months.local(d["at"]).strftime("%Y-%m") in rows
                   for lead in d["leads"].values())
    [got] = world.ask(5)
    assert got["n"] == len(leads) == sum(row["lead_time_n"] for row in rows.values())
    if leads:
        half = (len(leads) - 1) / 2
        assert close(got["p50_s"], (leads[math.floor(half)] + leads[math.ceil(half)]) / 2)


def test_who_needs_a_conversation(world):
    months = [m for (scope, _, m), row in world.rows.items() if scope == "team" and row["complete"]]
    want = {name: sorted(metric for metric in golden.TRENDS
                         if row[f"{metric}.direction"] == "worsening")
            for (scope, name, month), row in world.rows.items()
            if scope == "team" and months and month == max(months)
            and row["assurance"] in ("sliding", "watch")}
    assert {row["team"]: row["worsening"] or [] for row in world.ask(6)} == want


def test_the_facts_behind_a_fail_rate(world):
    got = world.ask(7)
    row = world.of("service", world.service)[world.last]
    assert sum(fact["counted"] for fact in got) == row["fail_rate_n"]


def test_the_longest_incidents_of_a_team(world):
    rows = world.year(world.of("team", world.team))
    got = world.ask(8)
    assert len(got) == min(50, sum(row["incidents_restored"] for row in rows.values()))
    times = [row["time_to_restore_s"] for row in got if row["time_to_restore_s"] is not None]
    assert times == sorted(times, reverse=True)
    for row in got:
        assert close(row["time_to_restore_s"],
                     world.months.facts.incidents[row["incident_id"]]["restore_s"])


def test_what_was_not_counted(world):
    got = world.ask(9)
    assert all(row["n"] > 0 for row in got)
    attempts = {month_of(row): row["n"] for row in got if row["reason"] == "lead_times_negative"}
    assert attempts == {month: row["lead_time_clamped"] for month, row in world.year(
        world.of("service", world.service)).items() if row["lead_time_clamped"]}


def test_a_month_that_changed_after_it_was_over(world, migrated):
    assert world.ask(10) == []          # told as one, nothing was ever otherwise
    month, row = next((m, r) for m, r in sorted(world.of("service", world.service).items())
                      if r["complete"])
    begin = world.months.begin(int(month[:4]) * 12 + int(month[5:]) - 1)
    late = {"kind": "work_item", "source": "/dorad/late", "id": "late", "revision": 0,
            "time": world.months.local(begin + 10**6).isoformat(timespec="microseconds"),
            "data": {"item_id": "late", "status": "done", "services": [world.service]}}
    assert instant(late["time"]) == begin + 10**6
    migrated.keep([late])
    migrated.work()
    [changed] = world.ask(10)
    assert (month_of(changed), changed["was"]["items_done"], changed["became"]["items_done"],
            changed["because"]) == (month, row["items_done"], row["items_done"] + 1,
                                    [["work_item", "late"]])


# -- the promise -----------------------------------------------------------------------------------

def columns_of(database):
    return [f"{row['view']}.{row['column']} {row['type']}" for row in database.sql("""
        SELECT c.relname AS view, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relkind = 'v' AND c.relnamespace = 'dorad'::regnamespace
          AND NOT starts_with(c.relname, 'portal_')
        ORDER BY c.relname, a.attname""")]


def test_no_promised_column_is_gone_or_of_another_type(database):
    with open(PROMISED, encoding="utf-8") as file:
        version, *promised = file.read().splitlines()
    assert version == f"version {database.one('SELECT views_version FROM dorad.status')}"
    there = columns_of(database)
    assert sorted(set(promised) - set(there)) == [], "promised, and not there: raise the version"
    assert sorted(set(there) - set(promised)) == [], f"new, and not promised: add to {PROMISED}"


def test_every_view_is_on_the_page(database):
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    views = {column.split(".")[0] for column in columns_of(database)}
    assert [view for view in sorted(views) if f"`{view}`" not in text] == []
