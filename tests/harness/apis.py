# SPDX-License-Identifier: Apache-2.0
"""A server that answers as the senders' own APIs do: pages, limits, faults. Loopback only.

    with Api(token="Bearer secret", page=3) as api:
        api.rows("/repos/acme/shop/commits", [{...}, ...], by="link")
        api.fault(4, "429")                     # the fourth request is told to slow down
        ... curl http://127.0.0.1:PORT/... ...
        api.asked                               # every request: method, path, query, when, status

What it serves is a function of (path, query) given by the test, or one of the ways to page below.
"""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlencode, urlsplit


class Reply:
    """What to answer: an object as JSON, or text; with headers."""

    def __init__(self, body=None, status=200, headers=None):
        self.status = status
        self.headers = dict(headers or {})
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.api.handle(self)

    do_POST = do_GET

    def log_message(self, format, *args):
        pass


class Api:
    def __init__(self, token, header="Authorization", page=100, tls=None):
        self.token, self.header, self.page = token, header, page
        self.asked = []
        self.routes = {}
        self.faults = {}
        self.limit_headers = lambda n: {}
        self.lock = threading.Lock()
        self.held = threading.Event()
        self.release = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.api = self
        self.scheme = "http"
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}"

    # -- what it serves ----------------------------------------------------------------------

    def route(self, path, answer, method="GET"):
        """answer: a function of the request, or an object that is answered as it is."""
        self.routes[method, path] = answer if callable(answer) else lambda request: Reply(answer)

    def linked(self, path, rows, wrap=lambda rows: rows, host=None):
        """Pages as GitHub and GitLab have them: by number, the next one in the Link header.

        rows: a list, or a function of the query that gives one."""
        def answer(request):
            found = rows(request.query) if callable(rows) else rows
            size = min(int(request.query.get("per_page", 30)), self.page)
            number = int(request.query.get("page", 1))
            headers = {}
            links = []
            for name, to in (("prev", number - 1), ("next", number + 1)):
                if 0 < to and (to - 1) * size < len(found):
                    query = urlencode({**request.query, "page": to})
                    links.append(f'<{host or self.url}{path}?{query}>; rel="{name}"')
            if links:
                headers["Link"] = ", ".join(links)
            return Reply(wrap(found[(number - 1) * size:number * size]), headers=headers)
        self.route(path, answer)

    # -- what goes wrong -----------------------------------------------------------------------

    def fault(self, n, kind):
        """The n-th request from now (1 is the next): 429, 403, 502, cut, drop or hold.

        hold: api.held is set when it has come, and it is answered after api.release is set."""
        self.faults[len(self.asked) + n] = kind

    def paths(self):
        return [f"{one.method} {one.path}" for one in self.asked]

    # -- requests ------------------------------------------------------------------------------

    def handle(self, handler):
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length)
        address = urlsplit(handler.path)
        query = {name: values[0] for name, values in
                 parse_qs(address.query, keep_blank_values=True).items()}
        request = SimpleNamespace(method=handler.command, path=address.path, query=query,
                                  body=body, headers=handler.headers, at=time.monotonic(),
                                  status=None)
        with self.lock:
            self.asked.append(request)
            fault = self.faults.pop(len(self.asked), None)
        if fault == "hold":
            self.held.set()
            self.release.wait(60)
        reply = self.faulty(fault) or self.answer(request)
        request.status = fault if fault in ("cut", "drop") else reply.status
        self.send(handler, reply, fault)

    def faulty(self, fault):
        if fault == "429":
            return Reply({"message": "too many"}, 429, {"Retry-After": "1"})
        if fault == "403":      # as GitHub does it
            return Reply({"message": "You have exceeded a secondary rate limit"}, 403,
                         {"Retry-After": "1"})
        if fault == "502":
            return Reply(b"<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"})
        return None

    def answer(self, request):
        if request.headers.get(self.header) != self.token:
            return Reply({"message": "Bad credentials"}, 401)
        found = self.routes.get((request.method, request.path))
        if not found:
            return Reply({"message": "Not Found"}, 404)
        reply = found(request)
        reply.headers |= self.limit_headers(len(self.asked))
        return reply

    def send(self, handler, reply, fault):
        handler.close_connection = True
        if fault == "drop":
            return
        handler.send_response(reply.status)
        headers = {"Content-Type": "application/json", **reply.headers}
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        part = reply.body[:len(reply.body) // 2] if fault == "cut" else reply.body
        try:
            handler.wfile.write(part)
        except OSError:
            pass        # whom it was for has been killed
