"""The look of a pathway that says how long they wait for each step, and who waits longer."""

from __future__ import annotations

from collections.abc import Sequence

from lighed.charts import Heads, incidence
from lighed.core.pathway import Pathway, Step
from lighed.core.types import Stratifier
from lighed.report import sentences
from lighed.report.page import Block, Cell, Column, Figure, Heading, Notice, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View
from lighed.report.words import Row, clear, interval, written

DIRECTION = {1: "longer", -1: "shorter", 0: "alike"}


def _waiting(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Curves by group, numbers at risk, and who waits longer, step by step."""
    blocks: list[Block] = []
    rows: list[Row] = []
    for step in one.steps:
        found = view.index.get(one.stage(step), chosen.id, "waiting_incidence")
        shown = [row for row in found if row["value"] is not None]
        if shown:
            blocks += _step(view, one, step, chosen, _period(shown))
        rows += found
    return ([Words(view.say("pathway.waiting.how")), *blocks], rows) if blocks else ([], [])


def _period(shown: list[Row]) -> str:
    """The last period that is complete, or else the last."""
    complete = [row["period"] for row in shown if row["flags"] != "immature"]
    return str(max(complete or [row["period"] for row in shown]))


def _step(view: View, one: Pathway, step: Step, chosen: Stratifier, period: str) -> list[Block]:
    title = step.short[view.lang]
    said = _sentence(view, one, step, chosen, period)
    named = {"step": title[:1].upper() + title[1:], "area": view.place, "period": period}
    heads = Heads(
        view.say("pathway.waiting.title", dimension=chosen.short[view.lang].lower(), **named),
        view.say("pathway.waiting.subtitle", **named),
        view.say("pathway.waiting.spoken"),
        view.say("unit.percent.axis"),
        view.lang,
    )
    curve = _rows(view, one, step, chosen, "waiting_incidence", period)
    drawn = incidence(curve, chosen, heads, days=view.say("pathway.waiting.days"))
    name = f"waiting-{step.id}"
    figure = Figure(name, drawn, heads.description, _table(view, one, step, chosen, named, curve))
    blocks: list[Block] = [Heading(step.title[view.lang][:1].upper() + step.title[view.lang][1:], step.id)]
    blocks += [Words(said)] if said else []
    blocks += [figure, Notice(view.say("pathway.waiting.survivors"))]
    at_risk = _rows(view, one, step, chosen, "gone_at_risk", period)
    caption = view.say("pathway.waiting.at_risk", **named)
    return [*blocks, _by_day(view, chosen, caption, at_risk, f"{name}-at-risk")] if at_risk else blocks


def _sentence(view: View, one: Pathway, step: Step, chosen: Stratifier, period: str) -> str:
    """Who waits longer, and how many days."""
    found = view.index.get(one.stage(step), chosen.id, "waiting_difference")
    days = [r for r in found if (r["component"], r["period"]) == ("time_lost", period) and r["value"] is not None]
    if not days or not chosen.ends:
        return ""
    row = days[0]
    direction = clear(row, 0.0)
    turned = {"value": -row["value"], "lower": -row["upper"], "upper": -row["lower"]}
    said = row | turned if direction < 0 else row
    return view.say(
        f"pathway.waiting.{DIRECTION[direction]}",
        place=view.place,
        period=period,
        worst=chosen.ends.worst[view.lang],
        best=chosen.ends.best[view.lang],
        days=written(said, view.lang),
        interval=interval(said, view.lang),
        last=row["horizon"],
    )


def _rows(view: View, one: Pathway, step: Step, chosen: Stratifier, measure: str, period: str) -> list[Row]:
    """The rows of a period by group, each group's in the order of days."""
    found = [row for row in view.index.get(one.stage(step), chosen.id, measure) if row["period"] == period]
    order = [*chosen.level_ids]
    return sorted(
        found, key=lambda r: (order.index(r["level"]) if r["level"] in order else len(order), int(r["horizon"]))
    )


def _table(view: View, one: Pathway, step: Step, chosen: Stratifier, named: dict[str, str], curve: list[Row]) -> Table:
    """Incidence at each day, the time lost, and the median of those there."""
    period, beside = named["period"], [("waiting_time_lost", "lost"), ("waiting_median", "median")]
    more = [_rows(view, one, step, chosen, measure, period) for measure, _ in beside]
    last = curve[-1]["horizon"]
    titles = tuple(Column(view.say(f"pathway.waiting.{word}", last=last), number=True) for _, word in beside)
    caption = view.say("pathway.waiting.table", **named)
    return _by_day(view, chosen, caption, curve, f"waiting-{step.id}-table", titles, more)


def _by_day(
    view: View,
    chosen: Stratifier,
    caption: str,
    rows: list[Row],
    name: str,
    titles: tuple[Column, ...] = (),
    more: Sequence[list[Row]] = (),
) -> Table:
    """A row for each group, a column for each day, and what else is said of it."""
    days = sorted({int(row["horizon"]) for row in rows})
    columns = [Column(view.say("indicator.group"))]
    columns += [Column(view.say("pathway.waiting.day", day=day), number=True) for day in days]
    lines = []
    for level in dict.fromkeys(row["level"] for row in rows):
        own = [row for part in (rows, *more) for row in part if row["level"] == level]
        numbers = (Cell(written(row, view.lang), below=interval(row, view.lang) or None, number=True) for row in own)
        lines.append((Cell(sentences.level_title(chosen, level, view.lang)), *numbers))
    return Table(caption, (*columns, *titles), tuple(lines), id=name)


WAITING = Look("waiting", ("waiting_incidence",), _waiting)
