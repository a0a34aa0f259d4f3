# SPDX-License-Identifier: Apache-2.0
"""While Postgres keeps the portal's connections and says nothing: its disk hangs, or it is stopped."""

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from harness.dorad import Site
from harness.prepared import prepared
from harness.wait import wait_until

WORKERS = 4     # of daemon/portal/portal.c


def connect(site, portal):
    """A worker connects when it first has something to ask: until each has. Gives the other ends."""
    connections = ("SELECT pid FROM pg_stat_activity"
                   f" WHERE application_name = 'dorad portal' AND datname = '{site.database}'")
    with ThreadPoolExecutor(32) as pool:
        wait_until(lambda: list(pool.map(portal.get, [f"/services/x{i}" for i in range(32)])) and
                   len(site.query(connections)) == WORKERS)
    return [row["pid"] for row in site.query(connections)]


@contextmanager
def frozen(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def ask(pool, portal):
    """A page of each worker, and one that waits."""
    pages = [pool.submit(portal.get, f"/services/y{i}") for i in range(WORKERS + 1)]
    wait_until(lambda: portal.metrics()["dorad_portal_waiting"] >= 1)
    return pages


def test_what_needs_no_database_is_there_pages_say_what_is_wrong_and_a_stop_is_not_held_up():
    with prepared() as server, Site(postgres=server) as site, Site(postgres=server) as other, \
            ThreadPoolExecutor(2 * WORKERS + 2) as pool:
        portal, stopped = site.start("portal"), other.start("portal")
        style = re.search(r'"(/style-[0-9a-f]+\.css)"', portal.get("/").body.decode()).group(1)
        with frozen(connect(site, portal) + connect(other, stopped)):
            pages = ask(pool, portal)
            ask(pool, stopped)
            stopped.send(signal.SIGTERM)
            for path, status in ((style, 200), ("/icon.svg", 200), ("/robots.txt", 200), ("/healthz", 200),
                                 ("/api/openapi.yaml", 200), ("/services", 308), ("/nowhere", 404)):
                assert portal.get(path).status == status, path
            assert not any(page.done() for page in pages)
            for page in pages[:WORKERS]:
                answer = page.result()
                assert answer.status == 503 and b"does not answer at the moment" in answer.body, answer
            # A new connection has somebody at its other end.
            assert pages[WORKERS].result().status == 404
            stopped.wait(seconds=30)
        assert "postgres: no answer in time" in portal.read_log()
        assert portal.get("/").status == 200
