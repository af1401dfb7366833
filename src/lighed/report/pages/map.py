"""The look of a pathway as a map: how many go on from each step to the next, of everybody together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lighed.charts import Heads, flow
from lighed.core.pathway import START, Pathway, Step
from lighed.core.types import Stratifier
from lighed.report.page import Cell, Column, Figure, Link, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View
from lighed.report.words import Row, written


def _map(view: View, one: Pathway, _: Stratifier) -> Shown:
    """Boxes and lines, and the same as a table."""
    rows = {step.id: view.index.get(one.stage(step), None, "crude") for step in one.steps}
    periods = [r["period"] for found in rows.values() for r in found if r["value"] is not None and not _early(r)]
    if not periods:
        return [], []
    period = max(periods)
    now = {step: row for step, found in rows.items() for row in found if row["period"] == period}
    title = view.say("map.title", pathway=one.short[view.lang])
    subtitle = view.say("map.subtitle", area=view.place, period=period)
    heads = Heads(title, subtitle, view.say("map.spoken"), "", view.lang)
    columns = [
        ("pathway.step", False),
        ("map.from", False),
        ("map.came", True),
        ("map.reached", True),
        ("map.left", True),
    ]
    lines = tuple(_line(view, one, step, now.get(step.id)) for step in one.steps)
    table = Table(title, tuple(Column(view.say(key), number=number) for key, number in columns), lines, id="map-table")
    figure = Figure("map", flow(_boxes(view, one, now), heads), heads.description, table)
    dot = Link(view.say("map.dot"), view.href(f"pathway/{one.id}/map.dot"))
    return [Words(view.say("map.how")), figure, Words("", links=(dot,))], [*now.values()]


def _early(row: Row) -> bool:
    return bool(row["flags"] == "immature")


def _boxes(view: View, one: Pathway, now: dict[str, Row]) -> list[dict[str, Any]]:
    """A row for the index and each step; the share is that of those at the step before."""
    first = {"name": view.catalogue.items[one.index.item].title[view.lang], "depth": 0, "place": 0}
    boxes = [first | {"from_depth": None, "from_place": None, "share": None, "told": "", "count": None}]
    order = [*_from(one, START)]
    place = {START: 0} | {step.id: k for k, step in enumerate(order, 1)}
    for step in order:
        row, depth = now.get(step.id), len(one.before(step)) + 1
        boxes.append(
            {
                "name": step.short[view.lang],
                "count": row and row["events"],
                "depth": depth,
                "place": place[step.id],
                "from_depth": depth - 1,
                "from_place": place[step.after],
                "share": row and row["value"],
                "told": view.say("map.told", share=written(row, view.lang), count=view.count(row["events"]))
                if row and row["value"] is not None
                else view.say("flag.suppressed"),
            }
        )
    return boxes


def _from(one: Pathway, name: str) -> Iterator[Step]:
    """The steps after one, each with those that come after it."""
    for step in one.steps:
        if step.after == name:
            yield step
            yield from _from(one, step.id)


def _line(view: View, one: Pathway, step: Step, row: Row | None) -> tuple[Cell, ...]:
    titles = {other.id: other.short[view.lang] for other in one.steps} | {START: view.say("map.index")}
    known = row is not None and row["value"] is not None
    n, events = (row["n"], row["events"]) if row and known else (None, None)
    left = n - events if n is not None and events is not None else None
    counts = (
        Cell(view.count(number) if known else view.say("flag.suppressed"), number=True) for number in (n, events, left)
    )
    return (Cell(step.short[view.lang]), Cell(titles[step.after]), *counts)


def graph(view: View, one: Pathway) -> str:
    """Return the map as a graph in the DOT language, for programs that draw graphs."""
    shown = _map(view, one, next(iter(view.release.stratifiers.values())))[1]
    now = {row["indicator"]: row for row in shown}
    lines = [f'  {START} [label="{_quoted(view.catalogue.items[one.index.item].title[view.lang])}"];']
    for step in one.steps:
        row = now.get(one.stage(step))
        told = written(row, view.lang) if row and row["value"] is not None else ""
        lines.append(f'  {step.id} [label="{_quoted(step.short[view.lang])}"];')
        lines.append(f'  {step.after} -> {step.id} [label="{_quoted(told)}"];')
    return "\n".join([f"digraph {one.id} {{", "  rankdir=TB;", *lines, "}", ""])


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


MAP = Look("map", ("crude",), _map)
