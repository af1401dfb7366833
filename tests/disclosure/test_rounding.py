"""Rounded counts: small ones are gone, and no total is farther off than by another program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lighed.core.summary import Summary
from lighed.disclosure.rounding import TABLE, rounded, small_gone
from tests.disclosure.cubes import Cube, golden, large, of_two_levels
from tests.disclosure.tables import QUICK
from tests.golden import column

# The largest and the mean difference of SmallCountRounding in the large cube: of a year, of all with their totals.
LARGE = {("2023",): (6, 0.5096), (): (10, 0.6274)}


def assert_small_counts_are_gone(before: Any, after: Any, base: int) -> None:
    small = before < base
    assert set(after[small]) <= {0, base}
    assert_array_equal(after[~small], before[~small])
    assert not after[before == 0].any()


@pytest.mark.parametrize(("name", "base"), [("14_plsround_b5", 5), ("15_plsround_d2_b3", 3)])
def test_golden_cases_are_no_farther_off_than_the_other_program(name: str, base: int) -> None:
    cube, rows = golden(name)
    after = rounded(cube.totals, cube.records, base)
    off, other = np.abs(cube.totals @ after - cube.figures), np.abs(column(rows, "difference"))
    assert_array_equal(cube.figures, column(rows, "original"))
    assert_small_counts_are_gone(cube.records, after, base)
    assert off.max() <= other.max()
    assert off.mean() <= other.mean()


@pytest.mark.parametrize("years", LARGE, ids=lambda years: "-".join(years) or "all")
def test_a_large_cube_is_no_farther_off_than_by_the_other_program(years: tuple[str, ...]) -> None:
    cube = large(*years)
    after = rounded(cube.totals, cube.records, 5)
    off = np.abs(cube.totals @ after - cube.figures)
    assert_small_counts_are_gone(cube.records, after, 5)
    assert off.max() <= LARGE[years][0]
    assert off.mean() <= LARGE[years][1]


@QUICK
@given(st.lists(st.integers(0, 9), min_size=8, max_size=8), st.sampled_from([2, 3, 5]))
def test_no_count_that_is_rounded_the_other_way_would_bring_the_totals_nearer(records: list[int], base: int) -> None:
    cube: Cube = of_two_levels(records)
    after = rounded(cube.totals, cube.records, base)
    assert_small_counts_are_gone(cube.records, after, base)
    off = ((cube.totals @ after - cube.figures) ** 2).sum()
    for cell in np.flatnonzero((cube.records > 0) & (cube.records < base)):
        other = np.where(np.arange(8) == cell, base - after, after)
        assert ((cube.totals @ other - cube.figures) ** 2).sum() >= off


LEVELS = [f"{one}|{other}" for one in ("short", "medium", "long") for other in ("female", "male")]
GROUPS = ("short", "medium", "long", "female", "male")
Towns = dict[tuple[int, str], list[tuple[int, int]]]  # of each year and municipality, those with the thing and without


def finest(towns: Towns) -> Summary:
    rows = [
        {"indicator": "x", "period": year, "area": area, "level": level, "n": has + has_not, "events": has, "time": 99}
        for (year, area), pairs in towns.items()
        for level, (has, has_not) in zip(LEVELS, pairs, strict=False)
    ]
    return Summary((*TABLE, "level"), ("n", "events", "time"), pa.Table.from_pylist(rows), ("area", "level"))


def cells(table: Summary) -> dict[tuple[Any, ...], tuple[int, int]]:
    rows = table.table.to_pylist()
    return {(row["period"], row["area"], row["level"]): (row["events"], row["n"] - row["events"]) for row in rows}


@st.composite
def towns(draw: Any) -> Towns:
    pair = st.tuples(st.integers(0, 12), st.integers(0, 12))
    pairs = st.lists(pair, min_size=len(LEVELS), max_size=len(LEVELS))
    return {(year, area): draw(pairs) for year in (2023, 2024) for area in ("0101", "0851")}


@QUICK
@given(towns(), st.sampled_from([3, 5, 10]))
def test_both_those_with_the_thing_and_those_without_are_none_or_at_least_the_base(drawn: Towns, base: int) -> None:
    before, after = cells(finest(drawn)), small_gone(finest(drawn), base)
    found = cells(after)
    assert found.keys() <= before.keys()
    for key, pair in before.items():
        new = np.array(found.get(key, (0, 0)))
        assert_small_counts_are_gone(np.array(pair), new, base)
    assert set(after.table["time"].to_pylist()) <= {0}


@QUICK
@given(towns())
def test_a_municipality_and_year_are_rounded_as_if_alone_whatever_the_order_of_rows(drawn: Towns) -> None:
    together = small_gone(finest(drawn), 5)
    alone = [small_gone(finest({key: pairs}), 5) for key, pairs in drawn.items()]
    assert cells(together) == {key: pair for one in alone for key, pair in cells(one).items()}
    table = finest(drawn)
    mixed = table.table.take(np.random.default_rng(1).permutation(table.table.num_rows))
    assert small_gone(Summary(table.dims, table.statistics, mixed, table.partitions), 5).table.equals(together.table)


def test_a_thousand_repeats_are_equal_to_the_byte() -> None:
    few = finest({(2024, "0101"): [(1, 2), (3, 3), (4, 1), (2, 2), (7, 3), (1, 1)]})
    first = small_gone(few, 5).table
    assert first.num_rows
    assert all(small_gone(few, 5).table.equals(first) for _ in range(1000))


@QUICK
@given(towns())
def test_no_cell_that_is_rounded_the_other_way_would_bring_persons_and_cases_of_groups_nearer(drawn: Towns) -> None:
    (place, pairs), *_ = drawn.items()
    found = cells(small_gone(finest({place: pairs}), 5))
    before, after = np.array(pairs), np.array([found.get((*place, level), (0, 0)) for level in LEVELS])
    for cell in np.argwhere((before > 0) & (before < 5)):
        other = after.copy()
        other[*cell] = 5 - other[*cell]
        assert _far(other - before) >= _far(after - before)


def _far(off: Any) -> int:
    """The sum of squares, over everybody and each level, of how far persons and cases are off, shape (cell, 2)."""
    of_groups = [[word is None or word in level.split("|") for level in LEVELS] for word in (None, *GROUPS)]
    figures = np.array(of_groups, int) @ np.stack([off[:, 0], off.sum(-1)], -1)
    return int((figures**2).sum())
