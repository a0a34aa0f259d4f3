# SPDX-License-Identifier: Apache-2.0
"""What the tests inside the machine share. They run in order, each on what those before it left."""

import json
import os
import re
import subprocess
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import load     # noqa: E402

DAEMONS = ("dorad-receive.service", "dorad-rollup@1.service", "dorad-portal.service")
SOCKETS = ("dorad-receive.socket", "dorad-rollup@1.socket", "dorad-portal.socket")


def sh(command, check=True, **more):
    """Runs a line of shell as root; what it printed."""
    done = subprocess.run(command, shell=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        # dorad-migrate may: while Postgres starts it fails, and the next start does it again.
        failed = sh(f"systemctl list-units --failed --plain --no-legend {' '.join(DAEMONS)}")
        assert not failed, f"while waiting for {what() if callable(what) else what}: {failed}"
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what() if callable(what) else what}")
        time.sleep(0.05)
    return value


def shown(unit, name):
    return sh(f"systemctl show --property={name} --value '{unit}'").strip()


def secret(name="github"):
    with open(f"/etc/dorad/secrets/{name}", encoding="utf-8") as file:
        return file.read().strip()


def query(sql, database="dorad"):
    """The rows of a query, as lists of text."""
    text = sh(f"runuser -u postgres -- psql -XAtqF '\t' -d {database} -c \"{sql}\"", cwd="/")
    return [line.split("\t") for line in text.splitlines()]


def status():
    return json.loads(sh("dorad status --json", check=False))


def wait_for_all(entities):
    """Every deployment that was answered 200 is in Postgres, once, and counted."""
    wanted = set(entities)

    def missing():
        found = [row[0] for row in query(
            "SELECT entity FROM dorad_data.observation WHERE kind = 'deployment'"
            " AND endpoint = 'github'")]
        assert len(found) == len(set(found))
        return wanted - set(found)
    # On a busy machine the roll-up takes as long as it takes, but it goes on.
    left = missing()
    while left:
        wait_until(lambda n=len(left): len(missing()) < n,
                   lambda: f"{len(missing())} of {len(wanted)} events", 300)
        left = missing()
    wait_until(lambda: query("SELECT count(*) FROM dorad_data.mark")[0] == ["0"]
               and query("SELECT count(*) FROM dorad_data.month_mark")[0] == ["0"],
               "marks to be worked off", 300)


def words_of(units, since):
    """What they have said; what has been written but not yet read by the journal is waited for."""
    units = " ".join(f"-u '{unit}'" for unit in units)
    return sh(f"journalctl --sync && journalctl --no-pager -o cat --since '@{since:.6f}' {units}")


def no_trouble(since):
    """Nothing that a daemon did was forbidden to it, and none has died."""
    words = words_of(DAEMONS, since)
    assert not re.search(r"code=killed|code=dumped|SIGSYS|Failed with result", words), words


@pytest.fixture(scope="session")
def world():
    """What is known from one test to the next."""
    return {"kept": []}


@pytest.fixture
def under_load(world):
    """A load; afterwards nothing may have failed, and all of it must be in Postgres."""
    with load.Load(secret()) as it:
        yield it
    world["kept"] += it.kept
    assert it.failures == []
    assert it.kept
    wait_for_all(world["kept"])
