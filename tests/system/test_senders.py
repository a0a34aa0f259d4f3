# SPDX-License-Identifier: Apache-2.0
"""What contrib/senders has people paste, filled in as the sender would, makes events."""

import base64
import hmac
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


def normalise(source, body, tmp_path, *headers):
    path = tmp_path / "body"
    path.write_text(body, encoding="utf-8")
    options = [word for header in headers for word in ("--header", header)]
    return json.loads(
        dorad.run("normalise", "--source", source, *options, "--json", path).stdout)


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


def test_the_template_of_argo_cd_is_json_whatever_an_application_lacks_or_is_called(tmp_path):
    app = application(syncResult=None)
    app["metadata"].update(name='checkout "eu"\n', annotations={})
    app["status"].update(health=None, summary=None)
    app["spec"]["destination"] = {}
    row, = normalise("argocd", argocd_body(app), tmp_path)
    assert row["data"]["origin"]["ci"] == 'checkout "eu"\n'
    assert row["data"]["status"] == "succeeded" and "sha" not in row["data"]


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


@pytest.mark.parametrize("name, code", [("ticket", "ticket.id_numeric"), ("change", "change.id"),
                                        ("release", "release.id")])
def test_a_template_of_freshservice_says_all_it_can_where_placeholders_come_out_empty(
        name, code, tmp_path):
    body = fill(read("freshservice", f"{name}.json"), {code: "12", f"{name}.status": "Closed"})
    json.loads(body)
    rows = normalise("freshservice", body, tmp_path)
    assert {row["verdict"] for row in rows} == {"ignored" if name == "release" else "event"}
    assert all(row["subject"] == f"freshservice/{name}/12" for row in rows if row["subject"])


def test_a_freshservice_ticket_with_quotes_and_lines_in_its_group_is_read_all_the_same(tmp_path):
    body = fill(read("freshservice", "ticket.json"), {
        "ticket.id_numeric": "372", "ticket.status": "Open", "ticket.tags": "vpn",
        "ticket.group.name": 'the "old"\ncrew', "ticket.updated_at": "2026-06-01T11:00:00Z"})
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)
    item, _ = normalise("freshservice", body, tmp_path)
    assert (item["data"]["status"], item["data"]["labels"]) == ("todo", ["vpn"])
    assert item["time"] == "2026-06-01T11:00:00.000000Z"


@pytest.mark.parametrize("name, code", [("ticket", "ticket.id_numeric"), ("change", "change.id")])
def test_the_line_that_the_readme_adds_for_freshservice_tells_what_was_deleted(
        name, code, tmp_path):
    line, = re.findall(r'`("deleted": .*?)`', read("freshservice", "README.md"))
    body = fill(read("freshservice", f"{name}.json"), {code: "12", f"{name}.status": "Open"})
    rows = normalise("freshservice", re.sub(r'("id": ".*",)', rf"\1\n{line}", body), tmp_path)
    assert {row["data"].get("state", row["data"].get("status")) for row in rows} == {"cancelled"}


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

# What a Business Rule finds around it, of which only what ours uses: values come from a file.
SERVICENOW = r"""
var given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
var current = {
  getTableName: function () { return given.table; },
  operation: function () { return given.operation; },
  isValidField: function (name) { return name in given.record; },
  getValue: function (name) { return given.record[name]; },
  getDisplayValue: function (name) { return given.shown[name]; }
};
var properties = { 'dorad.secret': given.secret, 'dorad.url': 'https://d.example.com/webhooks/servicenow',
  instance_name: 'acme' };
var gs = {
  getProperty: function (name) { return properties[name]; },
  base64Encode: function (text) { return Buffer.from(text).toString('base64'); },
  error: function (text) { process.stderr.write(text + '\n'); }
};
function CertificateEncryption() {}
CertificateEncryption.prototype.generateMac = function (key, algorithm, text) {
  if (algorithm !== 'HmacSHA256') { throw new Error(algorithm); }
  return require('crypto').createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
};
var sent = { headers: {} };
var sn_ws = { RESTMessageV2: function () {
  this.setEndpoint = function (url) { sent.url = url; };
  this.setHttpMethod = function (method) { sent.method = method; };
  this.setRequestHeader = function (name, value) { sent.headers[name] = value; };
  this.setRequestBody = function (body) { sent.body = body; };
  this.setHttpTimeout = function () {};
  this.execute = function () { return { getStatusCode: function () { return given.answer; } }; };
} };
"""


