# SPDX-License-Identifier: Apache-2.0
"""Ready-made signed requests in the shapes and sizes that GitHub sends, for load.c.

Made up from the documented fields; sizes 6.5, 8, 12 and 24 KB (mean 12.7), like real ones. Each request has
ids of its own, so that each is a new observation.
"""
import hashlib
import hmac
import json
import struct

URLS = ("archive assignees blobs branches collaborators comments commits compare contents contributors "
        "deployments downloads events forks git_commits git_refs git_tags hooks issue_comment issue_events "
        "issues keys labels languages merges milestones notifications pulls releases stargazers statuses "
        "subscribers subscription tags teams trees").split()


def person(name, number):
    base = f"https://api.example.com/users/{name}"
    return {"login": name, "id": number, "type": "User", "site_admin": False, "url": base,
            "html_url": f"https://example.com/{name}",
            **{f"{key}_url": f"{base}/{key}" for key in
               ("followers", "following", "gists", "starred", "subscriptions", "organizations",
                "repos", "events", "received_events", "avatar")}}


def repository(number):
    name = f"acme/service-{number}"
    base = f"https://api.example.com/repos/{name}"
    return {"id": 100000 + number, "name": f"service-{number}", "full_name": name, "private": True,
            "owner": person("acme", 1), "html_url": f"https://example.com/{name}", "url": base,
            "default_branch": "main", "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2026-06-01T00:00:00Z", "pushed_at": "2026-06-01T00:00:00Z",
            **{f"{key}_url": f"{base}/{key}{{/placeholder}}" for key in URLS}}


def sha(*parts):
    return hashlib.sha1("/".join(map(str, parts)).encode()).hexdigest()


def at(number):
    return f"2026-{1 + number // 40000 % 6:02}-{1 + number // 1440 % 28:02}T{number // 60 % 24:02}:{number % 60:02}:07Z"


def deployment_status(number):
    return "deployment_status", {
        "action": "created", "repository": repository(number % 50), "sender": person("bot", 2),
        "deployment_status": {"id": 7000000 + number, "state": "success", "environment": "production",
                              "created_at": at(number), "updated_at": at(number),
                              "creator": person("bot", 2), "target_url": "https://example.com/run"},
        "deployment": {"id": 8000000 + number, "sha": sha("deploy", number), "ref": "main",
                       "task": "deploy", "environment": "production", "created_at": at(number),
                       "updated_at": at(number), "payload": {}, "creator": person("bot", 2)}}


def commit(number, i):
    return {"id": sha("commit", number, i), "tree_id": sha("tree", number, i), "distinct": True,
            "message": f"Change {i} of push {number}: " + "what was done and why, in some words. " * 3,
            "timestamp": at(number), "url": f"https://example.com/acme/commit/{i}",
            "author": {"name": "A. Person", "email": "a@example.com", "username": "a"},
            "committer": {"name": "A. Person", "email": "a@example.com", "username": "a"},
            "added": [], "removed": [], "modified": [f"src/part{i}/file{k}.c" for k in range(9)]}


def push(number):
    commits = [commit(number, i) for i in range(8)]
    return "push", {"ref": "refs/heads/main", "before": sha("before", number),
                    "after": commits[-1]["id"], "created": False, "deleted": False, "forced": False,
                    "base_ref": None, "compare": "https://example.com/compare",
                    "commits": commits, "head_commit": commits[-1],
                    "repository": {**repository(number % 50), "pushed_at": 1780000000 + number,
                                   "created_at": 1700000000},
                    "pusher": {"name": "a", "email": "a@example.com"}, "sender": person("a", 3)}


def issue(number):
    return "issues", {
        "action": "closed", "repository": repository(number % 50), "sender": person("a", 3),
        "issue": {"id": 9000000 + number, "number": number, "title": "Something to do",
                  "state": "closed", "state_reason": "completed", "created_at": at(number),
                  "updated_at": at(number), "closed_at": at(number), "user": person("a", 3),
                  "labels": [{"id": 1, "name": "bug", "color": "ff0000"}],
                  "body": "What happens, what should happen, how to see it. " * 40}}


def pull_request(number):
    side = {"label": "acme:main", "ref": "main", "sha": sha("base", number), "user": person("a", 3),
            "repo": repository(number % 50)}
    return "pull_request", {
        "action": "closed", "number": number, "repository": repository(number % 50),
        "sender": person("a", 3),
        "pull_request": {"id": 6000000 + number, "number": number, "state": "closed", "merged": True,
                         "merged_at": at(number), "created_at": at(number), "updated_at": at(number),
                         "merge_commit_sha": sha("merge", number), "commits": 3,
                         "head": {**side, "ref": "topic", "sha": sha("head", number)}, "base": side,
                         "user": person("a", 3), "merged_by": person("a", 3),
                         "body": "Why this change is made and what was weighed. " * 150}}


# What stands beside the project, where it does: real payloads, nearest to these sizes.
REAL = (("deployment_status", 6500), ("issues", 8000), ("push", 12000), ("pull_request", 24000))
USED = {"deployment_status": lambda body: body.get("deployment_status", {}).get("state") == "success",
        "issues": lambda body: body.get("action") in ("closed", "opened", "reopened"),
        "push": lambda body: body.get("commits") and body.get("ref", "").startswith("refs/heads/"),
        "pull_request": lambda body: body.get("pull_request", {}).get("merged")
                        or body.get("action") == "closed"}


def read_real(folder):
    """[(kind, payload)] of the folder's GitHub payloads; empty where there are none."""
    found = []
    for kind, wanted in REAL:
        best = None
        for path in sorted((folder / kind).glob("*.json")):
            body = json.loads(path.read_text())
            size = len(json.dumps(body, separators=(",", ":")))
            if USED[kind](body) and (best is None or abs(size - wanted) < abs(best[0] - wanted)):
                best = size, body
        if best:
            found.append((kind, best[1]))
    return found


def vary(value, number):
    """The same with ids and hashes of its own, so that it is another observation."""
    if isinstance(value, dict):
        return {key: value[key] + number if key == "id" and isinstance(value[key], int)
                else sha(value[key], number) if key in ("sha", "after", "merge_commit_sha", "id")
                and isinstance(value[key], str) and len(value[key]) == 40
                else vary(value[key], number) if key != "repository" else value[key]
                for key in value}
    if isinstance(value, list):
        return [vary(item, number) for item in value]
    return value


def encode(kind, payload, number, secret, address):
    body = json.dumps(payload, separators=(",", ":")).encode()
    signature = hmac.new(secret, body, hashlib.sha256).hexdigest()
    head = (f"POST {address} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: GitHub-Hookshot/0000000\r\n"
            f"Accept: */*\r\nContent-Type: application/json\r\nX-GitHub-Event: {kind}\r\n"
            f"X-GitHub-Delivery: 00000000-0000-4000-8000-{number:012}\r\nX-GitHub-Hook-ID: 1\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    return head + body, len(body)


def write(path, n, secret, address, real=()):
    """n requests to the file, made up or like the real ones; the mean size of their bodies."""
    makers = (deployment_status, push, issue, pull_request)
    total = 0
    with open(path, "wb") as out:
        for number in range(n):
            if real:
                kind, payload = real[number % len(real)]
                payload = vary(payload, number)
            else:
                kind, payload = makers[number % len(makers)](number)
            request, size = encode(kind, payload, number, secret, address)
            out.write(struct.pack("<I", len(request)) + request)
            total += size
    return total / n


if __name__ == "__main__":
    for make in (deployment_status, push, issue, pull_request):
        print(make.__name__, encode(*make(1), 1, b"s", "/")[1])
