"""Shares of a small population of which some answered: the reference's own table, exact fractions, and edges."""

from __future__ import annotations

from fractions import Fraction
from math import comb, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from lighed.stats import attainable, finite_share, largest_denominator, paired_change, poststratified, silent
from lighed.stats.intervals import Z
from tests.golden import column, read
from tests.stats.samples import covered

PARTNERS, ANSWERED = 107, 68
PRINTED = 0.05001  # percentage points: the table has one decimal
EXACT = 1e-9  # relative: the same formula in another program
# The alliance's survey as the reference report works it out: percentage, k of 68, whether 68 can be its denominator,
# the largest that can, Wilson with finite-population correction, exact hypergeometric, bounds for the silent.
TABLE = [
    (75, 51, True, 68, (68.3, 80.7), (68.2, 80.4), (47.7, 84.1)),
    (98, 67, False, 66, (95.6, 99.5), (95.3, 99.1), (62.6, 99.1)),
    (70, 48, False, 67, (63.7, 76.7), (63.6, 76.6), (44.9, 81.3)),
    (72, 49, True, 68, (65.2, 78.0), (64.5, 78.5), (45.8, 82.2)),
    (80, 54, False, 66, (73.0, 84.6), (72.9, 85.0), (50.5, 86.9)),
    (95, 65, False, 66, (91.6, 97.7), (90.7, 97.2), (60.7, 97.2)),
]


@pytest.mark.parametrize(("percent", "k", "can", "largest", "wilson", "exact", "bounds"), TABLE)
def test_the_alliances_survey_is_that_of_the_reference(
    percent: int, k: int, can: bool, largest: int, wilson: object, exact: object, bounds: object
) -> None:
    assert_allclose(attainable(percent, ANSWERED), k if can else np.nan)
    assert largest_denominator(percent, ANSWERED) == largest
    made = finite_share(k, ANSWERED, PARTNERS).scaled(100)
    assert_allclose([made.lower, made.upper], wilson, atol=PRINTED)
    made = finite_share(k, ANSWERED, PARTNERS, interval="hypergeometric").scaled(100)
    assert_allclose([made.lower, made.upper], exact, atol=PRINTED)
    assert_allclose([100 * bound for bound in silent(k, ANSWERED, PARTNERS)], bounds, atol=PRINTED)


def test_share_and_standard_error_are_those_of_an_outside_program() -> None:
    (row,) = (
        one for one in read("survey/expected.csv") if (one["case_id"], one["quantity"]) == ("finite", "mean_has_plan")
    )
    said = column(read("survey/finite_population.csv"), "has_plan")
    for made in (finite_share(said.sum(), len(said), PARTNERS), poststratified(said.sum()[None], [68], [107])):
        assert_allclose([made.value, made.se], [float(row["value"]), float(row["se"])], rtol=EXACT)


def _chance(k: int, n: int, of: int, all_with: int) -> Fraction:
    return Fraction(comb(all_with, k) * comb(of - all_with, n - k), comb(of, n))


@pytest.mark.parametrize(("n", "of"), [(1, 1), (1, 9), (5, 9), (12, 13), (9, 30)])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_exact_limits_are_those_of_fractions(n: int, of: int, confidence: float) -> None:
    rare = (1 - Fraction(str(confidence))) / 2
    events = np.arange(n + 1)
    made = finite_share(events, n, of, interval="hypergeometric", confidence=confidence)
    for k in events.tolist():
        likely = [
            every
            for every in range(of + 1)
            if sum(_chance(j, n, of, every) for j in range(k, n + 1)) > rare
            and sum(_chance(j, n, of, every) for j in range(k + 1)) > rare
            and k <= every <= of - n + k
        ]
        assert_allclose([made.lower[k] * of, made.upper[k] * of], [likely[0], likely[-1]], rtol=EXACT)


