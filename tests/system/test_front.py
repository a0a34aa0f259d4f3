# SPDX-License-Identifier: Apache-2.0
"""The front door: what it answers, when, and what it leaves behind."""

import hashlib
import json
import os
import random
import signal
import socket
import struct

import pytest

from harness.front import Front, chunked, head, is_closed, post, read_answer
from harness.http import request as ask
from harness.wait import wait_until


@pytest.fixture
def front():
    with Front() as it:
        yield it


def test_the_handler_is_told_what_was_sent(front):
    body = b"\x00\xff body"
    view = json.loads(front.exchange(post("/view?a=%2f&b", body, "X-One: 1")).body)
    assert view == {"method": 2, "path": "/view", "query": "a=%2f&b", "n_body": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(), "peer": "127.0.0.1",
                    "via_proxy": False, "tls": False, "listener": 0, "n_headers": 3}


def test_an_answer_closes_the_connection_unless_the_handler_keeps_it(front):
    with front.connect() as client:
        client.sendall(head("GET", "/view"))
        assert read_answer(client).headers["connection"] == "close"
        assert is_closed(client)
    with front.connect() as client:
        for _ in range(3):
            client.sendall(post("/sink", b"x", "X-Keep: 1"))
            answer = read_answer(client)
            assert answer.status == 200 and "connection" not in answer.headers
        client.sendall(head("GET", "/view", "X-Keep: 1", "Connection: close"))
        assert read_answer(client).headers["connection"] == "close"
        assert is_closed(client)


