# SPDX-License-Identifier: Apache-2.0
"""No number without its reasons."""

import pytest

from stream_events import add, event

CATALOG = {"teams": [{"name": "payments"}],
           "services": [{"name": "shop", "owners": "payments", "aliases": ["old-shop"]}]}


def deployment(day, **more):
    return event("deployment", f"e{day}", f"2025-03-{day:02}T10:00:00Z",
                 {"deployment_id": f"d{day}", "service": "shop", "environment": "production",
                  "status": "succeeded", "sha": f"{day:040x}", **more})


@pytest.fixture
def site(full_site):
    add(full_site, [
        event("change", "c1", "2025-03-01T08:00:00Z",
              {"change_id": f"{1:040x}", "services": ["shop"], "ordinal": 0,
               "committed_at": "2025-03-01T07:00:00Z", "landed_at": "2025-03-01T08:00:00Z"}),
        event("change", "c2", "2025-03-02T08:00:00Z",
              {"change_id": f"{2:040x}", "services": ["shop"], "ordinal": 0,
               "committed_at": "2025-03-02T06:00:00Z", "landed_at": "2025-03-02T08:00:00Z"}),
        deployment(1, url="https://forge.test/shop/d1"),
        deployment(2),
        deployment(3, environment="staging", environment_class="other"),
        deployment(4, status="started"),
        event("incident", "i1", "2025-03-02T11:00:00Z",
              {"incident_id": "inc-1", "state": "open", "services": ["shop"]}),
        event("incident", "i2", "2025-03-02T11:30:00Z",
              {"incident_id": "inc-1", "state": "resolved"}),
    ])
    full_site.catalog(CATALOG)
    full_site.run("rollup", "--once", "--as-of", "2025-05-01T00:00:00Z")
    return full_site


def facts(rows):
    return {row["fact_id"]: row for row in rows if row["fact_id"]}


def test_a_fail_rate_is_taken_apart(site):
    rows = site.table("explain", "shop", "2025-03", "fail_rate")
    assert {(row["value"], row["n"], row["numerator"], row["denominator"]) for row in rows} == \
        {(0.5, 2, 1, 2)}
    found = facts(rows)
    assert found["d2"]["counted"] and found["d2"]["rule"].startswith("failed")
    assert found["d1"]["counted"] and found["d1"]["url"] == "https://forge.test/shop/d1"


def test_what_was_left_out_says_why(site):
    found = facts(site.table("explain", "shop", "2025-03", "deployments"))
    assert (found["d3"]["counted"], found["d3"]["rule"]) == (False, "environment")
    assert (found["d4"]["counted"], found["d4"]["rule"]) == (False, "no_outcome")


def test_a_team_a_month_and_every_metric_at_once(site):
    rows = site.table("explain", "team:payments", "2025-03")
    assert {row["metric"] for row in rows} == {
        "deployments", "lead_time", "fail_rate", "restore", "recovery", "incidents_started",
        "incidents_open", "rework_deploy_rate", "unplanned_rate"}
    assert [(row["value"], row["n"], row["fact_id"]) for row in rows
            if row["metric"] == "restore" and row["fact_id"]] == [(1800, 1, "inc-1")]


def test_an_old_name_and_a_column_of_the_tables_lead_there_too(site):
    assert site.table("explain", "old-shop", "2025-03", "lead_time_p50_s") == \
        site.table("explain", "shop", "2025-03-01", "lead_time")


def test_people_read_values_with_their_counts(site):
    text = site.run("explain", "shop", "2025-03").stdout
    assert "fail_rate: 0.5 (1 of 2)" in text
    assert "lead_time: 4h 0m (n 1)" in text
    assert "restore: 30m 0s (n 1)" in text
    assert "unplanned_rate: no data (0 of 0)" in text
    assert "https://forge.test/shop/d1" in text


@pytest.mark.parametrize("arguments, code, words", [
    (["shop", "2025-13"], 2, "want a month, as 2026-06"),
    (["shop", "March"], 2, "want a month, as 2026-06"),
    (["shop"], 2, "want a service"),
    (["shop", "2025-03", "speed"], 1, "metric speed: want deployments"),
    (["shop", "2024-03"], 1, "no service shop in 2024-03"),
    (["nobody", "2025-03"], 1, "no service nobody in 2025-03"),
])
def test_a_wrong_question_is_answered_with_the_right_one(site, arguments, code, words):
    done = site.run("explain", *arguments, check=False)
    assert done.returncode == code and words in done.stderr


def test_a_count_is_written_whole(site):
    site.query("UPDATE dorad_data.monthly SET deployments = 12345"
               " WHERE scope = 'service' AND name = 'shop' AND month = '2025-03-01'")
    said = site.run("explain", "shop", "2025-03", "deployments").stdout
    assert said.startswith("deployments: 12345 "), said


def test_a_month_that_no_calendar_has_is_misuse(site):
    for month in ("0000-01", "2025-13", "2025-3", "2025-03-02"):
        done = site.run("explain", "shop", month, check=False)
        assert done.returncode == 2 and f"{month}: want a month, as 2026-06" in done.stderr
