# SPDX-License-Identifier: Apache-2.0
"""The receiver dies exactly where it hurts: places that only a build for tests has."""

import glob
import json
import os

import pytest

from harness.faults import event
from harness.wait import wait_until


def settled(site):
    return json.loads(site.run("status", "--json", check=False).stdout)["ledger"]["backlog"] == 0


def die_at(site, point):
    receive = site.start("receive", wait=False, env={"DORAD_FAULT": point})
    code = receive.wait()
    assert code == 137, f"no fault point in this build (-Dfaults=true)? It ended with {code}"
    return receive


@pytest.fixture
def backlog(site):
    """Three deliveries are kept and not yet forwarded."""
    site.endpoint("push", "events")
    site.redis.kill()
    receive = site.start("receive")
    for name in ("a", "b", "c"):
        assert receive.post_events([event(name)]).status == 200
    receive.stop()
    site.redis.start()
    return site


def test_death_between_xadd_and_settling_sends_twice_and_loses_nothing(backlog):
    die_at(backlog, "settle")
    assert len(backlog.entries("deployment")) == 3
    backlog.start("receive")
    wait_until(lambda: settled(backlog))
    ids = [entry["id"] for entry in backlog.entries("deployment")]
    assert ids == ["a", "b", "c"] * 2
    assert len({(e["source"], e["id"], e["delivery"]) for e in backlog.entries("deployment")}) == 3


def test_death_after_settling_sends_once(backlog):
    die_at(backlog, "settled")
    backlog.start("receive")
    wait_until(lambda: settled(backlog))
    assert [entry["id"] for entry in backlog.entries("deployment")] == ["a", "b", "c"]


@pytest.mark.parametrize("point", ["normalise", "plan"])
def test_a_row_on_which_the_process_ends_again_and_again_is_quarantined_unread(backlog, point):
    for _ in range(5):      # by _exit: no crash is seen, so it takes five ends and not two
        die_at(backlog, point)
    receive = backlog.start("receive")
    wait_until(lambda: settled(backlog))
    row, = backlog.table("deliveries", "--state", "quarantined")
    assert (row["seq"], row["reason"]) == (1, "crashed")
    assert [entry["id"] for entry in backlog.entries("deployment")] == ["b", "c"]
    assert "it saw the process end five times while it was read" in receive.read_log()
    assert "crashed the process" not in receive.read_log()
    backlog.run("replay", "--state", "quarantined")     # once it is mended
    assert [entry["id"] for entry in backlog.entries("deployment")] == ["b", "c", "a"]


@pytest.mark.parametrize("point", ["aside-linked", "aside-moved"])
def test_death_while_a_ledger_is_set_aside_loses_nothing_of_its_log(site, point):
    site.endpoint("push", "events")
    site.redis.kill()
    site.start("receive").stop()
    receive = site.start("receive")
    for name in ("a", "b", "c"):
        assert receive.post_events([event(name)]).status == 200
    receive.kill()      # so that they are in the log alone
    ledger = os.path.join(site.folder, "ledger.db")
    with open(ledger, "r+b") as file:
        file.seek(4096)
        file.write(b"garbage " * ((os.path.getsize(ledger) - 4096) // 8))
    die_at(site, point)
    site.redis.start()
    site.start("receive")
    aside, = glob.glob(f"{ledger}.corrupt-*Z")
    site.run("deliveries", "recover", aside)
    wait_until(lambda: settled(site))
    assert sorted(entry["id"] for entry in site.entries("deployment")) == ["a", "b", "c"]
