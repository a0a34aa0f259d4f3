# SPDX-License-Identifier: Apache-2.0
"""Where months, owners, phases and the clock begin and end, to the microsecond. "Just before" is
the last microsecond before an instant."""

import threading
from datetime import datetime, timedelta

import pytest

from harness.wait import wait_until
from story import Story, instant

MIDNIGHT = "2025-02-01"
NO_ROW = "no row"
KINDS = ("dep", "att", "led", "beg", "end", "itm")


@pytest.fixture
def story():
    return Story()


def just_before(words):
    at = datetime.fromisoformat(words) - timedelta(microseconds=1)
    return at.isoformat(" ", "microseconds")


def values(row, *names):
    return tuple(row[name] for name in names)


def column(database, column, *months, name="shop", scope="service"):
    rows = [database.month(name, month, scope) for month in months]
    return [row[column] if row else NO_ROW for row in rows]


# -- months and owners -----------------------------------------------------------------------------

def each_kind(story, prefix, at):
    """A service for each kind of fact, which has its one fact at that instant."""
    story.deploy(f"{prefix}-d", at, f"{prefix}-dep", sha=f"{prefix}-x")
    story.deploy(f"{prefix}-a", at, f"{prefix}-att", status="failed")
    story.request(f"{prefix}-r", at, deployment_ids=[f"{prefix}-a"], close_code="unsuccessful")
    story.change(f"{prefix}-c", "2024-12-31", f"{prefix}-led")
    story.deploy(f"{prefix}-l", at, f"{prefix}-led", changes=[f"{prefix}-c"])
    story.incident(f"{prefix}-b", at, "open", [f"{prefix}-beg"])
    story.incident(f"{prefix}-e", "2024-12-31", "open", [f"{prefix}-end"])
    story.incident(f"{prefix}-e", at, "resolved")
    story.item(f"{prefix}-i", at, "done", [f"{prefix}-itm"])


COUNTS = {"dep": "deployments", "att": "failed_deployments", "led": "lead_time_n",
          "beg": "incidents_started", "end": "incidents_restored", "itm": "items_done"}


@pytest.mark.parametrize("zone, midnight", [
    ("UTC", "2025-02-01"), ("Asia/Kolkata", "2025-01-31 18:30"),
    ("America/New_York", "2025-02-01 05:00")])
def test_each_kind_of_fact_is_in_the_month_that_begins_at_its_instant(
        database, story, zone, midnight):
    each_kind(story, "in", midnight)
    each_kind(story, "out", just_before(midnight))
    for kind in KINDS:      # so that there is a row of the month before
        story.item(f"old-{kind}", "2024-12-30", "done", [f"in-{kind}"])
    database.tell(story, {"report_tz": zone})
    for kind in KINDS:
        got = [column(database, COUNTS[kind], "2025-01", "2025-02", name=f"{side}-{kind}")
               for side in ("out", "in")]
        assert got == [[1, 0], [0, 1]], kind


def test_each_kind_of_fact_is_its_owners_of_the_instant(database, story):
    """Each team's first and only fact, so that its first month hangs on it, too."""
    noon = "2025-02-10 12:00"
    services = []
    for prefix, at in (("in", noon), ("out", just_before(noon))):
        each_kind(story, prefix, at)
        for kind in KINDS:
            services.append({"name": f"{prefix}-{kind}", "phases": "development", "owners": [
                {"team": f"{prefix}-{kind}-first"},
                {"team": f"{prefix}-{kind}-then", "from": instant(noon)}]})
    database.tell(story, {"services": services}, as_of="2025-03-01T00:00:00Z")
    for kind in KINDS:
        got = {(side, team): column(database, COUNTS[kind], "2025-02", scope="team",
                                    name=f"{side}-{kind}-{team}")[0]
               for side in ("in", "out") for team in ("first", "then")}
        nothing = 0 if kind == "end" else NO_ROW    # it began before
        assert got == {("in", "first"): nothing, ("in", "then"): 1,
                       ("out", "first"): 1, ("out", "then"): NO_ROW}, kind
    assert database.verify() == []      # of teams, too, that nothing asks for


