"""The page of a pathway: who gets how far, where the gap opens, and the definition in words."""

from __future__ import annotations

from collections.abc import Sequence

from lighed.charts import Heads, equiplot
from lighed.core.condition import ALWAYS, sentence
from lighed.core.pathway import START, Occurrence, Pathway, Step, Within
from lighed.core.text import day, join
from lighed.core.types import Stratifier
from lighed.core.validation import Validation
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
    Looks,
    Notice,
    Option,
    Page,
    Points,
    Table,
    Words,
)
from lighed.report.pages.efforts import aimed
from lighed.report.pages.handover import HANDOVER
from lighed.report.pages.look import Look, Shown
from lighed.report.pages.lost import LOST, REASONS, left
from lighed.report.pages.map import MAP
from lighed.report.pages.outcome import OUTCOME
from lighed.report.pages.validation import POINTS
from lighed.report.pages.waiting import WAITING
from lighed.report.rows import social
from lighed.report.view import View
from lighed.report.words import Row, interval, names_of, written


def pathways(view: View) -> Page:
    """List the pathways."""
    blocks: list[Block] = [Words(view.say("pathway.lead"), lead=True)]
    every = [*view.release.pathways.values()]
    ways, forms = ([p for p in every if isinstance(p, Validation) == of_form] for of_form in (False, True))
    blocks.append(_cards(view, ways, CASCADE) if ways else Notice(view.say("pathway.none")))
    if forms:
        blocks += [Heading(view.say("validation.card"), "forms"), _cards(view, forms, POINTS)]
    return Page(view.say("menu.pathways"), view.lang, tuple(blocks), view.trail())


def _cards(view: View, ways: Sequence[Pathway], look: Look) -> Cards:
    steps = (" → ".join(step.short[view.lang] for step in one.chain) for one in ways)
    named = zip(ways, steps, strict=True)
    return Cards(tuple(Card(one.title[view.lang], text, view.href(_address(one, look))) for one, text in named))


def pathway(view: View, one: Pathway, *, by: str | None, look: str = "") -> Page | None:
    """Build a page of a pathway, by a social dimension; None for a look that there is not."""
    offered = [each for each in LOOKS if each.found(view, one)] or [CASCADE]
    asked = CASCADE if not look else next((each for each in LOOKS if each.name == look), None)
    if asked is None:
        return None
    last = view.release.indicators[one.whole(one.chain[-1])]
    dimensions = [s for s in social(view.release, last) if s.social]
    chosen = next((s for s in dimensions if s.id == by), dimensions[0])
    blocks, rows = asked.show(view, one, chosen)
    links = tuple(Link(_named(view, each), view.href(_address(one, each), by=by)) for each in offered)
    looks = [Looks(view.say("pathway.looks"), links, _named(view, asked))] if len(links) > 1 else []
    options = tuple(Option(s.id, s.title[view.lang], s.id == chosen.id) for s in dimensions)
    choices = (view.area_choice(), Choice("by", view.say("choice.by"), options))
    chooser = Choices(view.href(_address(one, asked), area=None), choices, view.say("choice.show"))
    lead, rest = (blocks[:1], blocks[1:]) if rows else ([Notice(view.say("indicator.no_rows"))], blocks)
    rest = [*rest, *(aimed(view, view.efforts.along(one.id)) if view.efforts and asked == CASCADE else [])]
    trail = view.trail(view.link("pathways"))
    table = Link(view.say("pathway.table"), view.href(f"{_address(one, asked)}.csv", by=chosen.id))
    downloads = () if asked == CASCADE else (table,)
    return Page(one.title[view.lang], view.lang, (*looks, *lead, chooser, *rest), trail, rows=rows, downloads=downloads)


def _named(view: View, look: Look) -> str:
    return view.say(f"pathway.look.{look.name}")


def _address(one: Pathway, look: Look) -> str:
    return f"pathway/{one.id}" + ("" if look == CASCADE else f"/{look.name}")


