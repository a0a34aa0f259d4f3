# SPDX-License-Identifier: Apache-2.0
"""Names and texts from outside: they work in every address, and are nowhere markup."""

import html
import json
import re
from urllib.parse import quote, unquote

import pytest

import world
from browser import Browser
from harness.dorad import Site
from paper import Paper
from walk import walk

METRICS = ("deployment-frequency", "lead-time", "fail-rate", "time-to-restore", "unplanned-work")

# Polyglots in OWASP's sense, composed here: each turns into script in many contexts at once, for it
# leaves every element, attribute, comment and string that it could have been put into.
LEAVE = "</title></style></textarea></noscript></xmp></script>-->]]>"
POLYGLOTS = (
    "javascript:alert(1)//'" + LEAVE + "<svg/onload=alert(1)>",
    "\"'`>" + LEAVE + "<script>alert(2)</script>",
    "*/\"/*'/*`/*" + LEAVE + "<a onmouseover=alert(3) href='jAvAsCrIpT:alert(3)'>%0D%0A\\x3csvg",
    "<img src=x:x onerror=alert(4)>" + LEAVE,
    "]]>" + LEAVE + "<![CDATA[<script>alert(5)</script>",
    "&lt;script&gt;alert(6)&lt;/script&gt;&quot;&#x27;",
    "\N{LEFT-TO-RIGHT OVERRIDE}data:text/html,<iframe srcdoc='<script>alert(7)</script>'>",
)


@pytest.fixture(scope="module")
def hostile(serve):
    yield from serve(world.hostile_services())


def address(scope, name, *rest):
    tilde = "~" if name.lstrip("~") in (".", "..") else ""
    return "/".join(["", scope, tilde + quote(name, safe="-._~"), *rest])


@pytest.mark.parametrize("name", world.HOSTILE, ids=range(len(world.HOSTILE)))
def test_a_hostile_name_has_every_page_chart_and_answer(hostile, name):
    for scope in ("services", "teams"):
        pages = [address(scope, name), address(scope, name, "2026-05")]
        pages += [address(scope, name, "2026-05", metric) for metric in METRICS]
        for path in pages:
            answer = hostile.get(path)
            assert answer.status == 200, path
            paper = Paper(answer.body.decode(), hostile.url + path)
            assert shown(name) in paper.text, path
        for metric in METRICS:
            answer = hostile.get(address(scope, name, f"{metric}.svg"))
            assert answer.status == 200
            title = re.search(r"<title [^>]*>(.*?)</title>", answer.body.decode(), re.S).group(1)
            assert shown(name) in " ".join(html.unescape(title).split())
        for part in ("", "/months", "/trends", "/explain?month=2026-05"):
            answer = hostile.get("/api/v1" + address(scope, name) + part)
            assert answer.status == 200 and json.loads(answer.body)["name"] == name


def shown(name):
    return " ".join(name.split())


def test_a_hostile_name_is_found_and_its_links_lead_to_it(hostile):
    for name in world.HOSTILE:
        answer = hostile.get("/?q=" + quote(name, safe=""))
        assert answer.status == 200
        links = Paper(answer.body.decode(), hostile.url + "/").inside()
        assert hostile.url + address("services", name) in links
        assert hostile.url + address("teams", name) in links
    item = json.loads(hostile.get("/api/v1/services?limit=1000").body)["items"]
    assert {each["name"] for each in item} >= set(world.HOSTILE)
    for each in item:
        assert unquote(each["url"].rsplit("/", 1)[1]).removeprefix("~") == each["name"]


def test_what_is_no_name_is_no_page(hostile):
    name = "acme/rocket \N{ROCKET} & sons? #1 100%"
    assert hostile.get("/services/" + quote(name, safe="").lower()).status == 200
    assert hostile.get("/services/" + quote(name)).status == 404    # its slash is none of the path's
    for path in ("/services/%2e%2e/..", "/services/a%00b", "/services/%ff",
                 "/services/%zz", "/services//", "/services/" + "x" * 4000):
        assert hostile.get(path).status in (400, 404, 414), path


# -- through the front door --------------------------------------------------------------------