def run_business_rule(tmp_path, record, table="incident", operation="update", answer=200):
    """(what it sent, what it said) of a record; a reference is a pair of id and words."""
    script = tmp_path / "rule.js"
    script.write_text(SERVICENOW + read("servicenow", "business-rule.js") +
                      "\nprocess.stdout.write(JSON.stringify(sent));\n", encoding="utf-8")
    pairs = {name: value for name, value in record.items() if isinstance(value, tuple)}
    given = {"table": table, "operation": operation, "secret": "s3cret", "answer": answer,
             "record": {**record, **{name: pair[0] for name, pair in pairs.items()}},
             "shown": {name: pair[1] for name, pair in pairs.items()}}
    done = subprocess.run(["node", script], input=json.dumps(given), text=True, check=True,
                          capture_output=True)
    return json.loads(done.stdout), done.stderr


INCIDENT = {"sys_id": "9c573169c611228700193229fff72400", "number": "INC0000012", "state": "6",
            "priority": "2", "opened_at": "2026-06-01 10:00:00",
            "resolved_at": "2026-06-01 11:30:00", "sys_updated_on": "2026-06-01 11:31:00",
            "sys_mod_count": 7, "close_code": None,
            "cmdb_ci": ("b0c4030ac0a800090152e7a4564ca36c", 'Caf\u00e9 "checkout"\n\U0001f525'),
            "business_service": ("", "")}


def test_the_business_rule_signs_the_bytes_that_it_sends(tmp_path):
    sent, said = run_business_rule(tmp_path, INCIDENT)
    body = sent["body"].encode("ascii")
    mac = base64.b64encode(hmac.digest(b"s3cret", body, "sha256")).decode()
    assert sent["headers"] == {
        "Content-Type": "application/json", "X-Dorad-Signature": f"sha256b64={mac}",
        "X-Dorad-Delivery": f"{INCIDENT['sys_id']}:7"}
    assert (sent["method"], sent["url"], said) == \
        ("post", "https://d.example.com/webhooks/servicenow", "")


def test_the_business_rule_tells_the_whole_record_whatever_is_in_it(tmp_path):
    end, item, incident = normalise(
        "servicenow", run_business_rule(tmp_path, INCIDENT)[0]["body"], tmp_path)
    assert end["time"] == "2026-06-01T11:30:00.000000Z"
    assert item["data"]["status"] == "done"
    assert incident["data"]["resolved_at"] == "2026-06-01T11:30:00.000000Z"
    assert incident["data"]["severity"] == 2
    assert incident["data"]["origin"]["ci"] == INCIDENT["cmdb_ci"][1]
    assert incident["data"]["origin"]["component"] is None    # it was sent empty
    assert incident["data"]["origin"]["host"] == "acme.service-now.com"
    assert incident["data"]["url"].startswith("https://acme.service-now.com/incident.do?")


def test_the_business_rule_tells_what_was_deleted_and_what_is_a_change(tmp_path):
    gone = run_business_rule(tmp_path, INCIDENT, operation="delete")[0]["body"]
    assert [row["data"].get("state", row["data"].get("status"))
            for row in normalise("servicenow", gone, tmp_path)] == ["cancelled", "cancelled"]
    change = {"sys_id": "c1", "number": "CHG0000007", "state": "3", "close_code": "unsuccessful",
              "work_start": "2026-06-01 09:00:00", "work_end": "", "correlation_id": "a/b",
              "sys_updated_on": "2026-06-02 09:00:00", "sys_mod_count": 3}
    row, = normalise("servicenow", run_business_rule(
        tmp_path, change, table="change_request")[0]["body"], tmp_path)
    assert row["data"]["state"] == "closed" and row["data"]["close_code"] == "unsuccessful"
    assert row["data"]["actual_end"] is None and row["data"]["deployment_ids"] == ["a/b"]


