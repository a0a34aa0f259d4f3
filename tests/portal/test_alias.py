# SPDX-License-Identifier: Apache-2.0
"""A service that goes by another name: what was linked by it leads to its page, and to the same place on it."""

import json
from urllib.parse import quote, urljoin

import pytest

NAME = "acme/rocket \N{ROCKET}?"
ALIASES = ("rocket-api", "component:default/rocket", "..")
RESTS = ("", "/", "/2026-05", "/2026-05/lead-time?page=2", "/lead-time.svg", "/lead-time.svg?v=1&w=%26")


@pytest.fixture(scope="module")
def named(serve):
    for served in serve([]):
        served.query("INSERT INTO dorad_data.service (service) VALUES (%s), ('found')", NAME)
        for alias in ALIASES:
            served.query("INSERT INTO dorad_data.service_alias VALUES (%s, %s)", alias, NAME)
        yield served


def segment(name):
    return ("~" if name == ".." else "") + quote(name, safe="")


@pytest.mark.parametrize("rest", RESTS)
@pytest.mark.parametrize("under", ("", "/behind/a/proxy"))
def test_an_alias_leads_to_the_same_page_of_the_service(named, rest, under):
    for alias in ALIASES:
        for above in ("/services/", "/api/v1/services/"):
            if above != "/services/" and rest not in ("", "/"):
                continue
            path = above + segment(alias) + rest
            answer = named.get(path)
            assert answer.status == 308 and answer.body == b"", path
            assert answer.headers["cache-control"] == "private, no-cache"
            # As a browser resolves it, which knows the address of the proxy alone.
            assert urljoin(f"http://x{under}{path}", answer.headers["location"]) == \
                f"http://x{under}{above}{segment(NAME)}{rest}"


@pytest.mark.parametrize("part", ("/months?from=2026-01", "/trends", "/explain?month=2026-05&metric=lead_time"))
def test_so_does_its_address_in_the_api(named, part):
    answer = named.get("/api/v1/services/rocket-api" + part)
    assert answer.status == 308
    assert answer.headers["location"] == f"../{segment(NAME)}{part}"


def test_however_its_address_is_encoded(named):
    for path in ("/%73ervices/rocket-api", "/services/%72ocket%2Dapi"):
        assert named.get(path).headers["location"] == segment(NAME), path
    assert named.get("/api/v1/%73ervices/rocket-api/trends").headers["location"] == \
        f"../{segment(NAME)}/trends"


def test_opendora_is_told_of_the_service(named):
    def points(name):
        answer = named.get("/dora/api/metric?type=df_count&aggregation=monthly&project=" + quote(name, safe=""))
        return json.loads(answer.body)["dataPoints"]

    assert points("rocket-api") == points(NAME) != []
    assert points("rocket") == []


def test_what_is_no_alias_is_not_found_and_a_service_of_that_name_is_itself(named):
    assert named.get("/services/rocket-apis").status == 404
    assert named.get("/teams/rocket-api").status == 404
    assert named.get("/services/found").status == 200
    assert json.loads(named.get("/api/v1/services/rocket").body)["status"] == 404
