# SPDX-License-Identifier: Apache-2.0
"""Known histories give the rows they must: through the front door, in whatever order and
portions, however many workers are at it, and again from scratch."""

import subprocess

import pytest

from harness.golden import all_differences, histories, rows_of
from harness.dorad import Site, environment, program
from harness.wait import wait_until

PORTION = 2000      # events a request holds


@pytest.fixture(params=histories(), ids=lambda history: history.name)
def history(request):
    return request.param


@pytest.fixture
def site(postgres, history):
    """A receiver with an endpoint for events, and the history's catalogue applied."""
    with Site(postgres=postgres) as it:
        it.endpoint("push", "events")
        it.receive = it.start("receive")
        it.run("catalog", "apply", history.catalog)
        yield it


def feed(site, events):
    """Posts them in the order given and waits until all of them are in the streams."""
    for start in range(0, len(events), PORTION):
        answer = site.receive.post_events(events[start:start + PORTION])
        assert answer.status == 200, answer
    wait_until(lambda: site.table("status")["ledger"]["backlog"] == 0
               if isinstance(site.table("status"), dict) else False)


def roll_up(site, history):
    site.run("rollup", "--once", "--as-of", history.as_of)


def assert_right(site, history):
    lines = all_differences(site, history)
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


def test_a_history_gives_its_rows_and_reasons(site, history):
    feed(site, history.events)
    roll_up(site, history)
    assert_right(site, history)
    # Again from scratch, and beside.
    before = site.query("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month")
    site.run("rollup", "--rebuild")
    assert site.query("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month") == before
    assert site.run("rollup", "--verify").stdout == ""


def test_a_history_fed_in_halves_and_twice_over_gives_the_same(site, history):
    half = len(history.events) // 2
    feed(site, history.events[:half])
    roll_up(site, history)
    feed(site, history.events[half:])
    roll_up(site, history)
    assert_right(site, history)
    feed(site, history.events)
    roll_up(site, history)
    assert_right(site, history)
    assert site.run("rollup", "--verify").stdout == ""


def test_three_workers_at_once_give_the_same(site, history):
    feed(site, history.events)
    command = [program(), "rollup", "--once", "--as-of", history.as_of, "-c"]
    workers = []
    for instance in range(3):
        site.config["rollup"].update(instance=str(instance), batch=50)
        path = site.write()
        config = site.file(f"worker-{instance}.yaml", open(path, encoding="utf-8").read())
        workers.append(subprocess.Popen([*command, config], env=environment(), text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE))
    outputs = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], outputs
    assert_right(site, history)
    assert site.run("rollup", "--verify").stdout == ""


def test_events_come_again_and_nothing_is_revised(site, history):
    feed(site, history.events)
    roll_up(site, history)
    before = site.query("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month")
    feed(site, list(reversed(history.events)))
    roll_up(site, history)
    assert site.query("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month") == before
    assert len(rows_of(site)) == len(before)
