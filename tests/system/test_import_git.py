# SPDX-License-Identifier: Apache-2.0
"""A clone's own history: lead times that a calculation by hand from git log confirms."""

import datetime
import os
import shutil
import subprocess

import pytest

from harness.dorad import ROOT, Site

AS_OF = "2027-06-01T00:00:00Z"
NOBODY = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@example.com", "GIT_COMMITTER_NAME": "n",
          "GIT_COMMITTER_EMAIL": "n@example.com", "GIT_CONFIG_GLOBAL": os.devnull,
          "GIT_CONFIG_SYSTEM": os.devnull}


def git(folder, *words, at=None):
    """What a command of git prints; at: when it happens, as far as git is concerned."""
    env = {**os.environ, **NOBODY}
    if at is not None:
        env |= {"GIT_AUTHOR_DATE": f"{at} +0200", "GIT_COMMITTER_DATE": f"{at} +0200"}
    return subprocess.run(["git", "-C", folder, *words], check=True, text=True, env=env,
                          stdout=subprocess.PIPE).stdout


def commit(folder, path, at):
    name = os.path.join(folder, path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "a", encoding="utf-8") as file:
        file.write(f"{at}\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "x", at=at)


HOUR = 3600
T0 = int(datetime.datetime(2026, 5, 1, tzinfo=datetime.timezone.utc).timestamp())


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A branch with a merge of two commits, one of them older than what it is merged onto; tags."""
    folder = str(tmp_path_factory.mktemp("clone"))
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "remote", "add", "origin", "git@github.com:acme/checkout.git")
    commit(folder, "api/a", T0)
    git(folder, "tag", "v1", at=T0)                             # a light one: its commit's time
    git(folder, "switch", "-qc", "topic")
    commit(folder, "web/b", T0 + 1 * HOUR)
    git(folder, "switch", "-q", "trunk")
    commit(folder, "api/c", T0 + 2 * HOUR)
    git(folder, "tag", "-a", "v2", "-m", "x", at=T0 + 3 * HOUR)  # before the topic is merged
    git(folder, "switch", "-q", "topic")
    commit(folder, "web/d", T0 + 4 * HOUR)
    git(folder, "switch", "-q", "trunk")
    git(folder, "merge", "-q", "--no-ff", "-m", "x", "topic", at=T0 + 5 * HOUR)
    git(folder, "tag", "-a", "v3", "-m", "x", at=T0 + 7 * HOUR)
    git(folder, "tag", "other", at=T0 + 8 * HOUR)
    return folder


def leads(site, service):
    return {row["change_id"]: row["lead"] for row in site.query(
        "SELECT change_id, extract(epoch FROM d.at - c.committed_at)::bigint AS lead"
        " FROM dorad_data.change_delivery JOIN dorad_data.change AS c USING (change_id)"
        " JOIN dorad_data.deployment_fact AS d USING (service, deployment_id)"
        " WHERE service = %s AND d.lead_source <> 'baseline'", service)}


def rolled_up(site):
    site.run("rollup", "--once", "--as-of", AS_OF)


CATALOG = {"teams": [{"name": "crew"}], "services": [
    {"name": "checkout", "owners": "crew", "sources": [{"github": "acme/checkout"}]}]}


def test_what_a_merge_brought_landed_with_the_merge(postgres, clone):
    with Site(postgres=postgres, catalog=CATALOG) as site:
        done = site.run("import", "--tags", "v*", "--environment", "production", "git", clone)
        rolled_up(site)
        sha = {name: git(clone, "rev-parse", name).strip()
               for name in ("v1^{}", "v2^{}", "v3^{}", "v3^2", "v3^2^")}
        # v2 is out before the topic is merged, though one of the topic's commits is older.
        assert leads(site, "checkout") == {
            sha["v2^{}"]: 1 * HOUR, sha["v3^2^"]: 6 * HOUR, sha["v3^2"]: 3 * HOUR,
            sha["v3^{}"]: 2 * HOUR}
        assert "deployment      3" in done.stdout
        again = site.run("import", "--tags", "v*", "--environment", "production", "git", clone)
        assert "0 deliveries kept, 1 was kept before" in again.stdout


def test_a_commit_touches_the_folders_of_its_files(postgres, clone):
    catalog = {"teams": [{"name": "crew"}], "services": [
        {"name": name, "owners": "crew", "sources": [{"github": "acme/checkout", "paths": [name]}]}
        for name in ("api", "web")]}
    with Site(postgres=postgres, catalog=catalog) as site:
        site.run("import", "git", clone)
        rolled_up(site)
        rows = site.query("SELECT service, change_id FROM dorad_data.change_service")
        sha = {name: git(clone, "rev-parse", name).strip()
               for name in ("v1^{}", "v2^{}", "v3^{}", "v3^2", "v3^2^")}
        assert {row["change_id"] for row in rows if row["service"] == "api"} == \
            {sha["v1^{}"], sha["v2^{}"]}
        assert {row["change_id"] for row in rows if row["service"] == "web"} == \
            {sha["v3^2^"], sha["v3^2"], sha["v3^{}"]}


def test_with_its_number_the_repository_is_the_webhooks(site, clone):
    site.run("import", "--repository-id", "7001", "git", clone)
    ids = {entry["id"].split("/change/")[0] for entry in site.entries("change")}
    assert ids == {"github/github.com/7001"}
    merge = git(clone, "rev-parse", "v3^{}").strip()
    # One push brought the merge and both of its commits, as the webhook of the merge said.
    assert [entry["data"]["ordinal"] for entry in site.entries("change")
            if entry["id"].endswith(f"/push/{merge}")] == [0, 1, 2]


def test_a_date_is_that_day_from_its_beginning(site, clone):
    for since, n in (("2026-05-01", 5), ("2026-05-01T02:00:00Z", 3), ("1h", 0)):
        done = site.run("import", "--dry-run", "--since", since, "git", clone)
        assert f"would make {n} events" in done.stdout, since


def test_a_clone_of_a_folder_has_no_repository_of_that_name(site, clone, tmp_path):
    git(str(tmp_path), "clone", "-q", f"file://{clone}", "copy")
    done = site.run("import", "--system", "github", "git", tmp_path / "copy", check=False)
    assert done.returncode == 1 and "--repository OWNER/NAME" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (("git", "/nowhere"), "no clone"), (("git",), "which clone"), (("nothing",), "want one of"),
    (("--tags", "v*", "github"), "for git"), (("--environment", "x", "git", "."), "--tags"),
    (("--zone", "Moon/Sea", "servicenow"), "Europe/London"),
    (("--zone", "Europe", "servicenow"), "Europe/London"),      # a folder of zones
    (("--zone", "", "servicenow"), "Europe/London"),
    (("--since", "1y", "git", "."), "30d"),                     # git would take it for now
    (("--endpoint", "none", "github"), "no endpoint none"),
    (("github", "/nowhere.json"), "/nowhere.json"),
])
def test_misuse_is_told_in_words(site, arguments, words):
    done = site.run("import", *arguments, check=False)
    assert done.returncode in (1, 2) and words in done.stderr


# -- this project's own history --------------------------------------------------------------------

def test_a_commit_without_a_time_is_one_from_long_ago(tmp_path):
    """As conversions from older systems made them."""
    folder = str(tmp_path)
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "remote", "add", "origin", "git@github.com:acme/checkout.git")
    commit(folder, "api/a", "@0")
    commit(folder, "api/b", T0)
    with Site() as site:
        row, = site.table("import", "--dry-run", "git", folder)
    assert (row["kind"], row["count"]) == ("change", 2)
    assert row["first"] == "1970-01-01T00:00:01.000000Z"


def by_hand(folder, tags):
    """{commit: seconds from its commit to the first tag that has it}, from git log alone."""
    out = {}
    for before, tag in zip(tags, tags[1:]):
        tagged = int(git(folder, "for-each-ref", "--format=%(creatordate:unix)",
                         f"refs/tags/{tag}"))
        for line in git(folder, "log", "--format=%H %ct", f"{before}..{tag}").splitlines():
            sha, committed = line.split()
            out[sha] = tagged - int(committed)
    return out


def real_history(folder):
    """The project's own; where it is checked out without one, or with its end alone, a made up
    one. On a branch, though what is checked out may be none."""
    if subprocess.run(["git", "clone", "-q", "--bare", ROOT, folder], check=False,
                      stderr=subprocess.DEVNULL).returncode != 0 \
            or int(git(folder, "rev-list", "--count", "--first-parent", "HEAD")) < 100:
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        git(folder, "init", "-q", "-b", "trunk")
        for n in range(100):
            commit(folder, "api/a", T0 + n * n * 60)
    sha = git(folder, "rev-parse", "HEAD").strip()
    git(folder, "symbolic-ref", "HEAD", "refs/heads/released-from")
    git(folder, "update-ref", "refs/heads/released-from", sha)


def test_git_log_confirms_the_lead_times_of_a_real_history(postgres, tmp_path):
    folder = str(tmp_path / "clone")
    real_history(folder)
    line = git(folder, "log", "--first-parent", "--format=%H %ct", "HEAD").split("\n")[:-1]
    tags, released = [], 0
    for n, one in enumerate(reversed(line)):
        sha, committed = one.split()
        if n % 9 == 4:          # every so often a release, two hours after its last commit
            tags.append(f"r{n:05}")
            released = max(int(committed) + 2 * HOUR, released + 1)
            git(folder, "tag", "-a", "-m", "x", tags[-1], sha, at=released)
    assert len(tags) > 5
    want = by_hand(folder, tags)
    with Site(postgres=postgres, catalog=CATALOG) as site:
        site.run("import", "--tags", "r*", "--environment", "production", "--repository",
                 "acme/checkout", "--host", "github.com", "git", folder)
        rolled_up(site)
        got = leads(site, "checkout")
    assert len(want) >= 10
    assert got == want
    # The command that anybody may ask of any clone.
    done = subprocess.run([os.path.join(ROOT, "tests", "numbers", "lead_times"), folder,
                           "--tags", "r*"], text=True, stdout=subprocess.PIPE, check=False)
    print(done.stdout)
    assert done.returncode == 0 and "10 of 10 are the same" in done.stdout