def test_a_team_that_gives_a_service_away_has_nothing_of_that_instant(database, story):
    """Red has work done in the lab, and its first deployment is blue's; green had the shop while
    an incident was open there, and it ended when blue got it."""
    noon = "2025-02-10 12:00"
    story.item("w", "2025-02-05", "done", ["lab"])
    story.deploy("d", noon, "lab", sha="a")
    story.outage("i", "2025-02-05", noon, "shop")
    database.tell(story, {"services": [
        {"name": "lab", "phases": "development", "owners": [
            {"team": "red"}, {"team": "blue", "from": instant(noon)}]},
        {"name": "shop", "owners": [{"team": "red"}, {"team": "green", "from": instant("2025-02-08")},
                                    {"team": "blue", "from": instant(noon)}]}]},
        as_of="2025-03-01T00:00:00Z")
    assert column(database, "delivery_measured", "2025-02", name="red", scope="team") == [False]
    assert column(database, "incidents_restored", "2025-02", name="blue", scope="team") == [1]
    assert database.months("green", "team") == []
    assert database.verify() == []


def test_an_item_that_names_its_team_is_in_the_month_that_begins_at_its_instant(database, story):
    story.item("w1", just_before(MIDNIGHT), "done", ["shop"], team="red")
    story.item("w2", MIDNIGHT, "done", ["shop"], team="red")
    story.item("w3", "2025-03-01", "done", ["shop"], team="red")
    database.tell(story, {"services": [{"name": "shop", "owners": "blue"}]},
                  as_of="2025-03-01T00:00:00Z")
    assert column(database, "items_done", "2025-01", "2025-02", "2025-03",
                  name="red", scope="team") == [1, 1, 1]
    assert database.months("blue", "team") == []


def test_a_team_has_a_service_only_while_it_owns_it(database, story):
    """Red had the shop for ten days, and after them did not come to have its facts."""
    for day in (1, 10, 19, 20, 28):
        story.deploy(f"d{day}", f"2025-01-{day:02}", "shop", sha=f"s{day}")
    database.tell(story, {"services": [{"name": "shop", "owners": [
        {"team": "blue"}, {"team": "red", "from": "2025-01-10T00:00:00Z"},
        {"team": None, "from": "2025-01-20T00:00:00Z"}]}]}, as_of="2025-02-01T00:00:00Z")
    assert column(database, "deployments", "2025-01", name="red", scope="team") == [2]
    assert column(database, "deployments", "2025-01", name="blue", scope="team") == [1]


def test_deployment_days_are_days_of_the_report_zone(database, story):
    """18:00Z and 19:00Z are two days in Kolkata."""
    for number, at in enumerate(("2025-01-10 18:00", "2025-01-10 19:00", "2025-01-10 20:00")):
        story.deploy(f"d{number}", at, "shop", sha=f"s{number}")
    database.tell(story, {"report_tz": "Asia/Kolkata"})
    assert column(database, "deploy_days", "2025-01") == [2]


def test_rates_per_day_are_of_the_days_that_the_month_has(database, story):
    """29 in a leap year's February, and as many in a month of 743 hours as in one of 745."""
    story.deploy("d1", "2024-02-29 23:59:59.999999", "shop", sha="a")
    database.tell(story, {"report_tz": "Europe/London"}, as_of="2025-12-01T00:00:00Z")
    assert column(database, "days", "2024-02", "2025-02", "2025-03", "2025-10") == [29, 28, 31, 31]
    assert column(database, "deployments_per_day", "2024-02") == [round(1 / 29, 6)]


# -- the end of the month --------------------------------------------------------------------------

