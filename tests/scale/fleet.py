# SPDX-License-Identifier: Apache-2.0
"""Several receivers, each with a ledger of its own, and several roll-up workers, on one Redis (or
cluster) and one database."""

import json

from harness.dorad import Site
from harness.faults import ROUNDS, Senders
from harness.golden import histories
from harness.wait import wait_until

# The first alone where there is little time: tests/scale/run has it for all of them.
HISTORIES = histories() if ROUNDS > 1 else histories()[:1]


class Fleet:
    """sites[0] has the database; each site may run a receiver and a worker."""

    def __init__(self, redis, postgres=None, n=3, shards=0, prefix="dorad", **config):
        self.sites = []
        self.shards = shards
        self.prefix = prefix
        try:
            for i in range(n):
                site = Site(redis=redis, postgres=None if i else postgres)
                self.sites.append(site)
                site.config.update(shards=shards, stream_prefix=prefix, **config)
                if postgres:
                    site.config["rollup"] = {"postgres": self.sites[0].postgres.dsn(
                        self.sites[0].database), "instance": f"w{i}"}
                site.endpoint("push", "events", self.sites[0].secrets.get("push"))
        except BaseException:
            self.remove()
            raise

    @property
    def first(self):
        return self.sites[0]

    def start(self, subcommand):
        return [site.start(subcommand) for site in self.sites]

    def status(self, site=None):
        return json.loads((site or self.first).run("status", "--json", check=False).stdout)

    def is_forwarded(self):
        return all(self.status(site)["ledger"]["backlog"] == 0 for site in self.sites)

    def is_drained(self):
        if not self.is_forwarded():
            return False
        streams = self.status().get("streams", {})
        return all(stream["pending"] == 0 and stream["group"] for stream in streams.values())

    def wait_until_drained(self, seconds=120):
        wait_until(self.is_drained, seconds, what=lambda: f"the fleet: {self.status()}")

    def ids(self):
        """The id of every event that the database keeps."""
        return {row["id"] for row in self.first.query("SELECT id FROM dorad_data.observation")}

    def remove(self):
        while self.sites:
            self.sites.pop().remove()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


class Load:
    """Senders to every receiver."""

    def __init__(self, fleet, prefix="d", n_threads=1):
        self.senders = [Senders(site, f"{prefix}{i}", n_threads).start()
                        for i, site in enumerate(fleet.sites)]

    def answered(self):
        return sum(len(senders.answered) for senders in self.senders)

    def stop(self):
        """The ids that were answered 200; nothing may have been refused."""
        for senders in self.senders:
            senders.stopping = True
        ids = {name for senders in self.senders for name in senders.join()}
        assert [senders.refused for senders in self.senders] == [[] for _ in self.senders]
        return ids


def wait_for_some(load, n):
    before = load.answered()
    wait_until(lambda: load.answered() >= before + n)


def forwarded(receivers):
    return [receiver.metrics()['dorad_forward_events_total{kind="deployment"}']
            for receiver in receivers]


def everything_is_kept_once(fleet, answered):
    wait_until(lambda: fleet.is_drained() and answered <= fleet.ids(), 120,
               what=lambda: f"{len(answered - fleet.ids())} of {len(answered)} are missing; "
                            f"{fleet.status()}")
    assert fleet.ids() == answered
    for worker in [daemon for site in fleet.sites for daemon in site.daemons
                   if daemon.subcommand == "rollup"]:
        assert worker.stop() == 0
    fleet.first.run("rollup", "--once")
    counted = fleet.first.query("SELECT count(DISTINCT deployment_id) AS ids, count(*) AS n"
                                " FROM dorad.fact_deployment")[0]
    assert counted == {"ids": len(answered), "n": len(answered)}
