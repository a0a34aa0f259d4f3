# SPDX-License-Identifier: Apache-2.0
"""History from the systems' APIs is the history that webhooks would have told."""

import contextlib
import json

import pytest

import import_stories as told
from golden import rows_of
from harness.dorad import Site
from harness.wait import wait_until
from stories import AS_OF, check

FACTS = ("change", "change_service", "deployment_fact", "deployment_member", "change_delivery",
         "evidence", "change_request", "change_request_deployment", "incident_fact",
         "incident_service", "item_fact", "item_service")

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
    # Closed a week after it was resolved: done, and restored, when it was resolved.
    check(sites["history"], "sn", incidents_restored=1, restore_p50_s=5400.0, items_done=1)
    # Open twice, and labelled after it was done.
    check(sites["history"], "ji", reopens=1, restore_p50_s=5400.0, items_done=3,
          items_failure_demand=2, items_adhoc_value=1)
