# SPDX-License-Identifier: Apache-2.0
"""backfill of GitLab, Jira, ServiceNow and PagerDuty: each API's own way to page and to filter."""

import re
import time
from urllib.parse import unquote

import pytest

from backfills import DAY, SECRET, Tool, ago, once
from harness.apis import Api, Reply, basic

# -- GitLab ------------------------------------------------------------------------------------

def project(number, **more):
    return {"id": number, "path_with_namespace": f"shop/p{number}", "default_branch": "main",
            "web_url": f"https://gitlab.example/shop/p{number}", "owner": {"name": "Ann"}, **more}


@pytest.fixture
def gitlab():
    with Api(SECRET, header="PRIVATE-TOKEN", page=2) as server:
        yield server


def serve_project(api, one):
    at = f"/api/v4/projects/{one['id']}"
    api.route(at, one)
    rows = {
        "deployments": [{"id": 10 * one["id"] + n, "status": "success", "updated_at": ago(n),
                         "deployable": {"user": {"name": "Ann"}}} for n in range(3)],
        "repository/commits": [{"id": f"{n:040x}", "committed_date": ago(2), "message": "words",
                                "author_name": "Ann"} for n in range(5)],
        "merge_requests": [{"id": 50 + n, "iid": n, "merged_at": ago(2),
                            "author": {"name": "Ann"}} for n in range(2)],
        "issues": [{"id": 60 + n, "iid": n, "type": "INCIDENT"} for n in range(3)],
        "environments": [{"id": 90, "slug": "live", "name": "live", "tier": "production"}],
    }
    for path, some in rows.items():
        api.linked(f"{at}/{path}", some)


def test_gitlab_a_group_is_all_its_projects_with_what_is_turned_on(gitlab, tmp_path):
    projects = [project(1), project(2, issues_access_level="disabled", empty_repo=True),
                project(3, environments_access_level="disabled")]
    gitlab.linked("/api/v4/groups/shop%2Fall/projects", projects)
    for one in projects:
        serve_project(gitlab, one)
    gitlab.fault(5, "429")
    tool = Tool(tmp_path, "gitlab/backfill", "--api", gitlab.url + "/api/v4",
                "--group", "shop/all", "--pause", "0.01")
    rows = tool.run().rows
    parts = []      # what follows each project
    for row in rows:
        if "path_with_namespace" in row:
            parts.append([])
        parts[-1].append(row)
    assert [len(part) for part in parts] == [1 + 1 + 3 + 5 + 2 + 3, 1 + 1 + 3 + 2, 1 + 5 + 2 + 3]
    assert once([row for row in parts[0] if "status" in row], "id") == [10, 11, 12]
    assert once([row for row in parts[0] if "committed_date" in row], "id") == \
        [f"{n:040x}" for n in range(5)]
    assert "Ann" not in str(rows) and "words" not in str(rows)
    asked = {(one.path.split("/")[-1], name): value for one in gitlab.asked
             for name, value in one.query.items()}
    for path in ("deployments", "issues", "merge_requests"):
        assert ago(366) < asked[path, "updated_after"] < ago(364), path
    assert ago(401) < asked["commits", "since"] < ago(399)      # made before, merged since
    assert asked["merge_requests", "state"] == "merged"
    assert asked["deployments", "order_by"] == "updated_at"     # which updated_after demands


def test_gitlab_a_project_by_its_path_goes_on_where_it_was_killed(gitlab, tmp_path):
    one = project(7)
    serve_project(gitlab, one)
    gitlab.route("/api/v4/projects/shop%2Fp7", one)
    tool = Tool(tmp_path, "gitlab/backfill", "--api", gitlab.url + "/api/v4",
                "--project", "shop/p7", "--pause", "0.01")
    gitlab.fault(7, "hold")
    tool.run_until_held(gitlab)
    rows = tool.run().rows
    assert len(rows) == 1 + 1 + 3 + 5 + 2 + 3
    assert once([row for row in rows if "committed_date" in row], "id")
    again = [f"{row.path}?{row.query.get('page', 1)}" for row in gitlab.asked[7:]]
    assert again[0].endswith("commits?2")       # the page that was being fetched, no earlier one


# -- Jira --------------------------------------------------------------------------------------

