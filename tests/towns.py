"""Towns: persons, events and answers, written by hand or random, and what the program makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from lighed.analysis.build import from_people
from lighed.analysis.examples import _RECORD, _table
from lighed.catalogue import Catalogue, load
from lighed.core.condition import Condition, Not, Test
from lighed.core.estimates import Estimates
from lighed.core.summary import Summary
from lighed.core.types import UNKNOWN, Indicator
from lighed.store.engine import memory_table
from tests.reference import Counts, Row

BASIC = {"person_id", "year", "area", "sex", "age", "days"}
RECORD = {"category", "amount"}
WEIGHTS = (0.25, 1.0, 1.7, 2.3335, 12.5)
YEARS = (2026, 2027)  # the regions are others from 2027 on


NOTHING: Row = {"person_id": 0, "year": 0, "item": "none"} | _RECORD


@dataclass(frozen=True)
class Town:
    """Person-years, and the events and answers of those persons, for some indicators."""

    indicators: Sequence[Indicator]
    people: list[Row]
    events: list[Row] = field(default_factory=lambda: [NOTHING])
    answers: list[Row] = field(default_factory=lambda: [NOTHING])

    def estimates(self, engine: Any, by: str | None, by_area: str | None = None) -> Estimates:
        """All rows that the program makes of a stratifier, in an engine that holds these persons."""
        catalogue = load()
        persons, events, answers = (
            memory_table(engine, name, _table(getattr(self, name))) for name in ("people", "events", "answers")
        )
        records: Any = SimpleNamespace(events=events, answers=answers, strata=self._strata())
        shown = [catalogue.stratifiers[by_area]] if by_area else []
        asked = [(catalogue.stratifiers[by] if by else None, self.indicators)]
        return from_people(engine, persons, records, catalogue, asked, by_area=shown)

    def _strata(self) -> dict[str, Any]:
        units = defaultdict(set)
        for row in self.answers:
            units[f"{row['year']}|{row['stratum']}"].add(row["sampling_unit"] or row["person_id"])
        drawn = np.array([len(of) for of in units.values()])
        return {"keys": pa.array(units), "units": drawn, "population": np.full(len(drawn), np.nan)}


def people(
    rng: np.random.Generator, size: int, indicators: Sequence[Indicator], catalogue: Catalogue, areas: Sequence[str]
) -> list[Row]:
    """Person-years of both years, some in every area, with every column that the indicators read."""
    pools = _pools(indicators)
    ages = sorted({age for age in pools["age"] if age >= 0} | {0, 1, 4, 89, 90, 97})
    drawn = {name: [*sorted(pool), None] for name, pool in pools.items() if name not in BASIC | RECORD}
    drawn |= {s.id: [*s.level_ids, UNKNOWN] for s in catalogue.stratifiers.values() if not s.areas and not s.column}
    return [
        {
            "person_id": k + 1,
            "year": year,
            "area": areas[k % len(areas)],
            "sex": str(rng.choice(["female", "male", UNKNOWN], p=[0.48, 0.48, 0.04])),
            "age": int(rng.choice(ages)),
            "days": int(rng.integers(1, 367)),
        }
        | {name: pool[rng.integers(len(pool))] for name, pool in sorted(drawn.items())}
        for k, year in product(range(size), YEARS)
    ]


def records(rng: np.random.Generator, persons: Sequence[Row], indicators: Sequence[Indicator]) -> list[Row]:
    """Events of some persons, several of a few, or answers of all, with weights, strata and sampling units."""
    made: list[Row] = []
    for item in sorted({i.item for i in indicators if i.item}):
        asking = [i for i in indicators if i.item == item]
        drawn = {name: [*sorted(pool), None] for name, pool in _pools(asking).items() if name in RECORD}
        times = [1, 1, 1] if asking[0].basis == "survey" else [0, 1, 2]
        for person in persons:
            k = int(person["person_id"])
            design = {
                "weight": WEIGHTS[k % 5],
                "stratum": f"wave/{k % 2}",
                "sampling_unit": f"{k % 7}" if k % 2 else None,
            }
            for _ in range(rng.choice(times, p=[0.5, 0.4, 0.1])):
                happened = {name: pool[rng.integers(len(pool))] for name, pool in sorted(drawn.items())}
                made.append({"person_id": k, "year": person["year"], "item": item} | happened | design)
    return made


def _pools(indicators: Iterable[Indicator]) -> dict[str, set[Any]]:
    """For each column the values that conditions name, and others beside them."""
    found: dict[str, set[Any]] = defaultdict(set) | {"category": {"other"}, "amount": {0.5}, "income": {199.5}}
    for one in indicators:
        for test in (*_tests(one.population), *_tests(one.numerator)):
            named = test.value if isinstance(test.value, tuple) else (test.value,)
            for value in named if test.operator != "exists" else ():
                found[test.column] |= {value, "other"} if isinstance(value, str) else {value - 1, value, value + 1}
    return found


def _tests(condition: Condition) -> Iterable[Test]:
    if isinstance(condition, Test):
        return [condition]
    parts = (condition.part,) if isinstance(condition, Not) else condition.parts
    return [test for part in parts for test in _tests(part)]


def counts(summary: Summary) -> Counts:
    """The cells of a summary as the reference has them; rows of one cell are added up."""
    rows = summary.collapse().table.to_pylist()
    return {tuple(row[d] for d in summary.dims): {name: row[name] for name in summary.statistics} for row in rows}
