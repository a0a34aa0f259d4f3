# SPDX-License-Identifier: Apache-2.0
"""Which months there are, where they begin and end, and what stands in them."""

import pytest

from story import Story

LIVE = {"services": [{"name": "shop", "owners": "red", "phases": "live"},
                     {"name": "till", "owners": "red", "phases": "live"},
                     {"name": "bank", "owners": "blue", "phases": "live"}]}


@pytest.fixture
def story():
    return Story()


def first_release(story, service="shop", at="2025-01-01 10:00"):
    """A deployment that is the baseline, so that later ones have lead times."""
    story.change("c0", "2025-01-01 09:00", service, committed="2025-01-01 08:00")
    story.deploy("d0", at, service, sha="c0")


def values(row, *names):
    return tuple(row[name] for name in names)


def test_the_quantiles_are_interpolated_as_postgres_does(database, story):
    first_release(story)
    for hours in (1, 2, 3, 10):
        story.change(f"c{hours}", f"2025-01-03 0{hours % 10}:30", "shop",
                     committed=f"2025-01-03 {12 - hours:02}:00")
    story.deploy("d1", "2025-01-03 12:00", "shop", changes=["c1", "c2", "c3", "c10"])
    row = database.tell(story).month("shop", "2025-01")
    # Sorted: 1, 2, 3, 10 hours. r = 0.85 * 3 = 2.55: 3 + 0.55 * 7; r = 2.85: 3 + 0.85 * 7.
    assert row["lead_time_p50_s"] == 2.5 * 3600
    assert row["lead_time_p85_s"] == pytest.approx(6.85 * 3600, rel=1e-9)
    assert row["lead_time_p95_s"] == pytest.approx(8.95 * 3600, rel=1e-9)


def test_a_first_deployment_that_lists_its_changes_is_sampled(database, story):
    story.change("c1", "2025-01-01 09:00", "shop", committed="2025-01-01 08:00")
    story.deploy("d1", "2025-01-01 10:00", "shop", sha="c1", changes=["c1", "nobody-knows"])
    row = database.tell(story).month("shop", "2025-01")
    assert values(row, "lead_time_n", "lead_time_p50_s") == (1, 7200)
    assert database.quality()["unknown_changes"] == 1


def test_a_hotfix_is_a_change_and_counts_as_rework(database, story):
    first_release(story)
    story.deploy("d1", "2025-01-02 10:00", "shop", sha="c1", hotfix=True)
    row = database.tell(story).month("shop", "2025-01")
    assert values(row, "deployments", "hotfixes", "rework_deploy_rate", "rework_deploy_rate_n") \
        == (2, 1, 0.5, 2)


def test_an_incident_over_several_months_is_restored_once_and_open_meanwhile(database, story):
    first_release(story)
    story.outage("i1", "2025-01-30 00:00", "2025-03-02 00:00", "shop")
    database.tell(story)
    assert [values(database.month("shop", f"2025-0{m}"), "incidents_started",
                   "incidents_open_end", "incidents_restored", "restore_p50_s")
            for m in (1, 2, 3)] == [(1, 1, 0, None), (0, 1, 0, None), (0, 0, 1, 31 * 86400)]


def test_an_open_incident_is_open_at_the_end_of_every_month(database, story):
    first_release(story)
    story.incident("i1", "2025-01-30 00:00", "open", ["shop"])
    database.tell(story, as_of="2025-04-10T00:00:00Z")
    assert [database.month("shop", f"2025-0{m}")["incidents_open_end"] for m in (1, 2, 3, 4)] \
        == [1, 1, 1, 1]
    assert database.month("shop", "2025-04")["restore_n"] == 0


def test_an_event_after_the_clock_is_ignored_until_the_clock_passes_it(database, story):
    first_release(story)
    story.deploy("d1", "2025-01-20 10:00", "shop", sha="c1")
    database.tell(story, as_of="2025-01-20T09:59:59Z")
    assert database.month("shop", "2025-01")["deployments"] == 1
    database.tell([], as_of="2025-01-20T10:00:00Z")
    assert database.month("shop", "2025-01")["deployments"] == 2
    database.tell([], as_of="2025-01-20T09:59:59Z")
    assert database.month("shop", "2025-01")["deployments"] == 1
    assert database.verify() == []


def test_a_month_without_events_counts_zero_and_has_no_percentiles(database, story):
    first_release(story)
    story.deploy("d2", "2025-03-02 10:00", "shop", sha="c2")
    row = database.tell(story).month("shop", "2025-02")
    assert values(row, "deployments", "deployments_per_day", "lead_time_n") == (0, 0, 0)
    assert values(row, "lead_time_p50_s", "fail_rate", "restore_p50_s", "unplanned_rate") \
        == (None, None, None, None)


def test_a_service_never_deployed_in_development_measures_unplanned_work_alone(database, story):
    catalog = {"services": [{"name": "lab", "owners": "red", "phases": "development"}]}
    story.item("w1", "2025-01-10 10:00", "done", ["lab"], item_type="bug")
    story.item("w2", "2025-01-11 10:00", "done", ["lab"])
    database.tell(story, catalog)
    for row in (database.month("lab", "2025-01"), database.month("red", "2025-01", "team")):
        assert values(row, "delivery_measured", "deployments", "deployments_per_day",
                      "rollbacks", "unplanned_rate") == (False, None, None, None, 0.5)


