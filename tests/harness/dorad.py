# SPDX-License-Identifier: Apache-2.0
"""The program under test, its configuration, and a site of daemons with their servers.

The program is $DORAD, else build-asan/dorad, else build/dorad.

    with Site() as site:                             # Redis and a receiver's configuration
        site.endpoint("github", "github")            # with a fresh secret in site.secrets
        receive = site.start("receive")              # returns when it is ready
        receive.post_github("push", {...})           # signed; .post(), .get() for the rest
        site.run("deliveries", "--json").stdout      # any command, exit 0 demanded
        receive.kill(); site.start("receive")        # kill -9, and again
    with Site(postgres=server) as site: ...          # with a migrated database, too
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

import yaml

from harness import http
from harness.redis import Redis
from harness.wait import wait_until

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))

# A finding ends the process with 99, which no test takes for success.
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
                    ":exitcode=99",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
    "TSAN_OPTIONS": "halt_on_error=1:exitcode=99",
}
REPORTS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:",
           "WARNING: ThreadSanitizer")


def program():
    """The path of the program under test."""
    named = os.environ.get("DORAD")
    if named:
        return os.path.abspath(named)
    for folder in ("build-asan", "build"):
        path = os.path.join(ROOT, folder, "dorad")
        if os.access(path, os.X_OK):
            return path
    raise RuntimeError("no program to test: build it (meson setup build && ninja -C build), "
                       "or name it in $DORAD")


def optimised():
    """For what a request costs: the optimised build's where that under test has sanitizers."""
    path = os.path.join(ROOT, "build", "dorad")
    sanitized = "san" in os.path.basename(os.path.dirname(program()))
    return path if sanitized and os.access(path, os.X_OK) else program()


def environment(more=None):
    return {**os.environ, **SANITIZERS, **(more or {})}


def run(*arguments, config=None, text=None, check=True, env=None):
    """Runs a command of dorad to its end; check: its exit must be 0."""
    command = [program(), *map(str, arguments)]
    if config:
        command += ["-c", str(config)]
    done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment(env))
    no_reports(done.stderr)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(command)} ended with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
    return done


def no_reports(log):
    for word in REPORTS:
        assert word not in log, log


def hear(notify, notices, has_ended):
    """What a daemon tells systemd, as it comes: an unread socket would stop the daemon. Until it
    has ended, lest a test that starts it ten thousand times has as many of these."""
    notify.settimeout(1)
    while notify.fileno() >= 0:     # closed: the next start has another
        try:
            notices += notify.recv(4096).decode().split("\n")
        except OSError:
            if has_ended():
                notify.close()


