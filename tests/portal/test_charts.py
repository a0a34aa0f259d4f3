# SPDX-License-Identifier: Apache-2.0
"""Charts hold what the database holds: read from their own words, and measured as drawn."""

import math
import re

import pytest

from browser import Browser

METRICS = {
    "deployment-frequency": ("deployments", "deployments"),
    "lead-time": ("lead_time_p50_s", "lead_time_n"),
    "fail-rate": ("fail_rate", "fail_rate_n"),
    "time-to-restore": ("restore_p50_s", "restore_n"),
    "unplanned-work": ("unplanned_rate", "items_done"),
}
SECONDS = {"s": 1, "min": 60, "h": 3600, "days": 86400}
MONTHS = ("January February March April May June July August September October November "
          "December").split()

# Every month of every chart: its words, the marks that stand for its value, and where they are.
DRAWN = """[...document.querySelectorAll('.metric')].map(section => ({
  slug: section.id,
  described: section.querySelector('svg > desc').textContent,
  months: [...section.querySelectorAll('svg .month')].map(month => ({
    words: month.querySelector('title').textContent,
    n: month.querySelector('text').textContent,
    running: month.querySelector('.band') !== null,
    marks: [...month.querySelectorAll('.bar,.second,.running,.zero,.point')].map(mark => ({
      kind: mark.getAttribute('class'), tag: mark.tagName,
      top: +(mark.getAttribute('y') ?? mark.getAttribute('cy')),
      height: +(mark.getAttribute('height') ?? 0), x: +(mark.getAttribute('x') ?? mark.getAttribute('cx')),
      width: +(mark.getAttribute('width') ?? 0)})),
  })),
  lines: [...section.querySelectorAll('svg .path')].map(line => [+line.getAttribute('x1'), +line.getAttribute('x2')]),
  grid: [...section.querySelectorAll('svg .grid')].map(line => +line.getAttribute('y1')),
  base: +section.querySelector('svg .base').getAttribute('y1'),
}))"""


@pytest.fixture(scope="module")
def drawn(served):
    """{(scope, name): {slug: chart}} of a few pages, as Chromium has them."""
    found = {}
    with Browser() as browser:
        page = browser.page()
        for scope, name in (("services", "checkout"), ("services", "quiet"),
                            ("teams", "payments"), ("services", "loyalty")):
            page.open(f"{served.url}/{scope}/{name}")
            found[scope, name] = {chart["slug"]: chart for chart in page.run(DRAWN)}
    return found


def rows_of(served, scope, name):
    """The rows of the newest 24 months, oldest first."""
    singular = scope[:-1]
    return served.query(f"SELECT * FROM dorad.monthly_{singular} WHERE {singular} = %s"
                        " ORDER BY month DESC LIMIT 24", name)[::-1]


def pairs(served, drawn):
    """Every month of every chart beside its row."""
    for (scope, name), charts in drawn.items():
        rows = rows_of(served, scope, name)
        for slug, chart in charts.items():
            assert len(chart["months"]) == len(rows), f"{name} {slug}"
            for month, row in zip(chart["months"], rows):
                yield slug, chart, month, row


def whole(text):
    return int(text.replace(",", ""))


def said(slug, words):
    """(value, n) as a month's words have them; value in the unit of the database."""
    if "no value" in words:
        return None, None
    if slug == "deployment-frequency":
        n = whole(re.search(r": ([\d,]+) deployments?, ", words).group(1))
        return n, n
    if slug in ("lead-time", "time-to-restore"):
        number, unit, n = re.search(
            r": ([\d.,]+) (s|min|h|days), ([\d,]+) (?:change|incident)s?$", words).groups()
        return float(number.replace(",", "")) * SECONDS[unit], whole(n)
    part, n = re.search(r": ([\d,]+) of ([\d,]+) ", words).groups()
    return whole(part) / whole(n), whole(n)


