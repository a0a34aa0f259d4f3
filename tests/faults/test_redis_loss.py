# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 10 and 14: Redis dies or forgets; the streams end up with every event all the
same. (tests/scale has row 15, Sentinel's fail-over.)"""

import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, Senders, dice, optimised, settled, stream_ids
from harness.http import free_port
from harness.redis import Redis
from harness.sentinels import lone_sentinel
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.mark.parametrize("settings", [{"appendonly": "no"}, {"appendfsync": "everysec"}],
                         ids=["nothing on disk", "every second"])
def test_a_redis_killed_again_and_again_ends_up_with_every_event(settings):
    rolls = dice(f"redis {settings}")
    n_kills = 5 * ROUNDS
    with Redis(settings) as redis, Site(redis=redis) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        senders = Senders(site, "d", n_threads=2).start()
        for _ in range(n_kills):
            time.sleep(rolls.uniform(0.05, 0.4))
            redis.kill()
            time.sleep(rolls.uniform(0, 0.1))
            redis.start()
        answered = senders.stop()
        assert senders.refused == []
        # What a Redis forgot is noticed when it is connected to again; wait for that as well.
        wait_until(lambda: settled(site) and set(answered) <= set(stream_ids(site)), 120)
        metrics = receive.metrics()
        print(f"{n_kills} kills, {len(answered)} answered 200, 0 lost, "
              f"{metrics['dorad_redis_losses_total']:.0f} times Redis had lost something, "
              f"{metrics['dorad_forward_set_back_total']:.0f} deliveries forwarded again")


def test_a_flushall_at_any_moment_is_made_good():
    rolls = dice("flushall")
    with Site() as site:
        site.endpoint("push", "events")
        site.start("receive")
        senders = Senders(site, "d", n_threads=2).start()
        for _ in range(3 * ROUNDS):
            time.sleep(rolls.uniform(0.05, 0.3))
            site.redis.client().flushall()
        time.sleep(0.05)
        answered = senders.stop()
        wait_until(lambda: settled(site) and set(answered) <= set(stream_ids(site)), 120)


def test_a_flushall_while_nothing_comes_is_made_good():
    """No window touches the streams then, and no connection breaks."""
    with Site() as site:
        site.endpoint("push", "events")
        site.start("receive")
        answered = Senders(site, "d", n_threads=1).start(most=3).join()
        wait_until(lambda: settled(site) and set(answered) <= set(stream_ids(site)))
        site.redis.client().flushall()
        wait_until(lambda: set(answered) <= set(stream_ids(site)))


def test_a_sentinel_that_missed_a_failover_does_not_hide_the_master_that_another_knows():
    port = free_port()
    with Redis({"port": str(port)}) as redis, Site(redis=redis) as site, \
            lone_sentinel(free_port()) as behind, lone_sentinel(port) as sentinel:
        site.config["redis"] = f"sentinel://127.0.0.1:{behind},127.0.0.1:{sentinel}/m"
        site.endpoint("push", "events")
        receive = site.start("receive")
        answered = Senders(site, "d", n_threads=1).start(most=3).join()
        wait_until(lambda: set(answered) <= set(stream_ids(site)), 20, what=receive.read_log)
