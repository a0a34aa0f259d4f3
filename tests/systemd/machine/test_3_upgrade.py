# SPDX-License-Identifier: Apache-2.0
"""The next version, with a migration, over the data of this one, under load."""

import json
import time

from conftest import DAEMONS, no_trouble, query, sh, wait_until
import load


def versions():
    return {line.split('"')[1] for port in (8080, 8081, 8091)
            for line in load.get("/metrics", port)[1].splitlines()
            if line.startswith("dorad_build_info")}


def test_the_next_version_says_what_it_will_do(tmp_path):
    sh(f"dpkg-deb -x /srv/test/next.deb {tmp_path}")
    rows = json.loads(sh(f"{tmp_path}/usr/bin/dorad check --upgrade --json"))
    pending = [row for row in rows if "_next.sql" in row["what"]]
    assert len(pending) == 1 and "a column of a table that is in use" in pending[0]["words"]
    assert "the running version goes on" in pending[0]["words"]
    assert {row["result"] for row in rows} == {"good", "pending"}
    now = json.loads(sh("dorad check --upgrade --json"))
    assert {row["result"] for row in now} == {"good"}


def test_an_upgrade_is_not_noticed(under_load):
    before, began = versions(), time.time()
    assert len(before) == 1
    said = sh("apt-get -qqy install /srv/test/next.deb")
    assert "could not" not in said
    for unit in DAEMONS:
        wait_until(lambda unit=unit: sh(f"systemctl is-active '{unit}'", check=False).strip()
                   == "active", unit)
    wait_until(lambda: versions() == {"0.2.0"}, "the next version to serve everywhere")
    n = len(under_load.kept)
    wait_until(lambda: len(under_load.kept) > n + 200, "requests to be answered")
    no_trouble(began)
    assert query("SELECT count(looked_at) FROM dorad_data.observation") == [["0"]]


def test_the_numbers_are_what_a_computation_from_nothing_gives():
    sh("dorad rollup --verify")
    said = sh("dorad status")
    assert "all is well" in said


def test_the_version_before_says_that_the_database_is_newer(tmp_path):
    sh(f"dpkg-deb -x /srv/test/this.deb {tmp_path}")
    said = sh(f"{tmp_path}/usr/bin/dorad check --upgrade", check=False)
    assert "install the newer one" in said
