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
import world

Delivery = namedtuple("Delivery", "at endpoint kind identity body")

MONTHS = 12         # complete ones; the month in progress comes on top
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
        self.repo = service.name
        self.rng = random.Random(f"{seed}/{service.name}")
        self.people = next(team.people for team in world.TEAMS if team.name == service.team)
        self.now = now
        self.out = []
        self.n = 0              # commits, pulls, issues, deployments: numbered together
        self.head = github.ZERO
        self.running = None     # sha in production, and
        self.previous = None    # the one before
        self.fails = Share(self.rng)
        self.breaks = Share(self.rng)
        self.rolls_back = Share(self.rng)

    # -- small things ----------------------------------------------------------------------

    def say(self, when, what):
        kind, body = what
        if when < self.now:
            self.out.append((when, kind, body))

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
        self.say(months(self.now)[0][0], github.ping(self.repo))
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
            self.release(when, lead)
            if self.fails.take(failing):
                self.incident(when, restore)
        share = service.unplanned + service.unplanned_step * drift
        self.items(days, round(service.items * self.rng.uniform(0.95, 1.05)), share)

    def release(self, when, lead):
        """One or two merged pull requests, then a deployment of what they made."""
        for i in range(self.rng.choice((1, 1, 2))):
            self.merge(when - timedelta(minutes=25 - 5 * i + self.rng.randrange(4)), when, lead)
        if self.service.has_staging:
            self.deploy(self.head, "staging", when - timedelta(minutes=9), "success")
        if self.breaks.take(self.service.broken):
            self.deploy(self.head, self.service.environment, when - timedelta(minutes=4),
                        "failure")
        self.deploy(self.head, self.service.environment, when, "success")
        self.previous, self.running = self.running, self.head

    def merge(self, when, deployed, lead):
        """A pull request of a few commits, each of them `lead` hours old at the deployment."""
        n, login = self.next(), self.who()
        ages = sorted((self.around(lead) for _ in range(self.rng.choice((1, 2, 3)))),
                      reverse=True)
        commits = []
        for i, age in enumerate(ages):
            made = min(deployed - timedelta(hours=age), when - timedelta(minutes=2))
            commits.append(github.commit(self.repo, github.sha(self.repo, n, i), made, login,
                                         self.rng.sample(FILES, 2)))
        opened = min(deployed - timedelta(hours=ages[-1] / 2), when - timedelta(minutes=1))
        merged = github.sha(self.repo, n, "merge")
        self.say(opened, github.pull_request(self.repo, n, "opened", login, opened,
                                             head=commits[-1]["id"], commits=len(commits)))
        self.say(when, github.pull_request(self.repo, n, "closed", login, opened, when, merged,
                                           commits[-1]["id"], len(commits)))
        commits.append(github.commit(self.repo, merged, when, login, []))
        self.say(when, github.push(self.repo, self.head, commits, when, login))
        self.head = merged

    def deploy(self, sha, environment, when, state):
        identity = github.number("deployment", self.repo, self.next())
        created = when - timedelta(minutes=3)
        self.say(created, github.deployment_created(self.repo, identity, sha, environment,
                                                    created))
        for state_then, moment in (("in_progress", when - timedelta(minutes=2)), (state, when)):
            self.say(moment, github.deployment_status(self.repo, identity, sha, environment,
                                                      created, state_then, moment))

    def incident(self, deployed, restore):
        """Production hurts after a release: an issue labelled so, and a way out."""
        n, login = self.next(), self.who()
        opened = deployed + timedelta(minutes=self.around(12))
        closed = opened + timedelta(minutes=max(4, self.around(restore, 0.4)))
        labels = ("incident", self.rng.choice(("sev1", "sev2", "sev2", "sev3")))
        self.say(opened, github.issue(self.repo, n, "opened", login, opened, opened))
        for i, name in enumerate(labels):
            moment = opened + timedelta(minutes=i + 1)
            self.say(moment, github.issue(self.repo, n, "labeled", login, opened, moment,
                                          labels[:i + 1], changed=name))
        if self.previous and self.rolls_back.take(0.4):
            self.deploy(self.previous, self.service.environment, closed - timedelta(minutes=3),
                        "success")
        self.say(closed, github.issue(self.repo, n, "closed", login, opened, closed, labels,
                                      closed=closed, reason="completed"))

    def items(self, days, n, share):
        unplanned, chance = Share(self.rng), Share(self.rng)
        for done in self.moments(days, n):
            issue, login = self.next(), self.who()
            opened = done - timedelta(days=self.around(6))
            if unplanned.take(share):
                labels = ("bug",) if chance.take(0.65) else ("support",)
            else:
                labels = ("feature",)
            self.say(opened, github.issue(self.repo, issue, "opened", login, opened, opened,
                                          labels))
            reason = "not_planned" if self.rng.random() < 0.06 else "completed"
            self.say(done, github.issue(self.repo, issue, "closed", login, opened, done, labels,
                                        closed=done, reason=reason))


def unclaimed(seed, now):
    """A repository that is in no catalogue deploys now and then."""
    rng = random.Random(f"{seed}/{world.UNCLAIMED}")
    for days in months(now):
        when = rng.choice(days) + timedelta(hours=11)
        identity = github.number("deployment", world.UNCLAIMED, when)
        yield when, *github.deployment_status(
            world.UNCLAIMED, identity, github.sha(world.UNCLAIMED, when), "production",
            when - timedelta(minutes=2), "success", when)


def deliveries(seed, now):
    told = [item for service in world.SERVICES for item in Story(service, seed, now).tell()]
    told += [item for item in unclaimed(seed, now) if item[0] < now]
    told.sort(key=lambda item: item[0])
    rng = random.Random(f"{seed}/again")
    out = []
    for place, (when, kind, body) in enumerate(told):
        text = json.dumps(body, separators=(",", ":")).encode()
        identity = github.sha("delivery", seed, place)
        identity = "-".join((identity[:8], identity[8:12], identity[12:16], identity[16:20],
                             identity[20:32]))
        out.append(Delivery(when, "github", kind, identity, text))
        if rng.random() < SAY_AGAIN:
            out.append(out[-1])
    return out
