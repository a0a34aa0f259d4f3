# SPDX-License-Identifier: Apache-2.0
"""The harness keeps its own promises."""

import os

import pytest

from harness import http
from harness.wait import wait_until


def test_redis_gives_back_after_kill_9_what_it_had_acknowledged(redis):
    identity = redis.client().xadd("dorad:change", {"id": "one"})
    redis.kill()
    redis.start()
    assert redis.client().xrange("dorad:change") == [(identity, {"id": "one"})]


def test_a_frozen_redis_answers_nothing_until_it_is_thawed(redis):
    redis.freeze()
    with pytest.raises(Exception, match="(?i)timeout"):
        redis.client(socket_timeout=0.2).ping()
    redis.thaw()
    assert redis.client().ping()


def test_a_redis_that_is_removed_leaves_no_process_and_no_folder(redis):
    pid, folder = redis.pid, redis.folder
    redis.remove()
    assert not os.path.exists(folder)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_waiting_for_what_never_comes_says_what_was_waited_for():
    with pytest.raises(AssertionError, match="rain"):
        wait_until(lambda: False, seconds=0.05, what="rain")


def test_the_github_signature_is_that_of_its_documentation():
    assert http.sign_github("It's a Secret to Everybody", "Hello, World!") == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17")


def test_the_standard_webhooks_signature_covers_id_time_and_body():
    secret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="
    got = http.sign_standard(secret, '{"object_kind":"push"}',
                             "f5e5f430-f57b-4e6e-9fac-d9128cd7232f", 1700000000)
    assert got == "v1,68n7sQVzNQF7jew9KS2HTT9NVpOYy2A5oNqzWGa8QlM="
