"""The front page: where inequality is largest, and where it is growing."""

from __future__ import annotations

from dataclasses import dataclass

from lighed.charts import dumbbell, ranking
from lighed.core.types import Indicator, Stratifier
from lighed.report import sentences
from lighed.report.page import (
    Block,
    Card,
    Cards,
    Cell,
    Choices,
    Column,
    Figure,
    Heading,
    Link,
    Notice,
    Page,
    Pair,
    Points,
    Table,
    Words,
)
from lighed.report.rows import WHOLE, social
from lighed.report.view import View
from lighed.report.words import Row, clear, interval, written

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Ranked:
    """A gap that can stand in a list: of which indicator, over which dimension, and its row."""

    indicator: Indicator
    stratifier: Stratifier
    row: Row


def front(view: View) -> Page:
    """Build the front page of a release for an area."""
    absolute, relative = (largest(view, measure) for measure in WHOLE)
    blocks: list[Block] = [Words(_answer(view, absolute, relative), lead=True)]
    blocks += [Choices(view.href(), (view.area_choice(),), view.say("choice.show"))]
    blocks += [Heading(view.say("front.largest"), "largest")]
    if absolute or relative:
        blocks += [Pair(_figure(view, absolute, "absolute", 0.0), _figure(view, relative, "relative", 1.0))]
    else:
        blocks += [Notice(view.say("front.nothing"))]
    blocks += [Words(view.say("front.rule"))]
    blocks += _moved(view, 1, "growing") + _moved(view, -1, "shrinking")
    blocks += [Words(view.say("front.persons_caveat"))] if not _published(view) else []
    blocks += _unranked(view)
    blocks += [Heading(view.say("front.go_on"), "more"), _cards(view)]
    rows = [item.row for item in (*absolute, *relative)]
    return Page(view.say("front.title"), view.lang, tuple(blocks), rows=rows)


def largest(view: View, measure: str) -> list[Ranked]:
    """Return each indicator's most certain gap over the whole population, by its limit nearest to no gap."""
    null = 0.0 if measure == "slope_index" else 1.0
    found = []
    for indicator in view.indicators:
        if measure == "slope_index" and indicator.unit != "percent":
            continue
        usable = [
            Ranked(indicator, s, row)
            for s in social(view.release, indicator)
            if s.ordered and s.social
            if (row := view.index.latest(indicator.id, s.id, measure)) and not row["flags"] and clear(row, null) == 1
        ]
        found += [max(usable, key=lambda item: item.row["lower"])] if usable else []
    return sorted(found, key=lambda item: -item.row["lower"])


def _published(view: View) -> bool:
    return view.release.manifest.policy == "published"


def _answer(view: View, absolute: list[Ranked], relative: list[Ranked]) -> str:
    best = [items[0] for items in (absolute, relative) if items]
    if not best:
        return view.say("front.nothing")
    first, *others = best
    spoken = [sentences.ranked(first.indicator, first.stratifier, first.row, view.lang)]
    spoken += [
        sentences.ranked(o.indicator, o.stratifier, o.row, view.lang) for o in others if o.indicator != first.indicator
    ]
    return " ".join(spoken)


def _figure(view: View, items: list[Ranked], scale: str, null: float) -> Figure:
    title = view.say(f"front.{scale}")
    spoken = " ".join(sentences.ranked(i.indicator, i.stratifier, i.row, view.lang) for i in items[:SHOWN])
    rows = [
        item.row | {"label": f"{item.indicator.short[view.lang]} ({item.stratifier.short[view.lang].lower()})"}
        for item in items[:SHOWN]
    ]
    axis = view.say("unit.percent.gap") if null == 0.0 else view.say("unit.ratio.gap")
    chart = ranking(
        rows,
        null=null,
        title=title,
        subtitle=view.say("front.subtitle", area=view.place),
        description=spoken,
        axis=axis,
        lang=view.lang,
    )
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("choice.by")),
        Column(title, number=True),
        Column(view.say("word.interval"), number=True),
        Column(view.say("indicator.period")),
    )
    cells = tuple(_row(view, item) for item in items)
    points = tuple(_line(view, item) for item in items[:SHOWN])
    return Figure(scale, chart, spoken, Table(title, columns, cells, id=f"{scale}-table"), points)


def _row(view: View, item: Ranked) -> tuple[Cell, ...]:
    href = view.href(f"indicator/{item.indicator.id}", by=item.stratifier.id)
    return (
        Cell(item.indicator.short[view.lang], href),
        Cell(item.stratifier.short[view.lang]),
        Cell(written(item.row, view.lang), number=True),
        Cell(interval(item.row, view.lang), number=True),
        Cell(item.row["period"]),
    )


