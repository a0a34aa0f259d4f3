# SPDX-License-Identifier: Apache-2.0
"""History from the systems' APIs is the history that webhooks would have told."""

import contextlib
import json

import pytest

import import_stories as told
from harness.dorad import Site
from harness.golden import rows_of
from harness.wait import wait_until
from stories import AS_OF, check

FACTS = ("change", "change_service", "deployment_fact", "deployment_member", "change_delivery",
         "evidence", "change_request", "change_request_deployment", "incident_fact",
         "incident_service", "item_fact", "item_service", "item_left_out")

# What an API does not tell as it was, and nothing is computed from.
#   GitLab: the address that a hook has of an incident; ServiceNow: that it was seen before it
#   was resolved.
NOT_TOLD = {"origin_id", "computed_at"}


def facts_of(site):
    return {table: sorted(json.dumps({name: str(value) for name, value in row.items()
                                      if name not in NOT_TOLD}, sort_keys=True)
                          for row in site.query(f"SELECT * FROM dorad_data.{table}"))
            for table in FACTS}


def post(site, receive, stories):
    for story in stories:
        for answer in story.post(receive, story.name):
            assert answer.status == 200, story.name


def forwarded(site):
    wait_until(lambda: not site.table("deliveries", "--state", "kept"),
               what="every delivery to be forwarded")


def import_all(site, objects):
    for system, documents in objects.items():
        text = "".join(json.dumps(document) for document in documents)
        site.run("import", system, text=text)


HOOKS, API = "hooks", "api"
ORDERS = {"webhooks": [HOOKS], "history": [API], "webhooks, then history": [HOOKS, API],
          "history, then webhooks": [API, HOOKS]}


@contextlib.contextmanager
def site_of(postgres, order, stories=told.STORIES, objects=None):
    with Site(postgres=postgres, catalog=told.CATALOG) as site:
        for story in told.STORIES:
            site.endpoint(story.name, story.source, **story.options)
        for step in order:
            if step == API and order == [API]:
                import_all(site, objects or told.OBJECTS)     # no receiver: it forwards itself
                continue
            receive = site.start("receive")
            if step == HOOKS:
                post(site, receive, stories)
            else:
                import_all(site, objects or told.OBJECTS)
            forwarded(site)
            receive.stop()
        assert site.table("deliveries", "--state", "quarantined") == []
        site.run("rollup", "--once", "--as-of", AS_OF)
        yield site


@pytest.fixture(scope="module")
def sites(postgres):
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(site_of(postgres, order))
               for name, order in ORDERS.items()}


@pytest.mark.parametrize("order", list(ORDERS)[1:])
def test_the_rows_are_those_of_the_webhooks(sites, order):
    assert rows_of(sites[order]) == rows_of(sites["webhooks"]) != {}


@pytest.mark.parametrize("order", list(ORDERS)[1:])
def test_the_facts_are_those_of_the_webhooks(sites, order):
    want, got = facts_of(sites["webhooks"]), facts_of(sites[order])
    for table in FACTS:
        assert got[table] == want[table], table


def test_what_was_told_is_what_it_came_from(sites):
    # A is the baseline. Out on the 2nd at noon: B after 29 h, C after 4, the merge itself after
    # 3; on the 4th the squash after 25. The root cause is the merge.
    check(sites["history"], "gh", deployments=3, lead_time_n=4, lead_time_p50_s=14.5 * 3600,
          failed_deployments=1, incidents_restored=1, restore_p50_s=3600.0, failed_inferred=0)
    # Closed a week after it was resolved: done, and restored, when it was resolved. The request
    # was touched in July, and done in June.
    check(sites["history"], "sn", incidents_restored=1, restore_p50_s=5400.0, items_done=2)
    # Open twice, and labelled after it was done.
    check(sites["history"], "ji", reopens=1, restore_p50_s=5400.0, items_done=3,
          items_failure_demand=2, items_adhoc_value=1)


# -- where an API does not tell the same ---------------------------------------------------------

def later(story, kind, seconds):
    """The story with its pushes told so much after their commits were made."""
    deliveries = []
    for body, headers in story.deliveries:
        if headers.get("X-GitHub-Event") == kind:
            repository = {**body["repository"],
                          "pushed_at": body["repository"]["pushed_at"] + seconds}
            body = {**body, "repository": repository}
        deliveries.append((body, headers))
    return told.Story(story.name, story.source, deliveries, sign=story.sign, **story.options)


