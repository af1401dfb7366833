"""The page of an indicator: pattern, gap, potential, the figures, the definition, and how it was made."""

from __future__ import annotations

from typing import Any

from lighed.charts import Drawn, Heads, bars, equiplot, gap, gradient
from lighed.core.condition import ALWAYS, sentence
from lighed.core.text import Text
from lighed.core.types import UNKNOWN, Indicator, Stratifier
from lighed.report import sentences
from lighed.report.methods import all_explained, explained
from lighed.report.page import (
    Block,
    Cell,
    Choice,
    Choices,
    Column,
    Facts,
    Figure,
    Folded,
    Heading,
    Link,
    Notice,
    Option,
    Page,
    Pair,
    Points,
    Table,
    Words,
)
from lighed.report.pages.efforts import aimed
from lighed.report.rows import NULL, social
from lighed.report.view import View
from lighed.report.words import Row, interval, names_of, written
from lighed.stats import MEASURES, TESTS

PERIODS = 6  # lines of an equiplot; the table has all
OF_CROSSED = ("variance_partition", "additive_share")
MANY = 10  # more groups than this are drawn as a gradient and listed for the latest period only


def indicator(view: View, one: Indicator, *, by: str | None, look: str) -> Page:
    """Build the page of an indicator, by a social dimension, with dots or bars."""
    dimensions = social(view.release, one)
    chosen = next((s for s in dimensions if s.id == by), dimensions[0] if dimensions else None)
    blocks: list[Block] = _at_need(view, one)
    rows: list[Row] = []
    if chosen is None:
        rows = view.index.groups(one, None)
        blocks += _of_all(view, one, rows) if rows else [Notice(_why_empty(view, one))]
    else:
        rows = _all_rows(view, one, chosen)
        blocks += _shown(view, one, chosen, dimensions, look, rows)
    blocks += aimed(view, view.efforts.at(one.id)) if view.efforts else []
    blocks += _made(view, one, chosen, rows) if chosen else []
    blocks += _definition(view, one, chosen)
    downloads = (
        (Link(view.say("site.heat"), view.href(f"indicator/{one.id}.csv", by=chosen.id if chosen else None)),)
        if rows and chosen
        else ()
    )
    trail = view.trail(Link(view.say("menu.catalogue"), view.href("catalogue")))
    return Page(one.title[view.lang], view.lang, tuple(blocks), trail, rows=rows, downloads=downloads)


def _at_need(view: View, one: Indicator) -> list[Block]:
    """Where the page of use against need is, of a use."""
    link = Link(one.title[view.lang], view.href(f"use/{one.id}"))
    return [Words(view.say("use.see"), links=(link,))] if one.id in view.release.uses else []


def _of_all(view: View, one: Indicator, rows: list[Row]) -> list[Block]:
    """What everybody together has, where nothing is known of groups."""
    choices = Choices(view.href(f"indicator/{one.id}", area=None), (view.area_choice(),), view.say("choice.show"))
    columns = (Column(view.say("indicator.period")), Column(view.say(f"unit.{one.unit}.axis"), number=True))
    cells = tuple((Cell(row["period"]), _value(row, view)) for row in reversed(rows))
    how = explained(rows[-1]["method"], view.lang, view.catalogue.standards)
    return [
        Words(sentences.total(one, rows[-1], view.place, view.lang), lead=True),
        choices,
        Table(f"{one.short[view.lang]}, {view.place}", columns, cells, id="all"),
        Heading(view.say("indicator.made"), "made"),
        Words(how[:1].upper() + how[1:] + "."),
    ]


def _why_empty(view: View, one: Indicator) -> str:
    if one.waits_for:
        return view.say(f"indicator.waits.{one.waits_for}")
    if one.kind == "status":
        return view.say("indicator.status")
    return view.say("indicator.no_rows")


def _all_rows(view: View, one: Indicator, chosen: Stratifier) -> list[Row]:
    return [
        row
        for s, measure, change in view.index.of(one.id)
        if s in {chosen.id, None}
        for row in view.index.get(one.id, s, measure, change=change)
    ]


