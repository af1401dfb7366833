"""The page of a use: how often each group uses a service, as it is and at the same need, and what need explains."""

from __future__ import annotations

from lighed.charts import Heads, bars, equiplot, gap
from lighed.core.condition import ALWAYS, sentence
from lighed.core.text import join
from lighed.core.types import UNKNOWN, Indicator, Stratifier
from lighed.core.use import AGE_AND_SEX, REST, Need, Use
from lighed.report import sentences
from lighed.report.page import (
    Block,
    Card,
    Cards,
    Cell,
    Choice,
    Choices,
    Column,
    Figure,
    Heading,
    Link,
    Notice,
    Option,
    Page,
    Points,
    Table,
    Words,
)
from lighed.report.rows import social
from lighed.report.view import View
from lighed.report.words import Row, clear, interval, names_of, written

ILLNESS = ("somatic", "psychiatric", "undivided")
MEASURES = (("difference", "need_difference"), ("ratio", "need_ratio"), ("concentration_index", "horizontal_inequity"))
SHOWN = (
    "crude",
    "need_expected",
    "need_standardised",
    "inequality_part",
    *(name for pair in MEASURES for name in pair),
)


def uses(view: View) -> Page:
    """List the uses, those of somatic and of psychiatric illness apart."""
    blocks: list[Block] = [Words(view.say("use.lead"), lead=True)]
    for illness in ILLNESS:
        cards = tuple(
            Card(use.title[view.lang], _standing_for(view, use), view.href(f"use/{use.id}"))
            for use in view.release.uses.values()
            if use.illness == illness
        )
        blocks += [Heading(view.say(f"use.{illness}"), illness), Cards(cards)] if cards else []
    if not view.release.uses:
        blocks.append(Notice(view.say("use.none")))
    return Page(view.say("menu.uses"), view.lang, tuple(blocks), view.trail())


def _standing_for(view: View, use: Use) -> str:
    return view.say("use.standing_for", needs="; ".join(need.title[view.lang].lower() for need in use.need))


def use(view: View, one: Use, *, by: str | None) -> Page:
    """Build the page of a use, by a social dimension that has an order."""
    indicator = view.release.indicators[one.id]
    dimensions = [s for s in social(view.release, indicator) if s.social and s.ordered]
    chosen = next((s for s in dimensions if s.id == by), dimensions[0])
    options = tuple(Option(s.id, s.title[view.lang], s.id == chosen.id) for s in dimensions)
    choices = (view.area_choice(), Choice("by", view.say("choice.by"), options))
    blocks: list[Block] = [Choices(view.href(f"use/{one.id}", area=None), choices, view.say("choice.show"))]
    rows = [row for name in SHOWN for row in view.index.get(one.id, chosen.id, name)]
    at_need = [row for row in view.index.get(one.id, chosen.id, "need_standardised") if row["value"] is not None]
    if at_need:
        latest = [row for row in rows if row["period"] == at_need[-1]["period"]]
        blocks = [*_answers(view, one, indicator, chosen, latest), *blocks, *_figures(view, one, chosen, latest)]
    else:
        blocks.append(Notice(view.say("use.too_few")))
    blocks += [Notice(view.say("use.recorded"), "warning"), *_unmet(view, one, chosen), *_definition(view, one)]
    return Page(one.title[view.lang], view.lang, tuple(blocks), view.trail(view.link("uses")), rows=rows)


def _of(rows: list[Row], measure: str, component: str | None = None) -> list[Row]:
    return [row for row in rows if row["measure"] == measure and row["component"] == component]


def _fullest(one: Use, rows: list[Row]) -> Need:
    """The largest set of need that there are figures for."""
    return [need for need in one.need if _of(rows, "need_standardised", need.id)][-1]


def _answers(view: View, one: Use, indicator: Indicator, chosen: Stratifier, rows: list[Row]) -> list[Block]:
    """What the ends use, what they would use at the same need, and who gets more than need says."""
    fullest = _fullest(one, rows)
    said = [sentences.groups(indicator, chosen, _of(rows, "crude"), view.place, view.lang)]
    ends = sentences.ordered(chosen, _of(rows, "need_standardised", fullest.id), indicator)
    worst, best = (written(row, view.lang) for row in (ends[0], ends[-1]))
    need = fullest.title[view.lang].lower()
    said.append(view.say("use.at_need", need=need, worst=worst, best=best))
    (found,) = _of(rows, "horizontal_inequity", fullest.id)
    more = clear(found, 0.0) * (1 if one.polarity == "higher_is_better" else -1)
    verdict = view.say(f"use.{ {1: 'best', -1: 'worst', 0: 'even'}[more] }_more")
    said.append(
        view.say("use.index_is", verdict=verdict, index=written(found, view.lang), interval=interval(found, view.lang))
    )
    return [Words(" ".join(sentence for sentence in said if sentence), lead=True)]


