# SPDX-License-Identifier: Apache-2.0
"""Stories of what wakes people up, from the request to the row, told once and through two hooks."""

import hashlib
import hmac

import pytest

from harness.golden import rows_of
from stories import Story, both, catalog, check, microseconds, service


# -- Alertmanager ------------------------------------------------------------------------------

def alert(began, ended=None, name="Errors", env="production"):
    return {"status": "resolved" if ended else "firing",
            "labels": {"alertname": name, "service": "am-shop", "severity": "critical",
                       "env": env},
            "annotations": {}, "startsAt": f"2026-06-{began}.123456789Z",
            "endsAt": f"2026-06-{ended}.123456789Z" if ended else "0001-01-01T00:00:00Z",
            "fingerprint": hashlib.sha256(f"{name}{env}".encode()).hexdigest()[:16]}


def group(*alerts):
    return {"version": "4", "groupKey": "{}", "status": "firing", "receiver": "dorad",
            "externalURL": "https://alertmanager.example", "alerts": list(alerts)}


ALERTMANAGER = Story("alertmanager", "alertmanager", [
    (group(alert("02T10:00:00")),),
    (group(alert("02T10:00:00"), alert("02T10:30:00", env="staging")),),    # the interval is over
    (group(alert("02T10:00:00", "02T11:00:00")),),
    (group(alert("02T10:00:00")),),                         # late: it is resolved already
    (group(alert("05T10:00:00", "05T10:30:00")),),          # fires again, told resolved ...
    (group(alert("05T10:00:00")),),                         # ... before firing
    (group(alert("30T23:30:00", name="Disk")),),            # for ever
])


# -- Opsgenie ----------------------------------------------------------------------------------

def opsgenie(action, alert_id, created, updated=None, **more):
    return {"action": action, "integrationName": "dorad", "alert": {
        "alertId": alert_id, "alias": "shop", "message": "x", "entity": "og-shop",
        "tags": ["checkout"], "priority": "P2", "createdAt": microseconds(created) // 1000,
        "updatedAt": microseconds(updated or created) * 1000, **more}}


FIRST, SECOND, THIRD = ("2026-06-02T10:00:00Z", "2026-06-03T10:00:00Z", "2026-06-04T10:00:00Z")

OPSGENIE = Story("opsgenie", "opsgenie", [
    (opsgenie("Create", "a-1", FIRST),),
    (opsgenie("Create", "a-1", FIRST),),                                # again
    (opsgenie("Close", "a-1", FIRST, "2026-06-02T10:45:00Z"),),         # told before ...
    (opsgenie("Acknowledge", "a-1", FIRST, "2026-06-02T10:10:00Z"),),   # ... what came before it
    (opsgenie("AddNote", "a-1", FIRST, "2026-06-02T12:00:00Z"),),
    # What was closed comes back as another alert of the same alias.
    (opsgenie("Create", "a-2", SECOND),),
    (opsgenie("UpdatePriority", "a-2", SECOND, "2026-06-03T10:05:00Z", priority=1),),
    (opsgenie("Close", "a-2", SECOND, "2026-06-03T10:15:00Z", priority=1),),
    (opsgenie("Create", "a-3", THIRD),),
    (opsgenie("Delete", "a-3", THIRD, "2026-06-04T10:05:00Z"),),        # a false alarm
    (opsgenie("Create", "a-4", THIRD, priority="P5"),),                 # nobody was woken
])


# -- PagerDuty ---------------------------------------------------------------------------------

def paged(kind, identity, time, status, incident="Q1", **more):
    return {"event": {"id": identity, "event_type": f"incident.{kind}",
                      "resource_type": "incident", "occurred_at": f"2026-06-{time}.000Z",
                      "agent": None, "client": None, "data": {
                          "id": incident, "type": "incident", "number": 1, "status": status,
                          "html_url": f"https://acme.pagerduty.com/incidents/{incident}",
                          "title": "x", "created_at": "2026-06-02T10:00:00Z",
                          "service": {"id": "PSHOP1", "summary": "pd-shop"},
                          "urgency": "high", "priority": None, "teams": [], **more}}}


def sign_pagerduty(secret, body):
    good = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    return {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={good}"}


PAGERDUTY = Story("pagerduty", "pagerduty", [
    (paged("triggered", "e1", "02T10:00:00", "triggered"),),
    (paged("triggered", "e1", "02T10:00:00", "triggered"),),            # again
    (paged("resolved", "e3", "02T10:40:00", "resolved"),),              # told before ...
    (paged("acknowledged", "e2", "02T10:05:00", "acknowledged"),),      # ... it was taken
    (paged("reopened", "e4", "02T11:00:00", "triggered"),),
    (paged("resolved", "e5", "02T11:20:00", "resolved"),),
    (paged("annotated", "e6", "02T12:00:00", "resolved", type="incident_note"),),
    # Another one, merged into the first.
    (paged("triggered", "e7", "02T10:02:00", "triggered", incident="Q2",
           created_at="2026-06-02T10:02:00Z"),),
    (paged("resolved", "e8", "02T10:03:00", "resolved", incident="Q2",
           created_at="2026-06-02T10:02:00Z",
           resolve_reason={"type": "merge_resolve_reason", "incident": {"id": "Q1"}}),),
], sign=sign_pagerduty)


CATALOG = catalog([
    service("am", {"alertmanager": "am-shop"}),
    service("og", {"opsgenie": "og-shop"}),
    service("pd", {"pagerduty": "PSHOP1"}),
])


@pytest.fixture(scope="module")
def sites(postgres):
    with both(postgres, CATALOG, [ALERTMANAGER, OPSGENIE, PAGERDUTY]) as them:
        yield them


@pytest.fixture(params=[1, 2], ids=["one hook", "two hooks"])
def site(request, sites):
    return sites[request.param]


def test_two_hooks_give_the_rows_of_one(sites):
    assert rows_of(sites[1]) == rows_of(sites[2]) != {}


def test_alertmanager_repeats_resolves_and_fires_again(site):
    # 10:00-11:00 on the 2nd and 10:00-10:30 on the 5th, two incidents: an alert that fires
    # again began again. Their median is 45 min. Staging is not counted. The third is open when
    # June ends.
    check(site, "am", incidents_started=3, incidents_restored=2, restore_n=2,
          restore_p50_s=2700.0, reopens=0, incidents_open_end=1, items_done=0)


def test_opsgenie_closes_and_a_new_alert_takes_its_place(site):
    # a-1 45 min, a-2 15 min: the median is 30. a-3 was deleted, a-4 is a P5, below the 3 that
    # count.
    check(site, "og", incidents_started=2, incidents_restored=2, restore_n=2,
          restore_p50_s=1800.0, reopens=0, incidents_open_end=0)


def test_pagerduty_resolves_reopens_and_merges(site):
    # Open 10:00-10:40 and 11:00-11:20: one hour, opened again once. Q2 is the same as Q1.
    check(site, "pd", incidents_started=1, incidents_restored=1, restore_n=1,
          restore_p50_s=3600.0, reopens=1, incidents_open_end=0)
