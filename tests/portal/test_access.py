# SPDX-License-Identifier: Apache-2.0
"""Who may read, and what the portal does while its database is away."""

import base64
import os
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor

from harness import http
from harness.dorad import ROOT, Site, run
from harness.prepared import prepared
from harness.wait import wait_until

TOKEN = "a-token-of-the-portals-tests"
PAGES = ("/", "/assurance", "/data", "/services/x", "/teams/x", "/services/x/lead-time.svg",
         "/services/x/2026-01", "/services/x/2026-01/lead-time", "/api/v1/services",
         "/api/v1/services/x/months", "/api/openapi.yaml", "/dora/api/metric?type=df_count",
         "/nowhere")


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def basic(name, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def start(site, **options):
    site.config["portal"] |= options
    return site.start("portal")


def refusal(site, **options):
    """What `dorad portal` says instead of starting."""
    site.config["portal"] |= options
    done = site.run("portal", check=False)
    assert done.returncode == 1
    return done.stderr


def test_with_a_token_every_page_wants_it_and_takes_it_as_bearer_or_password(full_site):
    portal = start(full_site, token=full_site.file("token", TOKEN + "\n"))
    for path in PAGES:
        answer = portal.get(path)
        assert answer.status == 401, path
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers["cache-control"] == "no-store"
    for headers in (bearer(TOKEN), basic("anyone", TOKEN), basic("", TOKEN)):
        assert portal.get("/", headers).status == 200
    for headers in (bearer(TOKEN + "x"), bearer(TOKEN[:-1]), bearer(""), basic(TOKEN, ""),
                    {"Authorization": TOKEN}, {"Authorization": "Basic ?"}):
        assert portal.get("/", headers).status == 401, headers
    assert TOKEN not in portal.read_log()


def test_a_token_that_everybody_may_read_is_refused_and_a_bare_name_is_beside_the_file(full_site):
    """dorad.yaml(5) has it so of all secrets."""
    os.mkdir(f"{full_site.folder}/secrets")
    path = full_site.file("secrets/portal", TOKEN + "\n")
    os.chmod(path, 0o644)
    assert f"portal.token: {path}: " in refusal(full_site, token="portal")
    assert "chmod o=" in refusal(full_site, token="portal")
    os.chmod(path, 0o600)
    assert start(full_site, token="portal").get("/", bearer(TOKEN)).status == 200


def test_a_reload_does_not_open_an_address_that_only_a_restart_would_close(full_site):
    full_site.portal_address = f"0.0.0.0:{http.free_port()}"
    portal = start(full_site, token=full_site.file("token", TOKEN),
                   listen=[full_site.portal_address])
    del full_site.config["portal"]["token"]
    full_site.config["portal"]["listen"] = [f"127.0.0.1:{http.free_port()}"]
    full_site.write()
    portal.send(signal.SIGHUP)
    wait_until(lambda: "reload error=" in portal.read_log())
    assert "others could read everything there" in portal.read_log()
    assert portal.get("/").status == 401


def test_probes_and_the_style_are_for_everybody(full_site):
    portal = start(full_site, token=full_site.file("token", TOKEN))
    style = re.search(r'"(/style-[0-9a-f]+\.css)"', portal.get("/", bearer(TOKEN)).body.decode())
    for path in ("/healthz", "/readyz", "/icon.svg", "/robots.txt", style.group(1)):
        assert portal.get(path).status == 200, path


def test_a_trusted_proxy_names_the_person_and_nobody_else_may(full_site):
    portal = start(full_site, trusted_header="X-Forwarded-User", trusted_proxies=["127.0.0.1"])
    assert portal.get("/").status == 401
    assert portal.get("/", {"X-Forwarded-User": ""}).status == 401
    assert portal.get("/", {"X-Forwarded-User": "ada"}).status == 200
    assert portal.get("/", {"x-forwarded-user": "ada"}).status == 200
    # One that somebody put in front of the proxy's makes two: neither is believed.
    with http.connect(full_site.portal_address) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-User: eve\r\n"
                           b"X-Forwarded-User: ada\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 401 ")


def test_the_header_of_one_that_is_no_trusted_proxy_is_not_believed(full_site):
    portal = start(full_site, trusted_header="X-Forwarded-User", trusted_proxies=["10.0.0.1"])
    assert portal.get("/", {"X-Forwarded-User": "ada"}).status == 401


def test_an_address_that_others_reach_wants_a_word_on_who_may_read(full_site):
    address = f"0.0.0.0:{http.free_port()}"
    words = refusal(full_site, listen=[address])
    assert address in words and "portal.token" in words and "portal.open" in words
    assert "portal.trusted_proxies" in refusal(full_site, listen=["127.0.0.1:0"],
                                               trusted_header="X-User")
    short = full_site.file("token", "short")
    del full_site.config["portal"]["trusted_header"]
    assert "16 to" in refusal(full_site, token=short)
    assert short in refusal(full_site, token=short)
    assert "/nowhere" in refusal(full_site, token="/nowhere")


