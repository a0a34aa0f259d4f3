# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 10 and 19, for long: Redis is away while 200 deliveries a second come (30
minutes in the long run), and Postgres has no room left. Memory stays flat, and then it catches
up."""

import os
import subprocess
import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, backlog, event, optimised, request, resident, send
from harness.postgres import Postgres
from harness.wait import wait_until

RATE = 200
MIB = 1 << 20
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


def post_steadily(site, prefix, seconds, pid):
    """RATE deliveries a second; how many, and the most memory that was held meanwhile."""
    began, n, most = time.monotonic(), 0, 0
    while n < RATE * seconds:
        ahead = began + n / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        assert send(site.receive_address,
                    request(site.secrets["push"], event(f"{prefix}-{n}"))) == 200
        n += 1
        if n % RATE == 0:
            most = max(most, resident(pid))
    took = time.monotonic() - began
    assert took < seconds * 1.05 + 1, f"{n} took {took:.0f} s: that is no {RATE} a second"
    return n, most


def test_redis_away_for_long_costs_no_memory_and_is_caught_up_with():
    seconds = 6 if ROUNDS == 1 else min(36 * ROUNDS, 1800)
    with Site() as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        post_steadily(site, "warm", 3, receive.pid)
        wait_until(lambda: backlog(site) == 0)
        before = resident(receive.pid)
        site.redis.kill()
        n, most = post_steadily(site, "away", seconds, receive.pid)
        assert most - before < 32 * MIB
        assert backlog(site) >= n
        site.redis.start()
        began = time.monotonic()
        wait_until(lambda: backlog(site) == 0, 300)
        took = time.monotonic() - began
        assert resident(receive.pid) - before < 32 * MIB
        assert site.redis.client().xlen("dorad:deployment") == n + 3 * RATE
        print(f"{n} deliveries in {seconds} s without Redis, memory at most "
              f"{(most - before) // 1024} KiB above what it was; caught up in {took:.1f} s")


def test_a_postgres_without_room_keeps_events_in_the_stream():
    """Its tables lie on a file system of 64 MiB that something else has filled."""
    with Postgres() as server:
        disk = os.path.join(server.folder, "disk")
        os.mkdir(disk)
        owner = os.stat(server.data)
        subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o",
                        f"size=64m,mode=700,uid={owner.st_uid},gid={owner.st_gid}", "none", disk],
                       check=True)
        try:
            fill_and_free(server, disk)
        finally:
            server.stop()
            subprocess.run([*AS_ROOT, "umount", "--lazy", disk], check=True)


def fill_and_free(server, disk):
    server.psql("postgres", "-c", f"CREATE TABLESPACE small LOCATION '{disk}'")
    with Site(postgres=server) as site:
        site.endpoint("push", "events")
        site.query("ALTER TABLE dorad_data.observation SET TABLESPACE small")
        filler = os.path.join(disk, "filler")
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"x" * 8192)
                    file.flush()
            except OSError:
                pass
        receive = site.start("receive")
        worker = site.start("rollup")
        n = 3000
        assert receive.post_events([event(f"d-{i}") for i in range(n)]).status == 200
        wait_until(lambda: "53100" in worker.read_log(), what=worker.read_log)
        wait_until(lambda: site.redis.client().xlen("dorad:deployment") == n, what=receive.read_log)
        assert worker.is_running()
        os.unlink(filler)
        wait_until(lambda: site.query("SELECT count(*) AS n FROM dorad_data.observation")
                   == [{"n": n}], 120, what=worker.read_log)
