# SPDX-License-Identifier: Apache-2.0
"""The JSON API is what schemas/openapi.yaml says, holds what the database holds, and is cheap to ask again."""

import json
import os
import re
from urllib.parse import quote

import pytest
import yaml
from jsonschema import Draft7Validator

from harness import http
from harness.dorad import ROOT

OPENDORA = os.path.join(ROOT, "..", "shared", "payloads", "backstage")
MONTH = "2026-05"


@pytest.fixture(scope="module")
def openapi():
    with open(os.path.join(ROOT, "schemas", "openapi.yaml"), encoding="utf-8") as file:
        return yaml.safe_load(file)


def as_json_schema(node):
    """OpenAPI 3.0 as JSON Schema: nullable becomes a type; nothing else that we use differs."""
    if isinstance(node, list):
        return [as_json_schema(each) for each in node]
    if not isinstance(node, dict):
        return node
    made = {key: as_json_schema(value) for key, value in node.items() if key != "nullable"}
    if node.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    elif node.get("nullable") and made.keys() - {"description"}:
        made = {"anyOf": [made, {"type": "null"}]}
    # What is not in the contract is not sent.
    if made.get("type") == "object" and "properties" in made:
        made.setdefault("additionalProperties", False)
    return made


def resolve(openapi, node):
    while "$ref" in node:
        place = openapi
        for part in node["$ref"].removeprefix("#/").split("/"):
            place = place[part]
        node = place
    return node


def check(openapi, path, answer):
    """The answer is one that the contract has for this path."""
    responses = openapi["paths"][path]["get"]["responses"]
    response = resolve(openapi, responses.get(str(answer.status)) or responses["default"])
    kind = answer.headers["content-type"]
    assert kind in response["content"], f"{path}: {kind}"
    schema = as_json_schema({**response["content"][kind]["schema"],
                             "components": openapi["components"]})
    document = json.loads(answer.body)
    errors = [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
              for error in Draft7Validator(schema).iter_errors(document)]
    assert errors == [], path
    return document


def ask(served, openapi, path, query="", **names):
    address = path
    for name, value in names.items():
        address = address.replace("{" + name + "}", quote(value, safe=""))
    return check(openapi, path, served.get(address + query))


SCOPES = [("services", "checkout"), ("services", "loyalty"), ("teams", "payments"),
          ("services", "acme/rocket \N{ROCKET} & sons? #1 100%"), ("teams", "'\"--></style></title>"
                                                                  "<svg/onload=alert(1)>")]


@pytest.mark.parametrize("scope, name", SCOPES)
def test_answers_are_as_the_contract_says(small, openapi, scope, name):
    of = {"scope": scope, "name": name}
    entity = ask(small, openapi, "/api/v1/{scope}/{name}", **of)
    assert (entity["scope"], entity["name"]) == (scope[:-1], name)
    months = ask(small, openapi, "/api/v1/{scope}/{name}/months", **of)
    assert months["months"] and months["name"] == name
    trends = ask(small, openapi, "/api/v1/{scope}/{name}/trends", **of)
    assert [trend["metric"] for trend in trends["trends"]] == [
        "deploy_freq", "lead_time", "fail_rate", "restore", "unplanned"]
    reasons = ask(small, openapi, "/api/v1/{scope}/{name}/explain", f"?month={MONTH}", **of)
    assert len(reasons["metrics"]) == 5 and reasons["name"] == name


def test_every_path_of_the_contract_is_answered_and_the_contract_itself(small, openapi):
    for path in openapi["paths"]:
        ask(small, openapi, path, f"?month={MONTH}" if path.endswith("explain") else "",
            scope="services", name="checkout")
    answer = small.get("/api/openapi.yaml")
    assert yaml.safe_load(answer.body) == openapi


def test_months_are_the_rows_of_the_view(small, openapi):
    rows = small.query("SELECT to_jsonb(m) - 'service' AS row FROM dorad.monthly_service AS m"
                       " WHERE service = 'checkout' ORDER BY month")
    months = ask(small, openapi, "/api/v1/{scope}/{name}/months", scope="services",
                 name="checkout")["months"]
    want = [{**row["row"], "month": row["row"]["month"][:7]} for row in rows]
    assert months == want[-24:]
    part = ask(small, openapi, "/api/v1/{scope}/{name}/months", "?from=2026-02&to=2026-04",
               scope="services", name="checkout")["months"]
    assert part == [row for row in want if "2026-02" <= row["month"] <= "2026-04"]


