# SPDX-License-Identifier: Apache-2.0
"""dorad deliveries and dorad status: did it arrive, what became of it, who must act?"""

import json
import os
import re
import sqlite3

import pytest

from harness.wait import wait_until


def event(name, **data):
    return {"specversion": "1.0", "id": name, "source": "/test", "type": "dorad.deployment.v1",
            "time": "2026-06-01T10:00:00Z",
            "data": {"deployment_id": name, "service": "checkout", "status": "succeeded",
                     "environment": "production", **data}}


@pytest.fixture
def receive(site):
    site.endpoint("gh", "github")
    site.endpoint("push", "events")
    return site.start("receive")


def handled(site, n):
    return wait_until(lambda: len([row for row in site.table("deliveries")
                                   if row["state"] != "kept"]) == n)


def status(site):
    done = site.run("status", "--json", check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_list_says_what_came_and_what_became_of_it(site, receive):
    receive.post_github("ping", {"zen": "x"}, endpoint="gh", delivery="guid-1")
    receive.post_events([event("d1")])
    handled(site, 2)
    ping, made = site.table("deliveries")
    assert ping["delivery_id"] == "guid-1" and ping["kind"] == "ping"
    assert (ping["state"], ping["events"]) == ("ignored", 0)
    assert (made["endpoint"], made["state"], made["events"]) == ("push", "forwarded", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", made["received_at"])
    words = site.run("deliveries").stdout
    assert "ignored" in words and "forwarded" in words and "ping" in words


def test_a_list_is_filtered_by_endpoint_state_time_and_number(site, receive):
    for i in range(3):
        receive.post_github("ping", {"zen": str(i)}, endpoint="gh")
        receive.post_events([event(f"d{i}")])
    handled(site, 6)

    def numbers(*options):
        return [row["seq"] for row in site.table("deliveries", *options)]

    assert numbers() == [1, 2, 3, 4, 5, 6]
    assert numbers("--endpoint", "gh") == [1, 3, 5]
    assert numbers("--state", "forwarded") == [2, 4, 6]
    assert numbers("--last", "2") == [5, 6]
    assert numbers("--endpoint", "gh", "--last", "1") == [5]
    third = site.table("deliveries")[2]["received_at"]
    assert numbers("--since", third) == [3, 4, 5, 6]
    assert numbers("--until", third) == [1, 2]
    assert numbers("--since", "1h") == [1, 2, 3, 4, 5, 6]
    assert numbers("--endpoint", "nobody") == []


def test_a_filter_that_means_nothing_is_a_misuse_with_words(site, receive):
    for options, words in (
            (("--state", "lost"), "quarantined"),
            (("--since", "yesterday"), "2h"),
            (("--last", "0"), "1 or more"),
            (("show",), "number"),
            (("show", "x"), "number"),
            (("explain", "1"), "show N")):
        done = site.run("deliveries", *options, check=False)
        assert done.returncode == 2, options
        assert words in done.stderr, done.stderr


def test_one_delivery_is_shown_whole(site, receive):
    receive.post_events([event("d1"), {"x": 1}])
    entry, = site.wait_for_entries("deployment", 1)
    handled(site, 1)
    shown = json.loads(site.run("deliveries", "show", "1", "--json").stdout)
    assert shown["delivery"] == entry["delivery"]
    assert site.table("deliveries")[0]["delivery"] == entry["delivery"]
    assert shown["headers"]["content-type"] == "application/x-ndjson"
    made, = shown["events"]
    assert (made["kind"], made["id"], made["source"]) == ("deployment", "d1", "/test")
    assert site.redis.client().xrange("dorad:deployment", made["entry"], made["entry"])
    assert shown["bad_lines"] == [{"line": 2, "reason": "id: is missing; want a string"}]
    assert json.loads(shown["body"].splitlines()[0])["id"] == "d1"
    # The name that logs and events give it is understood too.
    assert site.run("deliveries", "show", entry["delivery"]).stdout == \
        site.run("deliveries", "show", "1").stdout
    assert site.run("deliveries", "show", "ffffffff-1", check=False).returncode == 1
    assert site.run("deliveries", "show", "99", check=False).returncode == 1


def test_control_bytes_of_a_stranger_do_not_reach_the_terminal(site, receive):
    receive.post_github("push", b'{"a": "\x1b[2J\x07"}', endpoint="gh")
    handled(site, 1)
    assert "\x1b" not in site.run("deliveries", "show", "1").stdout
    assert "\x1b" not in site.run("deliveries").stdout


def test_control_characters_that_json_spells_out_do_not_reach_the_terminal(site, receive):
    """An action is told in the reason; U+009B begins a command as ESC [ does."""
    hostile = "\x1b]0;title\x07\x1b[31m\u009b2J\x7f"
    body = json.dumps({"action": hostile}).encode()
    receive.post_github("pull_request", body, endpoint="gh", delivery="guid-1")
    handled(site, 1)
    file = site.file("body.json", body.decode())
    said = site.run("deliveries").stdout + site.run("deliveries", "show", "1").stdout + \
        site.run("normalise", "--source", "github", "--header", "X-GitHub-Event: pull_request",
                 file).stdout
    assert said.count("]0;title") >= 3
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", said)
    assert hostile in site.table("deliveries")[0]["reason"]


@pytest.mark.parametrize("words", [("show",), ("recover",), ("show", "1", "2"), ("missing", "x"),
                                   ("list",)])
def test_a_word_too_few_or_too_many_is_misuse_whether_or_not_there_is_a_ledger(site, words):
    done = site.run("deliveries", *words, check=False)
    assert done.returncode == 2 and "usage: dorad deliveries" in done.stderr


def test_what_is_no_utf8_in_a_header_hides_no_delivery(site, receive):
    """A header may hold any byte above 127 (RFC 9110 section 5.5)."""
    receive.post_github("ping", b"{}", endpoint="gh", delivery="caf\xe9")
    receive.post_github("p\xefng", b"{}", endpoint="gh", delivery="guid-2")
    handled(site, 2)
    first, second = site.table("deliveries")
    assert (first["seq"], first["delivery_id"], first["kind"]) == (1, "caf\ufffd", "ping")
    assert (second["delivery_id"], second["kind"]) == ("guid-2", "p\ufffdng")
    assert "\ufffd" in second["reason"]
    shown = json.loads(site.run("deliveries", "show", "1", "--json").stdout)
    assert (shown["seq"], shown["delivery_id"], shown["body"]) == (1, "caf\ufffd", "{}")
    assert shown["headers"]["x-github-delivery"] == "caf\ufffd"
    assert "caf\ufffd" in site.run("deliveries", "show", "1").stdout
    assert "p\ufffdng" in site.run("deliveries").stdout


def test_deliveries_are_listed_without_a_receiver_and_without_redis(site, receive):
    receive.post_events([event("d1")])
    handled(site, 1)
    receive.stop()
    site.redis.kill()
    assert len(site.table("deliveries")) == 1


def test_before_anything_was_received_there_is_a_word_for_it(site):
    site.endpoint("push", "events")
    done = site.run("deliveries", check=False)
    assert done.returncode == 1 and "dorad receive" in done.stderr


@pytest.mark.parametrize("is_link", [False, True], ids=["a file", "a link to a file"])
def test_a_ledger_set_aside_is_recovered(site, receive, is_link):
    for i in range(20):
        receive.post_events([event(f"d{i}", ref=os.urandom(4000).hex()[:2000])])
    handled(site, 20)
    receive.stop()
    path = os.path.join(site.folder, "ledger.db")
    if is_link:
        os.rename(path, path + ".moved")
        os.symlink(path + ".moved", path)
    with open(path, "r+b") as ledger:
        ledger.seek(0, os.SEEK_END)
        ledger.seek(ledger.tell() // 2 // 4096 * 4096)
        ledger.write(b"\xa5" * 8192)
    receive = site.start("receive")
    aside, = [name for name in os.listdir(site.folder)
              if re.fullmatch(r"ledger\.db(\.moved)?\.corrupt-\d{8}T\d{6}Z", name)]
    code, seen = status(site)
    assert code == 1
    assert any("recover" in words for words in seen["act"])
    words = site.run("deliveries", "recover", os.path.join(site.folder, aside)).stdout
    n = int(words.split()[0])
    assert n >= 15
    handled(site, n)


# -- status --------------------------------------------------------------------------------

def test_status_is_well_while_all_is_well(site, receive):
    receive.post_events([event("d1")])
    handled(site, 1)
    code, seen = status(site)
    assert (code, seen["ok"], seen["act"]) == (0, True, [])
    assert seen["receiver"] == {"running": True, "pid": receive.pid}
    assert seen["ledger"]["backlog"] == 0
    assert seen["streams"]["deployment"]["pending"] == 1    # no roll-up has been there
    assert seen["endpoints"]["push"]["last_received_at"]
    assert seen["endpoints"]["gh"]["last_received_at"] is None
    assert "all is well" in site.run("status").stdout


def test_status_counts_what_waits_for_the_rollup(site, receive):
    for i in range(5):
        receive.post_events([event(f"d{i}")])
    site.wait_for_entries("deployment", 5)
    client = site.redis.client()
    client.xgroup_create("dorad:deployment", "rollup", "0")
    taken = client.xreadgroup("rollup", "here:1", {"dorad:deployment": ">"}, count=2)[0][1]
    _, seen = status(site)
    assert seen["streams"]["deployment"]["pending"] == 5
    assert seen["streams"]["deployment"]["taken"] == 2
    client.xack("dorad:deployment", "rollup", *[entry[0] for entry in taken])
    _, seen = status(site)
    assert seen["streams"]["deployment"]["pending"] == 3
    client.xtrim("dorad:deployment", maxlen=1, approximate=False)
    code, seen = status(site)
    assert (code, seen["streams"]["deployment"]["lost"]) == (1, 2)
    assert any("2 deployment events were deleted" in words and "dorad replay" in words
               for words in seen["act"])


@pytest.mark.parametrize("what", ["receiver", "redis", "quarantine", "dead", "backlog",
                                  "postgres", "silence"])
def test_status_exits_1_and_says_what_to_do(site, receive, what):
    receive.post_events([event("d1")])
    handled(site, 1)
    path = os.path.join(site.folder, "ledger.db")
    if what == "receiver":
        receive.stop()
    elif what == "redis":
        site.redis.kill()
    elif what == "quarantine":
        receive.post_github("push", b"garbage", endpoint="gh")
        handled(site, 2)
    elif what == "postgres":
        site.config["rollup"] = {"postgres": f"host={site.folder} dbname=none"}
    else:
        receive.stop()
        with sqlite3.connect(path) as ledger:
            if what == "dead":
                ledger.execute("UPDATE delivery SET state = 'dead', reason = 'no such year'")
            elif what == "backlog":
                ledger.execute("UPDATE ledger SET cursor = 0")
                ledger.execute("UPDATE delivery SET received_us = received_us - 3600000000")
            else:
                ledger.execute(
                    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                    " WHERE i < 30) INSERT INTO delivery (received_us, endpoint, source,"
                    " state, n_body) SELECT received_us - (8 * 24 + i) * 3600000000, 'gh',"
                    " 'github', 'ignored', 0 FROM delivery, n")
                ledger.execute("UPDATE ledger SET cursor = 100")
        ledger.close()
        if what != "backlog":
            site.start("receive")
    code, seen = status(site)
    words = {"receiver": "not running", "redis": "redis", "quarantine": "1 delivery is quarantined",
             "dead": "1 delivery has an event", "backlog": "wait to be forwarded", "postgres": "postgres",
             "silence": "silent"}[what]
    assert code == 1 and not seen["ok"]
    assert any(words in act for act in seen["act"]), seen["act"]
    assert words in site.run("status", check=False).stdout
