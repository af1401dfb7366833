"""Decompositions: the parts add up, one method is held against another, and intervals cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import (
    MEASURES,
    Contributions,
    between_within,
    by_part,
    fewest,
    kitagawa,
    life_expectancy,
    life_expectancy_gap,
    life_table,
    life_years_lost,
    lifespan_gini,
    shapley,
    stepwise,
)
from lighed.stats.contributions import independent, propagate
from lighed.stats.intervals import gradient
from lighed.stats.lifetable import Mortality, rate_variance
from tests.stats.samples import covered, numbers

ROUNDING = 1e-10
START = np.array([0, 1, *range(5, 95, 5)])
RATE = 3e-5 * np.exp(0.095 * (START + 2.5))[:, None] * [0.5, 0.3, 0.15, 0.05]
BY_GROUP = np.stack([RATE * [1.6, 1.3, 1.0, 2.5], RATE])  # short and long education, four causes of death
ALL_BY = ["cause", "age", "age and cause"]


def _time(total: float) -> Any:
    people = np.diff([*START, 100]) * np.exp(-np.maximum(START - 50, 0) / 18)
    return np.stack([people, people]) / people.sum() * total


def _split(total: float = 1e5, **how: Any) -> Contributions:
    time = _time(total)
    return life_expectancy_gap(BY_GROUP * time[..., None], time, START, **how)


@pytest.mark.parametrize("by", ALL_BY)
@pytest.mark.parametrize("mortality", ["poisson", "silcocks", "chiang"])
def test_the_parts_of_a_gap_in_life_expectancy_are_the_gap_and_its_error(by: Any, mortality: Mortality) -> None:
    time = _time(1e5)
    each = life_expectancy((BY_GROUP * time[..., None]).sum(-1), time, START, mortality=mortality)
    made = _split(by=by, mortality=mortality).whole
    assert_allclose(made.value, each.value[1, 0] - each.value[0, 0], rtol=ROUNDING)
    assert_allclose(made.se, np.hypot(each.se[0, 0], each.se[1, 0]), rtol=ROUNDING)


@pytest.mark.parametrize("by", ["cause", "age"])
def test_ages_with_causes_add_up_to_either(by: str) -> None:
    group = np.tile(np.arange(4), len(START)) if by == "cause" else np.repeat(np.arange(len(START)), 4)
    added, made = _split(by="age and cause").added(group), _split(by=by)
    assert_allclose(added.value, made.value, rtol=ROUNDING)
    assert_allclose(added.covariance, made.covariance, atol=1e-14)


@pytest.mark.parametrize("method", ["symmetric", "arriaga"])
def test_the_covariance_is_that_of_a_derivative_by_every_rate_of_every_cause(method: Any) -> None:
    time = _time(1e5)
    total = BY_GROUP.sum(-1)
    variance = rate_variance(life_table(total, START), time)[..., None] * BY_GROUP / total[..., None]

    def parts(flat: Any) -> Any:
        rates = flat.reshape(*flat.shape[:-1], *BY_GROUP.shape)
        return np.asarray(_real_and_imaginary(rates, method))

    made = propagate(parts, BY_GROUP.ravel(), independent(variance.ravel()))
    assert_allclose(made.covariance, _split(method=method).covariance, rtol=1e-6, atol=1e-12)


def _real_and_imaginary(rates: Any, method: str) -> Any:
    """The contributions of causes as Arriaga has them, by division."""
    table = life_table(rates.sum(-1), START)

    def one_way(first: int, last: int) -> Any:
        alive = np.concatenate([table.survivors, 0 * table.survivors[..., :1]], -1)
        left = np.concatenate([table.expectancy, 0 * table.expectancy[..., :1]], -1)
        a, b = alive[..., first, :], alive[..., last, :]
        lived = [left[..., k, :-1] - alive[..., k, 1:] / alive[..., k, :-1] * left[..., k, 1:] for k in (first, last)]
        later = b[..., 1:] * left[..., last, 1:]
        after = np.divide(later, b[..., 1:], out=np.zeros_like(later), where=b[..., 1:] != 0)
        term = a[..., :-1] * (lived[1] - lived[0]) + later * a[..., :-1] / b[..., :-1] - after * a[..., 1:]
        gap = rates[..., last, :, :] - rates[..., first, :, :]
        return (term[..., None] * gap / gap.sum(-1, keepdims=True)).sum(-2)

    return one_way(0, 1) if method == "arriaga" else (one_way(0, 1) - one_way(1, 0)) / 2


def test_replacing_the_rates_age_by_age_in_both_directions_gives_the_symmetric_terms() -> None:
    time, total = _time(1e5), BY_GROUP.sum(-1)
    made = stepwise(lambda rate: life_table(rate, START).expectancy[..., 0], total, total / time)
    by_age = _split(by="age")
    assert_allclose(made.value, by_age.value, rtol=ROUNDING)
    assert_allclose(made.covariance, by_age.covariance, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("spread", [life_years_lost, lifespan_gini], ids=lambda by: by.__name__)
def test_a_gap_in_the_spread_of_lives_can_be_split_by_age(spread: Any) -> None:
    rate = BY_GROUP.sum(-1)
    made = stepwise(lambda r: spread(life_table(r, START))[..., 0], rate, rate / _time(1e5))
    first, last = spread(life_table(rate, START))[:, 0]
    assert_allclose(made.whole.value, last - first, rtol=ROUNDING)
    assert np.sign(made.value[0]) == -np.sign(made.value[-1])  # fewer deaths: young, lives more alike; old, less


def test_naming_the_groups_in_the_other_order_turns_the_sign() -> None:
    time = _time(1e5)
    turned = life_expectancy_gap((BY_GROUP * time[..., None])[::-1], time, START)
    assert_allclose(turned.value, -_split().value, rtol=ROUNDING)
    assert_allclose(turned.parts.se, _split().parts.se, rtol=ROUNDING)


def _alike(shift: float) -> Contributions:
    """At 60 to 64 all causes together have the same rate, up to a shift, but one has more deaths and one fewer."""
    rate, time = BY_GROUP.copy(), _time(1e5)
    rate[0, 13], rate[1, 13] = [0.004, 0.003, 0.002, 0.001], [0.003, 0.004 + shift, 0.002, 0.001]
    return life_expectancy_gap(rate * time[..., None], time, START)


@pytest.mark.parametrize("shift", [1e-18, 1e-12, 1e-9, -1e-9])
def test_equal_rates_at_an_age_take_the_limit_of_nearly_equal_ones(shift: float) -> None:
    assert np.isfinite(_alike(0).value).all()
    assert_allclose(_alike(shift).value, _alike(0).value, atol=2e3 * abs(shift) + 1e-13)
    assert_allclose(_alike(shift).parts.se, _alike(0).parts.se, rtol=1e-5)


def test_a_gap_within_one_open_band_is_split_as_well() -> None:
    made = life_expectancy_gap([[[150, 50]], [[100, 25]]], [[1000], [1000]], [60])
    assert_allclose(made.value, np.array([50, 25]) / 75 * (8 - 5))


def test_an_age_without_deaths_in_either_group_contributes_nothing() -> None:
    rate, time = BY_GROUP.copy(), _time(1e5)
    rate[:, 3] = 0
    made = life_expectancy_gap(rate * time[..., None], time, START, by="age and cause")
    assert np.isfinite(made.value).all()
    assert_allclose(made.value.reshape(len(START), 4)[3], 0, atol=1e-15)


def test_groups_with_the_same_rates_have_no_gap_in_any_part() -> None:
    time = _time(1e5)
    made = life_expectancy_gap(np.stack([RATE, RATE]) * time[..., None], time, START)
    assert_allclose(made.value, 0, atol=1e-15)
    assert (made.parts.se > 0).all()
    assert np.isnan(made.shares.value).all()


def test_a_band_in_which_all_of_one_group_die_is_split_as_well() -> None:
    rate, time = BY_GROUP.copy(), _time(1e5)
    rate[0, -2] = 0.15
    made = life_expectancy_gap(rate * time[..., None], time, START)
    each = life_expectancy((rate * time[..., None]).sum(-1), time, START).value[:, 0]
    assert_allclose(made.whole.value, each[1] - each[0], rtol=ROUNDING)


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_a_missing_or_negative_count_of_a_cause_leaves_no_gap_there_and_other_areas_alone(wrong: float) -> None:
    time = np.stack([_time(1e5)] * 2)
    deaths = BY_GROUP * time[..., None]
    deaths[0, 1, 5, 2] = wrong
    made = life_expectancy_gap(deaths, time, START)
    assert np.isnan(numbers(made.parts.at(0))).all()
    assert_allclose(made.value[1], _split().value, rtol=ROUNDING)
    assert_allclose(made.covariance[1], _split().covariance, rtol=ROUNDING)


def test_the_intervals_of_causes_and_their_shares_cover_what_is_true() -> None:
    rng, true = np.random.default_rng(1), _split(2e5)
    time = np.broadcast_to(_time(2e5), (800, 2, len(START)))
    made = life_expectancy_gap(rng.poisson(BY_GROUP * time[..., None]), time, START)
    for cause in range(4):
        assert 0.93 < covered(made.parts.at((..., cause)), true.value[cause]) < 0.97
        assert 0.93 < covered(made.shares.at((..., cause)), true.shares.value[cause]) < 0.97


def test_composition_and_rates_are_two_factors() -> None:
    rng = np.random.default_rng(2)
    rate, people = rng.random((2, 5)), rng.random((2, 5))
    part = people / people.sum(-1, keepdims=True)
    made = kitagawa(rate, 0 * rate, people).added(np.array([0, 1, 1, 1, 1, 1]))
    cells = np.concatenate([part, rate], -1)[::-1]
    factors = shapley(lambda x: (x[..., :5] * x[..., 5:]).sum(-1), cells, 0 * cells, np.repeat([0, 1], 5))
    assert_allclose(made.value, factors.value, rtol=ROUNDING)


def test_the_error_of_composition_and_rates_is_that_of_the_crude_gap() -> None:
    rate, people = np.array([[0.2, 0.4], [0.1, 0.3]]), np.array([[3.0, 1.0], [1.0, 1.0]])
    variance = rate * (1 - rate) / (1000 * people)
    part = people / people.sum(-1, keepdims=True)
    made = kitagawa(rate, variance, people)
    assert_allclose(made.whole.se, np.sqrt((part**2 * variance).sum()), rtol=ROUNDING)
    assert made.covariance[0, 1] != 0


def test_the_interval_of_composition_and_rates_covers_them() -> None:
    rng, people = np.random.default_rng(3), np.array([[300, 200], [100, 400]])
    rate = np.array([[0.2, 0.4], [0.1, 0.3]])
    seen = rng.binomial(people, rate, (4000, 2, 2)) / people
    made = kitagawa(seen, seen * (1 - seen) / people, np.broadcast_to(people, seen.shape)).parts
    true = kitagawa(rate, 0 * rate, people).value
    for part in range(3):
        assert 0.935 < covered(made.at((..., part)), true[part]) < 0.965


def test_the_interval_of_factors_covers_them() -> None:
    rng, share, n = np.random.default_rng(4), np.array([[0.5, 0.7, 0.6], [0.8, 0.75, 0.7]]), 400
    seen = rng.binomial(n, share, (4000, 2, 3)) / n
    made = shapley(lambda x: x.prod(-1), seen, seen * (1 - seen) / n).parts
    true = shapley(lambda x: x.prod(-1), share, 0 * share).value
    for part in range(3):
        assert 0.935 < covered(made.at((..., part)), true[part]) < 0.965


def test_a_stratum_with_nobody_leaves_no_split() -> None:
    assert np.isnan(kitagawa(np.full((2, 2), 0.1), np.full((2, 2), 0.01), [[0, 5], [5, 5]]).value).all()


def test_too_many_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 12"):
        shapley(lambda x: x.prod(-1), np.ones((2, 13)), np.ones((2, 13)))


BURDEN = np.array([[90.0, 60, 30], [50, 40, 20], [9, 8, 6], [10, 11, 12]])  # four diseases, three levels of education
PEOPLE = np.array([300.0, 400, 300])


@pytest.mark.parametrize("name", ["difference", "slope_index", "attributable_number"])
def test_a_measure_of_inequality_is_split_by_disease(name: str) -> None:
    measure = MEASURES[name]
    made = by_part(measure, BURDEN, BURDEN / 10, PEOPLE)
    assert_allclose(made.value, [measure(row, PEOPLE) for row in BURDEN], rtol=ROUNDING)
    whole = BURDEN.sum(0)
    slope = (
        measure.with_gradient(whole, PEOPLE)[1] if measure.with_gradient else gradient(measure.function, whole, PEOPLE)
    )
    assert_allclose(made.whole.se, np.sqrt((slope**2 * BURDEN.sum(0) / 10).sum()), rtol=ROUNDING)


@pytest.mark.parametrize("name", ["ratio", "relative_index", "concentration_index", "attributable_fraction"])
def test_a_ratio_is_not_split_by_disease(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be split"):
        by_part(MEASURES[name], BURDEN, BURDEN, PEOPLE)


def test_without_people_nothing_is_split_by_disease() -> None:
    assert np.isnan(by_part(MEASURES["slope_index"], BURDEN, BURDEN, 0 * PEOPLE).value).all()


def test_a_disease_that_is_missing_leaves_the_others() -> None:
    burden = BURDEN.copy()
    burden[1, 0] = np.nan
    made = by_part(MEASURES["difference"], burden, burden, PEOPLE)
    assert_allclose(made.value, [60, np.nan, 3, -2])
    assert np.isnan(made.whole.value)


def test_the_fewest_diseases_that_carry_a_share_of_the_inequality() -> None:
    made = by_part(MEASURES["difference"], BURDEN, BURDEN / 100, PEOPLE)  # 60, 30, 3 and -2 of 91
    few, most, all_of_it = (fewest(made, share) for share in (0.6, 0.85, 1.0))
    assert few.order.tolist() == [0, 1, 2, 3]
    assert [float(found.count) for found in (few, most, all_of_it)] == [1, 2, 3]
    assert_allclose([found.share.value for found in (few, most, all_of_it)], [60 / 91, 90 / 91, 93 / 91])


def test_parts_that_carry_all_are_found_though_sums_are_rounded() -> None:
    made = Contributions(np.array([0.1] * 10), np.eye(10) * 1e-6)
    assert fewest(made, 1.0).count == 10
    assert fewest(made, 0.3).count == 3
    assert sum([0.1] * 8) < 0.8
    assert fewest(made, 0.8).count == 8


def test_parts_have_shares_of_a_whole_that_is_surely_there_also_below_0() -> None:
    values = np.array([[-3.0, -1.0], [3.0, -1.0], [3.0, -1.0]])
    made = Contributions(values, independent(np.array([[0.1, 0.1], [0.1, 0.1], [1.0, 1.0]]))).shares
    assert_allclose(made.value, [[0.75, 0.25], [1.5, -0.5], [np.nan, np.nan]])
    assert_allclose(np.isnan(made.lower), np.isnan(made.value))


def test_without_a_gap_that_is_surely_there_nothing_carries_it() -> None:
    values = np.array([[3.0, 1.0], [3.0, 1.0], [-3.0, -1.0], [np.nan, 1.0]])
    variance = np.array([[0.1, 0.1], [9.0, 9.0], [0.1, 0.1], [0.1, 0.1]])
    made = fewest(Contributions(values, independent(variance)), 0.5)
    assert_allclose(np.isnan(made.share.value), [False, True, True, True])
    assert_allclose(np.isnan(made.count), [False, True, True, True])


@pytest.mark.parametrize("share", [0, -0.1, 1.1, np.nan])
def test_a_share_that_cannot_be_carried_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="cannot be carried"):
        fewest(Contributions(np.ones(2), np.eye(2)), share)


@pytest.mark.parametrize(("size", "at_most"), [(5, 1.0), (100, 0.965)])
def test_the_interval_of_what_the_largest_carry_covers_it(size: int, at_most: float) -> None:
    """From few cases other parts are found each time, chosen so that they carry enough, and the interval is wide."""
    rng, true = np.random.default_rng(5), np.array([60.0, 30, 8, 2])
    cases = rng.poisson(np.stack([true + 100, np.full(4, 100.0)], -1) * size, (4000, 4, 2)) / size
    found = fewest(by_part(MEASURES["difference"], cases, cases / size, np.ones((4000, 2))), 0.85)
    carried = np.take_along_axis(true[None] / true.sum(), found.order, -1).cumsum(-1)
    these = np.take_along_axis(carried, found.count.astype(int)[:, None] - 1, -1)[:, 0]
    assert 0.935 < covered(found.share, these) < at_most


REGION = np.repeat(np.arange(5), [14, 10, 11, 8, 6])
TOWNS = np.random.default_rng(6).integers(300, 4000, 49).astype(float)
SHARE = 0.25 + np.array([0.03, -0.03, 0, 0.02, -0.02])[REGION] + np.random.default_rng(7).normal(0, 0.03, 49)
SPREADS: list[Any] = ["variance", "theil", "log deviation"]


@pytest.mark.parametrize("of", SPREADS)
def test_between_and_within_regions_is_all_the_spread_of_towns(of: Any) -> None:
    """Which is what lies between the towns where each is a region, and within the country where all are one."""
    split, alone, together = (
        between_within(SHARE, 0 * SHARE, TOWNS, group, of=of) for group in (REGION, np.arange(49), np.zeros(49, int))
    )
    registered = {"variance": "between_group_variance", "theil": "theil_index", "log deviation": "mean_log_deviation"}
    spread = MEASURES[registered[of]](SHARE, TOWNS)
    assert_allclose([split.whole.value, alone.value[0], together.value[1]], spread, rtol=1e-9)
    for nothing in (alone.value[1:], together.value[0]):
        assert_allclose(nothing, 0, atol=ROUNDING * split.whole.value)
    assert (split.value > 0).all()


@pytest.mark.parametrize("of", SPREADS)
def test_the_spread_between_regions_is_that_of_their_means(of: Any) -> None:
    people = np.bincount(REGION, TOWNS)
    mean = np.bincount(REGION, TOWNS * SHARE) / people
    regions = between_within(mean, 0 * mean, people, np.arange(5), of=of)
    made = between_within(SHARE, 0 * SHARE, TOWNS, REGION, of=of)
    assert_allclose(made.value[0], regions.value[0], rtol=1e-9)


def test_the_variance_is_the_weighted_mean_square_without_what_sampling_makes() -> None:
    variance = SHARE * (1 - SHARE) / TOWNS
    part = TOWNS / TOWNS.sum()
    made = between_within(SHARE, variance, TOWNS, REGION).whole.value
    noise = (part * (1 - part) * variance).sum()
    assert_allclose(made, np.cov(SHARE, aweights=TOWNS, ddof=0) - noise, rtol=1e-9)


@pytest.mark.parametrize("of", SPREADS)
def test_the_spread_between_and_within_is_not_biased_and_its_interval_covers(of: Any) -> None:
    rng, true = np.random.default_rng(8), between_within(SHARE, 0 * SHARE, TOWNS, REGION, of=of)
    seen = rng.binomial(TOWNS.astype(int), SHARE, (800, 49)) / TOWNS
    made = between_within(seen, seen * (1 - seen) / TOWNS, np.broadcast_to(TOWNS, seen.shape), REGION, of=of)
    assert_allclose(made.value.mean(0), true.value, rtol=0.05)
    for part in range(6):
        assert 0.93 < covered(made.parts.at((..., part)), true.value[part]) < 0.975
    assert 0.93 < covered(made.whole, true.whole.value) < 0.975


def test_where_there_is_no_spread_none_is_found() -> None:
    """The anchors find one nearly always, for theirs cannot be below 0."""
    rng, alike = np.random.default_rng(9), np.full(49, 0.2)
    seen = rng.binomial(TOWNS.astype(int), alike, (800, 49)) / TOWNS
    made = between_within(seen, seen * (1 - seen) / TOWNS, np.broadcast_to(TOWNS, seen.shape), REGION)
    assert covered(made.whole, 0.0) > 0.95
    assert abs(made.whole.value.mean()) < 0.03 * (alike * (1 - alike) / TOWNS).mean()


@pytest.mark.parametrize("of", SPREADS)
def test_an_empty_town_leaves_no_split_there(of: Any) -> None:
    people = np.stack([TOWNS, TOWNS])
    people[0, 3] = 0
    made = between_within(np.stack([SHARE, SHARE]), 0 * people, people, REGION, of=of)
    assert np.isnan(made.value[0]).all()
    assert np.isfinite(made.value[1]).all()
