# SPDX-License-Identifier: Apache-2.0
"""Golden histories: folders of catalog.yaml, events.ndjson (one CloudEvent a line, in the order
of arrival) and expected.json (the rows that must come out). Ours are in tests/golden; where a
folder `shared/golden` lies beside the project, its histories are used too."""

import glob
import json
import math
import os

from harness.dorad import ROOT

FOLDERS = sorted(glob.glob(os.path.join(ROOT, "tests", "golden", "*"))
                 + glob.glob(os.path.join(ROOT, "..", "shared", "golden", "*", "")))
TRENDS = ("deploy_freq", "lead_time", "fail_rate", "restore", "unplanned")


class History:
    def __init__(self, folder):
        self.folder = folder
        self.name = os.path.basename(os.path.normpath(folder))
        self.catalog = os.path.join(folder, "catalog.yaml")
        with open(os.path.join(folder, "expected.json"), encoding="utf-8") as file:
            self.expected = json.load(file)
        with open(os.path.join(folder, "events.ndjson"), encoding="utf-8") as file:
            self.events = [json.loads(line) for line in file if line.strip()]

    @property
    def as_of(self):
        return self.expected["as_of"]


def histories():
    return [History(folder) for folder in FOLDERS
            if os.path.exists(os.path.join(folder, "expected.json"))]


def same(got, want):
    """Counts and words exactly, floats to 1e-6 relative."""
    if isinstance(got, bool) or isinstance(want, bool):
        return got is want
    if isinstance(got, float) or isinstance(want, float):
        return got is not None and want is not None and \
            math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-9)
    return got == want


def differences(what, got, want):
    """Lines for what differs between two dicts of dicts."""
    for key in sorted(set(got) | set(want), key=str):
        if key not in got:
            yield f"{what} {key} is missing"
        elif key not in want:
            yield f"{what} {key} should not be there"
        else:
            for column, value in want[key].items():
                if column not in got[key]:
                    yield f"{what} {key}: no {column}"
                elif not same(got[key][column], value):
                    yield f"{what} {key}: {column} is {got[key][column]}, want {value}"


# -- rows ------------------------------------------------------------------------------------

def expected_rows(history):
    """{(scope, name, month): {column: value}}, trends and assurance among the columns."""
    rows = {}
    for row in history.expected["monthly_service"] + history.expected["monthly_team"]:
        columns = {name: value for name, value in row.items()
                   if name not in ("scope", "id", "month", "trend")}
        if row["scope"] == "team":
            columns.pop("phase", None)
        for metric in TRENDS:
            trend = (row["trend"] or {}).get(metric, {})
            for field in ("direction", "basis", "n", "s", "p", "slope_per_month"):
                columns[f"{metric}.{field}"] = trend.get(field)
        rows[row["scope"], row["id"], row["month"]] = columns
    return rows


def rows_of(site):
    rows = {}
    for scope in ("service", "team"):
        def key(row):
            return scope, row.pop(scope), row.pop("month").strftime("%Y-%m")

        for row in site.query(f"SELECT * FROM dorad.monthly_{scope}"):
            columns = {name: value for name, value in row.items()
                       if name not in ("computed_at", "revision")}
            columns.update(throughput=None, assurance=None)
            for metric in TRENDS:
                for field in ("direction", "basis", "n", "s", "p", "slope_per_month"):
                    columns[f"{metric}.{field}"] = None
            rows[key(columns)] = columns
        for row in site.query(f"SELECT * FROM dorad.trend_{scope}"):
            metric = row.pop("metric")
            rows[key(row)].update({f"{metric}.{name}": value for name, value in row.items()})
        for row in site.query(f"SELECT * FROM dorad.assurance_{scope}"):
            rows[key(row)].update(row)
    return rows


# -- explain ---------------------------------------------------------------------------------

def instant(time):
    return None if time is None else time.isoformat().replace("+00:00", "Z")


def expected_deployments(history):
    rows = {}
    for row in history.expected["explain"]["deployments"]:
        rows[row["service"], row["id"]] = {
            "at": row["at"], "month": row["month"], "team": row["team"],
            "status": row["status"], "kind": row["kind"] or "attempt", "lane": row["lane"],
            "sha": row["sha"], "hotfix": row["hotfix"], "lead_source": row["lead_source"],
            "changes": {change: seconds for change, seconds in row["changes"]},
            "failed": row["failed"],
            "evidence": sorted({tuple(evidence) for evidence in row["evidence"]}),
            "rolled_back_by": row["rolled_back_by"]}
    return rows


def deployments_of(site):
    rows = {}
    for row in site.query("SELECT * FROM dorad.explain_deployment WHERE counted"):
        rows[row["service"], row["deployment_id"]] = {
            **row, "at": instant(row["at"]), "month": row["month"].strftime("%Y-%m"),
            "changes": {change: seconds for change, seconds in row["changes"]},
            "evidence": sorted({tuple(evidence) for evidence in row["evidence"]})}
    return rows


def expected_incidents(history):
    rows = {}
    for row in history.expected["explain"]["incidents"]:
        rows[row["id"]] = {
            "started": row["started"], "restored": row["restored"],
            "restore_s": row["restore_s"], "state": row["state"], "reopens": row["reopens"],
            "excluded": row["excluded"],
            "attribution": {service: (found["rule"], sorted(found["deployments"]))
                            for service, found in row["attribution"].items()}}
    return rows


def incidents_of(site):
    rows = {}
    for row in site.query("SELECT * FROM dorad.explain_incident"):
        found = rows.setdefault(row["incident_id"], {
            "started": instant(row["started_at"]), "restored": instant(row["restored_at"]),
            "restore_s": row["restore_s"], "state": row["state"], "reopens": row["reopens"],
            "excluded": None, "attribution": {}})
        if row["counted"]:
            found["attribution"][row["service"]] = (row["attr_rule"], sorted(row["deployments"]))
        elif row["exclusion"] not in ("phase", None):
            found["excluded"] = row["exclusion"]
    return rows


def expected_items(history):
    return {row["id"]: {"done": row["done"], "month": row["month"], "class": row["class"],
                        "rule": row["rule"], "services": sorted(row["services"]),
                        "teams": sorted(row["teams"])}
            for row in history.expected["explain"]["items"]}


def items_of(site):
    return {row["item_id"]: {"done": instant(row["done_at"]),
                             "month": row["month"].strftime("%Y-%m"), "class": row["class"],
                             "rule": row["class_rule"], "services": sorted(row["services"]),
                             "teams": sorted(row["teams"])}
            for row in site.query("SELECT * FROM dorad.explain_item"
                                  " WHERE counted OR exclusion = 'unmapped'")}


# -- quality ---------------------------------------------------------------------------------

def expected_quality(history):
    """What was left out, by reason; what is counted as it arrives is left out here."""
    return {reason: {"n": n} for reason, n in history.expected["quality"].items()
            if n and reason not in ("duplicate_events", "future_events")}


def quality_of(site):
    return {row["reason"]: {"n": row["n"]}
            for row in site.query("SELECT reason, n FROM dorad.quality_total")}


def all_differences(site, history):
    compared = [
        ("row", rows_of, expected_rows),
        ("deployment", deployments_of, expected_deployments),
        ("incident", incidents_of, expected_incidents),
        ("item", items_of, expected_items),
        ("quality", quality_of, expected_quality),
    ]
    lines = []
    for what, got, want in compared:
        lines += differences(what, got(site), want(history))
    return lines