def _shown(
    view: View, one: Indicator, chosen: Stratifier, dimensions: list[Stratifier], look: str, rows: list[Row]
) -> list[Block]:
    groups = view.index.groups(one, chosen.id)
    last = groups[-1]["period"] if groups else ""
    latest = [row for row in groups if row["period"] == last]
    pair = view.index.gap(one.id, chosen)
    ends = tuple(view.index.latest(one.id, chosen.id, m) for m in pair) if pair else (None, None)
    lead = " ".join(
        s
        for s in (
            _who(view, one, chosen, latest),
            sentences.gap(ends[0], ends[1], sentences.ends(chosen, latest, one, view.lang), view.lang),
        )
        if s
    )
    blocks: list[Block] = [Words(lead, lead=True)] if lead else []
    blocks += [_choices(view, one, chosen, dimensions, look)]
    if not rows:
        return [*blocks, Notice(view.say("indicator.no_rows"))]
    blocks += [Heading(view.say("indicator.pattern"), "pattern"), pattern(view, one, chosen, groups, latest, look)]
    if view.index.get(one.id, chosen.id, "shrunk"):
        blocks += [Words(view.say("measure.shrunk.meaning"))]
    parts = [view.index.latest(one.id, chosen.id, name) for name in OF_CROSSED]
    between = sentences.crossed(chosen, parts[0], parts[1], view.lang)
    blocks += [Words(between)] if between else []
    if pair:
        blocks += _gap(view, one, chosen, pair)
        blocks += _potential(view, one, chosen, latest)
        blocks += [
            Folded(view.say("indicator.more"), (_measures(view, one, chosen), *_interactions(view, one, chosen)))
        ]
    return blocks


def _who(view: View, one: Indicator, chosen: Stratifier, latest: list[Row]) -> str:
    """What the groups have; of very many groups, what everybody has."""
    if len(chosen.levels) <= MANY:
        return sentences.groups(one, chosen, latest, view.place, view.lang)
    total = next((row for row in view.index.groups(one, None) if latest and row["period"] == latest[0]["period"]), None)
    return sentences.total(one, total, view.place, view.lang) if total else ""


def _choices(view: View, one: Indicator, chosen: Stratifier, dimensions: list[Stratifier], look: str) -> Choices:
    by = Choice(
        "by", view.say("choice.by"), tuple(Option(s.id, s.title[view.lang], s.id == chosen.id) for s in dimensions)
    )
    looks = tuple(Option(name, view.say(f"indicator.{name}"), name == look) for name in ("equiplot", "bars"))
    kinds = (view.area_choice(), by, Choice("view", view.say("choice.view"), looks))
    return Choices(view.href(f"indicator/{one.id}", area=None), kinds, view.say("choice.show"))


def pattern(view: View, one: Indicator, chosen: Stratifier, groups: list[Row], latest: list[Row], look: str) -> Figure:
    """The groups: of few all periods as dots or the last as bars, of many the last as a gradient."""
    many, total = len(chosen.levels) > MANY, view.index.groups(one, None)
    period = latest[0]["period"] if latest else ""
    mean = next((row for row in reversed(total) if row["period"] == period and row["value"] is not None), None)
    said = [] if many else [f"{one.title[view.lang]}."]
    said.append(_who(view, one, chosen, latest))
    ends = sentences.ends(chosen, latest, one, view.lang)
    if many:
        said.append(view.say("indicator.gradient", worst=ends[0], best=ends[1]))
    elif look == "bars" and mean:
        said.append(view.say("indicator.average", value=written(mean, view.lang)))
    heads, average = _heads(view, one, chosen, groups, " ".join(said)), mean["value"] if mean else None
    if many:
        return _with_table(
            view, one, chosen, latest, gradient(latest, chosen, heads, average=average, ends=ends), heads
        )
    if look == "bars":
        return _with_table(view, one, chosen, groups, bars(latest, chosen, heads, average=average), heads)
    kept = sorted({row["period"] for row in groups})[-PERIODS:]
    lines = [row | {"row": row["period"]} for row in reversed(groups) if row["period"] in kept]
    return _with_table(view, one, chosen, groups, equiplot(lines, chosen, heads), heads)


