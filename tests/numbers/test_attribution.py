# SPDX-License-Identifier: Apache-2.0
"""Which deployment an incident is held against, rule by rule."""

import pytest

from story import Story


@pytest.fixture
def story():
    return Story()


def first_release(story, service="shop", at="2025-01-01 10:00"):
    """A deployment that is the baseline, so that later ones have lead times."""
    story.change("c0", "2025-01-01 09:00", service, committed="2025-01-01 08:00")
    story.deploy("d0", at, service, sha="c0")


def values(row, *names):
    return tuple(row[name] for name in names)


def causes(database, incident="i1", service="shop"):
    row = database.incident(incident, service)
    return row["attr_rule"], row["deployments"]


@pytest.fixture
def two_releases(story):
    first_release(story)
    story.change("c1", "2025-01-05 09:00", "shop", committed="2025-01-05 08:00")
    story.deploy("d1", "2025-01-05 10:00", "shop", sha="c1")
    story.deploy("d2", "2025-01-06 10:00", "shop", sha="c2")
    story.deploy("b1", "2025-01-05 10:00", "bank", sha="x1")
    return story


@pytest.mark.parametrize("fields, want", [
    ({"cause": "infrastructure", "caused_by_deployments": ["d1"]}, ("excluded_cause", [])),
    ({"cause": " Deployment"}, ("latest_deployment", ["d2"])),
    ({"caused_by_deployments": ["d1", "d0"]}, ("explicit_deployment", ["d0", "d1"])),
    ({"caused_by_deployments": ["never-seen"]}, ("latest_deployment", ["d2"])),
    ({"caused_by_change_request": "CR1"}, ("explicit_change_request", ["d1"])),
    ({"caused_by_sha": "c1"}, ("explicit_sha", ["d1"])),
    ({"caused_by_deployments": ["b1"]}, ("explicit_other_service", [])),
    ({"caused_by_deployments": ["b1"], "caused_by_sha": "c1"}, ("explicit_sha", ["d1"])),
    ({}, ("latest_deployment", ["d2"])),
])
def test_the_first_rule_of_attribution_that_fits_decides(database, two_releases, fields, want):
    two_releases.request("CR1", "2025-01-05 12:00", deployment_ids=["d1"])
    two_releases.outage("i1", "2025-01-06 12:00", "2025-01-06 13:00", "shop", **fields)
    database.tell(two_releases)
    assert causes(database) == want


def test_a_rollback_while_the_incident_is_open_names_what_it_takes_back(database, two_releases):
    two_releases.deploy("back", "2025-01-09 11:00", "shop", is_rollback=True, sha="c1")
    two_releases.outage("i1", "2025-01-09 10:00", "2025-01-09 12:00", "shop")
    database.tell(two_releases)
    assert causes(database) == ("rollback", ["d2"])
    # Two things speak against one deployment: it failed once.
    row = database.month("shop", "2025-01")
    assert values(row, "failed_deployments", "fail_rate_n", "failed_inferred") == (1, 3, 0)


@pytest.mark.parametrize("at, want", [
    ("2025-01-06 10:00", ("latest_deployment", ["d2"])),
    ("2025-01-07 10:00", ("latest_deployment", ["d2"])),
    ("2025-01-07 10:00:01", ("none", [])),
])
def test_the_window_of_attribution_includes_both_its_ends(database, two_releases, at, want):
    two_releases.outage("i1", at, "2025-01-08 13:00", "shop")
    database.tell(two_releases)
    assert causes(database) == want


def test_a_service_may_have_a_window_of_its_own(database, two_releases):
    two_releases.outage("i1", "2025-01-06 14:00:01", "2025-01-06 15:00", "shop")
    database.tell(two_releases, {"services": [{"name": "shop", "attribution_window": "4h"}]})
    assert causes(database) == ("none", [])


def test_a_deployment_rolled_back_by_then_is_not_to_blame(database, two_releases):
    two_releases.deploy("back", "2025-01-06 11:00", "shop", is_rollback=True, sha="c1")
    two_releases.outage("i1", "2025-01-06 11:00", "2025-01-06 11:30", "shop")
    two_releases.outage("i2", "2025-01-06 10:59", "2025-01-06 10:59:30", "shop")
    database.tell(two_releases)
    assert causes(database, "i1") == ("rollback", ["d2"])    # the rollback is at its very start
    two_releases.outage("i3", "2025-01-06 11:00:01", "2025-01-06 11:30", "shop")
    database.tell(two_releases)
    assert causes(database, "i3") == ("none", [])
    assert causes(database, "i2") == ("latest_deployment", ["d2"])


