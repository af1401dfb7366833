"""A second engine, in plain Python: dicts and loops, nothing shared with the first but the definitions.

It is slow and meant to be read: each function says what a word of the definitions means. The tests hold the cells of
every engine, and the groups of the estimates, against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from math import floor
from typing import Any

from lighed.catalogue import Catalogue
from lighed.core.condition import All, Condition, Either, Not, Test
from lighed.core.types import COUNTRY, Indicator

Row = dict[str, Any]
Cell = tuple[Any, ...]  # indicator, period, area, sex, age band, level
Counts = dict[Cell, dict[str, int]]

FEWEST = 10
LOWEST_AGES = (0, 1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90)


def holds(condition: Condition, row: Row) -> bool | None:
    """Whether a condition holds; None when that cannot be known, for a value is missing."""
    match condition:
        case Test(column, "exists", wanted):
            return (row[column] is not None) == wanted
        case Test(column, operator, value):
            return None if row[column] is None else _test(row, column, operator, value)
        case Not(part):
            known = holds(part, row)
            return None if known is None else not known
        case All(parts):
            found = [holds(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Either(parts):
            found = [holds(part, row) for part in parts]
            return True if True in found else None if None in found else False


def _test(row: Row, column: str, operator: str, value: Any) -> bool | None:
    given = row[column]
    match operator:
        case "is":
            return bool(given == value)
        case "in":
            return given in value
        case "at_least":
            return bool(given >= value)
        case "at_most":
            return bool(given <= value)
        case "between":
            return bool(value[0] <= given <= value[1])
        case "within_days_of":
            first = row[value["column"]]
            return None if first is None else 0 <= (given - first).days <= value["days"]
    raise AssertionError(operator)


def summarise(people: list[Row], records: list[Row], indicators: Iterable[Indicator], by: str | None) -> Counts:
    """The cells of person and event indicators: what ``lighed.analysis.summarise`` must give."""
    cells: Counts = defaultdict(lambda: dict.fromkeys(("n", "events", "time", "total", "total2"), 0))
    for one, person, of_person in _each(people, records, indicators):
        for sums in (_of_person if one.basis == "person" else _of_records)(one, person, of_person):
            _add(cells[_cell(one, person, by)], sums)
    return dict(cells)


def _of_person(one: Indicator, person: Row, records: list[Row]) -> Iterator[dict[str, int]]:
    """A person-year inside the population counts once, whatever happens in it."""
    happened = [r for r in records if holds(one.population, r | person) and holds(one.numerator, r | person)]
    if not holds(one.population, person):
        return
    if one.kind == "mean" and one.item:
        yield {"n": 1, "events": int(bool(happened)), **_moments(len(happened))}
    elif one.kind == "mean":
        amount = person[one.numerator.column]  # type: ignore[union-attr]  # of a mean, the numerator names the amount
        if amount is not None:
            yield {"n": 1, "events": 1, **_moments(amount)}
    elif one.kind in {"rate", "life_expectancy"}:
        yield {"n": 1, "events": len(happened), "time": person["days"]}
    else:
        yield {"n": 1, "events": int(bool(happened) if one.item else holds(one.numerator, person) is True)}


def _of_records(one: Indicator, person: Row, records: list[Row]) -> Iterator[dict[str, int]]:
    """Each record of a person inside the population counts."""
    for record in (r | person for r in records):
        if holds(one.population, record):
            yield {"n": 1, "events": int(holds(one.numerator, record) is True), **_moments(record["amount"] or 0.0)}


def _moments(amount: float) -> dict[str, int]:
    return {"total": floor(amount * 1000 + 0.5), "total2": floor(amount * amount + 0.5)}


def summarise_sample(people: list[Row], answers: list[Row], indicators: Iterable[Indicator], by: str | None) -> Counts:
    """The cells of survey indicators, with stratum and sampling unit at the end of their key."""
    names = ("n", "events", "weight", "weighted", "weight2", "weighted2")
    cells: Counts = defaultdict(lambda: dict.fromkeys(names, 0))
    for one, person, of_person in _each(people, answers, indicators):
        for answer in (r | person for r in of_person):
            if holds(one.population, answer):
                has = int(holds(one.numerator, answer) is True)
                weight, square = floor(answer["weight"] * 1e6 + 0.5), floor(answer["weight"] * 1e3 + 0.5) ** 2
                sums = (1, has, weight, weight * has, square, square * has)
                cell = (*_cell(one, person, by), answer["stratum"], answer["sampling_unit"])
                _add(cells[cell], dict(zip(names, sums, strict=True)))
    return dict(cells)


def _each(
    people: list[Row], records: list[Row], indicators: Iterable[Indicator]
) -> Iterator[tuple[Indicator, Row, list[Row]]]:
    """Every indicator with every person-year and what happened to that person in that year."""
    of_year = defaultdict(list)
    for record in records:
        of_year[record["person_id"], record["year"], record["item"]].append(record)
    for one in indicators:
        for person in people:
            yield one, person, of_year[person["person_id"], person["year"], one.item]


def _cell(one: Indicator, person: Row, by: str | None) -> Cell:
    band = max(low for low in LOWEST_AGES if low <= person["age"])
    crude = one.basis in {"event", "pathway"} and not one.by_age  # records whose figures do not rest on ages
    sex_and_age = (None, None) if crude else (person["sex"], band)
    return one.id, person["year"], person["area"], *sex_and_age, person[by] if by else None


def _add(sums: dict[str, int], more: dict[str, int]) -> None:
    for name, value in more.items():
        sums[name] += value


Group = tuple[str, str, str, str | None]  # indicator, period, area, level


def groups(cells: Counts, catalogue: Catalogue) -> dict[Group, dict[str, float | None]]:
    """The groups of every area that the cells' municipalities are all of: counts, crude and standardised value."""
    inside: dict[Group, Counts] = defaultdict(dict)
    whole = _whole_areas(catalogue, {cell[2] for cell in cells}, {cell[1] for cell in cells})
    for cell, sums in cells.items():
        indicator, year, municipality, level = cell[0], cell[1], cell[2], cell[5]
        for area in {municipality, *above(catalogue, municipality, year)} & {municipality, *whole}:
            inside[indicator, str(year), area, level][cell] = sums
    return {group: _figures(found, cells, catalogue.indicators[group[0]], catalogue) for group, found in inside.items()}


