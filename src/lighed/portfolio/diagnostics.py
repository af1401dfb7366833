"""What the rules find in the registers: the pitfalls of a portfolio, the flags at its figures, and its early signs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from lighed.core.condition import holds
from lighed.core.diagnostic import Diagnostic, column_of, named_by
from lighed.core.register import PARTS, Register
from lighed.portfolio.archive import Asked
from lighed.portfolio.desk import Desk
from lighed.stats import attainable

Content = Mapping[str, Any]
Among = Mapping[str, Collection[str]]  # by field (or by id) what one of a record's values must be
Contents = Callable[[str, Among], Iterable[tuple[str, Content]]]  # of a register: id and content of each such record
INITIATIVES = "initiatives"
ID = "id"
LATE = "life_expectancy"  # a kind of indicator that answers after decades
UNIVERSAL = {"universal", "proportionate"}
ADDED = {"persons", "families", "sessions"}  # units whose total is the sum of the groups
_YEAR = re.compile(r"\d{4}")


@dataclass(frozen=True, slots=True)
class Kept:
    """A record on a shelf."""

    register: str
    id: str
    content: Content


class Shelf:
    """Records that rules are asked of, and the day on which they are asked.

    They are read a register at a time; where the rules are asked of a ``page`` alone, only what hangs together with it.
    """

    def __init__(
        self, registers: Mapping[str, Register], contents: Contents, today: date, page: Iterable[Kept] = ()
    ) -> None:
        self.registers, self.today, self._page = registers, today, tuple(page)
        self._contents, self._kept = contents, dict[str, dict[str, Kept]]()
        self._pointing: dict[tuple[str, str], dict[str, list[Kept]]] = {}

    def of(self, register: str) -> dict[str, Kept]:
        """Return the records of a register by id."""
        if register not in self._kept:
            self._kept[register] = {name: Kept(register, name, told) for name, told in self._contents(register, {})}
        return self._kept[register]

    def pointing(self, register: str, field: str, name: str) -> list[Kept]:
        """Return the records of a register whose field names another; by ``id`` the one of that name."""
        held = self._pointing.setdefault((register, field), {})
        if name not in held and (self._page or not held):
            held |= self._by_name(register, field, {name, *self._on_page(register, field)} if self._page else None)
        return held.get(name, [])

    def _by_name(self, register: str, field: str, names: set[str] | None) -> dict[str, list[Kept]]:
        """Return the records of a register by what their field names: those of some names, or all."""
        found: dict[str, list[Kept]] = {name: [] for name in names or ()}
        near = self.of(register).values() if names is None else self._near(register, {field: names})
        for one in near:
            values = [one.id] if field == ID else self.registers[register].field(field).values(one.content)
            for value in values:
                if names is None or value in names:
                    found.setdefault(value, []).append(one)
        return found

    def _near(self, register: str, among: Among) -> list[Kept]:
        return [Kept(register, name, told) for name, told in self._contents(register, among)]

    def _on_page(self, register: str, field: str) -> Iterator[str]:
        """Return what the page's records are and point at, of the register that a field points into."""
        there = register if field == ID else self.registers[register].field(field).register_id
        for one in self._page:
            yield from [one.id] if one.register == there else []
            for each in self.registers[one.register].fields:
                yield from each.values(one.content) if each.register_id == there is not None else []

    def beside(self, one: Kept) -> list[Kept]:
        """Return the records of the same register that belong to the same initiative, with this one."""
        return self.pointing(one.register, "initiative", str(one.content.get("initiative", "")))

    def values(self, one: Kept, column: str) -> Sequence[Any]:
        """Return what stands in a column of a record; nothing where its register has no such column."""
        try:
            steps, end = column_of(self.registers, one.register, column)
        except KeyError:
            return ()
        found = [one]
        for step in steps:
            found = [there for each in found for there in self._next(each, step.register, step.field, back=step.back)]
        return [value for each in found for value in self._ends(each, end)]

    def _next(self, one: Kept, register: str, field: str, *, back: bool) -> list[Kept]:
        if back:
            return self.pointing(register, field, one.id)
        named = self.registers[one.register].field(field).values(one.content)
        return [there for name in named for there in self.pointing(register, ID, name)]

    def _ends(self, one: Kept, end: str) -> Iterable[Any]:
        if end in WORKED_OUT:
            return WORKED_OUT[end](self, one)
        field, part = named_by(self.registers[one.register], end)
        value = one.content.get(field.id)
        if value is None:
            return ()
        if part == "days_ago":
            return [(self.today - date.fromisoformat(value)).days]
        if part:
            return [value[part]]
        return ["filled"] if field.kind in PARTS else value if isinstance(value, list) else [value]


