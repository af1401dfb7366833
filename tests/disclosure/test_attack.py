"""The attack finds what a reader can work out: no more, and no less, by golden cases and by trying every table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, vstack

from lighed.disclosure.attack import intervals
from tests.disclosure.cubes import Cube, every_table, flagged, golden, of_two_levels, weighted
from tests.disclosure.tables import QUICK
from tests.golden import column, read

ATTACKED = "02_mun_accidents_max3", "03_mun_accidents_max3_zeros_open", "05_d2_hierarchy", "06_d2_3way"


def attacked(cube: Cube, hidden: Any) -> tuple[Any, Any]:
    shown = cube.cells(np.where(hidden, np.nan, cube.figures), np.nan)
    lower, upper = intervals(cube.sums, shown, asked=cube.cells(hidden, False))
    return lower[: len(hidden)], upper[: len(hidden)]


@pytest.mark.parametrize("name", [*ATTACKED, "07_linked_geo_eu_year"])
def test_the_attack_finds_the_intervals_that_another_attack_found(name: str) -> None:
    cube, figures = golden(name)
    lower, upper = attacked(cube, flagged(figures, "suppressed"))
    other = read(f"sdc/{name}/audit.csv")
    at = column(other, "cell").astype(int) - 1
    assert_array_equal(np.flatnonzero(flagged(figures, "suppressed")), at)
    assert_array_equal(lower[at], column(other, "int_lo"))
    assert_array_equal(upper[at], column(other, "int_hi"))


@pytest.mark.parametrize(
    ("second", "given_away"),
    [("10_time_Q1Q2_given_Q1", []), ("11_time_Q1Q2_naive", [("Q2", "pensions", "small")])],
)
def test_a_second_publication_gives_away_what_the_first_and_it_hide_if_it_does_not_mind_it(
    second: str, given_away: list[tuple[str, ...]]
) -> None:
    _, first = golden("09_time_Q1")
    cube, figures = golden(second)
    out = {(row["quarter"], row["main_income"], row["size"]) for row in first if row["suppressed"] == "FALSE"}
    hidden = flagged(figures, "suppressed") & [key not in out for key in cube.keys]
    lower, upper = attacked(cube, hidden)
    small = flagged(figures, "primary")
    assert [cube.keys[cell] for cell in np.flatnonzero(hidden & small & (lower == upper))] == given_away


@st.composite
def masked_cubes(draw: Any) -> tuple[Cube, Any]:
    records = draw(st.lists(st.integers(0, 3), min_size=8, max_size=8).filter(lambda found: 0 < sum(found) <= 8))
    hidden = np.array([False, *draw(st.lists(st.booleans(), min_size=26, max_size=26))])
    return of_two_levels(records), hidden


@QUICK
@given(masked_cubes(), st.lists(st.integers(-3, 3), min_size=8, max_size=8), st.sampled_from([None, 0.5, 2.0]))
def test_the_attack_finds_what_every_table_that_agrees_with_what_is_shown_says(
    masked: tuple[Cube, Any], weights: list[int], half: float | None
) -> None:
    """All tables of whole numbers are tried; with `half`, a measure of the records was printed in units of twice it."""
    cube, hidden = masked
    tables = every_table(int(cube.records.sum()), 8)
    figures = tables @ cube.totals.T.toarray()
    agree = (figures[:, ~hidden] == cube.figures[~hidden]).all(axis=1)
    rows, ends = cube.sums, np.zeros((cube.sums.shape[0], 2))
    if half is not None:
        exact = tables @ weights
        printed = np.round(cube.records @ weights / (2 * half)) * 2 * half
        agree &= np.abs(exact - printed) <= half
        rows = csr_array(vstack([rows, weighted(cube, weights)]))
        ends = np.vstack([ends, [printed - half, printed + half]])
    lower, upper = intervals(rows, np.where(hidden, np.nan, cube.figures), *ends.T)
    assert_array_equal(lower, figures[agree].min(axis=0))
    assert_array_equal(upper, figures[agree].max(axis=0))


def test_whole_numbers_say_more_than_fractions() -> None:
    rows, hidden = csr_array([[2, 3]]), np.full(2, np.nan)
    assert intervals(rows, hidden, [7], [7], narrow=0) == pytest.approx(np.array([[0, 0], [3, 2]]))
    assert intervals(rows, hidden, [7], [7], narrow=15) == pytest.approx(np.array([[2, 1], [2, 1]]))


def test_a_cell_that_is_not_asked_for_is_not_answered() -> None:
    total, hidden = csr_array([[1, -1, -1]]), np.array([4, np.nan, np.nan])
    lower, upper = intervals(total, hidden, asked=np.array([True, True, False]))
    assert_array_equal([lower, upper], [[4, 0, np.nan], [4, 4, np.nan]])


def test_what_nothing_limits_is_infinite_and_what_no_table_agrees_with_is_not_a_number() -> None:
    difference = csr_array([[1, -1]])
    assert_array_equal(intervals(difference, np.full(2, np.nan)), [[0, 0], [np.inf, np.inf]])
    assert np.isnan(intervals(csr_array([[1, 1]]), np.full(2, np.nan), [-1], [-1])).all()


def test_somebody_who_is_in_a_cell_knows_that_it_is_not_empty() -> None:
    total = csr_array([[1, -1, -1]])
    lower, upper = intervals(total, np.array([4, np.nan, np.nan]), least=np.array([0, 0, 1]))
    assert_array_equal([lower, upper], [[4, 0, 1], [4, 3, 4]])


def test_where_nothing_is_hidden_there_is_nothing_to_find() -> None:
    assert_array_equal(intervals(csr_array([[1, -1, -1]]), np.array([3, 1, 2])), [[3, 1, 2], [3, 1, 2]])
