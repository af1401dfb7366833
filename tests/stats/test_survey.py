"""The error of weighted shares and totals is the textbook's, written out person by person, and covers what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats.rates import weighted_proportion
from lighed.stats.survey import Distance, Joint, Sample, Sums, share_and_variance
from tests.stats.samples import covered, share_of_persons

ROUNDING = 1e-9
UNKNOWN = np.nan


def _textbook(domain: Any, stratum: Any, unit: Any, weight: Any, y: Any, population: Any) -> tuple[Any, Any]:
    """Taylor linearisation: the variance between units of a stratum of what each adds to the error of the share."""
    shares, variances = [], []
    for d in range(max(domain) + 1):
        inside = [k for k in range(len(y)) if domain[k] == d]
        total = sum(weight[k] for k in inside)
        share = sum(weight[k] * y[k] for k in inside) / total
        variance = 0.0
        for h in range(max(stratum) + 1):
            units = sorted({unit[k] for k in range(len(y)) if stratum[k] == h})
            error = [sum(weight[k] * (y[k] - share) for k in inside if unit[k] == u) / total for u in units]
            n, middle = len(units), sum(error) / len(units)
            if n > 1:
                fraction = 0.0 if np.isnan(population[h]) else n / population[h]
                variance += (1 - fraction) * n / (n - 1) * sum((e - middle) ** 2 for e in error)
        shares.append(share)
        variances.append(variance)
    return shares, variances


def _sample(rng: np.random.Generator, *, strata: int, units: int, domains: int, persons: int = 150) -> dict[str, Any]:
    """Persons in units of a stratum, with shares that differ between units; every unit has somebody."""
    unit = np.concatenate([np.arange(strata * units), rng.integers(0, strata * units, persons - strata * units)])
    chance = rng.beta(2, 4, strata * units)
    return {
        "domain": rng.permutation(np.arange(persons) % domains),
        "stratum": unit // units,
        "unit": unit,
        "weight": rng.uniform(0.5, 4, persons),
        "y": (rng.random(persons) < chance[unit]).astype(float),
    }


POPULATION = {
    "whole population unknown": [UNKNOWN] * 3,
    "small population": [7, 12, 30],
    "some unknown": [9, UNKNOWN, 6],
}


@pytest.mark.parametrize("population", POPULATION.values(), ids=POPULATION)
@pytest.mark.parametrize("units", [1, 2, 6, 40], ids="{} units".format)
@pytest.mark.parametrize("strata", [1, 3], ids="{} strata".format)
@pytest.mark.parametrize("domains", [1, 4], ids="{} domains".format)
def test_the_variance_is_the_textbooks(domains: int, strata: int, units: int, population: list[float]) -> None:
    sample = _sample(np.random.default_rng(7), strata=strata, units=units, domains=domains)
    sizes = np.maximum(population[:strata], units)
    share, variance = share_of_persons(*sample.values(), population=sizes)
    expected, spread = _textbook(*sample.values(), sizes)
    assert_allclose(share, expected, rtol=ROUNDING)
    assert_allclose(variance, spread, rtol=ROUNDING, atol=1e-15)


def test_the_variance_is_the_textbooks_of_any_amount() -> None:
    sample = _sample(np.random.default_rng(8), strata=3, units=6, domains=2)
    sample["y"] = np.random.default_rng(9).normal(-20, 30, sample["y"].size)
    sizes = np.array([7.0, 12, 30])
    expected = _textbook(*sample.values(), sizes)
    assert_allclose(share_of_persons(*sample.values(), population=sizes), expected, rtol=ROUNDING)


@pytest.mark.parametrize("y", [0.1, 0.3, 1 / 3, 1.0])
def test_persons_who_are_all_alike_have_a_variance_of_nothing_and_never_less(y: float) -> None:
    sample = _sample(np.random.default_rng(13), strata=3, units=10, domains=4) | {"y": np.full(150, y)}
    share, variance = share_of_persons(*sample.values(), population=np.full(3, UNKNOWN))
    assert_allclose(share, y)
    assert_allclose(variance, 0, atol=1e-15)
    assert (variance >= 0).all()


def _lumped(sample: dict[str, Any], rows: Any) -> tuple[Any, Any, Sums]:
    """Units of one person added up to rows that are numbered within their domain and stratum."""
    keys = np.stack([sample["domain"], sample["stratum"], rows])
    pair, row = np.unique(keys, axis=1, return_inverse=True)
    w, wy = sample["weight"], sample["weight"] * sample["y"]
    parts = (w, wy, w**2, w * wy, w * wy)
    return pair[0], pair[1], Sums(*(np.bincount(row.ravel(), part) for part in parts))


@pytest.mark.parametrize("cells", [1, 5], ids=["a row for each domain and stratum", "a row for each cell"])
def test_units_of_one_person_need_only_their_sums(cells: int) -> None:
    sample = _sample(np.random.default_rng(10), strata=3, units=40, domains=2)
    sample["unit"] = np.arange(150)
    population = np.array([80.0, UNKNOWN, 300])
    domain, stratum, sums = _lumped(sample, np.arange(150) % cells)
    made = share_and_variance(
        domain, stratum, sums, units=np.bincount(sample["stratum"]), population=population, domains=2
    )
    assert len(domain) == 2 * 3 * cells
    assert_allclose(made, share_of_persons(*sample.values(), population=population), rtol=ROUNDING)


def _only(**changed: Any) -> tuple[Any, Any]:
    """The share of one unit's persons, 3 of 4, beside an equal unit with 1 of 4; `changed` says what is otherwise."""
    w, wy = np.full(2, 4.0), np.array([3.0, 1.0])
    sums = Sums(weight=w, weighted=wy, weight2=w**2, cross=w * wy, weighted2=wy**2)
    given = {"units": np.array([2, 1]), "population": np.array([UNKNOWN] * 2), "domains": 1} | changed
    domain, stratum = given.pop("domain", [0, 0]), given.pop("stratum", [0, 0])
    return share_and_variance(np.array(domain), np.array(stratum), sums, **given)


