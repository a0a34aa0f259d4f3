# SPDX-License-Identifier: Apache-2.0
"""contrib/senders/github/redeliver: what GitHub could not deliver arrives after all, once."""

import json
import time
import uuid
from pathlib import Path

import pytest

from backfills import SECRET, Tool
from harness import http
from harness.apis import Api, Reply
from harness.dorad import program

HOOK = "/orgs/acme/hooks/42"


class Hook:
    """GitHub's side of a webhook: tries to deliver, keeps what became of it, tries again when
    asked, all as GitHub does: a new attempt, the same guid."""

    def __init__(self, api, site):
        self.api, self.site = api, site
        self.attempts = []      # newest first
        self.bodies = {}
        self.wanted = []        # guids that were asked for
        api.route("/orgs/acme/hooks", [
            {"id": 41, "config": {"url": "https://ci.example/webhooks/other"}},
            {"id": 42, "config": {"url": "https://dorad.example/webhooks/github"}}])
        self.serve()

    def serve(self):
        self.api.route(HOOK + "/deliveries", self.page)

    def page(self, request):
        """By cursor, as GitHub has it."""
        start = int(request.query.get("cursor", 0))
        part = self.attempts[start:start + self.api.page]
        headers = {}
        if start + self.api.page < len(self.attempts):
            headers["Link"] = f'<{self.api.url}{HOOK}/deliveries?per_page=100&cursor=' \
                              f'{start + self.api.page}>; rel="next"'
        return Reply(part, headers=headers)

    def deliver(self, body=None, guid=None, secret=None, days_ago=0):
        guid = guid or str(uuid.uuid4())
        self.bodies.setdefault(guid, body or {"zen": guid})
        try:
            status = http.post_github(self.site.receive_address, "github", "ping",
                                      self.bodies[guid],
                                      secret or self.site.secrets["github"], guid).status
        except OSError:
            status = 0
        number = 9000 + len(self.attempts)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days_ago * 86400))
        self.attempts.insert(0, {"id": number, "guid": guid, "delivered_at": at, "event": "ping",
                                 "redelivery": guid in self.wanted, "status_code": status,
                                 "status": "OK" if status == 200 else "failed"})
        self.api.route(f"{HOOK}/deliveries/{number}/attempts",
                       lambda request: self.again(guid, secret), "POST")
        return guid

    def again(self, guid, secret):
        self.wanted.append(guid)
        self.deliver(guid=guid, secret=secret)
        return Reply({}, 202)


@pytest.fixture
def api():
    with Api(f"Bearer {SECRET}", page=3) as server:
        yield server


@pytest.fixture
def hook(api, site):
    site.endpoint("github", "github")
    site.write()
    return Hook(api, site)


@pytest.fixture
def redeliver(api, site, tmp_path):
    return Tool(tmp_path, "github/redeliver", "--api", api.url, "--org", "acme", "-c", site.path,
                env={"DORAD": program()})


def run(redeliver, *options, code=0):
    return redeliver.run(*options, code=code).err


def kept(site):
    return sorted(row["delivery_id"] for row in site.table("deliveries"))


def test_only_what_dorad_lacks_is_asked_for_and_arrives(site, hook, redeliver):
    receive = site.start("receive")
    had = [hook.deliver() for _ in range(4)]
    receive.stop()
    lost = [hook.deliver() for _ in range(3)]
    receive.start()
    had += [hook.deliver() for _ in range(2)]
    words = run(redeliver)
    assert hook.wanted == lost      # the oldest first
    assert kept(site) == sorted(had + lost)
    assert "9 deliveries" in words and "3 of them not in dorad: 3 asked for" in words
    assert "0 of them not in dorad" in run(redeliver)
    assert len(hook.wanted) == 3


def test_what_github_took_for_failed_but_dorad_has_is_not_asked_for(site, hook, redeliver):
    site.start("receive")
    hook.deliver()
    hook.attempts[0]["status_code"] = 504    # kept, but the answer came too late
    assert "0 of them not in dorad" in run(redeliver)
    assert not hook.wanted


def test_what_was_delivered_but_is_not_in_the_ledger_is_asked_for(site, hook, redeliver):
    receive = site.start("receive")
    guid = hook.deliver()
    receive.stop()
    for file in Path(site.folder).glob("ledger.db*"):       # a disk that was lost
        file.unlink()
    site.start("receive")
    run(redeliver)
    assert hook.wanted == [guid] and kept(site) == [guid]