def columns_that_differ(one, two, table, key):
    rows = [{row[key]: row for row in site.query(f"SELECT * FROM dorad_data.{table}")}
            for site in (one, two)]
    assert rows[0].keys() == rows[1].keys()
    return {name for entity in rows[0] for name in rows[0][entity]
            if name not in NOT_TOLD and rows[0][entity][name] != rows[1][entity][name]}


def test_of_two_landings_the_earlier_stands_and_nothing_else_differs(postgres, sites):
    # The webhooks say that the pushes came a minute after their last commits; the API does not.
    stories = [later(told.GITHUB, "push", 60)]
    objects = {"github": told.GITHUB_OBJECTS}
    with site_of(postgres, [HOOKS], stories) as hooks, \
            site_of(postgres, [HOOKS, API], stories, objects) as both, \
            site_of(postgres, [API, HOOKS], stories, objects) as other_way:
        assert facts_of(both) == facts_of(other_way)
        assert columns_that_differ(hooks, both, "change", "change_id") == {"landed_at"}
        assert columns_that_differ(hooks, both, "deployment_fact", "deployment_id") == \
            {"reach_landed_at"}
        assert columns_that_differ(hooks, both, "change_delivery", "change_id") == set()
        assert rows_of(hooks) == rows_of(both)
        assert facts_of(both)["change"] == facts_of(sites["history"])["change"]


def test_gitlabs_pushes_landed_when_their_commits_did(postgres):
    # A webhook of GitLab does not say when a push was: for it, these landed today.
    stories = [told.Story("gitlab", "gitlab", told.GITLAB_PUSHES + told.GITLAB.deliveries,
                          sign=told.GITLAB.sign, auth="token")]
    objects = {"gitlab": told.GITLAB_OBJECTS + [told.GITLAB_COMMITS]}
    with site_of(postgres, [API], [], objects) as history, \
            site_of(postgres, [HOOKS, API], stories, objects) as both:
        assert facts_of(history) == facts_of(both)
        assert rows_of(history) == rows_of(both)
        # P is the baseline; the merge brought Q and R, out at 14:00 after six hours and five.
        check(history, "gl", lead_time_n=2, lead_time_p50_s=5.5 * 3600)


# -- ServiceNow's shapes ---------------------------------------------------------------------------

def events_of(site, system, document, *options):
    """What an import makes, as the streams have it."""
    before = {kind: len(site.entries(kind)) for kind in ("incident", "work_item", "change_request")}
    done = site.run("import", *options, system, text=json.dumps(document), check=False)
    return done, [entry for kind, n in before.items() for entry in site.entries(kind)[n:]]


TIMES_AND_STATES = ("state", "status", "started_at", "resolved_at", "severity", "actual_start",
                    "actual_end", "close_code", "item_type")


def told_of(events):
    return [{"time": event["time"], **{name: event["data"][name] for name in TIMES_AND_STATES
                                       if name in event["data"]}} for event in events]


def test_servicenow_says_the_same_in_each_shape_of_its_values(site):
    records = told.SERVICENOW_LAST
    done, want = events_of(site, "servicenow", {"result": [body["record"] for body in records]})
    assert done.returncode == 0 and len(want) == 7
    done, got = events_of(site, "servicenow",
                          {"result": [told.values_only(body) for body in records]})
    assert done.returncode == 0 and told_of(got) == told_of(want)
    done, got = events_of(site, "servicenow", [told.shown_only(body) for body in records],
                          "--zone", "Europe/Athens", "--host", "acme.service-now.com")
    assert done.returncode == 0 and told_of(got) == told_of(want)


def test_times_as_people_see_them_are_refused_without_their_zone(site):
    done, got = events_of(site, "servicenow", told.shown_only(told.SERVICENOW_LAST[1]))
    assert done.returncode == 1 and got == []
    assert "--zone" in done.stdout
    row, = site.table("deliveries", "--state", "quarantined")
    assert row["endpoint"] == "import" and "--zone" in row["reason"]
