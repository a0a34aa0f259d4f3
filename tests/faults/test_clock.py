# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 30: the wall clock jumps. It labels deliveries; it orders and times nothing."""

import os
import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, Senders, dice, optimised, settled, shim, stream_ids
from harness.wait import wait_until

DAY_S = 86400


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def test_a_clock_that_jumps_by_a_day_or_a_second_stops_and_loses_nothing():
    rolls = dice("clock")
    with Site() as site:
        site.endpoint("push", "events")
        clock = site.file("clock", "0")
        receive = site.start("receive", env=shim(clock=clock))
        senders = Senders(site, "d", n_threads=2).start()
        for offset in [DAY_S, -DAY_S, 1, -1, 0] * ROUNDS:
            with open(clock, "w", encoding="ascii") as file:
                file.write(str(offset))
            before = len(senders.answered)
            began = time.monotonic()
            wait_until(lambda: len(senders.answered) > before + 20)
            assert time.monotonic() - began < 30, "a jump must not be waited out"
            time.sleep(rolls.uniform(0, 0.1))
        answered = senders.stop()
        assert senders.refused == []
        wait_until(lambda: settled(site))
        got = stream_ids(site)
        assert sorted(got) == sorted(answered)
        # The number orders; the time is what the clock said.
        rows = site.table("deliveries")
        assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
        times = [row["received_at"] for row in rows]
        assert times != sorted(times), "the shim did not reach the program's clock"
        assert receive.is_running()
        assert os.path.exists(site.config["receive"]["ledger"])
