# SPDX-License-Identifier: Apache-2.0
"""TLS beneath the requests: records in halves and in crumbs, keys that change, handshakes that
crowd. None of it may cost others their answers, or more time than the same bytes in the clear.
"""

import re
import socket
import subprocess

import pytest

from harness.front import Front, head, is_closed, post
from harness.tls import Authority, RecordClient, Rekeying, context_for, options


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    it = Authority(tmp_path_factory.mktemp("tls"), "ca")
    it.issue("server")
    return it


# Records are made after the handshake, one by one: on a busy machine that takes a while.
PATIENT = {name: 300_000_000 for name in (
    "handshake_us", "header_us", "body_us", "floor_after_us")}


class TlsFront(Front):
    """front.get() and front.exchange() speak plainly, whoever comes to tls_port does not."""

    def __init__(self, authority, **limits):
        super().__init__("plain=127.0.0.1:0", **options(authority), **(PATIENT | limits))

    def __enter__(self):
        super().__enter__()
        self.addresses.reverse()
        return self

    @property
    def tls_port(self):
        return int(self.addresses[1].rsplit(":", 1)[1])


def status_of(answer):
    return int(answer.split(b" ")[1])


@pytest.mark.parametrize("where", ["head", "body"])
def test_half_a_record_keeps_nobody_waiting(authority, where):
    body = b"x" * 10_000
    request = post("/sink", body)
    with TlsFront(authority) as front:
        for cut in 1, 4, 5, 6, 100, -1:
            with RecordClient(front.tls_port, context_for(authority)) as client:
                if where == "body":
                    client.sendall(client.record(request[:-len(body)]))
                    front.wait_for(lambda stats: stats["connections"] == 2, "the head")
                record = client.record(body if where == "body" else request)
                client.sendall(record[:cut])
                for _ in range(3):
                    assert front.exchange(post("/sink", b"honest")).status == 200
                client.sendall(record[cut:])
                assert status_of(client.read()) == 200


def test_half_a_record_is_cut_at_the_deadline_of_what_it_belongs_to(authority):
    with TlsFront(authority, header_us=300_000, body_us=300_000) as front:
        for begun in b"", head("POST", "/sink", "Content-Length: 10"):
            with RecordClient(front.tls_port, context_for(authority)) as client:
                if begun:
                    client.sendall(client.record(begun))
                client.sendall(client.record(b"GET / HTTP/1.1\r\n")[:9])
                assert is_closed(client)
        assert front.stats()["closed"]["deadline"] == 2


def test_a_stop_does_not_wait_for_the_rest_of_a_record(authority):
    with TlsFront(authority, drain_us=300_000) as front:
        with RecordClient(front.tls_port, context_for(authority)) as client:
            client.sendall(client.record(b"GET /view HTTP/1.1\r\n")[:9])
            front.wait_for(lambda stats: stats["connections"] == 2, "it to be there")
            assert front.stop() == 0
            assert is_closed(client)


def test_a_body_in_crumbs_is_cut_before_it_costs_much(authority):
    """RELIABILITY.md section 10, row 25: as chunks of a byte each."""
    n = 60_000
    with TlsFront(authority, costs=True) as front:
        front.get("/view")
        cpu = front.cpu_seconds()
        for _ in range(5):
            with RecordClient(front.tls_port, context_for(authority)) as client:
                client.tls.write(head("POST", "/sink", f"Content-Length: {n}"))
                for _ in range(n):
                    client.tls.write(b"x")
                try:
                    client.sendall(client.outgoing.read())
                except ConnectionError:
                    pass    # cut: it was enough
                assert is_closed(client)
        used = front.cpu_seconds() - cpu
        print(f"{used / 5 * 1e3:.0f} ms of CPU each")
        assert front.stats()["closed"]["slow"] == 5
        assert front.is_sanitized or used / 5 < 0.05


@pytest.mark.parametrize("n_lines", [10, 5000])
def test_lines_that_are_sent_one_by_one_are_no_crumbs(authority, n_lines):
    """As some libraries send them: a chunk's size, its end, its data, its end, a record each."""
    line = b"x" * 299 + b"\n"
    with TlsFront(authority) as front, \
            RecordClient(front.tls_port, context_for(authority)) as client:
        client.tls.write(head("POST", "/sink", "Transfer-Encoding: chunked"))
        for _ in range(n_lines):
            for piece in b"12c", b"\r\n", line, b"\r\n":
                client.tls.write(piece)
        client.sendall(client.record(b"0\r\n\r\n"))
        assert status_of(client.read()) == 200


