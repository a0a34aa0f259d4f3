# SPDX-License-Identifier: Apache-2.0
"""Webhooks as Jira shapes them: the fields that its documentation gives, for made-up things."""

import world
from names import number

WEB = "https://acme.example.com"
TODO = {"id": "10000", "name": "To Do", "statusCategory": {"id": 2, "key": "new"}}
DOING = {"id": "10001", "name": "In Progress",
         "statusCategory": {"id": 4, "key": "indeterminate"}}
DONE = {"id": "10002", "name": "Done", "statusCategory": {"id": 3, "key": "done"}}
TYPES = {"bug": "Bug", "support": "Support", "feature": "Story"}


def at(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Tracker:
    """Tickets of one component of the project that all of the organisation's teams use."""

    endpoint = "jira"

    def __init__(self, name):
        self.component = {"id": str(number("component", name) % 100_000), "name": name}

    def _issue(self, ticket, when, status):
        done = status is DONE
        key = f"{world.JIRA}-{number('ticket', self.component['name'], ticket.n) % 1_000_000}"
        identity = str(number("jira", key) % 100_000_000)
        return {
            "id": identity, "self": f"{WEB}/rest/api/2/issue/{identity}", "key": key,
            "fields": {
                "issuetype": {"id": str(number("type", ticket.kind) % 10_000),
                              "name": TYPES[ticket.kind], "subtask": False},
                "project": {"id": "10100", "key": world.JIRA, "name": "Acme"},
                "components": [self.component],
                "labels": ["support"] if ticket.kind == "support" else [],
                "priority": {"id": "3", "name": "Medium"}, "status": status,
                "resolution": {"id": "1", "name": "Won't Do" if ticket.dropped else "Done"}
                if done else None,
                "resolutiondate": at(when) if done else None,
                "created": at(ticket.opened), "updated": at(when), "fixVersions": [],
                "issuelinks": [], "summary": "Something to do", "parent": None}}

    def _updated(self, ticket, when, before, after):
        items = [{"field": "status", "fieldtype": "jira", "fieldId": "status",
                  "from": before["id"], "fromString": before["name"],
                  "to": after["id"], "toString": after["name"]}]
        return when, "jira:issue_updated", {
            "timestamp": int(when.timestamp() * 1000), "webhookEvent": "jira:issue_updated",
            "issue_event_type_name": "issue_generic",
            "user": {"accountId": str(number("jira-user", ticket.login))},
            "issue": self._issue(ticket, when, after),
            "changelog": {"id": str(number("changelog", ticket.n, when)), "items": items}}

    def item(self, ticket):
        yield ticket.opened, "jira:issue_created", {
            "timestamp": int(ticket.opened.timestamp() * 1000),
            "webhookEvent": "jira:issue_created", "issue_event_type_name": "issue_created",
            "user": {"accountId": str(number("jira-user", ticket.login))},
            "issue": self._issue(ticket, ticket.opened, TODO)}
        began = ticket.opened + (ticket.closed - ticket.opened) / 3
        yield self._updated(ticket, began, TODO, DOING)
        yield self._updated(ticket, ticket.closed, DOING, DONE)
