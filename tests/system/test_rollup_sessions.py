# SPDX-License-Identifier: Apache-2.0
"""Sessions of Postgres that recompute side by side: none waits while there is work that nobody has."""

import json
import threading

import psycopg2
import pytest

from stream_events import add, deployments, kept, pending
from harness.wait import wait_until


def keep(session, n, kind, services, batch=0):
    """n things of that kind, each of one of these services, kept and marked."""
    name = {"deployment": "deployment_id", "work_item": "item_id", "change": "change_id",
            "incident": "incident_id"}[kind]
    events = []
    for i in range(n):
        service = services[i % len(services)]
        data = {name: f"{kind}-{batch}-{i}", "landed_at": "2025-03-01T00:00:00Z"}
        data |= {"service": service} if kind == "deployment" else {"services": [service]}
        data |= {"change": {}, "deployment": {"environment": "production", "status": "succeeded"},
                 "work_item": {"status": "done"}, "incident": {"state": "open"}}[kind]
        events.append({"kind": kind, "source": "/test", "id": f"{kind}/{batch}/{i}", "revision": 0,
                       "time": "2025-03-01T00:00:00Z", "data": data})
    session.cursor().execute("SELECT dorad_data.keep(%s)", [json.dumps(events)])
    session.commit()


def ask(session, sql):
    cursor = session.cursor()
    cursor.execute(sql)
    return cursor.fetchone()[0]


def sessions(site, n):
    """Of the worker's kind: whoever waits for a lock gives up soon."""
    site.query("SELECT dorad_data.start_clock('2025-06-01')")
    opened = [site.postgres.connect(site.database, autocommit=False) for _ in range(n)]
    for session in opened:
        session.cursor().execute("SET lock_timeout = '2s'")
        session.commit()
    return opened


def test_a_second_session_takes_the_services_that_the_first_has_not(full_site):
    first, second, third = sessions(full_site, 3)
    keep(first, 400, "deployment", [f"svc-{i}" for i in range(40)])
    assert ask(first, "SELECT dorad_data.recompute(16)") == 160
    assert ask(second, "SELECT dorad_data.recompute(16)") == 160
    assert ask(third, "SELECT dorad_data.recompute(16)") == 80
    for session in (first, second, third):
        session.commit()
    assert ask(first, "SELECT count(*) FROM dorad_data.mark") == 0


def test_a_second_session_takes_the_months_that_the_first_has_not(full_site):
    first, second = sessions(full_site, 2)
    keep(first, 40, "deployment", [f"svc-{i}" for i in range(40)])
    assert ask(first, "SELECT dorad_data.recompute(1000)") == 40
    first.commit()
    assert ask(first, "SELECT dorad_data.recompute(30)") == 30
    assert ask(second, "SELECT dorad_data.recompute(30)") == 10
    first.commit()
    second.commit()
    assert ask(first, "SELECT dorad_data.recompute(30)") == 0


def test_items_are_recomputed_while_another_session_has_the_facts(full_site):
    first, second = sessions(full_site, 2)
    keep(first, 10, "change", ["svc"])
    assert ask(first, "SELECT dorad_data.recompute(16)") == 10
    keep(second, 5, "work_item", ["svc"])
    assert ask(second, "SELECT dorad_data.recompute_ahead(6)") == 0         # too few
    assert ask(second, "SELECT dorad_data.recompute(16)") == 5
    second.commit()
    first.commit()
    assert ask(first, "SELECT count(*) FROM dorad_data.item_fact") == 5


def test_what_is_done_ahead_is_what_waits_for_nobody_and_no_month(full_site):
    first, second = sessions(full_site, 2)
    keep(first, 20, "work_item", ["svc"])
    keep(first, 20, "change", ["svc"])
    keep(first, 20, "deployment", ["svc"])
    assert ask(first, "SELECT dorad_data.recompute_ahead(20)") == 20        # items
    assert ask(second, "SELECT dorad_data.recompute_ahead(20)") == 20       # changes
    first.commit()
    assert ask(first, "SELECT dorad_data.recompute_ahead(1)") == 0
    first.commit()
    second.commit()
    assert ask(first, "SELECT count(*) FROM dorad_data.mark WHERE stage = 'deployment'") == 20
    assert ask(first, "SELECT count(*) FROM dorad_data.monthly") == 0


