"""Who gave most of a sum, and how many senders stand behind a figure: against a plain reading of the same persons."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

from lighed.analysis.handover import handover
from lighed.catalogue import load
from lighed.core.condition import parse
from lighed.core.estimates import KEPT, Estimates
from lighed.core.types import COUNTRY, UNKNOWN
from tests import reference
from tests.analysis.test_handover import EVERYBODY, STARTED, told
from tests.towns import Town, people, records

CATALOGUE = load()
AT = (COUNTRY, "1084", "0101", "0147", "0851")
MEAN = {"kind": "mean", "standardise": None}
AREAS = ["0101", "0851", "0813"]
INCOME = CATALOGUE.indicators["F6.1"].model_copy(
    update=MEAN | {"id": "income", "unit": "kroner", "numerator": parse({"income": {"exists": True}})}
)
OFTEN = CATALOGUE.indicators["I7.1"].model_copy(update=MEAN | {"id": "often", "unit": "per_person"})
SPENT = CATALOGUE.indicators["I7.1"].model_copy(update=MEAN | {"id": "spent", "unit": "kroner", "basis": "event"})


def given(town: Town, by: str | None) -> dict[tuple[Any, ...], list[int]]:
    """What each person gave, in thousandths, by indicator, year, municipality and level."""
    persons = {(row["person_id"], row["year"]): row for row in town.people}
    amounts: dict[tuple[Any, ...], int] = defaultdict(int)
    for key, row in persons.items():
        if reference.holds(INCOME.population, row) and row["income"] is not None:
            amounts["income", *key] += round(1000 * abs(row["income"]))
    for event in town.events:
        key = event["person_id"], event["year"]
        for one in (OFTEN, SPENT):
            both = persons.get(key, {}) | event
            if event["item"] == one.item and key in persons and reference.holds(one.population, both):
                if one is SPENT:
                    amounts["spent", *key] += round(1000 * abs(event["amount"] or 0))
                elif reference.holds(one.numerator, both):
                    amounts["often", *key] += 1000
    found = defaultdict(list)
    for (name, *key), amount in amounts.items():
        row = persons[tuple(key)]
        found[name, str(row["year"]), row["area"], row[by] if by else None].append(amount)
    return found


@pytest.mark.parametrize("by", [None, "education", "sex"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_sum_of_every_group_and_the_two_who_gave_most_of_it(seed: int, by: str | None, engine: Any) -> None:
    rng, means = np.random.default_rng(seed), [INCOME, OFTEN, SPENT]
    persons = people(rng, 200, means, CATALOGUE, AREAS)
    for row in persons[::3]:
        row["income"] = float(rng.integers(-300, 900)) + 0.25
    town = Town(means, persons, records(rng, persons, [OFTEN, SPENT]))
    kept = town.estimates(engine, by).where(measure=KEPT, area=AREAS).rows()
    found: dict[tuple[Any, ...], dict[str, float]] = defaultdict(dict)
    for row in kept:
        found[row["indicator"], row["period"], row["area"], row["level"]][row["component"]] = row["value"]
    due = given(town, by)
    assert {key[0] for key in due} == {"income", "often", "spent"}
    assert found == {
        key: {"total": sum(of), "largest": max(of), "second": sorted([*of, 0])[-2]} for key, of in due.items()
    }


def test_of_areas_together_the_two_are_those_of_all_their_municipalities(engine: Any) -> None:
    towns = [code for code, area in CATALOGUE.areas.items() if area.kind == "municipality"]
    plain = {"days": 365, "sex": "female", "education": "short", "psychiatric_days_before": 1}
    persons = [
        plain | {"person_id": k, "year": 2026, "area": code, "age": 40, "income": float(100 + k)}
        for k, code in enumerate(towns)
    ]
    one = CATALOGUE.indicators["F7.4a"]
    kept = Town([one], persons).estimates(engine, None, "poverty_fifth").where(measure=KEPT)
    amounts = {code: 1000 * (100 + k) for k, code in enumerate(towns)}
    levels = CATALOGUE.stratifiers["poverty_fifth"].crosswalks[0].levels
    groups = {("DK", None): towns} | {("DK", level): [*codes] for level, codes in levels.items()}
    groups["1081", None] = [code for code in towns if "1081" in reference.above(CATALOGUE, code, 2026)]
    for (area, level), codes in groups.items():
        of = sorted(amounts[code] for code in codes if code in amounts)
        rows = {row["component"]: row["value"] for row in kept.where(area=area, level=level).rows()}
        assert rows == {"total": sum(of), "largest": of[-1], "second": of[-2]}, (area, level)


def test_the_senders_behind_a_group_are_those_that_sent_somebody_to_the_step() -> None:
    rows = Estimates.concat([*handover(told())]).where(measure=KEPT, indicator=STARTED, level=None).rows()
    units = {area: {one for (at, one), (n, _) in EVERYBODY.items() if at == area and n} - {UNKNOWN} for area in AT}
    assert {row["area"]: row["value"] for row in rows if row["area"] in AT} == {at: len(of) for at, of in units.items()}
    assert (units[COUNTRY], units["0851"]) == ({"a", "b"}, set())
    assert [*handover(told(senders=False))] == []
