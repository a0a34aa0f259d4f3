# SPDX-License-Identifier: Apache-2.0
"""Each edge case of METRICS.md 3.1 as a small history; every number was worked out by hand."""

import pytest

from history import service

HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def cart(told):
    told.catalog(services=[service("cart", "blue"), service("search", "blue")])
    return told


def row(told, month="2026-01", name="cart", as_of="2026-04-01T00:00:00Z"):
    told.until(as_of)
    return told.service(name, month)


def at(day, hour=10, minute=0):
    return f"2026-01-{day:02}T{hour:02}:{minute:02}:00Z"


def chain(told, *shas):
    """Changes committed at 08:00 and landed at 09:00 of the days from the first on."""
    for day, sha in enumerate(shas, 1):
        told.change(sha, "cart", at(day, 8), at(day, 9))


# -- deployments -------------------------------------------------------------------------------


def test_a_failed_attempt_is_a_column_of_its_own_and_no_failure(cart):
    cart.deployment("d", "cart", at(5), "failed", sha="a")
    cart.deployment("e", "cart", at(6), sha="b")
    got = row(cart)
    assert (got["failed_attempts"], got["deployments"], got["failed_deployments"]) == (1, 1, 0)


def test_a_cancelled_deployment_and_one_without_outcome_are_nothing(cart):
    cart.deployment("c", "cart", at(5), "cancelled", sha="a")
    cart.deployment("s", "cart", at(5), "started", sha="a")
    cart.deployment("e", "cart", at(6), sha="b")
    got = row(cart)
    assert (got["deployments"], got["failed_attempts"]) == (1, 0)


def test_of_success_and_failure_of_one_deployment_the_last_stands(cart):
    cart.deployment("d", "cart", at(5), sha="a")
    cart.deployment("d", "cart", at(5, 11), "failed", sha="a")
    got = row(cart)
    assert (got["deployments"], got["failed_attempts"]) == (0, 1)


def test_the_instant_is_the_first_of_the_last_equal_outcomes(cart):
    cart.deployment("d", "cart", "2026-01-31T23:59:00Z", sha="a")
    cart.deployment("d", "cart", "2026-02-01T00:01:00Z", sha="a")
    assert row(cart)["deployments"] == 1


def test_a_retry_that_succeeds_is_one_success_at_its_own_time(cart):
    cart.deployment("d1", "cart", "2026-01-31T23:00:00Z", "failed", sha="a", rollout_id="r")
    cart.deployment("d2", "cart", "2026-02-01T01:00:00Z", sha="a", rollout_id="r")
    assert row(cart) is None or row(cart)["failed_attempts"] == 0
    assert row(cart, "2026-02")["deployments"] == 1


def test_the_regions_of_one_rollout_are_one_deployment_at_the_last_ones_finish(cart):
    cart.deployment("eu", "cart", "2026-01-31T22:00:00Z", sha="a", rollout_id="r",
                    environment="prod-eu")
    cart.deployment("us", "cart", "2026-02-01T02:00:00Z", sha="a", rollout_id="r",
                    environment="prod-us")
    assert row(cart, "2026-02")["deployments"] == 1


def test_a_rollout_failed_if_any_part_failed(cart):
    cart.deployment("eu", "cart", at(5), sha="a", rollout_id="r", environment="prod-eu")
    cart.deployment("us", "cart", at(5, 11), "failed", sha="a", rollout_id="r",
                    environment="prod-us")
    got = row(cart)
    assert (got["deployments"], got["failed_attempts"]) == (0, 1)


def test_the_idle_slot_of_blue_and_green_is_not_counted(cart):
    cart.deployment("d", "cart", at(5), sha="a", environment="green", environment_class="other")
    cart.deployment("e", "cart", at(6), sha="a", environment="live")
    assert row(cart)["deployments"] == 1


