"""Parts of steps: what became of those who left, and why those who were lost dropped out, counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lighed.analysis.examples import along_of
from lighed.analysis.fates import fates
from lighed.analysis.parts import Told
from lighed.analysis.pathways import episodes
from lighed.analysis.reasons import reasons
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.pathway import PathwayExample
from lighed.core.types import COUNTRY
from lighed.sources.synthetic.happenings import LEVELS
from lighed.stats import proportion
from lighed.store.engine import connect, memory_table
from tests.conftest import Synthetic

PATHWAY = "rehabilitation"
PLANNED, STARTED, COMPLETED = (f"{PATHWAY}.{step}" for step in ("planned", "started", "completed"))
DAY = date(2020, 3, 1)

# One patient each: the group, the municipality, what happened on which day of March 2020, and how it ended.
PATIENTS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("short", "0101", {"plan": 2, "start": 9}, {}),
    ("short", "0101", {"plan": 2}, {}),
    ("short", "0851", {"plan": 2, "dropout": (9, "transport_cost", None), "later": (20, "active_refusal", None)}, {}),
    ("short", "0851", {"plan": 2, "dropout": (9, "no_show", "loss")}, {}),
    ("short", "0851", {"plan": 2, "dropout": (9, "no_show", "exception")}, {}),
    ("short", "0851", {"plan": 2}, {"died": date(2020, 3, 20)}),
    ("short", "0851", {}, {"died": date(2020, 3, 4)}),
    ("long", "0101", {"plan": 2}, {"left": date(2020, 3, 30)}),
    ("long", "0101", {"plan": 2, "dropout": (9, "error", "exclusion")}, {}),
    ("long", "0101", {"plan": 2, "dropout": (9, "transport_cost", "loss"), "start": 12}, {}),
    ("long", "0851", {"plan": 2, "dropout": (29, "transport_cost", "loss")}, {"died": date(2020, 3, 20)}),
    ("long", "0851", {"plan": 2, "dropout": (9, "postponed", "exception")}, {}),
    ("long", "0851", {"plan": 2, "dropout": (1, "transport_cost", "loss")}, {}),  # before the plan: of another course
]


@pytest.fixture(scope="module")
def told(catalogue: Catalogue) -> Told:
    engine, items = connect(), {"plan": "rehabilitation_plan", "start": "rehabilitation_start"}
    events: list[dict[str, Any]] = []
    for person, (_, _, happened, _) in enumerate(PATIENTS, 1):
        events.append({"person": person, "item": "hospital_admission", "date": DAY})
        for what, given in happened.items():
            day, *why = given if isinstance(given, tuple) else (given,)
            row = {"person": person, "item": items.get(what, "rehabilitation_dropout"), "date": DAY.replace(day=day)}
            events.append(row | dict(zip(("reason", "polarity"), why, strict=False)))
    persons = tuple({"person": person} | end for person, (*_, end) in enumerate(PATIENTS, 1))
    example = PathwayExample(known_until=date(2021, 12, 31), persons=persons, events=tuple(events), expect=())
    people = pa.table(
        {
            "person_id": pa.array(range(1, len(PATIENTS) + 1), pa.int64()),
            "year": pa.array([2020] * len(PATIENTS), pa.int32()),
            "area": [area for _, area, *_ in PATIENTS],
            "age": pa.array([50] * len(PATIENTS), pa.int16()),
            "education": [level for level, *_ in PATIENTS],
        }
    )
    pathway = catalogue.pathways[PATHWAY]
    everywhere = [code for code, area in catalogue.areas.items() if area.kind == "municipality"]
    rows = episodes(pathway, along_of(engine, example))
    return Told.of(
        pathway,
        rows,
        memory_table(engine, "people", people),
        catalogue,
        everywhere,
        [catalogue.stratifiers["education"]],
    )


def found(told: Told, catalogue: Catalogue, measure: str, step: str, level: str) -> dict[str, tuple[int, int]]:
    made = Estimates.concat([part for kind in (fates, reasons) for part in kind(told)])
    rows = made.where(measure=measure, indicator=step, level=level, area=COUNTRY).rows()
    return {row["component"]: (row["n"], row["events"]) for row in rows}


FATES = {
    (PLANNED, "short"): {"excepted": (7, 0), "died": (7, 1), "emigrated": (7, 0), "excluded": (7, 0)},
    (PLANNED, "long"): {"excepted": (5, 0), "died": (5, 0), "emigrated": (5, 0), "excluded": (6, 1)},
    (STARTED, "short"): {"excepted": (6, 1), "died": (6, 1), "emigrated": (6, 0)},
    (STARTED, "long"): {"excepted": (5, 1), "died": (5, 1), "emigrated": (5, 1)},
    (COMPLETED, "short"): {"excepted": (1, 0), "died": (1, 0), "emigrated": (1, 0)},
}


@pytest.mark.parametrize(("step", "level"), FATES)
def test_those_who_left_are_counted_of_those_who_came(step: str, level: str, told: Told, catalogue: Catalogue) -> None:
    assert found(told, catalogue, "fate", step, level) == FATES[step, level]


@pytest.mark.parametrize(
    ("level", "n", "due"),
    [("short", 3, {"transport_cost": 1, "no_show": 1, "not_stated": 1}), ("long", 1, {"not_stated": 1})],
)
def test_those_who_were_lost_are_counted_by_their_reason(
    level: str, n: int, due: dict[str, int], told: Told, catalogue: Catalogue
) -> None:
    why = found(told, catalogue, "reason", STARTED, level)
    assert {name: events for name, (_, events) in why.items() if events} == due
    assert {of for of, _ in why.values()} == {n}
    assert set(why) == {r.id for r in catalogue.reasons.values() if r.polarity == "loss"} | {"not_stated"}


@pytest.mark.parametrize(("level", "n", "due"), [("short", 6, {"not_stated": 1}), ("long", 5, {"postponed": 1})])
def test_those_who_were_excepted_are_counted_by_their_reason_of_those_who_came(
    level: str, n: int, due: dict[str, int], told: Told, catalogue: Catalogue
) -> None:
    why = found(told, catalogue, "exception", STARTED, level)
    assert {name: events for name, (_, events) in why.items() if events} == due
    assert {of for of, _ in why.values()} == {n}


def test_regions_make_up_the_country(told: Told, catalogue: Catalogue) -> None:
    made = Estimates.concat([part for kind in (fates, reasons) for part in kind(told)])
    sums = Counter[tuple[str, str, str, str]]()
    for row in made.rows():
        sums[catalogue.areas[row["area"]].kind, row["indicator"], row["measure"], row["component"]] += row["events"]
    whole = {key[1:]: events for key, events in sums.items() if key[0] == "country"}
    assert {key[1:]: events for key, events in sums.items() if key[0] == "region"} == whole
    assert {key[0] for key in sums} == {"country", "region"}


def test_a_reason_that_does_not_say_what_it_means_means_what_the_list_says(synthetic: Synthetic) -> None:
    reason = synthetic.store.current().read(connect(folders=[synthetic.store.folder]), "reason")
    assert reason.polarity.notnull().sum().execute() == 0
    rows = synthetic.estimates.where(measure="reason", component="transport_cost", area=COUNTRY, stratifier=None)
    assert sum(row["events"] for row in rows.rows()) > 100


STEPS = {"rehabilitation": "rehabilitation", "prevention": "prevention", "cardiac": "cardiac_rehabilitation"}


def test_the_cost_of_transport_is_the_reason_as_often_as_was_planted(synthetic: Synthetic) -> None:
    held = 0
    for name, level in product(STEPS, LEVELS):
        where = {"indicator": f"{STEPS[name]}.started", "area": COUNTRY, "stratifier": "education", "level": level}
        rows = synthetic.estimates.where(measure="reason", **where).rows()
        events = Counter[str]()
        for row in rows:
            events[row["component"]] += row["events"]
        share = proportion(events["transport_cost"], events.total() - events["not_stated"])
        sums = [of for (item, _), of in synthetic.truth.sums.items() if item == f"{name}_dropout"]
        total, persons = np.sum(sums, axis=(0, 1))[LEVELS.index(level)]
        held += bool(share.lower <= total / persons <= share.upper)
    assert held >= 7  # of 9 intervals of 95 %, fewer hold once in 100
