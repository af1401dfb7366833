"""The HEAT Plus table of WHO: read as it is, checked by its own rules, with the row and the column of every fault.

The layout and the rules are those of WHO's template (20 columns; the older names ``year`` and ``flag`` are understood).
Comma- or semicolon-separated text and Excel are read; numbers may have a decimal comma.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lighed.core.errors import DataError, Problem
from lighed.sources.raw import Raw, decimal, read

MANDATORY = (
    "setting",
    "date",
    "source",
    "indicator_abbr",
    "indicator_name",
    "dimension",
    "subgroup",
    "estimate",
    "favourable_indicator",
    "indicator_scale",
    "ordered_dimension",
    "subgroup_order",
    "reference_subgroup",
)
COLUMNS = (
    "setting",
    "date",
    "source",
    "indicator_abbr",
    "indicator_name",
    "dimension",
    "subgroup",
    "estimate",
    "se",
    "ci_lb",
    "ci_ub",
    "population",
    "note",
    "setting_average",
    "iso3",
    "favourable_indicator",
    "indicator_scale",
    "ordered_dimension",
    "subgroup_order",
    "reference_subgroup",
)
OLD_NAMES = {"year": "date", "flag": "note"}
FLAGS = ("favourable_indicator", "ordered_dimension", "reference_subgroup")


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row of the table: the estimate of a subgroup; numbers that are not given are None."""

    row: int
    setting: str
    date: str
    source: str
    abbreviation: str
    name: str
    dimension: str
    subgroup: str
    estimate: float | None
    se: float | None
    lower: float | None
    upper: float | None
    population: float | None
    note: str
    average: float | None
    iso3: str
    favourable: bool
    scale: float
    ordered: bool
    order: int
    reference: bool


def read_heat(path: Path) -> list[HeatRow]:
    """Read a table; raises DataError with every fault, by row and column."""
    raw = read(path)
    raw = Raw(
        raw.file, {OLD_NAMES.get(name, name): column for name, column in raw.columns.items()}, raw.first_row, raw.format
    )
    problems = [Problem("missing_column", raw.file, column=name) for name in MANDATORY if name not in raw.columns]
    if problems:
        raise DataError(problems)
    cells = _Cells(raw)
    rows = [cells.row(k) for k in range(raw.length)]
    problems = cells.problems + list(_broken_rules(raw.file, [row for row in rows if row]))
    if problems:
        raise DataError(sorted(problems, key=lambda problem: (problem.row or 0, problem.column or "")))
    return [row for row in rows if row]


class _Cells:
    """Turns texts into numbers and collects what is wrong with them."""

    def __init__(self, raw: Raw) -> None:
        self.raw, self.problems = raw, list[Problem]()
        self.texts = {
            name: [(word or "").strip() for word in column.to_pylist()] for name, column in raw.columns.items()
        }

    def text(self, name: str, k: int) -> str:
        return self.texts[name][k] if name in self.texts else ""

    def wrong(self, key: str, name: str, k: int, **values: Any) -> None:
        self.problems.append(
            Problem(key, self.raw.file, k + self.raw.first_row, name, self.text(name, k) or None, values)
        )

    def number(self, name: str, k: int) -> float | None:
        written = self.text(name, k)
        if not written or written.upper() == "NA":
            return None
        found = decimal(written, self.raw.format.decimal)
        if found is None:
            self.wrong("not_a_number", name, k)
        return found

    def demanded(self, name: str, k: int, allowed: Callable[[float], bool], rule: str) -> float:
        found = self.number(name, k)
        if found is None and not self.text(name, k):
            self.wrong("empty", name, k)
        elif found is not None and not allowed(found):
            self.wrong(rule, name, k)
        return found if found is not None else 0.0

    def row(self, k: int) -> HeatRow | None:
        before = len(self.problems)
        words = {
            name: self.text(name, k)
            for name in ("setting", "date", "source", "indicator_abbr", "indicator_name", "dimension", "subgroup")
        }
        for name, word in words.items():
            if not word:
                self.wrong("empty", name, k)
        flags = {name: bool(self.demanded(name, k, lambda x: x in {0, 1}, "not_0_or_1")) for name in FLAGS}
        scale = self.demanded("indicator_scale", k, lambda x: x > 0, "not_positive")
        order = self.demanded("subgroup_order", k, lambda x: x >= 0 and x == int(x), "not_an_order")
        numbers = {
            name: self.number(name, k) for name in ("estimate", "se", "ci_lb", "ci_ub", "population", "setting_average")
        }
        for name in ("se", "population"):
            if (numbers[name] or 0) < 0:
                self.wrong("negative", name, k)
        if len(self.problems) > before:
            return None
        return HeatRow(
            k + self.raw.first_row,
            words["setting"],
            words["date"].removesuffix(".0"),
            words["source"],
            words["indicator_abbr"],
            words["indicator_name"],
            words["dimension"],
            words["subgroup"],
            numbers["estimate"],
            numbers["se"],
            numbers["ci_lb"],
            numbers["ci_ub"],
            numbers["population"],
            self.text("note", k),
            numbers["setting_average"],
            self.text("iso3", k),
            flags["favourable_indicator"],
            scale,
            flags["ordered_dimension"],
            int(order),
            flags["reference_subgroup"],
        )


