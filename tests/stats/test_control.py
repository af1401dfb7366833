"""Funnels and control charts: how often chance alone crosses a limit, the rules one by one, and the edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import proportion
from lighed.stats.control import RULES, Chart, laney, xmr
from lighed.stats.funnel import (
    dispersion_of_proportions,
    dispersion_of_ratios,
    limits_of_proportions,
    limits_of_ratios,
    overdispersion,
    significance,
)
from tests.stats.samples import DRAWS


@pytest.mark.parametrize(("confidence", "beyond"), [(0.95, 0.05), (0.998, 0.002)])
def test_chance_alone_crosses_the_limits_as_often_as_they_say(confidence: float, beyond: float) -> None:
    rng = np.random.default_rng(1)
    expected, n = rng.uniform(20, 400, DRAWS), rng.integers(300, 4000, DRAWS)
    ratio, share = rng.poisson(expected) / expected, rng.binomial(n, 0.2) / n
    made: list[Any] = [
        (ratio, limits_of_ratios(expected, confidence=confidence)),
        (ratio, limits_of_ratios(expected, scale="square root", confidence=confidence)),
        (share, limits_of_proportions(0.2, n, confidence=confidence)),
        (share, limits_of_proportions(0.2, n, scale="arcsine", confidence=confidence)),
    ]
    for value, (lower, upper) in made:
        assert_allclose(np.mean((value < lower) | (value > upper)), beyond, rtol=0.25)


def test_wilsons_interval_of_a_share_at_the_limit_reaches_the_average() -> None:
    n = np.array([40, 400, 4000])
    for number, limit in enumerate(limits_of_proportions(0.3, n)):
        made = proportion(limit * n, n)
        assert_allclose((made.upper, made.lower)[number], 0.3)


@pytest.mark.parametrize("scale", ["square root", "log"])
def test_the_variance_between_areas_is_found_and_its_limits_hold_them(scale: Any) -> None:
    rng = np.random.default_rng(2)
    expected = rng.uniform(100, 1000, (500, 98))
    between = 0.15
    observed = rng.poisson(expected * np.exp(rng.normal(0, between, expected.shape)))
    phi, tau2 = dispersion_of_ratios(observed, expected, scale=scale)
    truth = between**2 / (1 if scale == "log" else 4)
    # drawing in or leaving out the extremes makes the variance too small, as all programs that do it have it
    assert 0.3 * truth < tau2.mean() < truth
    assert (phi > 2).all()
    ratio = observed / expected
    lower, upper = limits_of_ratios(expected, tau2=tau2[:, None], scale=scale)
    assert np.mean((ratio < lower) | (ratio > upper)) < 0.25
    narrow = limits_of_ratios(expected, scale=scale)
    assert np.mean((ratio < narrow[0]) | (ratio > narrow[1])) > 0.45


def test_areas_that_differ_by_chance_alone_have_no_variance_between_them() -> None:
    rng = np.random.default_rng(3)
    n = rng.integers(300, 3000, (500, 98))
    phi, tau2 = dispersion_of_proportions(rng.binomial(n, 0.3), n)
    assert 0.6 < phi.mean() < 1
    assert (tau2 == 0).mean() > 0.9


def test_one_extreme_area_hardly_moves_the_dispersion() -> None:
    distance, error = np.random.default_rng(4).normal(0, 0.1, 60), np.full(60, 0.1)
    for extremes in ("drawn in", "left out"):
        calm, wild = (
            overdispersion(np.append(distance, last), np.append(error, 0.1), extremes=extremes)[0]
            for last in (0.25, 9.0)
        )
        assert_allclose(calm, wild, rtol=0.05)


def test_a_missing_area_is_not_passed_over_and_one_area_has_no_variance() -> None:
    for extremes in ("drawn in", "left out"):
        distance = np.tile(np.linspace(-0.3, 0.3, 12), (2, 1))
        distance[0, 4] = np.nan
        made = overdispersion(distance, np.full(12, 0.1), extremes=extremes)
        assert np.isnan(made).tolist() == [[True, False]] * 2
        assert np.isnan(overdispersion(np.array([0.3]), np.array([0.1]), extremes=extremes)[1])


def test_areas_of_nobody_have_no_limits() -> None:
    for scale in ("score", "arcsine"):
        assert np.isnan(limits_of_proportions(0.2, [0, 10], scale=scale)).tolist() == [[True, False]] * 2
    for other in ("exact", "log", "square root"):
        assert np.isnan(limits_of_ratios([0.0, 10], scale=other)).tolist() == [[True, False]] * 2


IMPOSSIBLE: dict[str, Any] = {
    "a share above all": limits_of_proportions(1.2, 10),
    "a negative share": limits_of_proportions(-0.2, 10, scale="arcsine"),
    "fewer expected than none": limits_of_ratios(-3.0),
    "an area of nobody": dispersion_of_proportions([0, 3], [0, 10]),
    "more events than persons": dispersion_of_proportions([5, 3], [4, 10]),
    "an area where nothing is expected": dispersion_of_ratios([0, 3], [0, 10]),
    "fewer observed than none": dispersion_of_ratios([-1, 3], [4, 10], scale="log"),
}


@pytest.mark.parametrize("made", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_of_what_is_impossible_there_are_no_limits_and_no_dispersion(made: Any) -> None:
    assert np.isnan(made).all()


def test_a_variance_between_areas_needs_a_scale() -> None:
    with pytest.raises(ValueError, match="scale"):
        limits_of_ratios(10.0, tau2=0.1)
    with pytest.raises(ValueError, match="arcsine"):
        limits_of_proportions(0.2, 10, tau2=0.1)


def test_an_area_without_an_interval_has_no_significance() -> None:
    made = [proportion([0, 50], [0, 100], confidence=level) for level in (0.95, 0.998)]
    assert significance(*made, 0.2).tolist() == [0, 2]


CALM = np.tile([1.0, -1, 0.5, -0.5], 6)


def _with(*points: float) -> Chart:
    """Calm points, and these in the middle of them."""
    return xmr(np.concatenate([CALM, points, CALM]))


RUNS = {
    "far away": ((9.0,), (1,), "outside the limits"),
    "seven rise": ((-1.6, -1.2, -0.8, 0.4, 0.8, 1.2, 1.6), (1,) * 7, "seven that rise or fall"),
    "seven above": ((0.6, 0.3) * 3 + (0.6,), (1,) * 7, "seven on one side of the mean"),
    "two of three near": ((3.2, 0.6, 3.2), (1, 0, 1), "two of three near a limit"),
}


@pytest.mark.parametrize("turn", [1, -1], ids=["high", "low"])
@pytest.mark.parametrize(("points", "signal", "rule"), RUNS.values(), ids=RUNS)
def test_each_rule_finds_its_points_on_either_side(points: Any, signal: Any, rule: str, turn: int) -> None:
    chart = _with(*(turn * np.array(points)))
    inside = slice(CALM.size, CALM.size + len(points))
    assert chart.signal[inside].tolist() == [turn * one for one in signal]
    assert [RULES[number] for number in chart.rule[inside]] == [rule if one else "none" for one in signal]


SHORT = {
    "six rise": (-1.6, -1.2, -0.8, 0.4, 0.8, 0.7),
    "six above": (0.6, 0.3, 0.6, 0.3, 0.6, 0.3),
    "one of three near": (3.2, 0.6, 0.6),
    "two near on either side": (3.2, -3.2),
}


@pytest.mark.parametrize("points", SHORT.values(), ids=SHORT)
def test_what_is_too_short_for_a_rule_is_chance(points: Any) -> None:
    quiet = np.tile([-1.0, 1.0, -0.5, 0.5], 6)
    chart = xmr(np.concatenate([quiet, [-0.1], points, [-0.1], -quiet]))
    assert not chart.signal.any()


def test_series_are_looked_at_one_by_one() -> None:
    rng = np.random.default_rng(5)
    value = rng.normal(0, 1, (3, 2, 30)).cumsum(-1)
    chart = xmr(value)
    for k in np.ndindex(3, 2):
        alone = xmr(value[k])
        assert chart.signal[k].tolist() == alone.signal.tolist()
        assert_allclose(chart.upper[k], alone.upper)


def test_a_wide_jump_does_not_widen_the_limits_it_is_held_to() -> None:
    value = np.concatenate([CALM, [30.0], CALM])
    screened, everything = xmr(value), xmr(value, ranges="all")
    assert screened.upper[0] - screened.centre[0] < 0.7 * (everything.upper[0] - everything.centre[0])


@pytest.mark.parametrize("value", [[3.0], [3.0, np.nan, 4, 5, 3, 4, 9, 3]], ids=["one point", "a missing point"])
def test_without_a_range_there_are_no_limits(value: list[float]) -> None:
    chart = xmr(value)
    assert np.isnan([chart.lower, chart.upper]).all()
    assert not chart.signal.any()


def test_a_chart_of_shares_has_the_limits_of_chance_where_there_is_only_chance_and_wider_ones_where_there_is_more() -> (
    None
):
    rng = np.random.default_rng(6)
    n = rng.integers(5_000, 20_000, (400, 24))
    chance = laney(rng.binomial(n, 0.3), n)
    width = (chance.upper - chance.centre) / np.sqrt(0.3 * 0.7 / n)
    assert_allclose(np.median(width), 3, rtol=0.05)
    more = laney(rng.binomial(n, np.clip(rng.normal(0.3, 0.02, n.shape), 0, 1)), n)
    assert np.median((more.upper - more.centre) / np.sqrt(0.3 * 0.7 / n)) > 9
    for chart in (chance, more):
        assert np.mean(chart.rule == 1) < 0.01


def _textbook(events: Any, below: Any, *, shares: bool) -> Any:
    """Laney's limits as they are printed: in standard errors of counting, and back."""
    centre = events.sum() / below.sum()
    error = np.sqrt(centre * (1 - centre if shares else 1) / below)
    z = (events / below - centre) / error
    half = 3 * error * np.abs(np.diff(z)).mean() / 1.128
    return centre - half, centre + half


