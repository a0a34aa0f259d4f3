# SPDX-License-Identifier: Apache-2.0
"""Webhooks as GitLab shapes them: the fields that its documentation gives, for made-up things."""

import world
from names import minutes, number

WEB = "https://gitlab.example.com"
ZERO = "0" * 40
BRANCH = "main"


def at(when):
    """GitLab's own way to write a time, in most places."""
    return when.strftime("%Y-%m-%d %H:%M:%S UTC")


def person(login):
    return {"id": number("gitlab-user", login) % 1_000_000, "name": login, "username": login,
            "avatar_url": None, "email": "[REDACTED]"}


def project(name):
    path = f"{world.ORGANISATION}/{name}"
    return {"id": number("project", path) % 1_000_000, "name": name, "description": "",
            "web_url": f"{WEB}/{path}", "avatar_url": None, "namespace": world.ORGANISATION,
            "git_ssh_url": f"git@gitlab.example.com:{path}.git",
            "git_http_url": f"{WEB}/{path}.git", "visibility_level": 0,
            "path_with_namespace": path, "default_branch": BRANCH, "ci_config_path": None}


class Forge:
    """Code and deployments of one project."""

    endpoint = "gitlab"

    def __init__(self, name):
        self.project = project(name)
        self.web = self.project["web_url"]

    def greets(self, when):
        return ()

    def commit(self, identity, when, login, files):
        return {"id": identity, "message": "A change", "title": "A change",
                "timestamp": when.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
                "url": f"{self.web}/-/commit/{identity}",
                "author": {"name": login, "email": "[REDACTED]"},
                "added": [], "modified": files, "removed": []}

    def _merge_request(self, change, action, when):
        merged = action == "merge"
        return "Merge Request Hook", {
            "object_kind": "merge_request", "event_type": "merge_request",
            "user": person(change.login), "project": self.project,
            "object_attributes": {
                "id": number("merge-request", self.web, change.n), "iid": change.n,
                "title": "A change", "action": action,
                "state": "merged" if merged else "opened", "source_branch": f"change-{change.n}",
                "target_branch": BRANCH, "source_project_id": self.project["id"],
                "target_project_id": self.project["id"], "created_at": at(change.opened),
                "updated_at": at(when), "merge_commit_sha": change.sha if merged else None,
                "url": f"{self.web}/-/merge_requests/{change.n}",
                "last_commit": {"id": change.commits[-1]["id"],
                                "timestamp": change.commits[-1]["timestamp"]}},
            "labels": [], "changes": {}}

    def lands(self, change, before, when):
        """A merge request is opened, merged, and pushed to the default branch."""
        yield change.opened, *self._merge_request(change, "open", change.opened)
        yield when, *self._merge_request(change, "merge", when)
        commits = [*change.commits, self.commit(change.sha, when, change.login, [])]
        yield when, "Push Hook", {
            "object_kind": "push", "event_name": "push", "before": before, "after": change.sha,
            "ref": f"refs/heads/{BRANCH}", "ref_protected": True, "checkout_sha": change.sha,
            "message": None, "user_id": person(change.login)["id"], "user_name": change.login,
            "user_username": change.login, "user_email": None,
            "project_id": self.project["id"], "project": self.project, "commits": commits,
            "total_commits_count": len(commits), "push_options": {}}

    def deploys(self, n, commit_sha, environment, when, failed=False):
        identity = number("gitlab-deployment", self.web, n)
        for status, moment in (("running", when - minutes(2)),
                               ("failed" if failed else "success", when)):
            yield moment, "Deployment Hook", {
                "object_kind": "deployment", "status": status, "status_changed_at": at(moment),
                "deployment_id": identity, "deployable_id": identity + 1,
                "deployable_url": f"{self.web}/-/jobs/{identity + 1}",
                "environment": environment, "environment_tier": environment,
                "environment_slug": environment, "environment_external_url": None,
                "project": self.project, "short_sha": commit_sha[:8],
                "user": person("deployer"), "user_url": f"{WEB}/deployer",
                "commit_url": f"{self.web}/-/commit/{commit_sha}", "commit_title": "A change",
                "ref": BRANCH}


class Tracker:
    """Issues of one project, and incidents, which are issues of another type."""

    endpoint = "gitlab"

    def __init__(self, name):
        self.project = project(name)

    def _issue(self, ticket, action, when, labels, closed=None):
        incident = ticket.kind == "incident"
        titles = [{"id": number("gitlab-label", title), "title": title} for title in labels]
        return when, "Issue Hook", {
            "object_kind": "work_item" if incident else "issue", "event_type": "issue",
            "user": person(ticket.login), "project": self.project,
            "object_attributes": {
                "id": number("gitlab-issue", self.project["id"], ticket.n), "iid": ticket.n,
                "title": "Something to do", "type": "Incident" if incident else "Issue",
                "state": "closed" if closed else "opened", "action": action,
                "state_id": 2 if closed else 1, "project_id": self.project["id"],
                "created_at": at(ticket.opened), "updated_at": at(when),
                "closed_at": at(closed) if closed else None,
                "severity": {1: "critical", 2: "high", 3: "medium"}.get(ticket.severity,
                                                                        "unknown"),
                "url": f"{self.project['web_url']}/-/issues/{ticket.n}", "labels": titles},
            "labels": titles, "changes": {}}

    def item(self, ticket):
        labels = {"bug": ("bug",), "support": ("support",)}.get(ticket.kind, ("feature",))
        if ticket.dropped:
            labels = (*labels, "workflow::cancelled")
        yield self._issue(ticket, "open", ticket.opened, labels)
        yield self._issue(ticket, "close", ticket.closed, labels, ticket.closed)

    def incident(self, ticket):
        yield self._issue(ticket, "open", ticket.opened, ())
        yield self._issue(ticket, "close", ticket.closed, (), ticket.closed)

    def releases(self, n, when):
        """Nothing here goes with a release."""
        return ()
