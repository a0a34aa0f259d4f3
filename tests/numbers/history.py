# SPDX-License-Identifier: Apache-2.0
"""A small history told to the database as the roll-up tells it, and the rows that come of it.

    told = History(database)
    told.catalog({"services": [service("checkout", "blue")]})
    told.deployment("d1", "checkout", "2026-01-05T10:00:00Z", sha="a")
    told.until("2026-03-01T00:00:00Z")
    assert told.service("checkout", "2026-01")["deployments"] == 1
"""

import json

SOURCE = "/dorad/test"


def service(name, team=None, **more):
    """An entry of the catalogue, in the form that the program hands to the database."""
    return {"name": name, "owners": [{"team": team, "from": None}] if team else [],
            "phases": more.pop("phases", []), "aliases": [], "sources": more.pop("sources", []),
            **more}


class History:
    def __init__(self, database):
        self.name = database.name
        self.connection = database.connection
        self.events = []

    def sql(self, text, *values):
        with self.connection.cursor() as cursor:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else None

    # -- what is told ----------------------------------------------------------------------

    def catalog(self, catalog=None, **more):
        whole = {"report_tz": "UTC", "attribution_window": 86400, "lead_time_start": "commit",
                 "max_severity": 3, "teams": [], "services": [], "environments": [],
                 "deployments": [], "incidents": [], "statuses": [], "severities": [],
                 "work_items": [], **(catalog or {}), **more}
        teams = {owner["team"] for each in whole["services"] for owner in each["owners"]}
        whole["teams"] = whole["teams"] or [{"name": name} for name in sorted(teams - {None})]
        self.sql("SELECT * FROM dorad_data.apply_catalog(%s, false)", json.dumps(whole))

    def event(self, kind, identity, time, data, revision=0, source=SOURCE):
        self.events.append({"kind": kind, "source": source, "id": identity, "revision": revision,
                            "time": time, "endpoint": "test", "delivery": "test-1",
                            "subject": identity, "data": data})

    def deployment(self, identity, name, time, status="succeeded", **fields):
        self.event("deployment", f"{identity}/{status}/{time}", time,
                   {"deployment_id": identity, "service": name, "environment": "production",
                    "environment_class": "production", "status": status, **fields})

    def change(self, sha, name, committed_at, landed_at, ordinal=0):
        self.event("change", sha, landed_at,
                   {"change_id": sha, "services": [name], "committed_at": committed_at,
                    "landed_at": landed_at, "ordinal": ordinal})

    def incident(self, identity, name, time, state="open", **fields):
        self.event("incident", f"{identity}/{state}/{time}", time,
                   {"incident_id": identity, "services": [name], "state": state, **fields})

    def item(self, identity, name, time, status="done", **fields):
        self.event("work_item", f"{identity}/{status}/{time}", time,
                   {"item_id": identity, "services": [name], "status": status, **fields})

    def until(self, as_of):
        """Keeps what was told, moves the clock, recomputes to the end."""
        self.sql("SELECT dorad_data.keep(%s)", json.dumps(self.events))
        self.events = []
        self.sql("SELECT dorad_data.advance(%s)", as_of)
        while self.sql("SELECT dorad_data.recompute(1000)")[0][0]:
            pass

    # -- what came of it -------------------------------------------------------------------

    def row(self, scope, name, month):
        """The month's row as a dict; None where there is none."""
        found = self.sql(f"SELECT to_jsonb(m) FROM dorad.monthly_{scope} AS m "
                         f"WHERE {scope} = %s AND month = %s", name, f"{month}-01")
        return found[0][0] if found else None

    def service(self, name, month):
        return self.row("service", name, month)

    def team(self, name, month):
        return self.row("team", name, month)
