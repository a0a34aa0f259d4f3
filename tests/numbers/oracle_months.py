# SPDX-License-Identifier: Apache-2.0
"""The rules of the metrics in plain Python, the last part: months, trends and assurance."""

import calendar
from collections import Counter, defaultdict
from datetime import datetime, timezone
from functools import lru_cache
from math import comb, floor
from zoneinfo import ZoneInfo

from oracle import Facts
from oracle_deliveries import EPOCH, FOREVER, MICRO, Catalog, instant

METRICS = {"deploy_freq": 1, "lead_time": -1, "fail_rate": -1, "restore": -1, "unplanned": -1}
NO_TREND = {"direction": "not_enough_data", "basis": None, "s": None, "p": None,
            "slope_per_month": None}


def percentile(values, q):
    if not values:
        return None
    values = sorted(values)
    rank = q * (len(values) - 1)
    low = values[floor(rank)]
    high = values[min(floor(rank) + 1, len(values) - 1)]
    return round(low + (rank - floor(rank)) * (high - low), 6)


def ratio(part, whole):
    return round(part / whole, 6) if whole else None


# -- section 7 -----------------------------------------------------------------------------------

@lru_cache(None)
def orders_by_inversions(ties):
    """How many orders of values so tied there are, by number of inversions: by counting."""
    if not sum(ties):
        return {0: 1}
    found = Counter()
    for place, group in enumerate(ties):
        if group:
            # One of this group stands last: all that are greater stand before it.
            rest = ties[:place] + (group - 1,) + ties[place + 1:]
            for inversions, count in orders_by_inversions(rest).items():
                found[inversions + sum(ties[place + 1:])] += count
    return dict(found)


def exact_p(values, s):
    ties = tuple(sorted(Counter(values).values(), reverse=True))
    most = comb(len(values), 2) - sum(comb(t, 2) for t in ties)
    orders = orders_by_inversions(ties)
    return sum(count for inversions, count in orders.items()
               if abs(most - 2 * inversions) >= abs(s)) / sum(orders.values())


