# SPDX-License-Identifier: Apache-2.0
"""What dorad(1) says under BACKUP: a dump that is restored elsewhere, and a database that goes back
to an instant, give the same rows."""

import json
import os
import shutil
import subprocess

import pytest

from harness.dorad import Site
from harness.postgres import Postgres
from harness.wait import wait_until
from stream_events import pending

ROWS = ("SELECT to_jsonb(m) - 'computed_at' - 'revision' AS row FROM dorad.monthly_service AS m"
        " ORDER BY service, month")


def deployment(number, hour):
    return {"specversion": "1.0", "id": f"d-{number}", "source": "/backup", "type":
            "dorad.deployment.v1", "time": f"2026-03-{1 + number:02}T{hour:02}:00:00Z",
            "data": {"deployment_id": f"d-{number}", "service": f"svc-{number % 3}",
                     "environment": "production", "status": "succeeded", "sha": f"{number:040x}"}}


def waiting(site):
    """Deliveries that are not, or not again, in Redis."""
    return json.loads(site.run("status", "--json", check=False).stdout)["ledger"]["backlog"]


def post(site, receive, numbers):
    """Deployments through the front door into facts and months."""
    assert receive.post_events([deployment(n, 12) for n in numbers]).status == 200
    wait_until(lambda: waiting(site) == 0)
    site.run("rollup", "--once")
    wait_until(lambda: pending(site) == 0)


def rows(site):
    return [row["row"] for row in site.query(ROWS)]


def deployments(found):
    return sum(row["deployments"] or 0 for row in found)


def tool(server, name, *arguments, text=None):
    """One of Postgres' own programs, as the user who runs the server; what it printed."""
    command = server._as_server(os.path.join(server.bin, name), "-h", server.socket, "-U",
                                "postgres", *arguments)
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          cwd=server.folder, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.fixture
def filled():
    """A site whose own cluster archives its log, with ten deployments."""
    with Postgres({"archive_mode": "on", "archive_command": "cp %p ../archive/%f",
                   "wal_level": "replica", "full_page_writes": "on"}) as server:
        archive = os.path.join(server.folder, "archive")
        os.mkdir(archive)
        shutil.chown(archive, "postgres" if os.geteuid() == 0 else None)
        with Site(postgres=server) as site:
            site.endpoint("push", "events")
            post(site, site.start("receive"), range(10))
            assert deployments(rows(site)) == 10
            yield site


def test_a_dump_restored_into_another_cluster_gives_the_same_rows(filled):
    before, old = rows(filled), filled.postgres
    roles = tool(old, "pg_dumpall", "--roles-only", "--no-role-passwords")
    dump = tool(old, "pg_dump", "--format=custom", filled.database)
    with Postgres() as new:
        # The superuser is there already; all else must succeed.
        tool(new, "psql", "-q", "-d", "postgres", text=roles)
        tool(new, "createdb", filled.database)
        tool(new, "pg_restore", "--exit-on-error", "-d", filled.database, text=dump)
        filled.postgres = new
        for part in ("rollup", "portal"):
            filled.config[part]["postgres"] = new.dsn(filled.database)
        assert rows(filled) == before
        filled.run("rollup", "--verify")
        filled.run("check")
        as_reader = new.psql(filled.database, "-c", "SET ROLE dorad_reader; SELECT count(*) FROM"
                             " dorad.monthly_service")
        assert int(as_reader) == len(before)
        post(filled, filled.daemons[0], range(10, 12))
        assert deployments(rows(filled)) == 12
        filled.postgres = old


def test_a_database_that_went_back_to_an_instant_is_brought_forward_by_a_replay(filled):
    server, receive = filled.postgres, filled.daemons[0]
    backup = os.path.join(server.folder, "backup")
    tool(server, "pg_basebackup", "-D", backup, "--checkpoint=fast", "--wal-method=none")
    early = rows(filled)
    server.psql("postgres", "-c", "SELECT pg_create_restore_point('before')")
    post(filled, receive, range(10, 20))
    late = rows(filled)
    assert deployments(late) == 20
    server.psql("postgres", "-c", "SELECT pg_switch_wal()")
    filled.query("DELETE FROM dorad_data.observation")      # the accident

    server.stop()
    shutil.rmtree(server.data)
    os.rename(backup, server.data)
    with open(os.path.join(server.data, "postgresql.auto.conf"), "a", encoding="utf-8") as file:
        file.write("restore_command = 'cp ../archive/%f %p'\nrecovery_target_name = 'before'\n"
                   "recovery_target_action = 'promote'\n")
    open(os.path.join(server.data, "recovery.signal"), "w", encoding="utf-8").close()
    server.start()
    wait_until(lambda: server.psql("postgres", "-c", "SELECT pg_is_in_recovery()") == "f\n",
               what=server.read_log)
    assert rows(filled) == early
    filled.run("rollup", "--verify")

    # Redis and the ledger know of acknowledged events that Postgres has no more: the ledger sends
    # them again, and those that are there already change nothing.
    filled.run("replay")
    wait_until(lambda: waiting(filled) == 0)
    filled.run("rollup", "--once")
    assert rows(filled) == late
    filled.run("rollup", "--verify")


def test_what_is_old_may_be_deleted_by_the_owner_and_the_rest_stays(filled):
    """As schemas/postgres/HOUSEKEEPING.md says under Retention."""
    before = rows(filled)
    filled.query("DELETE FROM dorad_data.observation WHERE at < '2026-03-06'")
    filled.run("rollup", "--rebuild")
    assert deployments(rows(filled)) == 5 < deployments(before)
    filled.run("rollup", "--verify")
    filled.run("replay")        # the ledger still has them: they come back
    wait_until(lambda: waiting(filled) == 0)
    filled.run("rollup", "--once")
    assert rows(filled) == before
