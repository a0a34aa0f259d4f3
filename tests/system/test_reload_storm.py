# SPDX-License-Identifier: Apache-2.0
"""Months of reloads, in seconds: nothing stays open, and a burst of signals is one reload."""

import os
import signal

import pytest

from harness.dorad import Site
from harness.wait import wait_until

ROUNDS = 5
BURST = 200


def open_files(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def reload(daemon):
    before = daemon.read_log().count("reloaded")
    daemon.send(signal.SIGHUP)
    wait_until(lambda: daemon.read_log().count("reloaded") > before, what=daemon.read_log)


@pytest.mark.parametrize("subcommand", ["receive", "rollup", "portal"])
def test_reloads_leave_nothing_open_and_a_burst_is_not_a_queue(postgres, subcommand):
    with Site(postgres=postgres) as site:
        site.endpoint("push", "events")
        daemon = site.start(subcommand)
        reload(daemon)
        before = open_files(daemon)
        for _ in range(ROUNDS):
            reload(daemon)
        taken_up = daemon.read_log().count("reloaded")
        for _ in range(BURST):
            daemon.send(signal.SIGHUP)
        reload(daemon)
        assert daemon.read_log().count("reloaded") - taken_up < BURST
        wait_until(lambda: open_files(daemon) <= before,
                   what=lambda: f"{open_files(daemon)} open files to be {before} again")
