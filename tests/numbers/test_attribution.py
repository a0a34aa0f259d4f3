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
