# SPDX-License-Identifier: Apache-2.0
"""Stories: what one sender posts from the first event of a thing to its last, in the order in
which it arrives, and the rows of June 2026 that come of it."""

import contextlib
import datetime
import json

from harness import http
from harness.dorad import Site
from harness.wait import wait_until

AS_OF = "2026-08-01T00:00:00Z"
MONTH = "2026-06-01"


class Story:
    """The deliveries of one sender. sign(secret, body) gives the headers that authenticate."""

    def __init__(self, name, source, deliveries, sign=None, **options):
        self.name = name
        self.source = source
        self.deliveries = deliveries
        self.sign = sign or bearer
        self.options = options

    def post(self, receive, endpoint):
        """A generator: posts one delivery at each step."""
        for body, *headers in self.deliveries:
            if not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            sent = {"Content-Type": "application/json", **(headers[0] if headers else {})}
            sent |= self.sign(receive.secrets[endpoint], body)
            yield http.post(receive.address, f"/webhooks/{endpoint}", body, sent)


def microseconds(time):
    """Since 1970, of 2026-06-02T10:00:00Z."""
    at = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return int(at.timestamp()) * 1_000_000


def bearer(secret, _body):
    return {"Authorization": f"Bearer {secret}"}


def service(name, *sources, **more):
    return {"name": name, "owners": "crew", "sources": list(sources), **more}


def catalog(services, **sections):
    return {"teams": [{"name": "crew"}], "services": services, **sections}


@contextlib.contextmanager
def told(postgres, document, stories, hooks, as_of=AS_OF):
    """A site that was told every story, each delivery through so many hooks, and rolled up."""
    with Site(postgres=postgres, catalog=document) as site:
        for story in stories:
            for hook in range(hooks):
                site.endpoint(f"{story.name}-{hook}", story.source, **story.options)
        receive = site.start("receive")
        for story in stories:
            posts = [story.post(receive, f"{story.name}-{hook}") for hook in range(hooks)]
            for answers in zip(*posts):
                assert {answer.status for answer in answers} == {200}, story.name
        wait_until(lambda: not site.table("deliveries", "--state", "kept"),
                   what="every delivery to be forwarded")
        receive.stop()
        assert site.table("deliveries", "--state", "quarantined") == []
        site.run("rollup", "--once", "--as-of", as_of)
        yield site


@contextlib.contextmanager
def both(postgres, document, stories, as_of=AS_OF):
    """Two sites, by the number of hooks."""
    with told(postgres, document, stories, 1, as_of) as one, \
            told(postgres, document, stories, 2, as_of) as two:
        yield {1: one, 2: two}


def check(site, name, **want):
    """June of a service has these columns."""
    row, = site.query("SELECT * FROM dorad.monthly_service WHERE service = %s AND month = %s",
                      name, MONTH)
    got = {column: row[column] for column in want}
    assert got == want, {c: (got[c], want[c]) for c in want if got[c] != want[c]}


def check_team(site, **want):
    row, = site.query("SELECT * FROM dorad.monthly_team WHERE team = 'crew' AND month = %s",
                      MONTH)
    got = {column: row[column] for column in want}
    assert got == want, {c: (got[c], want[c]) for c in want if got[c] != want[c]}
