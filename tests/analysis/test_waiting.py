"""Waiting for a step: from events by episodes to curves, against outside programs and a plain reading."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

from lighed.analysis.examples import along_of
from lighed.analysis.parts import Told
from lighed.analysis.pathways import episodes
from lighed.analysis.waiting import waiting
from lighed.catalogue import Catalogue
from lighed.core.estimates import KEPT, Estimates
from lighed.core.pathway import Pathway, PathwayExample
from lighed.core.types import COUNTRY, Stratifier
from lighed.store.engine import connect, memory_table
from tests.golden import only, read

TEXT = {"da": "x", "en": "x"}
NAMED = {"title": TEXT, "short": TEXT}
KNOWN = date(2020, 12, 31)
DAYS = (0, 1, 7, 14, 30, 60, 90, 180, 300)
EXACT = 1e-9  # relative: the same formula in another program
GROUP = Stratifier.model_validate(
    {"id": "education", **NAMED, "ordered": True, "levels": [{"id": k, "title": TEXT} for k in "123"]}
)
Person = dict[str, Any]


def pathway(*steps: dict[str, Any], **more: Any) -> Pathway:
    given = [NAMED | {"item": step["id"]} | step for step in steps]
    fixed = {"id": "p", **NAMED, "clock": "calendar_day", "index": {"item": "index", "rule": "each"}}
    return Pathway.model_validate(fixed | {"steps": given, "source": {"title": TEXT, "owner": "x"}} | more)


def followed(path: Pathway, catalogue: Catalogue, persons: list[Person]) -> Estimates:
    """What is found of persons, each with a `group`, the date of the `index`, and the days of what came after it."""

    def when(person: Person, name: str) -> date | None:
        return None if person.get(name) is None else person["index"] + timedelta(int(person[name]))

    items = {step.item for step in path.steps} | {u.item for step in path.steps for u in step.unless}
    events = [
        {"person": number, "item": item, "date": when(person | {"index_day": 0}, day)}
        for number, person in enumerate(persons)
        for item, day in [("index", "index_day"), *((item, item) for item in sorted(items) if item in person)]
    ]
    lives = [{"person": n, "died": when(p, "died"), "left": when(p, "left")} for n, p in enumerate(persons)]
    example = PathwayExample(known_until=KNOWN, persons=tuple(lives), events=tuple(events), expect=())
    engine = connect()
    rows = {
        "person_id": pa.array(range(len(persons)), pa.int64()),
        "year": pa.array([person["index"].year for person in persons], pa.int32()),
        "area": ["0101"] * len(persons),
        "education": [str(person.get("group", 1)) for person in persons],
    }
    areas = {code: area for code, area in catalogue.areas.items() if area.kind != "municipality" or code == "0101"}
    small = dataclasses.replace(catalogue, areas=areas)  # a country of one municipality
    people = memory_table(engine, "people", pa.table(rows))
    told = Told.of(path, episodes(path, along_of(engine, example)), people, small, ["0101"], [None, GROUP])
    return Estimates.concat([*waiting(told)]).where(area=COUNTRY)


def numbers(found: Estimates, measure: str, name: str = "value", **where: Any) -> Any:
    """A column of a measure, in the order of horizons."""
    rows = found.where(measure=measure, **where).rows()
    return np.array([row[name] for row in sorted(rows, key=lambda row: int(row["horizon"]))], float)


# --- outside programs


ONE = pathway({"id": "service", "days": [0, 346], "horizons": DAYS})


def registered() -> list[Person]:
    """The persons of a file as registers would have them: who is censored began so many days before the end."""
    persons = []
    for row in read("survival/competing.csv"):
        day, status = int(row["days"]), int(row["status"])
        begun = {"group": row["group"], "index": KNOWN - timedelta(350 if status else day)}
        persons.append(begun | ({} if status == 0 else {("service", "died")[status - 1]: day}))
    return persons


@pytest.fixture(scope="module")
def competing(catalogue: Catalogue) -> Estimates:
    return followed(ONE, catalogue, registered())


def given(quantity: str, like: str) -> list[Any]:
    """The rows of another program's quantity, each named by its case."""
    rows = [row for row in only("survival", quantity) if re.fullmatch(like, row["case_id"])]
    return [pytest.param(row, id=row["case_id"]) for row in rows]


@pytest.mark.parametrize("row", given("cif_etm", r"competing\.g.\.service@.*"))
def test_the_curve_from_events_is_that_of_another_program(row: dict[str, str], competing: Estimates) -> None:
    """One oracle, with its limits."""
    case, day = row["case_id"].split("@")
    (ours,) = competing.where(measure="waiting_incidence", level=case[11], horizon=day).rows()
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(ours[name], 100 * float(row[name]), rtol=EXACT)


