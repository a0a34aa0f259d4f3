# SPDX-License-Identifier: Apache-2.0
"""Removed, and purged without a trace but the data."""

from conftest import DAEMONS, SOCKETS, query, sh, shown
from test_1_install import accounts, files

KEPT = "/var/lib/dorad"


def test_removing_stops_everything_and_keeps_the_configuration():
    sh("apt-get -qqy remove dorad")
    for unit in DAEMONS + SOCKETS:
        assert shown(unit, "ActiveState") != "active", unit
    assert {"catalog.yaml", "dorad.yaml", "secrets"} <= set(sh("ls /etc/dorad").split())
    assert sh("ls /etc/dorad/secrets").split() == ["events", "github"]


def test_purging_leaves_no_trace_but_the_data_that_it_says_it_keeps(world):
    said = sh("apt-get -qqy purge --auto-remove dorad")
    assert f"{KEPT} with the deliveries is kept" in said
    left = {name for name in files() - world["files"] if not name.startswith(KEPT)}
    assert left == set()
    assert accounts() - world["accounts"] == {"dorad-receive"}
    assert query("SELECT count(*) > 0 FROM dorad_data.observation") == [["t"]]
    assert sh(f"ls -l {KEPT}/ledger.db")


def test_installing_it_again_finds_the_data(world):
    sh("apt-get -qqy install /srv/test/next.deb && dorad init --yes --source github && dorad check"
       " && usermod -aG redis dorad-receive && usermod -aG redis dorad"
       " && systemctl enable --now dorad.target")
    n = sh("dorad deliveries --last 1")
    assert "github" in n
    sh("apt-get -qqy purge --auto-remove dorad")
    sh(f"rm -r {KEPT}; userdel dorad-receive")
    assert files() - world["files"] == set()
    assert accounts() - world["accounts"] == set()