def test(metric, points):
    """Steps 3 to 5 of a set [(month number, value)]: statistic, p, slope, and whether it moves."""
    pairs = [(a, b) for place, a in enumerate(points) for b in points[place + 1:]]
    s = sum((b[1] > a[1]) - (b[1] < a[1]) for a, b in pairs)
    slope = middle([(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairs])
    p = exact_p([value for _, value in points], s)
    move = abs(slope) * (points[-1][0] - points[0][0])
    usual = abs(middle([value for _, value in points]))
    if metric in ("fail_rate", "unplanned"):
        material = move >= 0.05 - 1e-12
    else:
        material = move >= 0.2 * usual * (1 - 1e-12) if usual else abs(slope) > 1e-12
    return s, p, slope, p <= 0.10 and material and slope * s > 0


def middle(values):
    values = sorted(values)
    half = len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def trend(metric, points, month):
    """The trend at a month of [(month number, value)] of all usable complete months."""
    short = [point for point in points if month - 6 < point[0] <= month]
    long = [point for point in points if month - 12 < point[0] <= month]
    if len(short) < 5:
        return {**NO_TREND, "n": len(short)}
    s, p, slope, moves = test(metric, short)
    found = {"direction": "steady", "basis": "short", "n": len(short), "s": s, "p": round(p, 9),
             "slope_per_month": round(slope, 9)}
    if not moves and len(long) >= 8:
        s, p, long_slope, moves = test(metric, long)
        moves = moves and long_slope * slope > 0
        if moves:
            slope = long_slope
            found = {"basis": "long", "n": len(long), "s": s, "p": round(p, 9),
                     "slope_per_month": round(slope, 9)}
    if moves:
        found["direction"] = "improving" if slope * METRICS[metric] > 0 else "worsening"
    return found


def throughput(trends):
    said = {trends[metric]["direction"] for metric in ("deploy_freq", "lead_time")}
    if {"worsening", "improving"} <= said:
        return "mixed"
    return next((d for d in ("worsening", "improving", "steady") if d in said),
                "not_enough_data")


def assurance(trends):
    said = Counter(t["direction"] for t in trends.values())
    if said["not_enough_data"] == len(trends):
        return "not_enough_data"
    if said["worsening"] >= 2 and said["worsening"] > said["improving"]:
        return "sliding"
    if said["improving"] >= 2 and said["improving"] > said["worsening"]:
        return "improving"
    return "watch" if said["worsening"] == 1 else "steady"


# -- sections 3 and 9.1 --------------------------------------------------------------------------

class Months:
    """The monthly rows of a history, as `expected.json` of a golden history has them."""

    def __init__(self, events, catalog, as_of):
        self.catalog = Catalog(catalog)
        self.as_of = instant(as_of)
        self.facts = Facts(events, self.catalog, self.as_of)
        self.zone = ZoneInfo(self.catalog.tz)
        self.scopes = defaultdict(lambda: {"deployments": [], "started": [], "restored": [],
                                           "items": []})
        self.assign()

    def local(self, at):
        return (EPOCH + at * MICRO).astimezone(self.zone)

    def month(self, at):
        """Months are numbers here: twelve times the year, and the month from 0."""
        local = self.local(at)
        return local.year * 12 + local.month - 1

    def begin(self, month):
        local = datetime(month // 12, month % 12 + 1, 1, tzinfo=self.zone)
        return (local.astimezone(timezone.utc) - EPOCH) // MICRO

    def assign(self):
        """Each fact to its services and to the teams that owned them at its anchor."""
        for deployment in self.facts.deployments.values():
            if not deployment["excluded"]:
                self.give(deployment["service"], deployment["at"], "deployments", deployment)
        for incident in self.facts.incidents.values():
            for service in incident["attribution"]:
                self.give(service, incident["started"], "started", incident)
                if incident["restored"] is not None:
                    self.give(service, incident["restored"], "restored", (incident, service))
        for item in self.facts.items.values():
            for service in item["services"]:
                self.scopes["service", service]["items"].append((item["done"], item))
            for team in item["teams"]:
                self.scopes["team", team]["items"].append((item["done"], item))

    def give(self, service, at, what, fact):
        self.scopes["service", service][what].append((at, fact))
        owner = self.catalog.owner(service, at)
        if owner:
            self.scopes["team", owner][what].append((at, fact))

    def held(self, scope, name, at):
        """The services that a scope holds at an instant."""
        if scope == "service":
            return [name]
        return [s for s in self.catalog.owners if self.catalog.owner(s, at) == name]

    def rows(self):
        rows = {}
        for (scope, name), facts in list(self.scopes.items()):
            anchors = [at for each in facts.values() for at, _ in each]
            if not anchors:
                continue
            first, last = self.month(min(anchors)), self.month(self.as_of)
            if scope == "service":
                begins, phase = self.catalog.line_at(self.catalog.phases.get(name), self.as_of) \
                    or (None, "live")
                if phase == "retired":
                    last = self.month(begins) if begins > -FOREVER else -1
            months = {m: self.row(scope, name, facts, m) for m in range(first, last + 1)}
            self.add_trends(months)
            for month, row in months.items():
                rows[scope, name, f"{month // 12}-{month % 12 + 1:02}"] = row
        return rows

    def row(self, scope, name, facts, month):
        begin, end = self.begin(month), self.begin(month + 1)
        complete = end <= self.as_of
        last = min(end, self.as_of) - 1
        held = self.held(scope, name, last)
        inside = {what: [fact for at, fact in each if begin <= at < end]
                  for what, each in facts.items()}
        windows = [self.catalog.window_of(service) for service in held]
        window = max(windows, default=self.catalog.window) * 10**6
        row = {"complete": complete, "settled": complete and end + window <= self.as_of,
               "days": calendar.monthrange(month // 12, month % 12 + 1)[1] if complete
               else self.local(self.as_of).day}
        if scope == "service":
            row["phase"] = self.catalog.phase(name, last)
        row["delivery_measured"] = any(
            d["status"] == "succeeded" and self.month(at) <= month
            for at, d in facts["deployments"]) \
            or any(self.catalog.phase(service, last) == "live" for service in held)
        self.fill_deliveries(row, inside["deployments"])
        self.fill_incidents(row, inside, min(end, self.as_of), held)
        self.fill_items(row, inside["items"])
        return row

    @staticmethod
    def failed(deployment):
        said = deployment["failure"]
        return bool(deployment["evidence"]) if said is None else said

    def fill_deliveries(self, row, deployments):
        kinds = {kind: [d for d in deployments if d["kind"] == kind]
                 for kind in ("change", "rollback", "redeploy", "attempt")}
        changes = kinds["change"]
        hotfixes = sum(d["hotfix"] for d in changes)
        failed = [d for d in deployments if self.failed(d)]
        leads = [lead for d in deployments for lead in d["leads"].values()]
        oldest = [max(0.0, *d["leads"].values()) for d in changes if d["leads"]]
        counted = [d for d in deployments if d["kind"] == "change" or self.failed(d)]
        rework = len(changes) + len(kinds["rollback"])
        measured = {
            "deployments": len(changes), "deployments_per_day": ratio(len(changes), row["days"]),
            "deploy_days": len({self.local(d["at"]).date() for d in changes}),
            "redeploys": len(kinds["redeploy"]), "rollbacks": len(kinds["rollback"]),
            "failed_attempts": len(kinds["attempt"]), "hotfixes": hotfixes}
        for column, value in measured.items():
            row[column] = value if row["delivery_measured"] else None
        samples = [max(0.0, lead) for lead in leads]
        for q in (50, 85, 95):
            row[f"lead_time_p{q}_s"] = percentile(samples, q / 100)
        row.update(
            lead_time_n=len(leads), lead_time_clamped=sum(lead < 0 for lead in leads),
            lead_time_unknown_deployments=sum(d["lead_source"] in ("unknown", "baseline")
                                              for d in changes),
            deploy_lead_time_n=len(oldest), deploy_lead_time_p50_s=percentile(oldest, 0.5),
            failed_deployments=len(failed), fail_rate_n=len(counted),
            fail_rate=ratio(len(failed), len(counted)),
            failed_inferred=sum(d["failure"] is None and {what for what, _ in d["evidence"]}
                                == {"incident:latest_deployment"} for d in failed),
            rework_deploy_rate_n=rework,
            rework_deploy_rate=ratio(hotfixes + len(kinds["rollback"]), rework))

    def fill_incidents(self, row, inside, end, held):
        restored = {incident["id"]: incident for incident, _ in inside["restored"]}.values()
        caused = {incident["id"] for incident, service in inside["restored"]
                  if incident["attribution"][service][1]}
        times = [i["restore_s"] for i in restored if i["restore_s"] is not None]
        recovery = [i["restore_s"] for i in restored
                    if i["restore_s"] is not None and i["id"] in caused]
        for q in (50, 85, 95):
            row[f"restore_p{q}_s"] = percentile(times, q / 100)
        row.update(
            incidents_started=len({i["id"] for i in inside["started"]}),
            incidents_open_end=sum(                                                # R24
                any(service in i["attribution"] for service in held) and i["started"] < end
                and (i["restored"] is None or i["restored"] >= end)
                for i in self.facts.incidents.values()),
            incidents_restored=len(restored), restore_n=len(times),
            reopens=sum(i["reopens"] for i in restored),
            recovery_n=len(recovery), recovery_p50_s=percentile(recovery, 0.5))

    @staticmethod
    def fill_items(row, items):
        classes = Counter(item["class"] for item in items)
        failure, adhoc = classes["failure_demand"], classes["adhoc_value"]
        row.update(items_done=len(items), items_planned=classes["planned"],
                   items_failure_demand=failure, items_adhoc_value=adhoc,
                   unplanned_rate=ratio(failure + adhoc, len(items)),
                   failure_demand_rate=ratio(failure, len(items)))

    @staticmethod
    def value(metric, row):
        """What a month gives to a trend; None is a gap."""
        if metric == "deploy_freq":
            return row["deployments"] / row["days"] if row["delivery_measured"] else None
        if metric == "lead_time":
            return floor(row["lead_time_p50_s"] + 0.5) if row["lead_time_n"] >= 3 else None
        if metric == "fail_rate":
            return row["failed_deployments"] / row["fail_rate_n"] if row["fail_rate_n"] >= 5 \
                else None
        if metric == "restore":
            return floor(row["restore_p50_s"] + 0.5) if row["restore_n"] >= 1 else None
        return (row["items_failure_demand"] + row["items_adhoc_value"]) / row["items_done"] \
            if row["items_done"] >= 5 else None

    def add_trends(self, months):
        points = {metric: [(m, self.value(metric, row)) for m, row in months.items()
                           if row["complete"] and self.value(metric, row) is not None]
                  for metric in METRICS}
        for month, row in months.items():
            trends = {metric: trend(metric, points[metric], month) for metric in METRICS} \
                if row["complete"] else None
            row["throughput"] = trends and throughput(trends)
            row["assurance"] = trends and assurance(trends)
            for metric in METRICS:
                for field in ("direction", "basis", "n", "s", "p", "slope_per_month"):
                    row[f"{metric}.{field}"] = trends and trends[metric][field]
