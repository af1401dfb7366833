"""The inequality rug: indicators by social dimensions, with gap, direction and certainty in every cell."""

from __future__ import annotations

from lighed.core.types import Indicator, Stratifier
from lighed.report.page import Block, Cell, Choices, Column, Notice, Page, Table, Tone, Words
from lighed.report.rows import of_area
from lighed.report.view import View
from lighed.report.words import Row, clear, flag_word, written

STEPS = (1.15, 1.5, 2.5)  # relative gaps from which a cell is a step darker


def rug(view: View) -> Page:
    """Build the rug of an area."""
    stratifiers = _columns(view)
    rows = [(indicator, _cells(view, indicator, stratifiers)) for indicator in view.compared]
    shown = [(indicator, cells) for indicator, cells in rows if any(cell.text for cell in cells)]
    columns = (Column(view.say("rug.indicator")), *(Column(s.short[view.lang]) for s in stratifiers))
    table = Table(
        view.say("rug.caption", area=view.place),
        columns,
        tuple((Cell(i.short[view.lang], view.href(f"indicator/{i.id}")), *cells) for i, cells in shown),
        id="rug",
        wide=True,
    )
    blocks: list[Block] = [
        Words(view.say("rug.lead"), lead=True),
        Choices(view.href("rug"), (view.area_choice(),), view.say("choice.show")),
        Words(view.say("rug.key")),
        table if shown else Notice(view.say("front.nothing")),
    ]
    given = [
        row
        for i in view.compared
        for s in stratifiers
        for m in view.index.gap(i.id, s) or ()
        if (row := view.index.latest(i.id, s.id, m))
    ]
    return Page(
        view.say("rug.title"),
        view.lang,
        tuple(blocks),
        view.trail(),
        rows=given,
    )


def _columns(view: View) -> list[Stratifier]:
    index = of_area(view.release, view.area)
    used = [s for s in view.release.stratifiers.values() if s.social and any(index.gap(i.id, s) for i in view.compared)]
    return sorted(used, key=lambda s: not s.ordered)


def _cells(view: View, indicator: Indicator, stratifiers: list[Stratifier]) -> list[Cell]:
    return [_cell(view, indicator, s) for s in stratifiers]


def _cell(view: View, indicator: Indicator, stratifier: Stratifier) -> Cell:
    pair = view.index.gap(indicator.id, stratifier)
    if not pair:
        return Cell("")
    absolute, relative = (view.index.latest(indicator.id, stratifier.id, m) for m in pair)
    href = view.href(f"indicator/{indicator.id}", by=stratifier.id)
    if not absolute or not relative or absolute["value"] is None:
        return Cell(flag_word(absolute, view.lang) if absolute else "", href)
    tone = tone_of(absolute)
    text = f"{view.say(f'mark.{tone}')} {written(absolute, view.lang, form='short')}"
    below = written(relative, view.lang, form="short") if relative["value"] is not None else ""
    return Cell(text, href, tone, _strength(relative, tone), below=below, spoken=view.say(f"mark_word.{tone}"))


def tone_of(absolute: Row) -> Tone:
    """Return what a gap says: who is worse off, that neither certainly is, or that there is no interval."""
    if absolute["lower"] is None:
        return "none"
    return {1: "worse", -1: "better", 0: "same"}[clear(absolute, 0.0)]  # type: ignore[return-value]


def _strength(relative: Row, tone: Tone) -> int:
    if tone in {"same", "none"} or not relative["value"]:
        return 0
    size = relative["value"] if tone == "worse" else 1 / relative["value"]
    return 1 + sum(size >= step for step in STEPS)
