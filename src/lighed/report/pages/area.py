"""The page of a municipality against its region, its municipality group and the country, and the list of them."""

from __future__ import annotations

from lighed.core.text import join, number
from lighed.core.types import COUNTRY, Area, Indicator, Stratifier
from lighed.report.findings import CHANCE
from lighed.report.page import (
    Block,
    Card,
    Cards,
    Cell,
    Choices,
    Column,
    Heading,
    Link,
    Notice,
    Page,
    Table,
    Tone,
    Words,
)
from lighed.report.pages.rug import tone_of
from lighed.report.rows import Index, of_area, social
from lighed.report.view import View, municipalities
from lighed.report.words import Row, interval, written


def areas(view: View) -> Page:
    """List the municipalities, by region."""
    blocks: list[Block] = [Words(view.say("area.choose"), lead=True)]
    regions = [a for a in view.release.areas.values() if a.kind == "region"]
    for region in regions:
        inside = [m for m in municipalities(view) if any(p.parent == region.code for p in m.parents)]
        cards = tuple(Card(m.name[view.lang], "", view.href(f"area/{m.code}", area=None)) for m in inside)
        blocks += [Heading(region.name[view.lang], region.code), Cards(cards)]
    return Page(view.say("area.title"), view.lang, tuple(blocks), view.trail())


def area(view: View) -> Page:
    """Build the page of the view's area."""
    own = view.release.areas[view.area]
    others = [
        a
        for a in (_parent(view, own, "region"), _parent(view, own, "municipality_group"), view.catalogue.areas[COUNTRY])
        if a
    ]
    names = {a.kind: a.name[view.lang] for a in others}
    lead = view.say(
        "area.lead", area=view.place, region=names.get("region", "–"), group=names.get("municipality_group", "–")
    )
    indexes = [of_area(view.release, a.code) for a in (own, *others)]
    lines = [(i, rows) for i in view.indicators if (rows := [_total(index, i) for index in indexes])[0]]
    blocks: list[Block] = [
        Words(lead, lead=True),
        Choices(view.href("area", area=None), (view.area_choice(),), view.say("choice.show")),
    ]
    if not lines:
        blocks.append(Notice(view.say("sentence.no_rows", area=view.place)))
    else:
        blocks += [*_stands(view, lines), Words(view.say("area.key")), _table(view, own, others, lines)]
    blocks += _gaps(view)
    given = [row for _, rows in lines for row in rows if row]
    trail = view.trail(Link(view.say("menu.areas"), view.href("areas", area=None)))
    return Page(view.place, view.lang, tuple(blocks), trail, rows=given)


def _parent(view: View, own: Area, kind: str) -> Area | None:
    known = view.release.areas
    return next((known[m.parent] for m in own.parents if m.parent in known and known[m.parent].kind == kind), None)


def _total(index: Index, indicator: Indicator) -> Row | None:
    rows = index.groups(indicator, None)
    return rows[-1] if rows else None


def _stands(view: View, lines: list[tuple[Indicator, list[Row | None]]]) -> list[Block]:
    """Say in words where the municipality differs from the country, and how much of that chance alone would give."""
    tones = [(i, _compared(i, rows[0], rows[-1])) for i, rows in lines if rows[0]]
    judged = [(i, tone) for i, tone in tones if tone != "none"]
    if not judged or view.area == COUNTRY:
        return []
    words: list[Block] = []
    for tone in ("worse", "better"):
        names = [i.short[view.lang] for i, of in judged if of == tone]
        if names:
            said = {"count": len(names), "judged": len(judged), "names": join(names, view.lang)}
            words.append(Words(view.say(f"area.stands_{tone}", **said)))
    if not words:
        words.append(Words(view.say("area.stands_same", judged=len(judged))))
    chance = number(2 * CHANCE * len(judged), view.lang)
    return [*words, Words(view.say("area.stands_chance", chance=chance))]


def _table(view: View, own: Area, others: list[Area], lines: list[tuple[Indicator, list[Row | None]]]) -> Table:
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("indicator.period")),
        *(Column(a.name[view.lang], number=True) for a in (own, *others)),
        Column(view.say("area.compared")),
    )
    cells = []
    for indicator, rows in lines:
        first, country = rows[0], rows[-1]
        assert first is not None
        tone = _compared(indicator, first, country)
        words = Cell(f"{view.say(f'mark.{tone}')} {view.say(f'area.{tone}')}", tone=tone)
        values = tuple(_value(view, row, first["period"]) for row in rows)
        cells.append(
            (
                Cell(indicator.short[view.lang], view.href(f"indicator/{indicator.id}")),
                Cell(first["period"]),
                *values,
                words,
            )
        )
    return Table(view.say("area.table", area=view.place), columns, tuple(cells), id="compared", wide=True)


def _value(view: View, row: Row | None, period: str) -> Cell:
    if row is None or row["period"] != period:
        return Cell("–", number=True)
    return Cell(written(row, view.lang), number=True, below=interval(row, view.lang) or None)


def _compared(indicator: Indicator, own: Row, country: Row | None) -> Tone:
    """Hold an area's interval against the country's value; without an interval there is no judgement."""
    if own["lower"] is None or country is None or country["value"] is None or own["period"] != country["period"]:
        return "none"
    if own["lower"] <= country["value"] <= own["upper"]:
        return "same"
    above = own["lower"] > country["value"]
    return "worse" if above == (indicator.polarity == "lower_is_better") else "better"


def _gaps(view: View) -> list[Block]:
    """The gap within the municipality beside the country's, over the first ordered dimension that has one."""
    country = of_area(view.release, COUNTRY)
    lines: list[tuple[Indicator, Stratifier, Row, Row]] = []
    for indicator in view.indicators:
        for s in social(view.release, indicator):
            pair = view.index.gap(indicator.id, s) if s.social else None
            if pair and s.ordered:
                own, other = view.index.latest(indicator.id, s.id, pair[0]), country.latest(indicator.id, s.id, pair[0])
                lines += [(indicator, s, own, other)] if own and other else []
                break
    if not lines or view.area == COUNTRY:
        return []
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("choice.by")),
        Column(view.say("area.own_gap", area=view.place), number=True),
        Column(view.say("area.country_gap"), number=True),
    )
    cells = tuple(
        (
            Cell(i.short[view.lang], view.href(f"indicator/{i.id}", by=s.id)),
            Cell(s.short[view.lang]),
            Cell(
                _gap_words(view, own),
                tone=tone_of(own) if own["value"] is not None else None,
                number=True,
                below=interval(own, view.lang) or None,
            ),
            Cell(_gap_words(view, other), number=True, below=interval(other, view.lang) or None),
        )
        for i, s, own, other in lines
    )
    dimension = view.say("choice.by").lower()
    return [
        Heading(view.say("area.gaps", area=view.place, dimension=dimension), "gaps"),
        Words(view.say("rug.key")),
        Table(view.say("area.gaps_caption", dimension=dimension), columns, cells, id="gaps-table", wide=True),
    ]


def _gap_words(view: View, row: Row) -> str:
    if row["value"] is None:
        return written(row, view.lang)
    return f"{view.say(f'mark.{tone_of(row)}')} {written(row, view.lang, form='short')}"
