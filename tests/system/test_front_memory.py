# SPDX-License-Identifier: Apache-2.0
"""What a request has shown of itself, a token or a password, is not in the memory of who read it
once it is answered: not where it was read, not where the head was kept, not where it grew, not
where it waited behind another."""

import base64
import os
import secrets

import pytest

from harness import http
from harness.dorad import optimised
from harness.front import Front, head, is_closed, post, read_answer
from harness.tls import Authority, RecordClient, context_for, options
from harness.wait import wait_until

LARGEST_AREA = 1 << 30


def canary():
    return "Kanarie" + secrets.token_hex(12)


def left_in_memory(pid, texts):
    """Those of the texts that a process holds anywhere that it may write to."""
    found = set()
    try:
        memory = open(f"/proc/{pid}/mem", "rb", buffering=0)
    except PermissionError:
        pytest.skip("may not look into a process that forbids it (CAP_SYS_PTRACE)")
    with memory, open(f"/proc/{pid}/maps", encoding="ascii") as maps:
        for line in maps:
            span, rights = line.split()[:2]
            start, end = (int(address, 16) for address in span.split("-"))
            if "w" not in rights or end - start > LARGEST_AREA:
                continue
            memory.seek(start)
            try:
                held = memory.read(end - start)
            except OSError:
                continue        # it has gone meanwhile
            found |= {text for text in texts if text.encode() in held}
    return found


def bearer(text):
    return f"Authorization: Bearer {text}"


def plain_requests(front, new):
    """Each way in which a head comes to lie somewhere."""
    assert front.exchange(post("/sink", b"x", bearer(new()))).status == 200
    assert front.exchange(head("GET", "/nothing", bearer(new()))).status == 404
    assert front.exchange(head("GET", "/view", bearer(new()), "X: y\r\n z")).status == 400
    long = [f"X-{i}: {'y' * 400}" for i in range(60)]       # it is copied as it grows
    assert front.exchange(head("GET", "/view", bearer(new()), *long)).status == 200
    with front.connect() as client:                         # in pieces
        for byte in head("GET", "/view", bearer(new())):
            client.sendall(bytes([byte]))
        assert read_answer(client).status == 200
    with front.connect() as client:                         # in one read with others
        client.sendall(b"".join(post("/sink", b"x" * 5000, bearer(new()), "X-Keep: 1")
                                for _ in range(5)) + post("/sink", b"x", bearer(new())))
        for _ in range(6):
            assert read_answer(client).status == 200
        assert is_closed(client)
    with front.connect() as client:                         # behind the last that is answered
        client.sendall(post("/sink", b"x") + head("GET", "/view", bearer(new())))
        assert read_answer(client).status == 200
    with front.connect() as client:                         # behind the rest of a body
        client.sendall(head("POST", "/sink", "Content-Length: 9", "X-Keep: 1") + b"x")
        client.sendall(b"x" * 8 + head("GET", "/view", bearer(new())))
        assert [read_answer(client).status for _ in range(2)] == [200, 200]
    with front.connect() as client:                         # and of one that is never complete
        client.sendall(head("GET", "/view", bearer(new()))[:-2])
        front.wait_for(lambda stats: stats["connections"] == 2, "it to be read")
    front.wait_for(lambda stats: stats["connections"] == 1, "all to be gone")


def test_nothing_is_left_of_a_head_in_the_front_doors_memory():
    texts = []

    def new():
        texts.append(canary())
        return texts[-1]
    with Front(costs=True) as front:
        plain_requests(front, new)
        assert left_in_memory(front.process.pid, texts) == set()
        with front.connect() as client:     # that the search finds what there is
            client.sendall(post("/hold", b"x", bearer(new())))
            assert wait_until(lambda: left_in_memory(front.process.pid, texts)) == {texts[-1]}
            front.get("/release")


def test_nothing_is_left_of_a_head_that_came_over_tls(tmp_path):
    authority = Authority(tmp_path, "ca")
    authority.issue("server")
    texts = [canary() for _ in range(4)]
    with Front("plain=127.0.0.1:0", **options(authority), costs=True) as front:
        port, front.addresses = front.port, front.addresses[1:]
        for text in texts[:3]:
            with RecordClient(port, context_for(authority)) as client:
                client.sendall(client.record(post("/sink", b"x" * 20_000, bearer(text))))
                assert b" 200 " in client.read()
        with RecordClient(port, context_for(authority)) as client:      # and stays
            client.sendall(client.record(post("/sink", b"x", bearer(texts[3]), "X-Keep: 1")))
            assert b" 200 " in client.read()
            assert left_in_memory(front.process.pid, texts) == set()


def test_no_token_is_left_in_the_receivers_memory(site):
    """Neither one that was right, of which it keeps a hash, nor one that was wrong."""
    ways = ("bearer", "token", "basic", "path", "query")
    for way in ways:
        site.endpoint(way, "github", secret="user:" + canary() if way == "basic" else canary(),
                      auth=way)
    receive = site.start("receive", path=optimised())
    texts = [secret for name, secret in site.secrets.items() if name in ways]
    for wrong in False, True:
        shown = {way: canary() if wrong else site.secrets[way] for way in ways}
        texts += shown.values()
        basic = base64.b64encode(shown["basic"].encode()).decode()
        texts.append(basic)
        for where, headers in (
                ("bearer", {"Authorization": f"Bearer {shown['bearer']}"}),
                ("token", {"X-Dorad-Token": shown["token"]}),
                ("basic", {"Authorization": f"Basic {basic}"}),
                (f"path/{shown['path']}", {}),
                (f"query?token={shown['query']}", {})):
            assert receive.post(where, b"{}", headers).status == (401 if wrong else 200), where
    assert os.path.exists(f"/proc/{receive.pid}/mem")
    assert left_in_memory(receive.pid, texts) == set()
    assert http.get(receive.address, "/healthz").status == 200