def _figures(view: View, one: Use, chosen: Stratifier, rows: list[Row]) -> list[Block]:
    return [
        Heading(view.say("use.groups"), "groups"),
        _groups(view, one, chosen, rows),
        Heading(view.say("use.inequality"), "inequality"),
        _inequality(view, one, chosen, rows),
        _over_time(view, one, chosen, rows),
        *_parts(view, one, chosen, rows),
    ]


def _ways(view: View, one: Use) -> dict[str | None, str]:
    """What use is shown as: as it is, and at the same need by each set."""
    ways: dict[str | None, str] = {None: view.say("use.as_it_is")}
    return ways | {n.id: view.say("use.same", need=n.title[view.lang].lower()) for n in one.need}


def _groups(view: View, one: Use, chosen: Stratifier, rows: list[Row]) -> Figure:
    order = (*chosen.level_ids, UNKNOWN)
    shown = [
        row | {"row": way}
        for name, way in _ways(view, one).items()
        for row in sorted(
            _of(rows, "need_standardised" if name else "crude", name), key=lambda row: order.index(row["level"])
        )
    ]
    title = view.say("use.groups_title", use=one.short[view.lang], dimension=chosen.short[view.lang].lower())
    spoken = view.say("use.groups_spoken")
    heads = Heads(title, _subtitle(view, rows), spoken, view.say(f"unit.{one.unit}.axis"), view.lang)
    columns = (
        Column(view.say("use.way")),
        Column(view.say("indicator.group")),
        *_numbers(view, "indicator.value", "word.interval", "word.persons", "use.users"),
    )
    cells = tuple(
        (
            Cell(row["row"]),
            Cell(sentences.level_title(chosen, row["level"], view.lang)),
            Cell(written(row, view.lang), number=True),
            Cell(interval(row, view.lang), number=True),
            Cell(view.count(row["n"]), number=True),
            Cell(view.count(row["events"]), number=True),
        )
        for row in shown
    )
    return Figure("groups", equiplot(shown, chosen, heads), spoken, Table(title, columns, cells, id="groups-table"))


def _subtitle(view: View, rows: list[Row]) -> str:
    return view.say("use.subtitle", area=view.place, period=rows[0]["period"])


def _numbers(view: View, *keys: str) -> tuple[Column, ...]:
    return tuple(Column(view.say(key), number=True) for key in keys)


def _inequality(view: View, one: Use, chosen: Stratifier, rows: list[Row]) -> Table:
    """Difference, ratio and index: of use as it is, and under each set of need."""
    keys = [key for name in ("difference", "ratio", "index") for key in (f"use.{name}", "word.interval")]
    cells = []
    for name, way in _ways(view, one).items():
        found = [_of(rows, pair[1 if name else 0], name) for pair in MEASURES]
        if all(found):
            numbers = [text for (row,) in found for text in (_number(view, row), interval(row, view.lang))]
            cells.append((Cell(way), *(Cell(text, number=True) for text in numbers)))
    worst, best = sentences.ends(chosen, [], one.indicator, view.lang)
    caption = view.say("use.inequality_caption", worst=worst, best=best, area=view.place, period=rows[0]["period"])
    columns = (Column(view.say("use.way")), *_numbers(view, *keys))
    return Table(caption, columns, tuple(cells), id="inequality-table", wide=True)


def _number(view: View, row: Row) -> str:
    return (
        written(row, view.lang, form="difference") if row["measure"] == "need_difference" else written(row, view.lang)
    )


def _over_time(view: View, one: Use, chosen: Stratifier, rows: list[Row]) -> Figure:
    """The index under the largest set of need, over the periods."""
    fullest = _fullest(one, rows)
    series = _of(view.index.get(one.id, chosen.id, "horizontal_inequity"), "horizontal_inequity", fullest.id)
    title = view.say("use.over_time")
    spoken = view.say("use.over_time_spoken", need=fullest.title[view.lang].lower())
    heads = Heads(title, view.say("use.subtitle_time", area=view.place), spoken, view.say("use.index"), view.lang)
    columns = (Column(view.say("indicator.period")), *_numbers(view, "use.index", "word.interval"))
    cells = tuple(
        (
            Cell(row["period"]),
            *(Cell(text, number=True) for text in (written(row, view.lang), interval(row, view.lang))),
        )
        for row in series
    )
    return Figure("index", gap(series, heads, null=0.0), spoken, Table(title, columns, cells, id="index-table"))


