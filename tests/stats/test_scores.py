"""Scores from counts: as pair by pair and person by person; what is missing is missing; intervals hold the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Values, area_under_curve, calibration, equal_opportunity, net_benefit, thresholds
from tests.stats.samples import covered

ROUNDING = 1e-12
FITTED = 1e-8  # absolute: what Newton's method leaves
N = np.array([50.0, 40, 0, 25, 10])
EVENTS = np.array([2.0, 6, 0, 9, 8])


def _persons(n: Any, events: Any) -> tuple[Any, Any]:
    """The points and the need of each person."""
    points = np.repeat(np.arange(len(n)), n.astype(int))
    need = np.concatenate([np.arange(int(some)) < with_need for some, with_need in zip(n, events, strict=True)])
    return points, need


def test_the_area_is_the_part_of_all_pairs_that_stand_right() -> None:
    points, need = _persons(N, EVENTS)
    with_need, without = points[need][:, None], points[~need]
    right = (with_need > without).mean() + (with_need == without).mean() / 2
    assert_allclose(area_under_curve(N, EVENTS).value, right, rtol=ROUNDING)


def test_points_turned_round_say_the_opposite_as_certainly() -> None:
    one, other = area_under_curve(N, EVENTS), area_under_curve(N[::-1], EVENTS[::-1])
    assert_allclose([other.value, other.se], [1 - one.value, one.se], rtol=ROUNDING)
    assert_allclose([other.lower, other.upper], [1 - one.upper, 1 - one.lower], rtol=ROUNDING)


def test_points_that_say_nothing_have_a_half() -> None:
    assert_allclose(area_under_curve(N, N / 5).value, 0.5, rtol=ROUNDING)


@pytest.mark.parametrize(
    ("n", "events", "value"),
    [
        ([5, 5], [0, 0], np.nan),  # nobody has the need
        ([5, 5], [5, 5], np.nan),  # everybody
        ([0, 0], [0, 0], np.nan),
        ([5, 5], [0, 6], np.nan),  # more than there are
        ([5, 5], [-1, 3], np.nan),  # fewer than none
        ([5, 5], [0, 5], 1.0),  # told apart: no error
        ([5, 1], [1, 0], 0.4),  # one alone has it: no error
    ],
)
def test_an_area_without_an_error_has_no_interval(n: list[int], events: list[int], value: float) -> None:
    made = area_under_curve(np.array(n), np.array(events))
    assert_allclose(made.value, value)
    assert np.isnan([made.se, made.lower, made.upper]).all()


def test_the_limits_of_an_area_are_chances() -> None:
    low, high = (
        area_under_curve(np.array([6, 4]), np.array([4, 0])),
        area_under_curve(np.array([4, 6]), np.array([0, 4])),
    )
    assert (low.lower, high.upper) == (0, 1)
    assert 0 < low.value < low.upper < high.lower < high.value < 1


def test_everybody_together_is_calibrated_by_what_everybody_has() -> None:
    groups = np.array([[20.0, 15, 0, 12, 4], [30, 25, 0, 13, 6]]), np.array([[2.0, 4, 0, 6, 4], [0, 2, 0, 3, 4]])
    n, events = (part.sum(0) for part in groups)
    expected = events / np.where(n > 0, n, 1)
    whole, each = calibration(n, events, expected), calibration(*groups, expected)
    assert_allclose([whole.ratio.value, whole.in_the_large.value, whole.slope.value], [1, 0, 1], atol=FITTED)
    assert each.ratio.value[0] > 1 > each.ratio.value[1]
    assert each.in_the_large.value[0] > 0 > each.in_the_large.value[1]
    observed, due = (events @ each_of for events, each_of in zip(groups[::-1], [np.ones(5), expected], strict=True))
    assert_allclose(each.ratio.value, observed / due, rtol=ROUNDING)


def test_points_that_tell_less_than_expected_have_a_slope_below_one() -> None:
    chance = np.array([0.1, 0.3, 0.7])
    odds = np.log(chance / (1 - chance))
    n = np.full(3, 1e6)
    made = calibration(n, n / (1 + np.exp(-(0.5 * odds + 0.2))), chance)
    assert_allclose(made.slope.value, 0.5, atol=FITTED)
    assert made.slope.upper < 1


def test_points_that_are_sure_say_nothing_of_the_slope_unless_they_are_wrong() -> None:
    n, events = np.array([10.0, 30, 30, 5]), np.array([0.0, 6, 15, 5])
    expected = np.array([0, 0.25, 0.4, 1])
    made, alone = calibration(n, events, expected), calibration(n[1:3], events[1:3], expected[1:3])
    assert_allclose(made.slope.value, alone.slope.value, rtol=ROUNDING)
    assert_allclose(made.in_the_large.value, alone.in_the_large.value, rtol=ROUNDING)
    for fault in ([1, 0, 0, 0], [0, 0, 0, -1]):
        wrong = calibration(n, events + np.array(fault), expected)
        assert np.isnan([wrong.slope.value, wrong.in_the_large.value]).all()
        assert np.isfinite(wrong.ratio.value)


@pytest.mark.parametrize("events", [[0, 0, 0], [20, 20, 20], [0, 0, 20]], ids=["nobody", "everybody", "told apart"])
def test_a_slope_that_cannot_be_fitted_is_missing(events: list[int]) -> None:
    made = calibration(np.full(3, 20), np.array(events), np.array([0.1, 0.3, 0.6]))
    assert np.isnan([made.slope.value, made.slope.se]).all()


def test_a_group_that_cannot_be_fitted_does_no_harm_to_the_next() -> None:
    n, events = np.array([[20, 20], [30, 30]]), np.array([[0, 0], [6, 15]])
    expected = np.array([0.25, 0.4])
    made, alone = calibration(n, events, expected), calibration(n[1], events[1], expected)
    assert np.isnan(made.slope.value[0])
    assert_allclose(made.slope.value[1], alone.slope.value, rtol=ROUNDING)


def test_a_threshold_divides_all_into_four() -> None:
    points, need = _persons(N, EVENTS)
    made = thresholds(N, EVENTS)
    for least in range(len(N)):
        offered = points >= least
        assert_allclose(made.missed_need.value[least], (~offered)[need].mean())
        assert_allclose(made.sensitivity.value[least], offered[need].mean())
        assert_allclose(made.specificity.value[least], (~offered)[~need].mean())
        assert_allclose(made.selection_rate.value[least], offered.mean())
        assert_allclose(made.predictive_value.value[least], need[offered].mean())


def test_of_nobody_there_is_no_share() -> None:
    made = thresholds(np.array([10, 0]), np.array([0, 0]))
    assert np.isnan(made.missed_need.value).all()
    assert np.isnan(made.predictive_value.value).tolist() == [False, True]


def test_net_benefit_is_a_mean_over_persons_with_the_error_of_one() -> None:
    points, need = _persons(N, EVENTS)
    made, price = net_benefit(N, EVENTS, 0.25), 1 / 3
    for least in range(len(N)):
        each = np.where(points < least, 0.0, np.where(need, 1.0, -price))
        all_of_them = np.where(need, 1.0, -price)
        for ours, theirs in ((made.form, each), (made.gain, each - all_of_them)):
            assert_allclose(ours.value[least], theirs.mean(), atol=ROUNDING)
            assert_allclose(ours.se[least], theirs.std() / np.sqrt(len(theirs)), atol=ROUNDING)


def test_offering_from_the_fewest_points_is_offering_to_all() -> None:
    made = net_benefit(N, EVENTS, 0.1)
    assert_allclose(made.form.value[0], made.everyone.value, rtol=ROUNDING)
    assert_allclose(made.gain.value, made.form.value - made.everyone.value, atol=ROUNDING)


@pytest.mark.parametrize("worth", [0.0, 1.0, -0.1, np.nan])
def test_a_worth_that_is_no_chance_gives_nothing(worth: float) -> None:
    assert np.isnan(net_benefit(N, EVENTS, worth).form.value).all()


def test_the_worse_off_who_are_missed_oftener_have_a_positive_gap() -> None:
    missed, needing = np.array([30, 20, 15]), np.array([50, 50, 50])
    made, turned = equal_opportunity(missed, needing), equal_opportunity(missed[::-1], needing)
    assert_allclose(made.value, 0.3)
    assert made.lower > 0
    assert_allclose([turned.value, turned.lower, turned.upper], [-made.value, -made.upper, -made.lower], rtol=ROUNDING)


@pytest.mark.parametrize(
    ("first", "second", "lower", "upper"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((10, 10), (0, 10), 0.6075, 1.0)],
)
def test_the_interval_is_the_one_that_newcombe_printed(
    first: tuple[int, int], second: tuple[int, int], lower: float, upper: float
) -> None:
    """Three rows of his table of examples, method 10."""
    made = equal_opportunity(*np.array([first, second]).T)
    assert_allclose([made.lower, made.upper], [lower, upper], atol=5e-5)


CHANCE = np.array([[0.04, 0.10, 0.25, 0.45, 0.70], [0.02, 0.06, 0.20, 0.40, 0.70]])
SIZE = np.array([[60, 50, 40, 30, 20], [80, 60, 40, 30, 10]])


def _measured(n: Any, events: Any) -> dict[str, Values]:
    """Everything that has an interval, at the fourth number of points."""
    found = thresholds(n, events)
    benefit = net_benefit(n, events, 0.2)
    expected = calibration(n, events, CHANCE)
    needing = events.sum(-1)
    return {
        "area": area_under_curve(n, events).at((..., 0)),
        "missed": found.missed_need.at((..., 0, 3)),
        "form": benefit.form.at((..., 0, 3)),
        "gain": benefit.gain.at((..., 0, 3)),
        "large": expected.in_the_large.at((..., 0)),
        "slope": expected.slope.at((..., 0)),
        "gap": equal_opportunity(needing - events[..., 3:].sum(-1), needing),
    }


@pytest.mark.parametrize("name", ["area", "missed", "form", "gain", "large", "slope", "gap"])
def test_intervals_cover_as_often_as_they_say(name: str) -> None:
    rng = np.random.default_rng(5)
    share = SIZE / SIZE.sum(-1, keepdims=True)
    n = np.stack([rng.multinomial(SIZE[k].sum(), share[k], 2000) for k in range(2)], 1)
    made = _measured(n, rng.binomial(n, CHANCE))[name]
    true = _measured(1e9 * share, 1e9 * share * CHANCE)[name].value
    assert covered(made, true) == pytest.approx(0.95, abs=0.02)
