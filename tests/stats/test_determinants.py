"""Regression decompositions: they add up, do not hang on what is arbitrary, and their intervals cover."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t

from lighed.stats import Sample, by_determinant, index_of_persons, moments, oaxaca
from lighed.stats.determinants import Index, Reference
from tests.stats.samples import covered, numbers

ROUNDING = 1e-9
REFERENCES: list[Reference] = ["first", "last", "equal", "size", "pooled", "pooled within"]
INDICES: list[Index] = ["relative", "generalised", "erreygers", "wagstaff"]


def _persons(rng: Any, n: int, low: bool, draws: int = 1) -> Any:
    """Smokers, a house of three kinds, years in a damp one, and ill health."""
    smoker = rng.random((draws, n)) < (0.4 if low else 0.2)
    kind = (rng.random((draws, n, 1)) > ([0.5, 0.8] if low else [0.2, 0.5])).sum(-1)
    years = rng.normal(5 if low else 3, 2, (draws, n))
    ill = (2.5 if low else 2) * smoker + 0.3 * years + np.array([1.0, 0.5, 0.0])[kind] + rng.normal(0, 2, (draws, n))
    return np.stack([smoker, kind == 0, kind == 1, kind == 2, years, ill], -1).astype(float)


def _sums(rng: Any = None, *, without: int | None = None, n: int = 400, draws: int = 1) -> Any:
    rng = rng or np.random.default_rng(1)
    both = [_persons(rng, n, True, draws), _persons(rng, n, False, draws)]
    return np.stack([moments(each if without is None else np.delete(each, without, -1)) for each in both], -3)


@pytest.mark.parametrize("reference", REFERENCES)
def test_explained_and_unexplained_add_up_to_the_gap_and_nearly_to_its_error(reference: Reference) -> None:
    sums = _sums(without=1)[0]
    n, total, squares = sums[:, 0, 0], sums[:, 0, -1], sums[:, -1, -1]
    made = oaxaca(sums, reference=reference).whole
    assert_allclose(made.value, total[0] / n[0] - total[1] / n[1], rtol=ROUNDING)
    assert_allclose(made.se, np.sqrt(((squares / n - (total / n) ** 2) / (n - 1)).sum()), rtol=0.01)


def test_groups_that_are_alike_have_no_gap_in_any_part() -> None:
    one = _sums(without=1)[0, 0]
    made = oaxaca(np.stack([one, one]))
    assert_allclose(made.value, 0, atol=1e-12)
    assert (made.parts.se[1:] > 0).all()


def test_the_explained_part_at_the_coefficients_of_the_last_is_the_first_of_three() -> None:
    sums = _sums(without=1)[0]
    two, three = oaxaca(sums, reference="last"), oaxaca(sums, split="threefold")
    k = sums.shape[-1] - 1
    assert_allclose(two.value[:k], three.value[:k], rtol=ROUNDING, atol=1e-14)
    assert_allclose(two.value[k:], three.value[k : 2 * k] + three.value[2 * k :], rtol=ROUNDING, atol=1e-14)


@pytest.mark.parametrize("reference", REFERENCES)
def test_normalised_is_the_mean_over_which_level_the_others_are_held_against(reference: Reference) -> None:
    """As Yun has it; three regressions, each without one kind of house, against one with all of them."""
    made = oaxaca(_sums()[0], reference=reference, categories=((1, 2, 3),)).value.reshape(2, 6)
    each = []
    for left_out in (1, 2, 3):
        parts = oaxaca(_sums(without=left_out)[0], reference=reference).value.reshape(2, 5)
        each.append(np.insert(parts, left_out + 1, 0, -1))
    assert_allclose(made, np.mean(each, 0), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("reference", REFERENCES)
def test_normalising_changes_neither_what_is_explained_in_all_nor_its_error(reference: Reference) -> None:
    made = oaxaca(_sums()[0], reference=reference, categories=((1, 2, 3),)).added(np.repeat([0, 1], 6))
    usual = oaxaca(_sums(without=2)[0], reference=reference).added(np.repeat([0, 1], 5))
    assert_allclose(made.value, usual.value, rtol=1e-8)
    assert_allclose(made.parts.se, usual.parts.se, rtol=1e-8)


def test_all_levels_of_a_category_without_normalising_depend_on_each_other() -> None:
    made = oaxaca(_sums()[0])
    assert np.isnan(numbers(made.parts)).all()


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("persons", [0, 1, 4])
def test_groups_with_too_few_persons_for_a_regression_have_no_interval(persons: int, reference: Reference) -> None:
    x = np.random.default_rng(11).random((50, 4))
    made = oaxaca(np.stack([moments(x[:persons]), moments(x)]), reference=reference)
    assert np.isnan(made.whole.se)
    assert np.isnan(made.value).all() == (persons < 4)


def test_areas_are_split_side_by_side_and_a_missing_sum_leaves_the_others_alone() -> None:
    sums = _sums(without=1, draws=3)
    alone = [oaxaca(area) for area in sums]
    sums[1, 0, 2, 2] = np.nan
    made = oaxaca(sums)
    for k in (0, 2):
        assert_allclose(made.value[k], alone[k].value, rtol=ROUNDING, atol=1e-13)
        assert_allclose(made.covariance[k], alone[k].covariance, rtol=ROUNDING, atol=1e-13)
    assert np.isnan(made.value[1]).all()


def test_sums_of_two_places_added_up_are_those_of_both() -> None:
    rng = np.random.default_rng(2)
    one, two = _persons(rng, 50, True)[0], _persons(rng, 70, True)[0]
    assert_allclose(moments(one) + moments(two), moments(np.concatenate([one, two])), rtol=ROUNDING)
    assert_allclose(moments(one, np.full(50, 2.0)), 2 * moments(one), rtol=ROUNDING)


@pytest.mark.parametrize("reference", ["last", "pooled within"])
def test_the_intervals_of_what_is_explained_cover_it(reference: Reference) -> None:
    rng = np.random.default_rng(3)
    group = np.repeat([0, 1], 5)
    true = oaxaca(_sums(rng, without=1, n=400_000)[0], reference=reference)
    made = oaxaca(_sums(rng, without=1, n=300, draws=1000), reference=reference)
    for k in (0, 1):
        assert 0.93 < covered(made.added(group).parts.at((..., k)), true.added(group).value[k]) < 0.97
    for k in (1, 4):  # smoking, and years in a damp house
        assert 0.93 < covered(made.parts.at((..., k)), true.value[k]) < 0.97


def _each(rng: Any, clusters: int, size: int, draws: int = 1) -> tuple[Any, Any]:
    """Sums of each person of clusters whose errors hang together, by group, and a sample of the clusters."""
    cluster = np.repeat(np.arange(clusters), size)
    here = rng.normal(size=(draws, clusters))[:, cluster]
    low = rng.random(cluster.shape) < 0.4
    years = rng.normal(5, 2, (draws, len(low))) + 2 * low + here
    ill = 0.3 * years + low + here + rng.normal(0, 2, (draws, len(low)))
    one = moments(np.stack([years, ill], -1)[..., None, :])
    return one[..., None, :, :] * np.stack([low, ~low], -1)[:, :, None, None], Sample(np.ones(len(low)), unit=cluster)


def test_the_gap_of_a_sample_has_the_error_of_its_two_means() -> None:
    """Linearised once more, in another room: the parts' errors make up that of the difference of two domain means."""
    each, clusters = _each(np.random.default_rng(12), 30, 10)
    weight = np.random.default_rng(13).uniform(1, 3, 300)
    sample = Sample(weight, stratum=np.repeat([0, 1], 150), unit=clusters.unit)
    low, ill = each[0, :, 0, 0, 0] > 0, each[0, :, :, 0, -1].sum(-1)
    want = sample.mean(ill, np.stack([low, ~low])).combined([[1, -1]]).values()
    for split in ("twofold", "threefold"):
        made = oaxaca(each[0] * weight[:, None, None, None], split=split, reference="last", sample=sample).whole
        assert_allclose(numbers(made), np.squeeze(numbers(want)), rtol=ROUNDING)