def test_the_same_sha_again_is_a_redeploy(cart):
    for day in (5, 6):
        cart.deployment(f"d{day}", "cart", at(day), sha="a")
    got = row(cart)
    assert (got["deployments"], got["redeploys"], got["fail_rate_n"]) == (1, 1, 1)


def test_an_older_sha_again_is_a_rollback_and_does_not_raise_the_frequency(cart):
    for day, sha in ((5, "a"), (6, "b"), (7, "a")):
        cart.deployment(f"d{day}", "cart", at(day), sha=sha)
    got = row(cart)
    assert (got["deployments"], got["rollbacks"]) == (2, 1)
    assert (got["failed_deployments"], got["fail_rate_n"]) == (1, 2)


def test_what_was_rolled_back_and_comes_again_is_a_change_without_samples(cart):
    chain(cart, "zero", "a", "b")
    for day, sha in ((4, "zero"), (5, "a"), (6, "b"), (7, "a"), (8, "b")):
        cart.deployment(f"d{day}", "cart", at(day), sha=sha)
    got = row(cart)
    assert (got["deployments"], got["rollbacks"], got["lead_time_n"]) == (4, 1, 2)


def test_an_unknown_sha_is_a_change_without_lead_time(cart):
    chain(cart, "zero", "a")
    for day, sha in ((4, "zero"), (5, "nobody-knows"), (6, "a")):
        cart.deployment(f"d{day}", "cart", at(day), sha=sha)
    got = row(cart)
    # The first deployment of known content is the baseline; it is unknown in the count, too.
    assert (got["deployments"], got["lead_time_unknown_deployments"]) == (3, 2)
    assert got["lead_time_n"] == 1


def test_going_live_with_what_ran_sealed_is_a_change_whose_changes_were_delivered(told):
    told.catalog(services=[service("cart", "blue", phases=[
        {"phase": "development", "from": None},
        {"phase": "live", "from": "2026-01-10T00:00:00Z"}])])
    chain(told, "zero", "a")
    told.deployment("d0", "cart", at(3), sha="zero", environment_class="sealed")
    told.deployment("d1", "cart", at(4), sha="a", environment_class="sealed")
    told.deployment("d2", "cart", at(12), sha="a")
    got = row(told)
    assert (got["deployments"], got["redeploys"], got["lead_time_n"]) == (3, 0, 1)


def test_each_change_is_a_sample_at_its_first_delivery(cart):
    chain(cart, "zero", "a", "b", "c")
    cart.deployment("d0", "cart", at(1, 12), sha="zero")
    cart.deployment("d1", "cart", at(4, 12), sha="c")
    got = row(cart)
    # a: from the 2nd 08:00, b: the 3rd, c: the 4th, all out on the 4th at 12:00.
    assert (got["lead_time_n"], got["lead_time_p50_s"]) == (3, DAY + 4 * HOUR)
    assert (got["deploy_lead_time_n"], got["deploy_lead_time_p50_s"]) == (1, 2 * DAY + 4 * HOUR)


def test_the_first_known_deployment_is_the_baseline_and_an_explicit_list_is_sampled(cart):
    chain(cart, "a", "b")
    cart.deployment("d1", "cart", at(2, 12), sha="b")
    assert row(cart)["lead_time_n"] == 0
    cart.change("x", "search", at(1, 8), at(1, 9))
    cart.deployment("e1", "search", at(2, 12), sha="x", changes=["x"])
    assert row(cart, name="search")["lead_time_n"] == 1


def test_a_negative_lead_time_is_zero_and_counted(cart):
    chain(cart, "zero")
    cart.change("future", "cart", at(9, 8), at(2, 9))
    cart.deployment("d0", "cart", at(1, 12), sha="zero")
    cart.deployment("d1", "cart", at(3), sha="future")
    got = row(cart)
    assert (got["lead_time_p50_s"], got["lead_time_clamped"]) == (0, 1)


