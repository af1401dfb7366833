"""About the data: sources, caveats, what is missing, how persons are protected; and accessibility."""

from __future__ import annotations

from datetime import date

from lighed.core.text import Lang, day
from lighed.core.types import CitedSource, Indicator
from lighed.report.page import Block, Cell, Column, Facts, Heading, Link, Page, Points, Table, Words
from lighed.report.rows import home, of_area, periods
from lighed.report.view import View
from lighed.report.words import amount


def about(view: View) -> Page:
    """Build the page about the data of a release."""
    manifest, say, lang = view.release.manifest, view.say, view.lang
    blocks: list[Block] = [Words(manifest.summary[lang], lead=True)]
    if manifest.caveats:
        blocks += [Heading(say("about.caveats"), "caveats"), Points(tuple(Words(c[lang]) for c in manifest.caveats))]
    if manifest.citations:
        blocks += [
            Heading(say("about.sources"), "sources"),
            Points(tuple(_citation(c, lang) for c in manifest.citations)),
        ]
    onward = Link(say("protection.title"), view.href("protection"))
    blocks += [Heading(say("about.protection"), "protection")]
    blocks += [Words(manifest.policy_explanation[lang], links=(onward,))]
    blocks += [Heading(say("about.coverage"), "coverage"), _coverage(view)]
    blocks += [Heading(say("about.marks"), "marks"), _marks(view)]
    blocks += _waiting(view)
    made = say(
        "about.made",
        program=manifest.program,
        catalogue=manifest.catalogue,
        date=day(date.fromisoformat(manifest.made), lang),
    )
    seed = say("about.seed", seed=manifest.seed) if manifest.seed is not None else ""
    blocks += [
        Heading(say("about.inputs"), "inputs"),
        Words(f"{made} {seed}".strip()),
        Facts(tuple(sorted(manifest.inputs.items()))),
    ]
    return Page(say("about.title"), lang, tuple(blocks), view.trail())


def _citation(citation: CitedSource, lang: Lang) -> Words:
    note = f" {citation.note[lang]}" if citation.note else ""
    links = (Link(citation.url, citation.url),) if citation.url else ()
    return Words(f"{citation.title[lang]}.{note}", links=links)


def _coverage(view: View) -> Table:
    columns = tuple(
        Column(view.say(key), number=key in {"about.unknown", "about.missing"})
        for key in (
            "rug.indicator",
            "about.periods",
            "about.latest",
            "about.dimensions",
            "about.unknown",
            "about.missing",
            "indicator.owner",
        )
    )
    rows = tuple(_covered(view, i) for i in view.indicators)
    return Table(view.say("about.coverage_caption"), columns, rows, id="coverage-table", wide=True)


def _covered(view: View, one: Indicator) -> tuple[Cell, ...]:
    index = of_area(view.release, home(view.release, one.id))
    mine = [(s, m, index.get(one.id, s, m)) for s, m, change in index.of(one.id) if not change]
    listed = periods(row for _, _, rows in mine for row in rows)
    dims = [view.release.stratifiers[s].short[view.lang] for s in dict.fromkeys(s for s, _, _ in mine) if s]
    unknown = [rows[-1]["value"] for _, m, rows in mine if m == "unknown_share" and rows[-1]["value"] is not None]
    absent = [
        s.short[view.lang]
        for name in one.stratifiers
        if (s := view.catalogue.stratifiers.get(name)) and s.short[view.lang] not in dims
    ]
    span = listed[0] if len(listed) == 1 else f"{listed[0]}–{listed[-1]} ({len(listed)})"
    return (
        Cell(one.short[view.lang], view.href(f"indicator/{one.id}")),
        Cell(span),
        Cell(listed[-1]),
        Cell(", ".join(dims)),
        Cell(amount(max(unknown), "percent", view.lang) if unknown else "–", number=True),
        Cell(", ".join(absent) or "–", number=True),
        Cell(one.source.owner),
    )


def _marks(view: View) -> Facts:
    flags = ("suppressed", "unreliable", "not_collected", "not_applicable")
    return Facts(tuple((view.say(f"flag.{f}"), view.say(f"flag_explained.{f}")) for f in flags))


def _waiting(view: View) -> list[Block]:
    waiting = view.catalogue.waiting()
    if not waiting:
        return []
    lines = tuple((view.say(f"catalogue.waits_for.{what}"), ", ".join(ids)) for what, ids in waiting.items())
    return [Heading(view.say("about.waiting"), "waiting"), Facts(lines)]


def accessibility(view: View) -> Page:
    """Build the page on accessibility."""
    blocks: tuple[Block, ...] = (
        Words(view.say("accessibility.text"), lead=True),
        Words(view.say("accessibility.tested")),
    )
    return Page(view.say("accessibility.title"), view.lang, blocks, view.trail())
