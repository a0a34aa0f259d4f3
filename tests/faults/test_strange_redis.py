# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 11, 12 and 13: a Redis that is stopped, busy, loading, too crowded, that
cannot save, or that is no Redis at all. Deliveries are kept, memory stays bounded, and a sound
Redis then gets everything."""

import json
import os
import threading
import time

import pytest
import redis as redis_py

from harness.dorad import Site
from harness.faults import ROUNDS, cpu_s, event, optimised, request, resident, send, settled
from harness.redis import Redis
from harness.strange_redis import StrangeRedis
from harness.wait import wait_until

MIB = 1 << 20


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.fixture
def site():
    with Site() as it:
        it.endpoint("push", "events")
        yield it


def post(site, *names):
    for name in names:
        assert send(site.receive_address, request(site.secrets["push"], event(name))) == 200


def ids(site):
    return [entry["id"] for entry in site.redis.entries("deployment")]


@pytest.mark.parametrize("answer, how", [
    (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", {}),
    (b"\x00\xff\xfe garbage \r\n" * 100, {}),
    (b"$536870912\r\n", {}),
    (b"*1000000\r\n" + b":1\r\n" * 10, {}),
    (b"*1\r\n" * 1000, {}),
    (b"$-7\r\n", {}),
    (b":99999999999999999999999999\r\n", {}),
    (b"+OK", {}),
    (b"", {}),
    (b"-ERR unknown command", {"byte_by_byte": True}),
    (b"$1048576\r\n" + b"x" * MIB, {"byte_by_byte": False, "endless": True}),
    (b"+" + b"x" * 65536, {"endless": True}),
], ids=["http", "garbage", "half a gigabyte announced", "an array cut short",
        "nested", "a negative length", "a number too large", "half a line",
        "silence", "one byte at a time", "a megabyte again and again", "a line without end"])
def test_what_is_no_redis_costs_little_and_loses_nothing(site, answer, how):
    with StrangeRedis(answer, **how) as strange:
        sound = site.config["redis"]
        site.config["redis"] = strange.url
        receive = site.start("receive")
        before = resident(receive.pid)
        post(site, "a", "b")
        wait_until(lambda: strange.n_connections >= 2)
        wait_until(lambda: "redis" in receive.read_log())
        cpu = cpu_s(receive.pid)
        began = time.monotonic()
        wait_until(lambda: time.monotonic() - began > 0.5)
        assert cpu_s(receive.pid) - cpu < 0.4, "it spins"
        assert resident(receive.pid) - before < 64 * MIB
        assert receive.get("/healthz").status == 200
        receive.stop()
        site.config["redis"] = sound
    site.start("receive")
    wait_until(lambda: settled(site) and ids(site) == ["a", "b"])


def test_a_redis_busy_with_a_script_is_waited_for(site):
    receive = site.start("receive")
    site.redis.client().config_set("busy-reply-threshold", "50")
    stuck = threading.Thread(target=lambda: pytest.raises(
        redis_py.ResponseError, site.redis.client().eval, "while true do end", 0))
    stuck.start()
    try:
        post(site, "a")
        wait_until(lambda: "BUSY" in receive.read_log())
    finally:
        site.redis.client().script_kill()
        stuck.join()
    wait_until(lambda: ids(site) == ["a"])


def test_a_redis_with_no_room_for_a_client_is_waited_for(site):
    site.redis.client().config_set("maxclients", "4")
    crowd = [site.redis.client(single_connection_client=True) for _ in range(4)]
    for client in crowd:
        client.ping()
    receive = site.start("receive")
    post(site, "a")
    wait_until(lambda: "max number of clients" in receive.read_log())
    for client in crowd:
        client.connection_pool.disconnect()
        client.close()
    wait_until(lambda: settled(site) and ids(site) == ["a"], 20,
               what=lambda: f"{ids(site)} {receive.read_log()}")


def test_a_redis_that_cannot_save_is_waited_for():
    """MISCONF: its disk is gone, and it takes no writes until it can save again."""
    settings = {"appendonly": "no", "save": "3600 1000000", "enable-protected-configs": "yes"}
    with Redis(settings) as redis, Site(redis=redis) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        post(site, "a")
        wait_until(lambda: ids(site) == ["a"])
        # What it saves to is no file: the save fails, and MISCONF follows.
        redis.client().config_set("dbfilename", "taken")
        os.mkdir(os.path.join(redis.folder, "taken"))
        os.mkdir(os.path.join(redis.folder, "taken", "x"))
        redis.client().bgsave()
        wait_until(lambda: redis.client().info("persistence")["rdb_last_bgsave_status"] == "err")
        post(site, "b")
        wait_until(lambda: "MISCONF" in receive.read_log())
        # It says so once, though the server's words are longer than most.
        failures = 'dorad_redis_failures_total{result="later"}'
        wait_until(lambda: receive.metrics()[failures] >= 4)
        assert receive.read_log().count("MISCONF") == 1
        os.rmdir(os.path.join(redis.folder, "taken", "x"))
        os.rmdir(os.path.join(redis.folder, "taken"))
        redis.client().bgsave()
        wait_until(lambda: ids(site) == ["a", "b"])


def test_a_redis_that_is_loading_is_waited_for(site):
    receive = site.start("receive")
    client = site.redis.client()
    for i in range(300):
        client.set(f"key-{i}", "x" * 20000)
    client.bgrewriteaof()
    wait_until(lambda: client.info("persistence")["aof_rewrite_in_progress"] == 0)
    site.redis.kill()
    site.redis.settings.update({"key-load-delay": "10000",
                                "loading-process-events-interval-bytes": "1024"})
    post(site, "a")
    site.redis.start()      # until it has loaded all
    assert "LOADING" in receive.read_log()
    wait_until(lambda: settled(site) and ids(site) == ["a"])


def test_a_stopped_redis_costs_no_memory(site):
    """SIGSTOP: it takes connections and answers nothing. A minute in the long run."""
    seconds = min(2 * ROUNDS, 60)
    receive = site.start("receive")
    post(site, *[f"w{i}" for i in range(200)])
    wait_until(lambda: settled(site))
    before = resident(receive.pid)
    site.redis.freeze()
    began = time.monotonic()
    n = 0
    while time.monotonic() - began < seconds:
        post(site, f"d{n}")
        n += 1
    assert resident(receive.pid) - before < 64 * MIB
    site.redis.thaw()
    wait_until(lambda: settled(site) and len(set(ids(site))) == 200 + n, 120)
    print(f"{n} deliveries in {seconds} s, memory {(resident(receive.pid) - before) // 1024}"
          " KiB above what it was")


KINDS = ("deployment", "change", "incident", "work_item", "change_request", "correction")


@pytest.mark.parametrize("word, spoil, mend", [
    ("WRONGTYPE", ["SET", "dorad:dead", "x"], ["DEL", "dorad:dead"]),
    ("NOPERM", ["ACL", "SETUSER", "default", "resetkeys", "~dorad:marks", "~dorad:receivers",
                "~dorad:{*", *[f"~dorad:{kind}" for kind in KINDS]],
     ["ACL", "SETUSER", "default", "allkeys"])])
def test_dead_events_that_cannot_be_read_wait_and_deliveries_go_on(site, word, spoil, mend):
    site.redis.client().execute_command(*spoil)
    receive = site.start("receive")
    post(site, "a", "b")
    site.wait_for_entries("deployment", 2)
    wait_until(lambda: settled(site))
    assert receive.metrics()["dorad_forward_dead_unreadable"] == 1
    assert any("not read back" in act and word in act
               for act in json.loads(site.run("status", "--json", check=False).stdout)["act"])
    site.redis.client().execute_command(*mend)
    site.redis.client().xadd("dorad:dead", {"delivery": site.entries("deployment")[0]["delivery"],
                                            "reason": "no such year"})
    wait_until(lambda: site.table("deliveries", "--state", "dead"))
    assert receive.metrics()["dorad_forward_dead_unreadable"] == 0
    assert receive.read_log().count("<3>dead events cannot be read") == 1
