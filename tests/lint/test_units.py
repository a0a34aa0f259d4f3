# SPDX-License-Identifier: Apache-2.0
"""The systemd units are right, and let the daemons do little."""

import os
import re
import shutil
import subprocess

import pytest
from sources import BUILD, ROOT

MOST_EXPOSED = {    # systemd-analyze's score, 0 is safest
    "dorad-receive.service": 0.8,
    "dorad-rollup@.service": 1.2,
    "dorad-portal.service": 1.2,
    "dorad-migrate.service": 1.2,
    # They speak to the world, whose addresses nobody knows beforehand.
    "dorad-backfill@.service": 1.2,
    "dorad-redeliver@.service": 1.2,
}


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    """A folder with the units as they are installed, and a program at their path."""
    folder = tmp_path_factory.mktemp("units")
    for source in (os.path.join(BUILD, "contrib", "systemd"),
                   os.path.join(ROOT, "contrib", "systemd")):
        for name in os.listdir(source):
            if name.endswith((".service", ".socket", ".target", ".timer")):
                text = open(os.path.join(source, name), encoding="utf-8").read()
                text = re.sub(r"^(ExecStart=)\S+/dorad ", rf"\1{BUILD}/dorad ", text, flags=re.M)
                text = re.sub(r"^(ExecStart=)\S+/lib/dorad/", rf"\1{ROOT}/contrib/", text, flags=re.M)
                (folder / name).write_text(text)
    assert len(os.listdir(folder)) == 12
    return folder


def analyze(*arguments):
    return subprocess.run(["systemd-analyze", *map(str, arguments)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def test_systemd_finds_no_fault(units):
    for name in os.listdir(units):
        if "@." in name:
            shutil.copy(units / name, units / name.replace("@.", "@1."))
    for name in sorted(os.listdir(units)):
        if "@." in name:
            continue
        done = analyze("verify", "--man=no", units / name)
        ours = [line for line in done.stdout.splitlines() if "dorad" in line]
        assert not ours, "\n".join(ours)


@pytest.mark.parametrize("name", MOST_EXPOSED)
def test_a_daemon_is_exposed_to_little(name, units):
    threshold = str(int(MOST_EXPOSED[name] * 10))   # in tenths
    done = analyze("security", "--offline=true", "--no-pager", f"--threshold={threshold}",
                   units / name)
    assert done.returncode == 0, done.stdout


def test_remote_conf_still_leaves_little(units, tmp_path):
    name = "dorad-receive.service"
    extra = open(os.path.join(ROOT, "contrib", "systemd", "remote.conf"), encoding="utf-8").read()
    service = (units / name).read_text() + "\n" + extra
    (tmp_path / name).write_text(service)
    done = analyze("security", "--offline=true", "--no-pager", "--threshold=12", tmp_path / name)
    assert done.returncode == 0, done.stdout