@pytest.fixture(scope="module")
def fed(postgres):
    """A site to which a sender has told polyglots in every place that takes text."""
    with Site(postgres=postgres) as site:
        site.endpoint("push", "events", keep_titles=True)
        receive = site.start("receive")
        told = list(events())
        answer = receive.post_events(told, secret=site.secrets["push"])
        assert answer.status == 200, answer.body
        # A body of which no page may show anything, whatever becomes of it.
        assert receive.post("push", "never-shown <script>alert('body')</script>", {
            "Authorization": f"Bearer {site.secrets['push']}",
            "Content-Type": "application/x-ndjson"}).status in (200, 400)
        for kind in ("deployment", "incident", "work_item", "change_request", "change"):
            site.wait_for_entries(kind, len(POLYGLOTS))
        site.run("rollup", "--once", "--as-of", "2026-06-10T00:00:00Z")
        portal = site.start("portal")
        yield site, portal, f"http://{site.portal_address}"


def event(kind, time, **data):
    event.n += 1
    return {"specversion": "1.0", "id": f"polyglot-{event.n}", "source": "/dorad/polyglots",
            "type": f"dorad.{kind}.v1", "time": time, "data": data}


event.n = 0


def events():
    for i, text in enumerate(POLYGLOTS):
        link = f"https://example.com/{i}?{quote(text)}" if i % 2 else text
        at, later = f"2026-05-{i + 10}T10:00:00Z", f"2026-05-{i + 10}T11:00:00Z"
        sha, deployment = f"{i + 1:040x}", f"{text}{i}"
        yield event("change", at, change_id=sha, services=[text], url=link,
                    committed_at=f"2026-05-0{i + 2}T10:00:00Z", landed_at=at)
        yield event("deployment", at, service=text, deployment_id=deployment, environment=text,
                    environment_class="production", status="succeeded", sha=sha, changes=[sha],
                    ref=text, url=link)
        yield event("incident", later, incident_id=text, services=[text], state="open",
                    severity=1, title=text, environment_class="production", cause=text, url=link,
                    review_url=link, caused_by_deployments=[deployment])
        yield event("work_item", at, item_id=text, status="done", services=[text],
                    item_type=text, labels=[text], priority=text, url=link)
        yield event("change_request", later, cr_id=text, services=[text], state=text,
                    close_code=text, url=link, actual_start=at, actual_end=later)


def test_polyglots_from_a_sender_are_text_on_every_page(fed):
    """walk() finds no script, no handler, no address but of the web, and nothing left open."""
    _, _, url = fed
    pages = walk(url)
    texts = " ".join(paper.text for paper in pages.values())
    for text in POLYGLOTS:
        assert " ".join(text.split()) in texts, text
    for paper in pages.values():
        assert "never-shown" not in paper.text
        assert {"script", "img", "xmp", "textarea", "iframe", "object", "math"} \
            .isdisjoint(paper.tags), paper.url


def test_polyglots_are_escaped_in_charts_and_answers(fed):
    _, portal, _ = fed
    for text in POLYGLOTS:
        for metric in METRICS:
            body = portal.get(address("services", text, f"{metric}.svg")).body.decode()
            elements = re.findall(r"<([^/!?][^\s>]*)([^>]*)>", body)
            assert {tag for tag, _ in elements} <= {
                "svg", "title", "desc", "style", "rect", "text", "defs", "pattern", "g", "line",
                "circle", "path"}
            assert not [rest for _, rest in elements if re.search(r"\son\w+=|script:", rest)]
        answer = portal.get("/api/v1" + address("services", text) + "/explain?month=2026-05")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        reasons = json.loads(answer.body)
        assert reasons["name"] == text
        ids = {fact["id"] for metric in reasons["metrics"] for fact in metric["facts"]}
        assert text in ids


def test_no_script_of_a_polyglot_runs_in_a_browser(fed):
    _, _, url = fed
    with Browser() as browser:
        page = browser.page()
        page.ask("Page.addScriptToEvaluateOnNewDocument",
                 source="window.alert = x => { window.ran = x; }")
        for text in POLYGLOTS[:4]:
            for path in (address("services", text), address("services", text, "2026-05"),
                         address("services", text, "lead-time.svg")):
                page.open(url + path)
                assert page.status == 200 and page.complaints == [], path
                assert page.run("window.ran ?? null") is None
                assert all(it.startswith(url + "/") for it in page.requests)
        page.close()
