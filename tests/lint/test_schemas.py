# SPDX-License-Identifier: Apache-2.0
"""The JSON Schemas of the two configuration files say what the program's tables say."""

import json
import os
import sys

import jsonschema
import pytest
import yaml
from harness import dorad
from sources import BUILD, ROOT, read

sys.path.insert(0, os.path.join(ROOT, "schemas"))
import make  # noqa: E402

GOOD = """
redis: unix:///run/redis/redis.sock
receive:
  listen: 127.0.0.1:8080
  retention: {age: 30d, size: 20GiB}
  max_body: 25MiB
  endpoints:
    github: {source: github, secrets: [/etc/dorad/github.secret], keep_alive: no}
rollup: {postgres: "host=/run/postgresql dbname=dorad"}
"""
BAD = {
    "redis is missing": "receive: {}",
    "an unknown key": GOOD + "colour: red\n",
    "an unknown key of an endpoint": GOOD.replace("keep_alive", "keep_dead"),
    "a section that is a text": "redis: x\nreceive: yes, please\n",
    "an endpoint without a source": GOOD.replace("source: github, ", ""),
    "a duration without a unit": GOOD.replace("30d", "'30'"),
    "a size of no known unit": GOOD.replace("20GiB", "20GB"),
    "a choice that is none": GOOD + "log_level: loud\n",
    "a flag that is none": GOOD.replace("keep_alive: no", "keep_alive: maybe"),
    "a name that cannot stand in an address": GOOD.replace("    github:", "    git/hub:"),
    "too small a number": GOOD + "shards: -1\n",
}


@pytest.fixture(scope="module")
def schema():
    return json.loads(read("schemas/dorad.schema.json"))


@pytest.mark.parametrize("name, maker", [("dorad", make.dorad), ("catalog", make.catalog)])
def test_a_schema_is_what_the_tables_make_of_it(name, maker):
    with open(os.path.join(BUILD, "contrib", "describe", "tables.json"),
              encoding="utf-8") as file:
        tables = json.load(file)
    assert read(f"schemas/{name}.schema.json") == make.text(maker(tables)), (
        "run schemas/make.py build/contrib/describe/tables.json")
    jsonschema.Draft202012Validator.check_schema(json.loads(read(f"schemas/{name}.schema.json")))


def refusal(tmp_path, text):
    """What the program says against a configuration; '' if it takes it."""
    path = tmp_path / "dorad.yaml"
    path.write_text(text)
    done = dorad.run("check", "--offline", config=path, check=False)
    return done.stderr if done.returncode else ""


def test_a_good_configuration_is_good_to_both(schema, tmp_path):
    jsonschema.validate(yaml.safe_load(GOOD), schema)
    assert refusal(tmp_path, GOOD) == ""


@pytest.mark.parametrize("what", BAD)
def test_what_the_schema_refuses_the_program_refuses_too(what, schema, tmp_path):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(BAD[what]), schema)
    assert "dorad.yaml" in refusal(tmp_path, BAD[what])
