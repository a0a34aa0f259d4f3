# SPDX-License-Identifier: Apache-2.0
"""Stories of cards and tickets, from the request to the row, told once and through two hooks."""

import base64
import hashlib
import hmac
import json
import urllib.parse

import pytest

from harness.golden import rows_of
from stories import Story, both, catalog, check, check_team, microseconds, service

TRELLO_URL = "https://dorad.example/webhooks/trello"


# -- Trello ------------------------------------------------------------------------------------

def card_id(made, n):
    """A card's id begins with the second in which it was made."""
    return f"{microseconds(f'2026-06-{made}Z') // 1_000_000:08x}{n:016x}"


def action(kind, time, n, identity, card=None, **data):
    return {"model": {"id": "b1"}, "action": {
        "id": f"{n:024x}", "type": kind, "date": f"2026-06-{time}.000Z",
        "data": {"board": {"id": "b1", "name": "Shop board"}, **data,
                 "card": {"id": identity, "name": "x", "shortLink": "s", **(card or {})}}}}


def moved(time, n, card, before, after):
    return action("updateCard", time, n, card, old={"idList": "1"}, listBefore={"name": before},
                  listAfter={"name": after})


def sign_trello(secret, body):
    digest = hmac.new(secret.encode(), body.encode() + TRELLO_URL.encode(), hashlib.sha1).digest()
    return {"X-Trello-Webhook": base64.b64encode(digest).decode()}


BUG, DROPPED, OUTAGE = (card_id("01T09:00:00", 1), card_id("01T09:00:00", 2),
                        card_id("10T10:00:00", 3))

TRELLO = Story("trello", "trello", [
    (action("createCard", "01T09:00:00", 1, BUG, list={"name": "To do"}),),
    (action("createCard", "01T09:00:00", 1, BUG, list={"name": "To do"}),),     # again
    # A label comes twice, by its name and by its id.
    (action("addLabelToCard", "01T09:01:00", 2, BUG, label={"id": "l1", "name": "bug"}),),
    (action("updateCard", "01T09:01:00", 3, BUG, old={"idLabels": []},
            card={"idLabels": ["l1"]}, list={"name": "To do"}),),
    (moved("03T15:00:00", 5, BUG, "Doing", "Live"),),           # told before ...
    (moved("02T09:00:00", 4, BUG, "To do", "Doing"),),          # ... what came before it
    (moved("04T09:00:00", 6, BUG, "Live", "Doing"),),           # opened again
    (moved("05T10:00:00", 7, BUG, "Doing", "Live"),),
    (action("updateCard", "06T10:00:00", 8, BUG, old={"closed": False}, card={"closed": True},
            list={"name": "Live"}),),                           # and put away
    (action("createCard", "01T09:00:00", 11, DROPPED, list={"name": "To do"}),),
    (action("updateCard", "07T10:00:00", 12, DROPPED, old={"closed": False},
            card={"closed": True}, list={"name": "To do"}),),
    # Labelled an hour after it was made; another label comes and goes.
    (action("createCard", "10T10:00:00", 21, OUTAGE, list={"name": "To do"}),),
    (action("addLabelToCard", "10T10:30:00", 22, OUTAGE, label={"name": "vip"}),),
    (action("addLabelToCard", "10T11:00:00", 23, OUTAGE, label={"name": "outage"}),),
    (action("removeLabelFromCard", "10T11:30:00", 24, OUTAGE, label={"name": "vip"}),),
    (moved("10T12:00:00", 25, OUTAGE, "To do", "Done"),),
], sign=sign_trello, public_url=TRELLO_URL)


# -- Freshservice ------------------------------------------------------------------------------

def ticket(n, kind, status, time, tags=""):
    return {"ticket": {"id": str(n), "type": kind, "status": status, "priority": "High",
                       "department": "Shop", "tags": tags,
                       "created_at": "2026-06-02T10:00:00Z", "updated_at": f"2026-06-{time}Z",
                       "url": f"https://acme.freshservice.com/helpdesk/tickets/{n}"}}


def unquoted(body):
    """As a template without quotes makes it."""
    lines = ",\n".join(f'"{name}": {value}' for name, value in body["ticket"].items())
    return '{"ticket": {' + lines + "\n}}"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def release(status, time):
    return {"release": {"id": "REL-3", "status": status, "department": "Shop",
                        "environment": "production", "sha": "5f2da1a0",
                        "updated_at": f"2026-06-{time}Z",
                        "url": "https://acme.freshservice.com/itil/releases/3"}}


