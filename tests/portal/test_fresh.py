# SPDX-License-Identifier: Apache-2.0
"""A page is made once for each state of the database: made anew when that changed, and only then."""

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
    """Others may change something on this server meanwhile."""
    before = again(served)
    got = []
    wait_until(lambda: got.append(served.get(path)) or again(served) > before,
               what=f"{path} to be at hand")
    return got[-1]


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
