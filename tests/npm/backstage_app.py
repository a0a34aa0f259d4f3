# SPDX-License-Identifier: Apache-2.0
"""The plugin in a Backstage app of its own scaffolding (tests/npm/scaffold): the tab and the card of
a Component and of a Group from a catalog-info.yaml, over Backstage's proxy, in a real Chromium, with
the values that Postgres has.

    BACKSTAGE=FOLDER    where the app is, or is made (default: a temporary folder)
    Screenshots go to build/test-logs/backstage.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import psycopg2
import pytest

from harness.dorad import ROOT
from harness.http import free_port
from harness.postgres import Postgres
from harness.wait import wait_until

sys.path.insert(0, os.path.join(ROOT, "tests", "portal"))
from browser import Browser  # noqa: E402

SHOTS = os.path.join(ROOT, "build", "test-logs", "backstage")
CATALOG_INFO = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shipping, title: Shipping}
spec: {type: service, lifecycle: production, owner: group:default/logistics}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: logistics, title: Logistics}
spec: {type: team, children: []}
"""


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError):
        return None


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    """dorad, filled by the quickstart: the portal's address and a connection to Postgres."""
    state = os.environ.get("DORAD_STATE") or f"/var/tmp/dorad-backstage-{os.getpid()}"
    log = tmp_path_factory.mktemp("quickstart") / "log"
    with open(log, "wb") as file:
        process = subprocess.Popen([os.path.join(ROOT, "contrib", "quickstart"), "--state", state],
                                   stdin=subprocess.DEVNULL, stdout=file, stderr=file)
    try:
        def running():
            assert process.poll() is None, log.read_text()
            return "== running" in log.read_text()
        wait_until(running, 900)
        text = log.read_text()
        yield (re.search(r"pages +(http://\S+?)/?\n", text).group(1),
               re.search(r'psql "([^"]+)"', text).group(1))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(120)
        if not os.environ.get("DORAD_STATE"):
            subprocess.run(["rm", "-rf", state], check=True)


@pytest.fixture(scope="module")
def backstage(quickstart, tmp_path_factory):
    """A running app; its address."""
    work = os.environ.get("BACKSTAGE") or str(tmp_path_factory.mktemp("backstage"))
    subprocess.run([os.path.join(ROOT, "tests", "npm", "scaffold"), work], check=True)
    app = os.path.join(work, "app")
    port = free_port()
    address = f"http://localhost:{port}"
    info = tmp_path_factory.mktemp("catalog") / "catalog-info.yaml"
    info.write_text(CATALOG_INFO)
    with Postgres() as server:
        config = {
            "app": {"baseUrl": address, "title": "Shop"},
            "backend": {
                "baseUrl": address, "listen": {"host": "127.0.0.1", "port": port},
                "csp": {"upgrade-insecure-requests": False},
                "cors": {"origin": address},
                "database": {"client": "pg", "connection": {
                    "host": server.socket, "user": "postgres", "database": "postgres"}},
                "actions": {"pluginSources": []}},
            "integrations": {"github": []},
            "proxy": {"endpoints": {"/dorad": {"target": quickstart[0],
                                               "allowedMethods": ["GET"]}}},
            "catalog": {"locations": [{"type": "file", "target": str(info), "rules": [
                {"allow": ["Component", "Group"]}]}]},
        }
        local = os.path.join(app, "app-config.test.yaml")
        with open(local, "w", encoding="utf-8") as file:
            json.dump(config, file)
        log = open(os.path.join(work, "backend.log"), "wb")
        backend = os.path.join(app, "packages", "backend")
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig=TERM", "yarn", "start", "--config", os.path.join(app, "app-config.yaml"),
             "--config", local], cwd=backend, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
            env={**os.environ, "PATH": f"{work}/bin:{os.environ['PATH']}", "NODE_ENV": "development"})
        try:
            def read_log():
                with open(log.name, encoding="utf-8", errors="replace") as file:
                    return file.read()[-4000:]

            def up():
                assert process.poll() is None, read_log()
                return answers(f"{address}/.backstage/health/v1/readiness")
            wait_until(up, 300, what=read_log)
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)
            log.close()


@pytest.fixture(scope="module")
def page(backstage):
    """A page that a guest has signed in on."""
    with Browser() as browser:
        page = browser.page(width=1280, height=1000)
        page.open(backstage)
        wait_until(lambda: page.run("[...document.querySelectorAll('button')]"
                                    ".some(b => b.innerText.trim().toUpperCase() === 'ENTER')"), 120)
        page.run("[...document.querySelectorAll('button')]"
                 ".find(b => b.innerText.trim().toUpperCase() === 'ENTER').click()")
        wait_until(lambda: "Shipping" in page.run("document.body.innerText"), 120,
                   what=lambda: page.run("document.body.innerText"))
        yield page


def shown(page, address, *words):
    page.open(address)
    wait_until(lambda: all(word in page.run("document.body.innerText") for word in words), 60,
               what=lambda: f"{words} in:\n" + page.run("document.body.innerText"))
    return page.run("document.body.innerText")


LAYOUT = """
    [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(h => {
        const r = h.getBoundingClientRect()
        const top = document.elementFromPoint(r.left + 2, r.top + r.height / 2)
        return [r.left, r.top, r.width, !top || !r.width || h.contains(top) || top.contains(h)].join(' ')
    }).join(', ')
"""


def kept(page, name):
    """A screenshot, of a window as tall as the page and once everything has its place in it: the sidebar
    opens again when the window changes, and the page makes way for it."""
    os.makedirs(SHOTS, exist_ok=True)
    height = page.run("document.documentElement.scrollHeight")
    page.ask("Emulation.setDeviceMetricsOverride", width=1280, height=height, deviceScaleFactor=1,
             mobile=False)
    seen = []

    def at_rest():
        seen.append(page.run(LAYOUT))
        return "false" not in seen[-1] and seen[-20:] == 20 * seen[-1:]
    wait_until(at_rest, 60, what=lambda: f"{name} to be at rest: {seen[-1]}")
    page.screenshot(os.path.join(SHOTS, f"{name}.png"))


def rows(quickstart, table, scope, name):
    """The complete months of one service or team, as Postgres has them."""
    with psycopg2.connect(quickstart[1]) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT month, deployments, fail_rate_n, failed_deployments"
                       f" FROM dorad.{table} WHERE {scope} = %s AND complete ORDER BY month", (name,))
        return cursor.fetchall()


@pytest.mark.parametrize("kind, name, table, scope", [
    ("component", "shipping", "monthly_service", "service"),
    ("group", "logistics", "monthly_team", "team")])
def test_the_tab_shows_the_months_that_postgres_has(quickstart, backstage, page, kind, name, table, scope):
    text = shown(page, f"{backstage}/catalog/default/{kind}/{name}/dora", "Deployment frequency",
                 "Unplanned work")
    kept(page, f"{kind}-tab")
    month, deployments, n, failed = rows(quickstart, table, scope, name)[-1]
    assert f"{failed} of {n}" in text, text
    assert re.search(rf"\b{deployments}\b", text), (month, deployments, text)


@pytest.mark.parametrize("kind, name", [("component", "shipping"), ("group", "logistics")])
def test_the_card_is_on_the_overview(backstage, page, kind, name):
    shown(page, f"{backstage}/catalog/default/{kind}/{name}", "DORA", "Deployment frequency")
    kept(page, f"{kind}-card")
