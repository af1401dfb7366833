"""Use against need: every way to the same index, the program's numbers, what cannot be told, and coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import (
    MEASURES,
    average,
    by_determinant,
    concentration_index,
    fractional_rank,
    indirect,
    moments,
    need_standardised,
)
from tests.golden import Row, column, only, read
from tests.stats.samples import covered, numbers

ROUNDING = 1e-10
EXACT = 1e-9  # relative: the same formula in another program
JACKKNIFE = 0.25  # relative: that of the program leaves out one sampling unit at a time, ours takes persons one by one
RESIDUALS = 0.1  # of the largest: those of the ill scatter more, which sums of squares do not tell

PERSONS = read("horizontal_inequity/individual.csv")


def _columns() -> tuple[Any, int]:
    """Age by sex and illness, which are need, and then region and the logarithm of income; and how many are need."""
    age, female, ill, region = (column(PERSONS, name) for name in ("age_group", "female", "chronic", "region"))
    ages = age[:, None] == np.unique(age)[1:]
    need = np.column_stack([ages, female, ages * female[:, None], ill])
    return np.column_stack(
        [need, region[:, None] == np.unique(region)[1:], np.log(column(PERSONS, "income"))]
    ), need.shape[1]


QUANTITIES = ["ci_use", "ci_need", "hi", "ci_standardised"]


@pytest.mark.parametrize("case", [row["case_id"] for row in only("horizontal_inequity", "hi")])
def test_inequity_of_persons_is_the_programs_by_each_of_its_routes(case: str) -> None:
    """One oracle; every income is a group, so that the index of groups is that of persons, with ties and without."""
    use, by, weighted, controls, _ = case.split(".")
    columns, count = _columns()
    weight = column(PERSONS, "weight") if weighted == "weighted" else np.ones(len(PERSONS))
    whole = np.column_stack([columns, column(PERSONS, use)])
    group = np.unique(column(PERSONS, by), return_inverse=True)[1]
    sums = np.zeros((group.max() + 1, whole.shape[1] + 1, whole.shape[1] + 1))
    np.add.at(sums, group, moments(whole[:, None], weight[:, None]))
    others = range(count, columns.shape[1]) if controls == "controls" else ()
    made = need_standardised(sums, [range(count)], others)
    index = [
        made.inequality(polarity="higher_is_better").value,
        -concentration_index(made.expected, made.weight),
        made.inequity(polarity="higher_is_better").value,
        -concentration_index(made.standardised.value, made.weight),
    ]
    for ours, quantity in zip(index, QUANTITIES, strict=True):
        (want,) = (row["value"] for row in only("horizontal_inequity", quantity) if row["case_id"] == case)
        assert_allclose(ours[0], float(want), rtol=EXACT)


@pytest.mark.parametrize("row", only("horizontal_inequity", "hi"), ids=lambda row: row["case_id"])
def test_what_need_leaves_of_the_decomposed_index_is_the_inequity_of_persons(row: Row) -> None:
    """The third route, with an error that takes ranks and need as drawn; the program's is a jackknife."""
    use, by, weighted, controls, _ = row["case_id"].split(".")
    columns, count = _columns()
    used = columns if controls == "controls" else columns[:, :count]
    weight = column(PERSONS, "weight") if weighted == "weighted" else np.ones(len(PERSONS))
    rank = fractional_rank(column(PERSONS, by), weight)
    made = by_determinant(column(PERSONS, use), used, rank, weight)
    left = made.added(np.arange(used.shape[1] + 1) >= count).parts.at(1)
    assert_allclose(-left.value, float(row["value"]), rtol=EXACT)
    assert_allclose(left.se, float(row["se"]), rtol=JACKKNIFE)


def _drawn(rng: Any, n: int, draws: int = 1) -> Any:
    """Age, illness and distance, then visits, of five groups; the worse-off are more ill and come less for it."""
    step = np.arange(5)[:, None]
    old, ill = rng.random((draws, 5, n)) < 0.3, rng.random((draws, 5, n)) < 0.4 - 0.06 * step
    far = rng.random((draws, 5, n)) < 0.5 - 0.05 * step
    visits = rng.poisson(1 + old + 3 * ill - 0.5 * far + 0.15 * step)
    return np.stack([old, ill, far, visits], -1).astype(float)


SUMS = moments(_drawn(np.random.default_rng(1), 300))[0]


def test_three_routes_lead_to_the_same_inequity() -> None:
    made = need_standardised(SUMS, [[0, 1]], [2])
    weight = made.weight
    routes = [
        concentration_index(made.crude.value, weight) - concentration_index(made.expected, weight),
        concentration_index(made.standardised.value, weight),
        made.inequity(polarity="lower_is_better").value,
    ]
    persons = _drawn(np.random.default_rng(1), 300)[0].reshape(-1, 4)
    rank = np.repeat((np.arange(5) + 0.5) / 5, 300)
    parts = by_determinant(persons[:, 3], persons[:, :3], rank).value
    for route in [*routes, parts[2:].sum()]:
        assert_allclose(route, routes[0], rtol=ROUNDING)