@pytest.mark.parametrize("group", ["1", "2", "3"])
def test_the_restricted_mean_is_that_of_another_program(group: str, catalogue: Catalogue) -> None:
    found = followed(pathway({"id": "service", "days": [0, 180]}), catalogue, registered())
    (ours,) = found.where(measure="waiting_time_lost", level=group).rows()
    for quantity, name in (("mean_time_in_state_180", "value"), ("mean_time_in_state_180_pseudo", "se")):
        (row,) = (r for r in only("survival", quantity) if r["case_id"] == f"competing.g{group}.service")
        due = float(row[name])
        assert_allclose(ours[name], 180 - due if name == "value" else due, rtol=EXACT)


@pytest.mark.parametrize("row", given("cif_difference", r"competing\.g3_vs_g1\.service@.*"))
def test_the_difference_is_that_of_another_program(row: dict[str, str], competing: Estimates) -> None:
    """Group 3 less group 1 there; here group 1 is the worst-off, and more of the service is better."""
    day = row["case_id"].split("@")[1]
    (ours,) = competing.where(measure="waiting_difference", component=None, horizon=day).rows()
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(ours[name], 100 * float(row[name]), rtol=EXACT)


def test_positive_means_that_the_worse_off_wait_longer_and_fewer_of_them_come(competing: Estimates) -> None:
    lost = [competing.where(measure="waiting_time_lost", level=group).rows()[0] for group in ("1", "3")]
    (days,) = competing.where(measure="waiting_difference", component="time_lost").rows()
    assert days["value"] == pytest.approx(lost[0]["value"] - lost[1]["value"])
    assert days["value"] > 0
    for row in (*lost, days):
        assert_allclose([row["value"] - row["lower"], row["upper"] - row["value"]], 1.96 * row["se"], rtol=1e-4)
    read = {"7", "30", "180"}
    shares = [numbers(competing, "waiting_incidence", level=group, horizon=read) for group in ("1", "3")]
    assert_allclose(numbers(competing, "waiting_ratio", horizon=read), shares[1] / shares[0])


# --- a plain reading


CHAIN = pathway(
    {"id": "plan", "days": [-5, 20], "unless": [{"item": "excuse", "days": [0, 20]}]},
    {"id": "start", "after": "plan", "anchor": "plan", "days": [0, 40], "horizons": [0, 10, 25]},
)


def drawn(rng: np.random.Generator, persons: int, begun: Callable[[int], date]) -> list[Person]:
    def one(number: int) -> Person:
        plan = int(rng.integers(-5, 30))
        days = {"plan": plan, "start": plan + rng.integers(0, 60), "died": rng.integers(0, 120), "excuse": 5}
        days["left"] = rng.integers(0, 120)
        often = {"plan": 0.9, "start": 0.8, "died": 0.5, "left": 0.3, "excuse": 0.1}
        there = {name: int(day) for name, day in days.items() if rng.random() < often[name]}
        return {"group": rng.integers(1, 4), "index": begun(number)} | there

    return [one(number) for number in range(persons)]


def waited(person: Person) -> tuple[int, str] | None:
    """The day from the plan, and what came then, of a person with one; None without."""
    died, left, plan, start = (person.get(name, 999) for name in ("died", "left", "plan", "start"))
    if plan > min(20, died):
        return None
    last = min(plan + 40, (KNOWN - person["index"]).days)
    if plan <= start <= min(last, died):
        return start - plan, "reached"
    out = min(died, left)
    return (max(out - plan, 0), "gone") if out <= last else (last - plan, "open")


