"""Concentration indices agree with outside programs, on groups and on persons in groups."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import (
    achievement_index,
    average,
    erreygers_index,
    extended_concentration_index,
    generalised_concentration_index,
    modified_concentration_index,
    symmetric_concentration_index,
    wagstaff_index,
)
from tests.golden import Oracle, by_case, column, expected, oracles

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
TOPIC = "concentration"
FILES = ["grouped", "persons_by_income_fifth", "persons_by_income"]
GROUPS = {case: rows for name in FILES for case, rows in by_case(f"{TOPIC}/{name}.csv").items()}


def _of_generalised(index: Callable[..., Any], factor: float, value: Any, weight: Any) -> Any:
    """As the program has its generalised forms: with the mean, and a factor of its own."""
    return factor * index(value, weight, 3.0) * average(value, weight)


INDICES: dict[str, Callable[[Any, Any], Any]] = {
    "generalised": generalised_concentration_index,
    "erreygers": erreygers_index,
    "wagstaff": wagstaff_index,
    "extended_1.5": partial(extended_concentration_index, aversion=1.5),
    "extended_3": extended_concentration_index,
    "extended_5": partial(extended_concentration_index, aversion=5.0),
    "extended_generalised_3": partial(_of_generalised, extended_concentration_index, 3**1.5 / 2),
    "symmetric_3": symmetric_concentration_index,
    "symmetric_generalised_3": partial(_of_generalised, symmetric_concentration_index, 4.0),
    "modified_min5": partial(modified_concentration_index, least=5.0),
}


@pytest.mark.parametrize("oracle", oracles(TOPIC, *INDICES), ids=" ".join)
def test_the_members_of_the_family(oracle: Oracle) -> None:
    """Of the generalised index four oracles, of Erreygers' and Wagstaff's two, of the others one.

    None for the standard errors: the outside programs take the mean as fixed and the groups as without error. Scores
    go from 0 to 100.
    """
    rows = expected(*oracle)
    assert rows
    for row in rows:
        cells, index = GROUPS[row["case_id"]], INDICES[oracle[1]]
        value, weight = column(cells, "value"), column(cells, "population")
        share = row["case_id"].startswith("score") and oracle[1] in {"erreygers", "wagstaff"}
        assert_allclose(-index(value / 100 if share else value, weight), float(row["value"]), rtol=EXACT)


def test_achievement_is_the_mean_of_the_population_in_its_worst_off_half_or_third() -> None:
    """Wagstaff's weights v(1 − rank)^(v−1), integrated over each group by hand: of three groups, at v = 2 and 3."""
    value, weight = np.array([30.0, 20, 10]), np.ones(3)
    assert_allclose(achievement_index(value, weight, 1.0), 20)
    assert_allclose(achievement_index(value, weight, 2.0), (5 * 30 + 3 * 20 + 1 * 10) / 9)
    assert_allclose(achievement_index(value, weight, 3.0), (19 * 30 + 7 * 20 + 1 * 10) / 27)


@pytest.mark.parametrize("index", [extended_concentration_index, symmetric_concentration_index])
@pytest.mark.parametrize("exponent", [1.0, 0.5, -2.0, np.nan])
def test_an_exponent_that_gives_no_index_is_refused(index: Any, exponent: float) -> None:
    with pytest.raises(ValueError, match="above 1"):
        index(np.array([30.0, 20, 10]), np.ones(3), exponent)


@pytest.mark.parametrize("exponent", [0.9, -1.0, np.nan])
def test_an_aversion_that_favours_the_best_off_is_refused(exponent: float) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        achievement_index(np.array([30.0, 20, 10]), np.ones(3), exponent)


def test_what_is_below_the_least_possible_value_has_no_modified_index() -> None:
    value = np.array([[30.0, 20, 10], [30.0, 20, 11]])
    made = modified_concentration_index(value, np.ones((2, 3)), least=11.0)
    assert np.isnan(made).tolist() == [True, False]
