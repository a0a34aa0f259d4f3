# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 15: three receivers and three workers, and Sentinel puts the replica in the
master's place. DORAD_ROUNDS=N is how many times as long."""

import time

import pytest

from fleet import Fleet, Load, everything_is_kept_once, forwarded, wait_for_some
from harness.faults import ROUNDS, optimised
from harness.sentinels import Sentinels
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def test_after_a_failover_nothing_is_missing_and_nothing_counts_twice(postgres):
    """What the old master had acknowledged and not yet handed on comes again from the ledgers."""
    with Sentinels() as sentinels, Fleet(sentinels.url, postgres, shards=4) as fleet:
        receivers = fleet.start("receive")
        fleet.start("rollup")
        load = Load(fleet)
        for n in range(ROUNDS):
            wait_for_some(load, 150)
            old, new = sentinels.fail_over()
            promoted = time.monotonic()
            before = forwarded(receivers)
            wait_until(lambda: all(now > then for now, then in
                                   zip(forwarded(receivers), before)), 60)
            resumed = time.monotonic() - promoted
            print(f"fail-over {n}: writes of all receivers resumed {resumed:.1f} s after the "
                  "promotion was seen")
            assert resumed < 5
            sentinels.start_server(old, replica_of=new)
            sentinels.wait_until_watched()
        answered = load.stop()
        everything_is_kept_once(fleet, answered)
        log = receivers[0].read_log()
        assert "not the master" in log or "redis away" in log
