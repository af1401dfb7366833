"""Life tables: known laws of mortality are found again, intervals cover, and what is missing is missing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from lighed.stats import Values, healthy_life_years, life_expectancy, lifespan_variation
from lighed.stats.contributions import independent, propagate
from lighed.stats.lifetable import (
    LifeTable,
    life_table,
    life_years_lost,
    lifespan_deviation,
    lifespan_gini,
    rate_variance,
)
from tests.stats.samples import covered, numbers

ROUNDING = 1e-11
START = np.array([0, 1, *range(5, 95, 5)])
SPREADS = [life_years_lost, lifespan_deviation, lifespan_gini]
FRAIL, AGEING = 3e-5, 0.095  # Gompertz: the rate of death at birth, and how fast it grows


def _rates(start: Any = START) -> Any:
    width = np.diff([*start, start[-1] + 8])
    return FRAIL * np.exp(AGEING * (start + width / 2)) + np.where(start == 0, 0.003, 0)


def _time(total: float) -> Any:
    people = np.diff([*START, 100]) * np.exp(-np.maximum(START - 50, 0) / 18)
    return people / people.sum() * total


def _living(age: float) -> float:
    return float(np.exp(-FRAIL / AGEING * np.expm1(AGEING * age)))


def _left(age: float) -> float:
    return float(quad(_living, age, 120)[0] / _living(age))


def _squared() -> float:
    return float(2 * quad(lambda age: age * _living(age), 0, 120)[0] - _left(0) ** 2)


GOMPERTZ: dict[Callable[[LifeTable], Any], Callable[[], float]] = {
    life_years_lost: lambda: quad(lambda age: _living(age) * FRAIL * np.exp(AGEING * age) * _left(age), 0, 118)[0],
    lifespan_deviation: lambda: np.sqrt(_squared()),
    lifespan_gini: lambda: 1 - quad(lambda age: _living(age) ** 2, 0, 120)[0] / _left(0),
}


@pytest.mark.parametrize(("width", "near"), [(1, 2e-3), (5, 0.02)])
@pytest.mark.parametrize("spread", GOMPERTZ, ids=lambda by: by.__name__)
def test_the_spread_of_a_known_law_of_mortality_is_found_again(spread: Any, width: int, near: float) -> None:
    start = np.arange(0, 111, width)
    ages = np.append(start, 111 + width)
    living = np.array([_living(age) for age in ages])
    lived = np.array([quad(_living, *pair)[0] for pair in pairwise(ages)])
    table = life_table((living[:-1] - living[1:]) / lived, start, np.full(len(start), 0.5))
    assert_allclose(table.expectancy[0], _left(0), rtol=near / 10)
    assert_allclose(spread(table)[0], GOMPERTZ[spread](), rtol=near)


@pytest.mark.parametrize("spread", SPREADS, ids=lambda by: by.__name__)
def test_lives_that_all_end_at_nearly_the_same_age_have_nearly_no_spread(spread: Any) -> None:
    rate = np.array([0.0, 1.9, 4.0])
    assert spread(life_table(rate, [0, 80, 81]))[0] < (0.5 if spread is not lifespan_gini else 0.005)


@pytest.mark.parametrize("spread", SPREADS, ids=lambda by: by.__name__)
def test_bands_do_not_matter_where_the_rate_of_death_is_the_same_at_every_age(spread: Any) -> None:
    whole = spread(life_table(np.array([0.02]), [30]))
    narrow = spread(life_table(np.full(70, 0.02), np.arange(30, 100)))
    assert_allclose(narrow[0], whole[0], rtol=1e-4)


@pytest.mark.parametrize("inside", [0.5, 0.2])
def test_deaths_thin_out_within_a_band_so_that_they_fall_on_average_where_they_should(inside: float) -> None:
    """All die within one band of 100 years; with a half, evenly over it."""
    power = 1 / inside - 1
    table = life_table(np.array([1 / (100 * inside), 1e9]), [0, 100], [inside, 0.5])
    mean, square = (quad(lambda t, k=k: k * t ** (k - 1) * (1 - t) ** power, 0, 1)[0] for k in (1, 2))
    assert_allclose(table.expectancy[0], 100 * mean)
    assert_allclose(lifespan_deviation(table)[0], 100 * np.sqrt(square - mean**2))
    assert_allclose(lifespan_gini(table)[0], 1 - quad(lambda t: (1 - t) ** (2 * power), 0, 1)[0] / mean)
    assert_allclose(life_years_lost(table)[0], 100 * mean * (1 - inside), rtol=1e-6)


def test_those_who_die_in_their_first_year_die_early_in_it_but_not_so_in_a_band_of_five_years() -> None:
    assert life_table(np.full(3, 0.1), [0, 1, 5]).inside.tolist() == [0.1, 0.5, 0.5]
    assert life_table(np.full(3, 0.1), [0, 5, 10]).inside.tolist() == [0.5, 0.5, 0.5]
    assert life_table(np.full(3, 0.1), [1, 2, 3]).inside.tolist() == [0.5, 0.5, 0.5]


def test_a_table_from_a_later_age_on_is_the_end_of_the_whole_table() -> None:
    rate, time = _rates(), _time(1e6)
    whole, late = (life_expectancy(rate[k:] * time[k:], time[k:], START[k:]) for k in (0, 7))
    for name in Values.__slots__:
        assert_allclose(getattr(whole, name)[7:], getattr(late, name), rtol=ROUNDING)


def test_19_bands_are_20_with_the_last_two_put_together() -> None:
    rate, time = _rates(), _time(1e6)
    deaths = rate * time
    merged = [np.append(part[:-2], part[-2:].sum()) for part in (deaths, time)]
    twenty, nineteen = life_expectancy(deaths, time, START), life_expectancy(*merged, START[:-1])
    assert_allclose(nineteen.value[0], twenty.value[0], rtol=0.01)
    assert nineteen.value.shape == (19,)


def test_the_variance_of_life_expectancy_is_the_derivative_times_that_of_the_rates() -> None:
    rate, time = _rates(), _time(20_000)
    table = life_table(rate, START)
    made = life_expectancy(rate * time, time, START)
    by_step = propagate(
        lambda r: life_table(r, START).expectancy, rate, independent(rate_variance(table, time, mortality="poisson"))
    )
    assert_allclose(made.se, by_step.parts.se, rtol=ROUNDING)


def test_chiangs_variance_is_that_of_the_probability_of_death() -> None:
    rate, time = _rates(), _time(20_000)
    table = life_table(rate, START)
    by_step = propagate(
        lambda r: life_table(r, START).dying, rate, independent(rate_variance(table, time, mortality="chiang"))
    )
    q = table.dying[:-1]
    assert_allclose(by_step.parts.se[:-1] ** 2, q**2 * (1 - q) / (rate * time)[:-1], rtol=ROUNDING)
    assert rate_variance(table, time, mortality="chiang")[-1] == 0


def test_the_interval_of_life_expectancy_covers_it_in_a_small_municipality_and_a_large() -> None:
    rng, true = np.random.default_rng(1), life_table(_rates(), START).expectancy
    for total in (10_000, 100_000):
        time = np.broadcast_to(_time(total), (4000, len(START)))
        made = life_expectancy(rng.poisson(_rates() * time), time, START)
        for age in (0, 65, 85):
            k = START.tolist().index(age)
            assert 0.935 < covered(made.at((..., k)), true[k]) < 0.965


def test_at_high_ages_chiangs_variance_is_too_small() -> None:
    """It leaves out how long those in the open band live, which is why it is not what we take unasked."""
    rng, true, k = np.random.default_rng(2), life_table(_rates(), START).expectancy, START.tolist().index(85)
    time = np.broadcast_to(_time(100_000), (4000, len(START)))
    made = life_expectancy(rng.poisson(_rates() * time), time, START, mortality="chiang")
    assert covered(made.at((..., k)), true[k]) < 0.92


@pytest.mark.parametrize("spread", SPREADS, ids=lambda by: by.__name__)
def test_the_interval_of_the_spread_covers_it(spread: Any) -> None:
    rng, true = np.random.default_rng(3), spread(life_table(_rates(), START))
    time = np.broadcast_to(_time(100_000), (2000, len(START)))
    made = lifespan_variation(rng.poisson(_rates() * time), time, START, by=spread)
    for k in (0, START.tolist().index(65)):
        assert 0.93 < covered(made.at((..., k)), true[k]) < 0.965


@pytest.mark.parametrize("mortality", ["known", "poisson"])
def test_the_interval_of_healthy_life_years_covers_them(mortality: Any) -> None:
    rng, healthy, time = np.random.default_rng(4), np.linspace(0.95, 0.4, len(START)), _time(50_000)
    asked = np.full((4000, len(START)), 60)
    share = rng.binomial(asked, healthy) / asked
    deaths = _rates() * time
    if mortality == "poisson":
        deaths = rng.poisson(deaths, (4000, len(START)))
    made = healthy_life_years(deaths, time + 0 * share, share, share * (1 - share) / asked, START, mortality=mortality)
    table = life_table(_rates(), START)
    true = (table.survivors * table.years * healthy).sum()
    assert 0.935 < covered(made.at((..., 0)), true) < 0.965


def test_all_in_health_live_their_life_expectancy_in_health() -> None:
    deaths, time, one = _rates() * _time(1e5), _time(1e5), np.ones(len(START))
    made = healthy_life_years(deaths, time, one, 0 * one, START, mortality="poisson")
    assert_allclose(numbers(made), numbers(life_expectancy(deaths, time, START)), rtol=ROUNDING)


def test_the_error_of_mortality_in_healthy_life_years_is_its_derivative() -> None:
    rate, time, healthy = _rates(), _time(1e5), np.linspace(0.95, 0.4, len(START))

    def years(rates: Any) -> Any:
        table = life_table(rates, START)
        return (table.survivors * table.years * healthy).sum(-1, keepdims=True)

    made = healthy_life_years(rate * time, time, healthy, 0 * healthy, START, mortality="poisson")
    by_step = propagate(years, rate, independent(rate / time))
    assert_allclose([made.value[0], made.se[0]], [by_step.value[0], by_step.parts.se[0]], rtol=ROUNDING)


def _changed(deaths: Any = None, time: Any = None) -> tuple[Any, Any]:
    """Two like areas; in the first, at 10 years, something is changed."""
    both = [np.stack([part, part]) for part in (np.round(_rates() * _time(1e5)), _time(1e5))]
    for part, new in zip(both, (deaths, time), strict=True):
        part[0, 3] = part[0, 3] if new is None else new
    return both[0], both[1]


IMPOSSIBLE = {
    "a missing count of deaths": _changed(deaths=np.nan),
    "missing person-years": _changed(time=np.nan),
    "no person-years": _changed(deaths=0, time=0),
    "negative person-years": _changed(time=-5),
    "negative deaths": _changed(deaths=-1),
    "more deaths than person-years": _changed(deaths=5, time=4),
    "infinitely many deaths": _changed(deaths=np.inf),
}


@pytest.mark.parametrize("given", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
@pytest.mark.parametrize("computed", [life_expectancy, lifespan_variation], ids=lambda by: by.__name__)
def test_what_is_missing_or_impossible_at_one_age_leaves_no_table_and_other_areas_alone(
    given: Any, computed: Any
) -> None:
    made, alone = computed(*given, START), computed(given[0][1], given[1][1], START)
    assert np.isnan([part[0] for part in numbers(made)]).all()
    assert_allclose([part[1] for part in numbers(made)], numbers(alone), rtol=ROUNDING)
    assert np.isfinite(alone.value).all()


@pytest.mark.parametrize("rate", [-0.01, np.nan])
def test_a_rate_that_cannot_be_leaves_no_life_expectancy_before_that_age(rate: float) -> None:
    assert_allclose(np.isnan(life_table(np.array([0.01, rate, 0.02]), [0, 40, 80]).expectancy), [True, True, False])


def test_nobody_who_dies_in_the_open_band_leaves_no_life_expectancy() -> None:
    deaths, time = np.round(_rates() * _time(1e5)), _time(1e5)
    deaths[-1] = 0
    assert np.isnan(numbers(life_expectancy(deaths, time, START))).all()


def test_a_band_in_which_all_die_leaves_the_ages_before_it() -> None:
    """All who are 85 die before 90; those who are 90 are others, and have a life expectancy of their own."""
    deaths, time = np.round(_rates() * _time(1e5)), _time(1e5)
    deaths[-2] = 0.6 * time[-2]
    made = life_expectancy(deaths, time, START)
    assert_allclose(made.value[-2], 2.5)
    assert_allclose(made.value[-1], time[-1] / deaths[-1])
    assert np.isfinite(lifespan_variation(deaths, time, START).value).all()
    by_step = propagate(lambda r: life_table(r, START).expectancy, deaths / time, independent(deaths / time**2))
    assert_allclose(made.se, by_step.parts.se, rtol=ROUNDING)


@pytest.mark.parametrize("share", [np.nan, 1.2, -0.1])
def test_healthy_life_years_ask_for_a_share_at_that_age_and_later_ones(share: float) -> None:
    healthy = np.full(len(START), 0.8)
    healthy[8] = share
    made = healthy_life_years(_rates() * _time(1e5), _time(1e5), healthy, 0.16 / 100 + 0 * healthy, START)
    assert_allclose(np.isnan(made.value), np.arange(len(START)) <= 8)


@pytest.mark.parametrize("start", [[0, 1, 5], [0, 5, 5, 10], [0, 10, 5, 15]])
def test_bands_that_are_not_in_order_or_too_few_are_refused(start: Any) -> None:
    with pytest.raises(ValueError, match="where each band starts"):
        life_table(np.full(4, 0.1), start)


def test_few_person_years_and_wide_intervals_give_nothing() -> None:
    time = np.floor(_time(5000))
    deaths = np.round(_rates() * time)
    assert np.isnan(numbers(life_expectancy(deaths, time, START))).all()
    assert np.isnan(numbers(life_expectancy(deaths, time, START, fewest_time=time.sum()))).all()
    assert np.isfinite(life_expectancy(deaths, time, START, fewest_time=time.sum() - 1).value).all()
    assert np.isnan(lifespan_variation(_rates() * _time(49_000), _time(49_000), START).value).all()
    few = life_expectancy([0, 0, 1], [20, 20, 10], [0, 40, 70], fewest_time=0)
    assert np.isnan(numbers(few)).all()
