"""The table of an evaluation: a row per group, and per unit and period where there are any; read whole or refused.

Several rows of the same unit, period and group are put together. Groups are known by their id or by their title in
either language; those of whom the group is not known are kept apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed.core.errors import DataError, Problem
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, texts
from lighed.core.types import PERIOD, SCALE, UNKNOWN, Evaluation, Level
from lighed.sources.raw import MOST, Format, Raw, decimal_mark, numbers
from lighed.stats.intervals import Floats

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Panel:
    """The columns of the table as arrays, shape (row,); what the design does not use is None.

    ``group`` is a position among the groups, or their number where it is not known. ``unit`` is a position in
    ``units``; ``period`` and ``first`` count years, quarters or months, ``steps`` of which make a year.
    """

    file: str
    group: Whole
    value: Floats
    weight: Floats
    events: Floats | None
    unit: Whole | None = None
    units: tuple[str, ...] = ()
    treated: Whole | None = None
    period: Whole | None = None
    first: Floats | None = None
    start: int | None = None
    steps: int = 1

    def label(self, period: int) -> str:
        """Write a period as it stands in a table."""
        year, step = divmod(period, self.steps)
        return {1: f"{year}", 4: f"{year}K{step + 1}", 12: f"{year}-{step + 1:02}"}[self.steps]


def as_raw(name: str, rows: Sequence[dict[str, Any]]) -> Raw:
    """Return the rows of a worked example as if they had stood in a file."""
    names = dict.fromkeys(key for row in rows for key in row)
    columns = {key: pa.array([_written(row.get(key)) for row in rows], pa.string()) for key in names}
    return Raw(name, columns, 1, Format(decimal="."))


def of_release(release: Release, evaluation: Evaluation) -> Raw:
    """Return the rows that an evaluation takes of a release as if they had stood in a file."""
    wanted = evaluation.rows
    areas = (*wanted.treated, *wanted.untreated) if wanted else ()
    found = Estimates.concat([release.estimates(area, wanted.indicator) for area in areas if wanted])
    return of_estimates(found, evaluation, str(release.folder))


def of_estimates(estimates: Estimates, evaluation: Evaluation, name: str) -> Raw:
    """Return the rows that an evaluation takes of what a release shows as if they had stood in a file of that name.

    The columns are those that it names, of unit, treated, period, group, events and n. Raises DataError where the
    release hides a group; those whose group is not known may be hidden, for no gap is of them.
    """
    wanted = evaluation.rows
    if wanted is None:
        raise DataError([Problem("no_rows_of_release", name)])
    rows = []
    for area in (*wanted.treated, *wanted.untreated):
        found = estimates.where(area=area, indicator=wanted.indicator, measure="crude")
        for row in found.where(stratifier=evaluation.stratifier).rows():
            if row["flags"] == "suppressed" and row["level"] != UNKNOWN:
                raise DataError([Problem("hidden_in_release", name, values={"area": area} | row)])
            if row["flags"] not in {"immature", "suppressed"}:
                rows.append(row | {"unit": area, "treated": int(area in wanted.treated), "group": row["level"]})
    if not rows:
        raise DataError([Problem("not_in_release", name, values={"indicator": wanted.indicator})])
    named = evaluation.columns.named
    return as_raw(name, [{name: row[what] for what, name in named.items()} for row in rows])


def _written(value: Any) -> str | None:
    return None if value is None else str(value)


def read_panel(raw: Raw, evaluation: Evaluation, groups: Sequence[Level]) -> Panel:
    """Read the table that an evaluation names the columns of; raises DataError with every fault by row and column."""
    named = evaluation.columns.named
    reading = _Reading(raw, [*named.values()])
    made: dict[str, Any] = {"file": raw.file, "group": reading.groups(named["group"], groups)}
    if "unit" in named:
        made["units"], made["unit"] = reading.units(named["unit"])
    if "treated" in named:
        made["treated"] = reading.zero_or_one(named["treated"])
    if "period" in named:
        steps = reading.steps(named["period"])
        made |= {"steps": steps, "period": reading.periods(named["period"], steps).astype(np.int64)}
        made["start"] = reading.start(evaluation.start, named["period"], steps)
    if "first" in named:
        made["first"] = reading.periods(named["first"], made["steps"], never=True)
    made |= reading.outcome(named, SCALE[evaluation.unit], shares=evaluation.unit == "percent")
    for name in {"treated", "first"} & named.keys():
        if "unit" in named:
            reading.alike_in_unit(named[name], made[name], made["unit"])
    reading.finish()
    return Panel(**made)


def read_participants(raw: Raw, evaluation: Evaluation, groups: Sequence[Level]) -> tuple[Floats, Floats]:
    """Read who takes part and for how many it is meant, by group, shape (group,); raises DataError."""
    named = evaluation.participants
    reading = _Reading(raw, [named.group, named.participants, named.target])
    group = reading.groups(named.group, groups)
    taking, target = (reading.amount(column) for column in (named.participants, named.target))
    reading.wrong("more_participants", named.participants, taking > target)
    reading.finish()
    known = len(groups)
    return tuple(np.bincount(group, part, known + 1)[:known] for part in (taking, target))  # type: ignore[return-value]


class _Reading:
    """Reads a file column by column and collects what is wrong with it."""

    def __init__(self, raw: Raw, demanded: Sequence[str]) -> None:
        missing = [Problem("missing_named_column", raw.file, column=c) for c in demanded if c not in raw.columns]
        if missing:
            raise DataError(missing)
        self.raw, self.mark, self.problems = raw, decimal_mark(raw), list[Problem]()

    def finish(self) -> None:
        if self.problems:
            raise DataError(sorted(self.problems, key=lambda problem: problem.row or 0))

    def wrong(self, key: str, column: str, mask: npt.NDArray[np.bool_], **values: Any) -> None:
        for k in np.flatnonzero(mask)[:MOST]:
            place = self.raw.file, int(self.raw.rows[k]), column
            self.problems.append(Problem(key, *place, self.raw.columns[column][int(k)].as_py(), values))

    def texts(self, column: str, *, empty: bool = False) -> pa.Array:
        found = pc.fill_null(pc.utf8_trim_whitespace(self.raw.columns[column]), "")
        if not empty:
            self.wrong("empty", column, np.asarray(pc.equal(found, "")))
        return found

    def groups(self, column: str, groups: Sequence[Level]) -> Whole:
        """Positions among the groups; one more for those who are not known."""
        told = [
            (k, word) for k, level in enumerate(groups) for word in (level.id, *(level.title[x] for x in LANGUAGES))
        ]
        told += [(len(groups), word) for word in (UNKNOWN, *(texts()["word.Unknown"][x] for x in LANGUAGES))]
        position = {word.casefold(): k for k, word in reversed(told)}
        found = self.texts(column).dictionary_encode()
        place = np.array([position.get(word.casefold(), -1) for word in found.dictionary.to_pylist()])
        at = place[np.asarray(found.indices)]
        known = ", ".join(level.id for level in groups)
        strange = (at < 0) & ~np.asarray(pc.equal(found.cast(pa.string()), ""))
        self.wrong("unknown_subgroup", column, strange, dimension=column, known=known)
        return np.maximum(at, 0)

    def units(self, column: str) -> tuple[tuple[str, ...], Whole]:
        found = self.texts(column).dictionary_encode()
        return tuple(found.dictionary.to_pylist()), np.asarray(found.indices, np.int64)

    def zero_or_one(self, column: str) -> Whole:
        found = self.texts(column)
        given = np.asarray(pc.not_equal(found, ""))
        self.wrong("not_0_or_1", column, given & ~np.asarray(pc.is_in(found, value_set=pa.array(["0", "1"]))))
        return np.asarray(pc.equal(found, "1")).astype(np.int64)

    def steps(self, column: str) -> int:
        """How many periods the column has in a year, as its first cell is written."""
        first = pc.extract_regex(self.texts(column)[:1], PERIOD)[0].as_py() or {}
        return 12 if first.get("month") else 4 if first.get("quarter") else 1

    def periods(self, column: str, steps: int, *, never: bool = False) -> Floats:
        """Periods since year 0; NaN (an empty cell) is never."""
        found = self.texts(column, empty=True)
        given = np.asarray(pc.not_equal(found, ""))
        at = _counted(found, steps)
        self.wrong("not_a_period", column, given & np.isnan(at))
        return at if never else np.nan_to_num(at)

    def start(self, start: str | None, column: str, steps: int) -> int | None:
        at = _counted(pa.array([start], pa.string()), steps)[0] if start else np.nan
        if start and np.isnan(at):
            self.problems.append(Problem("start_form", self.raw.file, None, column, start))
        return None if np.isnan(at) else int(at)

    def amount(self, column: str, *, signed: bool = False) -> Floats:
        found, bad = numbers(self.texts(column), self.mark)
        given = np.asarray(pc.not_equal(self.texts(column, empty=True), ""))
        self.wrong("not_a_number", column, given & bad)
        amount = np.nan_to_num(np.asarray(found.fill_null(0.0), float))
        if not signed:
            self.wrong("negative_count", column, amount < 0)
        return amount

    def outcome(self, named: dict[str, str], scale: float, *, shares: bool) -> dict[str, Floats | None]:
        """The outcome in its unit, and what each row counts for."""
        if "events" not in named:
            value = self.amount(named["value"], signed=True)
            weight = self.amount(named["weight"]) if "weight" in named else np.ones(len(value))
            return {"value": value, "weight": weight, "events": None}
        events, n = self.amount(named["events"]), self.amount(named["n"])
        if shares:
            self.wrong("more_events", named["events"], events > n)
        value = scale * np.divide(events, n, out=np.zeros_like(n), where=n > 0)
        return {"value": value, "weight": n, "events": events}

    def alike_in_unit(self, column: str, given: Floats | Whole, unit: Whole) -> None:
        """What is said of a unit must be the same in all its rows."""
        _, at = np.unique(unit, return_index=True)
        told = np.nan_to_num(np.asarray(given, float), nan=np.inf)
        self.wrong("two_arms", column, told != told[at][unit])


def _counted(written: pa.Array, steps: int) -> Floats:
    """Periods since year 0; NaN where one is not written as a year, a quarter or a month, as `steps` says."""
    parts = pc.extract_regex(written, PERIOD)

    def part(name: str) -> Floats:
        found = pc.struct_field(parts, name)
        number = pc.if_else(pc.equal(found, ""), None, found).cast(pa.float64())
        return np.asarray(number.fill_null(np.nan), float)

    year, month, quarter = part("year"), part("month"), part("quarter")
    whole = np.where(np.isnan(month) & np.isnan(quarter), year, np.nan)
    return {1: whole, 4: year * 4 + quarter - 1, 12: year * 12 + month - 1}[steps]
