"""Tests of a gradient's shape: against worked examples and another program, and how often they are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import isotonic_regression
from scipy.stats import chi2, chi2_contingency

from lighed.stats import (
    MEASURES,
    TESTS,
    index_of_relative_rank,
    linear_correlation,
    linearity,
    monotonicity,
    ridit,
    trend_of_proportions,
)
from lighed.stats.shape import _chances_of_steps, _rising
from tests.stats.samples import DRAWS

ROUNDING = 1e-9  # relative: the same sums in another order
WEIGHT = np.array([900.0, 1500, 2400, 1800, 1200])
ERROR = np.array([1.2, 0.9, 0.7, 0.8, 1.0])

each = pytest.mark.parametrize


def test_departure_from_a_line_is_what_the_trend_leaves_of_the_chi_square() -> None:
    """Carriers of streptococci by the size of their tonsils (Holmes and Williams 1954, in Armitage 1955).

    Printed on page 375: chi-square 7.89 on 2 degrees of freedom (by hand; it is 7.885).
    """
    carriers, children = np.array([19, 29, 24]), np.array([516, 589, 293])
    whole = chi2_contingency([carriers, children - carriers]).statistic
    assert_allclose(whole, 7.89, atol=0.006)
    all_share = carriers.sum() / children.sum()
    made = linearity(carriers / children, all_share * (1 - all_share) / children, np.ones(3))
    left = whole - trend_of_proportions(carriers, children, [0, 1, 2]).z ** 2
    assert_allclose(made.statistic, left, rtol=ROUNDING)
    assert_allclose(made.p, chi2.sf(left, 1), rtol=ROUNDING)


def test_departure_from_a_line_is_the_least_sum_of_squares() -> None:
    value = 20 + np.random.default_rng(1).standard_normal((50, 5))
    columns = np.stack([np.ones(5), ridit(WEIGHT)], -1) / ERROR[:, None]
    least = [np.linalg.lstsq(columns, one / ERROR)[1][0] for one in value]
    assert_allclose(linearity(value, ERROR**2, WEIGHT).statistic, least, rtol=ROUNDING)


def test_of_points_on_a_line_one_in_twenty_departs_from_it_by_chance() -> None:
    value = 18 - 8 * ridit(WEIGHT) + ERROR * np.random.default_rng(2).standard_normal((DRAWS, 5))
    assert 0.045 < (linearity(value, ERROR**2, WEIGHT).p < 0.05).mean() < 0.055


def test_the_nearest_rising_values_are_those_of_another_program() -> None:
    value = np.random.default_rng(3).standard_normal((100, 7))
    precision = np.random.default_rng(4).uniform(0.1, 9, (100, 7))
    expected = [isotonic_regression(v, weights=w).x for v, w in zip(value, precision, strict=True)]
    assert_allclose(_rising(value, precision), expected, rtol=ROUNDING, atol=1e-12)


def test_the_chances_of_steps_are_those_of_the_tables() -> None:
    """Level probabilities for equal weights, and the 5 % points that they give (Bartholomew 1959; Barlow 1972)."""
    assert_allclose(_chances_of_steps(3), [1 / 3, 1 / 2, 1 / 6])
    assert_allclose(_chances_of_steps(4), [1 / 4, 11 / 24, 1 / 4, 1 / 24])
    for levels, point in {3: 3.820, 4: 4.528, 5: 5.049}.items():
        chances = _chances_of_steps(levels)[1:]
        assert_allclose(chances @ chi2.sf(point, np.arange(1, levels)), 0.05, atol=5e-5)


def test_of_levels_that_are_alike_one_in_twenty_is_found_not_to_rise() -> None:
    """The mixture of chi-squares is exact where the levels are alike and equally well known, in one direction."""
    value = np.random.default_rng(5).standard_normal((DRAWS, 5))
    distance = ((value - _rising(value, np.ones(value.shape))) ** 2).sum(-1)
    tails = [chance * chi2.sf(distance, 5 - k) for k, chance in enumerate(_chances_of_steps(5)[:-1], 1)]
    assert 0.045 < (np.sum(tails, axis=0) < 0.05).mean() < 0.055


@each("error", [np.ones(5), ERROR, np.array([3.0, 0.3, 1.0, 0.3, 3.0]), np.array([0.2, 1.0, 2.0, 1.0, 0.2])], ids=str)
@each("slope", [0.0, 1.0, -20.0])
def test_a_gradient_that_goes_one_way_is_seldom_said_to_turn(error: Any, slope: float) -> None:
    value = slope * ridit(WEIGHT) + error * np.random.default_rng(6).standard_normal((DRAWS, 5))
    assert (monotonicity(value, error**2, WEIGHT).p < 0.05).mean() < 0.05


def test_a_u_is_seen_where_the_slope_index_sees_nothing() -> None:
    """As the uptake of breast screening by education: the ends alike, the middle higher."""
    uptake = 76 + np.array([-6.0, 2, 5, 3, -7]) + ERROR * np.random.default_rng(7).standard_normal((1000, 5))
    found = [test(uptake, ERROR**2, np.ones(5)).p for test in (linearity, monotonicity)]
    assert (np.max(found, axis=0) < 0.001).mean() > 0.9
    assert abs(MEASURES["slope_index"](uptake, np.ones(5)).mean()) < 1
    assert abs(index_of_relative_rank(uptake, np.ones(5)).mean()) < 0.1


@each("value", [(30.0, 30, 20, 20, 1), (1.0, 2, 3, 40, 41), (5.0, 5, 5, 5, 5)], ids=str)
def test_levels_that_go_one_way_do_so_without_doubt(value: Any) -> None:
    made = monotonicity(value, ERROR**2, WEIGHT)
    assert (float(made.statistic), float(made.p)) == (0, 1)


@each("test", [linearity, monotonicity])
def test_a_test_of_shape_is_the_same_from_either_end_and_in_any_unit(test: Any) -> None:
    value = np.random.default_rng(8).standard_normal((20, 5))
    made = test(value, ERROR**2, WEIGHT)
    back = test(-3 * value[:, ::-1], (3 * ERROR[::-1]) ** 2, WEIGHT[::-1])
    assert_allclose([made.statistic, made.p], [back.statistic, back.p], rtol=1e-7, atol=1e-12)


DEFECTS = [(0, np.nan), (0, np.inf), (1, np.nan), (1, 0.0), (1, -1.0), (2, 0.0), (2, np.nan), (2, -1.0)]


@each(("which", "wrong"), DEFECTS, ids=str)
@each("test", [linearity, monotonicity])
def test_a_missing_level_has_no_test_and_leaves_the_others_alone(test: Any, which: int, wrong: float) -> None:
    parts = [np.stack([part, part]) for part in (np.array([5.0, 3, 4, 4, 2]), ERROR**2, WEIGHT)]
    alone = test(*(part[1] for part in parts))
    parts[which][0, 2] = wrong
    made = test(*parts)
    assert np.isnan([made.statistic[0], made.p[0]]).all()
    assert_allclose([made.statistic[1], made.p[1]], [alone.statistic, alone.p])


def test_two_levels_are_a_line_and_one_is_nothing() -> None:
    assert np.isnan(linearity([5.0, 3], [1.0, 1], [1.0, 1]).p)
    assert monotonicity([5.0, 3], [1.0, 1], [1.0, 1]).p == 1
    assert np.isnan([test([5.0], [1.0], [1.0]).p for test in (linearity, monotonicity)]).all()


def test_the_index_of_relative_rank_is_whole_for_what_goes_one_way_and_turns_with_the_order() -> None:
    value = np.sort(np.random.default_rng(9).uniform(1, 9, (20, 5)), axis=-1)[:, ::-1]
    assert_allclose(index_of_relative_rank(value, WEIGHT), 1, rtol=ROUNDING)
    assert_allclose(index_of_relative_rank(value[:, ::-1], WEIGHT), -1, rtol=ROUNDING)
    mixed = value[:, [2, 0, 4, 1, 3]]
    there = index_of_relative_rank(mixed, WEIGHT)
    assert (np.abs(there) < 1).all()
    assert_allclose(index_of_relative_rank(mixed[:, ::-1], WEIGHT[::-1]), -there, rtol=ROUNDING)
    assert_allclose(index_of_relative_rank(7 + 3 * mixed, WEIGHT), there, rtol=ROUNDING)


def test_the_correlation_with_rank_is_that_of_the_persons_whose_levels_they_are() -> None:
    value = np.random.default_rng(10).standard_normal((20, 5))
    rank = np.repeat(ridit(WEIGHT), WEIGHT.astype(int))
    persons = [np.corrcoef(-rank, np.repeat(one, WEIGHT.astype(int)))[0, 1] for one in value]
    assert_allclose(linear_correlation(value, WEIGHT), persons, rtol=1e-7)


def test_the_square_of_the_correlation_is_what_the_line_of_the_slope_index_explains() -> None:
    value = 20 + np.random.default_rng(11).standard_normal((20, 5))
    part = WEIGHT / WEIGHT.sum()
    mean = (part * value).sum(-1, keepdims=True)
    line = mean - MEASURES["slope_index"](value, WEIGHT)[:, None] * (ridit(WEIGHT) - 0.5)
    left, whole = ((part * (value - middle) ** 2).sum(-1) for middle in (line, mean))
    assert_allclose(linear_correlation(value, WEIGHT) ** 2, 1 - left / whole, rtol=1e-6, atol=1e-12)


INDICES = [index_of_relative_rank, linear_correlation]
UNKNOWN = [
    ((0.1, 0.1, 0.1), (3.0, 5, 7)),
    ((5.0, np.nan, 3), (1.0, 1, 1)),
    ((5.0, 4, 3), (1.0, 0, 1)),
    ((5.0, 4), (0, 0)),
]


@each("parts", UNKNOWN, ids=str)
@each("index", INDICES)
def test_levels_that_are_alike_or_missing_have_no_index_of_shape(index: Any, parts: Any) -> None:
    assert np.isnan(index(*parts))


@each("index", INDICES)
def test_an_index_of_shape_is_the_same_in_any_unit_and_turns_with_the_outcome(index: Any) -> None:
    value = np.random.default_rng(12).standard_normal((20, 5))
    there = index(value, WEIGHT)
    assert (np.abs(there) < 1 + ROUNDING).all()
    assert_allclose(index(7 + 3 * value, WEIGHT), there, rtol=1e-7)
    assert_allclose(index(-value, WEIGHT), -there, rtol=1e-7)
    assert_allclose(index(value[:, ::-1], WEIGHT[::-1]), -there, rtol=1e-7)


BEND = (np.array([30.0, 20, 26, 12, 11]), ERROR**2, WEIGHT)


def test_what_is_beside_the_slope_index_are_the_p_values_and_the_indices_turned_as_it_is() -> None:
    made = {name: float(one(*BEND, polarity="lower_is_better")) for name, one in TESTS.items()}
    turned = {name: float(one(*BEND, polarity="higher_is_better")) for name, one in TESTS.items()}
    tests = {name: float(test(*BEND).p) for name, test in (("linearity", linearity), ("monotonicity", monotonicity))}
    value, _, weight = BEND
    indices = {one.__name__: float(one(value, weight)) for one in INDICES}
    assert made == tests | indices
    assert turned == tests | {name: -index for name, index in indices.items()}
    assert min(indices.values()) > 0


@each(
    ("name", "unit", "method"),
    [
        ("linearity", "probability", "chi-square(3)"),
        ("monotonicity", "probability", "chi-bar-square(4)"),
        ("linear_correlation", "index", "without interval"),
        ("index_of_relative_rank", "index", "without interval"),
    ],
)
def test_a_test_names_its_distribution_and_degrees_of_freedom(name: str, unit: str, method: str) -> None:
    assert (TESTS[name].unit, TESTS[name].method(5), str(TESTS[name])) == (unit, method, name)
