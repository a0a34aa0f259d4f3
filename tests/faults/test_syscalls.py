# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 6, 7 and 9: the Nth write, sync, open, accept or malloc fails, and there is
no wrong 200.

In tests/run some N of each; in the long run (50 and up) every N there is, in every way.
DORAD_PART=2/4 is the second quarter of them: four can run side by side.
"""

import contextlib
import errno
import os
import sqlite3

import pytest

from harness.dorad import Site
from harness.faults import (ROUNDS, Senders, backlog, dice, event, optimised, request, send,
                            shim)
from harness.wait import wait_until

N_DELIVERIES = 12
BATCH = 200         # after so many runs it is looked at what was kept
FULL = (errno.ENOSPC, -1)
PART, PARTS = map(int, os.environ.get("DORAD_PART", "1/1").split("/"))


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.fixture
def quick():
    """A site with a ledger that is there already: what is counted is the receiving."""
    with Site() as site:
        site.endpoint("push", "events")
        site.start("receive").stop()
        yield site


def post_some(site, prefix, n=N_DELIVERIES):
    """Which of them were answered 200."""
    answered = []
    for i in range(n):
        name = f"{prefix}-{i}"
        if send(site.receive_address, request(site.secrets["push"], event(name))) == 200:
            answered.append(name)
    return answered


def ids(site):
    return {entry["id"] for entry in site.redis.entries("deployment")}


def kept_ids(site, or_forwarded=False):
    """The ids of the bodies that are in the ledger, read by a healthy dorad; or_forwarded: and of
    those that were forwarded, which a disk that is full lets go."""
    forwarded = ids(site) if or_forwarded else set()
    site.redis.client().flushall()
    site.run("replay")
    return forwarded | ids(site)


def count_calls(site, n=N_DELIVERIES):
    """How often each call is made in such a run."""
    path = os.path.join(site.folder, "count")
    receive = site.start("receive", env=shim(count=path))
    assert len(post_some(site, "count", n)) == n
    assert receive.stop() == 0
    with open(path, encoding="ascii") as file:
        return {name: int(n) for name, n in (line.split() for line in file)}


def choose(rolls, most, faults, n):
    """Which Nth calls fail, and how: every one in every way in a long run (with all later ones:
    every tenth), else the first few and some others."""
    if ROUNDS >= 50 or most <= n * ROUNDS:
        return [(nth, fault) for nth in range(1 + PART % PARTS, most + 1, PARTS)
                for fault in faults if "always" not in fault or nth // PARTS % 10 == 0]
    chosen = {*range(1, 4), *(rolls.randrange(1, most + 1) for _ in range(n * ROUNDS))}
    return [(nth, rolls.choice(faults)) for nth in sorted(chosen)]


def try_with(site, name, **settings):
    """A receiver under the shim; what it answered 200 must be there afterwards."""
    receive = site.start("receive", wait=False, env=shim(**settings))
    wait_until(lambda: receive.process.poll() is not None
               or "receiving" in receive.read_last_log(), 60)
    answered = post_some(site, name)
    if receive.is_running():
        receive.stop()
    return answered


def torture(site, call, faults, n):
    rolls = dice(call)
    counts = count_calls(site)
    print(f"{call}: {counts[call]} calls in a run of {N_DELIVERIES} deliveries")
    assert counts[call] > 0
    chosen = choose(rolls, counts[call] + 2, faults, n)
    # Where the disk seems full, room is made in the ledger: these come last. Of the others the
    # last calls come first, which are those of the receiving.
    chosen.sort(key=lambda one: (one[1]["errno"] in FULL, -one[0]))
    answered, lost = set(), set()
    for start in range(0, len(chosen), BATCH):
        now, full = set(), False
        for nth, fault in chosen[start:start + BATCH]:
            full = full or fault["errno"] in FULL
            now |= set(try_with(site, f"{call}-{nth}-{faults.index(fault)}", call=call, nth=nth,
                                **fault))
        lost |= now - kept_ids(site, or_forwarded=full)
        answered |= now
        print(f"{call}: {min(start + BATCH, len(chosen))} of {len(chosen)} runs, down to call "
              f"{nth}, {len(answered)} answered 200, {len(lost)} lost", flush=True)
    assert not lost
    assert answered


def test_a_delivery_costs_one_sync_and_what_became_of_it_none(quick):
    few, many = count_calls(quick), count_calls(quick, 5 * N_DELIVERIES)
    # The forwarder may see a row an instant early, and syncs it itself.
    assert 0 < many["sync"] - few["sync"] <= 5 * N_DELIVERIES


def test_no_failed_write_gives_a_wrong_200(quick):
    torture(quick, "write", [{"errno": errno.EIO}, {"errno": errno.ENOSPC}, {"errno": -1},
                             {"errno": errno.EINTR}], 12)


def test_no_failed_sync_gives_a_wrong_200(quick):
    torture(quick, "sync", [{"errno": errno.EIO}, {"errno": errno.ENOSPC}], 10)


def test_no_failed_truncation_gives_a_wrong_200(quick):
    torture(quick, "truncate", [{"errno": errno.EIO}], 3)


def test_no_failed_open_gives_a_wrong_200(quick):
    torture(quick, "open", [{"errno": errno.EMFILE}, {"errno": errno.EIO}], 4)


def test_no_failed_accept_gives_a_wrong_200(quick):
    torture(quick, "accept", [{"errno": errno.EMFILE}, {"errno": errno.ECONNABORTED},
                              {"errno": errno.ENOBUFS}], 4)


def test_no_failed_malloc_gives_a_wrong_200(quick):
    torture(quick, "malloc", [{"errno": errno.ENOMEM},
                              {"errno": errno.ENOMEM, "always": 1}], 12)


def test_a_ledger_is_not_set_aside_for_want_of_memory(quick):
    post_to = quick.start("receive")
    assert len(post_some(quick, "there")) == N_DELIVERIES
    post_to.stop()
    path = os.path.join(quick.folder, "count")
    assert quick.start("receive", env=shim(count=path)).stop() == 0
    with open(path, encoding="ascii") as file:
        most = int(dict(line.split() for line in file)["malloc"])
    step = 1 if ROUNDS >= 50 else most // 60 + 1
    for nth in range(dice("open").randrange(step) + 1, most, step):
        try_with(quick, f"open-{nth}", call="malloc", nth=nth, errno=errno.ENOMEM)
        assert not [name for name in os.listdir(quick.folder) if "corrupt" in name], nth


def test_a_disk_that_fails_for_good_is_never_answered_200(quick):
    counts = count_calls(quick)
    path = os.path.join(quick.folder, "ledger.db")
    receive = quick.start("receive", env=shim(call="sync", nth=max(counts["sync"] // 3, 1),
                                              errno=errno.EIO, always=1))
    statuses = [send(quick.receive_address, request(quick.secrets["push"], event(f"f-{i}")))
                for i in range(6)]
    receive.kill()
    answered = {f"f-{i}" for i, status in enumerate(statuses) if status == 200}
    print(statuses)
    assert 503 in statuses
    assert os.path.exists(path)
    assert answered <= kept_ids(quick)


def test_a_replay_that_could_not_read_the_ledger_does_not_say_that_it_is_done(quick):
    receive = quick.start("receive")
    assert len(post_some(quick, "r", 1)) == 1
    wait_until(lambda: backlog(quick) == 0)
    assert receive.stop() == 0
    for nth in range(1, 6):
        quick.redis.client().flushall()
        done = quick.run("replay", check=False, env=shim(call="sync", nth=nth, errno=errno.EIO))
        assert ids(quick) == ({"r-0"} if done.returncode == 0 else set()), (nth, done.stdout)


def test_a_program_that_holds_the_ledgers_lock_is_waited_for_and_told_of(quick):
    receive = quick.start("receive")
    with contextlib.closing(sqlite3.connect(quick.config["receive"]["ledger"],
                                            isolation_level=None)) as theirs:
        theirs.execute("BEGIN IMMEDIATE")
        senders = Senders(quick, "d", n_threads=1).start(most=1)
        wait_until(lambda: "ledger busy" in receive.read_log())
        theirs.execute("ROLLBACK")
    assert senders.join() == ["d-0"]


@pytest.mark.parametrize("slow_ms", [1000, 9000])
def test_a_slow_sync_is_waited_for_or_refused_in_time(quick, slow_ms):
    """Below a sender's patience it takes as long as it takes, beyond it is told 503."""
    receive = quick.start("receive", env=shim(call="sync", nth=1, errno=0, sleep_ms=slow_ms))
    status = send(quick.receive_address, request(quick.secrets["push"], event("slow")))
    assert status == (200 if slow_ms < 8000 else 503)
    assert send(quick.receive_address, request(quick.secrets["push"], event("after"))) == 200
    assert receive.stop() == 0
    # What was answered 503 may have been kept all the same; what was answered 200 must be.
    assert "after" in kept_ids(quick)
