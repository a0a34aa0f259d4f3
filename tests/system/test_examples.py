# SPDX-License-Identifier: Apache-2.0
"""The example consumers forward each entry of the streams to an HTTP CloudEvents sink, once it is there."""

import http.server
import os
import shutil
import subprocess
import threading
import urllib.parse

import pytest

from harness.dorad import ROOT
from harness.wait import wait_until

EXAMPLES = os.path.join(ROOT, "contrib", "examples")
FIELDS = {
    "specversion": "1.0",
    "id": "github/github.com/1/deployment/7/00000000000000000001",
    "revision": "2",
    "source": "/github/github.com",
    "type": "dorad.deployment.v1",
    "subject": "acme/crème brûlée",
    "time": "2026-06-01T21:59:22.000000Z",
    "datacontenttype": "application/json",
    "endpoint": "github",
    "delivery": "7f3a9c-1",
    "data": '{"deployment_id":"7","status":"succeeded"}',
}


class Sink(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent; refuses the first request, as a sink that is restarting would."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers.items()), body))
        self.send_response(503 if len(self.server.seen) == 1 else 202)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def sink():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def python_consumer(folder):
    return ["/usr/bin/python3", os.path.join(EXAMPLES, "forward.py")]


def node_consumer(folder):
    for name in ("forward.mjs", "package.json"):
        shutil.copy(os.path.join(EXAMPLES, name), folder)
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True,
                   stdout=subprocess.DEVNULL)
    return ["node", os.path.join(folder, "forward.mjs")]


@pytest.mark.parametrize("consumer", [python_consumer, node_consumer])
def test_what_the_sink_refused_is_forwarded_again_and_only_then_acknowledged(
        consumer, redis, sink, tmp_path):
    client = redis.client()
    client.xadd("dorad:deployment", FIELDS)
    command = [*consumer(str(tmp_path)), redis.socket, f"http://127.0.0.1:{sink.server_port}/"]

    # The sink refuses: the example ends, and what it took is still its own to finish.
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    assert len(sink.seen) == 1
    assert client.xpending("dorad:deployment", "forward")["pending"] == 1

    run_until(command, lambda: client.xpending("dorad:deployment", "forward")["pending"] == 0)
    headers, body = sink.seen[-1]
    names = {name.lower(): value for name, value in headers.items()}
    assert urllib.parse.unquote(names["ce-id"]) == FIELDS["id"]
    assert names["ce-type"] == "dorad.deployment.v1"
    assert names["ce-revision"] == "2"
    assert urllib.parse.unquote(names["ce-subject"]) == FIELDS["subject"]
    assert body.decode() == FIELDS["data"]


def run_until(command, done):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(done, what=lambda: f"{command[0]} to forward")
    finally:
        process.kill()
        process.wait()
