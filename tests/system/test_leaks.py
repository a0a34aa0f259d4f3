# SPDX-License-Identifier: Apache-2.0
"""No secret, token, signature, query string or body is in anything that dorad writes but the
ledger's own rows and the streams: every one of them is a recognisable text here, which is then
looked for in logs, metrics, listings, what systemd is told, and in the ledger's file."""

import base64
import json
import os
import secrets
import signal
import socket
import ssl
import stat
import subprocess
import time

import pytest

from harness import http
from harness.dorad import environment
from harness.wait import wait_until

BODIES = ("Body", "Tls", "Garbage", "Value")
BODY_PLACES = ("title", "description", "name", "email", "message")


class Canaries:
    """Texts that may be nowhere, by the place that each was put in."""

    def __init__(self):
        self.texts = {}

    def new(self, place):
        text = f"Kanarie{place}{secrets.token_hex(8)}"
        self.texts[place + text[-4:]] = text
        return text

    def also(self, place, text):
        assert len(text) >= 16
        self.texts[place] = text
        return text

    def found(self, text, but=()):
        return sorted(place for place, canary in self.texts.items()
                      if canary in text and not place.startswith(tuple(but) or ("-",)))


def body_with(canaries, kind="Body"):
    return json.dumps({name: canaries.new(kind + name) for name in BODY_PLACES} | {
        "action": "created", "zen": canaries.new(kind + "zen")}).encode()


def post_github(receive, canaries, body, secret, where="github"):
    headers = http.github_headers("issues", body, secret)
    canaries.also("signature" + secrets.token_hex(2), headers["X-Hub-Signature-256"][7:])
    return http.post(receive.address, f"/webhooks/{where}", body, headers).status


def good_requests(site, receive, canaries):
    secret = site.secrets
    basic = base64.b64encode(secret["basic"].encode()).decode()
    canaries.also("basic64", basic)
    standard = str(int(time.time()))
    body = body_with(canaries)
    signature = http.sign_standard(secret["standard"], body, "msg_1", standard)
    canaries.also("standard64", signature[3:])
    yield post_github(receive, canaries, body, secret["github"])
    # As short as what a parser repeats of what it could not read.
    for before in "", "{", '{"x": ', "[1 ":
        garbage = canaries.also("Garbage" + before, "q" + secrets.token_hex(8))
        yield post_github(receive, canaries, (before + garbage).encode(), secret["github"])
    yield receive.post("bearer", body, {"Authorization": f"Bearer {secret['bearer']}"}).status
    yield receive.post("basic", body, {"Authorization": f"Basic {basic}"}).status
    yield receive.post("gitlab", body, {"X-Gitlab-Token": secret["gitlab"],
                                        "X-Gitlab-Event": "Issue Hook"}).status
    yield receive.post(f"path/{secret['path']}", body).status
    yield receive.post(f"query?token={secret['query']}&x={canaries.new('Query')}", body).status
    yield receive.post("standard", body, {
        "webhook-id": "msg_1", "webhook-timestamp": standard, "webhook-signature": signature,
        "Content-Type": "application/cloudevents+json"}).status
    event = {"specversion": "1.0", "id": "1", "type": "dorad.deployment.v1",
             "time": canaries.new("Value"), "data": {"deployment_id": "1", "service": "s"}}
    yield receive.post_events([event, event], "standard").status


