# SPDX-License-Identifier: Apache-2.0
"""Fault matrix row 2: power loss. A kill -9 does not test a sync, for the page cache survives it.

The receiver runs under a shim that writes down each write, sync and truncation of the ledger's
files, each answer 200 and each event that goes to Redis. Then states are built as a power cut could
leave them: what was synced is there; of what was not, each write is there, is not, or is torn at a
sector or a page; what a sync failed over is not. In each state the ledger must hold what had been
answered and what had been sent until then.
"""

import errno
import os
import re
import sqlite3
import struct
import tempfile
from collections import namedtuple

import pytest

from harness.dorad import Site
from harness.faults import (ROUNDS, Senders, dice, event, optimised, request, send, shim,
                            small_disk)
from harness.wait import wait_until

Operation = namedtuple("Operation", "what path offset data")
RECORD = struct.Struct("<c7xqqq")
SENT = re.compile(rb"\$2\r\nid\r\n\$\d+\r\n([^\r]+)\r\n")
KEPT = re.compile(rb'"id": ?"([^"]+)"')


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def read_trace(path):
    """The operations in order; path: which file ("" for an answer)."""
    names = {0: ""}
    with open(path, "rb") as file:
        content = file.read()
    at = 0
    while at + RECORD.size <= len(content):
        what, number, offset, size = RECORD.unpack_from(content, at)
        at += RECORD.size
        data = b""
        if what in (b"w", b"o", b"x"):
            data = content[at:at + size]
            at += size
        if what == b"o":
            names[number] = data.decode()
        else:
            yield Operation(what.decode(), names[number], offset, data)


class Disk:
    """Files as they are for sure, and what has not been synced yet, in order."""

    def __init__(self, files):
        self.sure = {path: bytearray(content) for path, content in files.items()}
        self.pending = {path: [] for path in files}
        self.n_sure = dict.fromkeys(files, 0)
        self.begun = {}     # of a sync by a thread: how many operations were before it

    def take(self, operation):
        path = operation.path
        sure = self.sure.setdefault(path, bytearray())
        pending = self.pending.setdefault(path, [])
        n_sure = self.n_sure.setdefault(path, 0)
        by = (path, operation.offset)
        if operation.what == "b":
            self.begun[by] = n_sure + len(pending)
        elif operation.what == "s":
            n = max(self.begun[by] - n_sure, 0)
            for one in pending[:n]:
                apply(sure, one)
            del pending[:n]
            self.n_sure[path] += n
        elif operation.what == "f":     # the memory of the kernel has it, the disk never will
            self.n_sure[path] += len(pending)
            pending.clear()
        else:
            pending.append(operation)

    def crash(self, rolls):
        """One of the states in which a power cut may leave the files."""
        style = rolls.choice(("none", "all", "some", "some", "some", "prefix"))
        files = {}
        for path, sure in self.sure.items():
            content = bytearray(sure)
            pending = self.pending[path]
            cut = rolls.randrange(len(pending) + 1)
            for n, operation in enumerate(pending):
                there = (style == "all" or (style == "some" and rolls.random() < 0.5)
                         or (style == "prefix" and n < cut))
                torn = style in ("some", "prefix") and rolls.random() < 0.15
                if torn and operation.what == "w":
                    apply(content, tear(operation, rolls))
                elif there:
                    apply(content, operation)
            files[path] = content
        return files


def apply(content, operation):
    end = operation.offset + len(operation.data)
    if operation.what == "t":
        del content[operation.offset:]
        content.extend(b"\0" * (operation.offset - len(content)))
    else:
        if len(content) < end:
            content.extend(b"\0" * (end - len(content)))
        content[operation.offset:end] = operation.data


def tear(operation, rolls):
    """The first or the last sectors or pages of a write, the rest as it was before."""
    unit = rolls.choice((512, 4096))
    cut = rolls.randrange(0, len(operation.data) + unit, unit)
    if rolls.random() < 0.5:
        return operation._replace(data=operation.data[:cut])
    return operation._replace(offset=operation.offset + cut, data=operation.data[cut:])


