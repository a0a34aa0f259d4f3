# SPDX-License-Identifier: Apache-2.0
"""A portal over a made-up organisation (world.py), shared by the tests of one file."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import world  # noqa: E402
from harness.dorad import Site  # noqa: E402


class Served:
    """A site whose portal runs; get() follows no redirect."""

    def __init__(self, site):
        self.site, self.query = site, site.query
        self.portal = site.start("portal")
        self.url = f"http://{site.portal_address}"

    def get(self, path, headers=None):
        return self.portal.get(path, headers)


@pytest.fixture(scope="module")
def serve(postgres):
    """A function that yields a portal over these services."""
    def over(services):
        with Site(postgres=postgres) as site:
            world.fill(postgres, site.database, services)
            yield Served(site)
    return over


@pytest.fixture(scope="module")
def served(serve):
    """Everything: two years, and services whose names break what is careless."""
    yield from serve(None)


@pytest.fixture(scope="module")
def small(serve):
    """A few months of a few services, among them some with such names: soon walked through."""
    yield from serve(world.small())