def test_a_month_is_over_at_its_very_end(database, story):
    story.deploy("d1", "2025-01-10", "shop", sha="a")
    database.tell(story, as_of=instant(just_before(MIDNIGHT)))
    assert database.months("shop") == ["2025-01"]
    assert values(database.month("shop", "2025-01"), "complete", "days") == (False, 31)
    database.tell([], as_of=instant(MIDNIGHT))
    assert values(database.month("shop", "2025-01"), "complete", "days") == (True, 31)
    assert values(database.month("shop", "2025-02"), "complete", "days") == (False, 1)
    assert database.verify() == []


def test_the_days_of_the_running_month_begin_at_local_midnight(database, story):
    story.deploy("d1", "2025-01-10", "shop", sha="a")
    days = []
    for at in ("2025-01-10T18:29:59Z", "2025-01-10T18:30:00Z", "2025-01-11T12:00:00Z"):
        database.tell(story if not days else [], {"report_tz": "Asia/Kolkata"} if not days else None, at)
        days += column(database, "days", "2025-01")
    assert days == [10, 11, 11]


@pytest.mark.parametrize("name, scope, seconds", [
    ("shop", "service", 3600), ("till", "service", 7200), ("bank", "service", 86400),
    ("red", "team", 7200), ("blue", "team", 86400)])
def test_a_month_settles_at_the_very_end_of_its_window(database, story, name, scope, seconds):
    """A team's window is the longest of the services that it owns when the month ends."""
    for service in ("shop", "till", "bank"):
        story.deploy(f"d-{service}", "2025-01-10", service, sha="a")
    database.tell(story, {"services": [
        {"name": "shop", "attribution_window": "1h", "owners": "red"},
        {"name": "till", "attribution_window": "2h", "owners": "red"},
        {"name": "bank", "owners": [{"team": "red"}, {"team": "blue", "from": "2025-01-20T00:00:00Z"},
                                    {"team": None, "from": "2025-01-31T00:00:00Z"}]}]},
        as_of=instant(MIDNIGHT))
    # Blue owned something only while nothing happened there.
    if name == "blue":
        database.tell([dict(story.deploy("late", "2025-01-25", "bank", sha="b"))], as_of=instant(MIDNIGHT))
    end = datetime.fromisoformat(MIDNIGHT) + timedelta(seconds=seconds)
    settled = []
    for at in (end - timedelta(microseconds=1), end):
        database.tell([], as_of=at.isoformat() + "Z")
        settled += column(database, "settled", "2025-01", name=name, scope=scope)
    assert settled == [False, True]
    assert database.verify() == []


@pytest.mark.parametrize("begins, phase, red, blue", [
    (MIDNIGHT, "live", (1, True), (0, False)),
    (just_before(MIDNIGHT), "development", (0, False), (1, True))])
def test_what_is_so_in_the_last_microsecond_of_a_month_is_so_at_its_end(
        database, story, begins, phase, red, blue):
    """The shop is live before and in development then; the till is red's before and blue's then."""
    story.item("w1", "2025-01-10", "done", ["shop"])
    for team in ("red", "blue"):
        story.item(f"w-{team}", "2025-01-10", "done", team=team)
    story.incident("i1", "2025-01-10", "open", ["till"])
    database.tell(story, {"services": [
        {"name": "shop", "phases": [{"phase": "live"}, {"phase": "development", "from": instant(begins)}]},
        {"name": "till", "owners": [{"team": "red"}, {"team": "blue", "from": instant(begins)}]}]},
        as_of="2025-02-20T00:00:00Z")
    assert values(database.month("shop", "2025-01"), "phase", "delivery_measured") \
        == (phase, phase == "live")
    assert database.month("shop", "2025-02")["phase"] == "development"
    assert [values(database.month(team, "2025-01", "team"), "incidents_open_end", "delivery_measured")
            for team in ("red", "blue")] == [red, blue]