def _heads(view: View, one: Indicator, chosen: Stratifier, groups: list[Row], spoken: str) -> Heads:
    names = {"indicator": one.short[view.lang], "dimension": chosen.title[view.lang].lower()}
    certain = any(row["lower"] is not None for row in groups)
    unit = view.say(f"unit.{one.unit}.axis")
    key = "indicator.subtitle" if certain else "indicator.subtitle_plain"
    subtitle = view.say(key, area=view.place, unit=unit.lower())
    return Heads(view.say("indicator.pattern_title", **names), subtitle, spoken, unit, view.lang)


def _with_table(view: View, one: Indicator, chosen: Stratifier, rows: list[Row], chart: Drawn, heads: Heads) -> Figure:
    return Figure("pattern", chart, heads.description, groups_table(view, one, chosen, rows))


def groups_table(view: View, one: Indicator, chosen: Stratifier, groups: list[Row]) -> Table:
    """Every period and group, newest first, with interval, persons and cases."""
    say = view.say
    order = {level: k for k, level in enumerate((*chosen.level_ids, UNKNOWN))}
    columns: tuple[Column, ...] = (
        Column(say("indicator.period")),
        Column(say("indicator.group")),
        Column(say("indicator.value"), number=True),
        Column(say("word.interval"), number=True),
        Column(say("word.persons"), number=True),
        Column(say("word.events"), number=True),
    )
    rows = sorted(groups, key=lambda row: (-int(row["period"][:4]), order.get(row["level"], 99)))
    counted = any(row["n"] is not None for row in rows)
    columns = columns if counted else columns[:4]
    smoothed = {(row["period"], row["level"]): row for row in view.index.get(one.id, chosen.id, "shrunk")}
    columns += (Column(say("measure.shrunk.title"), number=True),) if smoothed else ()
    cells = []
    for row in rows:
        line = [
            Cell(row["period"]),
            Cell(sentences.level_title(chosen, row["level"], view.lang)),
            _value(row, view),
            Cell(interval(row, view.lang), number=True),
        ]
        line += [Cell(view.count(row[name]), number=True) for name in ("n", "events")] if counted else []
        line += [_smoothed(smoothed.get((row["period"], row["level"])), view)] if smoothed else []
        cells.append(tuple(line))
    caption = say(
        "indicator.table", indicator=one.short[view.lang], dimension=chosen.title[view.lang].lower(), area=view.place
    )
    return Table(caption, columns, tuple(cells), id="groups")


def _smoothed(row: Row | None, view: View) -> Cell:
    return Cell(written(row, view.lang), number=True, below=interval(row, view.lang)) if row else Cell("", number=True)


def _value(row: Row, view: View) -> Cell:
    doubt = view.say(f"flag.{row['flags'].split()[0]}") if row["flags"] and row["value"] is not None else None
    return Cell(written(row, view.lang), number=True, below=doubt)


def _gap(view: View, one: Indicator, chosen: Stratifier, pair: tuple[str, str]) -> list[Block]:
    figures, ends, changes = [], [], []
    for scale, measure in zip(("absolute", "relative"), pair, strict=True):
        rows = view.index.get(one.id, chosen.id, measure)
        ends += [rows[0], rows[-1]]
        changes.append(view.index.change(one.id, chosen.id, measure))
        figures.append(gap_figure(view, one, chosen, scale, measure, rows))
    blocks: list[Block] = [Heading(view.say("indicator.gap"), "gap")]
    if len(view.index.get(one.id, chosen.id, pair[0])) > 1:
        spoken = sentences.trend((ends[0], ends[1], ends[2], ends[3]), (changes[0], changes[1]), view.lang)
        blocks += [Words(spoken[:1].upper() + spoken[1:])] if spoken else []
    names = tuple(view.say(f"measure.{m}.title").lower() for m in pair)
    blocks += [
        Words(view.say("sentence.gap_from", absolute_measure=names[0], relative_measure=names[1])),
        Pair(figures[0], figures[1]),
    ]
    bent = _shape(view, one, chosen)
    return [*blocks, Words(bent)] if bent else blocks


