# SPDX-License-Identifier: Apache-2.0
"""Webhooks as GitHub shapes them: the fields that its documentation gives, for made-up things."""

import world
from names import minutes, number, sha

API = "https://api.github.com"
WEB = "https://github.com"
ZERO = "0" * 40
BRANCH = "main"


def at(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login):
    identity = number("user", login) % 100_000_000
    return {"login": login, "id": identity, "node_id": f"U_{identity}", "type": "User",
            "url": f"{API}/users/{login}", "html_url": f"{WEB}/{login}", "site_admin": False}


def organisation():
    login = world.ORGANISATION
    return {"login": login, "id": number("org", login) % 100_000_000,
            "url": f"{API}/orgs/{login}", "description": ""}


def repository(name, pushed=None):
    """pushed: of a push event, where GitHub gives times as Unix seconds."""
    full = f"{world.ORGANISATION}/{name}"
    identity = number("repository", full) % 1_000_000_000
    return {
        "id": identity, "node_id": f"R_{identity}", "name": name, "full_name": full,
        "private": True, "owner": organisation(), "html_url": f"{WEB}/{full}",
        "description": None, "fork": False, "url": f"{API}/repos/{full}",
        "hooks_url": f"{API}/repos/{full}/hooks",
        "deployments_url": f"{API}/repos/{full}/deployments",
        "issues_url": f"{API}/repos/{full}/issues{{/number}}",
        "pulls_url": f"{API}/repos/{full}/pulls{{/number}}",
        "commits_url": f"{API}/repos/{full}/commits{{/sha}}",
        "created_at": 1577872800 if pushed else "2020-01-01T10:00:00Z",
        "pushed_at": int(pushed.timestamp()) if pushed else "2020-01-01T10:00:00Z",
        "clone_url": f"{WEB}/{full}.git", "size": 4211, "language": "C", "archived": False,
        "disabled": False, "visibility": "private", "default_branch": BRANCH,
    }


def common(repo, sender, pushed=None):
    return {"repository": repository(repo, pushed), "organization": organisation(),
            "sender": user(sender)}


def label(name):
    return {"id": number("label", name), "name": name, "color": "ededed", "default": False}


