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


def test_every_month_of_the_year_has_deployments_of_every_service(year):
    seen = Counter()
    for delivery in year:
        body = json.loads(delivery.body)
        if delivery.kind == "deployment_status" and (
                body["deployment_status"]["state"] == "success"):
            seen[body["repository"]["name"], delivery.at.strftime("%Y-%m")] += 1
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


def test_the_signature_is_made_of_the_bytes_that_are_sent(year):
    headers = send.github_headers(year[0], "s3cret")
    assert headers["X-Hub-Signature-256"] == http.sign_github("s3cret", year[0].body)


def test_a_rollback_deploys_a_commit_that_was_in_production_before(year):
    shas = {}
    again = 0
    for delivery in year:
        body = json.loads(delivery.body)
        if delivery.kind != "deployment_status" or (
                body["deployment_status"]["state"] != "success"):
            continue
        repo, sha = body["repository"]["name"], body["deployment"]["sha"]
        seen = shas.setdefault(repo, [])
        again += sha in seen[:-1]
        seen.append(sha)
    assert again > 10


def test_the_catalogue_names_every_service_and_leaves_one_repository_unclaimed(year):
    catalog = yaml.safe_load(world.catalog())
    claimed = {source["github"] for service in catalog["services"]
               for source in service["sources"]}
    sent = {json.loads(delivery.body)["repository"]["full_name"] for delivery in year}
    assert sent - claimed == {f"{world.ORGANISATION}/{world.UNCLAIMED}"}
