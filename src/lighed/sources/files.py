"""Files with a mapping → tables of the store, every fault by row and column; no identifier is ever repeated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed.catalogue import Catalogue
from lighed.core.errors import DataError, Problem
from lighed.core.identifiers import CPR, masked, shows_number
from lighed.core.keys import MADE
from lighed.sources.mapping import TIME_OF, ColumnMapping, Mapping
from lighed.sources.raw import MOST, Raw, numbers, read
from lighed.store.ingest import ROW, Taken, check, take_in
from lighed.store.schema import ARROW, Column, ColumnKind, Table, tables
from lighed.store.snapshot import Store

DATES = {
    "yyyy-mm-dd": r"^(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})(?:[T ].*)?$",
    "dd-mm-yyyy": r"^(?P<d>\d{1,2})[-./](?P<m>\d{1,2})[-./](?P<y>\d{4})$",
    "yyyymmdd": r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})$",
    "ddmmyyyy": r"^(?P<d>\d{2})(?P<m>\d{2})(?P<y>\d{4})$",
}
TIME = r"^(?P<h>[01]?\d|2[0-3])[:.](?P<m>[0-5]\d)(?:[:.][0-5]\d(?:[.,]\d+)?)?$"
ROW_PER_THING = {"position", "answer", "event"}
_WHOLE_CPR = "^" + CPR.pattern + "$"
_WHOLE_HASH = "^[0-9a-f]{32}$"
OLDEST = 130
MISSING_MARKS = ("", ".", "NA", "NULL")


def load(
    store: Store,
    path: Path,
    mapping: Mapping,
    catalogue: Catalogue,
    *,
    key: bytes,
    dry_run: bool = False,
    replace: bool = False,
    name: str | None = None,
) -> Taken:
    """Take a file into the store, whole or not at all; the same file and mapping again change nothing.

    `dry_run` says what would happen and stores nothing; `replace` puts a corrected file in the place of what an earlier
    load of the same name under the same mapping gave. `name` is what the file is called, if not as it is stored.
    """
    shown = masked(name or path.name)
    raw = read(path, mapping.format, name=shown)
    digest = hashlib.sha256(path.read_bytes() + mapping.model_dump_json().encode()).hexdigest()
    made = Reading(raw, mapping, catalogue).tables()
    named = {target: column for column, given in mapping.columns.items() for target in given.targets}
    check(made, shown, named)
    return take_in(
        store,
        made,
        mapping=mapping.id,
        file=shown,
        digest=digest,
        key=key,
        dry_run=dry_run,
        replace=replace,
        named=named,
    )


@dataclass
class Reading:
    """One file under one mapping, being read column by column."""

    raw: Raw
    mapping: Mapping
    catalogue: Catalogue

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []
        self._said: set[str] = set()
        self.rows = self.raw.rows

    def tables(self) -> dict[str, pa.Table]:
        """Return the tables, identifiers still as texts, each row with its number in the file."""
        self._demand_columns()
        year = self._year()
        parts = [self._direct(name) for name in self._direct_tables()]
        parts += [self._thing(column, target, year) for column, target in self._things()]
        parts = [part for part in parts if part is not None]
        if self.problems:
            raise DataError(self.problems)
        found: dict[str, list[pa.Table]] = {}
        for name, table in parts:  # type: ignore[misc]
            found.setdefault(name, []).append(table)
        return {name: pa.concat_tables(some) for name, some in found.items()}

    def _demand_columns(self) -> None:
        file = self.raw.file
        missing = [c for c in self.mapping.columns if c not in self.raw.columns]
        period = self.mapping.period
        if period and period.column and period.column not in self.raw.columns:
            missing.append(period.column)
        problems = [Problem("missing_column", file, column=c) for c in missing]
        problems += [
            Problem("unmapped_column", file, column=c)
            for c in self.raw.columns
            if c not in self.mapping.columns and not (period and c == period.column)
        ]
        problems += [p for c, m in self.mapping.columns.items() if (p := self._bad_target(c, m))]
        first: dict[str, str] = {}
        problems += [
            Problem("target_twice", file, column=c, value=target, values={"first": first[target]})
            for c, m in self.mapping.columns.items()
            for target in m.targets
            if target != "ignore" and first.setdefault(target, c) != c
        ]
        problems += [p for target, value in self.mapping.constants.items() if (p := self._bad_constant(target, value))]
        if self._of_persons() and not any(m.to == "person_id" for m in self.mapping.columns.values()):
            problems.append(Problem("no_person", file))
        if problems:
            raise DataError(problems)

    def _of_persons(self) -> bool:
        """Whether any row of the file belongs to a person."""
        into = {target.partition(".")[0] for m in self.mapping.columns.values() for target in m.targets}
        known = [tables()[name] for name in into if name in tables()]
        return not known or any("person_id" in table.columns for table in known)

    def _bad_target(self, column: str, given: ColumnMapping) -> Problem | None:
        if given.to in {"person_id", "ignore"}:
            return None
        table, _, name = given.to.partition(".")
        known = tables().get(table)
        things: dict[str, Any] = {
            "position": self.catalogue.dimensions,
            "answer": self.catalogue.items,
            "event": self.catalogue.items,
        }
        if not known or (name not in known.columns and name not in things.get(table, {})):
            return Problem("unknown_target", self.raw.file, column=column, value=given.to)
        if table == "position" and name in self.catalogue.dimensions and name not in self.catalogue.held:
            return Problem("counted_target", self.raw.file, column=column, value=given.to)
        if given.as_ == "moment" and given.to not in TIME_OF:
            return Problem("not_for_moments", self.raw.file, column=column, value=given.to)
        if given.as_ in {"cpr", "key", "pseudonym"} and (name not in known.columns or known.columns[name].kind != "id"):
            return Problem(
                "not_for_identifiers", self.raw.file, column=column, value=given.to, values={"way": given.as_}
            )
        return None

    def _bad_constant(self, target: str, value: Any) -> Problem | None:
        if not self._is_direct(target):
            return Problem("unknown_constant", self.raw.file, value=target)
        table, _, name = target.partition(".")
        of, written = tables()[table].columns[name], str(value)
        known = self._areas() if of.codes == "areas" else self._known(of)
        if known is not None and written not in known:
            return Problem("unknown_code", self.raw.file, None, target, written, {"known": _first_of(known)})
        if shows_number(written) and not of.organisations:
            return Problem("number_of_person", self.raw.file, column=target)
        try:
            pa.scalar(written).cast(pa.string() if of.kind == "id" else ARROW[of.kind])
        except pa.ArrowInvalid:
            key = {"date": "not_a_date", "whole": "not_whole"}.get(of.kind, "not_a_number")
            return Problem(key, self.raw.file, None, target, written, {"form": "yyyy-mm-dd"})
        return None

    # --- what is read

    def _text(self, column: str, given: ColumnMapping | None = None) -> pa.Array:
        """A column's texts, trimmed; what means missing is null."""
        trimmed = pc.utf8_trim_whitespace(self.raw.columns[column])
        absent = pc.is_in(trimmed, value_set=pa.array([*MISSING_MARKS, *(given.missing if given else ())]))
        return pc.if_else(pc.fill_null(absent, True), pa.scalar(None, pa.string()), trimmed)

    def _wrong(self, key: str, column: str, at: npt.NDArray[Any], *, show: bool = True, **values: Any) -> None:
        texts = self.raw.columns[column]
        for k in at[:MOST]:
            value = texts[int(k)].as_py() if show else None
            self.problems.append(Problem(key, self.raw.file, int(self.rows[k]), column, value, values))

    def _year(self) -> npt.NDArray[np.int64] | None:
        period = self.mapping.period
        if period is None:
            return None
        if period.column is None:
            return np.full(self.raw.length, period.year, np.int64)
        before = len(self.problems)
        found = self._whole(period.column, self._text(period.column))
        years = np.asarray(found.fill_null(0))
        wrong = np.asarray(found.is_valid()) & ((years < 1900) | (years > 2100))
        self._wrong("not_a_year", period.column, np.flatnonzero(wrong))
        self._wrong("empty", period.column, np.flatnonzero(np.asarray(self._text(period.column).is_null())))
        self._once("year", before)
        return years

    def _once(self, what: str, before: int) -> None:
        """Forget the problems since `before` when they have been said: what several tables need is read for each."""
        if what in self._said:
            del self.problems[before:]
        self._said.add(what)

    def _whole(self, column: str, texts: pa.Array) -> pa.Array:
        numbers = self._number(column, texts)
        whole = pc.equal(numbers, pc.floor(numbers))
        self._wrong("not_whole", column, np.flatnonzero(~np.asarray(pc.fill_null(whole, True))))
        return pc.floor(numbers).cast(pa.int64())

    def _number(self, column: str, texts: pa.Array) -> pa.Array:
        """Numbers with the decimal mark that the mapping says; a comma where it says none."""
        mark = self.mapping.format.decimal or self.raw.format.decimal or ","
        found, wrong = numbers(texts, mark)
        self._wrong("not_a_number", column, np.flatnonzero(wrong))
        return found

    def _date(self, column: str, given: ColumnMapping, texts: pa.Array) -> pa.Array:
        form = given.date or "yyyy-mm-dd"
        if form not in DATES:
            self.problems.append(
                Problem(
                    "unknown_date_form", self.raw.file, column=column, value=form, values={"known": ", ".join(DATES)}
                )
            )
            return pa.nulls(len(texts), pa.date32())
        parts = pc.extract_regex(texts, DATES[form])
        year, month, day = (
            np.asarray(pc.struct_field(parts, name).cast(pa.int32()).fill_null(0)) for name in ("y", "m", "d")
        )
        given_at = np.asarray(texts.is_valid())
        leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
        longest = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])[np.clip(month, 0, 12)] + (
            leap & (month == 2)
        )
        good = (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest) & (year >= 1850) & (year <= 2100)
        self._wrong("not_a_date", column, np.flatnonzero(given_at & ~good), form=form)
        months = (np.where(good, year, 1970) - 1970).astype("timedelta64[M]") * 12 + (
            np.where(good, month, 1) - 1
        ).astype("timedelta64[M]")
        days = (np.datetime64("1970-01", "M") + months).astype("datetime64[D]") + np.where(good, day - 1, 0).astype(
            "timedelta64[D]"
        )
        return pa.array(days.astype("datetime64[D]"), pa.date32(), mask=~(good & given_at))

    def _time(self, column: str, texts: pa.Array) -> pa.Array:
        """The minute of the day; seconds are left out."""
        parts = pc.extract_regex(texts, TIME)
        hour, minute = (pc.struct_field(parts, name).cast(pa.int32()) for name in ("h", "m"))
        self._wrong("not_a_time", column, np.flatnonzero(np.asarray(texts.is_valid()) & ~np.asarray(hour.is_valid())))
        return pc.add(pc.multiply(hour, 60), minute)

    def _moment(self, column: str, given: ColumnMapping) -> dict[str, pa.Array]:
        """The date, and the time of day where there is one."""
        texts = self._text(column, given)
        parts = pc.extract_regex(texts, r"^(?P<day>[^T ]*)(?:[T ](?P<time>.*))?$")
        day, time = (pc.struct_field(parts, name) for name in ("day", "time"))
        time = pc.if_else(pc.equal(time, ""), pa.scalar(None, pa.string()), time)
        read = self._date(column, given, day), self._time(column, time)
        return {target.partition(".")[2]: array for target, array in zip(given.targets, read, strict=True)}

    def _identifier(self, column: str, given: ColumnMapping, texts: pa.Array) -> pa.Array:
        """An identifier as it will be hashed; a CPR number has ten characters, and a lost leading zero comes back."""
        if given.as_ in {None, "cpr"}:
            texts = pc.if_else(pc.match_substring_regex(texts, r"^\d{9}$"), pc.utf8_lpad(texts, 10, "0"), texts)
            good = pc.match_substring_regex(texts, _WHOLE_CPR)
            self._wrong("not_a_cpr", column, np.flatnonzero(~np.asarray(pc.fill_null(good, True))), show=False)
        if given.as_ == "pseudonym":
            good = pc.match_substring_regex(texts, _WHOLE_HASH)
            self._wrong("not_a_pseudonym", column, np.flatnonzero(~np.asarray(pc.fill_null(good, True))), show=False)
            return pc.binary_join_element_wise(MADE, texts, "")
        # Two spellings of one number must be one person already when rows are held against each other.
        bare = pc.utf8_upper(pc.replace_substring_regex(texts, r"[-\s]", ""))
        return pc.if_else(pc.match_substring_regex(texts, _WHOLE_CPR), bare, texts)

    def _code(self, column: str, given: ColumnMapping, texts: pa.Array, known: set[str] | None) -> pa.Array:
        """Codes as the store has them: those of the mapping, and those that are the store's own already."""
        if given.codes:
            source = pa.array(list(given.codes), pa.string())
            place = pc.index_in(texts, value_set=source)
            meant = pa.array(list(given.codes.values()), pa.string()).take(place)
            kept = (
                texts
                if known is None
                else pc.if_else(pc.is_in(texts, value_set=pa.array(sorted(known))), texts, pa.scalar(None, pa.string()))
            )
            coded = pc.coalesce(meant, kept)
        else:
            coded = texts
        bad = (
            ~np.asarray(pc.is_in(coded, value_set=pa.array(sorted(known))))
            if known is not None
            else np.zeros(len(texts), bool)
        )
        at = np.flatnonzero(np.asarray(texts.is_valid()) & bad)
        self._wrong("unknown_code", column, at, known=_first_of(known or set()))
        return coded

    def _area(self, column: str, given: ColumnMapping, texts: pa.Array) -> pa.Array:
        # Statistics Denmark writes 101 where CPR writes 0101
        short = pc.match_substring_regex(texts, r"^\d{1,3}$")
        if given.codes:
            short = pc.and_(short, pc.invert(pc.is_in(texts, value_set=pa.array(list(given.codes)))))
        padded = pc.if_else(short, pc.utf8_lpad(texts, 4, "0"), texts)
        return self._code(column, given, padded, self._areas())

    def _areas(self) -> set[str]:
        return {area.code for area in self.catalogue.areas.values()}

    def _read(
        self, column: str, given: ColumnMapping, kind: ColumnKind, of: Column | None, known: set[str] | None
    ) -> pa.Array:
        texts = self._text(column, given)
        match given.as_ or kind:
            case "cpr" | "key" | "pseudonym" | "id":
                return self._identifier(column, given, texts)
            case "date":
                return self._date(column, given, texts)
            case "time":
                return self._time(column, texts)
            case "age":
                return self._birth_from_age(column, texts)
            case "number" | "decimal":
                return pc.multiply(self._number(column, self._no_cpr(column, texts)), given.times)
            case "whole":
                return self._whole(column, self._no_cpr(column, texts))
            case "code" if of is not None and of.codes == "areas":
                return self._area(column, given, texts)
            case "code" if known is not None:
                return self._code(column, given, texts, known)
            case "code":
                return self._without_numbers(column, self._code(column, given, texts, known), of)
            case _:
                return self._without_numbers(column, texts, of)

    def _no_cpr(self, column: str, texts: pa.Array) -> pa.Array:
        """Amounts, none of which is a whole CPR number; one that lost its zero may be an amount."""
        wrong = np.asarray(pc.fill_null(pc.match_substring_regex(texts, _WHOLE_CPR), False))
        self._wrong("number_of_person", column, np.flatnonzero(wrong), show=False)
        return pc.if_else(pa.array(wrong), pa.scalar(None, pa.string()), texts)

    def _without_numbers(self, column: str, texts: pa.Array, of: Column | None) -> pa.Array:
        """Codes and texts that are stored as they stand, none of which shows a person's number."""
        if of is None or not of.organisations:
            shown = pa.array(
                [text for text in pc.unique(texts).drop_null().to_pylist() if shows_number(text)], pa.string()
            )
            self._wrong("number_of_person", column, np.flatnonzero(np.asarray(pc.is_in(texts, shown))), show=False)
        return texts

    def _birth_from_age(self, column: str, texts: pa.Array) -> pa.Array:
        """A date of birth that gives the age on 1 January of the row's year."""
        year = self._year()
        if year is None:
            self.problems.append(Problem("age_without_year", self.raw.file, column=column))
            return pa.nulls(len(texts), pa.date32())
        age = self._whole(column, self._no_cpr(column, texts))
        known, years = np.asarray(age.is_valid()), np.asarray(age.fill_null(0))
        good = (years >= 0) & (years <= OLDEST)
        self._wrong("not_an_age", column, np.flatnonzero(known & ~good), oldest=OLDEST)
        born = year - np.where(good, years, 0)
        days = (born - 1970).astype("datetime64[Y]").astype("datetime64[D]")
        return pa.array(days, pa.date32(), mask=~known)

    # --- where it goes

    def _person(self) -> pa.Array:
        column, given = next((c, m) for c, m in self.mapping.columns.items() if m.to == "person_id")
        before = len(self.problems)
        found = self._identifier(column, given, self._text(column, given))
        self._wrong("no_identifier", column, np.flatnonzero(~np.asarray(found.is_valid())), show=False)
        self._once("person", before)
        return found

    def _direct_tables(self) -> list[str]:
        """The tables that have a row for each row of the file."""
        named = [m.to.partition(".")[0] for m in self.mapping.columns.values() if self._is_direct(m.to)]
        named += [target.partition(".")[0] for target in self.mapping.constants if self._is_direct(target)]
        return list(dict.fromkeys(named))

    @staticmethod
    def _is_direct(target: str) -> bool:
        table, _, name = target.partition(".")
        return table in tables() and name in tables()[table].columns

    def _direct(self, name: str) -> tuple[str, pa.Table] | None:
        table = tables()[name]
        columns: dict[str, pa.Array] = {}
        for column, given in self.mapping.columns.items():
            target, _, wanted = given.to.partition(".")
            if target == name and given.as_ == "moment":
                columns |= self._moment(column, given)
            elif target == name and wanted in table.columns:
                of = table.columns[wanted]
                columns[wanted] = self._read(column, given, of.kind, of, self._known(of))
        filled = set(columns)
        for target, value in self.mapping.constants.items():
            where, _, wanted = target.partition(".")
            if where == name:
                columns[wanted] = pa.repeat(pa.scalar(str(value)), self.raw.length)
        if "person_id" in table.columns:
            columns["person_id"] = self._person()
        columns |= self._period_columns(table, columns)
        kept = (
            np.any([np.asarray(columns[c].is_valid()) for c in filled], axis=0)
            if filled
            else np.ones(self.raw.length, bool)
        )
        return name, self._made(table, columns, kept)

    def _known(self, of: Column) -> set[str] | None:
        if of.codes == "items":
            return set(self.catalogue.items)
        if of.codes == "dimensions":
            return set(self.catalogue.held)
        if of.codes == "indicators":
            return {one.id for one in self.catalogue.indicators.values() if one.basis == "organisation"}
        return set(of.codes) if isinstance(of.codes, tuple) else None

    def _period_columns(self, table: Table, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """The dates that a row's year gives where the file has none: a spell of the year, or its first day."""
        year = self._year()
        if year is None:
            return {}
        first = pa.array((year - 1970).astype("datetime64[Y]").astype("datetime64[D]"), pa.date32())
        after = pa.array((year - 1969).astype("datetime64[Y]").astype("datetime64[D]"), pa.date32())
        made = {"valid_from": first, "valid_to": after, "date": first}
        return {name: value for name, value in made.items() if name in table.columns and name not in columns}

    def _things(self) -> list[tuple[str, str]]:
        return [
            (column, given.to)
            for column, given in self.mapping.columns.items()
            if given.to.partition(".")[0] in ROW_PER_THING and not self._is_direct(given.to)
        ]

    def _thing(self, column: str, target: str, year: npt.NDArray[np.int64] | None) -> tuple[str, pa.Table]:
        """One row per person for a dimension, an answer or an event that has a column of its own."""
        name, _, thing = target.partition(".")
        given, table = self.mapping.columns[column], tables()[name]
        columns: dict[str, pa.Array] = {"person_id": self._person()}
        columns["dimension" if name == "position" else "item"] = pa.repeat(pa.scalar(thing), self.raw.length)
        if name == "event":
            value = columns["date"] = self._date(column, given, self._text(column, given))
            # The file has no number for the event: a person has one of a kind a day.
            parts = (columns["person_id"], columns["item"].cast(pa.string()), value.cast(pa.string()))
            columns["event_id"] = pc.binary_join_element_wise(*parts, " ")
        else:
            found: Any = self.catalogue.dimensions[thing] if name == "position" else self.catalogue.items[thing]
            known = set(found.categories) or None
            kind: ColumnKind = "decimal" if found.amount is not None else "code"
            value = self._read(column, given, kind, None, known)
            columns["amount" if kind == "decimal" else "category"] = value
        if name == "answer":
            columns["wave"] = self._wave()
        columns |= self._period_columns(table, columns)
        if year is None and "valid_from" in table.columns:
            self.problems.append(Problem("no_period", self.raw.file, column=column))
        return name, self._made(table, columns, np.asarray(value.is_valid()))

    def _wave(self) -> pa.Array:
        named = next((c for c, m in self.mapping.columns.items() if m.to == "respondent.wave"), None)
        if named:
            return self._text(named, self.mapping.columns[named])
        if "respondent.wave" not in self.mapping.constants:
            self.problems.append(Problem("no_wave", self.raw.file))
        return pa.repeat(pa.scalar(str(self.mapping.constants.get("respondent.wave", ""))), self.raw.length)

    def _made(self, table: Table, columns: dict[str, pa.Array], kept: npt.NDArray[np.bool_]) -> pa.Table:
        names, arrays = [], []
        for name, column in table.columns.items():
            kind = pa.string() if column.kind == "id" else table.schema.field(name).type
            array = columns.get(name, pa.nulls(self.raw.length, kind))
            names.append(name)
            arrays.append(_cast(array, kind))
        made = pa.table([*arrays, pa.array(self.rows)], names=[*names, ROW])
        return made.filter(pa.array(kept))


def _first_of(known: set[str]) -> str:
    return ", ".join(sorted(known)[:12]) + (" …" if len(known) > 12 else "")


def _cast(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array.cast(kind) if array.type != kind else array
