"""Groups of equal size by an amount: ties stand together, weights count, and what is missing has no group."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lighed.stats import quantile


@pytest.mark.parametrize(("n", "groups"), [(10, 5), (100, 10), (12, 4), (5, 5)], ids=str)
def test_groups_are_equally_large_where_they_can_be(n: int, groups: int) -> None:
    amount = np.random.default_rng(1).permutation(n).astype(float)
    made = quantile(amount, groups)
    assert np.bincount(made.astype(int)).tolist() == [n // groups] * groups
    assert (np.diff(made[np.argsort(amount)]) >= 0).all()


@pytest.mark.parametrize(
    ("amount", "groups", "expected"),
    [
        ([1, 1, 1, 1, 2], 2, [0, 0, 0, 0, 1]),
        ([1, 2, 2, 2, 2], 2, [0, 1, 1, 1, 1]),
        ([3, 3, 3, 3], 2, [1, 1, 1, 1]),
        ([0, 0, 1, 2, 3, 3], 3, [0, 0, 1, 1, 2, 2]),
    ],
    ids=str,
)
def test_ties_stand_at_the_middle_of_their_ranks(amount: list[float], groups: int, expected: list[int]) -> None:
    assert quantile(np.array(amount), groups).tolist() == expected


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 4)), min_size=5, max_size=30), st.integers(2, 5))
def test_a_weight_is_that_many_units_alike(units: list[tuple[int, int]], groups: int) -> None:
    amount, weight = np.array(units, float).T
    each = np.repeat(amount, weight.astype(int))
    everyone = quantile(each, groups)
    assert quantile(amount, groups, weight).tolist() == [everyone[each == a][0] for a in amount]


def test_what_is_missing_has_no_group_and_moves_nobody() -> None:
    rows = np.array([[4.0, np.nan, 1, 3, 2], [1, 2, 3, np.nan, np.nan]])
    made = quantile(rows, 4)
    assert np.isnan(made[0]).tolist() == [False, True, False, False, False]
    assert made[0][[2, 4, 3, 0]].tolist() == [0, 1, 2, 3]
    assert np.isnan(made[1]).all()  # fewer amounts than groups


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        quantile(np.array([1.0, 2]), 2, np.array([1.0, -1]))
