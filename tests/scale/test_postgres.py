# SPDX-License-Identifier: Apache-2.0
"""Postgres behind a pooler, with a replica, and when it fails over."""

import signal
import subprocess
import threading

import pytest

from fleet import HISTORIES, Fleet, Load
from harness.dorad import Site, environment, program
from harness.faults import optimised
from harness.golden import all_differences
from harness.http import get
from harness.pgbouncer import PgBouncer
from harness.postgres import Postgres
from harness.prepared import prepared
from harness.wait import wait_until

PAGES = ("/", "/assurance", "/data", "/api/v1/services")


def feed(site, history):
    receive = site.start("receive")
    for start in range(0, len(history.events), 2000):
        assert receive.post_events(history.events[start:start + 2000]).status == 200
    wait_until(lambda: site.table("status")["ledger"]["backlog"] == 0
               if isinstance(site.table("status"), dict) else False)


@pytest.mark.parametrize("history", HISTORIES, ids=lambda it: it.name)
@pytest.mark.parametrize("strict", [True, False], ids=["strict", "ignores options"])
def test_golden_rows_come_out_through_a_pooler_in_transaction_mode(postgres, strict, history):
    """Three workers on two server connections; then pages, many at once."""
    with PgBouncer(postgres, pool_size=2, strict=strict) as pooler, \
            Site(postgres=postgres) as site:
        dsn = pooler.dsn(site.database)
        site.config["rollup"]["postgres"] = dsn
        site.config["portal"]["postgres"] = dsn
        site.endpoint("push", "events")
        site.run("catalog", "apply", history.catalog)
        feed(site, history)
        workers = []
        for n in range(3):
            site.config["rollup"].update(instance=str(n), batch=50)
            config = site.file(f"worker-{n}.yaml", open(site.write(), encoding="utf-8").read())
            workers.append(subprocess.Popen(
                [program(), "rollup", "--once", "--as-of", history.as_of, "-c", config],
                env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        outputs = [worker.communicate() for worker in workers]
        assert [worker.returncode for worker in workers] == [0, 0, 0], outputs
        lines = all_differences(site, history)
        assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])
        # --verify asks for an isolation level, which must come first in its transaction.
        assert site.run("rollup", "--verify").stdout == ""
        site.run("check")

        site.start("portal")
        answers = []

        def visit():
            for path in PAGES * 5:
                answers.append((path, get(site.portal_address, path)))
        visitors = [threading.Thread(target=visit) for _ in range(6)]
        for visitor in visitors:
            visitor.start()
        for visitor in visitors:
            visitor.join()
        assert {answer.status for _, answer in answers} == {200}
        # The data's time does not move: each page is the same whoever answered it.
        for path in PAGES:
            assert len({answer.body for asked, answer in answers if asked == path}) == 1


@pytest.mark.parametrize("history", HISTORIES, ids=lambda it: it.name)
def test_the_portal_shows_the_golden_rows_of_a_replica_and_how_far_behind(monkeypatch, history):
    monkeypatch.setenv("DORAD", optimised())
    with prepared() as primary, Site(postgres=primary) as site:
        site.endpoint("push", "events")
        site.run("catalog", "apply", history.catalog)
        with Postgres(replica_of=primary) as replica:
            feed(site, history)
            site.run("rollup", "--once", "--as-of", history.as_of)
            wait_for_replay(primary, replica)
            site.postgres = replica
            assert not list(all_differences(site, history))
            site.postgres = primary
            of_primary = site.start("portal")
            expected = {path: of_primary.get(path) for path in PAGES}
            of_primary.stop()
            assert b"replica" not in expected["/"].body

            site.config["portal"]["postgres"] = replica.dsn(site.database)
            portal = site.start("portal")
            for path in PAGES:
                assert portal.get(path).status == 200
                assert portal.get(path).body.replace(
                    b" Read from a replica, 0 s behind.", b"") == expected[path].body
            assert b"Read from a replica, 0 s behind." in portal.get("/").body
            before = portal.metrics()["dorad_portal_again_total"]
            portal.get("/")
            assert portal.metrics()["dorad_portal_again_total"] > before, "made again, and nothing changed"

            # What it has got and not shown makes it older and older.
            ask(replica, "SELECT pg_wal_replay_pause()")
            wait_until(lambda: ask(replica, "SELECT pg_get_wal_replay_pause_state()") == "paused")
            site.run("rollup", "--once")
            wait_until(lambda: b"Read from a replica" in portal.get("/").body
                       and b"replica, 0 s behind" not in portal.get("/").body)
            ask(replica, "SELECT pg_wal_replay_resume()")
            wait_until(lambda: b"replica, 0 s behind" in portal.get("/").body)

            # A primary that is gone is no reason to look up to date.
            primary.stop(signal.SIGQUIT)
            wait_until(lambda: b"replica, 0 s behind" not in portal.get("/").body)
            assert portal.get("/").status == 200
            primary.start()     # for the site's end


def test_the_rollup_follows_a_promoted_replica(monkeypatch):
    """With synchronous replication nothing is missing; the worker asks for whoever can write."""
    monkeypatch.setenv("DORAD", optimised())
    with prepared() as primary, Fleet(None, primary, n=1) as fleet:
        site = fleet.first
        with Postgres(replica_of=primary) as replica:
            ask(primary, "ALTER SYSTEM SET synchronous_standby_names = 'replica'")
            ask(primary, "SELECT pg_reload_conf()")
            wait_until(lambda: ask(primary, "SELECT count(*) FROM pg_stat_replication"
                                            " WHERE sync_state = 'sync'") == 1)
            site.config["rollup"]["postgres"] = \
                f"host={primary.socket},{replica.socket} dbname={site.database} user=postgres"
            fleet.start("receive")
            worker = fleet.start("rollup")[0]
            load = Load(fleet)
            wait_until(lambda: len(fleet.ids()) > 50)
            primary.stop(signal.SIGQUIT)
            ask(replica, "SELECT pg_promote()")
            site.postgres = replica
            before = load.answered()
            wait_until(lambda: load.answered() > before + 50)
            answered = load.stop()
            wait_until(lambda: answered <= fleet.ids(), 120,
                       what=lambda: f"{len(answered - fleet.ids())} are missing:\n"
                                    f"{worker.read_log()[-2000:]}")
            assert fleet.ids() == answered
            assert worker.is_running()
            fleet.remove()      # while there is a server to drop the database at


def ask(server, sql):
    connection = server.connect("postgres")
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def wait_for_replay(primary, replica):
    position = ask(primary, "SELECT pg_current_wal_lsn()::text")
    wait_until(lambda: ask(replica, f"SELECT pg_last_wal_replay_lsn() >= '{position}'::pg_lsn"))
