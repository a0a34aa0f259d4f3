# SPDX-License-Identifier: Apache-2.0
"""dorad receive: what is answered 200 is kept, what is not is refused with the right word."""

import contextlib
import os
import re
import signal
import sqlite3
import stat
import threading

import pytest

from harness import http
from harness.dorad import optimised
from harness.wait import wait_until


def event(name, kind="deployment", **data):
    """A structured event of EVENTS.md section 3."""
    return {"specversion": "1.0", "id": name, "source": "/test", "type": f"dorad.{kind}.v1",
            "time": "2026-06-01T10:00:00Z",
            "data": {"deployment_id": name, "service": "checkout", "status": "succeeded",
                     "environment": "production", **data}}


def kept(site):
    """How many rows the ledger holds."""
    return len(site.table("deliveries"))


@pytest.fixture
def receive(site):
    site.endpoint("github", "github")
    site.endpoint("push", "events")
    return site.start("receive")


def test_an_event_goes_from_the_door_to_its_stream(site, receive):
    assert receive.post_events([event("d1")]).status == 200
    entry, = site.wait_for_entries("deployment", 1)
    row, = wait_until(lambda: site.table("deliveries", "--state", "forwarded"))
    assert entry["id"] == "d1"
    assert entry["endpoint"] == "push"
    assert entry["delivery"].endswith("-" + str(row["seq"]))
    assert entry["data"]["service"] == "checkout"
    assert (row["endpoint"], row["source"], row["events"]) == ("push", "events", 1)


def test_a_wrong_signature_is_401_and_nothing_is_kept(site, receive):
    body = b'{"zen": "x"}'
    for headers in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64},
                    {"X-Hub-Signature-256": http.sign_github("other", body)},
                    {"X-Hub-Signature-256": "sha256="},
                    {"X-Hub-Signature-256": http.sign_github(site.secrets["github"], b"{}")}):
        answer = receive.post("github", body, {"X-GitHub-Event": "ping", **headers})
        assert (answer.status, answer.body) == (401, b"")
    assert kept(site) == 0
    refused = {name: n for name, n in receive.metrics().items()
               if name.startswith("dorad_receive_refused_total")}
    assert sum(refused.values()) == 5


def test_garbage_with_a_right_signature_is_200_and_quarantined_with_a_reason(site, receive):
    for body in (b"garbage", b"\x00\xff\xfe", b"", b"[" * 100000):
        assert receive.post_github("push", body).status == 200
    wait_until(lambda: len(site.table("deliveries", "--state", "quarantined")) == 4)
    rows = site.table("deliveries", "--state", "quarantined")
    assert all(row["reason"] for row in rows)
    assert [row["bytes"] for row in rows] == [7, 3, 0, 100000]
    assert site.entries("deployment") == []


def test_the_bytes_come_back_as_they_were(site, receive):
    body = bytes(range(256)) * 500
    assert receive.post_github("push", body).status == 200
    shown = site.folder + "/shown"
    with open(shown, "wb") as to:
        import subprocess
        from harness.dorad import environment, program
        subprocess.run([program(), "deliveries", "show", "1", "--body", "-c", site.path],
                       stdout=to, check=True, env=environment())
    with open(shown, "rb") as back:
        assert back.read() == body


def test_an_event_we_do_not_use_is_200_and_ignored_with_a_reason(site, receive):
    assert receive.post_github("star", {"action": "created"}).status == 200
    wait_until(lambda: site.table("deliveries", "--state", "ignored"))
    row, = site.table("deliveries")
    assert row["kind"] == "star" and row["reason"]


def test_what_is_not_there_is_404_and_other_methods_405_with_allow(receive):
    for path in ("/", "/webhooks", "/webhooks/", "/webhooks/none", "/webhooks/github/token",
                 "/webhooks/github/", "/admin"):
        assert http.post(receive.address, path, b"{}").status == 404, path
    for method in ("PUT", "DELETE", "PATCH"):
        answer = http.request(receive.address, method, "/webhooks/github", b"{}")
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    answer = http.request(receive.address, "POST", "/metrics", b"")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_probe_of_a_webhook_is_200(receive):
    assert http.request(receive.address, "HEAD", "/webhooks/github").status == 200
    assert receive.get("/webhooks/github").status == 200
    answer = http.request(receive.address, "OPTIONS", "/webhooks/push",
                          headers={"WebHook-Request-Origin": "events.example"})
    assert answer.status == 200
    assert answer.headers["webhook-allowed-origin"] == "events.example"


