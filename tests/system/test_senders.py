# SPDX-License-Identifier: Apache-2.0
"""What contrib/senders has people paste, filled in as the sender would, makes events."""

import json
import os
import re
import subprocess

import pytest
import yaml

from harness import dorad

SENDERS = os.path.join(dorad.ROOT, "contrib", "senders")


def read(*path):
    with open(os.path.join(SENDERS, *path), encoding="utf-8") as file:
        return file.read()


def normalise(source, body, tmp_path):
    path = tmp_path / "body"
    path.write_text(body, encoding="utf-8")
    return [row for row in json.loads(
        dorad.run("normalise", "--source", source, "--json", path).stdout)]


# -- Argo CD: the part of Go's templates that ours uses ---------------------------------------

def find(path, context, dot):
    """.app.metadata.name; as in Go, nothing may be looked up in what is not there."""
    value = context if path.startswith((".app", ".context")) else dot
    for name in path.strip(".").split("."):
        assert value is not None, f"{path}: nil pointer evaluating"
        value = value.get(name)
    return value


def value_of(expression, context, dot):
    index = re.fullmatch(r'\(index \. "([^"]+)"\)', expression)
    return dot.get(index.group(1)) if index else find(expression, context, dot)


def render(template, context, dot=None):
    block = re.compile(r"\s*\{\{- with (\S+?)\}\}(.*?)\s*\{\{- end\}\}", re.S)
    while True:
        found = block.search(template)
        if not found:
            break
        inner = find(found.group(1), context, dot)
        filled = render(found.group(2), context, inner) if inner else ""
        template = template[:found.start()] + filled + template[found.end():]
    return re.sub(r"\{\{toJson (.*?)\}\}",
                  lambda m: json.dumps(value_of(m.group(1), context, dot)), template)


def application(**operation):
    return {"metadata": {"name": "checkout", "namespace": "argocd", "uid": "u-1"},
            "spec": {"project": "shop", "destination": {"server": "https://kubernetes.default.svc",
                                                        "namespace": "checkout-production"}},
            "status": {"health": {"status": "Healthy"}, "summary": {},
                       "operationState": {"phase": "Succeeded",
                                          "startedAt": "2026-06-01T10:00:00Z",
                                          "finishedAt": "2026-06-01T10:01:00Z", **operation}}}


def argocd_body(app):
    data = yaml.safe_load(read("argocd", "notifications.yaml"))["data"]
    body = yaml.safe_load(data["template.dorad"])["webhook"]["dorad"]["body"]
    return render(body, {"app": app, "context": {"argocdUrl": "https://argocd.example"}})


def test_the_template_of_argo_cd_tells_a_sync(tmp_path):
    sha = "5f2da1a0" * 5
    app = application(syncResult={"revision": sha})
    row, = normalise("argocd", argocd_body(app), tmp_path)
    assert row["data"]["status"] == "succeeded"
    assert row["data"]["sha"] == sha
    assert row["data"]["environment"] == "checkout-production"
    assert row["data"]["url"] == "https://argocd.example/applications/argocd/checkout"


def test_the_template_of_argo_cd_tells_several_sources_and_annotations(tmp_path):
    app = application(syncResult={"revisions": ["a" * 40, "6.5.1"]})
    row, = normalise("argocd", argocd_body(app), tmp_path)
    assert row["data"]["sha"] == "a" * 40 + "+6.5.1"
    app["metadata"]["annotations"] = {"dorad/sha": "5f2da1a", "dorad/environment": "live"}
    row, = normalise("argocd", argocd_body(app), tmp_path)
    assert (row["data"]["sha"], row["data"]["environment"]) == ("5f2da1a", "live")


def test_the_template_of_argo_cd_tells_an_operation_that_failed_before_it_began(tmp_path):
    row, = normalise("argocd", argocd_body(application(phase="Error")), tmp_path)
    assert row["data"]["status"] == "failed"


@pytest.mark.parametrize("file", ["notifications.yaml", "notifications-old.yaml"])
def test_the_triggers_of_argo_cd_send_the_template_once_for_each_operation(file):
    data = yaml.safe_load(read("argocd", file))["data"]
    triggers = yaml.safe_load(data["trigger.on-dorad"])
    assert len(triggers) == 3
    for trigger in triggers:
        assert trigger["send"] == ["dorad"]
        assert trigger["oncePer"] == "app.status.operationState.finishedAt"


# -- Freshservice ------------------------------------------------------------------------------

def fill(template, values):
    """Each placeholder's value, or nothing, as it stands."""
    return re.sub(r"\{\{(.*?)\}\}", lambda m: values.get(m.group(1), ""), template)