def test_of_two_pushes_of_a_commit_the_earliest_landing_stands(cart):
    chain(cart, "zero")
    cart.event("change", "a-later", at(5, 9), {"change_id": "a", "services": ["cart"],
               "committed_at": at(5, 8), "landed_at": at(5, 9), "ordinal": 0})
    cart.change("a", "cart", at(2, 8), at(2, 9))
    cart.deployment("d0", "cart", at(1, 12), sha="zero")
    cart.deployment("d1", "cart", at(6, 8), sha="a")
    assert row(cart)["lead_time_p50_s"] == 4 * DAY


def test_each_service_of_a_monorepo_delivers_on_its_own(cart):
    for sha, day in (("zero", 1), ("a", 2)):
        cart.event("change", sha, at(day, 9), {"change_id": sha, "services": ["cart", "search"],
                   "committed_at": at(day, 8), "landed_at": at(day, 9), "ordinal": 0})
    for name, day in (("cart", 3), ("search", 4)):
        cart.deployment(f"{name}0", name, at(1, 12), sha="zero")
        cart.deployment(f"{name}1", name, at(day, 8), sha="a")
    assert row(cart)["lead_time_p50_s"] == DAY
    assert row(cart, name="search")["lead_time_p50_s"] == 2 * DAY
    assert cart.team("blue", "2026-01")["lead_time_n"] == 2


def test_a_hotfix_is_a_change_and_rework(cart):
    cart.deployment("d1", "cart", at(5), sha="a")
    cart.deployment("d2", "cart", at(6), sha="b", hotfix=True)
    got = row(cart)
    assert (got["deployments"], got["hotfixes"], got["rework_deploy_rate"]) == (2, 1, 0.5)


# -- incidents ---------------------------------------------------------------------------------


def test_the_month_of_the_restore_holds_the_whole_duration(cart):
    cart.incident("i", "cart", "2026-01-30T00:00:00Z")
    cart.incident("i", "cart", "2026-03-01T00:00:00Z", "resolved")
    january, february, march = (row(cart, month) for month in ("2026-01", "2026-02", "2026-03"))
    assert (january["incidents_started"], january["incidents_open_end"], january["restore_n"]) == (1, 1, 0)
    assert february["incidents_open_end"] == 1
    assert (march["restore_n"], march["restore_p50_s"]) == (1, 30 * DAY)


def test_a_reopened_incident_is_the_sum_of_its_open_intervals_once(cart):
    for hour, state in ((1, "open"), (3, "resolved"), (5, "open"), (6, "resolved")):
        cart.incident("i", "cart", at(5, hour), state)
    got = row(cart)
    assert (got["restore_n"], got["restore_p50_s"], got["reopens"]) == (1, 3 * HOUR, 1)


def test_an_automatic_close_after_the_resolve_is_ignored(cart):
    for day, state in ((5, "open"), (6, "resolved"), (20, "resolved")):
        cart.incident("i", "cart", at(day), state)
    assert row(cart)["restore_p50_s"] == DAY


def test_a_duplicate_of_a_known_incident_is_out_and_of_an_unknown_one_stays(cart):
    cart.incident("i", "cart", at(5))
    cart.incident("j", "cart", at(5), duplicate_of="i")
    cart.incident("k", "cart", at(5), duplicate_of="nobody")
    assert row(cart)["incidents_started"] == 2


def test_of_a_cycle_of_duplicates_the_smallest_id_stays(cart):
    for identity, other in (("i", "j"), ("j", "k"), ("k", "i")):
        cart.incident(identity, "cart", at(5), duplicate_of=other)
    assert row(cart)["incidents_started"] == 1


def test_a_false_alarm_is_out(cart):
    cart.deployment("d", "cart", at(4), sha="a")
    cart.incident("i", "cart", at(5))
    cart.incident("i", "cart", at(5, 11), "cancelled")
    assert row(cart)["incidents_started"] == 0


