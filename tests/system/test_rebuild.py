# SPDX-License-Identifier: Apache-2.0
"""`dorad rollup --rebuild`: whatever becomes of it, who reads sees the rows of before or those of
after it, and the next one is not disturbed by what it left."""

import signal
import subprocess

import pytest

from harness.dorad import Site, environment, program
from harness.wait import wait_until
from stream_events import add, deployments

# What a step needs and none before it does: who holds the table so, stops a rebuild there. To lay
# tables out beside, all that are computed are looked at; who lets others read holds up only who writes.
READ, WRITTEN = "ACCESS EXCLUSIVE", "SHARE"
STEPS = {"the first": ("clock", READ), "the first of changes": ("service_alias", READ),
         "deployments": ("service_phase", READ),
         "taking over while others compute": ("deployment_fact", WRITTEN),
         "months": ("ownership", READ), "taking over at the end": ("monthly", WRITTEN)}


@pytest.fixture(scope="module")
def filled(postgres):
    """With the rows of three hundred deployments, for tests that leave them right."""
    with Site(postgres=postgres) as it:
        yield fill(it)


@pytest.fixture
def site(filled):
    return put_wrong(filled)


@pytest.fixture
def own_site(full_site):
    return put_wrong(fill(full_site))


def fill(site):
    add(site, deployments(300))
    site.run("rollup", "--once", "--as-of", "2026-01-01T00:00:00Z")
    return site


def put_wrong(site):
    site.right = rows_of(site)
    site.query("UPDATE dorad_data.monthly SET deployments = deployments + 1")
    site.query("DELETE FROM dorad_data.deployment_fact WHERE deployment_id LIKE '%7'")
    site.wrong = rows_of(site)
    assert site.wrong != site.right
    return site


def rows_of(site):
    """All that is computed, a digest for each table."""
    tables = site.query("SELECT unnest(dorad_data.computed_tables()) AS name")
    return site.query(" UNION ALL ".join(f"""
        SELECT '{table["name"]}' AS name, count(*) AS n,
               md5(string_agg(r::text, '' ORDER BY r::text)) AS digest
        FROM (SELECT to_jsonb(t) - '{{computed_at,revision}}'::text[] AS r
              FROM dorad_data.{table["name"]} AS t) AS rows""" for table in tables))


def left_behind(site):
    return site.query("SELECT relname FROM pg_class WHERE relnamespace = 'dorad_beside'::regnamespace")


def start(site):
    return subprocess.Popen([program(), "rollup", "--rebuild", "--sessions", "2", "-c", site.write()],
                            env=environment(), text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def waiting(site, table):
    """Sessions that wait for a table."""
    return site.query("SELECT pid FROM pg_locks WHERE NOT granted"
                      " AND relation = %s::regclass", f"dorad_data.{table}")


def assert_mended(site):
    assert rows_of(site) == site.right
    assert left_behind(site) == []


@pytest.mark.parametrize("sessions", [1, 5])
def test_a_rebuild_puts_right_what_is_wrong(site, sessions):
    site.run("rollup", "--rebuild", "--sessions", sessions)
    assert_mended(site)
    assert site.run("rollup", "--verify").stdout == ""


@pytest.mark.parametrize("table, mode", STEPS.values(), ids=STEPS)
def test_a_rebuild_killed_anywhere_changes_nothing_and_is_begun_again(site, table, mode):
    with site.postgres.connect(site.database, autocommit=False) as holder:
        holder.cursor().execute(f"LOCK TABLE dorad_data.{table} IN {mode} MODE")
        rebuild = start(site)
        wait_until(lambda: waiting(site, table))
        rebuild.kill()
        rebuild.communicate()
    holder.close()
    assert rows_of(site) == site.wrong
    site.run("rollup", "--rebuild", "--sessions", 2)
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


def test_a_worker_goes_on_while_everything_is_computed_again(own_site):
    site = own_site
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
    owner = site.config["rollup"]["postgres"]
    site.config["rollup"]["postgres"] = server.dsn(site.database, "worker")
    site.run("rollup", "--rebuild")
    site.config["rollup"]["postgres"] = owner
    assert_mended(site)


def test_a_number_of_sessions_that_is_none_is_misuse(full_site):
    for given in ("0", "65", "many", "-1", ""):
        done = full_site.run("rollup", "--rebuild", "--sessions", given, check=False)
        assert done.returncode == 2
        assert "want a number from 1 to 64" in done.stderr
    assert full_site.run("rollup", "--sessions", "2", check=False).returncode == 2
