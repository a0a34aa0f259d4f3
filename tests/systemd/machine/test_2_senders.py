# SPDX-License-Identifier: Apache-2.0
"""What asks the senders' APIs, in its units: with a token that no daemon has, and few rights."""

import os
import time

import pytest

from conftest import query, secret, sh, shown, wait_until, words_of
from harness.apis import Api, Reply
from histories import TOOLS
import load

TOKEN = "token-of-the-api"
KEPT = {"github": 10, "gitlab": 6, "jira": 12, "servicenow": 3, "pagerduty": 2}
UNITS = ("dorad-backfill@.service", "dorad-redeliver@.service")


@pytest.fixture(scope="module", autouse=True)
def strictly():
    """A call that their filter forbids ends them, in place of an error that a script may hide."""
    for unit in UNITS:
        folder = f"/run/systemd/system/{unit}.d"
        os.makedirs(folder)
        with open(f"{folder}/strict.conf", "w", encoding="utf-8") as file:
            file.write("[Service]\nSystemCallErrorNumber=\n")
    sh("systemctl daemon-reload")
    yield
    sh("rm -r /etc/dorad/tokens/* /etc/dorad/backfill/* /etc/dorad/redeliver/*"
       " /run/systemd/system/dorad-*.d; systemctl daemon-reload")


def configure(kind, name, options):
    with open(f"/etc/dorad/{kind}/{name}.conf", "w", encoding="utf-8") as file:
        file.write(f"OPTIONS={options}\n")
    with open(os.open(f"/etc/dorad/tokens/{name}", os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600),
              "w", encoding="utf-8") as file:
        file.write(TOKEN + "\n")


def run(unit):
    """To its end, which must be good; what it said, which must not be the token."""
    began = time.time()
    sh(f"systemctl start {unit} || {{ journalctl --no-pager -o cat -u {unit}; false; }}")
    assert shown(unit, "Result") == "success"
    words = words_of([unit], began)
    assert TOKEN not in words
    return words


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def kept(name):
    return int(query("SELECT count(*) FROM dorad_data.observation WHERE endpoint = 'import'"
                     f" AND source LIKE '/{name}/%'")[0][0])


def options_of(name, api):
    """As they stand in the file of a backfill."""
    place = "--site" if name in ("jira", "servicenow") else "--api"
    path = "/api/v4" if name == "gitlab" else ""
    return " ".join([name, place, api.url + path, "--since", "2026-01-01", *TOOLS[name][3]])


def api_of(name):
    serve, header, form, _ = TOOLS[name]
    api = Api(form.format(TOKEN), header=header, page=2)
    serve(api)
    return api


def test_github_is_asked_for_what_did_not_arrive(world):
    number = next(load.Load.numbers)

    def deliver(_request):
        load.exchange(load.request(load.deployment(number), secret()))
        return Reply({}, 202)
    with Api(f"Bearer {TOKEN}") as api:
        hook = "/orgs/acme/hooks/42"
        api.route("/orgs/acme/hooks", [{"id": 42, "config": {"url": "https://x/webhooks/github"}}])
        api.route(hook + "/deliveries", [{"id": 9, "guid": "not-in-the-ledger", "status_code": 502,
                                          "delivered_at": now(), "event": "deployment_status"}])
        api.route(hook + "/deliveries/9/attempts", deliver, "POST")
        configure("redeliver", "github", f"--org acme --api {api.url}")
        words = run("dorad-redeliver@github")
    assert "1 of them not in dorad: 1 asked for" in words
    wait_until(lambda: query("SELECT count(*) FROM dorad_data.observation WHERE entity = "
                             f"'{load.entity(number)}'") == [["1"]], "it to arrive")
    world["kept"].append(load.entity(number))


@pytest.mark.parametrize("name", TOOLS)
def test_the_history_that_a_tool_has_arrives(name):
    with api_of(name) as api:
        configure("backfill", name, options_of(name, api))
        assert "all fetched" in run(f"dorad-backfill@{name}")
    wait_until(lambda: kept(name) == KEPT[name],
               lambda: f"{KEPT[name]} observations, there are {kept(name)}")


def test_a_timer_runs_them_and_only_what_is_new_is_asked_for():
    timer = "dorad-backfill@pagerduty.timer"
    os.makedirs(f"/run/systemd/system/{timer}.d")
    with open(f"/run/systemd/system/{timer}.d/often.conf", "w", encoding="utf-8") as file:
        file.write("[Timer]\nOnCalendar=\nOnCalendar=*:*:*\nRandomizedDelaySec=0\n"
                   "AccuracySec=10ms\n")
    sh("systemctl daemon-reload")
    with api_of("pagerduty") as api:
        # The same selection as before, at another port: the state is told which is meant.
        configure("backfill", "pagerduty", options_of("pagerduty", api))
        run("dorad-backfill@pagerduty")
        asked = len(api.asked)
        sh(f"systemctl enable --now {timer}")
        wait_until(lambda: len(api.asked) > asked + 1, "the timer to have run it twice")
        sh(f"systemctl disable --now {timer}")
        wait_until(lambda: shown("dorad-backfill@pagerduty", "ActiveState") == "inactive",
                   "the last run to end")
        assert shown("dorad-backfill@pagerduty", "Result") == "success"
        assert all(one.query["since"] > "2026-06-30" for one in api.asked[asked:])
    assert kept("pagerduty") == KEPT["pagerduty"]


def test_the_other_timers_can_be_started_as_they_are():
    for timer in ("dorad-redeliver@github.timer", "dorad-backfill@jira.timer"):
        sh(f"systemctl enable --now {timer}")
        assert shown(timer, "ActiveState") == "active"
        assert shown(timer, "NextElapseUSecRealtime")
        sh(f"systemctl disable --now {timer}")


def test_a_wrong_token_fails_the_unit_and_says_why():
    with api_of("gitlab") as api:
        api.token = "another"
        began = time.time()
        configure("backfill", "gitlab", options_of("gitlab", api))
        sh("systemctl start dorad-backfill@gitlab", check=False)
    assert shown("dorad-backfill@gitlab", "Result") == "exit-code"
    words = words_of(["dorad-backfill@gitlab"], began)
    assert "401" in words and TOKEN not in words
    sh("systemctl reset-failed dorad-backfill@gitlab")


def test_no_daemon_has_the_tokens():
    credentials = sh("ls /run/credentials").split()
    assert "dorad-receive.service" in credentials
    assert TOKEN not in sh("grep -rs . /run/credentials", check=False)
    for unit in ("dorad-receive", "dorad-rollup@1", "dorad-portal"):
        pid = shown(unit, "MainPID")
        done = sh(f"nsenter -t {pid} -m -S 65534 -- cat /etc/dorad/tokens/github", check=False)
        assert TOKEN not in done
