# SPDX-License-Identifier: Apache-2.0
"""Stories of GitHub and GitLab, from the request to the row, told once, and through the hooks of an
organisation and a repository (a group and a project)."""

import datetime

import pytest

from harness import http
from harness.golden import rows_of
from stories import Story, both, catalog, check, service

A = "a1" * 20
B = "b2" * 20
C = "c3" * 20
D = "d4" * 20        # what a commit is called is one thing everywhere: GitLab has its own
E = "e5" * 20
F = "f6" * 20
ZERO = "0" * 40

# GitLab does not say when a push was made: it landed when it was received, which is today.
TOMORROW = (datetime.datetime.now(datetime.timezone.utc) +
            datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


# -- GitHub ------------------------------------------------------------------------------------

def github(kind, **body):
    return ({**body, "sender": {"login": "ann"}, "organization": {"login": "acme"},
             "repository": {"id": 7001, "full_name": "acme/gh", "default_branch": "main",
                            "html_url": "https://github.com/acme/gh",
                            **body.get("repository", {})}},
            {"X-GitHub-Event": kind})


def push(before, sha, committed, pushed):
    at = datetime.datetime.fromisoformat(f"2026-06-{pushed}+00:00")
    return github("push", ref="refs/heads/main", before=before, after=sha, forced=False,
                  commits=[{"id": sha, "timestamp": f"2026-06-{committed}", "message": "x",
                            "added": [], "removed": [], "modified": ["src/a.c"]}],
                  repository={"pushed_at": int(at.timestamp())})


def status(n, deployment, sha, state, time):
    return github("deployment_status", action="created",
                  deployment_status={"id": n, "state": state, "environment": "production",
                                     "created_at": f"2026-06-{time}Z"},
                  deployment={"id": deployment, "sha": sha, "ref": "main", "task": "deploy",
                              "environment": "production",
                              "created_at": f"2026-06-{time[:2]}T00:00:00Z"})


def issue(action, state, time, closed=None, labels=("outage",)):
    return github("issues", action=action, issue={
        "id": 33, "number": 7, "state": state, "title": "x",
        "state_reason": "completed" if state == "closed" else None,
        "created_at": "2026-06-03T11:30:00Z", "updated_at": f"2026-06-{time}Z",
        "closed_at": f"2026-06-{closed}Z" if closed else None, "labels": [
            {"name": label} for label in labels]})


def sign_github(secret, body):
    return {"X-Hub-Signature-256": http.sign_github(secret, body)}


GITHUB = Story("github", "github", [
    push(ZERO, A, "01T08:00:00Z", "01T09:00:00"),
    status(1, 101, A, "success", "01T10:00:00"),
    push(A, B, "02T08:30:00+02:00", "02T09:00:00"),
    status(3, 102, B, "success", "02T12:00:00"),            # told before ...
    status(2, 102, B, "in_progress", "02T11:50:00"),        # ... it began
    status(3, 102, B, "success", "02T12:00:00"),            # and again
    push(B, C, "03T09:00:00Z", "03T09:10:00"),
    status(4, 103, C, "failure", "03T10:00:00"),            # tried again, and well
    status(5, 103, C, "success", "03T11:00:00"),
    status(6, 104, B, "success", "04T10:00:00"),            # back to B
    issue("opened", "open", "03T11:30:00", labels=()),
    issue("closed", "closed", "03T12:30:00", "03T12:30:00"),        # told before ...
    issue("labeled", "open", "03T11:40:00"),                        # ... its label
    issue("reopened", "open", "03T13:00:00", "03T12:30:00"),        # closed_at stays
    issue("closed", "closed", "03T13:30:00", "03T13:30:00"),
], sign=sign_github)


def tagged(tag, sha, committed, pushed, **repository):
    """An annotated tag: `after` is the tag's own object."""
    at = datetime.datetime.fromisoformat(f"2026-06-{pushed}+00:00")
    return github("push", ref=f"refs/tags/{tag}", before=ZERO, after="9" * 40, commits=[],
                  head_commit={"id": sha, "timestamp": f"2026-06-{committed}"},
                  repository={**(repository or LIB), "pushed_at": int(at.timestamp())})


def release(n, tag, committed, published):
    return github("release", action="published", repository=LIB, release={
        "id": n, "tag_name": tag, "target_commitish": "main", "created_at": f"2026-06-{committed}Z",
        "published_at": f"2026-06-{published}Z"})


LIB = {"id": 7002, "full_name": "acme/lib", "html_url": "https://github.com/acme/lib"}
G = "77" * 20
H = "88" * 20


def lib_push(before, sha, committed, pushed):
    body, headers = push(before, sha, committed, pushed)
    return {**body, "repository": {**body["repository"], **LIB}}, headers


RELEASES = Story("releases", "github", [
    lib_push(ZERO, G, "01T08:00:00Z", "01T09:00:00"),
    tagged("v1", G, "01T08:00:00Z", "01T10:00:00"),
    release(71, "v1", "01T08:00:00", "01T10:30:00"),
    lib_push(G, H, "02T10:00:00+02:00", "02T09:00:00"),
    release(72, "v2", "02T08:00:00", "02T12:00:00"),                # told before ...
    tagged("v2", H, "02T10:00:00+02:00", "02T11:00:00"),            # ... its tag
    release(72, "v2", "02T08:00:00", "02T12:00:00"),                # and again
    tagged("v3", H, "02T10:00:00+02:00", "05T11:00:00"),            # is never released
    tagged("v1", A, "01T08:00:00Z", "01T11:00:00", id=7001),        # where no rule has releases
], sign=sign_github)


# -- GitLab ------------------------------------------------------------------------------------

GITLAB_HEADERS = {"X-Gitlab-Event": "System Hook", "X-Gitlab-Instance": "https://gitlab.example"}


def gitlab(kind, **body):
    return ({"object_kind": kind, **body,
             "project": {"id": 15, "path_with_namespace": "shop/gl", "default_branch": "main",
                         "web_url": "https://gitlab.example/shop/gl"}}, GITLAB_HEADERS)


def pushed(before, sha, committed):
    return gitlab("push", ref="refs/heads/main", before=before, after=sha, checkout_sha=sha,
                  total_commits_count=1, commits=[{
                      "id": sha, "timestamp": f"2026-06-{committed}", "message": "x",
                      "added": [], "removed": [], "modified": ["src/a.c"]}])


def deployment(n, sha, state, time):
    return gitlab("deployment", status=state, deployment_id=n, deployable_id=500 + n,
                  status_changed_at=f"2026-06-{time}", environment="live",
                  environment_tier="production", short_sha=sha[:8], ref="main",
                  commit_url=f"https://gitlab.example/shop/gl/-/commit/{sha}")


def incident(action, state, time, closed=None):
    return gitlab("work_item", object_attributes={
        "id": 77, "iid": 3, "type": "Incident", "title": "x", "state": state, "action": action,
        "created_at": "2026-06-03 11:30:00 UTC", "updated_at": f"2026-06-{time} UTC",
        "closed_at": f"2026-06-{closed} UTC" if closed else None, "severity": "high",
        "url": "https://gitlab.example/shop/gl/-/issues/incident/3", "labels": []})


def sign_gitlab(secret, _body):
    return {"X-Gitlab-Token": secret}


GITLAB = Story("gitlab", "gitlab", [
    pushed(ZERO, D, "01T08:00:00Z"),
    deployment(10, D, "success", "01 10:00:00 UTC"),
    pushed(D, E, "02T08:30:00+02:00"),
    deployment(11, E, "success", "02 14:00:00 +0200"),      # told before ...
    deployment(11, E, "running", "02 13:50:00 +0200"),      # ... it began
    deployment(11, E, "success", "02 14:00:00 +0200"),      # and again
    pushed(E, F, "03T09:00:00Z"),
    deployment(12, F, "failed", "03 10:00:00 UTC"),         # tried again: another deployment
    deployment(13, F, "success", "03 11:00:00 UTC"),
    deployment(14, E, "success", "04 10:00:00 UTC"),        # back to E
    incident("close", "closed", "03 12:30:00", "03 12:30:00"),      # told before ...
    incident("open", "opened", "03 11:30:00"),                      # ... it was opened
    incident("reopen", "opened", "03 13:00:00"),
    incident("close", "closed", "03 13:30:00", "03 13:30:00"),
], sign=sign_gitlab, auth="token")


CATALOG = catalog([service("gh", {"github": "acme/gh"}), service("gl", {"gitlab": "shop/gl"}),
                   service("lib", {"github": "acme/lib"})],
                  deployments=[{"github": "acme/lib", "release": "published",
                                "environment": "production"}],
                  incidents=[{"github": "acme/gh", "labels": ["outage"]}],
                  work_items=[{"github": "acme/gh", "labels": ["outage"],
                               "class": "failure_demand"}])


@pytest.fixture(scope="module")
def sites(postgres):
    with both(postgres, CATALOG, [GITHUB, RELEASES, GITLAB], TOMORROW) as them:
        yield them


@pytest.fixture(params=[1, 2], ids=["one hook", "two hooks"])
def site(request, sites):
    return sites[request.param]


def test_two_hooks_give_the_rows_of_one(sites):
    assert rows_of(sites[1]) == rows_of(sites[2]) != {}


# Of GitLab read D, E, F for A, B, C.
#
# A is out on the 1st: the baseline, not sampled. B was committed 06:30 and out 12:00 the same
# day: 5.5 h. C was committed 09:00 and out 11:00: 2 h. Median 3.75 h. B again on the 4th is a
# rollback and takes C away. The incident began half an hour after C was out, and nothing went
# back while it was open, so C is to blame; it failed once for both, of three. Open 11:30-12:30
# and 13:00-13:30: 1.5 h. The ticket is done and failure demand.
THREE_AND_BACK = {
    "deployments": 3, "redeploys": 0, "rollbacks": 1, "lead_time_n": 2,
    "lead_time_p50_s": 13500.0, "lead_time_unknown_deployments": 1, "failed_deployments": 1,
    "fail_rate_n": 3, "incidents_started": 1, "incidents_restored": 1, "reopens": 1,
    "restore_p50_s": 5400.0, "recovery_n": 1, "recovery_p50_s": 5400.0, "items_done": 1,
    "items_failure_demand": 1, "unplanned_rate": 1.0,
}


def test_github_pushes_deploys_goes_back_and_has_an_outage(site):
    # A failure and then a success of one deployment is a success.
    check(site, "gh", failed_attempts=0, **THREE_AND_BACK)


def test_gitlab_pushes_deploys_goes_back_and_has_an_outage(site):
    # What is tried again there is another deployment: the failed one is an attempt.
    check(site, "gl", failed_attempts=1, **THREE_AND_BACK)


# v1 is the baseline. v2 is out on the 2nd at 12:00, and what its tag names was committed at 08:00.
def test_a_release_of_github_has_the_commit_of_its_tag(site):
    check(site, "lib", deployments=2, redeploys=0, lead_time_n=1, lead_time_p50_s=14400.0,
          lead_time_unknown_deployments=1)


def test_a_tag_alone_asks_for_no_rule(site):
    assert [row for row in site.table("catalog", "unmapped") if row["kind"] == "deployment"] == []
