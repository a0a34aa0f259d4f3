# SPDX-License-Identifier: Apache-2.0
"""`dorad rollup --rebuild`: whatever becomes of it, who reads sees the rows of before or those of
after it, and the next one is not disturbed by what it left."""

import signal
import subprocess

import pytest

from harness.dorad import environment, program
from harness.wait import wait_until
from stream_events import add, deployments

# What a step needs and none before it looks at: who holds the table, stops a rebuild there.
STEPS = {"the first": "clock", "the first of changes": "service_alias", "deployments": "service_phase",
         "months": "ownership", "taking over": "assurance"}


@pytest.fixture
def site(full_site):
    """With the rows of three hundred deployments, of which one is then put wrong."""
    add(full_site, deployments(300))
    full_site.run("rollup", "--once", "--as-of", "2026-01-01T00:00:00Z")
    full_site.right = rows_of(full_site)
    full_site.query("UPDATE dorad_data.monthly SET deployments = deployments + 1")
    full_site.query("DELETE FROM dorad_data.deployment_fact WHERE deployment_id LIKE '%7'")
    full_site.wrong = rows_of(full_site)
    assert full_site.wrong != full_site.right
    return full_site


def rows_of(site):
    return site.query("SELECT scope, name, month, deployments, lead_time_n, fail_rate_n"
                      " FROM dorad_data.monthly ORDER BY 1, 2, 3")


def left_behind(site):
    return site.query("SELECT relname FROM pg_class WHERE relnamespace = 'dorad_beside'::regnamespace")


def start(site, *arguments):
    return subprocess.Popen([program(), "rollup", "--rebuild", *arguments, "-c", site.write()],
                            env=environment(), text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def waiting(site, table):
    """Sessions that wait for a table."""
    return site.query("SELECT pid FROM pg_locks WHERE NOT granted"
                      " AND relation = %s::regclass", f"dorad_data.{table}")


def assert_mended(site):
    assert rows_of(site) == site.right
    assert left_behind(site) == []
    assert site.run("rollup", "--verify").stdout == ""


@pytest.mark.parametrize("sessions", [1, 5])
def test_a_rebuild_puts_right_what_is_wrong(site, sessions):
    site.run("rollup", "--rebuild", "--sessions", sessions)
    assert_mended(site)


@pytest.mark.parametrize("table", STEPS.values(), ids=STEPS)
def test_a_rebuild_killed_anywhere_changes_nothing_and_is_begun_again(site, table):
    with site.postgres.connect(site.database, autocommit=False) as holder:
        holder.cursor().execute(f"LOCK TABLE dorad_data.{table} IN ACCESS EXCLUSIVE MODE")
        rebuild = start(site)
        wait_until(lambda: waiting(site, table))
        rebuild.kill()
        rebuild.communicate()
    holder.close()
    assert rows_of(site) == site.wrong
    site.run("rollup", "--rebuild")
    assert_mended(site)


def test_a_rebuild_whose_session_is_lost_does_it_again_and_says_so(site):
    with site.postgres.connect(site.database, autocommit=False) as holder:
        holder.cursor().execute("LOCK TABLE dorad_data.ownership IN ACCESS EXCLUSIVE MODE")
        rebuild = start(site)
        wait_until(lambda: waiting(site, "ownership"))
        site.query("SELECT pg_terminate_backend(%s)", waiting(site, "ownership")[0]["pid"])
    holder.close()
    _, words = rebuild.communicate(timeout=60)
    assert rebuild.returncode == 0, words
    assert "attempt=1" in words
    assert_mended(site)


def test_two_rebuilds_at_once_take_turns(site):
    running = [start(site) for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    assert_mended(site)


def test_a_worker_goes_on_while_everything_is_computed_again(site):
    worker = site.start("rollup")
    rebuild = start(site)
    add(site, deployments(330)[300:])
    _, words = rebuild.communicate(timeout=60)
    assert rebuild.returncode == 0, words
    wait_until(lambda: site.query("SELECT sum(deployments)::int AS n FROM dorad.monthly_service"
                                  ) == [{"n": 330}])
    assert worker.stop(signal.SIGTERM) == 0
    assert left_behind(site) == []
    assert site.run("rollup", "--verify").stdout == ""


def test_who_may_write_and_does_not_own_the_schema_may_rebuild(site):
    server = site.postgres
    server.psql(site.database, "-c", "CREATE ROLE worker LOGIN IN ROLE dorad_writer")
    site.config["rollup"]["postgres"] = server.dsn(site.database, "worker")
    site.run("rollup", "--rebuild")
    assert_mended(site)


def test_a_number_of_sessions_that_is_none_is_misuse(full_site):
    for given in ("0", "65", "many", "-1", ""):
        done = full_site.run("rollup", "--rebuild", "--sessions", given, check=False)
        assert done.returncode == 2
        assert "want a number from 1 to 64" in done.stderr
    assert full_site.run("rollup", "--sessions", "2", check=False).returncode == 2
