"""Totals, ratios, domains and their differences, and calibrated weights, are those of an outside program."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Sample
from tests.golden import Row, column, read

EXACT = 1e-9  # relative: the same formula in another program
ITERATED = 1e-7  # relative: weights that the program finds in steps
RAKED = 0.02  # relative: that program takes unweighted averages out of the scores of weights made by `rake`

PERSONS = read("survey/survey.csv")
MARGINS = read("survey/margins.csv")
ROWS = [row for row in read("survey/expected.csv") if row["case_id"] not in {"finite", "infinite"}]
DOMAINS = {
    "sex": [("sex", 1), ("sex", 2)],
    "education": [("education", 1), ("education", 2), ("education", 3)],
}


def _of(name: str) -> Any:
    return column(PERSONS, name)


@cache
def _sample(design: str) -> Sample:
    drawn = Sample(_of("weight"), _of("stratum"), _of("psu"))
    columns = np.stack([_of(m["variable"]) == float(m["level"]) for m in MARGINS], -1)
    totals = column(MARGINS, "total")
    if design == "poststratified":
        return drawn.calibrated(columns[:, :2], totals[:2])
    if design.startswith("calibrated") or design == "raked":
        distance: Any = design.removeprefix("calibrated_") if design != "raked" else "raking"
        return drawn.calibrated(columns, totals, distance=distance)
    return {
        "strata_psu": drawn,
        "strata_psu_fpc": Sample(_of("weight"), _of("stratum"), _of("psu"), _of("psus_in_stratum")),
        "psu_only": Sample(_of("weight"), unit=_of("psu")),
        "weights_only": Sample(_of("weight")),
    }[design]


def _given(*quantities: str) -> list[Row]:
    found = [row for row in ROWS if row["quantity"].startswith(quantities)]
    assert len({row["case_id"].partition(".")[0] for row in found}) == 9
    return found


def _named(row: Row) -> str:
    return f"{row['case_id']} {row['quantity']}"


def _statistic(row: Row) -> Any:
    design, _, domain = row["case_id"].partition(".")
    sample, quantity = _sample(design), row["quantity"]
    y = _of("score") if quantity.endswith("score") else _of("smoker")
    if domain:
        young = (_of("education") == 3) & (_of("age_group") <= 2)
        return sample.mean(y, young if domain == "edu3_young" else _of(domain[:-1]) == float(domain[-1]))
    if quantity == "ratio":
        return sample.ratio(_of("score"), _of("smoker") + 1)
    if quantity.startswith("difference"):
        return sample.mean(y, np.stack([_of("education") == 1, _of("education") == 3])).combined([1, -1])
    return sample.total(y) if quantity.startswith("total") else sample.mean(y)


@pytest.mark.parametrize("row", _given("mean", "total", "domain", "ratio", "difference"), ids=_named)
def test_statistics_have_the_error_of_their_design(row: Row) -> None:
    """One oracle."""
    made = _statistic(row).values()
    assert_allclose(made.value, float(row["value"]), rtol=ITERATED)
    assert_allclose(made.se, float(row["se"]), rtol=RAKED if row["case_id"].startswith("raked") else ITERATED)
    if row["quantity"].startswith("mean") and not row["case_id"].startswith("raked"):
        assert_allclose([made.lower, made.upper], [float(row["lower"]), float(row["upper"])], rtol=ITERATED)


@pytest.mark.parametrize("row", _given("deff"), ids=_named)
def test_design_effects(row: Row) -> None:
    """One oracle."""
    made = _sample(row["case_id"]).design_effect(_of(row["quantity"].removeprefix("deff_")))
    assert_allclose(made, float(row["value"]), rtol=RAKED if row["case_id"] == "raked" else ITERATED)


@pytest.mark.parametrize("row", _given("sum_of_weights"), ids=_named)
def test_weights_add_up_to_the_population(row: Row) -> None:
    """One oracle."""
    assert_allclose(np.sum(_sample(row["case_id"]).weight), float(row["value"]), rtol=EXACT)


@pytest.mark.parametrize("row", [r for r in ROWS if r["quantity"] == "calibrated_weight"], ids=_named)
def test_calibrated_weights(row: Row) -> None:
    """One oracle."""
    design, _, person = row["case_id"].partition(".person")
    assert_allclose(_sample(design).weight[int(person) - 1], float(row["value"]), rtol=ITERATED)
