"""The eight factors: goals, municipal actions and indicators, in the words of the publication."""

from __future__ import annotations

from collections.abc import Iterable

from lighed.catalogue.publication import Action, Bullet, Factor
from lighed.core.types import Indicator
from lighed.core.use import Use
from lighed.report import sentences
from lighed.report.page import Block, Card, Cards, Cell, Column, Heading, Link, Page, Points, Table, Words
from lighed.report.rows import social
from lighed.report.view import View
from lighed.report.words import written


def factors(view: View) -> Page:
    """List the factors, the overview of actions by administration, and the pitfalls."""
    all_factors = view.catalogue.factors.values()
    cards = tuple(
        Card(
            f.title[view.lang],
            view.say("factor.counts", goals=len(f.goals), actions=len(f.actions), indicators=len(f.bullets)),
            view.href(f"factor/{f.id}"),
        )
        for f in all_factors
    )
    pitfalls = tuple(Words(f"{p.title[view.lang]}: {p.explanation[view.lang]}") for p in view.catalogue.pitfalls)
    blocks: list[Block] = [
        Words(view.say("factor.lead"), lead=True),
        Cards(cards),
        Heading(view.say("factor.overview"), "overview"),
        _overview(view),
        Heading(view.say("factor.pitfalls"), "pitfalls"),
        Points(pitfalls, ordered=True),
    ]
    return Page(view.say("factor.title"), view.lang, tuple(blocks), view.trail())


def _overview(view: View) -> Table:
    actions = {a.id: a for f in view.catalogue.factors.values() for a in f.actions}
    columns = (
        Column(view.say("factor.overview_area")),
        Column(view.say("factor.overview_admin")),
        Column(view.say("factor.overview_actions")),
    )
    rows = tuple(
        (
            Cell(row.title[view.lang]),
            Cell(", ".join(a[view.lang] for a in row.administrations)),
            Cell(" · ".join(actions[a].title[view.lang] for a in row.actions)),
        )
        for row in view.catalogue.overview
    )
    return Table(view.say("factor.overview"), columns, rows, id="overview-table", wide=True)


def factor(view: View, one: Factor) -> Page:
    """Build the page of a factor."""
    blocks: list[Block] = [
        Words(one.summary[view.lang], lead=True),
        Heading(view.say("factor.goals"), "goals"),
        Points(tuple(Words(g.title[view.lang]) for g in one.goals)),
        Heading(view.say("factor.indicators"), "indicators"),
    ]
    for about in ("factor", "implementation"):
        bullets = [b for b in one.bullets if b.about == about]
        blocks += [Heading(view.say(f"factor.about_{about}"), about, 3), _bullets(view, bullets, about)]
    uses = [u for u in view.release.uses.values() if u.factor == one.id]
    blocks += [Heading(view.say("menu.uses"), "uses", 3), Points(tuple(_use(view, u) for u in uses))] if uses else []
    others = [i for i in view.release.indicators.values() if i.factor == one.id and i.bullet is None]
    if others:
        blocks += [
            Heading(view.say("factor.others"), "others", 3),
            _table(view, view.say("factor.others"), [(None, i) for i in others], "others-table"),
        ]
    blocks += [Heading(view.say("factor.actions"), "actions"), *_actions(view, one.actions)]
    return Page(
        one.title[view.lang], view.lang, tuple(blocks), view.trail(Link(view.say("menu.factors"), view.href("factors")))
    )


def _use(view: View, one: Use) -> Words:
    title = one.title[view.lang]
    return Words(title, links=(Link(title, view.href(f"use/{one.id}")),))


def _actions(view: View, actions: Iterable[Action]) -> list[Block]:
    blocks: list[Block] = []
    themes: dict[str, list[Words]] = {}
    for action in actions:
        themes.setdefault(action.theme[view.lang] if action.theme else "", []).append(Words(action.title[view.lang]))
    for k, (theme, items) in enumerate(themes.items()):
        blocks += [Heading(theme, f"theme-{k}", 3)] if theme else []
        blocks.append(Points(tuple(items)))
    return blocks


def _bullets(view: View, bullets: list[Bullet], about: str) -> Table:
    lines: list[tuple[Bullet | None, Indicator]] = [
        (b, i) for b in bullets for i in view.catalogue.indicators.values() if i.bullet == b.id
    ]
    return _table(view, view.say(f"factor.about_{about}"), lines, f"{about}-table")


def _table(view: View, caption: str, lines: list[tuple[Bullet | None, Indicator]], name: str) -> Table:
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("factor.latest"), number=True),
        Column(view.say("factor.gap")),
        Column(view.say("catalogue.state")),
    )
    return Table(caption, columns, tuple(_line(view, i) for _, i in lines), id=name, wide=True)


def _line(view: View, one: Indicator) -> tuple[Cell, ...]:
    total = view.index.groups(one, None)
    latest = (
        Cell(f"{written(total[-1], view.lang)} ({total[-1]['period']})", number=True)
        if total
        else Cell("–", number=True)
    )
    return (
        Cell(one.title[view.lang], view.href(f"indicator/{one.id}")),
        latest,
        Cell(_gap(view, one)),
        Cell(state(view, one)),
    )


def _gap(view: View, one: Indicator) -> str:
    for s in social(view.release, one):
        pair = view.index.gap(one.id, s)
        if pair:
            absolute, relative = (view.index.latest(one.id, s.id, m) for m in pair)
            groups = view.index.groups(one, s.id)
            latest = [row for row in groups if row["period"] == groups[-1]["period"]]
            spoken = sentences.gap(absolute, relative, sentences.ends(s, latest, one, view.lang), view.lang)
            return f"{s.short[view.lang]}: {spoken}" if spoken else ""
    return ""


def state(view: View, one: Indicator) -> str:
    """Say whether an indicator has figures here, could have, waits, or is a statement in words."""
    if one.id in view.release.indicators:
        return view.say("catalogue.has_rows")
    if one.waits_for:
        return view.say("catalogue.waits", what=view.say(f"catalogue.waits_for.{one.waits_for}"))
    if one.basis == "published":
        return view.say("catalogue.published")
    return view.say("catalogue.status" if one.kind == "status" else "catalogue.computes")
