# SPDX-License-Identifier: Apache-2.0
"""Posts deliveries over HTTP as their senders do, signed."""

import hashlib
import hmac
import http.client
from concurrent.futures import ThreadPoolExecutor

SENDERS = 4     # connections at one time
CHUNK = 500     # deliveries between two words of progress


class Refused(Exception):
    pass


def github_headers(delivery, secret):
    signature = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/quickstart",
        "X-GitHub-Delivery": delivery.identity,
        "X-GitHub-Event": delivery.kind,
        "X-Hub-Signature-256": f"sha256={signature}",
    }


HEADERS = {"github": github_headers}


def post(address, delivery, secret):
    """address: (host, port). A connection of its own, as GitHub makes one for each webhook."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("POST", f"/webhooks/{delivery.endpoint}", delivery.body,
                           HEADERS[delivery.endpoint](delivery, secret))
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != 200:
        raise Refused(f"{delivery.kind} {delivery.identity} was answered {status}, not 200")


def send(address, deliveries, secrets, progress):
    """Posts them all; progress(n) is told how many have been answered 200."""
    with ThreadPoolExecutor(SENDERS) as pool:
        for start in range(0, len(deliveries), CHUNK):
            chunk = deliveries[start:start + CHUNK]
            list(pool.map(lambda d: post(address, d, secrets[d.endpoint]), chunk))
            progress(start + len(chunk))