def test_parts_of_a_sample_have_students_interval_when_added_and_as_shares() -> None:
    each, sample = _each(np.random.default_rng(19), 12, 10)
    made = oaxaca(each[0], sample=sample)
    each_but_constant = (part.at(slice(1, None)) for part in (made.parts, made.shares))  # which is explained by nothing
    for part in (*each_but_constant, made.whole, made.added(np.array([0, 0, 1, 1])).parts):
        assert_allclose((part.upper - part.value) / part.se, t.ppf(0.975, 11))


def test_the_covariance_of_a_split_is_that_of_what_each_cluster_moves() -> None:
    each, sample = _each(np.random.default_rng(14), 20, 10)
    by_cluster = each[0].reshape(20, 10, *each.shape[2:]).sum(1)

    def moved(cluster: int, step: float) -> Any:
        return oaxaca(by_cluster.sum(0) + step * by_cluster[cluster], split="threefold").value

    slope = np.array([(moved(k, 1e-4) - moved(k, -1e-4)) / 2e-4 for k in range(20)])
    made = oaxaca(each[0], split="threefold", sample=sample).covariance
    assert_allclose(made, slope.T @ slope * 20 / 19, rtol=1e-5, atol=1e-9)


def test_a_split_of_a_sample_covers_where_persons_of_a_cluster_are_alike() -> None:
    """Of 500 draws the part is known to 1 per cent. What is true is their mean, known 22 times as well as each.

    As though all were drawn one by one, intervals hold it too seldom.
    """
    each, sample = _each(np.random.default_rng(15), 40, 25, 500)
    group = np.repeat([0, 1], 2)
    made = oaxaca(each, reference="last", sample=sample).added(group)
    true = made.value.mean(0)
    alone = oaxaca(each.sum(-4), reference="last").added(group).parts
    assert 0.93 < covered(made.parts, true) < 0.97
    assert_allclose(made.parts.se.mean(0), made.value.std(0), rtol=0.1)
    assert covered(alone, true) < 0.93


