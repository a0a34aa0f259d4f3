# SPDX-License-Identifier: Apache-2.0
"""What /metrics shows, what the man pages say of it, and what the alerts watch, are the same."""

import os
import re
import subprocess

import pytest
import yaml

from harness.dorad import ROOT, Site

NAME = re.compile(r"\bdorad_[a-z_]+\b")


@pytest.fixture(scope="module")
def shown():
    """{name: type} of the receiver's metrics, after it has received, refused and verified."""
    with Site() as site:
        site.endpoint("github", "github")
        receive = site.start("receive")
        assert receive.post_github("ping", {"zen": "Keep it logically awesome."}).status == 200
        assert receive.post_github("ping", {}, secret="wrong").status == 401
        text = receive.get("/metrics").body.decode()
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def documented(page):
    path = os.path.join(ROOT, "build", "contrib", "man", page)
    text = subprocess.run(["mandoc", "-Tascii", path], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return set(NAME.findall(re.sub(r".\x08", "", text)))


def test_every_metric_is_in_the_man_page_and_none_else(shown):
    assert len(shown) > 30
    assert documented("dorad-receive.8") == set(shown)


def test_names_follow_the_conventions_of_prometheus(shown):
    for name, kind in shown.items():
        assert (kind == "counter") == name.endswith("_total"), f"{name} is a {kind}"


def test_alerts_watch_metrics_that_there_are_and_say_what_to_do(shown):
    with open(os.path.join(ROOT, "contrib", "prometheus", "alerts.yaml"),
              encoding="utf-8") as file:
        rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    assert len(rules) == len({rule["alert"] for rule in rules}) > 5
    for rule in rules:
        assert set(NAME.findall(rule["expr"])) <= set(shown), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"] and rule["annotations"]["action"]