def test_crude_and_standardised_use_have_the_same_mean_and_differ_by_need() -> None:
    made = need_standardised(SUMS, [[0], [0, 1]], [2])
    mean = average(made.crude.value, made.weight)
    assert_allclose(average(made.standardised.value, made.weight), mean, rtol=ROUNDING)
    assert_allclose(
        made.crude.value - made.standardised.value, made.expected - mean[:, None], rtol=ROUNDING, atol=1e-12
    )


def test_more_need_sets_at_once_are_each_by_itself() -> None:
    both = need_standardised(SUMS, [[0], [0, 1]], [2])
    for at, one in enumerate([[0], [0, 1]]):
        alone = need_standardised(SUMS, [one], [2])
        for name in ("value", "covariance"):
            assert_allclose(getattr(both.standardised, name)[at], getattr(alone.standardised, name)[0], rtol=ROUNDING)


def test_with_cells_of_need_it_is_indirect_standardisation() -> None:
    """Four cells of age and illness, which as columns are both and their product."""
    rng = np.random.default_rng(2)
    persons = _drawn(rng, 400)[0][..., [0, 1, 3]]
    cell = (persons[..., 0] + 2 * persons[..., 1]).astype(int)
    n = np.stack([np.bincount(one, minlength=4) for one in cell])
    visits = np.stack([np.bincount(one, use, 4) for one, use in zip(cell, persons[..., 2], strict=True)])
    ratio, expected = indirect(visits.sum(-1), n, visits.sum(0) / n.sum(0))
    columns = np.concatenate([persons[..., :2], persons[..., :1] * persons[..., 1:2], persons[..., 2:]], -1)
    made = need_standardised(moments(columns), [[0, 1, 2]])
    assert_allclose(made.expected[0] * n.sum(-1), expected, rtol=ROUNDING)
    assert_allclose(made.crude.value[0] / made.expected[0], ratio.value, rtol=ROUNDING)


def test_use_by_need_alone_is_equitable_however_unequal() -> None:
    persons = _drawn(np.random.default_rng(3), 500)[0]
    persons[..., 3] = 1 + persons[..., 0] + 3 * persons[..., 1]
    made = need_standardised(moments(persons), [[0, 1]])
    assert made.inequality(polarity="lower_is_better").value[0] > 0.04
    assert_allclose(made.inequity(polarity="lower_is_better").value, 0, atol=1e-12)


@pytest.mark.parametrize(
    "wanted", ["concentration_index", "generalised_concentration_index", "slope_index", "difference"]
)
def test_a_service_that_the_better_off_get_beyond_their_need_is_inequity_above_zero(wanted: str) -> None:
    made = need_standardised(SUMS, [[0, 1]])
    good, bad = (made.inequity(MEASURES[wanted], polarity=one) for one in ("higher_is_better", "lower_is_better"))
    assert good.lower[0] > 0
    assert_allclose([good.value, good.se, good.lower], [-bad.value, bad.se, -bad.upper])


def test_a_ratio_is_that_of_the_standardised_groups_and_turns_into_its_inverse() -> None:
    made = need_standardised(SUMS, [[0, 1]])
    good, bad = (made.inequity(MEASURES["ratio"], polarity=one) for one in ("higher_is_better", "lower_is_better"))
    first, last = made.standardised.value[0, [0, -1]]
    assert_allclose([good.value[0], bad.value[0]], [last / first, first / last])
    assert_allclose([good.lower, good.upper], [1 / bad.upper, 1 / bad.lower])
    assert good.lower[0] > 1
    assert_allclose(np.log(good.upper / good.lower) / 2, 1.96 * bad.se / bad.value, rtol=1e-4)


def test_a_ratio_is_not_split_by_need() -> None:
    with pytest.raises(ValueError, match="ratio does not add up"):
        need_standardised(SUMS, [[0]]).explained(MEASURES["ratio"], polarity="lower_is_better")


def test_what_one_column_after_another_explains_is_the_decomposition_by_determinant() -> None:
    """Beside the parts of persons, whose errors take the ranks as drawn as well."""
    persons = _drawn(np.random.default_rng(1), 300)[0].reshape(-1, 4)
    parts = by_determinant(persons[:, 3], persons[:, :3], np.repeat((np.arange(5) + 0.5) / 5, 300)).parts
    for at in range(3):
        others = [other for other in range(3) if other != at]
        made = need_standardised(SUMS, [[at]], others).explained(polarity="lower_is_better")
        assert_allclose(made.value[0], parts.value[at], rtol=ROUNDING)
        assert_allclose(made.se[0], parts.se[at], rtol=JACKKNIFE)


