# SPDX-License-Identifier: Apache-2.0
"""Pages in a real Chromium: what it complains of, what axe-core finds, and what a keyboard reaches.

Screenshots are left in build/test-logs, as portal.PAGE-WIDTH-light.png.
"""

import json
import os
import shutil
import subprocess

import pytest

from browser import Browser
from harness.dorad import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
LOGS = os.path.join(ROOT, "build", "test-logs")
PAGES = {
    "directory": "/",
    "found": "/?q=pay",
    "service": "/services/checkout",
    "sliding": "/services/shipping",
    "development": "/services/loyalty",
    "quiet": "/services/quiet",
    "team": "/teams/payments",
    "assurance": "/assurance",
    "data": "/data",
    "month": "/services/checkout/2026-05",
    "reasons": "/services/checkout/2026-05/fail-rate",
    "missing": "/services/nobody",
    "chart": "/services/checkout/lead-time.svg",
}
WIDTHS = (1280, 390)
CHECKED = ("1280-light", "390-dark")    # by axe-core: either width, either scheme
STATUS = {"missing": 404}

# Where the focus is: a name for it, and whether a person sees that.
FOCUS = """(() => {
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  if (it === document.body) return null;
  window.reached ??= new Set();
  window.reached.add(it);
  return {what: it.tagName + ' ' + (it.getAttribute('href') ?? it.id ?? it.textContent),
          seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
          inside: box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight};
})()"""
# What can be clicked and the keyboard has not come by.
MISSED = """(() => [...document.querySelectorAll('a[href], button, input, summary')]
  .filter(it => !window.reached.has(it) && it.checkVisibility() && !it.closest('svg'))
  .map(it => it.outerHTML.slice(0, 120)))()"""
# A chart's months lead where the table beneath it leads, too.
ONLY_IN_CHARTS = """(() => {
  const table = new Set([...document.querySelectorAll('table a')].map(it => it.getAttribute('href')));
  return [...document.querySelectorAll('svg a')].map(it => it.getAttribute('href'))
    .filter(it => !table.has(it));
})()"""


@pytest.fixture(scope="module")
def browser():
    with Browser() as it:
        yield it


@pytest.fixture(scope="module")
def axe():
    """axe-core as the lock file has it, in a folder that stays for the next run."""
    folder = os.path.join(ROOT, "build", "portal-npm")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "node_modules", "axe-core", "axe.min.js")
    lock = os.path.join(HERE, "package-lock.json")
    with open(lock, encoding="utf-8") as file:
        want = json.load(file)["packages"]["node_modules/axe-core"]["version"]
    if not is_version(os.path.dirname(path), want):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(HERE, name), folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                        "--prefer-offline"], cwd=folder, check=True)
    with open(path, encoding="utf-8") as file:
        return file.read()


def is_version(folder, want):
    try:
        with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
            return json.load(file)["version"] == want
    except OSError:
        return False


@pytest.fixture(scope="module", params=[(width, dark) for width in WIDTHS for dark in (False, True)],
                ids=lambda p: f"{p[0]}-{'dark' if p[1] else 'light'}")
def view(request, browser):
    """A window of one width and scheme, and what to call it."""
    width, dark = request.param
    page = browser.page(width=width, dark=dark)
    yield page, f"{width}-{'dark' if dark else 'light'}"
    page.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_without_complaint_and_asks_nobody_else(served, view, axe, name):
    page, mode = view
    page.open(served.url + PAGES[name])
    status = STATUS.get(name, 200)
    assert page.status == status
    complaints = [it for it in page.complaints if status == 200 or "status of 404" not in it]
    assert complaints == []
    assert {url for url in page.requests if not url.startswith(served.url + "/")} == set()
    os.makedirs(LOGS, exist_ok=True)
    page.screenshot(os.path.join(LOGS, f"portal.{name}-{mode}.png"))
    # Wide tables scroll by themselves; the page does not.
    assert page.run("document.documentElement.scrollWidth - innerWidth") <= 0
    if name == "chart" or mode not in CHECKED:
        return
    page.run(axe + "\n;0")
    found = page.run("axe.run().then(r => r.violations.map(v => [v.id, v.impact, "
                     "v.nodes.map(n => n.html.slice(0, 200)).slice(0, 3)]))")
    assert found == []


@pytest.fixture
def page(browser):
    it = browser.page()
    yield it
    it.close()


def focus(page):
    page.tab()
    return page.run(FOCUS)


@pytest.mark.parametrize("path", ["/", "/services/checkout", "/teams/payments", "/assurance",
                                  "/services/checkout/2026-05/lead-time"])
def test_the_keyboard_alone_reaches_everything_and_shows_where_it_is(served, page, path):
    page.open(served.url + path)
    # What is folded away is unfolded as a person would, when the focus comes by.
    at, n = focus(page), 0
    while at and n < 2000:
        assert at["seen"], at
        assert at["inside"] or at["what"].startswith("INPUT"), at
        if at["what"].startswith("SUMMARY"):
            page.press("Enter", 13, text="\r")
        at, n = focus(page), n + 1
    assert n > 10 and page.run(MISSED) == []
    assert page.run(ONLY_IN_CHARTS) == []


def test_the_first_stop_of_the_keyboard_skips_to_the_content(served, page):
    page.open(served.url + "/services/checkout")
    assert "#main" in focus(page)["what"]
    page.press("Enter", 13, text="\r")
    assert page.run("location.hash") == "#main"
    # The next stop is of the content, not of the menu.
    page.tab()
    assert page.run("document.activeElement.closest('main') !== null")


def test_a_service_is_found_with_the_keyboard(served, page):
    page.open(served.url + "/assurance")
    page.run("document.getElementById('q').focus()")
    page.ask("Input.insertText", text="wallet")
    page.loaded = False
    page.press("Enter", 13, text="\r")
    page.wait()
    assert page.run("location.search") == "?q=wallet"
    assert page.run("[...document.querySelectorAll('main tbody a')].map(it => it.textContent)") \
        == ["Wallet", "Payments"]


def test_pages_are_whole_without_scripts_and_on_paper(served, browser):
    for options in ({"scripts": False}, {"paper": True}):
        page = browser.page(**options)
        page.open(served.url + "/services/checkout")
        assert page.complaints == []
        if "paper" in options:
            page.screenshot(os.path.join(LOGS, "portal.service-paper.png"))
            assert page.run("[...document.querySelectorAll('.metric svg')].length") == 5
            assert not page.run("document.querySelector('form').checkVisibility()")
        page.close()


def test_the_order_of_headings_has_no_gap_and_there_is_one_title(served, page):
    for path in PAGES.values():
        if path.endswith(".svg"):
            continue
        page.open(served.url + path)
        levels = page.run("[...document.querySelectorAll('h1,h2,h3,h4')].map(it => +it.tagName[1])")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(b - a <= 1 for a, b in zip(levels, levels[1:])), f"{path}: {levels}"
        assert page.run("document.title").endswith("dorad")
