# SPDX-License-Identifier: Apache-2.0
"""Requests as senders make them: over TCP or a unix socket, signed."""

import base64
import fcntl
import hashlib
import hmac
import http.client
import json
import os
import secrets
import socket
import struct
import tempfile
import time
import uuid
from collections import namedtuple

Answer = namedtuple("Answer", "status headers body")


RESERVED = []       # open while this process lives, and so locked
FIRST_PORT, N_PORTS = 10000, 20000      # below those that the kernel gives to outgoing connections


def free_port():
    """A TCP port that nothing listens on, and that is given to no other test while this process
    lives: a daemon may leave it and come back."""
    folder = os.path.join(tempfile.gettempdir(), f"dorad-ports-{os.geteuid()}")
    os.makedirs(folder, exist_ok=True)
    while True:
        port = FIRST_PORT + secrets.randbelow(N_PORTS)
        lock = open(os.path.join(folder, str(port)), "wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as listener:
                listener.bind(("", port))
        except OSError:
            lock.close()
            continue
        RESERVED.append(lock)
        return port


def connect(address, timeout=30):
    """A connected socket. address: host:port or unix:/path, as `listen` in dorad.yaml."""
    if address.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout)
        connection.connect(address[len("unix:"):])
        return connection
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host.strip("[]"), int(port)), timeout)


class Connection(http.client.HTTPConnection):
    """http.client over whatever connect() understands."""

    def __init__(self, address, timeout=30):
        super().__init__("localhost", timeout=timeout)
        self.address = address

    def connect(self):
        self.sock = connect(self.address, self.timeout)


def request(address, method, path, body=None, headers=None, timeout=30):
    """One request on a connection of its own."""
    connection = Connection(address, timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                      response.read())
    finally:
        connection.close()


def get(address, path, headers=None):
    return request(address, "GET", path, headers=headers)


def post(address, path, body, headers=None):
    """Posts bytes, a text, or an object as JSON."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    return request(address, "POST", path, body,
                   {"Content-Type": "application/json", **(headers or {})})


def raw(address, data, timeout=30):
    """Sends bytes as they are, closes its half, and returns all bytes of the answer."""
    with connect(address, timeout) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            part = connection.recv(65536)
            if not part:
                return answer
            answer += part


# -- signatures ------------------------------------------------------------------------------

def as_bytes(text):
    return text.encode() if isinstance(text, str) else text


def sign_github(secret, body):
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(as_bytes(secret), as_bytes(body), hashlib.sha256).hexdigest()


def sign_standard(secret, body, identity, timestamp):
    """The value of webhook-signature (Standard Webhooks); secret: whsec_<base64>."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{identity}.{timestamp}.".encode() + as_bytes(body)
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def github_headers(kind, body, secret, delivery=None):
    return {
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Event": kind,
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-Hub-Signature-256": sign_github(secret, body),
    }


def post_github(address, endpoint, kind, body, secret, delivery=None):
    """Posts a webhook as GitHub does; body: an object, or bytes that are sent as they are."""
    if not isinstance(body, (bytes, str)):
        body = json.dumps(body, separators=(",", ":"))
    return post(address, f"/webhooks/{endpoint}", body,
                github_headers(kind, body, secret, delivery))


def post_events(address, endpoint, events, secret, form="ndjson"):
    """Posts EVENTS.md events; form: ndjson, batch or structured (then `events` is one).

    secret: whsec_... signs as Standard Webhooks do, any other is a bearer token.
    """
    if form == "ndjson":
        kind, body = "application/x-ndjson", "\n".join(json.dumps(e) for e in events)
    elif form == "batch":
        kind, body = "application/cloudevents-batch+json", json.dumps(events)
    else:
        kind, body = "application/cloudevents+json", json.dumps(events)
    headers = {"Content-Type": kind}
    if secret.startswith("whsec_"):
        identity, timestamp = str(uuid.uuid4()), str(int(time.time()))
        headers |= {"webhook-id": identity, "webhook-timestamp": timestamp,
                    "webhook-signature": sign_standard(secret, body, identity, timestamp)}
    else:
        headers["Authorization"] = f"Bearer {secret}"
    return post(address, f"/webhooks/{endpoint}", body, headers)


def reset(connection):
    """Ends a connection with a reset instead of a farewell."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
