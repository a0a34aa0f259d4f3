# SPDX-License-Identifier: Apache-2.0
"""Every sample of what senders really send, where such a collection stands beside the project
(../shared/payloads, or $DORAD_PAYLOADS); and always the bodies of our own fixtures.

None may crash, none may be malformed but those named here with the reason, and the counts of
events by source and kind are those that were looked at and found right. Run as a program it
prints them.
"""

import collections
import functools
import glob
import json
import os
import re
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from harness import dorad  # noqa: E402

COLLECTION = os.environ.get(
    "DORAD_PAYLOADS", os.path.join(dorad.ROOT, "..", "shared", "payloads"))

# The folder of each source, where its name differs.
FOLDERS = {"cloudrun": "pubsub", "cloudevents": "cdevents"}

# What is no webhook's body, or is one that was cut or written wrongly.
BROKEN = {
    "alertmanager/fx-resolved.json":
        "its groupKey is a number beyond 64 bits, which no version of Alertmanager sends",
    "freshservice/desicrew-webhook-template-unrendered.txt":
        "a template whose placeholders were not filled in",
    "gitlab/go-gitlab/group_merge_request.json":
        "its fields have a space at the end of their names, and its project no id",
    "gitlab/mattermost/DeploymentEventFailed.json":
        "cut: neither the deployment's id nor its environment",
    "gitlab/mattermost/DeploymentEventSuccessful.json":
        "cut: neither the deployment's id nor its environment",
}

# No body at all: signatures beside a signed one, notes, files of another kind.
NO_BODY = (".md", ".signature.txt", "x-hub-signature-vector.txt")

EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.\w+")

# Events by source and kind; each was looked at.
COUNTS = {
    'alertmanager': {'malformed': 1, 'incident': 3},
    'argocd': {'ignored': 2, 'deployment': 1},
    'cloudevents': {'ignored': 79, 'incident': 12, 'deployment': 11, 'work_item': 5},
    'cloudrun': {'deployment': 2, 'ignored': 13},
    'flux': {'ignored': 1, 'deployment': 2},
    'freshservice': {'work_item': 4, 'incident': 4, 'malformed': 1, 'ignored': 1},
    'github': {'deployment': 32, 'ignored': 202, 'work_item': 30, 'incident': 30, 'change': 12},
    'gitlab': {'deployment': 19, 'ignored': 106, 'work_item': 23, 'incident': 23, 'change': 22, 'malformed': 3},
    'jira': {'work_item': 51, 'incident': 47, 'ignored': 20, 'deployment': 1},
    'opsgenie': {'incident': 3},
    'pagerduty': {'ignored': 21, 'incident': 5},
    'servicenow': {'work_item': 7, 'incident': 6, 'change_request': 2},
    'trello': {'ignored': 31, 'work_item': 3, 'incident': 3},
}


# The X-GitHub-Event of collections that name their files in other ways; the first that fits.
GITHUB_EVENTS = (
    (r"HookPullRequest|^pr_(?!review|comment)|^pull_request$", "pull_request"),
    (r"^pr_review", "pull_request_review"),
    (r"^pr_comment|^issue_comment|^comment$", "issue_comment"),
    (r"HookPush|HookTag|^push", "push"),
    (r"HookDeploy|^deployment$", "deployment"),
    (r"^(tag|branch)_create", "create"),
    (r"^(tag|branch)_delete", "delete"),
    (r"^label_", "label"),
    (r"^pipeline_hook", "workflow_run"),
    (r"^installation_repositor", "installation_repositories"),
    (r"^(release|check_suite|installation|merge_group|repository|workflow_job|workflow_run)",
     None),
)


def github_event(path):
    """The X-GitHub-Event that a sample came with, by its folder or its name."""
    parts = os.path.relpath(path, COLLECTION).split(os.sep)
    name = re.sub(r"^\d+_", "", parts[-1].split(".")[0].replace("-", "_"))
    if parts[1] != "_extra":
        return name if parts[1] == "_derived" else parts[1]
    for pattern, event in GITHUB_EVENTS:
        found = re.search(pattern, name)
        if found:
            return event or found.group(1)
    return name


def headers_of(source, path):
    if source == "github":
        return ("X-GitHub-Event: " + github_event(path),)
    if source == "gitlab":
        return ("X-Gitlab-Instance: https://gitlab.example",)
    if source == "cloudevents":
        return ("Content-Type: application/cloudevents+json",)
    return ("Content-Type: application/json",)


def normalise(source, paths, headers):
    command = ["normalise", "--json", "--source", source, "--received", "2026-06-30T12:00:00Z"]
    for header in headers:
        command += ["--header", header]
    done = dorad.run(*command, *paths, check=False)
    assert done.returncode in (0, 1), done.stderr
    return json.loads(done.stdout)


