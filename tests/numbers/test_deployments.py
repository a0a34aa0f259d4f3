# SPDX-License-Identifier: Apache-2.0
"""From events to deployments, their kinds and what they deliver (R8 to R16): what is last, what is
equal, and what does not count."""

import itertools

import pytest

from story import Story

LAB = {"services": [{"name": "lab", "phases": "development"}]}


@pytest.fixture
def story():
    return Story()


def rollout(story, part, at, status="succeeded", service="shop", **fields):
    return story.deploy(part, at, service, status=status, rollout_id="R", environment=f"prod-{part}",
                        **fields)


def facts(database, *names):
    return {row["deployment_id"]: tuple(row[name] for name in names) if len(names) > 1
            else row[names[0]] for row in database.sql("SELECT * FROM dorad.explain_deployment")}


def instants(database):
    return {row["deployment_id"]: row["at"] for row in database.sql(
        "SELECT deployment_id, to_char(at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS at"
        " FROM dorad.explain_deployment")}


# -- parts and roll-outs, R9 to R11 ----------------------------------------------------------------

def test_a_roll_out_that_failed_did_so_with_the_last_part_that_failed(database, story):
    rollout(story, "a", "2025-03-05 10:00", "failed")
    rollout(story, "b", "2025-03-05 11:00", "failed")
    rollout(story, "c", "2025-03-05 12:00")
    rollout(story, "d", "2025-03-05 13:00", "cancelled")
    database.tell(story)
    assert facts(database, "status", "kind") == {"R": ("failed", "attempt")}
    assert instants(database) == {"R": "03-05 11:00"}


def test_a_roll_out_succeeded_with_the_last_part_whatever_was_cancelled_or_never_ended(
        database, story):
    for part, hour, status in (("a", 12, "succeeded"), ("b", 11, "succeeded"), ("c", 14, "cancelled"),
                               ("d", 15, "started")):
        rollout(story, part, f"2025-03-05 {hour}:00", status, sha="s")
    database.tell(story)
    assert instants(database) == {"R": "03-05 12:00"}
    assert facts(database, "status", "parts", "parts_without_outcome") == {"R": ("succeeded", 4, 1)}


def test_a_part_whose_last_word_is_cancelled_is_none(database, story):
    story.deploy("d", "2025-03-05 10:00", "shop", sha="a")
    story.deploy("d", "2025-03-05 11:00", "shop", "cancelled", sha="a")
    story.deploy("e", "2025-03-05 10:00", "shop", "cancelled", sha="a")
    story.deploy("e", "2025-03-05 11:00", "shop", sha="a")
    database.tell(story)
    assert facts(database, "counted", "exclusion") == {"d": (False, "cancelled"), "e": (True, None)}


def test_of_equal_instants_the_event_of_the_greater_id_is_the_last_word(database, story):
    for name, words in (("d", ("failed", "succeeded")), ("e", ("succeeded", "failed"))):
        for status in words:
            story.deploy(name, "2025-03-05 10:00", "shop", status)
    database.tell(story)
    assert facts(database, "status") == {"d": "succeeded", "e": "failed"}


def test_the_environment_is_what_the_last_record_with_an_outcome_says(database, story):
    """Two records of one part: the production one goes first in `d`, last in `e`."""
    for name, classes in (("d", ("production", "other")), ("e", ("other", "production"))):
        for number, meant in enumerate(classes):
            story.deploy(f"{name}{number}", f"2025-03-05 1{number}:00", "shop", rollout_id=name,
                         environment_class=meant)
        # What is said later, but of no outcome, is not asked.
        story.deploy(f"{name}2", "2025-03-05 15:00", "shop", "started", rollout_id=name,
                     environment_class="sealed")
    database.tell(story)
    assert facts(database, "counted") == {"d": False, "e": True}


