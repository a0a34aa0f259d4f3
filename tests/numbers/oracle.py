# SPDX-License-Identifier: Apache-2.0
"""The rules of the metrics in plain Python, the second part: change requests, incidents, what
they are held against, and work items."""

from oracle_deliveries import (CLASSES, EXCLUDED_TYPES, Deliveries, entities, instant, merged,
                               trailing_run, word)

LABELS = {
    "failure_demand": {"bug", "defect", "regression", "incident", "hotfix", "rework", "break-fix",
                       "vulnerability", "security-fix", "environment-issue", "flaky-test",
                       "config-error"},
    "adhoc_value": {"unplanned", "adhoc", "ad-hoc", "expedite", "interrupt", "support"}}
TYPES = {
    "failure_demand": {"bug", "defect", "incident", "problem", "hotfix", "vulnerability",
                       "break/fix"},
    "adhoc_value": {"support", "service request", "ad hoc"}}
OVERRIDES = {"dora:planned": "planned", "dora:failure": "failure_demand",
             "dora:adhoc": "adhoc_value"}
DAY = 86400 * 10**6


def class_of(data, labels):
    """Section 5, rules 1 to 9: class and rule."""
    kind, given = word(data.get("item_type")), data.get("class_override")
    if given in CLASSES:
        return given, "override"
    for label, meant in OVERRIDES.items():
        if label in labels:
            return meant, "override"
    if data.get("linked_incidents"):
        return "failure_demand", "linked_incident"
    for meant in ("failure_demand", "adhoc_value"):
        if kind in TYPES[meant]:
            return meant, "type"
        if labels & LABELS[meant]:
            return meant, "label"
    if word(data.get("priority")) == "expedite":
        return "adhoc_value", "priority"
    added, began = (instant(data.get(f)) for f in ("added_to_sprint_at", "sprint_started_at"))
    if added is not None and began is not None and added > began + DAY:
        return "adhoc_value", "added_after_sprint_start"
    return "planned", "default"


