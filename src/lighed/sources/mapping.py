"""A mapping file: which column of a file goes where in the store, and what its codes mean.

::

    id: borgere
    format: {kind: csv, delimiter: ";", encoding: cp1252, decimal: ","}
    period: {column: AAR}                       # or {year: 2024}: the year that spells and answers are of
    columns:
      CPR:    {to: person_id, as: cpr}
      KOMNR:  {to: residence.area}
      UDD:    {to: position.education, missing: ["9999"]}
      INDK:   {to: position.income, times: 1000}        # the file has thousands of kroner
      RYGER:  {to: answer.daily_smoking, codes: {"1": daily, "2": not_daily}}
      VAEGT:  {to: respondent.weight}
    constants: {respondent.wave: health_profile_2024}

A target is ``person_id``; ``<table>.<column>``; or, for what has a row per person and thing, ``position.<dimension>``,
``answer.<item>`` and ``event.<item>`` (whose cell holds the date of the event). ``ignore`` leaves a column out, unread.
Events may have a time of day, in a column of its own (``event.time``, as 14:35 or 14.35) or in the cell of the date:
``{to: event.date, as: moment}``. An empty one is not known.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from lighed.core.types import Definition
from lighed.sources.raw import Format

As = Literal["cpr", "key", "pseudonym", "code", "number", "date", "moment", "age", "text"]
TIME_OF = {"event.date": "event.time", "event.date_to": "event.time_to"}


class ColumnMapping(Definition):
    """Where a column goes, how it is read, and what its codes mean."""

    to: str
    as_: As | None = Field(None, alias="as")
    codes: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    date: str | None = None
    times: float = 1.0
    note: str | None = None

    @property
    def targets(self) -> tuple[str, ...]:
        """Where the column goes: a moment to a date and its time of day."""
        return (self.to, TIME_OF[self.to]) if self.as_ == "moment" and self.to in TIME_OF else (self.to,)


class Period(Definition):
    """The year that a row is of: a column of the file, or one year for all."""

    column: str | None = None
    year: int | None = None


class Mapping(Definition):
    """How a file is read into the tables of the store."""

    id: str
    file: str | None = None
    format: Format = Format()
    period: Period | None = None
    columns: dict[str, ColumnMapping]
    constants: dict[str, Any] = Field(default_factory=dict)
