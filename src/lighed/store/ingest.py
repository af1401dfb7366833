"""Takes tables into the store, whole or not at all: checks, turns identifiers into numbers, writes, and then flips."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lighed.core.errors import DataError, Problem, StoreError
from lighed.store.pseudonym import Identities
from lighed.store.schema import Table, tables
from lighed.store.snapshot import ONE_ROW, Load, Snapshot, Store, Writer

ROW = "_row"  # the number of the row in the file, for messages; never stored
IDENTIFIERS = {"person_id": "person", "parent_id": "person", "household_id": "household", "event_id": "event"}
FAR = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a load did: rows by table, and whether anything is new."""

    rows: dict[str, int]
    persons: int
    snapshot: int
    changed: bool
    shares: dict[str, dict[str, int]]


def check(made: dict[str, pa.Table], file: str, named: dict[str, str] | None = None) -> None:
    """Hold the tables of one file against the promises of the store; raises DataError with every fault.

    `named` says what the file calls the columns of the store.
    """
    problems: list[Problem] = []
    for name, rows in made.items():
        table = tables()[name]
        found = [p for c, of in table.columns.items() if of.required for p in _missing(file, name, rows, c)]
        found += _out_of_range(file, table, rows)
        found += _bad_dates(file, rows)
        found += _repeated(file, name, table, rows)
        found += _overlapping(file, name, table, rows)
        problems += _called(found, name, named)
    if problems:
        raise DataError(sorted(problems, key=lambda p: (p.row or 0, p.column or "")))


def _called(problems: Iterable[Problem], table: str, named: dict[str, str] | None) -> list[Problem]:
    """Say what the file calls a column, where it has one for it."""
    return [dataclasses.replace(p, column=(named or {}).get(f"{table}.{p.column}", p.column)) for p in problems]


def _at(
    file: str, key: str, rows: pa.Table, wrong: Any, column: str, *, show: bool = True, **values: Any
) -> Iterator[Problem]:
    for k in np.flatnonzero(np.asarray(wrong))[:1000]:
        value = rows[column][int(k)].as_py() if show else None
        yield Problem(key, file, rows[ROW][int(k)].as_py(), column, None if value is None else str(value), values)


def _missing(file: str, name: str, rows: pa.Table, column: str) -> Iterator[Problem]:
    wrong = pc.is_null(rows[column]).to_numpy()
    yield from _at(file, "required", rows, wrong, column, show=False, table=name)


def _out_of_range(file: str, table: Table, rows: pa.Table) -> Iterator[Problem]:
    for column, of in table.columns.items():
        if of.at_least is not None:
            wrong = pc.fill_null(pc.less(rows[column], of.at_least), False).to_numpy()
            yield from _at(file, "negative", rows, wrong, column)


def _bad_dates(file: str, rows: pa.Table) -> Iterator[Problem]:
    """A spell that ends before it begins, a death before birth, a day that has not come."""
    names = set(rows.column_names)
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011 - the day where the data are
    for first, last, key in (
        ("valid_from", "valid_to", "ends_first"),
        ("birth_date", "death_date", "dies_first"),
        ("date", "date_to", "ends_first"),
    ):
        if {first, last} <= names:
            yield from _at(file, key, rows, pc.fill_null(pc.less(rows[last], rows[first]), False).to_numpy(), last)
    if {"time", "time_to"} <= names:
        backwards = pc.and_(pc.equal(rows["date"], rows["date_to"]), pc.less(rows["time_to"], rows["time"]))
        yield from _at(file, "ends_first", rows, pc.fill_null(backwards, False).to_numpy(), "time_to", show=False)
    for column in names & {"birth_date", "death_date", "date"}:
        yield from _at(
            file, "in_future", rows, pc.fill_null(pc.greater(rows[column], tomorrow), False).to_numpy(), column
        )


