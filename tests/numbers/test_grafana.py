# SPDX-License-Identifier: Apache-2.0
"""Every panel of the Grafana boards, asked as Grafana asks: macros and variables put in their places."""

import glob
import json
import os
import re
import subprocess

import pytest

from history import service

GRAFANA = os.path.normpath(os.path.join(os.path.dirname(__file__), "..", "..", "contrib", "grafana"))
# The board of operations asks Prometheus (tests/system/test_metrics.py); these ask Postgres.
BOARDS = sorted(path for path in glob.glob(os.path.join(GRAFANA, "boards", "*.json"))
                if os.path.basename(path) != "operations.json")


def panels(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)["panels"]


def as_grafana_asks(sql, variables):
    for name, value in variables.items():
        quoted = "'" + value.replace("'", "''") + "'"
        sql = sql.replace(f"${{{name}:sqlstring}}", quoted)
    sql = sql.replace("$__timeFrom()", "'2025-06-01T00:00:00Z'")
    sql = sql.replace("$__timeTo()", "'2026-06-30T00:00:00Z'")
    assert "$" not in sql, sql
    return sql


def panel(board, title):
    path = os.path.join(GRAFANA, "boards", board)
    return next(one for one in panels(path) if one["title"] == title)["targets"][0]["rawSql"]


@pytest.fixture
def year(told):
    """A service that gets slower from month to month, and one that does not."""
    told.catalog(services=[service("it's slow", "blue"), service("steady", "red")])
    for month in range(1, 7):
        for name in ("it's slow", "steady"):
            told.change(f"{name}-0", name, "2025-12-01T00:00:00Z", "2025-12-01T00:10:00Z")
            told.deployment(f"{name}-0", name, "2025-12-02T00:00:00Z", sha=f"{name}-0")
            for n in range(3):
                sha = f"{name}-{month}-{n}"
                day = f"2026-{month:02}-{5 + 5 * n:02}"
                hours = month * 2 if name == "it's slow" else 1
                told.change(sha, name, f"{day}T01:00:00Z", f"{day}T01:10:00Z")
                told.deployment(sha, name, f"{day}T{1 + hours:02}:00:00Z", sha=sha)
    told.until("2026-07-02T00:00:00Z")
    return told


def test_the_boards_are_what_their_maker_writes():
    subprocess.run([os.path.join(GRAFANA, "make"), "--check"], check=True)


def test_a_variable_picks_exactly_one():
    for path in BOARDS:
        with open(path, encoding="utf-8") as file:
            for variable in json.load(file)["templating"]["list"]:
                assert not variable.get("multi") and not variable.get("includeAll")


@pytest.mark.parametrize("path", BOARDS, ids=os.path.basename)
def test_every_panel_can_be_asked(year, path):
    for one in panels(path):
        for target in one["targets"]:
            assert target["rawQuery"] and target["editorMode"] == "code"
            sql = as_grafana_asks(target["rawSql"], {"service": "it's slow", "team": "blue"})
            assert year.sql(sql), one["title"]


def test_a_panel_shows_the_values_of_the_monthly_rows(year):
    for board, scope, name in (("service.json", "service", "it's slow"), ("team.json", "team", "blue")):
        asked = as_grafana_asks(panel(board, "Deployment lead time"), {scope: name})
        shown = [(f"{at:%Y-%m}", p50) for at, p50, _ in year.sql(asked)]
        want = [(month, year.row(scope, name, month)["lead_time_p50_s"])
                for month in ["2025-12"] + [f"2026-{month:02}" for month in range(1, 7)]]
        assert shown == want
        assert [p50 for _, p50 in shown[1:]] == [7200.0 * month for month in range(1, 7)]


def test_the_assurance_board_names_who_slides_and_shows_no_value(year):
    for title, name in (("Teams whose trends go the wrong way", "blue"),
                        ("Services whose trends go the wrong way", "it's slow")):
        rows = year.sql(as_grafana_asks(panel("assurance.json", title), {}))
        assert [row[0] for row in rows] == [name]
        assert not any(isinstance(value, (int, float)) or re.search(r"\d", str(value))
                       for row in rows for value in row)


def test_the_variables_list_every_service_and_team(year):
    for board, want in (("service.json", ["it's slow", "steady"]), ("team.json", ["blue", "red"])):
        with open(os.path.join(GRAFANA, "boards", board), encoding="utf-8") as file:
            query = json.load(file)["templating"]["list"][1]["query"]
        assert [name for name, in year.sql(query)] == want