def _cascade(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Who gets how far, where the gap opens, and the definition."""
    rows = view.index.groups(view.release.indicators[one.whole(one.chain[-1])], chosen.id)
    shown = [row for row in rows if row["value"] is not None and row["flags"] != "immature"]
    if not shown:
        return _definition(view, one), []
    answers, figures = _answers(view, one, chosen, shown), _figures(view, one, chosen, shown[-1]["period"])
    return [*answers, *figures, *_forms(view, one), *_definition(view, one)], rows


def _forms(view: View, one: Pathway) -> list[Block]:
    """Where it is shown what the points of the pathway's form are worth."""
    found = [v for v in view.release.pathways.values() if isinstance(v, Validation) and v.cascade == one.id]
    return [Words("", links=(Link(v.title[view.lang], view.href(_address(v, POINTS))),)) for v in found]


def _answers(view: View, one: Pathway, chosen: Stratifier, shown: list[Row]) -> list[Block]:
    """Who reaches the end, how far apart they are, and at which step most of that comes about."""
    last = view.release.indicators[one.whole(one.chain[-1])]
    latest = [row for row in shown if row["period"] == shown[-1]["period"]]
    end = one.chain[-1].short[view.lang]
    said = [sentences.groups(last, chosen, latest, view.place, view.lang, step=end)]
    parts = _parts(view, one, chosen, shown[-1]["period"], "gap_by_step")
    if parts:
        widest = max(parts, key=lambda row: row["value"])
        step = next(step for step in one.chain if step.id == widest["component"])
        if widest["lower"] > 0:
            points, within = written(widest, view.lang, form="difference"), interval(widest, view.lang)
            said.append(view.say("pathway.opens", step=step.short[view.lang], points=points, interval=within))
    return [Words(" ".join(sentence for sentence in said if sentence), lead=True)]


def _parts(view: View, one: Pathway, chosen: Stratifier, period: str, measure: str) -> list[Row]:
    rows = view.index.get(one.whole(one.chain[-1]), chosen.id, measure)
    order = [step.id for step in one.chain]
    found = [row for row in rows if row["period"] == period and row["value"] is not None]
    return sorted(found, key=lambda row: order.index(row["component"]))


def _figures(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """How far each group comes; and, where a step follows another, who goes on and where the gap opens."""
    blocks: list[Block] = []
    shown = {"whole": [(s, one.whole(s)) for s in one.steps]}
    if len(one.chain) > 1:
        shown["stage"] = [(s, one.stage(s)) for s in one.chain]
    for name, steps in shown.items():
        rows = [
            row | {"row": step.short[view.lang], "step": step}
            for step, of in steps
            if of in view.release.indicators
            for row in view.index.groups(view.release.indicators[of], chosen.id)
            if row["period"] == period
        ]
        blocks += [Heading(view.say(f"pathway.{name}"), name), _figure(view, one, chosen, name, rows, period)]
    return [*blocks, *left(view, one, chosen, period), *_gap(view, one, chosen, period)]


def _figure(view: View, one: Pathway, chosen: Stratifier, name: str, rows: list[Row], period: str) -> Figure:
    title = view.say(f"pathway.{name}_title", pathway=one.short[view.lang], dimension=chosen.short[view.lang].lower())
    subtitle = view.say("pathway.subtitle", area=view.place, period=period)
    spoken = view.say(f"pathway.{name}_spoken")
    heads = Heads(title, subtitle, spoken, view.say("unit.percent.axis"), view.lang)
    columns = tuple(
        Column(view.say(key), number=number)
        for key, number in (
            ("pathway.step", False),
            ("indicator.group", False),
            ("indicator.value", True),
            ("word.interval", True),
            (f"pathway.{name}_n", True),
            ("pathway.reached", True),
        )
    )
    cells = tuple(_line(view, one, chosen, name, row) for row in rows)
    table = Table(title, columns, cells, id=f"{name}-table")
    return Figure(name, equiplot(rows, chosen, heads), spoken, table)


def _line(view: View, one: Pathway, chosen: Stratifier, name: str, row: Row) -> tuple[Cell, ...]:
    step: Step = row["step"]
    of = one.whole(step) if name == "whole" else one.stage(step)
    return (
        Cell(step.short[view.lang], view.href(f"indicator/{of}", by=chosen.id)),
        Cell(sentences.level_title(chosen, row["level"], view.lang)),
        Cell(written(row, view.lang), number=True),
        Cell(interval(row, view.lang), number=True),
        Cell(view.count(row["n"]), number=True),
        Cell(view.count(row["events"]), number=True),
    )


def _gap(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """The steps' parts of the gap at the end, in points and as shares of the logarithm of the ratio."""
    points = _parts(view, one, chosen, period, "gap_by_step")
    if not points:
        return []
    shares = {row["component"]: row for row in _parts(view, one, chosen, period, "gap_share_by_step")}
    columns = (
        Column(view.say("pathway.step")),
        Column(view.say("pathway.points"), number=True),
        Column(view.say("word.interval"), number=True),
        Column(view.say("pathway.share"), number=True),
        Column(view.say("word.interval"), number=True),
    )
    names = {step.id: step.short[view.lang] for step in one.chain}
    cells = []
    for row in points:
        share = shares.get(row["component"])
        cells.append(
            (
                Cell(names[row["component"]]),
                Cell(written(row, view.lang, form="difference"), number=True),
                Cell(interval(row, view.lang), number=True),
                Cell(written(share, view.lang) if share else "–", number=True),
                Cell(interval(share, view.lang) if share else "–", number=True),
            )
        )
    ends = sentences.ends(chosen, [], view.release.indicators[one.whole(one.chain[-1])], view.lang)
    caption = view.say("pathway.gap_caption", worst=ends[0], best=ends[1], area=view.place, period=period)
    table = Table(caption, columns, tuple(cells), id="gap-table")
    return [Heading(view.say("pathway.gap"), "gap"), Words(view.say("pathway.gap_how")), table]


def _definition(view: View, one: Pathway) -> list[Block]:
    """The definition, as a clinician would sign it."""
    begins = view.say(f"pathway.index_{one.index.rule}", item=_event(view, one.index))
    if one.index.washout:
        begins = view.say("pathway.washout", begins=begins, days=one.index.washout)
    points = [Words(begins)]
    if one.population != ALWAYS:
        names = names_of(view.catalogue)
        points.append(Words(view.say("pathway.among", population=sentence(one.population, view.lang, names))))
    points += [Words(_within(view, one, "pathway.excluded", wanted)) for wanted in one.exclusions]
    for step in one.steps:
        title = step.title[view.lang]
        points.append(Words(f"{title[:1].upper()}{title[1:]}: {_within(view, one, 'pathway.is', step)}"))
        points += [Words(_within(view, one, "pathway.unless", wanted)) for wanted in step.unless]
        points += [Words(_within(view, one, "pathway.reasons", step.reasons))] if step.reasons else []
    points += [
        Words(_responsible(view, one)),
        Words(view.say("pathway.rules", clock=view.say(f"pathway.clock_{one.clock}"))),
    ]
    caveats = tuple(Words(caveat[view.lang]) for caveat in one.caveats)
    blocks: list[Block] = [Heading(view.say("indicator.definition"), "definition"), Points(tuple(points))]
    return [*blocks, Heading(view.say("indicator.caveats"), "caveats", 3), Points(caveats)] if caveats else blocks


def _responsible(view: View, one: Pathway) -> str:
    """Who receives the persons, and from when to when."""
    rules = []
    for rule in one.responsible:
        first, last = (day(date, view.lang) if date else "" for date in (rule.valid_from, rule.valid_to))
        since = view.say("pathway.since", date=first) if first else ""
        until = view.say("pathway.until", date=last) if last else ""
        rules.append(view.say(f"pathway.unit.{rule.kind}") + since + until)
    return view.say("pathway.responsible", rules=join(rules, view.lang))


def _within(view: View, one: Pathway, key: str, wanted: Within) -> str:
    """A window in words: the event, the days, from what they are counted, and what it may not come before."""
    titles = {step.id: view.say("pathway.named", step=step.short[view.lang]) for step in one.steps}
    titles[START] = view.say("pathway.the_index")
    low, high = wanted.hours or wanted.days
    unit = "hours" if wanted.hours else one.clock
    window = view.say(f"pathway.window_{unit}{'_exclusive' * (wanted.upper == 'exclusive')}", low=low, high=high)
    after = view.say("pathway.after", step=titles[wanted.after]) if wanted.after not in {START, wanted.anchor} else ""
    after = view.say("pathway.apart", step=titles[wanted.after], days=wanted.apart) if wanted.apart else after
    key = "pathway.is_often" if key == "pathway.is" and wanted.times > 1 else key
    words = {"item": _event(view, wanted), "window": window, "times": wanted.times}
    return view.say(key, **words, anchor=titles[wanted.anchor], after=after)


def _event(view: View, wanted: Occurrence) -> str:
    """An event in words: its kind, what must hold of it, and which day of it counts where it is not the first."""
    item = (view.catalogue.items | view.catalogue.dimensions)[wanted.item]
    event = item.title[view.lang].lower()
    if wanted.where != ALWAYS:
        names = names_of(view.catalogue) | {("category", code): text for code, text in item.categories.items()}
        event = view.say("pathway.where", event=event, condition=sentence(wanted.where, view.lang, names))
    return event if wanted.day == "first" else view.say(f"pathway.{wanted.day}_day", event=event)


CASCADE = Look("cascade", ("crude",), _cascade)
LOOKS = (CASCADE, WAITING, LOST, HANDOVER, REASONS, POINTS, OUTCOME, MAP)
