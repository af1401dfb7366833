"""Limits that are drawn: beside those in closed form, the same again from the same seed, and not where they fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Measure, bootstrap, evaluate, proportion, simulate
from lighed.stats.intervals import Z, poisson
from tests.stats.samples import covered, numbers

DRAWN = 0.06  # of a half-width: what 10,000 draws leave of the limits, and what the delta method leaves out
each = pytest.mark.parametrize

DIRECTED = [m for m in MEASURES.values() if m.directed]
SPREAD = [m for m in MEASURES.values() if not m.directed]
VALUE = np.array([[0.30, 0.26, 0.21, 0.17, 0.15], [0.41, 0.40, 0.36, 0.33, 0.25]])
PEOPLE = np.array([9000.0, 15000, 24000, 18000, 12000])
VARIANCE = VALUE * (1 - VALUE) / PEOPLE


def _near(drawn: Any, closed: Any) -> None:
    half = (closed.upper - closed.lower) / 2
    for name in ("lower", "upper", "value"):
        assert_allclose((getattr(drawn, name) - getattr(closed, name)) / half, 0, atol=DRAWN, err_msg=name)
    assert_allclose(drawn.se, closed.se, rtol=DRAWN)


@each("m", DIRECTED, ids=str)
def test_drawn_limits_of_every_measure_are_near_those_in_closed_form(m: Measure) -> None:
    closed = evaluate(m, VALUE, VARIANCE, PEOPLE, polarity="lower_is_better")
    _near(simulate(m, VALUE, VARIANCE, PEOPLE, seed=7)[0], closed)


@each("m", DIRECTED, ids=str)
def test_limits_drawn_from_counts_are_near_those_in_closed_form(m: Measure) -> None:
    events = np.round(VALUE * PEOPLE)
    value = proportion(events, PEOPLE)
    closed = evaluate(m, value.value, value.se**2, PEOPLE, polarity="lower_is_better")
    made, _ = bootstrap(m, events, PEOPLE - events, seed=7)
    if m.scale == "people":  # the bootstrap draws the population too
        assert (made.se > closed.se).all()
    elif m.weighted:  # and then the weights
        assert_allclose(made.se, closed.se, rtol=2 * DRAWN)
    else:
        _near(made, closed)


@each("m", SPREAD, ids=str)
def test_a_spread_is_not_drawn(m: Measure) -> None:
    with pytest.raises(ValueError, match=m.id):
        simulate(m, VALUE, VARIANCE, PEOPLE, seed=7)
    with pytest.raises(ValueError, match=m.id):
        bootstrap(m, VALUE, 1 - VALUE, seed=7)


def test_because_drawn_limits_of_a_spread_leave_out_the_truth_and_even_the_estimate() -> None:
    m = MEASURES["between_group_deviation"]
    rng = np.random.default_rng(27)
    true, weight, variance = 30 + 2 * rng.standard_normal(98), np.ones(98), np.full((50, 98), 4.0)
    value = true + 2 * rng.standard_normal((50, 98))
    drawn, _ = simulate(lambda v, w: m(v, w), value, variance, weight, seed=7, draws=1000)
    assert covered(drawn, m(true, weight)) == 0
    assert (drawn.lower > drawn.value).mean() > 0.9
    assert covered(evaluate(m, value, variance, weight, polarity="lower_is_better"), m(true, weight)) > 0.85


def _first(value: Any, weight: Any) -> Any:
    return value[..., 0]


@each("scale", ["normal", "log", "logit"])
def test_a_value_by_itself_has_the_limits_of_its_scale(scale: Any) -> None:
    value, se = 0.1, 0.04
    forth, back, slope = {
        "normal": (float, float, 1.0),
        "log": (np.log, np.exp, 1 / value),
        "logit": (lambda x: np.log(x / (1 - x)), lambda x: 1 / (1 + np.exp(-x)), 1 / (value * (1 - value))),
    }[scale]
    made, _ = simulate(_first, np.array([value]), np.array([se**2]), np.ones(1), seed=7, scale=scale, draws=40_000)
    ends = [back(forth(value) + sign * Z * se * slope) for sign in (-1, 1)]
    assert_allclose([made.lower, made.upper], ends, atol=0.03 * (ends[1] - ends[0]) / 2)
    assert made.value == value


def test_a_count_by_itself_has_nearly_the_limits_of_a_count() -> None:
    made, method = bootstrap(lambda events: events.sum(-1), np.array([60, 40]), seed=7)
    lower, upper = poisson(100)
    assert_allclose([made.lower, made.upper], [lower, upper], atol=2)
    assert_allclose([made.value, made.se], [100, 10], rtol=0.02)
    assert method == "bootstrap 10000 seed 7"


def test_the_same_seed_gives_the_same_limits_and_another_gives_others() -> None:
    m = MEASURES["slope_index"]
    one, method = simulate(m, VALUE, VARIANCE, PEOPLE, seed=7, draws=100)
    assert method == "simulation 100 seed 7"
    assert_allclose(numbers(one), numbers(simulate(m, VALUE, VARIANCE, PEOPLE, seed=7, draws=100)[0]), rtol=0)
    assert (one.lower != simulate(m, VALUE, VARIANCE, PEOPLE, seed=8, draws=100)[0].lower).all()


@each("scale", ["normal", "log", "logit"])
@each("missing", ["value", "variance"])
def test_what_is_missing_gives_nothing_and_leaves_the_others_alone(scale: Any, missing: str) -> None:
    value, variance = VALUE.copy(), VARIANCE.copy()
    {"value": value, "variance": variance}[missing][0, 2] = np.nan
    made, _ = simulate(MEASURES["slope_index"], value, variance, PEOPLE, seed=7, draws=100, scale=scale)
    assert np.isnan(numbers(made)).tolist() == [[True, False]] * 4


def test_a_value_that_is_not_on_the_scale_gives_nothing() -> None:
    for scale, value in (("log", -1.0), ("logit", 1.5), ("logit", 0.0)):
        made, _ = simulate(_first, np.array([value]), np.ones(1), np.ones(1), seed=7, draws=100, scale=scale)
        assert np.isnan(numbers(made)).all()


def test_a_draw_without_a_value_leaves_no_limits() -> None:
    made, _ = bootstrap(lambda events: events[..., 0] / events[..., 1], np.array([[30, 2], [30, 40]]), seed=7)
    assert np.isnan(made.lower).tolist() == [True, False]


@each("count", [-1.0, np.nan])
def test_there_are_no_draws_of_a_count_that_is_negative_or_missing(count: float) -> None:
    with pytest.raises(ValueError, match="negative or missing"):
        bootstrap(lambda events: events.sum(-1), np.array([3.0, count]), seed=7)
