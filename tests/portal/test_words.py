# SPDX-License-Identifier: Apache-2.0
"""What pages say of a number, where it comes from and where it goes: in words, and nothing left unsaid."""

import json
import re

import pytest

import world
from paper import Paper

A, B, TEAM = "alpha", "beta", "greek"
TILL = "till"


def events():
    """Facts of June 2026 that are in or out of the numbers for seldom reasons."""
    writer = world.Writer()

    def add(kind, day, **data):
        writer.add(kind, world.AS_OF.replace(day=day), **data)

    def deploy(name, day, status="succeeded"):
        add("deployment", day, service=A, deployment_id=name, environment="production",
            environment_class="production", status=status, sha=f"{day:040x}")

    deploy("acquitted", 2)
    deploy("convicted", 4)
    deploy("removed", 5)
    deploy("attempt", 6, "failed")
    deploy("guilty", 10)
    for name, field, value in (("acquitted", "failure", False), ("convicted", "failure", True),
                               ("removed", "excluded", True)):
        add("correction", 12, target={"kind": "deployment", "service": A, "id": name}, field=field,
            value=value, reason="it is so", by="ann")
    # Nobody said when it began.
    add("incident", 3, incident_id="late", services=[A], state="resolved", severity=1)
    # One service's deployment hurt both.
    add("incident", 11, incident_id="both", services=[A, B], state="open", severity=1,
        caused_by_deployments=["guilty"])
    add("work_item", 7, item_id="mistake", status="done", services=[A], item_type="story",
        labels=["\N{ROCKET}" * 12 + str(i) for i in range(12)])
    add("work_item", 7, item_id="withdrawn", status="done", services=[A], item_type="story", labels=[])
    add("correction", 12, target={"kind": "work_item", "id": "withdrawn"}, field="excluded", value=True,
        reason="it is so", by="ann")
    for i in range(203):
        add("deployment", 8, deployment_id=f"homeless-{i}", status="succeeded", environment="production",
            via="deployment", sha=f"{i:040x}",
            origin={"system": "github", "host": "github.com", "repository": f"acme/homeless-{i}",
                    "repository_id": str(1000 + i)})
    return [{**event, "source": "/dorad/words"} for event in writer.events]


@pytest.fixture(scope="module")
def told(serve):
    still = {"per_month": 0, "items": 0, "incidents": 0}
    services = [world.Service(A, TEAM, **still), world.Service(B, TEAM, **still),
                next(service for service in world.SERVICES if service.name == TILL)]
    for served in serve(services):
        connection = served.site.postgres.connect(served.site.database)
        with connection.cursor() as cursor:
            cursor.execute("SELECT dorad_data.keep(%s::jsonb)", [json.dumps(events())])
            world.recompute(cursor)
        connection.close()
        yield served


def text_of(served, path):
    answer = served.get(path)
    assert answer.status == 200, path
    return Paper(answer.body.decode(), served.url + path).text


@pytest.mark.parametrize("metric, fact, words", (
    ("fail-rate", "acquitted", "an operator says that it did not fail"),
    ("fail-rate", "convicted", "an operator says that it failed"),
    ("deployment-frequency", "removed", "taken out by an operator"),
    ("deployment-frequency", "attempt", "the attempt failed"),
    ("time-to-restore", "late", "nobody said when it began"),
))
def test_the_reason_of_a_fact_is_the_one_that_decided_in_words(told, metric, fact, words):
    page = told.get(f"/services/{A}/2026-06/{metric}").body.decode().split('id="incidents_started"')[0] \
        .split('id="rework_deploy_rate"')[0]
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.S)
    [row] = [row for row in rows if f">{fact}<" in row.split("</th>")[0]]
    assert words in " ".join(re.sub(r"<[^>]*>", " ", row).split())


def test_an_incident_of_several_services_says_of_each_what_it_is_held_against(told):
    words = text_of(told, f"/teams/{TEAM}/2026-06")
    assert "another service's deployment caused it" in words
    assert "the deployment that caused it is named" in words
    assert "explicit_" not in words


def test_an_incident_of_several_services_of_a_team_is_one_as_in_its_row(told):
    [row] = told.query("SELECT incidents_started, incidents_open_end FROM dorad.monthly_team"
                       " WHERE team = %s AND month = '2026-06-01'", TEAM)
    assert row == {"incidents_started": 2, "incidents_open_end": 1}
    words = text_of(told, f"/teams/{TEAM}/2026-06/time-to-restore")
    assert "Incidents that began Counted: 2 " in words and "Open at the end Open then: 1 " in words
    assert "Incidents that began Counted: 2 " in text_of(told, f"/services/{A}/2026-06/time-to-restore")