def test_an_unsuccessful_change_request_marks_its_deployments_failed(database, two_releases):
    two_releases.request("CR1", "2025-01-05 12:00", services=["shop"], close_code="Unsuccessful",
                         actual_start="2025-01-05 09:00", actual_end="2025-01-06 10:00")
    two_releases.request("CR2", "2025-01-05 12:00", deployment_ids=["d1"],
                         close_code="successful_issues")
    two_releases.request("CR3", "2025-01-05 12:00", deployment_ids=["d1"], state="cancelled",
                         close_code="unsuccessful")
    database.tell(two_releases)
    assert database.deployment("d2")["evidence"] == [["change_request", "CR1"]]
    assert not database.deployment("d1")["failed"]
    assert database.month("shop", "2025-01")["failed_inferred"] == 0


# -- equals, and the ends of windows ---------------------------------------------------------------

def test_of_what_was_deployed_at_one_instant_the_greatest_id_is_to_blame(database, story):
    for name in ("d1", "d3", "d2"):
        story.deploy(name, "2025-01-06 10:00", "shop", sha=name)
    story.outage("i1", "2025-01-06 12:00", "2025-01-06 13:00", "shop")
    database.tell(story)
    assert causes(database) == ("latest_deployment", ["d3"])


def test_of_two_rollbacks_the_earlier_names_what_failed_and_of_equals_the_lesser_id(
        database, two_releases):
    """Both at one instant, then another later: the first takes back d2, the second d1."""
    for name, hour in (("r2", 11), ("r1", 11), ("r0", 12)):
        two_releases.deploy(name, f"2025-01-06 {hour}:00", "shop", is_rollback=True)
    two_releases.outage("i1", "2025-01-06 10:30", "2025-01-06 13:00", "shop")
    two_releases.outage("i2", "2025-01-06 11:00:01", "2025-01-06 13:00", "shop")
    database.tell(two_releases)
    assert causes(database) == ("rollback", ["d2"])
    assert causes(database, "i2") == ("rollback", ["d0"])


@pytest.mark.parametrize("start, want", [
    ("2025-01-06 10:00", ("rollback", ["d2"])),                 # at the very start
    ("2025-01-06 09:59:59.999999", ("latest_deployment", ["d1"])),
])
def test_a_rollback_speaks_against_what_was_out_when_it_began(database, two_releases, start, want):
    two_releases.deploy("back", "2025-01-06 11:00", "shop", is_rollback=True)
    two_releases.outage("i1", start, "2025-01-06 12:00", "shop")
    database.tell(two_releases)
    assert causes(database) == want


@pytest.mark.parametrize("start, want", [
    ("2025-01-06 11:00", ("none", [])), ("2025-01-06 10:59:59.999999", ("latest_deployment", ["d2"]))])
def test_what_was_taken_back_at_the_very_start_is_not_to_blame(database, two_releases, start, want):
    """The incident is said to have ended before it began: so no rollback is while it was open."""
    two_releases.deploy("back", "2025-01-06 11:00", "shop", is_rollback=True)
    two_releases.incident("i1", start, "open", ["shop"])
    two_releases.incident("i1", "2025-01-06 12:00", "resolved", resolved_at="2025-01-06 10:30")
    database.tell(two_releases)
    assert causes(database) == want


@pytest.mark.parametrize("at, want", [
    ("2025-01-09 09:59:59.999999", "none"), ("2025-01-09 10:00", "rollback"),
    ("2025-01-09 12:00", "rollback"), ("2025-01-09 12:00:00.000001", "none")])
def test_a_rollback_counts_from_the_start_to_the_restore_both_included(
        database, two_releases, at, want):
    two_releases.deploy("back", at, "shop", is_rollback=True)
    two_releases.outage("i1", "2025-01-09 10:00", "2025-01-09 12:00", "shop")
    database.tell(two_releases)
    assert causes(database)[0] == want


def test_a_rollback_long_after_the_start_counts_while_the_incident_is_open(database, two_releases):
    two_releases.incident("i1", "2025-01-09 10:00", "open", ["shop"])
    two_releases.deploy("back", "2025-03-09 10:00", "shop", is_rollback=True)
    database.tell(two_releases, as_of="2025-03-09T10:00:00Z")
    assert causes(database) == ("rollback", ["d2"])


