"""Registers that people keep by hand: fields, code lists, states and who may move a record from one to the next.

A register is a file. Forms, lists, filters, search, history, import and export come from it, and so do the sentences at
a field that is filled in wrongly. A record's content is one JSON object; a field that was left empty is not in it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import Field as Given
from pydantic import model_validator

from lighed.core.accounts import actions
from lighed.core.errors import Problem, RegisterError
from lighed.core.identifiers import shows_number
from lighed.core.text import Lang, Text, say
from lighed.core.types import Definition

Id = r"^[a-z][a-z0-9_]*$"
Kind = Literal[
    "text", "long_text", "link", "number", "date", "choice", "yes_no", "reference", "amount", "share", "file"
]
PARTS: dict[Kind, tuple[str, str]] = {
    "amount": ("value", "unit"),
    "share": ("numerator", "denominator"),
    "file": ("name", "checksum"),
}
TEXTS = frozenset({"unit", "name", "checksum"})  # the parts that are no numbers
NEEDED = {"amount": "value", "file": "checksum"}  # the part without which the other says nothing
FOUND_BY: frozenset[Kind] = frozenset({"choice", "yes_no", "reference", "date"})  # what a list can be filtered by
ORGANISATIONS = "organisations"
BETWEEN = ";"  # several values in one cell of a file
LONGEST = {"text": 300, "long_text": 20_000, "link": 2_000}
YES, NO = "yes", "no"
FIRST_YEAR, LAST_YEAR = 1800, 2200
CHECKSUM = re.compile(r"[0-9a-f]{64}")  # SHA-256
_NUMBER = re.compile(r"[-+−]?\d+([.,]\d+)?")
_THOUSANDS = re.compile(r"[-+−]?[1-9]\d{0,2}(\.\d{3})+")
_DANISH_DAY = re.compile(r"(\d{1,2})[-./](\d{1,2})[-./](\d{4})")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
Faults = Iterator[tuple[str, dict[str, Any]]]


class Code(Definition):
    """Something that can be chosen, and of what kind it is, where there are several."""

    id: str = Given(pattern=r"^[\w.-]+$")
    title: Text
    kind: str | None = None


class CodeList(Definition):
    """What can be chosen in every field that names the list, and where the list comes from."""

    id: str = Given(pattern=Id)
    title: Text
    source: str
    codes: tuple[Code, ...] = Given(min_length=1)


class State(Definition):
    """Where a record stands: whether it can be edited, whether every reader sees it, and what it counts as.

    In an ``active`` state something is being done. ``due`` is the state that it counts as from the day on which it must
    be looked at again.
    """

    id: str = Given(pattern=Id)
    title: Text
    editable: bool = False
    shown: bool = False
    approved: bool = False
    active: bool = False
    gone: bool = False
    due: str | None = None


class Transition(Definition):
    """A way from some states to another, the action that it takes, and whether a reason must be written."""

    id: str = Given(pattern=Id)
    title: Text
    after: tuple[str, ...] = Given(min_length=1)
    to: str
    action: str
    reason: bool = False


class Workflow(Definition):
    """The states that a record can be in, the first one first, and the ways between them."""

    id: str = Given(pattern=Id)
    title: Text
    states: tuple[State, ...] = Given(min_length=1)
    transitions: tuple[Transition, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        states = [state.id for state in self.states]
        for one in self.transitions:
            if unknown := {*one.after, one.to} - set(states):
                raise ValueError(f"{one.id}: there is no state {', '.join(sorted(unknown))}; use {', '.join(states)}")
            if one.action not in actions():
                raise ValueError(f"{one.id}: the action '{one.action}' is not known; see core/roles.yaml")
        for state in self.states:
            if state.due is not None and state.due not in states:
                raise ValueError(f"{state.id}: there is no state {state.due}; use {', '.join(states)}")
        _demand_own_ids("state", states)
        _demand_own_ids("transition", [one.id for one in self.transitions])
        return self

    def state(self, name: str) -> State:
        """Return the state of that id."""
        return next(state for state in self.states if state.id == name)

    def transition(self, name: str, *, after: str) -> Transition:
        """Return the way of that id out of a state; raises RegisterError where there is none."""
        found = next((one for one in self.transitions if one.id == name and after in one.after), None)
        if found is None:
            raise RegisterError("no_transition")
        return found

    def out_of(self, state: str) -> tuple[Transition, ...]:
        """Return the ways out of a state."""
        return tuple(one for one in self.transitions if state in one.after)


class Field(Definition):
    """Something that is written down of a record.

    ``codes`` are what can be chosen (of a choice) or the units (of an amount), a list here or the name of one in
    ``code_lists``; ``register`` is what a reference points into; ``many`` allows several of both. What needs somebody's
    consent names the dates on which it was given (``consent``) and taken back (``withdrawn``).
    """

    id: str = Given(pattern=Id)
    title: Text
    help: Text | None = None
    kind: Kind = "text"
    required: bool = False
    many: bool = False
    codes: tuple[Code, ...] = ()
    register_id: str | None = Given(default=None, alias="register")
    at_least: float | None = None
    at_most: float | None = None
    whole: bool = False
    consent: str | None = None
    withdrawn: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind in {"choice", "amount"}) != bool(self.codes):
            raise ValueError(f"{self.id}: a choice and an amount have codes, and nothing else has")
        if (self.kind == "reference") != bool(self.register_id):
            raise ValueError(f"{self.id}: a reference names its register, and nothing else does")
        if self.many and self.kind not in {"choice", "reference"}:
            raise ValueError(f"{self.id}: there can be many of a choice or a reference only")
        _demand_own_ids(f"code of {self.id}", [code.id for code in self.codes])
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the cells that the field takes in a form or a file."""
        return tuple(f"{self.id}.{part}" for part in PARTS.get(self.kind, ())) or (self.id,)

    def code(self, name: str) -> Text:
        """Return what a code is called; one that is no longer in the list is called by its id."""
        return next((code.title for code in self.codes if code.id == name), Text(da=name, en=name))

    def pairs(self, lang: Lang) -> list[tuple[str, str]]:
        """Return id and title of what can be chosen."""
        if self.kind == "yes_no":
            return [(value, say(f"portfolio.{value}", lang)) for value in (YES, NO)]
        return [(code.id, code.title[lang]) for code in self.codes]

    def values(self, content: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the codes, references or day that a record has in this field."""
        given = content.get(self.id)
        if isinstance(given, bool):
            return (YES if given else NO,)
        return tuple(given) if isinstance(given, list) else () if given is None else (given,)

    def faults(self, value: Any) -> Faults:
        """Say what is wrong with a value, each as the key of a sentence and what stands in it."""
        if self.many:
            if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
                yield "not_a_list", {}
                return
            for one in value:
                yield from CHECKS[self.kind](self, one)
        else:
            yield from CHECKS[self.kind](self, value)

    def read(self, cells: Mapping[str, Any]) -> Any:
        """Return the value that cells of a form or file hold, as far as it can be read; None where they are empty."""
        given = [_stripped(cells.get(name)) for name in self.columns]
        if self.kind in PARTS:
            parts = PARTS[self.kind]
            values = [cell if part in TEXTS else _number(cell) for part, cell in zip(parts, given, strict=True)]
            if self.kind == "amount" and values[0] is not None and not values[1] and len(self.codes) == 1:
                values[1] = self.codes[0].id
            kept = {part: v for part, v in zip(parts, values, strict=True) if v not in (None, "")}
            # The unit is chosen beforehand in a form, and the name of a file stays when the file is taken out.
            return None if not kept or NEEDED.get(self.kind, next(iter(kept))) not in kept else kept
        if self.many:
            each = given[0] if isinstance(given[0], list) else str(given[0] or "").split(BETWEEN)
            return list(dict.fromkeys(part.strip() for part in each if part.strip())) or None
        return READERS.get(self.kind, lambda value: value)(given[0]) if given[0] not in (None, "") else None

    def cells(self, value: Any) -> dict[str, Any]:
        """Return a value as the cells of a form or file."""
        if value is None:
            return dict.fromkeys(self.columns, "")
        if self.kind in PARTS and isinstance(value, dict):
            return {f"{self.id}.{part}": value.get(part, "") for part in PARTS[self.kind]}
        if isinstance(value, list):
            return {self.id: BETWEEN.join(map(str, value))}
        return {self.columns[0]: (YES if value else NO) if isinstance(value, bool) else value}


class Tally(Definition):
    """The fields whose numbers go to the statistics: of which indicator, in which year, and how many (of how many).

    An amount that is a share says itself of how many; of another it may stand in the field ``among``.
    """

    indicator: str
    year: str
    amount: str
    among: str | None = None


class RegisterExample(Definition):
    """A record as it may be sent, and the fields that are refused, with the key of the sentence."""

    content: dict[str, Any]
    refused: dict[str, str] = Given(default_factory=dict)


class Register(Definition):
    """A register: what is kept of each record, where it can stand, who may write it, and how it is found.

    ``organisation`` is the field whose organisation's people may write the record; without it the record belongs to
    its parent's organisation, or to all. ``parent`` is the field that names the record that this one is part of: that
    one can be approved only when this one is. ``page`` is what is made of each record and shown on a page of its own.
    ``review`` are the dates from which a record must be looked at again, ``tally`` what goes to the statistics.
    """

    id: str = Given(pattern=Id)
    title: Text
    one: Text
    about: Text
    group: Literal["work", "results", "knowledge", "policy", "partners"]
    fields: tuple[Field, ...] = Given(min_length=1)
    workflow: Workflow
    edit: str
    title_field: str = "title"
    organisation: str | None = None
    parent: str | None = None
    page: Literal["survey"] | None = None
    review: tuple[str, ...] = ()
    tally: Tally | None = None
    search: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    example: tuple[RegisterExample, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for problem in self._problems():
            raise ValueError(problem)
        return self

    def _problems(self) -> Iterator[str]:
        known = {field.id: field for field in self.fields}
        _demand_own_ids("field", self.names)
        counted = self.tally.model_dump().values() if self.tally else ()
        named = (
            self.title_field,
            *counted,
            *self.review,
            *self.search,
            *self.filters,
            *self.columns,
            self.organisation,
            self.parent,
        )
        for name in (name for name in named if name is not None and name not in known):
            yield f"there is no field '{name}'; use {', '.join(known)}"
            return
        if self.edit not in actions():
            yield f"the action '{self.edit}' is not known; see core/roles.yaml"
        title = known[self.title_field]
        if title.kind != "text" or not title.required:
            yield f"the title '{title.id}' must be a text that is required"
        if self.organisation and known[self.organisation].register_id != ORGANISATIONS:
            yield f"'{self.organisation}' must be a reference to {ORGANISATIONS}"
        for name in filter(None, (self.organisation, self.parent)):
            if known[name].kind != "reference" or known[name].many:
                yield f"'{name}' must be a reference to one record"
        dates = {*self.review, *(name for field in self.fields for name in (field.consent, field.withdrawn) if name)}
        yield from (
            f"'{name}' must be a date" for name in sorted(dates) if name not in known or known[name].kind != "date"
        )
        for name in self.filters:
            if known[name].kind not in FOUND_BY:
                yield f"a list can be filtered by a choice, yes/no, a reference or a date; '{name}' is none"

    def field(self, name: str) -> Field:
        """Return the field of that id."""
        return next(field for field in self.fields if field.id == name)

    @property
    def names(self) -> list[str]:
        """Return the ids of the fields."""
        return [field.id for field in self.fields]

    def titled(self, content: Mapping[str, Any]) -> str:
        """Return the title of a record."""
        return str(content.get(self.title_field, ""))

    def withheld(self, content: Mapping[str, Any], now: Mapping[str, Any]) -> list[Field]:
        """Return the fields that are not to be shown: without consent in this version or the newest, or taken back."""
        return [
            field
            for field in self.fields
            if field.consent and field.id in content
            if any(field.consent not in one or field.withdrawn in one for one in (content, now))
        ]

    def shown(self, content: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
        """Return a content without what is not to be shown."""
        hidden = {field.id for field in self.withheld(content, now)}
        return {name: value for name, value in content.items() if name not in hidden}

    def overdue(self, content: Mapping[str, Any], today: date) -> tuple[Field, ...]:
        """Return the dates of review that have come."""
        return tuple(self.field(name) for name in self.review if content.get(name, "9") <= today.isoformat())

    def stands(self, state: str, content: Mapping[str, Any], today: date) -> State:
        """Return the state that a record counts as on a day."""
        kept = self.workflow.state(state)
        return self.workflow.state(kept.due) if kept.due and self.overdue(content, today) else kept

    def cells(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record's content as the cells of a form or file."""
        return {name: cell for field in self.fields for name, cell in field.cells(content.get(field.id)).items()}

    def read(self, cells: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content that cells of a form or file hold; what cannot be read stays as it was written."""
        read = {field.id: field.read(cells) for field in self.fields}
        return {name: value for name, value in read.items() if value is not None}

    def problems(self, content: Mapping[str, Any]) -> list[Problem]:
        """Say what is wrong with a record's content, at the field where it is wrong."""
        found = [Problem("unknown_field", self.id, column=name) for name in content if name not in self.names]
        for field in self.fields:
            value = content.get(field.id)
            if value is None or value in ("", [], {}):
                found += [Problem("not_filled", self.id, column=field.id)] if field.required else []
                continue
            found += [Problem(key, self.id, column=field.id, values=said) for key, said in field.faults(value)]
        return found


def typed(cell: Any) -> str:
    """Return a cell as somebody would type it: decimals with a comma.

    Examples
    --------
    >>> typed(8.5), typed(1200000), typed("8.5 km")
    ('8,5', '1200000', '8.5 km')
    """
    return str(cell).replace(".", ",") if isinstance(cell, float) else str(cell)


def _demand_own_ids(what: str, ids: list[str]) -> None:
    if len(set(ids)) < len(ids):
        raise ValueError(f"each {what} needs an id of its own; these are {', '.join(ids)}")


# --- what is wrong with a value


def _text(field: Field, value: Any) -> Faults:
    if not isinstance(value, str):
        yield "not_a_text", {}
        return
    if len(value) > LONGEST[field.kind]:
        yield "too_long", {"most": LONGEST[field.kind], "length": len(value)}
    if _UNSEEN.search(value):
        yield "unseen_character", {}
    if field.kind != "link" and shows_number(value):
        yield "person_number", {}
    if field.kind == "link" and not re.fullmatch(r"https?://[^\s\"<>]+", value):
        yield "not_a_link", {}


def _amount_of(field: Field, value: Any, *, whole: bool = False) -> Faults:
    if isinstance(value, str) and _THOUSANDS.fullmatch(value):
        yield "thousands", {}
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        yield "not_a_number", {}
    elif (whole or field.whole) and value != int(value):
        yield "not_whole", {}
    elif field.at_least is not None and value < field.at_least:
        yield "too_low", {"least": f"{field.at_least:g}"}
    elif field.at_most is not None and value > field.at_most:
        yield "too_high", {"most": f"{field.at_most:g}"}


def _date(_: Field, value: Any) -> Faults:
    try:
        if not FIRST_YEAR <= date.fromisoformat(value).year <= LAST_YEAR or len(value) != len("2026-11-22"):
            yield "not_a_day", {}
    except (TypeError, ValueError):
        yield "not_a_day", {}


def _choice(field: Field, value: Any) -> Faults:
    if value not in [code.id for code in field.codes]:
        listed = [code.id for code in field.codes]
        yield "no_code", {"known": ", ".join(listed[:30]) + (" …" if len(listed) > 30 else "")}


def _yes_no(_: Field, value: Any) -> Faults:
    if not isinstance(value, bool):
        yield "not_yes_or_no", {}


def _reference(_: Field, value: Any) -> Faults:
    if not isinstance(value, str):
        yield "no_record", {}


def _amount(field: Field, value: Any) -> Faults:
    if not isinstance(value, dict) or not set(value) <= set(PARTS["amount"]):
        yield "not_an_amount", {}
        return
    yield from _amount_of(field, value.get("value"))
    yield from _choice(field, value.get("unit"))


def _share(field: Field, value: Any) -> Faults:
    if not isinstance(value, dict) or set(value) != set(PARTS["share"]):
        yield "no_denominator", {}
        return
    wrong = [fault for part in PARTS["share"] for fault in _amount_of(field, value[part], whole=True)]
    if wrong:
        yield wrong[0]
    elif not 0 <= value["numerator"] <= value["denominator"] or value["denominator"] == 0:
        yield "not_a_share", {}


def _file(_: Field, value: Any) -> Faults:
    if not isinstance(value, dict) or set(value) != set(PARTS["file"]) or not _is_checksum(value["checksum"]):
        yield "not_a_file", {}
        return
    yield from _text(FILE_NAME, value["name"])


def _is_checksum(value: Any) -> bool:
    return isinstance(value, str) and CHECKSUM.fullmatch(value) is not None


FILE_NAME = Field(id="name", title=Text(da="navn", en="name"))
CHECKS: dict[Kind, Callable[[Field, Any], Faults]] = {
    "text": _text,
    "long_text": _text,
    "link": _text,
    "number": _amount_of,
    "date": _date,
    "choice": _choice,
    "yes_no": _yes_no,
    "reference": _reference,
    "amount": _amount,
    "share": _share,
    "file": _file,
}


# --- from cells to values


def _stripped(cell: Any) -> Any:
    # A browser ends lines as telegraphs did.
    return cell.replace("\r\n", "\n").strip() if isinstance(cell, str) else cell


def _number(cell: Any) -> Any:
    if not isinstance(cell, str) or not _NUMBER.fullmatch(cell) or _THOUSANDS.fullmatch(cell):
        return cell
    value = float(cell.replace(",", ".").replace("−", "-"))
    return int(value) if value == int(value) else value


def _day(cell: Any) -> Any:
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    danish = _DANISH_DAY.fullmatch(str(cell))
    try:
        return date(*(int(part) for part in danish.groups()[::-1])).isoformat() if danish else cell
    except ValueError:
        return cell


def _truth(cell: Any) -> Any:
    return {YES: True, NO: False, "ja": True, "nej": False}.get(str(cell).lower(), cell)


def _written(cell: Any) -> Any:
    return str(cell) if isinstance(cell, int | float | date) else cell


READERS: dict[Kind, Callable[[Any], Any]] = {
    "text": _written,
    "long_text": _written,
    "choice": _written,
    "reference": _written,
    "number": _number,
    "date": _day,
    "yes_no": _truth,
}


def mistakes_of_register(register: Register) -> Iterator[str]:
    """Say where the register's examples differ from what they expect; nothing when they agree."""
    if not register.example:
        yield f"{register.id}: has no worked example; add records under 'example'"
    for number, one in enumerate(register.example, 1):
        content = register.read(register.cells(one.content))
        found = {str(problem.column): problem.key for problem in register.problems(content)}
        if found != one.refused:
            yield f"{register.id}: example {number}: refused is {found}, and the example says {one.refused}"