@pytest.mark.parametrize("interval", ["wilson", "hypergeometric"])
def test_both_intervals_cover_the_share_of_all(interval: str) -> None:
    rng = np.random.default_rng(6)
    all_with = rng.integers(10, 98, 4000)
    said = rng.hypergeometric(all_with, PARTNERS - all_with, ANSWERED)
    made = finite_share(said, ANSWERED, PARTNERS, interval=interval)  # type: ignore[arg-type]
    assert 0.94 < covered((made.lower, made.upper), all_with / PARTNERS) < 0.985
    low, high = silent(said, ANSWERED, PARTNERS)
    assert ((low <= all_with / PARTNERS) & (all_with / PARTNERS <= high)).all()


@pytest.mark.parametrize("interval", ["wilson", "hypergeometric"])
def test_when_all_answered_nothing_is_left_to_chance_and_when_nobody_did_nothing_is_known(interval: str) -> None:
    made = finite_share([0, 30, 1, 0], [107, 107, 1, 0], [107, 107, 1, 107], interval=interval)  # type: ignore[arg-type]
    for part in (made.value, made.lower, made.upper):
        assert_allclose(part, [0, 30 / 107, 1, np.nan])
    assert_allclose(made.se[:3], 0)


@settings(derandomize=True, deadline=None)
@given(st.integers(2, 200), st.data())
def test_wilsons_limits_are_the_shares_that_a_draw_of_so_many_just_rejects(n: int, data: st.DataObject) -> None:
    of, k = data.draw(st.integers(n + 1, 300)), data.draw(st.integers(1, n - 1))
    made = finite_share(k, n, of)
    for limit in (made.lower, made.upper):
        spread = limit * (1 - limit) / n * (of - n) / (of - 1)
        assert_allclose(abs(k / n - limit) / np.sqrt(spread), Z, rtol=1e-6)


@pytest.mark.parametrize(
    ("percent", "n", "digits", "k"),
    [(50.5, 2, 0, 1), (12, 8, 0, 1), (13, 8, 0, 1), (18.7, 16, 1, 3), (18.8, 16, 1, 3), (12.5, 8, 1, 1),
     (12.4, 8, 1, np.nan), (0, 0, 0, np.nan), (100, 3, 0, 3), (33, 3, 0, 1), (101, 3, 0, np.nan)],
)  # fmt: skip
def test_a_percentage_is_attainable_when_rounding_a_share_gives_it(
    percent: float, n: int, digits: int, k: float
) -> None:
    assert_allclose(attainable(percent, n, digits), k)


def test_no_denominator_is_found_where_there_is_none() -> None:
    assert_allclose(largest_denominator([98, 40, 100, 98], [5, 5, 0, 40]), [np.nan, 5, np.nan, 40])


@pytest.mark.parametrize(("gained", "lost"), [(12, 4), (4, 12), (0, 0), (7, 7), (1, 0), (0, 20)])
def test_change_among_the_same_partners_has_mcnemars_chance_and_the_formulas_error(gained: int, lost: int) -> None:
    made = paired_change(gained, lost, 50, 90)
    assert_allclose(made.p, binomtest(gained, gained + lost).pvalue if gained + lost else 1)
    moves = np.repeat([1.0, -1.0, 0.0], [gained, lost, 50 - gained - lost])  # of each partner
    assert_allclose(made.change.value, moves.mean())
    assert_allclose(made.change.se, moves.std(ddof=1) / sqrt(50) * sqrt(1 - 50 / 90), atol=1e-12)
    census = paired_change(gained, lost, 50, 50).change
    assert_allclose([census.lower, census.upper], moves.mean())


def test_kinds_that_answered_less_count_by_how_many_they_are() -> None:
    made = poststratified(
        [[10, 30], [5, 6], [3, 1], [0, 0]], [[20, 40], [5, 6], [3, 1], [4, 0]], [[60, 40], [9, 6], [3, 4], [9, 2]]
    )
    assert_allclose(made.value, [0.6, 1, 1, np.nan])
    one = finite_share(10, 20, 60)
    assert_allclose(made.se[0], 0.6 * one.se)  # of the other kind all answered
    assert_allclose(made.upper[:2], [0.7026, 1], atol=1e-3)
    assert 0.6 < made.lower[1] < 0.95  # all of them alike, and some silent
    assert np.isnan(made.lower[2:]).all()  # one alone of several, and none
