# SPDX-License-Identifier: Apache-2.0
"""Nothing of ours has a name that a library has, or could come to have; and nothing is offered
that nobody takes.

A struct of ours with a library's name compiles without a warning, and then one side frees the
other's memory.
"""

import os
import re
import subprocess

from sources import BUILD, assert_none, c_files, headers, read, without_comments

PACKAGES = ("hiredis", "jansson", "libcrypto", "libevent", "libevent_openssl",
            "libevent_pthreads", "libpq", "libssl", "libsystemd", "libzstd", "simdjson",
            "sqlite3", "yaml-0.1")

# Prefixes that libevent, jansson, hiredis and libpq keep for themselves.
THEIRS = re.compile(r"^(event|ev[_A-Z]|json_|redis|sds|pg_|PQ|sqlite3|yaml_|SSL_|EVP_|ZSTD_)")


def nm(*arguments):
    lines = subprocess.run(["nm", "--defined-only", *arguments], check=True, text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {line.split()[-1].split("@")[0] for line in lines.splitlines()
            if len(line.split()) == 3}


def archives():
    return [os.path.join(folder, name) for folder, _, names in os.walk(BUILD + "/daemon")
            for name in names if name.endswith(".a")]


def objects():
    return [os.path.join(folder, name) for folder, _, names in os.walk(BUILD)
            for name in names if name.endswith(".o")]


def libraries():
    """The shared libraries that dorad may be linked with."""
    flags = subprocess.run(["pkg-config", "--libs", *PACKAGES], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.split()
    names = [flag[2:] for flag in flags if flag.startswith("-l")] + ["c"]
    paths = [subprocess.run(["gcc", f"-print-file-name=lib{name}.so"], check=True, text=True,
                            stdout=subprocess.PIPE).stdout.strip() for name in names]
    # libc.so is a linker script; what it names is beside it.
    return [os.path.realpath(path if not path.endswith("libc.so") else path + ".6")
            for path in paths]


def test_no_symbol_of_ours_is_one_of_a_library():
    ours = set().union(*(nm("-g", path) for path in archives()))
    assert "arena_create" in ours, "the archives were not read"
    for path in libraries():
        theirs = nm("-D", path)
        assert theirs, f"{path} was not read"
        clash = {name for name in ours & theirs if not name.startswith("_")}
        assert not clash, f"{path} has them too: {sorted(clash)}"


def test_no_function_or_variable_of_ours_begins_as_a_librarys_do():
    assert_none(f"{os.path.basename(path)}: {name}"
                for path in archives() for name in sorted(nm(path)) if THEIRS.match(name))


def test_no_type_or_macro_of_ours_begins_as_a_librarys_do():
    definition = re.compile(r"\b(?:struct|enum|union)\s+(\w+)\s*\{|^\s*#\s*define\s+(\w+)", re.M)
    assert_none(f"{name}: {kind or macro}" for name in headers() + c_files()
                for kind, macro in definition.findall(without_comments(read(name)))
                if THEIRS.match(kind or macro))


def of_kind(kind, paths):
    lines = subprocess.run(["nm", *paths], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return {line.split()[-1] for line in lines if line.split()[-2:-1] == [kind]}


def test_a_function_that_a_header_offers_is_called_from_another_file():
    """One that its own file alone calls is static, and one that nobody calls is gone."""
    # An object may be left of a file that is gone; an archive has what there is now.
    offered, called = of_kind("T", archives()), of_kind("U", objects())
    assert len(offered) > 500, "the archives were not read"
    assert not offered - called
