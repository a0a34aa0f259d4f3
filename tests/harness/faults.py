# SPDX-License-Identifier: Apache-2.0
"""What the tests of tests/faults share: dice, senders that note what was answered 200, the shim.

    DORAD_SEED=N       the dice; printed by each test, so that a run can be repeated
    DORAD_ROUNDS=N     how many times as long as in tests/run (tests/faults/long N sets it)
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import threading

from harness.dorad import ROOT

ROUNDS = int(os.environ.get("DORAD_ROUNDS", "1"))
SEED = int(os.environ.get("DORAD_SEED") or random.SystemRandom().randrange(1 << 32))


def dice(name):
    """A generator of its own for each test; what it was made of is printed."""
    print(f"seed: DORAD_SEED={SEED} ({name})")
    return random.Random(f"{SEED}/{name}")


def optimised():
    """The program without sanitizers, which is fast enough for thousands of rounds and can be
    started under the shim."""
    return os.path.join(ROOT, os.environ.get("DORAD_BUILD", "build"), "dorad")


def shim(**settings):
    """Environment of a daemon under the shim; settings: call="sync", nth=3, errno=..."""
    path = os.path.join(os.path.dirname(optimised()), "tests", "faults", "libshim.so")
    return {"LD_PRELOAD": path,
            **{f"SHIM_{name.upper()}": str(value) for name, value in settings.items()}}


def event(name, at="2026-06-01T10:00:00Z"):
    return {"specversion": "1.0", "id": name, "source": "/test", "type": "dorad.deployment.v1",
            "time": at, "data": {"deployment_id": name, "service": "checkout",
                                 "status": "succeeded", "environment": "production"}}


def request(secret, body, endpoint="push"):
    """The bytes of a POST of one structured event."""
    body = json.dumps(body).encode()
    return (f"POST /webhooks/{endpoint} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n"
            f"Content-Type: application/cloudevents+json\r\nContent-Length: {len(body)}\r\n\r\n"
            ).encode() + body


def send(address, data, timeout=20):
    """The status of the answer, or None: it did not come."""
    host, port = address.rsplit(":", 1)
    try:
        with socket.create_connection((host, int(port)), timeout) as connection:
            connection.sendall(data)
            answer = b""
            while len(answer) < 12:
                part = connection.recv(4096)
                if not part:
                    return None
                answer += part
            return int(answer[9:12])
    except OSError:
        return None


class Senders:
    """Threads that post numbered events until stopped, each number once; `answered` holds the
    ids that were answered 200, `refused` those that were answered otherwise."""

    def __init__(self, site, prefix, n_threads=4, make=event):
        self.site = site
        self.prefix = prefix
        self.make = make
        self.answered = []
        self.refused = []
        self.lock = threading.Lock()
        self.next = 0
        self.stopping = False
        self.most = None
        self.threads = [threading.Thread(target=self._post, daemon=True)
                        for _ in range(n_threads)]

    def start(self, most=None):
        """most: stop by itself after so many."""
        self.most = most
        for thread in self.threads:
            thread.start()
        return self

    def _post(self):
        secret = self.site.secrets["push"]
        while not self.stopping:
            with self.lock:
                number = self.next
                if self.most is not None and number >= self.most:
                    return
                self.next += 1
            name = f"{self.prefix}-{number}"
            status = send(self.site.receive_address, request(secret, self.make(name)))
            with self.lock:
                if status == 200:
                    self.answered.append(name)
                elif status is not None:
                    self.refused.append((name, status))

    def stop(self):
        self.stopping = True
        return self.join()

    def join(self):
        for thread in self.threads:
            thread.join()
        return self.answered


AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]


@contextlib.contextmanager
def small_disk(site, size):
    """The site's ledger has a file system of its own, of that size; where it is."""
    folder = os.path.join(site.folder, "disk")
    os.mkdir(folder)
    subprocess.run([*AS_ROOT, "mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder],
                   check=True)
    try:
        site.config["receive"]["ledger"] = os.path.join(folder, "ledger.db")
        yield folder
    finally:
        try:
            site.stop()
        finally:
            subprocess.run([*AS_ROOT, "umount", "--lazy", folder], check=True)


def stream_ids(site, kind="deployment"):
    return [entry["id"] for entry in site.redis.entries(kind)]


def backlog(site):
    """Deliveries that wait to be forwarded, new ones and those to be replayed."""
    done = site.run("status", "--json", check=False)
    return json.loads(done.stdout)["ledger"]["backlog"]


def settled(site):
    return backlog(site) == 0


def resident(pid):
    """Bytes."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid):
    """Seconds of processor time so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
