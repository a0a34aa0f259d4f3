# SPDX-License-Identifier: Apache-2.0
"""What random histories seldom meet: equal instants, the very ends of windows, words said late
of what was computed already, prefixes of shas. Each ends as it does when told at once."""

import pytest

from story import Story

A, B = "abcdef1" + "0" * 33, "abcdef1" + "1" * 33


@pytest.fixture
def story():
    return Story()


@pytest.fixture
def later(database, story):
    """Tells what the story has gained, and holds it against everything computed at one go."""
    told = []

    def tell(catalog=None):
        database.tell(story.events[len(told):], catalog)
        told[:] = story.events
        assert database.verify() == []
        return database
    return tell


def kinds(database):
    return {row["deployment_id"]: row["kind"] for row in database.sql(
        "SELECT deployment_id, kind FROM dorad.explain_deployment")}


def taken_back(database):
    """What each rollback takes back."""
    return {row["deployment_id"]: row["rolls_back"] for row in database.sql(
        "SELECT deployment_id, rolls_back FROM dorad.explain_deployment WHERE kind = 'rollback'")}


# -- kinds, R13 ------------------------------------------------------------------------------------

def test_a_deployment_said_not_to_be_a_rollback_is_a_change_or_a_redeploy(story, later):
    for day, sha, flag in ((1, "a", None), (2, "b", None), (3, "a", False), (4, "a", False)):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", sha=sha,
                     **({} if flag is None else {"is_rollback": flag}))
    assert kinds(later()) == {"d1": "change", "d2": "change", "d3": "change", "d4": "redeploy"}


def test_of_shas_first_deployed_at_one_instant_the_lesser_id_is_the_older(story, later):
    story.deploy("d1", "2025-03-01", "shop", sha="a")
    story.deploy("d2", "2025-03-01", "shop", sha="b")
    story.deploy("d3", "2025-03-02", "shop", sha="a")
    assert kinds(later())["d3"] == "rollback"


# -- what a rollback takes back, R14 ---------------------------------------------------------------

def three_releases(story):
    for day in (1, 2, 3):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", sha=f"s{day}")


def test_the_first_of_two_rollbacks_that_name_a_deployment_took_it_back(story, later):
    three_releases(story)
    for number, hour in ((1, 10), (2, 14)):
        story.deploy(f"r{number}", f"2025-03-03 {hour}:00", "shop", is_rollback=True, rolls_back="d3")
    story.outage("i", "2025-03-03 12:00", "2025-03-03 13:00", "shop")
    database = later()
    assert taken_back(database) == {"r1": "d3", "r2": "d3"}
    assert database.deployment("d3")["rolled_back_by"] == "r1"
    # d3 was taken back before it, d2 is more than a day older.
    assert database.incident("i")["attr_rule"] == "none"


def test_a_name_is_a_roll_outs_own_before_it_is_a_parts(story, later):
    story.deploy("first", "2025-03-01", "shop", sha="s1", rollout_id="x")
    story.deploy("x", "2025-03-02", "shop", sha="s2", rollout_id="second")
    story.deploy("r", "2025-03-03", "shop", is_rollback=True, rolls_back="x")
    assert taken_back(later()) == {"r": "x"}


def test_a_rollback_that_turns_out_to_have_failed_leaves_its_deployment_to_the_next(story, later):
    three_releases(story)
    first = story.deploy("r1", "2025-03-04", "shop", is_rollback=True, rolls_back="d3")
    story.deploy("r2", "2025-03-05", "shop", is_rollback=True)
    assert taken_back(later()) == {"r1": "d3", "r2": "d2"}
    story.events.append({**first, "revision": 1, "data": {**first["data"], "status": "failed"}})
    assert taken_back(later()) == {"r2": "d3"}


def test_a_rollback_names_a_part_that_is_heard_of_later(story, later):
    story.deploy("p1", "2025-03-01", "shop", sha="s1", rollout_id="out")
    story.deploy("d2", "2025-03-02", "shop", sha="s2")
    story.deploy("r", "2025-03-03", "shop", is_rollback=True, rolls_back="p2")
    assert taken_back(later()) == {"r": "d2"}
    story.deploy("p2", "2025-02-28", "shop", status="started", rollout_id="out")
    assert taken_back(later()) == {"r": "out"}


# -- incidents and change requests, R17 to R19 -----------------------------------------------------

@pytest.mark.parametrize("at, rule", [
    ("09 12:00", "latest_deployment"), ("09 11:59:59.999999", "none"),
    ("10 12:00", "latest_deployment"), ("10 12:00:00.000001", "none")])
