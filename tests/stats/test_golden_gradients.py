"""Slope and relative indices with a link, by regression and adjusted for age agree with outside programs."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES
from tests.golden import Row, by_case, column, only

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
TOPIC = "slope_and_relative_index"
GROUPS = by_case(f"{TOPIC}/grouped.csv")


def _groups(row: Row) -> tuple[Any, Any, Any]:
    """Value, variance and population of a case."""
    value, se, weight = (column(GROUPS[row["case_id"]], name) for name in ("value", "se", "population"))
    return value, se**2, weight


@pytest.mark.parametrize("row", only(TOPIC, "rii_scotpho"), ids=lambda row: row["case_id"])
def test_the_slope_over_the_mean(row: Row) -> None:
    """One oracle, for the value; its limits take the mean as known, ours do not."""
    value, _, weight = _groups(row)
    assert_allclose(MEASURES["relative_index_mean"](value, weight), float(row["value"]), rtol=EXACT)
