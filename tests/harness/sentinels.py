# SPDX-License-Identifier: Apache-2.0
"""A private Redis with a replica, watched by three sentinels, on loopback.

    with Sentinels() as sentinels:
        Site(redis=sentinels.url)
        old, new = sentinels.fail_over(); sentinels.start_server(old, replica_of=new)
"""

import contextlib
import shutil
import subprocess
import tempfile

import redis

from harness.http import free_port
from harness.wait import wait_until


class Sentinels:
    """Two servers over TCP, one a replica of the other, and three sentinels that watch."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dorad-sentinel-")
        self.ports = [free_port() for _ in range(5)]
        self.processes = {}
        self.start_server(self.ports[0])
        self.start_server(self.ports[1], replica_of=self.ports[0])
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
        if replica_of:
            options += ["--replicaof", f"127.0.0.1 {replica_of}"]
        self.spawn(port, *options)

    @property
    def url(self):
        return "sentinel://" + ",".join(f"127.0.0.1:{p}" for p in self.ports[2:]) + "/m"

    def client(self, port):
        return redis.Redis(port=port, decode_responses=True, socket_timeout=5)

    def ask(self, port, *words):
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
        """Kills the master and waits for another; their ports."""
        old = self.master()
        self.processes[old].kill()
        self.processes[old].wait()
        wait_until(lambda: self.master() not in (None, old), 60)
        return old, self.master()

    def remove(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


@contextlib.contextmanager
def lone_sentinel(master_port):
    """A sentinel that hears of no other and of no fail-over; gives its port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="dorad-sentinel-") as folder:
        path = f"{folder}/sentinel.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(f"port {port}\nbind 127.0.0.1\n"
                       f"sentinel monitor m 127.0.0.1 {master_port} 2\n")
        with subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "redis-server", path, "--sentinel"], cwd=folder,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: answers(port))
                yield port
            finally:
                process.kill()


def answers(port):
    try:
        return redis.Redis(port=port, socket_timeout=5).ping()
    except (redis.RedisError, OSError):
        return False