def _shape(view: View, one: Indicator, chosen: Stratifier) -> str:
    """What the slope index does not say; of very many groups nobody takes it to say all."""
    if len(chosen.levels) > MANY:
        return ""
    return sentences.shape(lambda name: view.index.latest(one.id, chosen.id, name), view.lang)


def gap_figure(view: View, one: Indicator, chosen: Stratifier, scale: str, measure: str, rows: list[Row]) -> Figure:
    """Draw a gap over the periods of `rows`, with its table."""
    name = view.say(f"measure.{measure}.title")
    unit = rows[0]["unit"]
    title = view.say(f"indicator.{scale}", measure=name.lower())
    last = rows[-1]
    spoken = (
        f"{name}, {view.place}, {last['period']}: {written(last, view.lang)} {interval(last, view.lang)}".strip()
        + f". {view.say(f'measure.{measure}.meaning')}"
    )
    subtitle = f"{one.short[view.lang]}, {chosen.short[view.lang].lower()}, {view.place}"
    heads = Heads(title, subtitle, spoken, view.say(f"unit.{unit}.gap"), view.lang)
    columns = (
        Column(view.say("indicator.period")),
        Column(name, number=True),
        Column(view.say("word.interval"), number=True),
    )
    cells = tuple(
        (Cell(row["period"]), _value(row, view), Cell(interval(row, view.lang), number=True)) for row in reversed(rows)
    )
    return Figure(
        scale, gap(rows, heads, null=NULL[measure]), spoken, Table(title, columns, cells, id=f"{scale}-table")
    )


def _potential(view: View, one: Indicator, chosen: Stratifier, latest: list[Row]) -> list[Block]:
    number, fraction = (
        view.index.latest(one.id, chosen.id, m) for m in ("attributable_number", "attributable_fraction")
    )
    best = _best(one, chosen, latest)
    spoken = (
        sentences.potential(one, sentences.level_title(chosen, best, view.lang), number, fraction, view.lang)
        if best
        else ""
    )
    return [Heading(view.say("indicator.potential"), "potential"), Words(spoken)] if spoken else []


def _best(one: Indicator, chosen: Stratifier, latest: list[Row]) -> str | None:
    if chosen.ordered:
        return chosen.level_ids[-1]
    if chosen.reference:
        return chosen.reference
    known = [row for row in latest if row["value"] is not None and row["level"] != UNKNOWN]
    pick = min if one.polarity == "lower_is_better" else max
    return pick(known, key=lambda row: row["value"])["level"] if known else None


def _measures(view: View, one: Indicator, chosen: Stratifier) -> Table:
    columns = (
        Column(view.say("indicator.measure")),
        Column(view.say("indicator.period")),
        Column(view.say("indicator.value"), number=True),
        Column(view.say("word.interval"), number=True),
        Column(view.say("indicator.how")),
        Column(view.say("indicator.meaning")),
    )
    listed = (*MEASURES, *TESTS, *OF_CROSSED)
    names = [name for name in listed if (chosen.id, name, False) in view.index.of(one.id)]
    cells = []
    for name in names:
        row = view.index.latest(one.id, chosen.id, name)
        assert row is not None
        cells.append(
            (
                Cell(view.say(f"measure.{name}.title")),
                Cell(row["period"]),
                _value(row, view),
                Cell(interval(row, view.lang), number=True),
                Cell(explained(row["method"], view.lang, view.catalogue.standards)),
                Cell(view.say(f"measure.{name}.meaning")),
            )
        )
    return Table(view.say("indicator.more"), columns, tuple(cells), id="measures", wide=True)


