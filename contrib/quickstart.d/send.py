# SPDX-License-Identifier: Apache-2.0
"""Posts deliveries over HTTP as their senders do, signed."""

import hashlib
import hmac
import http.client
import threading
from concurrent.futures import ThreadPoolExecutor


class Refused(Exception):
    pass


def signature(delivery, secret):
    return "sha256=" + hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()


def github_headers(delivery, secret):
    return {"User-Agent": "GitHub-Hookshot/quickstart", "X-GitHub-Event": delivery.kind,
            "X-GitHub-Delivery": delivery.identity,
            "X-Hub-Signature-256": signature(delivery, secret)}


def gitlab_headers(delivery, secret):
    return {"User-Agent": "GitLab/17.5.0", "X-Gitlab-Event": delivery.kind,
            "X-Gitlab-Instance": "https://gitlab.example.com",
            "X-Gitlab-Event-UUID": delivery.identity, "Idempotency-Key": delivery.identity,
            "X-Gitlab-Token": secret}


def jira_headers(delivery, secret):
    return {"User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": delivery.identity,
            "X-Hub-Signature": signature(delivery, secret)}


def servicenow_headers(delivery, secret):
    return {"User-Agent": "ServiceNow/1.0", "X-Dorad-Delivery": delivery.kind,
            "X-Dorad-Signature": signature(delivery, secret)}


HEADERS = {"github": github_headers, "gitlab": gitlab_headers, "jira": jira_headers,
           "servicenow": servicenow_headers}


def post(address, delivery, secret):
    """address: (host, port). A connection of its own, as senders make one for each webhook."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("POST", f"/webhooks/{delivery.endpoint}", delivery.body,
                           {"Accept": "*/*", "Content-Type": "application/json",
                            **HEADERS[delivery.endpoint](delivery, secret)})
        status = connection.getresponse().status
    finally:
        connection.close()
    if status != 200:
        raise Refused(f"a {delivery.kind} for {delivery.endpoint} was answered {status}, "
                      "not 200")


def send(address, deliveries, secrets, progress):
    """Posts them all, each sender its own in order, the senders side by side; progress(n) is
    told now and then how many have been answered 200."""
    lock = threading.Lock()
    done = 0

    def one_sender(endpoint):
        nonlocal done
        for delivery in deliveries:
            if delivery.endpoint != endpoint:
                continue
            post(address, delivery, secrets[endpoint])
            with lock:
                done += 1
                if done % 100 == 0 or done == len(deliveries):
                    progress(done)

    endpoints = {delivery.endpoint for delivery in deliveries}
    with ThreadPoolExecutor(len(endpoints)) as pool:
        for result in [pool.submit(one_sender, endpoint) for endpoint in sorted(endpoints)]:
            result.result()