def test_a_deployment_counts_by_the_phase_at_its_finish(database, story):
    begins = "2025-03-05T00:00:00Z"
    for at, word in (("2025-03-04 23:59:59.999999", "before"), ("2025-03-05", "then")):
        for service in ("new", "old"):
            for meant in ("production", "sealed"):
                story.deploy(f"{service}-{meant}-{word}", at, service, sha=f"{meant}-{word}",
                             environment_class=meant)
    database.tell(story, {"services": [
        {"name": "new", "phases": [{"phase": "development"}, {"phase": "live", "from": begins}]},
        {"name": "old", "phases": [{"phase": "live"}, {"phase": "retired", "from": begins}]}]})
    counted = facts(database, "counted")
    assert sorted(name for name in counted if counted[name]) == [
        "new-production-before", "new-production-then", "new-sealed-before", "old-production-before"]


def test_what_a_roll_out_is_comes_from_its_counted_parts_the_last_word_first(database, story):
    story.deploy("old", "2025-03-01", "shop", sha="s1")
    rollout(story, "a", "2025-03-05 10:00", sha="s2", is_rollback=False, hotfix=True)
    rollout(story, "b", "2025-03-05 11:00", sha="s3")
    rollout(story, "c", "2025-03-05 12:00", sha="s4", environment_class="other", is_rollback=True)
    database.tell(story)
    assert facts(database, "sha", "kind", "hotfix")["R"] == ("s3", "change", True)
    rollout(story, "d", "2025-03-05 09:00", is_rollback=True, rolls_back="old")
    database.tell(story)
    assert facts(database, "sha", "kind", "rolls_back")["R"] == ("s3", "rollback", "old")


def test_of_records_with_equal_last_instants_the_greater_event_has_the_last_word(database, story):
    rollout(story, "b", "2025-03-05 10:00", sha="s1")
    rollout(story, "a", "2025-03-05 10:00", sha="s2")
    database.tell(story)
    assert facts(database, "sha") == {"R": "s2"}


def test_the_lane_is_that_of_the_part_that_finished_last_and_of_equals_the_greater(database, story):
    for name, hours in (("late-sealed", (10, 11)), ("late-production", (11, 10)), ("equal", (10, 10))):
        for meant, hour in zip(("production", "sealed"), hours):
            story.deploy(f"{name}-{meant}", f"2025-03-05 {hour}:00", "lab", sha=name, rollout_id=name,
                         environment=meant, environment_class=meant)
    database.tell(story, LAB)
    assert facts(database, "lane") == {"late-sealed": "sealed", "late-production": "production",
                                       "equal": "sealed"}


# -- kinds and lanes, R12 to R14 -------------------------------------------------------------------

def test_lanes_know_nothing_of_each_other(database, story):
    """What runs in one is new in the other, and a rollback takes back what is in its own."""
    for number, (meant, sha) in enumerate((
            ("sealed", "a"), ("production", "a"), ("sealed", "b"), ("production", "c"),
            ("sealed", "a"), ("production", "a"))):
        story.deploy(f"d{number}", f"2025-03-0{number + 1}", "lab", sha=sha, environment_class=meant)
    database.tell(story, LAB)
    assert facts(database, "kind", "rolls_back") == {
        "d0": ("change", None), "d1": ("change", None), "d2": ("change", None), "d3": ("change", None),
        "d4": ("rollback", "d2"), "d5": ("rollback", "d3")}


@pytest.mark.parametrize("fields, kind", [
    ({"sha": "b"}, "redeploy"),
    ({"sha": "b", "changes": []}, "redeploy"),
    ({"sha": "b", "changes": ["x"]}, "change"),
    ({"sha": "b", "changes": ["x"], "is_rollback": True}, "rollback"),
    ({"sha": "b", "is_rollback": False}, "redeploy"),
    ({"sha": "a"}, "rollback"),
    ({"sha": "a", "is_rollback": False}, "change"),
    ({"sha": "a", "is_rollback": None}, "rollback"),
    ({"sha": "c"}, "change"),
    ({}, "change"),
])
def test_the_kind_is_the_first_that_fits(database, story, fields, kind):
    story.deploy("d1", "2025-03-01", "shop", sha="a")
    story.deploy("d2", "2025-03-02", "shop", sha="b")
    story.deploy("d3", "2025-03-03", "shop", **fields)
    assert facts(database.tell(story), "kind")["d3"] == kind


