"""A survey of partners: how many answered, each item's share and intervals, and what the silent leave open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from lighed.charts import Heads, ranking
from lighed.core.register import Register
from lighed.core.text import Lang, number, say
from lighed.portfolio.surveys import Results, Share
from lighed.report.page import Block, Cell, Column, Figure, Heading, Notice, Page, Table, Words

WORDS = ("item", "state", "kind", "of", "since")  # columns that hold no number
RANGES = ("wilson", "exact", "bounds")


def survey(found: Results, invitations: Register, title: str, lang: Lang) -> Page:
    """Build the page of a survey; `invitations` is the register that has the states in words."""
    blocks: list[Block] = [Words(answered(found, lang), lead=True)]
    blocks += _who(found, invitations, lang) if found.states else []
    if found.items:
        blocks += [Heading(_say("items", lang), "items-heading"), *_chart(found, lang)]
        blocks += [_items(found, lang), Words(_say("random", lang)), *_changes(found, lang)]
    return Page(title, lang, tuple(blocks), rows=[asdict(one) for one in found.items])


def answered(found: Results, lang: Lang) -> str:
    """Return how many answered, as a sentence."""
    if not found.asked:
        return _say("nobody", lang)
    percent = number(100 * found.answered / found.asked, lang)
    return _say("answered", lang, answered=found.answered, asked=found.asked, percent=percent)


def _who(found: Results, invitations: Register, lang: Lang) -> list[Block]:
    order = invitations.field("status").codes
    states = [(code.title[lang], found.states[code.id]) for code in order if code.id in found.states]
    rows = [(name, str(count), _percent(100 * count / found.asked, lang)) for name, count in states]
    kinds = [
        (one.title[lang], str(one.asked), str(one.answered), _percent(100 * one.answered / one.asked, lang))
        for one in found.kinds
    ]
    return [
        _table("states", ("state", "number", "share_of_all"), rows, lang),
        _table("kinds", ("kind", "asked", "replied", "rate"), kinds, lang),
        Words(f"{_say('whole', lang)} {_say('merged', lang, fewest=found.fewest)}"),
    ]


def _chart(found: Results, lang: Lang) -> list[Block]:
    drawn = [one for one in found.items if one.percent is not None and one.wilson]
    if not drawn:
        return []
    drawn.sort(key=lambda one: -(one.percent or 0))
    said = {"high": drawn[0].title, "high_percent": _plain(drawn[0].percent, lang)}
    said |= {"low": drawn[-1].title, "low_percent": _plain(drawn[-1].percent, lang)}
    sentence = _say("sentence" if len(drawn) > 1 else "one", lang, **said)
    heads = Heads(_say("chart", lang), answered(found, lang), sentence, _say("axis", lang), lang)
    rows: list[dict[str, Any]] = [
        {"label": one.title, "value": one.percent, "lower": one.wilson[0], "upper": one.wilson[1]}
        for one in drawn
        if one.wilson
    ]
    return [Figure("shares", ranking(rows, heads, null=0.0), sentence)]


def _items(found: Results, lang: Lang) -> Table:
    weighted = any(one.weighted for one in found.items)
    heads = ("item", "share", "of", *RANGES, *(["weighted"] if weighted else []))
    rows = [
        (
            one.title,
            "–" if one.percent is None else _percent(one.percent, lang),
            _of(one, found, lang),
            *(_range(pair, lang) for pair in (one.wilson, one.exact, one.bounds)),
            *([_weighted(one, lang)] if weighted else []),
        )
        for one in found.items
    ]
    return _table("items", heads, rows, lang)


def _of(one: Share, found: Results, lang: Lang) -> str:
    match one.basis:
        case "unattainable":
            key = "cannot" if one.largest else "cannot_any"
            said = {"percent": _plain(one.percent, lang), "n": found.answered, "largest": one.largest}
            return f"{_say('unattainable', lang)}. {_say(key, lang, **said)}"
        case "few":
            return _say("few", lang, fewest=found.fewest)
        case "none":
            return _say("none", lang)
        case _:
            return _say("if_all" if one.basis == "percent" else "counts", lang, events=one.events, n=one.n)


def _changes(found: Results, lang: Lang) -> list[Block]:
    changed = [(one.title, one.change) for one in found.items if one.change]
    if not changed:
        return []
    rows = [
        (
            title,
            change.since,
            _say("counts", lang, events=change.n, n=change.asked),
            f"{number(change.value, lang)} ({number(change.lower, lang)} – {number(change.upper, lang)})",
            number(change.p, lang, digits=3),
        )
        for title, change in changed
    ]
    table = _table("changes", ("item", "since", "both", "change", "p"), rows, lang)
    return [Heading(_say("changes", lang), "changes-heading"), table, Notice(_say("mcnemar", lang))]


def _table(name: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], lang: Lang) -> Table:
    columns = tuple(Column(_say(head, lang), number=head not in WORDS) for head in heads)
    cells = (zip(columns, row, strict=True) for row in rows)
    written = tuple(tuple(Cell(text, number=column.number) for column, text in row) for row in cells)
    return Table(_say(name, lang), columns, written, id=name)


def _weighted(one: Share, lang: Lang) -> str:
    if one.weighted is None:
        return "–"
    percent, lower, upper = (number(part, lang) for part in one.weighted)
    return _say("with_range", lang, percent=percent, lower=lower, upper=upper)


def _range(pair: tuple[float, float] | None, lang: Lang) -> str:
    return "–" if pair is None else _say("range", lang, lower=number(pair[0], lang), upper=number(pair[1], lang))


def _percent(value: float, lang: Lang) -> str:
    return _say("percent", lang, percent=_plain(value, lang))


def _plain(value: float | None, lang: Lang) -> str:
    return number(value, lang, digits=0 if value is not None and float(value).is_integer() else 1)


def _say(key: str, lang: Lang, /, **values: Any) -> str:
    return say(f"portfolio.survey.{key}", lang, **values)