def flow(session, n, count):
    """As many events as waited when a round began have come in when it is done, for n rounds."""
    keep(session, count, "change", ["svc"], "first")
    for turn in range(1, n + 1):
        for kind in ("deployment", "change"):
            keep(session, count, kind, ["svc", "other"], turn)
        assert ask(session, f"SELECT dorad_data.recompute(16, {turn})") > 0
        session.commit()


@pytest.mark.parametrize("count", [1, 300], ids=["few", "many"])
def test_what_goes_last_is_computed_though_more_comes_in_all_the_time(full_site, count):
    session, = sessions(full_site, 1)
    keep(session, 3, "incident", ["svc"])
    flow(session, 16, count)
    assert ask(session, "SELECT count(*) FROM dorad_data.incident_fact") == 3
    assert ask(session, "SELECT sum(deployments) FROM dorad.monthly_service") > 0
    assert ask(session, "SELECT sum(incidents_started) FROM dorad.monthly_service") == 3


def work(session):
    while ask(session, "SELECT dorad_data.recompute(16)"):
        session.commit()
    session.commit()


def is_right(site, session):
    work(session)
    return site.query("SELECT verify AS line FROM dorad_data.verify() AS verify") == []


def test_a_clock_that_passes_a_line_of_the_catalogue_being_applied_sees_it(full_site):
    first, second = sessions(full_site, 2)
    keep(first, 1, "deployment", ["svc"])
    work(first)
    catalog = json.dumps({"services": [{"name": "svc", "phases": [
        {"phase": "live"}, {"phase": "development", "from": "2025-06-01T00:30:00Z"}]}]})
    first.cursor().execute("SELECT dorad_data.apply_catalog(%s, false)", [catalog])
    try:
        second.cursor().execute("SELECT dorad_data.advance('2025-06-01T01:00:00Z')")
        second.commit()
    except psycopg2.errors.LockNotAvailable:
        second.rollback()
    first.commit()
    second.cursor().execute("SELECT dorad_data.advance('2025-06-01T01:00:00Z')")
    second.commit()
    assert is_right(full_site, second)


def of_origin(identity, minute, deployment, revision=0, **more):
    """An event of a deployment that names no service, in a minute of the 1st of March."""
    return {"kind": "deployment", "source": "/test", "id": identity, "revision": revision,
            "time": f"2025-03-01T00:{minute:02}:00Z",
            "data": {"deployment_id": deployment, "status": "succeeded", "via": "deployment",
                     "environment": "production", **more}}


def begin_to_keep(session, *events):
    session.cursor().execute("SELECT dorad_data.keep(%s)", [json.dumps(events)])


def beside(session, *events):
    """Keeps events, as far as nobody is in the way, in a thread that is to be joined."""
    def keep_them():
        try:
            begin_to_keep(session, *events)
        except psycopg2.errors.SerializationFailure:
            session.rollback()
            begin_to_keep(session, *events)
        session.commit()

    thread = threading.Thread(target=keep_them)
    thread.start()
    thread.join(0.5)
    return thread


def test_an_event_kept_while_its_repository_gets_another_name_is_not_lost(full_site):
    first, second = sessions(full_site, 2)
    old, new = ({"origin": {"system": "github", "host": "github.com", "repository": name,
                            "repository_id": "7"}} for name in ("acme/old", "acme/new"))
    begin_to_keep(first, of_origin("1", 1, "d1", **old))
    first.commit()
    work(first)
    begin_to_keep(first, of_origin("2", 3, "d2", **new))
    other = beside(second, of_origin("3", 2, "d3", **old))
    first.commit()
    other.join()
    assert is_right(full_site, first)
    assert full_site.query("SELECT DISTINCT service, count(*) AS n FROM dorad_data.deployment_fact"
                           " GROUP BY service") == [{"service": "acme/new", "n": 3}]


