# SPDX-License-Identifier: Apache-2.0
"""/data: what the receivers say of their ledgers, by way of Redis and Postgres."""

import json
from datetime import datetime, timezone

import pytest

from harness.wait import wait_until
from paper import Paper


@pytest.fixture
def whole(full_site):
    full_site.endpoint("push", "events")
    receive = full_site.start("receive")
    full_site.start("rollup")
    return full_site, receive, full_site.start("portal")


def data(portal):
    return json.loads(portal.get("/api/v1/data").body)


def push(site, receive, body):
    return receive.post("push", body, {
        "Authorization": f"Bearer {site.secrets['push']}",
        "Content-Type": "application/x-ndjson"}).status


def test_deliveries_in_quarantine_are_counted_and_their_bodies_shown_nowhere(whole):
    site, receive, portal = whole
    assert push(site, receive, "no JSON: never-shown") == 200
    site.redis.client().hset("dorad:receivers", mapping={
        "stranger": "never-shown, no report", "half": '{"at": "never-shown"}'})
    wait_until(lambda: [each["quarantined"] for each in data(portal)["receivers"]] == [1],
               what=lambda: f"the delivery to be counted: {data(portal)}")
    said = data(portal)["receivers"][0]
    assert (said["backlog"], said["dead"]) == (0, 0)
    named = site.table("deliveries", "--state", "quarantined")
    assert len(named) == 1
    age = datetime.now(timezone.utc) - datetime.fromisoformat(said["said_at"])
    assert abs(age.total_seconds()) < 120
    page = Paper(portal.get("/data").body.decode(), "http://x/data")
    assert said["ledger"] in page.text and "Could not be read" in page.text
    assert "never-shown" not in page.text


def test_a_report_that_redis_refuses_holds_up_no_event(full_site):
    full_site.endpoint("push", "events")
    full_site.redis.client().set("dorad:receivers", "no hash")
    receive = full_site.start("receive")
    event = {"specversion": "1.0", "id": "1", "source": "/x", "type": "dorad.deployment.v1",
             "time": "2026-05-01T10:00:00Z",
             "data": {"service": "checkout", "deployment_id": "1", "status": "succeeded",
                      "environment": "production", "environment_class": "production"}}
    assert push(full_site, receive, json.dumps(event)) == 200
    full_site.wait_for_entries("deployment", 1)
    full_site.run("rollup", "--once", "--as-of", "2026-05-02T00:00:00Z")
    assert full_site.query("SELECT count(*) AS n FROM dorad.fact_deployment") == [{"n": 1}]
