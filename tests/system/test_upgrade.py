# SPDX-License-Identifier: Apache-2.0
"""Daemons of one version on the schema of another: newer ones that were started before dorad
migrate, and older ones that run on after it."""

import hashlib
import json
import os

import pytest

from harness.dorad import Site
from harness.faults import event
from harness.postgres import migrations
from harness.wait import wait_until


@pytest.fixture
def site(postgres):
    with Site(postgres=postgres) as it:
        it.endpoint("push", "events")
        yield it


def kept(site):
    return {row["id"] for row in site.query("SELECT id FROM dorad_data.observation")}


def acts(site):
    return json.loads(site.run("status", "--json", check=False).stdout)["act"]


def as_the_version_before_left_it(site):
    """A database that lacks the last migration, all others noted."""
    site.database += "_before"
    site.postgres.create(site.database)
    dsn = site.postgres.dsn(site.database)
    site.config["rollup"]["postgres"] = site.config["portal"]["postgres"] = dsn
    notes = site.table("migrate", "--dry-run")
    for path in migrations()[:-1]:
        site.postgres.psql(site.database, "-q", "-1", "-f", path)
    site.query("CREATE TABLE dorad_data.migration (version integer PRIMARY KEY, name text NOT NULL,"
               " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())")
    for note, path in zip(notes[:-1], migrations()):
        with open(path, "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == note["sha256"], os.path.basename(path)
        site.query("INSERT INTO dorad_data.migration (version, name, sha256) VALUES (%s, %s, %s)",
                   note["version"], note["name"], note["sha256"])
    return len(notes)


def test_daemons_that_were_started_before_the_migrations_wait_for_them(site):
    n = as_the_version_before_left_it(site)
    lacks = f"the database has {n - 1} of this dorad's {n} migrations; run dorad migrate first"
    receive, portal, rollup = site.start("receive"), site.start("portal"), site.start("rollup")
    assert receive.post_events([event("early")]).status == 200
    site.wait_for_entries("deployment", 1)
    wait_until(lambda: lacks in rollup.read_log())
    assert f"postgres: {lacks}" in acts(site)
    assert site.run("rollup", "--once", check=False).returncode == 1
    page = portal.get("/services/checkout")
    assert page.status == 503 and b"Nothing is lost" in page.body
    assert rollup.is_running() and kept(site) == set()
    assert [row["state"] for row in site.table("migrate")] == ["applied"]
    wait_until(lambda: kept(site) == {"early"})
    wait_until(lambda: portal.get("/services/checkout").status == 200, what=portal.read_log)
    assert not any(lacks in act for act in acts(site))


def migrate_to_the_next_version(site, sql):
    site.query(sql)
    site.query("INSERT INTO dorad_data.migration (version, name, sha256)"
               " SELECT max(version) + 1, '9999_next.sql', repeat('0', 64)"
               " FROM dorad_data.migration")


def test_daemons_run_on_after_a_migration_that_they_can_bear(site):
    receive, portal, rollup = site.start("receive"), site.start("portal"), site.start("rollup")
    assert receive.post_events([event("before")]).status == 200
    wait_until(lambda: kept(site) == {"before"})
    migrate_to_the_next_version(
        site, "ALTER TABLE dorad_data.observation ADD COLUMN looked_at timestamptz")
    assert receive.post_events([event("after")]).status == 200
    wait_until(lambda: kept(site) == {"before", "after"})
    wait_until(lambda: portal.get("/services/checkout").status == 200, what=portal.read_log)
    assert any("9999_next.sql" in act and "install the newer one" in act for act in acts(site))
    # Not taken up again, though: what it does to the next schema nobody has tried.
    rollup.send(15)
    rollup.wait()
    late = site.start("rollup", wait=False)
    assert late.wait() == 1
    assert "9999_next.sql" in late.read_last_log()


def test_a_worker_that_cannot_bear_a_migration_says_why_and_loses_nothing(site):
    receive, rollup = site.start("receive"), site.start("rollup")
    assert receive.post_events([event("before")]).status == 200
    wait_until(lambda: kept(site) == {"before"})
    migrate_to_the_next_version(
        site, "ALTER FUNCTION dorad_data.keep(jsonb) RENAME TO keep_otherwise")
    assert receive.post_events([event("after")]).status == 200
    wait_until(lambda: "postgres is not as this worker found it: the database has migration"
                       " 9999_next.sql" in rollup.read_log(), what=rollup.read_log)
    assert "install the newer one" in rollup.read_log()
    assert rollup.is_running() and kept(site) == {"before"}
    site.query("ALTER FUNCTION dorad_data.keep_otherwise(jsonb) RENAME TO keep")
    wait_until(lambda: kept(site) == {"before", "after"})
    assert site.redis.client().exists("dorad:dead") == 0
