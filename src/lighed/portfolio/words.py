"""Records in words: what stands in a field, what differs between two versions, and what two people made of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lighed.core.register import Field, Register
from lighed.core.text import Lang, day, join, number, say

Titles = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same in two versions, and what stands there in each."""

    field: Field
    before: str
    after: str


def words(field: Field, content: Mapping[str, Any], lang: Lang, titles: Titles) -> str:
    """Return what stands in a field; nothing where it is empty, and as it was written where it is not valid."""
    value = content.get(field.id)
    if value is None or any(field.faults(value)):
        return "" if value is None else " ".join(str(cell) for cell in field.cells(value).values())
    if field.kind in {"choice", "reference"}:
        return join([title for title, _ in named(field, content, lang, titles)], lang)
    match field.kind:
        case "yes_no":
            return say("portfolio.yes" if value else "portfolio.no", lang)
        case "date":
            return day(date.fromisoformat(value), lang)
        case "number":
            return figure(value, lang)
        case "amount":
            return f"{figure(value['value'], lang)} {field.code(value['unit'])[lang]}"
        case "share":
            said = {part: figure(value[part], lang) for part in ("numerator", "denominator")}
            percent = number(100 * value["numerator"] / value["denominator"], lang)
            return say("portfolio.share", lang, percent=percent, **said)
        case "file":
            return f"{value['name']} ({value['checksum'][:12]})"
        case _:
            return str(value)


def named(field: Field, content: Mapping[str, Any], lang: Lang, titles: Titles) -> list[tuple[str, str]]:
    """Return what the codes or references of a field are called, each with its id; no id where it is not shown."""
    if field.register_id is None:
        return [(field.code(value)[lang], value) for value in field.values(content)]
    hidden = say("portfolio.not_shown", lang)
    keys = [(field.register_id, value) for value in field.values(content)]
    return [(titles.get(key, hidden), key[1] if key in titles else "") for key in keys]


def figure(value: float, lang: Lang) -> str:
    """Write a number with the decimals that it has."""
    digits = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    return number(value, lang, digits=digits)


def differences(
    register: Register, before: Mapping[str, Any], after: Mapping[str, Any], lang: Lang, titles: Titles
) -> Iterator[Difference]:
    """Return the fields that are not the same in two contents."""
    for field in register.fields:
        if before.get(field.id) != after.get(field.id):
            yield Difference(field, *(words(field, content, lang, titles) for content in (before, after)))


def merged(base: Mapping[str, Any], theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> dict[str, Any]:
    """Return what two people made of one content: what I changed is mine, all else as it is now.

    Examples
    --------
    >>> merged({"title": "a", "what": "b"}, {"title": "a", "what": "c"}, {"title": "d", "what": "b"})
    {'title': 'd', 'what': 'c'}
    """
    names = dict.fromkeys((*base, *theirs, *mine))
    taken = {name: (theirs if mine.get(name) == base.get(name) else mine).get(name) for name in names}
    return {name: value for name, value in taken.items() if value is not None}
