# SPDX-License-Identifier: Apache-2.0
"""A year in the life of the organisation in world.py, as the webhooks that it would have sent.

    deliveries(seed, now) -> [Delivery], oldest first

The same seed and the same `now` give the same bytes.
"""

import calendar
import json
import math
import random
from collections import namedtuple
from datetime import datetime, timedelta, timezone

import github
import gitlab
import jira
import servicenow
import world
from names import minutes, sha, uuid

FORGES = {"github": github.Forge, "gitlab": gitlab.Forge}
TRACKERS = {"github": github.Tracker, "gitlab": gitlab.Tracker, "jira": jira.Tracker}
PAGERS = {"github": github.Tracker, "gitlab": gitlab.Tracker, "servicenow": servicenow.Pager}

Delivery = namedtuple("Delivery", "at endpoint kind identity body")
Change = namedtuple("Change", "n login opened sha commits")     # sha: of the merge
Ticket = namedtuple("Ticket", "n login opened closed kind severity dropped cause")

MONTHS = 12         # complete ones; the month in progress comes on top
ZERO = "0" * 40
FILES = ("src/main.c", "src/store.c", "src/page.c", "tests/test_store.py", "docs/notes.md")
SAY_AGAIN = 0.01    # share of deliveries that are sent twice, as redeliveries are


def months(now):
    """The working days of each of the last MONTHS complete months, and of the present one."""
    out = []
    year, month = now.year, now.month
    for _ in range(MONTHS + 1):
        days = [datetime(year, month, day, tzinfo=timezone.utc)
                for day in range(1, calendar.monthrange(year, month)[1] + 1)]
        out.append([day for day in days if day.weekday() < 5])
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    return out[::-1]


class Share:
    """Says yes for a share of the times it is asked, evenly: little noise, so that the trends
    that world.py speaks of can be seen in small numbers."""

    def __init__(self, rng):
        self.sum = rng.random()

    def take(self, share):
        self.sum += share
        if self.sum < 1:
            return False
        self.sum -= 1
        return True


