#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the migrations as a C file, so that the program carries its own schema.

    embed.py OUTPUT.c 0001_first.sql 0002_second.sql ...
"""

import os
import re
import sys

PROLOGUE = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by schemas/postgres/embed.py from the migrations beside it. */
#include "store/migration.h"

"""


def version(name):
    match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", name)
    if not match:
        sys.exit(f"{name}: want a name like 0001_what_it_does.sql")
    return int(match.group(1))


def rows(content):
    for start in range(0, len(content), 20):
        yield "\t" + ",".join(str(byte) for byte in content[start:start + 20]) + ","


def main(output, paths):
    paths = sorted(paths, key=os.path.basename)
    names = [os.path.basename(path) for path in paths]
    versions = [version(name) for name in names]
    if versions != list(range(1, len(versions) + 1)):
        sys.exit(f"migrations must be numbered 1, 2, 3 ... without gaps: {versions}")

    lines = [PROLOGUE]
    table = []
    for path, name, number in zip(paths, names, versions):
        with open(path, "rb") as file:
            content = file.read()
        if b"\0" in content:
            sys.exit(f"{path}: holds a NUL byte")
        lines += [f"static const unsigned char text_{number}[] = {{", *rows(content), "\t0};", ""]
        table.append(f'\t{{{number}, "{name}", (const char *)text_{number}, {len(content)}}},')
    lines += ["const struct migration migrations[] = {", *table, "\t{0},", "};", "",
              f"const size_t n_migrations = {len(table)};", ""]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


main(sys.argv[1], sys.argv[2:])