def test_after_an_unknown_sha_nothing_is_compared(database, story):
    for day, sha in enumerate(("a", "b", None, "b", "a"), 1):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", **({"sha": sha} if sha else {}))
    assert facts(database.tell(story), "kind") == {
        "d1": "change", "d2": "change", "d3": "change", "d4": "change", "d5": "rollback"}


def test_an_older_sha_is_one_first_seen_earlier_however_often_it_was_seen_since(database, story):
    """a b a b: the second b is newer than a, though a was there before it."""
    for day, sha in enumerate("abab", 1):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", sha=sha)
    assert facts(database.tell(story), "kind") == {
        "d1": "change", "d2": "change", "d3": "rollback", "d4": "change"}


def test_a_rollback_names_an_earlier_change_or_what_it_names_is_not_asked(database, story):
    for day in (1, 2):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", sha=f"s{day}")
    for name, names in (("later", "d9"), ("attempt", "bad"), ("rollback", "later"), ("none-left", "zz")):
        story.deploy(name, "2025-03-05", "shop", is_rollback=True, rolls_back=names, sha="s1")
    story.deploy("bad", "2025-03-03", "shop", "failed")
    story.deploy("d9", "2025-03-09", "shop", sha="s9")
    story.deploy("zz", "2025-03-05", "shop", sha="s3")      # at the same instant, but after it in order
    taken = facts(database.tell(story), "rolls_back")
    # In order of their ids: d2 is the latest, then d1; then there is none.
    assert [taken[name] for name in ("attempt", "later", "none-left", "rollback")] \
        == ["d2", "d1", None, None]


# -- what is delivered, R15 and R16 ----------------------------------------------------------------

def delivered(database, *names):
    found = facts(database, "changes")
    return [[change for change, _ in found[name]] for name in names]


def test_a_deployment_delivers_up_to_its_own_place_in_the_push(database, story):
    """Of changes that landed together the ordinal decides, then the id."""
    story.change("c0", "2025-03-01", "shop")
    for name, ordinal in (("z", 0), ("b", 1), ("c", 1), ("d", 1), ("a", 2)):
        story.change(name, "2025-03-02", "shop", ordinal=ordinal)
    for day, sha in ((1, "c0"), (3, "c"), (4, "a")):
        story.deploy(f"d{day}", f"2025-03-0{day}", "shop", sha=sha)
    assert delivered(database.tell(story), "d1", "d3", "d4") == [[], ["z", "b", "c"], ["d", "a"]]


def test_a_list_is_exactly_what_is_delivered_even_if_it_is_empty(database, story):
    for day in range(1, 6):
        story.change(f"c{day}", f"2025-03-0{day}", "shop")
    story.deploy("d1", "2025-03-01 12:00", "shop", sha="c1")
    story.deploy("d2", "2025-03-04 12:00", "shop", sha="c4", changes=["c3"])
    story.deploy("d3", "2025-03-04 13:00", "shop", sha="s", changes=[])
    story.deploy("d4", "2025-03-05 12:00", "shop", sha="c5")
    database.tell(story)
    assert delivered(database, "d1", "d2", "d3", "d4") == [[], ["c3"], [], ["c2", "c4", "c5"]]
    assert facts(database, "lead_source") == {"d1": "baseline", "d2": "explicit", "d3": "explicit",
                                              "d4": "inferred"}


def test_the_baseline_is_the_first_of_known_content_whatever_came_before(database, story):
    """A list, an unknown sha and a rollback come first; neither reaches along the changes."""
    for day in range(1, 5):
        story.change(f"c{day}", f"2025-03-0{day}", "shop")
    story.deploy("listed", "2025-03-05", "shop", sha="c1", changes=["c1"])
    story.deploy("unknown", "2025-03-06", "shop", sha="x")
    story.deploy("back", "2025-03-07", "shop", sha="c4", is_rollback=True)
    story.deploy("first", "2025-03-08", "shop", sha="c3")
    story.deploy("next", "2025-03-09", "shop", sha="c4", is_rollback=False)
    database.tell(story)
    assert facts(database, "lead_source") == {"listed": "explicit", "unknown": "unknown", "back": None,
                                              "first": "baseline", "next": "inferred"}
    assert delivered(database, "listed", "first", "next") == [["c1"], [], ["c4"]]
    assert database.month("shop", "2025-03")["lead_time_unknown_deployments"] == 2


