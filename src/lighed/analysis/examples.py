"""Runs the worked example of a definition on an engine: the definition's own test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from lighed.analysis.evaluate import evaluated
from lighed.analysis.summarise import COUNTS, MILLION, SAMPLE, summarise, summarise_sample
from lighed.core.condition import columns
from lighed.core.errors import DataError
from lighed.core.types import Evaluation, Example, Indicator, Level
from lighed.sources.panel import as_raw, read_panel, read_participants
from lighed.store.engine import memory_table

YEAR = 2020
_DEFAULTS: dict[str, Any] = {"area": "0101", "sex": "female", "age": 40, "days": 366}
_RECORD: dict[str, Any] = {"category": None, "amount": None, "weight": 1.0, "stratum": "all", "sampling_unit": None}
_KINDS = {
    "person_id": pa.int64(),
    "year": pa.int32(),
    "age": pa.int16(),
    "days": pa.int32(),
    "amount": pa.float64(),
    "weight": pa.float64(),
}


def cells(engine: Any, indicator: Indicator, example: Example) -> list[dict[str, Any]]:
    """Return the cells that `example` gives, one dict per level in the order of their names, with what is not 0."""
    people = memory_table(engine, "people", people_of(indicator, example))
    records = memory_table(engine, "records", records_of(indicator, example))
    sample = indicator.basis == "survey"
    count = summarise_sample if sample else summarise
    summary = count(engine, people, records, [indicator], by=example.by)
    found = summary.collapse(
        *(dim for dim in summary.dims if dim in {"area", "sex", "age", "stratum", "sampling_unit"})
    )
    rows = found.table.select(["level", *(SAMPLE if sample else COUNTS)]).to_pylist()
    return [_readable(row) for row in sorted(rows, key=lambda row: row["level"])]


def people_of(indicator: Indicator, example: Example) -> pa.Table:
    """The example's persons as person-years of one year."""
    named = columns(indicator.population) | columns(indicator.numerator) | {example.by}
    extra = named - {"category", "amount"} - set(_DEFAULTS)
    rows = [
        {"person_id": person["person"], "year": YEAR}
        | _DEFAULTS
        | dict.fromkeys(extra)
        | {key: value for key, value in person.items() if key != "person"}
        for person in example.persons
    ]
    return _table(rows)


def records_of(indicator: Indicator, example: Example) -> pa.Table:
    """The example's events or answers; a record is of the indicator's own item unless it says otherwise."""
    rows = [
        {"person_id": record["person"], "year": YEAR, "item": indicator.item}
        | _RECORD
        | {key: value for key, value in record.items() if key != "person"}
        for record in example.records
    ]
    return _table(rows or [{"person_id": 0, "year": YEAR, "item": "none"} | _RECORD])


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({name: pa.array([row.get(name) for row in rows], _kind(name, rows)) for name in names})


def _kind(name: str, rows: list[dict[str, Any]]) -> pa.DataType:
    numeric = any(isinstance(row.get(name), int | float) for row in rows)
    return _KINDS.get(name, pa.float64() if numeric else pa.string())


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    scaled = {"weight": MILLION, "weighted": MILLION}
    return {
        name: value if name == "level" else value / scaled[name] if name in scaled else value
        for name, value in row.items()
        if name in {"level", "n", "events"} or (name in scaled) or value
    }


def mistakes(engine: Any, indicator: Indicator) -> Iterator[str]:
    """Say where the example's cells differ from what the definition expects; nothing when they agree."""
    example = indicator.example
    if example is None:
        yield f"{indicator.id}: has no worked example; add one under 'example'"
        return
    found = {row["level"]: row for row in cells(engine, indicator, example)}
    wanted = {row["level"]: row for row in example.expect}
    for level in sorted(found.keys() | wanted.keys()):
        given, due = found.get(level, {}), wanted.get(level, {})
        wrong = {key: (given.get(key), value) for key, value in due.items() if given.get(key) != value}
        if level not in wanted:
            yield f"{indicator.id}: gives a cell for '{level}' ({given}) that 'expect' does not name"
        for key, (got, value) in wrong.items():
            yield f"{indicator.id}: in '{level}' {key} is {got}, and 'expect' says {value}"


def mistakes_of_evaluation(evaluation: Evaluation, groups: Sequence[Level]) -> Iterator[str]:
    """Say where the rows that an evaluation's example gives differ from what it expects, to three decimals."""
    name, expected = evaluation.id, evaluation.example.expect
    try:
        found = {(row["level"], row["measure"]): row for row in effects(evaluation, groups)}
    except DataError as error:
        yield from (problem.sentence("en") for problem in error.problems)
        return
    if not expected:
        yield f"{name}: the example expects nothing; write what its rows must give under 'expect'"
    for due in expected:
        which = due.get("level"), due.get("measure")
        given = found.get(which)
        if given is None:
            yield f"{name}: gives no row for {which}; it gives {', '.join(map(str, found))}"
            continue
        for key, value in due.items():
            got = round(given[key], 3) if isinstance(given.get(key), float) else given.get(key)
            if got != value:
                yield f"{name}: {key} of {which} is {got}, and 'expect' says {value}"


def effects(evaluation: Evaluation, groups: Sequence[Level]) -> list[dict[str, Any]]:
    """Return the rows that an evaluation's example gives; raises DataError."""
    example, name = evaluation.example, evaluation.id
    taking = as_raw(name, example.participants)
    return evaluated(
        evaluation,
        read_panel(as_raw(name, example.rows), evaluation, groups),
        groups,
        read_participants(taking, evaluation, groups) if example.participants else None,
    ).to_pylist()
