"""Rates and shares at other levels of confidence, exact limits and indirect standardisation, by outside programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Values, direct, indirect, mean, proportion, rate
from lighed.stats.rates import dobson
from tests.golden import Row, by_case, column, only, read

EXACT = 1e-9  # relative: the same formula in another program
INVERTED = 1e-7  # relative: limits that the program finds by iteration

SHARES: list[tuple[str, Any, float]] = [
    ("proportion_wilson_99.8", {"confidence": 0.998}, EXACT),
    ("proportion_exact_95", {"interval": "exact"}, INVERTED),
]
RATES: list[tuple[str, Any]] = [
    ("rate_per_100000_99.8", {"confidence": 0.998}),
    ("rate_exact_per_100000_95", {"interval": "exact"}),
]


def assert_limits(made: Values, rows: list[Row], tolerance: float = EXACT) -> None:
    """Value and both limits are the program's, and missing where that gives none."""
    for name in ("value", "lower", "upper"):
        want = column(rows, name)
        assert np.isfinite(want).any()
        assert_allclose(getattr(made, name), want, rtol=tolerance, atol=1e-15, err_msg=name)


def _inputs(name: str, rows: list[Row]) -> list[Row]:
    cells = {row["case_id"]: row for row in read(f"proportions_rates_means/{name}.csv")}
    return [cells[row["case_id"]] for row in rows]


@pytest.mark.parametrize(("quantity", "asked", "tolerance"), SHARES)
def test_shares(quantity: str, asked: Any, tolerance: float) -> None:
    """One oracle for each."""
    rows = only("proportions_rates_means", quantity)
    inputs = _inputs("proportions", rows)
    assert_limits(proportion(column(inputs, "x"), column(inputs, "n"), **asked), rows, tolerance)


@pytest.mark.parametrize(("quantity", "asked"), RATES)
def test_rates(quantity: str, asked: Any) -> None:
    """One oracle for each."""
    rows = only("proportions_rates_means", quantity)
    inputs = _inputs("rates", rows)
    made = rate(column(inputs, "events"), column(inputs, "person_years"), **asked).scaled(1e5)
    assert_limits(made, rows)


def test_means_at_another_level_of_confidence() -> None:
    """One oracle."""
    rows, values = only("proportions_rates_means", "mean_t_99.8"), by_case("proportions_rates_means/means.csv")
    y = [column(values[row["case_id"]], "value") for row in rows]
    made = mean(
        [part.sum() for part in y], [(part**2).sum() for part in y], [part.size for part in y], confidence=0.998
    )
    assert_limits(made, rows)


def _areas(rows: list[Row]) -> Any:
    cells = by_case("standardisation/dsr.csv", "area")
    shape = [cells[row["case_id"]] for row in rows]
    return (np.stack([column(c, name) for c in shape]) for name in ("events", "population", "standard"))


@pytest.mark.parametrize("confidence", [0.95, 0.998])
@pytest.mark.parametrize("quantity", ["smr", "isr_per_100000"])
def test_ratios_and_rates_are_indirectly_standardised(quantity: str, confidence: float) -> None:
    """One oracle."""
    rows = only("standardisation", f"{quantity}_{confidence * 100:g}")
    events, n, _ = _areas(rows)
    reference = read("standardisation/reference.csv")
    above, below = column(reference, "ref_events"), column(reference, "ref_population")
    ratio, expected = indirect(events.sum(-1), n, above / below, confidence=confidence)
    assert_limits(ratio if quantity == "smr" else ratio.scaled(1e5 * above.sum() / below.sum()), rows)
    assert_allclose(expected, column(only("standardisation", "expected_events"), "value"), rtol=EXACT)


def test_standardised_rates_have_dobsons_interval_at_another_level_of_confidence() -> None:
    """One oracle."""
    rows = only("standardisation", "dsr_per_100000_99.8")
    events, n, standard = _areas(rows)
    value, variance, _ = direct(events / n, events / n**2, n, standard)
    assert_limits(dobson(value, variance, events.sum(-1), confidence=0.998).scaled(1e5), rows)
