# SPDX-License-Identifier: Apache-2.0
"""A number can be taken apart: the facts that the views name behind each monthly value are as many
as it says they are, and give that value again; and the star for BI pools to the same rows."""

import pytest

from random_history import Chaos
from story import Story

METRICS = ("deployments", "lead_time", "fail_rate", "restore", "recovery", "incidents_started",
           "incidents_open", "rework_deploy_rate", "unplanned_rate")
# An incident or item of several services is one fact of their team.
APART = """
    SELECT scope, name, month, min(n) AS n, min(value) AS value, min(numerator) AS numerator,
           count(*) FILTER (WHERE counted) AS counted,
           count(*) FILTER (WHERE counted AND said) AS said,
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)
                      FILTER (WHERE counted))::numeric, 6)::float8 AS p50
    FROM (
        SELECT scope, name, month, n, value, numerator, bool_or(counted) AS counted,
               bool_or(rule LIKE 'failed%%' OR rule LIKE 'rework%%'
                       OR kind IN ('failure_demand', 'adhoc_value')) AS said,
               min((evidence ->> 'seconds')::float8) AS seconds
        FROM dorad.reason_{metric}
        WHERE fact_id IS NOT NULL
        GROUP BY scope, name, month, n, value, numerator, fact_kind, fact_id,
                 CASE WHEN fact_kind IN ('deployment', 'change') THEN service END
    ) AS f GROUP BY scope, name, month"""
# Of each fact table what the monthly views have of it.
STAR = {
    "deployments": "SELECT {key}, count(*) FROM dorad.fact_deployment WHERE kind = 'change' AND {key}"
                   " IS NOT NULL GROUP BY 1, 2",
    "lead_time_n": "SELECT {key}, count(*) FROM dorad.fact_change WHERE lead_time_s IS NOT NULL AND"
                   " {key} IS NOT NULL GROUP BY 1, 2",
    "failed_deployments": "SELECT {key}, count(*) FROM dorad.fact_deployment WHERE failed AND {key}"
                          " IS NOT NULL GROUP BY 1, 2",
    "incidents_started": "SELECT {key}, count(DISTINCT incident_id) FROM dorad.fact_incident WHERE"
                         " {key} IS NOT NULL GROUP BY 1, 2",
}


@pytest.fixture
def story():
    return Story()


def taken_apart(database):
    """What of the monthly values the facts behind them do not give."""
    wrong = []
    for metric in METRICS:
        rows = {(r["scope"], r["name"], r["month"]): r for r in database.sql(
            APART.format(metric=metric).replace("%%", "%"))}
        for value in database.sql("SELECT * FROM dorad.explained WHERE metric = %s", metric):
            key = value["scope"], value["name"], value["month"]
            row = rows.pop(key, None) or {"counted": 0, "said": 0, "p50": None}
            want = [value["n"] or 0]
            got = [row["counted"]]
            if metric in ("lead_time", "restore", "recovery"):
                want.append(value["value"])
                got.append(row["p50"])
            if metric in ("fail_rate", "rework_deploy_rate", "unplanned_rate"):
                want.append(value["numerator"] or 0)
                got.append(row["said"])
            if got != want:
                wrong.append((metric, *map(str, key), "has", want, "its facts give", got))
        wrong += [(metric, *map(str, key), "is no month") for key in rows]
    return wrong


def pooled(database):
    """What the fact views pool to, where it is not what the monthly views have."""
    wrong = []
    for scope in ("service", "team"):
        for column, query in STAR.items():
            month = "started_month" if column == "incidents_started" else "month"
            got = {tuple(r.values())[:2]: r["count"] for r in database.sql(
                query.format(key=scope).replace("SELECT", f"SELECT {month},", 1))}
            for row in database.sql(f"SELECT month, {scope}, {column} AS n FROM dorad.monthly_{scope}"):
                if (row["n"] or 0) != got.get((row["month"], row[scope]), 0):
                    wrong.append((column, str(row), got.get((row["month"], row[scope]))))
    return wrong


@pytest.mark.parametrize("seed", range(2))
def test_the_facts_behind_a_value_give_it_again(database, seed):
    chaos = Chaos(f"reasons {seed}", 1, 150)
    database.tell(chaos.events, chaos.catalog, chaos.as_of)
    assert taken_apart(database) == []
    assert pooled(database) == []


def test_what_is_open_when_the_clock_stands_at_a_months_first_instant_has_reasons(database, story):
    """The month that just began, in which the bank is another team's, has no part of it yet."""
    story.incident("i", "2025-01-10", "open", ["bank"])
    database.tell(story, {"services": [{"name": "bank", "owners": [
        {"team": "red"}, {"team": "blue", "from": "2025-02-01T00:00:00Z"}]}]}, "2025-02-01T00:00:00Z")
    open_end = {(r["team"], str(r["month"])): r["incidents_open_end"] for r in database.sql(
        "SELECT * FROM dorad.monthly_team")}
    assert open_end == {("red", "2025-01-01"): 1, ("red", "2025-02-01"): 1}
    assert taken_apart(database) == []


def test_what_an_excluded_deployment_delivered_is_no_fact(database, story):
    """As it is no sample of the months; the deployment that delivers it next is not it."""
    for day in (1, 2, 3):
        story.change(f"c{day}", f"2025-01-0{day}", "shop")
        story.deploy(f"d{day}", f"2025-01-0{day} 12:00", "shop", changes=[f"c{day}"])
    story.correct("2025-01-20", "deployment", "d2", "excluded", True)
    database.tell(story)
    assert database.month("shop", "2025-01")["lead_time_n"] == 2
    assert [r["change_id"] for r in database.sql(
        "SELECT change_id FROM dorad.fact_change ORDER BY 1")] == ["c1", "c3"]
    assert taken_apart(database) == [] == pooled(database)
