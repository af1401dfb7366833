"""What is marked unreliable: the sizes at which intervals fail, and no others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lighed.stats import MEASURES, arrange, by_chance, evaluate, proportion, rate, too_few
from tests.stats.samples import covered

DRAWS = 2_000  # coverage is then known to half of a per cent
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


ENDS = ["difference", "attributable_risk", "mean_difference_from_best"]
AT_THE_END = {"alike": lambda u: 0 * u, "even": lambda u: u, "crowded": lambda u: u**4}


@each("shape", AT_THE_END)
@each("levels", [10, 98])
@each("name", ENDS)
def test_no_interval_is_shown_unmarked_where_the_best_of_many_is_chosen_by_chance(
    name: str, levels: int, shape: str
) -> None:
    """The best of many that lie close; however far the others are."""
    for errors in (3.0, 30.0):
        made, doubtful, truth = chosen(name, errors * AT_THE_END[shape](np.linspace(1, 0, levels)))
        held = covered(made, truth)
        assert held > 0.925 or doubtful.mean() > 0.85


@each("levels", [3, 5, 98])
@each("name", ENDS)
def test_a_best_that_stands_by_itself_is_not_marked(name: str, levels: int) -> None:
    true = np.linspace(40, 30, levels)
    true[0], true[-1] = 46, 24
    made, doubtful, truth = chosen(name, true)
    assert doubtful.mean() < 0.05
    assert 0.935 < covered(made, truth) < 0.965


@each("levels", [2, 3, 5])
@each("name", ENDS)
def test_among_groups_that_are_alike_the_best_of_three_is_marked_and_of_two_it_need_not_be(
    name: str, levels: int
) -> None:
    made, doubtful, truth = chosen(name, np.zeros(levels))
    assert doubtful.mean() > 0.75 if levels > 2 else not doubtful.any()
    assert (covered(made, truth) < 0.94) == (levels > 2)


def chosen(name: str, true: Any) -> tuple[Any, Any, Any]:
    """Intervals about true values in standard errors, worst first, which of them are marked, and the truth."""
    true = true + 100
    value = true + np.random.default_rng(len(true)).standard_normal((DRAWS, len(true)))
    parts = arrange(value, np.ones(value.shape), np.ones(value.shape), polarity="lower_is_better")
    made = evaluate(MEASURES[name], *parts, polarity="lower_is_better")
    return made, by_chance(MEASURES[name], *parts[:2]), MEASURES[name](true, np.ones(len(true)))


def test_which_end_is_best_depends_on_the_polarity() -> None:
    value, variance = np.array([1.0, 8.5, 9]), np.ones(3)
    assert [bool(by_chance(MEASURES["attributable_risk"], turn * value, variance)) for turn in (1, -1)] == [False, True]
    assert by_chance(MEASURES["difference"], value, variance)


def test_a_reference_that_is_fixed_is_not_chosen() -> None:
    """Of the other levels the worst still is, if there are three of them or more."""
    value, variance = np.array([[5.0, 6, 7, 8]]), np.ones((1, 4))
    assert [bool(by_chance(MEASURES[m], value, variance)[0]) for m in ("difference", "attributable_risk")] == [1, 1]
    for levels, wanted in ((4, True), (3, False)):
        part = value[:, :levels], variance[:, :levels]
        assert by_chance(MEASURES["difference"], *part, reference=0).tolist() == [wanted]
        assert by_chance(MEASURES["attributable_risk"], *part, reference=0).tolist() == [False]
    unsure = np.array([[0.1, 0.1, 100, 0.1]])
    assert [bool(by_chance(MEASURES["difference"], value, unsure, reference=k)[0]) for k in (2, 3)] == [False, True]


@each("name", [m.id for m in MEASURES.values() if m.reads == "all"])
def test_what_takes_in_all_levels_alike_has_no_best(name: str) -> None:
    """It does not change when the level that stands last changes places with another, or is not for such levels."""
    value, weight = np.array([3.0, 9, 4, 7]), np.array([5.0, 1, 2, 2])
    turned = [0, 3, 2, 1]
    m = MEASURES[name]
    assert m.order == "required" or m(value, weight) == pytest.approx(m(value[turned], weight[turned]))
    assert not by_chance(m, value, np.full(4, 100.0))
