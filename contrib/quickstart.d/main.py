# SPDX-License-Identifier: Apache-2.0
"""What contrib/quickstart does once everything is built; it says what as it goes."""

import argparse
import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from datetime import datetime, timezone

import sample
import send
import table
import world
from servers import Failed, Postgres, Process, http_answers, metric, start_redis

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
DORAD = os.path.join(ROOT, "build", "dorad")
MARK = "dorad-quickstart.json"      # in the state folder: it is ours, and how far we are
ENDPOINTS = {"github": "", "gitlab": "auth: token, ", "jira": "", "servicenow": ""}
PORTS = {"receive": 8080, "portal": 8081}
SOCKET_PATH_MAX = 107               # bytes; unix(7)


def default_state():
    base = os.environ.get("XDG_STATE_HOME")
    if not base:
        # Postgres, which is not root then, cannot enter root's own folder.
        base = "/var/lib" if os.geteuid() == 0 else os.path.expanduser("~/.local/state")
    return os.path.join(base, "dorad-quickstart")


def arguments():
    parser = argparse.ArgumentParser(
        prog="contrib/quickstart",
        description="Installs what dorad needs, builds it, starts it with a private Redis and "
                    "Postgres, sends a year of signed sample webhooks through the front door, "
                    "prints the monthly tables, and stays until Ctrl-C.")
    parser.add_argument("--once", action="store_true", help="print the tables and leave")
    parser.add_argument("--reset", action="store_true",
                        help="throw away what an earlier run left, then start over")
    parser.add_argument("--state", metavar="FOLDER", default=default_state(),
                        help="where its data is kept (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1,
                        help="another number makes another year (default %(default)s)")
    return parser.parse_args()


def say(words):
    print(f"== {words}", flush=True)


class State:
    """The folder: what is in it, and what an earlier run already did."""

    def __init__(self, folder, reset):
        self.folder = os.path.abspath(folder)
        if reset:
            self.remove()
        if os.path.isdir(self.folder) and os.listdir(self.folder) and not self.is_ours():
            raise Failed(f"{self.folder} holds something else: name another with --state")
        longest = self.path("postgres", ".s.PGSQL.5432")
        if len(os.fsencode(longest)) > SOCKET_PATH_MAX:
            raise Failed(f"{self.folder} is too long a name for sockets: name a shorter one "
                         "with --state")
        os.makedirs(self.folder, mode=0o711, exist_ok=True)
        os.chmod(self.folder, 0o711)    # Postgres's user passes through to its own folder
        self.done = {"seed": None, "now": None, "sent": 0, "ports": PORTS}
        if self.is_ours():
            with open(self.path(MARK), encoding="utf-8") as file:
                self.done.update(json.load(file))
        self.save()
        self.lock = open(self.path("lock"), "w", encoding="utf-8")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another quickstart is running with {self.folder}: stop it with "
                         "Ctrl-C, or name another folder with --state") from None

    def is_ours(self):
        return os.path.exists(self.path(MARK))

    def remove(self):
        if not os.path.isdir(self.folder) or not os.listdir(self.folder):
            return
        if not self.is_ours():
            raise Failed(f"{self.folder} was not made by the quickstart: it is left alone")
        with open(self.path("lock"), "w", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failed(f"a quickstart is running with {self.folder}: stop it with Ctrl-C "
                             "first") from None
            shutil.rmtree(self.folder)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def save(self):
        with open(self.path(MARK + ".new"), "w", encoding="utf-8") as file:
            json.dump(self.done, file)
        os.replace(self.path(MARK + ".new"), self.path(MARK))

    def secret(self, name):
        """A secret that lasts as long as the folder."""
        path = self.path(f"{name}.secret")
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w",
                      encoding="utf-8") as file:
                file.write(secrets.token_hex(20) + "\n")
        with open(path, encoding="utf-8") as file:
            return file.read().strip()


