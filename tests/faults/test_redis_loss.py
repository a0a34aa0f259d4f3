# SPDX-License-Identifier: Apache-2.0
"""Fault matrix rows 10, 14 and 15: Redis dies, forgets, or hands over to a replica; the streams
end up with every event all the same."""

import subprocess
import tempfile
import time

import pytest

from harness.dorad import Site
from harness.faults import ROUNDS, Senders, dice, optimised, settled, stream_ids
from harness.http import free_port
from harness.redis import Redis
from harness.wait import wait_until


@pytest.fixture(autouse=True)
def program(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())


@pytest.mark.parametrize("settings", [{"appendonly": "no"}, {"appendfsync": "everysec"}],
                         ids=["nothing on disk", "every second"])
def test_a_redis_killed_again_and_again_ends_up_with_every_event(settings):
    rolls = dice(f"redis {settings}")
    n_kills = 5 * ROUNDS
    with Redis(settings) as redis, Site(redis=redis) as site:
        site.endpoint("push", "events")
        receive = site.start("receive")
        senders = Senders(site, "d", n_threads=2).start()
        for _ in range(n_kills):
            time.sleep(rolls.uniform(0.05, 0.4))
            redis.kill()
            time.sleep(rolls.uniform(0, 0.1))
            redis.start()
        answered = senders.stop()
        assert senders.refused == []
        # What a Redis forgot is noticed when it is connected to again; wait for that as well.
        wait_until(lambda: settled(site) and set(answered) <= set(stream_ids(site)), 120)
        metrics = receive.metrics()
        print(f"{n_kills} kills, {len(answered)} answered 200, 0 lost, "
              f"{metrics['dorad_redis_losses_total']:.0f} times Redis had lost something, "
              f"{metrics['dorad_forward_set_back_total']:.0f} deliveries forwarded again")


def test_a_flushall_at_any_moment_is_made_good():
    rolls = dice("flushall")
    with Site() as site:
        site.endpoint("push", "events")
        site.start("receive")
        senders = Senders(site, "d", n_threads=2).start()
        for _ in range(3 * ROUNDS):
            time.sleep(rolls.uniform(0.05, 0.3))
            site.redis.client().flushall()
        time.sleep(0.05)
        answered = senders.stop()
        wait_until(lambda: settled(site) and set(answered) <= set(stream_ids(site)), 120)


class Sentinels:
    """Two servers over TCP, one a replica of the other, and three sentinels that watch."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dorad-sentinel-")
        self.ports = [free_port() for _ in range(5)]
        self.processes = {}
        for port in self.ports[:2]:
            self.start_server(port)
        for port in self.ports[2:]:
            path = f"{self.folder}/sentinel-{port}.conf"
            with open(path, "w", encoding="ascii") as file:
                file.write(f"port {port}\nbind 127.0.0.1\n"
                           f"sentinel monitor m 127.0.0.1 {self.ports[0]} 2\n"
                           "sentinel down-after-milliseconds m 500\n"
                           "sentinel failover-timeout m 3000\n")
            self.spawn(port, path, "--sentinel")
        self.wait_until_watched()

    def spawn(self, port, *arguments):
        with open(f"{self.folder}/log-{port}", "ab") as log:
            self.processes[port] = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "redis-server", *map(str, arguments)],
                cwd=self.folder, stdout=log, stderr=log)

    def start_server(self, port, replica_of=None):
        options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                   "--repl-diskless-sync-delay", "0"]
        if port != self.ports[0] and replica_of is None and not self.processes.get("began"):
            replica_of = self.ports[0]
        if replica_of:
            options += ["--replicaof", f"127.0.0.1 {replica_of}"]
        self.spawn(port, *options)

    @property
    def url(self):
        return "sentinel://" + ",".join(f"127.0.0.1:{p}" for p in self.ports[2:]) + "/m"

    def client(self, port):
        import redis
        return redis.Redis(port=port, decode_responses=True, socket_timeout=5)

    def ask(self, port, *words):
        import redis
        try:
            return self.client(port).execute_command(*words)
        except (redis.RedisError, OSError):
            return None

    def master(self):
        """The port of the master as the sentinels have it, once that says so itself."""
        for port in self.ports[2:]:
            where = self.ask(port, "SENTINEL", "get-master-addr-by-name", "m")
            if where and (self.ask(int(where[1]), "ROLE") or [None])[0] in ("master", b"master"):
                return int(where[1])
        return None

    def wait_until_watched(self):
        def watched():
            master = self.master()
            if not master:
                return False
            replicas = self.client(master).info("replication")
            if replicas.get("connected_slaves") != 1 or \
                    replicas["slave0"].get("state") != "online":
                return False
            return all(len(self.ask(port, "SENTINEL", "REPLICAS", "m") or []) == 1
                       and len(self.ask(port, "SENTINEL", "SENTINELS", "m") or []) == 2
                       for port in self.ports[2:])
        wait_until(watched, 60)

    def fail_over(self):
        """Kills the master, waits for another, and brings the old one back as a replica."""
        old = self.master()
        self.processes[old].kill()
        self.processes[old].wait()
        wait_until(lambda: self.master() not in (None, old), 60)
        new = self.master()
        self.start_server(old, replica_of=new)
        return new

    def stop(self):
        import shutil
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def test_after_a_failover_nothing_is_missing():
    """What the old master had acknowledged and not yet handed on comes again from the ledger."""
    sentinels = Sentinels()
    try:
        with Site(redis=sentinels.url) as site:
            site.endpoint("push", "events")
            receive = site.start("receive")
            senders = Senders(site, "d", n_threads=2).start()
            for n in range(1 + ROUNDS // 2):
                time.sleep(0.3)
                sentinels.fail_over()
                client = sentinels.client(sentinels.master())
                before = client.xlen("dorad:deployment")
                began = time.monotonic()
                wait_until(lambda: client.xlen("dorad:deployment") > before, 60)
                print(f"failover {n}: writes resumed {time.monotonic() - began:.1f} s after "
                      "the promotion was seen")
                sentinels.wait_until_watched()
            answered = senders.stop()
            client = sentinels.client(sentinels.master())

            def ids():
                return {fields["id"] for _, fields in client.xrange("dorad:deployment")}
            wait_until(lambda: settled(site) and set(answered) <= ids(), 120)
            assert senders.refused == []
            assert "not the master" in receive.read_log() or "redis away" in receive.read_log()
    finally:
        sentinels.stop()
