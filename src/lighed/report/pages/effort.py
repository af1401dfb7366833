"""The figures that an initiative is to move: by social group when it began, its goals, and what has happened since."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from lighed.core.register import Register
from lighed.core.release import Evaluated
from lighed.core.text import day
from lighed.core.types import Indicator, Stratifier
from lighed.portfolio.reports import Conclusion, reached
from lighed.portfolio.words import words
from lighed.report import sentences
from lighed.report.evaluations import sentences as sentences_of
from lighed.report.evaluations import table
from lighed.report.page import Block, Cell, Column, Figure, Heading, Link, Notice, Page, Pair, Points, Table, Words
from lighed.report.pages.indicator import gap_figure, groups_table, pattern
from lighed.report.rows import periods, social
from lighed.report.view import View
from lighed.report.words import Row, interval, written

HEADS = ("goal", "what", "from_value", "target", "now", "by", "judged")
Content = Mapping[str, Any]
Views = Mapping[str, View]  # of each indicator that a release has, by its id


def effort(
    views: Views,
    content: Content,
    goals: Sequence[Content],
    register: Register,
    evaluations: Sequence[Evaluated],
    view: View,
) -> Page:
    """Build what an initiative's page says of the figures that it points at; empty where it points at none.

    `views` show each indicator where it has figures, `goals` are contents of `register`, `evaluations` are those that
    its records name, and `view` gives the language and the definitions.
    """
    blocks: list[Block] = []
    rows: list[Row] = []
    for name, title, address in aims(view, content):
        here = views.get(name)
        mine = [goal for goal in goals if goal.get("indicator") == name]
        chosen = _chosen(here, name, mine) if here else None
        if here is None or chosen is None:
            blocks += [Heading(title, _id(name), 3), Notice(view.say("effort.missing", title=title))]
            continue
        one = here.release.indicators[name]
        found = [*here.index.groups(one, chosen.id), *_gaps(here, one, chosen)]
        blocks += [Heading(title, _id(name), 3), *_source(here, one, chosen, address)]
        blocks += _told(here, one, chosen, content.get("begins"))
        blocks += _goals(here, one, chosen, mine, register)
        rows += found
    if rows:
        blocks.append(Words(view.say("effort.whole")))
    blocks += [block for each in evaluations for block in _effects(view, each)]
    return Page(view.say("effort.title"), view.lang, tuple(blocks), rows=rows)


def baselines(views: Views, content: Content, goals: Sequence[Content], key: str) -> Iterator[Block]:
    """Return what an initiative's figures were by social group when it began, in words and tables named by a key."""
    like = next(iter(views.values()), None)
    for name, _, address in aims(like, content) if like else ():
        view = views.get(name)
        chosen = _chosen(view, name, [goal for goal in goals if goal.get("indicator") == name]) if view else None
        if view and chosen:
            one = view.release.indicators[name]
            _, then, said = _begun(view, one, chosen, content.get("begins"))
            groups = groups_table(view, one, chosen, then)
            yield from _source(view, one, chosen, address)
            yield Words(said)
            yield replace(groups, id=f"{groups.id}-{_id(name)}-{key}")


def _chosen(view: View, indicator: str, goals: Sequence[Content]) -> Stratifier | None:
    """The social dimension that the goals of an indicator name, or its first; None where it has none."""
    dimensions = social(view.release, view.release.indicators[indicator])
    asked = {goal.get("stratifier") for goal in goals}
    return next((s for s in dimensions if s.id in asked), next(iter(dimensions), None))


def _effects(view: View, one: Evaluated) -> list[Block]:
    title = one.evaluation.title[view.lang]
    heading = Heading(view.say("effort.effect", title=title), _id(one.evaluation.id), 3)
    if not one.rows:
        return [heading, Notice(view.say("effort.no_effect"))]
    said = sentences_of(one.evaluation, one.groups, list(one.rows), view.lang)
    return [heading, Points(tuple(Words(text) for text in said)), table(one, title, view.lang)]


def aims(view: View, content: Content) -> Iterator[tuple[str, str, str]]:
    """Return the indicators that an initiative is to move, with what they are called and where they are shown.

    Of a pathway it is how many reach its end.
    """
    for name in content.get("indicators", ()):
        if name in view.catalogue.indicators:
            yield name, view.catalogue.indicators[name].title[view.lang], f"indicator/{name}"
    for name in content.get("pathways", ()):
        if name in view.catalogue.pathways:
            one = view.catalogue.pathways[name]
            end = one.chain[-1]
            title = view.say("effort.of_pathway", pathway=one.title[view.lang], step=end.title[view.lang])
            yield one.whole(end), title, f"pathway/{name}"


def _id(name: str) -> str:
    return "aim-" + name.replace(".", "-")


def _source(view: View, one: Indicator, chosen: Stratifier, address: str) -> list[Block]:
    title = view.release.manifest.title[view.lang]
    link = Link(one.title[view.lang], view.href(address, by=chosen.id))
    said: list[Block] = [Words(view.say("effort.from", release=title, area=view.place), links=(link,))]
    return [*said, Notice(view.say("site.synthetic"))] if view.release.manifest.synthetic else said


def _gaps(view: View, one: Indicator, chosen: Stratifier) -> list[Row]:
    pair = view.index.gap(one.id, chosen)
    return [row for measure in pair or () for row in view.index.get(one.id, chosen.id, measure)]


