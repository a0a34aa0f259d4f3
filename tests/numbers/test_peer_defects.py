# SPDX-License-Identifier: Apache-2.0
"""What other tools have got wrong, told as small histories; each number here was worked out by hand."""

import threading

import pytest

from history import service

HOUR = 3600.0


def two_services(told, **more):
    told.catalog(services=[service("cart", "blue", **more), service("search", "blue")])


def test_incidents_of_one_number_in_two_repositories_stay_two(told):
    two_services(told)
    for repository, name in (("acme/cart", "cart"), ("acme/search", "search")):
        told.incident(f"github/github.com/{repository}/12", name, "2026-01-05T10:00:00Z")
        told.incident(f"github/github.com/{repository}/12", name, "2026-01-05T12:00:00Z", "resolved")
    told.until("2026-03-01T00:00:00Z")
    assert told.team("blue", "2026-01")["incidents_restored"] == 2
    assert told.service("cart", "2026-01")["incidents_restored"] == 1


def test_deployments_to_staging_are_not_counted(told):
    two_services(told)
    told.deployment("p", "cart", "2026-01-05T10:00:00Z", sha="a")
    told.deployment("s", "cart", "2026-01-05T11:00:00Z", sha="b", environment="staging",
                    environment_class="other")
    told.until("2026-03-01T00:00:00Z")
    assert told.service("cart", "2026-01")["deployments"] == 1


def test_an_incident_resolved_without_a_resolution_date_is_restored_when_it_was_said(told):
    two_services(told)
    told.incident("i", "cart", "2026-01-05T10:00:00Z")
    told.incident("i", "cart", "2026-01-05T11:00:00Z", "resolved")
    told.until("2026-03-01T00:00:00Z")
    row = told.service("cart", "2026-01")
    assert (row["restore_n"], row["restore_p50_s"]) == (1, HOUR)


def test_an_incident_is_never_blamed_on_another_services_deployment(told):
    two_services(told)
    told.deployment("d", "search", "2026-01-05T09:59:00Z", sha="a")
    told.incident("i", "cart", "2026-01-05T10:00:00Z")
    told.until("2026-03-01T00:00:00Z")
    assert told.service("search", "2026-01")["failed_deployments"] == 0


def test_a_month_without_deployments_has_no_lead_time_rather_than_none_at_all(told):
    two_services(told)
    told.deployment("d1", "cart", "2026-01-05T10:00:00Z", sha="a")
    told.deployment("d2", "cart", "2026-03-05T10:00:00Z", sha="b")
    told.until("2026-04-01T00:00:00Z")
    row = told.service("cart", "2026-02")
    assert row["deployments"] == 0
    assert row["lead_time_p50_s"] is None and row["fail_rate"] is None


def test_a_reader_sees_rows_while_they_are_computed_again(told, postgres):
    two_services(told)
    for day in range(1, 29):
        told.deployment(f"d{day}", "cart", f"2026-01-{day:02}T10:00:00Z", sha=f"s{day}")
    told.until("2026-03-01T00:00:00Z")
    done = threading.Event()
    seen = set()
    reader = postgres.connect(told.name)

    def watch():
        while not done.is_set():
            with reader.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM dorad.monthly_service WHERE service = 'cart'")
                seen.add(cursor.fetchone()[0])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for _ in range(3):
            told.sql("SELECT dorad_data.rebuild()")
    finally:
        done.set()
        watcher.join()
        reader.close()
    assert seen == {3}


