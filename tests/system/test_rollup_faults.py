# SPDX-License-Identifier: Apache-2.0
"""Whatever breaks between the streams and Postgres, each event is counted once."""

import os
import signal

import psycopg2
import pytest

from harness.dorad import Site
from harness.prepared import prepared
from harness.wait import wait_until
from stream_events import add, deployments, event, kept, pending


def ids(n):
    return sorted(f"d-{i}" for i in range(n))


def totals(site):
    """Deployments over all months of all services."""
    return site.query("SELECT coalesce(sum(deployments), 0)::int AS n"
                      " FROM dorad.monthly_service")[0]["n"]


def wait_until_done(site, n):
    wait_until(lambda: pending(site) == 0 and kept(site) == ids(n),
               what=lambda: f"{n} events to be kept: {len(kept(site))} are, "
                            f"{pending(site)} wait\n{site.daemons[-1].read_log()}")


def wait_for_log(daemon, words):
    wait_until(lambda: words in daemon.read_log(),
               what=lambda: f"{words!r} in the log:\n{daemon.read_log()}")


@pytest.mark.parametrize("nth", [1, 2, 5])
def test_a_worker_killed_between_commit_and_acknowledgement_counts_nothing_twice(full_site, nth):
    full_site.config["rollup"]["batch"] = 20
    add(full_site, deployments(200))
    worker = full_site.start("rollup", wait=False,
                             env={"DORAD_FAULT": f"rollup-committed:{nth}"})
    code = worker.wait()
    assert code == 137, f"no fault point in this build (-Dfaults=true)? It ended with {code}"
    committed = len(kept(full_site))
    assert 0 < committed < 200
    assert pending(full_site) > 200 - committed, "what was committed is not acknowledged"
    done = full_site.run("rollup", "--once", "--as-of", "2026-01-01T00:00:00Z").stdout
    assert kept(full_site) == ids(200)
    assert pending(full_site) == 0
    assert totals(full_site) == 200, done


def test_a_worker_killed_between_reading_and_commit_loses_nothing(full_site):
    add(full_site, deployments(100))
    locker = full_site.postgres.connect(full_site.database, autocommit=False)
    locker.cursor().execute("LOCK TABLE dorad_data.observation IN ACCESS EXCLUSIVE MODE")
    worker = full_site.start("rollup")
    wait_until(lambda: full_site.redis.client().xpending("dorad:deployment",
                                                         "rollup")["pending"] == 100)
    worker.kill()
    locker.rollback()
    locker.close()
    assert kept(full_site) == []
    full_site.run("rollup", "--once")
    assert kept(full_site) == ids(100)
    assert pending(full_site) == 0


@pytest.fixture
def own_postgres_site():
    """A site whose server may be broken."""
    with prepared() as server:
        with Site(postgres=server) as site:
            yield site


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast", "immediate"])
def test_a_restart_of_postgres_is_waited_out(own_postgres_site, how):
    site = own_postgres_site
    site.config["rollup"]["batch"] = 10
    worker = site.start("rollup")
    for round_ in range(3):
        add(site, deployments(100, start=100 * round_))
        site.postgres.restart(how)
    wait_until_done(site, 300)
    assert worker.is_running()


def backends(site):
    """Process ids of the worker's backends; None while Postgres does not answer."""
    try:
        rows = site.query("SELECT pid FROM pg_stat_activity"
                          " WHERE application_name = 'dorad rollup'")
    except psycopg2.Error:
        return None
    return {row["pid"] for row in rows}


def test_a_killed_backend_takes_no_event_with_it(own_postgres_site):
    site = own_postgres_site
    site.config["rollup"]["batch"] = 10
    worker = site.start("rollup")
    for round_ in range(3):
        add(site, deployments(100, start=100 * round_))
        old = wait_until(lambda: backends(site))
        for pid in old:
            os.kill(pid, signal.SIGKILL)        # Postgres ends all of them and recovers
        wait_until(lambda: (backends(site) or old) - old)
    wait_until_done(site, 300)
    assert worker.is_running()


def test_four_workers_never_deadlock_and_count_each_event_once(full_site):
    full_site.config["rollup"]["batch"] = 25
    workers = []
    for instance in range(4):
        full_site.config["rollup"]["instance"] = str(instance)
        workers.append(full_site.start("rollup"))
    for round_ in range(10):
        add(full_site, deployments(200, services=7, start=200 * round_))
        add(full_site, deployments(200, services=7, start=200 * round_))      # each once more
    wait_until_done(full_site, 2000)
    for worker in workers:
        assert worker.stop() == 0
        assert "40P01" not in worker.read_log()
    assert full_site.query("SELECT deadlocks FROM pg_stat_database"
                           " WHERE datname = current_database()") == [{"deadlocks": 0}]
    full_site.run("rollup", "--once", "--as-of", "2026-01-01T00:00:00Z")
    assert totals(full_site) == 2000


def test_a_lock_that_somebody_else_holds_is_waited_for_and_retried(full_site):
    worker = full_site.start("rollup")
    locker = full_site.postgres.connect(full_site.database, autocommit=False)
    locker.cursor().execute("LOCK TABLE dorad_data.observation IN ACCESS EXCLUSIVE MODE")
    add(full_site, deployments(10))
    wait_for_log(worker, "55P03")       # lock_timeout, 5 s
    locker.rollback()
    locker.close()
    wait_until_done(full_site, 10)


