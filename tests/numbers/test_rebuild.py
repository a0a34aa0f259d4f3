# SPDX-License-Identifier: Apache-2.0
"""A rebuild by several sessions gives the rows that the workers gave, byte for byte, in however
many parts; and puts right whatever is wrong with what is stored."""

import threading

import psycopg2
import pytest

from random_history import Chaos
from random_origins import Origins

DAMAGE = """
    DELETE FROM dorad_data.deployment_fact WHERE ascii(right(deployment_id, 1)) % 3 = 0;
    UPDATE dorad_data.deployment_fact SET kind = 'redeploy', removed_by = 'nothing';
    UPDATE dorad_data.change SET landed_at = landed_at - interval '1 month';
    DELETE FROM dorad_data.change_delivery WHERE source = 'baseline';
    UPDATE dorad_data.incident_service SET targets = '{x}';
    INSERT INTO dorad_data.item_service SELECT service, 'more' || item_id, done_at, class
        FROM dorad_data.item_service;
    DELETE FROM dorad_data.evidence;
    DELETE FROM dorad_data.monthly WHERE month < '2025-03-01';
    UPDATE dorad_data.monthly SET deployments = deployments + 1, fail_rate = 0.5;
    DELETE FROM dorad_data.trend WHERE metric = 'restore';
    UPDATE dorad_data.assurance SET assurance = 'sliding';
    INSERT INTO dorad_data.mark (stage, entity) VALUES ('incident', 'nobody')"""


class Rebuild:
    """As `dorad rollup --rebuild` does it: one session begins and ends, others do the tasks."""

    def __init__(self, database, portion, sessions=3):
        self.steps, self.differing = [], None
        self.main = database.server.connect(database.name, autocommit=False)
        self.sessions = [database.server.connect(database.name) for _ in range(sessions)]
        for session in self.sessions:
            session.cursor().execute("SELECT set_config('dorad.portion', %s, false)", [str(portion)])
        try:
            self.run()
        finally:
            for connection in (self.main, *self.sessions):
                connection.close()

    def run(self):
        run = self.ask("SELECT dorad_data.rebuild_begin()")[0][0]
        while rows := self.ask("SELECT * FROM dorad_data.rebuild_tasks(%s, %s)", run,
                               self.steps[-1][0] if self.steps else None):
            self.steps.append((rows[0][0], len(rows)))
            self.side_by_side([task for _, task, takes_over in rows if not takes_over])
            for _, task, takes_over in rows:
                if takes_over:
                    self.ask(task)
        self.differing = sorted(row[0] for row in self.ask("SELECT name FROM dorad_beside.differing"))
        self.ask("SELECT dorad_data.rebuild_finish(%s)", run)
        self.main.commit()

    def ask(self, query, *values):
        with self.main.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def side_by_side(self, tasks):
        failures = []

        def work(session):
            try:
                with session.cursor() as cursor:
                    while tasks:
                        cursor.execute(tasks.pop(0))
            except IndexError:
                return                                      # all are done
            except psycopg2.Error as failure:
                failures.append(failure)

        threads = [threading.Thread(target=work, args=[session]) for session in self.sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures


def rows_of(database):
    return database.sql("SELECT * FROM dorad_data.monthly ORDER BY scope, name, month")


@pytest.mark.parametrize("history, portion", [
    (Chaos(3, 10, size=25), 40), (Chaos("b", 1, size=600, spread=12), 10000),
    (Origins(1, 1, size=150), 15)],
    ids=["many services", "one long history, undivided", "coordinates"])
def test_a_rebuild_in_parts_finds_every_row_right(database, history, portion):
    database.tell(history.events, history.catalog, history.as_of)
    before, state = rows_of(database), database.state()
    rebuild = Rebuild(database, portion)
    assert rebuild.differing == []
    assert portion == 10000 or dict(rebuild.steps)["deployments"] > 1
    assert rows_of(database) == before
    assert database.state() == state


@pytest.mark.parametrize("history, portion", [(Chaos(4, 10, size=25), 40), (Origins(3, 1, size=150), 15)],
                         ids=["by name", "by coordinates"])
def test_a_rebuild_in_parts_mends_what_is_wrong(database, history, portion):
    database.tell(history.events, history.catalog, history.as_of)
    state = database.state()
    database.sql(DAMAGE)
    rebuild = Rebuild(database, portion)
    assert {"deployment_fact", "change", "monthly", "trend", "assurance"} <= set(rebuild.differing)
    assert database.state() == state
    assert database.verify() == []
    # From nothing at all, as after a restore of the observations alone.
    for table in database.one("SELECT dorad_data.computed_tables()"):
        database.sql(f"DELETE FROM dorad_data.{table}")
    Rebuild(database, portion)
    assert database.state() == state


def deployment(n, status, origin):
    return {"kind": "deployment", "source": "/test", "id": f"d{n}/{status}", "revision": 0,
            "time": f"2025-03-0{n}T10:0{len(status)}:00.000000Z",
            "data": {"deployment_id": f"d{n}", "status": status, "sha": f"sha{n}",
                     "environment": "production", "via": "deployment",
                     "origin": {"system": "argocd", **origin}}}


def test_coordinates_that_only_together_mean_a_service_are_found_by_a_rebuild_in_parts(database):
    """The application alone is a service's, with its project another's: which of them it is, comes
    out where the first is folded, and the other may be in another part, or be done already."""
    catalog = {"services": [{"name": name, "sources": [{"argocd": "cart", **more}]}
                            for name, more in (("wide", {}), ("narrow", {"project": "eu"}))]}
    database.tell([event for n in range(1, 8) for event in (
        deployment(n, "started", {"application": "cart"}),
        deployment(n, "succeeded", {"project": "eu"} if n % 2 else {"application": "cart"}))],
        catalog)
    assert {row["service"]: row["n"] for row in database.sql(
        "SELECT service, count(*) AS n FROM dorad_data.deployment_fact GROUP BY service")} == {
            "wide": 3, "narrow": 4}
    state = database.state()
    rebuild = Rebuild(database, portion=3)
    assert ("mend", 1) in rebuild.steps
    assert rebuild.differing == []
    assert database.state() == state
    assert database.verify() == []


def test_a_task_of_a_rebuild_that_is_over_does_nothing(database):
    for what in ("lay_out", "changes"):
        with pytest.raises(psycopg2.errors.OperatorIntervention, match="is over"):
            database.sql("SELECT dorad_data.rebuild_task('3', %s, '0')", what)
    assert database.sql("SELECT FROM pg_class WHERE relnamespace = 'dorad_beside'::regnamespace") == []
