"""Changes in which the same persons stand in both periods: what the two have in common is counted, and taken out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from math import hypot, sqrt
from typing import Any

import numpy as np
import pytest

from lighed.analysis.overlap import places
from lighed.catalogue import load
from lighed.catalogue.areas import members
from lighed.core.condition import parse
from lighed.core.estimates import Estimates
from lighed.core.types import COUNTRY, Indicator
from lighed.stats import MEASURES
from lighed.store.engine import connect
from tests.reference import LOWEST_AGES, Row, _people, above
from tests.towns import NOTHING, Town

CATALOGUE = load()
UNEMPLOYED, OFFERED, EVICTED, TEST, SMOKING = (
    CATALOGUE.indicators[i] for i in ("F6.1", "I7.3", "I7.1", "F2.1", "F3.1")
)
CONTACT = OFFERED.model_copy(update={"numerator": parse({"category": {"is": "met"}})})
PLAIN = UNEMPLOYED.model_copy(update={"id": "plain", "standardise": None})
YEARS = FIRST, LAST = 2020, 2024
REGION = "1081"
KINDS = ("municipality", "country")
LEVELS = CATALOGUE.stratifiers["education"].level_ids
CHANCE = dict(zip([*LEVELS, "unknown"], (0.5, 0.35, 0.25, 0.3), strict=True))
KNOWN, LEFT_OUT = (f"same persons in part, {how}" for how in ("with covariance", "covariance left out"))
RESPONDENT = {"weight": 1.0, "stratum": "all", "sampling_unit": None}


def person(number: int, year: int, area: str, level: str, *, has: bool, age: int = 40, sex: str = "female") -> Row:
    """A person-year; `has` is kept beside what the definitions read."""
    where = {"person_id": number, "year": year, "area": area, "education": level}
    what = {"employment": "unemployed" if has else "employed", "marginalisation": "yes", "has": has}
    return where | {"sex": sex, "age": age, "days": 366} | what


def town(indicator: Indicator, people: list[Row]) -> Town:
    """With two events a year for everybody; the second is no other person."""
    events = [
        NOTHING
        | {"person_id": row["person_id"], "year": row["year"], "item": OFFERED.item}
        | {"category": "met" if row["has"] else "offered"}
        for row in people
    ]
    return Town([indicator], people, [*events, *events])


def changes(made: Estimates, **wanted: Any) -> list[Row]:
    return made.where(component="change", **wanted).rows()


def se_of(made: Estimates, **wanted: Any) -> float:
    (row,) = made.where(stratifier="education", component=None, **wanted).rows()
    return float(row["se"])


@pytest.fixture(scope="module")
def movers() -> list[Row]:
    """Persons who mostly keep their place, position and habits; some move, rise, leave, come or have no employment."""
    rng, rows = np.random.default_rng(3), list[Row]()
    areas = [*members(CATALOGUE.areas, REGION, FIRST), "0101"]
    for number in range(2_400):
        area, level = areas[number % len(areas)], str(rng.choice([*CHANCE], p=[0.4, 0.28, 0.3, 0.02]))
        age, sex, has = int(rng.integers(25, 55)), ("female", "male")[number % 2], bool(rng.random() < CHANCE[level])
        for year in YEARS:
            if rng.random() < 0.9:
                rows.append(person(number, year, area, level, has=has, age=age + year - FIRST, sex=sex))
                rows[-1]["employment"] = None if rng.random() < 0.05 else rows[-1]["employment"]
            area = str(rng.choice(areas)) if rng.random() < 0.3 else area
            level = str(rng.choice(LEVELS)) if rng.random() < 0.2 else level
            has = has if rng.random() < 0.7 else bool(rng.random() < CHANCE[level])
    return rows


def pulls(indicator: Indicator, people: Sequence[Row]) -> dict[int, float]:
    """How far each person is off the mean, of the cell or of the group, times what a person of the cell counts for."""
    cells, found = defaultdict(list), dict[int, float]()
    for row in people:
        band = max(low for low in LOWEST_AGES if low <= row["age"])
        cells[(row["sex"], band) if indicator.standardise else ()].append(row)
    for cell, inside in cells.items():
        mean = sum(row["has"] for row in inside) / len(inside)
        each = _people(CATALOGUE.standards["denmark_2025"], *cell) / len(inside) if cell else 1.0
        found |= {row["person_id"]: each * (row["has"] - mean) for row in inside}
    return found


def together(then: dict[int, float], now: dict[int, float]) -> float:
    return sum(then[number] * now[number] for number in then.keys() & now.keys())


@pytest.mark.parametrize(
    ("indicator", "areas"), [(UNEMPLOYED, 4), (PLAIN, 13), (CONTACT, 13)], ids=lambda one: getattr(one, "id", str(one))
)
def test_the_covariance_is_that_of_the_persons_whom_the_area_held_both_times(
    indicator: Indicator, areas: int, movers: list[Row], engine: Any
) -> None:
    """By person, in plain Python, of the difference between the two ends; the standard errors of the ends are given."""
    made = town(indicator, movers).estimates(engine, "education")
    inside = [row for row in movers if indicator is CONTACT or row["employment"]]
    rows = [row for row in changes(made, measure="difference") if row["value"] is not None]
    assert len(rows) >= areas
    assert {row["method"] for row in rows} == {KNOWN}
    assert REGION in {row["area"] for row in rows}
    for row in rows:
        here = [p for p in inside if row["area"] in {p["area"], *above(CATALOGUE, p["area"], p["year"])}]
        ends = list(product(YEARS, (LEVELS[0], LEVELS[-1])))
        pull = {
            (year, level): pulls(indicator, [p for p in here if (p["year"], p["education"]) == (year, level)])
            for year, level in ends
        }
        column = {"measure": "standardised" if indicator.standardise else "crude", "area": row["area"]}
        se = {end: se_of(made, period=str(end[0]), level=end[1], **column) for end in ends}
        variance = sum(error**2 for error in se.values())
        for then, now in product(ends[:2], ends[2:]):
            own = sqrt(together(pull[then], pull[then]) * together(pull[now], pull[now]))
            shared = together(pull[then], pull[now]) / own * se[then] * se[now]
            variance -= 2 * shared * (1 if then[1] == now[1] else -1)
        assert row["se"] == pytest.approx(sqrt(variance), rel=1e-9)


def test_the_order_in_which_the_persons_stand_changes_no_digit(movers: list[Row], engine: Any) -> None:
    one, other = (town(UNEMPLOYED, rows).estimates(engine, "education").table for rows in (movers, movers[::-1]))
    assert one.equals(other)


@pytest.fixture(scope="module")
def panels() -> Estimates:
    """All municipalities, with the same chances everywhere; most persons stay, and mostly have what they had."""
    rng, rows = np.random.default_rng(5), list[Row]()
    municipalities = members(CATALOGUE.areas, COUNTRY, FIRST)
    for number, (area, level, _) in enumerate(product(municipalities, LEVELS, range(100))):
        had, new = rng.random(2) < CHANCE[level]
        stays, keeps = rng.random(2) < (0.85, 0.9)
        rows.append(person(number, FIRST, area, level, has=bool(had)))
        rows.append(person(number if stays else -number, LAST, area, level, has=bool(had if stays and keeps else new)))
    return Town([PLAIN], rows).estimates(connect(), "education")


@pytest.mark.parametrize("measure", ["difference", "ratio", "slope_index", "relative_index", "concentration_index"])
def test_the_interval_of_a_change_is_as_wide_as_the_changes_of_many_panels_differ(
    measure: str, panels: Estimates
) -> None:
    """Their variance is known to a seventh of itself; without the covariance it would be three times as large.

    The country is as many times larger as there are municipalities.
    """
    rows = [row for row in changes(panels, measure=measure) if row["value"] is not None]
    value, se = (np.array([row[name] for row in rows]) for name in ("value", "se"))
    if MEASURES[measure].null == 1.0:
        value, se = np.log(value), se / value
    small, whole = (np.array([CATALOGUE.areas[row["area"]].kind == kind for row in rows]) for kind in KINDS)
    assert small.sum() > 90
    assert 0.75 < (se[small] ** 2).mean() / value[small].var(ddof=1) < 1.33
    assert se[whole] == pytest.approx(sqrt((se[small] ** 2).mean() / 98), rel=0.25)


def test_a_measure_of_the_country_alone_takes_what_the_persons_of_the_country_have_in_common(panels: Estimates) -> None:
    """The slope index, and the generalised concentration index: one line in two units, for the levels stay as large."""
    narrower = []
    for measure in ("slope_index", "generalised_concentration_index"):
        (row,) = changes(panels, measure=measure, area=COUNTRY)
        own = [se_of(panels, measure=measure, area=COUNTRY, period=str(year)) for year in YEARS]
        narrower.append(row["se"] / hypot(*own))
    assert narrower[0] == pytest.approx(narrower[1], rel=1e-9)
    assert narrower[0] < 0.7


@pytest.mark.parametrize("by", ["education", "sex"])
@pytest.mark.parametrize("indicator", [UNEMPLOYED, PLAIN, CONTACT], ids=lambda one: getattr(one, "id", str(one)))
def test_where_nobody_has_changed_there_is_no_change_and_no_doubt_of_it(
    indicator: Indicator, by: str, engine: Any
) -> None:
    rng, rows = np.random.default_rng(1), list[Row]()
    for number in range(600):
        level, sex = LEVELS[number % 3], ("female", "male")[number % 2]
        has = bool(rng.random() < CHANCE[level] - 0.1 * (sex == "male"))
        rows += [person(number, year, "0851", level, has=has, sex=sex) for year in YEARS]
    made = changes(town(indicator, rows).estimates(engine, by))
    assert len(made) >= 10
    for row in made:
        assert row["method"] == KNOWN
        assert row["value"] == pytest.approx(MEASURES[row["measure"]].null, abs=1e-9)
        assert row["se"] == pytest.approx(0, abs=1e-5)  # a root of what the rounding leaves


@pytest.mark.parametrize(
    ("indicator", "words"),
    [(PLAIN, KNOWN), (CONTACT, KNOWN), (EVICTED, LEFT_OUT), (TEST, LEFT_OUT), (SMOKING, "independent samples")],
    ids=lambda one: getattr(one, "id", str(one)),
)
def test_the_row_says_whether_the_covariance_is_known(indicator: Indicator, words: str, engine: Any) -> None:
    rows = [person(k, year, "0851", LEVELS[k % 3], has=k % 4 == 0) for k, year in product(range(120), YEARS)]
    records = [
        NOTHING
        | RESPONDENT
        | {"person_id": row["person_id"], "year": row["year"], "item": indicator.item}
        | {"category": getattr(indicator.numerator, "value", None) if row["has"] else "other"}
        for row in rows
    ]
    basis = {"answers" if indicator.basis == "survey" else "events": records} if indicator.item else {}
    made = Town([indicator], rows, **basis).estimates(engine, "education")
    assert {(row["method"], row["lower"] is None) for row in changes(made, measure="difference")} == {(words, False)}


def test_what_was_not_collected_in_the_first_year_has_no_covariance(engine: Any) -> None:
    three = (FIRST, FIRST + 1, LAST)
    rows = [person(k, year, "0851", LEVELS[k % 3], has=k % 4 == 0) for k, year in product(range(120), three)]
    late = [row | ({"employment": None} if row["year"] == FIRST else {}) for row in rows]
    made = Town([PLAIN, CONTACT], late).estimates(engine, "education")
    found = {row["indicator"]: (row["horizon"], row["method"]) for row in changes(made, measure="difference")}
    assert found == {PLAIN.id: (str(FIRST + 1), LEFT_OUT), CONTACT.id: (str(FIRST), KNOWN)}


def test_a_municipality_stands_in_the_region_of_each_year() -> None:
    """From 2027 on Copenhagen is in another, which then holds nobody both times."""
    rows = places(CATALOGUE, {"first": 2026, "last": 2027}).to_pylist()
    assert [row["region"] for row in rows if row["area"] == "0101"] == ["1084", "region-east"]
