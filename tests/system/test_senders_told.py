# SPDX-License-Identifier: Apache-2.0
"""What people are told to set at a sender is what its normaliser reads, wherever it is told."""

import os
import re

import pytest

from harness import dorad
from test_senders import SENDERS, read

# A kind that a normaliser takes, and the words by which its sender offers it.
CHOICES = {
    "github": {"deployment": "Deployments", "deployment_status": "Deployment statuses",
               "issue_comment": "Issue comments", "issues": "Issues", "ping": "",
               "pull_request": "Pull requests", "push": "Pushes", "release": "Releases",
               "repository": "Repositories", "workflow_run": "Workflow runs"},
    "gitlab": {"build": "Job", "deployment": "Deployment", "issue": "Issue",
               "merge_request": "Merge request", "note": "Confidential comment", "pipeline": "Pipeline",
               "project_rename": "", "project_transfer": "", "project_update": "",
               "push": "Push", "release": "Release", "work_item": "Confidential issue"},
    "jira": {"comment_created": "Comment created, updated", "comment_updated": "",
             "jira:issue_created": "Issue created, updated, deleted", "jira:issue_deleted": "",
             "jira:issue_updated": "", "jira:version_released": "Version released, unreleased",
             "jira:version_unreleased": ""},
    "opsgenie": {"Create": "create", "Close": "close", "Delete": "delete",
                 "Acknowledge": "acknowledge", "UnAcknowledge": "unacknowledge",
                 "AddTags": "add tags", "RemoveTags": "remove tags",
                 "UpdatePriority": "update priority"},
}


def rows_of(*path):
    """The rows of a README's first table, by its first column."""
    table = re.search(r"(?:^\|.*\n)+", read(*path)[read(*path).index("| sender |"):], re.M)
    return {line.split("|")[1].strip(): line for line in table.group(0).splitlines()[2:]}


def told_by_init(source, tmp_path):
    said = dorad.run("init", "--yes", "--directory", tmp_path / "etc", "--source", source).stdout
    return " ".join(said.split())


@pytest.mark.parametrize("source", CHOICES)
def test_people_are_told_to_choose_what_is_measured(source, tmp_path):
    code = read("..", "..", "daemon", "source", f"{source}.c")
    table = re.search(r"(?:handlers|actions)\[\] = \{\n((?:\t\{.*\n)+)", code).group(1)
    assert re.findall(r'\{"(\S+)", ', table) == list(CHOICES[source])
    texts = [told_by_init(source, tmp_path)]
    if source == "opsgenie":
        texts.append(" ".join(read("opsgenie", "README.md").split()))
    else:
        name = {"github": "GitHub", "gitlab": "GitLab", "jira": "Jira"}[source]
        texts += [rows_of("README.md")[name], rows_of("..", "..", "README.md")[name]]
    for word in filter(None, CHOICES[source].values()):
        assert all(word in text for text in texts), word


def test_every_source_has_a_row_of_what_to_set_and_what_it_gives():
    done = dorad.run("normalise", "--source", "", os.devnull, check=False)
    sources = re.search(r"there are (.*)", done.stderr).group(1).split(", ")
    plain = {source: source for source in sources} | {
        "argocd": "argo cd", "cloudevents": "cdevents", "cloudrun": "cloud run"}
    for path in (("README.md",), ("..", "..", "README.md")):
        told = " ".join(rows_of(*path)).lower()
        assert not [name for source, name in plain.items()
                    if name not in told and source != "events"]


def test_a_template_is_sent_to_the_endpoint_that_init_makes_for_it():
    for folder, _, names in os.walk(SENDERS):
        for name in names:
            source = os.path.relpath(folder, SENDERS)
            sent = re.findall(r"dorad\.example\.com/webhooks/(\w+)", read(source, name))
            assert set(sent) <= {source}, name


def test_the_package_has_every_file_that_is_to_be_pasted_or_run():
    built = read("meson.build")
    for folder, _, names in os.walk(SENDERS):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), SENDERS)
            assert name == "meson.build" or f"'{path}'" in built, path
