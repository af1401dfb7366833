"""Small areas: each group keeps its own mean, what is known stays as it is, and intervals hold what is true."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import gamma

from lighed import stats
from tests.stats.samples import covered, numbers

ROUNDING = 1e-9
DRAWS = 1000  # of 98 municipalities each
# Adults of 98 municipalities, from some thousand to some hundred thousand.
ADULTS = np.exp(np.random.default_rng(1).normal(10.4, 0.75, 98))
VARIANCE = 0.16 * 0.84 * 1e4 / (0.01 * ADULTS)  # of a share in per cent, one adult in a hundred asked


def _values(between: float, draws: int = DRAWS, k: int = 98) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(int(10 * between) + k)
    true = 16 + between * rng.normal(size=(draws, k))
    variance = np.broadcast_to(VARIANCE[:k], true.shape)
    return true, true + np.sqrt(variance) * rng.normal(size=true.shape), variance


def test_values_come_nearer_to_the_mean_the_less_is_known() -> None:
    _, value, variance = _values(2, draws=1)
    made, mean = stats.shrink(value, variance), stats.fit(value, variance).coefficient.value
    kept = ((made.value - mean) / (value - mean))[0]
    assert ((kept > 0) & (kept < 1)).all()
    assert (np.diff(kept[np.argsort(variance[0])]) < 0).all()


def test_values_that_are_known_well_stay_as_they_are() -> None:
    _, value, variance = _values(2, draws=1)
    assert_allclose(stats.shrink(value, 1e-9 * variance).value, value, rtol=1e-6)
    assert_allclose(stats.shrink(value, 1e-9 * variance).se, np.sqrt(1e-9 * variance), rtol=1e-3)


def test_less_is_known_of_those_that_are_drawn_over_a_longer_way() -> None:
    value = np.array([10.0, 11, 12, 13, 14, 15, 16])
    se = stats.shrink(value, np.full(7, 2.0)).se
    assert (np.diff(se)[:3] < 0).all()
    assert_allclose(se, se[::-1])


def test_each_social_group_is_drawn_to_its_own_mean_and_the_gap_stays() -> None:
    """Drawn to a common mean, the gap between the groups would narrow by the method alone."""
    _, value, variance = _values(1, draws=1)
    groups = np.concatenate([value + 10, value])
    gap = np.subtract(*stats.shrink(groups, np.concatenate([variance, variance])).value)
    assert_allclose(gap, 10, rtol=ROUNDING)
    common = stats.shrink(groups.ravel(), np.concatenate([variance, variance]).ravel()).value.reshape(2, -1)
    assert np.subtract(*common).mean() < 9.8


def test_another_unit_or_zero_moves_everything_along() -> None:
    _, value, variance = _values(2, draws=3)
    made, moved = stats.shrink(value, variance), stats.shrink(5 - 0.01 * value, 1e-4 * variance)
    assert_allclose(moved.value, 5 - 0.01 * made.value, rtol=ROUNDING)
    assert_allclose(moved.se, 0.01 * made.se, rtol=1e-7)


def test_areas_that_lie_on_a_line_are_drawn_to_the_line() -> None:
    poverty = np.linspace(3, 12, 98)
    design = np.stack([np.ones(98), poverty], -1)
    _, noise, variance = _values(0, draws=1)
    made = stats.fit(10 + 2 * poverty, variance[0], design)
    assert_allclose(made.coefficient.value, [10, 2], rtol=ROUNDING)
    assert made.between.value == made.between.lower == 0
    drawn = stats.shrink(noise[0] + 2 * poverty, variance[0], design).value
    assert np.corrcoef(drawn, poverty)[0, 1] > 0.99
    assert np.corrcoef(noise[0] + 2 * poverty, poverty)[0, 1] < 0.99


def test_the_weighted_squares_of_what_is_left_are_as_many_as_are_free() -> None:
    """What Paule and Mandel's estimate is, and what the limits of the variance are."""
    _, value, variance = _values(2, draws=5)
    made = stats.fit(value, variance)
    for between, wanted in ((made.between.value, 97), (made.between.lower, 126.14), (made.between.upper, 71.64)):
        weight = 1 / (variance + between[:, None])
        mean = (weight * value).sum(-1, keepdims=True) / weight.sum(-1, keepdims=True)
        assert_allclose((weight * (value - mean) ** 2).sum(-1), wanted, rtol=1e-4)


