# SPDX-License-Identifier: Apache-2.0
"""An operator's word goes after every rule, stays, and can be taken back."""

import json
import os

import pytest

from stream_events import add, event

HISTORY = [
    event("deployment", f"e{day}", f"2025-03-{day:02}T10:00:00Z",
          {"deployment_id": f"d{day}", "service": "shop", "environment": "production",
           "status": "succeeded", "sha": f"{day:040x}"})
    for day in range(1, 6)
] + [
    event("incident", "i1", "2025-03-03T11:00:00Z",
          {"incident_id": "inc-1", "state": "open", "services": ["shop"]}),
    event("incident", "i2", "2025-03-03T12:00:00Z", {"incident_id": "inc-1", "state": "resolved"}),
    event("work_item", "w1", "2025-03-04T12:00:00Z",
          {"item_id": "item-1", "status": "done", "services": ["shop"], "item_type": "story"}),
]


@pytest.fixture
def site(full_site):
    add(full_site, HISTORY)
    roll_up(full_site)
    return full_site


def roll_up(site):
    site.run("rollup", "--once")        # a correction is made now, and counts from then on


def march(site):
    return site.query("SELECT * FROM dorad.monthly_service"
                      " WHERE service = 'shop' AND month = '2025-03-01'")[0]


def failed(site):
    return [row["deployment_id"] for row in site.query(
        "SELECT deployment_id FROM dorad.explain_deployment WHERE failed ORDER BY 1")]


def test_a_deployment_did_not_fail_after_all_and_the_word_survives(site):
    assert failed(site) == ["d3"] and march(site)["failed_deployments"] == 1
    kept = site.table("correct", "deployment", "d3", "--not-failed",
                      "--reason", "the probe was wrong", "--by", "ann")
    assert [(row["kind"], row["target"], row["field"], row["value"], row["by"])
            for row in kept] == [("deployment", "d3", "failure", False, "ann")]
    roll_up(site)
    assert failed(site) == [] and march(site)["fail_rate"] == 0
    site.run("rollup", "--rebuild")
    assert failed(site) == []
    site.run("replay")
    roll_up(site)
    assert failed(site) == []
    assert site.run("rollup", "--verify").stdout == ""


def test_it_shows_in_explain_and_in_the_list(site):
    site.run("correct", "deployment", "d2", "--failed", "--reason", "known bad", "--by", "ann")
    roll_up(site)
    rows = {row["fact_id"]: row for row in site.table("explain", "shop", "2025-03", "fail_rate")}
    assert rows["d2"]["rule"] == "failed: correction"
    assert [(row["target"], row["field"], row["value"], row["by"], row["reason"])
            for row in site.table("correct", "list")] == \
        [("d2", "failure", True, "ann", "known bad")]


def test_the_last_word_stands_and_what_is_withdrawn_does_not(site):
    site.run("correct", "deployment", "d3", "--not-failed", "--reason", "first")
    site.run("correct", "deployment", "d3", "--failed", "--reason", "second")
    roll_up(site)
    [standing] = site.table("correct", "list")
    assert standing["reason"] == "second" and failed(site) == ["d3"]
    site.run("correct", "withdraw", standing["id"])
    roll_up(site)
    [standing] = site.table("correct", "list")
    assert standing["reason"] == "first" and failed(site) == []
    site.run("correct", "withdraw", standing["id"])
    roll_up(site)
    assert site.table("correct", "list") == [] and failed(site) == ["d3"]
    again = site.run("correct", "withdraw", standing["id"], check=False)
    assert again.returncode == 1 and "stands nowhere" in again.stderr


def test_an_incident_is_put_to_another_deployment_or_to_none(site):
    site.run("correct", "incident", "inc-1", "--caused-by", "d1", "--caused-by", "d2",
             "--reason", "the log says so")
    roll_up(site)
    assert failed(site) == ["d1", "d2"]
    site.run("correct", "incident", "inc-1", "--caused-by-none", "--reason", "a digger")
    roll_up(site)
    assert failed(site) == []
    assert march(site)["restore_n"] == 1


def test_what_is_excluded_is_in_no_number_until_it_is_included_again(site):
    site.run("correct", "deployment", "d4", "--exclude", "--reason", "a test of the pipeline")
    site.run("correct", "incident", "inc-1", "--exclude", "--reason", "a drill")
    roll_up(site)
    row = march(site)
    assert (row["deployments"], row["incidents_started"], row["restore_n"]) == (4, 0, 0)
    site.run("correct", "deployment", "d4", "--include", "--reason", "it was real")
    roll_up(site)
    assert march(site)["deployments"] == 5


def test_the_class_of_an_item_is_corrected(site):
    assert march(site)["items_planned"] == 1
    site.run("correct", "item", "item-1", "--class", "failure_demand", "--reason", "rework")
    roll_up(site)
    row = march(site)
    assert (row["items_planned"], row["items_failure_demand"]) == (0, 1)


def test_a_running_receiver_forwards_it(site):
    receive = site.start("receive")
    site.run("correct", "deployment", "d3", "--not-failed", "--reason", "the probe was wrong")
    assert len(site.entries("correction")) == 1
    assert receive.is_running()
    roll_up(site)
    assert failed(site) == []
    [delivery] = site.table("deliveries", "--endpoint", "operator")
    assert delivery["state"] == "forwarded"


@pytest.mark.parametrize("arguments, words", [
    (["deployment", "d3", "--not-failed"], "why? --reason"),
    (["deployment", "d3", "--reason", "x"], "what about it?"),
    (["deployment", "d3", "--failed", "--not-failed", "--reason", "x"], "contradicts"),
    (["incident", "inc-1", "--failed", "--reason", "x"], "--failed is for a deployment"),
    (["item", "item-1", "--class", "sad", "--reason", "x"], "want planned, failure_demand"),
    (["service", "shop", "--exclude", "--reason", "x"], "want deployment, incident, item"),
    (["deployment"], "want what"),
])
def test_misuse_is_said_in_words(site, arguments, words):
    done = site.run("correct", *arguments, check=False)
    assert done.returncode == 2 and words in done.stderr
    assert site.redis.entries("correction") == []


def test_what_nobody_knows_is_not_corrected_unless_asked_for(site):
    arguments = ["correct", "deployment", "d99", "--exclude", "--reason", "x"]
    done = site.run(*arguments, check=False)
    assert done.returncode == 1 and "no deployment d99 is known" in done.stderr
    assert site.redis.entries("correction") == []
    site.run(*arguments, "--unknown")
    [entry] = site.entries("correction")
    assert entry["data"]["target"] == {"kind": "deployment", "id": "d99"}
    assert json.loads(site.redis.entries("correction")[0]["data"])["reason"] == "x"


def test_a_word_that_is_no_utf8_is_named_as_what_is_wrong(site):
    for words in ((b"d1", b"--reason", b"caf\xe9"), (b"d\xe9", b"--reason", b"why"),
                  (b"d1", b"--reason", b"why", b"--service", b"\xe9")):
        done = site.run("correct", "deployment", "--failed", *map(os.fsdecode, words), check=False)
        assert done.returncode == 2 and "no UTF-8" in done.stderr
    done = site.run("correct", "incident", "inc-1", "--reason", "why",
                    "--caused-by", "d1", "--caused-by", os.fsdecode(b"\xe9"), check=False)
    assert done.returncode == 2 and "no UTF-8" in done.stderr
    assert site.table("correct", "list") == []