def test_a_dated_line_is_in_force_a_microsecond_after_the_clock_comes_to_it(database, story):
    begins = "2025-01-20T12:00:00Z"
    story.item("w1", "2025-01-10", "done", ["shop"])
    story.incident("i1", "2025-01-10", "open", ["till"])
    catalog = {"services": [
        {"name": "shop", "phases": [{"phase": "development"}, {"phase": "live", "from": begins}]},
        {"name": "till", "owners": [{"team": "red"}, {"team": "blue", "from": begins}]}]}
    seen = []
    for at in (begins, "2025-01-20T12:00:00.000001Z"):
        database.tell([] if seen else story, None if seen else catalog, as_of=at)
        seen += column(database, "phase", "2025-01")
        seen += column(database, "incidents_open_end", "2025-01", name="red", scope="team")
    assert seen == ["development", 1, "live", 0]
    assert database.verify() == []


def test_a_retired_service_has_rows_to_the_month_of_its_last_retirement(database, story):
    story.deploy("d1", "2025-01-10", "shop", sha="a")
    catalog = {"services": [{"name": "shop", "phases": [
        {"phase": "live"}, {"phase": "retired", "from": "2025-02-10T00:00:00Z"},
        {"phase": "live", "from": "2025-03-10T00:00:00Z"},
        {"phase": "retired", "from": "2025-05-01T00:00:00Z"}]}]}
    months = []
    for at in ("2025-03-05T00:00:00Z", "2025-03-10T00:00:00Z", "2025-05-01T00:00:00Z",
               "2025-08-01T00:00:00Z"):
        database.tell([] if months else story, None if months else catalog, as_of=at)
        months.append(database.months("shop")[-1])
    assert months == ["2025-02", "2025-03", "2025-05", "2025-05"]
    assert database.verify() == []


def test_what_changes_before_a_month_is_over_is_no_revision(database, story):
    said = []
    for day, at in ((10, "2025-01-15T00:00:00Z"), (16, "2025-01-31T23:59:59.999999Z"),
                    (17, "2025-02-01T00:00:00Z"), (18, "2025-02-01T00:00:00Z")):
        story.deploy(f"d{day}", f"2025-01-{day}", "shop", sha=f"s{day}")
        database.tell(story.events[-1:], as_of=at)
        said.append((*column(database, "revision", "2025-01"),
                     database.one("SELECT count(*) FROM dorad.revisions")))
    # The third was kept before the clock came to the end.
    assert said == [(1, 0), (1, 0), (1, 0), (2, 1)]


# -- what is open at the end, R24 ------------------------------------------------------------------

@pytest.mark.parametrize("begins, ends, january, february", [
    (MIDNIGHT, None, 0, 1),
    (just_before(MIDNIGHT), None, 1, 1),
    ("2025-01-10", MIDNIGHT, 1, 0),
    ("2025-01-10", just_before(MIDNIGHT), 0, 0),
    (MIDNIGHT, MIDNIGHT, 0, 0),
    (MIDNIGHT, "2025-02-10", 0, 0),
])
def test_an_incident_restored_at_the_very_end_of_a_month_is_open_there(
        database, story, begins, ends, january, february):
    story.item("w1", "2025-01-02", "done", ["shop"])
    story.incident("i1", begins, "open", ["shop"])
    if ends:
        story.incident("i1", ends, "resolved")
    database.tell(story)
    assert column(database, "incidents_open_end", "2025-01", "2025-02") == [january, february]


def test_an_incident_of_two_services_is_open_once_in_their_team(database, story):
    story.incident("i1", "2025-01-10", "open", ["shop", "till"])
    story.outage("i2", "2025-01-10", "2025-02-10", "shop", "till")
    database.tell(story, {"services": [{"name": n, "owners": "red"} for n in ("shop", "till")]})
    assert column(database, "incidents_open_end", "2025-01", "2025-02", name="red", scope="team") \
        == [2, 1]


# -- what is ahead of the clock --------------------------------------------------------------------

