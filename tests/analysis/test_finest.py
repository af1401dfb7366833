"""What is worked out of the finest tables is what is worked out of persons, dimension by dimension."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lighed.analysis.build import from_people
from lighed.analysis.examples import _table
from lighed.analysis.finest import BETWEEN
from lighed.catalogue import load
from lighed.core.condition import parse
from lighed.core.estimates import KEPT, Estimates
from lighed.core.summary import Summary
from lighed.store.engine import memory_table
from tests.reference import Row
from tests.towns import people, records

CATALOGUE = load()
ANY_AGE = {"id": "any_age", "population": parse({"employment": {"exists": True}}), "standardise": None}
COUNTED = [CATALOGUE.indicators["F6.1"].model_copy(update=ANY_AGE)]
COUNTED += [i for i in CATALOGUE.indicators.values() if i.computes and i.of_counts]
BY = [CATALOGUE.stratifiers[name] for name in ("education", "sex", "education_sex", "origin")]
FEW = [BY[0], BY[3]]
SAME = 1e-6  # limits that are sought in steps, of all indicators until the last is found
KEY = ("indicator", "period", "area", "level")
NAMES = ("indicator", "period", "area", "stratifier", "level", "measure", "value", "lower", "upper", "n", "events")


@pytest.fixture
def build(engine: Any) -> Callable[..., Estimates]:
    rng = np.random.default_rng(4)
    persons = people(rng, 200, COUNTED, CATALOGUE, ["0101", "0851", "0813"])
    for person in persons[:40]:
        person["age"] = None  # of whom no file says when they were born
    before = memory_table(engine, "people", _table(persons))
    events: Any = SimpleNamespace(events=memory_table(engine, "events", _table(records(rng, persons, COUNTED))))
    events.answers = events.strata = None
    half = COUNTED[::2]
    asked = [(None, COUNTED), *((s, COUNTED if s in FEW else half) for s in BY)]
    return lambda **given: from_people(engine, before, events, CATALOGUE, asked, **given)


def groups(found: Estimates) -> dict[Any, tuple[int, int]]:
    return {tuple(row[name] for name in NAMES[:5]): (row["n"], row["events"]) for row in found.rows()}


def told(found: Estimates) -> list[Row]:
    rows = ({name: row[name] for name in NAMES} for row in found.sorted().rows() if row["component"] != "change")
    return [*rows]


def assert_estimates_agree(rows: list[Row], others: list[Row]) -> None:
    assert len(rows) == len(others)
    for row, other in zip(rows, others, strict=True):
        for name in NAMES:
            assert row[name] == other[name] or math.isclose(row[name], other[name], rel_tol=SAME), (row, other)


def test_a_rounding_that_changes_nothing_gives_the_figures_of_a_build_without(build: Callable[..., Estimates]) -> None:
    exact, rounded = build(), build(rounding=lambda table: table)
    shown = rounded.without(KEPT)
    assert_estimates_agree(told(shown), told(exact.without(KEPT)))
    assert {row["indicator"] for row in told(shown)} == {i.id for i in COUNTED}
    assert {row["measure"] for row in told(shown)} > {"crude", "slope_index", "unknown_share"}


def test_every_figure_and_what_is_kept_behind_it_are_of_the_table_that_is_given_back_and_of_the_exact_one(
    build: Callable[..., Estimates],
) -> None:
    def doubled(table: Summary) -> Summary:
        cells = table.table
        for name in ("n", "events"):
            cells = cells.set_column(cells.schema.get_field_index(name), name, pa.array(2 * cells[name].to_numpy()))
        return Summary(table.dims, table.statistics, cells, table.partitions)

    made = build(rounding=doubled)
    pairs = {measure: groups(made.where(measure=measure)) for measure in ("crude", KEPT)}
    assert pairs["crude"] == {key: (2 * n, 2 * events) for key, (n, events) in pairs[KEPT].items()}
    assert sum(n for n, _ in pairs[KEPT].values()) > 0


def test_a_finest_table_has_every_dimension_of_an_indicator_and_no_sex_or_age_of_its_own(
    build: Callable[..., Estimates],
) -> None:
    seen: list[Summary] = []
    build(rounding=lambda table: seen.append(table) or table)
    widths = {row["indicator"]: row["level"].count(BETWEEN) + 1 for one in seen for row in one.table.to_pylist()}
    assert widths == {i.id: len(BY if i in COUNTED[::2] else FEW) for i in COUNTED}
    for one in seen:
        assert one.table["sex"].null_count == one.table["age"].null_count == one.table.num_rows
        keys = [tuple(row[name] for name in KEY) for row in one.table.to_pylist()]
        assert len({*keys}) == len(keys) > 0