def test_a_lead_time_of_nothing_is_not_a_negative_one(database, story):
    story.change("c1", "2025-03-05", "shop", committed="2025-03-05")
    story.change("c2", "2025-03-05", "shop", committed="2025-03-05 00:00:00.000001")
    story.deploy("d", "2025-03-05", "shop", changes=["c1", "c2"])
    row = database.tell(story).month("shop", "2025-03")
    assert (row["lead_time_n"], row["lead_time_clamped"], row["lead_time_p95_s"]) == (2, 1, 0)


@pytest.mark.parametrize("start, known, hours", [
    ("commit", "committed", 5), ("commit", "", 1), ("merge", "committed", 1),
    ("review", "committed first opened", 5), ("review", "first opened", 4), ("review", "opened", 3),
    ("review", "", 1), ("review", "late first opened", 4)])
def test_where_a_lead_time_begins(database, story, start, known, hours):
    """Committed at 7 (or late, at 11), first commit at 8, opened at 9, landed at 11, out at 12."""
    committed = {"committed": "2025-03-05 07:00", "late": "2025-03-05 11:00"}
    story.change("c", "2025-03-05 11:00", "shop", committed=next(
        (committed[word] for word in known.split() if word in committed), None))
    review = {"first": ("first_commit_at", "2025-03-05T08:00:00Z"),
              "opened": ("opened_at", "2025-03-05T09:00:00Z")}
    for word in known.split():
        if word in review:
            story.add("change", "2025-03-05 11:30", {"change_id": "c", "review": dict([review[word]])})
    story.deploy("d", "2025-03-05 12:00", "shop", changes=["c"])
    row = database.tell(story, {"lead_time_start": start}).month("shop", "2025-03")
    assert row["lead_time_p50_s"] == hours * 3600


def test_of_landings_at_one_instant_that_of_the_lesser_id_stands(database, story):
    story.change("c", "2025-03-05 10:00", "shop", committed="2025-03-05 09:00")
    story.change("c", "2025-03-05 10:00", "shop", committed="2025-03-05 08:00")
    story.deploy("d", "2025-03-05 12:00", "shop", changes=["c"])
    assert database.tell(story).month("shop", "2025-03")["lead_time_p50_s"] == 3 * 3600


# -- rows ------------------------------------------------------------------------------------------

def test_an_attempt_does_not_make_delivery_measured_and_a_rollback_does(database, story):
    months = ["2025-03", "2025-04", "2025-05", "2025-06"]

    def said():
        rows = [database.month("lab", month) for month in months]
        return [(row["delivery_measured"], row["deployments"], row["rollbacks"], row["failed_attempts"])
                for row in rows]

    story.deploy("bad", "2025-03-05", "lab", "failed")
    story.deploy("back", "2025-05-05", "lab", is_rollback=True)
    database.tell(story, LAB, "2025-07-01T00:00:00Z")
    nothing = (False, None, None, None)
    assert said() == [nothing, nothing, (True, 0, 1, 0), (True, 0, 0, 0)]
    # The month between was not measured until somebody said so of the one before.
    story.deploy("early", "2025-03-06", "lab", is_rollback=True)
    database.tell(story.events[2:], as_of="2025-07-01T00:00:00Z")
    assert said() == [(True, 0, 1, 1), (True, 0, 0, 0), (True, 0, 1, 0), (True, 0, 0, 0)]
    story.correct("2025-06-20", "deployment", "early", "excluded", True)
    database.tell(story.events[3:], as_of="2025-07-01T00:00:00Z")
    assert said() == [nothing, nothing, (True, 0, 1, 0), (True, 0, 0, 0)]


