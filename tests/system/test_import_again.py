# SPDX-License-Identifier: Apache-2.0
"""An import that is stopped, started again, or given what is no JSON."""

import json
import subprocess
from datetime import datetime, timedelta

import pytest

from harness import dorad
from harness.dorad import Site
from harness.golden import rows_of
from harness.wait import wait_until

AS_OF = "2026-08-01T00:00:00Z"
API = "https://api.github.com/repos/acme/gh"
CATALOG = {"teams": [{"name": "crew"}],
           "services": [{"name": "gh", "owners": "crew", "sources": [{"github": "acme/gh"}]}],
           "incidents": [{"github": "acme/gh", "labels": ["outage"]}]}


def issue(n, closed):
    return {"id": n, "number": n, "state": "closed", "state_reason": "completed", "title": "x",
            "created_at": "2026-06-01T10:00:00Z", "updated_at": closed, "closed_at": closed,
            "labels": [{"name": "outage" if n % 50 == 0 else "bug"}], "type": None,
            "url": f"{API}/issues/{n}", "html_url": f"https://github.com/acme/gh/issues/{n}"}


REPOSITORY = {"id": 7001, "full_name": "acme/gh", "default_branch": "main", "url": API,
              "html_url": "https://github.com/acme/gh"}
LINES = [json.dumps(REPOSITORY)] + [
    json.dumps(issue(n, f"2026-06-{2 + n % 28:02}T{n % 24:02}:00:00Z")) for n in range(1500)]
HISTORY = "\n".join(LINES)


def kill_in_the_middle(site, n_lines):
    """Told so much of the history, killed when a part of that is kept."""
    site.write()
    known = len(site.table("deliveries", "--endpoint", "import")) if n_lines > 400 else 0
    importing = subprocess.Popen(
        [dorad.program(), "import", "github", "-c", site.path], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dorad.environment())
    importing.stdin.write(("\n".join(LINES[:n_lines]) + "\n").encode())
    importing.stdin.flush()
    wait_until(lambda: len(site.table("deliveries", "--endpoint", "import")) > known,
               what="a part of the history to be kept")
    importing.kill()
    importing.wait()


def observations(site):
    return {(row["source"], row["id"], json.dumps(row["data"], sort_keys=True))
            for row in site.query("SELECT source, id, data FROM dorad_data.observation")}


@pytest.fixture(scope="module")
def whole(postgres):
    with Site(postgres=postgres, catalog=CATALOG) as site:
        site.run("import", "github", text=HISTORY)
        site.run("rollup", "--once", "--as-of", AS_OF)
        yield site


@pytest.mark.parametrize("receiving", [True, False], ids=["a receiver runs", "none runs"])
def test_killed_twice_and_started_again_it_ends_in_the_same_rows(postgres, whole, receiving):
    with Site(postgres=postgres, catalog=CATALOG) as site:
        site.start("receive").stop()            # which makes the ledger
        if receiving:
            site.start("receive")
        kill_in_the_middle(site, 400)
        kill_in_the_middle(site, 900)
        done = site.run("import", "github", text=HISTORY)
        assert "were kept before" in done.stdout
        wait_until(lambda: not site.table("deliveries", "--state", "kept"),
                   what="every delivery to be forwarded")
        site.run("rollup", "--once", "--as-of", AS_OF)
        assert observations(site) == observations(whole)
        assert rows_of(site) == rows_of(whole) != {}
        # Each delivery once, in spite of all.
        ids = [row["delivery_id"] for row in site.table("deliveries", "--endpoint", "import")]
        assert len(ids) == len(set(ids)) == len(whole.table("deliveries"))


