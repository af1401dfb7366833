"""Slope and relative indices with a link, by regression and adjusted for age agree with outside programs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Values, linked_line, regression, ridit
from lighed.stats.regression import LINKS
from tests.golden import Oracle, Row, by_case, column, expected, only, oracles, read

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
FITTED = 1e-6  # relative: the other program stops when the deviance comes to rest
SIMULATED = 0.03  # of a half-width: limits are quantiles of 20,000 draws
CLOSED_FORM = "R 4.2.2 matrix algebra (our closed form)"
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


def _linked(row: Row) -> Values:
    """The index of a case as the programs read it: from the first group to the last."""
    index, _, link = row["quantity"].removesuffix("_simulated").partition("_")
    made = linked_line(*_groups(row), link=link)
    return _read_back(made.slope_index if index == "sii" else made.relative_index, index)


def _read_back(made: Values, index: str) -> Values:
    if index == "sii":
        return Values(-made.value, made.se, -made.upper, -made.lower)
    return Values(1 / made.value, made.se / made.value**2, 1 / made.upper, 1 / made.lower)


@pytest.mark.parametrize(
    "oracle", oracles(TOPIC, "sii_log", "rii_log", "sii_logit", "rii_logit"), ids=lambda oracle: " ".join(oracle)
)
def test_lines_with_a_link(oracle: Oracle) -> None:
    """Two oracles for the value, one of them our own formula in another language, which also gives the limits."""
    for row in expected(*oracle):
        made = _linked(row)
        for name in ["value", "lower", "upper"] if oracle[2] == CLOSED_FORM else ["value"]:
            assert_allclose(getattr(made, name), float(row[name]), rtol=EXACT)


@pytest.mark.parametrize("quantity", ["sii_log_simulated", "sii_logit_simulated"])
def test_lines_with_a_link_have_the_limits_of_a_simulation(quantity: str) -> None:
    """A second oracle for the limits."""
    for row in only(TOPIC, quantity):
        made, lower, upper = _linked(row), float(row["lower"]), float(row["upper"])
        assert_allclose([made.lower, made.upper], [lower, upper], rtol=0, atol=SIMULATED * (upper - lower) / 2)


@pytest.mark.parametrize("quantity", [f"{i}_binomial_{link}" for i in ("sii", "rii") for link in LINKS])
def test_binomial_regression(quantity: str) -> None:
    """One oracle. Of the relative index with a logit link it gives the ends' product, not their ratio: not taken."""
    index, _, link = quantity.split("_")
    for row in only(TOPIC, quantity):
        value, _, people = _groups(row)
        counts = np.round(value * people), people, ridit(people)
        indices = regression(*counts, of="shares", family="binomial", link=link)
        made = _read_back(indices.slope_index if index == "sii" else indices.relative_index, index)
        for name in [] if quantity == "rii_binomial_logit" else ["value", "lower", "upper"]:
            assert_allclose(getattr(made, name), float(row[name]), rtol=FITTED)
        se = made.se if index == "sii" else made.se / made.value
        assert_allclose(se, float(row["se"]), rtol=FITTED)


AGES = read(f"{TOPIC}/persons_by_education_and_age.csv")


@pytest.mark.parametrize(
    ("quantity", "family", "link"),
    [("rii_log_link_age_adjusted", "poisson", "log"), ("sii_identity_link_age_adjusted", "normal", "identity")],
)
def test_regression_adjusted_for_age(quantity: str, family: Any, link: Any) -> None:
    """One oracle: a weighted regression of persons on the mean rank of their education and on their age."""
    people, age, education = (column(AGES, name) for name in ("population", "age", "education"))
    total = np.bincount(education.astype(int), people)[1:]
    rank = ridit(total)[education.astype(int) - 1]
    for row in only(TOPIC, quantity):
        y = column(AGES, row["case_id"])
        unit = (y / people).max()  # of scores and visits too: as shares of the highest
        made = regression(y / unit, people, rank, age[:, None], of="shares", family=family, link=link)
        if quantity.startswith("sii"):
            assert_allclose(-made.slope_index.value * unit, float(row["value"]), rtol=EXACT)
        else:
            assert_allclose(1 / made.relative_index.value, float(row["value"]), rtol=EXACT)
