# SPDX-License-Identifier: Apache-2.0
"""A made-up organisation as events (schemas/events), for the pages to show.

    world.fill(server, "database")      # a migrated database gets its catalogue, facts and months

Everything is drawn from one seeded generator: the same on each run.
"""

import json
import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

AS_OF = datetime(2026, 6, 16, 9, 30, tzinfo=timezone.utc)
FIRST = datetime(2024, 4, 1, tzinfo=timezone.utc)
REPORT_TZ = "Europe/London"
BATCH = 5000

# Names that break what is careless: markup, quotes, slashes, directions, length, and paths that
# browsers resolve.
HOSTILE = (
    "\"><script>alert('name')</script>",
    "'\"--></style></title><svg/onload=alert(1)>",
    "javascript:alert(1)//%0Aalert(2)",
    "acme/rocket \N{ROCKET} & sons? #1 100%",
    "..",
    "{{7*7}}${7*7}<%= 7*7 %>",
    "n" * 200,
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.exe",
)


@dataclass
class Service:
    name: str
    team: str = None
    title: str = None
    per_month: float = 20           # deployments
    lead_hours: float = 20
    failing: float = 0.12
    restore_minutes: float = 60
    items: float = 20
    unplanned: float = 0.25
    drift: float = 1.0              # what a month does to delivery and lead time, for six months
    phase: str = "live"
    begins: datetime = FIRST
    ends: datetime = AS_OF
    incidents: float = 1.5          # a month, besides those that deployments cause
    links: dict = field(default_factory=dict)


SERVICES = (
    Service("checkout", "payments", "Checkout",
            links={"runbook": "https://runbooks.example.com/checkout",
                   "telemetry": "https://telemetry.example.com/d/checkout"}),
    Service("wallet", "payments", "Wallet", per_month=9, lead_hours=30, items=12),
    Service("shipping", "logistics", "Shipping", per_month=26, lead_hours=16, unplanned=0.22,
            drift=0.85, begins=datetime(2025, 3, 1, tzinfo=timezone.utc)),
    Service("search", "discovery", "Search", per_month=14, lead_hours=40, drift=1.16),
    Service("loyalty", "growth", "Loyalty", phase="development", per_month=0, incidents=0,
            begins=datetime(2026, 1, 10, tzinfo=timezone.utc)),
    Service("quiet", "growth", "Quiet corner", per_month=0.4, failing=0, incidents=0, items=1),
    Service("till", "payments", "Old till", phase="retired",
            ends=datetime(2025, 11, 14, tzinfo=timezone.utc)),
)
TEAMS = {"discovery": "Discovery", "growth": "Growth", "logistics": "Logistics",
         "payments": "Payments"}


def text_of(instant):
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def next_month(month):
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=timezone.utc)


class Writer:
    """Collects events; each gets an id of its own."""

    def __init__(self):
        self.events = []

    def add(self, kind, instant, **data):
        if instant <= AS_OF:
            self.events.append({
                "kind": kind, "source": "/dorad/portal-tests", "revision": 0,
                "id": f"{kind}-{len(self.events):07}", "time": text_of(instant), "data": data})


