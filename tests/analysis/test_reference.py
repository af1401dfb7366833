"""Cells and groups of the engine are those of a second engine, in plain Python, on examples and on random people."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lighed.analysis.examples import _table, people_of, records_of
from lighed.analysis.summarise import summarise, summarise_sample
from lighed.catalogue import load
from lighed.core.condition import All, Condition, Either, Not, Test, parse
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Indicator
from lighed.store.engine import expression, memory_table
from tests import reference
from tests.reference import Counts, Group, Row
from tests.towns import Town, counts, people, records

CATALOGUE = load()
STEPS = {i.id for pathway in CATALOGUE.pathways.values() for i in pathway.indicators}
MADE = STEPS | {*CATALOGUE.uses}  # the example of the pathway or of the use is theirs
COMPUTED = [i for i in CATALOGUE.indicators.values() if i.computes and i.id not in MADE]
SAME = 1e-12  # both engines divide the same whole numbers
KEY = ("indicator", "period", "area", "level")

# No definition of the catalogue has these yet, and the language has them.
INCOME = CATALOGUE.indicators["F6.1"].model_copy(
    update={"id": "income", "kind": "mean", "unit": "kroner", "numerator": parse({"income": {"exists": True}})}
)
EITHER = CATALOGUE.indicators["F6.1"].model_copy(
    update={
        "id": "either",
        "numerator": parse({"any": [{"not": {"age": {"between": [18, 40]}}}, {"income": {"at_most": 250.5}}]}),
    }
)
OFTEN = CATALOGUE.indicators["I7.1"].model_copy(update={"id": "often", "kind": "mean", "unit": "per_person"})


@pytest.mark.parametrize("one", COMPUTED, ids=lambda i: i.id)
def test_the_worked_example_gives_the_cells_of_the_reference(one: Indicator, engine: Any) -> None:
    assert one.example is not None
    persons, happened = people_of(one, one.example), records_of(one, one.example)
    tables = memory_table(engine, "people", persons), memory_table(engine, "records", happened)
    count, again = (
        (summarise_sample, reference.summarise_sample) if one.basis == "survey" else (summarise, reference.summarise)
    )
    found = counts(count(engine, *tables, [one], by=one.example.by))
    assert found == again(persons.to_pylist(), happened.to_pylist(), [one], one.example.by)
    assert any(sums["n"] for sums in found.values())


@pytest.mark.parametrize("by", [None, "education", "employment", "sex"])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_people_give_the_cells_of_the_reference(seed: int, by: str | None, engine: Any) -> None:
    rng, areas = np.random.default_rng(seed), ["0101", "0851", "0813"]
    asked = [i for i in COMPUTED if i.basis == "survey"]
    counted = [*(i for i in COMPUTED if i.basis != "survey"), INCOME, EITHER, OFTEN]
    persons = people(rng, 150, [*COMPUTED, INCOME, EITHER, OFTEN], CATALOGUE, areas)
    before = memory_table(engine, "people", _table(persons))
    for indicators, count, again in (
        (counted, summarise, reference.summarise),
        (asked, summarise_sample, reference.summarise_sample),
    ):
        happened = records(rng, persons, indicators)
        found = count(engine, before, memory_table(engine, "records", _table(happened)), indicators, by=by)
        assert counts(found) == again(persons, happened, indicators, by)
        assert {cell[0] for cell in counts(found)} == {i.id for i in indicators}


ROWS = [
    {"number": number, "word": word, "day": day, "first": first}
    for number, word in ((None, "a"), (1, None), (2, "b"), (3, "a"))
    for day, first in ((None, date(2026, 1, 1)), (date(2026, 1, 31), None), (date(2026, 1, 31), date(2026, 1, 1)))
]
TESTS = st.one_of(
    st.builds(Test, st.just("number"), st.sampled_from(["is", "at_least", "at_most"]), st.integers(0, 4)),
    st.builds(Test, st.just("number"), st.just("between"), st.tuples(st.integers(0, 2), st.integers(1, 4))),
    st.builds(Test, st.just("word"), st.just("in"), st.sampled_from([("a",), ("a", "b"), ("c",)])),
    st.builds(Test, st.sampled_from(["number", "word"]), st.just("exists"), st.booleans()),
    st.builds(
        Test,
        st.just("day"),
        st.just("within_days_of"),
        st.sampled_from([{"column": "first", "days": days} for days in (29, 30)]),
    ),
    st.just(Test("first", "within_days_of", {"column": "day", "days": 30})),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda parts: st.one_of(
        st.builds(Not, parts),
        st.builds(All, st.lists(parts, max_size=3).map(tuple)),
        st.builds(Either, st.lists(parts, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=5,
)


# Each example makes its table anew, so it does not matter that they share an engine.
SHARED = [HealthCheck.function_scoped_fixture]


@settings(max_examples=10, deadline=None, derandomize=True, database=None, suppress_health_check=SHARED)
@given(conditions=st.lists(CONDITIONS, min_size=24, max_size=24))
def test_conditions_hold_fail_or_are_unknown_alike(conditions: list[Condition], engine: Any) -> None:
    table = memory_table(engine, "t", pa.Table.from_pylist(ROWS))
    found = table.select(**{f"c{k}": expression(one, table) for k, one in enumerate(conditions)}).to_pyarrow()
    for k, one in enumerate(conditions):
        assert found[f"c{k}"].to_pylist() == [reference.holds(one, row) for row in ROWS], one


KEPT = [CATALOGUE.indicators[name] for name in ("F6.1", "F6.4a", "F3.1", "F3.5", "F1.1", "I7.1", "I7.2")]
COUNTED, ASKED = ([i for i in KEPT if (i.basis == "survey") == asked] for asked in (False, True))


@pytest.fixture(scope="module")
def town() -> Town:
    """Persons of every municipality, in the last year of the old regions and the first of the new."""
    rng = np.random.default_rng(3)
    areas = [code for code, area in CATALOGUE.areas.items() if area.kind == "municipality"]
    persons = people(rng, 10 * len(areas), KEPT, CATALOGUE, areas)
    return Town(KEPT, persons, records(rng, persons, COUNTED), records(rng, persons, ASKED))


def cells(town: Town, by: str | None) -> Counts:
    counted = reference.summarise(town.people, town.events, COUNTED, by)
    return counted | reference.summarise_sample(town.people, town.answers, ASKED, by)


def hold(rows: list[Row], due: dict[Group, dict[str, Any]]) -> None:
    """Counts are equal, values but for rounding; a group is there if anybody is in it."""
    for measure in ("crude", "standardised"):
        found = {tuple(r[name] for name in KEY): r for r in rows if r["measure"] == measure and r["value"] is not None}
        assert found.keys() == {group for group, figures in due.items() if figures[measure] is not None}
        for group, row in found.items():
            figures, unit = due[group], CATALOGUE.indicators[group[0]].unit
            assert (row["n"], row["events"]) == (figures["n"], figures["events"]), group
            assert row["value"] == pytest.approx(figures[measure] * SCALE[unit], rel=SAME), group


@pytest.mark.parametrize("by", [None, "education", "employment"])
def test_groups_of_every_area_are_those_of_the_reference(by: str | None, town: Town, engine: Any) -> None:
    due = reference.groups(cells(town, by), CATALOGUE)
    rows = town.estimates(engine, by).rows()
    hold(rows, due)
    present = {(period, area) for _, period, area, _ in due}
    assert {("2026", "1084"), ("2027", "region-east"), ("2026", "group-1"), ("2027", COUNTRY)} < present
    assert not {("2027", "1084"), ("2026", "region-east")} & present


def test_groups_of_municipalities_are_those_of_the_reference(town: Town, engine: Any) -> None:
    (crosswalk,) = CATALOGUE.stratifiers["poverty_fifth"].crosswalks
    level = {code: level for level, codes in crosswalk.levels.items() for code in codes}
    moved = {(*cell[:5], level[cell[2]], *cell[6:]): sums for cell, sums in cells(town, None).items()}
    due = {group: found for group, found in reference.groups(moved, CATALOGUE).items() if group[2] == COUNTRY}
    hold([r for r in town.estimates(engine, None, "poverty_fifth").rows() if r["stratifier"] == "poverty_fifth"], due)


def test_what_is_compared_is_the_worst_off_with_the_best_off_and_never_the_unknown(town: Town, engine: Any) -> None:
    due, rows = reference.groups(cells(town, "education"), CATALOGUE), town.estimates(engine, "education").rows()
    found = {tuple(r[name] for name in KEY[:3]): r for r in rows if r["measure"] == "difference" and not r["component"]}
    assert sum(row["value"] is not None for row in found.values()) > 50
    for group, row in found.items():
        one = CATALOGUE.indicators[group[0]]
        levels = [due.get((*group, level), {}) for level in CATALOGUE.stratifiers["education"].level_ids]
        values = [level.get("standardised" if one.standardise else "crude") for level in levels]
        if None in values:
            assert (row["value"], row["flags"]) == (None, "not_applicable")
        else:
            gap = values[0] - values[-1] if one.polarity == "lower_is_better" else values[-1] - values[0]
            assert row["value"] == pytest.approx(gap * SCALE[one.unit], rel=1e-9, abs=1e-9)


def test_the_unknown_share_is_of_all_persons(town: Town, engine: Any) -> None:
    due, rows = reference.groups(cells(town, "education"), CATALOGUE), town.estimates(engine, "education").rows()
    found = {tuple(r[name] for name in KEY[:3]): r for r in rows if r["measure"] == "unknown_share"}
    every: dict[Any, int] = defaultdict(int)
    for group, figures in due.items():
        every[group[:3]] += figures["n"]
    assert found.keys() == every.keys()
    for group, row in found.items():
        unknown = due.get((*group, UNKNOWN), {"n": 0})["n"]
        assert (row["n"], row["events"]) == (every[group], unknown)
        assert row["value"] == pytest.approx(100 * unknown / every[group])