def _ranked(rng: Any, n: int) -> tuple[Any, Any, Any]:
    """Outcome between 0 and 1, two determinants, and rank by ten classes of income with ties."""
    income = rng.integers(0, 10, n)
    smoker, age = rng.random(n) < 0.5 - 0.04 * income, rng.random(n)
    y = rng.random(n) < 0.1 + 0.2 * smoker + 0.3 * age + 0.01 * (9 - income)
    people = np.bincount(income, minlength=10)
    return y * 1.0, np.stack([smoker, age], -1) * 1.0, ((people.cumsum() - people / 2) / n)[income]


def test_areas_of_any_size_are_leading_axes() -> None:
    rng = np.random.default_rng(16)
    areas = [_ranked(rng, n) for n in (40, 70, 55)]
    y, rank = np.full((3, 70), np.nan), np.full((3, 70), np.nan)
    x, weight = np.full((3, 70, 2), np.nan), np.zeros((3, 70))
    for k, (one, two, three) in enumerate(areas):
        place = rng.permutation(70)[: len(one)]
        y[k, place], x[k, place], rank[k, place], weight[k, place] = one, two, three, 1.0
    made = by_determinant(y, x, rank, weight, index="wagstaff")
    for k, area in enumerate(areas):
        alone = by_determinant(*area, index="wagstaff")
        assert_allclose(made.value[k], alone.value, rtol=ROUNDING)
        assert_allclose(made.covariance[k], alone.covariance, rtol=ROUNDING, atol=1e-15)
    with pytest.raises(ValueError, match=r"mean of 0\.6"):
        by_determinant(y, x, rank + np.array([[0], [0.1], [0]]), weight)


@pytest.mark.parametrize("design", ["clusters", "strata", "both", "calibrated"])
def test_the_whole_of_a_sample_is_the_index_of_its_persons(design: str) -> None:
    """The parts' errors make up that of the index, which is linearised in another room."""
    rng = np.random.default_rng(17)
    y, x, _ = _ranked(rng, 400)
    income, weight = rng.integers(0, 10, 400), rng.uniform(1, 3, 400)
    unit = np.repeat(np.arange(40), 10) if design in {"clusters", "both"} else None
    stratum = np.repeat([0, 1], 200) if design in {"strata", "both"} else None
    sample = Sample(weight, stratum=stratum, unit=unit)
    if design == "calibrated":
        sample = sample.calibrated(np.stack([x[:, 0], 1 - x[:, 0]], -1), [300, 500])
    people = np.bincount(income, sample.weight)
    rank = ((people.cumsum() - people / 2) / people.sum())[income]
    made = by_determinant(y, x, rank, sample=sample).whole
    want = index_of_persons("concentration_index", y, income, sample).values()
    assert_allclose(numbers(made), numbers(want), rtol=ROUNDING)


def test_areas_of_one_sample_have_the_errors_of_its_clusters() -> None:
    """Persons of another area count nothing, but their clusters were drawn."""
    rng = np.random.default_rng(18)
    y, x, rank = _ranked(rng, 300)
    sample = Sample(np.ones(600), unit=np.repeat(np.arange(60), 10))
    both = (np.tile(part, (2, 2, *[1] * (part.ndim - 1))) for part in (y, x, rank))
    made = by_determinant(*both, np.repeat(np.eye(2), 300, -1), sample=sample)
    alone = by_determinant(y, x, rank, sample=Sample(np.ones(300), unit=np.repeat(np.arange(30), 10)))
    assert_allclose(made.value, [alone.value] * 2, rtol=ROUNDING)
    assert_allclose(made.covariance * 59 / 60, [alone.covariance * 29 / 30] * 2, rtol=1e-8, atol=1e-15)


