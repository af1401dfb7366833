"""How the export of a survey program is read: which column is which item, and what its answers count as."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import Field as Given
from pydantic import model_validator

from lighed.core.types import Definition

Order = Literal["year_first", "day_first", "month_first"]
Counts = Literal["counted", "against", "left_out"]
PLACES: dict[Order, tuple[int, int, int]] = {"year_first": (0, 1, 2), "day_first": (2, 1, 0), "month_first": (2, 0, 1)}
_DAY = re.compile(r"(\d{1,4})[-./](\d{1,2})[-./](\d{1,4})(?:[ T].*)?")
_WHOLE = re.compile(r"(\d+)[.,]0+")


class Answers(Definition):
    """An item: its record in ``survey_items``, its column or columns, and what in them counts as what.

    ``counted`` are the answers whose share is told, ``against`` the others of the denominator, and ``left_out`` those
    outside of it, as "don't know". Of several ``columns``, each with what it stands for, one that is ticked is enough.
    """

    item: str
    column: str | None = None
    columns: dict[str, str] = Given(default_factory=dict)
    counted: tuple[str, ...] = Given(min_length=1)
    against: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.column) == bool(self.columns):
            raise ValueError(f"{self.item}: name either its column or its columns")
        codes = [code for one in (self.counted, self.against, self.left_out) for code in map(plain, one)]
        if len(set(codes)) < len(codes):
            raise ValueError(f"{self.item}: an answer counts as one thing; these are {', '.join(codes)}")
        return self

    def counts(self, cell: Any) -> Counts | None:
        """Return what an answer counts as; None where it is not known."""
        groups: tuple[tuple[Counts, tuple[str, ...]], ...]
        groups = (("counted", self.counted), ("against", self.against), ("left_out", self.left_out))
        return next((name for name, codes in groups if plain(cell) in map(plain, codes)), None)


class Status(Definition):
    """The column that says how far somebody came, and which of its values is which state."""

    column: str
    values: dict[str, str]


class SurveyMapping(Definition):
    """A mapping: its version, the survey that it is of, and what each column of the export is.

    ``organisation`` is the column with the partner, ``by`` its title or its id. ``asked`` says who was asked: those in
    the ``file``, or all ``members``, also those who are not in it. Without a ``status`` whoever has a day of answering,
    or any answer where there is no such column, is complete.
    """

    id: str = Given(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Given(ge=1)
    survey: str
    organisation: str
    by: Literal["title", "id"] = "title"
    asked: Literal["file", "members"] = "file"
    status: Status | None = None
    answered_on: str | None = None
    dates: Order = "year_first"
    items: tuple[Answers, ...] = Given(min_length=1)
    ignore: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Return the columns that an export must have."""
        own = [self.organisation, self.answered_on, self.status.column if self.status else None]
        return [*filter(None, own), *(name for one in self.items for name in (one.columns or [one.column or ""]))]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        named = [*self.columns, *self.ignore]
        if twice := {name for name in named if named.count(name) > 1}:
            raise ValueError(f"a column is one thing; named twice is {', '.join(sorted(twice))}")
        return self

    def day(self, cell: Any) -> str | None:
        """Return a day as 2023-08-14; None where the cell holds none that exists.

        Examples
        --------
        >>> one = SurveyMapping(
        ...     id="x", version=1, survey="s", organisation="o", dates="month_first",
        ...     items=[{"item": "i", "column": "c", "counted": ["1"]}])
        >>> one.day("08-14-2023 10:15"), one.day("14-08-2023")
        ('2023-08-14', None)
        """
        if isinstance(cell, datetime | date):
            return cell.isoformat()[:10]
        found = _DAY.fullmatch(str(cell).strip())
        try:
            return date(*(int(found[1 + at]) for at in PLACES[self.dates])).isoformat() if found else None
        except ValueError:
            return None


def plain(cell: Any) -> str:
    """Return an answer as it is held against another: without case, and a whole number without decimals.

    Examples
    --------
    >>> plain(" Ja "), plain(1.0), plain("1,0"), plain("1,5"), plain(None)
    ('ja', '1', '1', '1,5', '')
    """
    said = "" if cell is None else " ".join(str(cell).split())
    whole = _WHOLE.fullmatch(said)
    return whole[1] if whole else said.casefold()