@pytest.mark.parametrize(
    ("bad", "of"), [(np.nan, "value"), (np.inf, "value"), (np.nan, "variance"), (0, "variance"), (-1, "variance")]
)
def test_a_municipality_without_a_value_is_left_out(bad: float, of: str) -> None:
    _, value, variance = _values(2, draws=2)
    value, variance = value.copy(), variance.copy()
    (value if of == "value" else variance)[:, 3] = bad
    made = stats.shrink(value, variance)
    assert np.isnan(numbers(made))[:, :, 3].all()
    rest = stats.shrink(np.delete(value, 3, -1), np.delete(variance, 3, -1))
    assert_allclose(np.delete(np.array(numbers(made)), 3, -1), numbers(rest), rtol=ROUNDING)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_few_municipalities_tell_nothing_of_their_spread(k: int) -> None:
    value = np.arange(1.0, k + 1)
    assert np.isnan(numbers(stats.shrink(value, np.full(k, 0.1)))).all() == (k < 4)
    assert np.isnan(stats.fit(value, np.full(k, 0.1)).between.value) == (k < 2)
    assert np.isnan(numbers(stats.shrink_rates(value, np.full(k, 10.0)))).all() == (k < 4)


@pytest.mark.parametrize("between", [1.0, 2.0])
@pytest.mark.parametrize("k", [6, 29, 98])
def test_the_intervals_of_small_municipalities_hold_what_is_true(k: int, between: float) -> None:
    true, value, variance = _values(between, k=k)
    made = stats.shrink(value, variance)
    assert 0.94 < covered(made, true) < 0.99
    assert ((made.value - true) ** 2).mean() < ((value - true) ** 2).mean()
    if k > 20:  # of few, next to nothing is known of the mean to which they are drawn
        assert (made.upper - made.lower).mean() < 0.95 * 2 * 1.96 * np.sqrt(variance).mean()
    assert 0.93 < covered(stats.fit(value, variance).between, between**2) < 0.97


def test_the_intervals_hold_less_often_far_from_the_mean() -> None:
    """They are for municipalities taken together, as the docstring says."""
    true, value, variance = _values(1.0)
    far = np.abs(true - 16) > 1.6
    made = stats.shrink(value, variance)
    assert 0.7 < covered((made.lower[far], made.upper[far]), true[far]) < 0.9


def _counts(spread: float, rate: float) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(2)
    true = rate * rng.gamma(1 / spread**2, spread**2, (DRAWS, 98))
    time = np.broadcast_to(0.1 * ADULTS, true.shape)
    return true, rng.poisson(true * time), time


@pytest.mark.parametrize("spread", [0.15, 0.4])
@pytest.mark.parametrize("rate", [1e-3, 1e-2])
def test_the_intervals_of_small_rates_hold_what_is_true(spread: float, rate: float) -> None:
    true, events, time = _counts(spread, rate)
    made = stats.shrink_rates(events, time)
    assert 0.94 < covered(made, true) < 0.985
    assert ((made.value - true) ** 2).mean() < ((events / time - true) ** 2).mean()


def test_rates_are_those_of_the_gamma_distribution_that_counts_leave() -> None:
    """Many municipalities, so that Morris's corrections are next to nothing; the prior is known from the moments."""
    rng = np.random.default_rng(3)
    time = np.full(20_000, 2000.0)
    events = rng.poisson(time * rng.gamma(25, 0.01 / 25, 20_000))
    mean, spread = events.mean() / 2000, (events / time).var(ddof=1) - events.mean() / 2000**2
    a, b = mean**2 / spread, mean / spread
    made = stats.shrink_rates(events, time)
    left = gamma(a + events, scale=1 / (b + time))
    assert_allclose(made.value, left.mean(), rtol=1e-3)
    assert_allclose([made.lower, made.upper], left.interval(0.95), rtol=2e-3)


