# SPDX-License-Identifier: Apache-2.0
"""A fresh history for each test, in a database copied from one that was migrated once."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from history import History  # noqa: E402


@pytest.fixture(scope="session")
def schema(postgres):
    postgres.create("schema")
    postgres.migrate("schema")
    return "schema"


@pytest.fixture
def told(postgres, schema):
    with History(postgres, schema) as history:
        yield history