def samples(source):
    folder = os.path.join(COLLECTION, FOLDERS.get(source, source))
    return [path for path in sorted(glob.glob(os.path.join(folder, "**", "*"), recursive=True))
            if os.path.isfile(path) and not path.endswith(NO_BODY)]


@functools.lru_cache(maxsize=None)
def rows_of(source):
    """What came of each sample of a source: {path below the collection: rows}."""
    groups = collections.defaultdict(list)
    for path in samples(source):
        groups[headers_of(source, path)].append(path)
    found = collections.defaultdict(list)
    for headers, paths in groups.items():
        for row in normalise(source, paths, headers):
            found[os.path.relpath(row["file"], COLLECTION)].append(row)
    return found


def counts(rows):
    counted = collections.Counter()
    for made in rows.values():
        for row in made:
            counted[row["type"].split(".")[1] if row["type"] else row["verdict"]] += 1
    return dict(counted)


def sources():
    return [source for source in COUNTS if samples(source)]


def test_the_bodies_of_the_fixtures_crash_nothing_whatever_source_reads_them():
    """A body may come to the wrong endpoint: it is refused or ignored, never worse."""
    bodies = glob.glob(os.path.join(dorad.ROOT, "tests", "fixtures", "*", "*", "body"))
    assert len(bodies) > 100
    for source in COUNTS:
        headers = ("X-GitHub-Event: push", "Content-Type: application/json")
        verdicts = {row["verdict"] for row in normalise(source, bodies, headers)}
        assert verdicts <= {"event", "ignored", "malformed", "bad line"}


@pytest.mark.parametrize("source", sources())
def test_a_sample_is_read_unless_it_is_broken(source):
    rows = rows_of(source)
    assert set(rows) == {os.path.relpath(path, COLLECTION) for path in samples(source)}
    bad = {path: made[0]["reason"] for path, made in rows.items()
           if any(row["verdict"] == "malformed" for row in made)}
    assert set(bad) == {path for path in BROKEN if path in rows}, bad
    silent = [path for path, made in rows.items()
              if any(row["verdict"] == "ignored" and not row["reason"] for row in made)]
    assert not silent


@pytest.mark.parametrize("source", sources())
def test_no_event_of_a_sample_holds_an_address_of_a_person(source):
    for path, made in rows_of(source).items():
        for row in made:
            assert not EMAIL.search(json.dumps(row["data"])), path


@pytest.mark.parametrize("source", sources())
def test_the_events_of_the_samples_are_as_many_as_were_found_right(source):
    assert counts(rows_of(source)) == COUNTS[source]


# What APIs answer, and how many events of what kind come of it.
REPLIES = {
    "jira/mobitel-jira-api-requests-issue.json": {"work_item": 1, "incident": 1},
    "jira/mobitel-jira-api-requests-issue-rendered.json": {"work_item": 1, "incident": 1},
    "jira/mobitel-jira-api-requests-project-gens-search-project.json":
        {"work_item": 1, "incident": 1},
    "jira/mobitel-jira-api-requests-status.json": {},
    "servicenow/elastic-problem-display_value_all.subset.json": {"work_item": 1, "incident": 1},
    "servicenow/fx-get_incidents_response.json": {"work_item": 1, "incident": 1},
    "servicenow/sndocs-changeapi-03.json": {"change_request": 1},
    "servicenow/sndocs-changeapi-06.json": {"change_request": 1},
    "servicenow/sndocs-tableapi-01.json": {"work_item": 1, "incident": 1},
    "servicenow/sndocs-tableapi-02.json": {"work_item": 1, "incident": 1},
    "servicenow/sndocs-tableapi-03.json": {"work_item": 1, "incident": 1},
    "servicenow/sndocs-tableapi-04.json": {"work_item": 1, "incident": 1},
}


@pytest.mark.parametrize("reply", sorted(
    name for name in REPLIES if os.path.exists(os.path.join(COLLECTION, name))))
def test_an_answer_of_an_api_is_imported(reply, tmp_path):
    config = tmp_path / "dorad.yaml"
    config.write_text("redis: redis://127.0.0.1:1\nreceive:\n  listen: [127.0.0.1:1]\n"
                      f"  ledger: {tmp_path}/ledger.db\n  endpoints:\n"
                      "    one: {source: events, auth: none}\n")
    done = dorad.run("import", "--dry-run", "--json", reply.split("/")[0],
                     os.path.join(COLLECTION, reply), config=config)
    rows = json.loads(done.stdout)
    assert {row["kind"]: row["count"] for row in rows} == REPLIES[reply]


if __name__ == "__main__":
    for name in COUNTS:
        if samples(name):
            print(f"    {name!r}: {counts(rows_of(name))},")