FRESHSERVICE = Story("freshservice", "freshservice", [
    (ticket(7, "Service Request", "Open", "02T10:00:00"),),
    (unquoted(ticket(7, "Service Request", "Resolved", "03T12:00:00")),),   # told before ...
    ("payload=" + urllib.parse.quote(json.dumps(                            # ... what was before
        ticket(7, "Service Request", "Pending", "02T12:00:00"))), FORM),
    (unquoted(ticket(7, "Service Request", "Resolved", "03T12:00:00")),),   # again
    (ticket(7, "Service Request", "Open", "04T10:00:00"),),                 # opened again
    (ticket(7, "Service Request", "Closed", "05T10:00:00"),),
    (ticket(8, "Incident", "Open", "02T10:00:00", "vpn, outage"),),
    (ticket(8, "Incident", "Resolved", "02T11:30:00", "vpn, outage"),),
    (ticket(8, "Incident", "Closed", "09T11:30:00", "vpn, outage"),),       # a week later
    (ticket(9, "Incident", "Closed", "02T12:00:00", "printer"),),           # nobody's outage
    (ticket(10, "Incident", "Fulfilled", "02T12:00:00"),),                  # done by a rule ...
    ({**ticket(10, "Incident", "Fulfilled", "02T13:00:00"), "event": "ticket_deleted"},),
    (release("In Progress", "01T09:00:00"),),
    (release("Completed", "01T10:00:00"),),
    # Closed a week after the outage began, which was an hour after it was out.
    ({"change": {"id": "CHN-12", "status": "Closed", "department": "Shop",
                 "close_code": "Failed", "planned_start_date": "2026-06-01T08:00:00Z",
                 "planned_end_date": "2026-06-01T11:00:00Z",
                 "updated_at": "2026-06-09T11:00:00Z",
                 "url": "https://acme.freshservice.com/itil/changes/12"}},),
])


CATALOG = catalog(
    [service("board", {"trello": "Shop board"}), service("desk", {"freshservice": "Shop"})],
    statuses=[{"trello": "Shop board", "done": ["Live"]},
              {"freshservice": "Shop", "done": ["Fulfilled"]}],
    incidents=[{"trello": "Shop board", "labels": ["outage"]},
               {"freshservice": "Shop", "types": ["Incident"], "labels": ["outage"]}],
    deployments=[{"freshservice": "Shop", "via": "release", "environment": "production"}])


@pytest.fixture(scope="module")
def sites(postgres):
    with both(postgres, CATALOG, [TRELLO, FRESHSERVICE]) as them:
        yield them


@pytest.fixture(params=[1, 2], ids=["one hook", "two hooks"])
def site(request, sites):
    return sites[request.param]


def test_two_hooks_give_the_rows_of_one(sites):
    assert rows_of(sites[1]) == rows_of(sites[2]) != {}


def test_trello_cards_move_come_back_and_are_put_away(site):
    # BUG is done on the 5th, the last time it came to Live, whose rule also keeps it done when
    # it is put away; its label makes it failure demand. DROPPED never was done. OUTAGE is done
    # on the 10th, planned for all its labels say, and an incident by the label that it got:
    # from when it was made, 10:00, to 12:00.
    check(site, "board", items_done=2, items_failure_demand=1, items_planned=1,
          unplanned_rate=0.5, incidents_started=1, incidents_restored=1, restore_n=1,
          restore_p50_s=7200.0, reopens=0, incidents_open_end=0)


def test_freshservice_tickets_come_back_and_are_closed(site):
    # Ticket 7 is done on the 5th, a service request: ad hoc. 8 and 9 are done too, of type
    # Incident: failure demand; 10 was done and is gone, so it is not. Only 8 is an incident, by
    # its tag; that it was closed a week after it was resolved changes nothing: 1.5 h. The
    # release is the one deployment, out on the 1st at 10:00; the outage began 24 h later to the
    # second, within the window, and the change that failed names nothing but the time in which
    # the release was out.
    check(site, "desk", items_done=3, items_adhoc_value=1, items_failure_demand=2,
          items_planned=0, unplanned_rate=1.0, incidents_started=1, incidents_restored=1,
          restore_p50_s=5400.0, reopens=0, deployments=1, failed_deployments=1, fail_rate=1.0)


def test_the_team_has_what_its_services_have(site):
    # Five items, four of them unplanned; two incidents: 2 h and 1.5 h.
    check_team(site, items_done=5, items_planned=1, unplanned_rate=0.8, incidents_restored=2,
               restore_p50_s=6300.0, deployments=1)
