"""Trends and changes: agreement with scipy and with the persons behind the counts, covariance, coverage, edges."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats as scipy_stats

from lighed.stats import MEASURES, Measure, Polarity, Sample, Values, change, correlation_between, evaluate, proportion
from lighed.stats.trend import (
    TrendTest,
    change_between,
    covariance_of_shares,
    direction,
    diverges,
    linear_trend,
    monotone_trend,
    trend_of_proportions,
)
from tests.stats.samples import DRAWS, covered, numbers

EXACT = 1e-9


def test_a_test_has_the_chance_of_both_sides() -> None:
    assert_allclose(TrendTest.of(np.array([-1.959964, 0, 3.290527])).p, [0.05, 1, 0.001], rtol=1e-5)


def test_a_trend_with_equal_errors_is_the_line_of_least_squares() -> None:
    rng = np.random.default_rng(1)
    time, value = np.array([2010.0, 2011, 2013, 2014, 2018]), rng.normal(0, 1, (4, 5))
    slope, _ = linear_trend(value, 0.3, time)
    expected = np.array([scipy_stats.linregress(time, one).slope for one in value])
    assert_allclose(slope.value, expected, rtol=EXACT)


def test_a_trend_with_unequal_errors_is_the_weighted_line_with_the_error_of_its_design() -> None:
    time, se = np.arange(6.0), np.array([0.2, 0.1, 0.4, 0.3, 0.1, 0.2])
    value = np.array([3.0, 3.4, 2.9, 4.4, 4.1, 5.2])
    _, expected = np.polynomial.polynomial.polyfit(time, value, 1, w=1 / se)
    x = np.stack([np.ones(6), time], -1)
    covariance = np.linalg.inv(x.T @ np.diag(se**-2) @ x)
    slope, test = linear_trend(value, se, time)
    assert_allclose([slope.value, slope.se], [expected, np.sqrt(covariance[1, 1])], rtol=EXACT)
    assert_allclose(test.z, slope.value / slope.se)


def test_the_interval_of_a_trend_covers_it() -> None:
    rng = np.random.default_rng(2)
    time, se = np.arange(8.0), rng.uniform(0.5, 2, 8)
    slope, test = linear_trend(5 + 0.3 * time + rng.normal(0, se, (DRAWS, 8)), se, time)
    assert 0.945 < covered(slope, 0.3) < 0.955
    flat = linear_trend(rng.normal(0, se, (DRAWS, 8)), se, time)[1]
    assert 0.045 < np.mean(flat.p < 0.05) < 0.055
    assert np.mean(test.p < 0.05) > 0.3


NO_TREND: dict[str, Any] = {
    "one time": ([3.0], [0.1], [2000]),
    "all at one time": ([3.0, 4], [0.1, 0.1], [2000, 2000]),
    "a missing value": ([3.0, np.nan, 5], [0.1] * 3, [1, 2, 3]),
    "a value without an error": ([3.0, 4, 5], [0.1, 0, 0.1], [1, 2, 3]),
}


@pytest.mark.parametrize("given", NO_TREND.values(), ids=NO_TREND)
def test_without_times_and_errors_there_is_no_trend(given: Any) -> None:
    slope, test = linear_trend(*given)
    assert np.isnan([*numbers(slope), test.z, test.p]).all()


def test_the_trend_of_shares_is_the_correlation_of_the_persons() -> None:
    rng = np.random.default_rng(3)
    n, score = rng.integers(20, 90, (5, 4)), np.array([1.0, 2, 3, 5])
    events = rng.binomial(n, [0.2, 0.25, 0.3, 0.3])
    made = trend_of_proportions(events, n, score)
    for k in range(5):
        y = np.concatenate([[1] * e + [0] * (m - e) for e, m in zip(events[k], n[k], strict=True)])
        r = scipy_stats.pearsonr(np.repeat(score, n[k]), y).statistic
        assert_allclose(made.z[k], r * np.sqrt(n[k].sum()), rtol=EXACT)


def test_the_test_of_shares_rejects_as_often_as_it_says_where_there_is_no_trend() -> None:
    rng = np.random.default_rng(4)
    n = np.array([80, 120, 60, 100, 90])
    made = trend_of_proportions(rng.binomial(n, 0.2, (DRAWS, 5)), n, np.arange(5))
    assert 0.045 < np.mean(made.p < 0.05) < 0.055


@pytest.mark.parametrize("events", [[0, 0], [5, 8]], ids=["nobody", "everybody"])
def test_there_is_no_trend_of_nobody_or_everybody(events: list[int]) -> None:
    assert np.isnan(trend_of_proportions(events, [5, 8], [1, 2]).z)
    assert np.isnan(trend_of_proportions([1, 2], [5, 8], [1, 1]).z)
    assert np.isnan(trend_of_proportions([6, 2], [5, 8], [1, 2]).z)


@pytest.mark.parametrize("tied", [False, True], ids=["no two alike", "ties"])
def test_a_monotone_trend_is_scipys(tied: bool) -> None:
    """Kendall's and Theil and Sen's, by another program, which does not correct for continuity."""
    rng = np.random.default_rng(5)
    value = np.arange(14) * 0.15 + rng.normal(0, 1, (20, 14))
    value = np.round(value) if tied else value
    time = np.sort(rng.choice(np.arange(1990, 2020), 14, replace=False)).astype(float)
    slope, test = monotone_trend(value, time)
    for k, one in enumerate(value):
        other = scipy_stats.kendalltau(time, one, method="asymptotic")
        pairs = np.sign(one[None, :] - one[:, None])[np.triu_indices(14, 1)].sum()
        z = test.z[k] if pairs == 0 else test.z[k] * pairs / (pairs - np.sign(pairs))
        assert_allclose(2 * scipy_stats.norm.sf(abs(z)), other.pvalue, rtol=1e-6)
        assert test.z[k] * other.statistic >= 0
        assert_allclose(slope[k], scipy_stats.theilslopes(one, time).slope, rtol=EXACT, atol=1e-15)


def test_the_monotone_test_does_not_reject_more_often_than_it_says() -> None:
    rng = np.random.default_rng(6)
    for value in (rng.normal(0, 1, (4000, 12)), rng.poisson(1.0, (4000, 12)).astype(float)):
        assert 0.025 < np.nanmean(monotone_trend(value)[1].p < 0.05) < 0.055


def test_a_monotone_trend_needs_values_that_differ_and_none_missing() -> None:
    assert np.isnan(monotone_trend(np.ones(10))[1].z)
    slope, test = monotone_trend([1.0, np.nan, 3, 4])
    assert np.isnan([slope, test.z]).all()
    assert np.isnan([monotone_trend([1.0])[0], monotone_trend([1.0])[1].z]).all()


def test_the_covariance_of_shares_is_that_of_the_persons() -> None:
    rng = np.random.default_rng(7)
    y = (rng.random(300) < 0.3).astype(float)
    z = np.where(rng.random(300) < 0.6, y, rng.random(300) < 0.3)
    first, last = np.arange(300) < 220, np.arange(300) >= 60
    joint = Sample(np.ones(300)).mean(np.stack([y, z]), np.stack([first, last]))
    inside = first & last
    made = covariance_of_shares(
        (y * z)[inside].sum(), y[inside].sum(), z[inside].sum(), inside.sum(), first.sum(), last.sum()
    )
    # about their shares in both, where the sample's scores are about the shares of all
    assert_allclose(made, joint.covariance[0, 1], rtol=0.02)
    assert covariance_of_shares(0, 0, 0, 0, 10, 10) == 0


def _twice(rng: Any, draws: int, n: int) -> Any:
    """The same persons at two times, of whom those who had the thing mostly have it still."""
    had = rng.binomial(n, 0.3, draws)
    kept, new = rng.binomial(had, 0.8), rng.binomial(n - had, 0.1)
    return had, kept + new, kept


@pytest.mark.parametrize(("scale", "truth"), [("absolute", 0.31 - 0.3), ("relative", 0.31 / 0.3)])
def test_the_interval_of_a_change_in_the_same_persons_covers_it_and_without_covariance_is_too_wide(
    scale: Any, truth: float
) -> None:
    first, last, both = _twice(np.random.default_rng(8), DRAWS, 800)
    before, after = proportion(first, 800), proportion(last, 800)
    shared = covariance_of_shares(both, first, last, 800, 800, 800)
    made = change_between(before, after, persons="same", covariance=shared, scale=scale)
    assert 0.94 < covered(made, truth) < 0.96
    assert covered(change_between(before, after, persons="different", scale=scale), truth) > 0.995


@pytest.mark.parametrize("polarity", get_args(Polarity))
@pytest.mark.parametrize("wanted", MEASURES.values(), ids=str)
def test_the_interval_of_a_change_of_a_measure_covers_it_where_its_levels_go_together(
    wanted: Measure, polarity: Polarity
) -> None:
    """Three levels whose shares come nearer to each other; of those who had the thing three in four have it still."""
    rng, n = np.random.default_rng(9), np.array([2000, 3000, 2500])
    before, after = np.array([0.38, 0.30, 0.15]), np.array([0.35, 0.30, 0.18])
    had = rng.binomial(n, before, (DRAWS // 5, 3))
    both = rng.binomial(had, 0.75)
    has = both + rng.binomial(n - had, (after - 0.75 * before) / (1 - before))
    first, last = proportion(had, n), proportion(has, n)
    sizes = np.broadcast_to(n, had.shape)
    alone = (both - had * has / n) / np.sqrt(had * (1 - first.value) * has * (1 - last.value))
    shared = correlation_between(
        wanted, (first.value, first.se, sizes), (last.value, last.se, sizes), alone[..., None] * np.eye(3)
    )
    ends = [evaluate(wanted, end.value, end.se**2, sizes, polarity=polarity) for end in (first, last)]
    due = [evaluate(wanted, end, np.zeros(3), n, polarity=polarity) for end in (before, after)]
    made = change(wanted, *ends, covariance=shared * ends[0].se * ends[1].se)
    assert 0.94 < covered(made, change(wanted, *due).value) < 0.965
    assert covered(change(wanted, *ends), change(wanted, *due).value) > 0.985


def test_a_change_in_the_same_persons_is_refused_without_their_covariance() -> None:
    with pytest.raises(ValueError, match="covariance"):
        change_between(proportion(1, 10), proportion(2, 10), persons="same")


def test_a_change_in_different_persons_is_that_of_the_measures() -> None:
    one, two = proportion([30, 50], 100), proportion([45, 40], 120)
    for name, scale in (("difference", "absolute"), ("ratio", "relative")):
        made: Any = change_between(one, two, persons="different", scale=scale)  # type: ignore[arg-type]
        assert_allclose(numbers(made), numbers(change(MEASURES[name], one, two)), rtol=EXACT)


def test_there_is_no_ratio_to_nothing() -> None:
    made = change_between(proportion([0, 5], 10), proportion([5, 0], 10), persons="different", scale="relative")
    assert np.isnan(numbers(made)).all()


def _values(*limits: tuple[float, float]) -> Values:
    low, high = np.array(limits).T
    return Values((low + high) / 2, (high - low) / 4, low, high)


def test_directions_and_what_diverges() -> None:
    absolute = _values((-3, -1), (1, 3), (-1, 1), (-3, -1), (np.nan, np.nan), (1, 3))
    relative = _values((1.1, 1.5), (1.1, 1.5), (1.1, 1.5), (0.9, 1.2), (1.1, 1.5), (0.5, 0.8))
    assert direction(absolute, 0.0).tolist() == [-1, 1, 0, -1, 0, 1]
    assert direction(relative, 1.0).tolist() == [1, 1, 1, 0, 1, -1]
    assert diverges(absolute, relative).tolist() == [True, False, False, False, False, True]


def test_chance_seldom_says_that_absolute_and_relative_inequality_diverge() -> None:
    rng = np.random.default_rng(9)
    n = 3000
    # the ratio grows from 2 to 3 while the gap of 10 points stays
    level = np.array([[0.2, 0.1], [0.15, 0.05]])
    made = [proportion(rng.binomial(n, share, (DRAWS, 2)), n) for share in level]
    parts = [[one.at(np.s_[:, k]) for k in range(2)] for one in made]
    absolute = change_between(*(change_between(b, w, persons="different") for w, b in parts), persons="different")
    relative = change_between(
        *(change_between(b, w, persons="different", scale="relative") for w, b in parts),
        persons="different",
        scale="relative",
    )
    assert np.mean(direction(relative, 1.0) == 1) > 0.9
    assert np.mean(diverges(absolute, relative)) < 0.03
