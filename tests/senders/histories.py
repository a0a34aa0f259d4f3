# SPDX-License-Identifier: Apache-2.0
"""June 2026 of five services, each told by the API of another system."""

from harness.apis import Reply

A, B, C = "a1" * 20, "b2" * 20, "c3" * 20
D, E, F = "d4" * 20, "e5" * 20, "f6" * 20       # a commit is one thing everywhere


def on(day, time):
    return f"2026-06-{day:02}T{time}Z"


CATALOG = {
    "teams": [{"name": "crew"}],
    "services": [
        {"name": "gh", "owners": "crew", "sources": [{"github": "acme/gh"}]},
        {"name": "gl", "owners": "crew", "sources": [{"gitlab": "shop/gl"}]},
        {"name": "tickets", "owners": "crew", "sources": [{"jira": "CHK"}]},
        {"name": "desk", "owners": "crew", "sources": [{"servicenow": "Desk"}]},
        {"name": "pager", "owners": "crew", "sources": [{"pagerduty": "PSERV1"}]},
    ],
}


# -- GitHub: three commits, a deployment of each; the second fails first -------------------------

API = "https://api.github.com/repos/acme/gh"


def commit(sha, parent, at):
    return {"sha": sha, "url": f"{API}/commits/{sha}", "html_url": f"https://github.com/{sha}",
            "parents": [{"sha": parent}] if parent else [],
            "commit": {"author": {"date": at}, "committer": {"date": at}, "message": "x"}}


def serve_github(api):
    at = "/repos/acme/gh"
    api.route(at, {"id": 7001, "full_name": "acme/gh", "default_branch": "main", "url": API,
                   "html_url": "https://github.com/acme/gh"})
    told = [(103, C, [(4, "success", on(3, "15:00:00"))]),
            (102, B, [(3, "success", on(2, "12:00:00")), (2, "failure", on(2, "11:00:00"))]),
            (101, A, [(1, "success", on(1, "10:00:00"))])]
    api.linked(at + "/deployments", [
        {"id": number, "sha": sha, "ref": "main", "task": "deploy", "environment": "production",
         "created_at": statuses[-1][2], "updated_at": statuses[0][2],
         "url": f"{API}/deployments/{number}", "statuses_url": f"{API}/deployments/{number}/statuses"}
        for number, sha, statuses in told])
    for number, _, statuses in told:
        api.linked(f"{at}/deployments/{number}/statuses", [
            {"id": n, "state": state, "environment": "production", "created_at": time,
             "updated_at": time, "url": f"{API}/deployments/{number}/statuses/{n}",
             "deployment_url": f"{API}/deployments/{number}"} for n, state, time in statuses])
    api.linked(at + "/commits", [commit(C, B, on(3, "09:00:00")), commit(B, A, on(2, "08:00:00")),
                                 commit(A, None, on(1, "08:00:00"))])
    for path in ("pulls", "issues", "releases"):
        api.linked(f"{at}/{path}", [])
    api.linked(at + "/actions/runs", [], wrap=lambda rows: {"workflow_runs": rows})


# -- GitLab: the same in its words ----------------------------------------------------------------

def serve_gitlab(api):
    at, web = "/api/v4/projects/8001", "https://gitlab.example/shop/gl"
    project = {"id": 8001, "path_with_namespace": "shop/gl", "web_url": web,
               "default_branch": "main"}
    api.route(at, project)
    api.route("/api/v4/projects/shop%2Fgl", project)
    api.linked(at + "/environments", [{"id": 5, "name": "live-eu", "slug": "live-eu",
                                       "tier": "production", "project": project}])
    api.linked(at + "/deployments", [
        {"id": n, "iid": n, "ref": "main", "sha": sha, "status": status, "created_at": time,
         "updated_at": time, "environment": {"id": 5, "name": "live-eu"},
         "deployable": {"id": 900 + n, "web_url": f"{web}/-/jobs/{900 + n}", "started_at": time,
                        "finished_at": time}}
        for n, sha, status, time in ((13, F, "success", on(3, "15:00:00.123")),
                                     (12, E, "success", on(2, "12:00:00")),
                                     (11, D, "success", on(1, "10:00:00")))])
    api.linked(at + "/repository/commits", [
        {"id": sha, "short_id": sha[:8], "parent_ids": [parent] if parent else [],
         "committed_date": time, "web_url": f"{web}/-/commit/{sha}"}
        for sha, parent, time in ((F, E, on(3, "09:00:00")), (E, D, on(2, "08:00:00")),
                                  (D, None, on(1, "08:00:00")))])
    api.linked(at + "/merge_requests", [])
    api.linked(at + "/issues", [])


# -- Jira: a story done as planned, a bug done -----------------------------------------------------

