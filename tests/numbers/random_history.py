# SPDX-License-Identifier: Apache-2.0
"""Random histories in which everything collides with everything: few names, few instants, so
that ties, rollbacks of rollbacks, links to what is not there, second thoughts and late news all
happen. Several histories share a catalogue's settings and stand in one list, told apart by a
prefix on every name."""

import random
from datetime import datetime, timedelta

ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
         "America/Havana", "Pacific/Apia", "Africa/Casablanca")
TEAMS = ("blue", "green", "red")
TYPES = ("Story", "Bug", " Task ", "Support", "Sub-task", "epic", "Problem", None)
LABELS = ("regression", "Dora:Failure", "dora:planned", "dora:adhoc", "adhoc", "x", " Flaky-Test ",
          "expedite")
BEGIN = datetime(2024, 10, 1)
DAYS = 460


class Chaos:
    """`events` and `catalog` of some histories; the same for the same seed."""

    def __init__(self, seed, histories=1, size=70, spread=1):
        self.random = random.Random(f"history {seed}")
        self.spread = spread        # how many more names there are: less collides
        self.events = []
        self.catalog = self.settings()
        for number in range(histories):
            self.prefix = f"h{number}-" if histories > 1 else ""
            # Half of them are crowded into a few weeks, where more collides.
            self.days = self.one((20, 60, DAYS, DAYS)) if spread == 1 else DAYS
            self.first_day = self.random.randrange(DAYS - self.days + 1)
            self.catalog["services"] += self.services()
            for _ in range(size):
                self.event()
        names = {o["team"] for s in self.catalog["services"] for o in s["owners"] if o["team"]}
        self.catalog["teams"] = [{"name": name} for name in sorted(names)]
        self.random.shuffle(self.events)
        for place, event in enumerate(self.events):
            event["id"] = event.get("id") or f"e{place:06}"
        self.add_copies()
        ends = [e["time"] for e in self.events]
        self.as_of = self.one((max(ends), "2026-01-31T23:30:00.000000Z",
                               "2026-02-01T00:00:00.000000Z", sorted(ends)[-9])) if ends else None

    # -- small words -----------------------------------------------------------------------------

    def chance(self, share):
        return self.random.random() < share

    def one(self, values):
        return self.random.choice(values)

    def name(self, letter, count):
        return f"{self.prefix}{letter}{self.random.randrange(count * self.spread)}"

    def some(self, letter, count, most=2):
        return [self.name(letter, count) for _ in range(self.random.randint(0, most))]

    def service(self):
        return f"{self.prefix}old" if self.chance(0.15) \
            else f"{self.prefix}s{self.random.randrange(4)}"

    def time(self):
        """Mostly one of few instants, so that many are equal or a microsecond apart."""
        at = BEGIN + timedelta(days=self.first_day + self.random.randrange(self.days))
        if self.chance(0.7):
            at += timedelta(hours=self.one((0, 6, 12, 18)))
        else:
            at += timedelta(seconds=self.random.randrange(86400))
        at += timedelta(microseconds=self.one((0, 0, 0, 500000, 999999)))
        return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def put(self, data, share, **fields):
        """Some of these fields, some of them null; a function makes its value when asked."""
        for name, value in fields.items():
            if self.chance(share):
                value = value() if callable(value) else value
                data[name] = None if self.chance(0.06) else value

    def add(self, kind, data, **attributes):
        event = {"kind": kind, "source": "/dorad/test", "revision": 0, "time": self.time(),
                 "data": data, **attributes}
        if kind == "change" and "landed_at" in data:
            data["landed_at"] = event["time"]
        self.events.append(event)
        return event

    # -- the catalogue ---------------------------------------------------------------------------

    def settings(self):
        return {"report_tz": self.one(ZONES), "max_severity": self.one((1, 3, 3, 5)),
                "attribution_window": self.one(("30m", "4h", "24h", "30d")),
                "lead_time_start": self.one(("commit", "merge", "review")), "services": []}

    def dated(self, what, values, most):
        lines = [{what: self.one(values)}]
        begins = set()
        for _ in range(self.random.randint(0, most)):
            begins.add(self.time())
        lines += [{what: self.one(values), "from": at} for at in sorted(begins)]
        self.random.shuffle(lines)
        return lines[self.chance(0.1):]

    def services(self):
        found = []
        for number in range(4):
            service = {"name": f"{self.prefix}s{number}",
                       "owners": self.dated("team", [self.prefix + t for t in TEAMS] + [None], 3),
                       "phases": self.dated("phase", ("live", "live", "live", "development",
                                                      "retired"), 2)}
            if self.chance(0.3):
                service["attribution_window"] = self.one(("30m", "4h", "30d"))
            found.append(service)
        self.one(found)["aliases"] = [f"{self.prefix}old"]
        # One that no catalogue lists is a service all the same.
        return found[self.chance(0.3):]

    # -- events ----------------------------------------------------------------------------------

    def event(self):
        self.random.choices((self.deployment, self.change, self.incident, self.item,
                             self.request, self.correction), (34, 17, 20, 20, 6, 3))[0]()

    def deployment(self):
        data = {"deployment_id": self.name("d", 12), "service": self.service()}
        self.put(data, 0.85, status=self.one(("started", "succeeded", "succeeded", "succeeded",
                                              "failed", "cancelled")), sha=self.sha,
                 environment=self.one(("prod", "prod", "eu", "us")),
                 environment_class=self.one(("production",) * 6 + ("sealed", "sealed", "other")))
        self.put(data, 0.12, rollout_id=lambda: self.one((self.name("R", 3), self.name("d", 12))),
                 is_rollback=self.chance(0.7), changes=lambda: self.some("c", 14, 4),
                 rolls_back=lambda: self.one((self.name("d", 12), self.name("R", 3))),
                 hotfix=self.chance(0.7))
        if data.get("status") is None:
            data.pop("status", None)
        self.add("deployment", data)

    def sha(self):
        return self.name("c", 14)

    def change(self):
        data = {"change_id": self.name("c", 13), "services": [
            self.service() for _ in range(self.one((0, 1, 1, 1, 2)))]}
        self.put(data, 0.8, landed_at=self.time, committed_at=self.time,
                 ordinal=self.random.randrange(3))
        if self.chance(0.3):
            data["review"] = {}
            self.put(data["review"], 0.5, opened_at=self.time, first_commit_at=self.time)
        self.add("change", data)

    def incident(self):
        data = {"incident_id": self.name("i", 9)}
        self.put(data, 0.9, state=self.one(("open", "open", "resolved", "resolved", "cancelled")))
        self.put(data, 0.45, services=lambda: [self.service() for _ in range(
                     self.random.randint(0, 2))], severity=self.random.randint(1, 5))
        self.put(data, 0.12, started_at=self.time, resolved_at=self.time,
                 duplicate_of=lambda: self.name("i", 10), cause=self.one(("deployment", "external")),
                 caused_by_deployments=lambda: self.some("d", 13) + self.some("R", 3, 1),
                 caused_by_change_request=lambda: self.name("CR", 4), caused_by_sha=self.sha,
                 environment_class=self.one(("production", "sealed", "other")))
        self.add("incident", data)

    def item(self):
        data = {"item_id": self.name("w", 14)}
        self.put(data, 0.85, status=self.one(("done", "done", "done", "todo", "in_progress",
                                              "cancelled")))
        self.put(data, 0.5, services=lambda: [self.service() for _ in range(
                     self.random.randint(0, 2))], item_type=self.one(TYPES),
                 labels=lambda: [self.one(LABELS) for _ in range(self.random.randint(0, 2))])
        self.put(data, 0.1, team=lambda: self.prefix + self.one(TEAMS + ("other",)),
                 priority=self.one(("High", " Expedite")), added_to_sprint_at=self.time,
                 sprint_started_at=self.time, linked_incidents=lambda: self.some("i", 10),
                 class_override=self.one(("planned", "adhoc_value", "failure_demand", "nonsense")),
                 label_changes=lambda: {self.one(LABELS): self.chance(0.6)})
        self.add("work_item", data)

    def request(self):
        data = {"cr_id": self.name("CR", 3)}
        self.put(data, 0.6, services=lambda: [self.service() for _ in range(
                     self.random.randint(0, 2))], close_code=self.one(
                         ("unsuccessful", "Unsuccessful ", "successful", "successful_issues")),
                 actual_start=self.time, actual_end=self.time)
        self.put(data, 0.35, deployment_ids=lambda: self.some("d", 12),
                 state=self.one(("closed", "cancelled")))
        self.add("change_request", data)

    def correction(self):
        kind, field, value = self.one((
            ("deployment", "failure", self.chance(0.5)), ("deployment", "excluded", self.chance(0.7)),
            ("incident", "attribution", self.one((self.name("d", 12), "none"))),
            ("incident", "excluded", self.chance(0.6)), ("work_item", "excluded", self.chance(0.6)),
            ("work_item", "class", self.one(("planned", "adhoc_value", "failure_demand")))))
        letter, count = {"deployment": ("d", 12), "incident": ("i", 9), "work_item": ("w", 14)}[kind]
        target = {"kind": kind, "id": self.name(letter, count)}
        if field in ("failure", "attribution") and self.chance(0.5):
            target["service"] = self.service()
        said = self.add("correction", {"target": target, "field": field, "value": value,
                                       "reason": "a test says so", "by": "tester"},
                        id=f"{self.prefix}x{len(self.events)}")
        if self.chance(0.25):
            self.add("correction", {"target": target, "field": field, "value": None,
                                    "withdraws": said["id"], "reason": "or not", "by": "tester"})

    def add_copies(self):
        """The same once more, other words of the same event, higher revisions, withdrawals."""
        for event in self.random.sample(self.events, len(self.events) // 12):
            what = self.random.random()
            if what < 0.4:
                copy = dict(event)
            elif what < 0.7:
                copy = {**self.one([e for e in self.events if e["kind"] == event["kind"]]),
                        "id": event["id"], "revision": self.random.randint(0, 1)}
            elif what < 0.85:
                copy = {**event, "data": None, "revision": self.random.randint(0, 2)}
            else:
                copy = {**event, "time": self.time(), "source": "/dorad/second"}
                if copy["data"] and copy["data"].get("landed_at"):
                    copy["data"] = {**copy["data"], "landed_at": copy["time"]}
            self.events.append(copy)
