"""Rules over the registers: what in them calls for a second look, and why.

A ``pitfall`` is told of the whole portfolio, with how many records it holds of how many; a ``flag`` at the record. A
condition reads columns: a field, a part of it (``value.unit``), a field of the records that a reference or a part leads
to (``assignments/perspective``), or something that is worked out of several records (``FOUND``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, Self

from pydantic import Field as Given
from pydantic import model_validator

from lighed.core.condition import ALWAYS, columns
from lighed.core.register import Field, Id, Register
from lighed.core.report import Step, way
from lighed.core.text import Text, texts
from lighed.core.types import Definition, Parsed

# What is worked out of several records, each with the registers that have it.
FOUND: dict[str, frozenset[str]] = {
    "outcomes": frozenset({"initiatives"}),
    "universal_beside": frozenset({"initiatives"}),
    "measured_in_unit": frozenset({"goals"}),
    "years_behind": frozenset({"observations"}),
    "sum_of_groups": frozenset({"observations", "funnels"}),
    "attainable": frozenset({"survey_items", "observations"}),
}
PARTS = {"amount": ("value", "unit"), "share": ("numerator", "denominator"), "date": ("days_ago",)}


class Found(Definition):
    """A record of a worked example, and whether the rule finds it; None where it is not among those asked about."""

    register_id: str = Given(alias="register")
    id: str
    content: dict[str, Any]
    found: bool | None = None


class DiagnosticExample(Definition):
    """Records as they stand on a day."""

    today: date
    records: tuple[Found, ...] = Given(min_length=1)


class Diagnostic(Definition):
    """A rule: of which registers, among which records, when, and what is said about those that it finds.

    ``pitfall`` is the one of the publication that it stands for, and ``weigh`` an amount whose share is told as well.
    """

    id: str = Given(pattern=Id)
    kind: Literal["pitfall", "flag"]
    title: Text
    sentence: Text
    registers: tuple[str, ...] = Given(min_length=1)
    among: Parsed = ALWAYS
    when: Parsed
    pitfall: str | None = None
    weigh: str | None = None
    source: str
    example: DiagnosticExample

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "pitfall") != bool(self.pitfall):
            raise ValueError("a pitfall names the one of the publication that it stands for, and a flag names none")
        return self

    @property
    def columns(self) -> set[str]:
        """Return the columns that the rule reads."""
        return columns(self.among) | columns(self.when)


def column_of(registers: Mapping[str, Register], start: str, column: str) -> tuple[list[Step], str]:
    """Return the way that a column takes from a register, and the field, or what is worked out, at its end.

    Raises KeyError where it leads nowhere.
    """
    path, _, end = column.rpartition("/")
    steps = way(registers, start, path) if path else []
    here = registers[steps[-1].register if steps else start]
    if here.id not in FOUND.get(end, ()):
        named_by(here, end)
    return steps, end


def named_by(register: Register, end: str) -> tuple[Field, str]:
    """Return the field and the part of it that the end of a column names; raises KeyError where there is none."""
    name, _, part = end.partition(".")
    if name not in register.names:
        raise KeyError(end)
    field = register.field(name)
    if part not in ("", *PARTS.get(field.kind, ())):
        raise KeyError(end)
    return field, part


def problems_of(one: Diagnostic, registers: Mapping[str, Register], pitfalls: set[str]) -> Iterator[str]:
    """Say what a rule names that is not there."""
    for start in one.registers:
        if start not in registers:
            yield f"the register '{start}' is not known; use one of {', '.join(registers)}"
    known = [start for start in one.registers if start in registers]
    for column in sorted(one.columns | ({one.weigh} if one.weigh else set())):
        if not any(_leads(registers, start, column) for start in known):
            yield f"the column '{column}' leads nowhere from {', '.join(known)}"
    if one.pitfall is not None and one.pitfall not in pitfalls:
        yield f"the pitfall '{one.pitfall}' is not known; use one of {', '.join(sorted(pitfalls))}"


def _leads(registers: Mapping[str, Register], start: str, column: str) -> bool:
    try:
        column_of(registers, start, column)
    except KeyError:
        return False
    return True


def names_of(one: Diagnostic, registers: Mapping[str, Register]) -> dict[Any, Text]:
    """Return what the columns of a rule, and the values in them, are called in a sentence."""
    found: dict[Any, Text] = {}
    said = texts()
    for column in one.columns:
        found[column, True], found[column, False] = said["portfolio.yes"], said["portfolio.no"]
        start = next(start for start in one.registers if _leads(registers, start, column))
        steps, end = column_of(registers, start, column)
        if end in FOUND:
            found[column] = said[f"portfolio.found.{end}"]
            found |= {(column, value): said[f"portfolio.found.{value}"] for value in ("early", "late")}
            continue
        here = registers[steps[-1].register if steps else start]
        field, part = named_by(here, end)
        title = Text(
            *(f"{field.title[lang]} ({here.one[lang]})" if steps else field.title[lang] for lang in ("da", "en"))
        )
        found[column] = said["portfolio.found.days_ago"] if part == "days_ago" else title
        found |= {(column, code.id): code.title for code in field.codes}
    return found
