# SPDX-License-Identifier: Apache-2.0
"""A worker of the roll-up: what it takes up while it runs, and what it tells."""

import datetime
import json
import signal

from harness import http
from harness.wait import wait_until
from stream_events import add, deployments, event, kept, pending


def metrics(address):
    lines = http.get(address, "/metrics").body.decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


def test_metrics_say_what_came_and_what_waits(full_site):
    address = f"127.0.0.1:{http.free_port()}"
    full_site.config["rollup"]["metrics_listen"] = [address]
    add(full_site, deployments(20) + deployments(5))
    add(full_site, [event("deployment", "bad", "2025-03-01T00:00:00Z", "[]")])
    worker = full_site.start("rollup")
    wait_until(lambda: pending(full_site) == 0)
    wait_until(lambda: metrics(address)['dorad_rollup_events_total{result="dead"}'] == 1)
    told = metrics(address)
    assert told['dorad_rollup_events_total{result="kept"}'] == 20
    assert told['dorad_rollup_events_total{result="unchanged"}'] == 5
    assert 'dorad_rollup_lag{stream="dorad:deployment"}' in told
    assert http.get(address, "/healthz").status == 200
    assert http.get(address, "/secret").status == 404
    assert http.request(address, "POST", "/metrics", "").status == 405
    assert worker.stop() == 0


def test_a_reload_takes_up_a_changed_configuration_and_keeps_a_good_one(full_site):
    worker = full_site.start("rollup")
    full_site.catalog("services: [{name: svc-0}]\n")
    full_site.write()
    worker.send(signal.SIGHUP)
    wait_until(lambda: "catalog applied=" in worker.read_log(), what=worker.read_log)
    full_site.config["rollup"]["batch"] = "many"
    full_site.write()
    worker.send(signal.SIGHUP)
    wait_until(lambda: "reload error=" in worker.read_log(), what=worker.read_log)
    add(full_site, deployments(3))
    wait_until(lambda: len(kept(full_site)) == 3)
    assert worker.is_running()


def test_an_event_counts_within_the_running_worker_without_a_second_command(full_site):
    full_site.start("rollup")
    add(full_site, deployments(4, services=1))
    wait_until(lambda: full_site.query("SELECT sum(deployments)::int AS n FROM"
                                       " dorad.monthly_service")[0]["n"] == 4)


def test_an_as_of_without_once_or_that_is_no_time_is_misuse(full_site):
    for arguments in (["--as-of", "2025-01-01"], ["--once", "--as-of", "yesterday"]):
        done = full_site.run("rollup", *arguments, check=False)
        assert done.returncode == 2 and "--as-of" in done.stderr


def push(sha, previous, day):
    """The one change of a push to acme/cart, as (kind, fields)."""
    at = f"2026-06-{day:02}T10:00:00Z"
    return event("change", f"c-{sha}", at, {
        "change_id": sha, "landed_at": at, "committed_at": at, "ordinal": 0, "ref": "main",
        "previous": previous, "origin": {"system": "github", "host": "github.com",
                                         "repository": "acme/cart", "repository_id": "7"}})


def test_a_push_that_never_came_is_an_alarm_until_it_comes(full_site):
    a, b, c, d = ("%040x" % n for n in range(1, 5))
    # The first push of a repository follows something that was there before the webhook.
    add(full_site, [push(b, a, 10), push(d, c, 12)])
    full_site.run("rollup", "--once", "--as-of", "2026-06-13T00:00:00Z")

    def gaps():
        return full_site.query("SELECT pushes_after_a_gap AS n FROM dorad.quality_alarm")[0]["n"]

    assert gaps() == 1
    done = full_site.run("status", "--json", check=False)
    assert any("after a gap" in act for act in json.loads(done.stdout)["act"])
    assert json.loads(done.stdout)["postgres"]["pushes_after_a_gap"] == 1
    add(full_site, [push(c, b, 11)])
    full_site.run("rollup", "--once", "--as-of", "2026-06-13T00:00:00Z")
    assert gaps() == 0


def test_a_worker_says_once_that_pushes_are_missing(full_site):
    a, b, c, d = ("%040x" % n for n in range(1, 5))
    now = datetime.datetime.now(datetime.timezone.utc)
    address = f"127.0.0.1:{http.free_port()}"
    full_site.config["rollup"]["metrics_listen"] = [address]
    events = [push(b, a, 10), push(d, c, 12)]
    for days, (_, fields) in zip((3, 1), events):
        at = (now - datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        fields["time"] = at
        fields["data"] = json.dumps({**json.loads(fields["data"]), "landed_at": at})
    add(full_site, events)
    full_site.run("rollup", "--once")
    worker = full_site.start("rollup")
    wait_until(lambda: "<4>quality pushes_after_a_gap=1" in worker.read_log())
    assert metrics(address)["dorad_rollup_push_gaps"] == 1


def slow_down(site, seconds):
    """Every recomputation takes so long, and does what it did."""
    site.query("ALTER FUNCTION dorad_data.recompute RENAME TO recompute_in_time")
    site.query(f"""CREATE FUNCTION dorad_data.recompute(n integer, turn integer) RETURNS integer
        LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep({seconds}); RETURN dorad_data.recompute_in_time(n, turn); END $$""")


def sleeping(site):
    """The transactions that recompute just now, by when they began."""
    return [row["xact_start"] for row in site.query(
        "SELECT xact_start FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        " AND datname = current_database()")]


def test_a_long_statement_is_work_that_goes_on_and_a_stop_cancels_it(full_site):
    slow_down(full_site, 600)
    worker = full_site.start("rollup", env={"WATCHDOG_USEC": "2000000"})
    began = wait_until(lambda: sleeping(full_site))[0]
    fed = worker.read_notices().count("WATCHDOG=1")
    wait_until(lambda: worker.read_notices().count("WATCHDOG=1") >= fed + 4)
    # The helper's session goes on, and after a while the worker's own has joined in.
    assert began in sleeping(full_site)
    wait_until(lambda: len(sleeping(full_site)) == 2)
    assert worker.stop() == 0
    assert sleeping(full_site) == []
