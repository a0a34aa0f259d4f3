# SPDX-License-Identifier: Apache-2.0
"""Each system's story twice: as its webhooks told it, and as its API tells it afterwards."""

from stories import Story, catalog, microseconds, service
from test_stories_alerts import paged, sign_pagerduty
from test_stories_code import github, gitlab, sign_github, sign_gitlab
from test_stories_trackers import (DOING, DONE, DROPPED, INTO_SPRINT, OPENED, SPRINT, TODO,
                                   UPDATED, jira, record, sign_jira, sign_servicenow)

ZERO = "0" * 40
A, B, C, D, M = ("a1" * 20, "b2" * 20, "c3" * 20, "d4" * 20, "e5" * 20)     # GitHub's
P, Q, R = ("1a" * 20, "2b" * 20, "3c" * 20)                                 # GitLab's

# -- GitHub: a push, a merge of two commits, a squash; deployments by a workflow; an outage ------

GITHUB_API = "https://api.github.com/repos/acme/gh"
RUN_URL = "https://github.com/acme/gh/actions/runs/{}/job/1"


def gh_push(before, pushed, *commits):
    return github("push", ref="refs/heads/main", before=before, after=commits[-1][0],
                  commits=[{"id": sha, "timestamp": f"2026-06-{committed}Z", "message": "x",
                            "url": f"https://github.com/acme/gh/commit/{sha}"}
                           for sha, committed in commits],
                  repository={"pushed_at": microseconds(f"2026-06-{pushed}Z") // 1_000_000})


def gh_run(n, sha, conclusion, time, trigger="push"):
    return {"id": n, "workflow_id": 3, "run_number": n, "run_attempt": 1, "name": "Deploy",
            "path": ".github/workflows/deploy.yml", "head_sha": sha, "head_branch": "main",
            "event": trigger, "status": "completed", "conclusion": conclusion,
            "run_started_at": f"2026-06-{time[:2]}T00:00:00Z", "updated_at": f"2026-06-{time}Z",
            "url": f"{GITHUB_API}/actions/runs/{n}",
            "html_url": f"https://github.com/acme/gh/actions/runs/{n}"}


def gh_deployment(n, sha):
    return {"id": n, "sha": sha, "ref": "main", "task": "deploy", "environment": "production",
            "original_environment": "production", "production_environment": True,
            "transient_environment": False, "created_at": f"2026-06-0{n - 100}T09:30:00Z"}


def gh_status(n, deployment, state, time, run):
    return {"id": n, "state": state, "environment": "production",
            "created_at": f"2026-06-{time}Z", "log_url": RUN_URL.format(run)}


def gh_told(deployment, status_, run):
    return github("deployment_status", action="created", deployment=deployment,
                  deployment_status=status_, workflow_run=run)


def gh_issue(state, updated, closed=None):
    return {"id": 33, "number": 7, "state": state, "title": "x", "body": f"Root cause: {M}",
            "state_reason": "completed" if state == "closed" else None,
            "created_at": "2026-06-03T11:30:00Z", "updated_at": f"2026-06-{updated}Z",
            "closed_at": f"2026-06-{closed}Z" if closed else None,
            "labels": [{"name": "outage"}], "type": None,
            "url": f"{GITHUB_API}/issues/7", "html_url": "https://github.com/acme/gh/issues/7"}


def gh_pull(n, sha, opened, merged):
    return {"id": 900 + n, "number": n, "state": "closed", "title": "x",
            "created_at": f"2026-06-{opened}Z", "merged_at": f"2026-06-{merged}Z",
            "merge_commit_sha": sha, "base": {"ref": "main"},
            "url": f"{GITHUB_API}/pulls/{n}", "html_url": f"https://github.com/acme/gh/pull/{n}"}


RUNS = {1: gh_run(51, A, "success", "01T10:00:00"), 2: gh_run(52, M, "success", "02T12:00:00"),
        3: gh_run(53, D, "success", "04T10:00:00"), 4: gh_run(54, D, "skipped", "04T11:00:00"),
        5: gh_run(55, D, "success", "04T12:00:00", "pull_request")}
DEPLOYMENTS = {1: gh_deployment(101, A), 2: gh_deployment(102, M), 4: gh_deployment(104, D)}
STATUSES = [(1, gh_status(1, 101, "in_progress", "01T09:40:00", 51), RUNS[1]),
            (1, gh_status(2, 101, "success", "01T10:00:00", 51), RUNS[1]),
            (2, gh_status(3, 102, "success", "02T12:00:00", 52), RUNS[2]),
            (4, gh_status(4, 104, "failure", "04T09:50:00", 53), RUNS[3]),
            (4, gh_status(5, 104, "success", "04T10:00:00", 53), RUNS[3])]
RELEASE = {"id": 71, "tag_name": "v1", "target_commitish": D, "draft": False,
           "prerelease": False, "published_at": "2026-06-05T10:00:00Z",
           "url": f"{GITHUB_API}/releases/71",
           "html_url": "https://github.com/acme/gh/releases/tag/v1"}
PULLS = [gh_pull(2, M, "02T07:00:00", "02T09:00:00"), gh_pull(3, D, "03T08:00:00", "03T09:00:00")]
CLOSED = gh_issue("closed", "03T12:30:00", "03T12:30:00")
LABELLED_LATER = {**CLOSED, "updated_at": "2026-06-05T08:00:00Z",
                  "labels": [{"name": "outage"}, {"name": "reviewed"}]}

GITHUB = Story("github", "github", [
    gh_push(ZERO, "01T08:00:00", (A, "01T08:00:00")),
    *(github("deployment", action="created", deployment=one, workflow_run=RUNS[n if n < 4 else 3])
      for n, one in DEPLOYMENTS.items()),
    # A merge brings two commits, one of them older than the branch's last.
    gh_push(A, "02T09:00:00", (B, "01T07:00:00"), (C, "02T08:00:00"), (M, "02T09:00:00")),
    gh_push(M, "03T09:00:00", (D, "03T09:00:00")),
    *(github("pull_request", action="closed", pull_request={**pull, "merged": True})
      for pull in PULLS),
    *(gh_told(DEPLOYMENTS[n], status_, run) for n, status_, run in STATUSES),
    *(github("workflow_run", action="completed", workflow_run=run) for run in RUNS.values()),
    github("issues", action="opened", issue=gh_issue("open", "03T11:30:00")),
    github("issues", action="closed", issue=CLOSED),
    github("issues", action="labeled", issue=LABELLED_LATER),
    github("release", action="published", release=RELEASE),
], sign=sign_github)


def gh_commit(sha, committed, *parents):
    return {"sha": sha, "url": f"{GITHUB_API}/commits/{sha}",
            "html_url": f"https://github.com/acme/gh/commit/{sha}",
            "commit": {"message": "x", "author": {"name": "ann", "date": "2026-05-01T00:00:00Z"},
                       "committer": {"name": "ann", "date": f"2026-06-{committed}Z"}},
            "parents": [{"sha": parent} for parent in parents]}


GITHUB_OBJECTS = [
    {"id": 7001, "name": "gh", "full_name": "acme/gh", "default_branch": "main",
     "url": GITHUB_API, "html_url": "https://github.com/acme/gh", "owner": {"login": "acme"}},
    {"total_count": 5, "workflow_runs": list(RUNS.values())},
    [{**one, "url": f"{GITHUB_API}/deployments/{one['id']}",
      "statuses_url": f"{GITHUB_API}/deployments/{one['id']}/statuses", "creator": {"login": "ann"}}
     for one in DEPLOYMENTS.values()],
    # Newest first, as the API has them; one is inactive by now, which no webhook tells.
    *([{**status_, "url": f"{GITHUB_API}/deployments/{DEPLOYMENTS[n]['id']}/statuses/{status_['id']}",
        "deployment_url": f"{GITHUB_API}/deployments/{DEPLOYMENTS[n]['id']}"}]
      for n, status_, _ in reversed([*STATUSES, (1, gh_status(9, 101, "inactive", "02T12:00:01", 52),
                                                 None)])),
    [gh_commit(D, "03T09:00:00", M), gh_commit(M, "02T09:00:00", A, C)],
    [gh_commit(C, "02T08:00:00", B), gh_commit(A, "01T08:00:00"), gh_commit(B, "01T07:00:00")],
    [*PULLS, {**gh_pull(4, None, "04T08:00:00", ""), "merged_at": None}],
    [LABELLED_LATER, {**CLOSED, "id": 34, "number": 4, "url": f"{GITHUB_API}/issues/4",
                      "pull_request": {"url": f"{GITHUB_API}/pulls/4"}}],
    [RELEASE],
]

# -- GitLab: deployments, a merge request, an incident. Of pushes, webhooks do not tell when. ------

GITLAB_PAGE = "https://gitlab.example/shop/gl"


def gl_deployment(n, sha, state, time):
    return gitlab("deployment", status=state, deployment_id=n, deployable_id=500 + n,
                  deployable_url=f"{GITLAB_PAGE}/-/jobs/{500 + n}",
                  status_changed_at=f"2026-06-{time} UTC", environment="live",
                  environment_tier="production", short_sha=sha[:8], ref="main",
                  commit_url=f"{GITLAB_PAGE}/-/commit/{sha}")


def gl_push(before, *commits):
    return gitlab("push", ref="refs/heads/main", before=before, after=commits[-1][0],
                  total_commits_count=len(commits), commits=[{
                      "id": sha, "timestamp": f"2026-06-{committed}Z", "message": "x",
                      "url": f"{GITLAB_PAGE}/-/commit/{sha}"} for sha, committed in commits])


def gl_incident(action, state, time, closed=None):
    return gitlab("work_item", object_attributes={
        "id": 77, "iid": 3, "type": "Incident", "title": "x", "state": state, "action": action,
        "created_at": "2026-06-03 11:30:00 UTC", "updated_at": f"2026-06-{time} UTC",
        "closed_at": f"2026-06-{closed} UTC" if closed else None, "severity": "high",
        "url": f"{GITLAB_PAGE}/-/issues/3", "duplicated_to_id": None, "moved_to_id": None,
        "description": None, "labels": [{"title": "live"}]})


GITLAB_PUSHES = [gl_push(ZERO, (P, "01T08:00:00")),
                 gl_push(P, (Q, "02T08:00:00"), (R, "02T09:00:00"))]
GITLAB = Story("gitlab", "gitlab", [
    gl_deployment(10, P, "running", "01 09:50:00"),
    gl_deployment(10, P, "success", "01 10:00:00"),
    gl_deployment(11, R, "success", "02 14:00:00"),
    gl_deployment(12, P, "failed", "04 10:00:00"),
    gitlab("merge_request", object_attributes={
        "id": 41, "iid": 4, "action": "merge", "state": "merged", "target_branch": "main",
        "merge_commit_sha": R, "created_at": "2026-06-02 07:00:00 UTC",
        "updated_at": "2026-06-02 09:00:00 UTC", "url": f"{GITLAB_PAGE}/-/merge_requests/4"}),
    gl_incident("open", "opened", "03 11:30:00"),
    gl_incident("close", "closed", "03 12:30:00", "03 12:30:00"),
], sign=sign_gitlab, auth="token")


def gl_api_deployment(n, sha, state, time):
    return {"id": n, "iid": n, "sha": sha, "ref": "main", "status": state,
            "created_at": f"2026-06-{time[:2]}T09:45:00.100Z",
            "updated_at": f"2026-06-{time[:2]}T23:00:00.000Z", "user": {"username": "ann"},
            "environment": {"id": 8, "name": "live", "slug": "live"},
            "deployable": {"id": 500 + n, "name": "deploy", "status": state,
                           "web_url": f"{GITLAB_PAGE}/-/jobs/{500 + n}",
                           "started_at": f"2026-06-{time[:2]}T09:50:00.000Z",
                           "finished_at": f"2026-06-{time}.345Z"}}


def gl_commit(sha, committed, *parents):
    return {"id": sha, "short_id": sha[:8], "committed_date": f"2026-06-{committed}.000+00:00",
            "created_at": f"2026-06-{committed}.000+00:00", "parent_ids": list(parents),
            "title": "x", "author_email": "ann@example.com",
            "web_url": f"{GITLAB_PAGE}/-/commit/{sha}"}


GITLAB_COMMITS = [gl_commit(R, "02T09:00:00", P, Q), gl_commit(Q, "02T08:00:00", P),
                  gl_commit(P, "01T08:00:00")]
GITLAB_OBJECTS = [
    {"id": 15, "path_with_namespace": "shop/gl", "default_branch": "main", "web_url": GITLAB_PAGE},
    [{"id": 8, "name": "live", "slug": "live", "tier": "production"}],
    [gl_api_deployment(10, P, "success", "01T10:00:00"),
     gl_api_deployment(11, R, "success", "02T14:00:00"),
     gl_api_deployment(12, P, "failed", "04T10:00:00")],
    [{"id": 41, "iid": 4, "project_id": 15, "target_project_id": 15, "state": "merged",
      "source_branch": "x", "target_branch": "main", "sha": Q, "merge_commit_sha": R,
      "squash_commit_sha": None, "created_at": "2026-06-02T07:00:00.250Z",
      "updated_at": "2026-06-02T09:00:01.250Z", "merged_at": "2026-06-02T09:00:00.250Z",
      "web_url": f"{GITLAB_PAGE}/-/merge_requests/4"}],
    [{"id": 77, "iid": 3, "project_id": 15, "title": "x", "description": None, "state": "closed",
      "created_at": "2026-06-03T11:30:00.500Z", "updated_at": "2026-06-03T12:30:00.700Z",
      "closed_at": "2026-06-03T12:30:00.600Z", "labels": ["live"], "issue_type": "incident",
      "type": "INCIDENT", "severity": "HIGH", "moved_to_id": None,
      "web_url": f"{GITLAB_PAGE}/-/issues/3"}],
]

# -- Jira: opened again, dropped, an incident, a sprint, labels ------------------------------------

STATUSES_OF = {TODO: ("1", "К выполнению"), DOING: ("2", "В работе"), DONE: ("3", "Готово"),
               DROPPED: ("3", "Готово")}


def told(n, kind, *steps):
    """(the webhooks, the issue with its changelog). step: (time, status, its other changes,
    fields from then on)."""
    created, first, fields = steps[0]
    webhooks = [jira(OPENED, created, n, first, created, kind, **fields)]
    histories = []
    before, fields = first, dict(fields)
    for time, status_, items, more in steps[1:]:
        items = list(items)
        fields |= more
        if status_ != before:
            (one, name), (two, other) = STATUSES_OF[before], STATUSES_OF[status_]
            items.append({"field": "Статус", "fieldId": "status", "from": one,
                          "fromString": name, "to": two, "toString": other})
            if before[2] != status_[2]:
                items.append({"field": "resolution", "fieldId": "resolution", "from": None,
                              "fromString": before[2], "to": None, "toString": status_[2]})
        webhook = jira(UPDATED, time, n, status_, created, kind, items, **fields)
        if status_[2] and before == status_:
            webhook[0]["issue"]["fields"]["resolutiondate"] = \
                webhooks[-1][0]["issue"]["fields"]["resolutiondate"]
        webhooks.append(webhook)
        histories.append({"id": webhook[0]["changelog"]["id"], "items": items,
                          "created": f"2026-06-{time}.000+0000"})
        before = status_
    issue = webhooks[-1][0]["issue"]
    issue = {**issue, "fields": {**issue["fields"], "status": {
        **issue["fields"]["status"], "id": STATUSES_OF[before][0]}}}
    # Newest first; a change of what is not measured is among them.
    other = {"id": "1", "created": "2026-06-20T00:00:00.000+0000",
             "items": [{"field": "assignee", "fieldId": "assignee", "toString": "ann"}]}
    return webhooks, {**issue, "changelog": {"total": len(histories) + 1, "histories": [
        other, *reversed(histories)]}}


LABELS = {"field": "labels", "fieldId": "labels", "from": "", "fromString": "",
          "to": "", "toString": "dora:failure"}
JIRA_ISSUES = [
    told(1, "Bug", ("01T09:00:00", TODO, {}), ("02T09:00:00", DOING, (), {}),
         ("03T12:00:00", DONE, (), {}), ("04T09:00:00", TODO, (), {}),
         ("05T09:00:00", DONE, (), {}), ("06T09:00:00", DONE, (LABELS,),
                                         {"labels": ["dora:failure"]})),
    told(2, "Story", ("01T10:00:00", TODO, {}), ("06T10:00:00", DROPPED, (), {})),
    told(3, "[System] Incident", ("02T10:00:00", TODO, {}), ("02T11:00:00", DONE, (), {}),
         ("02T12:00:00", DOING, (), {}), ("02T12:30:00", DONE, (), {})),
    told(4, "Story", ("02T10:00:00", TODO, {}), ("03T10:00:00", TODO, (INTO_SPRINT,), SPRINT),
         ("10T10:00:00", DONE, (), {})),
]
JIRA = Story("jira", "jira", [webhook for webhooks, _ in JIRA_ISSUES for webhook in webhooks],
             sign=sign_jira)
JIRA_OBJECTS = [
    [{"id": identity, "name": name, "statusCategory": {"key": status_[1]},
      "self": f"https://acme.atlassian.net/rest/api/3/status/{identity}"}
     for status_, (identity, name) in STATUSES_OF.items()],
    {"startAt": 0, "maxResults": 50, "issues": [issue for _, issue in JIRA_ISSUES]},
]

# -- ServiceNow: an incident that was closed a week after it was resolved, its change, and a request
# that was touched the month after it was done ------------------------------------------------------


def sn_case(count, updated, state, resolved="", caused_by=""):
    return record("incident", "i1", count, updated, state, opened_at="2026-06-02 10:00:00",
                  number="INC1", resolved_at=resolved and f"2026-06-{resolved}",
                  caused_by=caused_by)


def sn_change(count, updated, state, code="", end=""):
    return record("change_request", "g1", count, updated, state, number="CHG1",
                  work_start="2026-06-02 08:50:00", work_end=end and f"2026-06-{end}",
                  close_code=code)


def sn_request(count, updated, state, closed=""):
    return record("sc_req_item", "r1", count, "", state, number="RITM1",
                  opened_at="2026-06-03 10:00:00", sys_updated_on=f"2026-{updated}",
                  closed_at=closed and f"2026-{closed}")


SERVICENOW = Story("servicenow", "servicenow", [
    sn_request(1, "06-03 10:00:00", 1), sn_request(2, "06-05 09:30:00", 3, "06-05 09:30:00"),
    sn_request(3, "07-07 12:00:00", 3, "06-05 09:30:00"),
    sn_change(1, "02 08:50:00", -1), sn_change(2, "02 09:20:00", 3, "unsuccessful", "02 09:10:00"),
    sn_case(1, "02 10:00:00", 1), sn_case(2, "02 11:30:00", 6, "02 11:30:00"),
    sn_case(5, "09 11:30:00", 7, "02 11:30:00", "g1"),
], sign=sign_servicenow)


def values_only(body):
    """As sysparm_display_value=false has it; the item's address tells the instance."""
    return {name: {"link": value["link"], "value": value["value"]} if "link" in value
            else value["value"] for name, value in body["record"].items()}


def shown_only(body):
    """As sysparm_display_value=true has it, in the zone of Athens: three hours ahead."""
    words = {"7": "Closed", "3": "Closed Complete" if "RITM1" in str(body) else "Closed"}
    shown = {}
    for name, value in body["record"].items():
        text = value["value"]
        if "link" in value:
            shown[name] = {"display_value": value["display_value"], "link": value["link"]}
        elif text.startswith("2026-"):
            shown[name] = f"{text[:11]}{int(text[11:13]) + 3:02}{text[13:]}"
        elif name == "state":
            shown[name] = words[text]
        elif name == "sys_class_name":
            shown[name] = text.replace("_", " ").title()
        elif name == "priority":
            shown[name] = f"{text} - High"
        else:
            shown[name] = text
    return shown


SERVICENOW_LAST = [SERVICENOW.deliveries[n][0] for n in (4, -1, 2)]
SERVICENOW_OBJECTS = [{"result": [body["record"] for body in SERVICENOW_LAST]}]

# -- PagerDuty: resolved, and merged into another --------------------------------------------------

PAGERDUTY = Story("pagerduty", "pagerduty", [
    (paged("triggered", "e1", "02T10:00:00", "triggered"),),
    (paged("acknowledged", "e2", "02T10:05:00", "acknowledged"),),
    (paged("resolved", "e3", "02T10:40:00", "resolved"),),
    (paged("triggered", "e7", "02T10:02:00", "triggered", incident="Q2",
           created_at="2026-06-02T10:02:00Z"),),
    (paged("resolved", "e8", "02T10:03:00", "resolved", incident="Q2",
           created_at="2026-06-02T10:02:00Z",
           resolve_reason={"type": "merge_resolve_reason", "incident": {"id": "Q1"}}),),
], sign=sign_pagerduty)
PAGERDUTY_OBJECTS = [{"incidents": [
    {**PAGERDUTY.deliveries[i][0]["event"]["data"], "incident_number": i,
     "last_status_change_at": PAGERDUTY.deliveries[i][0]["event"]["occurred_at"].replace(".000", "")}
    for i in (2, 4)], "limit": 25, "offset": 0, "more": False}]

STORIES = [GITHUB, GITLAB, JIRA, SERVICENOW, PAGERDUTY]
OBJECTS = {"github": GITHUB_OBJECTS, "gitlab": GITLAB_OBJECTS, "jira": JIRA_OBJECTS,
           "servicenow": SERVICENOW_OBJECTS, "pagerduty": PAGERDUTY_OBJECTS}

CATALOG = catalog(
    [service("gh", {"github": "acme/gh"}), service("gl", {"gitlab": "shop/gl"}),
     service("ji", {"jira": "SHOP"}), service("sn", {"servicenow": "SN shop"}),
     service("pd", {"pagerduty": "PSHOP1"})],
    incidents=[{"github": "acme/gh", "labels": ["outage"]}],
    work_items=[{"github": "acme/gh", "labels": ["outage"], "class": "failure_demand"}])
