# SPDX-License-Identifier: Apache-2.0
"""A real Chromium without a screen, spoken to over its own debugging pipe.

    with Browser() as browser:
        page = browser.page(width=390, dark=True)
        page.open("http://127.0.0.1:8081/")
        page.run("document.title")          # JavaScript in the page; the page itself needs none
        page.complaints                     # console errors, failed loads, refused content
        page.requests                       # every address that was asked for
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--remote-debugging-pipe", "--no-first-run", "--no-default-browser-check",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-extensions", "--hide-scrollbars", "--force-color-profile=srgb",
         "--font-render-hinting=none", "--password-store=basic", "--use-mock-keychain")
PATIENCE_S = 60


def program():
    for name in PROGRAMS:
        path = shutil.which(name)
        if path:
            return path
    raise RuntimeError(f"none of {', '.join(PROGRAMS)} is installed")


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="dorad-chromium-")
        self.number, self.rest, self.pages = 0, b"", {}

    def __enter__(self):
        down_read, self.down = os.pipe()
        self.up, up_write = os.pipe()

        def settle():
            # Chromium reads from 3 and writes to 4; neither may be overwritten before its turn.
            read, write = os.dup(down_read), os.dup(up_write)
            while read in (3, 4) or write in (3, 4):
                read, write = os.dup(read), os.dup(write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", program(), *FLAGS,
                 f"--user-data-dir={self.folder}/profile", "about:blank"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False,
                preexec_fn=settle, start_new_session=True,
                env={**os.environ, "HOME": self.folder})
        os.close(down_read)
        os.close(up_write)
        return self

    def __exit__(self, *exception):
        try:
            self.ask("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.down)
        os.close(self.up)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the protocol: JSON texts, each ended by a NUL ---------------------------------------

    def read(self, deadline):
        """Waits for what Chromium says next, and hands it to the page that it is about."""
        while b"\0" not in self.rest:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.up], [], [], left)[0]:
                raise RuntimeError("Chromium says nothing")
            part = os.read(self.up, 1 << 20)
            if not part:
                raise RuntimeError("Chromium has ended:\n" + self.read_log())
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        page = self.pages.get(message.get("sessionId"))
        if page and "method" in message:
            page.on(message["method"], message["params"])
        return message

    def ask(self, method, session=None, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.down, json.dumps(message).encode() + b"\0")
        number, deadline = self.number, time.monotonic() + PATIENCE_S
        while True:
            answer = self.read(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def read_log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def page(self, width=1280, height=900, dark=False, scripts=True, paper=False):
        return Page(self, width, height, dark, scripts, paper)


class Page:
    def __init__(self, browser, width, height, dark, scripts, paper):
        self.browser = browser
        self.complaints, self.requests, self.loaded, self.status = [], [], False, None
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.ask("Target.attachToTarget", targetId=target,
                                   flatten=True)["sessionId"]
        browser.pages[self.session] = self
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Network.setCacheDisabled", cacheDisabled=True)
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=width < 600)
        self.ask("Emulation.setEmulatedMedia", media="print" if paper else "", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        if not scripts:
            self.ask("Emulation.setScriptExecutionDisabled", value=True)

    def ask(self, method, **parameters):
        return self.browser.ask(method, self.session, **parameters)

    def on(self, method, said):
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])
        elif method == "Network.responseReceived" and said["type"] == "Document":
            self.status = said["response"]["status"]
        elif method == "Network.loadingFailed" and not said.get("canceled"):
            self.complaints.append(f"not loaded: {said['errorText']}")
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(said["exceptionDetails"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(f"console.{said['type']}")
        elif method == "Log.entryAdded":
            self.complaints.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    def open(self, url):
        self.complaints, self.requests, self.loaded, self.status = [], [], False, None
        self.ask("Page.navigate", url=url)
        return self.wait()

    def wait(self):
        """Until the page that is on its way has loaded."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.loaded:
            self.browser.read(deadline)
        return self

    def run(self, script):
        """The value of an expression of JavaScript; promises are waited for."""
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True,
                          awaitPromise=True)
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description", details["text"]))
        return result["result"].get("value")

    def press(self, key, code=None, text=None):
        """text: what the key types, as Enter does; only then does it open and submit."""
        typed = {"text": text} if text else {}
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                     windowsVirtualKeyCode=code or 0, **(typed if kind == "keyDown" else {}))

    def tab(self):
        self.press("Tab", 9)

    def screenshot(self, path):
        """All of the page, however long."""
        size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True, clip={
            "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def close(self):
        self.browser.ask("Target.closeTarget", targetId=self.target)
        del self.browser.pages[self.session]
