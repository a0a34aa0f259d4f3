# SPDX-License-Identifier: Apache-2.0
"""An import beside a receiver leaves the syncing to it: webhooks wait for the same disk."""

import errno
import json
import os
import subprocess

import pytest

from harness import dorad
from harness.dorad import Site
from harness.faults import optimised, shim
from harness.wait import wait_until

API = "https://api.github.com/repos/acme/gh"
N_ISSUES = 500
HISTORY = "\n".join(json.dumps(one) for one in [
    {"id": 7001, "full_name": "acme/gh", "default_branch": "main", "url": API,
     "html_url": "https://github.com/acme/gh"},
    *({"id": n, "number": n, "state": "closed", "state_reason": "completed", "title": "x",
       "created_at": "2026-06-01T10:00:00Z", "updated_at": "2026-06-02T10:00:00Z",
       "closed_at": "2026-06-02T10:00:00Z", "labels": [], "type": None, "url": f"{API}/issues/{n}",
       "html_url": f"https://github.com/acme/gh/issues/{n}"} for n in range(N_ISSUES))])


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setenv("DORAD", optimised())
    with Site() as site:
        site.endpoint("push", "events")
        site.start("receive").stop()    # the ledger is there
        yield site


def test_it_syncs_no_more_however_much_it_keeps(site):
    path = os.path.join(site.folder, "count")
    site.start("receive")
    site.run("import", "github", text=HISTORY, env=shim(count=path))
    with open(path, encoding="ascii") as file:
        counts = dict(line.split() for line in file)
    assert len(site.table("deliveries", "--endpoint", "import")) > 3
    assert int(counts["sync"]) <= 2     # the other is that of a log which begins anew


def test_what_is_not_synced_is_not_sent(site):
    """The receiver's disk takes writes, and syncs nothing."""
    receive = site.start("receive", env=shim(call="sync", nth=1, errno=errno.EIO, always=1))
    importing = subprocess.Popen(
        [dorad.program(), "import", "github", "-c", site.path], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dorad.environment())
    importing.stdin.write(HISTORY.encode())
    importing.stdin.close()
    wait_until(lambda: "cannot be synced" in receive.read_last_log())
    assert site.redis.entries("work_item") == []
    importing.kill()
    importing.wait()
    receive.kill()
    assert site.redis.entries("work_item") == []

    site.start("receive")
    site.wait_for_entries("work_item", 1)