def write_state(folder, files):
    for path, content in files.items():
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(content)
    for tail in ("-shm",):
        path = os.path.join(folder, "ledger.db" + tail)
        if os.path.exists(path):
            os.unlink(path)


def recovered(folder):
    """What SQLite finds after such an end: the ids kept, each with its whole body."""
    ledger = sqlite3.connect(os.path.join(folder, "ledger.db"))
    ledger.execute("PRAGMA synchronous = OFF")      # of this reader, which is quicker so
    try:
        rows = ledger.execute(
            "SELECT d.seq, b.bytes FROM delivery AS d LEFT JOIN body AS b USING (seq)"
            " ORDER BY d.seq").fetchall()
        assert all(body for _, body in rows), "a row without its body"
        assert [seq for seq, _ in rows] == list(range(1, len(rows) + 1)), "a gap"
        return {KEPT.search(body)[1] for _, body in rows}
    finally:
        ledger.close()


def record(site, n_deliveries, **fault):
    """The files before, the trace after, of a receiver that gets so many deliveries."""
    site.start("receive").stop()        # makes the ledger, outside of the trace
    path = site.config["receive"]["ledger"]
    before = {}
    for tail in ("", "-wal"):
        with open(path + tail, "rb") as file:
            before[path + tail] = file.read()
    trace = os.path.join(site.folder, "trace")
    receive = site.start("receive", env=shim(trace=trace, **fault))
    # Alone, then several at once: commits of one and of many.
    for n in range(n_deliveries // 4):
        assert send(site.receive_address,
                    request(site.secrets["push"], event(f"a{n}"))) == 200
    senders = Senders(site, "b", n_threads=8).start(most=n_deliveries * 3 // 4)
    assert len(senders.join()) == n_deliveries * 3 // 4
    receive.kill()
    return before, list(read_trace(trace))


def cut(before, trace, rolls, n_states):
    """Cuts the power at so many moments: all that was answered is there each time."""
    disk = Disk(before)
    answered = 0
    sent = set()
    least_spare = None
    at = 0
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        for moment in sorted(rolls.randrange(len(trace) + 1) for _ in range(n_states)):
            while at < moment:
                operation = trace[at]
                at += 1
                if operation.what == "a":
                    answered += 1
                elif operation.what == "x":
                    sent.update(SENT.findall(operation.data))
                else:
                    disk.take(operation)
            write_state(folder, disk.crash(rolls))
            kept = recovered(folder)
            assert len(kept) >= answered, \
                f"after {at} operations {answered} were answered 200, {len(kept)} are kept"
            assert sent <= kept, f"after {at} operations Redis has what the ledger has not"
            spare = len(kept) - answered
            least_spare = spare if least_spare is None else min(spare, least_spare)
    print(f"{n_states} states, 0 lost; least kept beyond what was answered: {least_spare}; "
          f"{len(sent)} had been sent")
    return sent


def count(trace, what, path=""):
    return sum(operation.what == what and operation.path.endswith(path) for operation in trace)


def test_no_power_cut_loses_what_was_answered_200():
    rolls = dice("power")
    with Site() as site:
        site.endpoint("push", "events")
        before, trace = record(site, 120 if ROUNDS == 1 else 400)
        print(f"{len(trace)} operations, {count(trace, 's')} syncs, {count(trace, 'a')} answers")
        assert count(trace, "a") >= 100 and count(trace, "s") >= 20
        assert len(cut(before, trace, rolls, 600 * ROUNDS)) >= 100


def test_no_power_cut_loses_anything_after_a_sync_that_failed():
    """What a sync failed over never reaches the disk, though the kernel's memory has it and the
    next sync succeeds."""
    rolls = dice("power-failed")
    for _ in range(3 if ROUNDS == 1 else ROUNDS):
        with Site() as site:
            site.endpoint("push", "events")
            before, trace = record(site, 60, call="sync", nth=rolls.randrange(8, 22),
                                   errno=errno.EIO)
            assert count(trace, "f") == 1 and count(trace, "a") >= 60
            cut(before, trace, rolls, 200)


def test_no_power_cut_loses_anything_while_the_log_is_moved_into_the_file():
    """On a small disk the log is short: it is moved, and begun anew, all the time."""
    rolls = dice("power-moving")
    with Site() as site, small_disk(site, "8m"):
        site.endpoint("push", "events")
        before, trace = record(site, 120 if ROUNDS == 1 else 400)
        begun = sum(operation.what == "w" and operation.path.endswith("-wal")
                    and operation.offset == 0 for operation in trace)
        moves = count(trace, "s", "ledger.db")
        longest = max(operation.offset for operation in trace
                      if operation.what == "w" and operation.path.endswith("-wal"))
        print(f"{len(trace)} operations, the log was begun {begun} times, moved {moves} times")
        assert count(trace, "a") >= 100 and begun >= 3 and moves >= 5
        assert longest < 1 << 20, "half a MiB is a sixteenth of that disk"
        cut(before, trace, rolls, 300 * ROUNDS)


@pytest.mark.parametrize("nth", [2, 3])
def test_a_log_that_a_sync_failed_over_is_written_anew_before_it_is_moved(nth):
    """The sync is the one with which a log begins to be moved once nothing comes any more: nobody
    else syncs it after that."""
    with Site() as site, small_disk(site, "8m"):
        site.endpoint("push", "events")
        site.start("receive").stop()
        path = os.path.join(site.folder, "trace")
        receive = site.start("receive", env=shim(trace=path, call="sync", nth=nth,
                                                 errno=errno.EIO))
        assert send(site.receive_address, request(site.secrets["push"], event("a"))) == 200
        wait_until(lambda: count(read_trace(path), "f")
                   and count(read_trace(path), "s", "ledger.db"))
        receive.kill()
        trace = list(read_trace(path))
        failed, = (n for n, operation in enumerate(trace) if operation.what == "f")
        log = trace[failed].path.endswith("-wal")
        renewed = False
        for operation in trace[failed + 1:]:
            if operation.path.endswith("-wal"):
                renewed = renewed or (operation.what == "w" and operation.offset == 0)
            assert renewed or not log or operation.what != "w" \
                or not operation.path.endswith("ledger.db"), "moved from a log that is in doubt"


def test_dorad_itself_starts_on_what_a_power_cut_left():
    rolls = dice("power-start")
    with Site() as site:
        site.endpoint("push", "events")
        before, trace = record(site, 60)
        for _ in range(5 * ROUNDS):
            disk = Disk(before)
            answered = 0
            for operation in trace[:rolls.randrange(len(trace) + 1)]:
                if operation.what == "a":
                    answered += 1
                elif operation.what != "x":
                    disk.take(operation)
            folder = os.path.dirname(site.config["receive"]["ledger"])
            for name in os.listdir(folder):
                if name.startswith("ledger."):
                    os.unlink(os.path.join(folder, name))
            write_state(folder, disk.crash(rolls))
            receive = site.start("receive")
            assert "set aside" not in receive.read_last_log()
            assert len(site.table("deliveries")) >= answered
            assert receive.stop() == 0


def test_the_replayer_sees_a_receiver_that_does_not_sync():
    """The test of the test: with the syncs left out of the account, states lose something."""
    rolls = dice("power-unsynced")
    with Site() as site, tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        site.endpoint("push", "events")
        before, trace = record(site, 40)
        disk = Disk(before)
        for operation in trace:
            if operation.what not in "absx":
                disk.take(operation)
        answered = sum(operation.what == "a" for operation in trace)
        lost = 0
        for _ in range(20):
            write_state(folder, disk.crash(rolls))
            try:
                lost += len(recovered(folder)) < answered
            except (sqlite3.DatabaseError, AssertionError):
                lost += 1
        assert lost
