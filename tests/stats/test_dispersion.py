"""Measures of spread: what is between groups and inside them, and where there is no spread to speak of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from lighed.stats import MEASURES, evaluate
from lighed.stats.intervals import Z, score
from tests.stats.samples import DRAWS, covered, numbers

ROUNDING = 1e-9  # relative
each = pytest.mark.parametrize


@each("value", [(0.0, 2.0, 3.0), (-1.0, 2.0, 3.0)], ids=str)
@each("name", ["theil_index", "mean_log_deviation"])
def test_logarithms_of_nothing_are_flagged_and_not_made_up(name: str, value: Any) -> None:
    made = evaluate(MEASURES[name], np.array(value), np.full(3, 0.1), np.ones(3), polarity="lower_is_better")
    assert np.isnan(numbers(made)).all()


def test_theils_index_of_all_in_one_hand_is_the_logarithm_of_how_many_there_are() -> None:
    assert_allclose(stats.theil_index(np.array([0.0, 0, 0, 9]), np.ones(4)), np.log(4), rtol=ROUNDING)


# Of whom the mean squared deviation is taken that tells of the noise: all groups or persons alike, from the best or the
# mean, and whether as a part of the mean.
NOISE = {
    "between_group_variance": ("persons", "mean", False),
    "between_group_deviation": ("persons", "mean", False),
    "coefficient_of_variation": ("persons", "mean", True),
    "mean_difference_from_mean": ("groups", "mean", False),
    "mean_difference_from_mean_weighted": ("persons", "mean", False),
    "mean_difference_from_best": ("groups", "best", False),
    "mean_difference_from_best_weighted": ("persons", "best", False),
    "index_of_disparity": ("groups", "mean", True),
    "index_of_disparity_weighted": ("persons", "mean", True),
    "theil_index": ("persons", "mean", True),
    "mean_log_deviation": ("persons", "mean", True),
    "gini_index": ("persons", "mean", True),
}


@each("m", [m for m in MEASURES.values() if not m.directed], ids=str)
def test_the_noise_of_a_spread_is_the_trace_of_its_quadratic_form(m: Any) -> None:
    """The form is written as a matrix here, and as sums there."""
    alike, centre, relative = NOISE[m.id]
    value, weight = np.array([12.0, 30, 8, 41, 19, 26]), np.array([50.0, 7, 33, 81, 12, 64])
    variance = np.array([4.0, 1, 9, 2, 5, 3])
    part = weight / weight.sum()
    mean = np.eye(6)[-1] if centre == "best" else part
    apart = np.eye(6) - mean
    form = (
        apart.T @ np.diag(np.full(6, 1 / 6) if alike == "groups" else part) @ apart / (part @ value) ** (2 * relative)
    )
    noise = form @ np.diag(variance)
    want = value @ form @ value, np.trace(noise), 2 * np.trace(noise @ noise)
    assert_allclose(m.noise(value, variance, weight), want, rtol=ROUNDING)


@each("seed", [1, 2])
def test_the_variance_is_right_on_average(seed: int) -> None:
    """The estimate before it is cut off at 0 has no bias; with the groups well apart nothing is cut off."""
    rng = np.random.default_rng(seed)
    true, error, weight = np.array([30.0, 26, 21, 17, 15]), np.array([2.0, 1, 3, 1, 2]), np.array([9.0, 15, 24, 18, 12])
    value = true + error * rng.standard_normal((DRAWS, 5))
    made = evaluate(
        MEASURES["between_group_variance"],
        value,
        np.broadcast_to(error**2, value.shape),
        weight,
        polarity="lower_is_better",
    )
    assert (made.value > 0).all()
    truth = stats.between_group_variance(true, weight)
    assert abs(made.value.mean() - truth) < 4 * made.value.std() / np.sqrt(DRAWS)
    assert stats.between_group_variance(value, weight).mean() - truth > 20 * made.value.std() / np.sqrt(DRAWS)


@each("apart", [0.0, 0.5, 1, 3, 10])
def test_the_score_interval_of_a_square_covers_it_from_nothing_to_much(apart: float) -> None:
    """The square of a normal value with variance 1 has the variance 4 times the true square, plus 2."""
    square = np.random.default_rng(29).normal(apart, 1, DRAWS) ** 2
    _, lower, upper = score(np.maximum(square - 1, 0), np.full(DRAWS, 4.0), np.full(DRAWS, 2.0))
    assert 0.935 < covered((lower, upper), apart**2) < 0.985


def test_the_limits_are_a_number_of_standard_errors_from_the_estimate_each_at_its_own_error() -> None:
    value, lower, upper = score(50.0, 3.0, 7.0)
    for limit in (lower, upper):
        assert_allclose(abs(value - limit) / np.sqrt(3 * limit + 7), Z, rtol=ROUNDING)
