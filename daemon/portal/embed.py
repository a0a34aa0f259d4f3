#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes texts that the portal serves as a C file.

    embed.py OUTPUT.c style=chart.css,page.css icon=icon.svg ...

makes of each `const char style_text[]`, style_hex[] (12 digits of its SHA-256, for an address)
and style_sha256[] (all of it in base64, for a Content-Security-Policy).
"""

import base64
import hashlib
import re
import sys

PROLOGUE = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by daemon/portal/embed.py from the files beside it. */
#include "static_priv.h"
"""


def content(path):
    with open(path, "rb") as file:
        text = file.read()
    if path.endswith(".css"):
        # Comments are for whoever reads the source.
        text = re.sub(rb"/\*.*?\*/\s*", b"", text, flags=re.S)
    if not text or min(text) == 0 or max(text) > 127:
        sys.exit(f"{path}: want ASCII, and something of it")
    return text


def rows(text):
    for start in range(0, len(text), 20):
        yield "\t" + ",".join(str(byte) for byte in text[start:start + 20]) + ","


def main(output, texts):
    lines = [PROLOGUE]
    for each in texts:
        name, paths = each.split("=", 1)
        text = b"".join(content(path) for path in paths.split(","))
        digest = hashlib.sha256(text).digest()
        lines += [f"const char {name}_text[] = {{", *rows(text), "\t0};",
                  f'const char {name}_hex[] = "{digest.hex()[:12]}";',
                  f'const char {name}_sha256[] = "{base64.b64encode(digest).decode()}";', ""]
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(lines))


main(sys.argv[1], sys.argv[2:])
