# SPDX-License-Identifier: Apache-2.0
"""Webhooks as GitHub shapes them: the fields that its documentation gives, for made-up things."""

import hashlib

import world

API = "https://api.github.com"
WEB = "https://github.com"
ZERO = "0" * 40
BRANCH = "main"


def at(when):
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def sha(*parts):
    return hashlib.sha1("/".join(map(str, parts)).encode()).hexdigest()


def number(*parts):
    """A stable number of its own for whatever is named."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, parts)).encode()).digest()[:5], "big")


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


def ping(repo):
    return "ping", {
        "zen": "Half measures are as bad as nothing at all.", "hook_id": number("hook", repo),
        "hook": {"type": "Repository", "id": number("hook", repo), "name": "web",
                 "active": True, "events": ["*"],
                 "config": {"content_type": "json", "insecure_ssl": "0"}},
        **common(repo, "acme-admin")}


def commit(repo, identity, when, login, files):
    person = {"name": login, "email": f"{login}@example.com", "username": login}
    return {"id": identity, "tree_id": sha("tree", identity), "distinct": True,
            "message": "A change", "timestamp": at(when), "author": person, "committer": person,
            "url": f"{WEB}/{world.ORGANISATION}/{repo}/commit/{identity}",
            "added": [], "removed": [], "modified": files}


def push(repo, before, commits, when, login):
    after = commits[-1]["id"]
    return "push", {
        "ref": f"refs/heads/{BRANCH}", "before": before, "after": after,
        "created": before == ZERO, "deleted": False, "forced": False, "base_ref": None,
        "compare": f"{WEB}/{world.ORGANISATION}/{repo}/compare/{before[:12]}...{after[:12]}",
        "commits": commits, "head_commit": commits[-1],
        "pusher": {"name": login, "email": f"{login}@example.com"},
        **common(repo, login, when)}


def pull_request(repo, n, action, login, opened, merged=None, merge_sha=None, head=None,
                 commits=1):
    return "pull_request", {
        "action": action, "number": n,
        "pull_request": {
            "id": number("pull", repo, n), "number": n, "title": "A change", "user": user(login),
            "html_url": f"{WEB}/{world.ORGANISATION}/{repo}/pull/{n}",
            "state": "closed" if merged else "open", "locked": False, "draft": False,
            "created_at": at(opened), "updated_at": at(merged or opened),
            "closed_at": at(merged) if merged else None,
            "merged_at": at(merged) if merged else None, "merged": merged is not None,
            "merge_commit_sha": merge_sha,
            "head": {"ref": f"change-{n}", "sha": head, "label": f"acme:change-{n}"},
            "base": {"ref": BRANCH, "label": f"acme:{BRANCH}",
                     "repo": {"full_name": f"{world.ORGANISATION}/{repo}",
                              "default_branch": BRANCH}},
            "commits": commits, "additions": 31, "deletions": 7, "changed_files": 3,
            "labels": []},
        **common(repo, login)}


def deployment(repo, identity, commit_sha, environment, created):
    return {
        "id": identity, "node_id": f"DE_{identity}", "sha": commit_sha, "ref": BRANCH,
        "task": "deploy", "payload": {}, "environment": environment,
        "original_environment": environment, "description": None,
        "url": f"{API}/repos/{world.ORGANISATION}/{repo}/deployments/{identity}",
        "creator": user("acme-deployer"), "created_at": at(created), "updated_at": at(created),
        "production_environment": environment == "production",
        "transient_environment": False, "performed_via_github_app": None}


def deployment_created(repo, identity, commit_sha, environment, when):
    return "deployment", {
        "action": "created", "workflow": None, "workflow_run": None,
        "deployment": deployment(repo, identity, commit_sha, environment, when),
        **common(repo, "acme-deployer")}


def deployment_status(repo, identity, commit_sha, environment, created, state, when):
    status = number("status", repo, identity, state)
    return "deployment_status", {
        "action": "created",
        "deployment_status": {
            "id": status, "node_id": f"DES_{status}", "state": state,
            "creator": user("acme-deployer"), "description": "", "environment": environment,
            "target_url": "", "log_url": "", "environment_url": "",
            "created_at": at(when), "updated_at": at(when)},
        "deployment": deployment(repo, identity, commit_sha, environment, created),
        **common(repo, "acme-deployer")}


def label(name):
    return {"id": number("label", name), "name": name, "color": "ededed", "default": False}


def issue(repo, n, action, login, opened, when, labels=(), changed=None, closed=None,
          reason=None):
    """changed: the label that a `labeled` action is about."""
    body = {
        "action": action,
        "issue": {
            "id": number("issue", repo, n), "number": n, "title": "Something to do",
            "html_url": f"{WEB}/{world.ORGANISATION}/{repo}/issues/{n}", "user": user(login),
            "state": "closed" if closed else "open",
            "state_reason": reason if closed else None,
            "labels": [label(name) for name in labels], "type": None,
            "assignees": [], "milestone": None, "comments": 0, "body": None,
            "created_at": at(opened), "updated_at": at(when),
            "closed_at": at(closed) if closed else None},
        **common(repo, login)}
    if changed:
        body["label"] = label(changed)
    return "issues", body
