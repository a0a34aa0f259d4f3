# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 1: kill -9 at any moment; whatever was answered 200 is in the stream, and is
counted once."""

import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, Senders, dice, optimised, settled, stream_ids
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def test_kill_9_at_random_loses_nothing_that_was_answered_200(postgres):
    rolls = dice("kill")
    n_rounds = 20 * ROUNDS
    answered = []
    with Site(postgres=postgres) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        for n in range(n_rounds):
            senders = Senders(site, f"r{n}").start()
            # At any moment after 200 deliveries; one round in four is cut very early as well.
            wait_until(lambda: len(senders.answered) >= 200)
            time.sleep(rolls.uniform(0, 0.05))
            receive.kill()
            answered += senders.stop()
            receive.start()
            if n % 4 == 0:
                senders = Senders(site, f"e{n}").start()
                time.sleep(rolls.uniform(0.001, 0.05))
                receive.kill()
                answered += senders.stop()
                receive.start()
        wait_until(lambda: settled(site), 120)
        got = stream_ids(site)
        lost = set(answered) - set(got)
        # An entry may come twice; what is in it is counted once.
        site.run("rollup", "--once", "--as-of", "2026-07-01T00:00:00Z")
        counted = site.query("SELECT sum(deployments)::int AS n FROM dorad.monthly_service")[0]["n"]
        print(f"{n_rounds} rounds, {len(answered)} answered 200, {len(got)} entries, "
              f"{len(got) - len(set(got))} of them again, {len(lost)} lost; "
              f"{counted} deployments counted of {len(set(got))}")
        assert not lost
        assert counted == len(set(got))
        assert site.table("deliveries", "--state", "quarantined", "--last", "1") == []
        assert len(answered) >= 200 * n_rounds


def test_a_graceful_stop_under_load_fails_no_request_and_loses_nothing():
    """rsyslog lost more in graceful restarts than in crashes."""
    rolls = dice("graceful")
    n_rounds = 5 * ROUNDS
    answered = []
    with Site() as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        for n in range(n_rounds):
            senders = Senders(site, f"r{n}").start()
            time.sleep(rolls.uniform(0.02, 0.2))
            assert receive.stop() == 0
            answered += senders.stop()
            assert senders.refused == []
            receive.start()
        wait_until(lambda: settled(site), 120)
        assert set(answered) <= set(stream_ids(site))
