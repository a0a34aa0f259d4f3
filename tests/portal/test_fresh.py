# SPDX-License-Identifier: Apache-2.0
"""A page is made once for each state of what it shows: made anew when that changed, and only then."""

import re
import signal

import pytest

from harness.wait import wait_until

PATHS = ["/", "/services/checkout", "/services/checkout/2026-05", "/services/checkout/2026-05/lead-time",
         "/teams/payments", "/services/checkout/lead-time.svg", "/api/v1/services/checkout/months",
         "/api/v1/services?limit=2"]


def again(served):
    return served.portal.metrics()["dorad_portal_again_total"]


def ask_until_at_hand(served, path):
    """The second answer, which is the first one given again."""
    served.get(path)
    assert is_at_hand(served, path)
    return served.get(path)


def is_at_hand(served, path):
    before = again(served)
    assert served.get(path).status == 200
    return again(served) > before



@pytest.mark.parametrize("path", PATHS)
def test_a_page_at_hand_is_the_page_that_was_made(small, path):
    first = small.get(path)
    at_hand = ask_until_at_hand(small, path)
    assert at_hand.status == first.status == 200 and at_hand.body == first.body
    for name in first.headers:
        if name != "date":
            assert at_hand.headers[name] == first.headers[name], name
    assert small.get(path, {"If-None-Match": first.headers["etag"]}).status == 304


def test_what_changed_is_on_the_page_at_once(small):
    for i in range(20):
        small.query("UPDATE dorad_data.service SET title = %s WHERE service = 'checkout' RETURNING 1",
                    f"Checkout {i}")
        for path in ("/services/checkout", "/", "/teams/payments"):
            assert f"Checkout {i}<" in small.get(path).body.decode(), (path, i)
            ask_until_at_hand(small, path)
    small.query("UPDATE dorad_data.service SET title = 'Checkout' WHERE service = 'checkout' RETURNING 1")
    assert "Checkout<" in small.get("/services/checkout").body.decode()


def test_what_is_not_committed_yet_is_on_no_page(small):
    path = "/services/checkout"
    with small.site.postgres.connect(small.site.database, autocommit=False) as connection:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE dorad_data.service SET title = 'Not yet' WHERE service = 'checkout'")
            assert "Not yet" not in small.get(path).body.decode()
            assert "Not yet" not in ask_until_at_hand(small, path).body.decode()
            connection.commit()
            assert "Not yet" in small.get(path).body.decode()
            cursor.execute("UPDATE dorad_data.service SET title = 'Checkout' WHERE service = 'checkout'")
    connection.close()
    assert "Not yet" not in small.get(path).body.decode()


def test_what_is_pooled_over_everything_shows_a_change_soon(small):
    path = "/dora/api/metric?type=df_count&aggregation=monthly"
    first = small.get(path).body
    change = ("UPDATE dorad_data.deployment_fact SET excluded = %s WHERE kind = 'change' AND at ="
              " (SELECT max(at) FROM dorad_data.deployment_fact WHERE kind = 'change') RETURNING 1")
    small.query(change, True)
    wait_until(lambda: small.get(path).body != first, 90, what="a deployment less")
    small.query(change, False)
    wait_until(lambda: small.get(path).body == first, 90, what="it to be counted again")


def test_a_page_is_not_at_hand_for_whoever_may_not_read_it(small):
    ask_until_at_hand(small, "/services/checkout")
    small.site.config["portal"]["token"] = small.site.file("portal.token", "let-me-read-these-pages-please\n")
    small.site.write()
    small.portal.send(signal.SIGHUP)
    wait_until(lambda: small.get("/services/checkout").status == 401, what="the token to be asked for")
    allowed = {"Authorization": "Bearer let-me-read-these-pages-please"}
    assert small.get("/services/checkout", allowed).status == 200
    assert small.get("/services/checkout").status == 401
    del small.site.config["portal"]["token"]
    small.site.write()
    small.portal.send(signal.SIGHUP)
    wait_until(lambda: small.get("/services/checkout").status == 200, what="the token to be forgotten")