def test_a_socket_of_systemds_that_others_reach_wants_the_same_word(full_site):
    with socket.create_server(("0.0.0.0", 0)) as listener:
        listener.set_inheritable(True)
        given = {"env": {"LISTEN_FDS": "1"}, "fds": [listener.fileno()], "wrapper": [
            "bash", "-c", f'LISTEN_PID=$$ exec "$@" 3<&{listener.fileno()}', "-"]}
        full_site.portal_address = "127.0.0.1:%d" % listener.getsockname()[1]
        full_site.config["portal"] |= {"listen": ["systemd"]}
        refused = full_site.start("portal", wait=False, **given)
        assert refused.process.wait(timeout=60) == 1
        assert "passed on" in refused.read_log() and "portal.open" in refused.read_log()
        full_site.config["portal"]["open"] = True
        portal = full_site.start("portal", **given)
        assert portal.get("/").status == 200
        # What was let go of in a reload is asked for again.
        del full_site.config["portal"]["open"]
        full_site.write()
        portal.send(1)
        wait_until(lambda: "passed on" in portal.read_log())
        assert portal.get("/").status == 200


def test_without_a_word_it_listens_on_loopback():
    words = run("portal", "--help").stdout
    assert "portal" in words
    with open(os.path.join(ROOT, "schemas", "dorad.schema.json"), encoding="utf-8") as file:
        assert '"127.0.0.1:8081"' in file.read()


def test_a_new_token_holds_after_a_reload_and_a_bad_one_changes_nothing(full_site):
    path = full_site.file("token", TOKEN)
    portal = start(full_site, token=path)
    full_site.file("token", "another-token-for-the-tests")
    portal.send(1)
    wait_until(lambda: portal.get("/", bearer("another-token-for-the-tests")).status == 200)
    assert portal.get("/", bearer(TOKEN)).status == 401
    full_site.file("token", "x")
    portal.send(1)
    wait_until(lambda: "what was read before stands" in portal.read_log())
    assert portal.get("/", bearer("another-token-for-the-tests")).status == 200


def test_a_reload_does_not_wait_for_a_page_that_postgres_is_slow_over(full_site):
    """One that must not be read any more is not to be kept open by a slow reader."""
    portal = start(full_site)
    full_site.query("INSERT INTO dorad_data.service (service) VALUES ('x')")
    with full_site.postgres.connect(full_site.database, autocommit=False) as locking, \
            ThreadPoolExecutor() as pool:
        locking.cursor().execute("LOCK TABLE dorad_data.monthly IN ACCESS EXCLUSIVE MODE")
        slow = pool.submit(portal.get, "/services/x")
        wait_until(lambda: full_site.query("SELECT pid FROM pg_locks WHERE NOT granted"))
        full_site.config["portal"]["token"] = full_site.file("token", TOKEN)
        full_site.write()
        portal.send(signal.SIGHUP)
        wait_until(lambda: portal.get("/nowhere").status == 401)
        assert not slow.done()
        locking.rollback()
        assert slow.result().status == 200      # it was asked for while everybody might
    assert portal.get("/services/x").status == 401
    assert portal.get("/services/x", bearer(TOKEN)).status == 200


def test_nothing_but_questions_is_answered(full_site):
    portal = start(full_site)
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = http.request(full_site.portal_address, method, "/", body="x")
        assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD, OPTIONS"
    answer = http.request(full_site.portal_address, "HEAD", "/assurance")
    assert answer.status == 200 and answer.body == b""
    assert int(answer.headers["content-length"]) > 500
    assert portal.is_running()


def test_metrics_may_have_an_address_of_their_own_which_asks_for_no_token(full_site):
    address = f"127.0.0.1:{http.free_port()}"
    portal = start(full_site, metrics_listen=[address], token=full_site.file("token", TOKEN))
    assert http.get(address, "/metrics").status == 200
    assert http.get(address, "/healthz").status == 200
    for path in PAGES:
        assert http.get(address, path).status == 404, path
    assert portal.get("/metrics", bearer(TOKEN)).status == 404


def test_while_the_database_is_away_pages_say_so_and_come_back_with_it():
    with prepared() as server, Site(postgres=server) as site:
        portal = site.start("portal")
        assert portal.get("/readyz").status == 200
        server.stop()
        assert portal.get("/healthz").status == 200
        assert portal.get("/readyz").status == 503
        page = portal.get("/services/x")
        assert page.status == 503 and b"does not answer" in page.body
        assert page.headers["retry-after"] and page.headers["cache-control"] == "no-store"
        problem = portal.get("/api/v1/services")
        assert problem.status == 503
        assert problem.headers["content-type"] == "application/problem+json"
        assert portal.metrics()["dorad_portal_unavailable_total"] >= 3
        assert server.folder not in page.body.decode()
        server.start()
        wait_until(lambda: portal.get("/").status == 200)


def test_who_asks_for_the_same_page_at_once_gets_it_and_who_may_not_does_not(full_site):
    """They are served together: each by what it shows itself."""
    portal = start(full_site, token=full_site.file("token", TOKEN))
    etag = portal.get("/assurance", bearer(TOKEN)).headers["etag"]
    asked = [{}, bearer(TOKEN), bearer("wrong-token-of-somebody"),
             {**bearer(TOKEN), "If-None-Match": etag}] * 30
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda headers: portal.get("/assurance", headers), asked))
    assert [answer.status for answer in answers] == [401, 200, 401, 304] * 30
    assert len({answer.body for answer in answers if answer.status == 200}) == 1
    assert all(b"Assurance" not in answer.body.split(b"<main")[-1] for answer in answers
               if answer.status == 401)
