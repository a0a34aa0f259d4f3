# SPDX-License-Identifier: Apache-2.0
"""Planned, failure demand, or useful but unplanned: which rule says so."""

import pytest

from story import Story


@pytest.fixture
def story():
    return Story()


@pytest.mark.parametrize("fields, want, rule", [
    ({"class_override": "planned", "item_type": "bug"}, "planned", "override"),
    ({"class_override": "nonsense", "item_type": "bug"}, "failure_demand", "type"),
    ({"labels": ["dora:adhoc", "dora:failure"]}, "failure_demand", "override"),
    ({"linked_incidents": ["never-seen"], "item_type": "Story"}, "failure_demand",
     "linked_incident"),
    ({"linked_incidents": [], "item_type": "Story"}, "planned", "default"),
    ({"item_type": " Defect "}, "failure_demand", "type"),
    ({"item_type": "[System] Incident"}, "failure_demand", "type"),
    ({"labels": ["Regression"], "item_type": "support"}, "failure_demand", "label"),
    ({"item_type": "Service Request", "labels": ["x"]}, "adhoc_value", "type"),
    ({"labels": ["Interrupt"]}, "adhoc_value", "label"),
    ({"priority": "Expedite"}, "adhoc_value", "priority"),
    ({"priority": "Highest"}, "planned", "default"),
    ({"sprint_started_at": "2025-01-01 00:00", "added_to_sprint_at": "2025-01-02 00:01"},
     "adhoc_value", "added_after_sprint_start"),
    ({"sprint_started_at": "2025-01-01 00:00", "added_to_sprint_at": "2025-01-02 00:00"},
     "planned", "default"),
])
def test_the_first_rule_that_fits_gives_the_class(database, story, fields, want, rule):
    story.item("w1", "2025-01-10 10:00", "done", ["shop"], **fields)
    database.tell(story)
    item = database.item("w1")
    assert (item["class"], item["class_rule"]) == (want, rule)


def test_labels_changed_one_by_one_count_from_the_last_whole_list_on(database, story):
    story.item("w1", "2025-01-09 10:00", "todo", ["shop"], label_changes={"bug": True})
    story.item("w1", "2025-01-10 10:00", "done", labels=["x", "support"])
    story.item("w1", "2025-01-11 10:00", None, label_changes={"support": False, "y": True})
    database.tell(story)
    item = database.item("w1")
    assert (item["labels"], item["class"]) == (["x", "y"], "planned")


def test_a_coordinate_that_is_cleared_names_no_service_any_more(database, story):
    """Moved from one component to none, and of another from a configuration item to a service."""
    catalog = {"services": [
        {"name": "cart", "sources": [{"jira": "SHOP", "component": "Cart"}]},
        {"name": "rest", "sources": [{"jira": "SHOP"}]},
        {"name": "till", "sources": [{"servicenow": "Till"}]},
        {"name": "shop", "sources": [{"servicenow": "Shop"}]}]}
    jira = {"system": "jira", "host": "j", "project": "SHOP"}
    record = {"system": "servicenow", "host": "s"}
    story.item("w1", "2025-01-09 10:00", "todo", origin={**jira, "component": "Cart"})
    story.item("w1", "2025-01-10 10:00", "done", origin={**jira, "component": None})
    story.item("w2", "2025-01-09 10:00", "todo", origin={**record, "ci": "Till", "ci_id": "c1"})
    story.item("w2", "2025-01-10 10:00", "done",
               origin={**record, "ci": None, "ci_id": None, "component": "Shop"})
    database.tell(story, catalog)
    assert database.item("w1")["services"] == ["rest"]
    assert database.item("w2")["services"] == ["shop"]
    assert database.verify() == []


@pytest.mark.parametrize("steps, done_on", [
    ("done 5", 5), ("done 5, done 9", 5), ("done 5, - 7, done 9", 5), ("done 5, - 9", 5),
    ("done 5, todo 7, done 9", 9), ("cancelled 5, done 9", 9), ("done 5, cancelled 9", None),
    ("done 5, in_progress 9", None), ("- 5", None)])
def test_an_item_was_completed_when_its_last_run_of_done_began(database, story, steps, done_on):
    for step in steps.split(", "):
        status, day = step.split()
        story.item("w1", f"2025-01-0{day}", None if status == "-" else status, ["shop"])
    database.tell(story)
    assert database.one("SELECT to_char(done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"
                        " FROM dorad.explain_item") == (done_on and f"2025-01-0{done_on}")


def test_of_equal_instants_the_status_of_the_greater_id_is_the_last(database, story):
    for name, words in (("w1", ("todo", "done")), ("w2", ("done", "todo"))):
        for status in words:
            story.item(name, "2025-01-05", status, ["shop"])
    database.tell(story)
    assert (database.item("w1")["counted"], database.item("w2")["counted"]) == (True, False)


@pytest.mark.parametrize("at, services", [
    ("2025-01-09 23:59:59.999999", ["old"]), ("2025-01-10", []), ("2025-01-19 23:59:59.999999", []),
    ("2025-01-20", ["old"])])
def test_an_item_counts_for_a_service_that_was_not_retired_when_it_was_done(
        database, story, at, services):
    story.item("alone", at, "done", ["old"])
    story.item("both", at, "done", ["old", "shop"])
    story.item("team", at, "done", ["old"], team="red")
    database.tell(story, {"services": [{"name": "shop", "owners": "blue"}, {
        "name": "old", "owners": "blue", "phases": [
            {"phase": "live"}, {"phase": "retired", "from": "2025-01-10T00:00:00Z"},
            {"phase": "live", "from": "2025-01-20T00:00:00Z"}]}]})
    assert database.item("alone")["exclusion"] == (None if services else "unmapped")
    assert database.item("both")["services"] == services + ["shop"]
    # Without any service it is its team's all the same.
    assert database.month("red", "2025-01", "team")["items_done"] == 1
    assert database.month("blue", "2025-01", "team")["items_done"] == 1 + len(services)


def test_an_item_of_two_services_is_one_of_their_team_and_one_of_each_team_they_have(
        database, story):
    story.item("w1", "2025-01-10", "done", ["shop", "till", "bank", "nobodys"])
    database.tell(story, {"services": [{"name": n, "owners": t} for n, t in (
        ("shop", "red"), ("till", "red"), ("bank", "blue"))]})
    assert [database.month(team, "2025-01", "team")["items_done"] for team in ("red", "blue")] == [1, 1]
    assert database.month("nobodys", "2025-01")["items_done"] == 1


def test_added_late_is_more_than_a_day_after_the_sprint_began(database, story):
    for name, added in (("w1", "2025-01-02 00:00"), ("w2", "2025-01-02 00:00:00.000001")):
        story.item(name, "2025-01-10", "done", ["shop"], sprint_started_at="2025-01-01",
                   added_to_sprint_at=added)
    story.item("w3", "2025-01-10", "done", ["shop"], added_to_sprint_at="2025-01-09")
    database.tell(story)
    assert [database.item(name)["class"] for name in ("w1", "w2", "w3")] \
        == ["planned", "adhoc_value", "planned"]
