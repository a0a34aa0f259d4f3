# SPDX-License-Identifier: Apache-2.0
"""Random histories: the rows are those of the rules, written down once more in Python
(oracle.py), whatever the order, the portions and the copies in which events come. More of them,
and larger ones: tests/numbers/histories."""

import pytest

from comparison import differences_by_origin, differences_of
from harness import golden
from oracle_months import Months
from random_history import Chaos
from random_origins import Origins
from side_by_side import differences_side_by_side
from story import as_applied

PACKS = 10              # each with a catalogue's settings of its own
HISTORIES = 20          # in each


@pytest.mark.parametrize("seed", range(PACKS))
def test_two_hundred_histories_give_their_rows_in_any_order(database, seed):
    lines = differences_of(database, Chaos(seed, HISTORIES, size=25), seed)
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


def test_a_long_history_with_trends_gives_its_rows_in_any_order(database):
    chaos = Chaos("b", 1, size=1200, spread=12)     # one whose trends have both bases
    assert {row["deploy_freq.basis"] for row in Months(
        chaos.events, as_applied(chaos.catalog), chaos.as_of).rows().values()} >= {"short", "long"}
    lines = differences_of(database, chaos, "b")
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


@pytest.mark.parametrize("seed", range(4))
def test_a_history_by_coordinates_gives_its_rows_in_any_order(database, seed):
    lines = differences_by_origin(database, Origins(seed, 1, size=150), seed)
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


@pytest.mark.parametrize("kind", [Chaos, Origins], ids=["by name", "by coordinates"])
def test_a_history_told_by_several_sessions_side_by_side_gives_its_rows(database, kind):
    lines = differences_side_by_side(database, kind(6, 1, size=150), 6)
    assert not lines, f"{len(lines)} differences:\n" + "\n".join(lines[:40])


@pytest.mark.parametrize("history", golden.histories(), ids=lambda history: history.name)
def test_the_oracle_gives_the_known_histories_their_rows(history):
    yaml = pytest.importorskip("yaml")
    with open(history.catalog, encoding="utf-8") as file:
        catalog = yaml.safe_load(file)
    events = [{**event, "kind": event["type"].split(".")[1]} for event in history.events]
    months = Months(events, as_applied(catalog), history.as_of)
    assert not list(golden.differences("row", months.rows(), golden.expected_rows(history)))