def test_the_share_of_two_units_has_the_error_of_the_distance_between_them() -> None:
    share, variance = _only()
    assert share[0] == 0.5
    assert_allclose(variance[0], (0.75 - 0.25) ** 2 / 4)


def test_a_domain_without_anybody_has_no_share() -> None:
    share, variance = _only(domains=3)
    assert np.isnan(share).tolist() == np.isnan(variance).tolist() == [False, True, True]


def test_a_stratum_of_a_single_unit_adds_no_variance() -> None:
    share, variance = _only(stratum=[0, 1], units=np.array([1, 1]))
    assert (share[0], variance[0]) == (0.5, 0)


def test_units_with_nobody_in_the_domain_count_all_the_same() -> None:
    _, variance = _only(domain=[0, 1], domains=2)
    assert_allclose(variance, 0, atol=1e-15)  # every unit's persons are as their own domain's share
    _, more = _only(units=np.array([5, 1]))
    assert_allclose(more[0], 5 / 4 * (2 * 1.0**2) / 8**2)


@pytest.mark.parametrize(
    ("population", "left"),
    [(UNKNOWN, 1), (8, 0.75), (2, 0), (1, 0)],
    ids=["unknown", "a quarter drawn", "all drawn", "more drawn than there are"],
)
def test_the_variance_shrinks_with_the_part_of_the_population_that_was_drawn(population: float, left: float) -> None:
    _, variance = _only(population=np.array([population, UNKNOWN]))
    assert_allclose(variance[0], left * _only()[1][0])


def test_a_share_of_nobody_or_everybody_has_no_variance_and_still_an_interval() -> None:
    one = np.ones(2)
    for weighted in (0 * one, 4 * one):
        share, variance = share_and_variance(
            np.zeros(2, int),
            np.zeros(2, int),
            Sums(4 * one, weighted, 16 * one, 4 * weighted, weighted**2),
            units=np.array([2]),
            population=np.array([UNKNOWN]),
            domains=1,
        )
        made = weighted_proportion(share, variance, 8)
        assert variance[0] == 0
        assert made.upper[0] - made.lower[0] > 0.3


DRAWS = 4_000  # coverage is then known to 0.35 of a per cent
SIZE, DRAWN, CHANCE = np.array([200, 450, 600]), np.array([100, 150, 240]), np.array([0.45, 0.25, 0.1])


