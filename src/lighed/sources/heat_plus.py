"""The HEAT Plus table of WHO: read as it is, checked by its own rules, with the row and the column of every fault.

The layout and the rules are those of WHO's template (20 columns; the older names ``year`` and ``flag`` are understood).
Comma- or semicolon-separated text and Excel are read; numbers may have a decimal comma. What is read is written again
as it stood, cell by cell.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lighed.core.errors import DataError, Problem
from lighed.core.heat import COLUMNS, OLD_NAMES, OPTIONAL
from lighed.sources.raw import Raw, decimal, decimal_mark, read
from lighed.stats.intervals import Z

FLAGS = ("favourable_indicator", "ordered_dimension", "reference_subgroup")
# What the columns of words and of numbers are called in a row.
WORDS = {
    "setting": "setting",
    "date": "date",
    "source": "source",
    "indicator_abbr": "abbreviation",
    "indicator_name": "name",
    "dimension": "dimension",
    "subgroup": "subgroup",
}
NUMBERS = {
    "estimate": "estimate",
    "se": "se",
    "ci_lb": "lower",
    "ci_ub": "upper",
    "population": "population",
    "setting_average": "average",
}


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

    @property
    def standard_error(self) -> float | None:
        """As it was given, or as the limits say it."""
        if self.se is not None or self.lower is None or self.upper is None:
            return self.se
        return (self.upper - self.lower) / (2 * Z)


@dataclass(frozen=True, slots=True)
class HeatTable:
    """A table as it was read: its rows, and the cells that they were read from."""

    rows: tuple[HeatRow, ...]
    raw: Raw


def is_heat(raw: Raw) -> bool:
    """Return whether a file has the columns of the table, whatever stands in them."""
    return set(COLUMNS) - OPTIONAL <= {OLD_NAMES.get(name, name) for name in raw.columns}


def read_heat(path: Path, *, name: str | None = None) -> HeatTable:
    """Read a table; raises DataError with every fault of its cells, or else of its rows, by row and column."""
    raw = read(path, name=name)
    cells = _Cells(raw)
    missing = [name for name in COLUMNS if name not in cells.texts and name not in OPTIONAL]
    if missing:
        raise DataError([Problem("missing_heat_column", raw.file, column=name) for name in missing])
    rows = tuple(row for k in range(raw.length) if (row := cells.row(k)))
    # A row with a wrong cell is not among the rows, and without it the others would seem to break the rules.
    problems = cells.problems or list(_broken_rules(raw.file, rows))
    if problems:
        raise DataError(sorted(problems, key=lambda problem: (problem.row or 0, problem.column or "")))
    return HeatTable(rows, raw)


def write_heat(table: HeatTable, path: Path) -> None:
    """Write a table again: the same columns and the same cells, in the same order."""
    raw = table.raw
    columns = [column.fill_null("").to_pylist() for column in raw.columns.values()]
    with path.open("w", encoding=raw.format.encoding or "utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=raw.format.delimiter or ",", lineterminator=raw.newline)
        writer.writerow(raw.columns)
        writer.writerows(zip(*columns, strict=True))


class _Cells:
    """Turns texts into numbers and collects what is wrong with them."""

    def __init__(self, raw: Raw) -> None:
        self.raw, self.problems, self.numbers = raw, list[Problem](), raw.rows
        self.mark = decimal_mark(raw)
        self.called = {OLD_NAMES.get(name, name): name for name in raw.columns}
        self.texts = {
            OLD_NAMES.get(name, name): [(word or "").strip() for word in column.to_pylist()]
            for name, column in raw.columns.items()
        }

    def text(self, name: str, k: int) -> str:
        return self.texts[name][k] if name in self.texts else ""

    def wrong(self, key: str, name: str, k: int, **values: Any) -> None:
        place = self.raw.file, int(self.numbers[k]), self.called.get(name, name)
        self.problems.append(Problem(key, *place, self.text(name, k) or None, values))

    def number(self, name: str, k: int) -> float | None:
        written = self.text(name, k)
        if not written or written.upper() == "NA":
            return None
        found = decimal(written, self.mark)
        if found is None:
            self.wrong("not_a_number", name, k)
        return found

    def demanded(self, name: str, k: int, allowed: Callable[[float], bool], rule: str) -> float:
        found = self.number(name, k)
        if found is None and self.text(name, k).upper() in {"", "NA"}:
            self.wrong("empty", name, k)
        elif found is not None and not allowed(found):
            self.wrong(rule, name, k)
        return found if found is not None else 0.0

    def row(self, k: int) -> HeatRow | None:
        before = len(self.problems)
        words = {name: self.text(column, k) for column, name in WORDS.items()}
        for column, name in WORDS.items():
            if not words[name]:
                self.wrong("empty", column, k)
        numbers = {name: self.number(column, k) for column, name in NUMBERS.items()}
        for name in ("se", "population"):
            if (numbers[name] or 0) < 0:
                self.wrong("negative", name, k)
        favourable, ordered, reference = (self.demanded(f, k, lambda x: x in {0, 1}, "not_0_or_1") for f in FLAGS)
        scale = self.demanded("indicator_scale", k, lambda x: x > 0, "not_positive")
        order = self.demanded("subgroup_order", k, lambda x: x >= 0 and x == int(x), "not_an_order")
        if len(self.problems) > before:
            return None
        given: dict[str, Any] = words | numbers | {"date": words["date"].removesuffix(".0")}
        return HeatRow(
            row=int(self.numbers[k]),
            **given,
            note=self.text("note", k),
            iso3=self.text("iso3", k),
            favourable=bool(favourable),
            scale=scale,
            ordered=bool(ordered),
            order=int(order),
            reference=bool(reference),
        )


def _broken_rules(file: str, rows: Iterable[HeatRow]) -> Iterator[Problem]:
    """HEAT Plus's own rules over several rows."""
    first: dict[tuple[str, str], str] = {}
    for row in rows:
        pairs = [("two_names", "indicator_name", row.abbreviation, row.name)]
        pairs += [("two_abbreviations", "indicator_abbr", row.name, row.abbreviation)]
        pairs += [("two_countries", "iso3", row.setting, row.iso3)] if row.iso3 else []
        for key, column, of, value in pairs:
            if first.setdefault((key, of), value) != value:
                yield Problem(key, file, row.row, column, value, {"of": of, "first": first[key, of]})
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
