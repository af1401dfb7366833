"""Segregation: what the indices must be at their ends, and what they must not mind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from tests.stats.samples import covered

ROUNDING = 1e-12
each = pytest.mark.parametrize

UNEVENNESS: dict[str, Callable[[Any], Any]] = {
    "dissimilarity": stats.dissimilarity,
    "gini": stats.gini_segregation,
    "theil": stats.theil_segregation,
}
ALL = UNEVENNESS | {"information": stats.mutual_information, "isolation": stats.isolation, "exposure": stats.exposure}
MIXED = np.array([[120.0, 30, 10], [60, 50, 40], [20, 80, 90], [0, 0, 0]])


@each("index", UNEVENNESS.values(), ids=UNEVENNESS)
def test_the_same_mix_everywhere_is_0_and_a_unit_for_each_group_is_1(index: Callable[[Any], Any]) -> None:
    assert_allclose(index(np.outer([1, 2, 5], [10, 20, 30])), 0, atol=ROUNDING)
    assert_allclose(index(np.diag([10, 20, 30])), 1)


def test_what_is_known_of_the_group_is_nothing_or_all_of_it() -> None:
    assert_allclose(stats.mutual_information(np.outer([1, 2, 5], [10, 20, 30])), 0, atol=ROUNDING)
    assert_allclose(stats.mutual_information(np.diag([10, 10, 10])), np.log(3))
    assert_allclose(stats.local_segregation(np.diag([10, 10, 10])), np.log(3))


def test_all_meet_their_own_group_or_every_group_as_it_is_in_all() -> None:
    assert_allclose(stats.exposure(np.diag([10, 20, 30])), np.eye(3))
    assert_allclose(stats.exposure(np.outer([1, 2, 5], [10, 20, 30])), np.full((3, 1), 1) * [1 / 6, 1 / 3, 1 / 2])
    assert_allclose(stats.exposure(MIXED).sum(-1), 1)


def test_who_meets_whom_is_as_many_meetings_either_way() -> None:
    people = MIXED.sum(0)
    meetings = people[:, None] * stats.exposure(MIXED)
    assert_allclose(meetings, meetings.T)


@each("index", ALL.values(), ids=ALL)
def test_units_of_the_same_mix_may_be_joined_and_nobody_counts_for_nothing(index: Callable[[Any], Any]) -> None:
    divided = np.vstack([MIXED[:1] / 4, MIXED[:1] * 3 / 4, MIXED[1:], np.zeros((1, 3))])
    assert_allclose(index(divided), index(MIXED))
    assert_allclose(index(7 * MIXED), index(MIXED))
    assert_allclose(index(MIXED[::-1]), index(MIXED))


@each("index", ALL.values(), ids=ALL)
def test_many_cities_are_as_one_at_a_time(index: Callable[[Any], Any]) -> None:
    cities = np.stack([[MIXED, MIXED[:, ::-1]], [MIXED + 1, MIXED**2]])
    made = index(cities)
    for at in np.ndindex(2, 2):
        assert_allclose(made[at], index(cities[at]))


def test_the_gini_index_is_the_mean_difference_between_any_two_persons() -> None:
    unit = MIXED.sum(1) / MIXED.sum()
    inside = MIXED[:3] / MIXED[:3].sum(1, keepdims=True)
    apart = np.abs(inside[:, None] - inside[None]).sum(-1)
    group = MIXED.sum(0) / MIXED.sum()
    want = (unit[:3, None] * unit[None, :3] * apart).sum() / (2 * (group * (1 - group)).sum())
    assert_allclose(stats.gini_segregation(MIXED), want)


@each("defect", [np.nan, -1.0])
@each("index", [*ALL.values(), stats.local_segregation], ids=[*ALL, "local"])
def test_a_count_that_is_missing_or_negative_gives_nothing_and_leaves_other_cities_alone(
    index: Callable[[Any], Any], defect: float
) -> None:
    cities = np.stack([MIXED, MIXED])
    cities[0, 1, 1] = defect
    made = index(cities)
    assert np.isnan(made[0]).all()
    assert_allclose(made[1], index(MIXED))


@each("nobody", [np.zeros((3, 2)), np.array([[5.0, 0], [7, 0]])], ids=["at all", "in the other group"])
@each("index", UNEVENNESS.values(), ids=UNEVENNESS)
def test_there_is_no_segregation_without_two_groups(index: Callable[[Any], Any], nobody: Any) -> None:
    assert np.isnan(index(nobody))


UNITS = 98
COVERED = UNEVENNESS | {"information": stats.mutual_information, "isolation": lambda c: stats.isolation(c)[..., 0]}


def _cities(size: float) -> tuple[Any, Any]:
    """What is expected in 98 units of about so many persons each, and what was drawn of it."""
    rng = np.random.default_rng(25)
    part = 1 / (1 + np.exp(-rng.normal(-1.5, 0.7, UNITS)))
    people = size * np.exp(rng.normal(0, 0.5, UNITS))
    truth = np.stack([people * part, people * (1 - part)], -1)
    return truth, rng.poisson(truth, (150, UNITS, 2))


@each("index", COVERED.values(), ids=COVERED)
def test_the_bootstrap_covers_the_truth_and_takes_out_what_chance_adds(index: Callable[[Any], Any]) -> None:
    truth, drawn = _cities(1000)
    made, _ = stats.bootstrap(index, drawn, seed=26, draws=200)
    assert 0.9 <= covered(made, index(truth)) <= 0.985
    often = index(np.random.default_rng(30).poisson(truth, (3000, UNITS, 2))).mean()
    assert_allclose((index(drawn) - made.value).mean(), often - index(truth), rtol=0.25)  # what chance adds


def test_where_chance_is_most_of_it_there_is_no_index() -> None:
    _, drawn = _cities(20)
    made, _ = stats.bootstrap(stats.dissimilarity, drawn[:20], seed=26, draws=200)
    assert np.isnan(made.value).all()
