# SPDX-License-Identifier: Apache-2.0
"""The front door over TLS, and behind proxies."""

import hashlib
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from harness.front import Front, chunked, head, is_closed, post, read_answer
from harness.tls import Authority, context_for, options
from harness.wait import wait_until


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    it = Authority(tmp_path_factory.mktemp("tls"), "ca")
    it.issue("server")
    it.issue("client")
    return it


@pytest.fixture
def front(authority):
    with Front("plain=127.0.0.1:0", **options(authority), handshake_us=500_000) as it:
        it.addresses.reverse()      # front.get() speaks plainly
        yield it


def connect_tls(front, context, session=None, timeout=30):
    port = int(front.addresses[-1].rsplit(":", 1)[1])
    plain = socket.create_connection(("127.0.0.1", port), timeout)
    return context.wrap_socket(plain, server_hostname="dorad.test", session=session,
                               suppress_ragged_eofs=False)


def exchange(front, context, data):
    with connect_tls(front, context) as client:
        client.sendall(data)
        return read_answer(client)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_of_any_size_come_over_tls(front, authority, version):
    context = context_for(authority, version)
    for n in 5, 20_000, 300_000, 3_000_000:
        body = os.urandom(n)
        for request in post("/view", body), chunked("/view", body, 16_000):
            view = json.loads(exchange(front, context, request).body)
            assert view["tls"] is True
            assert view["sha256"] == hashlib.sha256(body).hexdigest()
    assert len(exchange(front, context, head("GET", "/big/3000000")).body) == 3_000_000


def test_a_connection_is_kept_over_tls_and_ends_with_a_farewell(front, authority):
    with connect_tls(front, context_for(authority)) as client:
        client.sendall(b"".join(post("/sink", b"x" * 9000, "X-Keep: 1") for _ in range(20)))
        for _ in range(20):
            assert read_answer(client).status == 200
        client.sendall(head("GET", "/view"))
        assert read_answer(client).status == 200
        assert client.recv(1) == b""        # close_notify: else ssl would raise


def test_a_body_announced_with_expect_comes_over_tls(front, authority):
    with connect_tls(front, context_for(authority)) as client:
        client.sendall(head("POST", "/view", "Content-Length: 4", "Expect: 100-continue"))
        assert read_answer(client).status == 100
        client.sendall(b"body")
        assert json.loads(read_answer(client).body)["n_body"] == 4


