# SPDX-License-Identifier: Apache-2.0
"""Runs contrib/senders/*/backfill against harness.apis, and tells a small history."""

import json
import os
import signal
import subprocess
import time
from collections import Counter

from harness import dorad

SENDERS = os.path.join(dorad.ROOT, "contrib", "senders")
SECRET = "s3cret-\\\"of the \"API"     # with what a configuration of curl must quote
DAY = 86400


def ago(days):
    """A time as most APIs write it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * DAY))


class Tool:
    """A script of contrib/senders with its token, its state and where it asks."""

    def __init__(self, folder, script, *options, env=None):
        self.state = os.path.join(folder, "state")
        self.token = os.path.join(folder, "token")
        with open(os.open(self.token, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(SECRET + "\n")
        self.command = [os.path.join(SENDERS, script), "--token-file", self.token,
                        "--state", self.state, *options]
        self.env = {**os.environ, **(env or {})}

    def start(self, *options):
        return subprocess.Popen(["setpriv", "--pdeathsig=KILL", *self.command, *options],
                                text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=self.env, start_new_session=True)

    def run(self, *options, code=0):
        """To its end; returns it with .rows, what it printed."""
        process = self.start(*options)
        process.out, process.err = process.communicate(timeout=120)
        assert process.returncode == code, process.err
        assert SECRET not in process.out + process.err
        process.rows = [json.loads(line) for line in process.out.splitlines() if line[0] == "{"]
        return process

    def run_until_held(self, api, *options):
        """Kills it, and all it started, while the server holds the request that says `hold`."""
        process = self.start(*options)
        assert api.held.wait(60), "the request that is held was never made"
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        api.release.set()
        api.held.clear()
        api.release.clear()
        return out


def once(rows, *fields):
    """Each row once, by these fields: the sorted values."""
    values = [tuple(row[field] for field in fields) for row in rows]
    assert max(Counter(values).values(), default=0) <= 1, Counter(values).most_common(3)
    return sorted(value[0] if len(fields) == 1 else value for value in values)


# -- a repository at GitHub --------------------------------------------------------------------

AT = "/repos/acme/shop"


class Shop:
    """acme/shop with so many deployments of two statuses, commits, and a few of the rest."""

    def __init__(self, api, deployments=4, commits=5):
        base = api.url + AT
        self.repository = {"id": 186853261, "full_name": "acme/shop", "default_branch": "main",
                           "url": base, "html_url": "https://github.com/acme/shop",
                           "owner": {"login": "acme"}}
        self.deployments = [self.deployment(api, 1000 + n, ago(1 + n)) for n in range(deployments)]
        self.statuses = {one["id"]: [
            {"id": one["id"] * 10 + n, "state": state, "created_at": one["updated_at"],
             "environment": "production", "creator": {"login": "ann"},
             "deployment_url": one["url"], "url": f"{one['url']}/statuses/{one['id'] * 10 + n}"}
            for n, state in enumerate(("success", "in_progress"))] for one in self.deployments}
        self.commits = [{"sha": f"{n:040x}", "url": f"{base}/commits/{n:040x}",
                         "html_url": f"https://github.com/acme/shop/commit/{n:040x}",
                         "parents": [{"sha": f"{n - 1:040x}"}] if n else [],
                         "commit": {"message": "words", "author": {"name": "Ann", "date": ago(9)},
                                    "committer": {"name": "Ann", "date": ago(9)}}}
                        for n in range(commits)]
        self.pulls = [{"id": 5, "number": 1, "merged_at": ago(8), "updated_at": ago(8),
                       "created_at": ago(9), "merge_commit_sha": f"{2:040x}", "state": "closed",
                       "url": f"{base}/pulls/1", "user": {"login": "ann"},
                       "base": {"ref": "main", "repo": self.repository}, "head": {"sha": "x"}},
                      {"id": 6, "number": 2, "merged_at": None, "updated_at": ago(8),
                       "url": f"{base}/pulls/2"}]
        self.issues = [{"id": 7, "number": 3, "state": "open", "updated_at": ago(3),
                        "created_at": ago(4), "labels": [], "url": f"{base}/issues/3"},
                       {"id": 5, "number": 1, "pull_request": {}, "updated_at": ago(8)}]
        self.releases = [{"id": 8, "tag_name": "v1", "draft": False, "published_at": ago(2),
                          "created_at": ago(2), "url": f"{base}/releases/8"},
                         {"id": 9, "tag_name": "v2", "draft": True, "published_at": None,
                          "created_at": ago(1)}]
        self.runs = [{"id": 11, "run_attempt": 1, "status": "completed", "conclusion": "success",
                      "created_at": ago(2), "updated_at": ago(2), "url": f"{base}/actions/runs/11"},
                     {"id": 10, "run_attempt": 1, "status": "queued", "created_at": ago(3),
                      "updated_at": ago(3)}]
        self.serve(api)

    @staticmethod
    def deployment(api, number, at):
        return {"id": number, "url": f"{api.url}{AT}/deployments/{number}", "sha": f"{1:040x}",
                "ref": "main", "task": "deploy", "environment": "production", "created_at": at,
                "updated_at": at, "creator": {"login": "ann"}}

    def serve(self, api):
        def since(rows, field):
            return lambda query: [row for row in rows if row[field] >= query.get("since", "")]
        api.route(AT, self.repository)
        api.linked(AT + "/deployments", self.deployments)
        for number, statuses in self.statuses.items():
            api.linked(f"{AT}/deployments/{number}/statuses", statuses)
        api.linked(AT + "/commits", lambda query: [
            one for one in self.commits
            if one["commit"]["committer"]["date"] >= query.get("since", "")])
        api.linked(AT + "/pulls", self.pulls)
        api.linked(AT + "/issues", since(self.issues, "updated_at"))
        api.linked(AT + "/releases", self.releases)
        api.linked(AT + "/actions/runs", self.runs, wrap=lambda rows: {"workflow_runs": rows})

    def check(self, rows):
        """All of it, each once, each after what it belongs to."""
        assert rows[0]["full_name"] == "acme/shop"
        assert once([row for row in rows if "task" in row], "id") == \
            sorted(one["id"] for one in self.deployments)
        belongs_to = None
        for row in rows:
            belongs_to = row["url"] if "task" in row else belongs_to
            if "deployment_url" in row:
                assert row["deployment_url"] == belongs_to
        assert once([row for row in rows if "deployment_url" in row], "id") == \
            sorted(one["id"] for some in self.statuses.values() for one in some)
        assert once([row for row in rows if "commit" in row], "sha") == \
            sorted(one["sha"] for one in self.commits)
        rest = once([row for row in rows if "id" in row and row["id"] < 100], "id")
        assert rest == [5, 7, 8, 11]    # merged, no draft, completed