class Story:
    """One service's year."""

    def __init__(self, service, seed, now):
        self.service = service
        self.rng = random.Random(f"{seed}/{service.name}")
        self.people = next(team.people for team in world.TEAMS if team.name == service.team)
        self.now = now
        self.forge = FORGES[service.code](service.name)
        self.tracker = TRACKERS[service.tickets](service.name)
        self.pager = PAGERS[service.incidents](service.name)
        self.out = []
        self.n = 0              # changes, tickets, deployments: numbered together
        self.head = ZERO
        self.running = None     # sha in production, and
        self.previous = None    # the one before
        self.fails = Share(self.rng)
        self.breaks = Share(self.rng)
        self.rolls_back = Share(self.rng)

    # -- small things ----------------------------------------------------------------------

    def say(self, sender, said):
        self.out += [(when, sender.endpoint, kind, body) for when, kind, body in said
                     if when < self.now]

    def next(self):
        self.n += 1
        return self.n

    def who(self):
        return self.rng.choice(self.people)

    def around(self, median, spread=0.5):
        """A positive number with this median."""
        return median * math.exp(self.rng.gauss(0, spread))

    def moments(self, days, n):
        """n moments in the working hours of these days, spread over them."""
        out = []
        for i in range(n):
            place = (i + self.rng.random()) / n * len(days)
            day = days[min(int(place), len(days) - 1)]
            out.append(day + timedelta(hours=9, seconds=self.rng.randrange(8 * 3600)))
        return sorted(out)

    # -- the story -------------------------------------------------------------------------

    def tell(self):
        self.say(self.forge, self.forge.greets(months(self.now)[0][0]))
        for place, days in enumerate(months(self.now)):
            drift = max(0, min(place - (MONTHS - world.DRIFT_MONTHS), world.DRIFT_MONTHS - 1))
            self.month(days, drift)
        return self.out

    def month(self, days, drift):
        service = self.service
        lead = service.lead_hours * service.lead_drift ** drift
        failing = service.failing * service.failing_drift ** drift
        restore = service.restore_minutes * service.restore_drift ** drift
        rate = service.deploys * service.rate_drift ** drift * self.rng.uniform(0.95, 1.05)
        for when in self.moments(days, max(1, round(rate))):
            released = self.release(when, lead)
            if self.fails.take(failing):
                self.incident(when, restore, released)
        share = service.unplanned + service.unplanned_step * drift
        self.items(days, round(service.items * self.rng.uniform(0.95, 1.05)), share)

    def release(self, when, lead):
        """One or two merged changes, then a deployment of what they made. Returns its number."""
        for i in range(self.rng.choice((1, 1, 2))):
            self.merge(when - minutes(25 - 5 * i + self.rng.randrange(4)), when, lead)
        if self.service.has_staging:
            self.deploy(self.head, "staging", when - minutes(9))
        if self.breaks.take(self.service.broken):
            self.deploy(self.head, self.service.environment, when - minutes(4), failed=True)
        self.deploy(self.head, self.service.environment, when)
        self.say(self.pager, self.pager.releases(self.n, when))
        self.previous, self.running = self.running, self.head
        return self.n

    def merge(self, when, deployed, lead):
        """A change of a few commits, each of them about `lead` hours old at the deployment."""
        n, login = self.next(), self.who()
        ages = sorted((self.around(lead) for _ in range(self.rng.choice((1, 2, 3)))),
                      reverse=True)
        commits = []
        for i, age in enumerate(ages):
            made = min(deployed - timedelta(hours=age), when - minutes(2))
            commits.append(self.forge.commit(sha(self.service.name, n, i), made, login,
                                             self.rng.sample(FILES, 2)))
        opened = min(deployed - timedelta(hours=ages[-1] / 2), when - minutes(1))
        change = Change(n, login, opened, sha(self.service.name, n, "merge"), commits)
        self.say(self.forge, self.forge.lands(change, self.head, when))
        self.head = change.sha

    def deploy(self, commit_sha, environment, when, failed=False):
        self.say(self.forge,
                 self.forge.deploys(self.next(), commit_sha, environment, when, failed))

    def incident(self, deployed, restore, released):
        """Production hurts after a release: somebody says so, and there is a way out."""
        opened = deployed + minutes(self.around(12))
        closed = opened + minutes(max(4, self.around(restore, 0.4)))
        ticket = Ticket(self.next(), self.who(), opened, closed, "incident",
                        self.rng.choice((1, 2, 2, 3)), False,
                        self.rng.choice((released, None)))
        self.say(self.pager, self.pager.incident(ticket))
        if self.previous and self.rolls_back.take(0.4):
            self.deploy(self.previous, self.service.environment, closed - minutes(3))

    def items(self, days, n, share):
        unplanned, chance = Share(self.rng), Share(self.rng)
        for done in self.moments(days, n):
            kind = "feature"
            if unplanned.take(share):
                kind = "bug" if chance.take(0.65) else "support"
            ticket = Ticket(self.next(), self.who(), done - timedelta(days=self.around(6)), done,
                            kind, None, self.rng.random() < 0.06, None)
            self.say(self.tracker, self.tracker.item(ticket))


def unclaimed(seed, now):
    """A repository that is in no catalogue deploys now and then."""
    rng = random.Random(f"{seed}/{world.UNCLAIMED}")
    forge = github.Forge(world.UNCLAIMED)
    for n, days in enumerate(months(now)):
        when = rng.choice(days) + timedelta(hours=11)
        for moment, kind, body in forge.deploys(n, sha(world.UNCLAIMED, n), "production", when):
            if moment < now:
                yield moment, forge.endpoint, kind, body


def deliveries(seed, now):
    told = [item for service in world.SERVICES for item in Story(service, seed, now).tell()]
    told += unclaimed(seed, now)
    told.sort(key=lambda item: item[0])
    rng = random.Random(f"{seed}/again")
    out = []
    for place, (when, endpoint, kind, body) in enumerate(told):
        out.append(Delivery(when, endpoint, kind, uuid("delivery", seed, place),
                            json.dumps(body, separators=(",", ":")).encode()))
        if rng.random() < SAY_AGAIN:
            out.append(out[-1])
    return out
