# SPDX-License-Identifier: Apache-2.0
"""Every link of every page; and that no page holds two services or two teams side by side."""

import re
from urllib.parse import quote

import pytest

import world
from paper import Paper, scope_of
from walk import HARMLESS, walk


@pytest.fixture(scope="module")
def pages(small):
    return walk(small.url)


def of_scopes(pages):
    return {scope_of(url)[:2] for url in pages if scope_of(url)}


def test_every_link_of_every_page_answers_and_no_page_leads_into_two_scopes(pages):
    assert len(pages) > 200         # walk() has looked at each


def test_the_walk_comes_by_every_service_and_every_team(pages):
    services = world.small()
    names = {("services", quote(service.name, safe="")) for service in services}
    names |= {("teams", quote(service.team, safe="")) for service in services}
    assert of_scopes(pages) == names


def test_the_lists_of_names_hold_no_values(small, pages):
    for path in ("/", "/assurance"):
        tables = re.findall(r"<tbody>.*?</tbody>", small.get(path).body.decode(), re.S)
        assert tables
        for table in tables:
            text = Paper(table, small.url).text
            for service in world.small():   # a name may hold what it likes
                text = text.replace(service.name, "").replace(service.team, "")
            assert not re.search(r"\d", HARMLESS.sub("", text)), text


def test_a_page_of_a_scope_has_its_own_charts_and_no_others(pages):
    for url, paper in pages.items():
        scope = scope_of(url)
        charts = paper.tags.get("svg", 0)
        if scope and not scope[2]:
            assert charts in (1, 5), url    # one: in development, unplanned work alone
        else:
            assert charts == 0, url


def test_every_metric_of_a_live_service_has_a_chart_that_says_what_it_holds(pages, small):
    paper = pages[f"{small.url}/services/checkout"]
    for title in ("Deployment frequency, Checkout", "Lead time for changes, Checkout",
                  "Deployment fail rate, Checkout", "Time to restore, Checkout",
                  "Unplanned work, Checkout"):
        assert title in paper.text
    assert "June 2026 so far: " in paper.text


def test_a_service_in_development_shows_unplanned_work_and_says_why_nothing_else(pages, small):
    paper = pages[f"{small.url}/services/loyalty"]
    assert paper.tags["svg"] == 1
    assert "Unplanned work, Loyalty" in paper.text
    assert "still in development and nothing has been deployed" in paper.text


def test_each_number_leads_to_its_reasons(pages, small):
    links = pages[f"{small.url}/services/checkout"].inside()
    for metric in ("deployment-frequency", "lead-time", "fail-rate", "time-to-restore",
                   "unplanned-work"):
        url = f"{small.url}/services/checkout/2026-05/{metric}"
        assert url in links and "Counted: " in pages[url].text, url


def test_reasons_are_as_many_as_the_number_says(pages, small):
    row = small.query("SELECT * FROM dorad.monthly_service WHERE service = 'checkout'"
                      " AND month = '2026-05-01'")[0]
    counted = {metric: int(re.search(r"Counted: ([\d,]+)", pages[
        f"{small.url}/services/checkout/2026-05/{metric}"].text).group(1))
        for metric in ("deployment-frequency", "lead-time", "fail-rate", "unplanned-work")}
    assert counted == {"deployment-frequency": row["deployments"],
                       "lead-time": row["lead_time_n"], "fail-rate": row["fail_rate_n"],
                       "unplanned-work": row["items_done"]}


def test_what_happened_is_listed_with_links_to_where_it_is_from(pages, small):
    month = pages[f"{small.url}/services/checkout/2026-05"]
    outside = {link for link, _ in month.outside()}
    for what in ("deployment", "incident", "review", "change-request"):
        assert [link for link in outside if f"/{what}/" in link], what
    for heading in ("Deployments", "Incidents", "Post-incident reviews", "Change requests",
                    "Received and not counted"):
        assert heading in month.text


def test_what_was_received_and_belongs_to_nobody_is_on_the_page_of_the_data(pages, small):
    paper = pages[f"{small.url}/data"]
    assert "acme/playground" in paper.text and "Sources that mean no service" in paper.text
    assert "Silent sources" in paper.text and "quarantine" in paper.text


def words_of(answer):
    assert answer.status == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.body.decode()))


def test_a_page_past_the_end_of_a_list_does_not_say_that_there_is_nothing(small):
    reasons = "/services/checkout/2026-05/time-to-restore"
    assert "The facts Counted: 1" in words_of(small.get(reasons))
    past = words_of(small.get(f"{reasons}?page=2"))
    assert past.count("None on this page: the list ends before it.") == 3 and "None. " not in past
    past = words_of(small.get("/?page=2"))
    assert "The list ends before this page." in past and "None yet" not in past


def test_a_month_beyond_all_calendars_is_no_page(small):
    for month in ("1000-01", "1999-12", "2031-01", "9999-12"):
        for page in ("", "/lead-time"):
            assert small.get(f"/services/checkout/{month}{page}").status == 404, month + page