# --- what is worked out of several records


def _outcomes(shelf: Shelf, one: Kept) -> Iterator[str]:
    """Say whether what an initiative is measured by answers early or late."""
    kinds = {code.id: code.kind for code in shelf.registers[INITIATIVES].field("indicators").codes}
    ways = ("indicators", "goals/indicator", "observations/indicator", "theories_of_change/leading")
    for column in (*ways, "theories_of_change/lagging"):
        for indicator in shelf.values(one, column):
            yield "late" if kinds.get(indicator) == LATE else "early"


def _universal_beside(shelf: Shelf, one: Kept) -> Iterator[bool]:
    """Say whether another initiative on one of the same factors is universal and lasts."""
    factors = one.content.get("factors", [])
    if factors:
        others = {each.id: each for factor in factors for each in shelf.pointing(INITIATIVES, "factors", factor)}
        lasting = (each.content for each in others.values() if each.id != one.id and not _ends(each.content))
        yield any(each.get("universality") in UNIVERSAL for each in lasting)


def _ends(content: Content) -> bool:
    return content.get("permanent") is False or ("ends" in content and not content.get("permanent"))


def _measured_in_unit(shelf: Shelf, one: Kept) -> Iterator[bool]:
    """Say whether any figure of the initiative is in the unit of the goal."""
    target = one.content.get("target")
    figures = [each.content for each in shelf.pointing("observations", "initiative", one.content.get("initiative", ""))]
    units = {each["value"]["unit"] for each in figures if "value" in each} | {
        "percent" for e in figures if "share" in e
    }
    if target and units:
        yield target["unit"] in units


def _years_behind(shelf: Shelf, one: Kept) -> Iterator[int]:
    """Say how many years a figure is older than the newest beside it."""
    own = _year(one)
    if own is not None:
        yield max(filter(None, [own, *map(_year, shelf.beside(one))])) - own


def _year(one: Kept) -> int | None:
    years = _YEAR.findall(str(one.content.get("period", "")))
    return int(years[-1]) if years else None


def _sum_of_groups(shelf: Shelf, one: Kept) -> Iterator[bool]:
    """Say whether the groups beside a total add up to it."""
    if "level" in one.content:
        return
    groups: dict[str, list[tuple[float, ...]]] = {}
    for each in shelf.beside(one):
        if "level" in each.content and _measured(each) == _measured(one):
            groups.setdefault(str(each.content.get("group", "")), []).append(_counts(each))
    for parts in groups.values():
        yield [sum(column) for column in zip(*parts, strict=False)] == list(_counts(one))


def _measured(one: Kept) -> tuple[Any, ...]:
    content = one.content
    what = content.get("stage") or content.get("indicator") or content.get("title")
    return what, content.get("period"), content.get("value", {}).get("unit"), len(_counts(one))


def _counts(one: Kept) -> tuple[float, ...]:
    content = one.content
    if "count" in content:
        return (content["count"],)
    if "share" in content:
        return content["share"]["numerator"], content["share"]["denominator"]
    value = content.get("value", {})
    return (value["value"],) if value.get("unit") in ADDED else ()


def _attainable(shelf: Shelf, one: Kept) -> Iterator[bool]:
    """Say whether a percentage can be of the number that is given with it."""
    if one.register == "survey_items":
        percents = shelf.values(one, "percent")
        numbers = shelf.values(one, "survey/answered.numerator")
    else:
        percents = [v["value"] for v in [one.content.get("value", {})] if v.get("unit") == "percent"]
        numbers = shelf.values(one, "share.denominator")
    for percent, n in zip(percents, numbers, strict=False):
        given: tuple[Any, ...] = percent, n, len(f"{percent:.6f}".rstrip("0").partition(".")[2])
        yield not np.isnan(attainable(*given))


