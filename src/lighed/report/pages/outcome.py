"""What becomes of those who fell ill: survival against others of the same group, and work after one and two years."""

from __future__ import annotations

from lighed.charts import Heads, equiplot, states
from lighed.core.pathway import Pathway
from lighed.core.types import UNKNOWN, Stratifier
from lighed.report import sentences
from lighed.report.page import Block, Cell, Column, Figure, Heading, Notice, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View
from lighed.report.words import Row, interval, written

MEASURES = ("relative_survival", "excess_deaths", "state", "state_weeks_lost")


def _outcome(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Show what becomes of the groups of a social dimension."""
    survival, work = _survival(view, one, chosen), _work(view, one, chosen)
    blocks = [*survival[0], *work[0]]
    return (blocks or [Notice(view.say("indicator.no_rows"))]), [*survival[1], *work[1]]


def _latest(rows: list[Row], chosen: Stratifier) -> list[Row]:
    """The rows of the last period that is complete and has a value, in the order of the groups."""
    order = (*chosen.level_ids, UNKNOWN)
    rows = sorted(rows, key=lambda row: order.index(row["level"]))
    complete = [row for row in rows if row["flags"] != "immature"]
    periods = [row["period"] for row in complete if row["value"] is not None]
    return [row for row in complete if row["period"] == max(periods, default=None)]


def _survival(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Survival against others of the same group to the end of each window, beside the share who died."""
    rows, cells = list[Row](), list[list[str]]()
    for step in one.steps:
        of = one.stage(step)
        found = _latest(view.index.get(of, chosen.id, "relative_survival"), chosen)
        beside = {
            (name, row["level"], row["period"]): row
            for name in ("crude", "excess_deaths")
            for row in view.index.get(of, chosen.id, name)
        }
        for row in found:
            label = f"{step.short[view.lang]}\n{row['period']}"
            rows.append(row | {"row": label})
            crude, more = (beside.get((name, row["level"], row["period"])) for name in ("crude", "excess_deaths"))
            group = sentences.level_title(chosen, row["level"], view.lang)
            shown = [written(crude, view.lang) if crude else "–", written(row, view.lang), interval(row, view.lang)]
            above = written(more, view.lang, form="difference") if more else "–"
            counts = [view.count(row["n"]), view.count(row["events"])]
            cells.append([step.short[view.lang], row["period"], group, *shown, above, *counts])
    if not any(row["value"] is not None and row["level"] != UNKNOWN for row in rows):
        return [], []
    heads = _heads(view, "survival", one, chosen)
    measured = ("outcome.died_share", "outcome.relative", "word.interval", "outcome.excess")
    columns = ("pathway.step", "indicator.period", "indicator.group", *measured, "pathway.whole_n", "outcome.deaths")
    figure = Figure(
        "survival", equiplot(rows, chosen, heads), heads.description, _table(view, heads, columns, cells, 3)
    )
    how = Words(view.say("outcome.survival_how"))
    return [_said(view, chosen, rows), Heading(view.say("outcome.survival"), "survival-of"), figure, how], rows


def _said(view: View, chosen: Stratifier, rows: list[Row]) -> Block:
    """The two ends of the dimension, in words, at the last window."""
    known = [row for row in rows if row["level"] != UNKNOWN and row["value"] is not None]
    last = [row for row in known if row["row"] == known[-1]["row"]]
    named = [
        view.say(
            "outcome.group",
            group=sentences.level_title(chosen, row["level"], view.lang),
            value=written(row, view.lang),
            interval=interval(row, view.lang),
        )
        for row in (last if len(last) < 2 else (last[0], last[-1]))
    ]
    step, period = last[-1]["row"].split("\n")
    values = {"step": step, "period": period, "area": view.place}
    return Words(view.say("outcome.lead", groups="; ".join(named), **values), lead=True)


def _work(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Where those who were in work stand at the last horizon, and the weeks of work that were lost."""
    if one.states is None:
        return [], []
    among = one.states.among
    of, horizon = one.stage(one.steps[0]), str(max(one.states.at))
    rows = _latest([r for r in view.index.get(of, chosen.id, "state") if r["horizon"] == horizon], chosen)
    if not any(row["value"] is not None for row in rows):
        return [], []
    lost = {
        r["level"]: r for r in view.index.get(of, chosen.id, "state_weeks_lost") if r["period"] == rows[0]["period"]
    }
    names = _named(view, one, rows)
    place, levels = [*names], [*chosen.level_ids, UNKNOWN]
    rows = [row for row in rows if row["component"] in names]
    rows.sort(key=lambda row: (levels.index(row["level"]), place.index(row["component"])))
    drawn = [
        row | {"group": sentences.level_title(chosen, row["level"], view.lang), "state": names[row["component"]]}
        for row in rows
    ]
    groups = list(dict.fromkeys(row["group"] for row in drawn if row["value"] is not None))
    heads = _heads(view, "work", one, chosen, years=str(round(int(horizon) / 364)), period=rows[0]["period"])
    cells = [
        [
            row["group"], row["state"], written(row, view.lang), interval(row, view.lang), view.count(row["n"]),
            written(lost[row["level"]], view.lang) if row["component"] == among and row["level"] in lost else "",
        ]
        for row in drawn
    ]  # fmt: skip
    columns = ("indicator.group", "outcome.state", "indicator.value", "word.interval", "outcome.employed_before")
    table = _table(view, heads, (*columns, "outcome.weeks_lost"), cells, 2)
    chart = states(drawn, groups, [*names.values()], heads, hidden=view.say("flag.suppressed"))
    figure = Figure("work", chart, heads.description, table)
    return [Heading(view.say("outcome.work"), "work-of"), figure, Words(view.say("outcome.work_how"))], rows


def _named(view: View, one: Pathway, rows: list[Row]) -> dict[str, str]:
    """What each state that anybody is in is called, with its number in front."""
    assert one.states is not None
    categories = view.catalogue.dimensions[one.states.dimension].categories
    known = {state: text[view.lang] for state, text in categories.items()} | {UNKNOWN: view.say("word.Unknown")}
    known |= {end: view.say(f"outcome.{end}") for end in ("died", "emigrated")}
    present = {row["component"] for row in rows if row["value"]}
    return {state: f"{k} {known[state]}" for k, state in enumerate((s for s in known if s in present), 1)}


def _heads(view: View, name: str, one: Pathway, chosen: Stratifier, **values: str) -> Heads:
    dimension = chosen.short[view.lang].lower()
    title = view.say(f"outcome.{name}_title", pathway=one.short[view.lang], dimension=dimension, **values)
    subtitle = view.say(f"outcome.{name}_subtitle", area=view.place, **values)
    return Heads(title, subtitle, view.say(f"outcome.{name}_spoken"), view.say("unit.percent.axis"), view.lang)


def _table(view: View, heads: Heads, columns: tuple[str, ...], cells: list[list[str]], words: int) -> Table:
    head = tuple(Column(view.say(key), number=at >= words) for at, key in enumerate(columns))
    rows = tuple(tuple(Cell(text, number=at >= words) for at, text in enumerate(line)) for line in cells)
    return Table(heads.title, head, rows, id=f"outcome-{words}-table")


OUTCOME = Look("outcome", MEASURES, _outcome)