def bad_requests(site, receive, canaries):
    """(request as bytes, wanted status)."""
    host = "Host: x\r\n"
    body = body_with(canaries)
    for endpoint, header in (
            ("github", "X-Hub-Signature-256: sha256=" + canaries.also("wrong", "ab" * 32)),
            ("bearer", f"Authorization: Bearer {canaries.new('Wrong')}"),
            ("basic", f"Authorization: Basic {canaries.new('Wrong')}"),
            ("gitlab", f"X-Gitlab-Token: {canaries.new('Wrong')}"),
            (f"path/{canaries.new('Wrong')}", "X: y"),
            (f"query?token={canaries.new('Wrong')}", "X: y")):
        yield (f"POST /webhooks/{endpoint} HTTP/1.1\r\n{host}{header}\r\n"
               f"Cookie: {canaries.new('Cookie')}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body, 401
    yield f"GET /webhooks/nothing?{canaries.new('Query')} HTTP/1.1\r\n{host}\r\n".encode(), 404
    yield f"GET /{canaries.new('Path')} HTTP/1.1\r\n{host}\r\n".encode(), 404
    yield f"GET / HTTP/1.1\r\n{host}X : {canaries.new('Field')}\r\n\r\n".encode(), 400
    yield f"GET / HTTP/1.1\r\nHost: {canaries.new('Host')} b\r\n\r\n".encode(), 400
    yield f"{canaries.new('Line')}\r\n\r\n".encode(), 400
    yield f"GET / HTTP/1.1\r\n{host}X: {canaries.new('Long') * 2000}\r\n\r\n".encode(), 431
    yield (f"POST /webhooks/github HTTP/1.1\r\n{host}X-Hub-Signature-256: sha256={'cd' * 32}\r\n"
           f"Transfer-Encoding: chunked\r\n\r\n{canaries.new('Chunk')}\r\n").encode(), 400
    yield (f"POST /webhooks/github HTTP/1.1\r\n{host}X-Hub-Signature-256: sha256={'cd' * 32}\r\n"
           f"Content-Length: 99999999\r\n\r\n{canaries.new('Large')}").encode(), 413


def over_tls(address, pem, data):
    context = ssl.create_default_context(cafile=pem)
    with socket.create_connection(address.split(":"), 30) as plain, \
            context.wrap_socket(plain, server_hostname="dorad.test") as client:
        client.sendall(data)
        return client.recv(65536)


def make_certificate(site, canaries):
    pem, key = os.path.join(site.folder, "tls.pem"), os.path.join(site.folder, "tls.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "3", "-subj", "/CN=dorad.test",
                    "-addext", "subjectAltName=DNS:dorad.test", "-keyout", key, "-out", pem],
                   check=True, stderr=subprocess.DEVNULL)
    os.chmod(key, 0o600)
    with open(key, encoding="ascii") as file:
        canaries.also("tlskey", file.read().splitlines()[1])
    return pem, key


def configure(site, canaries):
    for name, source, options in (
            ("github", "github", {}), ("bearer", "github", {"auth": "bearer"}),
            ("basic", "github", {"auth": "basic"}), ("gitlab", "gitlab", {}),
            ("path", "github", {"auth": "path"}), ("query", "github", {"auth": "query"}),
            ("standard", "events", {})):
        secret = canaries.new("Secret" + name)
        if name == "basic":
            secret = "user:" + secret
        if name == "standard":
            secret = "whsec_" + canaries.also(
                "standard", base64.b64encode(secrets.token_bytes(24)).decode())
        site.endpoint(name, source, secret, **options)
    site.config["log_level"] = "debug"


def reload_badly(site, receive, canaries):
    """A secret that everybody may read, and a file that is no configuration."""
    path = site.config["receive"]["endpoints"]["gitlab"]["secrets"][0]
    os.chmod(path, 0o604)
    receive.send(signal.SIGHUP)
    wait_until(lambda: receive.read_log().count("reload refused") == 1)
    os.chmod(path, 0o600)
    with open(site.path, "a", encoding="utf-8") as file:
        file.write("\nredis: [\n")
    receive.send(signal.SIGHUP)
    wait_until(lambda: receive.read_log().count("reload refused") == 2)
    site.write()
    receive.send(signal.SIGHUP)
    wait_until(lambda: "reloaded endpoints" in receive.read_log())


