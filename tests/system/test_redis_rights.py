# SPDX-License-Identifier: Apache-2.0
"""Redis logins with the rights of contrib/SCALING.md and no more; and what is said where one lacks."""

import json
import os
import re

import pytest

from harness.dorad import ROOT, Site
from harness.faults import event
from harness.wait import wait_until


def rule(name):
    """The words of a login's line in contrib/SCALING.md, after the password."""
    with open(os.path.join(ROOT, "contrib", "SCALING.md"), encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(f"user {name} on "))
    return re.findall(r"\([^)]*\)|\S+", line.split(">PASSWORD ")[1])


def log_in(site, name):
    site.redis.client().execute_command("ACL", "SETUSER", name, "reset", "on", ">secret", *rule(name))
    site.config["redis"] = f"unix://{name}@{site.redis.socket}"
    site.config["redis_password"] = site.file("redis.secret", "secret\n")


def said(site, command):
    return json.loads(site.run(command, "--json", check=False).stdout)


def of_redis(site):
    return next((row["result"], row["words"]) for row in said(site, "check")
                if row["what"] == "redis")


def everything_settled(site):
    return not any(row["state"] == "kept" or row["replay"] for row in site.table("deliveries"))


def test_a_receiver_and_a_rollup_each_get_by_with_their_own_rights(postgres):
    with Site(postgres=postgres) as site:
        site.endpoint("push", "events")
        log_in(site, "dorad-receive")
        receive = site.start("receive")
        assert receive.post_events([event("one")]).status == 200
        wait_until(lambda: everything_settled(site))
        assert of_redis(site) == ("good", f"unix://{site.redis.socket}")
        site.run("status")
        site.run("replay", "--state", "forwarded")
        log_in(site, "dorad-rollup")
        rollup = site.start("rollup")
        # One that the roll-up cannot use, and what it says of it.
        site.redis.client().xadd("dorad:deployment", {"id": "none"})
        wait_until(lambda: site.redis.client().xlen("dorad:dead") == 1)
        wait_until(lambda: site.query("SELECT id FROM dorad_data.observation") == [{"id": "one"}])
        wait_until(lambda: site.redis.client().xinfo_groups("dorad:deployment")[0]["pending"] == 0)
        site.config["receive"]["endpoints"] = {}
        site.run("rollup", "--once")
        rollup.stop()
        for daemon in (receive, rollup):
            assert "NOPERM" not in daemon.read_log()


@pytest.mark.parametrize("lacks, word", [
    (["-hset"], "HSET dorad:marks"),
    (["-hget"], "HGET dorad:marks"),
])
def test_without_marks_deliveries_go_on_and_somebody_is_told(lacks, word):
    with Site() as site:
        site.endpoint("push", "events")
        log_in(site, "dorad-receive")
        site.redis.client().execute_command("ACL", "SETUSER", "dorad-receive", *lacks)
        receive = site.start("receive")
        for name in ("one", "two", "three"):
            assert receive.post_events([event(name)]).status == 200
            wait_until(lambda: everything_settled(site))
        assert [entry["id"] for entry in site.redis.entries("deployment")] == ["one", "two", "three"]
        wait_until(lambda: receive.metrics()["dorad_forward_marks_refused"] == 1)
        assert receive.read_log().count("<3>redis refuses the marks") == 1
        result, words = of_redis(site)
        assert result == "bad" and "NOPERM" in words and word in words
        assert any("NOPERM" in act and "mend the key or the right to it" in act
                   for act in said(site, "status")["act"])
        # A server that goes back in time is still seen.
        site.redis.client().flushall()
        wait_until(lambda: sorted(entry["id"] for entry in site.redis.entries("deployment"))
                   == ["one", "three", "two"])
        wait_until(lambda: everything_settled(site))
        n = len(site.redis.entries("deployment"))
        site.redis.client().execute_command("ACL", "SETUSER", "dorad-receive", "~dorad:*", "+hget", "+hset")
        assert receive.post_events([event("four")]).status == 200
        wait_until(lambda: "redis takes marks again" in receive.read_log())
        assert receive.metrics()["dorad_forward_marks_refused"] == 0
        wait_until(lambda: everything_settled(site))
        assert len(site.redis.entries("deployment")) == n + 1, "nothing went again for that"
        assert of_redis(site) == ("good", f"unix://{site.redis.socket}")


@pytest.mark.parametrize("lacks, word", [
    (["-xadd"], "XADD dorad:"), (["-xinfo|stream"], "XINFO dorad:"), (["-xrange"], "XRANGE dorad:")])
def test_a_right_that_a_receiver_needs_is_named_before_anything_has_waited_for_it(lacks, word):
    with Site() as site:
        log_in(site, "dorad-receive")
        site.redis.client().execute_command("ACL", "SETUSER", "dorad-receive", *lacks)
        assert of_redis(site)[0] == "bad"
        assert "NOPERM" in of_redis(site)[1] and word in of_redis(site)[1]
        assert site.redis.client().keys() == [], "to look has written something"
