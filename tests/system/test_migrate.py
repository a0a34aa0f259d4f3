# SPDX-License-Identifier: Apache-2.0
"""The schema comes with the program, is applied once, and only forward."""

import json
import os
import pwd
import signal
import sqlite3
import subprocess

import pytest

from harness.dorad import Site, environment, program


@pytest.fixture
def empty(postgres):
    """A site whose database has no schema yet."""
    with Site(postgres=postgres) as site:
        site.postgres.create(site.database)
        yield site


def states(site, *arguments):
    return [row["state"] for row in site.table("migrate", *arguments)]


def test_a_dry_run_lists_what_is_missing_and_changes_nothing(empty):
    assert set(states(empty, "--dry-run")) == {"missing"}
    assert set(states(empty, "--dry-run")) == {"missing"}


def test_every_migration_is_applied_once_and_noted(empty):
    applied = empty.table("migrate")
    assert {row["state"] for row in applied} == {"applied"}
    assert [row["version"] for row in applied] == list(range(1, len(applied) + 1))
    noted = empty.query("SELECT version, name, sha256 FROM dorad_data.migration ORDER BY version")
    assert noted == [{key: row[key] for key in ("version", "name", "sha256")} for row in applied]
    assert states(empty) == []
    assert set(states(empty, "--dry-run")) == {"there"}


def owned_by_account(site):
    """The role that owns the database and only connects as the account of its name."""
    role = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    server = site.postgres
    with open(os.path.join(server.data, "pg_hba.conf"), "r+", encoding="utf-8") as file:
        rules = file.read()
        file.seek(0)
        if role not in rules:
            file.write(f"local all {role} peer\n" + rules)
            server.psql("postgres", "-c", f'CREATE ROLE "{role}" LOGIN')
    os.kill(server.pid, signal.SIGHUP)
    server.psql("postgres", "-c", f'ALTER DATABASE "{site.database}" OWNER TO "{role}"')
    site.config["rollup"]["postgres"] = server.dsn(site.database, role)
    return role


def test_root_connects_as_the_account_whose_role_it_is(empty):
    """Root is no role of Postgres, which knows who connects to its socket (peer)."""
    role = owned_by_account(empty)
    assert set(states(empty)) == {"applied"}
    assert empty.query("SELECT DISTINCT tableowner FROM pg_tables"
                       " WHERE schemaname = 'dorad_data'") == [{"tableowner": role}]


def test_an_account_of_which_the_directory_says_much_is_found(empty):
    """What is said of it, a full name and more, has no limit; here 20 KB."""
    role = owned_by_account(empty)
    long = []
    for entry in pwd.getpwall():
        about = "x" * 20_000 if entry.pw_name == role else entry.pw_gecos
        long.append(f"{entry.pw_name}:x:{entry.pw_uid}:{entry.pw_gid}:{about}:/:/bin/sh\n")
    passwd = empty.file("passwd", "".join(long))
    os.chmod(passwd, 0o644)
    wrapper = [] if os.geteuid() else [
        "unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/passwd && exec "$@"', passwd]
    done = subprocess.run([*wrapper, program(), "migrate", "-c", empty.write()],
                          env=environment(), text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_three_at_once_take_turns(empty):
    command = [program(), "migrate", "--json", "-c", empty.write()]
    running = [subprocess.Popen(command, env=environment(), text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE) for _ in range(3)]
    outputs = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], outputs
    applied = [row["version"] for output, _ in outputs for row in json.loads(output)]
    assert sorted(applied) == [row["version"] for row in empty.table("migrate", "--dry-run")]


def test_a_migration_that_changed_after_it_was_applied_is_refused(empty):
    empty.run("migrate")
    empty.query("UPDATE dorad_data.migration SET sha256 = repeat('0', 64) WHERE version = 1")
    done = empty.run("migrate", check=False)
    assert done.returncode == 1
    assert "a migration must not change" in done.stderr


def test_a_database_newer_than_the_program_is_refused_in_words(empty):
    n = len(empty.table("migrate"))
    empty.query("INSERT INTO dorad_data.migration (version, name, sha256)"
                f" VALUES ({n + 1}, '9999_future.sql', repeat('0', 64))")
    for command in (["migrate"], ["rollup", "--once"]):
        done = empty.run(*command, check=False)
        assert done.returncode == 1
        assert "9999_future.sql" in done.stderr
        assert "newer" in done.stderr


def test_a_roll_up_on_a_database_without_schema_says_what_to_do(empty):
    done = empty.run("rollup", "--once", check=False)
    assert done.returncode == 1
    assert "dorad migrate" in done.stderr


def upgrade(site, check=True):
    done = site.run("check", "--upgrade", "--json", check=check)
    return {row["what"]: (row["result"], row["words"]) for row in json.loads(done.stdout)}


def test_an_upgrade_says_what_it_will_do_and_changes_nothing(empty):
    said = upgrade(empty)
    assert said["schema"] == ("pending", "the database has none yet: dorad migrate makes it")
    assert said["ledger"][0] == "good" and "not there yet" in said["ledger"][1]
    empty.start("receive").stop()
    empty.run("migrate")
    n = len(empty.table("migrate", "--dry-run"))
    empty.query("DELETE FROM dorad_data.migration WHERE version = %s", n)   # as an older version left it
    said = upgrade(empty)
    assert said["ledger"] == ("good", f"{empty.config['receive']['ledger']} is of version 2 and stays so")
    assert said["schema"] == ("good", f"the database has {n - 1} of {n} migrations")
    (pending,) = [words for what, words in said.items() if what.endswith(".sql")]
    assert pending[0] == "pending" and " Meanwhile " in pending[1]
    assert upgrade(empty) == said


def test_an_upgrade_that_would_go_back_is_bad(empty):
    empty.start("receive").stop()
    empty.run("migrate")
    n = len(empty.table("migrate", "--dry-run"))
    empty.query("INSERT INTO dorad_data.migration (version, name, sha256)"
                f" VALUES ({n + 1}, '9999_future.sql', repeat('0', 64))")
    with sqlite3.connect(empty.config["receive"]["ledger"]) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    said = upgrade(empty, check=False)
    assert said["schema"][0] == "bad" and "install the newer one" in said["schema"][1]
    assert said["ledger"][0] == "bad" and "run the later one" in said["ledger"][1]
    assert empty.run("check", "--upgrade", check=False).returncode == 1