def test_while_dorad_is_down_each_run_asks_again_until_it_arrives(site, hook, redeliver):
    receive = site.start("receive")
    receive.stop()
    guid = hook.deliver()
    for _ in range(4):
        run(redeliver)
    assert hook.wanted == [guid] * 4
    receive.start()
    run(redeliver)
    assert kept(site) == [guid]


def test_what_dorad_refuses_is_not_asked_for_for_ever(site, hook, redeliver):
    site.start("receive")
    guid = hook.deliver(secret="of another webhook")
    for _ in range(3):
        run(redeliver)
    words = run(redeliver, code=1)
    assert hook.wanted == [guid] * 3
    assert guid in words and "has the endpoint the webhook's secret?" in words


def test_a_later_run_reads_only_what_came_since(site, hook, api, redeliver):
    site.start("receive")
    for days in (2, 1.9, 1.8, 1.7, 1.6, 1.5, 1.4, 0):
        hook.deliver(days_ago=days)
    run(redeliver)
    first = sum("/deliveries" in one.path for one in api.asked)
    run(redeliver)
    assert first == 3       # all pages
    assert sum("/deliveries" in one.path for one in api.asked) == first + 1


def test_killed_while_it_asks_it_asks_for_the_rest(site, hook, api, redeliver):
    receive = site.start("receive")
    receive.stop()
    lost = [hook.deliver() for _ in range(3)]
    receive.start()
    api.fault(4, "hold")            # hooks, deliveries, and the second request for an attempt
    redeliver.run_until_held(api)
    run(redeliver)
    assert kept(site) == sorted(lost)
    assert sorted(set(hook.wanted)) == sorted(lost)


def test_a_dry_run_asks_for_nothing(site, hook, redeliver):
    receive = site.start("receive")
    receive.stop()
    guid = hook.deliver()
    receive.start()
    assert f"would ask for ping {guid}" in run(redeliver, "--dry-run")
    assert not hook.wanted
    run(redeliver)
    assert hook.wanted == [guid]


def test_what_github_no_longer_keeps_is_told(site, hook, api, redeliver):
    receive = site.start("receive")
    receive.stop()
    hook.deliver()
    receive.start()
    api.route(f"{HOOK}/deliveries/9000/attempts",
              lambda request: Reply({"message": "too old"}, 422), "POST")
    words = run(redeliver, code=1)
    assert "GitHub does not deliver it again: 422 too old" in words and "dorad import" in words


def test_a_webhook_is_found_by_its_address_which_is_never_shown(site, hook, api, redeliver):
    site.start("receive")
    api.route("/orgs/acme/hooks", [{"id": 1, "config": {"url": "https://x/webhooks/gh/hidden"}}])
    words = run(redeliver, code=1)
    assert "no webhook whose address ends in /webhooks/github" in words and "hidden" not in words
    assert "0 deliveries" in run(redeliver, "--hook", "42")
    api.route("/orgs/acme/hooks", [{"id": n, "config": {"url": "https://x/webhooks/github/hidden"}}
                                   for n in (7, 8)])
    words = run(redeliver, code=1)
    assert "(7 8 )" in words and "--hook" in words and "hidden" not in words


# -- dorad deliveries missing ------------------------------------------------------------------

def test_missing_prints_the_ids_that_the_ledger_lacks(site):
    site.endpoint("github", "github")
    site.endpoint("other", "github")
    receive = site.start("receive")
    receive.post_github("ping", {"zen": "x"}, delivery="one")
    receive.post_github("ping", {"zen": "x"}, endpoint="other", delivery="two")
    ask = "three\none\r\n\ntwo\nthree\n"
    assert site.run("deliveries", "missing", text=ask).stdout == "three\n"
    assert site.run("deliveries", "missing", "--endpoint", "github", text=ask).stdout == \
        "three\ntwo\n"
    assert json.loads(site.run("deliveries", "missing", "--json", text=ask).stdout) == \
        [{"delivery_id": "three"}]
    assert site.run("deliveries", "missing", text="").stdout == ""
    assert site.run("deliveries", "missing", "--since", "2999-01-01", text="one\n").stdout == \
        "one\n"


def test_missing_wants_nothing_more(site):
    site.start("receive")
    done = site.run("deliveries", "missing", "what", check=False)
    assert done.returncode == 2 and "want show N, missing, recover FILE" in done.stderr
