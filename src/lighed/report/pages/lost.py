"""Who is lost in a pathway: where, of which groups, why, and how many could be won."""

from __future__ import annotations

from lighed.charts import Heads, equiplot
from lighed.core.pathway import Pathway, Step
from lighed.core.types import UNKNOWN, Stratifier
from lighed.report import sentences
from lighed.report.page import Block, Cell, Column, Figure, Heading, Notice, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View
from lighed.report.words import Row, amount, flag_word, interval, written

FATES = ("excepted", "died", "emigrated", "excluded")
SPLIT = ("gap_between_units", "gap_within_units")
NOT_STATED = "not_stated"
# What a figure of reasons is called, of whom they are shares, and what those are called of whom none is registered.
TOLD = {"reason": ("why", "lost", "not_stated"), "exception": ("why_excepted", "came", "other_exception")}


def left(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """How many left each step without being lost, by group; nothing where the release does not say it."""
    found = [(step, _by_component(_latest(view, one.stage(step), chosen, "fate", period))) for step in one.chain]
    columns = ("pathway.step", "indicator.group", "lost.came", *(f"lost.{fate}" for fate in FATES))
    lines = [
        [
            step.short[view.lang],
            sentences.level_title(chosen, level, view.lang),
            _count(view, rows.get("died", {}).get(level), "n"),
            *(_count(view, rows.get(fate, {}).get(level), "events") for fate in FATES),
        ]
        for step, rows in found
        for level in sorted(rows.get("died", {}), key=_places(chosen).__getitem__)
    ]
    caption = view.say("lost.left_caption", area=view.place, period=period)
    return [Words(view.say("lost.left_how")), _table(view, caption, columns, lines, "left-table", 2)] if lines else []


def _latest(view: View, indicator: str, chosen: Stratifier, measure: str, period: str) -> list[Row]:
    return [row for row in view.index.get(indicator, chosen.id, measure) if row["period"] == period]


def _by_component(rows: list[Row]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        found.setdefault(row["component"], {})[row["level"]] = row
    return found


def _count(view: View, row: Row | None, name: str) -> str:
    """A count in words; a dash where it is not counted, the mark where it is hidden."""
    if row is None:
        return "–"
    return view.count(row[name]) if row[name] is not None else flag_word(row, view.lang)


def _period(rows: list[Row]) -> str:
    """The last period that is complete and has a value."""
    return max((row["period"] for row in rows if row["value"] is not None and row["flags"] != "immature"), default="")


def _places(chosen: Stratifier) -> dict[str, int]:
    """In which order groups stand: the worst-off first, the unknown one last."""
    return {level: at for at, level in enumerate((*chosen.level_ids, UNKNOWN))}


def _reasons(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Show why those who were lost dropped out, and why others were excepted, step by step."""
    blocks: list[Block] = []
    every: list[Row] = []
    for step in one.steps:
        rows, excepted = (_for_reasons(view, one, step, chosen, measure) for measure in ("reason", "exception"))
        if rows:
            blocks += [_most(view, one, step, chosen, rows), _why(view, step, chosen, rows)]
        every += rows
        if any(row["events"] for row in excepted):
            blocks.append(_why(view, step, chosen, excepted))
            every += excepted
    return blocks, every


def _for_reasons(view: View, one: Pathway, step: Step, chosen: Stratifier, measure: str) -> list[Row]:
    """The rows of the last period, by reason and group."""
    rows = view.index.get(one.stage(step), chosen.id, measure)
    period = _period(rows)
    order, places = [*view.catalogue.reasons, NOT_STATED], _places(chosen)
    of_period = [_named(view, row) for row in rows if row["period"] == period]
    return sorted(of_period, key=lambda row: (order.index(row["component"]), places[row["level"]]))


def _named(view: View, row: Row) -> Row:
    name = row["component"]
    without = view.say(f"lost.{TOLD[row['measure']][2]}")
    return row | {"row": without if name == NOT_STATED else view.catalogue.reasons[name].title[view.lang]}


def _most(view: View, one: Pathway, step: Step, chosen: Stratifier, rows: list[Row]) -> Block:
    """The reason that tells the two ends of the groups farthest apart, or that it is hidden."""
    indicator = view.release.indicators[one.stage(step)]
    by_reason = [sentences.ordered(chosen, list(of.values()), indicator) for of in _by_component(rows).values()]
    pairs = [(known[0], known[-1]) for known in by_reason if len(known) > 1 and known[0]["component"] != NOT_STATED]
    if not pairs:
        return Notice(view.say("lost.reasons_hidden"))
    worst, best = max(pairs, key=lambda pair: abs(pair[0]["value"] - pair[1]["value"]))
    said = view.say(
        "lost.most",
        step=step.short[view.lang],
        reason=worst["row"],
        area=view.place,
        period=worst["period"],
        worst=sentences.level_title(chosen, worst["level"], view.lang),
        worst_value=written(worst, view.lang),
        best=sentences.level_title(chosen, best["level"], view.lang),
        best_value=written(best, view.lang),
    )
    return Words(said, lead=True)


def _why(view: View, step: Step, chosen: Stratifier, rows: list[Row]) -> Figure:
    why, of, _ = TOLD[rows[0]["measure"]]
    name = f"{step.id}_{why}"
    title = view.say(f"lost.{why}", step=step.short[view.lang], dimension=chosen.short[view.lang].lower())
    subtitle = view.say("pathway.subtitle", area=view.place, period=rows[0]["period"])
    heads = Heads(title, subtitle, view.say(f"lost.{why}_spoken"), view.say("unit.percent.axis"), view.lang)
    columns = ("lost.reason", "indicator.group", "indicator.value", "word.interval", f"lost.{of}", "lost.with_it")
    lines = [
        [
            row["row"],
            sentences.level_title(chosen, row["level"], view.lang),
            written(row, view.lang),
            interval(row, view.lang),
            _count(view, row, "n"),
            _count(view, row, "events"),
        ]
        for row in rows
    ]
    table = _table(view, title, columns, lines, f"{name}-table", 2)
    return Figure(name, equiplot(rows, chosen, heads), heads.description, table)


def _lost(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Show where which groups are lost, how many could be won, and the gap between and within municipalities."""
    every = [row for step in one.chain for row in view.index.get(one.stage(step), chosen.id, "lost_share")]
    period = _period(every)
    rows = [row for row in every if row["period"] == period]
    if not rows:
        return [Notice(view.say("lost.hidden"))], []
    most = max(rows, key=lambda row: row["value"])
    steps = {one.stage(step): step.short[view.lang] for step in one.chain}
    said = view.say(
        "lost.lead",
        group=sentences.level_title(chosen, most["level"], view.lang),
        step=steps[most["indicator"]],
        area=view.place,
        period=most["period"],
        value=written(most, view.lang),
        n=view.count(most["n"]),
    )
    blocks: list[Block] = [Words(said, lead=True), _pattern(view, one, chosen, rows, most["value"])]
    blocks += [*_won(view, one, chosen, period), *_split(view, one, chosen, period)]
    return blocks, rows


def _pattern(view: View, one: Pathway, chosen: Stratifier, rows: list[Row], most: float) -> Table:
    """Groups by steps; the darker, the larger a part of all who are lost."""
    at = {(row["indicator"], row["level"]): row for row in rows}
    columns = (Column(view.say("indicator.group")), *(Column(s.short[view.lang], number=True) for s in one.chain))
    lines = []
    for level in chosen.level_ids:
        of_level = [at[one.stage(step), level] for step in one.chain]
        cells = (
            Cell(
                written(row, view.lang),
                tone="worse" if row["value"] else "none",
                strength=round(4 * row["value"] / most),
                below=_count(view, row, "events"),
                number=True,
            )
            for row in of_level
        )
        lines.append((Cell(sentences.level_title(chosen, level, view.lang)), *cells))
    caption = view.say("lost.pattern_caption", area=view.place, period=rows[0]["period"])
    return Table(caption, columns, tuple(lines), id="pattern-table")


def _won(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """How many more would come to each step, and to the end, if all had the best-off group's share."""
    last = one.chain[-1]
    named = {one.stage(step): step.short[view.lang] for step in one.chain}
    named |= {one.whole(last): view.say("lost.whole", step=last.short[view.lang])}
    found = [(title, _latest(view, of, chosen, "attributable_number", period)) for of, title in named.items()]
    lines = [[title, written(row, view.lang), interval(row, view.lang)] for title, rows in found for row in rows]
    if not lines:
        return []
    best = sentences.level_title(chosen, chosen.reference or chosen.level_ids[-1], view.lang)
    caption = view.say("lost.won_caption", area=view.place, period=period, best=best)
    table = _table(view, caption, ("pathway.step", "lost.won_persons", "word.interval"), lines, "won-table", 1)
    return [Heading(view.say("lost.won"), "won"), Words(view.say("lost.won_how", best=best)), table]


def _split(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """The gap of each step, between municipalities and within them."""
    lines = []
    for step in one.steps:
        pair = [row for name in SPLIT for row in _latest(view, one.stage(step), chosen, name, period)]
        if pair:
            numbers = [
                (amount(r["value"], r["unit"], view.lang, form="difference"), interval(r, view.lang)) for r in pair
            ]
            lines.append([step.short[view.lang], *(text for number in numbers for text in number)])
    if not lines:
        return []
    columns = ("pathway.step", "lost.between", "word.interval", "lost.within", "word.interval")
    caption = view.say("lost.split_caption", area=view.place, period=period)
    table = _table(view, caption, columns, lines, "units-table", 1)
    return [Heading(view.say("lost.split"), "units"), Words(view.say("lost.split_how")), table]


def _table(view: View, caption: str, columns: tuple[str, ...], lines: list[list[str]], name: str, words: int) -> Table:
    heads = tuple(Column(view.say(key), number=at >= words) for at, key in enumerate(columns))
    rows = tuple(tuple(Cell(text, number=at >= words) for at, text in enumerate(line)) for line in lines)
    return Table(caption, heads, rows, id=name)


REASONS = Look("reasons", ("reason", "exception"), _reasons)
LOST = Look("lost", ("lost_share",), _lost)
