"""Crossed groups: the differences between the program's cells are split as the statistic splits them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from lighed.catalogue import load
from lighed.core.condition import parse
from lighed.core.estimates import Estimates
from lighed.core.types import UNKNOWN, Indicator
from lighed.store.engine import connect
from tests.reference import Row
from tests.towns import Town

CATALOGUE = load()
SHARE = CATALOGUE.indicators["F6.1"].model_copy(update={"standardise": None})
MEAN = SHARE.model_copy(
    update={"id": "income", "kind": "mean", "unit": "kroner", "numerator": parse({"income": {"exists": True}})}
)
RATE = SHARE.model_copy(update={"id": "rate", "kind": "rate", "unit": "per_1000"})
CROSSING = "education_origin"
GROUPS = CATALOGUE.stratifiers[CROSSING].level_ids
SAME = 1e-9
# Short, medium, long × non-Western, Western, Danish, and a last group that breaks the pattern.
SHARES = dict(zip(GROUPS, (0.36, 0.31, 0.3, 0.26, 0.21, 0.2, 0.16, 0.11, 0.2), strict=True))


def town(one: Indicator, sizes: dict[str, int]) -> Estimates:
    """What the program makes of so many persons in each group of one municipality."""
    people: list[Row] = [
        {"person_id": 1000 * g + k, "year": 2024, "area": "0851", CROSSING: level, "sex": "female", "age": 40}
        | {"days": 366, "employment": "unemployed" if k < SHARES.get(level, 0.5) * size else "employed"}
        | {"income": 100.0 + 7 * g + k % 20}
        for g, (level, size) in enumerate(sizes.items(), 1)
        for k in range(size)
    ]
    return Town([one], people).estimates(connect(), CROSSING)


def column(made: Estimates, measure: str, name: str) -> Any:
    found = {row["level"]: row[name] for row in made.where(measure=measure).rows()}
    return np.array([found[level] for level in GROUPS] if None not in found else found[None], float)


MAIN = np.array([[1, e == 0, e == 1, o == 0, o == 1] for e in range(3) for o in range(3)], float)
SIZES = {level: 300 + 40 * k for k, level in enumerate(GROUPS)} | {UNKNOWN: 80}


@pytest.mark.parametrize("one", [SHARE, MEAN], ids=lambda i: i.id)
def test_the_rows_are_those_of_the_statistic_on_the_same_groups(one: Indicator) -> None:
    made = town(one, SIZES)
    scale = 100 if one is SHARE else 1
    value, se, n = (column(made, "crude", name) for name in ("value", "se", "n"))
    value, se = value / scale, se / scale
    spread = value * (1 - value) if one is SHARE else n * se**2
    due = stats.strata(value, se**2, np.array((n * spread).sum() / n.sum()), MAIN)
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(column(made, "variance_partition", name), 100 * getattr(due.partition, name), rtol=SAME)
        assert_allclose(column(made, "interaction", name), scale * getattr(due.interaction, name), rtol=SAME)
    assert_allclose(column(made, "additive_share", "value"), 100 * due.change, rtol=SAME)
    assert (column(made, "interaction", "n") == n).all()


def test_what_breaks_the_pattern_is_found_beyond_the_sum() -> None:
    made = town(SHARE, dict.fromkeys(GROUPS, 5000))
    beyond = column(made, "interaction", "value")
    assert GROUPS[int(beyond.argmax())] == "long+danish"
    assert 50 < column(made, "additive_share", "value") < 95


def test_an_empty_group_is_left_out_and_says_so() -> None:
    made = town(SHARE, {level: 0 if level == GROUPS[4] else 400 for level in GROUPS})
    assert 0 < column(made, "variance_partition", "value") < 100
    (empty,) = made.where(measure="interaction", level=GROUPS[4]).rows()
    assert (empty["value"], empty["flags"]) == (None, "not_applicable")


def test_rates_and_plain_dimensions_have_no_such_rows() -> None:
    assert not {"variance_partition", "interaction"} & set(town(RATE, SIZES).distinct("measure"))
    people: list[Row] = [
        {"person_id": k, "year": 2024, "area": "0851", "education": "short", "sex": "female", "age": 40, "days": 366}
        | {"employment": "employed"}
        for k in range(9)
    ]
    assert "additive_share" not in Town([SHARE], people).estimates(connect(), "education").distinct("measure")
