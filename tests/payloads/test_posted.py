# SPDX-License-Identifier: Apache-2.0
"""Every sample of test_payloads.py, sent to a receiver as its sender sends it."""

import base64
import glob
import hashlib
import hmac
import os
import re

import pytest

from harness.dorad import Site
from harness.wait import wait_until
from test_payloads import BROKEN, COLLECTION, headers_of, samples, sources

PUBLIC_URL = "https://hooks.example/webhooks/trello"

# The header of a signature in hex, and what stands before it.
SIGNATURES = {
    "flux": ("X-Signature", "sha256="),
    "github": ("X-Hub-Signature-256", "sha256="),
    "jira": ("X-Hub-Signature", "sha256="),
    "pagerduty": ("X-PagerDuty-Signature", "v1="),
    "servicenow": ("X-Dorad-Signature", "sha256="),
}


def signed(source, body, secret):
    if source in SIGNATURES:
        name, prefix = SIGNATURES[source]
        return {name: prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}
    if source == "trello":
        mac = hmac.new(secret.encode(), body + PUBLIC_URL.encode(), hashlib.sha1).digest()
        return {"X-Trello-Webhook": base64.b64encode(mac).decode()}
    if source == "gitlab":
        return {"X-Gitlab-Token": secret}
    return {"Authorization": f"Bearer {secret}"}


def read(path):
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.skipif(not sources(), reason="no collection of samples beside the project")
def test_each_sample_is_answered_200_and_only_the_broken_are_quarantined():
    with Site() as site:
        for source in sources():
            options = {"public_url": PUBLIC_URL} if source == "trello" else {}
            site.endpoint(source, source, **options)
        receive = site.start("receive")
        posted = []
        for source in sources():
            for path in samples(source):
                body = read(path)
                headers = dict(header.split(": ", 1) for header in headers_of(source, path))
                headers |= signed(source, body, site.secrets[source])
                assert receive.post(source, body, headers).status == 200, path
                posted.append(os.path.relpath(path, COLLECTION))
        wait_until(lambda: not site.table("deliveries", "--state", "kept"))
        rows = site.table("deliveries", "--state", "quarantined", "--last", "1000")
        assert {posted[row["seq"] - 1] for row in rows} == BROKEN.keys() & set(posted)
        print(f"{len(posted)} samples, {len(rows)} of them quarantined")


def signed_samples():
    """(source, body, secret, header, value) of those that came with what they were signed with."""
    for path in sorted(glob.glob(os.path.join(COLLECTION, "*", "*.signature.txt"))):
        text = read(path).decode()
        secret = re.search(r"^(?:secret|key): (.+)$", text, re.M)[1]
        header, value = re.search(r"^(X-[\w-]+): (.+)$", text, re.M).groups()
        yield (os.path.basename(os.path.dirname(path)),
               read(path.removesuffix("signature.txt") + "signed-body.json"), secret, header, value)


@pytest.mark.skipif(not sources(), reason="no collection of samples beside the project")
def test_what_a_sender_signed_verifies_and_with_another_byte_does_not():
    cases = list(signed_samples())
    assert {case[0] for case in cases} == {"flux", "pagerduty"}
    with Site() as site:
        for source, _, secret, _, _ in cases:
            site.endpoint(source, source, secret)
        receive = site.start("receive")
        for source, body, _, header, value in cases:
            assert receive.post(source, body, {header: value}).status == 200
            assert receive.post(source, body[:-1] + b" ", {header: value}).status == 401
            other = value[:-1] + ("0" if value[-1] != "0" else "1")
            assert receive.post(source, body, {header: other}).status == 401
