# SPDX-License-Identifier: Apache-2.0
"""One promise for every example consumer: what the sink refused is forwarded again, and only then
acknowledged."""

import http.server
import subprocess
import threading
import urllib.parse

from harness.wait import wait_until

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


class SinkServer(http.server.ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Sink)
        self.seen = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *exception):
        self.shutdown()
        super().__exit__(*exception)


def check_consumer(command, client, socket):
    """command: the example without its arguments."""
    client.xadd("dorad:deployment", FIELDS)
    with SinkServer() as sink:
        whole = [*command, socket, f"http://127.0.0.1:{sink.server_port}/"]

        # The sink refuses: the example ends, and what it took is still its own to finish.
        subprocess.run(whole, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60,
                       check=False)
        assert len(sink.seen) == 1
        assert pending(client) == 1

        run_until(whole, lambda: pending(client) == 0)
        headers, body = sink.seen[-1]
    names = {name.lower(): value for name, value in headers.items()}
    assert urllib.parse.unquote(names["ce-id"]) == FIELDS["id"]
    assert names["ce-type"] == "dorad.deployment.v1"
    assert names["ce-revision"] == "2"
    assert urllib.parse.unquote(names["ce-subject"]) == FIELDS["subject"]
    assert body.decode() == FIELDS["data"]


def pending(client):
    return client.xpending("dorad:deployment", "forward")["pending"]


def run_until(command, done):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(done, what=lambda: f"{command[0]} to forward")
    finally:
        process.kill()
        process.wait()
