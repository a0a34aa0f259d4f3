# SPDX-License-Identifier: Apache-2.0
"""A private PgBouncer in transaction mode in front of a harness.postgres.Postgres, on a unix socket.

    with PgBouncer(server, pool_size=2) as pooler:
        pooler.dsn("dorad")

strict: it refuses startup parameters it does not know, as it does unless told otherwise; else it
ignores `options`, as many are set to.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile

import psycopg2

from harness.postgres import SUPERUSER
from harness.wait import wait_until

PORT = 6432     # of the socket's name alone


class PgBouncer:
    def __init__(self, server, pool_size=2, strict=True):
        self.server = server
        self.folder = tempfile.mkdtemp(prefix="dorad-pgbouncer-")
        self.log = os.path.join(self.folder, "log")
        self.process = None
        ignored = "extra_float_digits" if strict else "extra_float_digits,options"
        files = {
            "users": f'"{SUPERUSER}" ""\n"dorad_reader" ""\n',
            "ini": f"""[databases]
* = host={server.socket}
[pgbouncer]
listen_addr =
listen_port = {PORT}
unix_socket_dir = {self.folder}
auth_type = trust
auth_file = {self.folder}/users
admin_users = {SUPERUSER}
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 200
ignore_startup_parameters = {ignored}
"""}
        for name, content in files.items():
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(content)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        os.chmod(self.folder, 0o755)

    def start(self):
        command = ["setpriv", "--pdeathsig=KILL"]
        if os.geteuid() == 0:
            command += ["--reuid=postgres", "--regid=postgres", "--init-groups"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "/usr/sbin/pgbouncer", os.path.join(self.folder, "ini")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, what=lambda: f"pgbouncer to start:\n{self.read_log()}")
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"pgbouncer ended:\n{self.read_log()}")
        try:
            psycopg2.connect(self.dsn("postgres")).close()
            return True
        except psycopg2.OperationalError:
            return False

    def dsn(self, dbname="postgres", user=SUPERUSER):
        return f"host={self.folder} port={PORT} dbname={dbname} user={user}"

    def read_log(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, *exception):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