class Daemon:
    """`dorad SUBCOMMAND -c config` in the foreground, its log in a file."""

    def __init__(self, subcommand, config, folder, arguments=(), address=None, env=None,
                 wrapper=(), fds=(), path=None):
        self.subcommand = subcommand
        self.address = address      # host:port or unix:/path; None: it does not listen
        self.command = [*wrapper, path or program(), subcommand, "-c", config,
                        *map(str, arguments)]
        self.env = env or {}
        self.fds = fds              # descriptors that it inherits
        self.log = os.path.join(folder, f"{subcommand}.log")
        self.secrets = {}
        self.process = None
        self.notify = None
        self.code = None            # exit code of the last run; negative: the signal

    def start(self, wait=True):
        """Starts it; wait: until it says READY=1 as to systemd, or answers on its address."""
        if self.notify:
            self.notify.close()
        path = f"\0dorad-test-{os.getpid()}-{secrets.token_hex(8)}"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        env = environment({**self.env, "NOTIFY_SOCKET": "@" + path[1:]})
        self.notices = []
        with open(self.log, "ab") as log:
            self.started_at = log.tell()
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", *self.command], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, env=env, pass_fds=self.fds)
        process = self.process
        threading.Thread(target=hear, daemon=True, args=(
            self.notify, self.notices, lambda: process.poll() is not None)).start()
        if wait:
            wait_until(self.is_ready,
                       what=lambda: f"dorad {self.subcommand} to start:\n{self.read_log()}")
        return self

    def is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"dorad {self.subcommand} ended with "
                                 f"{self.process.returncode}:\n{self.read_log()}")
        if "READY=1" in self.read_notices():
            return True
        try:
            return self.address is not None and self.get("/healthz").status == 200
        except OSError:
            return False

    def read_notices(self):
        """Everything it has told systemd so far, one assignment an item."""
        return self.notices

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit code (negative: the signal); no sanitizer may object."""
        if self.process is None:
            return self.code
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        try:
            self.code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.process = None
            raise AssertionError(f"dorad {self.subcommand} did not end on signal {how}:\n"
                                 f"{self.read_log()}") from None
        self.process = None
        no_reports(self.read_log())
        return self.code

    def kill(self):
        """kill -9."""
        return self.stop(signal.SIGKILL)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        return self.start()

    def send(self, how):
        self.process.send_signal(how)

    def wait(self, seconds=60):
        """Waits for it to end by itself and returns its exit code."""
        wait_until(lambda: self.process.poll() is not None, seconds,
                   what=lambda: f"dorad {self.subcommand} to end:\n{self.read_log()}")
        return self.stop()

    @property
    def pid(self):
        return self.process.pid if self.process else None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def read_log(self):
        """The log of every run since the first start, as one text."""
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def read_last_log(self):
        """The log since the last start."""
        with open(self.log, "rb") as log:
            log.seek(self.started_at)
            return log.read().decode("utf-8", errors="replace")

    # -- what it costs ---------------------------------------------------------------------

    def cpu_seconds(self):
        """Of all its threads, to the nanosecond."""
        total = 0
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
        return total / 1e9

    def memory_bytes(self, name="VmRSS"):
        """VmRSS: now; VmHWM: the most so far."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            line, = (line for line in file if line.startswith(name + ":"))
        return int(line.split()[1]) * 1024

    # -- requests --------------------------------------------------------------------------

    def get(self, path, headers=None):
        return http.get(self.address, path, headers)

    def post(self, endpoint, body, headers=None):
        return http.post(self.address, f"/webhooks/{endpoint}", body, headers)

    def post_github(self, kind, body, endpoint="github", secret=None, delivery=None):
        return http.post_github(self.address, endpoint, kind, body,
                                secret or self.secrets[endpoint], delivery)

    def post_events(self, events, endpoint="push", secret=None, form="ndjson"):
        return http.post_events(self.address, endpoint, events,
                                secret or self.secrets[endpoint], form)

    def metrics(self):
        """{'name{label="x"}': value} of /metrics."""
        values = {}
        for line in self.get("/metrics").body.decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values[name] = float(value)
        return values