def test_beside_a_receiver_that_gets_nowhere_it_does_not_wait_time_and_again(site):
    site.start("receive")
    site.redis.kill()
    importing = subprocess.Popen(
        [dorad.program(), "import", "github", "-c", site.path], stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dorad.environment())
    try:
        importing.stdin.write("\n".join([LINES[0], *(
            json.dumps(issue(n, "2026-06-02T10:00:00Z")) for n in range(9000))]).encode())
        importing.stdin.close()
        # 48 may wait, eight are kept between two looks: five seconds for the first look only.
        wait_until(lambda: len(site.table("deliveries", "--endpoint", "import")) > 48 + 4 * 8,
                   what="the history to be kept")
    finally:
        importing.kill()
        importing.wait()
    at = sorted(datetime.fromisoformat(row["received_at"])
                for row in site.table("deliveries", "--endpoint", "import"))
    waits = [later - one for one, later in zip(at, at[1:]) if later - one > timedelta(seconds=4.5)]
    assert len(waits) == 1, waits


def test_what_comes_before_it_does_not_make_the_rest_new(whole):
    with Site() as site:
        site.run("import", "github", text=HISTORY)
        n = len(site.table("deliveries"))
        # An API lists the newest first: the next time there is something before what was.
        newer = json.dumps(issue(5000, "2026-06-30T10:00:00Z"))
        done = site.run("import", "github", text="\n".join([LINES[0], newer, *LINES[1:]]))
        assert len(site.table("deliveries")) <= n + 2
        assert f"{n - 1} were kept before" in done.stdout


def test_a_replay_makes_the_same_events_once_more(site):
    site.run("import", "github", text="\n".join(LINES[:50]))
    first = {entry["id"]: entry["data"] for entry in site.entries("work_item")}
    site.run("replay", "--endpoint", "import")
    again = site.entries("work_item")
    assert len(again) == 2 * len(first)
    assert {entry["id"]: entry["data"] for entry in again} == first


def test_a_dry_run_keeps_nothing_and_says_what_would_come(site):
    site.start("receive")
    rows = site.table("import", "--dry-run", "github", "/dev/null")
    assert rows == []
    done = site.run("import", "--dry-run", "--json", "github", text=HISTORY)
    rows = {row["kind"]: row for row in json.loads(done.stdout)}
    assert rows["work_item"]["count"] == rows["incident"]["count"] == 1500
    assert rows["work_item"]["first"] == "2026-06-02T00:00:00.000000Z"
    assert rows["work_item"]["last"].startswith("2026-06-29T")
    assert site.table("deliveries") == []


def test_what_is_no_json_is_told_with_its_line_and_what_came_before_is_kept(site):
    done = site.run("import", "github", text="\n".join([*LINES[:3], "{\"x\": [1, 2}", "oops"]),
                    check=False)
    assert done.returncode == 1
    assert "standard input: line 5" in done.stderr
    assert len(site.entries("work_item")) == 2
    cut = site.run("import", "github", text=HISTORY[:3000], check=False)
    assert cut.returncode == 1 and "ends within a document" in cut.stderr


def test_what_is_not_understood_is_kept_and_listed(site):
    other = {**issue(1, "2026-06-02T10:00:00Z"), "url": API.replace("acme/gh", "acme/x") + "/issues/1"}
    done = site.run("import", "github", text="\n".join(
        [*LINES[:3], json.dumps(other), '{"nobody": "knows"}', '{"number": 1e999}']), check=False)
    assert done.returncode == 1 and done.stdout.count("\nnot understood") == 3
    assert "no repository acme/x" in done.stdout and "standard input:4" in done.stdout
    row, = site.table("deliveries", "--state", "quarantined")
    shown = json.loads(site.run("deliveries", "show", str(row["seq"]), "--json").stdout)
    assert len(shown["bad_lines"]) == 3
    assert len(site.entries("work_item")) == 2


def test_the_options_of_the_endpoint_whose_history_it_is_apply(site):
    site.endpoint("github", "github", keep_titles=True)
    site.run("import", "github", text="\n".join(LINES[:2]))
    assert site.entries("incident")[0]["data"]["title"] == "x"
    site.endpoint("other", "github")
    done = site.run("import", "github", text="\n".join(LINES[:2]), check=False)
    assert done.returncode == 1 and "--endpoint" in done.stderr
    site.run("import", "--endpoint", "other", "github", text="\n".join(LINES[:2]))
    assert "title" not in site.entries("incident")[-1]["data"]
