# SPDX-License-Identifier: Apache-2.0
"""Trends and what they say together, at the very numbers where they turn; METRICS.md section 7
has the exact probabilities."""

import pytest

from story import Story

MONTHS = [f"2025-{month:02}" for month in range(1, 13)]


@pytest.fixture
def story():
    return Story()


# -- a month of each metric ------------------------------------------------------------------------

def after_ten(month, seconds):
    return f"{month}-10 {10 + int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{seconds % 60:09.6f}"


def restored(story, service, values):
    """Months with one incident each, open for so many seconds; None: with none."""
    for month, value in zip(MONTHS, values):
        if value is not None:
            story.outage(f"{service}-{month}", f"{month}-10 10:00", after_ten(month, value), service,
                         cause="weather")


def deployed(story, service, counts):
    for month, count in zip(MONTHS, counts):
        for number in range(count):
            story.deploy(f"{service}-{month}-{number}", f"{month}-{number + 1:02}", service,
                         sha=f"{month}-{number}")


def done(story, service, counts):
    """Months with so many unplanned items of so many."""
    for month, (unplanned, items) in zip(MONTHS, counts):
        for number in range(items):
            story.item(f"{service}-{month}-{number}", f"{month}-10", "done", [service],
                       item_type="Bug" if number < unplanned else "Story")


def led(story, service, values, changes=3):
    """Months with a deployment of so many changes, each so many seconds old."""
    for month, value in zip(MONTHS, values):
        names = [f"{service}-{month}-{number}" for number in range(changes)]
        for name in names:
            story.change(name, f"{month}-10 10:00", service, committed=f"{month}-10 10:00")
        story.deploy(f"{service}-{month}", after_ten(month, value), service, changes=names)


def failed(story, service, counts):
    """Months with so many failed deployments of so many."""
    for month, (bad, deployments) in zip(MONTHS, counts):
        for number in range(deployments):
            name = f"{service}-{month}-{number}"
            story.deploy(name, f"{month}-{number + 1:02}", service, sha=name)
            if number < bad:
                story.request(f"CR-{name}", f"{month}-20", deployment_ids=[name],
                              close_code="unsuccessful")


def trend(database, service, month, metric):
    [row] = database.sql("SELECT direction, basis, n, s, p, slope_per_month FROM dorad.trend_service"
                         " WHERE service = %s AND month = %s AND metric = %s",
                         service, month + "-01", metric)
    return row


def says(database, service, month, metric):
    row = trend(database, service, month, metric)
    return row["direction"], row["basis"], row["n"]


# -- which months count ----------------------------------------------------------------------------

def test_a_month_counts_from_so_many_facts_on(database, story):
    """Five months rise; in the third of the `few` one fact is missing."""
    rise = range(1, 6)
    led(story, "led", [n * 60 for n in rise])
    led(story, "few-led", [n * 60 for n in rise], changes=2)
    done(story, "done", [(n, 5) for n in rise])
    done(story, "few-done", [(n, 4 if n == 3 else 5) for n in rise])
    failed(story, "failed", [(n, 5) for n in rise])
    failed(story, "few-failed", [(n, 4 if n == 3 else 5) for n in rise])
    restored(story, "restored", [n * 60 for n in rise])
    restored(story, "few-restored", [60, 120, None, 240, 300])
    database.tell(story, as_of="2025-06-01T00:00:00Z")
    for name, metric in (("led", "lead_time"), ("done", "unplanned"), ("failed", "fail_rate"),
                         ("restored", "restore")):
        assert says(database, name, "2025-05", metric) == ("worsening", "short", 5)
        assert says(database, f"few-{name}", "2025-05", metric) \
            == ("not_enough_data", None, 0 if name == "led" else 4)


def test_a_month_without_deployments_counts_in_the_frequency(database, story):
    deployed(story, "shop", [5, 4, 3, 2, 0])
    database.tell(story, as_of="2025-06-01T00:00:00Z")
    assert says(database, "shop", "2025-05", "deploy_freq") == ("worsening", "short", 5)


def test_the_short_set_is_of_six_months_and_gaps_keep_their_distance(database, story):
    """January is too long ago in July, and March has nothing."""
    restored(story, "shop", [3000, 100, None, 120, 130, 140, 150])
    database.tell(story, as_of="2025-08-01T00:00:00Z")
    assert trend(database, "shop", "2025-07", "restore") == {
        "direction": "worsening", "basis": "short", "n": 5, "s": 10, "slope_per_month": 10,
        "p": round(2 / 120, 9)}


# -- how sure, and how much ------------------------------------------------------------------------

