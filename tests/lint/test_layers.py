# SPDX-License-Identifier: Apache-2.0
"""The parts stay in their order, and each outside thing has one owner."""

import os
import re

from sources import PARTS, ROOT, assert_none, headers, includes, part_of, read, tracked

# Which part is the lowest that may know a library.
OWNERS = {
    "event2/": "http",
    "hiredis": "stream",
    "jansson.h": "config",
    "libpq-fe.h": "store",
    "openssl/bio.h": "http",
    "openssl/err.h": "http",
    "openssl/ssl.h": "http",
    "openssl/x509": "http",
    "pg_config": "store",
    "simdjson.h": "source",
    "sqlite3.h": "ledger",
    "systemd/": "http",
    "yaml.h": "config",
    "zstd.h": "ledger",
    # Where the operating system comes in: the parts before are pure but for base's own files.
    "arpa/": "http",
    "fcntl.h": "config",
    "netdb.h": "http",
    "netinet/": "http",
    "poll.h": "http",
    "pthread.h": "http",
    "signal.h": "http",
    "sys/socket.h": "http",
    "sys/un.h": "http",
}
ORDER = {part: place for place, part in enumerate(PARTS)}
FILES = tracked("include/*.h", "daemon/*.h", "daemon/*.c", "daemon/*.cpp")


def test_every_part_is_known_and_built_in_this_order():
    folders = {part_of(name) for name in FILES} - {None}
    assert folders <= set(PARTS)
    built = re.findall(r"subdir\('daemon/(\w+)'\)", read("meson.build"))
    assert built == [part for part in PARTS if part in built]


def wrong(name, line, what):
    """Why a file may not include this, or None."""
    part = part_of(name)
    target = what.strip('"<>')
    where = f"{name}:{line}: {part} includes {what}"
    if what[0] == "<":
        for library, owner in OWNERS.items():
            if target.startswith(library) and ORDER[part] < ORDER[owner]:
                return f"{where}, which belongs to {owner}"
    elif "/" in target:
        other = target.split("/")[0]
        if other not in ORDER:
            return f"{where}: there is no such part"
        if ORDER[other] > ORDER[part]:
            return f"{where}, a part above it"
    elif not os.path.exists(os.path.join(ROOT, os.path.dirname(name), target)):
        return f"{where}: a header of another part is \"part/x.h\""
    return None


def test_includes_point_down_and_each_library_has_an_owner():
    found = [wrong(name, line, what) for name in FILES for line, what in includes(name)]
    assert len(found) > 100, "the files were not read"
    assert_none(found)


def test_a_header_is_guarded_by_its_own_name():
    def guard(name):
        return "DORAD_" + re.sub(r"[^A-Z0-9]", "_", name.split("/", 1)[1].upper())
    assert_none(f"{name}: want the guard {guard(name)}" for name in headers() if part_of(name)
                and f"#ifndef {guard(name)}\n#define {guard(name)}\n" not in read(name))


def test_the_check_sees_an_arrow_that_points_up_and_a_library_out_of_place():
    assert wrong("daemon/base/arena.c", 1, '"event/dora_event.h"')
    assert wrong("daemon/source/github.c", 1, "<openssl/ssl.h>")
    assert wrong("daemon/source/github.c", 1, "<event2/event.h>")
    assert wrong("daemon/store/store.c", 1, '"nowhere/x.h"')
    assert not wrong("daemon/store/store.c", 1, "<libpq-fe.h>")
    assert not wrong("daemon/command/check.c", 1, '"store/store.h"')