def test_a_sha_points_to_its_first_delivery_before_any_deployment_of_it(database, two_releases):
    """c1 was out with d1. Of x, which never landed, the earliest success is meant."""
    two_releases.deploy("d3", "2025-01-07", "shop", sha="c1", is_rollback=False)
    for name, day, status in (("x1", 10, "failed"), ("x3", 12, "succeeded"), ("x2", 11, "succeeded")):
        two_releases.deploy(name, f"2025-01-{day}", "shop", status, sha="x")
    # Listed by a deployment of another sha, and deployed by itself before: the list delivered it.
    two_releases.change("y", "2025-01-14", "shop")
    two_releases.deploy("y1", "2025-01-14", "shop", sha="y", changes=[])
    two_releases.deploy("y2", "2025-01-15", "shop", sha="z", changes=["y"])
    for number, sha in enumerate(("c1", "x", "y", "nobody-knows"), 1):
        two_releases.outage(f"i{number}", "2025-01-30", "2025-01-31", "shop", caused_by_sha=sha)
    database.tell(two_releases)
    assert [causes(database, f"i{n}") for n in (1, 2, 3, 4)] == [
        ("explicit_sha", ["d1"]), ("explicit_sha", ["x2"]), ("explicit_sha", ["y2"]), ("none", [])]


def test_attempts_and_roll_outs_and_their_parts_can_be_named(database, story):
    first_release(story)
    story.deploy("bad", "2025-01-10", "shop", "failed")
    for part in ("eu", "us"):
        story.deploy(part, "2025-01-11", "shop", rollout_id="R", sha="s2", environment=part)
    story.deploy("never", "2025-01-12", "shop", "started")
    for number, names in enumerate((["bad"], ["eu", "R"], ["never"]), 1):
        story.outage(f"i{number}", "2025-01-30", "2025-01-31", "shop", caused_by_deployments=names)
    database.tell(story)
    assert [causes(database, f"i{n}") for n in (1, 2, 3)] == [
        ("explicit_deployment", ["bad"]), ("explicit_deployment", ["R"]), ("none", [])]
    assert values(database.month("shop", "2025-01"), "failed_deployments", "fail_rate_n") == (2, 3)


def test_a_change_request_has_the_latest_deployment_of_its_time_whatever_came_of_it(database, story):
    """Both ends included; of equals the greatest id; each of its services has its own."""
    hours = {"shop": (10, 12), "till": (9, 13), "bank": (11, 11)}
    for service, (first, second) in hours.items():
        story.deploy(f"{service}-1", f"2025-01-10 {first:02}:00", service, sha="a")
        story.deploy(f"{service}-2", f"2025-01-10 {second:02}:00", service, "failed", sha="b")
    story.request("CR", "2025-01-11", services=sorted(hours), close_code="unsuccessful",
                  actual_start="2025-01-10 10:00", actual_end="2025-01-10 12:00")
    story.request("CR2", "2025-01-11", services=["shop"], close_code="unsuccessful",
                  actual_start="2025-01-10 10:00", actual_end="2025-01-10 11:59:59.999999")
    story.outage("i1", "2025-01-30", "2025-01-31", *hours, caused_by_change_request="CR")
    database.tell(story)
    assert [causes(database, "i1", service) for service in hours] == [
        ("explicit_change_request", ["shop-2"]), ("explicit_other_service", []),
        ("explicit_change_request", ["bank-2"])]
    assert [database.deployment(name)["failed"] for name in (
        "shop-1", "shop-2", "till-1", "till-2", "bank-1", "bank-2")] \
        == [True, True, False, False, False, True]


def test_failed_by_time_alone_is_what_nothing_else_speaks_against(database, two_releases):
    """Of three that an incident came after, one is also in a change request, one was taken back."""
    two_releases.deploy("d3", "2025-01-20", "shop", sha="c3")
    two_releases.deploy("back", "2025-01-25", "shop", is_rollback=True)
    for number, day in ((1, "05 11:00"), (2, "06 11:00"), (3, "20 11:00")):
        two_releases.outage(f"i{number}", f"2025-01-{day}", f"2025-01-{day}:30", "shop")
    two_releases.request("CR", "2025-01-30", deployment_ids=["d1"], close_code="unsuccessful")
    row = database.tell(two_releases).month("shop", "2025-01")
    assert values(row, "failed_deployments", "failed_inferred") == (3, 1)