@pytest.mark.parametrize("values, s, p, direction", [
    ([100, 200, 300, 500, 400], 8, 0.083333333, "worsening"),
    ([100, 200, 500, 300, 400], 6, 0.233333333, "steady"),
    ([100, 200, 300, 600, 500, 450], 9, 0.136111111, "steady"),
    ([100, 200, 300, 600, 400, 500], 11, 0.055555556, "worsening"),
    ([500, 400, 300, 200, 100], -10, 0.016666667, "improving"),
    # Two pairs of equals: of 30 orders one is in order, one the other way round.
    ([100, 100, 200, 300, 300], 8, 0.066666667, "worsening"),
])
def test_a_move_counts_when_chance_makes_it_in_one_of_ten_orders(
        database, story, values, s, p, direction):
    restored(story, "shop", values)
    database.tell(story, as_of="2026-01-01T00:00:00Z")
    got = trend(database, "shop", MONTHS[len(values) - 1], "restore")
    assert (got["s"], got["p"], got["direction"]) == (s, p, direction)


@pytest.mark.parametrize("first, direction", [
    (90.0, "worsening"),        # median 100, move 20: a fifth of it, just
    (91.0, "steady"),           # median 101
    (90.5, "steady"),           # halves are rounded up: as from 91
    (90.499999, "worsening"),
])
def test_a_move_is_material_from_a_fifth_of_the_median_on(database, story, first, direction):
    for tell in (restored, led):
        tell(story, tell.__name__, [first + 4 * n for n in range(6)])
    database.tell(story, as_of="2025-07-01T00:00:00Z")
    assert says(database, "restored", "2025-06", "restore") == (direction, "short", 6)
    assert says(database, "led", "2025-06", "lead_time") == (direction, "short", 6)


@pytest.mark.parametrize("items, direction", [(80, "worsening"), (81, "steady")])
def test_a_ratio_moves_materially_from_five_points_on(database, story, items, direction):
    done(story, "shop", [(10 + n, items) for n in range(5)])
    database.tell(story, as_of="2025-06-01T00:00:00Z")
    assert says(database, "shop", "2025-05", "unplanned") == (direction, "short", 5)


# -- the long look ---------------------------------------------------------------------------------

def test_a_slow_move_is_seen_over_eight_months_not_over_seven(database, story):
    restored(story, "shop", [100 + 4 * n for n in range(8)])
    database.tell(story, as_of="2025-09-01T00:00:00Z")
    assert says(database, "shop", "2025-07", "restore") == ("steady", "short", 6)
    assert says(database, "shop", "2025-08", "restore") == ("worsening", "long", 8)


def test_a_step_long_ago_is_not_a_trend_now(database, story):
    restored(story, "step", [100 + n for n in range(6)] + [205 - n for n in range(6)])
    restored(story, "flat", [100 + n for n in range(6)] + [200] * 6)
    database.tell(story, as_of="2026-01-01T00:00:00Z")
    for name, s in (("step", -15), ("flat", 0)):
        got = trend(database, name, "2025-12", "restore")
        assert (got["direction"], got["basis"], got["n"], got["s"]) == ("steady", "short", 6, s)


# -- together --------------------------------------------------------------------------------------

UP, DOWN = range(1, 6), range(5, 0, -1)


@pytest.mark.parametrize("frequency, lead, restore, unplanned, throughput, assurance", [
    (None, None, None, None, "not_enough_data", "not_enough_data"),
    (DOWN, None, None, None, "worsening", "watch"),
    (UP, None, None, None, "improving", "steady"),
    ([3] * 5, None, None, None, "steady", "steady"),
    (DOWN, UP, None, None, "worsening", "sliding"),
    (DOWN, DOWN, None, None, "mixed", "watch"),
    (UP, DOWN, None, None, "improving", "improving"),
    (UP, DOWN, UP, None, "improving", "improving"),
    (DOWN, UP, DOWN, None, "worsening", "sliding"),
    (DOWN, UP, DOWN, DOWN, "worsening", "steady"),
])
def test_what_the_trends_say_together(database, story, frequency, lead, restore, unplanned,
                                      throughput, assurance):
    phase = "live"
    if frequency:
        # Where there are lead times, they are of the first deployment of each month.
        deployed(story, "shop", [n - bool(lead) for n in frequency])
    if lead:
        led(story, "shop", [n * 60 for n in lead])
    if restore:
        restored(story, "shop", [n * 60 for n in restore])
    if unplanned:
        done(story, "shop", [(n, 5) for n in unplanned])
    if not story.events:
        phase = "development"
        done(story, "shop", [(0, 1)])
    database.tell(story, {"services": [{"name": "shop", "phases": phase}]}, "2025-06-01T00:00:00Z")
    [row] = database.sql("SELECT throughput, assurance FROM dorad.assurance_service"
                         " WHERE month = '2025-05-01'")
    assert (row["throughput"], row["assurance"]) == (throughput, assurance)
