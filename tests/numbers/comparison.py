# SPDX-License-Identifier: Apache-2.0
"""A random history told to the database in several ways, and to the oracle: what differs."""

import random

from harness.golden import (deployments_of, differences, incidents_of, items_of, quality_of,
                            rows_of)
from oracle_deliveries import EPOCH, MICRO
from oracle_months import Months
from random_history import Chaos
from story import as_applied


def iso(at):
    return None if at is None else (EPOCH + at * MICRO).isoformat().replace("+00:00", "Z")


def civil(months, at):
    return months.local(at).strftime("%Y-%m")


def reasons(months):
    """The oracle's facts in the form in which harness.golden reads those of a database."""
    facts = months.facts
    deployments = {key: {
        "at": iso(d["at"]), "month": civil(months, d["at"]), "status": d["status"],
        "team": months.catalog.owner(d["service"], d["at"]), "kind": d["kind"],
        "lane": d["lane"], "sha": d["sha"], "hotfix": d["hotfix"],
        "lead_source": d["lead_source"], "failed": months.failed(d),
        "changes": {change: max(0.0, lead) for change, lead in d["leads"].items()},
        "evidence": sorted(d["evidence"]), "rolled_back_by": d["removed_by"]}
        for key, d in facts.deployments.items() if not d["excluded"]}
    incidents = {name: {
        "started": iso(i["started"]), "restored": iso(i["restored"]),
        "restore_s": i["restore_s"], "state": i["state"], "reopens": i["reopens"],
        "excluded": i["excluded"], "attribution": i["attribution"]}
        for name, i in facts.incidents.items()}
    items = {name: {
        "done": iso(i["done"]), "month": civil(months, i["done"]), "class": i["class"],
        "rule": i["rule"], "services": i["services"], "teams": i["teams"]}
        for name, i in facts.items.items()}
    quality = {reason: {"n": n} for reason, n in facts.quality.items()
               if n and reason != "incidents_excluded_correction"}
    return deployments, incidents, items, quality


class Looker:
    """The database as harness.golden asks it: in UTC, without what a correction excluded."""

    def __init__(self, database):
        self.database = database

    def query(self, text):
        self.database.sql("SET timezone = 'UTC'")
        rows = self.database.sql(text)
        self.database.sql("RESET timezone")
        return [row for row in rows if row.get("reason") != "incidents_excluded_correction"]


def against_oracle(database, chaos):
    """What the database says of a history, told as one batch, that the rules do not."""
    database.clear().tell(chaos.events, chaos.catalog, chaos.as_of)
    months = Months(chaos.events, as_applied(chaos.catalog), chaos.as_of)
    looker = Looker(database)
    deployments, incidents, items, quality = reasons(months)
    lines = []
    for what, got, want in (("row", rows_of(looker), months.rows()),
                            ("deployment", deployments_of(looker), deployments),
                            ("incident", incidents_of(looker), incidents),
                            ("item", items_of(looker), items),
                            ("quality", quality_of(looker), quality)):
        lines += differences(what, got, want)
    return lines


def tell_otherwise(database, chaos, seed):
    """The same history shuffled, some of it twice, in portions with a roll-up between each, the
    clock behind and the catalogue another one for half of the way."""
    dice = random.Random(f"order {seed}")
    events = chaos.events + dice.sample(chaos.events, len(chaos.events) // 5)
    dice.shuffle(events)
    cuts = sorted(dice.sample(range(1, len(events)), dice.randint(1, 3)))
    portions = [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)])]
    database.clear()
    if dice.random() < 0.7:
        database.apply(Chaos(f"{seed} other", 1, 0).catalog)
    for place, portion in enumerate(portions):
        database.tell(portion, as_of=dice.choice([e["time"] for e in events]))
        if place == len(portions) // 2:
            database.apply(chaos.catalog)
    database.tell([], as_of=chaos.as_of)


def lines_between(what, got, want):
    """The rows of two states (`Database.state()`) that differ, in words."""
    return [f"{what}: {table}: {side} {row}" for table in want
            for side, rows in (("has", set(got[table]) - set(want[table])),
                               ("lacks", set(want[table]) - set(got[table])))
            for row in sorted(rows)]


def differences_of(database, chaos, seed):
    """What differs between the rules and the rows, and between one way to tell and another."""
    lines = [f"oracle: {line}" for line in against_oracle(database, chaos)]
    state = database.state()
    tell_otherwise(database, chaos, seed)
    lines += lines_between("in another order", database.state(), state)
    lines += [f"verify: {line}" for line in database.verify()]
    before = database.sql("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month")
    database.sql("SELECT dorad_data.rebuild()")
    if database.sql("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month") != before:
        lines.append("a rebuild wrote rows that were right")
    lines += lines_between("rebuilt", database.state(), state)
    return lines


def differences_by_origin(database, chaos, seed):
    """The same without the oracle, which does not know coordinates."""
    database.clear().tell(chaos.events, chaos.catalog, chaos.as_of)
    lines = [f"verify: {line}" for line in database.verify()]
    state = database.state()
    tell_otherwise(database, chaos, seed)
    again = database.state()
    for each in (state, again):
        # Coordinates that were pieced together on the way, and that no event has, stay.
        del each["origin_service"]
    lines += lines_between("in another order", again, state)
    lines += [f"verify, in another order: {line}" for line in database.verify()]
    return lines
