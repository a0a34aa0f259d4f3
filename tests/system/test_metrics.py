# SPDX-License-Identifier: Apache-2.0
"""What /metrics shows, what the man pages say of it, what the alerts watch and what the board of
operations asks for, are the same."""

import json
import os
import re
import subprocess

import pytest
import yaml

from harness import http
from harness.dorad import ROOT, Site

DAEMONS = ("receive", "rollup", "portal")
NAME = re.compile(r"\bdorad_[a-z_]+\b")


@pytest.fixture(scope="module")
def shown(postgres):
    """{daemon: {name: type}} after each has done a little of all that it does."""
    with Site(postgres=postgres) as site:
        site.endpoint("github", "github")
        addresses = {name: f"127.0.0.1:{http.free_port()}" for name in ("rollup", "portal")}
        for name, address in addresses.items():
            site.config.setdefault(name, {})["metrics_listen"] = [address]
        receive = site.start("receive")
        addresses["receive"] = receive.address
        site.start("rollup")
        portal = site.start("portal")
        assert receive.post_github("ping", {"zen": "Keep it logically awesome."}).status == 200
        assert receive.post_github("ping", {}, secret="wrong").status == 401
        assert portal.get("/").status == 200
        # Apart means apart.
        assert portal.get("/metrics").status == 404
        assert http.get(addresses["portal"], "/").status == 404
        return {name: dict(re.findall(r"^# TYPE (\S+) (\S+)$",
                                      http.get(addresses[name], "/metrics").body.decode(), re.M))
                for name in DAEMONS}


@pytest.fixture(scope="module")
def known(shown):
    return {name for metrics in shown.values() for name in metrics}


def documented(page):
    path = os.path.join(ROOT, "build", "contrib", "man", page)
    text = subprocess.run(["mandoc", "-Tascii", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    text = text[:text.index("SEE ALSO")] if "SEE ALSO" in text else text
    return set(NAME.findall(re.sub(r".\x08", "", text))) - {"dorad_reader"}


@pytest.mark.parametrize("daemon", DAEMONS)
def test_every_metric_is_in_the_man_page_and_none_else(daemon, shown):
    assert len(shown[daemon]) >= 10
    assert documented(f"dorad-{daemon}.8") == set(shown[daemon])


@pytest.mark.parametrize("daemon", DAEMONS)
def test_names_follow_the_conventions_of_prometheus(daemon, shown):
    for name, kind in shown[daemon].items():
        assert (kind == "counter") == name.endswith("_total"), f"{name} is a {kind}"


def test_alerts_watch_metrics_that_there_are_and_say_what_to_do(known):
    with open(os.path.join(ROOT, "contrib", "prometheus", "alerts.yaml"),
              encoding="utf-8") as file:
        rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    assert len(rules) == len({rule["alert"] for rule in rules}) > 5
    for rule in rules:
        assert set(NAME.findall(rule["expr"])) <= known, rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]


def test_the_board_of_operations_asks_for_metrics_that_there_are(known):
    with open(os.path.join(ROOT, "contrib", "grafana", "boards", "operations.json"),
              encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(asked) > 10
    for expression in asked:
        assert NAME.findall(expression) and set(NAME.findall(expression)) <= known, expression
