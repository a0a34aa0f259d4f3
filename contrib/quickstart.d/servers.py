# SPDX-License-Identifier: Apache-2.0
"""Processes of the quickstart: started in a session of their own, stopped by process id."""

import glob
import http.client
import os
import signal
import socket
import subprocess
import time

PATIENCE = 60   # seconds for a server to start or to stop


class Failed(Exception):
    """Says what to do about it."""


def wait_until(condition, what, log):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Failed(f"{what} did not answer in {PATIENCE} s; its log is {log}")
        time.sleep(0.05)


class Process:
    """A server in the foreground, its output in a file; it dies with us."""

    def __init__(self, name, command, log, user=None, stop=signal.SIGTERM):
        self.name, self.log, self.how = name, log, stop
        prefix = ["setpriv", "--pdeathsig=TERM"]
        if user:
            prefix += [f"--reuid={user}", f"--regid={user}", "--init-groups"]
        with open(log, "ab") as output:
            self.process = subprocess.Popen(
                [*prefix, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True)

    def wait_until(self, answers):
        def condition():
            if self.process.poll() is not None:
                with open(self.log, encoding="utf-8", errors="replace") as log:
                    words = "".join(log.readlines()[-10:])
                raise Failed(f"{self.name} ended at its start; {self.log} ends with\n{words}")
            return answers()
        wait_until(condition, self.name, self.log)
        return self

    def ended(self):
        return self.process.poll() is not None

    def stop(self):
        if not self.ended():
            self.process.send_signal(self.how)
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def get(address, path):
    """(status, text) of an answer."""
    connection = http.client.HTTPConnection(*address, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def http_answers(address):
    try:
        return get(address, "/healthz")[0] == 200
    except OSError:
        return False


def metric(address, name):
    """One number of /metrics."""
    for line in get(address, "/metrics")[1].splitlines():
        if line.startswith(f"{name} "):
            return float(line.split()[1])
    raise Failed(f"{name} is not among the metrics of {address[0]}:{address[1]}")


def redis_answers(path):
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(path)
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def start_redis(folder, path, log):
    os.makedirs(folder, exist_ok=True)
    command = ["redis-server", "--port", "0", "--unixsocket", path, "--unixsocketperm", "700",
               "--dir", folder, "--appendonly", "yes", "--save", "", "--daemonize", "no",
               "--maxmemory-policy", "noeviction"]
    return Process("Redis", command, log).wait_until(lambda: redis_answers(path))


class Postgres:
    """A cluster of our own. It refuses to run as root: then the system user postgres has it."""

    def __init__(self, folder, log):
        programs = glob.glob("/usr/lib/postgresql/*/bin/postgres")
        newest = max(programs, key=lambda path: int(path.split("/")[4].split(".")[0]))
        self.programs = os.path.dirname(newest)
        self.folder, self.log = folder, log
        self.data = os.path.join(folder, "data")
        self.user = "postgres" if os.geteuid() == 0 else None

    def as_user(self, *command):
        prefix = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]
        return [*(prefix if self.user else []), *command]

    def create(self):
        os.makedirs(self.folder, exist_ok=True)
        if self.user:
            subprocess.run(["chown", f"{self.user}:{self.user}", self.folder], check=True)
        os.chmod(self.folder, 0o700)
        if subprocess.run(self.as_user("test", "-w", self.folder), check=False).returncode:
            raise Failed(f"the user {self.user} cannot enter {self.folder}, and Postgres does not "
                         "run as root: choose a folder it can reach with --state")
        done = subprocess.run(
            self.as_user(os.path.join(self.programs, "initdb"), "-D", self.data, "-U", "dorad",
                         "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
            cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False)
        if done.returncode:
            raise Failed(f"initdb could not make a cluster:\n{done.stdout}")

    def start(self):
        new = not os.path.exists(os.path.join(self.data, "PG_VERSION"))
        if new:
            self.create()
        command = [os.path.join(self.programs, "postgres"), "-D", self.data, "-k", self.folder,
                   "-c", "listen_addresses=", "-c", "cluster_name=dorad-quickstart"]
        process = Process("Postgres", command, self.log, self.user, signal.SIGINT)
        ready = [os.path.join(self.programs, "pg_isready"), "-q", "-h", self.folder]
        process.wait_until(lambda: subprocess.run(ready, check=False).returncode == 0)
        if new:
            subprocess.run([os.path.join(self.programs, "createdb"), "-h", self.folder, "-U",
                            "dorad", "dorad"], check=True)
        return process

    def dsn(self, user="dorad"):
        return f"host={self.folder} dbname=dorad user={user}"

    def psql(self):
        return [os.path.join(self.programs, "psql"), "-d", self.dsn()]
