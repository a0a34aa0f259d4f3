# SPDX-License-Identifier: Apache-2.0
"""A private redis-server on a unix socket in a temporary folder.

    with Redis() as server:                      # or Redis({"maxmemory": "10mb"})
        server.client().xlen("dorad:deployment")
        server.freeze(); server.thaw()           # SIGSTOP, SIGCONT
        server.kill(); server.start()            # kill -9; what was on disk is read back

It appends every command to disk before it answers (appendfsync always) unless told otherwise,
dies with the process that started it, and is otherwise stopped by its process id.
"""

import os
import shutil
import signal
import subprocess
import tempfile

import redis

from harness.wait import wait_until

SETTINGS = {
    "appendonly": "yes",
    "appendfsync": "always",
    "save": "",
    "maxmemory-policy": "noeviction",
    "port": "0",
}


class Redis:
    def __init__(self, settings=None, folder=None):
        """`settings`: those that differ from SETTINGS, by name; `folder` is kept if given."""
        self.settings = {**SETTINGS, **(settings or {})}
        self.kept = folder is not None
        self.folder = folder or tempfile.mkdtemp(prefix="dorad-redis-")
        self.socket = os.path.join(self.folder, "redis.sock")
        self.log = os.path.join(self.folder, "log")
        self.process = None

    # -- life ------------------------------------------------------------------------------

    def start(self):
        """Starts the server and returns when it has loaded what was on disk and answers."""
        command = ["setpriv", "--pdeathsig=KILL", "redis-server",
                   "--dir", self.folder, "--unixsocket", self.socket, "--daemonize", "no"]
        for name, value in self.settings.items():
            command += [f"--{name}", str(value)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        wait_until(self._answers, what=lambda: f"redis-server to start:\n{self.read_log()}")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"redis-server ended:\n{self.read_log()}")
        try:
            return self.client().ping()
        except (redis.ConnectionError, redis.exceptions.BusyLoadingError):
            return False
        except redis.ResponseError:
            return True     # it asks for a password: it is there

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self):
        """kill -9: nothing is written that was not on disk already."""
        self.stop(signal.SIGKILL)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def remove(self):
        """Stops the server and deletes its folder."""
        self.stop()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.remove()

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    # -- use -------------------------------------------------------------------------------

    @property
    def url(self):
        """As dorad.yaml names it."""
        return f"unix://{self.socket}"

    def client(self, **options):
        """A client of redis-py; texts are str."""
        return redis.Redis(unix_socket_path=self.socket, decode_responses=True, **options)

    def entries(self, kind, prefix="dorad"):
        """Every entry of the stream of a kind, oldest first, as a list of field dicts."""
        return [fields for _, fields in self.client().xrange(f"{prefix}:{kind}")]
