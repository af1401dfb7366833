"""Shares, rates, means and standardisation at their edges: nobody, everybody, no time, one person, empty cells."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Values, direct, indirect, mean, proportion, rate, repeated
from lighed.stats.intervals import Z, poisson
from lighed.stats.rates import FEWEST_EVENTS, dobson, weighted_proportion
from tests.stats.samples import DRAWS, covered, numbers

ROUNDING = 1e-12


EDGES = {
    "nobody has it": proportion(0, 50),
    "everybody has it": proportion(50, 50),
    "one person, who has it": proportion(1, 1),
    "no events": rate(0, 50.0),
    "one event": rate(1, 50.0),
}


@pytest.mark.parametrize("made", EDGES.values(), ids=EDGES)
def test_at_the_edge_there_is_an_interval_with_the_standard_error_that_it_implies(made: Values) -> None:
    assert 0 <= made.lower < made.upper
    assert made.lower - ROUNDING <= made.value <= made.upper + ROUNDING
    assert_allclose(made.se, (made.upper - made.lower) / (2 * Z), rtol=ROUNDING)
    assert made.se > 0


NOTHING = {
    "a share of nobody": proportion(0, 0),
    "a weighted share of nobody": weighted_proportion(np.nan, np.nan, 0),
    "a rate without time": rate(0, 0.0),
    "events without time": rate(3, 0.0),
    "a rate over negative time": rate(3, -1.0),
    "a mean of nobody": mean(0.0, 0.0, 0),
    "a missing count": rate(np.nan, 10.0),
    "a missing share": proportion(np.nan, 10),
    "more events than persons": proportion(3, 2),
    "fewer events than none": proportion(-1, 10),
    "a rate of fewer events than none": rate(-1, 10.0),
    "an exact rate of fewer events than none": rate(-2, 10.0, interval="exact"),
}


@pytest.mark.parametrize("made", NOTHING.values(), ids=NOTHING)
def test_of_nothing_there_is_nothing(made: Values) -> None:
    assert np.isnan(numbers(made)).all()


def test_what_is_empty_leaves_the_others_alone() -> None:
    made, alone = proportion([0, 5], [0, 10]), proportion(5, 10)
    assert_allclose([part[1] for part in numbers(made)], numbers(alone))
    assert np.isnan([part[0] for part in numbers(made)]).all()


def test_one_person_has_a_mean_without_an_interval() -> None:
    made = mean(7.0, 49.0, 1)
    assert made.value == 7
    assert np.isnan(numbers(made)[1:]).all()


def test_persons_who_are_all_alike_have_a_mean_without_error() -> None:
    made = mean(3 * 0.1, 3 * 0.1**2, 3)
    assert_allclose(numbers(made), [0.1, 0, 0.1, 0.1], atol=1e-8)


def test_a_mean_is_that_of_its_persons() -> None:
    y = np.random.default_rng(4).normal(-3, 5, (2, 40))
    made = mean(y.sum(-1), (y**2).sum(-1), [40, 40])
    assert_allclose(made.value, y.mean(-1), rtol=ROUNDING)
    assert_allclose(made.se, y.std(-1, ddof=1) / np.sqrt(40), rtol=ROUNDING)
    assert (made.lower < 0).all()


def test_the_interval_of_a_mean_of_five_covers_it() -> None:
    y = np.random.default_rng(5).normal(10, 3, (DRAWS, 5))
    made = mean(y.sum(-1), (y**2).sum(-1), 5)
    assert 0.945 < covered(made, 10) < 0.955


def test_a_rate_is_per_the_unit_of_its_time() -> None:
    years, thousands = rate(12, 4000.0), rate(12, 4.0)
    assert_allclose(numbers(thousands), numbers(years.scaled(1000)), rtol=ROUNDING)
    assert_allclose([years.lower, years.upper], np.array(poisson(12)) / 4000, rtol=ROUNDING)


def test_a_design_that_costs_half_the_sample_has_the_interval_of_half_the_sample() -> None:
    half, made = proportion(10, 50), weighted_proportion(0.2, 2 * 0.2 * 0.8 / 100, 100)
    assert_allclose(numbers(made), numbers(half), rtol=ROUNDING)


@pytest.mark.parametrize("n", [0, 50], ids="{} of 50".format)
def test_nobody_and_everybody_of_a_weighted_sample_have_the_interval_of_its_respondents(n: int) -> None:
    assert_allclose(numbers(weighted_proportion(n / 50, 0.0, 50)), numbers(proportion(n, 50)), rtol=ROUNDING)


VALUE, VARIANCE, N = np.array([0.1, 0.3, 0.2]), np.array([0.001, 0.002, 0.004]), np.array([90, 100, 50])
STANDARD = np.array([1.0, 3, 4])


def test_a_population_with_the_structure_of_the_standard_keeps_its_value() -> None:
    value, _, covered = direct(VALUE, VARIANCE, N, 7 * N)
    assert_allclose(value, (VALUE * N).sum() / N.sum(), rtol=ROUNDING)
    assert covered == 1


def test_cells_without_persons_take_the_average_of_the_others() -> None:
    value, variance, covered = direct([0.1, np.nan, 0.2], [0.001, np.nan, 0.004], [90, 0, 50], STANDARD)
    alone = direct(VALUE[[0, 2]], VARIANCE[[0, 2]], N[[0, 2]], STANDARD[[0, 2]])
    assert_allclose([value, variance], alone[:2], rtol=ROUNDING)
    assert covered == 5 / 8


def test_cells_that_the_population_cannot_have_count_for_nothing() -> None:
    made = direct([0.1, 0.3, 0.2], VARIANCE, [90, 100, 0], [1, 3, 0])
    assert_allclose(made, direct(VALUE[:2], VARIANCE[:2], N[:2], STANDARD[:2]), rtol=ROUNDING)
    assert made[2] == 1


def test_without_any_persons_there_is_no_standardised_value() -> None:
    value, variance, covered = direct(np.full(3, np.nan), np.full(3, np.nan), np.zeros(3), STANDARD)
    assert np.isnan([value, variance]).all()
    assert covered == 0


def test_a_missing_value_in_a_cell_with_persons_is_not_passed_over() -> None:
    assert np.isnan(direct([0.1, np.nan, 0.2], VARIANCE, N, STANDARD)[0])


def test_standardisation_takes_many_populations_at_once_and_one_standard_or_several() -> None:
    value, n = np.stack([VALUE, VALUE[::-1]]), np.stack([N, [0, 3, 4]])
    both = direct(value, np.stack([VARIANCE] * 2), n, STANDARD)
    several = direct(value, np.stack([VARIANCE] * 2), n, np.stack([STANDARD] * 2))
    for k in range(2):
        assert_allclose([part[k] for part in both], direct(value[k], VARIANCE, n[k], STANDARD), rtol=ROUNDING)
    assert_allclose(both, several, rtol=ROUNDING)


def test_nothing_that_is_given_is_changed() -> None:
    given = [np.array(part, float) for part in ([0.1, np.nan], [0.001, np.nan], [90, 0], [1, 3])]
    before = [part.copy() for part in given]
    direct(*given)
    assert_allclose(given, before)


def test_dobsons_interval_is_the_counts_own_where_all_cells_weigh_the_same() -> None:
    events, time = 37, 5000.0
    made = dobson(events / time, events / time**2, events)
    assert_allclose([made.lower, made.upper], np.array(poisson(events)) / time, rtol=ROUNDING)
    assert_allclose(made.se, (made.upper - made.lower) / (2 * Z), rtol=ROUNDING)


@pytest.mark.parametrize("events", [0, 1, FEWEST_EVENTS - 1, np.nan])
def test_dobsons_interval_is_not_given_below_ten_events(events: float) -> None:
    assert FEWEST_EVENTS == 10
    assert np.isnan(numbers(dobson(events / 1000, events / 1000**2, events))).all()
    assert np.isfinite(numbers(dobson(0.01, 0.00001, FEWEST_EVENTS))).all()


def test_dobsons_interval_covers_the_standardised_rate() -> None:
    rng = np.random.default_rng(6)
    time, truth, standard = np.array([4000.0, 3000, 1000]), np.array([0.002, 0.006, 0.03]), np.array([3.0, 3, 4])
    events = rng.poisson(time * truth, (DRAWS, 3))
    value, variance, _ = direct(events / time, events / time**2, np.broadcast_to(time, events.shape), standard)
    made = dobson(value, variance, events.sum(-1))
    expected = (standard * truth).sum() / standard.sum()
    assert 0.94 < covered(made, expected) < 0.96


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
def test_a_standard_error_does_not_depend_on_the_confidence_of_the_interval_it_is_read_from(confidence: float) -> None:
    made = [proportion(5_000, 20_000, confidence=confidence), rate(5_000, 20.0, confidence=confidence)]
    assert_allclose([one.se for one in made], [np.sqrt(0.25 * 0.75 / 20_000), np.sqrt(5_000) / 20], rtol=1e-2)


@pytest.mark.parametrize(("events", "n"), [(3, 2), (-1, 10), (0, 0), (np.nan, 5)], ids=str)
def test_an_impossible_share_has_no_exact_interval(events: float, n: float) -> None:
    made = proportion([events, 1], [n, 2], interval="exact")
    assert np.isnan([made.lower[0], made.upper[0]]).all()
    assert made.lower[1] < 0.5 < made.upper[1]


def test_the_exact_interval_of_a_share_covers_at_least_as_often_as_it_says() -> None:
    rng = np.random.default_rng(14)
    share, n = rng.uniform(0.01, 0.99, DRAWS), rng.integers(5, 200, DRAWS)
    assert covered(proportion(rng.binomial(n, share), n, interval="exact"), share) > 0.955


def test_the_exact_interval_of_a_rate_covers_at_least_as_often_as_it_says() -> None:
    rng = np.random.default_rng(15)
    expected = rng.uniform(0.5, 60, DRAWS)
    assert covered(rate(rng.poisson(expected), 1.0, interval="exact"), expected) > 0.955
    assert covered(rate(rng.poisson(expected), 1.0, interval="exact", confidence=0.8), expected) < 0.9


def test_a_population_with_the_rates_of_the_reference_has_the_ratio_one() -> None:
    n, reference = np.array([[1000.0, 500, 0], [10, 20, 4000]]), np.array([0.004, 0.012, 0.05])
    ratio, expected = indirect(expected_events := (n * reference).sum(-1), n, reference)
    assert_allclose(expected, expected_events)
    assert_allclose(ratio.value, 1)
    assert (ratio.lower < 1).all()
    assert (ratio.upper > 1).all()


def test_where_nothing_is_expected_there_is_no_ratio() -> None:
    assert np.isnan(numbers(indirect([0, 3], np.zeros((2, 2)), [0.1, 0.2])[0])).all()


def test_events_that_do_not_come_again_have_the_variance_of_independent_ones() -> None:
    value, variance = repeated([[12, 0], [0, 0]], [1, 2], [400.0, 400.0])
    assert_allclose([value[0], variance[0]], [12 / 400, 12 / 400**2], rtol=ROUNDING)
    assert (value[1], variance[1]) == (0, 0)
    assert np.isnan(repeated([12, 0], [1, 2], 0.0)).all()


def test_dobsons_interval_covers_the_rate_of_events_that_come_again_and_not_if_they_are_taken_as_independent() -> None:
    rng = np.random.default_rng(16)
    frequency, chance = np.arange(1, 6), np.array([0.4, 0.2, 0.2, 0.1, 0.1]) * 80
    persons, time = rng.poisson(chance, (DRAWS, 5)), 4000.0
    value, variance = repeated(persons, frequency, np.full(DRAWS, time))
    events, truth = (persons * frequency).sum(-1), (chance * frequency).sum() / time
    assert 0.94 < covered(dobson(value, variance, events), truth) < 0.96
    assert covered(rate(events, time), truth) < 0.8
