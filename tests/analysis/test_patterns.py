"""Episodes are counted by their pattern as they are counted by hand, however many indicators a pathway has."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from lighed.analysis.summarise import DIGITS, Patterns, count
from lighed.catalogue import Catalogue
from lighed.core.condition import Test
from lighed.core.types import Indicator
from lighed.store.engine import memory_table

STEP = "rehabilitation.planned"
FATES = ("reached", "lost", "died", "excepted", "before")


@pytest.fixture
def episodes() -> list[dict[str, Any]]:
    rng = random.Random(5)
    return [
        {
            "person_id": person,
            "year": rng.choice([2020, 2021]),
            "area": rng.choice(["0101", "0147"]),
            "sex": rng.choice(["female", "male", None]),
            "age": rng.choice([17, 40, 90]),
            "education": rng.choice(["short", "long", None]),
            "excluded": rng.choice([None, None, 3]),
            "planned_fate": rng.choice(FATES),
        }
        for person in range(400)
    ]


def fate_of(number: int) -> str:
    """What the indicator of this number counts: other than the one before, and than the one at its place before it."""
    return FATES[number % 2]  # a block has an odd number of places


def by_hand(episodes: list[dict[str, Any]], one: Indicator, fate: str) -> Counter[tuple[Any, ...]]:
    """Persons, and those of them with this fate, of known sex; of the step's population."""
    found = Counter[tuple[Any, ...]]()
    for row in episodes:
        inside = row["age"] >= 18 and row["excluded"] is None and row["planned_fate"] in ("reached", "lost")
        if inside and row["sex"]:
            cell = one.id, row["year"], row["area"], row["education"]
            found[*cell, "n"] += 1
            found[*cell, "events"] += row["planned_fate"] == fate
    return +found


@pytest.mark.parametrize("many", [1, DIGITS, DIGITS + 1, 2 * DIGITS + 5])
def test_every_indicator_counts_its_own(
    many: int, episodes: list[dict[str, Any]], catalogue: Catalogue, engine: Any
) -> None:
    step = catalogue.indicators[STEP]
    having = [Test("planned_fate", "is", fate_of(k)) for k in range(many)]
    every = [step.model_copy(update={"id": f"{STEP}{k}", "numerator": having[k]}) for k in range(many)]
    rows = memory_table(engine, "episodes", pa.Table.from_pylist(episodes))
    table = count(rows, None, every, by="education", patterns=Patterns.of([(rows, every)], {"education"})).table
    found = Counter[tuple[Any, ...]]()
    for row in table.to_pylist():
        for name in ("n", "events"):
            found[row["indicator"], row["period"], row["area"], row["level"], name] += row[name]
    expected = Counter[tuple[Any, ...]]()
    for k, one in enumerate(every):
        expected += by_hand(episodes, one, fate_of(k))
    assert +found == expected


def test_without_pathways_there_are_no_patterns() -> None:
    assert Patterns.of([], {"education"}) is None
