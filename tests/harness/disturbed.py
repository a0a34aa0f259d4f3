# SPDX-License-Identifier: Apache-2.0
"""A history that is sent while things break, and the rows that must come out all the same.

    want = undisturbed_rows(postgres, events)
    with Road(site, events, rolls) as road:      # receiver, roll-up and senders at work
        ... kill what you like ...
    assert road.rows() == want
"""

import json
import threading
import time

from harness.dorad import Site
from harness.faults import send, settled
from harness.wait import wait_until

AS_OF = "2026-07-01T00:00:00Z"
CATALOG = {"teams": [{"name": "red"}, {"name": "blue"}],
           "services": [{"name": f"svc-{i}", "owners": "red" if i % 2 else "blue"}
                        for i in range(6)]}
ROWS = (("monthly_service", "month, service"), ("monthly_team", "month, team"),
        ("trend_service", "month, service, metric"), ("trend_team", "month, team, metric"),
        ("assurance_service", "month, service"), ("assurance_team", "month, team"))


def make_history(rolls, n=40):
    """n changes and deployments of each service over half a year, with incidents, work items, a
    rollback now and then and late news of what was said before."""
    events = []

    def say(kind, key, at, **data):
        day, minute = divmod(at, 1440)
        time = f"2026-{1 + day // 28:02}-{1 + day % 28:02}T{minute // 60:02}:{minute % 60:02}:00Z"
        events.append({"specversion": "1.0", "id": f"{kind}/{key}", "source": "/test",
                       "type": f"dorad.{kind}.v1", "time": time, "data": data})

    for service in (row["name"] for row in CATALOG["services"]):
        at = 0
        for i in range(n):
            at += rolls.randrange(60, 2 * 168 * 1440 // n - 60)
            at = min(at, 168 * 1440 - 3000)
            sha = f"{rolls.getrandbits(160):040x}"
            name = f"{service}-{i}"
            say("change", sha, at - 50, change_id=sha, services=[service],
                committed_at=None, landed_at=None)
            events[-1]["data"].update(committed_at=events[-1]["time"],
                                      landed_at=events[-1]["time"])
            for status in ("started", rolls.choice(["succeeded"] * 9 + ["failed"])):
                say("deployment", f"{name}/{status}", at + 5 * (status != "started"),
                    deployment_id=name, service=service, status=status, sha=sha,
                    environment="production", is_rollback=i % 17 == 16)
            if rolls.random() < 0.15:
                for state, later in (("open", 30), ("resolved", 30 + rolls.randrange(900))):
                    say("incident", f"{name}/{state}", at + later, incident_id=name,
                        services=[service], state=state, severity=2)
            if rolls.random() < 0.5:
                say("work_item", f"{name}/done", at + 7, item_id=name, services=[service],
                    status="done", item_type=rolls.choice(["story", "bug", "support"]))
    return events


def rows_of(site):
    """Every monthly row, trend and assurance as text; all but when and how often computed."""
    site.run("rollup", "--once", "--as-of", AS_OF)
    return {table: [row["row"] for row in site.query(
        "SELECT (to_jsonb(t) - 'computed_at' - 'revision')::text AS row"
        f" FROM dorad.{table} t ORDER BY {order}")] for table, order in ROWS}


def undisturbed_rows(postgres, events):
    """The rows of a run in which nothing broke."""
    with Site(postgres=postgres) as site:
        site.endpoint("push", "events")
        site.run("catalog", "apply", site.catalog(CATALOG))
        receive = site.start("receive")
        assert receive.post_events(events).status == 200
        wait_until(lambda: settled(site))
        return rows_of(site)


PORTION = 20        # events in a request
RATE = 2000         # events a second: what breaks is the subject, not how much a worker can do


class Road:
    """Senders, the receiver and a roll-up worker at work on a history until it is left; then
    every event has been answered 200 at least once, and has arrived."""

    def __init__(self, site, events, rolls, n_senders=2):
        self.site, self.events, self.rolls = site, events, rolls
        self.answered, self.refused, self.posted = set(), [], 0
        self.lock, self.stopping = threading.Lock(), False
        self.threads = [threading.Thread(target=self._send, daemon=True)
                        for _ in range(n_senders)]

    def __enter__(self):
        self.site.endpoint("push", "events")
        self.site.run("catalog", "apply", self.site.catalog(CATALOG))
        self.receive = self.site.start("receive")
        self.worker = self.site.start("rollup")
        for thread in self.threads:
            thread.start()
        return self

    def _send(self):
        """Posts the history in an order of its own, over and over; ends between two rounds."""
        secret = self.site.secrets["push"]
        apart, due = PORTION * len(self.threads) / RATE, time.monotonic()
        while not self.stopping:
            with self.lock:
                order = self.rolls.sample(self.events, len(self.events))
            while order:
                portion, order = order[:PORTION], order[PORTION:]
                if not self.stopping:       # the last round is sent as fast as it goes
                    time.sleep(max(0.0, due - time.monotonic()))
                    due = max(due + apart, time.monotonic())
                body = "\n".join(map(json.dumps, portion)).encode()
                head = ("POST /webhooks/push HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                        f"{secret}\r\nContent-Type: application/x-ndjson\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n").encode()
                status = send(self.site.receive_address, head + body)
                with self.lock:
                    self.posted += len(portion)
                    if status == 200:
                        self.answered.update(event["id"] for event in portion)
                    else:
                        self.refused.append(status)

    def __exit__(self, kind, error, trace):
        self.stopping = True
        for thread in self.threads:
            thread.join()
        if kind is None:
            assert self.refused == []
            assert len(self.answered) == len(self.events)
            wait_until(self._arrived, 300, what=lambda: "every event to be kept:\n"
                       + self.worker.read_log()[-2000:])

    def _arrived(self):
        kept = self.site.query("SELECT count(*) AS n FROM dorad_data.observation")[0]["n"]
        return settled(self.site) and kept == len(self.events)

    def rows(self):
        self.worker.stop()
        return rows_of(self.site)
