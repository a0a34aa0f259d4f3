# SPDX-License-Identifier: Apache-2.0
"""The front door alone: the program `front` of tests/system, and bytes to and from it.

    with Front(header_us=300_000) as front:          # options of front.c
        front.exchange(b"GET /view HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n").status
        with front.connect() as client:              # a socket
            client.sendall(b"...")
"""

import json
import os
import signal
import socket
import subprocess
import tempfile
from collections import namedtuple

from harness.dorad import environment, no_reports, optimised, program
from harness.http import get
from harness.wait import wait_until

Answer = namedtuple("Answer", "status headers body")


def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: dorad.test", *fields, "", ""]).encode()


def post(path, body, *fields):
    return head("POST", path, f"Content-Length: {len(body)}", *fields) + body


def chunked(path, body, size, *fields):
    chunks = (body[i:i + size] for i in range(0, len(body), size))
    return b"".join([head("POST", path, "Transfer-Encoding: chunked", *fields),
                     *(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks),
                     b"0\r\n\r\n"])


def read_answer(connection, method="GET"):
    """One answer from a socket, or None if the other side closed without one."""
    top = b""
    while not top.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)       # what follows may be the next answer's
        if not byte:
            assert not top, top
            return None
        top += byte
    lines = top.decode("latin-1").rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value for name, value in
               (line.split(": ", 1) for line in lines[1:])}
    status = int(lines[0].split(" ")[1])
    length = 0 if method == "HEAD" or status < 200 else int(headers.get("content-length", 0))
    body = bytearray()
    while len(body) < length:
        part = connection.recv(length - len(body))
        assert part, f"closed after {len(body)} of {length} bytes"
        body += part
    return Answer(status, headers, bytes(body))


def is_closed(connection):
    """The other side has ended the connection; what it sent before is thrown away."""
    try:
        while connection.recv(65536):
            pass
        return True
    except ConnectionError:
        return True


class Front:
    """listen: addresses (default: a port of 127.0.0.1); wrapper: before the command; costs: of
    the optimised build where there is one, for what it costs is looked at."""

    def __init__(self, *arguments, listen=("127.0.0.1:0",), wrapper=(), env=None, fds=(),
                 costs=False, **options):
        self.build = os.path.dirname(optimised() if costs else program())
        self.listen = listen
        self.wrapper = list(wrapper)
        self.env = env or {}
        self.fds = fds
        self.arguments = [f"listen={address}" for address in listen]
        self.arguments += [*arguments, *(f"{name}={value}" for name, value in options.items())]
        self.log = tempfile.TemporaryFile("w+", errors="replace")
        self.process = None
        self.addresses = []

    def __enter__(self):
        path = os.path.join(self.build, "tests", "system", "front")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", *self.wrapper, path, *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env=environment(self.env), pass_fds=self.fds)
        n = sum(argument.startswith(("listen=", "plain=")) for argument in self.arguments)
        ports = [self.process.stdout.readline().strip() for _ in range(n)]
        assert all(ports), self.read_log()
        self.addresses = [f"127.0.0.1:{port}" for port in ports]
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            assert self.stop() == 0, self.read_log()
        no_reports(self.read_log())
        self.log.close()
        self.process.stdout.close()

    def send(self, how):
        self.process.send_signal(how)

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit code."""
        self.send(how)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    @property
    def address(self):
        return self.addresses[0]

    @property
    def port(self):
        return int(self.address.rsplit(":", 1)[1])

    def connect(self, source=None, timeout=30):
        return socket.create_connection(("127.0.0.1", self.port), timeout,
                                        source_address=(source, 0) if source else None)

    def exchange(self, data, method="GET"):
        """Sends bytes and returns the first answer; None: closed without one."""
        with self.connect() as connection:
            connection.sendall(data)
            return read_answer(connection, method)

    def get(self, path):
        return get(self.address, path)

    def stats(self):
        return json.loads(self.get("/stats").body)

    def wait_for(self, condition, what):
        """Polls the counters until condition(counters)."""
        return wait_until(lambda: condition(self.stats()),
                          what=lambda: f"{what}: {self.stats()}")

    # -- what it costs -----------------------------------------------------------------------

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def is_sanitized(self):
        """Its memory is not what the program would use."""
        return "san" in os.path.basename(self.build)
