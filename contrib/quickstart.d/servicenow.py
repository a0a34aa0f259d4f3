# SPDX-License-Identifier: Apache-2.0
"""Records as a business rule of ServiceNow posts them (contrib/senders/servicenow): the whole
ticket as it stands, for made-up tickets."""

import world
from names import minutes, number, sha

INSTANCE = "https://acme.service-now.com/"
IMPLEMENT, CLOSED = "-1", "3"           # states of a change request,
NEW, IN_PROGRESS, RESOLVED = "1", "2", "6"  # and of an incident


def at(when):
    return when.strftime("%Y-%m-%d %H:%M:%S") if when else ""


class Pager:
    """Incidents and change requests of one configuration item."""

    endpoint = "servicenow"

    def __init__(self, name):
        self.name = name
        title = next(service.title for service in world.SERVICES if service.name == name)
        self.item = {"display_value": title, "value": sha("ci", name)[:32]}

    def _record(self, table, ticket_id, changed, count, fields):
        return changed, f"{ticket_id}:{count}", {
            "table": table, "instance": INSTANCE, "operation": "update",
            "record": {"sys_id": ticket_id, "sys_class_name": table, "cmdb_ci": self.item,
                       "business_service": "", "assignment_group": "", "correlation_id": "",
                       "sys_updated_on": at(changed), "sys_mod_count": str(count), **fields}}

    def _id(self, table, n):
        return sha(table, self.name, n)[:32]

    def releases(self, n, when):
        """The change request under which a deployment is made."""
        start, end = when - minutes(10), when + minutes(5)
        about = {"number": f"CHG{number('change', self.name, n) % 10_000_000:07}",
                 "type": "standard", "opened_at": at(when - minutes(120)),
                 "work_start": at(start)}
        yield self._record("change_request", self._id("change", n), start, 1,
                           {**about, "state": IMPLEMENT, "work_end": "", "close_code": ""})
        yield self._record("change_request", self._id("change", n), end, 2,
                           {**about, "state": CLOSED, "work_end": at(end),
                            "close_code": "successful"})

    def incident(self, ticket):
        about = {"number": f"INC{number('incident', self.name, ticket.n) % 10_000_000:07}",
                 "priority": str(ticket.severity), "opened_at": at(ticket.opened),
                 "sys_created_on": at(ticket.opened), "closed_at": "", "parent_incident": ""}
        steps = ((NEW, ticket.opened, ""), (IN_PROGRESS, ticket.opened + minutes(3), ""),
                 (RESOLVED, ticket.closed, ticket.closed))
        for count, (state, changed, resolved) in enumerate(steps):
            # Who resolves it says which change it was, where somebody knows.
            cause = self._id("change", ticket.cause) if resolved and ticket.cause else ""
            yield self._record("incident", self._id("incident", ticket.n), changed, count,
                               {**about, "state": state, "resolved_at": at(resolved),
                                "caused_by": cause})
