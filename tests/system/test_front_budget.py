# SPDX-License-Identifier: Apache-2.0
"""What all who come may hold together, and who pays when it is too much: heads as well as bodies,
what is read ahead, and answers that nobody reads. The caps that these are about are in
test_front_limits.py, too."""

import signal
import socket
import ssl
import subprocess

from harness.front import Front, head, post, read_answer
from harness.tls import Authority, context_for, options
from harness.wait import wait_until


def test_heads_are_held_within_the_budget_too():
    with Front(in_flight_bytes=1_000_000, header_us=60_000_000) as front:
        clients = [front.connect() for _ in range(60)]
        for i, client in enumerate(clients):
            try:
                client.sendall(head("GET", "/view")[:-2] + b"X: " + b"y" * (30_000 + i))
            except ConnectionError:
                pass    # it was the one
            small = front.get("/view")
            assert small.status == 200
        stats = front.stats()
        assert stats["closed"]["bytes"] >= 60 - 1_000_000 // 32_768
        assert 0 < stats["in_flight_bytes"] <= 1_000_000
        assert 503 in [read_answer(client).status for client in clients[:1]]
        for client in clients:
            client.close()
        front.wait_for(lambda stats: stats["in_flight_bytes"] == 0, "all to be gone")


def test_what_comes_behind_a_request_is_within_the_budget_and_goes_with_its_answer():
    behind = b"z" * 60_000
    with Front(in_flight_bytes=1_000_000) as front:
        with front.connect() as client:
            client.sendall(post("/hold", b"x") + behind)
            front.wait_for(lambda stats: stats["in_flight_bytes"] >= 60_000, "it to be held")
            assert front.get("/release").status == 200
            assert read_answer(client).status == 200
            front.wait_for(lambda stats: stats["in_flight_bytes"] == 0, "it to be given up")


def test_at_the_cap_of_memory_the_address_that_holds_most_pays():
    """Many bodies that are small, from one place, do not cost another its large one."""
    body = b"x" * 250_000
    with Front(in_flight_bytes=1_000_000, floor_after_us=60_000_000) as front:
        lone = front.connect("127.0.0.9")
        lone.sendall(post("/sink", body)[:-1])
        crowd = [front.connect() for _ in range(40)]
        for client in crowd:
            try:
                client.sendall(head("POST", "/sink", "Content-Length: 250000") + b"x" * 60_000)
            except ConnectionError:
                pass    # it was the one
        front.wait_for(lambda stats: stats["closed"]["bytes"] >= 20, "the cap")
        lone.sendall(body[-1:])
        assert read_answer(lone).status == 200
        for client in [lone, *crowd]:
            client.close()


def test_at_the_cap_of_connections_who_does_not_read_its_answer_pays():
    with Front(connections=20) as front:
        slow = []
        for _ in range(20):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", front.port))
            client.sendall(head("GET", "/big/5000000"))
            slow.append(client)
        wait_until(lambda: all(client.recv(1, socket.MSG_PEEK) for client in slow),
                   what="their answers to begin")
        assert all(front.exchange(post("/sink", b"x")).status == 200 for _ in range(5))
        for client in slow:
            client.close()


# -- a stop ------------------------------------------------------------------------------------

def test_a_stop_is_not_put_off_by_all_who_wait_to_be_accepted(tmp_path):
    """Each handshake with such a key takes milliseconds: those in the backlog are more than a
    second's, and a stop begins none beyond that."""
    n = 1500
    authority = Authority(tmp_path, "ca")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-days", "3", "-subj",
         "/CN=slow", "-keyout", authority.path("slow.key"), "-out", authority.path("slow.pem")],
        check=True, stderr=subprocess.DEVNULL)
    outgoing = ssl.MemoryBIO()
    shaking = context_for(authority).wrap_bio(ssl.MemoryBIO(), outgoing,
                                              server_hostname="dorad.test")
    try:
        shaking.do_handshake()
    except ssl.SSLWantReadError:
        hello = outgoing.read()
    with Front(**options(authority, "slow"), per_address=n, handshakes=n, drain_us=100_000,
               costs=True) as front:
        front.send(signal.SIGSTOP)
        waiting = []
        for _ in range(n):
            client = front.connect()
            client.sendall(hello)
            waiting.append(client)
        front.send(signal.SIGTERM)
        front.send(signal.SIGCONT)
        assert front.process.wait(timeout=60) == 0
        n_served = sum(is_answered(client) for client in waiting)
        print(f"{n_served} of {n} were answered")
        assert 0 < n_served < n
        for client in waiting:
            client.close()


def is_answered(client):
    try:
        return client.recv(1) != b""
    except ConnectionError:
        return False