@pytest.mark.parametrize("shares", [True, False], ids=["shares", "rates"])
def test_limits_of_shares_and_of_rates_are_those_of_the_textbook(shares: bool) -> None:
    rng = np.random.default_rng(7)
    n = rng.integers(2_000, 20_000, 24)
    events = rng.binomial(n, 0.3)
    chart = laney(events, n)
    assert_allclose([chart.lower, chart.upper], _textbook(events, n, shares=shares))
    assert_allclose(chart.value, events / n)


def test_a_chart_with_nobody_in_it_at_some_time_has_no_limits() -> None:
    chart = laney([3, 0, 4], [10, 0, 12])
    assert np.isnan(chart.upper).all()
    assert not chart.signal.any()


def test_a_series_without_points_has_a_chart_without_points() -> None:
    assert xmr([]).upper.shape == laney([], []).upper.shape == (0,)


def test_an_area_without_events_is_taken_to_have_half_of_one_on_the_log_scale() -> None:
    observed, expected = np.array([0.0, 0, 0, 4, 6, 2]), np.array([2.0, 1, 3, 3, 4, 3])
    made = dispersion_of_ratios(observed, expected, scale="log")
    assert_allclose(made, dispersion_of_ratios(np.maximum(observed, 0.5), expected, scale="log"))
