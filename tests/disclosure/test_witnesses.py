"""What is taken for a witness is one, by those who try every table, and few are missed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csc_array, csr_array

from lighed.disclosure import flows, witnesses
from lighed.disclosure.attack import intervals
from tests.disclosure.cubes import Cube, every_table, of_two_levels
from tests.disclosure.tables import QUICK

SQUARE = csc_array([[-1.0, -1, 0, 0], [0, 0, -1, -1], [-1, 0, -1, 0], [0, -1, 0, -1]])  # two rows, two columns


@st.composite
def masked_cubes(draw: Any) -> tuple[Cube, Any]:
    records = draw(st.lists(st.integers(0, 3), min_size=8, max_size=8).filter(lambda found: 0 < sum(found) <= 8))
    hidden = np.array([False, *draw(st.lists(st.booleans(), min_size=26, max_size=26))])
    return of_two_levels(records), hidden


def reached(cube: Cube, hidden: Any, wanted: Any) -> Any:
    """Which changes of the hidden figures are found, the rest shown."""
    table = flows.Table.of(cube.sums, cube.figures, np.where(hidden, 1.0, np.inf)).part(np.flatnonzero(hidden))
    program = flows._program(table, np.zeros(hidden.sum()), np.stack([np.full(hidden.sum(), np.inf), table.value]))
    return witnesses.reached(program, table.sums, table.value, wanted[hidden])


@QUICK
@given(masked_cubes())
def test_a_change_is_found_only_where_a_table_has_it_and_few_are_missed(masked: tuple[Cube, Any]) -> None:
    cube, hidden = masked
    assume(hidden.any())
    tables = every_table(int(cube.records.sum()), 8) @ cube.totals.T.toarray()
    tables = tables[(tables[:, ~hidden] == cube.figures[~hidden]).all(axis=1)]
    wanted = np.arange(4)[None] - cube.figures[:, None]
    found = reached(cube, hidden, wanted)
    true = (tables[:, hidden, None] == np.arange(4)).any(axis=0)
    assert not (found & ~true).any()
    assert (true & ~found).sum() <= 0.1 * true.size


@pytest.mark.parametrize(("change", "there"), [(3.0, True), (2.0, True), (-1.0, True), (4.0, False), (-2.0, False)])
def test_what_the_others_have_no_room_for_is_not_found(change: float, there: bool) -> None:
    room, wanted = np.array([1.0, 3, 3, 9]), np.zeros((4, 1))
    wanted[0] = change
    table = flows.Table.of(csr_array(SQUARE), room, np.ones(4))
    program = flows._program(table, np.zeros(4), np.stack([np.full(4, np.inf), room]))
    assert_array_equal(witnesses.reached(program, SQUARE, room, wanted)[0], [there])


@QUICK
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=6))
def test_a_change_is_taken_apart_into_steps_that_are_lawful_and_add_up_to_it(turns: list[int]) -> None:
    """A strip of squares: rows of two, columns that are chained, each square turned so many times."""
    size = len(turns)
    left, right = np.eye(size, size + 1), np.eye(size, size + 1, 1)
    row, column = np.repeat([1.0, 0.0], size + 1), np.eye(size + 1)
    sums = csc_array(np.vstack([row, np.hstack([column, column])]))
    change = np.concatenate([np.array(turns) @ (left - right), np.array(turns) @ (right - left)]).astype(int)
    steps = witnesses._steps(csc_array(-sums), change)
    assert_array_equal(steps.sum(axis=1), change)
    assert not (sums @ steps).toarray().any()
    assert (abs(steps).sum(axis=1) == np.abs(change)).all()


def test_the_attack_tries_no_more_where_tables_show_enough_doubt_and_says_the_truth_where_they_do_not() -> None:
    rows = csr_array([[1, -1, -1, 0, 0], [0, 0, 0, -1, -1]])
    shown, rest = np.array([20, np.nan, np.nan, np.nan, np.nan]), np.array([0, -3])
    lower, upper = intervals(rows, shown, rest, rest, enough=np.tile([[1], [4], [5]], 5))
    assert (lower[1:3] <= 1).all()
    assert (upper[1:3] - lower[1:3] >= 5).all()
    assert_array_equal([lower[3:], upper[3:]], [[0, 0], [3, 3]])
