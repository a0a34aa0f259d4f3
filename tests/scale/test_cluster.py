# SPDX-License-Identifier: Apache-2.0
"""Three receivers, three workers and a Redis Cluster of six nodes: nothing is lost, nothing counts
twice, whatever happens to the cluster. DORAD_ROUNDS=N is how many times as long."""

import os
import time

import pytest

from fleet import HISTORIES, Fleet, Load, everything_is_kept_once, forwarded, wait_for_some
from harness.cluster import Cluster
from harness.faults import ROUNDS, optimised
from harness.golden import all_differences
from harness.wait import wait_until

SHARDS = 8
KEY = "dorad:{0}:deployment"


@pytest.fixture(scope="module")
def cluster():
    with Cluster() as it:
        yield it


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.mark.parametrize("history", HISTORIES, ids=lambda it: it.name)
def test_golden_rows_come_out_of_three_of_each(cluster, postgres, history):
    with Fleet(cluster.url, postgres, shards=SHARDS, prefix=f"golden-{history.name}") as fleet:
        fleet.first.run("catalog", "apply", history.catalog)
        receivers = fleet.start("receive")
        workers = fleet.start("rollup")
        for start in range(0, len(history.events), 200):
            receiver = receivers[start // 200 % len(receivers)]
            assert receiver.post_events(history.events[start:start + 200]).status == 200
        fleet.wait_until_drained()
        for worker in workers:
            assert worker.stop() == 0
        fleet.first.run("rollup", "--once", "--as-of", history.as_of)
        lines = all_differences(fleet.first, history)
        assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])
        assert fleet.first.run("rollup", "--verify").stdout == ""
        # All of a thing is in one shard, and the shards share the work.
        homes = {}
        for shard in range(SHARDS):
            key = f"{fleet.prefix}:{{{shard}}}:deployment"
            for _, fields in cluster.read(key, "XRANGE", "-", "+") or []:
                homes.setdefault(fields["data"].split('"deployment_id":"')[1].split('"')[0],
                                 set()).add(shard)
        assert homes and all(len(shards) == 1 for shards in homes.values())


def test_a_master_killed_under_load_costs_nothing(cluster, postgres):
    with Fleet(cluster.url, postgres, shards=SHARDS) as fleet:
        receivers = fleet.start("receive")
        fleet.start("rollup")
        load = Load(fleet)
        for n in range(ROUNDS):
            wait_for_some(load, 150)
            old = cluster.owner(KEY)
            cluster.kill(old)
            cluster.wait_for_promotion(KEY, old)
            promoted = time.monotonic()
            before = forwarded(receivers)
            wait_until(lambda: all(now > then for now, then in
                                   zip(forwarded(receivers), before)), 60)
            resumed = time.monotonic() - promoted
            print(f"kill {n}: writes of all receivers resumed {resumed:.1f} s after the promotion")
            assert resumed < 5
            cluster.start_node(old)
            cluster.wait_until_whole()
        answered = load.stop()
        everything_is_kept_once(fleet, answered)
        print(f"{len(answered)} answered 200, all kept once; "
              f"{sum(r.metrics()['dorad_forward_set_back_total'] for r in receivers):.0f} "
              "deliveries were forwarded again")


def test_a_shard_moved_under_load_costs_nothing(cluster, postgres):
    with Fleet(cluster.url, postgres, shards=SHARDS, prefix="moved") as fleet:
        receivers = fleet.start("receive")
        workers = fleet.start("rollup")
        load = Load(fleet)
        for n in range(2 * ROUNDS):
            key = f"moved:{{{n % SHARDS}}}:deployment"
            wait_for_some(load, 50)
            source = cluster.owner(key)
            to = next(port for port in cluster.masters() if port != source)

            cluster.move(key, to, lambda: wait_for_some(load, 10))
            assert cluster.owner(key) == to
            cluster.wait_until_whole()
        answered = load.stop()
        everything_is_kept_once(fleet, answered)
        # Followed on the way, not by connecting anew.
        for receiver in receivers:
            assert receiver.metrics()["dorad_redis_connects_total"] == 1, receiver.read_log()
        for worker in workers:
            assert worker.read_log().count("redis connected=") == 1, worker.read_log()


def test_a_login_with_only_the_commands_that_are_documented_is_enough(cluster, postgres):
    """The rule of contrib/SCALING.md, on every node."""
    for port in cluster.ports:
        cluster.must(port, "ACL", "SETUSER", "dorad", "on", ">secret", *acl_rule())
    try:
        url = cluster.url.replace("cluster://", "cluster://dorad@")
        with Fleet(url, postgres, shards=SHARDS, n=1) as fleet:
            fleet.first.config["redis_password"] = fleet.first.file("redis.secret", "secret\n")
            receiver = fleet.start("receive")[0]
            fleet.start("rollup")
            event = {"specversion": "1.0", "id": "acl-1", "source": "/test",
                     "type": "dorad.deployment.v1", "time": "2026-06-01T10:00:00Z",
                     "data": {"deployment_id": "acl-1", "service": "a", "status": "succeeded",
                              "environment": "production"}}
            assert receiver.post_events([event]).status == 200
            wait_until(lambda: "acl-1" in fleet.ids())
            fleet.wait_until_drained()
            fleet.first.run("check")
    finally:
        for port in cluster.ports:
            cluster.must(port, "ACL", "DELUSER", "dorad")


def acl_rule():
    """The words of the rule in contrib/SCALING.md, after the password."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib",
                        "SCALING.md")
    with open(path, encoding="utf-8") as file:
        line = next(line for line in file if line.startswith("user dorad on "))
    return line.split()[4:]