def issue(number, kind, history):
    created, done = on(1, "09:00:00")[:-1] + ".000+0000", history[-1][1]
    return {"id": str(600 + number), "key": f"CHK-{number}",
            "self": f"https://acme.atlassian.net/rest/api/3/issue/{600 + number}",
            "fields": {"created": created, "updated": done, "resolutiondate": done, "labels": [],
                       "issuetype": {"id": "1", "name": kind}, "project": {"key": "CHK"},
                       "priority": {"id": "3", "name": "Medium"},
                       "status": {"id": "3", "name": "Fertig", "statusCategory": {"key": "done"}}},
            "changelog": {"startAt": 0, "maxResults": len(history), "total": len(history),
                          "histories": [
                              {"id": str(1000 * number + k), "created": time, "items": [
                                  {"field": "status", "fieldId": "status", "from": before,
                                   "fromString": before, "to": after, "toString": after}]}
                              for k, (before, time, after) in reversed(list(enumerate(history)))]}}


def serve_jira(api):
    issues = [issue(n, kind, [("1", on(2, "10:00:00")[:-1] + ".000+0000", "2"),
                              ("2", on(2 + n, "10:00:00")[:-1] + ".000+0000", "3")])
              for n, kind in ((1, "Story"), (2, "Bug"))]
    api.route("/rest/api/2/serverInfo", {"deploymentType": "Cloud"})
    api.route("/rest/api/2/myself", {"timeZone": "UTC"})
    api.route("/rest/api/2/status", [
        {"id": n, "name": name, "self": f"https://acme.atlassian.net/rest/api/2/status/{n}",
         "statusCategory": {"key": key}}
        for n, name, key in (("1", "Offen", "new"), ("2", "Dran", "indeterminate"),
                             ("3", "Fertig", "done"))])
    api.route("/rest/api/3/search/jql", lambda request: Reply(
        {"issues": issues[1:], "isLast": True} if "nextPageToken" in request.query else
        {"issues": issues[:1], "nextPageToken": "more"}))


# -- ServiceNow and PagerDuty: an incident each, of two hours and of three -----------------------

def column(value, shown=None, link=None):
    return {"value": value, "display_value": shown or value, **({"link": link} if link else {})}


def serve_servicenow(api):
    at = "https://acme.service-now.com/api/now/table"
    record = {name: column(value) for name, value in {
        "sys_id": "5" * 32, "number": "INC0010001", "sys_class_name": "incident",
        "sys_mod_count": "4", "sys_created_on": "2026-06-05 10:00:00",
        "sys_updated_on": "2026-06-12 13:00:00", "state": "7", "incident_state": "7",
        "priority": "2", "opened_at": "2026-06-05 10:00:00", "resolved_at": "2026-06-05 12:00:00",
        "closed_at": "2026-06-12 13:00:00"}.items()}
    record["cmdb_ci"] = column("c" * 32, "Desk", f"{at}/cmdb_ci/{'c' * 32}")
    api.route("/api/now/table/incident", lambda request: Reply(
        {"result": [record] if request.query["sysparm_offset"] == "0" else []},
        headers={"X-Total-Count": "1"}))
    api.route("/api/now/table/change_request", lambda request: Reply(
        {"result": []}, headers={"X-Total-Count": "0"}))


def serve_pagerduty(api):
    incident = {"id": "PINC1", "type": "incident", "incident_number": 7, "status": "resolved",
                "created_at": on(6, "10:00:00"), "last_status_change_at": on(6, "13:00:00"),
                "resolved_at": on(6, "13:00:00"), "urgency": "high", "priority": {"summary": "P1"},
                "service": {"id": "PSERV1", "summary": "Pager"}, "teams": [],
                "html_url": "https://acme.pagerduty.com/incidents/PINC1"}
    api.route("/incidents", lambda request: Reply({"more": False, "incidents": [
        incident] if request.query["since"] <= incident["created_at"] < request.query["until"]
        else []}))


# -- what comes of it -------------------------------------------------------------------------

ROWS = {
    # 2 h, 4 h and 6 h from commit to production; the first deployment has no lead time: there is
    # none before it to compare with.
    "gh": {"deployments": 3, "lead_time_n": 2, "lead_time_p50_s": 5 * 3600.0},
    "gl": {"deployments": 3, "lead_time_n": 2, "lead_time_p50_s": 5 * 3600.0},
    "tickets": {"items_done": 2, "items_planned": 1, "items_failure_demand": 1},
    "desk": {"incidents_started": 1, "incidents_restored": 1, "restore_p50_s": 2 * 3600.0},
    "pager": {"incidents_started": 1, "incidents_restored": 1, "restore_p50_s": 3 * 3600.0},
}
TOOLS = {
    "github": (serve_github, "Authorization", "Bearer {}", ["--repo", "acme/gh"]),
    "gitlab": (serve_gitlab, "PRIVATE-TOKEN", "{}", ["--project", "shop/gl"]),
    "jira": (serve_jira, "Authorization", "Bearer {}", ["--project", "CHK"]),
    "servicenow": (serve_servicenow, "Authorization", "Bearer {}", []),
    "pagerduty": (serve_pagerduty, "Authorization", "Token token={}", []),
}