def test_the_words_of_each_month_say_what_the_database_has(served, drawn):
    seen = 0
    for slug, _, month, row in pairs(served, drawn):
        title = f"{MONTHS[row['month'].month - 1]} {row['month'].year}"
        assert month["words"].startswith(title + (":" if row["complete"] else " so far:"))
        value, n = said(slug, month["words"])
        column, counted = METRICS[slug]
        if row[column] is None:
            assert value is None, month["words"]
            continue
        seen += 1
        assert n == row[counted], month["words"]
        # Two digits that mean something.
        assert value == pytest.approx(row[column], rel=0.051, abs=0.51), month["words"]
    assert seen > 200


def test_the_description_of_a_chart_has_the_words_of_all_its_months(drawn):
    for charts in drawn.values():
        for chart in charts.values():
            assert chart["described"] == " ".join(f"{month['words']}."
                                                  for month in chart["months"])


def test_the_number_beneath_a_month_is_what_its_value_rests_on(served, drawn):
    for slug, _, month, row in pairs(served, drawn):
        n = row[METRICS[slug][1]]
        if n is None:
            assert month["n"] == "\N{EN DASH}" or month["n"] == "0"
        elif n < 1000:
            assert month["n"] == str(n)


def test_null_is_a_gap_and_zero_is_drawn(served, drawn):
    gaps, zeros = 0, 0
    for slug, _, month, row in pairs(served, drawn):
        value = row[METRICS[slug][0]]
        if value is None:
            assert month["marks"] == [], month
            gaps += 1
        elif value == 0:
            assert [mark["kind"] for mark in month["marks"]] == ["zero"], month
            zeros += 1
        else:
            assert month["marks"], month
    assert gaps > 10 and zeros > 10


def test_the_month_in_progress_is_apart_and_no_other(served, drawn):
    for _, _, month, row in pairs(served, drawn):
        assert month["running"] == (not row["complete"])
        for mark in month["marks"]:
            if mark["kind"] != "zero":
                assert ("running" in mark["kind"] or "hollow" in mark["kind"]) \
                    == (not row["complete"])


def test_marks_are_as_high_as_their_values(served, drawn):
    heights = {}
    for slug, chart, month, row in pairs(served, drawn):
        value = row[METRICS[slug][0]]
        if not value:
            continue
        marks = month["marks"]
        if marks[0]["tag"] == "circle":
            height = chart["base"] - marks[0]["top"]
        else:
            height = sum(mark["height"] for mark in marks)
            assert max(mark["top"] + mark["height"] for mark in marks) \
                == pytest.approx(chart["base"], abs=0.3)
        heights.setdefault(id(chart), []).append((value, height))
    for points in heights.values():
        # One scale for all months of a chart.
        per_unit = sum(height for _, height in points) / sum(value for value, _ in points)
        for value, height in points:
            assert height == pytest.approx(value * per_unit, abs=0.6)


def test_no_line_is_drawn_over_a_gap(drawn):
    joined, broken = 0, 0
    for charts in drawn.values():
        for slug in ("lead-time", "time-to-restore"):
            if slug not in charts:
                continue
            chart = charts[slug]
            points = [mark["x"] for month in chart["months"] for mark in month["marks"]]
            steps = [b - a for a, b in zip(points, points[1:])]
            neighbours = [step for step in steps if step < 1.5 * min(steps)]
            assert len(chart["lines"]) == len(neighbours)
            assert all(math.isclose(b - a, min(steps), abs_tol=0.2) for a, b in chart["lines"])
            joined, broken = joined + len(neighbours), broken + len(steps) - len(neighbours)
    assert joined > 40 and broken > 0


def test_a_chart_that_stands_alone_says_the_same_as_that_of_the_page(served, drawn):
    for (scope, name), charts in drawn.items():
        for slug, chart in charts.items():
            answer = served.get(f"/{scope}/{name}/{slug}.svg")
            assert answer.status == 200
            assert answer.headers["content-type"] == "image/svg+xml"
            text = answer.body.decode()
            described = re.search(r"<desc [^>]*>(.*?)</desc>", text, re.S).group(1)
            assert described == chart["described"]


def test_an_empty_chart_says_why(served):
    """Loyalty was never deployed: no month of it has a lead time."""
    text = served.get("/services/loyalty/lead-time.svg").body.decode()
    months = re.findall(r"<title>[A-Z][a-z]+ \d{4}[^<]*</title>", text)
    assert months and all("no value: " in month for month in months)
    assert "Too little data" in text
