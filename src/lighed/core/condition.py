"""Conditions as trees: the same definition becomes an engine expression, a test of one row, and a sentence.

In a definition file a condition is a mapping of columns to tests, all of which must hold::

    population: {age: {at_least: 16}, sex: {is: female}}
    numerator: {any: [{category: {in: [daily, weekly]}}, {not: {amount: {at_most: 14}}}]}

A test is one of ``is, in, at_least, at_most, between, exists, within_days_of``. A missing value fails every test but
``exists: false``, and ``not`` of a test on a missing value fails too. Whether a row whose value is missing belongs to
those that are counted at all is for the population to say (``exists: true``); the checker demands it where answers
are counted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from lighed.core.text import Lang, Text, join, number, say

Operator = Literal["is", "in", "at_least", "at_most", "between", "exists", "within_days_of"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)


@dataclass(frozen=True, slots=True)
class Test:
    """One column held against one value."""

    column: str
    operator: Operator
    value: Any

    __test__ = False  # not a test of ours, whatever pytest thinks of the name


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; no parts hold for every row."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part is known not to hold."""

    part: Condition


Condition = Test | All | Either | Not
ALWAYS = All(())


def parse(tree: dict[str, Any] | None) -> Condition:
    """Read a condition from a definition file; raises ValueError with what is wrong and what would be right.

    Examples
    --------
    >>> parse({"age": {"at_least": 16}})
    Test(column='age', operator='at_least', value=16)
    """
    parts = [_part(key, branch) for key, branch in (tree or {}).items()]
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _part(key: str, branch: Any) -> Condition:
    if key in {"all", "any"}:
        if not isinstance(branch, list):
            raise ValueError(f"'{key}' takes a list of conditions, not {branch!r}")
        parts = tuple(parse(part) for part in branch)
        return All(parts) if key == "all" else Either(parts)
    if key == "not":
        return Not(parse(branch))
    if not isinstance(branch, dict) or len(branch) != 1 or next(iter(branch)) not in OPERATORS:
        raise ValueError(f"the test of '{key}' is {branch!r}; write one of {', '.join(OPERATORS)} and its value")
    operator, value = next(iter(branch.items()))
    if operator == "within_days_of" and set(value) != {"column", "days"}:
        raise ValueError(f"'within_days_of' of '{key}' takes column and days, not {value!r}")
    return Test(key, operator, tuple(value) if isinstance(value, list) else value)


def tree(condition: Condition) -> dict[str, Any]:
    """Write `condition` as it stands in a definition file; ``parse`` reads it back.

    Examples
    --------
    >>> tree(parse({"age": {"between": [15, 17]}}))
    {'age': {'between': [15, 17]}}
    """
    match condition:
        case Test(column, operator, value):
            return {column: {operator: list(value) if isinstance(value, tuple) else value}}
        case Not(part):
            return {"not": tree(part)}
        case All(parts):
            return {"all": [tree(part) for part in parts]} if parts else {}
        case Either(parts):
            return {"any": [tree(part) for part in parts]}


def columns(condition: Condition) -> set[str]:
    """Return the columns that `condition` reads.

    Examples
    --------
    >>> sorted(columns(parse({"age": {"at_least": 16}, "not": {"sex": {"exists": False}}})))
    ['age', 'sex']
    """
    match condition:
        case Test(column, "within_days_of", value):
            return {column, value["column"]}
        case Test(column):
            return {column}
        case Not(part):
            return columns(part)
        case _:
            return {column for part in condition.parts for column in columns(part)}


def holds(condition: Condition, row: Callable[[str], Collection[Any]]) -> bool | None:
    """Whether a condition holds for a row whose columns may have several values: one that fits is enough.

    `row` gives the values of a column, none where it is empty. Returns None where an empty column leaves it open; dates
    are not compared.

    Examples
    --------
    >>> goals = {"factor": ["1", "3"], "level": []}
    >>> holds(parse({"factor": {"is": "3"}}), goals.__getitem__)
    True
    >>> holds(parse({"not": {"level": {"is": "structural"}}}), goals.__getitem__) is None
    True
    """
    match condition:
        case Test(column, "exists", wanted):
            return bool(row(column)) is bool(wanted)
        case Test(column):
            given = row(column)
            return any(_fits(condition, value) for value in given) if given else None
        case Not(part):
            known = holds(part, row)
            return None if known is None else not known
        case All(parts):
            found = [holds(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Either(parts):
            found = [holds(part, row) for part in parts]
            return True if True in found else None if None in found else False


def _fits(test: Test, value: Any) -> bool:
    match test.operator, test.value:
        case "is", wanted:
            return bool(value == wanted)
        case "in", wanted:
            return bool(value in wanted)
        case "at_least", low:
            return bool(value >= low)
        case "at_most", high:
            return bool(value <= high)
        case "between", (low, high):
            return bool(low <= value <= high)
        case operator, _:
            raise ValueError(f"'{operator}' cannot be asked of a record")


def sentence(condition: Condition, lang: Lang, names: Mapping[Any, Text]) -> str:
    """Write `condition` as a reader would say it; `names` maps columns and ``(column, value)`` to texts.

    Examples
    --------
    >>> names = {"age": Text(da="alder", en="age")}
    >>> sentence(parse({"age": {"between": [15, 17]}}), "en", names)
    'age is from 15 to 17'
    """
    match condition:
        case Test(column, operator):
            values = _written(condition, lang, names)
            return say(f"condition.{operator}", lang, column=_name(column, lang, names), **values)
        case Not(part):
            return say("condition.not", lang, part=sentence(part, lang, names))
        case All(()):
            return say("condition.everyone", lang)
        case Either(parts):
            return f" {say('word.or', lang)} ".join(_inside(part, lang, names) for part in parts)
        case _:
            return join([_inside(part, lang, names) for part in condition.parts], lang)


def _inside(part: Condition, lang: Lang, names: Mapping[Any, Text]) -> str:
    """A condition inside another: brackets keep "and" and "or" apart."""
    written = sentence(part, lang, names)
    return f"({written})" if isinstance(part, All | Either) and len(part.parts) > 1 else written


def _name(key: Any, lang: Lang, names: Mapping[Any, Text]) -> str:
    text = names.get(key)
    return text[lang] if text is not None else str(key if isinstance(key, str) else key[1])


def _written(test: Test, lang: Lang, names: Mapping[Any, Text]) -> dict[str, str]:
    def write(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or test.column == "year":
            return _name((test.column, value), lang, names)
        return number(value, lang, digits=0 if float(value).is_integer() else 1)

    match test.operator, test.value:
        case "in", values:
            return {"value": f" {say('word.or', lang)} ".join(write(value) for value in values)}
        case "between", (low, high):
            return {"low": write(low), "high": write(high)}
        case "within_days_of", value:
            return {"days": write(value["days"]), "other": _name(value["column"], lang, names)}
        case "exists", value:
            return {"value": say("word.known" if value else "word.unknown", lang)}
        case _, value:
            return {"value": write(value)}