def above(catalogue: Catalogue, municipality: str, year: int) -> list[str]:
    """The country, and what a municipality belongs to on the first day of a year."""
    day = date(year, 1, 1)
    memberships = catalogue.areas[municipality].parents
    return [COUNTRY, *(m.parent for m in memberships if m.valid_from <= day <= (m.valid_to or day))]


def _whole_areas(catalogue: Catalogue, present: set[str], years: set[int]) -> set[str]:
    municipalities = [code for code, area in catalogue.areas.items() if area.kind == "municipality"]
    whole = set()
    for year in years:
        parts = defaultdict(set)
        for code in municipalities:
            for area in above(catalogue, code, year):
                parts[area].add(code)
        whole |= {area for area, codes in parts.items() if codes <= present}
    return whole


def _figures(found: Counts, every: Counts, one: Indicator, catalogue: Catalogue) -> dict[str, float | None]:
    return {
        "n": sum(sums["n"] for sums in found.values()),
        "events": sum(sums["events"] for sums in found.values()),
        "crude": _value(one, list(found.values())),
        "standardised": _standardised(one, found, every, catalogue) if one.standardise else None,
    }


def _value(one: Indicator, parts: list[dict[str, int]]) -> float | None:
    """A share, a rate per person-year of 365.25 days, a mean, or how often."""
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    if one.basis == "survey":
        return total["weighted"] / total["weight"] if total["weight"] else None
    if one.kind == "count":
        return total["events"]
    if one.kind == "rate":
        return total["events"] / (total["time"] / 365.25) if total["time"] else None
    amount = total["total"] / 1000 if one.kind == "mean" else total["events"]
    return amount / total["n"] if total["n"] else None


def _standardised(one: Indicator, found: Counts, every: Counts, catalogue: Catalogue) -> float | None:
    """The average of the cells' values, each weighted by what the standard population has of its sex and age.

    Cells in which nobody at all stands count for nothing; those in which only this group has nobody take the average.
    There is none from fewer than ten cases.
    """
    assert one.standardise is not None
    if one.kind != "mean" and sum(sums["events"] for sums in found.values()) < FEWEST:
        return None
    standard = catalogue.standards[one.standardise.to]
    total, weights = 0.0, 0.0
    for sex, band in sorted({(cell[3], cell[4]) for cell in every if cell[0] == one.id}):
        parts = [sums for cell, sums in found.items() if (cell[3], cell[4]) == (sex, band)]
        value = _value(one, parts) if sum(part["n"] for part in parts) else None
        if value is not None and sex in {"female", "male"}:
            weight = _people(standard, sex, band)
            total, weights = total + weight * value, weights + weight
    return total / weights if weights else None


def _people(standard: Any, sex: str, band: int) -> float:
    """How many of a standard population are of a sex and one of our age bands; a wider band of its own is divided."""
    low = max(age for age in standard.ages if age <= band)
    high = min((age for age in standard.ages if age > low), default=95)
    following = min((age for age in LOWEST_AGES if age > band), default=95)
    of_sex = standard.weights[sex] if sex in standard.weights else [w / 2 for w in standard.weights["both"]]
    return float(of_sex[standard.ages.index(low)] * (following - band) / (high - low))