def _told(view: View, one: Indicator, chosen: Stratifier, begins: str | None) -> list[Block]:
    """What it was at the beginning, in words and with a picture, and how the gap has moved since."""
    first, _, told = _begun(view, one, chosen, begins)
    since = [row for row in view.index.groups(one, chosen.id) if row["period"] >= first]
    series = [[row for row in part if row["period"] >= first] for part in _by_measure(view, one, chosen)]
    last = [row for row in since if row["period"] == since[-1]["period"]]
    picture = pattern(view, one, chosen, since, last, "equiplot")
    blocks: list[Block] = [Words(told), _own(picture, one)]
    hidden = sum(row["flags"] == "suppressed" for row in since)
    blocks += [Words(view.say("sentence.hidden", count=hidden))] if hidden else []
    if since[-1]["period"] == first:
        return [*blocks, Words(view.say("effort.nothing_since", period=first))]
    return [*blocks, *_since(view, one, chosen, series)]


def _begun(view: View, one: Indicator, chosen: Stratifier, begins: str | None) -> tuple[str, list[Row], str]:
    """The period of the beginning, its groups, and what they were and how far apart, in words."""
    groups = view.index.groups(one, chosen.id)
    first, said = _baseline(view, periods(groups), begins)
    then = [row for row in groups if row["period"] == first]
    parts, ends = _by_measure(view, one, chosen), sentences.ends(chosen, then, one, view.lang)
    gaps = [next((row for row in part if row["period"] == first), None) for part in parts] or [None, None]
    told = [said, sentences.groups(one, chosen, then, view.place, view.lang)]
    told.append(sentences.gap(gaps[0], gaps[1], ends, view.lang))
    return first, then, " ".join(filter(None, told))


def _baseline(view: View, known: list[str], begins: str | None) -> tuple[str, str]:
    """The period of the beginning or the latest before it, and what is said of it."""
    if not begins:
        return known[-1], view.say("effort.baseline_now", period=known[-1])
    before = [period for period in known if period[:4] <= begins[:4]]
    first, key = (before[-1], "baseline") if before else (known[0], "baseline_later")
    return first, view.say(f"effort.{key}", period=first)


def _by_measure(view: View, one: Indicator, chosen: Stratifier) -> list[list[Row]]:
    return [view.index.get(one.id, chosen.id, measure) for measure in view.index.gap(one.id, chosen) or ()]


def _since(view: View, one: Indicator, chosen: Stratifier, series: list[list[Row]]) -> list[Block]:
    if not all(series):
        return []
    figures = [
        _own(gap_figure(view, one, chosen, scale, rows[0]["measure"], rows), one)
        for scale, rows in zip(("absolute", "relative"), series, strict=True)
    ]
    spoken = sentences.since((series[0][0], series[0][-1], series[1][0], series[1][-1]), view.lang)
    return [Words(spoken), Pair(figures[0], figures[1])]


def _own(figure: Figure, one: Indicator) -> Figure:
    """The figure under an id of its own: several indicators stand on one page."""
    suffix = _id(one.id)
    table = replace(figure.table, id=f"{figure.table.id}-{suffix}") if figure.table else None
    return replace(figure, id=f"{figure.id}-{suffix}", table=table)


def _goals(view: View, one: Indicator, chosen: Stratifier, goals: list[Content], register: Register) -> list[Block]:
    columns = tuple(Column(view.say(f"effort.{name}")) for name in HEADS)
    cells = [line for goal in goals for line in _goal(view, one, chosen, goal, register)]
    caption = view.say("effort.goals", indicator=one.short[view.lang])
    table = Table(caption, columns, tuple(cells), id=f"goals-{_id(one.id)}")
    return [table, Words(view.say("effort.how_judged"))] if cells else []


def _goal(
    view: View, one: Indicator, chosen: Stratifier, goal: Content, register: Register
) -> Iterator[tuple[Cell, ...]]:
    """A line for the level and one for the gap, each with the latest figure beside what is to be reached."""
    kind = goal.get("gap_kind", "absolute")
    pair = view.index.gap(one.id, chosen) or (None, None)
    latest = {
        "level": next(reversed(view.index.groups(one, None)), None),
        f"gap_{kind}": (measure := pair[kind == "relative"]) and view.index.latest(one.id, chosen.id, measure),
    }
    by = day(date.fromisoformat(goal["by"]), view.lang) if goal.get("by") else ""
    for (what, row), (start, target) in zip(
        latest.items(), (("baseline", "target"), ("gap_baseline", "gap_target")), strict=True
    ):
        if goal.get(start) or goal.get(target):
            ends = [words(register.field(name), goal, view.lang, {}) for name in (start, target)]
            now = f"{written(row, view.lang)} {interval(row, view.lang)}" if row else "–"
            far = view.say(f"effort.{_judged(goal.get(start), goal.get(target), row or None, gap=what != 'level')}")
            said = (str(goal["title"]), view.say(f"effort.{what}"), *ends, now.strip(), by, far)
            yield tuple(Cell(text) for text in said)


def _judged(begun: Content | None, wanted: Content | None, row: Row | None, *, gap: bool) -> Conclusion:
    if row is None or row["lower"] is None or row["upper"] is None:
        return "unknown"
    unit = "percentage_points" if gap and row["unit"] == "percent" else row["unit"]
    return reached(begun, wanted, {"value": row["value"], "unit": unit}, (row["lower"], row["upper"]))
