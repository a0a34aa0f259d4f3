# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 10, 14, 16 and 17: whatever breaks between the door and the months, the rows
are those of a run in which nothing broke, byte for byte."""

import os
import signal
import time

import psycopg2
import pytest

from harness.disturbed import Road, make_history, rows_of, settled, undisturbed_rows
from harness.dorad import Site
from harness.faults import ROUNDS, dice, optimised
from harness.prepared import prepared
from harness.redis import Redis
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.mark.parametrize("settings", [{"appendonly": "no"}, {"appendfsync": "everysec"}],
                         ids=["nothing on disk", "every second"])
def test_a_redis_killed_again_and_again_changes_no_row(postgres, settings):
    rolls = dice(f"rows redis {settings}")
    events = make_history(rolls)
    want = undisturbed_rows(postgres, events)
    n_kills = 4 * ROUNDS
    with Redis(settings) as redis, Site(redis=redis, postgres=postgres) as site:
        with Road(site, events, rolls) as road:
            for _ in range(n_kills):
                time.sleep(rolls.uniform(0.05, 0.4))
                redis.kill()
                time.sleep(rolls.uniform(0, 0.1))
                redis.start()
        assert road.rows() == want
        print(f"{n_kills} kills of Redis, {road.posted} events posted, rows equal")


def backends(server):
    """Process ids of the worker's backends; none while Postgres does not answer."""
    try:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_stat_activity"
                           " WHERE application_name = 'dorad rollup'")
            return [pid for pid, in cursor.fetchall()]
    except psycopg2.Error:
        return []


def test_a_postgres_stopped_again_and_again_changes_no_row(postgres):
    rolls = dice("rows postgres")
    events = make_history(rolls)
    want = undisturbed_rows(postgres, events)
    n_stops = 4 * ROUNDS
    # What it has committed must be there after a crash: fsync is not needed for that, the
    # machine goes on.
    with prepared({"full_page_writes": "on"}) as server, Site(postgres=server) as site:
        with Road(site, events, rolls) as road:
            for n in range(n_stops):
                time.sleep(rolls.uniform(0.1, 0.5))
                if n % 3 == 2:
                    for pid in wait_until(lambda: backends(server)):
                        os.kill(pid, signal.SIGKILL)
                else:
                    server.restart(signal.SIGINT if n % 3 else signal.SIGQUIT)
        assert road.worker.is_running()
        assert road.rows() == want
        print(f"{n_stops} stops of Postgres, {road.posted} events posted, rows equal")


def test_a_worker_killed_again_and_again_changes_no_row(postgres):
    """At any moment: between reading and COMMIT, between COMMIT and XACK, in a recompute."""
    rolls = dice("rows worker")
    events = make_history(rolls)
    want = undisturbed_rows(postgres, events)
    n_kills = 8 * ROUNDS
    with Site(postgres=postgres) as site:
        site.config["rollup"]["batch"] = 50
        with Road(site, events, rolls) as road:
            for _ in range(n_kills):
                time.sleep(rolls.uniform(0.01, 0.3))
                road.worker.kill()
                road.worker.start()
        assert road.rows() == want
        print(f"{n_kills} kills of the worker, {road.posted} events posted, rows equal")


def test_what_redis_and_postgres_have_lost_comes_back_from_the_ledger(postgres):
    """FLUSHALL and a replay; the schema dropped, migrated anew and a replay."""
    rolls = dice("rows replay")
    events = make_history(rolls)
    with Site(postgres=postgres) as site:
        with Road(site, events, rolls) as road:
            pass
        want = road.rows()
        assert want == undisturbed_rows(postgres, events)

        site.redis.client().flushall()
        site.run("replay")
        wait_until(lambda: settled(site))
        assert rows_of(site) == want

        # The streams are as full as before: what was acknowledged is not read again, so that
        # an empty database needs the deliveries themselves.
        site.query("DROP SCHEMA dorad, dorad_data, dorad_beside CASCADE")
        site.run("migrate")
        site.run("catalog", "apply", site.config["rollup"]["catalog"])
        site.run("replay", "--since", "2020-01-01T00:00:00Z")
        wait_until(lambda: settled(site))
        assert rows_of(site) == want
