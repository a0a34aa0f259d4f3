# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 35: the ledger of another version. Only a receiver brings it forward: a command
of the next version, beside a receiver of this one, must leave it as it is."""

import fcntl
import json
import os
import sqlite3

import pytest

from harness.dorad import Site
from harness.faults import event
from harness.wait import wait_until

OLD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger_1.sql")


@pytest.fixture
def site():
    """A site whose ledger is of version 1."""
    with Site() as it:
        it.endpoint("push", "events")
        it.endpoint("github", "github")
        it.config["receive"]["retention"] = {"age": "3650d"}
        with open(OLD, encoding="utf-8") as sql:
            ask(it, sql.read())
        yield it


def ask(site, sql):
    ledger = sqlite3.connect(site.config["receive"]["ledger"])
    try:
        return ledger.executescript(sql) if ";" in sql else ledger.execute(sql).fetchall()
    finally:
        ledger.close()


def version(site):
    return ask(site, "PRAGMA user_version")[0][0]


def said_of_ledger(site, check=True):
    done = site.run("check", "--upgrade", "--json", check=check)
    return next((row["result"], row["words"]) for row in json.loads(done.stdout)
                if row["what"] == "ledger")


def test_a_receiver_brings_an_earlier_ledger_forward_with_all_that_is_in_it(site):
    result, words = said_of_ledger(site)
    assert result == "pending" and "goes from version 1 to 2 when dorad receive starts" in words
    receive = site.start("receive")
    assert "ledger migrated from=1 to=2" in receive.read_log()
    assert receive.post_events([event("four")]).status == 200
    # Redis is another one, and has nothing of what was forwarded before: that goes again.
    wait_until(lambda: sorted({entry["id"] for entry in site.redis.entries("deployment")})
               == ["four", "one", "three", "two"])
    wait_until(lambda: not any(row["state"] == "kept" or row["replay"]
                               for row in site.table("deliveries")))
    assert [(row["delivery"], row["state"]) for row in site.table("deliveries")] == [
        ("6c430c44-1", "forwarded"), ("6c430c44-2", "quarantined"), ("6c430c44-3", "quarantined"),
        ("6c430c44-4", "ignored"), ("6c430c44-5", "forwarded"), ("6c430c44-6", "forwarded")]
    assert receive.metrics()["dorad_ledger_quarantined"] == 2
    assert version(site) == 2
    assert said_of_ledger(site) == ("good", f"{site.config['receive']['ledger']} is of version 2"
                                    " and stays so")
    receive.restart()
    assert "ledger migrated" not in receive.read_last_log()


def test_a_command_leaves_the_ledger_of_an_earlier_receiver_as_it_is(site):
    """The package is new, the receiver in memory is not yet."""
    site.write()
    path = site.config["receive"]["ledger"].removesuffix(".db") + ".lock"
    with open(path, "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        before = ask(site, "SELECT sql FROM sqlite_schema ORDER BY name")
        for command in (["deliveries"], ["deliveries", "show", "1"], ["replay", "--state", "ignored"],
                        ["status"]):
            done = site.run(*command, check=False)
            assert done.returncode == 1, command
            assert "of version 1, made by an earlier dorad" in done.stdout + done.stderr, command
            assert "start dorad receive, or start it again" in done.stdout + done.stderr, command
        assert ask(site, "SELECT sql FROM sqlite_schema ORDER BY name") == before
        assert version(site) == 1
    # Without a receiver the replay is one for as long as it takes.
    site.run("replay", "--state", "ignored")
    assert version(site) == 2


def test_the_ledger_of_a_later_version_is_refused_by_all_and_left_as_it_is(site):
    ask(site, "PRAGMA user_version = 99;")
    for command in (["receive"], ["deliveries"], ["replay", "--state", "ignored"], ["status"]):
        done = site.run(*command, check=False)
        assert done.returncode == 1, command
        assert "of version 99, made by a later dorad" in done.stdout + done.stderr, command
        assert "run the later one" in done.stdout + done.stderr, command
    assert version(site) == 99
    assert said_of_ledger(site, check=False)[0] == "bad"
    assert not [name for name in os.listdir(site.folder) if "corrupt" in name]
