# SPDX-License-Identifier: Apache-2.0
"""dorad init writes a first configuration that works, and overwrites nothing."""

import os
import re
import stat

import pytest
import yaml

from harness import dorad

SENDERS = ("alertmanager argocd cloudevents cloudrun events flux freshservice github gitlab jira "
           "opsgenie pagerduty servicenow trello").split()
OWN_SECRET = ("pagerduty", "trello")    # they make it themselves


def init(folder, *arguments, check=True):
    return dorad.run("init", "--yes", "--directory", folder, *arguments, check=check)


def test_what_it_writes_is_good_for_every_sender(tmp_path):
    folder = tmp_path / "etc"
    wanted = [word for sender in SENDERS for word in ("--source", sender)]
    said = init(folder, *wanted, "--url", "https://d.example.com/").stdout
    for sender in SENDERS:
        assert f"https://d.example.com/webhooks/{sender}" in said
        secret = (folder / "secrets" / sender).read_text()
        if sender in OWN_SECRET:
            assert secret == ""
        else:
            assert re.fullmatch(r"[0-9a-f]{64}\n", secret)
            assert secret.strip() not in said
    secrets = {(folder / "secrets" / sender).read_text() for sender in SENDERS}
    assert len(secrets) == len(SENDERS) - len(OWN_SECRET) + 1

    # What a sender makes itself is missing until somebody puts it there, and check says so.
    for sender in OWN_SECRET:
        done = dorad.run("check", "--offline", config=folder / "dorad.yaml", check=False)
        assert done.returncode == 1 and f"secrets/{sender}: empty" in done.stdout
        (folder / "secrets" / sender).write_text("0123456789abcdef\n")
    dorad.run("check", "--offline", config=folder / "dorad.yaml")


def test_check_names_the_secret_that_is_missing(tmp_path):
    init(tmp_path / "etc")
    (tmp_path / "etc" / "secrets" / "github").unlink()
    done = dorad.run("check", "--offline", config=tmp_path / "etc" / "dorad.yaml", check=False)
    assert done.returncode == 1
    assert "endpoint github" in done.stdout and "secrets/github: No such file" in done.stdout


@pytest.mark.parametrize("portal, words", [
    ({"listen": ["0.0.0.0:8081"]}, "portal.token"),
    ({"listen": ["nowhere"]}, "nowhere"),
    ({"base_url": "ftp://d.example.com"}, "portal.base_url"),
    ({"token": "short"}, "16"),
    ({"trusted_header": "X-User"}, "portal.trusted_proxies"),
    ({"trusted_proxies": ["everybody"]}, "everybody"),
])
def test_check_says_why_the_portal_would_not_start(tmp_path, portal, words):
    init(tmp_path / "etc")
    file = tmp_path / "etc" / "dorad.yaml"
    (tmp_path / "etc" / "secrets" / "short").write_text("abc\n")
    (tmp_path / "etc" / "secrets" / "short").chmod(0o600)
    config = yaml.safe_load(file.read_text())
    assert "pages" in dorad.run("check", "--offline", config=file).stdout
    config["portal"].update(portal)
    file.write_text(yaml.safe_dump(config))
    done = dorad.run("check", "--offline", config=file, check=False)
    found, = [line for line in done.stdout.splitlines() if line.startswith("pages")]
    assert done.returncode == 1 and "bad" in found and words in found, done.stdout
    started = dorad.run("portal", config=file, check=False)
    assert started.returncode == 1 and words in started.stderr


@pytest.mark.parametrize(
    "command", "check init migrate portal receive replay rollup status".split())
def test_a_word_that_a_command_does_not_take_is_misuse_and_nothing_is_done(tmp_path, command):
    where = ("--directory", tmp_path / "etc") if command == "init" else ()
    done = dorad.run(command, "word", *where, config=tmp_path / "none.yaml", check=False)
    assert done.returncode == 2 and f"dorad {command}: takes no arguments: word" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_their_owners_alone(tmp_path):
    init(tmp_path / "etc")
    folder = tmp_path / "etc" / "secrets"
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(folder / "github").st_mode) == 0o600


def test_a_secret_is_shown_when_asked_for(tmp_path):
    said = init(tmp_path / "etc", "--show-secrets").stdout
    assert f"Secret: {(tmp_path / 'etc/secrets/github').read_text().strip()}\n" in said


def test_a_configuration_that_is_there_is_left_alone(tmp_path):
    folder = tmp_path / "etc"
    init(folder)
    before = {path: path.read_text() for path in folder.rglob("*") if path.is_file()}
    for arguments, code, words in (
            ((), 1, "dorad.yaml is there already: name the senders to add with --source"),
            (("--source", "github"), 1, "dorad.yaml:6:5: endpoint github is there already"),
            (("--source", "jira", "--redis", "unix:///x"), 2, "--redis is changed in it")):
        done = init(folder, *arguments, check=False)
        assert done.returncode == code and words in done.stderr, done.stderr
    assert before == {path: path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_another_sender_is_a_secret_and_lines_to_paste_into_the_configuration(tmp_path):
    folder = tmp_path / "etc"
    init(folder)
    before = (folder / "dorad.yaml").read_text()
    said = init(folder, "--source", "gitlab", "--source", "trello", "--url",
                "https://d.example.com").stdout
    assert (folder / "dorad.yaml").read_text() == before
    lines = re.findall(r"^    (?:gitlab|trello): \{.*\}\n", said, re.M)
    assert len(lines) == 2 and "Payload URL" not in said
    assert "Secret token: (what is in " in said and "https://d.example.com/webhooks/trello" in said
    (folder / "secrets" / "trello").write_text("0123456789abcdef\n")
    (folder / "dorad.yaml").write_text(
        before.replace("    github:", "".join(lines) + "    github:"))
    assert list(yaml.safe_load((folder / "dorad.yaml").read_text())["receive"]["endpoints"]) == \
        ["gitlab", "trello", "github"]
    dorad.run("check", "--offline", config=folder / "dorad.yaml")


def test_a_secret_and_a_catalogue_that_are_there_are_used_again(tmp_path):
    folder = tmp_path / "etc"
    init(folder)
    secret = (folder / "secrets" / "github").read_text()
    (folder / "catalog.yaml").write_text("report_tz: Europe/Oslo\n")
    (folder / "dorad.yaml").unlink()
    init(folder)
    assert (folder / "secrets" / "github").read_text() == secret
    assert (folder / "catalog.yaml").read_text() == "report_tz: Europe/Oslo\n"


def test_words_with_quotes_survive_in_the_configuration(tmp_path):
    folder = tmp_path / "etc"
    conninfo = 'host=/run/postgresql dbname=dorad password=\'a "b" \\\\c\''
    init(folder, "--postgres", conninfo)
    assert yaml.safe_load((folder / "dorad.yaml").read_text())["rollup"]["postgres"] == conninfo


def test_an_unknown_sender_is_a_misuse(tmp_path):
    done = init(tmp_path / "etc", "--source", "smoke-signals", check=False)
    assert done.returncode == 2
    assert "no sender smoke-signals" in done.stderr
    assert not (tmp_path / "etc").exists()
    for sender in SENDERS:
        assert sender in dorad.run("init", "--help").stdout


def test_a_folder_that_cannot_be_made_is_said_by_name(tmp_path):
    (tmp_path / "file").write_text("")
    done = init(tmp_path / "file" / "etc", check=False)
    assert done.returncode == 1
    assert f"{tmp_path}/file/etc: Not a directory" in done.stderr