def test_too_large_is_413_and_no_length_is_411(site):
    site.endpoint("github", "github")
    site.config["receive"]["max_body"] = "1MiB"
    receive = site.start("receive")
    assert receive.post_github("push", b"x" * (1 << 20)).status == 200
    assert receive.post_github("push", b"x" * ((1 << 20) + 1)).status == 413
    answer = http.raw(receive.address, b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 411 ")
    assert kept(site) == 1


def test_every_answer_closes_the_connection_unless_the_endpoint_says_otherwise(site):
    site.endpoint("closes", "events")
    site.endpoint("stays", "events", keep_alive=True)
    receive = site.start("receive")
    assert receive.post_events([event("a")], "closes").headers["connection"] == "close"
    assert receive.post_events([event("b")], "stays").headers.get("connection") != "close"


def test_each_way_of_showing_a_token_works(site):
    for way in ("bearer", "token", "basic", "path", "query"):
        site.endpoint(way, "github", secret="user:pass" if way == "basic" else None,
                      auth=way)
    receive = site.start("receive")
    secret = site.secrets
    import base64
    basic = base64.b64encode(secret["basic"].encode()).decode()
    good = [
        ("bearer", {"Authorization": f"Bearer {secret['bearer']}"}),
        ("token", {"X-Dorad-Token": secret["token"]}),
        ("basic", {"Authorization": f"Basic {basic}"}),
        (f"path/{secret['path']}", {}),
        (f"query?token={secret['query']}", {}),
    ]
    for where, headers in good:
        assert receive.post(where, b"{}", headers).status == 200, where
        wrong = where.replace(secret.get(where.split("/")[0].split("?")[0], "-"), "wrong")
        wrong_headers = {name: "x" + value for name, value in headers.items()}
        assert receive.post(wrong, b"{}", wrong_headers).status == 401, where
    assert kept(site) == len(good)


def test_no_secret_ever_reaches_the_log(site):
    site.endpoint("path", "github", auth="path")
    site.endpoint("query", "github", auth="query")
    site.endpoint("github", "github")
    site.config["log_level"] = "debug"
    receive = site.start("receive")
    receive.post(f"path/{site.secrets['path']}", b'{"a": "confidential"}')
    receive.post(f"query?token={site.secrets['query']}", b'{"a": "confidential"}')
    receive.post_github("push", b'{"a": "confidential"}')
    receive.post(f"path/{site.secrets['path']}x", b"{}")
    site.stop()
    log = receive.read_log()
    for secret in site.secrets.values():
        assert secret not in log
    assert "confidential" not in log


def test_no_secret_is_shown_by_deliveries_show(site):
    secret = site.endpoint("push", "events")
    receive = site.start("receive")
    receive.post_events([event("d1")])
    assert secret not in site.run("deliveries", "show", "1").stdout
    assert secret not in site.run("deliveries", "show", "1", "--json").stdout


# -- refusing to start ---------------------------------------------------------------------

def refusal(site):
    site.write()
    done = site.run("receive", check=False)
    assert done.returncode == 1
    return done.stderr


def test_an_endpoint_without_a_secret_refuses_to_start(site):
    site.config["receive"]["endpoints"]["open"] = {"source": "events"}
    words = refusal(site)
    assert "endpoint open" in words and "auth: none" in words
    assert re.search(r"dorad\.yaml:\d+:\d+: ", words)


def test_auth_none_is_taken_on_loopback_only_unless_it_is_said_twice(site):
    site.config["receive"]["endpoints"]["open"] = {"source": "events", "auth": "none"}
    receive = site.start("receive")
    assert http.post(receive.address, "/webhooks/open", "", {
        "Content-Type": "application/x-ndjson"}).status == 200
    receive.stop()
    site.receive_address = f"0.0.0.0:{http.free_port()}"
    site.config["receive"]["listen"] = [site.receive_address]
    assert "public_without_secret" in refusal(site)
    site.config["receive"]["endpoints"]["open"]["public_without_secret"] = True
    site.start("receive").stop()


def test_a_secret_that_everyone_can_read_is_refused_with_chmod(site):
    site.endpoint("github", "github")
    path = site.config["receive"]["endpoints"]["github"]["secrets"][0]
    os.chmod(path, 0o604)
    words = refusal(site)
    assert path in words and "chmod" in words


def test_an_unknown_source_or_method_is_refused_by_name(site):
    site.endpoint("x", "gitbucket")
    assert "gitbucket" in refusal(site)


def test_a_second_receiver_on_one_ledger_refuses_and_says_who_holds_it(site, receive):
    site.config["receive"]["listen"] = [f"127.0.0.1:{http.free_port()}"]
    words = refusal(site)
    assert str(receive_pid(receive)) in words
    assert receive.post_events([event("d1")]).status == 200


def receive_pid(receive):
    """The daemon's own id: setpriv replaces itself by it."""
    return receive.pid


def test_the_ledger_is_its_owners_alone(site, receive):
    receive.post_events([event("d1")])
    for name in os.listdir(site.folder):
        if name.startswith("ledger"):
            mode = os.stat(os.path.join(site.folder, name)).st_mode
            assert stat.S_IMODE(mode) == 0o600, name


# -- reload and stop -----------------------------------------------------------------------

def test_a_reload_takes_a_new_secret_and_a_new_endpoint(site, receive):
    old = site.secrets["push"]
    new = site.endpoint("push", "events")
    site.config["receive"]["endpoints"]["push"]["secrets"].append(site.file("old", old))
    site.endpoint("more", "events")
    site.write()
    receive.send(signal.SIGHUP)
    wait_until(lambda: receive.post_events([event("n")], secret=new).status == 200)
    assert receive.post_events([event("o")], secret=old).status == 200
    assert receive.post_events([event("m")], "more").status == 200
    metrics = receive.metrics()
    assert metrics['dorad_receive_verified_total{endpoint="push",secret="0"}'] >= 1
    assert metrics['dorad_receive_verified_total{endpoint="push",secret="1"}'] >= 1


def test_a_reload_with_a_mistake_changes_nothing(site, receive):
    path = site.config["receive"]["endpoints"]["push"]["secrets"][0]
    os.chmod(path, 0o604)
    receive.send(signal.SIGHUP)
    wait_until(lambda: "reload refused" in receive.read_log())
    assert "chmod" in receive.read_log()
    assert receive.post_events([event("d1")]).status == 200


def test_rotation_under_load_refuses_no_valid_delivery(site, receive):
    """RELIABILITY.md section 10, row 33: senders go on with the secret that is good throughout
    a turn, while the file, the list and the process's keys change."""
    good, ended, answers = [site.secrets["push"]], threading.Event(), []
    used = [None] * 4       # by each sender, with its last answer

    def send(number):
        while not ended.is_set():
            secret = good[0]
            answers.append(receive.post_events([event("x")], secret=secret).status)
            used[number] = secret
    senders = [threading.Thread(target=send, args=[i]) for i in range(4)]
    for sender in senders:
        sender.start()
    for turn in range(5):
        second = site.endpoint("push", "events")
        site.config["receive"]["endpoints"]["push"]["secrets"].append(
            site.file(f"old-{turn}", good[0]))
        site.write()
        receive.send(signal.SIGHUP)
        wait_until(lambda: receive.post_events([event("y")], secret=second).status == 200)
        seen = len(answers)
        wait_until(lambda: len(answers) > seen + 20)
        good[0] = second
        # The one before is good no longer than this turn.
        wait_until(lambda: set(used) == {second})
    ended.set()
    for sender in senders:
        sender.join()
    assert len(answers) > 100 and set(answers) == {200}


def test_a_stop_finishes_what_has_begun_and_says_so_to_systemd(site, receive):
    body = b'{"zen": "x"}'
    signature = http.sign_github(site.secrets["github"], body)
    connection = http.connect(receive.address)
    connection.sendall(
        b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nX-GitHub-Event: ping\r\n"
        + f"X-Hub-Signature-256: {signature}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body[:5])
    wait_until(lambda: receive.metrics()["dorad_http_connections"] >= 2)
    receive.send(signal.SIGTERM)
    wait_until(lambda: "STOPPING=1" in receive.read_notices())
    connection.sendall(body[5:])
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
    connection.close()
    assert receive.stop() == 0
    assert kept(site) == 1


def test_systemd_is_told_ready_and_the_watchdog_is_fed_where_there_is_one(site, receive):
    wait_until(lambda: "READY=1" in receive.read_notices())
    receive.stop()
    receive = site.start("receive", env={"WATCHDOG_USEC": "10000000"})
    wait_until(lambda: "WATCHDOG=1" in receive.read_notices())


# -- health --------------------------------------------------------------------------------

def test_ready_means_that_deliveries_can_be_kept_whatever_redis_does(site, receive):
    site.redis.kill()
    assert receive.get("/readyz").status == 200
    assert receive.get("/healthz").status == 200
    assert receive.post_events([event("d1")]).status == 200
    wait_until(lambda: receive.metrics()["dorad_redis_failing_seconds"] > 0)


def test_metrics_may_have_an_address_of_their_own(site):
    site.endpoint("push", "events")
    address = f"127.0.0.1:{http.free_port()}"
    site.config["receive"]["metrics_listen"] = [address]
    receive = site.start("receive")
    assert receive.get("/metrics").status == 404
    assert http.get(address, "/metrics").status == 200
    assert http.post(address, "/webhooks/push", b"").status == 404


def test_the_metrics_are_well_formed(receive):
    receive.post_events([event("d1")])
    text = receive.get("/metrics").body.decode()
    names = re.findall(r"^# TYPE (\S+) (counter|gauge)$", text, re.M)
    assert len({name for name, _ in names}) == len(names)
    for name, kind in names:
        assert re.search(rf"^# HELP {name} .+\.$", text, re.M), name
        assert name.endswith("_total") == (kind == "counter"), name
    for line in text.splitlines():
        assert re.fullmatch(
            r'#.*|[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.]+', line), line


def test_the_ledger_can_be_read_with_plain_sqlite(site, receive):
    receive.post_events([event("d1")])
    site.wait_for_entries("deployment", 1)
    with sqlite3.connect(f"file:{site.folder}/ledger.db?mode=ro", uri=True) as ledger:
        wait_until(lambda: ledger.execute("SELECT state FROM delivery").fetchone()
                   == ("forwarded",))
        assert ledger.execute("SELECT kind, id FROM made").fetchall() == [("deployment", "d1")]


def test_a_program_that_looks_into_the_ledger_and_leaves_takes_nothing_with_it(site, receive):
    """SQLite's last reader removes the log: it must see that the receiver is there."""
    def look():
        with contextlib.closing(sqlite3.connect(f"{site.folder}/ledger.db")) as ledger:
            return ledger.execute("SELECT count(*) FROM delivery").fetchone()[0]

    for n in range(3):
        assert look() == n
        assert receive.post_events([event(f"d{n}")]).status == 200
    receive.kill()
    assert look() == 3


def test_a_receiver_that_was_busy_is_small_again(site, monkeypatch):
    monkeypatch.setenv("DORAD", optimised())    # a sanitizer keeps what is freed
    secret = site.endpoint("github", "github", keep_alive=True)
    receive = site.start("receive")
    body = b'{"zen": "' + b"x" * 400_000 + b'"}'
    headers = {"X-GitHub-Event": "ping", "X-Hub-Signature-256": http.sign_github(secret, body)}

    def send():
        for _ in range(20):
            assert receive.post("github", body, headers).status == 200

    senders = [threading.Thread(target=send) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    most = receive.memory_bytes("VmHWM")
    wait_until(lambda: receive.memory_bytes("RssAnon") < 4 << 20)
    assert most - receive.memory_bytes() > 4 << 20
