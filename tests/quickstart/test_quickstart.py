# SPDX-License-Identifier: Apache-2.0
"""contrib/quickstart: one command from a clone to the monthly tables."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

import pytest

from harness.dorad import ROOT
from harness.wait import wait_until

sys.path.insert(0, os.path.join(ROOT, "tests", "portal"))
sys.path.insert(0, os.path.join(ROOT, "contrib", "quickstart.d"))

from paper import Paper, scope_of  # noqa: E402
from servers import Postgres  # noqa: E402
from walk import walk  # noqa: E402

QUICKSTART = os.path.join(ROOT, "contrib", "quickstart")
TEAMS = ("discovery", "growth", "logistics", "payments")
ROW = re.compile(
    r"  (\d{4}-\d\d)(\*?) +\d+ +\d+\.\d\d   "     # month, deploys, per day
    r"\S.{0,10} \(\d+\) +"                        # lead time (samples)
    r"\d+ % \(\d+ of \d+\) +"                     # fail rate
    r"\S.{0,10} \(\d+\) +"                        # time to restore (samples)
    r"\d+ % \(\d+ of \d+\)")                      # unplanned work


@pytest.fixture(scope="module")
def state():
    """A folder that Postgres's user can enter, too."""
    folder = tempfile.mkdtemp(prefix="dorad-quickstart-")
    os.chmod(folder, 0o755)
    yield os.path.join(folder, "state")
    shutil.rmtree(folder)


def quickstart(state, *arguments):
    done = subprocess.run([QUICKSTART, "--state", state, *arguments], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout


def processes(state):
    """Command lines of every process that has to do with this state folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                words = file.read().replace("\0", " ")
            folder = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if int(pid) != os.getpid() and (state in words or folder.startswith(state)):
            found.append(words)
    return found


def blocks(output):
    """{'team payments': lines} of the printed tables."""
    found = {}
    for text in output.split("\n\n"):
        lines = text.splitlines()
        if lines and re.match(r"(service|team) \S+", lines[0]):
            found[" ".join(lines[0].rstrip(":").split()[:2]).rstrip(":")] = lines
    return found


@pytest.fixture(scope="module")
def first(state):
    code, output = quickstart(state, "--once")
    assert code == 0, output
    return output


def test_every_team_has_a_year_of_months_with_every_metric(first):
    tables = blocks(first)
    for team in TEAMS:
        rows = [ROW.fullmatch(line) for line in tables[f"team {team}"][3:]]
        complete = [row.group(1) for row in rows if row and not row.group(2)]
        assert len(complete) == 12, "\n".join(tables[f"team {team}"])


def test_the_team_that_slides_is_seen_and_no_other(first):
    titles = {name: lines[0] for name, lines in blocks(first).items()}
    assert titles["team logistics"] == "team logistics: sliding"
    assert [name for name, title in titles.items() if "sliding" in title] == [
        "service shipping", "service tracking", "team logistics"]


def test_a_service_in_development_has_numbers_too(first):
    assert len(blocks(first)["service loyalty"]) > 12


def test_the_tables_fit_a_terminal_of_100_columns(first):
    for lines in blocks(first).values():
        assert max(map(len, lines)) <= 100


def test_nothing_is_left_running(first, state):
    assert first
    assert processes(state) == []


@pytest.fixture(scope="module")
def second(first, state):
    """A second run, which stays; what it said, and where its portal is."""
    with subprocess.Popen([QUICKSTART, "--state", state], text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        output = ""
        while "Ctrl-C stops" not in output:
            line = process.stdout.readline()
            assert line, output
            output += line
        yield process, output, re.search(r"pages +(http://127\.0\.0\.1:\d+)/", output).group(1)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)


def test_a_second_run_uses_what_is_there(first, second, state):
    _, output, _ = second
    with open(os.path.join(state, "dorad-quickstart.json"), encoding="utf-8") as file:
        sent = json.load(file)["sent"]
    assert f"{sent} webhooks were sent by an earlier run" in output
    assert blocks(output) == blocks(first)
    address = re.search(r"http://127\.0\.0\.1:\d+(?=/webhooks)", output).group(0)
    assert urllib.request.urlopen(f"{address}/healthz").status == 200
    code, refused = quickstart(state, "--once")
    assert code == 1 and "another quickstart is running" in refused


def test_the_portal_names_who_slides_and_in_what_and_nobody_who_is_steady(second):
    with urllib.request.urlopen(f"{second[2]}/api/v1/assurance") as answer:
        items = json.load(answer)["items"]
    sliding = {(item["scope"], item["name"]): item for item in items
               if item["assurance"] == "sliding"}
    assert set(sliding) == {("team", "logistics"), ("service", "shipping"),
                            ("service", "tracking")}
    team = sliding["team", "logistics"]
    assert {"deploy_freq", "lead_time"} <= set(team["worsening"]) and team["two_months_running"]
    with urllib.request.urlopen(f"{second[2]}/api/v1/teams/logistics/trends") as answer:
        trends = {trend["metric"]: trend["direction"] for trend in json.load(answer)["trends"]}
    assert {metric for metric, way in trends.items() if way == "worsening"} \
        == set(team["worsening"])
    with urllib.request.urlopen(f"{second[2]}/assurance") as answer:
        paper = Paper(answer.read().decode(), f"{second[2]}/assurance")
    listed = {scope_of(link)[1] for link in paper.inside() if scope_of(link)}
    assert listed == {item["name"] for item in items}
    assert re.search(r"Sliding, \w+ months running", paper.text)


def test_every_link_of_the_portal_answers_and_no_page_has_two_scopes(second):
    pages = walk(second[2])
    scopes = {scope_of(url)[:2] for url in pages if scope_of(url)}
    assert {name for scope, name in scopes if scope == "teams"} == set(TEAMS)
    assert len(pages) > 500


def test_it_stays_until_it_is_stopped_and_leaves_nothing_running(second, state):
    process = second[0]
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)   # as a terminal's Ctrl-C: to the whole group
    rest = process.stdout.read()
    assert process.wait() == 0, rest
    wait_until(lambda: processes(state) == [], what="everything to end")


def test_a_database_of_another_dorad_is_left_alone_and_the_way_out_is_told(second, state):
    assert second[0].poll() is not None
    postgres = Postgres(os.path.join(state, "postgres"), os.path.join(state, "postgres.log"))
    server = postgres.start()
    subprocess.run([*postgres.psql(), "-qc", "UPDATE dorad_data.migration SET sha256 = 'x'"],
                   check=True)
    server.stop()
    code, output = quickstart(state, "--once")
    assert code == 1 and "a migration must not change" in output
    assert "contrib/quickstart --reset throws its made-up year away" in output


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    for arguments in (["--once"], ["--reset"]):
        code, output = quickstart(str(tmp_path), *arguments)
        assert code == 1, output
        assert os.listdir(tmp_path) == ["thesis.txt"]