class History:
    """One service's events, month by month."""

    def __init__(self, service, writer):
        self.service, self.writer = service, writer
        self.random = random.Random(f"portal {service.name}")
        self.count = 0

    def strength(self, month):
        """How far the drift of the last six complete months has come."""
        first = datetime(2025, 12, 1, tzinfo=timezone.utc)
        steps = (month.year - first.year) * 12 + month.month - first.month
        return self.service.drift ** max(0, min(steps, 6))

    def poisson(self, mean):
        n, left = 0, self.random.expovariate(1)
        while left < mean:
            n, left = n + 1, left + self.random.expovariate(1)
        return n

    def instant(self, month):
        span = (next_month(month) - month).total_seconds()
        return month + timedelta(seconds=self.random.uniform(0, span))

    def write(self):
        month = self.service.begins.replace(day=1, hour=0, minute=0)
        while month <= self.service.ends:
            self.write_month(month)
            month = next_month(month)

    def write_month(self, month):
        strength = self.strength(month)
        times = sorted(self.instant(month)
                       for _ in range(self.poisson(self.service.per_month * strength)))
        for instant in times:
            if self.service.begins <= instant <= self.service.ends:
                self.deploy(instant, strength)
        for _ in range(self.poisson(self.service.incidents)):
            self.incident(self.instant(month), None)
        for _ in range(self.poisson(self.service.items)):
            self.item(self.instant(month), strength)

    def url(self, what, number):
        return f"https://git.example.com/{what}/{number}"

    def deploy(self, instant, strength):
        self.count += 1
        name, number = self.service.name, self.count
        dice = self.random.random()
        deployment = f"{name}-d{number}"
        changes = []
        for i in range(1 + self.poisson(1.2)):
            lead = self.random.lognormvariate(0, 0.7) * self.service.lead_hours / strength
            sha = f"{self.random.getrandbits(160):040x}"
            landed = instant - timedelta(hours=self.random.uniform(0.05, 0.4) * lead)
            self.writer.add("change", landed, change_id=sha, services=[name],
                            committed_at=text_of(instant - timedelta(hours=lead)),
                            landed_at=text_of(landed), ordinal=i, url=self.url("commit", sha))
            changes.append(sha)
        common = {"service": name, "deployment_id": deployment, "environment": "production",
                  "environment_class": "production", "via": "deployment",
                  "url": self.url(f"{number}/deployment", deployment)}
        if dice < 0.05:
            self.writer.add("deployment", instant, status="failed", **common)
            return
        self.writer.add("deployment", instant, status="succeeded", sha=changes[-1],
                        changes=changes, hotfix=dice > 0.97, **common)
        if dice < 0.05 + self.service.failing:
            self.incident(instant + timedelta(minutes=self.random.uniform(5, 200)),
                          deployment if dice < 0.12 else None)
        elif dice < 0.1 + self.service.failing:
            later = instant + timedelta(hours=1)
            self.writer.add("deployment", later, service=name, deployment_id=f"{deployment}-back",
                            environment="production", environment_class="production",
                            status="succeeded", is_rollback=True, rolls_back=deployment,
                            sha=f"{number:040x}", url=self.url("rollback", number))
        if number % 9 == 0:
            self.writer.add(
                "change_request", instant + timedelta(hours=2), cr_id=f"CHG{name}{number:05}",
                services=[name], state="closed", deployment_ids=[deployment],
                close_code="unsuccessful" if number % 27 == 0 else "successful",
                actual_start=text_of(instant - timedelta(hours=1)),
                actual_end=text_of(instant + timedelta(hours=1)),
                url=self.url("change-request", number))

    def incident(self, began, deployment):
        self.count += 1
        identity = f"INC-{self.service.name}-{self.count}"
        minutes = self.random.lognormvariate(0, 0.9) * self.service.restore_minutes
        data = {"incident_id": identity, "services": [self.service.name],
                "severity": self.random.choice([1, 2, 2, 3, 3, 4]),
                "environment_class": "production", "url": self.url("incident", identity)}
        if deployment:
            data["caused_by_deployments"] = [deployment]
        if self.count % 3 == 0:
            data["review_url"] = self.url("review", identity)
        self.writer.add("incident", began, state="open", started_at=text_of(began), **data)
        if self.random.random() < 0.97:
            self.writer.add("incident", began + timedelta(minutes=minutes),
                            incident_id=identity, state="resolved")

    def item(self, done, strength):
        self.count += 1
        identity = f"{self.service.name.upper()[:12]}-{self.count}"
        unplanned = min(0.85, self.service.unplanned / strength)
        dice = self.random.random()
        kind = "story" if dice > unplanned else \
            self.random.choice(["bug", "bug", "support", "incident"])
        self.writer.add("work_item", done - timedelta(days=4), item_id=identity, status="todo",
                        services=[self.service.name], item_type=kind, labels=[],
                        url=self.url("browse", identity))
        status = "cancelled" if self.random.random() < 0.05 else "done"
        self.writer.add("work_item", done, item_id=identity, status=status)


def hostile_services():
    """Each with a little of everything, so that every page has something to show."""
    return [Service(name, team=name, title=None, per_month=4, items=6, incidents=1,
                    begins=datetime(2026, 2, 1, tzinfo=timezone.utc)) for name in HOSTILE]


def small():
    """The same in little: four services with a past of half a year, and some with hostile names."""
    begins = datetime(2025, 11, 3, tzinfo=timezone.utc)
    chosen = [service for service in SERVICES
              if service.name in ("checkout", "wallet", "shipping", "loyalty")]
    return [*(replace(service, begins=max(service.begins, begins)) for service in chosen),
            *hostile_services()[:4]]


def catalog(services):
    names = sorted({service.team for service in services if service.team})
    entries = []
    for service in services:
        entry = {"name": service.name, "sources": [{"github": f"acme/{len(entries)}"}]}
        if service.team:
            entry["owners"] = [{"team": service.team}]
        if service.title:
            entry["title"] = service.title
        if service.phase == "development":
            entry["phases"] = [{"phase": "development"}]
        elif service.phase == "retired":
            entry["phases"] = [{"phase": "live"},
                               {"phase": "retired", "from": text_of(service.ends)}]
        if service.links:
            entry["links"] = service.links
        entries.append(entry)
    return {"report_tz": REPORT_TZ, "services": entries,
            "teams": [{"name": name, **({"title": TEAMS[name]} if name in TEAMS else {})}
                      for name in names]}


def strangers(writer):
    """What no rule of the catalogue knows: kept, listed, not counted."""
    for day in range(20):
        writer.add("deployment", AS_OF - timedelta(days=day), deployment_id=f"playground-{day}",
                   status="succeeded", environment="production", via="deployment",
                   sha=f"{day:040x}",
                   origin={"system": "github", "host": "github.com",
                           "repository": "acme/playground", "repository_id": "77"})


def events(services):
    writer = Writer()
    for service in services:
        History(service, writer).write()
    strangers(writer)
    return writer.events


def store(connection, catalogue, all_events, as_of=AS_OF):
    """Through the same functions as the roll-up."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM dorad_data.apply_catalog(%s::jsonb, false)",
                       [json.dumps(catalogue)])
        for start in range(0, len(all_events), BATCH):
            cursor.execute("SELECT dorad_data.keep(%s::jsonb)",
                           [json.dumps(all_events[start:start + BATCH])])
        cursor.execute("SELECT dorad_data.advance(%s)", [as_of])
        recompute(cursor)


def recompute(cursor):
    while True:
        cursor.execute("SELECT dorad_data.recompute(16)")
        if not cursor.fetchone()[0]:
            return


def fill(server, database, services=None):
    services = [*SERVICES, *hostile_services()] if services is None else services
    connection = server.connect(database)
    try:
        store(connection, catalog(services), events(services))
    finally:
        connection.close()