def test_the_median_is_over_the_months_changes_not_over_daily_medians(told):
    two_services(told)
    told.change("zero", "cart", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    told.deployment("d0", "cart", "2026-01-01T01:00:00Z", sha="zero")
    # A day of three quick changes and a day of one slow one: 1 h, 1 h, 1 h, 9 h.
    for i in range(3):
        told.change(f"q{i}", "cart", "2026-01-02T09:00:00Z", "2026-01-02T09:10:00Z", i)
    told.deployment("d1", "cart", "2026-01-02T10:00:00Z", sha="q2")
    told.change("slow", "cart", "2026-01-03T01:00:00Z", "2026-01-03T01:10:00Z")
    told.deployment("d2", "cart", "2026-01-03T10:00:00Z", sha="slow")
    told.until("2026-03-01T00:00:00Z")
    row = told.service("cart", "2026-01")
    assert (row["lead_time_n"], row["lead_time_p50_s"]) == (4, HOUR)


def test_two_incidents_of_one_deployment_fail_it_once(told):
    two_services(told)
    told.deployment("d1", "cart", "2026-01-05T10:00:00Z", sha="a")
    for i in range(2):
        told.incident(f"i{i}", "cart", "2026-01-05T10:30:00Z", caused_by_deployments=["d1"])
    told.until("2026-03-01T00:00:00Z")
    row = told.service("cart", "2026-01")
    assert (row["failed_deployments"], row["fail_rate_n"], row["fail_rate"]) == (1, 1, 1.0)


def test_a_rate_per_day_is_a_quotient_not_a_rounded_one(told):
    two_services(told)
    for day in (3, 9, 12):
        told.deployment(f"d{day}", "cart", f"2026-02-{day:02}T10:00:00Z", sha=f"s{day}")
    told.until("2026-04-01T00:00:00Z")
    assert told.service("cart", "2026-02")["deployments_per_day"] == pytest.approx(3 / 28, rel=1e-5)


def test_what_comes_late_changes_the_month_it_belongs_to(told):
    two_services(told)
    told.deployment("d1", "cart", "2026-01-05T10:00:00Z", sha="a")
    told.until("2026-04-01T00:00:00Z")
    told.deployment("d0", "cart", "2026-01-04T10:00:00Z", sha="b")
    told.until("2026-04-01T00:00:00Z")
    assert told.service("cart", "2026-01")["deployments"] == 2


def test_a_team_is_computed_from_the_facts_of_its_services_not_from_their_means(told):
    two_services(told)
    # cart restores in 1 h three times, search once in 9 h: the pooled median is 1 h, not 5 h.
    for i in range(3):
        told.incident(f"c{i}", "cart", f"2026-01-0{i + 1}T10:00:00Z")
        told.incident(f"c{i}", "cart", f"2026-01-0{i + 1}T11:00:00Z", "resolved")
    told.incident("s", "search", "2026-01-05T10:00:00Z")
    told.incident("s", "search", "2026-01-05T19:00:00Z", "resolved")
    told.until("2026-03-01T00:00:00Z")
    assert told.team("blue", "2026-01")["restore_p50_s"] == HOUR


def test_a_time_without_a_zone_is_utc(told):
    two_services(told)
    told.incident("i", "cart", "2026-01-05T10:00:00Z", started_at="2026-01-05 09:00:00")
    told.incident("i", "cart", "2026-01-05T11:00:00Z", "resolved")
    told.until("2026-03-01T00:00:00Z")
    assert told.service("cart", "2026-01")["restore_p50_s"] == 2 * HOUR


def test_every_view_can_be_read(told):
    two_services(told)
    told.deployment("d1", "cart", "2026-01-05T10:00:00Z", sha="a")
    told.until("2026-03-01T00:00:00Z")
    views = [name for name, in told.sql(
        "SELECT viewname FROM pg_views WHERE schemaname = 'dorad' ORDER BY viewname")]
    assert len(views) > 10
    for view in views:
        told.sql(f'SELECT * FROM dorad."{view}"')


def test_two_failures_running_are_two_failures(told):
    two_services(told)
    for i in (1, 2):
        told.deployment(f"d{i}", "cart", f"2026-01-0{i}T10:00:00Z", sha=f"s{i}")
        told.incident(f"i{i}", "cart", f"2026-01-0{i}T10:30:00Z", caused_by_deployments=[f"d{i}"])
    told.until("2026-03-01T00:00:00Z")
    row = told.service("cart", "2026-01")
    assert (row["failed_deployments"], row["fail_rate_n"]) == (2, 2)