def test_another_base_url_is_in_the_links_of_pages_that_were_at_hand(small):
    ask_until_at_hand(small, "/services/checkout")
    small.site.config["portal"]["base_url"] = "https://numbers.example.com/dora"
    small.site.write()
    small.portal.send(signal.SIGHUP)
    wait_until(lambda: re.search(r'href="/dora/teams/payments"',
                                 small.get("/services/checkout").body.decode()),
               what="the links to have the prefix")
    del small.site.config["portal"]["base_url"]
    small.site.write()
    small.portal.send(signal.SIGHUP)
    wait_until(lambda: "/dora/" not in small.get("/services/checkout").body.decode(),
               what="the links to lose it")


# -- what makes which page anew --------------------------------------------------------------------

SERVICE, TEAM, OTHER, LIST = "/services/checkout", "/teams/payments", "/services/loyalty", "/"
CHECKOUT = "service = 'checkout'"
OF_CHECKOUT = "(services @> ARRAY['checkout'])"
EVERYTHING = {SERVICE, TEAM, OTHER, LIST}
# Rows of a table, and which pages they make anew when they change.
CHANGES = {
    "setting": ("report_tz IS NOT NULL", EVERYTHING),
    "team": ("team = 'payments'", EVERYTHING),
    "service": (CHECKOUT, EVERYTHING),
    "service_alias": (None, EVERYTHING),
    "ownership": (CHECKOUT, EVERYTHING),
    "service_phase": ("service IS NOT NULL", EVERYTHING),
    "correction": (None, EVERYTHING),
    "monthly": ("name = 'checkout'", {SERVICE, TEAM}),
    "monthly_revision": (None, {SERVICE, TEAM}),
    "trend": ("name = 'checkout'", {SERVICE, TEAM, LIST}),
    "assurance": ("name = 'payments' AND scope = 'team'", {TEAM, LIST}),
    "scope_span": ("name = 'checkout'", {SERVICE, TEAM, LIST}),
    "deployment_fact": (CHECKOUT, {SERVICE, TEAM}),
    "change_delivery": (CHECKOUT, {SERVICE, TEAM}),
    "evidence": (CHECKOUT, {SERVICE, TEAM}),
    "incident_service": (CHECKOUT, {SERVICE, TEAM}),
    "item_service": (CHECKOUT, {SERVICE, TEAM}),
    "item_left_out": (CHECKOUT, {SERVICE, TEAM}),
    "change_request_deployment": (None, {SERVICE, TEAM}),
    "change": (f"services IS NOT NULL AND {OF_CHECKOUT}", {SERVICE, TEAM}),
    "incident_fact": (f"services IS NOT NULL AND {OF_CHECKOUT}", {SERVICE, TEAM}),
    "item_fact": (f"services IS NOT NULL AND {OF_CHECKOUT}", {SERVICE, TEAM}),
    "change_request": (None, {SERVICE, TEAM}),
}
# This organisation has none of these: rows to add and to take away.
ADDED = {
    "service_alias": "('checkout-api', 'checkout')",
    "correction": "('deployment', '', 'none', 'excluded', 'true', 'r', 'w', now(), 'none')",
    "monthly_revision": "(1000, 'service', 'checkout', '2026-01-01', 1, now(), now(), '{}', '{}', '[]')",
    "change_request_deployment": "('CHG1', 'checkout', 'none')",
    "change_request": "('CHG2', 'closed', NULL, '{}', '{checkout}', NULL, NULL, false, now(), NULL, NULL)",
}
# What views read besides: what only /data shows, or no page.
NO_PAGE_OF_ONE = {"origin", "observation", "origin_service", "change_service", "receiver",  # /data, quality
                  "mark", "month_mark",                                                     # status.waiting
                  "page_change", "page_epoch",
                  "clock"}                                                                  # note_clock()


def noted(small):
    return {row["name"] for row in small.query(
        "SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'note_insert'")}


def test_every_table_that_a_view_reads_makes_pages_anew(small):
    read = {row["name"] for row in small.query("""
        WITH RECURSIVE used (of_view, relation) AS (
            SELECT r.ev_class, d.refobjid FROM pg_rewrite AS r
            JOIN pg_depend AS d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid <> r.ev_class
            WHERE r.ev_class IN (SELECT oid FROM pg_class WHERE relnamespace = 'dorad'::regnamespace)
            UNION
            SELECT u.of_view, d.refobjid FROM used AS u
            JOIN pg_rewrite AS r ON r.ev_class = u.relation
            JOIN pg_depend AS d ON d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                AND d.refobjid <> r.ev_class
        ) SELECT DISTINCT c.relname AS name FROM used AS u JOIN pg_class AS c ON c.oid = u.relation
        WHERE c.relkind = 'r' AND c.relnamespace = 'dorad_data'::regnamespace""")}
    assert read - NO_PAGE_OF_ONE == {name.removeprefix("dorad_data.") for name in noted(small)} == set(CHANGES)