@pytest.mark.parametrize("size", [3000, 10_000, 16_384])
def test_what_is_decrypted_already_is_read_to_its_end(authority, size):
    """More records than one read takes, of which the last is begun: the socket is empty then."""
    with TlsFront(authority) as front, \
            RecordClient(front.tls_port, context_for(authority)) as client:
        client.tls.write(head("POST", "/sink", f"Content-Length: {size * 100}"))
        for _ in range(100):
            client.tls.write(b"x" * size)
        client.sendall(client.outgoing.read())
        assert status_of(client.read()) == 200


def test_each_request_of_a_connection_may_have_its_own_pieces(authority):
    with TlsFront(authority) as front, \
            RecordClient(front.tls_port, context_for(authority)) as client:
        for _ in range(6):
            for byte in post("/sink", b"x" * 900, "X-Keep: 1"):
                client.tls.write(bytes([byte]))
            client.sendall(client.outgoing.read())
            assert status_of(client.read()) == 200


@pytest.mark.parametrize("changes", [16, 17])
def test_a_client_may_change_its_key_sixteen_times(authority, changes):
    """Each change costs as much as ten records, and asks for an answer."""
    with TlsFront(authority) as front, subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{front.tls_port}", "-tls1_3"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            bufsize=0) as client:
        def read_until(pattern):
            said = b""
            while not re.search(pattern, said):
                part = client.stdout.read(4096)
                assert part, said
                said += part

        read_until(rb"Verify return code[^\n]*\n---")
        for _ in range(changes):
            client.stdin.write(b"K\n")
            read_until(rb"KEYUPDATE")
        if changes > 16:
            front.wait_for(lambda stats: stats["connections"] == 1, "it to be cut")
        else:
            client.stdin.write(head("GET", "/view"))
            read_until(rb"HTTP/1.1 200 OK")


def test_keys_that_change_without_end_are_cut_at_once(authority):
    """In one burst, which a single call of OpenSSL's would work off to its end."""
    with TlsFront(authority, costs=True) as front, \
            socket.create_connection(("127.0.0.1", front.tls_port), 30) as connection:
        burst = Rekeying(connection).burst(30_000)
        front.get("/view")
        cpu = front.cpu_seconds()
        try:
            connection.sendall(burst)
        except ConnectionError:
            pass    # cut: it was enough
        assert is_closed(connection)
        front.wait_for(lambda stats: stats["connections"] == 1, "it to be cut")
        used = front.cpu_seconds() - cpu
        print(f"{used * 1e3:.0f} ms of CPU")
        assert front.is_sanitized or used < 0.05


def test_what_is_decrypted_of_further_requests_is_read_to_its_end(authority):
    """They fill more than one read: of the last there is a part behind the requests that wait
    for their answers, and a part that the socket does not tell of any more."""
    request = post("/sink", b"x" * 970, "X-Keep: 1")
    n = 70_000 // len(request)
    with TlsFront(authority, header_us=3_000_000) as front, \
            RecordClient(front.tls_port, context_for(authority)) as client:
        data = request * n
        for at in range(0, len(data), 10_000):
            client.tls.write(data[at:at + 10_000])
        client.sendall(client.outgoing.read())
        answers = b""
        while answers.count(b"HTTP/1.1 ") < n:
            answers += client.read()
        assert answers.count(b"HTTP/1.1 200 ") == n


def test_at_the_cap_of_handshakes_a_crowd_pays_before_a_lone_one(authority):
    with TlsFront(authority, handshakes=20) as front:
        def begin(source):
            client = RecordClient.unshaken(front.tls_port, context_for(authority), source)
            client.sendall(client.outgoing.read(50))
            return client
        lone = begin("127.0.0.9")
        crowd = [begin("127.0.0.1") for _ in range(60)]
        front.wait_for(lambda stats: stats["closed"]["handshakes"] >= 40, "the cap")
        lone.shake_hands()
        lone.sendall(lone.record(post("/sink", b"x")))
        assert status_of(lone.read()) == 200
        for client in [lone, *crowd]:
            client.close()