def _repeated(file: str, name: str, table: Table, rows: pa.Table) -> Iterator[Problem]:
    """Two rows with one key. What is said of a person may be repeated, but not contradicted."""
    if name in ONE_ROW:
        yield from _contradicted(file, table, rows)
        return
    keyed = rows.select([*table.key, ROW])
    firsts = keyed.group_by(list(table.key), use_threads=False).aggregate([(ROW, "min"), (ROW, "count")])
    double = firsts.filter(pc.greater(firsts[f"{ROW}_count"], 1))
    if not double.num_rows:
        return
    joined = keyed.join(double, list(table.key), join_type="inner").sort_by(ROW)
    for row, first in zip(joined[ROW].to_pylist(), joined[f"{ROW}_min"].to_pylist(), strict=True):
        if row != first:
            yield Problem(
                "same_key", file, row, None, None, {"first": first, "key": ", ".join(table.key), "table": name}
            )


def _contradicted(file: str, table: Table, rows: pa.Table) -> Iterator[Problem]:
    for column in table.columns:
        if column in table.key:
            continue
        known = rows.filter(pc.is_valid(rows[column])).select([*table.key, column, ROW])
        distinct = known.group_by([*table.key, column], use_threads=False).aggregate([(ROW, "min")])
        each = distinct.group_by(list(table.key), use_threads=False).aggregate(
            [(f"{ROW}_min", "count"), (f"{ROW}_min", "max"), (f"{ROW}_min", "min")]
        )
        wrong = each.filter(pc.greater(each[f"{ROW}_min_count"], 1))
        for last, first in zip(wrong[f"{ROW}_min_max"].to_pylist(), wrong[f"{ROW}_min_min"].to_pylist(), strict=True):
            yield Problem("contradicts", file, last, column, None, {"first": first})


def _overlapping(file: str, name: str, table: Table, rows: pa.Table) -> Iterator[Problem]:
    """Spells of one person that overlap; rows without a number are stored already, and only held against new ones."""
    if not table.spells:
        return
    ordered = rows.sort_by([*((key, "ascending") for key in table.spells), ("valid_from", "ascending")])
    same = np.ones(max(ordered.num_rows - 1, 0), bool)
    for key in table.spells:
        words = ordered[key].combine_chunks().dictionary_encode().indices.to_numpy(zero_copy_only=False)
        same &= words[1:] == words[:-1]
    ends = pc.fill_null(ordered["valid_to"], FAR).to_numpy()
    starts = ordered["valid_from"].to_numpy()
    fresh = ordered[ROW].is_valid().to_numpy()
    wrong = same & (starts[1:] < ends[:-1]) & (starts[1:] != starts[:-1]) & (fresh[1:] | fresh[:-1])
    for k in np.flatnonzero(wrong)[:1000]:
        first, second = ordered[ROW][int(k)].as_py(), ordered[ROW][int(k) + 1].as_py()
        if first is None or second is None:
            yield Problem("overlaps_stored", file, second or first, "valid_from", None, {"table": name})
        else:
            yield Problem("overlaps", file, second, "valid_from", None, {"first": first, "table": name})


def take_in(
    store: Store,
    made: dict[str, pa.Table],
    *,
    mapping: str,
    file: str,
    digest: str,
    key: bytes,
    dry_run: bool,
    replace: bool,
    named: dict[str, str] | None = None,
) -> Taken:
    """Write checked tables into the store in one step; the same digest again changes nothing."""
    with store.writing() as writer:
        before = writer.base
        if writer.knows(digest):
            return _taken(made, before, changed=False)
        if any(load.source == "synthetic" for load in before.loads):
            raise StoreError("synthetic_store", folder=store.folder)
        if replace:
            writer.drop(mapping, file)
        identities = Identities(before, key)
        numbered = {name: _numbered(rows, identities) for name, rows in made.items()}
        _against_stored(file, writer.snapshot(), numbered, named)
        if dry_run:
            writer.discard()
            writer.files = {t: list(entries) for t, entries in before.files.items()}
            writer.loads = list(before.loads)
            return _taken(made, before, changed=False)
        _write(
            writer, numbered, identities, Load(mapping, file, digest, {n: t.num_rows for n, t in made.items()}, "file")
        )
        return _taken(made, writer.snapshot(), changed=True)


def _numbered(rows: pa.Table, identities: Identities) -> pa.Table:
    for column, kind in IDENTIFIERS.items():
        if column in rows.column_names and rows[column].null_count < rows.num_rows:
            numbers = pa.array(identities.numbers(kind, rows[column].combine_chunks()))
            rows = rows.set_column(rows.column_names.index(column), column, numbers)
    return rows


