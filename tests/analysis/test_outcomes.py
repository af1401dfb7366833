"""What comes after illness: what was planted is found, and what was there before is not booked as care."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import date
from typing import Any

import numpy as np
import pytest

from lighed.analysis.excess import _ageing
from lighed.core.types import COUNTRY
from lighed.sources.synthetic.happenings import LEVELS
from lighed.store.engine import connect
from tests.conftest import Synthetic

DIED = ("heart_outcome.died_within_30", "heart_outcome.died_within_365")


def rows_of(synthetic: Synthetic, indicator: str, measure: str) -> dict[tuple[str, str], dict[str, Any]]:
    where = {"indicator": indicator, "measure": measure, "area": COUNTRY, "stratifier": "education"}
    rows = synthetic.estimates.where(**where).rows()
    known = [r for r in rows if r["level"] in LEVELS and r["value"] is not None and r["flags"] != "immature"]
    return {(row["period"], row["level"]): row for row in known}


@pytest.mark.parametrize("indicator", ["sick_leave.in_work_week_104", "F6.5"])
def test_the_return_to_work_that_was_planted_is_found(indicator: str, synthetic: Synthetic) -> None:
    found = rows_of(synthetic, indicator, "crude")
    due = {key: 100 * synthetic.truth.share("return_to_work", int(key[0]), key[1]) for key in found}
    assert len(found) == 24  # a year is complete when two more have passed
    assert sum(row["lower"] <= due[key] <= row["upper"] for key, row in found.items()) >= 21


def pooled(synthetic: Synthetic, level: str) -> tuple[float, float]:
    """Deaths above the expected from day 31 to a year after the admission, of all years, and its standard error."""
    early, late = (rows_of(synthetic, indicator, "excess_deaths") for indicator in DIED)
    both = [(early[key], late[key]) for key in late if key[1] == level and key in early]
    n = sum(b["n"] for _, b in both)
    more = sum(b["n"] * (b["value"] - a["value"]) for a, b in both) / n
    return more, math.sqrt(sum(b["n"] ** 2 * max((b["se"] or 0) ** 2 - (a["se"] or 0) ** 2, 0) for a, b in both)) / n


@pytest.mark.parametrize("level", LEVELS)
def test_a_group_that_dies_more_anyway_has_no_excess_where_none_was_planted(level: str, synthetic: Synthetic) -> None:
    """All planted deaths are within thirty days of the admission; later the ill die as others of their group do."""
    more, error = pooled(synthetic, level)
    assert abs(more) < 3 * error


def test_the_excess_of_the_short_educated_is_as_planted_the_larger(synthetic: Synthetic) -> None:
    found = rows_of(synthetic, DIED[0], "excess_deaths")
    mean = defaultdict(
        float, {level: np.mean([r["value"] for k, r in found.items() if k[1] == level]) for level in LEVELS}
    )
    assert mean["short"] > mean["long"] > 0


def test_the_states_of_those_who_were_in_work_add_up(synthetic: Synthetic) -> None:
    parts: dict[Any, list[Any]] = defaultdict(list)
    for row in synthetic.estimates.where(measure="state", area=COUNTRY).rows():
        parts[row["indicator"], row["stratifier"], row["level"], row["period"], row["horizon"]].append(row)
    assert {key[0] for key in parts} == {"heart_outcome.died_within_30", "sick_leave.in_work_week_52"}
    for rows in parts.values():
        assert {row["n"] for row in rows} == {sum(row["events"] for row in rows)}


def test_those_in_work_of_the_states_are_those_in_work_of_the_step(synthetic: Synthetic) -> None:
    """But for those who died or emigrated, who stand in no part of a step's share."""
    states, steps = (synthetic.estimates.where(area=COUNTRY, stratifier=None, period="2019") for _ in "ab")
    at = states.where(indicator="sick_leave.in_work_week_52", measure="state", horizon="728").rows()
    gone = sum(row["events"] for row in at if row["component"] in {"died", "emigrated"})
    (step,) = steps.where(indicator="sick_leave.in_work_week_104", measure="crude").rows()
    (employed,) = [row for row in at if row["component"] == "employed"]
    assert (step["events"], step["n"]) == (employed["events"], employed["n"] - gone)


def test_discharges_without_an_address_are_those_that_the_tables_have(synthetic: Synthetic) -> None:
    engine, snapshot = connect(folders=[synthetic.store.folder]), synthetic.store.current()
    event, position = (snapshot.read(engine, name).to_pyarrow().to_pylist() for name in ("event", "position"))
    without = {row["person_id"]: row for row in position if row["dimension"] == "address" and row["category"] == "none"}
    ends = {
        (e["person_id"], e["date_to"])
        for e in event
        if e["item"] == "psychiatric_admission" and e["date_to"] and e["date_to"].year == 2019
    }
    there = [
        without[who]["valid_from"] <= day < (without[who]["valid_to"] or date.max)
        for who, day in ends
        if who in without
    ]
    (row,) = synthetic.estimates.where(indicator="F7.3", area=COUNTRY, stratifier=None, period="2019").rows()
    assert 0 < row["events"] <= sum(there)
    assert row["n"] <= len(ends)
    assert row["n"] >= 0.97 * len(ends)  # those who died on the day or before have no discharge


def test_mortality_follows_the_age_and_the_years() -> None:
    """Half way to the next year it is half way between the two; after five years all have come into the next band."""
    first, second = np.arange(60.0).reshape(1, -1), 100 + np.arange(60.0).reshape(1, -1)
    drawn = _ageing({2020: first, 2021: second}, 2020, 1826)
    assert drawn[0, 3, 0] == 3
    assert drawn[0, 3, 183] == pytest.approx(3 + (183 / 365.25) * (103 + 1 / 5 - 3))
    assert drawn[0, 3, 1826] == pytest.approx(104, abs=0.01)
    assert drawn[0, 19, 1826] == pytest.approx(119)  # nobody grows out of the last band