def test_a_deployment_of_which_more_is_said_while_it_is_computed_is_one_services_alone(full_site):
    first, second = sessions(full_site, 2)
    first.cursor().execute("SELECT dorad_data.apply_catalog(%s, false)", [json.dumps(
        {"services": [{"name": name, "sources": [{"argocd": name}]} for name in ("cart", "till")]})])
    first.commit()
    cart, till = ({"system": "argocd", "application": name} for name in ("cart", "till"))
    begin_to_keep(first, of_origin("1", 1, "d1", origin=cart))
    first.commit()
    assert ask(first, "SELECT dorad_data.recompute(16)") > 0
    begin_to_keep(second, of_origin("2", 2, "d1", origin=till))
    second.commit()
    first.commit()
    assert is_right(full_site, first)
    assert full_site.query("SELECT service FROM dorad_data.deployment_fact") == [{"service": "till"}]


def test_an_event_kept_twice_at_once_in_different_words_is_computed_as_the_better_one_says(full_site):
    first, second, third = sessions(full_site, 3)
    begin_to_keep(first, of_origin("1", 1, "d1", service="one"))
    thread = threading.Thread(target=begin_to_keep, args=(second, of_origin(
        "1", 1, "d1", 1, service="other")))
    failures = []
    threading.excepthook, before = (lambda args: failures.append(args.exc_type)), threading.excepthook
    thread.start()
    thread.join(0.5)
    first.commit()
    thread.join()
    threading.excepthook = before
    work(third)
    if failures:
        assert failures == [psycopg2.errors.SerializationFailure]
        second.rollback()
        begin_to_keep(second, of_origin("1", 1, "d1", 1, service="other"))
    second.commit()
    assert is_right(full_site, first)


def test_what_the_clock_passes_while_others_recompute_counts(full_site):
    first, second, locker = sessions(full_site, 3)
    keep(first, 1, "deployment", ["svc"])
    begin_to_keep(first, {
        "kind": "incident", "source": "/test", "id": "1", "revision": 0,
        "time": "2025-06-02T00:00:00Z", "data": {"incident_id": "i", "services": ["svc"]}})
    first.commit()
    locker.cursor().execute("SELECT pg_advisory_xact_lock(dorad_data.lock_key('dorad.walk'),"
                            " dorad_data.lock_key('svc'))")
    first.cursor().execute("SET lock_timeout = '1min'")
    thread = threading.Thread(target=ask, args=(first, "SELECT dorad_data.recompute(16)"))
    thread.start()
    wait_until(lambda: full_site.query("SELECT count(*) AS n FROM pg_locks WHERE NOT granted")
               == [{"n": 1}])
    second.cursor().execute("SELECT dorad_data.advance('2025-06-03T00:00:00Z')")
    second.commit()
    locker.rollback()
    thread.join()
    first.commit()
    assert is_right(full_site, first)
    assert full_site.query("SELECT incident_id FROM dorad_data.incident_fact") == [{"incident_id": "i"}]


def test_events_are_kept_while_a_recomputation_takes_its_time(full_site):
    worker = full_site.start("rollup")
    locker = full_site.postgres.connect(full_site.database, autocommit=False)
    locker.cursor().execute("SELECT FROM dorad_data.clock FOR UPDATE")
    add(full_site, deployments(30))
    wait_until(lambda: len(kept(full_site)) == 30 and pending(full_site) == 0)
    assert full_site.query("SELECT count(*) AS n FROM dorad_data.deployment_fact") == [{"n": 0}]
    locker.rollback()
    locker.close()
    wait_until(lambda: full_site.query("SELECT sum(deployments)::int AS n FROM"
                                       " dorad.monthly_service")[0]["n"] == 30)
    assert worker.stop() == 0