def _write(writer: Writer, numbered: dict[str, pa.Table], identities: Identities, load: Load) -> None:
    for name, rows in numbered.items():
        table = tables()[name]
        kept = rows.drop_columns([ROW])
        if name in ONE_ROW:
            kept = _once(table, kept)
        writer.add(name, kept.select(list(table.columns)), load.digest)
    identities.write(writer, load.digest)
    writer.record(load)


def _once(table: Table, rows: pa.Table) -> pa.Table:
    """One row per key, with everything that the file says of it."""
    others = [column for column in table.columns if column not in table.key]
    first = rows.group_by(list(table.key), use_threads=False).aggregate([(column, "max") for column in others])
    return first.rename_columns([column.removesuffix("_max") for column in first.column_names]).select(
        list(table.columns)
    )


def _stored(base: Snapshot, name: str, columns: list[str]) -> pa.Table | None:
    paths = base.paths(name)
    return pa.concat_tables([pq.read_table(path, columns=columns) for path in paths]) if paths else None


def _against_stored(
    file: str, base: Snapshot, numbered: dict[str, pa.Table], named: dict[str, str] | None = None
) -> None:
    """Rows whose key is stored already, and spells that overlap stored ones: the file must replace, not add."""
    problems: list[Problem] = []
    for name, rows in numbered.items():
        table = tables()[name]
        spans = ["valid_from", "valid_to"] if table.spells else []
        stored = _stored(base, name, list(dict.fromkeys([*table.key, *spans])))
        if stored is None:
            continue
        if name in ONE_ROW:
            problems += _called(_against_persons(file, base, name, table, rows), name, named)
            continue
        keyed = rows.select([*table.key, ROW])
        double = keyed.join(
            stored.select(list(table.key)).cast(keyed.select(list(table.key)).schema),
            list(table.key),
            join_type="left semi",
        ).sort_by(ROW)
        problems += [
            Problem("stored_already", file, row, None, None, {"table": name, "key": ", ".join(table.key)})
            for row in double[ROW].to_pylist()[:1000]
        ]
        if spans:
            both = pa.concat_tables([stored, rows.select([*stored.column_names, ROW])], promote_options="default")
            problems += _called(_overlapping(file, name, table, both), name, named)
    if problems:
        raise DataError(problems)


def _against_persons(file: str, base: Snapshot, name: str, table: Table, rows: pa.Table) -> Iterator[Problem]:
    """What is known of a person may be added to by a later file, not contradicted."""
    stored = pa.concat_tables([pq.read_table(path) for path in base.paths(name)])
    for column in table.columns:
        if column in table.key:
            continue
        known = (
            stored.filter(pc.is_valid(stored[column]))
            .select([*table.key, column])
            .rename_columns([*table.key, "stored"])
        )
        joined = rows.select([*table.key, column, ROW]).join(known, list(table.key), join_type="inner")
        wrong = joined.filter(pc.fill_null(pc.not_equal(joined[column], joined["stored"]), False)).sort_by(ROW)
        for row in dict.fromkeys(wrong[ROW].to_pylist()[:1000]):
            yield Problem("contradicts_stored", file, row, column)


def _taken(made: dict[str, pa.Table], snapshot: Snapshot, *, changed: bool) -> Taken:
    persons = {
        word
        for rows in made.values()
        if "person_id" in rows.column_names
        for word in pc.unique(rows["person_id"]).to_pylist()
    }
    shares: dict[str, dict[str, int]] = {}
    for name, key in (("position", "dimension"), ("answer", "item")):
        if name in made:
            counted = (
                made[name].group_by([key, "category"], use_threads=False).aggregate([("category", "count")]).to_pylist()
            )
            for row in sorted(counted, key=lambda row: str(row["category"])):
                if row["category"] is not None:
                    shares.setdefault(row[key], {})[row["category"]] = row["category_count"]
    return Taken({name: rows.num_rows for name, rows in made.items()}, len(persons), snapshot.number, changed, shares)
