# SPDX-License-Identifier: Apache-2.0
"""Stable identities for made-up things: the same name has the same number and hash always."""

import hashlib
from datetime import timedelta


def sha(*parts):
    return hashlib.sha1("/".join(map(str, parts)).encode()).hexdigest()


def number(*parts):
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:5], "big")


def uuid(*parts):
    text = sha(*parts)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


def minutes(n):
    return timedelta(minutes=n)