def test_reasons_are_as_many_as_n_and_numerator_over_denominator_is_the_value(small, openapi):
    for metric in ask(small, openapi, "/api/v1/{scope}/{name}/explain", f"?month={MONTH}",
                      scope="teams", name="payments")["metrics"]:
        counted = [fact for fact in metric["facts"] if fact["counted"]]
        assert len(counted) == metric["n"] or metric["metric"] == "restore", metric["metric"]
        if metric["metric"] in ("fail_rate", "unplanned"):
            assert metric["value"] == pytest.approx(
                metric["numerator"] / metric["denominator"], abs=1e-6)


def test_a_month_that_is_far_away_has_no_trends_and_is_no_mistake(small):
    for month in ("1000-01", "9999-12"):
        answer = json.loads(small.get(f"/api/v1/services/checkout/trends?month={month}").body)
        assert answer["month"] is None and answer["trends"] == []


def test_behind_a_prefix_the_next_page_of_a_list_has_it(full_site):
    full_site.config["portal"]["base_url"] = "https://numbers.example.com/dora/"
    for name in ("a", "b"):
        full_site.query("INSERT INTO dorad_data.service (service) VALUES (%s)", name)
    answer = full_site.start("portal").get("/api/v1/services?limit=1")
    assert answer.headers["link"] == '</dora/api/v1/services?limit=1&after=a>; rel="next"'


def test_the_lists_are_told_page_by_page_each_name_once(small, openapi):
    whole = ask(small, openapi, "/api/v1/services", "?limit=1000")["items"]
    assert [item["name"] for item in whole] == sorted(item["name"] for item in whole)
    seen, path = [], "/api/v1/services?limit=3"
    while path:
        answer = small.get(path)
        page = check(openapi, "/api/v1/services", answer)
        assert 1 <= len(page["items"]) <= 3
        seen += page["items"]
        link = answer.headers.get("link")
        assert (link is None) == (page["next"] is None)
        path = re.fullmatch(r'<(.*)>; rel="next"', link).group(1) if link else None
    assert seen == whole and len(whole) == 8
    for item in whole:
        assert small.get(item["url"]).status == 200


def test_lists_and_assurance_carry_no_values(small, openapi):
    for path in ("/api/v1/services", "/api/v1/teams", "/api/v1/assurance"):
        def numbers(node):
            if isinstance(node, dict):
                return [each for value in node.values() for each in numbers(value)]
            if isinstance(node, list):
                return [each for value in node for each in numbers(value)]
            return [node] if isinstance(node, (int, float)) and not isinstance(node, bool) else []
        assert numbers(ask(small, openapi, path)) == [], path


@pytest.mark.parametrize("path, status, words", [
    ("/api/v1/services/nobody", 404, "nobody"),
    ("/api/v1/services/nobody/months", 404, "nobody"),
    ("/api/v1/teams/checkout/trends", 404, "team"),
    ("/api/v1/services?limit=0", 400, "from 1 to 1000"),
    ("/api/v1/services?limit=1001", 400, "from 1 to 1000"),
    ("/api/v1/services?limit=ten", 400, "limit=ten"),
    ("/api/v1/services/checkout/months?from=May", 400, "from=May"),
    ("/api/v1/services/checkout/months?to=2026-13", 400, "to=2026-13"),
    ("/api/v1/services/checkout/explain", 400, "month=2026-03"),
    ("/api/v1/services/checkout/explain?month=2026-05&metric=speed", 400, "deploy_freq"),
    ("/api/v1/services/checkout/explain?month=1999-05", 404, "in that month"),
    ("/api/v1/services/checkout/trends?month=x", 400, "month=x"),
    ("/api/v1/nothing", 404, "mistyped"),
    ("/api/v1/services/%ff", 404, "mistyped"),
    ("/api/v1/services/a/b/c", 404, "mistyped"),
    ("/api/v1/services?limit=" + "%C3%A9" * 400, 400, "limit=\N{LATIN SMALL LETTER E WITH ACUTE}"),
    ("/api/v1/services/checkout/months?from=x" + "%F0%9F%9A%80" * 200, 400, "from=x\N{ROCKET}"),
    ("/api/v1/services/checkout/months?from=%ff", 400, "UTF-8"),
    ("/api/v1/services/checkout/explain?month=2026-05&metric=%zz", 400, "UTF-8"),
    ("/api/v1/services/checkout/explain?month=9999-12", 404, "in that month"),
])
def test_a_mistake_is_told_as_rfc_9457_asks(small, openapi, path, status, words):
    answer = small.get(path)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store" and "etag" not in answer.headers
    problem = json.loads(answer.body)
    schema = as_json_schema({**openapi["components"]["schemas"]["Problem"]})
    Draft7Validator(schema).validate(problem)
    assert problem["status"] == status and words in problem["detail"], problem