def test_pipelined_requests_are_answered_in_order(front):
    with front.connect() as client:
        client.sendall(b"".join(post(f"/view?{i}", b"y" * i, "X-Keep: 1") for i in range(50)))
        views = [json.loads(read_answer(client).body) for _ in range(50)]
    assert [(view["query"], view["n_body"]) for view in views] == [
        (str(i), i) for i in range(50)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("framing", ["Content-Length: 26214400", "Transfer-Encoding: chunked"])
def test_a_body_that_nobody_would_read_is_refused_at_its_head(front, method, framing):
    with front.connect() as client:
        client.sendall(head(method, "/view", "X-Keep: 1", framing))
        assert read_answer(client, method).status == 413
        assert is_closed(client)
    with front.connect() as client:
        client.sendall(head(method, "/view", "Content-Length: 0"))
        assert read_answer(client, method).status != 413


def test_a_head_request_is_answered_without_a_body(front):
    with front.connect() as client:
        client.sendall(head("HEAD", "/big/1000", "X-Keep: 1") + head("GET", "/big/3"))
        assert read_answer(client, "HEAD").headers["content-length"] == "1000"
        assert read_answer(client).body == b"bbb"


@pytest.mark.parametrize("sent, status", [
    (head("GET", "/nothing"), 404),
    (head("POST", "/nothing", "Content-Length: 99"), 404),
    (head("POST", "/signed", "Content-Length: 99"), 401),
    (head("POST", "/signed", "Content-Length: 99", "Expect: 100-continue"), 401),
    (head("POST", "/sink"), 411),
    (head("POST", "/sink", "Content-Length: 26214401"), 413),
    (head("POST", "/sink", "Content-Encoding: gzip"), 415),
    (head("POST", "/sink", "Expect: 200-ok"), 417),
    (b"GET /" + b"a" * 8200, 414),
    (head("GET", "/view", "X: " + "a" * 33000), 431),
    (head("GET", "/view", *["X: a"] * 100), 431),
    (b"GET / HTTP/2.0\r\n", 505),
    (b"GET / HTTP/1.1\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
])
def test_what_the_head_can_tell_is_answered_before_the_body(front, sent, status):
    with front.connect() as client:
        client.sendall(sent)
        answer = read_answer(client)
        assert (answer.status, answer.body) == (status, b"")
        assert answer.headers["connection"] == "close"
        client.shutdown(socket.SHUT_WR)
        assert is_closed(client)
    assert front.stats()["requests"] == 1     # /stats itself


def test_405_says_what_is_allowed(front):
    answer = front.exchange(head("GET", "/sink"))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert front.exchange(head("BREW", "/sink")).status == 405


def test_a_client_that_waits_for_it_gets_100_continue(front):
    with front.connect() as client:
        client.sendall(head("POST", "/view", "Content-Length: 4", "Expect: 100-continue"))
        assert read_answer(client).status == 100
        client.sendall(b"body")
        assert json.loads(read_answer(client).body)["n_body"] == 4


def test_a_refusal_is_not_lost_on_a_client_that_goes_on_sending(front):
    for _ in range(20):
        with front.connect() as client:
            client.sendall(head("POST", "/nothing", "Content-Length: 900000"))
            client.sendall(b"x" * 900000)
            assert read_answer(client).status == 404


def test_what_comes_behind_a_request_does_not_make_a_reset_of_its_answer(front):
    with front.connect() as client:
        client.sendall(post("/hold", b"x"))
        front.wait_for(lambda stats: stats["connections"] == 2, "it to be held")
        client.sendall(b"x" * 100_000)      # which nobody reads any more
        assert front.get("/release").status == 200
        assert read_answer(client).status == 200
        assert client.recv(1) == b""        # a reset would raise


@pytest.mark.parametrize("n", [1, 256 * 1024, 256 * 1024 + 1, 5_000_000, 25 * 1024 * 1024])
def test_a_body_of_any_size_arrives_whole(front, n):
    body = random.Random(n).randbytes(n)
    for request in post("/view", body), chunked("/view", body, 70001):
        view = json.loads(front.exchange(request).body)
        assert (view["n_body"], view["sha256"]) == (n, hashlib.sha256(body).hexdigest())
    stats = front.stats()
    assert stats["spooled"] == (2 if n > 256 * 1024 else 0)
    assert (stats["in_flight_bytes"], stats["spool_bytes"]) == (0, 0)


def test_a_large_body_leaves_no_file_behind(tmp_path):
    with Front(spool=tmp_path) as front:
        assert front.exchange(post("/sink", b"z" * 1_000_000)).status == 200
        assert front.stats()["spooled"] == 1
        assert os.listdir(tmp_path) == []


def test_a_request_may_come_byte_by_byte(front):
    with front.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head("POST", "/view", "Transfer-Encoding: chunked") + \
                b"3;x=y\r\nabc\r\n1\r\nd\r\n0\r\nT: u\r\n\r\n":
            client.sendall(bytes([byte]))
        assert json.loads(read_answer(client).body)["sha256"] == \
            hashlib.sha256(b"abcd").hexdigest()


def reset(client):
    """Ends the connection with a reset instead of a farewell."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("leave", [socket.socket.close, reset])
def test_a_client_may_leave_after_any_byte(front, leave):
    """RELIABILITY.md section 10, row 29."""
    request = post("/sink", b"12345678")
    for n in range(len(request)):
        client = front.connect()
        client.sendall(request[:n])
        leave(client)
    stats = front.wait_for(lambda stats: stats["connections"] == 1 and stats, "all to be gone")
    assert (stats["in_flight_bytes"], stats["handshakes"]) == (0, 0)
    front.wait_for(lambda stats: stats["drops"] == 8, "eight to be dropped in the body")


def test_a_client_may_leave_while_its_answer_is_pending(front):
    for _ in range(20):
        client = front.connect()
        client.sendall(post("/hold", b"x" * 100))
        front.wait_for(lambda stats: stats["connections"] == 2, "it to be there")
        reset(client)
        front.get("/release")
    front.wait_for(lambda stats: stats["connections"] == 1, "all to be gone")


def test_a_handler_that_takes_too_long_is_answered_for_and_may_still_answer():
    with Front(answer_us=300_000) as front:
        with front.connect() as client:
            client.sendall(post("/hold", b"x"))
            answer = read_answer(client)
            assert (answer.status, answer.headers["retry-after"]) == (503, "10")
            assert is_closed(client)
        assert front.get("/release").status == 200
        assert front.stats()["closed"]["deadline"] == 1


def test_requests_held_when_the_program_ends_are_let_go():
    with Front(drain_us=100_000) as front:
        clients = [front.connect() for _ in range(3)]
        for client in clients:
            client.sendall(post("/hold", b"x" * 300_000))
        front.wait_for(lambda stats: stats["spool_bytes"] == 900_000, "them to be held")
        assert front.stop() == 0
        assert all(is_closed(client) for client in clients)


def test_a_stop_finishes_what_has_begun_and_accepts_nothing_new(front):
    with front.connect() as begun, front.connect() as idle:
        idle.sendall(head("GET", "/view", "X-Keep: 1"))
        assert read_answer(idle).status == 200
        begun.sendall(head("POST", "/sink", "Content-Length: 4", "X-Keep: 1") + b"ab")
        front.wait_for(lambda stats: stats["in_flight_bytes"] > 0, "the body to begin")
        front.send(signal.SIGTERM)
        assert is_closed(idle)

        def is_refused():
            try:
                front.connect().close()
                return False
            except ConnectionRefusedError:
                return True
        wait_until(is_refused, what="the address to be free")
        begun.sendall(b"cd")
        answer = read_answer(begun)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert front.process.wait(timeout=60) == 0


def test_a_stop_serves_who_had_already_connected(front):
    assert front.get("/pause").status == 200
    waiting = [front.connect() for _ in range(40)]
    for client in waiting:
        client.sendall(head("GET", "/view"))
    front.send(signal.SIGTERM)
    for client in waiting:
        assert read_answer(client).status == 200
        client.close()
    assert front.process.wait(timeout=60) == 0


def test_a_stop_gives_who_has_said_nothing_no_more_than_a_moment():
    with Front(header_us=300_000_000, drain_us=300_000_000) as front, front.connect() as silent:
        front.wait_for(lambda stats: stats["connections"] == 2, "it to be there")
        assert front.stop() == 0
        assert is_closed(silent)


def test_a_second_stop_waits_for_nothing(front):
    with front.connect() as client:
        client.sendall(post("/hold", b"x"))
        front.wait_for(lambda stats: stats["connections"] == 2, "it to be there")
        front.send(signal.SIGTERM)
        front.send(signal.SIGTERM)
        # Two signals may become one while the first is pending.
        wait_until(lambda: front.process.poll() is not None or front.send(signal.SIGTERM),
                   what="it to end")
        assert is_closed(client)


def test_while_paused_connections_wait_and_are_served_afterwards(front):
    with front.connect() as before, front.connect() as after:
        before.sendall(head("GET", "/view", "X-Keep: 1"))
        assert read_answer(before).status == 200
        assert front.get("/pause").status == 200
        with front.connect() as waiting:
            waiting.sendall(head("GET", "/view"))
            before.sendall(head("GET", "/stats", "X-Keep: 1"))      # goes on
            assert json.loads(read_answer(before).body)["accepted"] == 3
            front.send(signal.SIGUSR1)
            assert read_answer(waiting).status == 200
        after.sendall(head("GET", "/view"))
        assert read_answer(after).status == 200


def test_the_watchdog_is_fed_while_all_threads_come_round():
    with Front(threads=3) as front:
        front.wait_for(lambda stats: stats["ticks"] >= 2, "two ticks")


def test_several_threads_serve_one_address():
    with Front(threads=4) as front:
        for i in range(200):
            assert front.exchange(post("/sink", b"x" * i)).status == 200
        stats = front.stats()
        assert (stats["requests"], stats["connections"]) == (201, 1)


# -- addresses ---------------------------------------------------------------------------------

def view_over(address):
    return json.loads(ask(address, "GET", "/view").body)


def test_a_unix_socket_is_served_and_removed(tmp_path):
    path = f"{tmp_path}/front.sock"
    with Front(listen=("127.0.0.1:0", f"unix:{path}")) as front:
        view = view_over(f"unix:{path}")
        assert (view["peer"], view["listener"]) == ("unix", 1)
        assert os.stat(path).st_mode & 0o777 == 0o660
        assert front.stop() == 0
    assert not os.path.exists(path)


def test_a_socket_file_that_nobody_serves_is_replaced(tmp_path):
    path = f"{tmp_path}/front.sock"
    with Front(listen=(f"unix:{path}",)) as killed:
        killed.process.kill()
        killed.process.wait()
    assert os.path.exists(path)
    with Front(listen=("127.0.0.1:0", f"unix:{path}")):
        assert view_over(f"unix:{path}")["peer"] == "unix"


def refusal(*arguments, **options):
    """What it says when it does not start."""
    front = Front(*arguments, **options)
    with pytest.raises(AssertionError), front:
        pass
    assert front.process.wait(timeout=60) == 1
    return front.read_log()


def test_an_address_in_use_is_named(tmp_path, front):
    path = f"{tmp_path}/front.sock"
    assert f"listen {front.address}: bind: Address already in use" in \
        refusal(listen=(front.address,))
    with Front(listen=("127.0.0.1:0", f"unix:{path}")):
        assert "another process serves it" in refusal(listen=(f"unix:{path}",))
    with open(path, "w", encoding="ascii"):
        assert "a file that is no socket" in refusal(listen=(f"unix:{path}",))


def test_a_socket_that_is_somebody_elses_is_left_alone(tmp_path):
    """One of another kind cannot be connected to, and is served none the less."""
    path = f"{tmp_path}/other.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        other.bind(path)
        assert "another process serves it" in refusal(listen=(f"unix:{path}",))
        sender.sendto(b"still here", path)
        assert other.recv(100) == b"still here"


def test_sockets_of_systemd_go_to_whoever_names_them_and_the_rest_to_who_does_not():
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    for listener in listeners:
        listener.set_inheritable(True)
    numbers = [listener.fileno() for listener in listeners]
    # The first descriptors of a shell that then becomes the program, as systemd would do it.
    wrapper = ["bash", "-c", f'exec 8<&{numbers[0]} 9<&{numbers[1]} 3<&8 4<&9; '
               'LISTEN_PID=$$ exec "$@"', "-"]
    given = {"wrapper": wrapper, "fds": numbers,
             "env": {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "webhooks:metrics"}}
    with Front(listen=("systemd", "systemd:metrics"), **given):
        views = [view_over("%s:%d" % listener.getsockname()) for listener in listeners]
        assert [view["listener"] for view in views] == [0, 1]
    assert "another address has every socket" in refusal(listen=("systemd", "systemd"), **given)
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize("address, words", [
    ("8080", "want HOST:PORT"),
    ("::1:8080", "want HOST:PORT"),
    ("127.0.0.1:", "want HOST:PORT"),
    ("127.0.0.1:http", "want a port"),
    ("127.0.0.1:65616", "want a port"),     # 80, to whom counts modulo 65536
    ("unix:relative", "want unix:/PATH"),
    ("unix:/" + "long" * 30, "at most 107 bytes"),
    ("systemd", "start by a systemd socket unit"),
    ("systemd:metrics", "FileDescriptorName=metrics"),
])
def test_an_address_that_cannot_be_is_refused_in_words(address, words):
    log = refusal(listen=(address,))
    assert f"listen {address}: " in log and words in log


def test_other_options_that_cannot_be_are_refused_in_words(tmp_path):
    assert "trusted_proxies: 10.0.0.0/33: want" in refusal(trust="10.0.0.0/33")
    assert "large bodies are kept there" in refusal(spool=f"{tmp_path}/none")
    assert "but no certificate" in refusal(key=f"{tmp_path}/key")
    assert f"{tmp_path}/none: cannot be read" in refusal(
        certificate=f"{tmp_path}/none", key=f"{tmp_path}/key")


def test_ipv6_is_served():
    with Front(listen=("[::1]:0",)) as front:
        assert view_over(f"[::1]:{front.port}")["peer"] == "::1"


def test_sockets_that_systemd_passes_on_are_served_by_name_and_outlive_the_program():
    names = ["web", "metrics", "web"]
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in names]
    addresses = ["%s:%d" % listener.getsockname() for listener in listeners]
    # Descriptors 3, 4 and 5 of a shell that then becomes the program, as systemd would do it.
    moves = " ".join(f"{3 + i}<&{listener.fileno()}" for i, listener in enumerate(listeners))
    wrapper = ["bash", "-c", f'LISTEN_PID=$$ exec "$@" {moves}', "-"]
    options = {"wrapper": wrapper, "fds": [listener.fileno() for listener in listeners],
               "env": {"LISTEN_FDS": "3", "LISTEN_FDNAMES": ":".join(names)}}
    for _ in range(2):
        with Front(listen=("systemd:metrics", "systemd:web"), **options):
            assert [view_over(address)["listener"] for address in addresses] == [1, 0, 1]
    with Front(listen=("systemd",), **options):
        assert [view_over(address)["listener"] for address in addresses] == [0, 0, 0]
    for listener in listeners:
        listener.close()
