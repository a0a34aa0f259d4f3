# SPDX-License-Identifier: Apache-2.0
"""The man pages are well formed and name all that they should."""

import glob
import json
import os
import subprocess

import pytest
from sources import BUILD, assert_none

PAGES = os.path.join(BUILD, "contrib", "man")


def pages():
    found = glob.glob(os.path.join(PAGES, "*.[1-8]"))
    assert found, "no man page was built"
    return found


def rendered(name):
    """The text that a reader sees, white space folded."""
    text = subprocess.run(["mandoc", "-Tutf8", os.path.join(PAGES, name)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    # Bold and underlined letters are overstruck.
    plain = subprocess.run(["col", "-b"], input=text, check=True, text=True,
                           stdout=subprocess.PIPE).stdout
    return " ".join(plain.split()).replace("\u2010", "-")


@pytest.fixture(scope="module")
def tables():
    with open(os.path.join(BUILD, "contrib", "describe", "tables.json"),
              encoding="utf-8") as file:
        return json.load(file)


def test_the_pages_have_no_fault_that_mandoc_sees():
    def fault(page):
        done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], text=True,
                              stdout=subprocess.PIPE, check=False)
        return done.stdout
    assert_none(fault(page) for page in pages())


def test_every_option_is_in_its_page(tables):
    text = rendered("dorad.yaml.5")
    assert len(tables["options"]) > 30
    assert_none(f"dorad.yaml(5) lacks {option['name']}" for option in tables["options"]
                if f" {option['name']} " not in text)


def test_every_command_and_its_options_are_in_the_page(tables):
    text = rendered("dorad.1")
    for command in tables["commands"]:
        assert f" dorad {command['name']} " in text
        assert_none(f"dorad(1) lacks {command['name']} {option['name']}"
                    for option in command["options"] if option["name"] not in text)
