# SPDX-License-Identifier: Apache-2.0
"""Follows every link of a portal and looks at every page on the way.

    walk("http://127.0.0.1:8081") -> {address: Paper}; raises AssertionError with what is wrong
"""

import http.client
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from paper import Paper, scope_of

AT_ONCE = 4
MOST = 5000
# Counts that may stand where two scopes do: of services of a team, of pages, and instants.
HARMLESS = re.compile(r"\b\d+ services?\b|\bsince \w+ \d{4}\b|\b\w+ \d{4}\b")


def fetch(url):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET", parts.path + (f"?{parts.query}" if parts.query else ""))
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type") or "", answer.read()
    finally:
        connection.close()


def walk(front):
    """Every page that can be reached from the front page."""
    seen, pages, frontier = {front + "/"}, {}, [front + "/"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while frontier:
            answers = list(pool.map(fetch, frontier))
            found = set()
            for url, (status, kind, body) in zip(frontier, answers):
                assert status == 200, f"{url} answers {status}"
                if not kind.startswith("text/html"):
                    continue
                paper = Paper(body.decode(), url)
                look(paper)
                pages[url] = paper
                found |= paper.inside()
            frontier = sorted(found - seen)
            seen |= found
            assert len(seen) < MOST, "is there an end to it?"
    return pages


def look(paper):
    """What is true of every page."""
    url = paper.url
    assert not paper.open, f"{url}: left open: {paper.open}"
    assert len(set(paper.ids)) == len(paper.ids), f"{url}: an id twice"
    assert "script" not in paper.tags and "style" not in paper.tags, url
    assert not [name for name in paper.attributes if name.startswith("on") or name == "style"], url
    for link, attributes in paper.outside():
        assert link.startswith(("https://", "http://")), f"{url}: {link}"
        assert attributes["rel"] == "noopener noreferrer", f"{url}: {link}"
    look_at_scopes(paper)


def look_at_scopes(paper):
    """Values of one service or one team at most; others are links with a name."""
    here = scope_of(paper.url)
    deeper = {scope_of(link)[:2] for link in paper.inside()
              if scope_of(link) and scope_of(link)[2]}
    assert deeper <= ({here[:2]} if here else set()), f"{paper.url} leads into {deeper}"
    if not here:
        assert "svg" not in paper.tags, f"{paper.url} has a chart"
