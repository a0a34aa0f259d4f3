# SPDX-License-Identifier: Apache-2.0
"""A header can be included first, and alone."""

import os
import subprocess

from sources import ROOT, assert_none, headers, part_of

PACKAGES = ("hiredis", "jansson", "libcrypto", "libevent", "libpq", "libssl", "sqlite3",
            "yaml-0.1")


def test_every_header_compiles_alone():
    flags = subprocess.run(["pkg-config", "--cflags", *PACKAGES], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()

    def complaint(name):
        folder = os.path.dirname(os.path.join(ROOT, name))
        done = subprocess.run(
            ["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE",
             "-fsyntax-only", "-I", os.path.join(ROOT, "include"), "-I", folder, *flags,
             "-x", "c", "-"],
            input=f'#include "{os.path.join(ROOT, name)}"\n', text=True,
            stderr=subprocess.PIPE, check=False)
        return None if done.returncode == 0 else done.stderr

    assert_none(complaint(name) for name in headers() if part_of(name))
