"""What is done about the figures: the initiatives aimed at one, and the large gaps that none is aimed at."""

from __future__ import annotations

from collections.abc import Sequence

from lighed.core.text import join
from lighed.portfolio.efforts import Effort, Efforts
from lighed.report.findings import Gap, largest
from lighed.report.page import Block, Cell, Choices, Column, Heading, Link, Notice, Page, Table, Words
from lighed.report.rows import WHOLE
from lighed.report.view import View
from lighed.report.words import interval, written

NAMED = 3  # indicators that the answer names


def address(view: View, effort: Effort) -> str:
    """Return the address of an initiative's record."""
    return f"/{view.lang}/portfolio/record/initiatives/{effort.id}"


def aimed(view: View, efforts: Sequence[Effort]) -> list[Block]:
    """List the initiatives that are to move what a page shows."""
    heading = Heading(view.say("efforts.title"), "efforts")
    if not efforts:
        link = Link(view.say("menu.unmet"), view.href("unmet"))
        return [heading, Words(view.say("efforts.none"), links=(link,))]
    columns = tuple(Column(view.say(f"efforts.{name}")) for name in ("initiative", "organisation", "state"))
    rows = tuple(
        (Cell(one.title, address(view, one)), Cell(one.organisation), Cell(one.state[view.lang])) for one in efforts
    )
    return [heading, Table(view.say("efforts.table"), columns, rows, id="efforts-table")]


def unmet(view: View) -> Page:
    """Build the page of large gaps: those that nothing is being done about first, each in the front page's order."""
    assert view.efforts is not None, "only a server with registers has this page"
    blocks: list[Block] = [Choices(view.href("unmet", area=None), (view.area_choice(),), view.say("choice.show"))]
    lists = [_ordered(largest(view, measure), view.efforts) for measure in WHOLE]
    gaps = lists[0] + lists[1]
    if gaps:
        without = [gap for gap in {gap.indicator.id: gap for gap in gaps}.values() if not _active(view.efforts, gap)]
        blocks.insert(0, Words(_answer(view, without, len({gap.indicator.id for gap in gaps})), lead=True))
    else:
        blocks.append(Notice(view.say("front.nothing")))
    for scale, found in zip(("absolute", "relative"), lists, strict=True):
        if found:
            blocks += [_table(view, scale, found)]
    blocks += [Words(view.say("efforts.rule"))]
    rows = [gap.row for gap in gaps]
    return Page(view.say("menu.unmet"), view.lang, tuple(blocks), view.trail(), rows=rows)


def _active(efforts: Efforts, gap: Gap) -> int:
    return sum(one.active for one in efforts.at(gap.indicator.id))


def _ordered(gaps: list[Gap], efforts: Efforts) -> list[Gap]:
    return sorted(gaps, key=lambda gap: _active(efforts, gap) > 0)


def _answer(view: View, without: list[Gap], of: int) -> str:
    if not without:
        return view.say("efforts.all_met", of=of, area=view.place)
    named = [gap.indicator.short[view.lang] for gap in without[:NAMED]]
    return view.say("efforts.unmet", count=len(without), of=of, area=view.place, first=join(named, view.lang))


def _table(view: View, scale: str, gaps: list[Gap]) -> Table:
    assert view.efforts is not None
    columns = (
        Column(view.say("rug.indicator")),
        Column(view.say("choice.by")),
        Column(view.say("efforts.active"), number=True),
        Column(view.say(f"front.{scale}"), number=True),
        Column(view.say("word.interval"), number=True),
        Column(view.say("indicator.period")),
    )
    rows = tuple(
        (
            Cell(gap.indicator.short[view.lang], view.href(f"indicator/{gap.indicator.id}", by=gap.stratifier.id)),
            Cell(gap.stratifier.short[view.lang]),
            Cell(view.count(_active(view.efforts, gap)), number=True),
            Cell(written(gap.row, view.lang), number=True),
            Cell(interval(gap.row, view.lang), number=True),
            Cell(gap.row["period"]),
        )
        for gap in gaps
    )
    return Table(view.say(f"front.{scale}"), columns, rows, id=f"{scale}-table")