def test_the_latest_severity_decides_and_a_missing_one_counts(cart):
    cart.incident("minor", "cart", at(5), severity=1)
    cart.incident("minor", "cart", at(5, 11), severity=4)
    cart.incident("none", "cart", at(5))
    cart.incident("grave", "cart", at(5), severity=3)
    assert row(cart)["incidents_started"] == 2


def test_an_incident_known_only_as_resolved_counts_without_a_sample(cart):
    cart.incident("i", "cart", at(5), "resolved")
    cart.incident("j", "cart", at(5), "resolved", started_at=at(5, 8))
    got = row(cart)
    assert (got["incidents_restored"], got["restore_n"], got["restore_p50_s"]) == (2, 1, 2 * HOUR)


def test_the_start_of_the_impact_wins_over_the_tickets_creation(cart):
    cart.incident("i", "cart", at(5), started_at=at(5, 7))
    cart.incident("i", "cart", at(5, 11), "resolved")
    assert row(cart)["restore_p50_s"] == 4 * HOUR


# -- work items --------------------------------------------------------------------------------


def test_a_reopened_item_is_counted_once_at_its_last_completion(cart):
    cart.item("t", "cart", "2026-01-20T00:00:00Z")
    cart.item("t", "cart", "2026-01-25T00:00:00Z", "in_progress")
    cart.item("t", "cart", "2026-02-03T00:00:00Z")
    assert row(cart, "2026-02")["items_done"] == 1
    assert row(cart) is None or row(cart)["items_done"] == 0


def test_an_item_that_is_not_done_now_is_nowhere(cart):
    cart.item("t", "cart", at(5))
    cart.item("t", "cart", at(6), "in_progress")
    cart.item("u", "cart", at(6))
    assert row(cart)["items_done"] == 1


def test_done_and_then_closed_is_done_at_the_first(cart):
    cart.item("t", "cart", "2026-01-31T00:00:00Z")
    cart.item("t", "cart", "2026-02-05T00:00:00Z")
    assert row(cart)["items_done"] == 1


def test_the_latest_fields_classify_and_the_closed_month_changes_with_a_revision(cart):
    cart.item("t", "cart", at(5), item_type="Story")
    before = row(cart)
    cart.event("work_item", "t/typed", "2026-03-05T00:00:00Z", {"item_id": "t", "item_type": "Bug"})
    after = row(cart)
    assert (before["items_planned"], after["items_failure_demand"]) == (1, 1)
    assert after["revision"] > before["revision"]


@pytest.mark.parametrize("excluded", ["Sub-task", "subtask", " Epic ", "Initiative", "theme"])
def test_a_part_of_an_item_and_a_whole_of_items_are_not_counted(cart, excluded):
    cart.item("t", "cart", at(5), item_type=excluded)
    cart.item("u", "cart", at(5), item_type="Task")
    assert row(cart)["items_done"] == 1


def test_what_was_cancelled_is_no_completed_work(cart):
    cart.item("t", "cart", at(5), "cancelled", item_type="Bug")
    cart.item("u", "cart", at(5))
    got = row(cart)
    assert (got["items_done"], got["unplanned_rate"]) == (1, 0)


# -- time --------------------------------------------------------------------------------------


def test_what_lies_after_as_of_is_ignored_until_it_passes(cart):
    cart.deployment("d1", "cart", at(5), sha="a")
    cart.deployment("d2", "cart", at(20), sha="b")
    assert row(cart, as_of=at(10))["deployments"] == 1
    assert row(cart, as_of=at(25))["deployments"] == 2


def test_months_begin_in_the_zone_of_the_reports(told):
    told.catalog(services=[service("cart", "blue")], report_tz="Europe/London")
    told.deployment("d1", "cart", "2026-03-31T22:59:59Z", sha="a")
    told.deployment("d2", "cart", "2026-03-31T23:00:00Z", sha="b")
    told.until("2026-06-01T00:00:00Z")
    assert told.service("cart", "2026-03")["deployments"] == 1
    assert told.service("cart", "2026-04")["deployments"] == 1
