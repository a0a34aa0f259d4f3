# SPDX-License-Identifier: Apache-2.0
"""Several receivers and workers on one Redis: the shards are shared out, what a server forgot is
sent again whoever else wrote to it, and the same delivery given twice counts once."""

import os
import shutil
import signal
import time

import pytest

from fleet import Fleet
from harness.faults import ROUNDS, event, optimised
from harness.golden import all_differences, histories
from harness.redis import Redis
from harness.wait import wait_until

SHARDS = 6


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def post(fleet, n, *names):
    """Gives these events to the n-th receiver."""
    receiver = next(daemon for daemon in fleet.sites[n].daemons
                    if daemon.subcommand == "receive")
    assert receiver.post_events([event(name) for name in names]).status == 200


def ids(redis):
    return {fields["id"] for _, fields in redis.client().xrange("dorad:deployment")}


def test_what_a_server_forgot_is_sent_again_though_another_wrote_meanwhile():
    """As after a fail-over to a replica that was behind: the other receiver's entries are above
    what this one has lost, so the top of the stream does not show it."""
    with Redis({"appendonly": "no"}) as redis, Fleet(redis, n=2) as fleet:
        receivers = fleet.start("receive")
        post(fleet, 0, "early")
        wait_until(lambda: "early" in ids(redis))
        redis.client().save()
        snapshot = os.path.join(redis.folder, "snapshot")
        shutil.copy(os.path.join(redis.folder, "dump.rdb"), snapshot)
        post(fleet, 0, "lost-1", "lost-2")
        wait_until(lambda: {"lost-1", "lost-2"} <= ids(redis) and fleet.is_forwarded())
        receivers[0].send(signal.SIGSTOP)

        redis.kill()
        shutil.copy(snapshot, os.path.join(redis.folder, "dump.rdb"))
        redis.start()
        assert ids(redis) == {"early"}
        time.sleep(0.01)        # the other's entry is later by the clock
        post(fleet, 1, "other")
        wait_until(lambda: "other" in ids(redis))
        receivers[0].send(signal.SIGCONT)
        wait_until(lambda: ids(redis) == {"early", "lost-1", "lost-2", "other"},
                   what=lambda: f"{ids(redis)}\n{receivers[0].read_log()}")
        assert receivers[0].metrics()["dorad_redis_losses_total"] == 1
        assert receivers[1].metrics()["dorad_redis_losses_total"] == 0


def test_a_connection_that_broke_loses_nothing_and_sends_nothing_again():
    with Redis() as redis, Fleet(redis, n=1) as fleet:
        receiver = fleet.start("receive")[0]
        for n in range(3 + ROUNDS):
            post(fleet, 0, f"e-{n}")
            wait_until(lambda n=n: f"e-{n}" in ids(redis))
            redis.client().execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        post(fleet, 0, "last")
        wait_until(lambda: "last" in ids(redis))
        assert receiver.metrics()["dorad_redis_losses_total"] == 0
        assert redis.client().xlen("dorad:deployment") == 4 + ROUNDS


def shares(fleet):
    return sorted(row["n"] for row in fleet.first.query(
        "SELECT count(*) AS n FROM dorad_data.shard_lease GROUP BY worker"))


def test_workers_share_the_shards_out_whoever_comes_and_goes(postgres):
    with Redis() as redis, Fleet(redis, postgres, n=3, shards=SHARDS) as fleet:
        fleet.start("receive")
        first = fleet.sites[0].start("rollup")
        wait_until(lambda: shares(fleet) == [6])
        second = fleet.sites[1].start("rollup")
        wait_until(lambda: shares(fleet) == [3, 3])
        third = fleet.sites[2].start("rollup")
        wait_until(lambda: shares(fleet) == [2, 2, 2])

        second.stop()           # gives its own back at once
        wait_until(lambda: shares(fleet) == [3, 3], 10)
        third.kill()            # is taken for dead after its term
        wait_until(lambda: shares(fleet) == [6], 40)
        names = [f"e-{n}" for n in range(40)]
        post(fleet, 0, *names)
        wait_until(lambda: fleet.ids() == set(names))
        assert "shards mine=6 of=6" in first.read_log()
        fleet.wait_until_drained()


def test_two_receivers_given_the_same_deliveries_give_the_rows_of_one(postgres):
    """A second receiver on the same deliveries is what can be had against the loss of a machine
    with its ledger. One of them dies on the way, too."""
    history = histories()[0]
    with Redis() as redis, Fleet(redis, postgres, n=2, shards=SHARDS) as fleet:
        fleet.first.run("catalog", "apply", history.catalog)
        receivers = fleet.start("receive")
        half = len(history.events) // 2
        for receiver in receivers:
            assert receiver.post_events(history.events[:half]).status == 200
        wait_until(fleet.is_forwarded)
        receivers[0].kill()
        assert receivers[1].post_events(history.events[half:]).status == 200
        wait_until(lambda: fleet.status(fleet.sites[1])["ledger"]["backlog"] == 0)
        fleet.first.run("rollup", "--once", "--as-of", history.as_of)
        lines = all_differences(fleet.first, history)
        assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])
        entries = sum(redis.client().xlen(f"dorad:{{{shard}}}:{kind}")
                      for shard in range(SHARDS)
                      for kind in fleet.status()["streams"])
        assert entries > len({(e.get("source"), e["id"]) for e in history.events})


def test_another_number_of_shards_is_warned_of(postgres):
    with Redis() as redis, Fleet(redis, postgres, n=1, shards=SHARDS) as fleet:
        fleet.start("receive")
        post(fleet, 0, *(f"e-{n}" for n in range(20)))
        wait_until(fleet.is_forwarded)
        for shards, shown in ((0, True), (2, True), (SHARDS, False)):
            fleet.first.config["shards"] = shards
            found = [row["words"] for row in fleet.first.table("check") if row["what"] == "redis"]
            assert ("another number of shards" in found[0]) == shown, (shards, found)
