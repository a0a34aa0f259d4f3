# SPDX-License-Identifier: Apache-2.0
"""From an incident's events to when it began, how long it was open, and whether it counts; each
number was worked out by hand."""

import pytest

from story import Story

HOUR = 3600


@pytest.fixture
def story():
    return Story()


def walk(story, incident, steps, **fields):
    """'open 10, resolved 12:30': said at 10:00 and 12:30 of 5 March; '-' says no state."""
    for number, step in enumerate(steps.split(", ")):
        state, hour = step.split()
        at = f"2025-03-05 {hour if ':' in hour else hour + ':00'}"
        story.incident(incident, at, None if state == "-" else state,
                       ["shop"], **(fields if number == 0 else {}))


@pytest.mark.parametrize("steps, started_at, restore_h, reopens", [
    # R20: the first interval begins at the known start, else where it was opened.
    ("open 10, resolved 12", None, 2, 0),
    ("open 10, resolved 12", "2025-03-05 09:00", 3, 0),
    ("- 10, resolved 12", None, 2, 0),
    ("open 10, - 11, resolved 12", None, 2, 0),
    ("open 10, resolved 12", "2025-03-05 13:00", 0, 0),                  # not below 0
    # R21: any other interval where it was opened again.
    ("open 10, resolved 12, open 13, resolved 16", None, 5, 1),
    ("open 10, resolved 12, open 13, resolved 16", "2025-03-05 09:00", 6, 1),
    ("open 10, resolved 12, resolved 13, open 14, open 15, resolved 16", None, 4, 1),
    ("open 10, resolved 12, open 13, resolved 14, open 15, resolved 16", None, 4, 2),
    # One below 0 takes nothing from the others.
    ("open 10, resolved 12, open 13, resolved 16", "2025-03-05 12:30", 3, 1),
    # A cancellation ends an interval and adds nothing.
    ("open 10, cancelled 12, open 13, resolved 16", None, 3, 1),
    ("open 10, cancelled 12, open 13, resolved 16", "2025-03-05 09:00", 3, 1),
    ("open 10, cancelled 12, resolved 13", None, 0, 0),
    ("open 10, resolved 11, cancelled 12, resolved 13", None, 1, 0),
    # First seen as cancelled: that was its first interval.
    ("cancelled 10, open 13, resolved 16", None, 3, 1),
    ("cancelled 10, open 13, resolved 16", "2025-03-05 09:00", 3, 1),
    ("cancelled 10, resolved 12", "2025-03-05 09:00", 0, 0),
    ("cancelled 10, resolved 12", None, None, 0),
    # R22: first seen as resolved, it has a sample if its start is known, whatever follows.
    ("resolved 12", "2025-03-05 09:00", 3, 0),
    ("resolved 12", None, None, 0),
    ("resolved 12, open 13, resolved 16", "2025-03-05 09:00", 6, 1),
    ("resolved 12, open 13, resolved 16", None, None, 1),
])
def test_the_time_to_restore_is_the_sum_of_the_open_intervals(
        database, story, steps, started_at, restore_h, reopens):
    walk(story, "i", steps, **({"started_at": started_at} if started_at else {}))
    row = database.tell(story).month("shop", "2025-03")
    want = None if restore_h is None else restore_h * HOUR
    assert (row["incidents_restored"], row["restore_n"], row["restore_p50_s"], row["reopens"]) \
        == (1, restore_h is not None, want, reopens)


def test_what_is_said_of_its_end_is_the_end_of_that_resolution_alone(database, story):
    story.incident("early", "2025-03-05 10:00", "open", ["shop"])
    story.incident("early", "2025-03-05 12:00", "resolved", resolved_at="2025-03-05 11:00")
    story.incident("early", "2025-03-05 14:00", "resolved", resolved_at="2025-03-05 13:30")
    story.incident("before", "2025-03-05 10:00", "open", ["till"])
    story.incident("before", "2025-03-05 12:00", "resolved", resolved_at="2025-02-28 11:00")
    database.tell(story)
    assert database.month("shop", "2025-03")["restore_p50_s"] == HOUR
    # It ended before it began, in February: 0 there, and not less.
    assert [database.month("till", month)["incidents_restored"] for month in ("2025-02", "2025-03")] \
        == [1, 0]
    assert database.month("till", "2025-02")["restore_p50_s"] == 0