class Jira:
    """So many issues; a search shows the newest two entries of a changelog."""

    def __init__(self, api, kind, issues=5):
        self.api = api
        self.issues = [{"id": str(100 + n), "key": f"CHK-{n}", "self": "x", "fields": {},
                        "entries": [{"id": str(1000 * n + k)} for k in range(n)]}
                       for n in range(issues)]
        api.route("/rest/api/2/serverInfo", {"deploymentType": kind})
        api.route("/rest/api/2/myself", {"timeZone": "Asia/Tokyo"})
        api.route("/rest/api/2/status", [{"id": "3", "statusCategory": {"key": "done"},
                                          "description": "words"}])
        api.route("/rest/api/3/search/jql", self.cloud)
        api.route("/rest/api/2/search", self.server)
        for one in self.issues:
            api.route(f"/rest/api/2/issue/{one['id']}/changelog", self.changelog(one))

    def changelog(self, issue):
        def answer(request):
            start = int(request.query["startAt"])
            values = issue["entries"][start:start + 2]
            return Reply({"startAt": start, "total": len(issue["entries"]), "values": values,
                          "isLast": start + 2 >= len(issue["entries"])})
        return answer

    @staticmethod
    def shown(issue, most):
        newest = issue["entries"][::-1][:most]
        return {**{name: issue[name] for name in ("id", "key", "self", "fields")},
                "changelog": {"startAt": 0, "maxResults": len(newest),
                              "total": len(issue["entries"]), "histories": newest}}

    def cloud(self, request):
        assert request.query["expand"] == "changelog" and "updated >=" in request.query["jql"]
        start = int(request.query.get("nextPageToken", "token 0").split()[-1])
        end = start + self.api.page
        more = {"nextPageToken": f"token {end}"} if end < len(self.issues) else {"isLast": True}
        return Reply({"issues": [self.shown(one, 2) for one in self.issues[start:end]], **more})

    def server(self, request):
        start = int(request.query["startAt"])
        some = self.issues[start:start + self.api.page]
        return Reply({"startAt": start, "maxResults": self.api.page, "total": len(self.issues),
                      "issues": [self.shown(one, 100) for one in some]})

    def check(self, rows):
        assert rows[0]["statusCategory"] == {"key": "done"}      # before what is read by it
        rows = rows[1:]
        assert once(rows, "id") == [one["id"] for one in self.issues]
        for row in rows:
            issue = next(one for one in self.issues if one["id"] == row["id"])
            histories = row["changelog"]["histories"]
            assert sorted(h["id"] for h in histories) == sorted(h["id"] for h in issue["entries"])
            assert row["changelog"]["total"] == len(histories)
            assert "entries" not in row


@pytest.fixture
def jira_api():
    with Api(basic("ann@acme.example", SECRET), page=2) as server:
        yield server


@pytest.fixture
def jira(jira_api, tmp_path):
    return Tool(tmp_path, "jira/backfill", "--site", jira_api.url, "--user", "ann@acme.example",
                "--project", "CHK", "--project", "OPS", "--pause", "0.01")


@pytest.mark.parametrize("kind, path", [("Cloud", "/rest/api/3/search/jql"),
                                        ("Server", "/rest/api/2/search")])
def test_jira_every_issue_once_with_its_whole_changelog(jira_api, jira, kind, path):
    def a_year_before(now):     # the user's zone is nine hours ahead, and JQL reads times in it
        return time.strftime("%Y-%m-%d %H:%M", time.gmtime(now - 365 * DAY + 9 * 3600))
    told = Jira(jira_api, kind)
    jira_api.fault(5, "502")
    began = time.time()
    told.check(jira.run("--jql", "type = Bug OR labels = \"toil\"").rows)
    first = next(one for one in jira_api.asked if one.path == path)
    since = re.match('updated >= "([^"]*)"', first.query["jql"]).group(1)
    assert a_year_before(began) <= since <= a_year_before(time.time())
    assert 'AND project in ("CHK","OPS") AND (type = Bug OR labels = "toil") ' \
           'ORDER BY created ASC' in first.query["jql"]
    assert "-comment" in first.query["fields"]