def _interactions(view: View, one: Indicator, chosen: Stratifier) -> list[Block]:
    """What each crossed group has beyond the sum of its dimensions, in the last period."""
    rows = view.index.get(one.id, chosen.id, "interaction")
    latest = [row for row in rows if row["period"] == rows[-1]["period"] and row["value"] is not None]
    title, meaning = view.say("measure.interaction.title"), view.say("measure.interaction.meaning")
    columns = (
        Column(view.say("indicator.group")),
        Column(view.say("indicator.period")),
        Column(title, number=True),
        Column(view.say("word.interval"), number=True),
    )
    cells = tuple(
        (
            Cell(sentences.level_title(chosen, row["level"], view.lang)),
            Cell(row["period"]),
            Cell(written(row, view.lang, form="difference"), number=True),
            Cell(interval(row, view.lang), number=True),
        )
        for row in sentences.ordered(chosen, latest, one)
    )
    return [Words(meaning), Table(title, columns, cells, id="interactions")] if cells else []


def _made(view: View, one: Indicator, chosen: Stratifier, rows: list[Row]) -> list[Block]:
    """How the shown figures were made: each method that occurs, and the rule of the release."""
    shown = [*view.index.groups(one, chosen.id), *view.index.groups(one, None)]
    shown += [row for m in view.index.gap(one.id, chosen) or () for row in view.index.get(one.id, chosen.id, m)]
    ways = all_explained([row["method"] for row in shown if row["method"]], view)
    manifest = view.release.manifest
    items = [Words(way[:1].upper() + way[1:] + ("" if way.endswith(".") else ".")) for way in ways]
    hidden = sum(row["flags"] == "suppressed" for row in rows)
    items += [Words(view.say("sentence.hidden", count=hidden))] if hidden else []
    return [
        Heading(view.say("indicator.made"), "made"),
        Points((*items, Words(manifest.policy_explanation[view.lang]))),
    ]


def _definition(view: View, one: Indicator, chosen: Stratifier | None) -> list[Block]:
    say, lang = view.say, view.lang
    names = names_of(view.catalogue, one)
    facts = [(say("indicator.id"), one.id)]
    if one.factor:
        factor = view.catalogue.factors[one.factor]
        facts.append((say("indicator.factor"), factor.title[lang]))
        facts += [(say("indicator.bullet"), b.title[lang]) for b in factor.bullets if b.id == one.bullet]
    if one.computes:
        facts += [
            (say("indicator.counted"), _counted(view, one, names)),
            (say("indicator.among"), sentence(one.population, lang, names)),
        ]
    facts += [
        (say("indicator.direction"), say(f"indicator.{one.polarity}")),
        (say("indicator.unit"), say(f"unit.{one.unit}.axis")),
        (say("indicator.standardisation"), _standard(view, one)),
        (say("indicator.source"), one.source.title[lang]),
        (say("indicator.owner"), one.source.owner),
    ]
    caveats = [c[lang] for c in (*one.caveats, *(chosen.caveats if chosen else ()))]
    blocks: list[Block] = [Heading(say("indicator.definition"), "definition"), Facts(tuple(facts))]
    if caveats:
        blocks += [Heading(say("indicator.caveats"), "caveats", 3), Points(tuple(Words(c) for c in caveats))]
    references = [*one.references, *(chosen.references if chosen else ())]
    if references:
        blocks += [Heading(say("indicator.references"), "references", 3), Points(tuple(Words(r) for r in references))]
    return blocks


def _counted(view: View, one: Indicator, names: dict[Any, Text]) -> str:
    """What is counted; where it is every record of an item, the item's name."""
    if one.item and one.numerator == ALWAYS:
        return view.catalogue.items[one.item].title[view.lang]
    return sentence(one.numerator, view.lang, names)


def _standard(view: View, one: Indicator) -> str:
    if not one.standardise or view.release.manifest.policy == "published":
        return view.say("indicator.not_standardised")
    over = f" {view.say('word.and')} ".join(view.say(f"over.{name}") for name in one.standardise.over)
    return view.say(
        "indicator.standardised", over=over, to=view.catalogue.standards[one.standardise.to].title[view.lang]
    )