def changed_by(small, sql):
    """Which of the pages a statement makes anew."""
    for path in EVERYTHING:
        ask_until_at_hand(small, path)
    small.query(sql)
    return {path for path in EVERYTHING if not is_at_hand(small, path)}


@pytest.mark.parametrize("table", CHANGES)
def test_a_row_that_changes_makes_its_own_pages_anew_and_no_others(small, table):
    rows, pages = CHANGES[table]
    if rows:
        column = rows.split(" ", maxsplit=1)[0]
        assert changed_by(small, f"UPDATE dorad_data.{table} SET {column} = {column} WHERE {rows}") == pages
    else:
        assert changed_by(small, f"INSERT INTO dorad_data.{table} OVERRIDING SYSTEM VALUE VALUES {ADDED[table]}") == pages
        assert changed_by(small, f"DELETE FROM dorad_data.{table}") == pages
    # A statement that found nothing to do.
    assert changed_by(small, f"DELETE FROM dorad_data.{table} WHERE false") == set()


def test_what_no_page_shows_makes_no_page_anew(small):
    """Heartbeats, marks, other databases."""
    assert changed_by(small, """
        INSERT INTO dorad_data.receiver VALUES ('here', now(), 0, 0, 0);
        INSERT INTO dorad_data.mark (stage, service, entity) VALUES ('deployment', 'checkout', 'none');
        DELETE FROM dorad_data.mark; DELETE FROM dorad_data.receiver""") == set()


def test_transactions_that_end_in_another_order_than_they_began_are_each_on_the_page(small):
    newest = [row["deployment_id"] for row in small.query(
        "SELECT deployment_id FROM dorad.fact_deployment WHERE service = 'checkout' ORDER BY at DESC LIMIT 2")]
    writers = [small.site.postgres.connect(small.site.database, autocommit=False) for _ in newest]
    for writer, deployment, sha in zip(writers, newest, ("aaaaaaaaaa", "bbbbbbbbbb")):
        with writer.cursor() as cursor:
            cursor.execute("UPDATE dorad_data.deployment_fact SET sha = %s WHERE deployment_id = %s",
                           (sha, deployment))
    assert b"bbbbbbbbbb" not in ask_until_at_hand(small, SERVICE).body
    writers[1].commit()
    assert b"bbbbbbbbbb" in ask_until_at_hand(small, SERVICE).body
    assert b"aaaaaaaaaa" not in small.get(SERVICE).body
    writers[0].commit()
    assert b"aaaaaaaaaa" in ask_until_at_hand(small, SERVICE).body
    for writer in writers:
        writer.close()


def test_each_minute_is_on_every_page_and_begins_an_epoch(small):
    def move(seconds):
        return "UPDATE dorad_data.clock SET as_of = date_trunc('minute', as_of)" \
               f" + {seconds} * interval '1 second'"
    small.query(move(1))
    small.query("UPDATE dorad_data.monthly SET name = name WHERE name = 'checkout'")
    assert changed_by(small, move(59)) == set()
    assert small.query("SELECT scope FROM dorad.portal_change")
    minute = small.query("SELECT to_char(as_of AT TIME ZONE report_tz + interval '1 minute', 'HH24:MI') AS at"
                         " FROM dorad.status")[0]["at"]
    assert changed_by(small, move(60)) == EVERYTHING
    assert f"{minute}. Months begin" in small.get(SERVICE).body.decode()
    assert small.query("SELECT scope FROM dorad.portal_change") == []
    assert changed_by(small, move(-1)) == EVERYTHING


def test_a_dated_line_of_the_catalogue_is_on_the_pages_from_its_instant_on(small):
    small.query("INSERT INTO dorad_data.service_phase SELECT 'wallet', date_trunc('minute', as_of)"
                " + interval '30 s', 'infinity', 'retired' FROM dorad_data.clock")
    try:
        for second in (29, 30):
            made = changed_by(small, "UPDATE dorad_data.clock SET as_of = date_trunc('minute', as_of)"
                                     f" + {second} * interval '1 second'")
        assert made == EVERYTHING
    finally:
        small.query("DELETE FROM dorad_data.service_phase WHERE service = 'wallet'")
