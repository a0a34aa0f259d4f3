# SPDX-License-Identifier: Apache-2.0
"""From nothing to numbers: the package, dorad init, what it says to do next, and a webhook."""

import os
import re
import stat

from conftest import DAEMONS, SOCKETS, query, secret, sh, shown, status, wait_for_all, wait_until
import load

# What changes by itself, or is kept of every package.
NOT_OURS = re.compile(r"^/(proc|sys|dev|run|tmp|srv|root|var/(backups|cache|log|tmp|lib/(dpkg|apt|"
                      r"systemd|postgresql|redis))|etc/(ld\.so\.cache|mtab|\.pwd\.lock|passwd-|"
                      r"group-|shadow-|gshadow-|subuid-?|subgid-?))(/|$)")


def files():
    found = set()
    for folder, folders, names in os.walk("/"):
        folders[:] = [name for name in folders if not NOT_OURS.match(os.path.join(folder, name))]
        found |= {os.path.join(folder, name) for name in names + folders}
    return {name for name in found if not NOT_OURS.match(name) and "__pycache__" not in name}


def accounts():
    return {line.split(":")[0] for name in ("passwd", "group")
            for line in open(f"/etc/{name}", encoding="utf-8")}


def test_the_machine_has_started():
    wait_until(lambda: sh("systemctl is-system-running", check=False).strip()
               in ("running", "degraded"), "the system to start")


def test_redis_and_postgres_come_from_debian(world):
    sh("apt-get -qqy install postgresql redis-server")
    wait_until(lambda: query("SELECT 1", "postgres") == [["1"]], "Postgres")
    world["files"], world["accounts"] = files(), accounts()


def test_installing_starts_nothing_and_makes_an_account_for_each_daemon():
    sh("apt-get -qqy install /srv/test/this.deb")
    for unit in DAEMONS + SOCKETS:
        assert shown(unit, "ActiveState") == "inactive", unit
    assert {"dorad", "dorad_reader", "dorad-receive"} <= accounts()
    assert stat.S_IMODE(os.stat("/etc/dorad/secrets").st_mode) == 0o700


def test_init_says_what_to_do_next_and_it_is_enough(world):
    said = sh("dorad init --yes --source github --source events --url https://dorad.example.com")
    assert "https://dorad.example.com/webhooks/github" in said
    steps = re.findall(r"^    (.*)$", said[said.index("Next, as root:"):], re.M)
    assert "dorad check" in steps and steps[-1].startswith("systemctl enable --now dorad.target")
    for step in steps:
        world[step] = sh(step)
    assert "bad" not in world["dorad check"]


def test_everything_is_up():
    for unit in DAEMONS:
        wait_until(lambda unit=unit: shown(unit, "ActiveState") == "active", unit)
        assert shown(unit, "SubState") == "running"
    for port, path in ((8080, "/readyz"), (8081, "/healthz"), (8091, "/healthz")):
        assert load.get(path, port)[0] == 200, path


def test_a_signed_webhook_becomes_a_monthly_row():
    number = next(load.Load.numbers)
    answer = load.exchange(load.request(load.deployment(number), secret()))
    assert answer.startswith(b"HTTP/1.1 200 ")
    refused = load.exchange(load.request(load.deployment(number), "wrong"))
    assert refused.startswith(b"HTTP/1.1 401 ")
    wait_for_all([load.entity(number)])
    month = load.moment(load.FIRST + number * load.APART_S)[:7] + "-01"
    wait_until(lambda: query("SELECT deployments FROM dorad.monthly_service WHERE service = "
                             f"'acme/part-{number % load.REPOSITORIES}' AND month = '{month}'")
               == [["1"]], "the month")


def test_status_is_one_screen_and_says_that_all_is_well():
    said = sh("dorad status")
    assert "all is well" in said
    assert len(said.splitlines()) <= 24 and max(map(len, said.splitlines())) <= 100
    assert status()["ok"]


def test_every_daemon_shows_metrics_that_prometheus_can_read():
    for port, name in ((8080, "dorad_receive_deliveries_total"), (8081, "dorad_portal_answers_total"),
                       (8091, "dorad_rollup_events_total")):
        code, text = load.get("/metrics", port)
        assert code == 200 and f"\n{name}" in text
        sh("promtool check metrics", input=text)
    sh("promtool check rules /srv/test/alerts.yaml")


def test_the_journal_knows_endpoint_and_delivery():
    delivery = sh("journalctl --sync && journalctl -u dorad-receive -o cat "
                  "--output-fields=DORAD_DELIVERY DORAD_ENDPOINT=github").split()[-1]
    assert re.fullmatch(r"[0-9a-f]{8}-\d+", delivery), delivery
    line = sh(f"journalctl -o cat DORAD_DELIVERY={delivery}")
    assert f"endpoint=github status=200 delivery={delivery}" in line
    assert secret() not in sh("journalctl -o verbose")