def test_an_event_at_the_very_instant_of_the_clock_counts(database, story):
    story.deploy("d1", "2025-01-10 12:00", "shop", sha="a")
    database.tell([], as_of="2025-01-10T12:00:00Z").tell(story, as_of="2025-01-10T12:00:00Z")
    assert column(database, "deployments", "2025-01") == [1]
    story.deploy("d2", "2025-01-10 13:00", "shop", sha="b")
    database.tell(story.events[1:], as_of="2025-01-10T12:59:59.999999Z")
    assert column(database, "deployments", "2025-01") == [1]
    database.tell([], as_of="2025-01-10T13:00:00Z")
    assert column(database, "deployments", "2025-01") == [2]


def test_an_incident_that_is_to_begin_is_open_from_then_on(database, story):
    story.deploy("d", "2025-01-02", "shop", sha="a")
    story.incident("i", "2025-01-10", "open", ["shop"], started_at="2025-01-10 12:00")
    is_open = []
    for at in ("2025-01-10T11:00:00Z", "2025-01-10T12:00:00Z", "2025-01-10T12:00:00.000001Z"):
        database.tell([] if is_open else story, {"services": [{"name": "shop", "owners": "red"}]}, at)
        is_open += column(database, "incidents_open_end", "2025-01")
        assert column(database, "incidents_open_end", "2025-01", name="red", scope="team") == is_open[-1:]
    assert is_open == [0, 0, 1]
    assert database.verify() == []


def test_an_incident_that_is_to_end_is_open_until_then(database, story):
    story.deploy("d", "2025-01-02", "shop", sha="a")
    story.incident("i", "2025-01-10 09:00", "open", ["shop"])
    story.incident("i", "2025-01-10 10:00", "resolved", resolved_at="2025-01-10 12:00")
    is_open = []
    for at in ("2025-01-10T11:00:00Z", "2025-01-10T12:00:00Z", "2025-01-10T12:00:00.000001Z"):
        database.tell([] if is_open else story, as_of=at)
        is_open += column(database, "incidents_open_end", "2025-01")
    assert is_open == [1, 1, 0]
    assert database.verify() == []


@pytest.mark.parametrize("later", ["2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z"])
def test_the_first_row_of_a_service_may_be_ahead_of_the_clock(database, story, later):
    story.incident("i", "2025-01-10", "open", ["shop"], started_at="2025-02-20 12:00")
    database.tell(story, {"services": [{"name": "shop", "owners": "red"}]}, "2025-01-15T00:00:00Z")
    assert database.months("shop") == database.months("red", "team") == []
    database.tell([], as_of=later)
    assert database.months("shop")[0] == database.months("red", "team")[0] == "2025-02"
    assert database.verify() == []


def until_there_are_rows(connection):
    """Leaves the round that makes them as it is: not committed."""
    cursor = connection.cursor()
    while True:
        cursor.execute("SELECT dorad_data.recompute(64)")
        # A statement of its own: one sees nothing of what it does itself.
        cursor.execute("SELECT EXISTS (SELECT FROM dorad.monthly_service)")
        if cursor.fetchone()[0]:
            return
        connection.commit()


def move_clock(connection):
    connection.cursor().execute("SELECT dorad_data.advance('2025-02-01T00:00:00Z')")


@pytest.mark.parametrize("first, then", [(until_there_are_rows, move_clock),
                                         (move_clock, until_there_are_rows)])
def test_a_month_that_ends_while_a_service_gets_its_first_rows_is_over_for_it(
        database, story, first, then):
    """Neither sees the other, who is not done: so who comes second waits, and looks again."""
    story.deploy("d1", "2025-01-10", "shop", sha="a")
    database.tell([], as_of="2025-01-31T23:59:00Z").keep(story.events)
    one, two = (database.server.connect(database.name, autocommit=False) for _ in range(2))
    first(one)
    second = threading.Thread(target=lambda: (then(two), two.commit()))
    second.start()
    wait_until(lambda: not second.is_alive() or database.sql(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = %s",
        two.info.backend_pid))
    one.commit()
    second.join()
    one.close()
    two.close()
    database.work()
    assert column(database, "complete", "2025-01", "2025-02") == [True, False]
    assert database.verify() == []
