# SPDX-License-Identifier: Apache-2.0
"""A database as it is after the migrations, for each test.

The server sorts text by a language's rules and not by bytes, and its sessions are in another
zone and read dates day first: a rule that relied on either would be found out.
"""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness.prepared import BY_FILES, prepared  # noqa: E402
from history import History  # noqa: E402
from story import Database  # noqa: E402


@pytest.fixture(scope="session")
def postgres():
    with prepared(locale=("--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"),
                  settings={"timezone": "Asia/Tokyo", "datestyle": "SQL, DMY"}) as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres):
    postgres.create("numbers", BY_FILES)
    database = Database(postgres, "numbers")
    yield database
    database.close()


@pytest.fixture
def database(migrated):
    """Empty, whatever the test before left."""
    return migrated.clear()


@pytest.fixture
def told(database):
    return History(database)
