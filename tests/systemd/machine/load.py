# SPDX-License-Identifier: Apache-2.0
"""Deployments posted as GitHub does, many a second, each on a connection of its own."""

import hashlib
import hmac
import itertools
import json
import socket
import threading
import time
import uuid

FIRST = time.time() - 350 * 86400
APART_S = 300       # so that 100,000 deployments are a year of eight services, not one minute of them
PATIENCE_S = 10     # GitHub waits no longer, and never sends again
ADDRESS = ("127.0.0.1", 8080)
REPOSITORIES = 8


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def deployment(number):
    """The body of a deployment_status; number is the deployment's."""
    at = moment(FIRST + number * APART_S)
    place = number % REPOSITORIES
    repository = {"id": 7000 + place, "full_name": f"acme/part-{place}",
                  "html_url": f"https://github.com/acme/part-{place}", "default_branch": "main"}
    return json.dumps({
        "action": "created", "repository": repository,
        "deployment": {"id": number, "sha": f"{number:040x}", "ref": "main", "task": "deploy",
                       "environment": "production", "created_at": at, "updated_at": at},
        "deployment_status": {"id": number, "state": "success", "environment": "production",
                              "created_at": at, "updated_at": at}}).encode()


def entity(number):
    return f"github/github.com/{7000 + number % REPOSITORIES}/deployment/{number}"


def request(body, secret):
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return (f"POST /webhooks/github HTTP/1.1\r\nHost: localhost\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"X-GitHub-Event: deployment_status\r\nX-GitHub-Delivery: {uuid.uuid4()}\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\n\r\n").encode() + body


def exchange(data, address=ADDRESS):
    """Everything that is answered."""
    with socket.create_connection(address, PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall(data)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer


def get(path, port):
    answer = exchange(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
                      ("127.0.0.1", port))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


class Load:
    """From start() to stop(): `rate` requests a second; what was answered 200, and what was not."""

    numbers = itertools.count(1)    # none is sent twice in the life of the machine

    def __init__(self, secret, rate=200, threads=24):
        self.secret, self.rate, self.n_threads = secret, rate, threads
        self.kept, self.failures = [], []
        self.slowest_s = 0.0
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    def __enter__(self):
        self.began = time.monotonic()
        self.turns = itertools.count()
        self.threads = [threading.Thread(target=self._send) for _ in range(self.n_threads)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began
        print(f"{len(self.kept)} answered 200 in {self.seconds:.0f} s, "
              f"{len(self.kept) / self.seconds:.0f}/s, {len(self.failures)} not; "
              f"the slowest took {self.slowest_s:.2f} s")

    def _send(self):
        """Each thread takes the next turn and waits for its time: late ones do not slow the rate."""
        while not self.stopping.is_set():
            with self.lock:
                turn, number = next(self.turns), next(self.numbers)
            if self.stopping.wait(max(0.0, self.began + turn / self.rate - time.monotonic())):
                return
            self._one(number)

    def _one(self, number):
        began = time.monotonic()
        try:
            answer = exchange(request(deployment(number), self.secret))
        except OSError as error:
            answer = repr(error).encode()
        took = time.monotonic() - began
        with self.lock:
            self.slowest_s = max(self.slowest_s, took)
            if answer.startswith(b"HTTP/1.1 200 "):
                self.kept.append(entity(number))
            else:
                self.failures.append((number, round(took, 2), answer[:80]))
