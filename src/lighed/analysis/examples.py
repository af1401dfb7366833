"""Runs the worked example of a definition on an engine: the definition's own test."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from lighed.analysis.evaluate import evaluated
from lighed.analysis.pathways import EPOCH, TABLES, Along, episodes
from lighed.analysis.summarise import (
    COUNTS,
    MILLION,
    NEED,
    SAMPLE,
    count_need,
    summarise,
    summarise_sample,
    tagged,
    users,
)
from lighed.core.condition import columns
from lighed.core.errors import DataError
from lighed.core.pathway import Pathway, PathwayExample
from lighed.core.types import Evaluation, Example, Indicator, Level
from lighed.core.use import Use
from lighed.sources.panel import as_raw, read_panel, read_participants
from lighed.store.engine import memory_table
from lighed.store.schema import tables

YEAR = 2020
TIMES = ("time", "time_to")
NOT_OF_EVENTS = ("person", "reason", "polarity")
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


def people_of(indicator: Indicator, example: Example, also: Sequence[str] = ()) -> pa.Table:
    """The example's persons as person-years of one year, with the columns that the indicator names, and others."""
    named = columns(indicator.population) | columns(indicator.numerator) | {example.by, *also}
    extra = named - {"category", "amount", *(key for record in example.records for key in record)} - set(_DEFAULTS)
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


def along_of(engine: Any, example: PathwayExample) -> Along:
    """The example's events and lives, as the tables of a store."""
    given = [
        {"event_id": number, "person_id": event["person"]}
        | {k: _minute(v) if k in TIMES else v for k, v in event.items() if k not in NOT_OF_EVENTS}
        for number, event in enumerate(example.events, 1)
    ]
    persons = [{"person_id": person["person"], "death_date": person.get("died")} for person in example.persons]
    homes = [
        {"person_id": person["person"], "valid_from": EPOCH, "valid_to": person.get("left")}
        for person in example.persons
    ]
    held = [{"person_id": row["person"]} | {k: v for k, v in row.items() if k != "person"} for row in example.positions]
    why = [
        {"event_id": number, "reason": event["reason"], "polarity": event.get("polarity")}
        for number, event in enumerate(example.events, 1)
        if "reason" in event
    ]
    read = {
        name: memory_table(engine, name, pa.Table.from_pylist(rows, schema=tables()[name].schema))
        for name, rows in zip(TABLES, (given, persons, homes, held, why), strict=True)
    }
    return Along.read(read, example.known_until, {})


def _minute(time: int | str | None) -> int | None:
    """The minute of the day; YAML reads 14:35 as that number, and 08:35 as a text."""
    if not isinstance(time, str):
        return time
    hour, minute = time.split(":")
    return 60 * int(hour) + int(minute)


def mistakes_along(engine: Any, pathway: Pathway) -> Iterator[str]:
    """Say where the episodes of the pathway's patients differ from what it expects; nothing when they agree."""
    example = pathway.example
    if example is None:
        yield f"{pathway.id}: has no worked example; add patients under 'example'"
        return
    found = episodes(pathway, along_of(engine, example)).order_by(["person_id", "year", *pathway.columns])
    rows = [{"person": row["person_id"], **row} for row in found.to_pyarrow().to_pylist()]
    yield from _unlike(pathway.id, "episode", rows, ("person", *pathway.columns), example.expect)


def mistakes_of_use(engine: Any, use: Use) -> Iterator[str]:
    """Say where the cells of need that the use's persons give differ from what it expects; nothing when they agree."""
    example = use.example
    if example is None:
        yield f"{use.id}: has no worked example; add one under 'example'"
        return
    one = use.indicator
    people = memory_table(engine, "people", people_of(one, example, also=use.columns))
    records = memory_table(engine, "records", records_of(one, example))
    persons = users(people, tagged(engine, people, records, [one]), use, [example.by])
    found = count_need(persons, use, by=example.by).table.to_pylist()
    yield from _unlike(use.id, "cell", found, ("level", "sex", "age", *use.columns, *NEED), example.expect)


def _unlike(
    name: str, what: str, rows: list[dict[str, Any]], shown: Sequence[str], expect: Sequence[dict[str, Any]]
) -> Iterator[str]:
    """Say which rows are not expected, and which of the expected are not there; these may leave columns out."""
    due = list(expect)
    for row in rows:
        same = next((one for one in due if all(row[key] == value for key, value in one.items())), None)
        if same is None:
            told = {key: row[key] for key in shown if row[key] is not None}
            yield f"{name}: gives the {what} {told}, which 'expect' does not name"
        else:
            due.remove(same)
    for one in due:
        yield f"{name}: 'expect' has {one}, and no {what} is so"


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