class Facts(Deliveries):
    """All facts of a history: deployments, deliveries, incidents, items, evidence, quality."""

    def __init__(self, events, catalog, as_of):
        super().__init__(events, catalog, as_of)
        self.read_requests()
        self.read_incidents()
        for incident in self.incidents.values():
            if incident["excluded"] is None:
                self.attribute(incident)
        self.read_items()

    def named(self, name):
        return {key for key, d in self.deployments.items() if name in d["names"]}

    # -- change requests -------------------------------------------------------------------------

    def read_requests(self):
        self.requests = {}
        for name, events in entities(self.events, "change_request", lambda d: d["cr_id"]).items():
            data = merged(events)
            begin, end = instant(data.get("actual_start")), instant(data.get("actual_end"))
            if data.get("deployment_ids"):
                hits = set().union(*map(self.named, data["deployment_ids"]))
            else:
                hits = set()
                for service in self.catalog.names(data.get("services")):
                    inside = [(d["at"], d["id"].encode(), key)
                              for key, d in self.deployments.items()
                              if d["service"] == service and begin is not None
                              and end is not None and begin <= d["at"] <= end]
                    hits |= {max(inside)[2]} if inside else set()
            self.requests[name] = hits
            if word(data.get("close_code")) == "unsuccessful" \
                    and word(data.get("state")) not in ("cancelled", "canceled"):
                for key in hits:
                    self.deployments[key]["evidence"].add(("change_request", name))

    # -- incidents: R20 to R23 -------------------------------------------------------------------

    def read_incidents(self):
        self.incidents = {}
        for name, events in entities(self.events, "incident", lambda d: d["incident_id"]).items():
            incident = self.incidents[name] = {"id": name, "data": merged(events),
                                               "attribution": {}, "not_here": set()}
            self.walk_incident(incident, events)
        ends = {name: self.chain_end(name) for name in self.incidents}
        for name, incident in self.incidents.items():
            self.exclude(incident, ends[name])
            if incident["excluded"]:
                self.quality["incidents_excluded_" + incident["excluded"]] += 1

    @staticmethod
    def walk_incident(incident, events):
        known = instant(incident["data"].get("started_at"))
        state, began, total, reopens, opened, said, ends = None, None, 0, 0, False, "open", []
        for event in events:
            at, data = event[0], event[4]
            said = data.get("state") or said
            if said == state:
                continue
            end = instant(data.get("resolved_at")) or at
            if said == "open":
                began = at if state or known is None else known
                reopens += state is not None
                opened = True
            elif said == "resolved" and state == "open":
                total += max(0, end - began)
            elif said == "resolved" and state is None and known is not None:
                total += max(0, end - known)
            state = said
            ends.append((said, end))
        restored = ends[-1][1] if state == "resolved" else None
        has_start = known is not None or opened and ends[0][0] != "resolved"
        incident.update(
            started=events[0][0] if known is None else known, restored=restored, state=state,
            reopens=reopens, restore_s=total / 1e6 if restored is not None and has_start else None)

    def chain_end(self, name):
        visited = [name]
        while True:
            target = self.incidents[visited[-1]]["data"].get("duplicate_of")
            if not target or target not in self.incidents:
                return visited[-1]
            if target in visited:
                return min(visited[visited.index(target):], key=str.encode)
            visited.append(target)

    def exclude(self, incident, chain_end):
        data, name = incident["data"], incident["id"]
        services = self.catalog.names(data.get("services"))
        correction = self.corrected("incident", [name], "", "excluded")
        reasons = [("correction", correction is True),
                   ("duplicate", chain_end != name), ("cancelled", incident["state"] == "cancelled"),
                   ("environment", data.get("environment_class") == "other"),
                   ("severity", (data.get("severity") or 0) > self.catalog.max_severity),
                   ("unmapped", not services)]
        if correction is False:
            reasons = reasons[-1:]
        incident["excluded"] = next((reason for reason, holds in reasons if holds), None)
        incident["services"] = [] if incident["excluded"] else [
            service for service in services
            if self.counts_in(self.catalog.phase(service, incident["started"]), data)]

    @staticmethod
    def counts_in(phase, data):
        return phase != "retired" and (data.get("environment_class") != "sealed"
                                       or phase == "development")

    # -- attribution: section 4, R17 to R19 ------------------------------------------------------

    def of_sha(self, sha):
        """Rule 3: in each service the first delivery of the sha, else its earliest success."""
        hits = set()
        for service in {d["service"] for d in self.deployments.values()}:
            whole = self.whole_sha(service, sha)
            if (service, whole) in self.delivered:
                hits.add((service, self.delivered[service, whole]))
                continue
            with_it = [(d["at"], d["id"].encode(), d["id"]) for d in self.deployments.values()
                       if d["service"] == service and d["sha"] == whole
                       and d["status"] == "succeeded"]
            hits |= {(service, min(with_it)[2])} if with_it else set()
        return hits

    def attribute(self, incident):
        data = incident["data"]
        rules = [
            ("explicit_deployment", set().union(*map(
                self.named, data.get("caused_by_deployments") or []))),
            ("explicit_change_request", self.requests.get(
                data.get("caused_by_change_request"), set())),
            ("explicit_sha", self.of_sha(data["caused_by_sha"])
             if data.get("caused_by_sha") else set())]
        for service in incident["services"]:
            rule, targets = self.rule_for(incident, service, rules)
            incident["attribution"][service] = rule, sorted(targets, key=str.encode)
            for target in targets:
                self.deployments[service, target]["evidence"].add(
                    ("incident:" + rule, incident["id"]))

    def rule_for(self, incident, service, rules):
        correction = self.corrected("incident", [incident["id"]], service, "attribution")
        if correction is not None:
            names = [correction] if isinstance(correction, str) else correction or []
            return "correction", {i for name in names for s, i in self.named(name) if s == service}
        if incident["data"].get("cause") and word(incident["data"]["cause"]) != "deployment":
            return "excluded_cause", set()
        for rule, hits in rules:
            here = {identity for of, identity in hits if of == service}
            if here:
                return rule, here
        if any(hits for _, hits in rules):
            return "explicit_other_service", set()
        started, restored = incident["started"], incident["restored"]
        mine = sorted((d for d in self.deployments.values() if d["service"] == service),
                      key=lambda d: (d["at"], d["id"].encode()))
        for rollback in mine:
            if rollback["kind"] == "rollback" and rollback["removes"] and rollback["at"] >= started \
                    and rollback["at"] <= (self.as_of if restored is None else restored) \
                    and self.deployments[service, rollback["removes"]]["at"] <= started:
                return "rollback", {rollback["removes"]}
        window = self.catalog.window_of(service) * 10**6
        for change in reversed(mine):
            if change["kind"] == "change" and 0 <= started - change["at"] <= window \
                    and not (change["removed_at"] is not None and change["removed_at"] <= started):
                return "latest_deployment", {change["id"]}
        return "none", set()

    # -- items: R25 and section 5 ----------------------------------------------------------------

    def read_items(self):
        self.items = {}
        for name, events in entities(self.events, "work_item", lambda d: d["item_id"]).items():
            data = merged(events)
            status, at = trailing_run((e[4]["status"], e[0]) for e in events
                                      if e[4].get("status"))
            correction = self.corrected("work_item", [name], "", "excluded")
            if correction is True:
                self.quality["items_excluded_by_correction"] += 1
                continue
            if word(data.get("item_type")) in EXCLUDED_TYPES and correction is None:
                self.quality["items_excluded_type"] += 1
                continue
            if status != "done":
                self.quality["items_cancelled"] += status == "cancelled"
                continue
            services = [service for service in self.catalog.names(data.get("services"))
                        if self.catalog.phase(service, at) != "retired"]
            team = data.get("team") or None
            teams = {team} if team else {self.catalog.owner(s, at) for s in services} - {None}
            self.quality["items_unmapped"] += not services and not team
            labels = {word(label) for label in self.labels_of(events)}
            meant, rule = class_of(data, labels)
            correction = self.corrected("work_item", [name], "", "class")
            if correction in CLASSES:
                meant, rule = correction, "correction"
            self.items[name] = {"id": name, "done": at, "class": meant, "rule": rule, "team": team,
                                "services": services, "teams": sorted(teams, key=str.encode)}

    @staticmethod
    def labels_of(events):
        """The last whole list, as changed label by label since."""
        labels = set()
        for event in events:
            if "labels" in event[4]:
                labels = set(event[4]["labels"] or [])
            for label, there in (event[4].get("label_changes") or {}).items():
                labels = labels | {label} if there else labels - {label}
        return labels
