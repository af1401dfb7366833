"""What the points of a form are worth is what outside programs say; see ``tests/golden``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Values, area_under_curve, calibration, net_benefit, thresholds
from tests.golden import Oracle, column, expected, only, oracles, read

EXACT = 1e-9  # relative: the same formula in another program
FITTED = 1e-6  # relative: where R stops iterating
PERSONS = read("scores/scores.csv")
GROUP, OUTCOME = (column(PERSONS, name) for name in ("group", "outcome"))
POINTS = column(PERSONS, "points")


def _counts(case: str, score: str) -> tuple[Any, Any, Any]:
    """The values of a score that occur, and persons and needs at each, of all or of a group."""
    inside = np.full(len(GROUP), True) if case == "all" else float(case.removeprefix("group")) == GROUP
    value, at = np.unique(column(PERSONS, score), return_inverse=True)
    n, events = (np.bincount(at, part, len(value)) for part in (inside, inside * OUTCOME))
    return value, n, events


@pytest.mark.parametrize("oracle", oracles("scores", "auc"), ids=" ".join)
def test_the_area_under_the_curve_with_delongs_error(oracle: Oracle) -> None:
    """Two oracles, one of them with limits."""
    rows = expected(*oracle)
    made = [area_under_curve(*_counts(*row["case_id"].split("."))[1:]) for row in rows]
    for name in ("value", "se", "lower", "upper"):
        given = column(rows, name)
        ours = np.array([getattr(one, name) for one in made])
        assert_allclose(ours[~np.isnan(given)], given[~np.isnan(given)], rtol=EXACT)
    assert len(rows) == 12


CALIBRATION = {
    "calibration_slope": "slope",
    "calibration_in_the_large": "in_the_large",
    "observed_over_expected": "ratio",
}


@pytest.mark.parametrize("oracle", oracles("scores", *CALIBRATION), ids=" ".join)
def test_calibration_against_what_a_model_expects(oracle: Oracle) -> None:
    for row in expected(*oracle):
        risk, n, events = _counts(row["case_id"], "predicted_risk")
        made: Values = getattr(calibration(n, events, risk), CALIBRATION[oracle[1]])
        for name in ("value", "se", "lower", "upper"):
            if row[name]:
                assert_allclose(getattr(made, name), float(row[name]), rtol=FITTED)


SHARES = {
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "selection_rate": "selection_rate",
    "false_negative_rate": "missed_need",
    "positive_predictive_value": "predictive_value",
}


@pytest.mark.parametrize("quantity", SHARES)
def test_what_a_threshold_finds_and_misses(quantity: str) -> None:
    rows = only("scores", quantity)
    for row in rows:
        case, _, threshold = row["case_id"].partition(".points>=")
        points, *counts = _counts(case, "points")
        made: Values = getattr(thresholds(*counts), SHARES[quantity]).at(points == float(threshold))
        for name in ("value", "lower", "upper"):
            if row[name]:
                assert_allclose(getattr(made, name)[0], float(row[name]), rtol=EXACT)
    assert len(rows) == 28


@pytest.mark.parametrize("oracle", oracles("scores", "net_benefit_model", "net_benefit_all"), ids=" ".join)
def test_net_benefit_of_the_form_and_of_offering_to_all(oracle: Oracle) -> None:
    for row in expected(*oracle):
        case, _, worth = row["case_id"].partition(".threshold")
        risk, *counts = _counts(case, "predicted_risk")
        made = net_benefit(*counts, float(worth))
        offered = made.form.value[np.searchsorted(risk, float(worth))]
        ours = offered if oracle[1] == "net_benefit_model" else made.everyone.value
        assert_allclose(ours, float(row["value"]), rtol=EXACT)


def test_groups_are_worked_out_together_as_they_are_alone() -> None:
    cases = ["group1", "group2", "group3"]
    n, events = (np.stack([_counts(case, "points")[k] for case in cases]) for k in (1, 2))
    together = area_under_curve(n, events)
    assert_allclose(together.se, [area_under_curve(*pair).se for pair in zip(n, events, strict=True)], rtol=EXACT)
