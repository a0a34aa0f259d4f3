# SPDX-License-Identifier: Apache-2.0
"""What a BI user sees as dorad_reader: every view, with words on everything; and nothing else."""

import psycopg2
import pytest

from story import Database, Story

SECRET = "jane.doe@example.org"         # what nobody may find through a view

ALL_VIEWS = """SELECT c.relname FROM pg_class AS c WHERE c.relkind = 'v'
               AND c.relnamespace = 'dorad'::regnamespace ORDER BY 1"""


@pytest.fixture
def reader(database, postgres):
    """A session of dorad_reader beside a database with something of everything in it."""
    story = Story()
    story.change("c1", "2025-01-01 09:00", "shop", committed="2025-01-01 08:00",
                 author=SECRET, previous="0ff", truncated=True)
    story.deploy("d1", "2025-01-01 10:00", "shop", sha="c1", creator=SECRET)
    story.outage("i1", "2025-01-01 11:00", "2025-01-01 12:00", "shop", assignee=SECRET)
    story.request("CR1", "2025-01-01 12:00", services=["shop"], close_code="unsuccessful",
                  actual_start="2025-01-01 09:00", actual_end="2025-01-01 11:00",
                  requested_by=SECRET)
    story.item("w1", "2025-01-02 10:00", "done", ["shop"], reporter=SECRET)
    story.correct("2025-01-03", "deployment", "d1", "failure", False, by=SECRET)
    database.tell(story, {"services": [{"name": "shop", "owners": "red"}],
                          "teams": [{"name": "red"}]})
    with postgres.connect(database.name) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS payroll")
        cursor.execute("CREATE TABLE IF NOT EXISTS payroll.salary (n integer)")
    owner.close()
    connection = psycopg2.connect(postgres.dsn(database.name))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION AUTHORIZATION dorad_reader")
    session = Database.__new__(Database)
    session.connection = connection
    yield session
    connection.close()


def refused(session, text):
    """Whether the server says that this is not done."""
    try:
        session.sql(text)
    except (psycopg2.errors.InsufficientPrivilege,
            psycopg2.errors.ObjectNotInPrerequisiteState):      # a view that takes no rows at all
        return True
    return False


def test_a_reader_reads_every_view_and_finds_nobody_in_them(reader):
    views = [row["relname"] for row in reader.sql(ALL_VIEWS)]
    assert len(views) > 20
    for view in views:
        rows = reader.sql(f"SELECT v::text AS row FROM dorad.{view} AS v")
        assert not [row for row in rows if SECRET in row["row"]], view


def test_a_reader_reads_no_table_and_runs_nothing_of_ours(reader):
    tables = reader.sql("""SELECT c.relname FROM pg_class AS c WHERE c.relkind IN ('r', 'v')
                           AND c.relnamespace = 'dorad_data'::regnamespace""")
    assert len(tables) > 30
    for table in tables:
        assert refused(reader, f"SELECT FROM dorad_data.{table['relname']}"), table
    assert refused(reader, "SELECT dorad_data.keep('[]')")
    assert refused(reader, "SELECT dorad_data.rebuild()")
    assert refused(reader, "SELECT * FROM dorad_data.unmapped()")


def test_a_reader_writes_nothing(reader):
    for view in [row["relname"] for row in reader.sql(ALL_VIEWS)]:
        assert refused(reader, f"DELETE FROM dorad.{view}"), view
    assert refused(reader, "UPDATE dorad.monthly_service SET deployments = 7")
    assert refused(reader, "INSERT INTO dorad.ownership (service) VALUES ('x')")
    assert refused(reader, "CREATE TABLE dorad.t (n integer)")
    assert refused(reader, "CREATE TABLE public.t (n integer)")
    assert refused(reader, "CREATE SCHEMA mine")


def test_a_reader_sees_no_other_schema(reader):
    assert refused(reader, "SELECT * FROM payroll.salary")
    visible = reader.sql("""SELECT nspname FROM pg_namespace
                            WHERE has_schema_privilege('dorad_reader', oid, 'USAGE')
                              AND nspname !~ '^pg_'""")
    assert {row["nspname"] for row in visible} <= {"dorad", "public", "information_schema"}


def test_everything_has_a_comment(database):
    missing = database.sql("""
        SELECT c.oid::regclass::text AS what FROM pg_class AS c
        WHERE c.relnamespace IN ('dorad'::regnamespace, 'dorad_data'::regnamespace)
          AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
        UNION ALL
        SELECT c.oid::regclass::text || '.' || a.attname FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace IN ('dorad'::regnamespace, 'dorad_data'::regnamespace)
          AND c.relkind IN ('r', 'v') AND col_description(c.oid, a.attnum) IS NULL
        UNION ALL
        SELECT p.oid::regprocedure::text FROM pg_proc AS p
        WHERE p.pronamespace = 'dorad_data'::regnamespace
          AND obj_description(p.oid, 'pg_proc') IS NULL""")
    assert missing == []
