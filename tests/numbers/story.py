# SPDX-License-Identifier: Apache-2.0
"""Stories: events told in a few words, that a database can be fed in any order and manner."""

import json
import re

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def instant(words):
    """'2025-03-04 10:00' as EVENTS.md writes it."""
    if words is None:
        return None
    words = words.replace(" ", "T").rstrip("Z")
    if len(words) == 10:
        words += "T00:00"
    if len(words) == 16:
        words += ":00"
    if "." not in words:
        words += ".000000"
    return words + "Z"


class Story:
    """A list of events; each method adds one and returns it."""

    def __init__(self, source="/dorad/test"):
        self.source = source
        self.events = []

    def add(self, kind, at, data, **attributes):
        event = {"kind": kind, "source": self.source, "id": f"e{len(self.events):05}",
                 "revision": 0, "time": instant(at), "data": data, **attributes}
        self.events.append(event)
        return event

    def change(self, change_id, at, *services, committed=None, **fields):
        data = {"change_id": change_id, "landed_at": instant(at), **fields}
        if services:
            data["services"] = list(services)
        if committed:
            data["committed_at"] = instant(committed)
        return self.add("change", at, data)

    def deploy(self, deployment_id, at, service=None, status="succeeded", **fields):
        data = {"deployment_id": deployment_id, "status": status, **fields}
        if service:
            data["service"] = service
            data.setdefault("environment", "prod")
        return self.add("deployment", at, data)

    def incident(self, incident_id, at, state=None, services=None, **fields):
        data = {"incident_id": incident_id, **fields}
        if state:
            data["state"] = state
        if services is not None:
            data["services"] = services
        for time in ("started_at", "resolved_at"):
            if time in data:
                data[time] = instant(data[time])
        return self.add("incident", at, data)

    def outage(self, incident_id, begin, end, *services, **fields):
        """An incident opened and resolved."""
        self.incident(incident_id, begin, "open", list(services), **fields)
        return self.incident(incident_id, end, "resolved")

    def request(self, cr_id, at, **fields):
        for time in ("actual_start", "actual_end"):
            if time in fields:
                fields[time] = instant(fields[time])
        return self.add("change_request", at, {"cr_id": cr_id, **fields})

    def item(self, item_id, at, status="done", services=None, **fields):
        data = {"item_id": item_id, **fields}
        if status:
            data["status"] = status
        if services is not None:
            data["services"] = services
        for time in ("sprint_started_at", "added_to_sprint_at"):
            if time in data:
                data[time] = instant(data[time])
        return self.add("work_item", at, data)

    def correct(self, at, kind, target, field, value, service=None, **fields):
        aim = {"kind": kind, "id": target}
        if service:
            aim["service"] = service
        return self.add("correction", at, {"target": aim, "field": field, "value": value,
                                           "reason": "a test says so", "by": "tester", **fields})


def seconds(words):
    """'24h' as the number that the program makes of it."""
    number, unit = re.fullmatch(r"(\d+)([smhd])", str(words)).groups()
    return int(number) * SECONDS[unit]


def as_applied(catalog):
    """A catalogue in the form in which the program hands it to apply_catalog()."""
    catalog = json.loads(json.dumps(catalog, default=str))
    if "attribution_window" in catalog:
        catalog["attribution_window"] = seconds(catalog["attribution_window"])
    for service in catalog.get("services", []):
        if "attribution_window" in service:
            service["attribution_window"] = seconds(service["attribution_window"])
        for key, one in (("owners", "team"), ("phases", "phase")):
            lines = service.get(key)
            if lines is None:
                continue
            if not isinstance(lines, list):
                lines = [lines]
            service[key] = [line if isinstance(line, dict) else {one: line} for line in lines]
    return catalog