def test_months_begin_when_they_do_in_the_report_zone(database, story):
    catalog = {**LIVE, "report_tz": "Europe/London"}
    first_release(story, at="2025-01-01 10:00")
    story.deploy("d1", "2025-03-31 22:59:59.999999", "shop", sha="c1")
    story.deploy("d2", "2025-03-31 23:00", "shop", sha="c2")
    database.tell(story, catalog)
    assert database.month("shop", "2025-03")["deployments"] == 1
    assert database.month("shop", "2025-04")["deployments"] == 1
    assert values(database.month("shop", "2025-03"), "days", "deployments_per_day") \
        == (31, round(1 / 31, 6))


def test_a_midnight_that_comes_twice_begins_the_month_the_first_time(database, story):
    # Havana put its clocks back at 01:00 of 1 November 2020: 04:00Z and 05:00Z are both 00:00.
    catalog = {"report_tz": "America/Havana", "services": [{"name": "shop", "phases": "live"}]}
    story.deploy("d1", "2020-11-01 03:59:59.999999", "shop", sha="c1")
    story.deploy("d2", "2020-11-01 04:00", "shop", sha="c2")
    database.tell(story, catalog, as_of="2021-01-01T00:00:00Z")
    assert database.month("shop", "2020-10")["deployments"] == 1
    assert database.month("shop", "2020-11")["deployments"] == 1


def test_the_month_in_progress_counts_the_days_that_have_begun(database, story):
    first_release(story)
    database.tell(story, as_of="2025-01-10T12:00:00Z")
    row = database.month("shop", "2025-01")
    assert values(row, "complete", "settled", "days", "deployments_per_day") \
        == (False, False, 10, 0.1)
    database.tell([], as_of="2025-02-01T00:00:00Z")
    assert values(database.month("shop", "2025-01"), "complete", "settled") == (True, False)
    database.tell([], as_of="2025-02-02T00:00:00Z")
    assert values(database.month("shop", "2025-01"), "complete", "settled") == (True, True)


def test_rows_end_with_the_service_and_the_teams_go_on(database, story):
    catalog = {"services": [{"name": "shop", "owners": "red", "phases": [
        {"phase": "live"}, {"phase": "retired", "from": "2025-03-10T00:00:00Z"}]}]}
    first_release(story)
    story.outage("i1", "2025-03-09 10:00", "2025-04-02 10:00", "shop")
    database.tell(story, catalog, as_of="2025-05-15T00:00:00Z")
    assert database.months("shop") == ["2025-01", "2025-02", "2025-03"]
    assert database.month("red", "2025-04", "team")["incidents_restored"] == 1


def test_history_stays_with_the_owner_of_the_time(database, story):
    catalog = {"services": [{"name": "shop", "phases": "live", "owners": [
        {"team": "red"}, {"team": "blue", "from": "2025-01-15T12:00:00Z"}]}]}
    first_release(story)
    story.deploy("d1", "2025-01-15 11:59:59", "shop", sha="c1")
    story.deploy("d2", "2025-01-15 12:00", "shop", sha="c2")
    database.tell(story, catalog)
    assert database.month("red", "2025-01", "team")["deployments"] == 2
    assert database.month("blue", "2025-01", "team")["deployments"] == 1


def test_an_incident_of_several_services_is_one_sample_of_their_team(database, story):
    first_release(story)
    story.deploy("t1", "2025-01-02 10:00", "till", sha="t")
    story.outage("i1", "2025-01-10 10:00", "2025-01-10 11:00", "shop", "till", "bank")
    database.tell(story, LIVE)
    assert values(database.month("red", "2025-01", "team"), "incidents_started", "restore_n") \
        == (1, 1)
    assert database.month("till", "2025-01")["incidents_started"] == 1
    assert database.month("blue", "2025-01", "team")["incidents_started"] == 1


def test_an_item_comes_back_when_the_catalogue_says_that_its_service_lived(database, story):
    story.item("w1", "2025-01-10 10:00", "done", ["shop"])
    dead = {"services": [{"name": "shop", "phases": "retired"}]}
    database.tell(story, dead)
    assert database.month("shop", "2025-01") is None
    database.apply({"services": [{"name": "shop", "phases": "live"}]})
    assert database.month("shop", "2025-01")["items_done"] == 1


def test_a_roll_out_that_goes_by_the_id_of_a_part_outlives_the_others(database, story):
    story.deploy("d1", "2025-01-05 10:00", "shop", sha="a")
    story.deploy("d2", "2025-01-05 11:00", "shop", sha="b", rollout_id="d1", environment="us")
    database.tell(story, as_of="2025-01-06T00:00:00Z")
    assert database.deployment("d1", "shop")["members"] == ["d1", "d2"]
    story.deploy("d2", "2025-01-07 11:00", "shop", None, rollout_id=None)
    database.tell(story)
    assert database.deployment("d1", "shop")["members"] is None
    assert database.month("shop", "2025-01")["deployments"] == 2
    assert database.verify() == []


def test_a_round_that_finds_its_months_taken_and_looks_again_counts_nothing_twice(database):
    with database.server.connect(database.name, autocommit=False) as connection:
        cursor = connection.cursor()
        cursor.execute("SET LOCAL search_path = dorad_data, pg_temp")
        cursor.execute("SELECT begin_work()")
        for _ in range(2):
            cursor.execute("INSERT INTO month_mark (scope, name, month, because)"
                           " VALUES ('service', 'shop', '2025-03-01', '[]')")
            cursor.execute("SELECT take_scopes(10)")
        cursor.execute("SELECT name FROM w_scope")
        assert cursor.fetchall() == [("shop",)]
        connection.rollback()
    connection.close()
