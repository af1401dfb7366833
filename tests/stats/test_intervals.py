"""Intervals of shares and counts: their edges, and how often they cover what is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from lighed.stats.intervals import Values, Z, delta, fieller, gradient, linear_ratio, poisson, student, wilson
from tests.stats.samples import DRAWS, covered, numbers

ROUNDING = 1e-12  # absolute: what is left of 0 or 1 in limits of shares
ROOT = 1e-9  # relative: how far a limit may be from solving the equation that defines it


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 10**9), st.floats(0, 1))
def test_wilsons_limits_are_shares_on_both_sides_of_the_estimate(n: int, part: float) -> None:
    share = round(part * n) / n
    lower, upper = wilson(share, n)
    assert 0 <= lower <= share + ROUNDING
    assert share - ROUNDING <= upper <= 1
    assert lower < upper


@settings(derandomize=True, deadline=None)
@given(st.integers(1, 10**6), st.floats(0.01, 0.99))
def test_wilsons_limits_are_the_shares_whose_score_test_is_just_rejected(n: int, share: float) -> None:
    for limit in wilson(share, n):
        assert_allclose(abs(share - limit) / np.sqrt(limit * (1 - limit) / n), Z, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 10, 1_000_000])
def test_nobody_and_everybody_have_an_interval_to_one_side(n: int) -> None:
    (none_lower, none_upper), (all_lower, all_upper) = wilson(0, n), wilson(1, n)
    assert_allclose([none_lower, all_upper], [0, 1], atol=ROUNDING)
    assert_allclose([none_upper, 1 - all_lower], Z**2 / (n + Z**2), rtol=1e-6)


def test_there_is_no_interval_of_nobody() -> None:
    assert np.isnan(wilson(np.nan, 0)).all()
    assert np.isnan(wilson([np.nan, 0.5], [0, 10])).tolist() == [[True, False], [True, False]]


def test_wilsons_interval_covers_the_share_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(1)
    share, n = rng.uniform(0.02, 0.98, DRAWS), rng.integers(20, 500, DRAWS)
    assert 0.945 < covered(wilson(rng.binomial(n, share) / n, n), share) < 0.957


@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5, 0.9])
def test_wilsons_interval_does_not_fail_at_any_one_share(share: float) -> None:
    rng = np.random.default_rng(2)
    assert 0.91 < covered(wilson(rng.binomial(100, share, DRAWS) / 100, 100), share) < 0.99


def test_limits_of_counts_rise_with_the_count_also_where_the_method_changes() -> None:
    lower, upper = poisson(np.arange(60))
    assert lower[0] == 0
    assert (np.diff(lower) > 0).all()
    assert (np.diff(upper) > 0).all()
    assert (lower <= np.arange(60)).all()
    assert (upper > np.arange(60)).all()


def test_no_events_leave_an_upper_limit() -> None:
    lower, upper = poisson(0)
    assert lower == 0
    assert_allclose(np.exp(-upper), 0.025, rtol=ROOT)


def test_a_missing_count_has_no_limits() -> None:
    assert np.isnan(poisson([np.nan, 3, 30])).tolist() == [[True, False, False]] * 2


@pytest.mark.parametrize(
    ("counts", "least", "most"),
    [((0.5, 9), 0.95, 0.99), ((12, 60), 0.945, 0.965), ((100, 2000), 0.945, 0.957)],
    ids=str,
)
def test_the_interval_of_a_count_covers_what_was_expected(
    counts: tuple[float, float], least: float, most: float
) -> None:
    rng = np.random.default_rng(3)
    expected = rng.uniform(*counts, DRAWS)
    assert least < covered(poisson(rng.poisson(expected)), expected) < most


def test_students_point_comes_from_a_table() -> None:
    assert_allclose(student([1, 2, 5, 30, 1e9]), [12.706, 4.303, 2.571, 2.042, 1.960], atol=0.0005)
    assert np.isnan(student([0, -1])).all()


def test_the_gradient_is_taken_row_by_row() -> None:
    value, weight = np.array([[1.0, 2], [3, 4]]), np.array([[1.0, 1], [2, 5]])
    slope = gradient(lambda v, w: (w * v**2).sum(-1), value, weight)
    assert_allclose(slope, 2 * weight * value, rtol=ROUNDING)


def test_the_delta_method_is_exact_of_a_sum() -> None:
    value, se = delta(lambda v, w: (w * v).sum(-1), np.array([1.0, 2]), np.array([4.0, 9]), np.array([1.0, 2]))
    assert (value, se) == (5, np.sqrt(4 + 4 * 9))


def test_another_unit_scales_every_number() -> None:
    one = Values(*(np.array([part]) for part in (0.2, 0.01, 0.18, 0.22)))
    assert_allclose(np.ravel(numbers(one.scaled(100))), [20, 1, 18, 22])


def test_fiellers_limits_are_the_ratios_that_are_just_rejected() -> None:
    rng = np.random.default_rng(4)
    over, under, va, vb, part = rng.uniform(*np.transpose([(5, 50), (20, 30), (0.1, 9), (0.1, 9), (-1, 1)]), (200, 5)).T
    both = part * np.sqrt(va * vb)
    for limit in fieller(over, under, va, vb, both):
        assert_allclose(np.abs(over - limit * under) / np.sqrt(va - 2 * limit * both + limit**2 * vb), Z, rtol=1e-6)


def test_fiellers_interval_is_unbounded_where_the_denominator_may_be_0_and_a_point_without_error() -> None:
    assert np.isnan(fieller(20.0, 1.9, 1.0, 1.0, 0.0)).all()
    assert np.isnan(fieller(20.0, 0.0, 0.0, 0.0, 0.0)).all()
    assert fieller(30.0, 10.0, 0.0, 0.0, 0.0) == (3.0, 3.0)


@pytest.mark.parametrize("part", [-0.8, 0.0, 0.8])
def test_fiellers_interval_covers_a_ratio_also_where_the_denominator_is_poorly_known(part: float) -> None:
    rng = np.random.default_rng(5)
    under, over = rng.standard_normal((2, DRAWS))
    over = 12 + part * under + np.sqrt(1 - part**2) * over
    assert 0.945 < covered(fieller(over, 6 + under, np.ones(()), np.ones(()), np.array(part)), 2.0) < 0.957


def test_a_ratio_of_sums_has_the_gradient_of_a_complex_step() -> None:
    rng = np.random.default_rng(6)
    value, over, under = rng.uniform(1, 2, (3, 4, 5))
    found, slope = linear_ratio(value, over, under)
    assert_allclose(found, (over * value).sum(-1) / (under * value).sum(-1), rtol=ROUNDING)
    parts = np.stack([over, under])
    numeric = gradient(lambda v, _: (parts[0][:, None] * v).sum(-1) / (parts[1][:, None] * v).sum(-1), value, under)
    assert_allclose(slope, numeric, rtol=1e-9)