def test_what_is_no_change_is_in_the_fail_rate_only_if_something_speaks_against_it(database, story):
    """An attempt, a rollback and a redeploy each; against the second of each a change request."""
    story.deploy("d1", "2025-03-01", "shop", sha="a")
    for number in (1, 2):
        story.deploy(f"bad{number}", f"2025-03-1{number}", "shop", "failed")
        story.deploy(f"same{number}", f"2025-03-1{number} 01:00", "shop", sha="a", hotfix=True)
        story.deploy(f"back{number}", f"2025-03-2{number}", "shop", sha="a", is_rollback=True,
                     rolls_back="nobody", hotfix=True)
    story.request("CR", "2025-03-30", deployment_ids=["bad2", "same2", "back2"],
                  close_code="unsuccessful")
    row = database.tell(story).month("shop", "2025-03")
    assert (row["deployments"], row["failed_attempts"], row["redeploys"], row["rollbacks"]) == (1, 2, 2, 2)
    # d1 was taken back by the first rollback.
    assert (row["failed_deployments"], row["fail_rate_n"]) == (4, 4)
    # Of the hotfixes none is a change.
    assert (row["hotfixes"], row["rework_deploy_rate_n"], row["rework_deploy_rate"]) \
        == (0, 3, round(2 / 3, 6))


# -- equal instants, told one by one ---------------------------------------------------------------

@pytest.mark.parametrize("order", [*itertools.islice(itertools.permutations(range(6)), 0, 720, 131)])
def test_what_happened_at_one_instant_may_be_told_in_any_order(database, story, order):
    at = "2025-03-05 10:00"
    for name in ("c1", "c2"):
        story.change(name, "2025-03-05 09:00", "shop")
    story.deploy("d0", "2025-03-05 09:30", "shop", sha="c0")
    story.deploy("d1", at, "shop", sha="c1")
    story.deploy("d2", at, "shop", sha="c2")
    story.deploy("d3", at, "shop", is_rollback=True)
    story.deploy("d4", at, "shop", sha="c1", changes=["c1", "c2"])
    story.deploy("d5", at, "shop", is_rollback=True)
    story.outage("i", at, at, "shop")
    database.tell(story.events[:3])
    for place in order:
        database.tell(story.events[3 + place:4 + place])
    database.tell(story.events)
    assert facts(database, "kind", "rolls_back", "lead_source") == {
        "d0": ("change", None, "unknown"), "d1": ("change", None, "baseline"),
        "d2": ("change", None, "inferred"), "d3": ("rollback", "d2", None),
        "d4": ("change", None, "explicit"), "d5": ("rollback", "d4", None)}
    assert database.incident("i")["attr_rule"] == "rollback"
    assert database.verify() == []


def test_of_what_was_deployed_at_one_instant_the_greatest_id_runs_when_more_is_told(database, story):
    for name, sha in (("d1", "a"), ("d2", "b")):
        story.deploy(name, "2025-03-05", "shop", sha=sha)
    database.tell(story)
    story.deploy("d3", "2025-03-06", "shop", sha="b")
    story.deploy("d4", "2025-03-07", "shop", sha="a")
    assert facts(database.tell(story), "kind", "rolls_back") == {
        "d1": ("change", None), "d2": ("change", None), "d3": ("redeploy", None),
        "d4": ("rollback", "d2")}


def test_of_two_at_one_instant_the_lesser_id_delivers_and_takes_back(database, story):
    story.change("c", "2025-03-01", "shop")
    story.deploy("d0", "2025-03-02", "shop", sha="a")
    for name in ("d2", "d1"):
        story.deploy(name, "2025-03-05", "shop", changes=["c"])
    for name in ("r2", "r1"):
        story.deploy(name, "2025-03-06", "shop", is_rollback=True, rolls_back="d0")
    database.tell(story)
    assert delivered(database, "d1", "d2") == [["c"], []]
    assert facts(database, "rolled_back_by")["d0"] == "r1"