def _broken_rules(file: str, rows: list[HeatRow]) -> Iterator[Problem]:
    """HEAT Plus's own rules over several rows."""
    named: dict[str, str] = {}
    for row in rows:
        if named.setdefault(row.abbreviation, row.name) != row.name:
            yield Problem("two_names", file, row.row, "indicator_name", row.name, {"abbreviation": row.abbreviation})
        if row.ordered and row.reference:
            yield Problem("reference_in_order", file, row.row, "reference_subgroup", "1")
        if not row.ordered and row.order:
            yield Problem("order_without_order", file, row.row, "subgroup_order", str(row.order))
    for group in grouped(rows).values():
        yield from _broken_in(file, group)


def _broken_in(file: str, group: list[HeatRow]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for row in group:
        if row.subgroup in seen:
            yield Problem("twice", file, row.row, "subgroup", row.subgroup, {"first": seen[row.subgroup]})
        seen.setdefault(row.subgroup, row.row)
    if group[0].ordered and sorted(row.order for row in group) != list(range(1, len(group) + 1)):
        yield Problem(
            "order_not_whole",
            file,
            group[0].row,
            "subgroup_order",
            None,
            {"count": len(group), "dimension": group[0].dimension},
        )
    if sum(row.reference for row in group) > 1:
        yield Problem(
            "two_references", file, group[0].row, "reference_subgroup", None, {"dimension": group[0].dimension}
        )
    if len({(row.ordered, row.favourable, row.scale) for row in group}) > 1:
        yield Problem("mixed", file, group[0].row, "ordered_dimension", None, {"dimension": group[0].dimension})


def grouped(rows: Iterable[HeatRow]) -> dict[tuple[str, str, str, str], list[HeatRow]]:
    """Return the rows that are compared with each other: by indicator, setting, date and dimension."""
    found: dict[tuple[str, str, str, str], list[HeatRow]] = {}
    for row in rows:
        found.setdefault((row.abbreviation, row.setting, row.date, row.dimension), []).append(row)
    return found


def write_heat(rows: list[HeatRow], path: Path) -> None:
    """Write rows as the table that they came from: the same columns, the same figures, in the same order."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_written(row) for row in rows)


def _written(row: HeatRow) -> list[str]:
    def text(value: float | None) -> str:
        return (
            ""
            if value is None
            else repr(int(value))
            if float(value).is_integer() and abs(value) < 1e15
            else repr(value)
        )

    return [
        row.setting,
        row.date,
        row.source,
        row.abbreviation,
        row.name,
        row.dimension,
        row.subgroup,
        text(row.estimate),
        text(row.se),
        text(row.lower),
        text(row.upper),
        text(row.population),
        row.note,
        text(row.average),
        row.iso3,
        str(int(row.favourable)),
        text(row.scale),
        str(int(row.ordered)),
        str(row.order),
        str(int(row.reference)),
    ]
