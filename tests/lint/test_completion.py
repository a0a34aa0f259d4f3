# SPDX-License-Identifier: Apache-2.0
"""bash completes commands, options and endpoints."""

import os
import shlex
import subprocess

from harness import dorad
from sources import ROOT

SCRIPT = os.path.join(ROOT, "contrib", "completion", "dorad")


def complete(*words, config="/nowhere"):
    """What bash offers for the last of the words."""
    words = [dorad.program(), *words]
    script = (f"source {SCRIPT}; COMP_WORDS=({' '.join(map(shlex.quote, words))}); "
              f"COMP_CWORD={len(words) - 1}; _dorad; printf '%s\\n' \"${{COMPREPLY[@]}}\"")
    done = subprocess.run(["bash", "-c", script], check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "DORAD_CONFIG": str(config)})
    return done.stdout.split()


def test_a_command_is_completed():
    assert complete("rol") == ["rollup"]
    assert "check" in complete("")


def test_an_option_of_the_command_is_completed():
    assert complete("rollup", "--as") == ["--as-of"]
    assert complete("migrate", "--as") == []


def test_an_endpoint_is_completed_from_the_configuration(tmp_path):
    config = tmp_path / "dorad.yaml"
    config.write_text("redis: x\nreceive:\n  endpoints:\n    github: {source: github}\n"
                      "    gitlab: {source: gitlab}\nrollup:\n    other: x\n")
    assert complete("deliveries", "--endpoint", "git", config=config) == ["github", "gitlab"]
    assert complete("deliveries", "--endpoint", "o", config=config) == []


def test_the_first_word_of_a_command_is_completed():
    assert complete("import", "g") == ["github", "gitlab", "git"]
    assert "unmapped" in complete("catalog", "")
    assert complete("deliveries", "") == ["show", "missing", "recover"]
