"""Interrupted series: what is put in comes out, and intervals cover though errors hang together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal, t

from lighed import stats
from lighed.stats.interrupted import CORRELATION
from tests.stats.samples import covered, numbers

INTEGRATED = 0.02  # relative: a sum over sizes in the place of an integral, and a prior that is wide, not flat
SERIES = np.array([[40, 0.2, -5, -0.4], [20, 0.1, -1, -0.1]])


def _series(times: int, noise: Any = 0.0) -> Any:
    time = np.arange(1, times + 1)
    after = time > times // 2
    line = SERIES[:, :2] @ np.stack([np.ones(times), time])
    return line + SERIES[:, 2:] @ np.stack([after, after * (time - times // 2)]) + noise


def test_a_series_without_noise_gives_its_effect_at_every_time() -> None:
    for at in (24, 30, -1):
        made = stats.interrupted(_series(48), 24, at=at)
        steps = np.arange(1, 25)[at - 24 if at > 0 else -1]
        assert_allclose(made.absolute.value, SERIES[:, 2] + SERIES[:, 3] * steps, rtol=1e-9)
        assert_allclose(made.absolute.se, 0, atol=1e-9)


def test_what_the_levels_have_in_common_does_not_blur_the_change_of_their_gap() -> None:
    rng = np.random.default_rng(4)
    common = rng.normal(0, 3, 60)
    made = stats.interrupted(_series(60, common), 30)
    gap = stats.narrowing(made, polarity="lower_is_better").absolute
    assert (made.absolute.se > 1).all()
    assert gap.change.se < 1e-6
    assert_allclose(gap.change.value, SERIES[0, 2:] @ [1, 30] - SERIES[1, 2:] @ [1, 30], rtol=1e-9)


@pytest.mark.parametrize(("times", "start"), [(10, 1), (10, 9), (4, 2), (10, 12), (10, -3)])
def test_a_series_needs_a_trend_on_both_sides(times: int, start: int) -> None:
    with pytest.raises(ValueError, match="no trend on both sides"):
        stats.interrupted(np.ones((2, times)), start)


def test_a_series_of_nothing_has_no_effect() -> None:
    made = stats.interrupted(np.zeros((1, 12)), 6).absolute
    assert_allclose([made.value, made.se], 0, atol=1e-100)


@pytest.mark.parametrize(
    ("how", "reach"),
    [
        ({}, t.ppf(0.975, 44)),
        ({"lag": 3}, t.ppf(0.975, 44)),
        ({"lag": 3, "adjust": False}, 1.959964),
        ({"adjust": False}, t.ppf(0.975, 44)),
    ],
)
def test_an_interrupted_series_takes_the_degrees_that_its_terms_leave(how: Any, reach: float) -> None:
    made = stats.interrupted(_series(48, np.random.default_rng(9).normal(size=48)), 24, **how).absolute
    assert_allclose((made.upper - made.value) / made.se, reach, rtol=1e-6)


def test_areas_are_leading_axes_and_a_missing_value_takes_its_level_along() -> None:
    value = _series(48, np.random.default_rng(10).normal(size=(3, 2, 48)))
    alone = [stats.interrupted(area, 24, cycle=12) for area in value]
    value[1, 0, 7] = np.nan
    made = stats.interrupted(value, 24, cycle=12)
    assert_allclose(made.means.covariance, made.means.covariance.swapaxes(-1, -2), rtol=1e-9)
    gap = stats.narrowing(made, polarity="lower_is_better").absolute.change
    for area, one in enumerate(alone):
        want = np.array(numbers(one.absolute))
        want[:, 0] = np.nan if area == 1 else want[:, 0]
        assert_allclose(np.array(numbers(made.absolute))[:, area], want, rtol=1e-9)
    other = stats.narrowing(alone[2], polarity="lower_is_better").absolute.change
    assert_allclose(gap.se, [gap.se[0], np.nan, other.se], rtol=1e-9)


def _errors(rng: Any, correlation: float, shape: tuple[int, ...]) -> Any:
    made = rng.normal(size=shape)
    for k in range(1, shape[-1]):
        made[..., k] = correlation * made[..., k - 1] + np.sqrt(1 - correlation**2) * made[..., k]
    return made


def test_the_mean_over_correlations_is_that_of_densities_integrated_over_all_that_is_not_known() -> None:
    """One oracle: scipy's density of the series, with wide priors of the line, over all sizes of the noise.

    A variance of a mean takes the noise as (n − terms)/(n − terms − 2) of what Student's t takes it as.
    """
    times, start, wide = 14, 7, 1e4
    value = _errors(np.random.default_rng(11), 0.5, (times,)) + 3
    time = np.arange(1.0, times + 1)
    line = np.stack([np.ones(times), time, time > start, np.maximum(time - start, 0)], -1)
    square, back = np.linalg.qr(line)
    weight, mean, within = [], [], []
    for correlation in CORRELATION:
        for size in np.exp(np.linspace(-3, 3, 31)):
            noise = size**2 * correlation ** np.abs(time[:, None] - time)
            whole = noise + wide * square @ square.T
            weight.append(multivariate_normal.logpdf(value, np.zeros(times), whole))
            gain = wide * square.T @ np.linalg.inv(whole)
            mean.append(gain @ value)
            within.append(wide * np.eye(4) - wide * gain @ square)
    part, each = np.exp(weight - np.max(weight)), np.array(mean)
    part /= part.sum()
    middle = part @ each
    between = (part * (each - middle).T) @ (each - middle)
    want = np.einsum("c,cij->ij", part, within) * (times - 6) / (times - 4) + between
    made = stats.segmented(value[None], start)
    back = np.linalg.inv(back)
    assert_allclose(made.value, back @ middle, rtol=INTEGRATED)
    assert_allclose(made.covariance, back @ want @ back.T, rtol=INTEGRATED)


@pytest.mark.parametrize("cycle", [None, 12])
@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("times", [24, 36, 60, 120])
def test_the_intervals_of_an_interrupted_series_cover_though_errors_hang_together(
    times: int, correlation: float, cycle: float | None
) -> None:
    """Of the 1,000 intervals of 500 series of two levels the part is known to 0.7 per cent, of their gap to 1."""
    noise = _errors(np.random.default_rng(12), correlation, (500, 2, times))
    season = 3 * np.sin(np.arange(times) * 2 * np.pi / 12) if cycle else 0.0
    effect = stats.interrupted(_series(times, noise + season), times // 2, cycle=cycle)
    gap = stats.narrowing(effect, polarity="lower_is_better").absolute.change
    true = SERIES[:, 2] + SERIES[:, 3] * times / 2
    assert 0.925 < covered(effect.absolute, true) < 0.99
    assert covered(gap, true[0] - true[1]) > 0.94