@pytest.mark.parametrize("n", [40, 150])
def test_the_intervals_of_what_need_explains_cover(n: int) -> None:
    rng = np.random.default_rng(10)
    true = need_standardised(moments(_drawn(rng, 100_000))[0], [[1]], [0, 2]).explained(polarity="lower_is_better")
    made = need_standardised(moments(_drawn(rng, n, 1500)), [[1]], [0, 2]).explained(polarity="lower_is_better")
    assert 0.93 < covered(made.at((..., 0)), true.value[0]) < 0.97


def test_a_column_that_nobody_has_counts_for_nothing() -> None:
    persons = _drawn(np.random.default_rng(11), 50)[0]
    wider = np.concatenate([np.zeros((5, 50, 1)), persons], -1)
    made, alone = (need_standardised(moments(given), [need], [at]) for given, need, at in (
        (wider, [0, 1, 2], 3), (persons, [0, 1], 2)
    ))  # fmt: skip
    for name in ("standardised", "moved"):
        for part in ("value", "covariance"):
            assert_allclose(getattr(getattr(made, name), part), getattr(getattr(alone, name), part), rtol=ROUNDING)


def test_the_covariance_is_the_sum_of_what_each_person_adds() -> None:
    persons = _drawn(np.random.default_rng(9), 20)[0]
    made = need_standardised(moments(persons), [[0, 1]], [2])
    x = np.concatenate([np.ones((5, 20, 1)), persons[..., :3]], -1)
    slope, inverse = (
        np.linalg.lstsq(x.reshape(-1, 4), persons[..., 3].ravel())[0],
        np.linalg.inv(x.reshape(-1, 4).T @ x.reshape(-1, 4)),
    )
    need = np.array([0.0, 1, 1, 0])
    off = (x.mean(1) - x.mean((0, 1))) * need
    own = np.eye(5)[:, :, None] / 20
    by_use = own - np.einsum("gk,kl,hil->ghi", off, inverse, x)
    left = persons[..., 3] - x @ slope
    other, needed = (part - part.mean(1, keepdims=True) for part in (x @ (slope * (1 - need)), x @ (slope * need)))
    drawn = own * other + needed / 100
    want = (
        np.einsum("ghi,fhi,h->gf", by_use, by_use, left.var(1, ddof=1))
        + np.einsum("ghi,fhi->gf", drawn, drawn) * 20 / 19
    )
    assert_allclose(made.standardised.covariance[0], want, rtol=1e-8)
    by_need, drawn = own - by_use, own * needed - needed / 100
    want = (
        np.einsum("ghi,fhi,h->gf", by_need, by_need, left.var(1, ddof=1))
        + np.einsum("ghi,fhi->gf", drawn, drawn) * 20 / 19
    )
    assert_allclose(made.moved.covariance[0], want, rtol=1e-8)


def test_the_covariance_is_that_of_persons_drawn_anew() -> None:
    made = need_standardised(moments(_drawn(np.random.default_rng(4), 60, 6000)), [[0, 1]], [2]).standardised
    true = np.cov(made.value[:, 0].T)
    assert_allclose(made.covariance[:, 0].mean(0), true, atol=RESIDUALS * true.max())


@pytest.mark.parametrize("n", [40, 150])
def test_the_intervals_cover_also_where_need_is_drawn(n: int) -> None:
    rng = np.random.default_rng(5)
    true = need_standardised(moments(_drawn(rng, 100_000))[0], [[0, 1]], [2])
    made = need_standardised(moments(_drawn(rng, n, 1500)), [[0, 1]], [2])
    ours, truth = (one.inequity(polarity="higher_is_better") for one in (made, true))
    assert 0.93 < covered(ours.at((..., 0)), truth.value[0]) < 0.97
    for group in (0, 4):
        assert 0.93 < covered(made.standardised.parts.at((..., 0, group)), true.standardised.value[0, group]) < 0.97


def test_areas_stand_side_by_side_and_a_missing_sum_leaves_the_others_alone() -> None:
    sums = moments(_drawn(np.random.default_rng(6), 50, 3))
    alone = need_standardised(sums[2], [[0], [0, 1]], [2]).inequity(polarity="lower_is_better")
    sums[1, 0, 2, 2] = np.nan
    made = need_standardised(sums, [[0], [0, 1]], [2]).inequity(polarity="lower_is_better")
    for ours, theirs in zip(numbers(made), numbers(alone), strict=True):
        assert_allclose(ours[2], theirs, rtol=ROUNDING)
        assert np.isnan(ours[1, 1])


def test_needs_that_are_the_same_cannot_be_told_apart() -> None:
    persons = _drawn(np.random.default_rng(7), 50)[0]
    persons[..., 1] = persons[..., 0]
    assert np.isnan(need_standardised(moments(persons), [[0, 1]]).standardised.value).all()


def test_a_group_of_one_person_has_a_value_and_no_interval() -> None:
    persons = _drawn(np.random.default_rng(8), 50)[0]
    weight = np.ones((5, 50))
    weight[0, 1:] = 0
    made = need_standardised(moments(persons, weight), [[0, 1]])
    assert np.isfinite(made.standardised.value).all()
    assert np.isnan(made.inequity(polarity="lower_is_better").se).all()
