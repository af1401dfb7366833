"""What crosses to the statistics: events under the statistics' own pseudonyms, as a file that `lighed load` reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import date

from lighed.core.errors import FormError
from lighed.core.form import NO_BAND
from lighed.core.keys import hashed
from lighed.forms.cabinet import Filled

PERIOD = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?")
HEADER = ("EVENT", "PERSON", "ITEM", "DATE", "CATEGORY", "POINTS", "UNIT")
MAPPING = """# How `lighed load` reads the file of the same name: events under pseudonyms that are made already.
id: forms
format: {kind: csv, delimiter: ";", encoding: utf-8, decimal: "."}
columns:
  EVENT: {to: event.event_id, as: key}
  PERSON: {to: person_id, as: pseudonym}
  ITEM: {to: event.item}
  DATE: {to: event.date, date: yyyy-mm-dd}
  CATEGORY: {to: event.category}
  POINTS: {to: event.amount}
  UNIT: {to: event.provider_id}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """An event: points are missing where a question was not answered."""

    event: str
    person: str
    item: str
    date: date
    category: str
    points: int | None
    unit: str


def rows(forms: Iterable[Filled], key: bytes, period: str) -> list[Row]:
    """Return the events of a year or month; a form that was withdrawn gives none."""
    if not PERIOD.fullmatch(period):
        raise FormError("no_period")
    made = [row for one in forms if one.person for row in _rows(one, hashed([one.person], key)[0])]
    kept = (row for row in made if row.date.isoformat().startswith(period))
    return sorted(kept, key=lambda row: (row.date, row.event))


def _rows(one: Filled, person: str) -> Iterator[Row]:
    form, found = one.form.id, one.result
    if one.state == "filled":
        band, points = found.band.id if found.band else NO_BAND, found.points if found.complete else None
        yield Row(f"{one.id}-scored", person, f"{form}_scored", one.made, band, points, one.unit)
    else:
        yield Row(f"{one.id}-refused", person, f"{form}_refused", one.made, "", None, one.unit)
    for step in one.steps:
        name = f"{one.id}-{step.step}-{step.offer}"
        yield Row(name, person, f"{form}_{step.step}", step.on, step.offer, None, one.unit)


def text(made: Iterable[Row]) -> str:
    """Return the events as the text of a CSV file.

    Examples
    --------
    >>> print(text([Row("a1-scored", "5f" * 16, "own_scored", date(2026, 11, 22), "more", 4, "5A")]).splitlines()[1])
    a1-scored;5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f;own_scored;2026-11-22;more;4;5A
    """
    written = io.StringIO()
    csv.writer(written, delimiter=";", lineterminator="\n").writerows([HEADER, *map(astuple, made)])
    return written.getvalue()
