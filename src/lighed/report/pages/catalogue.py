"""The catalogue of all definitions, with search."""

from __future__ import annotations

import re
import unicodedata

from lighed.core.types import Indicator
from lighed.report.page import Block, Cell, Choices, Column, Folded, Heading, Page, Points, Table, Words
from lighed.report.pages.factor import state
from lighed.report.view import View, by_factor


def catalogue(view: View, *, query: str) -> Page:
    """List the definitions that match `query`, all of them without one."""
    everything = sorted((view.catalogue.indicators | view.release.indicators).values(), key=by_factor)
    found = [i for i in everything if matches(query, _words(view, i))]
    shown = sum(i.id in view.release.indicators for i in everything)
    lead = (
        view.say("catalogue.lead", count=len(everything), found=len(found))
        if query
        else view.say("catalogue.all", count=len(everything), shown=shown)
    )
    search = Choices(
        view.href("catalogue"), (), view.say("choice.find"), search=query, search_label=view.say("choice.search")
    )
    columns = tuple(
        Column(view.say(key))
        for key in (
            "rug.indicator",
            "indicator.id",
            "indicator.factor",
            "catalogue.kind",
            "catalogue.basis",
            "catalogue.state",
        )
    )
    table = Table(
        view.say("catalogue.caption"), columns, tuple(_line(view, i) for i in found), id="catalogue", wide=True
    )
    blocks: list[Block] = [Words(lead, lead=True), search, table, *_frames(view)]
    return Page(
        view.say("catalogue.title"),
        view.lang,
        tuple(blocks),
        view.trail(),
        rows=[{"id": i.id, "title": i.title[view.lang]} for i in found],
    )


def _line(view: View, one: Indicator) -> tuple[Cell, ...]:
    factor = view.catalogue.factors[one.factor].title[view.lang] if one.factor else "–"
    return (
        Cell(one.title[view.lang], view.href(f"indicator/{one.id}")),
        Cell(one.id),
        Cell(factor),
        Cell(view.say(f"catalogue.kinds.{one.kind}")),
        Cell(view.say(f"catalogue.bases.{one.basis}")),
        Cell(state(view, one)),
    )


def _frames(view: View) -> list[Block]:
    focus = Points(tuple(Words(f"{f.id}. {f.title[view.lang]}") for f in view.catalogue.focus_areas))
    folded = tuple(
        Folded(
            f"{r.id}. {r.title[view.lang]}",
            (Words(r.summary[view.lang]), Points(tuple(Words(n.title[view.lang]) for n in r.needs))),
        )
        for r in view.catalogue.recommendations
    )
    return [
        Heading(view.say("catalogue.focus_areas"), "focus"),
        focus,
        Heading(view.say("catalogue.recommendations"), "recommendations"),
        *folded,
    ]


def _words(view: View, one: Indicator) -> str:
    factor = view.catalogue.factors.get(one.factor or 0)
    parts = [one.id, one.title.da, one.title.en, one.short.da, one.short.en, one.source.title.da, one.source.title.en]
    return " ".join([*parts, factor.title.da if factor else "", factor.title.en if factor else ""])


def matches(query: str, words: str) -> bool:
    """Return whether every word of the query begins a word of the text, whatever the case, accents and Danish endings.

    Examples
    --------
    >>> matches("rygning", "Daglig rygning"), matches("rygningen", "Andel, som ryger"), matches("bolig", "rygning")
    (True, False, False)
    """
    have = _folded(words)
    return all(any(word.startswith(_stem(part)) for word in have) for part in _folded(query))


def _folded(text: str) -> list[str]:
    plain = text.lower().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9.]+", plain)


def _stem(word: str) -> str:
    """Take off the endings that Danish nouns and adjectives add, so that 'boliger' finds 'bolig'."""
    return re.sub(r"(erne|ene|erne|er|en|et|e|s)$", "", word) if len(word) > 5 else word