@pytest.mark.parametrize("kind", ["Cloud", "Server"])
def test_jira_killed_on_its_way_it_goes_on_there(jira_api, jira, kind):
    told = Jira(jira_api, kind)
    jira_api.fault(5, "hold")
    jira.run_until_held(jira_api)
    before = len(jira_api.asked)
    told.check(jira.run().rows)
    assert "serverInfo" not in "".join(one.path for one in jira_api.asked[before:])


def test_jira_an_issue_deleted_meanwhile_hides_no_other(jira_api, jira):
    told = Jira(jira_api, "Server", issues=6)
    everyone = list(told.issues)
    search = told.server

    def server(request):
        if request.query["startAt"] == "2" and len(told.issues) == 6:
            del told.issues[0]      # what was to come has moved up
        return search(request)
    jira_api.route("/rest/api/2/search", server)
    rows = jira.run().rows
    assert {row["id"] for row in rows[1:]} == {one["id"] for one in everyone}


def test_jira_without_a_user_the_token_is_a_bearer(tmp_path):
    with Api(f"Bearer {SECRET}", page=2) as api:
        told = Jira(api, "Server", issues=2)
        told.check(Tool(tmp_path, "jira/backfill", "--site", api.url).run().rows)


# -- ServiceNow --------------------------------------------------------------------------------

class Tables:
    """Tables of records; `hidden` ones count but are not shown, as rules of access have it."""

    def __init__(self, api, sizes, hidden=(), counts=True):
        self.api, self.hidden, self.counts = api, hidden, counts
        self.rows = {table: [{"sys_id": {"display_value": f"{table}{n}", "value": f"{table}{n}"}}
                             for n in range(size)] for table, size in sizes.items()}
        for table in sizes:
            api.route(f"/api/now/table/{table}", self.answer(table))

    def answer(self, table):
        def page(request):
            offset, limit = (int(request.query[f"sysparm_{name}"]) for name in ("offset", "limit"))
            some = [row for row in self.rows[table][offset:offset + limit]
                    if row["sys_id"]["value"] not in self.hidden]
            headers = {"X-Total-Count": str(len(self.rows[table]))} if self.counts else {}
            # With commas in it, unencoded, as ServiceNow has it.
            headers["Link"] = f"<{self.api.url}/x?sysparm_fields=a,b&sysparm_offset=0>;rel=\"first\""
            return Reply({"result": some}, headers=headers)
        return page

    def check(self, rows):
        assert once([{"id": row["sys_id"]["value"]} for row in rows], "id") == sorted(
            row["sys_id"]["value"] for some in self.rows.values() for row in some
            if row["sys_id"]["value"] not in self.hidden)


@pytest.fixture
def now():
    with Api(basic("dorad", SECRET)) as server:
        yield server


@pytest.fixture
def servicenow(now, tmp_path):
    return Tool(tmp_path, "servicenow/backfill", "--site", now.url, "--user", "dorad",
                "--page", "2", "--pause", "0.01")


@pytest.mark.parametrize("counts", [True, False])
def test_servicenow_every_record_of_both_tables_once(now, servicenow, counts):
    told = Tables(now, {"incident": 5, "change_request": 2}, counts=counts)
    now.fault(2, "429")
    now.fault(3, "cut")
    told.check(servicenow.run().rows)
    first = now.asked[0]
    assert first.query["sysparm_display_value"] == "all"
    assert "sys_mod_count" in first.query["sysparm_fields"]
    assert "short_description" not in first.query["sysparm_fields"]
    found = re.fullmatch(r"sys_updated_on>=(.*)\^ORDERBYsys_created_on\^ORDERBYsys_id",
                         first.query["sysparm_query"])
    assert ago(366).replace("T", " ") < found[1] < ago(365).replace("T", " ")


def test_servicenow_a_page_emptied_by_rules_of_access_is_not_the_last(now, servicenow):
    told = Tables(now, {"incident": 7, "change_request": 1},
                  hidden={"incident2", "incident3", "incident6"})
    told.check(servicenow.run().rows)