def test_nothing_that_a_receiver_writes_has_a_secret_or_a_body_in_it(site):
    canaries = Canaries()
    configure(site, canaries)
    pem, key = make_certificate(site, canaries)
    secure = f"127.0.0.1:{http.free_port()}"
    receive = site.start("receive")
    assert set(good_requests(site, receive, canaries)) == {200}
    for data, status in bad_requests(site, receive, canaries):
        assert http.raw(receive.address, data).startswith(b"HTTP/1.1 %d " % status), data
    wait_until(lambda: not site.table("deliveries", "--state", "kept"))
    metrics = receive.get("/metrics").body.decode()
    receive.stop()

    # Over TLS, with a Redis that asks for a password that is not the one we have.
    site.redis.client().config_set("requirepass", "another")
    site.config["redis_password"] = site.file("redis", canaries.new("RedisPassword") + "\n")
    site.config["receive"]["listen"] = [secure]
    site.config["receive"]["tls"] = {"certificate": pem, "key": key}
    site.receive_address = None
    receive = site.start("receive")
    line = f"POST /webhooks/query?token={site.secrets['query']} HTTP/1.1\r\nHost: x\r\n"
    body = body_with(canaries, "Tls")
    sent = f"{line}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert over_tls(secure, pem, sent).startswith(b"HTTP/1.1 200 ")
    with pytest.raises(OSError):        # plain bytes where TLS is spoken
        http.raw(secure, sent)
    wait_until(lambda: "redis refuses" in receive.read_log())
    reload_badly(site, receive, canaries)
    notices = "\n".join(receive.read_notices())
    written = {
        "log": receive.read_log(), "metrics": metrics, "systemd": notices,
        "check": str(site.run("check", check=False)),
        **{" ".join(arguments): str(site.run(*arguments, check=False)) for arguments in (
            ("deliveries",), ("deliveries", "--json"), ("status",), ("status", "--json"))}}
    site.stop()
    for row in site.table("deliveries"):
        number = str(row["seq"])
        written["show " + number] = site.run("deliveries", "show", number).stdout
        written["show json " + number] = site.run("deliveries", "show", number, "--json").stdout
    for what, text in written.items():
        # A listing says what was found where a time was wanted: that one value. Who asks for
        # one delivery is shown its body.
        but = {"deliveries": ["Value"], "show": BODIES}.get(what.split()[0])
        assert not canaries.found(text, but or ()), what
    assert "quarantined" in written["log"] and "status=401" in written["log"]
    for name in os.listdir(site.folder):
        if name.startswith("ledger"):
            with open(os.path.join(site.folder, name), "rb") as file:
                text = file.read().decode("latin-1")
            assert not canaries.found(text, BODIES), name


def test_nothing_that_the_others_write_has_a_password_or_a_token_in_it(site):
    canaries = Canaries()
    away = (f"host=127.0.0.1 port={http.free_port()} user=dorad dbname=dorad "
            f"password={canaries.new('Password')}")
    token = canaries.new("Token")
    site.config["rollup"] = {"postgres": away}
    site.config["portal"] = {"listen": [site.portal_address], "postgres": away,
                             "token": site.file("token", token + "\n")}
    portal = site.start("portal")
    for path, headers in (
            ("/", {"Authorization": f"Bearer {token}"}),
            ("/", {"Authorization": f"Bearer {canaries.new('Wrong')}"}),
            (f"/services/a?q={canaries.new('Query')}", {"Authorization": f"Bearer {token}"}),
            (f"/?token={canaries.new('Query')}", {"Cookie": canaries.new("Cookie")})):
        portal.get(path, headers)
    metrics = portal.get("/metrics").body.decode()
    rollup = site.start("rollup", wait=False)
    wait_until(lambda: "postgres doing=connect" in rollup.read_log())
    written = {"portal": portal.read_log(), "metrics": metrics, "rollup": rollup.read_log()}
    site.stop()
    for arguments in (("status",), ("check",), ("migrate",), ("rollup", "--once"),
                      ("explain", "s", "2026-01", "fail_rate"), ("catalog", "unmapped")):
        written[" ".join(arguments)] = str(site.run(*arguments, check=False))
    for what, text in written.items():
        assert not canaries.found(text), what


@pytest.mark.parametrize("subcommand", ["receive", "rollup", "portal"])
def test_a_daemon_leaves_no_core_and_lets_none_look_into_it(full_site, subcommand):
    """Its memory has secrets. What belongs to root of another's process cannot be read by its
    user: that is how the kernel shows that it may not be dumped."""
    site = full_site
    site.endpoint("push", "events")
    site.write()
    user = 65534
    for name in [".", *os.listdir(site.folder)]:
        os.chown(os.path.join(site.folder, name), user, user)
    os.chmod(site.redis.folder, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | 0o5)
    os.chmod(site.redis.socket, 0o777)
    daemon = site.start(subcommand, wrapper=[
        "prlimit", "--core=unlimited", "setpriv", f"--reuid={user}", f"--regid={user}",
        "--clear-groups"], env={"ASAN_OPTIONS": environment()["ASAN_OPTIONS"] +
                                ":disable_coredump=0"})
    with open(f"/proc/{daemon.pid}/limits", encoding="ascii") as file:
        core, = (line for line in file if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]
    assert os.stat(f"/proc/{daemon.pid}/mem").st_uid == 0
