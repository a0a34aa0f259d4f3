# SPDX-License-Identifier: Apache-2.0
"""The large organisation of fill.sql in a private Postgres, for what measures with it.

It takes some minutes to make. With a folder to keep it in, the next run takes it up again, unless the schema or
fill.sql changed; with a DSN a database that somebody else keeps serves.
"""

import contextlib
import hashlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tests"))

from harness.postgres import Postgres, migrations  # noqa: E402

FILL = os.path.join(HERE, "fill.sql")
NAME = "large"


def add_arguments(parser):
    parser.add_argument("--dsn", help="a database that fill.sql was run in")
    parser.add_argument("--keep", metavar="FOLDER", help="make it there, and leave it for the next run")
    parser.add_argument("--memory", default="128MB", help="shared_buffers of it; 128MB is Postgres's default")


def made_of():
    digest = hashlib.sha256()
    for path in [*migrations(), FILL]:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def fill(server, mark):
    print("filling the database", flush=True)
    server.create(NAME)
    server.migrate(NAME)
    server.psql(NAME, "-f", FILL)
    server.psql(NAME, "-c", "VACUUM ANALYZE")
    if server.kept:
        with open(mark, "w", encoding="ascii") as file:
            file.write(made_of())


@contextlib.contextmanager
def database(options):
    """The DSN of a filled database."""
    if options.dsn:
        yield options.dsn
        return
    with Postgres({"shared_buffers": options.memory}, keep=options.keep) as server:
        mark = os.path.join(server.folder, "made-of")
        said = None
        if os.path.exists(mark):
            with open(mark, encoding="ascii") as file:
                said = file.read()
        if said != made_of():
            fill(server, mark)
        yield server.dsn(NAME)
