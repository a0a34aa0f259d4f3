# SPDX-License-Identifier: Apache-2.0
"""The quickstart's made-up year is what it claims to be."""

import json
import os
import sys
from collections import Counter
from datetime import datetime, timezone

import pytest
import yaml

QUICKSTART = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib",
                          "quickstart.d")
sys.path.insert(0, QUICKSTART)

import sample  # noqa: E402
import send  # noqa: E402
import world  # noqa: E402
from harness import http  # noqa: E402

NOW = datetime(2025, 3, 14, 15, 9, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def year():
    return sample.deliveries(1, NOW)


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(year):
    assert sample.deliveries(1, NOW) == year
    assert sample.deliveries(2, NOW) != year


def test_the_deliveries_are_in_order_and_none_is_of_the_future(year):
    times = [delivery.at for delivery in year]
    assert times == sorted(times)
    assert times[-1] < NOW


def successes(year):
    """(repository, sha, when) of every deployment that succeeded."""
    for delivery in year:
        body = json.loads(delivery.body)
        if delivery.kind == "deployment_status" and (
                body["deployment_status"]["state"] == "success"):
            yield body["repository"]["name"], body["deployment"]["sha"], delivery.at
        elif delivery.kind == "Deployment Hook" and body["status"] == "success":
            yield body["project"]["name"], body["commit_url"].split("/")[-1], delivery.at


def test_every_month_of_the_year_has_deployments_of_every_service(year):
    seen = Counter((name, when.strftime("%Y-%m")) for name, _, when in successes(year))
    months = {month for _, month in seen}
    assert len(months) == sample.MONTHS + 1
    for service in world.SERVICES:
        for month in months:
            assert seen[service.name, month] > 0, f"{service.name} in {month}"


def test_some_deliveries_come_twice_with_the_same_identity_and_bytes(year):
    identities = Counter((d.endpoint, d.identity) for d in year)
    assert 0 < sum(1 for n in identities.values() if n == 2) < len(year) / 50
    assert max(identities.values()) == 2
    assert len(set(year)) == len(identities)


def test_each_sender_signs_the_bytes_it_sends_in_its_own_way(year):
    names = {"github": "X-Hub-Signature-256", "jira": "X-Hub-Signature",
             "servicenow": "X-Dorad-Signature"}
    for delivery in {d.endpoint: d for d in year}.values():
        headers = send.HEADERS[delivery.endpoint](delivery, "s3cret")
        if delivery.endpoint == "gitlab":
            assert headers["X-Gitlab-Token"] == "s3cret"
        else:
            assert headers[names[delivery.endpoint]] == http.sign_github("s3cret", delivery.body)


def test_all_four_systems_speak(year):
    assert {delivery.endpoint for delivery in year} == {"github", "gitlab", "jira", "servicenow"}


def test_a_rollback_deploys_a_commit_that_was_in_production_before(year):
    shas = {}
    again = 0
    for repo, sha, _ in successes(year):
        seen = shas.setdefault(repo, [])
        again += sha in seen[:-1]
        seen.append(sha)
    assert again > 10


def test_the_catalogue_names_every_service_and_leaves_one_repository_unclaimed(year):
    catalog = yaml.safe_load(world.catalog())
    claimed = {source.get("github") or source.get("gitlab") for service in catalog["services"]
               for source in service["sources"]}
    sent = set()
    for delivery in year:
        body = json.loads(delivery.body)
        if delivery.endpoint == "github":
            sent.add(body["repository"]["full_name"])
        elif delivery.endpoint == "gitlab":
            sent.add(body["project"]["path_with_namespace"])
    assert sent - claimed == {f"{world.ORGANISATION}/{world.UNCLAIMED}"}