class Database:
    """A migrated database, and one session of it that a daemon might have."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.connection = server.connect(name)

    def close(self):
        self.connection.close()

    def clear(self):
        """As it was after the migrations; much faster than a new database and session."""
        self.sql("""
            DO $$
            DECLARE t regclass;
            BEGIN
                FOR t IN SELECT oid FROM pg_class WHERE relkind = 'r'
                         AND relnamespace = 'dorad_data'::regnamespace
                         AND relname NOT IN ('migration', 'mann_kendall', 'pair_of_points', 'clock',
                                             'setting')
                LOOP
                    EXECUTE format('DELETE FROM %s', t);
                END LOOP;
                UPDATE dorad_data.clock SET as_of = DEFAULT;
                DELETE FROM dorad_data.setting;
                INSERT INTO dorad_data.setting DEFAULT VALUES;
            END $$""")
        return self

    def sql(self, query, *values):
        """Runs a statement and returns its rows as dictionaries."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, values or None)
            if cursor.description is None:
                return []
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def one(self, query, *values):
        """The single value that a query gives."""
        rows = self.sql(query, *values)
        assert len(rows) == 1 and len(rows[0]) == 1, rows
        return next(iter(rows[0].values()))

    def keep(self, events):
        return self.one("SELECT dorad_data.keep(%s)", json.dumps(events))

    def apply(self, catalog, dry_run=False):
        return self.sql("SELECT * FROM dorad_data.apply_catalog(%s, %s)",
                        json.dumps(as_applied(catalog)), dry_run)

    def advance(self, as_of):
        self.sql("SELECT dorad_data.advance(%s::timestamptz)", as_of)

    def work(self, max_services=64):
        """Works off all marks; returns how many there were."""
        total = 0
        while done := self.one("SELECT dorad_data.recompute(%s)", max_services):
            total += done
        return total

    def verify(self):
        return [row["verify"] for row in self.sql("SELECT * FROM dorad_data.verify() AS verify")]

    def tell(self, story, catalog=None, as_of="2026-01-01T00:00:00Z"):
        """Feeds a story and brings all numbers up to date."""
        if catalog is not None:
            self.apply(catalog)
        events = story.events if isinstance(story, Story) else story
        if events:
            self.keep(events)
        self.advance(as_of)
        self.work()
        return self

    def month(self, name, month, scope="service"):
        """The monthly row of a service or team in '2025-03', or None."""
        rows = self.sql(f"SELECT * FROM dorad.monthly_{scope} WHERE {scope} = %s AND month = %s",
                        name, month + "-01")
        return rows[0] if rows else None

    def months(self, name, scope="service"):
        rows = self.sql(f"SELECT month FROM dorad.monthly_{scope} WHERE {scope} = %s ORDER BY 1",
                        name)
        return [row["month"].strftime("%Y-%m") for row in rows]

    def deployment(self, deployment_id, service=None):
        rows = self.sql("SELECT * FROM dorad.explain_deployment WHERE deployment_id = %s"
                        " AND coalesce(service = %s, true)", deployment_id, service)
        assert len(rows) <= 1, rows
        return rows[0] if rows else None

    def incident(self, incident_id, service=None):
        rows = self.sql("SELECT * FROM dorad.explain_incident WHERE incident_id = %s"
                        " AND coalesce(service = %s, true)", incident_id, service)
        assert len(rows) <= 1, rows
        return rows[0] if rows else None

    def item(self, item_id):
        rows = self.sql("SELECT * FROM dorad.explain_item WHERE item_id = %s", item_id)
        return rows[0] if rows else None

    def quality(self):
        return {row["reason"]: row["n"] for row in self.sql("SELECT * FROM dorad.quality_total")}

    def explain(self, scope, name, month, metric=None):
        return self.sql("SELECT * FROM dorad_data.explain(%s, %s, %s::date, %s)",
                        scope, name, month + "-01", metric)

    def state(self):
        """Every computed row but its age, in one order: two equal states are equal lists."""
        tables = self.one("SELECT dorad_data.computed_tables()")
        numbers = {row["origin_id"]: row["fingerprint"] for row in self.sql(
            "SELECT origin_id, fingerprint FROM dorad_data.origin")}
        state = {}
        for table in tables:
            rows = []
            for row in self.sql(f"SELECT to_jsonb(t) AS row FROM dorad_data.{table} AS t"):
                row = row["row"]
                row.pop("computed_at", None)
                row.pop("revision", None)
                if row.get("origin_id") is not None:
                    row["origin_id"] = numbers[row["origin_id"]]
                rows.append(json.dumps(row, sort_keys=True))
            state[table] = sorted(rows)
        return state