def test_the_business_rule_says_what_was_not_taken(tmp_path):
    said = run_business_rule(tmp_path, INCIDENT, answer=401)[1]
    assert said == "dorad answered 401 for INC0000012: it is not sent again by itself\n"


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


# -- scripts -----------------------------------------------------------------------------------

def run_script(tmp_path, tool, answer, *path, **variables):
    """What a script asked of the tool that it calls, a list of arguments for each time."""
    stand_in = tmp_path / tool
    stand_in.write_text('#!/bin/sh\nprintf "%s\\0" "$@" >>"$LOG"; printf "\\n\\0" >>"$LOG"\n'
                        f"printf '%s' '{answer}'\n", encoding="utf-8")
    stand_in.chmod(0o755)
    log = tmp_path / "log"
    path_of = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run([os.path.join(SENDERS, *path)], check=True, capture_output=True,
                   env={"PATH": path_of, "LOG": str(log), **variables})
    return [call.split("\0")[:-1] for call in log.read_text().split("\n\0")[:-1]]


def test_the_sink_of_cloud_run_sends_the_audit_log_alone_to_the_endpoint(tmp_path):
    calls = run_script(tmp_path, "gcloud", "serviceAccount:writer", "cloudrun", "sink.sh",
                       PROJECT="shop-prod", TOKEN="5f2da1a0", URL="https://d.example.com/webhooks/run")
    assert all(call[:2] == ["--project", "shop-prod"] for call in calls)
    topic, sink, _, binding, push = calls
    assert topic[2:] == ["pubsub", "topics", "create", "dorad"]
    said = sink[sink.index("--log-filter") + 1]
    assert said.startswith('resource.type="cloud_run_revision" AND\n(')
    assert 'log_id("cloudaudit.googleapis.com/system_event")' in said
    assert binding[binding.index("--member") + 1] == "serviceAccount:writer"
    assert push[push.index("--push-endpoint") + 1] == \
        "https://d.example.com/webhooks/run?token=5f2da1a0"


def test_the_webhook_of_trello_is_made_for_the_board_and_calls_the_address(tmp_path):
    calls = run_script(tmp_path, "curl", '{"id":"63d128787441d05619f44dbe"}', "trello",
                       "webhook.sh", KEY="k", TOKEN="t", BOARD="SCPjg8ON",
                       URL="https://d.example.com/webhooks/trello")
    board, hook = calls
    assert board[-1] == "https://api.trello.com/1/boards/SCPjg8ON?fields=id&key=k&token=t"
    assert "callbackURL=https://d.example.com/webhooks/trello" in hook
    assert "idModel=63d128787441d05619f44dbe" in hook


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


def test_every_file_is_installed():
    listed = set(re.findall(r"'([\w./-]+)'", read("meson.build")))
    there = {os.path.relpath(os.path.join(folder, name), SENDERS)
             for folder, _, names in os.walk(SENDERS) for name in names}
    assert there - listed == {"meson.build"}


def test_events_of_ones_own_are_what_the_page_says(tmp_path):
    lines = re.findall(r"^\{.*\}$", read("events", "README.md"), re.M)
    rows = normalise("events", "\n".join(lines), tmp_path, "Content-Type: application/x-ndjson")
    assert [row["verdict"] for row in rows] == ["event"] * 5
    assert [row["type"].split(".")[1] for row in rows] == [
        "deployment", "change", "incident", "work_item", "change_request"]
