"""Effects of initiatives: what is put in comes out, the words say what the numbers say, and intervals cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t, ttest_1samp, ttest_ind, ttest_rel
from scipy.stats.contingency import relative_risk

from lighed import stats
from lighed.stats import MEASURES, Effect
from lighed.stats.contributions import Contributions, independent
from tests.stats.samples import DRAWS, covered, numbers

ROUNDING = 1e-10
LEVELS = 4
SMOKING = np.array([[[32.0, 25, 20, 12], [30, 24, 19, 12]], [[33, 27, 20, 14], [24, 22, 18, 13]]])
VARIANCE = np.arange(16.0).reshape(2, 2, 4) / 20 + 0.1


def _did(value: Any = SMOKING, variance: Any = VARIANCE, **how: Any) -> Effect:
    return stats.difference_in_differences(value, variance, **how)


def _effect(without: list[float], reached: list[float], se: float = 0.1) -> Effect:
    means = np.array([*without, *reached])
    return Effect(Contributions(means, independent(np.full(len(means), se**2))), np.array(1.96))


def test_the_effect_on_each_level_is_the_difference_of_its_two_changes() -> None:
    made = _did().absolute
    assert_allclose(made.value, (24 - 33 - (30 - 32), 22 - 27 - (24 - 25), 18 - 20 - (19 - 20), 13 - 14))
    assert_allclose(made.se, np.sqrt(VARIANCE.sum((0, 1))))


@pytest.mark.parametrize("trend", ["difference", "ratio"])
def test_what_is_common_to_both_arms_is_no_effect(trend: Any) -> None:
    before, change = np.array([30.0, 20, 15, 10]), np.array([-4.0, -3, -2, -1])
    arms = [before, 1.2 * before]
    value = [[arm, arm + change if trend == "difference" else arm * np.exp(change / 9)] for arm in arms]
    made = _did(np.array(value), trend=trend)
    assert_allclose(made.absolute.value, 0, atol=1e-13)
    assert_allclose(made.relative.value, 1)


@pytest.mark.parametrize("trend", ["difference", "ratio"])
def test_the_trend_that_is_drawn_on_decides_what_there_would_have_been(trend: Any) -> None:
    value = np.array([[[40.0, 20], [30, 15]], [[20.0, 15], [8, 6]]])
    made = _did(value, 0 * value + 1e-4, trend=trend)
    assert_allclose(made.means.value, {"difference": [10, 10, 8, 6], "ratio": [15, 11.25, 8, 6]}[trend])
    word = stats.narrowing(made, polarity="lower_is_better").absolute.word
    assert word == {"difference": "widens", "ratio": "narrows"}[trend]


def test_a_full_covariance_of_independent_cells_is_the_same_as_their_variances() -> None:
    one, other = (numbers(_did(variance=part).relative) for part in (VARIANCE, np.diag(VARIANCE.ravel())))
    assert_allclose(one, other, rtol=ROUNDING)


def test_areas_and_indicators_are_leading_axes() -> None:
    many = np.stack([[SMOKING, 2 * SMOKING, SMOKING + 5]] * 2)
    variance = np.broadcast_to(VARIANCE, many.shape)
    made = _did(many, variance)
    gap = stats.narrowing(made, polarity="lower_is_better")
    assert made.absolute.value.shape == (2, 3, LEVELS)
    assert gap.absolute.change.value.shape == gap.relative.change.upper.shape == gap.word.shape == (2, 3)
    alone = stats.narrowing(_did(many[1, 1], VARIANCE), polarity="lower_is_better")
    for scale in ("absolute", "relative"):
        one, other = getattr(gap, scale), getattr(alone, scale)
        for part in ("without", "reached", "change"):
            assert_allclose(
                np.array(numbers(getattr(one, part)))[:, 1, 1], numbers(getattr(other, part)), rtol=ROUNDING
            )


WORDS = [  # without, with: worst-off and best-off; absolute, relative, both
    ([30, 20], [20, 18], "narrows", "narrows", "narrows"),
    ([30, 20], [30, 12], "widens", "widens", "widens"),
    ([30, 10], [20, 5], "narrows", "widens", "disagree"),
    ([10, 5], [30, 20], "widens", "narrows", "disagree"),
    ([30, 20], [30, 20], "uncertain", "uncertain", "uncertain"),
    ([20, 10], [19, 9.5], "narrows", "uncertain", "uncertain"),
    ([20, 20], [22, 20], "widens", "widens", "widens"),  # a gap where there was none
    ([20, 30], [18, 20], "narrows", "narrows", "narrows"),  # a reversed gap that gets smaller
    ([20, 30], [15, 30], "widens", "widens", "widens"),  # a reversed gap that gets larger
    ([22, 20], [12, 20], "widens", "widens", "widens"),  # turned round, and further apart than before
    ([30, 20], [18, 20], "narrows", "narrows", "narrows"),  # turned round, but closer
    ([20, 20.25], [20, 20.45], "uncertain", "uncertain", "uncertain"),  # reversed, and perhaps so before
]


@pytest.mark.parametrize(("without", "reached", "absolute", "relative", "both"), WORDS)
def test_the_word_says_what_becomes_of_the_distance_between_the_groups(
    without: Any, reached: Any, absolute: str, relative: str, both: str
) -> None:
    made = stats.narrowing(_effect(without, reached), polarity="lower_is_better")
    assert (made.absolute.word, made.relative.word, made.word) == (absolute, relative, both)
    turned = stats.narrowing(_effect(without[::-1], reached[::-1]), polarity="higher_is_better")
    assert (turned.absolute.word, turned.relative.word, turned.word) == (absolute, relative, both)


@pytest.mark.parametrize(("without", "reached"), [row[:2] for row in WORDS])
def test_nothing_is_said_where_the_intervals_are_wide(without: Any, reached: Any) -> None:
    made = stats.narrowing(_effect(without, reached, se=50), polarity="lower_is_better")
    assert (made.absolute.word, made.relative.word, made.word) == ("uncertain",) * 3


@pytest.mark.parametrize("polarity", ["lower_is_better", "higher_is_better"])
@pytest.mark.parametrize(
    "pair", [("difference", "ratio"), ("slope_index", "relative_index"), ("difference", "concentration_index")]
)
def test_the_gaps_are_those_of_the_registered_measures(polarity: Any, pair: Any) -> None:
    weight, made = np.array([10.0, 30, 40, 20]), _did()
    gap = stats.narrowing(
        made, polarity=polarity, absolute=MEASURES[pair[0]], relative=MEASURES[pair[1]], weight=weight
    )
    slices = {"without": slice(0, LEVELS), "reached": slice(LEVELS, None)}
    for name, one in zip(pair, (gap.absolute, gap.relative), strict=True):
        for part, where in slices.items():
            value, variance = made.means.value[where], np.diagonal(made.means.covariance)[where]
            want = stats.evaluate(MEASURES[name], value, variance, weight, polarity=polarity)
            assert_allclose(numbers(getattr(one, part))[:2], numbers(want)[:2], rtol=ROUNDING)
        signs = one.reached.value - one.without.value
        ratio = MEASURES[name].null == 1
        assert_allclose(one.change.value, one.reached.value / one.without.value if ratio else signs, rtol=ROUNDING)


def test_the_error_of_a_change_is_that_of_small_changes_in_every_cell() -> None:
    """The delta method against differences in each of the sixteen cells, on both scales."""
    step, flat = 1e-5, SMOKING.ravel()

    def change(cells: Any) -> Any:
        gap = stats.narrowing(_did(cells.reshape(SMOKING.shape)), polarity="higher_is_better")
        return np.array([gap.absolute.change.value, np.log(gap.relative.change.value)])

    slope = np.stack([(change(flat + e) - change(flat - e)) / (2 * step) for e in step * np.eye(flat.size)], -1)
    want = np.sqrt((slope**2 * VARIANCE.ravel()).sum(-1))
    gap = stats.narrowing(_did(), polarity="higher_is_better")
    made = [gap.absolute.change.se, gap.relative.change.se / gap.relative.change.value]
    assert_allclose(made, want, rtol=1e-6)


@pytest.mark.parametrize("degrees", [3, 40])
def test_few_units_take_the_intervals_of_students_t(degrees: int) -> None:
    made = _did(degrees=degrees)
    gap = stats.narrowing(made, polarity="lower_is_better").absolute
    for part in (made.absolute, gap.without, gap.reached, gap.change):
        assert_allclose((part.upper - part.value) / part.se, t.ppf(0.975, degrees))
        assert_allclose((part.value - part.lower) / part.se, t.ppf(0.975, degrees))


@pytest.mark.parametrize("bad", [np.nan, 0.0, -1.0])
def test_what_cannot_be_computed_is_not_a_number_and_uncertain(bad: float) -> None:
    value = np.array([[30.0, 20], [24, bad]])
    made = stats.contrast(value, np.ones((2, 2)))
    gap = stats.narrowing(made, polarity="lower_is_better")
    assert np.isnan(numbers(made.relative)).all(0).tolist() == [False, True]
    assert np.isnan(made.absolute.value).tolist() == [False, np.isnan(bad)]
    assert np.isnan(numbers(gap.relative.change)).all()
    assert gap.relative.word == gap.word == "uncertain"


@pytest.mark.parametrize("trend", ["difference", "ratio"])
@pytest.mark.parametrize("where", ["value", "variance", "covariance"])
def test_a_level_of_which_a_cell_is_missing_leaves_the_others_as_they_are(trend: Any, where: str) -> None:
    value, variance = SMOKING.copy(), VARIANCE.copy()
    (value if where == "value" else variance)[0, 1, 2] = np.nan
    if where == "covariance":
        variance = np.diag(variance.ravel())
        variance[6] = variance[:, 6] = np.nan
    made, whole = (_did(*cells, trend=trend) for cells in ((value, variance), (SMOKING, VARIANCE)))
    for one, other in ((made.absolute, whole.absolute), (made.relative, whole.relative)):
        there = np.where(np.arange(LEVELS) == 2, np.nan, numbers(other))
        assert_allclose(numbers(one), there, rtol=ROUNDING)


def test_units_without_common_errors_have_the_variance_of_independent_means() -> None:
    rng = np.random.default_rng(3)
    value = rng.normal(20, 4, (30, 3))
    weight = (np.arange(30)[:, None] % 3 == np.arange(3)).astype(float)  # each in one cell only
    made = stats.clustered(value, weight)
    each = [value[weight[:, k] > 0, k] for k in range(3)]
    assert_allclose(made.value, [part.mean() for part in each])
    assert_allclose(made.covariance, np.diag([part.var(ddof=1) / len(part) for part in each]), atol=1e-15)


@pytest.mark.parametrize("units", [0, 1])
def test_a_cell_of_fewer_than_two_units_has_no_mean(units: int) -> None:
    weight = np.ones((3, 2))
    weight[units:, 1] = 0
    made = stats.clustered(np.full((3, 2), 7.0), weight)
    assert np.isnan(made.value).tolist() == [False, True]
    assert np.isnan(made.parts.se).tolist() == [False, True]


def _in_arms(value: Any, reached: Any, weight: Any = 1.0) -> stats.Clustered:
    """Means over units, each of which stands in the cells of its own arm alone."""
    inside = np.repeat(np.stack([~reached, reached], -1), value.shape[-1], -1)
    return stats.clustered(
        np.concatenate([value, value], -1), inside * np.broadcast_to(weight, value.shape[:-1])[..., None]
    )


RATES, REACHED = np.random.default_rng(12).normal(20, 4, (17, 2)), np.arange(17) >= 11


def test_a_difference_of_two_means_over_units_is_that_of_welch() -> None:
    made = numbers(stats.contrast(_in_arms(RATES[:, :1], REACHED)).absolute)
    theirs = ttest_ind(RATES[REACHED, 0], RATES[~REACHED, 0], equal_var=False)
    assert_allclose(np.squeeze(made[2:]), theirs.confidence_interval(), rtol=ROUNDING)


def test_degrees_of_freedom_that_are_given_take_the_place_of_those_of_the_units() -> None:
    made = stats.contrast(_in_arms(RATES, REACHED), degrees=np.array(4))
    assert_allclose(made.quantile, t.ppf(0.975, 4))


def test_a_difference_in_differences_over_units_is_that_of_welch_for_their_changes() -> None:
    made = numbers(stats.difference_in_differences(_in_arms(RATES, REACHED)).absolute)
    change = RATES[:, 1] - RATES[:, 0]
    theirs = ttest_ind(change[REACHED], change[~REACHED], equal_var=False)
    assert_allclose(np.squeeze(made[2:]), theirs.confidence_interval(), rtol=ROUNDING)


def test_before_and_after_in_the_same_units_is_the_paired_difference() -> None:
    made = numbers(stats.contrast(stats.clustered(RATES, np.ones_like(RATES))).absolute)
    assert_allclose(np.squeeze(made[2:]), ttest_rel(RATES[:, 1], RATES[:, 0]).confidence_interval(), rtol=ROUNDING)


def test_means_over_units_have_students_interval() -> None:
    made = numbers(stats.clustered(RATES[:, :1], np.ones((17, 1))).parts)
    assert_allclose(np.squeeze(made[2:]), ttest_1samp(RATES[:, 0], 0).confidence_interval(), rtol=ROUNDING)


def test_degrees_of_freedom_are_those_of_variances_that_are_drawn() -> None:
    """The relative variance of a variance is 2 over its degrees: here of units that scatter alike and differ in weight.

    Without the estimated mean it would hold to the digit; with it, to some per cent.
    """
    weight = np.exp(np.random.default_rng(13).normal(0, 0.7, 40))
    draws = np.random.default_rng(14).normal(size=(4000, 40, 1))
    made = stats.clustered(draws, np.broadcast_to(weight[:, None], draws.shape))
    variance = made.covariance[:, 0, 0]
    assert_allclose(made.degrees(np.ones((4000, 1, 1)))[0], 2 * variance.mean() ** 2 / variance.var(), rtol=0.1)


def test_a_level_of_which_an_arm_has_one_unit_leaves_the_others_as_they_are() -> None:
    value = np.random.default_rng(15).normal(20, 4, (17, 4))
    weight = np.repeat(np.stack([~REACHED, REACHED], -1), 4, -1).astype(float)
    weight[12:, 5] = 0  # the second level in the period before
    made = stats.difference_in_differences(stats.clustered(np.concatenate([value, value], -1), weight))
    assert np.isnan(numbers(made.absolute)).all(0).tolist() == [False, True]
    alone = stats.difference_in_differences(_in_arms(value[:, ::2], REACHED))
    assert_allclose([part[0] for part in numbers(made.absolute)], np.squeeze(numbers(alone.absolute)), rtol=ROUNDING)


FIRST = np.repeat([4, 5, 7, np.nan], [20, 25, 25, 30])


def _panel(draws: int = 1, noise: float = 1.0, first: Any = FIRST) -> Any:
    """Two levels with errors in common; the effect grows by 1 in each period, twice that among the worst-off."""
    rng = np.random.default_rng(5)
    shape = (draws, 1, len(first), 8)
    unit = rng.normal(0, 3, (draws, 2, len(first), 1))
    error = noise * (rng.normal(size=shape) + rng.normal(size=(draws, 2, *shape[2:])))
    since = np.nan_to_num(np.maximum(np.arange(8) - first[:, None] + 1, 0))
    return 30 + unit + np.arange(8) * 0.5 + error - since * np.array([2.0, 1.0])[:, None, None]


@pytest.mark.parametrize("comparison", ["never", "not yet"])
def test_effects_of_staggered_beginnings_are_those_put_in(comparison: Any) -> None:
    made = stats.staggered(_panel(noise=0)[0], FIRST, comparison=comparison)
    event = made.labels("event")
    since = np.maximum(event + 1, 0)
    assert_allclose(made.by("event").absolute.value, -since[:, None] * [2.0, 1.0], atol=1e-12)
    assert_allclose(made.by("cell").absolute.value[:, 1], -np.maximum(made.period - made.cohort + 1, 0), atol=1e-12)
    weight, length = np.array([20, 25, 25]), np.array([4, 3, 1])
    assert_allclose(made.overall("cohort").absolute.value[1], -(weight * (length + 1) / 2).sum() / 70)
    assert_allclose(made.overall("cell").absolute.value[1], -(20 * 10 + 25 * 6 + 25) / (80 + 75 + 25))
    assert_allclose(made.overall("event").absolute.value[1], -2.5)


def test_units_not_yet_begun_are_compared_with_until_nobody_is_left() -> None:
    late = np.where(np.isnan(FIRST), 7, FIRST)
    value = _panel(noise=0)[0]
    made = stats.staggered(value - (late != FIRST)[:, None] * [0, 0, 0, 0, 0, 0, 0, 9.0], late, comparison="not yet")
    assert made.period.max() == 6
    assert_allclose(made.by("cell").absolute.value[:, 1], -np.maximum(made.period - made.cohort + 1, 0), atol=1e-12)
    assert made.labels("cohort").tolist() == [4, 5]
    assert_allclose(made.overall("cohort").absolute.value[1], -(20 * 2 + 25 * 1.5) / 45)


@pytest.mark.parametrize(
    "first", [np.full(75, np.nan), np.full(75, 3.0), np.zeros(75)], ids=["never", "at once", "early"]
)
@pytest.mark.parametrize("comparison", ["never", "not yet"])
def test_effects_need_units_that_begin_and_units_that_do_not(first: Any, comparison: Any) -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        stats.staggered(_panel()[0, :, :75], first, comparison=comparison)


def test_a_missing_value_takes_the_effects_of_its_level_along() -> None:
    value = _panel()[0]
    value[0, 3, 2] = np.nan
    made = stats.staggered(value, FIRST).overall().absolute
    assert np.isnan(made.value).tolist() == np.isnan(made.upper).tolist() == [True, False]


def test_units_that_had_begun_before_the_first_period_are_left_out() -> None:
    value, early = _panel()[0], np.concatenate([FIRST, np.zeros(5)])
    more = np.concatenate([value, 9 + 0 * value[:, :5]], 1)
    one, other = (stats.staggered(v, f).overall() for v, f in ((value, FIRST), (more, early)))
    assert_allclose(numbers(one.absolute), numbers(other.absolute))


def test_the_part_of_the_worst_off_is_held_against_their_part_of_the_target() -> None:
    made = stats.representation([[10, 20, 70], [20, 40, 60]], [[200, 200, 600], [100, 200, 300]])
    assert_allclose(made.index.value, [[0.5, 1.0, 70 / 60], [1, 1, 1]])
    assert_allclose(made.ratio.value, [[6 / 14, 12 / 14, 1], [1, 1, 1]])
    assert np.isnan(made.ratio.lower).tolist() == [[False, False, True]] * 2


@pytest.mark.parametrize(
    ("taking", "target"),
    [([0, 0], [5, 5]), ([6, 1], [5, 5]), ([0, 1], [0, 5]), ([-1, 2], [5, 5]), ([np.nan, 2], [5, 5])],
)
def test_impossible_participants_are_not_a_number(taking: Any, target: Any) -> None:
    made = stats.representation(taking, target)
    assert np.isnan(numbers(made.index)).all()
    assert np.isnan(numbers(made.ratio)).all()


def test_a_level_of_which_nobody_takes_part_has_an_upper_limit() -> None:
    made = stats.representation([0, 30], [100, 100])
    assert made.index.value[0] == made.ratio.value[0] == made.index.lower[0] == 0
    assert abs(made.ratio.lower[0]) < 1e-12
    assert 0.05 < made.ratio.upper[0] < 0.2
    assert 0.1 < made.index.upper[0] < 0.4


def test_the_ratio_of_large_groups_has_the_limits_of_a_relative_risk() -> None:
    """One oracle, by another method: the limits come together as groups grow."""
    made = stats.representation([40_000, 90_000], [300_000, 400_000]).ratio
    theirs = relative_risk(40_000, 300_000, 90_000, 400_000)
    limits = theirs.confidence_interval(0.95)
    assert_allclose(made.value[0], theirs.relative_risk)
    assert_allclose([made.lower[0], made.upper[0]], [limits.low, limits.high], rtol=1e-5)


@pytest.mark.parametrize("n", [400, 2000])
def test_the_intervals_of_a_trial_cover(n: int) -> None:
    share = np.array([[0.30, 0.15], [0.20, 0.12]])
    found = stats.proportion(np.random.default_rng(6).binomial(n, share, (DRAWS, 2, 2)), n)
    made = stats.contrast(found.value, found.se**2)
    gap = stats.narrowing(made, polarity="lower_is_better")
    assert 0.94 < covered(made.absolute, share[1] - share[0]) < 0.96
    assert 0.94 < covered(made.relative, share[1] / share[0]) < 0.96
    assert 0.94 < covered(gap.absolute.change, 0.08 - 0.15) < 0.96
    assert 0.94 < covered(gap.relative.change, (20 / 12) / (30 / 15)) < 0.96


@pytest.mark.parametrize("weights", ["alike", "population"])
@pytest.mark.parametrize(("other", "units"), [(5, 5), (20, 5), (50, 5), (10, 10), (40, 10), (20, 20), (50, 50)])
def test_the_intervals_over_municipalities_cover(other: int, units: int, weights: str) -> None:
    """Of 3,000 draws the part is known to 0.4 per cent."""
    rng, shape = np.random.default_rng(7), (3000, other + units)
    weight = np.exp(rng.normal(0, 0.8 * (weights == "population"), shape))
    error = rng.normal(0, 2, (*shape, 1, 1)) + rng.normal(size=(*shape, 2, 1)) + rng.normal(size=(*shape, 2, 2))
    reached = np.arange(other + units) >= other
    value = 20 + np.array([6, 0]) + error - reached[:, None, None] * np.array([[0, 0], [3, 1]])
    did = stats.difference_in_differences(_in_arms(value.reshape(*shape, 4), reached, weight))
    trial = stats.contrast(_in_arms(value[..., 1, :], reached, weight))
    for effect in (did, trial):
        gap = stats.narrowing(effect, polarity="lower_is_better")
        assert 0.935 < covered(effect.absolute, [-3, -1]) < 0.97
        assert 0.935 < covered(effect.relative, [23 / 26, 19 / 20]) < 0.97
        assert 0.935 < covered(gap.absolute.change, -2) < 0.97
        assert 0.935 < covered(gap.relative.change, (23 / 19) / (26 / 20)) < 0.97


@pytest.mark.parametrize("comparison", ["never", "not yet"])
@pytest.mark.parametrize("units", [(5, 5, 5, 5), (3, 8, 5, 50), (10, 10, 10, 10), (20, 25, 25, 30)], ids=str)
def test_the_intervals_of_staggered_beginnings_cover(units: Any, comparison: Any) -> None:
    """Of 600 draws the part is known to 0.9 per cent, of all effects to less.

    The mean over cohorts takes their sizes as drawn, and here they are the same in all draws: it covers more.
    """
    first = np.repeat([4, 5, 7, np.nan], units)
    made = stats.staggered(_panel(600, first=first), first, comparison=comparison)
    event, cohort = made.by("event"), np.array([5, 4, 2]) / 2
    true = -np.maximum(made.labels("event") + 1, 0.0)
    assert 0.935 < covered(event.absolute, true[:, None] * [2, 1]) < 0.97
    gap = stats.narrowing(event, polarity="lower_is_better").absolute.change
    assert 0.935 < covered(gap, true) < 0.97
    assert 0.93 < covered(made.overall("event").absolute, [-5, -2.5]) < 0.97
    assert 0.935 < covered(made.by("cohort").absolute, -cohort[:, None] * [2, 1]) < 0.97
    assert 0.94 < covered(made.overall().absolute, -(cohort @ units[:3]) / sum(units[:3]) * np.array([2, 1])) < 0.995


def test_one_beginning_of_some_units_has_the_interval_of_welch_for_their_changes() -> None:
    made = stats.staggered(RATES[None], np.where(REACHED, 1, np.nan))
    change = RATES[:, 1] - RATES[:, 0]
    theirs = ttest_ind(change[REACHED], change[~REACHED], equal_var=False).confidence_interval()
    for effect in (made.by("event"), made.overall("cell")):
        assert_allclose(np.squeeze(numbers(effect.absolute)[2:]), theirs, rtol=ROUNDING)


@pytest.mark.parametrize("alone", [4, 7])
def test_a_unit_that_begins_alone_has_an_effect_without_limits(alone: int) -> None:
    first = np.array([*[4] * (1 if alone == 4 else 6), *[7] * (1 if alone == 7 else 6), *[np.nan] * 5])
    made = stats.staggered(_panel(first=first)[0], first)
    begun = made.labels("cohort") == alone
    limits = made.by("cohort").absolute.upper
    assert np.isnan(limits[begun]).all()
    assert np.isfinite(limits[~begun]).all()
    assert np.isfinite(made.overall().absolute.value).all()
    assert np.isnan(made.overall().absolute.upper).all()


def test_units_that_are_compared_with_one_alone_have_effects_without_limits() -> None:
    first = np.array([*[4] * 6, np.nan])
    made = stats.staggered(_panel(first=first)[0], first).by("event").absolute
    assert np.isfinite(made.value).all()
    assert np.isnan(made.upper).all()


@pytest.mark.parametrize("reach", [(0.02, 0.05, 0.08), (0.1, 0.2, 0.3), (0.7, 0.8, 0.95)], ids=str)
def test_the_intervals_of_representation_cover(reach: Any) -> None:
    target, rng = np.array([300, 900, 600]), np.random.default_rng(8)
    made = stats.representation(rng.binomial(target, reach, (DRAWS, 3)), np.broadcast_to(target, (DRAWS, 3)))
    index = np.array(reach) * 1800 / (reach @ target)
    for level in range(3):
        assert 0.94 < covered(made.index.at((..., level)), index[level]) < 0.965
    assert 0.94 < covered(made.ratio.at((..., 0)), reach[0] / reach[2]) < 0.965