def free_port(wanted):
    """That port of 127.0.0.1 if nobody listens there, else any that is free."""
    for port in (wanted, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
                return listener.getsockname()[1]
            except OSError:
                continue
    raise Failed("no TCP port of 127.0.0.1 is free")


def run_dorad(state, *words):
    done = subprocess.run([DORAD, *words, "-c", state.path("dorad.yaml")], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Failed(f"dorad {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class Quickstart:
    def __init__(self, state):
        self.state = state
        self.processes = []
        self.ports = {name: free_port(port) for name, port in state.done["ports"].items()}
        state.done["ports"] = self.ports
        state.save()

    def configure(self, postgres):
        state = self.state
        endpoints = "\n".join(
            f"    {name}: {{source: {name}, {more}secrets: [{state.path(name + '.secret')}]}}"
            for name, more in ENDPOINTS.items())
        for name in ENDPOINTS:
            state.secret(name)
        with open(state.path("catalog.yaml"), "w", encoding="utf-8") as file:
            file.write(world.catalog())
        with open(state.path("dorad.yaml"), "w", encoding="utf-8") as file:
            file.write(f"""\
redis: unix://{state.path('redis', 'redis.sock')}
receive:
  listen: [127.0.0.1:{self.ports['receive']}]
  ledger: {state.path('ledger.db')}
  endpoints:
{endpoints}
rollup:
  postgres: "{postgres.dsn()}"
  catalog: {state.path('catalog.yaml')}
portal:
  listen: [127.0.0.1:{self.ports['portal']}]
  postgres: "{postgres.dsn()}"
""")

    def start(self):
        state = self.state
        say("starting a private Redis and a private Postgres, on unix sockets")
        self.processes.append(start_redis(state.path("redis"), state.path("redis", "redis.sock"),
                                          state.path("redis.log")))
        self.postgres = Postgres(state.path("postgres"), state.path("postgres.log"))
        self.processes.append(self.postgres.start())
        self.configure(self.postgres)
        self.migrate()
        run_dorad(state, "catalog", "apply", state.path("catalog.yaml"))
        say("starting dorad receive, dorad rollup and dorad portal")
        for name in ("receive", "rollup", "portal"):
            process = Process(f"dorad {name}", [DORAD, name, "-c", state.path("dorad.yaml")],
                              state.path(f"{name}.log"))
            self.processes.append(process)
            if name in self.ports:
                address = ("127.0.0.1", self.ports[name])
                process.wait_until(lambda where=address: http_answers(where))

    def migrate(self):
        try:
            run_dorad(self.state, "migrate")
        except Failed as failed:
            raise Failed(f"{failed}{self.state.folder} may be of another dorad than this one: "
                         "contrib/quickstart --reset throws its made-up year away and begins "
                         "anew") from None

    def send(self, seed):
        state = self.state
        if state.done["seed"] not in (None, seed):
            raise Failed(f"{state.folder} holds the year of seed {state.done['seed']}: --reset "
                         "throws it away")
        if state.done["now"] is None:
            state.done.update(seed=seed, now=int(time.time()))
            state.save()
        now = datetime.fromtimestamp(state.done["now"], timezone.utc)
        if state.done["sent"]:
            say(f"{state.done['sent']} webhooks were sent by an earlier run")
            return
        deliveries = sample.deliveries(seed, now)
        n = len(deliveries)
        say(f"sending {n} webhooks, signed as GitHub, GitLab, Jira and ServiceNow do: a year of "
            f"{len(world.SERVICES)} services of {len(world.TEAMS)} teams")
        began = time.monotonic()

        def progress(sent):
            if sys.stdout.isatty():
                print(f"\r   {sent} of {n}", end="\n" if sent == n else "", flush=True)

        try:
            send.send(("127.0.0.1", self.ports["receive"]), deliveries,
                      {name: state.secret(name) for name in ENDPOINTS}, progress)
        except (send.Refused, OSError) as error:
            raise Failed(f"{error}; the receiver's log is {state.path('receive.log')}") from None
        state.done["sent"] = n
        state.save()
        say(f"all were kept and answered 200, in {time.monotonic() - began:.0f} s")

    def settle(self):
        """Waits until everything that was kept has become rows."""
        say("rolling up into months")
        while metric(("127.0.0.1", self.ports["receive"]), "dorad_ledger_backlog"):
            self.all_run()
            time.sleep(0.1)
        run_dorad(self.state, "rollup", "--once")

    def all_run(self):
        for process in self.processes:
            if process.ended():
                raise Failed(f"{process.name} ended by itself; its log is {process.log}")

    def show(self):
        psql = self.postgres.psql()
        for scope in ("service", "team"):
            for block in table.blocks(psql, scope):
                print(f"\n{block}")
        print("\n(n) is the number of samples; * is the month in progress, which no trend uses.")

    def show_next(self, stays):
        config = self.state.path("dorad.yaml")
        month = sample_month()
        print(f"""
What to look at next{'' if stays else ' (while it runs: contrib/quickstart without --once)'}:
  pages      http://127.0.0.1:{self.ports['portal']}/
  SQL        psql "{self.postgres.dsn()}" -c 'TABLE dorad.monthly_team'
  reasons    build/dorad explain -c {config} shipping {month} fail_rate
  deliveries build/dorad deliveries -c {config} --last 20
  homeless   build/dorad catalog unmapped -c {config}
  yours      point a webhook of GitHub at http://127.0.0.1:{self.ports['receive']}/webhooks/github,
             content type application/json, secret: {self.state.path('github.secret')}""",
              flush=True)

    def stay(self):
        say("running; Ctrl-C stops what this started")
        while True:
            self.all_run()
            time.sleep(0.5)

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


def sample_month():
    """The last complete month."""
    now = datetime.now(timezone.utc)
    year, month = (now.year, now.month - 1) if now.month > 1 else (now.year - 1, 12)
    return f"{year}-{month:02}"


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    given = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    signal.signal(signal.SIGHUP, interrupted)
    quickstart = None
    try:
        state = State(given.state, given.reset)
        say(f"its data is kept in {state.folder}")
        quickstart = Quickstart(state)
        quickstart.start()
        quickstart.send(given.seed)
        quickstart.settle()
        quickstart.show()
        quickstart.show_next(not given.once)
        if not given.once:
            quickstart.stay()
        return 0
    except Failed as error:
        print(f"contrib/quickstart: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 0 if quickstart and not given.once else 130
    finally:
        if quickstart:
            say("stopping what this started")
            quickstart.stop()


if __name__ == "__main__":
    sys.exit(main())
