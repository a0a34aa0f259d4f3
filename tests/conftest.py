# SPDX-License-Identifier: Apache-2.0
"""Fixtures for every suite: see tests/harness for what they give."""

import os
import resource
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness.dorad import Site  # noqa: E402
from harness.prepared import prepared  # noqa: E402
from harness.redis import Redis  # noqa: E402

OPEN_FILES = 12_000


def pytest_configure():
    """Thousands of connections have both their ends in a test; a login may open 1024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < OPEN_FILES:
        raise pytest.UsageError(f"the tests open up to {OPEN_FILES} files and the hard limit is "
                                f"{hard}: raise it (ulimit -Hn, LimitNOFILE=)")
    if soft < OPEN_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, hard))


@pytest.fixture(scope="session")
def postgres():
    """One private cluster for the run; a test makes databases of its own in it."""
    with prepared() as server:
        yield server


@pytest.fixture
def redis():
    with Redis() as server:
        yield server


@pytest.fixture
def site():
    """Redis and a receiver's configuration; no Postgres."""
    with Site() as it:
        yield it


@pytest.fixture
def full_site(postgres):
    """A site with a migrated database of its own."""
    with Site(postgres=postgres) as it:
        yield it
