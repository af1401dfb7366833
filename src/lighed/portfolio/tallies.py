"""What crosses to the statistics: counts of organisations' work by indicator, as a file that `lighed load` reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lighed.core.register import ORGANISATIONS, Register
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk

AREA = "area"  # the field of an organisation that says where it is
YEAR = re.compile(r"\d{4}")
HEADER = ("ORGANISATION", "AREA", "YEAR", "INDICATOR", "AMOUNT", "AMONG")
MAPPING = """# How `lighed load` reads the file of the same name: counts of organisations, none of persons.
id: tallies
format: {format}
columns:
  ORGANISATION: {{to: tally.organisation_id}}
  AREA: {{to: tally.area}}
  YEAR: {{to: tally.year}}
  INDICATOR: {{to: tally.item}}
  AMOUNT: {{to: tally.amount}}
  AMONG: {{to: tally.among}}
"""
FORMATS = {
    ".csv": '{kind: csv, delimiter: ";", encoding: utf-8, decimal: "."}',
    ".parquet": '{kind: parquet, decimal: "."}',
}


@dataclass(frozen=True, slots=True)
class Tally:
    """What an organisation has of something in a year, and of how many."""

    organisation: str
    area: str
    year: int
    indicator: str
    amount: float
    among: float | None


def tallies(desk: Desk) -> tuple[list[Tally], list[Record]]:
    """Return the counts in the approved records, those of one indicator added up, and the records that have none.

    A record has none while its organisation has no area, or it names no indicator or no calendar year.
    """
    areas = {one.id: one.content.get(AREA) for one in desk.export(desk.register(ORGANISATIONS))}
    made: dict[tuple[str, str, int, str], list[Any]] = {}
    left: list[Record] = []
    for register, one in _approved(desk):
        found = _tally(register, one, areas.get(one.organisation))
        if found is None:
            left.append(one)
            continue
        key = found.organisation, found.area, found.year, found.indicator
        made.setdefault(key, []).append(found)
    return [_sum(made[key]) for key in sorted(made)], left


def _approved(desk: Desk) -> Iterator[tuple[Register, Record]]:
    for register in desk.registers():
        for one in desk.export(register) if register.tally else []:
            if register.workflow.state(one.state).approved:
                yield register, one


def _tally(register: Register, one: Record, area: str | None) -> Tally | None:
    assert register.tally
    indicator, year = (one.content.get(name) for name in (register.tally.indicator, register.tally.year))
    value = one.content.get(register.tally.amount)
    if not area or not indicator or value is None or not YEAR.fullmatch(str(year)):
        return None
    amount, among = value, one.content.get(register.tally.among or "")
    if isinstance(value, dict):
        amount, among = value["numerator"], value["denominator"]
    return Tally(one.organisation, area, int(str(year)), indicator, float(amount), among and float(among))


def _sum(some: list[Tally]) -> Tally:
    first, amounts = some[0], [one.among for one in some]
    among = None if None in amounts else sum(one for one in amounts if one is not None)
    amount = sum(one.amount for one in some)
    return Tally(first.organisation, first.area, first.year, first.indicator, amount, among)


def written(made: Iterable[Tally], kind: str) -> bytes:
    """Return the counts as a file that ends so: .csv or .parquet.

    Examples
    --------
    >>> print(written([Tally("aarhus", "0751", 2025, "I3.4a", 41, 48)], ".csv").decode().splitlines()[1])
    aarhus;0751;2025;I3.4a;41;48
    """
    rows = [astuple(one) for one in made]
    if kind == ".parquet":
        columns = zip(*rows, strict=True) if rows else [()] * len(HEADER)
        data = pa.BufferOutputStream()
        pq.write_table(pa.table(dict(zip(HEADER, map(list, columns), strict=True))), data)
        return bytes(data.getvalue().to_pybytes())
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator="\n").writerows([HEADER, *rows])
    return text.getvalue().encode()
