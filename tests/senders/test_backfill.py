# SPDX-License-Identifier: Apache-2.0
"""contrib/senders/*/backfill: all of it, each object once, whatever goes wrong on the way."""

import os
import signal
import ssl
import stat
import subprocess
import time

import pytest

from backfills import AT, SECRET, SENDERS, Shop, Tool, ago, once
from harness.apis import Api, Reply
from harness.wait import wait_until


@pytest.fixture
def api():
    with Api(f"Bearer {SECRET}", page=2) as server:
        yield server


@pytest.fixture
def github(api, tmp_path):
    return Tool(tmp_path, "github/backfill", "--api", api.url, "--repo", "acme/shop",
                "--pause", "0.01")


def test_every_page_is_fetched_and_each_object_told_once(api, github):
    shop = Shop(api)
    done = github.run()
    shop.check(done.rows)
    assert "all fetched" in done.err


def test_people_and_texts_that_nobody_needs_are_left_at_the_sender(api, github):
    Shop(api)
    out = github.run().out
    assert "ann" not in out.lower() and "words" not in out


def test_limits_bad_gateways_and_cut_connections_cost_nothing_but_time(api, github):
    shop = Shop(api, deployments=2, commits=3)
    for n, kind in enumerate(("429", "502", "cut", "drop", "403"), 2):
        api.fault(2 * n, kind)
    shop.check(github.run().rows)
    statuses = [one.status for one in api.asked]
    for n, status in ((4, 429), (6, 502), (8, "cut"), (10, "drop"), (12, 403)):
        assert statuses[n - 1] == status
        assert api.asked[n].path == api.asked[n - 1].path       # asked again
    for n in (4, 12):                                           # when they said: in a second
        assert api.asked[n].at - api.asked[n - 1].at >= 1


def test_a_used_up_allowance_is_waited_for_before_the_next_request_only(api, github):
    Shop(api, deployments=0, commits=1)
    api.limit_headers = lambda n: {"X-RateLimit-Remaining": "0" if n in (2, 7) else "41",
                                   "X-RateLimit-Reset": str(int(time.time()) + 3)}
    done = github.run()
    assert len(api.asked) == 7
    gaps = [later.at - one.at for one, later in zip(api.asked, api.asked[1:])]
    assert gaps[1] >= 2
    assert done.err.count("the allowance is used up") == 1      # none is needed after the last


def test_a_part_of_the_allowance_can_be_left_to_others(api, github):
    Shop(api, deployments=0, commits=1)
    api.limit_headers = lambda n: {"X-RateLimit-Remaining": str(10 - n),
                                   "X-RateLimit-Reset": str(int(time.time()) + 600)}
    done = github.run("--leave", "7", "--max-wait", "60", code=1)
    assert len(api.asked) == 3
    assert "more than --max-wait 60 s" in done.err and "goes on where it stopped" in done.err


def test_a_server_that_stays_broken_is_given_up_and_taken_up_again(api, github):
    shop = Shop(api, deployments=2, commits=3)
    for n in range(8):
        api.fault(5 + n, "502")
    done = github.run(code=1)
    assert "answered 502, 8 times" in done.err
    before = len(api.asked)
    shop.check(github.run().rows)
    assert api.asked[before].path != AT     # not from the beginning


@pytest.mark.parametrize("at", [1, 2, 5, 7, 11])
def test_killed_at_any_request_it_goes_on_there(api, github, at):
    shop = Shop(api, deployments=3, commits=3)
    whole = 16
    api.fault(at, "hold")
    assert github.run_until_held(api) == ""     # nothing is handed over before it is whole
    done = github.run()
    shop.check(done.rows)
    # A page of deployments is read with their statuses: that much is asked for twice at most.
    assert len(api.asked) <= whole + 1 + 5