def test_it_began_with_its_first_event_unless_somebody_says_when(database, story):
    story.incident("i", "2025-01-20", None, ["shop"])
    story.incident("i", "2025-02-20", "open")
    story.incident("j", "2025-02-20", "open", ["till"])
    story.incident("j", "2025-03-20", "resolved", started_at="2025-01-20")
    database.tell(story)
    assert [database.month(name, "2025-01")["incidents_started"] for name in ("shop", "till")] == [1, 1]


# -- what does not count, R23 ----------------------------------------------------------------------

def test_of_several_reasons_against_an_incident_the_first_is_named(database, story):
    reasons = {"duplicate": {"duplicate_of": "known"}, "cancelled": {}, "environment": {
        "environment_class": "other"}, "severity": {"severity": 4}, "unmapped": {}}
    story.incident("known", "2025-03-05", "open", ["shop"])
    names = list(reasons)
    for place, name in enumerate(names):
        fields = {key: value for other in names[place:] for key, value in reasons[other].items()}
        story.incident(name, "2025-03-05", "cancelled" if place < 2 else "open", [], **fields)
    database.tell(story)
    assert {name: database.incident(name)["exclusion"] for name in names} == {n: n for n in names}


@pytest.mark.parametrize("most", [1, 3])
def test_an_incident_of_the_greatest_severity_that_counts_counts(database, story, most):
    for severity in range(1, 6):
        story.incident(f"i{severity}", "2025-03-05", "open", ["shop"], severity=severity)
    database.tell(story, {"max_severity": most})
    assert database.month("shop", "2025-03")["incidents_started"] == most


def test_a_service_is_hit_until_it_is_retired_and_sealed_until_it_goes_live(database, story):
    at = {"before": "2025-03-04 23:59:59.999999", "then": "2025-03-05", "after": "2025-03-05 00:00:01"}
    for word, when in at.items():
        for service in ("old", "new"):
            story.incident(f"{service}-{word}", when, "open", [service],
                           environment_class="sealed" if service == "new" else "production")
    story.incident("unlisted", "2025-03-05", "open", ["unlisted"], environment_class="sealed")
    begins = "2025-03-05T00:00:00Z"
    database.tell(story, {"services": [
        {"name": "old", "phases": [{"phase": "live"}, {"phase": "retired", "from": begins}]},
        {"name": "new", "phases": [{"phase": "development"}, {"phase": "live", "from": begins}]}]},
        as_of="2025-03-20T00:00:00Z")
    counted = {row["incident_id"]: row["exclusion"] for row in database.sql(
        "SELECT incident_id, exclusion FROM dorad.explain_incident")}
    assert counted == {"old-before": None, "old-then": "phase", "old-after": "phase",
                       "new-before": None, "new-then": "phase", "new-after": "phase",
                       "unlisted": "phase"}


def test_a_duplicate_of_one_that_does_not_count_is_out_all_the_same(database, story):
    story.incident("a", "2025-03-05", "open", ["shop"], severity=5)
    story.incident("b", "2025-03-05", "open", ["shop"], duplicate_of="a")
    story.incident("self", "2025-03-05", "open", ["shop"], duplicate_of="self")
    story.incident("leads-in", "2025-03-05", "open", ["shop"], duplicate_of="y")
    story.incident("y", "2025-03-05", "open", ["shop"], duplicate_of="z")
    story.incident("z", "2025-03-05", "open", ["shop"], duplicate_of="y")
    database.tell(story)
    assert {name: database.incident(name)["exclusion"] for name in ("b", "self", "leads-in", "y", "z")} \
        == {"b": "duplicate", "self": None, "leads-in": "duplicate", "y": None, "z": "duplicate"}


# -- in a team -------------------------------------------------------------------------------------

def test_a_team_recovers_from_what_some_of_its_services_caused(database, story):
    """One sample each; the bank is another team's, and a victim."""
    story.deploy("d", "2025-03-05 09:00", "shop", sha="a")
    story.outage("i", "2025-03-05 10:00", "2025-03-05 12:00", "shop", "till", "bank",
                 caused_by_deployments=["d"])
    story.outage("j", "2025-03-20 10:00", "2025-03-20 11:00", "shop", cause="weather")
    database.tell(story, {"services": [{"name": n, "owners": t} for n, t in (
        ("shop", "red"), ("till", "red"), ("bank", "blue"))]})
    red, blue = (database.month(team, "2025-03", "team") for team in ("red", "blue"))
    assert (red["restore_n"], red["recovery_n"], red["recovery_p50_s"]) == (2, 1, 2 * HOUR)
    assert (blue["restore_n"], blue["recovery_n"], blue["recovery_p50_s"]) == (1, 0, None)
    assert database.incident("i", "bank")["attr_rule"] == "explicit_other_service"
