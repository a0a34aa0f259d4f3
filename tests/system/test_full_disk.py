# SPDX-License-Identifier: Apache-2.0
"""A full disk: nothing answered 200 is lost, and it mends itself (RELIABILITY.md 10, row 5).

The ledger lies on a file system of 8 MiB of its own.
"""

import json
import os
import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, small_disk
from harness.wait import wait_until

CYCLES = min(2 * ROUNDS, 50)

@pytest.fixture
def small():
    """A site whose ledger has a small disk, with a receiver that knows github and events."""
    with Site() as site, small_disk(site, "8m") as site.disk:
        site.endpoint("github", "github")
        site.endpoint("push", "events")
        yield site


def without_redis(site, receive):
    """Redis is gone and the receiver knows: from now on nothing is handled, and so nothing may
    be deleted."""
    site.redis.kill()
    wait_until(lambda: receive.metrics()["dorad_redis_connected"] == 0)


def fill(receive, names, prefix, n=400):
    """Posts bodies that do not compress until one is refused; its answer. names: what was
    answered 200."""
    for i in range(n):
        name = f"{prefix}-{i}"
        answer = post_large(receive, name)
        if answer.status != 200:
            return answer
        names.append(name)
    raise AssertionError("the disk did not fill")


def post_large(receive, name):
    return receive.post_github("star", json.dumps({"x": os.urandom(30000).hex()}), delivery=name)


def drain(receive, names, prefix):
    """With Redis there, rows go as they grow old enough: new ones find room, half a disk of them in
    the long run."""
    for i in range(100 if ROUNDS >= 25 else 30):
        name = f"{prefix}-{i}"
        wait_until(lambda name=name: post_large(receive, name).status == 200, 120)
        names.append(name)


def kept(site):
    return [row["delivery_id"] for row in site.table("deliveries") if row["delivery_id"]]


def works(receive):
    return receive.post_github("ping", {"zen": "x"}, delivery="probe").status == 200


def test_a_full_disk_refuses_with_503_and_recovers_when_rows_may_go(small):
    receive = small.start("receive")
    answered = 0
    for cycle in range(CYCLES):
        without_redis(small, receive)
        names = []
        refused = fill(receive, names, f"c{cycle}")
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) > 0
        assert receive.get("/readyz").status == 503
        assert receive.get("/healthz").status == 200
        # Once it is known to be full for longer than a sender waits, the answer comes at once.
        # From the second time on, rows of the time before may have grown old enough to go.
        began = time.monotonic()
        status = receive.post_github("star", {"x": 1}, delivery=f"at-once-{cycle}").status
        assert time.monotonic() - began < 8
        if status == 200 and cycle > 0:
            names.append(f"at-once-{cycle}")
        else:
            assert status == 503
        # Of this time nothing was handled yet, so nothing may have gone.
        assert set(names) <= set(kept(small))
        assert cycle > 0 or kept(small) == names
        answered += len(names)
        small.redis.start()     # now rows are handled, and handled rows may go
        names = []
        drain(receive, names, f"d{cycle}")
        answered += len(names)
    print(f"{CYCLES} times full, {answered} answered 200, 0 lost")
    assert receive.get("/readyz").status == 200
    assert receive.metrics()["dorad_ledger_expired_total"] > 0
    assert "ledger full" in receive.read_log()
    assert "ledger works again" in receive.read_log()


def test_events_on_a_full_disk_are_forwarded_once_there_is_room(small):
    receive = small.start("receive")
    without_redis(small, receive)
    assert receive.post_events([
        {"specversion": "1.0", "id": f"d{i}", "source": "/test", "type": "dorad.deployment.v1",
         "time": "2026-06-01T10:00:00Z", "data": {"deployment_id": f"d{i}", "service": "s",
                                                  "status": "succeeded"}}
        for i in range(500)]).status == 200
    fill(receive, [], "x")
    small.redis.start()
    small.wait_for_entries("deployment", 500)
    wait_until(lambda: works(receive), 120)
    wait_until(
        lambda: receive.metrics()['dorad_forward_deliveries_total{state="forwarded"}'] == 1)


def test_space_that_somebody_else_took_is_waited_for(small):
    receive = small.start("receive")
    assert works(receive)
    filler = os.path.join(small.disk, "filler")
    with open(filler, "wb") as file:
        try:
            while True:
                file.write(b"x" * 65536)
                file.flush()
        except OSError:
            pass
    names = []
    assert fill(receive, names, "x").status == 503
    os.unlink(filler)
    wait_until(lambda: works(receive), 120)
    assert set(names) <= set(kept(small))


def test_a_receiver_that_is_killed_while_full_has_lost_nothing(small):
    receive = small.start("receive")
    without_redis(small, receive)
    names = []
    fill(receive, names, "x")
    receive.kill()
    receive.start()
    assert kept(small) == names
    small.redis.start()
    wait_until(lambda: works(receive), 120)