def test_what_a_kill_left_half_written_is_cut_off(api, github):
    shop = Shop(api, deployments=1)
    api.fault(4, "hold")
    github.run_until_held(api)
    with open(os.path.join(github.state, "fetched"), "a", encoding="utf-8") as file:
        file.write('{"id": 1, "half')
    shop.check(github.run().rows)


def test_the_next_run_asks_for_what_changed_since_the_one_before(api, github):
    shop = Shop(api)
    github.run()
    shop.deployments.insert(0, shop.deployment(api, 2000, ago(0)))
    api.linked(f"{AT}/deployments/2000/statuses", [])
    shop.issues[0]["updated_at"] = ago(0)
    before = len(api.asked)
    rows = github.run().rows
    assert once(rows, "id") == [7, 2000, 186853261]
    asked = [one.path for one in api.asked[before:]]
    assert f"{AT}/deployments/1000/statuses" not in asked   # nothing happened to it since
    since = {one.path: one.query["since"] for one in api.asked[before:] if "since" in one.query}
    assert ago(0.1) < since[AT + "/issues"] < ago(0)


def test_commits_made_long_ago_and_merged_today_are_fetched(api, github):
    shop = Shop(api, deployments=0, commits=3)
    github.run()
    before = len(api.asked)
    assert not [row for row in github.run().rows if "commit" in row]
    asked = [one.path for one in api.asked[before:]]
    assert asked.count(AT + "/commits") == 1    # the branch has not moved: no more to read
    shop.commits[0:0] = [{**shop.commits[0], "sha": f"{n:040x}", "commit": {
        "committer": {"date": ago(days)}, "author": {"date": ago(days)}}}
        for n, days in ((90, 0), (91, 30))]
    rows = github.run().rows
    assert {f"{90:040x}", f"{91:040x}"} <= {row["sha"] for row in rows if "commit" in row}


def test_more_history_than_before_is_fetched_when_asked_for(api, github):
    shop = Shop(api, deployments=2)
    github.run("--since", "36h")
    assert len(github.run("--since", "36h").rows) == 1      # the repository itself
    shop.check(github.run("--since", "30d").rows)


def test_a_run_that_was_stopped_does_not_stand_for_one_that_wants_more(api, github):
    shop = Shop(api, deployments=2)
    api.fault(4, "hold")
    github.run_until_held(api, "--since", "36h")
    done = github.run("--since", "30d")
    assert "more is asked for" in done.err
    shop.check(done.rows)


def test_restart_forgets_and_another_selection_wants_another_folder(api, github):
    shop = Shop(api, deployments=1)
    github.run()
    done = github.run("--only", "commits", code=1)
    assert "holds how far another selection is" in done.err and "--state" in done.err
    shop.check(github.run("--restart").rows)


def test_two_runs_at_once_do_not_mix(api, github):
    Shop(api, deployments=1)
    api.fault(3, "hold")
    first = github.start()
    assert api.held.wait(60)
    assert "another run is at work" in github.run(code=1).err
    api.release.set()
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_what_dorad_import_does_not_take_is_kept_and_not_fetched_again(api, tmp_path):
    shop = Shop(api, deployments=1)
    os.makedirs(tmp_path / "state", 0o755)      # not by us: what we put there is ours alone
    tool = Tool(tmp_path, "github/backfill", "--api", api.url, "--repo", "acme/shop",
                env={"DORAD": "false"})
    done = tool.run("--import", code=1)
    assert "what was fetched is kept" in done.err
    for name in os.listdir(tool.state):
        assert stat.S_IMODE(os.stat(os.path.join(tool.state, name)).st_mode) == 0o600, name
    before = len(api.asked)
    shop.check(tool.run().rows)
    assert len(api.asked) == before


# -- secrets -----------------------------------------------------------------------------------

