"""Segregation and the spread of incomes agree with outside programs; where the numbers come from stands in
``tests/golden``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from tests.golden import Oracle, by_case, column, expected, oracles, read

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
TOPIC = "segregation"

TWO = read(f"{TOPIC}/two_groups.csv")
MANY = by_case(f"{TOPIC}/multi_groups.csv", "area")
COUNTS = {
    "two_groups": np.stack([column(TWO, "group_count"), column(TWO, "total") - column(TWO, "group_count")], -1),
    "multi_groups": np.stack([column(rows, "count") for rows in MANY.values()]),
}
INCOME, WEIGHT = (column(read(f"{TOPIC}/incomes.csv"), name) for name in ("income", "weight"))
WEIGHTS = {"incomes.weighted": WEIGHT, "incomes.unweighted": np.ones(len(WEIGHT))}

INDICES: dict[str, Callable[[Any], Any]] = {
    "dissimilarity": stats.dissimilarity,
    "multigroup_dissimilarity": stats.dissimilarity,
    "mutual_information": stats.mutual_information,
    "theil_h": stats.theil_segregation,
    "gini_segregation": stats.gini_segregation,
    "isolation_x": lambda counts: stats.isolation(counts)[0],
    "isolation_y": lambda counts: stats.isolation(counts)[1],
    "exposure_x_to_x": lambda counts: stats.exposure(counts)[0, 0],
    "exposure_x_to_y": lambda counts: stats.exposure(counts)[0, 1],
    "exposure_y_to_x": lambda counts: stats.exposure(counts)[1, 0],
    "exposure_y_to_y": lambda counts: stats.exposure(counts)[1, 1],
} | {f"dissimilarity_1_vs_{k}": lambda counts, k=k: stats.dissimilarity(counts[:, [0, k - 1]]) for k in range(2, 6)}


@pytest.mark.parametrize("oracle", oracles(TOPIC, *INDICES), ids=" ".join)
def test_indices_of_segregation(oracle: Oracle) -> None:
    """Two oracles for dissimilarity, isolation, exposure and H of two groups and for H of many; one for the others."""
    for row in expected(*oracle):
        assert_allclose(INDICES[oracle[1]](COUNTS[row["case_id"]]), float(row["value"]), rtol=EXACT)


@pytest.mark.parametrize("oracle", oracles(TOPIC, "local_segregation"), ids=" ".join)
def test_how_much_each_area_differs_from_all(oracle: Oracle) -> None:
    """One oracle."""
    rows = expected(*oracle)
    made = dict(zip(MANY, stats.local_segregation(COUNTS["multi_groups"]), strict=True))
    assert len(rows) == len(made)
    want = column(rows, "value")
    assert_allclose([made[row["case_id"].partition(".")[2]] for row in rows], want, rtol=EXACT)


SPREAD: dict[str, Callable[[Any, Any], Any]] = {
    "gini": stats.gini_index,
    "gini_covariance": stats.gini_index,
    "generalised_entropy_0": stats.mean_log_deviation,
    "generalised_entropy_1": stats.theil_index,
    "generalised_entropy_2": lambda value, weight: stats.coefficient_of_variation(value, weight) ** 2 / 2,
}


@pytest.mark.parametrize("oracle", oracles(TOPIC, *SPREAD), ids=" ".join)
def test_the_spread_of_incomes(oracle: Oracle) -> None:
    """Two oracles for Gini's index and our own formula in another language; one for the others.

    One of the programs takes a weighted person's rank as the end of the part that the person has of the population,
    not its middle; that index is a few parts in ten thousand larger, and not among these.
    """
    for row in expected(*oracle):
        assert_allclose(SPREAD[oracle[1]](INCOME, WEIGHTS[row["case_id"]]), float(row["value"]), rtol=EXACT)


def test_half_of_a_square_is_where_three_measures_of_spread_meet() -> None:
    """No oracle: the three differ from each other in the third order of the groups' distance only."""
    value, weight = 100 + 1e-3 * np.arange(5.0), np.array([1.0, 4, 2, 3, 5])
    square = stats.coefficient_of_variation(value, weight) ** 2 / 2
    assert_allclose([stats.theil_index(value, weight), stats.mean_log_deviation(value, weight)], square, rtol=1e-4)
