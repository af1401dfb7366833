"""The error of weighted shares is the textbook's, written out here person by person, and covers what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats.rates import weighted_proportion
from lighed.stats.survey import Sums, share_and_variance
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
