# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, never for a time."""

import time


def wait_until(condition, seconds=60, what=None):
    """Polls until condition() is true and returns what it gave.

    After `seconds` without, an AssertionError says `what` (a text, or a function that makes one)
    was waited for. The deadline only bounds a test that would hang; it is no criterion.
    """
    deadline = time.monotonic() + seconds
    pause = 0.002
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            words = what() if callable(what) else what or condition.__name__
            raise AssertionError(f"waited {seconds} s in vain for {words}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