def test_a_deployment_heard_of_late_is_to_blame_to_the_ends_of_the_window(story, later, at, rule):
    story.outage("i", "2025-03-10 12:00", "2025-03-10 13:00", "shop")
    assert later().incident("i")["attr_rule"] == "none"
    story.deploy("d", f"2025-03-{at}", "shop", sha="s1")
    assert later().incident("i")["attr_rule"] == rule


@pytest.mark.parametrize("minute, rule", [(0, "rollback"), (1, "none")])
def test_a_rollback_heard_of_late_counts_to_the_very_restore(story, later, minute, rule):
    story.deploy("d", "2025-03-01", "shop", sha="s1")
    story.outage("i", "2025-03-10 12:00", "2025-03-10 13:00", "shop")
    assert later().incident("i")["attr_rule"] == "none"
    story.deploy("r", f"2025-03-10 13:{minute:02}", "shop", is_rollback=True)
    assert later().incident("i")["attr_rule"] == rule


@pytest.mark.parametrize("at, failed", [
    ("11:59:59.999999", False), ("12:00", True), ("13:00", True), ("13:00:00.000001", False)])
def test_a_deployment_heard_of_late_is_a_change_requests_to_its_very_ends(story, later, at, failed):
    story.request("CR", "2025-03-10 14:00", services=["shop"], close_code="unsuccessful",
                  actual_start="2025-03-10 12:00", actual_end="2025-03-10 13:00")
    later()
    story.deploy("d", f"2025-03-10 {at}", "shop", sha="s1")
    assert later().deployment("d")["failed"] is failed


# -- changes, R15 and R16 --------------------------------------------------------------------------

def test_a_review_heard_of_late_moves_the_start_of_the_lead_time(story, later):
    story.change("c0", "2025-03-01", "shop")
    story.deploy("d0", "2025-03-01", "shop", sha="c0")
    story.change("c", "2025-03-02", "shop", committed="2025-03-02")
    story.deploy("d", "2025-03-03", "shop", sha="c")
    assert later({"lead_time_start": "review"}).month("shop", "2025-03")["lead_time_p50_s"] == 86400
    story.add("change", "2025-03-04", {"change_id": "c", "review": {
        "opened_at": "2025-03-01T00:00:00Z"}})
    assert later().month("shop", "2025-03")["lead_time_p50_s"] == 2 * 86400


def test_a_change_heard_of_late_is_delivered_with_what_landed_after_it_at_one_instant(story, later):
    for name, day, ordinal in (("c0", 1, 0), ("c2", 2, 1)):
        story.change(name, f"2025-03-0{day}", "shop", ordinal=ordinal)
        story.deploy(f"d{day}", f"2025-03-0{day} 12:00", "shop", sha=name)
    later()
    story.change("c1", "2025-03-02", "shop", ordinal=0)
    assert [change for change, _ in later().deployment("d2")["changes"]] == ["c1", "c2"]


def test_a_short_sha_is_the_one_change_that_it_may_be(story, later):
    story.deploy("d", "2025-03-03", "shop", sha="abcdef1")
    story.outage("i", "2025-03-20", "2025-03-21", "shop", caused_by_sha="abcdef10")
    database = later()
    assert database.deployment("d")["lead_source"] == "unknown"
    assert database.incident("i")["attr_rule"] == "none"
    story.change(A, "2025-03-02", "shop")
    database = later()
    assert (database.deployment("d")["sha"], database.deployment("d")["lead_source"]) == (A, "baseline")
    assert database.incident("i")["attr_rule"] == "explicit_sha"
    story.change(B, "2025-03-02", "shop")
    database = later()
    assert (database.deployment("d")["sha"], database.deployment("d")["lead_source"]) \
        == ("abcdef1", "unknown")
    assert database.incident("i")["attr_rule"] == "none"


def test_an_incident_finds_the_change_that_it_names_in_short_when_it_is_delivered(story, later):
    story.change(A, "2025-03-02", "shop")
    story.outage("i", "2025-03-20", "2025-03-21", "shop", caused_by_sha="abcdef1")
    assert later().incident("i")["attr_rule"] == "none"
    story.deploy("d", "2025-03-03", "shop", sha=A)
    assert later().incident("i")["deployments"] == ["d"]
    # Until it may be two.
    story.change(B, "2025-04-02", "shop")
    assert later().incident("i")["attr_rule"] == "none"