def test_a_rate_without_events_is_above_0_and_below_its_neighbours() -> None:
    made = stats.shrink_rates(np.array([0, 10, 20, 30, 12.0]), np.array([300.0, 1000, 1500, 2100, 900]))
    assert 0 < made.value[0] < made.value[1:].min()
    assert (made.lower > 0).all()
    assert (made.lower < made.value).all()
    assert (made.value < made.upper).all()


@pytest.mark.parametrize(("events", "time"), [(np.nan, 100.0), (-1, 100.0), (5, 0.0), (5, -3.0), (5, np.nan)])
def test_impossible_counts_are_left_out(events: float, time: float) -> None:
    counts, years = np.array([4.0, 10, 20, 30, 12, events]), np.array([300.0, 1000, 1500, 2100, 900, time])
    made = stats.shrink_rates(counts, years)
    assert np.isnan(numbers(made))[:, -1].all()
    assert_allclose(np.array(numbers(made))[:, :-1], numbers(stats.shrink_rates(counts[:-1], years[:-1])))


def test_no_events_at_all_tell_nothing() -> None:
    assert np.isnan(numbers(stats.shrink_rates(np.zeros((2, 9)), np.ones((2, 9))))).all()


CELLS = np.array(list(np.ndindex(2, 4, 4)))
DESIGN = np.concatenate([np.ones((32, 1)), *((CELLS[:, [d]] == np.arange(1, k)) for d, k in enumerate((2, 4, 4)))], 1)
MAIN = DESIGN @ np.array([50, 2, -1, -2, -4, 1, 1, 3.0])
WITHIN = 100.0


def _strata(beyond: float) -> tuple[Any, stats.Strata]:
    rng = np.random.default_rng(4)
    variance = WITHIN / rng.integers(30, 400, 32)
    apart = beyond * rng.normal(size=(DRAWS, 32))
    value = MAIN + apart + np.sqrt(variance) * rng.normal(size=apart.shape)
    return apart, stats.strata(value, np.broadcast_to(variance, value.shape), WITHIN, DESIGN)


def test_strata_that_are_the_sum_of_their_main_effects_have_nothing_beyond() -> None:
    made = stats.strata(MAIN, np.full(32, 1.0), WITHIN, DESIGN)
    assert made.beyond.value == 0
    assert made.change == 1
    assert_allclose(made.interaction.value, 0, atol=1e-9)
    assert_allclose(made.main.value, [50, 2, -1, -2, -4, 1, 1, 3])
    between = MAIN.var(ddof=1) - 1
    assert_allclose(made.partition.value, between / (between + WITHIN))


def test_strata_that_do_not_differ_have_no_partition_and_no_change() -> None:
    made = stats.strata(np.full(32, 50.0), np.full(32, 1.0), WITHIN, DESIGN)
    assert made.partition.value == made.between.value == 0
    assert np.isnan(made.change)


def test_where_neither_strata_nor_persons_differ_there_is_nothing_to_divide() -> None:
    made = stats.strata(np.full((2, 32), 50.0), np.full((2, 32), 1.0), np.array([0.0, WITHIN]), DESIGN)
    assert np.isnan(made.partition.value).tolist() == [True, False]


@pytest.mark.parametrize("beyond", [0.5, 1.5])
def test_the_intervals_of_strata_hold_what_is_true(beyond: float) -> None:
    apart, made = _strata(beyond)
    assert 0.94 < covered(made.interaction, apart) < 0.97
    assert 0.93 < covered(made.beyond, beyond**2) < 0.97
    assert_allclose(made.beyond.value.mean(), beyond**2, rtol=0.06)
    assert_allclose(made.change.mean(), 1 - beyond**2 / (MAIN.var(ddof=1) + beyond**2), atol=0.04)


def test_a_larger_variance_between_persons_leaves_less_to_the_strata() -> None:
    value, variance = MAIN + CELLS.prod(-1), np.full(32, 1.0)
    made = stats.strata(np.stack([value, value]), np.stack([variance, variance]), np.array([50.0, 200]), DESIGN)
    assert made.partition.value[0] > made.partition.value[1]
    assert (made.partition.lower < made.partition.value).all()
    assert (made.partition.value < made.partition.upper).all()
    assert_allclose(np.diff(made.interaction.value, axis=0), 0)
