# SPDX-License-Identifier: Apache-2.0
"""The rules of the metrics once more, in plain Python, to hold the SQL against.

Slow and simple on purpose: every rule is written as its sentence reads, over whole lists, with
no thought for cost. It knows events that name their services outright; what coordinates mean is
the catalogue's and tested elsewhere. Instants are integers, microseconds since 1970.
"""

import json
import re
from collections import defaultdict
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICRO = timedelta(microseconds=1)
FOREVER = 1 << 62
EXCLUDED_TYPES = {"epic", "initiative", "theme", "subtask", "sub-task"}
CLASSES = ("planned", "failure_demand", "adhoc_value")


def instant(written):
    """A time as events write it; without a zone it is UTC."""
    if written is None:
        return None
    at = datetime.fromisoformat(written.replace(" ", "T").replace("Z", "+00:00"))
    return ((at if at.tzinfo else at.replace(tzinfo=timezone.utc)) - EPOCH) // MICRO


def word(text):
    return None if text is None else text.strip(" \t\r\n").lower()


class Catalog:
    """Settings, phases, owners and aliases of a catalogue as `story.as_applied()` gives it."""

    def __init__(self, catalog):
        self.tz = catalog.get("report_tz", "UTC")
        self.window = catalog.get("attribution_window", 86400)
        self.start = catalog.get("lead_time_start", "commit")
        self.max_severity = catalog.get("max_severity", 3)
        self.alias, self.owners, self.phases, self.windows = {}, {}, {}, {}
        for service in catalog.get("services") or []:
            name = service["name"]
            for alias in service.get("aliases") or []:
                self.alias[alias] = name
            self.owners[name] = self.dated(service.get("owners"), "team")
            self.phases[name] = self.dated(service.get("phases"), "phase")
            if service.get("attribution_window") is not None:
                self.windows[name] = service["attribution_window"]

    @staticmethod
    def dated(lines, what):
        return sorted(((-FOREVER if line.get("from") is None else instant(line["from"]),
                        line[what]) for line in lines or []), key=lambda line: line[0])

    def name(self, service):                                                    # R2
        while service in self.alias:
            service = self.alias[service]
        return service

    def names(self, services):
        return sorted({self.name(s) for s in services or [] if s is not None},
                      key=lambda name: name.encode())

    @staticmethod
    def line_at(lines, at):
        found = None
        for begins, value in lines or []:
            if begins <= at:
                found = (begins, value)
        return found

    def phase(self, service, at):                                               # R5
        line = self.line_at(self.phases.get(service), at)
        return line[1] if line else "live"

    def owner(self, service, at):                                               # R6
        line = self.line_at(self.owners.get(service), at)
        return line[1] if line else None

    def window_of(self, service):
        return self.windows.get(service, self.window)


# -- events --------------------------------------------------------------------------------------

