# SPDX-License-Identifier: Apache-2.0
"""The catalogue: checked, imported, applied, and what it changes said."""

import pytest

from harness.dorad import run
from harness.wait import wait_until
from stream_events import add, event

ENTITIES = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: "Checkout: the shop"
  annotations:
    github.com/project-slug: acme/checkout
    jira/project-key: OPS
    jira/component: Checkout
    backstage.io/kubernetes-id: checkout-api
spec: {type: service, lifecycle: production, owner: group:default/payments}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: ledger, annotations: {gitlab.com/project-id: "42"}}
spec: {lifecycle: experimental, owner: user:ann}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {profile: {displayName: Payments}}
"""

IMPORTED = """\
teams:
  - name: payments
    title: Payments

services:
  - name: checkout
    title: "Checkout: the shop"
    owners: payments
    phases: live
    aliases: checkout-api
    sources:
      - {github: acme/checkout}
      - {jira: OPS, component: Checkout}
  - name: ledger
    phases: development
    sources:
      - {gitlab_id: "42"}
"""


def test_files_of_backstage_become_a_catalogue_that_passes_its_check(tmp_path):
    folder = tmp_path / "code" / "checkout"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(ENTITIES)
    (folder / "other.yaml").write_text("not: an entity\n")
    done = run("catalog", "import", tmp_path / "code")
    assert done.stdout == IMPORTED
    assert "ledger is owned by a person" in done.stderr and "ann" not in done.stderr
    made = tmp_path / "catalog.yaml"
    made.write_text(done.stdout)
    assert "good: 1 team, 2 services" in run("catalog", "check", made).stdout


def test_an_owner_in_other_letters_is_the_same_team(tmp_path):
    path = tmp_path / "catalog-info.yaml"
    path.write_text(ENTITIES.replace("group:default/payments", "group:default/Payments")
                    .replace("user:ann", "PAYMENTS"))
    made = run("catalog", "import", path).stdout
    assert made.startswith("teams:\n  - name: payments\n    title: Payments\n\n")
    assert made.count("    owners: payments\n") == 2


def test_what_a_template_will_make_is_left_out_and_told(tmp_path):
    path = tmp_path / "catalog-info.yaml"
    path.write_text(ENTITIES.replace("name: ledger", 'name: "${{ values.name }}"'))
    done = run("catalog", "import", path)
    assert "values" not in done.stdout and "1 service" in done.stderr
    assert f"{path}:13: ${{{{ values.name }}}} is a template's: left out" in done.stderr


def test_nothing_to_read_is_no_empty_catalogue(tmp_path):
    (tmp_path / "other.yaml").write_text("not: an entity\n")
    (tmp_path / "gone.yaml").symlink_to("nowhere")
    for name, words in (("", "no catalog-info.yaml there"), ("gone.yaml", "No such file")):
        done = run("catalog", "import", tmp_path / name, check=False)
        assert done.returncode == 1 and done.stdout == "" and words in done.stderr
    # What is named is read, be it a pipe.
    assert run("catalog", "import", "/dev/stdin", text=ENTITIES).stdout == IMPORTED


def test_a_bad_entity_is_said_with_its_place(tmp_path):
    path = tmp_path / "catalog-info.yaml"
    path.write_text(ENTITIES + "---\napiVersion: x\nkind: Component\nmetadata: {title: t}\n")
    done = run("catalog", "import", path, check=False)
    assert done.returncode == 1
    assert f"{path}:25:11: an entity without a name; want metadata.name" in done.stderr


def test_a_bad_catalogue_is_refused_with_its_place_and_nothing_is_applied(full_site):
    path = full_site.file("bad.yaml", "services:\n- name: a\n  owner: red\n")
    for action in ("check", "apply"):
        done = full_site.run("catalog", action, path, check=False)
        assert done.returncode == 1
        assert f"{path}:3:3: a service has no key owner" in done.stderr
    assert full_site.query("SELECT applied_at FROM dorad_data.setting") == [{"applied_at": None}]


def deployments(full_site):
    add(full_site, [event("deployment", f"e{day}", f"2025-03-{day:02}T10:00:00Z",
                          {"deployment_id": f"d{day}", "service": "shop", "sha": f"{day:040x}",
                           "environment": "blue", "status": "succeeded"})
                    for day in range(1, 4)])
    full_site.run("rollup", "--once", "--as-of", "2025-05-01T00:00:00Z")


def counted(site):
    return site.query("SELECT coalesce(sum(deployments), 0)::int AS n"
                      " FROM dorad.monthly_service")[0]["n"]


def test_no_catalogue_at_all_works(full_site):
    deployments(full_site)
    assert counted(full_site) == 3


def test_a_dry_run_says_what_would_change_and_changes_nothing(full_site):
    deployments(full_site)
    path = full_site.file("c.yaml", "environments: [{match: blue, class: other}]\n"
                                    "services: [{name: shop}]\n")
    would = full_site.table("catalog", "apply", path, "--dry-run")
    assert [(row["scope"], row["name"]) for row in would] == [("service", "shop")]
    assert counted(full_site) == 3
    assert "shop: " in full_site.run("catalog", "apply", path, "--dry-run").stdout
    assert full_site.table("catalog", "apply", path) == would
    assert counted(full_site) == 0
    assert full_site.run("catalog", "apply", path).stdout == "applied; no month changed\n"


def test_a_running_worker_takes_up_a_catalogue_that_changed(full_site):
    deployments(full_site)
    full_site.catalog("services: [{name: shop}]\n")
    worker = full_site.start("rollup")
    full_site.catalog("environments: [{match: blue, class: other}]\nservices: [{name: shop}]\n")
    wait_until(lambda: counted(full_site) == 0, what=worker.read_log)
    full_site.catalog("services: [{name: shop, owner: x}]\n")
    wait_until(lambda: "a service has no key owner" in worker.read_log())
    assert worker.is_running() and counted(full_site) == 0


@pytest.mark.parametrize("arguments", [[], ["paint"], ["apply", "a", "b"], ["import"]])
def test_misuse_says_what_is_wanted(full_site, arguments):
    assert full_site.run("catalog", *arguments, check=False).returncode == 2