def test_the_shares_are_the_same_for_every_index() -> None:
    y, x, rank = _ranked(np.random.default_rng(4), 3000)
    shares = [by_determinant(y, x, rank, index=index).shares for index in INDICES]
    for other in shares[1:]:
        assert_allclose(other.value, shares[0].value, rtol=ROUNDING)
        assert_allclose(other.se, shares[0].se, rtol=ROUNDING)


def test_each_index_is_what_its_definition_says() -> None:
    y, x, rank = _ranked(np.random.default_rng(5), 3000)
    relative = -2 * np.cov(y, rank, ddof=0)[0, 1] / y.mean()
    want = [relative, y.mean() * relative, 4 * y.mean() * relative, relative / (1 - y.mean())]
    assert_allclose([by_determinant(y, x, rank, index=index).whole.value for index in INDICES], want, rtol=ROUNDING)
    scaled = [by_determinant(7 * y - 2, x, rank, index=i, bounds=(-2.0, 5.0)).whole.value for i in INDICES[2:]]
    assert_allclose(scaled, want[2:], rtol=ROUNDING)


def test_whole_weights_are_that_many_persons() -> None:
    y, x, rank = _ranked(np.random.default_rng(6), 500)
    doubled = by_determinant(np.tile(y, 2), np.tile(x, (2, 1)), np.tile(rank, 2))
    weighted = by_determinant(y, x, rank, np.full(500, 2.0))
    assert_allclose(weighted.value, doubled.value, rtol=ROUNDING)
    assert_allclose(weighted.parts.se, doubled.parts.se * np.sqrt(2), rtol=2e-3)


def test_the_covariance_is_that_of_what_each_person_moves() -> None:
    """By weighting one person after another a little more and a little less, and ranking all anew."""
    y, x, rank = _ranked(np.random.default_rng(10), 60)
    tied = np.unique(rank, return_inverse=True)[1]

    def weighted(person: int, step: float) -> Any:
        weight = np.ones(60)
        weight[person] += step
        people = np.bincount(tied, weight)
        again = ((people.cumsum() - people / 2) / people.sum())[tied]
        return by_determinant(y, x, again, weight).value

    moved = np.array([(weighted(k, 1e-4) - weighted(k, -1e-4)) / 2e-4 for k in range(60)])
    assert_allclose(by_determinant(y, x, rank).covariance, moved.T @ moved * 60 / 59, rtol=1e-5, atol=1e-10)


def test_a_determinant_that_is_alike_for_all_ranks_contributes_nothing() -> None:
    income = np.repeat([0.25, 0.75], 200)
    flat, y = np.tile([0.0, 1.0], 200), np.repeat([1.0, 0.0], 200) + np.tile([0.0, 3.0], 200)
    made = by_determinant(y, flat[:, None], income)
    assert_allclose(made.value, [0, made.whole.value], atol=1e-14)


def test_the_intervals_of_determinants_cover_what_is_true() -> None:
    rng = np.random.default_rng(7)
    true = by_determinant(*_ranked(rng, 500_000), index="erreygers").value
    y, x, rank = (np.stack(part) for part in zip(*(_ranked(rng, 2000) for _ in range(250)), strict=True))
    made = by_determinant(y, x, rank, index="erreygers").parts
    assert 0.935 < covered(made, true) < 0.965
    assert_allclose(made.se.mean(0), made.value.std(0), rtol=0.1)


def _changed(**new: Any) -> dict[str, Any]:
    y, x, rank = _ranked(np.random.default_rng(8), 100)
    return {"y": y, "x": x, "rank": rank} | new


WRONG = {
    "is negative": _changed(weight=np.r_[-1.0, np.ones(99)]),
    "not those of these persons": _changed(rank=np.linspace(0, 0.5, 100)),
    "outside of the bounds": _changed(y=np.full(100, 1.5), index="wagstaff"),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_cannot_be_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=message):
        by_determinant(**WRONG[message])


NOTHING = {
    "a missing outcome": _changed(y=np.r_[np.nan, np.ones(99)]),
    "a missing determinant": _changed(x=np.r_[[[np.nan, 1.0]], np.random.default_rng(9).random((99, 2))]),
    "determinants that depend on each other": _changed(x=np.tile(np.arange(100.0)[:, None], (1, 2))),
    "a single person": {"y": [1.0], "x": [[1.0]], "rank": [0.5]},
    "nobody with a weight": _changed(weight=np.zeros(100)),
    "a missing rank": _changed(rank=np.r_[np.nan, np.full(99, 0.5)]),
    "an outcome that nobody has": _changed(y=np.zeros(100)),
}


@pytest.mark.parametrize("given", NOTHING.values(), ids=NOTHING)
def test_what_cannot_be_computed_is_missing(given: Any) -> None:
    assert np.isnan(numbers(by_determinant(**given).whole)).all()