def _line(view: View, item: Ranked) -> Words:
    text = sentences.ranked(item.indicator, item.stratifier, item.row, view.lang)
    return Words(
        text,
        links=(
            Link(item.indicator.short[view.lang], view.href(f"indicator/{item.indicator.id}", by=item.stratifier.id)),
        ),
    )


def _moved(view: View, direction: int, name: str) -> list[Block]:
    found: list[tuple[float, Words]] = []
    for indicator in view.indicators:
        lines = [
            line for s in social(view.release, indicator) if s.social and (line := _move(view, indicator, s, direction))
        ]
        found += [max(lines, key=lambda pair: pair[0])] if lines else []
    found.sort(key=lambda pair: -pair[0])
    block: Block = (
        Points(tuple(words for _, words in found[:SHOWN])) if found else Words(view.say(f"front.{name}_none"))
    )
    rule = [Words(view.say("front.growing_rule"))] if direction == 1 and found else []
    return [Heading(view.say(f"front.{name}"), name), *rule, block]


def _move(view: View, indicator: Indicator, stratifier: Stratifier, direction: int) -> tuple[float, Words] | None:
    """A gap that has moved certainly in the direction, in absolute or relative terms, and how certainly."""
    pair = view.index.gap(indicator.id, stratifier)
    for measure, null in zip(pair or (), (0.0, 1.0), strict=False):
        change, rows = (
            view.index.change(indicator.id, stratifier.id, measure),
            view.index.get(indicator.id, stratifier.id, measure),
        )
        if not change or change["flags"] or clear(change, null) != direction:
            continue
        first, last = rows[0], rows[-1]
        if first["value"] is None or last["value"] is None or first["period"] != change["horizon"]:
            continue
        text = sentences.growing(indicator, stratifier, first, last, change, view.lang)
        link = Link(indicator.short[view.lang], view.href(f"indicator/{indicator.id}", by=stratifier.id) + "#gap")
        certainty = abs(change["value"] - null) / change["se"] if change["se"] else 0.0
        return certainty, Words(text, links=(link,))
    return None


def _unranked(view: View) -> list[Block]:
    """What has no interval: a picture of the shares, and a table of everything, in the catalogue's order."""
    found = [
        (i, s, absolute, relative)
        for i in view.indicators
        for s in social(view.release, i)
        if (absolute := view.index.latest(i.id, s.id, "difference"))
        and (relative := view.index.latest(i.id, s.id, "ratio"))
        and absolute["lower"] is None
        and absolute["value"] is not None
    ]
    if not found:
        return []
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("choice.by")),
        Column(view.say("indicator.period")),
        Column(view.say("measure.difference.title"), number=True),
        Column(view.say("measure.ratio.title"), number=True),
    )
    rows = tuple(
        (
            Cell(i.short[view.lang], view.href(f"indicator/{i.id}", by=s.id)),
            Cell(s.short[view.lang]),
            Cell(absolute["period"]),
            Cell(written(absolute, view.lang), number=True),
            Cell(written(relative, view.lang), number=True),
        )
        for i, s, absolute, relative in found
    )
    table = Table(view.say("front.unranked"), columns, rows, id="unranked-table")
    pairs = [line for i, s, *_ in found if i.unit == "percent" and not s.areas for line in _ends(view, i, s)]
    heading, why = Heading(view.say("front.unranked"), "unranked"), Words(view.say("front.unranked_why"))
    if not pairs:
        return [heading, why, table]
    spoken, names = view.say("front.unranked_spoken"), (view.say("front.worst"), view.say("front.best"))
    chart = dumbbell(
        pairs,
        names=names,
        title=view.say("front.unranked"),
        subtitle=view.say("front.unranked_subtitle", area=view.place),
        description=spoken,
        axis=view.say("unit.percent.axis"),
        lang=view.lang,
    )
    return [heading, why, Figure("unranked", chart, spoken, table)]


def _ends(view: View, indicator: Indicator, stratifier: Stratifier) -> list[Row]:
    rows = view.index.groups(indicator, stratifier.id)
    known = sentences.ordered(stratifier, [row for row in rows if row["period"] == rows[-1]["period"]], indicator)
    label = f"{indicator.short[view.lang]} ({stratifier.short[view.lang].split(',')[0].lower()}, {rows[-1]['period']})"
    ends = enumerate((known[0], known[-1])) if len(known) > 1 else ()
    return [
        {
            "label": label,
            "end": k,
            "value": row["value"],
            "group": sentences.level_title(stratifier, row["level"], view.lang),
        }
        for k, row in ends
    ]


def _cards(view: View) -> Cards:
    kinds = (
        ("rug", "rug", "rug"),
        ("areas", "areas", "areas"),
        ("factors", "factors", "factors"),
        ("about", "about", "about"),
    )
    return Cards(tuple(Card(view.say(f"menu.{m}"), view.say(f"front.{c}_card"), view.href(p)) for m, c, p in kinds))
