"""Indices of persons are those of outside programs: value, and error by regression, by clusters, by survey design."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Moments, Sample, fractional_rank, index_of_moments, index_of_persons
from tests.golden import Row, column, read

EXACT = 1e-9  # relative: the same formula in another program
JACKKNIFE = 0.02  # relative: the jackknife is another method, to be near

INCOME, EDUCATION = read("persons/by_income.csv"), read("persons/by_education.csv")
ROWS = read("persons/expected.csv")
INDEX: dict[str, Any] = {
    "relative": "concentration_index",
    "generalised": "generalised_concentration_index",
    "erreygers": "erreygers_index",
    "wagstaff": "wagstaff_index",
}
LEFT_OVER = {"hc1": 2, "cluster_hc1": 2}  # these divide by n - 2 where a survey's variance divides by n - 1


def _named(row: Row) -> str:
    return f"{row['case_id']} {row['quantity']} {row['oracle']}"


def _error(y: Any, rank: Any, weight: Any, index: str, how: str) -> Any:
    """Standard error in the way of the program, from the slope's: it takes the mean as known."""
    unit = column(INCOME, "cluster") if "cluster" in how or "survey" in how else None
    if how == "jackknife_cluster":
        return index_of_persons(INDEX[index], y, rank, Sample(weight, unit=unit)).values().se
    place = fractional_rank(rank, weight)
    sums = Moments.of(y, place, weight)
    if how == "delta":
        return index_of_moments(INDEX[index], sums).se * y.size / (y.size - 1)
    if how == "ols":
        slope = index_of_moments("slope_index", sums).se
    else:
        slope = index_of_persons("slope_index", y, rank, Sample(weight, unit=unit), ranks="known").values().se
        slope = slope * np.sqrt((y.size - 1) / (y.size - LEFT_OVER.get(how, 1)))
    mean, spread = np.average(y, weights=weight), np.average((place - 0.5) ** 2, weights=weight)
    return (
        slope
        * spread
        * {"relative": 2 / mean, "generalised": 2, "erreygers": 8, "wagstaff": 2 / mean / (1 - mean)}[index]
    )


@pytest.mark.parametrize("row", [row for row in ROWS if "." in row["quantity"]], ids=_named)
def test_concentration_indices(row: Row) -> None:
    """Five oracles, one of them our own jackknife in another language; read from the worst-off to the best-off."""
    outcome, ranking, weighted = row["case_id"].split(".")
    index, _, how = row["quantity"].partition(".")
    y, rank = column(INCOME, outcome), column(INCOME, ranking)
    weight = column(INCOME, "weight") if weighted == "weighted" else np.ones(y.size)
    made = index_of_persons(INDEX[index], y, rank, Sample(weight))
    assert_allclose(-made.value, float(row["value"]), rtol=EXACT)
    sums = Moments.of(y, fractional_rank(rank, weight), weight)
    assert_allclose(index_of_moments(INDEX[index], sums).value, made.value, rtol=EXACT)
    assert_allclose(
        _error(y, rank, weight, index, how),
        float(row["se"]),
        rtol=JACKKNIFE if how == "jackknife_cluster" else EXACT,
    )


@pytest.mark.parametrize("row", [row for row in ROWS if "." not in row["quantity"]], ids=_named)
def test_slope_and_relative_indices(row: Row) -> None:
    """Two oracles, both by regression on ranks that are taken as known; read from the worst-off to the best-off."""
    outcome, _, design = row["case_id"].rpartition("_")
    drawn = (column(EDUCATION, "stratum"), column(EDUCATION, "psu")) if design == "full" else ()
    relative = row["quantity"].startswith("rii")
    made = index_of_persons(
        "log_relative_index" if relative else "slope_index",
        column(EDUCATION, outcome),
        column(EDUCATION, "education").astype(int),
        Sample(column(EDUCATION, "weight"), *drawn),
        ranks="known",
    ).values()
    assert_allclose(np.exp(-made.value) if relative else -made.value, float(row["value"]), rtol=EXACT)
    assert_allclose(made.se, float(row["se"]), rtol=EXACT)
