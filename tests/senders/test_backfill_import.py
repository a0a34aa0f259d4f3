# SPDX-License-Identifier: Apache-2.0
"""From an API to rows: backfill fetches, dorad import makes events, the roll-up counts them."""

import os
import subprocess

import pytest

from backfills import SECRET, Tool
from harness.apis import Api
from harness.dorad import Site, environment, program
from harness.wait import wait_until
from histories import CATALOG, ROWS, TOOLS

AS_OF = "2026-08-01T00:00:00Z"


def tool_of(name, folder, *more):
    serve, header, form, options = TOOLS[name]
    api = Api(form.format(SECRET), header=header, page=2)
    serve(api)
    place = "--site" if name in ("jira", "servicenow") else "--api"
    path = "/api/v4" if name == "gitlab" else ""
    os.makedirs(folder, exist_ok=True)
    return api, Tool(folder, f"{name}/backfill", place, api.url + path, "--since", "2026-01-01",
                     "--pause", "0.01", *options, *more,
                     env={**environment(), "DORAD": program()})


def rows(site):
    site.run("rollup", "--once", "--as-of", AS_OF)
    return {row["service"]: row for row in site.query(
        "SELECT * FROM dorad.monthly_service WHERE month = '2026-06-01'")}


def check(site):
    got = rows(site)
    for service, want in ROWS.items():
        assert {name: got[service][name] for name in want} == want, service


@pytest.fixture(scope="module")
def site(postgres, tmp_path_factory):
    """One that was told all five histories, with trouble on the way, and nothing else."""
    with Site(postgres=postgres, catalog=CATALOG) as it:
        it.write()
        receive = it.start("receive")
        it.tools = {}
        for name in TOOLS:
            folder = str(tmp_path_factory.mktemp(name))
            api, tool = tool_of(name, folder, "--import", "-c", it.path)
            with api:
                for n, kind in ((2, "429"), (3, "502"), (5, "cut")):
                    api.fault(n, kind)
                it.words = tool.run().err
            it.tools[name] = folder
        wait_until(lambda: not it.table("deliveries", "--state", "kept"),
                   what="every delivery to be forwarded")
        receive.stop()
        yield it


def test_five_histories_make_the_rows_that_they_tell(site):
    assert site.table("deliveries", "--state", "quarantined") == []
    check(site)


def test_told_again_from_the_beginning_nothing_changes(site):
    observations = site.query("SELECT count(*) AS n FROM dorad_data.observation")
    for name, folder in site.tools.items():
        api, tool = tool_of(name, folder, "--import", "-c", site.path, "--restart")
        with api:
            tool.run()
    check(site)
    assert site.query("SELECT count(*) AS n FROM dorad_data.observation") == observations


@pytest.mark.parametrize("name", ["github", "servicenow"])
def test_printed_and_piped_into_import_it_is_the_same(postgres, tmp_path, name):
    with Site(postgres=postgres, catalog=CATALOG) as other:
        other.write()
        api, tool = tool_of(name, str(tmp_path))
        with api:
            out = tool.run().out
        other.run("import", name, text=out)
        service = {"github": "gh", "servicenow": "desk"}[name]
        want = ROWS[service]
        got = rows(other)[service]
        assert {column: got[column] for column in want} == want


def test_what_import_does_not_understand_is_told_and_does_not_stop_the_timer(site, tmp_path):
    api, tool = tool_of("pagerduty", str(tmp_path), "--import", "-c", site.path)
    with api:
        api.route("/incidents", {"more": False, "incidents": [
            {"id": "PODD", "type": "incident", "status": "resolved"}]})
        done = tool.run()
        assert "not understood" in done.out + done.err
        assert tool.run()       # and goes on from there: nothing is asked for from the start
    assert "2026-01-01" not in api.asked[-1].query["since"]


def test_a_dorad_that_is_not_there_is_told_before_anything_is_fetched(tmp_path):
    api, tool = tool_of("pagerduty", str(tmp_path), "--import")
    tool.env["DORAD"] = str(tmp_path / "none")
    with api:
        err = tool.run(code=1).err
        assert "is not installed" in err and not api.asked


def test_a_dry_run_says_what_would_come_and_keeps_what_was_fetched(postgres, tmp_path):
    with Site(postgres=postgres, catalog=CATALOG) as other:
        other.write()
        api, tool = tool_of("pagerduty", str(tmp_path), "-c", other.path)
        with api:
            done = tool.run("--dry-run")
            assert "would make 2 events" in done.out and "--import" in done.err
            assert not os.path.exists(os.path.join(other.folder, "ledger.db"))
            n = len(api.asked)
            assert "2 events" in tool.run("--import").out
            assert len(api.asked) == n              # not fetched again
            assert tool.run("--import").out == ""   # and handed over once


def test_the_pipe_of_a_shell_works_too(site, tmp_path):
    api, tool = tool_of("pagerduty", str(tmp_path))
    with api:
        done = subprocess.run(
            ["bash", "-c", '"$@" | "$DORAD" import -c "$CONFIG" --dry-run pagerduty', "_",
             *tool.command], env={**tool.env, "CONFIG": site.path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0 and "would make 2 events" in done.stdout, done