def standing(events, as_of):
    """R1 to R4: of each key the event that stands, up to as_of, in the order of truth."""
    best = {}
    for event in events:
        text = json.dumps({"data": event["data"], "subject": event.get("subject"),
                           "time": event["time"], "type": event["kind"]},
                          sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        rank = (-event.get("revision", 0), text)
        key = event["source"], event["id"]
        if key not in best or rank < best[key][0]:
            best[key] = rank, event
    kept = []
    for (source, identity), (_, event) in best.items():
        data = event["data"]
        if data is None:
            continue
        landed = data.get("landed_at") if event["kind"] == "change" else None
        at = instant(landed or event["time"])
        if at <= as_of:
            kept.append((at, identity.encode(), source.encode(), event["kind"], data))
    return sorted(kept, key=lambda e: e[:3])


def entities(events, kind, key):
    """{entity: its events in order} of one kind."""
    found = defaultdict(list)
    for event in events:
        if event[3] == kind:
            found[key(event[4])].append(event)
    return found


def merged(events):                                                             # R7
    whole = {}
    for event in events:
        whole.update(event[4])
    return whole


def trailing_run(steps):
    """Of [(value, at), ...] the last value and where its trailing run began."""
    value, at = None, None
    for next_value, next_at in steps:
        if next_value != value:
            value, at = next_value, next_at
    return value, at


class Deliveries:
    """The deployments of a history, and the changes that each delivered first."""

    def __init__(self, events, catalog, as_of):
        self.catalog, self.as_of = catalog, as_of
        self.events = standing(events, as_of)
        self.quality = defaultdict(int)
        self.read_corrections()
        self.read_changes()
        self.read_deployments()
        self.walk()

    # -- corrections -----------------------------------------------------------------------------

    def read_corrections(self):
        self.corrections = {}
        told = [(identity.decode(), data) for _, identity, _, kind, data in self.events
                if kind == "correction"]
        withdrawn = {(data["target"]["id"], data["withdraws"]) for _, data in told
                     if data.get("withdraws")}
        for place, (identity, data) in enumerate(told):
            target = data["target"]
            if data.get("withdraws") or (target["id"], identity) in withdrawn:
                continue
            service = self.catalog.name(target.get("service") or "")
            key = target["kind"], target["id"], service, data["field"]
            self.corrections[key] = place, data["value"]

    def corrected(self, kind, ids, service, field):
        """The latest correction of one of these ids that names the service, else of those that
        name none."""
        for of_service in (service, ""):
            found = [self.corrections[key] for key in (
                (kind, identity, of_service, field) for identity in ids)
                if key in self.corrections]
            if found:
                return max(found)[1]
        return None

    # -- changes: R15 ----------------------------------------------------------------------------

    def read_changes(self):
        self.changes = {}
        for name, events in entities(self.events, "change", lambda d: d["change_id"]).items():
            landings = [e for e in events if e[4].get("landed_at")]
            if not landings:
                continue
            at, _, _, _, data = landings[0]
            review = {}
            for event in events:
                review.update(event[4].get("review") or {})
            self.changes[name] = {
                "landed": at, "ordinal": data.get("ordinal") or 0,
                "committed": instant(data.get("committed_at")),
                "first_commit": instant(review.get("first_commit_at")),
                "opened": instant(review.get("opened_at")),
                "services": self.catalog.names(data.get("services"))}
        self.order = defaultdict(list)
        for name, change in self.changes.items():
            for service in change["services"]:
                self.order[service].append((change["landed"], change["ordinal"], name.encode()))
        for places in self.order.values():
            places.sort()

    def whole_sha(self, service, sha):
        if sha is None or not re.fullmatch("[0-9a-f]{7,39}", sha):
            return sha
        fits = [place[2].decode() for place in self.order[service]
                if place[2].decode().startswith(sha)]
        return sha if sha in fits or len(fits) != 1 else fits[0]

    def lead(self, change, at):
        change = self.changes[change]
        starts = {"commit": [change["committed"]], "merge": [change["landed"]],
                  "review": [change["committed"], change["first_commit"], change["opened"]]}
        known = [t for t in starts[self.catalog.start] if t is not None]
        return (at - (min(known) if known else change["landed"])) / 1e6

    # -- deployments: R8 to R11 ------------------------------------------------------------------

    def read_deployments(self):
        groups = defaultdict(list)
        key = (lambda d: (self.catalog.name(d["service"]), d["deployment_id"]))
        for (service, identity), events in entities(self.events, "deployment", key).items():
            data = merged(events)
            record = {"id": identity, "data": data, "events": events, "last": events[-1][:3],
                      "env": data.get("environment"),
                      "class": data.get("environment_class") or "production"}
            groups[service, data.get("rollout_id") or identity].append(record)
        self.deployments = {}
        for (service, identity), records in groups.items():
            self.fold_group(service, identity, records)

    def parts_of(self, service, records):
        parts = []
        for env in {record["env"] for record in records}:
            mine = [record for record in records if record["env"] == env]
            outcomes = sorted((event[:3], event[4]["status"], record["class"])
                              for record in mine for event in record["events"]
                              if event[4].get("status") in ("succeeded", "failed", "cancelled"))
            outcome, finish = trailing_run((o, at[0]) for at, o, _ in outcomes)    # R9
            part = {"records": mine, "outcome": outcome, "finish": finish, "counted": False,
                    "class": outcomes[-1][2] if outcomes else None}
            if outcome:                                                            # R10
                phase = self.catalog.phase(service, finish)
                part["counted"] = (part["class"] == "production" and phase != "retired"
                                   or part["class"] == "sealed" and phase == "development")
                self.quality["deployments_not_counted_env_or_phase"] += not part["counted"]
            else:
                self.quality["deployments_without_outcome"] += 1
            parts.append(part)
        return parts

    def fold_group(self, service, identity, records):
        parts = [p for p in self.parts_of(service, records) if p["counted"]]
        members = {r["id"] for r in records}
        excluded = self.corrected("deployment", sorted(members | {identity}), service,
                                  "excluded") is True
        self.quality["deployments_excluded_by_correction"] += excluded
        finish = {outcome: max((p["finish"] for p in parts if p["outcome"] == outcome),
                               default=None) for outcome in ("failed", "succeeded")}
        if finish["failed"] is None and finish["succeeded"] is None:
            self.quality["deployments_cancelled"] += bool(parts)
            return
        status = "failed" if finish["failed"] is not None else "succeeded"
        mine = sorted((r for p in parts for r in p["records"]), key=lambda r: r["last"])

        def last(field):
            return next((r["data"][field] for r in reversed(mine) if r["data"].get(field)), None)

        flags = [r["data"].get("is_rollback") for r in mine]
        lists = [r["data"]["changes"] for r in mine if r["data"].get("changes") is not None]
        changes = {c for each in lists for c in each} if lists else None
        self.deployments[service, identity] = {
            "service": service, "id": identity, "at": finish[status], "status": status,
            "lane": max((p["finish"], p["class"]) for p in parts)[1],
            "sha": self.whole_sha(service, last("sha")), "rolls_back": last("rolls_back"),
            "is_rollback": True if True in flags else False if False in flags else None,
            "hotfix": any(r["data"].get("hotfix") is True for r in mine), "changes": changes,
            "names": members | {identity}, "kind": "attempt" if status == "failed" else None,
            "lead_source": None, "removed_by": None, "removed_at": None, "removes": None,
            "leads": {}, "evidence": set(),
            "excluded": excluded,
            "failure": self.corrected("deployment", sorted(members | {identity}), service,
                                      "failure")}

    # -- the walk: R12 to R16 --------------------------------------------------------------------

    def walk(self):
        services = defaultdict(list)
        for deployment in self.deployments.values():
            if deployment["status"] == "succeeded":
                services[deployment["service"]].append(deployment)
        self.delivered = {}
        for service, walked in services.items():
            walked.sort(key=lambda d: (d["at"], d["id"].encode()))
            self.walk_kinds(walked)
            self.walk_rollbacks(walked)
            self.walk_deliveries(service, [d for d in walked if d["kind"] == "change"])
        for deployment in self.deployments.values():
            if deployment["changes"] and deployment["kind"] == "change":
                self.quality["unknown_changes"] += len(deployment["changes"] - set(self.changes))

    @staticmethod
    def walk_kinds(walked):                                                        # R13
        running, seen = {}, {}
        for place, deployment in enumerate(walked):
            lane, sha = deployment["lane"], deployment["sha"]
            now = running.get(lane)
            first, first_now = seen.get((lane, sha)), seen.get((lane, now))
            if deployment["is_rollback"] is True:
                kind = "rollback"
            elif deployment["changes"]:
                kind = "change"
            elif sha is not None and sha == now:
                kind = "redeploy"
            elif (deployment["is_rollback"] is None and sha is not None and now is not None
                  and first is not None and first < first_now):
                kind = "rollback"
            else:
                kind = "change"
            deployment["kind"] = kind
            running[lane] = sha
            seen.setdefault((lane, sha), place)

    @staticmethod
    def walk_rollbacks(walked):                                                    # R14
        for place, rollback in enumerate(walked):
            if rollback["kind"] != "rollback":
                continue
            before = [d for d in walked[:place] if d["kind"] == "change"]
            named = [d for d in before if rollback["rolls_back"] in d["names"]]
            named.sort(key=lambda d: d["id"] == rollback["rolls_back"])
            out = [d for d in before
                   if d["removed_by"] is None and d["lane"] == rollback["lane"]]
            target = named[-1] if named else out[-1] if out else None
            if target:
                rollback["removes"] = target["id"]
                target["evidence"].add(("rollback", rollback["id"]))
                if target["removed_by"] is None:
                    target["removed_by"], target["removed_at"] = rollback["id"], rollback["at"]

    def walk_deliveries(self, service, changes):                                   # R16
        order = [place[2].decode() for place in self.order[service]]
        delivered, baseline = set(), False
        for deployment in changes:
            listed = deployment["changes"]
            if listed is not None:
                source, carried = "explicit", [c for c in listed if c in self.changes]
            elif deployment["sha"] in order:
                source = "inferred" if baseline else "baseline"
                carried = order[:order.index(deployment["sha"]) + 1]
                baseline = True
            else:
                source, carried = "unknown", []
            deployment["lead_source"] = source
            for change in carried:
                if change in delivered:
                    continue
                delivered.add(change)
                self.delivered[service, change] = deployment["id"]
                if source != "baseline":
                    deployment["leads"][change] = self.lead(change, deployment["at"])
