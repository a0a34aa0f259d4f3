#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes texts that the portal serves as a C file.

    embed.py OUTPUT.c page.css openapi.yaml ...         page.css becomes page_css
"""

import os
import re
import sys

PROLOGUE = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by daemon/portal/embed.py from the files beside it. */
#include "static_priv.h"
"""


def rows(content):
    for start in range(0, len(content), 20):
        yield "\t" + ",".join(str(byte) for byte in content[start:start + 20]) + ","


def main(output, paths):
    lines = [PROLOGUE]
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        if b"\0" in content:
            sys.exit(f"{path}: holds a NUL byte")
        if path.endswith(".css"):
            # The licence is in the source; browsers need not read it.
            content = re.sub(rb"/\*.*?\*/\s*", b"", content, flags=re.S)
        if max(content, default=0) > 127:
            sys.exit(f"{path}: want ASCII")
        name = re.sub(r"[^a-z0-9]", "_", os.path.basename(path))
        lines += [f"const char {name}[] = {{", *rows(content), "\t0};", ""]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


main(sys.argv[1], sys.argv[2:])
