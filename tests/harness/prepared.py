# SPDX-License-Identifier: Apache-2.0
"""A private Postgres whose cluster is a copy of one that was made before.

    with prepared() as server:
        server.create("a", BY_FILES)    # with dorad's schema
        with Site(postgres=server) ...  # a copy of BY_PROGRAM

To make a cluster and to migrate a database takes seconds of a processor, in each file of tests
that asks for one; to copy them a fraction of one. Which one is copied goes by the program under
test, the migrations, the version of Postgres and the locale. They are kept in build/prepared.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

import yaml

from harness.dorad import ROOT, program, run
from harness.postgres import C_UTF8, Postgres, migrations, programs

FOLDER = os.path.join(ROOT, "build", "prepared")
KEPT = 4    # for two programs and two locales

BY_PROGRAM = "template_dorad"   # migrated by the program under test
BY_FILES = "template_files"     # with what schemas/postgres now holds


def prepared(settings=None, locale=C_UTF8):
    """As Postgres() is, not started."""
    server = Postgres(settings, origin=lambda data: copy(locale, data))
    server.template = BY_PROGRAM
    return server


def key(locale):
    digest = hashlib.sha256("\0".join((programs(), *locale)).encode())
    for path in (program(), *migrations()):
        with open(path, "rb") as file:
            digest.update(file.read() + b"\0")
    return digest.hexdigest()[:16]


def copy(locale, data):
    """Makes the cluster first where there is none; others who want it wait meanwhile."""
    os.makedirs(FOLDER, exist_ok=True)
    kept = os.path.join(FOLDER, key(locale))
    with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(kept):
            drop_old()
            make(locale, kept)
        os.utime(kept)
        # Under the lock: nobody drops it meanwhile.
        subprocess.run(["cp", "-a", "--reflink=auto", kept, data], check=True)


def drop_old():
    others = [entry for entry in os.scandir(FOLDER) if entry.is_dir()]
    others.sort(key=lambda entry: entry.stat().st_mtime)
    for entry in others[:max(0, len(others) - KEPT + 1)]:
        shutil.rmtree(entry.path)


def make(locale, kept):
    server = Postgres(locale=locale)
    try:
        server.start()
        server.create(BY_FILES)
        server.migrate(BY_FILES)
        server.create(BY_PROGRAM)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as config:
            yaml.safe_dump({"redis": "unix:///not/asked", "rollup": {
                "postgres": server.dsn(BY_PROGRAM)}}, config)
            config.flush()
            run("migrate", config=config.name)
        server.stop()
        # Whole or not at all: it appears by a change of name within one folder.
        unfinished = os.path.join(FOLDER, "unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        subprocess.run(["cp", "-a", server.data, unfinished], check=True)
        os.rename(unfinished, kept)
    finally:
        server.remove()
