"""What is marked unreliable: the sizes at which intervals fail, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lighed.stats import MEASURES, arrange, by_chance, evaluate, proportion, rate, too_few
from tests.stats.samples import covered

DRAWS = 4_000  # coverage is then known to 0.35 of a per cent
PART = np.array([0.11, 0.25, 0.35, 0.12, 0.17])  # five groups of education, as they are in Denmark
SHARE = np.array([0.25, 0.21, 0.17, 0.13, 0.08])
each = pytest.mark.parametrize


def drawn(measure: Any, events: float, *, times_rarer: int) -> tuple[Any, Any, Any]:
    """Intervals from populations with so many cases in the level that counts, those cases, and the truth."""
    expected = PART * SHARE * events / (PART @ SHARE / 5 if measure.order == "required" else min(PART * SHARE))
    truth = SHARE / times_rarer
    n = np.round(expected / truth)
    cases = np.random.default_rng(7).binomial(n.astype(int), truth, (DRAWS, 5))
    made = (proportion if times_rarer == 1 else rate)(cases, n)
    weight = np.broadcast_to(n, made.value.shape)
    return evaluate(measure, made.value, made.se**2, weight, polarity="lower_is_better"), cases, measure(truth, n)


@each(("times_rarer", "most"), [(1, 0.975), (50, 0.985)], ids=["share", "rate"])
@each("m", MEASURES.values(), ids=str)
def test_from_as_many_cases_as_it_takes_an_interval_holds_the_truth(m: Any, times_rarer: int, most: float) -> None:
    """Intervals of rates of few events are somewhat too wide; none is too narrow."""
    made, _, truth = drawn(m, m.fewest_events, times_rarer=times_rarer)
    assert too_few(m, np.broadcast_to(m.fewest_events, (1, 5))).tolist() == [False]
    given = np.isfinite(made.lower)
    assert given.mean() > 0.98
    assert 0.925 < covered((made.lower[given], made.upper[given]), truth) < most


@each("name", ["relative_index", "ratio", "mean_log_deviation", "attributable_risk"])
def test_below_that_intervals_fail_or_there_are_none(name: str) -> None:
    made, cases, truth = drawn(MEASURES[name], MEASURES[name].fewest_events / 5, times_rarer=50)
    given = np.isfinite(made.lower)
    assert too_few(MEASURES[name], cases).mean() > 0.9
    assert not 0.93 < covered((made.lower[given], made.upper[given]), truth) * given.mean() < 0.97


def test_a_small_level_makes_a_gap_doubtful_and_a_gradient_not() -> None:
    cases = np.array([[9, 200, 200], [10, 200, 200], [0, 15, 15], [0, 14, 15]])
    assert too_few(MEASURES["difference"], cases).tolist() == [True, False, True, True]
    assert too_few(MEASURES["slope_index"], cases).tolist() == [False, False, False, True]


@each("levels", [3, 5, 98])
@each("name", ["difference", "attributable_risk", "mean_difference_from_best"])
def test_the_best_of_many_alike_is_chosen_by_chance_and_marked(name: str, levels: int) -> None:
    for apart, marked in ((0.0, True), (8.0, False)):
        true = np.linspace(100 + apart * levels / 2, 100 - apart * levels / 2, levels)
        value = true + np.random.default_rng(levels).standard_normal((DRAWS, levels))
        parts = arrange(value, np.ones(value.shape), np.ones(value.shape), polarity="lower_is_better")
        doubtful = by_chance(MEASURES[name], *parts[:2])
        assert np.mean(doubtful == marked) > 0.98
        held = covered(
            evaluate(MEASURES[name], *parts, polarity="lower_is_better"), MEASURES[name](true, np.ones(levels))
        )
        assert held < 0.935 if marked else 0.94 < held < 0.965


def test_a_reference_that_is_fixed_is_not_chosen() -> None:
    """Of the other levels the worst still is, if there are three of them or more."""
    value, variance = np.array([[5.0, 6, 7, 8]]), np.ones((1, 4))
    assert [bool(by_chance(MEASURES[m], value, variance)[0]) for m in ("difference", "attributable_risk")] == [1, 1]
    for levels, wanted in ((4, True), (3, False)):
        part = value[:, :levels], variance[:, :levels]
        assert by_chance(MEASURES["difference"], *part, reference=0).tolist() == [wanted]
        assert by_chance(MEASURES["attributable_risk"], *part, reference=0).tolist() == [False]


@each("name", [m.id for m in MEASURES.values() if m.reads == "all"])
def test_what_takes_in_all_levels_alike_has_no_best(name: str) -> None:
    """It does not change when the level that stands last changes places with another, or is not for such levels."""
    value, weight = np.array([3.0, 9, 4, 7]), np.array([5.0, 1, 2, 2])
    turned = [0, 3, 2, 1]
    m = MEASURES[name]
    assert m.order == "required" or m(value, weight) == pytest.approx(m(value[turned], weight[turned]))
    assert not by_chance(m, value, np.full(4, 100.0))