WORKED_OUT: dict[str, Callable[[Shelf, Kept], Iterable[Any]]] = {
    "outcomes": _outcomes,
    "universal_beside": _universal_beside,
    "measured_in_unit": _measured_in_unit,
    "years_behind": _years_behind,
    "sum_of_groups": _sum_of_groups,
    "attainable": _attainable,
}


# --- rules


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule finds: the records, among how many, of how many; and its share of an amount, if it asks for one."""

    rule: Diagnostic
    records: tuple[Kept, ...]
    among: int
    all: int
    amount: tuple[float, float] | None = None


def diagnose(shelf: Shelf, rule: Diagnostic) -> Finding:
    """Return what a rule finds on a shelf."""
    every = [one for register in rule.registers for one in shelf.of(register).values()]
    among = [one for one in every if holds(rule.among, lambda column: shelf.values(one, column))]  # noqa: B023
    found = tuple(one for one in among if is_found(shelf, rule, one))
    amount = None
    if rule.weigh:
        weighed = {one.id: sum(shelf.values(one, rule.weigh)) for one in among}
        amount = float(sum(weighed[one.id] for one in found)), float(sum(weighed.values()))
    return Finding(rule, found, len(among), len(every), amount)


def is_found(shelf: Shelf, rule: Diagnostic, one: Kept) -> bool:
    """Return whether a rule finds a record."""
    row = lambda column: shelf.values(one, column)  # noqa: E731
    return bool(holds(rule.among, row) and holds(rule.when, row))


def flags(shelf: Shelf, rules: Iterable[Diagnostic], one: Kept) -> list[Diagnostic]:
    """Return the flags that a record carries."""
    return [rule for rule in rules if one.register in rule.registers and is_found(shelf, rule, one)]


def mistakes_of_diagnostic(rule: Diagnostic, registers: Mapping[str, Register]) -> Iterator[str]:
    """Say where the rule's example differs from what it expects; nothing when they agree."""
    told: dict[str, list[tuple[str, Content]]] = {}
    for one in rule.example.records:
        register = registers[one.register_id]
        content = register.read(register.cells(one.content))
        wrong = [problem for problem in register.problems(content) if problem.key != "not_filled"]
        if wrong:
            yield f"{rule.id}: {one.id}: {wrong[0].sentence('en')}"
        told.setdefault(one.register_id, []).append((one.id, content))
    shelf = Shelf(registers, lambda register, _: told.get(register, []), rule.example.today)
    for one in rule.example.records:
        if one.register_id in rule.registers:
            kept = shelf.of(one.register_id)[one.id]
            counts = holds(rule.among, lambda column: shelf.values(kept, column))  # noqa: B023
            found = is_found(shelf, rule, kept) if counts else None
            if found != one.found:
                yield f"{rule.id}: {one.id}: found is {found}, and the example says {one.found}"


# --- early and late signs


@dataclass(frozen=True, slots=True)
class Signs:
    """What a theory of change expects in the short, medium and long term, and which indicators lead and lag."""

    theory: Kept
    outcomes: tuple[str, str, str]
    leading: tuple[str, ...]
    lagging: tuple[str, ...]


def signs(shelf: Shelf) -> list[Signs]:
    """Return the signs of each theory of change."""
    return [
        Signs(
            one,
            tuple(str(one.content.get(f"outcomes_{term}", "")) for term in ("short", "medium", "long")),  # type: ignore[arg-type]
            tuple(one.content.get("leading", ())),
            tuple(one.content.get("lagging", ())),
        )
        for one in shelf.of("theories_of_change").values()
    ]


def shelf_of(desk: Desk, page: Iterable[Kept] = ()) -> Shelf:
    """Return what a user may see of the registers today, or what of it a page needs, without what is gone."""

    def contents(register: str, among: Among) -> list[tuple[str, Content]]:
        there = desk.register(register)
        gone = [state.id for state in there.workflow.states if state.gone]
        return [(one.id, one.content) for one in desk.listed(there, Asked(among=among, page=0, without=gone))[0]]

    today = datetime.fromtimestamp(desk.accounts.clock(), UTC).astimezone().date()
    return Shelf({one.id: one for one in desk.registers()}, contents, today, page)
