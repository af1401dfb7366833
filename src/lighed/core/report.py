"""Reports as files: headings in the words of a source, what stands under each, and when the report is complete.

What stands under a heading comes from the record that the report is made of, and from records that hang together with
it. A way to those is written as ``initiatives/goals``: the record's own field ``initiatives``, then the records of the
register ``goals`` that point at what was found. A way that begins with ``/`` begins with all records of a register.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field as Given
from pydantic import model_validator

from lighed.core.register import Id, Register
from lighed.core.text import Text
from lighed.core.types import Definition

Need = Literal["filled", "short", "some", "each", "suggested"]
Reckoned = Literal[
    "shares", "gaps", "reach", "conclusion", "quote", "counts", "survey", "lights", "actions", "baseline"
]  # fmt: skip


class Rule(Definition):
    """What must be there before a report is submitted, and what is said at ``field`` as long as it is not.

    ``filled``: the field is. ``short``: it has at most ``most`` words. ``some``: there is a record ``among`` the
    related ones in which all of ``having`` are filled. ``each``: every one of ``codes`` stands in the first field of
    ``having`` of such a record. ``suggested``: the field says what the figures suggest. What ``unless`` names is a
    reason that may be written instead.
    """

    field: str
    need: Need
    says: Text | None = None
    most: int = 0
    among: str = ""
    having: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    unless: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.need != "filled") != bool(self.says):
            raise ValueError(f"{self.field}: every rule but 'filled' says what is missing")
        if (self.need in {"some", "each"}) != bool(self.among and self.having):
            raise ValueError(f"{self.field}: 'some' and 'each' look among records having something; no other rule does")
        return self


class Part(Definition):
    """Something under a heading beside its text: a table of related records, or what is reckoned from them."""

    of: str = ""
    title: Text | None = None
    columns: tuple[str, ...] = ()
    where: dict[str, tuple[str, ...]] = Given(default_factory=dict)
    reckoned: Reckoned | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.columns) == bool(self.reckoned):
            raise ValueError(f"{self.of}: a part has columns, or says what is reckoned")
        return self

    def takes(self, content: Mapping[str, Any]) -> bool:
        """Return whether a related record stands in this part."""
        return all(content.get(name) in wanted for name, wanted in self.where.items())


class Section(Definition):
    """A heading, the fields whose text stands under it, and the parts that follow."""

    title: Text
    fields: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    rules: tuple[Rule, ...] = ()


class ReportExample(Definition):
    """A record, what it hangs together with by the way to it, and the fields at which something is missing."""

    content: dict[str, Any]
    related: dict[str, tuple[dict[str, Any], ...]] = Given(default_factory=dict)
    missing: tuple[str, ...] = ()


class Report(Definition):
    """A report: whose record it is made of (none: of all that the reader may see), its facts and its sections.

    Where several reports are made of one register, ``chosen`` is the way to the field that holds the report's id;
    ``where`` says of which records it is made only.
    ``facts`` stand first, as names and values; ``obligation/recipients`` is a field of what ``obligation`` points at.
    """

    id: str = Given(pattern=Id)
    title: Text
    source: Text
    register_id: str | None = Given(default=None, alias="register")
    chosen: str | None = None
    where: dict[str, tuple[str, ...]] = Given(default_factory=dict)
    facts: tuple[str, ...] = ()
    sections: tuple[Section, ...] = Given(min_length=1)
    example: tuple[ReportExample, ...] = ()

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules of all sections."""
        return tuple(rule for section in self.sections for rule in section.rules)

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the fields of the record that are written for this report."""
        own = (name for section in self.sections for name in section.fields)
        reasons = (rule.unless for rule in self.rules if rule.unless)
        return tuple(dict.fromkeys((*(name for name in self.facts if "/" not in name), *own, *reasons)))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a way: to the records of ``register`` that ``field`` names, or (``back``) that name what was found."""

    register: str
    field: str = ""
    back: bool = False


def way(registers: Mapping[str, Register], start: str | None, path: str) -> list[Step]:
    """Return the steps of a way from a record of the register `start`; raises KeyError where there is none."""
    steps: list[Step] = []
    here = registers[start] if start and not path.startswith("/") else None
    for name in path.strip("/").split("/"):
        if here is None:
            steps.append(Step(registers[name].id))
        elif name in here.names and here.field(name).register_id:
            steps.append(Step(here.field(name).register_id or "", name))
        else:
            steps.append(Step(name, _pointing(registers[name], here), back=True))
        here = registers[steps[-1].register]
    return steps


def _pointing(register: Register, here: Register) -> str:
    fields = [field.id for field in register.fields if field.register_id == here.id]
    if not fields:
        raise KeyError(register.id)
    return register.parent if register.parent in fields else fields[0]