@pytest.mark.parametrize("path", [
    "/", "/services/checkout", "/services/checkout/lead-time.svg", "/assurance", "/data",
    "/api/v1/services", "/api/v1/services/checkout/months", "/api/v1/assurance",
    "/api/openapi.yaml", "/icon.svg"])
def test_what_has_not_changed_is_answered_304(small, path):
    first = small.get(path)
    assert first.status == 200 and first.headers["cache-control"]
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = small.get(path, {"If-None-Match": known})
        assert again.status == 304 and again.body == b"", known
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == first.headers["cache-control"]
    for unknown in ('"other"', etag[:-2] + '"', etag.strip('"')):
        assert small.get(path, {"If-None-Match": unknown}).status == 200, unknown


def test_pages_are_asked_for_each_time_and_the_style_is_kept_for_ever(small):
    page = small.get("/services/checkout")
    assert page.headers["cache-control"] == "private, no-cache"
    style = re.search(r'"(/style-[0-9a-f]{12}\.css)"', page.body.decode()).group(1)
    assert small.get(style).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert small.get("/style-000000000000.css").status == 404


def test_a_policy_forbids_scripts_frames_and_other_hosts(small):
    page = small.get("/services/checkout").headers
    assert page["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "frame-ancestors 'none'" in page["content-security-policy"]
    assert page["x-content-type-options"] == "nosniff"
    assert page["referrer-policy"] == "no-referrer"
    assert "access-control-allow-origin" not in page
    chart = small.get("/services/checkout/lead-time.svg").headers["content-security-policy"]
    assert chart.startswith("default-src 'none'; style-src 'sha256-")


# -- OpenDORA --------------------------------------------------------------------------------

AGGREGATIONS = {"weekly": r"\d\d/\d\d/\d{4} \"\(Week \d+\)\"|\d\d/\d\d/\d{4} \(Week \d+\)",
                "monthly": r"\d{4}/\d\d", "quarterly": r"\d{4}-0[1-4]"}


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("kind", ["df_count", "df_average", "mltc", "cfr", "mttr"])
def test_opendora_has_points_by_week_month_and_quarter(small, kind, aggregation):
    for whose in ("&project=checkout", "&team=payments", ""):
        answer = small.get(f"/dora/api/metric?type={kind}&aggregation={aggregation}{whose}")
        assert answer.status == 200
        assert answer.headers["access-control-allow-origin"] == "*"
        document = json.loads(answer.body)
        assert document.keys() == {"aggregation", "dataPoints"}
        assert document["aggregation"] == aggregation and document["dataPoints"]
        for point in document["dataPoints"]:
            assert point.keys() == {"key", "value"} and point["value"] >= 0
            assert re.fullmatch(AGGREGATIONS[aggregation], point["key"]), point


def test_opendora_counts_what_the_months_count(small):
    points = json.loads(small.get("/dora/api/metric?type=df_count&aggregation=monthly&"
                                  "project=checkout").body)["dataPoints"]
    rows = small.query("SELECT to_char(month, 'YYYY/MM') AS key, deployments AS value"
                       " FROM dorad.monthly_service WHERE service = 'checkout'")
    want = {row["key"]: row["value"] for row in rows}
    assert len(points) >= 6 and all(want[point["key"]] == point["value"] for point in points)


def test_opendora_knows_nothing_of_a_name_that_nobody_knows(small):
    for whose in ("project=nobody", "team=nobody"):
        answer = small.get(f"/dora/api/metric?type=df_count&aggregation=monthly&{whose}")
        assert json.loads(answer.body)["dataPoints"] == []
        benchmark = json.loads(small.get(f"/dora/api/benchmark?type=df&{whose}").body)
        assert benchmark == {"key": "na-deployments", "value": ""}


def test_opendora_counts_no_more_points_than_anybody_looks_at(small):
    years = {"weekly": 19, "monthly": 76, "quarterly": 246}
    for aggregation, most in years.items():
        path = f"/dora/api/metric?type=df_count&aggregation={aggregation}&project=checkout"
        for first, status in ((2026 - most, 200), (2026 - most - 1, 400)):
            if first < 1970:
                first, last = 1970, 1970 + 2026 - first
            else:
                last = 2026
            answer = small.get(f"{path}&from={first}-01-01T00:00:00Z&to={last}-01-01T00:00:00Z")
            assert answer.status == status, (aggregation, first, last)
            assert status == 200 or "1000" in json.loads(answer.body)["message"]
    whole = small.get("/dora/api/benchmark?type=df&project=checkout&from=1970-01-01T00:00:00Z&"
                      "to=9999-01-01T00:00:00Z")
    assert whole.status == 200 and json.loads(whole.body)["value"]


def test_opendora_says_what_is_wrong_with_a_question(small):
    for path in ("metric", "metric?type=speed", "metric?type=cfr&aggregation=daily",
                 "metric?type=cfr&from=2026-01-01T00:00:00Z", "metric?type=cfr&from=x&to=y",
                 "metric?type=cfr&project=%ff",
                 "benchmark", "benchmark?type=df_count", "nothing"):
        answer = small.get(f"/dora/api/{path}")
        assert answer.status == (404 if path == "nothing" else 400), path
        assert json.loads(answer.body).keys() == {"message", "reference"}


def test_a_browser_of_another_origin_may_ask_opendora_and_nothing_else(small):
    def preflight(path):
        return http.request(small.site.portal_address, "OPTIONS", path, headers={
            "Origin": "https://backstage.example.com", "Access-Control-Request-Method": "GET"})
    allowed = preflight("/dora/api/metric")
    assert allowed.status == 204 and allowed.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in preflight("/api/v1/services").headers


def shape(node):
    """Types alone: {'key': 'str', 'value': 'number'}."""
    if isinstance(node, dict):
        return {key: shape(value) for key, value in node.items()}
    if isinstance(node, list):
        shapes = [shape(value) for value in node]
        assert all(each == shapes[0] for each in shapes)
        return shapes[:1]
    return "number" if isinstance(node, (int, float)) else type(node).__name__


STUBS = sorted(name for name in (os.listdir(OPENDORA) if os.path.isdir(OPENDORA) else ())
               if name.startswith("opendora-stubs-") and name.endswith(".json"))


def stub_types(name):
    """opendora-stubs-metrics-df-count_monthly.json -> metric, df_count, monthly"""
    what, group, rest = re.match(r"opendora-stubs-(metrics|benchmark)-(\w+?)-(\w+)\.json",
                                 name).groups()
    if what == "benchmark":
        return f"benchmark?type={group}"
    kind = {"df": f"df_{rest.split('_')[0]}"}.get(group, group)
    return f"metric?type={kind}&aggregation={rest.split('_')[1]}"


def test_answers_have_the_shapes_of_the_plugins_own_stubs(small):
    """Where its samples stand beside the project; the shapes are also told above."""
    for name in STUBS:
        with open(os.path.join(OPENDORA, name), encoding="utf-8") as file:
            stub = json.load(file)
        answer = small.get(f"/dora/api/{stub_types(name)}&project=checkout")
        assert answer.status == 200, name
        assert shape(json.loads(answer.body)) == shape(stub), name
