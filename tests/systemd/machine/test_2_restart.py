# SPDX-License-Identifier: Apache-2.0
"""Restarts, hangs and a changed secret, each under 200 requests a second: nobody notices."""

import os
import threading
import time

import pytest

from conftest import DAEMONS, no_trouble, secret, sh, shown, wait_for_all, wait_until, words_of
import load

ROUNDS = 50


def pids():
    return {shown(unit, "MainPID") for unit in DAEMONS}


@pytest.fixture
def probed():
    """The portal, asked ten times a second; afterwards it must have answered each time."""
    failures, stopping = [], threading.Event()

    def probe():
        while not stopping.wait(0.1):
            try:
                code, words = load.get("/healthz", 8081)
            except OSError as error:
                code, words = 0, repr(error)
            if code != 200:
                failures.append((code, words))
    thread = threading.Thread(target=probe)
    thread.start()
    yield
    stopping.set()
    thread.join()
    assert failures == []


@pytest.fixture(scope="module", autouse=True)
def strictly():
    """A call that the units' filter forbids ends the daemon, in place of an error it may hide."""
    for unit in DAEMONS:
        folder = f"/etc/systemd/system/{unit}.d"
        os.makedirs(folder)
        with open(f"{folder}/strict.conf", "w", encoding="utf-8") as file:
            file.write("[Service]\nSystemCallErrorNumber=\nRestart=no\n")
    sh("systemctl daemon-reload && systemctl restart dorad.target")
    yield
    for unit in DAEMONS:
        sh(f"rm -r '/etc/systemd/system/{unit}.d'")
    sh("systemctl daemon-reload && systemctl restart dorad.target")


def test_fifty_restarts_of_everything_are_not_noticed(under_load, probed):
    began, before = time.time(), pids()
    for turn in range(ROUNDS):
        if turn % 10 == 5:
            sh("systemctl restart redis-server postgresql@15-main")
        done = len(under_load.kept)
        sh("systemctl restart dorad.target")
        wait_until(lambda done=done: len(under_load.kept) > done + 20, "requests to be answered")
    assert not before & pids()
    no_trouble(began)


def test_a_reload_of_everything_is_not_noticed(under_load):
    before = pids()
    for _ in range(20):
        sh(f"systemctl reload {' '.join(DAEMONS)}")
    assert before == pids()


def test_a_secret_is_changed_under_load(under_load):
    """As dorad-receive(8) says: the new one beside the old, the sender changed, the old one gone."""
    def configure(names):
        sh(f"sed -i 's/secrets: \\[github[^]]*\\]/secrets: [{names}]/' /etc/dorad/dorad.yaml")
        sh("systemctl restart dorad-receive")
        n = len(under_load.kept)
        wait_until(lambda: len(under_load.kept) > n + 200, "requests to be answered")
    sh("umask 077; head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n' >/etc/dorad/secrets/github-2")
    configure("github, github-2")
    under_load.secret = secret("github-2")
    n = len(under_load.kept)
    wait_until(lambda: len(under_load.kept) > n + 200, "the sender to use the new one")
    configure("github-2")
    sh("mv /etc/dorad/secrets/github-2 /etc/dorad/secrets/github")
    configure("github")
    assert load.exchange(load.request(load.deployment(0), "old")).startswith(b"HTTP/1.1 401 ")


def test_daemons_that_hang_are_ended_by_the_watchdog_and_come_back(world):
    for unit in DAEMONS:
        sh(f"rm -r '/etc/systemd/system/{unit}.d'; mkdir -p '/etc/systemd/system/{unit}.d'")
    sh("systemctl daemon-reload")
    before = {unit: shown(unit, "MainPID") for unit in DAEMONS}
    began = time.time()
    sh(f"kill -STOP {' '.join(before.values())}")
    for unit, pid in before.items():
        wait_until(lambda unit=unit, pid=pid: shown(unit, "ActiveState") == "active"
                   and shown(unit, "MainPID") not in ("0", pid), f"{unit} to come back", 60)
    took = time.time() - began
    print(f"hung daemons were back after {took:.1f} s")
    assert took < 30
    assert "Watchdog timeout" in words_of(["dorad-receive"], began)
    with load.Load(secret()) as after:
        wait_until(lambda: len(after.kept) > 200, "requests to be answered")
    assert after.failures == []
    world["kept"] += after.kept
    wait_for_all(world["kept"])
