"""Rounded counts: small ones are gone, and no total is farther off than by another program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from lighed.disclosure.rounding import rounded
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
