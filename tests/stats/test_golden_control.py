"""Funnel limits, over-dispersion, classes and control charts are those of outside programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import indirect, proportion
from lighed.stats.control import xmr
from lighed.stats.funnel import (
    dispersion_of_proportions,
    dispersion_of_ratios,
    limits_of_proportions,
    limits_of_ratios,
    significance,
)
from tests.golden import Row, by_case, column, read

EXACT = 1e-9  # relative: the same formula in another program
ROUNDED = (
    1e-6  # relative: the program rounds the points of the normal distribution or looks for the limits step by step
)

RATIOS, SHARES = by_case("control/ratios.csv"), by_case("control/proportions.csv")
ROWS = read("control/expected.csv")
SCALES: dict[str, Any] = {"SHMI": "log", "CQC": "square root"}


def _rows(case: str, quantity: str) -> list[Row]:
    """The program's rows of all areas, in their order."""
    found = [row for row in ROWS if row["case_id"].startswith(f"{case}.") and row["quantity"] == quantity]
    return [row for row in found if "axis" not in row["case_id"]]


def _one(case: str, quantity: str) -> float:
    (row,) = (row for row in ROWS if (row["case_id"], row["quantity"]) == (case, quantity))
    return float(row["value"])


def assert_limits(made: Any, rows: list[Row], tolerance: float) -> None:
    assert len(rows) == len(made[0])
    assert_allclose(made[0], column(rows, "lower"), rtol=tolerance, atol=tolerance)
    assert_allclose(made[1], column(rows, "upper"), rtol=tolerance)


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("case", RATIOS)
def test_limits_of_ratios(case: str, confidence: float) -> None:
    """One oracle."""
    rows = [row for row in _rows(case, f"poisson_limits_{confidence * 100:g}") if row["case_id"].count(".") == 1]
    assert_limits(limits_of_ratios(column(RATIOS[case], "expected"), confidence=confidence), rows, ROUNDED)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("case", RATIOS)
def test_overdispersion_of_ratios_and_the_limits_that_it_widens(case: str, scale: str) -> None:
    """One oracle; of the limits on the square-root scale none but our own, for the program does not turn them back."""
    observed, expected = column(RATIOS[case], "observed"), column(RATIOS[case], "expected")
    phi, tau2 = dispersion_of_ratios(observed, expected, scale=SCALES[scale])
    given = _one(f"{case}.{scale}", "phi"), _one(f"{case}.{scale}", "tau2")
    assert_allclose([phi, tau2], given, rtol=EXACT, atol=1e-15)
    levels = [0.95, 0.998] if scale == "SHMI" else [0.95]
    for confidence in levels:
        made = limits_of_ratios(expected, tau2=tau2, scale=SCALES[scale], confidence=confidence)
        assert_limits(made, _rows(f"{case}.{scale}", f"overdispersed_limits_{confidence * 100:g}"), ROUNDED)


@pytest.mark.parametrize("case", SHARES)
def test_overdispersion_of_shares_and_the_limits_that_it_widens(case: str) -> None:
    """One oracle."""
    x, n = column(SHARES[case], "x"), column(SHARES[case], "n")
    phi, tau2 = dispersion_of_proportions(x, n)
    assert_allclose([phi, tau2], [_one(case, "phi"), _one(case, "tau2")], rtol=EXACT, atol=1e-15)
    average = x.sum() / n.sum()
    for wider, quantity in ((0.0, "limits_95_arcsine"), (tau2, "overdispersed_limits_95")):
        assert_limits(limits_of_proportions(average, n, tau2=wider, scale="arcsine"), _rows(case, quantity), ROUNDED)


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("case", SHARES)
def test_limits_of_shares(case: str, confidence: float) -> None:
    """One oracle, whose limits of the smallest areas are above 1."""
    quantity = f"funnel_limits_wilson_{confidence * 100:g}"
    rows = [row for row in ROWS if row["case_id"].startswith(f"{case}.axis") and row["quantity"] == quantity]
    n = np.array([float(row["case_id"].partition("=")[2]) for row in rows])
    average = column(SHARES[case], "x").sum() / column(SHARES[case], "n").sum()
    lower, upper = limits_of_proportions(average, n, confidence=confidence)
    assert len(n) > 5
    assert_allclose(lower, column(rows, "lower"), rtol=ROUNDED, atol=ROUNDED)
    assert_allclose(upper, np.minimum(column(rows, "upper"), 1), rtol=ROUNDED)


@pytest.mark.parametrize("case", [*RATIOS, *SHARES])
def test_classes_of_significance(case: str) -> None:
    """One oracle."""
    if case in RATIOS:
        observed, expected = column(RATIOS[case], "observed"), column(RATIOS[case], "expected")[:, None]
        inner, outer = (indirect(observed, expected, 1.0, confidence=level)[0] for level in (0.95, 0.998))
        made = significance(inner, outer, 1.0)
    else:
        x, n = column(SHARES[case], "x"), column(SHARES[case], "n")
        made = significance(proportion(x, n), proportion(x, n, confidence=0.998), x.sum() / n.sum())
    assert made.tolist() == column(_rows(case, "significance_class"), "value").tolist()


SERIES = by_case("control/xmr.csv")
RANGES: dict[str, Any] = {".screened": "screened", "": "all"}


@pytest.mark.parametrize("screened", RANGES)
@pytest.mark.parametrize("case", SERIES)
def test_charts_of_single_values(case: str, screened: str) -> None:
    """One oracle for the limits and for which points stand out, which it calls improvement (1) or concern (-1)."""
    rows = SERIES[case]
    chart = xmr(column(rows, "value"), ranges=RANGES[screened])
    (limits,) = (r for r in ROWS if (r["case_id"], r["quantity"]) == (case + screened, "xmr_mean"))
    made = [part[0] for part in (chart.centre, chart.lower, chart.upper)]
    assert_allclose(made, [float(limits[name]) for name in ("value", "lower", "upper")], rtol=EXACT)
    kinds = [float(r["value"]) for r in ROWS if r["case_id"].startswith(f"{case}{screened}@")]
    good = 1 if rows[0]["good_direction"] == "up" else -1
    assert (good * chart.signal).tolist() == kinds