def test_a_refusal_over_tls_is_not_lost_on_a_client_that_goes_on_sending(front, authority):
    with connect_tls(front, context_for(authority)) as client:
        client.sendall(head("POST", "/nothing", "Content-Length: 500000") + b"x" * 500_000)
        assert read_answer(client).status == 404


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_versions_before_1_2_are_refused(front, authority):
    context = context_for(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        connect_tls(front, context)
    front.wait_for(lambda stats: stats["closed"]["tls"] == 1, "it to be counted")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_session_is_resumed(front, authority, version):
    context = context_for(authority, version)
    with connect_tls(front, context) as client:
        client.sendall(head("GET", "/view"))
        read_answer(client)
        session = client.session
    assert not session.has_ticket
    with connect_tls(front, context, session) as client:
        assert not client.session_reused


def serial(front, authority):
    with connect_tls(front, context_for(authority)) as client:
        return client.getpeercert()["subject"]


def test_a_reload_takes_up_a_new_certificate_and_keeps_a_working_one(tmp_path):
    authority = Authority(tmp_path, "ca")
    authority.issue("server")
    with Front("plain=127.0.0.1:0", **options(authority)) as front:
        front.addresses.reverse()
        assert "server" in str(serial(front, authority))
        with connect_tls(front, context_for(authority)) as before:
            for what in "pem", "key":
                authority.issue("new")
                os.replace(authority.path(f"new.{what}"), authority.path(f"server.{what}"))
            # A certificate whose key is another's: what was loaded stays in use.
            answer = front.get("/reload")
            assert answer.status == 500 and b"want the certificate's own key" in answer.body
            assert "server" in str(serial(front, authority))
            authority.issue("new")
            for what in "pem", "key":
                os.replace(authority.path(f"new.{what}"), authority.path(f"server.{what}"))
            assert front.get("/reload").status == 200
            assert "new" in str(serial(front, authority))
            before.sendall(head("GET", "/view"))
            assert read_answer(before).status == 200


def test_no_request_fails_while_certificates_are_reloaded(front, authority):
    ended = threading.Event()

    def reload():
        while not ended.is_set():
            assert front.get("/reload").status == 200
    reloading = threading.Thread(target=reload)
    reloading.start()
    for _ in range(100):
        assert exchange(front, context_for(authority), post("/sink", b"x")).status == 200
    ended.set()
    reloading.join()


def test_where_clients_must_show_a_certificate_others_get_nowhere(authority, tmp_path):
    strangers = Authority(tmp_path, "strangers")
    strangers.issue("client")
    with Front(**options(authority), client_ca=authority.file) as front:
        for known in authority, strangers:
            context = context_for(authority)
            context.load_cert_chain(known.path("client.pem"), known.path("client.key"))
            if known is authority:
                assert exchange(front, context, head("GET", "/view")).status == 200
            else:
                with pytest.raises((ssl.SSLError, ConnectionError)):
                    exchange(front, context, head("GET", "/view"))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            exchange(front, context_for(authority), head("GET", "/view"))


@pytest.mark.parametrize("change, words", [
    ({"certificate": "/nowhere.pem"}, "cannot be read; want the certificate and its chain"),
    ({"key": None}, "no key; want both"),
    ({"key": "client.key"}, "key values mismatch; want the certificate's own key, in PEM"),
    ({"key": "nowhere"}, "nowhere: cannot be read; want the certificate's own key, in PEM"),
    ({"client_ca": "server.key"}, "want the certificates that sign clients'"),
])
def test_files_that_cannot_serve_are_refused_in_words(authority, change, words):
    given = options(authority)
    for name, value in change.items():
        given[name] = value and (value if "/" in value else authority.path(value))
    front = Front(**{name: value for name, value in given.items() if value})
    with pytest.raises(AssertionError, match=words), front:
        pass


def test_a_key_with_a_pass_phrase_is_refused_and_nobody_is_asked_for_it(authority, tmp_path):
    subprocess.run(["openssl", "pkey", "-in", authority.path("server.key"), "-aes256", "-passout",
                    "pass:1234", "-out", tmp_path / "locked.key"], check=True)
    # No terminal, and a standard input on which nothing ever comes.
    wrapper = ["setsid", "bash", "-c", 'exec "$@" < <(tail --pid=$$ -f /dev/null)', "-"]
    with pytest.raises(AssertionError, match="in PEM and without a pass phrase"), \
            Front(certificate=authority.path("server.pem"), key=tmp_path / "locked.key",
                  wrapper=wrapper):
        pass


def test_a_key_that_everybody_may_read_is_refused(authority, tmp_path):
    key = tmp_path / "open.key"
    shutil.copy(authority.path("server.key"), key)
    key.chmod(0o644)
    with pytest.raises(AssertionError, match=f"chmod o= {key}"), \
            Front(certificate=authority.path("server.pem"), key=key):
        pass


# -- handshakes --------------------------------------------------------------------------------

def hello(context):
    """The first bytes that a client sends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="dorad.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_a_handshake_that_does_not_end_is_cut(front, authority):
    port = int(front.addresses[-1].rsplit(":", 1)[1])
    first = hello(context_for(authority))
    for sent in b"", first[:1], first[:100], first:
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(sent)
            assert is_closed(client)
    stats = front.stats()
    assert stats["closed"]["deadline"] == 4
    assert stats["handshakes"] == 0


def test_a_handshake_that_trickles_is_cut_at_its_deadline(front, authority):
    port = int(front.addresses[-1].rsplit(":", 1)[1])
    bytes_left = iter(hello(context_for(authority)))
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.settimeout(0.02)

        def ends():
            try:
                client.send(bytes([next(bytes_left)]))
                return client.recv(1) == b""
            except TimeoutError:
                return False
            except ConnectionError:
                return True
        wait_until(ends, what="the trickle to be cut")
    assert front.stats()["closed"]["deadline"] == 1


def test_what_is_not_tls_ends_the_connection(front):
    port = int(front.addresses[-1].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(head("GET", "/view"))
        assert is_closed(client)
    assert front.stats()["closed"]["tls"] == 1


def test_no_honest_request_fails_beside_a_thousand_half_handshakes(authority):
    context = context_for(authority)
    first = hello(context)
    with Front("plain=127.0.0.1:0", **options(authority), handshakes=200) as front:
        front.addresses.reverse()
        port = int(front.addresses[-1].rsplit(":", 1)[1])
        slow = []
        for i in range(1000):
            client = socket.create_connection(("127.0.0.1", port), 30)
            client.sendall(first[:100 + i % 100] if i % 2 else first)
            slow.append(client)
            if i % 10 == 0:
                assert exchange(front, context, post("/sink", b"honest")).status == 200
        stats = front.stats()
        assert stats["handshakes"] <= 200
        assert stats["closed"]["handshakes"] >= 800
        for client in slow:
            client.close()


def test_two_thousand_idle_tls_connections_cost_little(authority):
    """RELIABILITY.md section 10, row 23."""
    context = context_for(authority)
    with Front("plain=127.0.0.1:0", **options(authority), header_us=60_000_000,
               per_address=3000, costs=True) as front:
        front.addresses.reverse()
        before = front.memory_bytes()
        clients = [connect_tls(front, context) for _ in range(2000)]
        more = front.memory_bytes() - before
        print(f"{more / len(clients) / 1024:.1f} KiB each")
        began = time.monotonic()
        assert exchange(front, context, post("/sink", b"x")).status == 200
        print(f"a request beside them: {(time.monotonic() - began) * 1e3:.1f} ms")
        assert front.is_sanitized or more / len(clients) < 64 * 1024
        for client in clients:
            client.close()


# -- proxies -----------------------------------------------------------------------------------

def proxy_header(source, family=0x11, command=0x21, extra=b""):
    kind = socket.AF_INET if family == 0x11 else socket.AF_INET6
    address = socket.inet_pton(kind, source) * 2 + struct.pack("!HH", 4711, 443) + extra
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack("!BBH", command, family, len(address)) + address


def peer_of(front, sent, *fields):
    answer = front.exchange(sent + head("GET", "/view", *fields))
    return answer and (answer.status, json.loads(answer.body)["peer"])


@pytest.mark.parametrize("sent, peer", [
    (proxy_header("192.0.2.7"), "192.0.2.7"),
    (proxy_header("2001:db8::7", 0x21), "2001:db8::7"),
    (proxy_header("::ffff:192.0.2.7", 0x21), "192.0.2.7"),
    (proxy_header("192.0.2.7", extra=b"\x04\x00\x01x" * 20), "192.0.2.7"),
    (proxy_header("192.0.2.7", command=0x20), "127.0.0.1"),      # LOCAL: the proxy itself
])
def test_a_trusted_proxy_says_who_the_client_is(sent, peer):
    with Front(trust="127.0.0.1", proxy=1) as front, Front() as other:
        assert peer_of(front, sent) == (200, peer)
        assert other.exchange(sent).status == 400       # nobody is trusted there


def test_a_proxy_header_may_come_byte_by_byte():
    with Front(trust="127.0.0.0/8", proxy=1) as front, front.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in proxy_header("192.0.2.7") + head("GET", "/view"):
            client.sendall(bytes([byte]))
        assert json.loads(read_answer(client).body)["peer"] == "192.0.2.7"


@pytest.mark.parametrize("sent", [
    head("GET", "/view"),
    b"PROXY TCP4 192.0.2.7 127.0.0.1 4711 80\r\n",
    proxy_header("192.0.2.7", command=0x22),
    proxy_header("192.0.2.7", command=0x11),
    proxy_header("192.0.2.7", extra=b"x" * 600),
])
def test_a_trusted_proxy_without_a_sound_header_is_cut(sent):
    with Front("trust=127.0.0.9", proxy=1) as front:
        with front.connect("127.0.0.9") as client:
            client.sendall(sent)
            assert is_closed(client)
        front.wait_for(lambda stats: stats["closed"]["proxy"] == 1, "it to be counted")


def test_connections_through_a_proxy_are_counted_by_their_client():
    with Front("trust=127.0.0.9", proxy=1, per_address=3) as front:
        def through(client_address):
            client = front.connect("127.0.0.9")
            client.sendall(proxy_header(client_address))
            return client
        many = [through("192.0.2.1") for _ in range(4)]
        assert is_closed(many[0])
        others = [through(f"192.0.2.{2 + i}") for i in range(10)]
        for client in many[1:] + others:
            client.sendall(head("GET", "/view"))
            assert read_answer(client).status == 200
            client.close()


def test_tls_follows_the_proxy_header(authority):
    with Front(**options(authority), trust="127.0.0.1", proxy=1) as front:
        plain = front.connect()
        plain.sendall(proxy_header("192.0.2.7"))
        with context_for(authority).wrap_socket(plain, server_hostname="dorad.test") as client:
            client.sendall(head("GET", "/view"))
            view = json.loads(read_answer(client).body)
            assert (view["peer"], view["tls"], view["via_proxy"]) == ("192.0.2.7", True, True)


@pytest.mark.parametrize("fields, peer", [
    (["X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
    (["X-Forwarded-For: 6.6.6.6, 192.0.2.1"], "192.0.2.1"),        # only the last is the proxy's
    (["X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.2.3"], "192.0.2.1"),   # 10/8 is trusted
    (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.1"], "192.0.2.1"),
    (["X-Forwarded-For: [2001:db8::1]:99 , 10.0.0.1:5"], "2001:db8::1"),
    (["X-Forwarded-For: 10.9.9.9"], "10.9.9.9"),
    (["X-Forwarded-For: 192.0.2.1, unknown"], "127.0.0.1"),
    (["X-Forwarded-For: ,"], "127.0.0.1"),
    ([], "127.0.0.1"),
])
def test_x_forwarded_for_is_believed_from_trusted_proxies_alone(fields, peer):
    with Front("trust=127.0.0.1", "trust=10.0.0.0/8") as front, Front() as other:
        assert peer_of(front, b"", *fields) == (200, peer)
        assert peer_of(other, b"", *fields) == (200, "127.0.0.1")
