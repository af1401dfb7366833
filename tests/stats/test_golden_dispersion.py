"""Measures of spread agree with outside programs; where the numbers come from stands in ``tests/golden``.

The programs give the spread as it stands. Ours is the same of values without sampling error, which is what is held
against them; from values with error it is taken out, and one formula in another language says how much that is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Values, arrange, evaluate
from lighed.stats.intervals import delta
from tests.golden import Oracle, Row, by_case, column, expected, only, oracles

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
NOTHING = 1e-12  # absolute: what is left of 0 of numbers up to a few hundred

# The measure, how the groups are arranged, and the program's unit in ours.
MEASURED = {
    "bgv": ("between_group_variance", "as given", 1),
    "bgsd": ("between_group_deviation", "as given", 1),
    "covar": ("coefficient_of_variation", "as given", 100),
    "mdmu": ("mean_difference_from_mean", "as given", 1),
    "mdmw": ("mean_difference_from_mean_weighted", "as given", 1),
    "mdbu": ("mean_difference_from_best", "extreme", 1),
    "mdbw": ("mean_difference_from_best_weighted", "extreme", 1),
    "mdru": ("mean_difference_from_best", "reference", 1),
    "mdrw": ("mean_difference_from_best_weighted", "reference", 1),
    "idisu": ("index_of_disparity", "as given", 100),
    "idisw": ("index_of_disparity_weighted", "as given", 100),
    "ti": ("theil_index", "as given", 1000),
    "mld": ("mean_log_deviation", "as given", 1000),
}
DELTA = {
    "bgv_delta": "bgv",
    "bgsd_delta": "bgsd",
    "cov_delta": "covar",
    "mdbw_delta": "mdbw",
    "theil_delta": "ti",
    "mld_delta": "mld",
}
GROUPS = by_case("dispersion/groups.csv")


def _parts(row: Row, how: str) -> tuple[Any, ...]:
    cells = GROUPS[row["case_id"]]
    value, se, weight = (column(cells, name) for name in ("estimate", "se", "population"))
    if how == "as given":
        return value, se**2, weight
    polarity: Any = "higher_is_better" if cells[0]["favourable"] == "1" else "lower_is_better"
    reference = [cell["is_reference"] for cell in cells].index("1") if how == "reference" else None
    return arrange(value, se**2, weight, polarity=polarity, reference=reference)


@pytest.mark.parametrize("oracle", oracles("dispersion", *MEASURED), ids=" ".join)
def test_the_spread_as_it_stands(oracle: Oracle) -> None:
    """One oracle; the standard errors below come with a second."""
    rows, (measure, how, unit) = expected(*oracle), MEASURED[oracle[1]]
    for row in rows:
        value, _, weight = _parts(row, how)
        want = float(row["value"])
        assert_allclose(unit * MEASURES[measure](value, weight), want, rtol=EXACT, atol=NOTHING)
        without = evaluate(MEASURES[measure], value, np.zeros(len(value)), weight, polarity="lower_is_better")
        assert_allclose(unit * without.value, want, rtol=EXACT, atol=NOTHING)


@pytest.mark.parametrize("oracle", oracles("dispersion", *DELTA), ids=" ".join)
def test_the_error_of_the_spread_as_it_stands(oracle: Oracle) -> None:
    """One oracle, which writes the derivative out."""
    rows, (measure, how, unit) = expected(*oracle), MEASURED[DELTA[oracle[1]]]
    m = MEASURES[measure]
    for row in rows:
        value, variance, weight = _parts(row, how)
        found = delta(m.function, value, variance, weight, m.with_gradient)
        assert_allclose(unit * np.array(found), [float(row["value"]), float(row["se"])], rtol=EXACT, atol=NOTHING)


def _evaluated(row: Row, measure: str) -> Values:
    value, variance, weight = _parts(row, "as given")
    return evaluate(MEASURES[measure], value, variance, weight, polarity="lower_is_better")


def test_the_variance_between_groups_without_what_sampling_error_adds() -> None:
    """One oracle: our own formula in another language, for no outside program takes the error out."""
    rows = only("dispersion", "bgv_sampling_corrected")
    for row in rows:
        want = float(row["value"])
        assert_allclose(_evaluated(row, "between_group_variance").value, want, rtol=EXACT)
        assert_allclose(_evaluated(row, "between_group_deviation").value, np.sqrt(want), rtol=EXACT)


def test_the_interval_of_the_variance_is_as_wide_as_the_programs_where_there_is_little_error() -> None:
    """One oracle, whose interval is about the variance as it stands."""
    rows = [row for row in only("dispersion", "bgv") if float(row["se"]) < 0.1 * float(row["value"])]
    made = [_evaluated(row, "between_group_variance") for row in rows]
    assert len(rows) == 3
    assert_allclose([one.upper - one.lower for one in made], column(rows, "upper") - column(rows, "lower"), rtol=0.05)


RISK = ["parisk_ordered", "parisk_best", "par_best_delta"]


@pytest.mark.parametrize("oracle", oracles("dispersion", *RISK), ids=" ".join)
def test_the_attributable_risk(oracle: Oracle) -> None:
    """Two oracles for the value, one for the error; they take the best group minus the average."""
    m = MEASURES["attributable_risk"]
    for row in expected(*oracle):
        parts = _parts(row, "as given" if oracle[1] == "parisk_ordered" else "extreme")
        made = evaluate(m, *parts, polarity="higher_is_better")
        assert_allclose(made.value, float(row["value"]), rtol=EXACT)
        if row["se"]:
            assert_allclose(made.se, float(row["se"]), rtol=EXACT)