def test_a_database_that_turned_read_only_keeps_events_in_the_stream(full_site):
    worker = full_site.start("rollup")
    name = full_site.database
    full_site.query(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    full_site.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'dorad rollup'")
    add(full_site, deployments(10))
    wait_for_log(worker, "postgres doing=")
    assert pending(full_site) == 10
    connection = full_site.postgres.connect("postgres")
    connection.cursor().execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    connection.close()
    wait_until_done(full_site, 10)


def test_too_many_connections_are_waited_out():
    with prepared({"max_connections": "6", "superuser_reserved_connections": "0"}) as server:
        with Site(postgres=server) as site:
            site.query("CREATE ROLE plain LOGIN")
            hogs = [server.connect("postgres") for _ in range(6)]
            worker = site.start("rollup")
            add(site, deployments(10))
            wait_for_log(worker, "too many clients")
            for hog in hogs:
                hog.close()
            wait_until_done(site, 10)


def test_a_poison_event_is_put_aside_and_the_rest_of_its_batch_goes_on(full_site):
    events = deployments(100)
    events.insert(37, event("deployment", "bad-1", "2025-03-01T00:00:00Z",
                            {"deployment_id": "x", "service": "svc-0", "status": ["odd"]}))
    events.insert(64, event("deployment", "bad-2", "soon", {"deployment_id": "y",
                                                            "service": "svc-0"}))
    events.insert(90, event("deployment", "bad-3", "2025-03-01T00:00:00Z", '{"deployment_id":'))
    add(full_site, events)
    full_site.run("rollup", "--once")
    assert kept(full_site) == ids(100)
    assert pending(full_site) == 0
    dead = full_site.redis.entries("dead")
    assert [entry["id"] for entry in dead] == ["bad-1", "bad-2", "bad-3"]
    for entry in dead:
        assert entry["reason"] and entry["delivery"] == "7f3a9c-1"
        assert entry["stream"] == "dorad:deployment"


def test_events_deleted_before_they_were_read_are_an_alarm(full_site):
    add(full_site, deployments(50))
    full_site.run("rollup", "--once")
    added = add(full_site, deployments(20, start=50))
    full_site.redis.client().xtrim("dorad:deployment", minid=added[10], approximate=False)
    done = full_site.run("rollup", "--once")
    assert "<3>loss stream=dorad:deployment entries=10" in done.stderr
    assert "lost 10" in done.stdout
    assert len(kept(full_site)) == 60


def test_events_deleted_after_they_were_handed_out_are_an_alarm(full_site):
    added = add(full_site, deployments(20))
    client = full_site.redis.client()
    client.xgroup_create("dorad:deployment", "rollup", "0")
    client.xreadgroup("rollup", "another:1", {"dorad:deployment": ">"}, count=20)
    client.xdel("dorad:deployment", *added[:5])
    done = full_site.run("rollup", "--once")
    assert done.stderr.count("<3>loss stream=dorad:deployment entry=") == 5
    assert "lost 5" in done.stdout
    assert len(kept(full_site)) == 15
    assert pending(full_site) == 0


def test_a_stream_deleted_under_the_group_is_begun_anew(full_site):
    worker = full_site.start("rollup")
    add(full_site, deployments(10))
    wait_until_done(full_site, 10)
    full_site.redis.client().delete("dorad:deployment")
    add(full_site, deployments(10, start=10))
    wait_until_done(full_site, 20)
    assert "<3>loss" in worker.read_log()


def test_the_entries_of_a_dead_worker_are_taken_over(full_site):
    add(full_site, deployments(30))
    client = full_site.redis.client()
    client.xgroup_create("dorad:deployment", "rollup", "0")
    client.xreadgroup("rollup", "gone:1", {"dorad:deployment": ">"}, count=30)
    full_site.config["rollup"]["dead_after"] = "1s"
    worker = full_site.start("rollup")
    wait_until_done(full_site, 30)
    assert "claimed entries=30" in worker.read_log()


def test_a_killed_redis_is_waited_out(full_site):
    worker = full_site.start("rollup")
    for round_ in range(3):
        add(full_site, deployments(50, start=50 * round_))
        full_site.redis.kill()
        full_site.redis.start()
    wait_until_done(full_site, 150)
    assert worker.is_running()


def test_what_every_group_has_done_is_trimmed_and_nothing_else(full_site):
    add(full_site, deployments(30))
    full_site.run("rollup", "--once")
    client = full_site.redis.client()
    client.xgroup_create("dorad:deployment", "another", "0")
    client.xreadgroup("another", "x", {"dorad:deployment": ">"}, count=20)
    worker = full_site.start("rollup")
    wait_for_log(worker, "rollup consumer=")
    assert worker.stop() == 0
    assert client.xlen("dorad:deployment") == 30, "the other group has acknowledged nothing"
    handed_out = client.xpending_range("dorad:deployment", "another", "-", "+", 20)
    client.xack("dorad:deployment", "another", *[row["message_id"] for row in handed_out])
    full_site.start("rollup")
    wait_until(lambda: client.xlen("dorad:deployment") == 11)       # the 20th stays: MINID


def test_sigterm_ends_a_worker_with_nothing_left_half_done(full_site):
    full_site.config["rollup"]["batch"] = 10
    add(full_site, deployments(500))
    worker = full_site.start("rollup")
    wait_until(lambda: kept(full_site))
    assert worker.stop() == 0
    waiting = full_site.redis.client().xpending("dorad:deployment", "rollup")["pending"]
    assert len(kept(full_site)) + pending(full_site) == 500
    assert waiting == 0
    full_site.run("rollup", "--once")
    assert kept(full_site) == ids(500)