def test_the_interval_of_a_stratified_sample_covers_the_share_of_a_small_population() -> None:
    rng = np.random.default_rng(11)
    having = (SIZE * CHANCE).astype(int)
    found = rng.hypergeometric(having, SIZE - having, DRAWN, (DRAWS, 3)).ravel()
    weight, n = np.tile(SIZE / DRAWN, DRAWS), np.tile(DRAWN, DRAWS)
    sums = Sums(n * weight, found * weight, n * weight**2, found * weight**2, found * weight**2)
    domain, stratum = np.divmod(np.arange(3 * DRAWS), 3)
    share, variance = share_and_variance(domain, stratum, sums, units=DRAWN, population=SIZE, domains=DRAWS)
    truth = having.sum() / SIZE.sum()
    assert 0.94 < covered(weighted_proportion(share, variance, DRAWN.sum()), truth) < 0.96
    uncorrected = share_and_variance(domain, stratum, sums, units=DRAWN, population=np.full(3, UNKNOWN), domains=DRAWS)
    assert covered(weighted_proportion(*uncorrected, DRAWN.sum()), truth) > 0.97


def test_the_interval_of_a_sample_of_households_covers_the_share() -> None:
    rng = np.random.default_rng(12)
    households, persons = 60, 4
    chance = rng.beta(2 * CHANCE, 2 * (1 - CHANCE), (DRAWS, households, 3))
    wy = rng.binomial(persons, chance).ravel().astype(float)
    w = np.full(wy.size, float(persons))
    weight = np.tile(SIZE / SIZE.sum(), DRAWS * households)
    w, wy = w * weight, wy * weight
    domain = np.arange(wy.size) // (3 * households)
    sums = Sums(w, wy, w**2, w * wy, wy**2)
    share, variance = share_and_variance(
        domain,
        np.arange(wy.size) % 3,
        sums,
        units=np.full(3, households),
        population=np.full(3, UNKNOWN),
        domains=DRAWS,
    )
    made = weighted_proportion(share, variance, 3 * households * persons)
    assert 0.935 < covered(made, (SIZE * CHANCE).sum() / SIZE.sum()) < 0.96


def _drawn(sample: dict[str, Any], population: Any = None) -> Sample:
    return Sample(sample["weight"], sample["stratum"], sample["unit"], population)


@pytest.mark.parametrize("population", POPULATION.values(), ids=POPULATION)
@pytest.mark.parametrize("units", [1, 2, 6], ids="{} units".format)
def test_persons_have_the_share_and_variance_of_their_sums(units: int, population: list[float]) -> None:
    sample = _sample(np.random.default_rng(17), strata=3, units=units, domains=4)
    sizes = np.maximum(population, units)
    made = _drawn(sample, sizes[sample["stratum"]]).mean(sample["y"], np.arange(4)[:, None] == sample["domain"])
    share, variance = share_of_persons(*sample.values(), population=sizes)
    assert_allclose(made.value, share, rtol=ROUNDING)
    assert_allclose(np.diagonal(made.covariance), variance, rtol=ROUNDING, atol=1e-15)
    assert made.degrees == 3 * units - 3


def test_the_share_of_everybody_is_the_sum_of_the_domains_with_their_covariance() -> None:
    sample = _sample(np.random.default_rng(18), strata=3, units=6, domains=4)
    inside = np.arange(4)[:, None] == sample["domain"]
    drawn = _drawn(sample)
    parts = drawn.total(inside * sample["y"]).combined(np.ones(4)).values()
    whole = drawn.total(sample["y"]).values()
    assert_allclose([parts.value, parts.se], [whole.value, whole.se], rtol=ROUNDING)


SINGLE = {"nothing": 0.0, "adjust": (5 - 3.0) ** 2, "missing": UNKNOWN}


@pytest.mark.parametrize("single", SINGLE)
def test_the_only_unit_of_a_stratum_adds_what_was_asked(single: Any) -> None:
    made = Sample(np.ones(3), np.array([1, 1, 2]), single=single).total(np.array([1.0, 3, 5]))
    assert_allclose(made.covariance, 2 * ((1 - 2) ** 2 + (3 - 2) ** 2) + SINGLE[single])


def test_a_domain_without_anybody_is_missing_and_spoils_no_other() -> None:
    sample = _sample(np.random.default_rng(19), strata=2, units=10, domains=2)
    of = sample["domain"]
    known = np.stack([of == 0, of == 1], -1)
    for drawn in (_drawn(sample), _drawn(sample).calibrated(known, [300, 500])):
        made = drawn.mean(sample["y"], np.arange(3)[:, None] == of).values()
        assert np.isnan([made.value[2], made.se[2]]).all()
        assert (made.se[:2] > 0).all()


@pytest.mark.parametrize("weight", [[1.0, -1], [1.0, np.nan]], ids=str)
def test_a_weight_below_nothing_is_refused(weight: list[float]) -> None:
    with pytest.raises(ValueError, match="negative or missing"):
        Sample(np.array(weight))


