# SPDX-License-Identifier: Apache-2.0
"""A private Redis Cluster on loopback: three masters, a replica of each.

    with Cluster() as cluster:
        Site(redis=cluster.url)                  # with config["shards"]
        cluster.entries("deployment", shards=4)
        port = cluster.owner("dorad:{0}:change"); cluster.kill(port); cluster.wait_until_whole()
        cluster.move("dorad:{0}:change", to=other_port)
"""

import os
import shutil
import subprocess
import tempfile

import redis

from harness.http import free_port
from harness.wait import wait_until

# A dead master is replaced within a few seconds.
NODE_TIMEOUT_MS = 1000


class Cluster:
    def __init__(self, n_masters=3, settings=None):
        self.folder = tempfile.mkdtemp(prefix="dorad-cluster-")
        self.n_masters = n_masters
        self.settings = {"bind": "127.0.0.1", "save": "", "appendonly": "no",
                         "cluster-enabled": "yes", "cluster-node-timeout": NODE_TIMEOUT_MS,
                         "repl-diskless-sync-delay": 0, **(settings or {})}
        self.ports = []
        self.bus_ports = {}
        self.processes = {}

    def start(self):
        self.ports = [free_port() for _ in range(2 * self.n_masters)]
        for port in self.ports:
            self.bus_ports[port] = free_port()
            self.start_node(port)
        for port in self.ports:
            wait_until(lambda port=port: self.ask(port, "PING"),
                       what=lambda port=port: f"node {port} to start:\n{self.read_log(port)}")
        self.make_cluster()
        return self

    def start_node(self, port):
        """Starts it, or starts it again with what it knew of the cluster."""
        folder = os.path.join(self.folder, str(port))
        os.makedirs(folder, exist_ok=True)
        command = ["setpriv", "--pdeathsig=KILL", "redis-server", "--port", str(port),
                   "--cluster-port", str(self.bus_ports[port]), "--dir", folder]
        for name, value in self.settings.items():
            command += [f"--{name}", str(value)]
        with open(os.path.join(folder, "log"), "ab") as log:
            self.processes[port] = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                                    stdout=log, stderr=log)

    def make_cluster(self):
        """Each node meets the first; the slots are dealt out; then each replica takes its
        master."""
        masters, replicas = self.ports[:self.n_masters], self.ports[self.n_masters:]
        for port in self.ports[1:]:
            self.must(port, "CLUSTER", "MEET", "127.0.0.1", self.ports[0],
                      self.bus_ports[self.ports[0]])
        for n, port in enumerate(masters):
            self.must(port, "CLUSTER", "ADDSLOTSRANGE", 16384 * n // len(masters),
                      16384 * (n + 1) // len(masters) - 1)
        for master, replica in zip(masters, replicas):
            name = self.id(master)
            wait_until(lambda: self.ask(replica, "CLUSTER", "REPLICATE", name), 60)
        self.wait_until_whole()

    # -- asking ----------------------------------------------------------------------------

    def client(self, port):
        return redis.Redis(port=port, decode_responses=True, socket_timeout=10)

    def must(self, port, *words):
        client = self.client(port)
        try:
            return client.execute_command(*words)
        finally:
            client.close()

    def ask(self, port, *words):
        """None where the node does not answer well."""
        try:
            return self.must(port, *words)
        except (redis.RedisError, OSError):
            return None

    def id(self, port):
        return self.must(port, "CLUSTER", "MYID")

    def living(self):
        return [port for port in self.ports if self.processes[port].poll() is None]

    def masters(self):
        return [port for port in self.living()
                if (self.ask(port, "ROLE") or [None])[0] == "master"]

    def map(self, port):
        """[(first slot, last slot, the master's port)] as that node has it."""
        return sorted((first, last, master[1]) for first, last, master, *_ in
                      self.ask(port, "CLUSTER", "SLOTS") or [])

    def slot(self, key):
        return int(self.must(self.living()[0], "CLUSTER", "KEYSLOT", key))

    def owner(self, key):
        """The port of the master that has this key."""
        slot = self.slot(key)
        for first, last, port in self.map(self.masters()[0]):
            if first <= slot <= last:
                return port
        return None

    def is_up(self, port):
        return "cluster_state:ok" in str(self.ask(port, "CLUSTER", "INFO"))

    def is_whole(self):
        """Every living node knows of the same masters, all slots are served, and each living
        replica is in step."""
        maps = [self.map(port) for port in self.living()]
        roles = [self.ask(port, "ROLE") or [None] for port in self.living()]
        return all(self.is_up(port) for port in self.living()) \
            and all(found == maps[0] for found in maps) \
            and all(port in self.living() for _, _, port in maps[0]) \
            and all(role[0] == "master" or role[0] == "slave" and role[3] == "connected"
                    for role in roles)

    def wait_until_whole(self):
        wait_until(self.is_whole, 90, what=lambda: "the cluster to be whole: " + str(
            {port: self.ask(port, "CLUSTER", "INFO") for port in self.living()}))

    # -- what happens to it ----------------------------------------------------------------

    def kill(self, port):
        """kill -9."""
        self.processes[port].kill()
        self.processes[port].wait()

    def wait_for_promotion(self, key, old):
        """Until another than old owns the key's slot, and says itself that it does."""
        slot = self.slot(key)

        def promoted():
            for port in self.masters():
                if port != old and any(first <= slot <= last and owner == port
                                       for first, last, owner in self.map(port)):
                    return self.is_up(port)
            return False
        wait_until(promoted, 60)

    def move(self, key, to, between=lambda: None):
        """Moves the slot of a key, key by key; between() is called before each and before the
        end: then some keys are here and some there, and clients are told ASK."""
        slot = self.slot(key)
        source = self.owner(key)
        self.must(to, "CLUSTER", "SETSLOT", slot, "IMPORTING", self.id(source))
        self.must(source, "CLUSTER", "SETSLOT", slot, "MIGRATING", self.id(to))
        while True:
            between()
            keys = self.must(source, "CLUSTER", "GETKEYSINSLOT", slot, 1)
            if not keys:
                break
            self.must(source, "MIGRATE", "127.0.0.1", to, keys[0], 0, 10000)
        for port in [to, source, *self.masters()]:
            self.must(port, "CLUSTER", "SETSLOT", slot, "NODE", self.id(to))

    # -- use -------------------------------------------------------------------------------

    @property
    def url(self):
        return "cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.ports[:3])

    def read(self, key, *words):
        """A command about one key, asked of whoever has it."""
        command, *rest = words
        for port in self.masters():
            answer = self.ask(port, command, key, *rest)
            if answer is not None:
                return answer
        return None

    def entries(self, kind, shards, prefix="dorad"):
        """Every entry of a kind, shard by shard, as field dicts."""
        found = []
        for shard in range(shards):
            answer = self.read(f"{prefix}:{{{shard}}}:{kind}", "XRANGE", "-", "+")
            found += [fields for _, fields in answer or []]
        return found

    def read_log(self, port):
        with open(os.path.join(self.folder, str(port), "log"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()

    def remove(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.remove()
            raise

    def __exit__(self, *exception):
        self.remove()