def test_a_long_list_is_cut_between_characters_and_says_that_it_is(told):
    words = text_of(told, f"/services/{A}/2026-06/unplanned-work")
    assert "\N{REPLACEMENT CHARACTER}" not in words
    assert "\N{ROCKET}\N{HORIZONTAL ELLIPSIS}" in words.replace(" ", "")


def test_what_is_left_out_of_a_list_of_sources_is_counted(told):
    words = text_of(told, "/data")
    assert "the 200 with most events of 204" in words
    assert "deployments taken out by an operator 1" in words
    assert "work items taken out by an operator 1" in words


def test_a_service_that_is_no_more_slides_nowhere(told):
    words = text_of(told, f"/services/{TILL}")
    assert "Retired: it is no longer measured. What is below ended in November 2025." in words
    assert "Getting worse" not in words and "Getting better" not in words
    assert words.count("At the end of November 2025:") == 5
    [row] = [row for row in re.findall(r"<tr>(.*?)</tr>", told.get("/").body.decode(), re.S)
             if "Old till" in row]
    assert "no longer measured" in row and 'class="moving"' not in row


# -- how a month has changed -----------------------------------------------------------------------

def revise(served, was, became, because):
    served.query("INSERT INTO dorad_data.monthly_revision (scope, name, month, revision, computed_at, changed_at,"
                 " was, became, because) VALUES ('service', %s, '2026-06-01', 1, now(), now(), %s, %s, %s)"
                 " RETURNING 1", A, *map(json.dumps, (was, became, because)))


def test_what_a_month_was_and_became_is_said_as_the_page_says_it(told):
    revise(told, {"deployments": 14, "fail_rate": 0.142857, "lead_time_p50_s": 48917,
                  "deployments_per_day": 0.466667, "restore_p50_s": None, "delivery_measured": False},
           {"deployments": 15, "fail_rate": 0.2, "lead_time_p50_s": 48930.5,
            "deployments_per_day": 0.5, "restore_p50_s": 5833, "delivery_measured": True},
           [["deployment", "d-1"], ["work_item", "w-1"]])
    words = text_of(told, f"/services/{A}/2026-06")
    assert ("deployments 14, then 15; deployment frequency 3.3 a week, then 3.5 a week; "
            "lead time 48917 s, then 48930.5 s; fail rate 14%, then 20%; time to restore none, then 97 min; "
            "deployments are measured: no, then yes. Because of deployment d-1 , work item w-1 ." in words)


def test_many_reasons_of_a_change_are_folded_away(told):
    revise(told, {"items_done": 1}, None, [["work_item", f"w{i}"] for i in range(20)])
    page = told.get(f"/services/{A}/2026-06").body.decode()
    assert "the month went away" in page
    assert "<summary>Because of 20 facts or more</summary>" in page and ">w19</bdi>" in page


# -- sliding ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("months", (1, 2, 4))
def test_the_list_and_the_page_of_one_that_slides_say_the_same(told, months):
    told.query("DELETE FROM dorad_data.assurance WHERE name = %s RETURNING 1", B)
    told.query("DELETE FROM dorad_data.trend WHERE name = %s RETURNING 1", B)
    for month in range(1, 6):
        slides = 5 - month < months
        date = f"2026-0{month}-01"
        told.query("INSERT INTO dorad_data.assurance (scope, name, month, throughput, assurance)"
                   " VALUES ('service', %s, %s, 'worsening', %s) RETURNING 1", B, date,
                   "sliding" if slides else "watch")
        for metric in ("deploy_freq", "lead_time"):
            told.query("INSERT INTO dorad_data.trend (scope, name, month, metric, direction, basis, n, s, p,"
                       " slope_per_month) VALUES ('service', %s, %s, %s, 'worsening', 'short', 6, 11, 0.05, 1)"
                       " RETURNING 1", B, date, metric)
    told.portal.restart()
    number = {2: "two", 4: "four"}.get(months)
    of_list, of_one = text_of(told, "/assurance"), text_of(told, f"/services/{B}")
    if months == 1:
        assert "Sliding" in of_list and "running" not in of_list.split(B)[1].split("As of")[0]
        assert "Sliding for the first month: that may be chance, and is worth a question." in of_one
    else:
        assert f"Sliding, {number} months running" in of_list
        assert f"Sliding for {number} months running: time to talk." in of_one
    [item] = json.loads(told.get("/api/v1/assurance").body)["items"]
    assert item["two_months_running"] is (months > 1)
