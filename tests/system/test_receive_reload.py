# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: what dorad receive takes up, what takes a restart, and that neither opens a door."""

import os
import signal

import pytest

from harness import http
from harness.front import head
from harness.tls import Authority, context_for, options
from harness.wait import wait_until


def reload(site, receive):
    """Until it has been heard of; returns what the log says of it."""
    def lines():
        return [line for line in receive.read_log().splitlines() if "reload" in line]
    before = len(lines())
    site.write()
    receive.send(signal.SIGHUP)
    wait_until(lambda: any("reloaded " in line or "reload refused" in line
                           for line in lines()[before:]), what=receive.read_log)
    return "\n".join(lines()[before:])


def test_auth_none_is_not_let_in_by_the_address_that_a_restart_would_have(site):
    """The file says loopback by now, but the daemon listens where it did at its start."""
    site.endpoint("push", "events")
    site.receive_address = f"0.0.0.0:{http.free_port()}"
    site.config["receive"]["listen"] = [site.receive_address]
    receive = site.start("receive")
    site.config["receive"]["listen"] = [f"127.0.0.1:{http.free_port()}"]
    site.config["receive"]["endpoints"]["open"] = {"source": "events", "auth": "none"}
    words = reload(site, receive)
    assert "reload refused" in words and f"{site.receive_address} can be reached by others" in words
    assert http.post(receive.address, "/webhooks/open", b"{}").status == 404
    assert receive.post_events([]).status == 200


def test_what_takes_a_restart_is_named_and_the_rest_is_taken_up(site):
    site.endpoint("push", "events")
    receive = site.start("receive")
    assert "not taken up" not in reload(site, receive)
    site.config["receive"] |= {"max_body": "1KiB", "metrics_listen": ["127.0.0.1:0"]}
    site.config["portal"] = {"listen": ["127.0.0.1:1"]}     # another daemon's
    site.endpoint("more", "events")
    words = reload(site, receive)
    assert "not taken up: receive.metrics_listen, receive.max_body; a restart does" in words
    assert receive.post("more", b"x" * 2000, {
        "Authorization": f"Bearer {site.secrets['more']}"}).status == 200
    assert receive.get("/metrics").status == 200


def test_a_certificate_in_another_file_is_taken_up(site):
    site.endpoint("push", "events")
    old, new = Authority(site.folder, "old"), Authority(site.folder, "new")
    for authority in old, new:
        authority.issue("server")
    site.config["receive"]["tls"] = options(old)
    receive = site.start("receive")

    def is_served(authority):
        with http.connect(receive.address) as plain, \
                context_for(authority).wrap_socket(plain, server_hostname="dorad.test") as client:
            client.sendall(head("GET", "/healthz"))
            return client.recv(100).startswith(b"HTTP/1.1 200 ")
    assert is_served(old)
    site.config["receive"]["tls"] = options(new)
    reload(site, receive)
    wait_until(lambda: "certificate" in receive.read_log() or is_served(new))
    assert is_served(new)
    # To speak TLS at all is of the start.
    del site.config["receive"]["tls"]
    reload(site, receive)
    wait_until(lambda: "TLS is spoken since the start; want a restart" in receive.read_log())
    assert is_served(new)


def test_another_patience_at_a_stop_is_taken_up(site):
    site.endpoint("push", "events")
    site.config["receive"]["drain"] = "300s"
    receive = site.start("receive")
    with http.connect(receive.address) as begun:
        begun.sendall(head("POST", "/webhooks/push", "Content-Length: 500000",
                           f"Authorization: Bearer {site.secrets['push']}") + b"[" * 100_000)
        wait_until(lambda: receive.metrics()["dorad_http_in_flight_bytes"] > 0)
        site.config["receive"]["drain"] = "1s"
        reload(site, receive)
        assert receive.stop() == 0      # which would otherwise take longer than the harness waits


@pytest.mark.parametrize("option", ["receive.tls.key", "redis_password"])
def test_a_secret_without_a_slash_is_beside_the_configuration_and_nobody_elses(site, option):
    """As those of endpoints are: dorad.yaml(5)."""
    site.endpoint("push", "events")
    os.mkdir(f"{site.folder}/secrets")
    authority = Authority(site.folder, "ca")
    authority.issue("server")
    if option == "redis_password":
        site.config["redis_password"] = "one"
        site.file("secrets/one", "hunter2\n")
    else:
        os.rename(authority.path("server.key"), f"{site.folder}/secrets/one")
        site.config["receive"]["tls"] = options(authority) | {"key": "one"}
    site.write()
    os.chmod(f"{site.folder}/secrets/one", 0o604)
    words = site.run("check", check=False).stdout
    assert f"{site.folder}/secrets/one: " in words and "chmod o=" in words
    os.chmod(f"{site.folder}/secrets/one", 0o600)
    words = site.run("check", check=False).stdout
    assert "secrets/one" not in words and "chmod" not in words


@pytest.mark.parametrize("options, words", [
    ({"tls": {"certificate": "/nowhere.pem", "key": "/nowhere.key"}}, "/nowhere.pem: cannot be read"),
    ({"listen": ["127.0.0.1:0", "8080"]}, "listen 8080: want HOST:PORT"),
    ({"listen": ["127.0.0.1:65616"]}, "listen 127.0.0.1:65616: want a port"),
    ({"listen": ["192.0.2.1:8080"]}, "listen 192.0.2.1:8080: bind: Cannot assign"),
    ({"listen": ["dorad.invalid:8080"]}, "listen dorad.invalid:8080: "),
    ({"listen": ["unix:/nowhere/door"]}, "listen unix:/nowhere/door: "),
    ({"listen": ["unix:/etc/passwd"]}, "there is a file that is no socket"),
    ({"metrics_listen": ["unix:here"]}, "listen unix:here: want unix:/PATH"),
    ({"trusted_proxies": ["10.0.0.0/33"]}, "trusted_proxies: 10.0.0.0/33: want an address"),
])
def test_check_says_beforehand_what_would_keep_the_receiver_from_starting(site, options, words):
    site.endpoint("push", "events")
    site.write()
    row, = [row for row in site.table("check") if row["what"] == "receiver"]
    assert row["result"] == "good"
    site.config["receive"] |= options
    site.write()
    done = site.run("check", "--offline", check=False)
    assert done.returncode == 1 and words in done.stdout
    assert words in site.run("receive", check=False).stderr


def test_check_says_that_an_address_is_named_twice(site):
    site.endpoint("push", "events")
    site.config["receive"]["metrics_listen"] = list(site.config["receive"]["listen"])
    site.write()
    done = site.run("check", "--offline", check=False)
    assert done.returncode == 1 and f"{site.receive_address}: named twice" in done.stdout


def test_check_is_content_while_the_daemon_that_it_looks_at_runs(site):
    site.endpoint("push", "events")
    site.config["receive"]["metrics_listen"] = [f"unix:{site.folder}/metrics.sock"]
    site.start("receive")
    row, = [row for row in site.table("check") if row["what"] == "receiver"]
    assert row["result"] == "good"