def test_with_complete_follow_up_the_incidence_is_the_plain_share(catalogue: Catalogue) -> None:
    persons = drawn(np.random.default_rng(1), 600, lambda _: date(2020, 6, 1))
    found = followed(CHAIN, catalogue, persons)
    for group in (1, 2, 3):
        ends = [end for person in persons if person["group"] == group and (end := waited(person))]
        there = np.array([sum(what == "reached" and day <= h for day, what in ends) for h in (0, 10, 25, 40)])
        gone = np.array([sum(what == "gone" and day <= h for day, what in ends) for h in (0, 10, 25, 40)])
        of = {"indicator": "p.start", "level": str(group)}
        assert_allclose(numbers(found, "waiting_incidence", **of), 100 * there / len(ends))
        assert numbers(found, "waiting", "events", component="reached", **of).cumsum().tolist() == there.tolist()
        assert numbers(found, "gone", "events", component="gone", **of).cumsum().tolist() == gone.tolist()
        assert set(numbers(found, "gone", "n", **of)) == {len(ends)}
        assert numbers(found, "gone_at_risk", **of).tolist() == (len(ends) - there - gone).tolist()
        assert numbers(found, "gone", "events", component="waiting", **of).tolist() == [
            len(ends) - there[-1] - gone[-1]
        ]
        days = [day for day, what in ends if what == "reached"]
        without = sum(40 - day for day in days) / len(ends)
        assert_allclose(numbers(found, "waiting_time_lost", **of), [40 - without])
        median = sorted(days)[(len(days) - 1) // 2]
        assert numbers(found, "waiting_median", **of).tolist() == [median]
        assert numbers(found, KEPT, component="waiting_median", **of).tolist() == [days.count(median)]


def test_a_period_that_is_not_complete_is_read_as_far_as_it_goes(catalogue: Catalogue) -> None:
    """By hand: product over the days of those there among those who still wait."""
    persons = drawn(np.random.default_rng(2), 900, lambda k: KNOWN - timedelta(15 + k % 90))
    found = followed(CHAIN, catalogue, persons)
    ripe = [p for p in persons if (KNOWN - p["index"]).days >= 20]  # of them it is known whether they have a plan
    ends = [end for person in ripe if (end := waited(person))]
    free, there, curve = 1.0, 0.0, []
    for today in range(41):
        at_risk = sum(day >= today for day, _ in ends)
        reached, gone = (sum(end == (today, what) for end in ends) for what in ("reached", "gone"))
        there += free * reached / at_risk
        free *= 1 - (reached + gone) / at_risk
        curve.append(100 * there)
    everybody = {"indicator": "p.start", "stratifier": None}
    flags = [row["flags"] for row in found.where(measure="waiting_incidence", **everybody).rows()]
    assert [*map(bool, flags)] == [
        there < 10 for there in numbers(found, "waiting", "events", component="reached", **everybody).cumsum()
    ]
    assert_allclose(numbers(found, "waiting_incidence", **everybody), [curve[h] for h in (0, 10, 25, 40)])
    counted = [numbers(found, kind, "events", component=c, **everybody).sum() for kind, c in LEAVING]
    assert numbers(found, "gone_at_risk", **everybody)[-1] == len(ends) - sum(counted)
    assert counted[2] > 50


LEAVING = [("waiting", "reached"), ("gone", "gone"), ("gone", "open")]


def test_after_the_last_day_that_is_known_there_is_no_curve(catalogue: Catalogue) -> None:
    persons = drawn(np.random.default_rng(3), 300, lambda k: KNOWN - timedelta(k % 12))
    rows = followed(CHAIN, catalogue, persons).where(measure="waiting_incidence", indicator="p.plan", level=None).rows()
    said = {row["horizon"]: (row["value"] is None, row["flags"]) for row in rows}
    assert said["7"] == (False, "")
    assert said["20"] == (True, "immature")


def test_what_a_reader_could_take_from_the_share_of_a_step_is_counted(catalogue: Catalogue) -> None:
    """By hand: of the first step those not in its share and those whose window runs; nobody of after the last day."""
    persons = drawn(np.random.default_rng(4), 400, lambda k: KNOWN - timedelta(k % 60 - 1))
    found = followed(CHAIN, catalogue, persons)
    known = [(p, (KNOWN - p["index"]).days) for p in persons if p["index"] <= KNOWN]
    there = [p.get("plan", 999) <= min(20, days, p.get("died", 999)) for p, days in known]
    ripe = [days >= 20 for _, days in known]
    excused = [5 if "excuse" in p and p.get("died", 999) >= 5 else 999 for p, _ in known]
    left = [
        min(p.get("died", 999), p.get("left", 999), late) <= 20 for (p, _), late in zip(known, excused, strict=True)
    ]
    others = [whole and out and not here for whole, out, here in zip(ripe, left, there, strict=True)]
    early = [here and not whole for whole, here in zip(ripe, there, strict=True)]
    due = {"gone": (sum(ripe), sum(others)), "open": (len(ripe) - sum(ripe), sum(early))}
    plan = {"indicator": "p.plan", "stratifier": None, "measure": "waiting"}
    assert found.distinct("period") == ["2020"]
    for name, cell in due.items():
        (row,) = found.where(component=name, **plan).rows()
        assert (row["n"], row["events"]) == cell
    assert not len(found.where(indicator="p.start", measure="waiting", component="gone"))
