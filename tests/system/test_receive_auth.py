# SPDX-License-Identifier: Apache-2.0
"""What the receiver tells who may not deliver, and where it does without a proof."""

import re

import pytest

from harness import http
from harness.http import raw

CHALLENGES = {
    "signature": "Dorad-Signature",
    "bearer": 'Bearer realm="dorad"',
    "token": "Dorad-Token",
    "basic": 'Basic realm="dorad", charset="UTF-8"',
    "path": "Dorad-Token",
    "query": "Dorad-Token",
}


def undated(answer):
    return re.sub(rb"Date: [^\r]*", b"Date", answer)


def test_a_401_says_what_is_wanted_and_never_what_was_wrong(site):
    """RFC 9110 section 11.6.1. The same bytes, be it the head that earned it or the body."""
    for way in CHALLENGES:
        site.endpoint(way, "github", auth=way)
    receive = site.start("receive")
    wrong = {
        "signature": ["X-Hub-Signature-256: sha256=" + "0" * 64, "X-Hub-Signature-256: sha256=",
                      "X-Hub-Signature-256: sha1=00", "X: y"],
        "bearer": ["Authorization: Bearer x", "Authorization: Basic eDp5", "X: y"],
        "token": ["X-Dorad-Token: x", "X-Dorad-Token: x\r\nX-Dorad-Token: x", "X: y"],
        "basic": ["Authorization: Basic eDp5", "Authorization: Basic !", "X: y"],
        "path": ["X: y"],
        "query": ["X: y"],
    }
    for way, challenge in CHALLENGES.items():
        answers = {undated(raw(receive.address, (
            f"POST /webhooks/{way}{more} HTTP/1.1\r\nHost: x\r\n{header}\r\n"
            "Content-Length: 2\r\n\r\n{}").encode()))
            for header in wrong[way] for more in ("", "?token=x")}
        assert answers == {(
            "HTTP/1.1 401 Unauthorized\r\nDate\r\nContent-Length: 0\r\n"
            f"WWW-Authenticate: {challenge}\r\nConnection: close\r\n\r\n").encode()}, way


@pytest.mark.parametrize("name", ["127.0.0.1.dorad.invalid", "127.dorad.invalid",
                                  "localhost.dorad.invalid", "0.0.0.0", "[::]", "*"])
def test_only_an_address_of_this_machine_does_without_a_secret(site, name):
    """A name that begins like one may be anybody's: who may answer for it says where it leads."""
    site.config["receive"]["endpoints"]["open"] = {"source": "events", "auth": "none"}
    site.config["receive"]["listen"] = [f"{name}:{http.free_port()}"]
    site.write()
    for command in ("receive", "check"):
        done = site.run(command, check=False)
        assert done.returncode == 1
        assert "public_without_secret" in done.stdout + done.stderr