class Site:
    """A folder with a configuration, its servers and its daemons; leaving it ends them all.

    redis: a harness.redis.Redis to use, None for one of its own, or a URL.
    postgres: a running harness.postgres.Postgres, in which the site gets a migrated database.
    """

    def __init__(self, redis=None, postgres=None, catalog=None):
        self.folder = tempfile.mkdtemp(prefix="dorad-site-")
        self.own_redis = redis is None
        self.redis = Redis().start() if redis is None else redis
        self.postgres = postgres
        self.database = None
        self.secrets = {}
        self.daemons = []
        self.path = os.path.join(self.folder, "dorad.yaml")
        self.receive_address = f"127.0.0.1:{http.free_port()}"
        self.portal_address = f"127.0.0.1:{http.free_port()}"
        # Change it as a test needs and call write(), or start(), which writes it first.
        self.config = {
            "redis": redis if isinstance(redis, str) else self.redis.url,
            "receive": {
                "listen": [self.receive_address],
                "ledger": os.path.join(self.folder, "ledger.db"),
                "endpoints": {},
            },
        }
        if postgres:
            self._prepare_database()
        if catalog is not None:
            self.catalog(catalog)

    def _prepare_database(self):
        # Migrated once for each server; the sites' databases are copies of that one.
        if not getattr(self.postgres, "template", None):
            self.postgres.create("template_dorad")
            self.config["rollup"] = {"postgres": self.postgres.dsn("template_dorad")}
            self.run("migrate")
            self.postgres.template = "template_dorad"
        self.database = f"site_{secrets.token_hex(6)}"
        self.postgres.create(self.database, self.postgres.template)
        self.config["rollup"] = {"postgres": self.postgres.dsn(self.database)}
        self.config["portal"] = {"postgres": self.postgres.dsn(self.database),
                                 "listen": [self.portal_address]}

    # -- configuration ---------------------------------------------------------------------

    def file(self, name, content):
        """Writes a file of the site's folder, readable by its owner alone; returns its path."""
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w",
                  encoding="utf-8") as file:
            file.write(content)
        return path

    def endpoint(self, name, source, secret=None, **options):
        """Adds an endpoint; its secret (a fresh one by default) is in site.secrets[name]."""
        secret = secret or secrets.token_hex(20)
        self.secrets[name] = secret
        self.config["receive"]["endpoints"][name] = {
            "source": source, "secrets": [self.file(f"{name}.secret", secret + "\n")],
            **options}
        return secret

    def catalog(self, content):
        """Makes this catalogue (an object, or YAML text) the roll-up's; returns its path."""
        text = content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)
        path = self.file("catalog.yaml", text)
        self.config["rollup"]["catalog"] = path
        return path

    def write(self):
        # One endpoint at least is demanded; a site that posts nothing has one nobody knows.
        if not self.config["receive"]["endpoints"]:
            self.endpoint("push", "events")
        return self.file("dorad.yaml", yaml.safe_dump(self.config, sort_keys=False))

    # -- use -------------------------------------------------------------------------------

    def start(self, subcommand, *arguments, wait=True, **options):
        """Starts a daemon with the configuration as it now is; returns when it is ready.

        options: of Daemon; path is that of another program than the one under test."""
        self.write()
        address = {"receive": self.receive_address, "portal": self.portal_address}
        daemon = Daemon(subcommand, self.path, self.folder, arguments,
                        address.get(subcommand), **options)
        daemon.secrets = self.secrets
        self.daemons.append(daemon)
        return daemon.start(wait)

    def run(self, *arguments, text=None, check=True, env=None):
        """Runs a command of dorad with this configuration."""
        self.write()
        return run(*arguments, config=self.path, text=text, check=check, env=env)

    def table(self, *arguments):
        """What a command prints with --json, decoded."""
        return json.loads(self.run(*arguments, "--json").stdout)

    def query(self, sql, *parameters):
        """The rows of a query in the site's database, as dicts."""
        with self.postgres.connect(self.database) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                names = [column.name for column in cursor.description or ()]
                rows = cursor.fetchall() if names else []
        connection.close()
        return [dict(zip(names, row)) for row in rows]

    def entries(self, kind):
        """Every entry of a kind's stream, oldest first; data decoded."""
        return [{**fields, "data": json.loads(fields["data"])}
                for fields in self.redis.entries(kind)]

    def wait_for_entries(self, kind, n):
        """Waits until a kind's stream holds n entries, and returns them."""
        wait_until(lambda: len(self.redis.entries(kind)) >= n,
                   what=lambda: f"{n} entries of {kind}, there are "
                                f"{len(self.redis.entries(kind))}")
        return self.entries(kind)

    def stop(self):
        """Stops every daemon; each must end well."""
        for daemon in reversed(self.daemons):
            if daemon.is_running():
                code = daemon.stop()
                assert code == 0, f"dorad {daemon.subcommand} ended with {code}:\n" \
                                  f"{daemon.read_log()}"

    def remove(self):
        try:
            self.stop()
        finally:
            for daemon in self.daemons:
                if daemon.is_running():
                    daemon.kill()
            if self.own_redis:
                self.redis.remove()
            if self.database:
                self.postgres.psql("postgres", "-c",
                                   f'DROP DATABASE "{self.database}" WITH (FORCE)')
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()
