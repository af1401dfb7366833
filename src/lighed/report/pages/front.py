"""The front page: where inequality is largest, and where it is growing."""

from __future__ import annotations

from lighed.charts import Heads, dumbbell, ranking
from lighed.core.text import number
from lighed.core.types import Indicator, Stratifier
from lighed.report import sentences
from lighed.report.findings import CHANCE, Gap, Move, largest, moved
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
from lighed.report.words import Row, interval, written

SHOWN = 8


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
    blocks += _unranked(view)
    blocks += [Heading(view.say("front.go_on"), "more"), _cards(view)]
    rows = [gap.row for gap in (*absolute, *relative)]
    return Page(view.say("front.title"), view.lang, tuple(blocks), rows=rows)


def _answer(view: View, absolute: list[Gap], relative: list[Gap]) -> str:
    best = {gaps[0].indicator.id: gaps[0] for gaps in (relative, absolute) if gaps}
    spoken = [_sentence(view, gap) for gap in reversed(best.values())]
    return " ".join(spoken) or view.say("front.nothing")


def _sentence(view: View, gap: Gap) -> str:
    return sentences.ranked(gap.indicator, gap.stratifier, gap.row, view.lang)


def _figure(view: View, gaps: list[Gap], scale: str, null: float) -> Figure:
    title, shown = view.say(f"front.{scale}"), gaps[:SHOWN]
    spoken = " ".join(_sentence(view, gap) for gap in shown)
    axis = view.say("unit.percent.gap" if null == 0.0 else "unit.ratio.gap")
    heads = Heads(title, view.say("front.subtitle", area=view.place), spoken, axis, view.lang)
    rows = [gap.row | {"label": f"{k}. {gap.indicator.short[view.lang]}"} for k, gap in enumerate(shown, 1)]
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("choice.by")),
        Column(title, number=True),
        Column(view.say("word.interval"), number=True),
        Column(view.say("indicator.period")),
    )
    table = Table(title, columns, tuple(_row(view, gap) for gap in gaps), id=f"{scale}-table")
    points = tuple(_linked(view, _sentence(view, gap), gap.indicator, gap.stratifier) for gap in shown)
    return Figure(scale, ranking(rows, heads, null=null), spoken, table, points)


def _row(view: View, gap: Gap) -> tuple[Cell, ...]:
    href = view.href(f"indicator/{gap.indicator.id}", by=gap.stratifier.id)
    return (
        Cell(gap.indicator.short[view.lang], href),
        Cell(gap.stratifier.short[view.lang]),
        Cell(written(gap.row, view.lang), number=True),
        Cell(interval(gap.row, view.lang), number=True),
        Cell(gap.row["period"]),
    )


def _linked(view: View, text: str, indicator: Indicator, stratifier: Stratifier, part: str = "") -> Words:
    href = view.href(f"indicator/{indicator.id}", by=stratifier.id) + part
    return Words(text, links=(Link(indicator.short[view.lang], href),))


def _moved(view: View, direction: int, name: str) -> list[Block]:
    """The gaps that have moved in a direction, and how many would be expected to look so by chance."""
    moves, looked = moved(view, direction)
    heading = Heading(view.say(f"front.{name}"), name)
    chance = number(CHANCE * 2 * looked, view.lang)
    count = Words(view.say("front.compared", looked=looked, chance=chance))
    if not moves:
        return [heading, Words(view.say(f"front.{name}_none")), *([count] if looked else [])]
    return [heading, Points(tuple(_move(view, move) for move in moves[:SHOWN])), count]


def _move(view: View, move: Move) -> Words:
    ends = (move.firsts[0], move.lasts[0], move.firsts[1], move.lasts[1])
    named = {"indicator": move.indicator.short[view.lang], "dimension": move.stratifier.title[view.lang].lower()}
    text = view.say("sentence.moved", **named, trend=sentences.trend(ends, move.changes, view.lang))
    return _linked(view, text, move.indicator, move.stratifier, "#gap")


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
    heading = Heading(view.say("front.unranked"), "unranked")
    table = _plain_table(view, found)
    pairs = [line for i, s, *_ in found if i.unit == "percent" and not s.areas for line in _ends(view, i, s)]
    shown: Block = table
    if pairs:
        spoken, ends = view.say("front.unranked_spoken"), (view.say("front.worst"), view.say("front.best"))
        subtitle, axis = view.say("front.unranked_subtitle", area=view.place), view.say("unit.percent.axis")
        heads = Heads(view.say("front.unranked"), subtitle, spoken, axis, view.lang)
        shown = Figure("unranked", dumbbell(pairs, heads, ends=ends), spoken, table)
    return [heading, Words(view.say("front.unranked_why")), shown]


def _plain_table(view: View, found: list[tuple[Indicator, Stratifier, Row, Row]]) -> Table:
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
    return Table(view.say("front.unranked"), columns, rows, id="unranked-table")


def _ends(view: View, indicator: Indicator, stratifier: Stratifier) -> list[Row]:
    """The worst-off and the best-off group of the last period, for the picture."""
    rows = view.index.groups(indicator, stratifier.id)
    known = sentences.ordered(stratifier, [row for row in rows if row["period"] == rows[-1]["period"]], indicator)
    dimension = stratifier.short[view.lang].split(",")[0].lower()
    label = f"{indicator.short[view.lang]}\n({dimension}, {rows[-1]['period']})"
    ends = enumerate((known[0], known[-1])) if len(known) > 1 else ()
    return [
        row | {"label": label, "end": k, "group": sentences.level_title(stratifier, row["level"], view.lang)}
        for k, row in ends
    ]


def _cards(view: View) -> Cards:
    names = ("rug", "areas", "factors", *(("unmet",) if view.efforts else ()), "about")
    return Cards(tuple(Card(view.say(f"menu.{n}"), view.say(f"front.{n}_card"), view.href(n)) for n in names))
