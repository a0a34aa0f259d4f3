# SPDX-License-Identifier: Apache-2.0
"""A private PostgreSQL cluster on a unix socket in a temporary folder.

    with Postgres() as server:
        server.create("dorad")          # an empty database
        server.migrate("dorad")         # with dorad's schema
        with server.connect("dorad") as connection: ...

The server refuses to run as root, so a root caller starts it as the system user `postgres`.
It dies with the process that started it, and is otherwise stopped by its process id. Nothing
here is durable: fsync is off.
"""

import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

import psycopg2

SUPERUSER = "postgres"
SCHEMA_FOLDER = os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schemas", "postgres"))

C_UTF8 = ("--locale=C.UTF-8",)

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "on",     # as in production: what is committed is visible and ordered
    "shared_buffers": "128MB",
    "max_connections": "60",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "10s",
    "log_statement": "none",
    "timezone": "UTC",
}


def programs():
    """The folder with initdb and postgres: the newest installed, or where pg_config says."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if found:
        newest = max(found, key=lambda path: int(path.split("/")[4].split(".")[0]))
        return os.path.dirname(newest)
    return subprocess.run(["pg_config", "--bindir"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def migrations():
    """dorad's migration files, in the order in which they are applied."""
    return sorted(glob.glob(os.path.join(SCHEMA_FOLDER, "*.sql")))


def touched(cursor):
    """Rows read or written in the database so far, and blocks looked at."""
    cursor.execute("SELECT pg_stat_force_next_flush()")
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    cursor.execute("""SELECT sum(coalesce(idx_tup_fetch, 0) + seq_tup_read + n_tup_ins + n_tup_upd
                                 + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'dorad_data'""")
    rows = cursor.fetchone()[0]
    cursor.execute("SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()")
    return float(rows), float(cursor.fetchone()[0])


class Postgres:
    def __init__(self, settings=None, locale=C_UTF8, replica_of=None, keep=None, origin=None):
        """`settings`: server settings that differ from SETTINGS, by name; `locale`: of initdb;
        `replica_of`: a running Postgres that this one is to follow; `keep`: a folder that stays,
        and whose cluster is taken up again when there is one; `origin`: called with the path at
        which it puts a cluster, in place of initdb."""
        self.bin = programs()
        self.settings = {**SETTINGS, **(settings or {})}
        self.kept = keep is not None
        self.folder = os.path.abspath(keep) if keep else tempfile.mkdtemp(prefix="dorad-pg-")
        os.makedirs(self.folder, exist_ok=True)
        self.data = os.path.join(self.folder, "data")
        self.socket = self.folder
        self.log = os.path.join(self.folder, "log")
        self.process = None
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        # The tests of other users of this machine connect too: a socket is only as private
        # as its folder, and a root caller's clients may drop their rights.
        os.chmod(self.folder, 0o755)
        if replica_of:
            self._copy(replica_of)
        elif origin:
            origin(self.data)
        elif not os.path.exists(os.path.join(self.data, "PG_VERSION")):
            self._initdb(locale)

    # -- life ------------------------------------------------------------------------------

    def _as_server(self, *command):
        prefix = ["setpriv", "--pdeathsig=INT"]
        if os.geteuid() == 0:
            prefix += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        return [*prefix, *command]

    def _initdb(self, locale):
        command = self._as_server(
            os.path.join(self.bin, "initdb"), "-D", self.data, "-U", SUPERUSER, "-A", "trust",
            "-E", "UTF8", *locale, "--no-sync", "--no-instructions")
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def _copy(self, primary):
        """As a replica: its data, and whom to follow."""
        command = self._as_server(
            os.path.join(self.bin, "pg_basebackup"), "-D", self.data, "-R", "-X", "stream",
            "-c", "fast", "-d", primary.dsn() + " application_name=replica")
        subprocess.run(command, check=True, cwd=self.folder, stdout=subprocess.DEVNULL)

    def start(self):
        """Starts the server and returns when it answers."""
        command = [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.socket]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self._as_server(*command), cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg2.connect(self.dsn("postgres")).close()
                return self
            except psycopg2.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"postgres did not start:\n{self.read_log()}") from None
                time.sleep(0.05)

    def stop(self, how=signal.SIGINT):
        """Stops the server; SIGINT is Postgres's fast shutdown, SIGQUIT its crash."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=60)
        self.process = None

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        return self.start()

    def remove(self):
        """Stops the server and deletes its folder, unless that is to be kept."""
        self.stop()
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.remove()

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    # -- use -------------------------------------------------------------------------------

    def dsn(self, dbname="postgres", user=SUPERUSER):
        """A libpq connection string, for dorad.yaml or psycopg2."""
        return f"host={self.socket} dbname={dbname} user={user}"

    def connect(self, dbname="postgres", user=SUPERUSER, autocommit=True):
        connection = psycopg2.connect(self.dsn(dbname, user))
        connection.autocommit = autocommit
        return connection

    def psql(self, dbname, *arguments, text=None, user=SUPERUSER):
        """Runs psql and returns what it printed; an SQL error raises CalledProcessError."""
        command = [os.path.join(self.bin, "psql"), "-X", "-q", "-A", "-t",
                   "-v", "ON_ERROR_STOP=1", "-d", self.dsn(dbname, user), *arguments]
        return subprocess.run(command, check=True, input=text, text=True,
                              stdout=subprocess.PIPE).stdout

    def create(self, dbname, template="template0"):
        """Makes a database, first dropping one of that name."""
        connection = self.connect("postgres")
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{dbname}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{dbname}" TEMPLATE "{template}"')
        connection.close()
        return dbname

    def migrate(self, dbname):
        """Applies schemas/postgres/*.sql in order, one transaction each."""
        for path in migrations():
            self.psql(dbname, "-1", "-f", path)
        return dbname
