"""The impact that a group would have by coming to its aim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, evaluate, potential_impact, proportion
from tests.stats.samples import DRAWS, covered, numbers

ROUNDING = 1e-12  # relative
PEOPLE = np.array([900.0, 1500, 2400, 1800, 1200])
SHARE = np.array([0.30, 0.26, 0.21, 0.17, 0.15])
VARIANCE = SHARE * (1 - SHARE) / PEOPLE
AIMS = {"the best group": None, "an aim of its own each": 0.9 * SHARE, "one aim": np.full(5, 0.15)}


def test_the_groups_add_up_to_the_attributable_fraction() -> None:
    made, whole = potential_impact(SHARE, VARIANCE, PEOPLE), MEASURES["attributable_fraction"](SHARE, PEOPLE)
    assert_allclose(made.value.sum(), whole, rtol=ROUNDING)
    assert made.value[-1] == made.se[-1] == 0


def test_a_tenth_less_in_every_group_is_a_tenth_less() -> None:
    assert_allclose(potential_impact(SHARE, VARIANCE, PEOPLE, 0.9 * SHARE).value.sum(), 0.1, rtol=ROUNDING)


def test_one_group_that_is_not_the_best_has_all_of_the_fraction() -> None:
    value, variance, weight = np.array([0.3, 0.1]), np.array([4e-4, 1e-4]), np.array([200.0, 700])
    made = potential_impact(value, variance, weight)
    whole = evaluate(MEASURES["attributable_fraction"], value, variance, weight, polarity="lower_is_better")
    assert_allclose([part[0] for part in numbers(made)], numbers(whole), rtol=ROUNDING)


def test_many_tables_are_as_one_at_a_time() -> None:
    table = np.stack([SHARE, SHARE[::-1]])
    made = potential_impact(table, np.stack([VARIANCE, VARIANCE[::-1]]), np.stack([PEOPLE, PEOPLE[::-1]]))
    assert_allclose(made.at(0).se, potential_impact(SHARE, VARIANCE, PEOPLE).se, rtol=ROUNDING)
    assert_allclose(made.at(1).se, potential_impact(SHARE[::-1], VARIANCE[::-1], PEOPLE[::-1]).se, rtol=ROUNDING)


@pytest.mark.parametrize("part", [0, 1, 2], ids=["value", "variance", "weight"])
def test_where_one_is_missing_there_is_no_impact(part: int) -> None:
    parts = [SHARE.copy(), VARIANCE.copy(), PEOPLE.copy()]
    parts[part][-1] = np.nan
    assert np.isnan(potential_impact(*parts).lower).all()


@pytest.mark.parametrize("aim", AIMS.values(), ids=AIMS)
def test_the_interval_of_each_group_covers_the_truth(aim: Any) -> None:
    rng = np.random.default_rng(24)
    drawn = proportion(rng.binomial(PEOPLE.astype(int), SHARE, (DRAWS, 5)), PEOPLE)
    made, truth = (
        potential_impact(drawn.value, drawn.se**2, PEOPLE, aim),
        potential_impact(SHARE, 0 * SHARE, PEOPLE, aim),
    )
    for group in range(5 if aim is not None else 4):
        assert 0.94 < covered(made.at((slice(None), group)), truth.value[group]) < 0.96