def _parts(view: View, one: Use, chosen: Stratifier, rows: list[Row]) -> list[Block]:
    """What of the index of use as it is goes with each need and each control, and what is left."""
    found = [row for row in rows if row["measure"] == "inequality_part"]
    if not found:
        return []
    names = {name: text[view.lang] for name, text in names_of(view.catalogue).items() if isinstance(name, str)}
    names |= {name: view.say(f"use.{name}") for name in (AGE_AND_SEX, REST)}
    kinds = dict.fromkeys([REST, *one.controls], view.say("use.not_need"))
    order = [AGE_AND_SEX, *one.columns, REST]
    cells = tuple(
        (
            Cell(names[row["component"]]),
            Cell(kinds.get(row["component"], view.say("use.need"))),
            Cell(written(row, view.lang), number=True),
            Cell(interval(row, view.lang), number=True),
        )
        for row in sorted(found, key=lambda row: order.index(row["component"]))
    )
    columns = (
        Column(view.say("use.part")),
        Column(view.say("use.kind")),
        *_numbers(view, "use.index", "word.interval"),
    )
    caption = view.say(
        "use.parts_caption", dimension=chosen.short[view.lang].lower(), area=view.place, period=rows[0]["period"]
    )
    table = Table(caption, columns, cells, id="parts-table")
    return [Heading(view.say("use.parts"), "parts"), Words(view.say("use.parts_how")), table]


def _unmet(view: View, one: Use, chosen: Stratifier) -> list[Block]:
    """Need that was not met, as people say themselves."""
    asked = view.release.indicators.get(one.unmet or "")
    rows = [row for row in view.index.groups(asked, chosen.id) if row["value"] is not None] if asked else []
    if not asked or not rows:
        return []
    latest = [row for row in rows if row["period"] == rows[-1]["period"]]
    title = view.say(
        "indicator.pattern_title", indicator=asked.short[view.lang], dimension=chosen.short[view.lang].lower()
    )
    spoken = sentences.groups(asked, chosen, latest, view.place, view.lang)
    heads = Heads(title, _subtitle(view, latest), spoken, view.say(f"unit.{asked.unit}.axis"), view.lang)
    columns = (Column(view.say("indicator.group")), *_numbers(view, "indicator.value", "word.interval"))
    cells = tuple(
        (
            Cell(sentences.level_title(chosen, row["level"], view.lang)),
            Cell(written(row, view.lang), number=True),
            Cell(interval(row, view.lang), number=True),
        )
        for row in latest
    )
    figure = Figure(
        "unmet", bars(latest, chosen, heads, average=None), spoken, Table(title, columns, cells, id="unmet-table")
    )
    link = Link(asked.title[view.lang], view.href(f"indicator/{asked.id}", by=chosen.id))
    return [Heading(view.say("use.unmet"), "unmet"), Words(view.say("use.unmet_how"), links=(link,)), figure]


def _definition(view: View, one: Use) -> list[Block]:
    """The definition in sentences, and what to read it with."""
    names = names_of(view.catalogue, one.indicator)

    def listed(columns: tuple[str, ...]) -> str:
        titles = [names[column][view.lang] for column in columns]
        return join([title[:1].lower() + title[1:] for title in titles], view.lang)

    item = view.catalogue.items[one.item].title[view.lang].lower()
    points = [Words(view.say("use.counted", item=item))]
    if one.where != ALWAYS:
        points.append(Words(view.say("use.where", condition=sentence(one.where, view.lang, names))))
    if one.population != ALWAYS:
        points.append(Words(view.say("use.among", population=sentence(one.population, view.lang, names))))
    points += [Words(view.say("use.set", need=listed(need.columns))) for need in one.need]
    if one.controls:
        points.append(Words(view.say("use.controls", controls=listed(one.controls))))
    points += [Words(view.say("use.rules")), Words(view.say("use.plain"), links=(_as_it_is(view, one),))]
    blocks: list[Block] = [Heading(view.say("indicator.definition"), "definition"), Points(tuple(points))]
    for name, texts in (("caveats", [caveat[view.lang] for caveat in one.caveats]), ("references", one.references)):
        listed_texts = Points(tuple(Words(text) for text in texts))
        blocks += [Heading(view.say(f"indicator.{name}"), name, 3), listed_texts] if texts else []
    return blocks


def _as_it_is(view: View, one: Use) -> Link:
    return Link(one.title[view.lang], view.href(f"indicator/{one.id}"))