class Forge:
    """Code and deployments of one repository."""

    endpoint = "github"

    def __init__(self, repo):
        self.repo = repo
        self.api = f"{API}/repos/{world.ORGANISATION}/{repo}"
        self.web = f"{WEB}/{world.ORGANISATION}/{repo}"

    def greets(self, when):
        hook = number("hook", self.repo)
        yield when, "ping", {
            "zen": "Half measures are as bad as nothing at all.", "hook_id": hook,
            "hook": {"type": "Repository", "id": hook, "name": "web", "active": True,
                     "events": ["*"], "config": {"content_type": "json", "insecure_ssl": "0"}},
            **common(self.repo, "acme-admin")}

    def commit(self, identity, when, login, files):
        person = {"name": login, "email": f"{login}@example.com", "username": login}
        return {"id": identity, "tree_id": sha("tree", identity), "distinct": True,
                "message": "A change", "timestamp": at(when), "author": person,
                "committer": person, "url": f"{self.web}/commit/{identity}",
                "added": [], "removed": [], "modified": files}

    def _pull_request(self, change, action, merged):
        return "pull_request", {
            "action": action, "number": change.n,
            "pull_request": {
                "id": number("pull", self.repo, change.n), "number": change.n,
                "title": "A change", "user": user(change.login),
                "html_url": f"{self.web}/pull/{change.n}",
                "state": "closed" if merged else "open", "locked": False, "draft": False,
                "created_at": at(change.opened), "updated_at": at(merged or change.opened),
                "closed_at": at(merged) if merged else None,
                "merged_at": at(merged) if merged else None, "merged": merged is not None,
                "merge_commit_sha": change.sha if merged else None,
                "head": {"ref": f"change-{change.n}", "sha": change.commits[-1]["id"],
                         "label": f"{world.ORGANISATION}:change-{change.n}"},
                "base": {"ref": BRANCH, "label": f"{world.ORGANISATION}:{BRANCH}",
                         "repo": repository(self.repo)},
                "commits": len(change.commits), "additions": 31, "deletions": 7,
                "changed_files": 3, "labels": []},
            **common(self.repo, change.login)}

    def lands(self, change, before, when):
        """A pull request is opened, merged, and pushed to the default branch."""
        yield change.opened, *self._pull_request(change, "opened", None)
        yield when, *self._pull_request(change, "closed", when)
        commits = [*change.commits, self.commit(change.sha, when, change.login, [])]
        yield when, "push", {
            "ref": f"refs/heads/{BRANCH}", "before": before, "after": change.sha,
            "created": before == ZERO, "deleted": False, "forced": False, "base_ref": None,
            "compare": f"{self.web}/compare/{before[:12]}...{change.sha[:12]}",
            "commits": commits, "head_commit": commits[-1],
            "pusher": {"name": change.login, "email": f"{change.login}@example.com"},
            **common(self.repo, change.login, when)}

    def _deployment(self, identity, commit_sha, environment, created):
        return {
            "id": identity, "node_id": f"DE_{identity}", "sha": commit_sha, "ref": BRANCH,
            "task": "deploy", "payload": {}, "environment": environment,
            "original_environment": environment, "description": None,
            "url": f"{self.api}/deployments/{identity}", "creator": user("acme-deployer"),
            "created_at": at(created), "updated_at": at(created),
            "production_environment": environment == "production",
            "transient_environment": False, "performed_via_github_app": None}

    def deploys(self, n, commit_sha, environment, when, failed=False):
        identity = number("deployment", self.repo, n)
        created = when - minutes(3)
        about = self._deployment(identity, commit_sha, environment, created)
        yield created, "deployment", {
            "action": "created", "workflow": None, "workflow_run": None, "deployment": about,
            **common(self.repo, "acme-deployer")}
        for state, moment in (("in_progress", when - minutes(2)),
                              ("failure" if failed else "success", when)):
            status = number("status", self.repo, identity, state)
            yield moment, "deployment_status", {
                "action": "created",
                "deployment_status": {
                    "id": status, "node_id": f"DES_{status}", "state": state,
                    "creator": user("acme-deployer"), "description": "",
                    "environment": environment, "target_url": "", "log_url": "",
                    "environment_url": "", "created_at": at(moment), "updated_at": at(moment)},
                "deployment": about, **common(self.repo, "acme-deployer")}


class Tracker:
    """Issues of one repository: work to do, and incidents, which a label tells apart."""

    endpoint = "github"

    def __init__(self, repo):
        self.repo = repo

    def _issue(self, ticket, action, when, labels, changed=None, closed=None, reason=None):
        body = {
            "action": action,
            "issue": {
                "id": number("issue", self.repo, ticket.n), "number": ticket.n,
                "title": "Something to do", "user": user(ticket.login),
                "html_url": f"{WEB}/{world.ORGANISATION}/{self.repo}/issues/{ticket.n}",
                "state": "closed" if closed else "open",
                "state_reason": reason if closed else None,
                "labels": [label(name) for name in labels], "type": None, "assignees": [],
                "milestone": None, "comments": 0, "body": None,
                "created_at": at(ticket.opened), "updated_at": at(when),
                "closed_at": at(closed) if closed else None},
            **common(self.repo, ticket.login)}
        if changed:
            body["label"] = label(changed)
        return when, "issues", body

    def item(self, ticket):
        labels = {"bug": ("bug",), "support": ("support",)}.get(ticket.kind, ("feature",))
        yield self._issue(ticket, "opened", ticket.opened, labels)
        yield self._issue(ticket, "closed", ticket.closed, labels, closed=ticket.closed,
                          reason="not_planned" if ticket.dropped else "completed")

    def incident(self, ticket):
        labels = ("incident", f"sev{ticket.severity}")
        yield self._issue(ticket, "opened", ticket.opened, ())
        for i, name in enumerate(labels):
            yield self._issue(ticket, "labeled", ticket.opened + minutes(i + 1),
                              labels[:i + 1], changed=name)
        yield self._issue(ticket, "closed", ticket.closed, labels, closed=ticket.closed,
                          reason="completed")

    def releases(self, n, when):
        """Nothing here goes with a release."""
        return ()
