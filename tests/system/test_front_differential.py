# SPDX-License-Identifier: Apache-2.0
"""The request reader against those of others: tests/fuzz/differential, briefly
(RELIABILITY.md section 10, row 26)."""

import importlib.machinery
import importlib.util
import os
import random
import sys

from harness.dorad import ROOT


def load():
    path = os.path.join(ROOT, "tests", "fuzz", "differential")
    loader = importlib.machinery.SourceFileLoader("differential", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.dont_write_bytecode = True
    loader.exec_module(module)
    return module


def test_no_request_that_we_accept_is_framed_otherwise_by_another_reader():
    seed = random.randrange(1 << 30)
    accepted, found = load().compare(5000, seed)
    print(f"seed {seed}: {accepted}")
    assert not found, f"seed {seed}: {found[:5]}"
    # It compares something: each of them takes many of the same requests.
    assert min(accepted.values()) > 500


def test_a_difference_would_be_seen():
    difference = load().difference
    ours = {"requests": [["/a", 2, "78"]], "end": "more"}
    assert difference(ours, {"requests": [["/a", "POST", "78"]], "end": "more"}) is None
    assert difference(ours, {"requests": [], "end": "HPE_INVALID"}) is None
    assert "not complete" in difference(ours, {"requests": [], "end": "more"})
    for other in ["/b", "POST", "78"], ["/a", "PUT", "78"], ["/a", "POST", "7878"]:
        assert "to it" in difference(ours, {"requests": [other], "end": "more"})
