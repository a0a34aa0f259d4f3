# SPDX-License-Identifier: Apache-2.0
"""The example consumer in Python; the one in Node is held to the same by tests/npm/run."""

import os

from harness.dorad import ROOT
from harness.forward import check_consumer


def test_what_the_sink_refused_is_forwarded_again_and_only_then_acknowledged(redis):
    example = os.path.join(ROOT, "contrib", "examples", "forward.py")
    check_consumer(["/usr/bin/python3", example], redis.client(), redis.socket)