def test_servicenow_a_record_deleted_meanwhile_hides_no_other(now, servicenow):
    told = Tables(now, {"incident": 6, "change_request": 0})
    everyone = {row["sys_id"]["value"] for row in told.rows["incident"]}
    answer = told.answer("incident")

    def page(request):
        if request.query["sysparm_offset"] == "2" and len(told.rows["incident"]) == 6:
            del told.rows["incident"][0]
        return answer(request)
    now.route("/api/now/table/incident", page)
    assert {row["sys_id"]["value"] for row in servicenow.run().rows} == everyone


def test_servicenow_goes_on_and_then_looks_back_by_what_a_zone_may_hide(now, servicenow):
    told = Tables(now, {"incident": 5, "change_request": 3})
    now.fault(4, "hold")
    servicenow.run_until_held(now)
    before = len(now.asked)
    told.check(servicenow.run().rows)
    assert len(now.asked) - before == 2     # incidents were read
    servicenow.run()
    since = unquote(now.asked[-1].query["sysparm_query"]).split("^")[0].split(">=")[1]
    assert ago(0.6).replace("T", " ") < since < ago(0.58).replace("T", " ")


# -- PagerDuty ---------------------------------------------------------------------------------

class Pager:
    def __init__(self, api, days):
        self.api = api
        self.incidents = [{"id": f"P{n}", "created_at": ago(day), "status": "resolved",
                           "html_url": f"https://acme.pagerduty.com/incidents/P{n}",
                           "assignments": [{"assignee": {"summary": "Ann"}}]}
                          for n, day in enumerate(days)]
        api.route("/incidents", self.page)
        for one in self.incidents:
            api.route(f"/incidents/{one['id']}", {"incident": one})

    def page(self, request):
        query = request.query
        span = self.seconds(query["until"]) - self.seconds(query["since"])
        assert span <= 180 * DAY and query["time_zone"] == "UTC"
        assert int(query["offset"]) + int(query["limit"]) <= 10000
        found = sorted((one for one in self.incidents
                        if query["since"] <= one["created_at"] < query["until"]),
                       key=lambda one: one["created_at"])
        offset = int(query["offset"])
        some = found[offset:offset + int(query["limit"])]
        return Reply({"incidents": some, "limit": 100, "offset": offset, "total": None,
                      "more": offset + len(some) < len(found)})

    @staticmethod
    def seconds(text):
        return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@pytest.fixture
def pager():
    with Api(f"Token token={SECRET}") as server:
        yield server


@pytest.fixture
def pagerduty(pager, tmp_path):
    return Tool(tmp_path, "pagerduty/backfill", "--api", pager.url, "--pause", "0.01")


def test_pagerduty_a_year_in_months_each_incident_once(pager, pagerduty):
    told = Pager(pager, [n * 1.3 for n in range(270)] + [3 + n / 1000 for n in range(150)])
    pager.fault(3, "429")
    pager.fault(6, "502")
    rows = pagerduty.run().rows
    assert once(rows, "id") == sorted(one["id"] for one in told.incidents)
    assert "Ann" not in str(rows)
    assert pager.asked[0].headers["Accept"] == "application/vnd.pagerduty+json;version=2"


def test_pagerduty_more_than_it_counts_to_are_still_all_read(pager, pagerduty):
    told = Pager(pager, [10 - n / 1500 for n in range(10150)])
    rows = pagerduty.run("--since", "20d").rows
    # Where it begins again, those of that second come twice: no less.
    assert {row["id"] for row in rows} == {one["id"] for one in told.incidents}
    assert len(rows) < len(told.incidents) + 10


def test_pagerduty_what_was_open_is_asked_for_again_however_old_it_is(pager, pagerduty):
    told = Pager(pager, [200, 20, 10])
    told.incidents[0]["status"] = "acknowledged"
    told.incidents[1]["status"] = "triggered"
    pagerduty.run()
    told.incidents[0]["status"] = "resolved"
    del pager.routes["GET", "/incidents/P1"]        # deleted, or merged into another
    rows = pagerduty.run().rows
    assert [(row["id"], row["status"]) for row in rows] == [("P0", "resolved")]
    assert not pagerduty.run().rows


def test_pagerduty_only_some_services(pager, pagerduty):
    Pager(pager, [3])
    pagerduty.run("--since", "5d", "--service", "PA1", "--service", "PB2")
    assert pager.asked[0].query["service_ids[]"] == "PA1"
