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