def family(group):
    """Command line and environment of every process of a group."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getpgid(int(pid)) == group:
                for what in ("cmdline", "environ"):
                    with open(f"/proc/{pid}/{what}", "rb") as file:
                        yield pid, file.read()
        except OSError:
            pass    # it has ended


def test_the_token_is_in_no_argument_no_environment_and_no_file_of_ours(api, github):
    Shop(api, deployments=1)
    api.fault(3, "hold")
    process = github.start()
    assert api.held.wait(60)
    seen = list(family(process.pid))
    api.release.set()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert any(b"curl" in text for _, text in seen)
    assert not [pid for pid, text in seen if SECRET.encode() in text or b"s3cret" in text]
    assert "s3cret" not in out + err
    for folder, _, names in os.walk(github.state):
        for name in names:
            path = os.path.join(folder, name)
            assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
            with open(path, encoding="utf-8") as file:
                assert "s3cret" not in file.read(), path


def test_the_token_goes_to_no_other_host_whatever_an_answer_says(api, github):
    shop = Shop(api, deployments=0)
    with Api("nobody") as other:
        api.linked(AT + "/commits", shop.commits, host=other.url)
        shop.check(github.run().rows)
        assert not other.asked
        api.route(AT, lambda request: Reply({}, 301, {"Location": other.url + AT}))
        assert "answered 301" in github.run("--restart", code=1).err
        assert not other.asked


def test_a_repository_that_was_renamed_is_followed(api, github):
    shop = Shop(api, deployments=0)
    api.route("/repositories/186853261", shop.repository)
    api.route(AT, lambda request: Reply({}, 301, {"Location": api.url + "/repositories/186853261"}))
    shop.check(github.run().rows)


@pytest.mark.parametrize("content, mode, words", [
    ("x\n", 0o604, "everyone on this machine may use this secret"),
    ("", 0o600, "empty; want the token in it"),
    ("a\tb\n", 0o600, "want one line of text"),
    (None, 0o600, "no such file"),
])
def test_a_token_file_that_will_not_do_is_refused(github, content, mode, words):
    os.remove(github.token)
    if content is not None:
        with open(github.token, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(github.token, mode)
    assert words in github.run(code=2 if content is None else 1).err


# -- gh, which knows the token ------------------------------------------------------------------

@pytest.fixture
def enterprise(tmp_path):
    """A server of HTTPS with a certificate of its own, and what makes gh take it for the host
    that it has logged in to."""
    key, certificate = (str(tmp_path / name) for name in ("key", "certificate"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with Api("token known to gh", page=2, tls=tls) as server:
        server.env = {"GH_HOST": server.url.split("//")[1], "SSL_CERT_FILE": certificate,
                      "GH_ENTERPRISE_TOKEN": "known to gh", "HOME": str(tmp_path)}
        yield server


def test_gh_asks_in_place_of_curl(enterprise, tmp_path):
    shop = Shop(enterprise, deployments=2, commits=3)
    tool = Tool(tmp_path, "github/backfill", "--gh", "--api", enterprise.url,
                "--repo", "acme/shop", "--pause", "0.01", env=enterprise.env)
    for n, kind in ((2, "429"), (5, "502"), (8, "cut"), (10, "drop")):
        enterprise.fault(n, kind)
    shop.check(tool.run().rows)
    assert {one.headers["User-Agent"].split()[0] for one in enterprise.asked} == {"GitHub"}
    enterprise.route(AT + "/pulls", lambda request: Reply({"message": "gone"}, 404))
    err = tool.run(code=1).err
    assert "answered 404" in err and "it says: gone" in err


# -- words -------------------------------------------------------------------------------------

def test_a_refusal_says_what_was_asked_what_came_and_what_to_do(api, github):
    Shop(api, deployments=1)
    api.route(AT + "/issues", lambda request: Reply({"message": "Resource not accessible"}, 403))
    err = github.run(code=1).err
    assert f"{AT}/issues" in err and "answered 403" in err and "Resource not accessible" in err
    assert "it wants to read the contents, deployments, issues" in err
    api.token = "another"
    assert "the token is wrong or has expired; it says: Bad credentials" in github.run(code=1).err


def test_a_repository_with_nothing_in_it_and_no_issues_is_no_error(api, github):
    Shop(api, deployments=0, commits=0)
    api.route(AT + "/commits", lambda request: Reply({"message": "empty"}, 409))
    api.route(AT + "/issues", lambda request: Reply({"message": "off"}, 410))
    assert once(github.run().rows, "id") == [5, 8, 11, 186853261]


@pytest.mark.parametrize("options, words", [
    (["--nonsense"], "no option --nonsense"),
    (["--repo"], "--repo wants a value"),
    (["--repo", "acme"], "want OWNER/NAME"),
    (["--since", "tomorrow"], "--since tomorrow: want 1y, 30d"),
    (["--since", "2999-01-01"], "lies ahead"),
    (["--only", "deployments,wishes"], "--only wishes: no such part"),
    (["--leave", "some"], "--leave some: want a whole number"),
    (["--api", "http://api.example.com"], "the secret would go in the clear"),
    (["--api", "ftp://x"], "begins with https://"),
])
def test_misuse_says_what_was_wanted(github, options, words):
    done = github.run(*options, code=2)
    assert words in done.err and "--help" in done.err


@pytest.mark.parametrize("script", ["github/backfill", "gitlab/backfill", "jira/backfill",
                                    "servicenow/backfill", "pagerduty/backfill"])
def test_help_tells_every_option(tmp_path, script):
    out = Tool(tmp_path, script).start("--help").communicate()[0]
    assert out.startswith(f"usage: {script} ")
    with open(os.path.join(SENDERS, script), encoding="utf-8") as file:
        own = [word for line in file for word in line.split(")")[0].split(" | ")
               if line.lstrip().startswith("--") and ")" in line]
    for option in ["--token-file", "--since", "--import", "--state", *map(str.strip, own)]:
        assert option in out, option


def test_one_command_knows_all_tools(tmp_path, api):
    shop = Shop(api, deployments=1)
    tool = Tool(tmp_path, "backfill")
    tool.command.insert(1, "github")
    shop.check(tool.run("--api", api.url, "--repo", "acme/shop").rows)
    tool.command[1] = "svn"
    assert "want one of github gitlab jira pagerduty servicenow" in tool.run(code=2).err


def test_an_organisation_is_all_its_repositories(api, tmp_path):
    Shop(api, deployments=1)
    api.linked("/orgs/acme/repos", [
        {"full_name": "acme/old", "archived": True, "pushed_at": ago(900), "updated_at": ago(900)},
        {"full_name": "acme/off", "disabled": True, "pushed_at": ago(1)},
        {"full_name": "acme/shop", "archived": False, "pushed_at": ago(1)}])
    tool = Tool(tmp_path, "github/backfill", "--api", api.url, "--org", "acme", "--only", "commits")
    assert len(tool.run().rows) == 1 + 5
    assert not [one for one in api.asked if "old" in one.path or "off" in one.path]


def start_and_wait_for_the_allowance(api, github):
    api.limit_headers = lambda n: {"X-RateLimit-Remaining": "0",
                                   "X-RateLimit-Reset": str(int(time.time()) + 3000)}
    process = github.start()
    wait_until(lambda: any(b"sleep" in text for _, text in family(process.pid)),
               what="it to wait")
    return process


def test_a_signal_ends_a_long_wait_and_leaves_nothing_running(api, github):
    Shop(api, deployments=1)
    process = start_and_wait_for_the_allowance(api, github)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 143
    wait_until(lambda: not list(family(process.pid)), what="its children to end")


def test_killed_alone_while_it_waits_it_keeps_nobody_out(api, github):
    shop = Shop(api, deployments=1)
    process = start_and_wait_for_the_allowance(api, github)
    process.kill()              # not what it started
    process.communicate(timeout=60)
    api.limit_headers = lambda n: {}
    shop.check(github.run().rows)
    os.killpg(process.pid, signal.SIGKILL)