def test_a_unit_in_two_strata_is_refused() -> None:
    with pytest.raises(ValueError, match="two strata"):
        Sample(np.ones(3), np.array([1, 1, 2]), np.array([1, 2, 2]))


def test_a_design_has_no_effect_where_everybody_is_alike() -> None:
    assert np.isnan(Sample(np.full(5, 100.0)).design_effect(np.ones(5)))


@pytest.mark.parametrize(
    ("distance", "bounds"),
    [("linear", (0.5, 2)), ("raking", (0.5, 2)), ("logit", (0.5, 2)), ("logit", (0.1, 9))],
    ids=str,
)
def test_calibrated_weights_give_the_totals_without_error(distance: Distance, bounds: tuple[float, float]) -> None:
    sample = _sample(np.random.default_rng(20), strata=3, units=10, domains=4)
    known = np.stack([*(sample["domain"] == k for k in range(4)), sample["y"] == 0, sample["y"] == 1], -1).astype(float)
    drawn = _drawn(sample)
    totals = drawn.total(known.T).value * [1.2, 0.9, 1.1, 1.0, 1.0, 1.0]
    totals[4:] *= totals[:4].sum() / totals[4:].sum()
    made = drawn.calibrated(known, totals, distance=distance, bounds=bounds)
    both = made.total(known.T)
    assert_allclose(both.value, totals, rtol=ROUNDING)
    assert_allclose(both.covariance, 0, atol=1e-12 * totals.sum() ** 2)
    assert (made.weight > 0).all()
    if distance == "logit":
        assert bounds[0] < np.min(made.weight / drawn.weight) < np.max(made.weight / drawn.weight) < bounds[1]


@pytest.mark.parametrize(
    ("totals", "distance"),
    [([60.0, 40, 10], "linear"), ([60.0, 50, 40, 60], "raking"), ([90.0, 1], "logit")],
    ids=["a group of nobody", "totals that contradict each other", "bounds that are too narrow"],
)
def test_totals_that_no_weights_give_are_refused(totals: list[float], distance: Distance) -> None:
    woman, young = np.array([1.0, 1, 0, 0]), np.array([1.0, 0, 1, 0])
    known = np.stack([woman, 1 - woman, young, 1 - young], -1)
    known = known if len(totals) == 4 else np.stack([woman, 1 - woman, 0 * woman], -1)[:, : len(totals)]
    with pytest.raises(ValueError, match=distance):
        Sample(np.full(4, 10.0)).calibrated(known, totals, distance=distance)


def test_the_interval_of_a_calibrated_sample_covers_the_total_and_is_narrower() -> None:
    rng = np.random.default_rng(21)
    group = np.repeat([0, 1, 2], 1000)
    y = rng.normal(np.array([10.0, 20, 40])[group], 5)
    known = np.eye(3)[group]
    inside, narrower = [], []
    for _ in range(400):
        chosen = rng.choice(3000, 200, replace=False)
        drawn = Sample(np.full(200, 15.0), population=np.full(200, 3000.0))
        plain = drawn.total(y[chosen]).values()
        made = drawn.calibrated(known[chosen], [1000, 1000, 1000]).total(y[chosen]).values()
        inside.append(made.lower <= y.sum() <= made.upper)
        narrower.append(made.se / plain.se)
    assert 0.92 < np.mean(inside) < 0.975  # known to 1.1 per cent
    assert 0.3 < np.mean(narrower) < 0.5


def test_the_interval_of_a_difference_of_overlapping_domains_covers_it() -> None:
    rng = np.random.default_rng(22)
    inside, too_wide = [], []
    for _ in range(700):
        level = rng.normal(0, 1, 40)
        unit = np.repeat(np.arange(40), 5)
        young = rng.random(200) < 0.5
        y = level[unit] + 0.5 * young + rng.normal(0, 1, 200)
        both = Sample(np.ones(200), unit=unit).mean(y, np.stack([young, ~young]))
        gap = both.combined([1, -1]).values()
        apart = Joint(both.value, np.diag(np.diagonal(both.covariance)), both.degrees).combined([1, -1]).values()
        inside.append(gap.lower <= 0.5 <= gap.upper)
        too_wide.append(apart.se / gap.se)
    assert 0.93 < np.mean(inside) < 0.97  # known to 0.8 of a per cent
    assert np.mean(too_wide) > 1.2