def test_the_template_of_a_freshservice_ticket(tmp_path):
    item, incident = normalise("freshservice", fill(read("freshservice", "ticket.json"), {
        "ticket.id_numeric": "372", "ticket.status": "Resolved", "ticket.priority": "High",
        "ticket.ticket_type": "Incident", "ticket.tags": "vpn, outage",
        "ticket.created_at": "2026-06-01T10:00:00Z", "ticket.updated_at": "2026-06-01T11:00:00Z",
        "ticket.url": "https://acme.freshservice.com/helpdesk/tickets/372"}), tmp_path)
    assert item["data"]["item_id"] == "freshservice/acme.freshservice.com/ticket/372"
    assert item["data"]["status"] == "done"
    assert item["data"]["labels"] == ["vpn", "outage"]
    assert incident["data"]["candidate"] is True
    assert incident["data"]["started_at"] == "2026-06-01T10:00:00.000000Z"


def test_the_templates_of_a_freshservice_change_and_release(tmp_path):
    row, = normalise("freshservice", fill(read("freshservice", "change.json"), {
        "change.id": "CHN-12", "change.status": "Closed",
        "change.planned_start_date": "2026-06-01T10:00:00+01:00",
        "change.updated_at": "2026-06-01T11:00:00Z"}), tmp_path)
    assert row["data"]["cr_id"] == "freshservice/change/12"
    assert row["data"]["state"] == "closed"
    assert row["data"]["actual_start"] == "2026-06-01T09:00:00.000000Z"
    row, = normalise("freshservice", fill(read("freshservice", "release.json"), {
        "release.id": "REL-3", "release.status": "Completed"}), tmp_path)
    assert row["data"]["deployment_id"] == "freshservice/release/3"
    assert (row["data"]["status"], row["data"]["via"]) == ("succeeded", "release")


# -- ServiceNow --------------------------------------------------------------------------------

def test_servicenow_is_asked_for_every_column_that_is_read():
    header = read("..", "..", "daemon", "source", "servicenow.h")
    wanted = set(re.findall(r'\{\s*"(\w+)"\s*\}', header))
    assert len(wanted) > 20
    # A title is a text of people's; the instance is told outright.
    wanted -= {"short_description", "sys_domain", "opened_by", "caller_id"}
    rule = read("servicenow", "business-rule.js")
    assert not {name for name in wanted if f"'{name}'" not in rule}
    asked = re.findall(r"^fields\+?=,?(\S+)$", read("servicenow", "backfill"), re.M)
    assert not wanted - set(",".join(asked).split(","))


# -- Backstage ---------------------------------------------------------------------------------

def test_the_annotations_for_backstage_make_the_service_that_its_readme_says(tmp_path):
    path = os.path.join(SENDERS, "backstage", "catalog-info.yaml")
    catalog = tmp_path / "catalog.yaml"
    catalog.write_text(dorad.run("catalog", "import", path).stdout, encoding="utf-8")
    written = yaml.safe_load(catalog.read_text(encoding="utf-8"))
    assert written["teams"] == [{"name": "crew", "title": "The crew"}]
    service, = written["services"]
    assert service == {
        "name": "checkout", "title": "Checkout", "owners": "crew", "phases": "live",
        "aliases": "checkout-api",
        "sources": [{"github": "acme/checkout"}, {"jira": "CHK", "component": "web"},
                    {"servicenow": "checkout"}, {"pagerduty": "PABC123"},
                    {"argocd": "checkout"}]}
    # The table says what each annotation that is known becomes.
    known = re.findall(r'^\t\{"(\S+)", "\w+"\},', read("..", "..", "daemon", "config",
                                                      "backstage.c"), re.M)
    annotations = [name for name in known if "/" in name]
    assert len(annotations) == 7
    assert all(f"`{name}`" in read("backstage", "README.md") for name in annotations)


# -- the rest ----------------------------------------------------------------------------------

def test_every_file_to_paste_can_be_read():
    for folder, _, names in os.walk(SENDERS):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            if name.endswith((".yaml", ".yml")):
                assert all(yaml.safe_load_all(text)), path
            elif name.endswith(".json"):
                json.loads(text)
            elif name.endswith(".sh"):
                assert os.access(path, os.X_OK), path
                subprocess.run(["sh", "-n", path], check=True)


def test_every_file_is_named_in_a_readme():
    texts = [read(os.path.relpath(os.path.join(folder, "README.md"), SENDERS))
             for folder, _, names in os.walk(SENDERS) if "README.md" in names]
    for folder, _, names in os.walk(SENDERS):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), SENDERS)
            assert name in ("README.md", "meson.build") or any(name in text for text in texts), path
