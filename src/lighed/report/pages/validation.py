"""What a form's points are worth: who is scored and who is missed, whether points tell, what offering by them gains."""

from __future__ import annotations

from lighed.charts import Heads, curves, equiplot, look
from lighed.charts.theme import levels_shown, names
from lighed.core.pathway import Pathway
from lighed.core.types import UNKNOWN, Stratifier
from lighed.core.validation import Validation
from lighed.report import sentences
from lighed.report.page import Block, Cell, Column, Figure, Heading, Link, Notice, Points, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View
from lighed.report.words import Row, amount, clear, interval, written

SUMMARIES = ("area_under_curve", "observed_over_expected", "calibration_slope")
WAYS, GAIN = ("net_benefit", "net_benefit_all"), "net_benefit_gain"
MEASURES = ("score", *(f"score_{name}" for name in ("missed_need", "selection_rate", "predictive_value", *SUMMARIES)))


def _points(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Show what the points of a form are worth, by a social dimension."""
    if not isinstance(one, Validation):
        return [], []
    place = {level: at for at, level in enumerate((*chosen.level_ids, UNKNOWN))}
    rows = sorted(
        (row for name in MEASURES for row in view.index.get(one.measured, chosen.id, name)),
        key=lambda row: (row["measure"], row["period"], place[row["level"]], int(row["component"] or 0)),
    )
    complete = [row for row in rows if row["flags"] != "immature"]
    known = [row["period"] for row in complete if row["value"] is not None and row["level"] != UNKNOWN]
    period = max(known or [row["period"] for row in complete], default="")
    now = [row for row in rows if row["period"] == period]
    if not now:
        return _how(view, one), []
    figures = [*_missed(view, one, chosen, now), *_told(view, one, chosen, now)] if known else []
    answers = [_answer(view, one, chosen, now), *_coverage(view, one, chosen, period)]
    beside = [(name, None) for name in (*WAYS, GAIN)] + [("equal_opportunity", chosen.id)]
    found = (row for name, by in beside for row in view.index.get(one.measured, by, f"score_{name}"))
    others = [row for row in found if row["period"] == period]
    return [*answers, *figures, *_worth(view, one, period), *_how(view, one)], [*now, *others]


def _of(rows: list[Row], measure: str) -> list[Row]:
    return [row for row in rows if row["measure"] == f"score{measure and '_' + measure}"]


def _answer(view: View, one: Validation, chosen: Stratifier, now: list[Row]) -> Block:
    """Whose need is missed at the lowest threshold, or that it is hidden."""
    missed = _of(now, "missed_need")
    lowest = min((row["component"] for row in missed), key=int)
    among = view.say("validation.missed_among", area=view.place, points=lowest)
    first = [row for row in missed if row["component"] == lowest]
    said = sentences.groups(view.release.indicators[one.measured], chosen, first, among, view.lang)
    if not said:
        return Notice(view.say("validation.hidden"))
    return Words(f"{said} {_gap(view, one, chosen, now, lowest)}".strip(), lead=True)


def _missed(view: View, one: Validation, chosen: Stratifier, now: list[Row]) -> list[Block]:
    """What each threshold misses, and beside it who gets an offer and how many of these have a need."""
    missed, offered, right = (_of(now, name) for name in ("missed_need", "selection_rate", "predictive_value"))
    rows = [row | {"row": view.say("validation.from", points=row["component"])} for row in missed]
    heads = _heads(view, "missed", one, chosen, now[0]["period"], "unit.percent.axis")
    shown = ("validation.missed_share", "word.interval", "validation.selected", "validation.predictive")
    columns = ("indicator.group", "validation.threshold", *shown)
    cells = [
        [
            sentences.level_title(chosen, row["level"], view.lang),
            row["row"],
            written(row, view.lang),
            interval(row, view.lang),
            *(written(other, view.lang) for other in others),
        ]
        for row, *others in zip(rows, offered, right, strict=True)
    ]
    table = _table(view, heads.title, columns, cells, "missed-table", words=2)
    figure = Figure("missed", equiplot(rows, chosen, heads), heads.description, table)
    return [Heading(view.say("validation.missed"), "missed-needs"), figure]


def _gap(view: View, one: Validation, chosen: Stratifier, now: list[Row], lowest: str) -> str:
    """How much oftener needs are missed in the worst-off end, where the dimension has ends."""
    gaps = view.index.get(one.measured, chosen.id, "score_equal_opportunity")
    row = next((r for r in gaps if (r["period"], r["component"]) == (now[0]["period"], lowest)), None)
    if row is None or row["value"] is None:
        return ""
    key = {1: "worse", -1: "better", 0: "unclear"}[clear(row, 0.0)]
    return view.say(
        f"validation.gap_{key}", gap=written(row, view.lang, form="difference"), interval=interval(row, view.lang)
    )


def _coverage(view: View, one: Validation, chosen: Stratifier, period: str) -> list[Block]:
    """Who is scored at all: the first step of the pathway that the form is a part of."""
    way = view.release.pathways.get(one.cascade)
    if way is None:
        return []
    step = way.steps[0]
    rows = [r for r in view.index.groups(view.release.indicators[way.whole(step)], chosen.id) if r["period"] == period]
    scored, short = view.release.indicators[way.whole(step)], step.short[view.lang]
    said = sentences.groups(scored, chosen, rows, view.place, view.lang, step=short)
    link = Link(way.title[view.lang], view.href(f"pathway/{way.id}", by=chosen.id))
    title = view.say("validation.coverage")
    columns = ("indicator.group", "indicator.value", "word.interval")
    cells = [
        [sentences.level_title(chosen, row["level"], view.lang), written(row, view.lang), interval(row, view.lang)]
        for row in rows
    ]
    table = _table(view, scored.title[view.lang], columns, cells, "coverage-table")
    words = f"{said} {view.say('validation.follow')}".strip()
    return [Heading(title, "coverage"), Words(words, links=(link,)), table]


def _told(view: View, one: Validation, chosen: Stratifier, now: list[Row]) -> list[Block]:
    """Whether the need rises with the points, in each group as in the others."""
    by_points = [
        row | {"curve": sentences.level_title(chosen, row["level"], view.lang), "at": int(row["component"])}
        for row in _of(now, "")
        if row["level"] != UNKNOWN
    ]
    shown = [level for level in levels_shown(chosen, by_points) if level != UNKNOWN]
    order = [names(chosen, view.lang)[level] for level in shown]
    heads = _heads(view, "told", one, chosen, now[0]["period"], "unit.percent.axis")
    columns = (
        "indicator.group",
        "validation.points",
        "validation.need_share",
        "word.interval",
        "word.persons",
        "word.events",
    )
    cells = [
        [
            row["curve"], row["component"], written(row, view.lang), interval(row, view.lang),
            view.count(row["n"]), view.count(row["events"]),
        ]
        for row in by_points
    ]  # fmt: skip
    table = _table(view, heads.title, columns, cells, "told-table", words=1)
    drawn = curves(by_points, order, heads, across=view.say("validation.points"), drawn=look(chosen, shown))
    figure = Figure("told", drawn, heads.description, table)
    return [Heading(view.say("validation.told"), "points"), figure, _summaries(view, chosen, now)]


def _summaries(view: View, chosen: Stratifier, now: list[Row]) -> Table:
    """Discrimination and calibration of each group, one line a group."""
    levels = list(dict.fromkeys(row["level"] for row in _of(now, SUMMARIES[0])))
    of = {(row["measure"], row["level"]): row for name in SUMMARIES for row in _of(now, name)}
    cells = []
    for level in levels:
        rows = [of[f"score_{name}", level] for name in SUMMARIES]
        numbers = [f"{written(row, view.lang)} {interval(row, view.lang)}".strip() for row in rows]
        cells.append([sentences.level_title(chosen, level, view.lang), *numbers])
    columns = ("indicator.group", *(f"measure.score_{name}.title" for name in SUMMARIES))
    return _table(
        view, view.say("validation.summary_caption", period=now[0]["period"]), columns, cells, "summary-table"
    )


def _worth(view: View, one: Validation, period: str) -> list[Block]:
    """What offering by the form gains beside offering to all, for everybody together, by the price of an offer."""
    ways = {way: view.index.get(one.measured, None, f"score_{way}") for way in (*WAYS, GAIN)}
    rows = {way: {r["scenario"]: r for r in ways[way] if r["period"] == period} for way in ways}
    if not any(row["value"] is not None for row in rows[WAYS[0]].values()):
        return []
    worth = sorted(rows[WAYS[0]], key=float)
    titles = {way: view.say(f"validation.{way}") for way in WAYS}
    none = {"value": 0.0, "lower": None, "upper": None}
    drawn = [rows[way][at] | {"curve": titles[way], "at": 100 * float(at)} for way in WAYS for at in worth]
    drawn += [none | {"curve": view.say("validation.nobody"), "at": 100 * float(at)} for at in worth]
    heads = _heads(view, "worth", one, None, period, "validation.worth_axis")
    columns = ("validation.worth", *(f"validation.{way}" for way in WAYS), "validation.gain", "word.interval")
    cells = [
        [
            amount(100 * float(at), "percent", view.lang), *(written(rows[way][at], view.lang) for way in WAYS),
            written(rows[GAIN][at], view.lang), interval(rows[GAIN][at], view.lang),
        ]
        for at in worth
    ]  # fmt: skip
    table = _table(view, heads.title, columns, cells, "worth-table")
    order = [*titles.values(), view.say("validation.nobody")]
    figure = Figure("worth", curves(drawn, order, heads, across=view.say("validation.worth")), heads.description, table)
    return [Heading(view.say("validation.offering"), "offering"), Words(_best(view, rows[GAIN])), figure]


def _best(view: View, gain: dict[str, Row]) -> str:
    """From which chance of need the form is certainly better than offering to all."""
    better = [float(at) for at, row in gain.items() if clear(row, 0.0) > 0]
    key = "validation.better" if better else "validation.not_better"
    return view.say(key, worth=amount(100 * min(better), "percent", view.lang) if better else "")


def _how(view: View, one: Validation) -> list[Block]:
    """What the need is, where its definition stands, and the caveats."""
    link = Link(view.say("validation.definition_link"), view.href(f"pathway/{one.id}"))
    need = view.say(f"validation.need_{one.need}", step=one.needed.title[view.lang])
    blocks: list[Block] = [Heading(view.say("indicator.definition"), "definition"), Words(need, links=(link,))]
    blocks.append(Words(view.say("validation.expected")))
    caveats = tuple(Words(caveat[view.lang]) for caveat in one.caveats)
    return [*blocks, Heading(view.say("indicator.caveats"), "caveats", 3), Points(caveats)] if caveats else blocks


def _heads(view: View, name: str, one: Validation, chosen: Stratifier | None, period: str, axis: str) -> Heads:
    dimension = chosen.short[view.lang].lower() if chosen else ""
    title = view.say(f"validation.{name}_title", form=one.short[view.lang], dimension=dimension)
    subtitle = view.say("validation.subtitle", area=view.place, period=period)
    return Heads(title, subtitle, view.say(f"validation.{name}_spoken"), view.say(axis), view.lang)


def _table(
    view: View, caption: str, columns: tuple[str, ...], cells: list[list[str]], name: str, *, words: int = 1
) -> Table:
    """A table whose first columns are words and the others numbers."""
    heads = tuple(Column(view.say(key), number=at >= words) for at, key in enumerate(columns))
    rows = tuple(tuple(Cell(text, number=at >= words) for at, text in enumerate(line)) for line in cells)
    return Table(caption, heads, rows, id=name)


POINTS = Look("points", ("score",), _points)
