"""Handover: from which sender to which receiver, how many come, and which senders lose more than chance explains."""

from __future__ import annotations

from collections.abc import Iterable

from lighed.catalogue.areas import members, parent_of
from lighed.charts import Heads, funnel
from lighed.core.pathway import Pathway, Step
from lighed.core.text import join
from lighed.core.types import COUNTRY, UNKNOWN, Stratifier
from lighed.report import sentences
from lighed.report.page import Block, Cell, Column, Figure, Folded, Heading, Notice, Table, Words
from lighed.report.pages.look import Look, Shown
from lighed.report.view import View, danish
from lighed.report.words import Row, amount, flag_word, interval, written

DAYS = ("7", "30", "90")  # after which it is told who has come
INNER, OUTER = "sent_funnel_95", "sent_funnel_998"


def _handover(view: View, one: Pathway, chosen: Stratifier) -> Shown:
    """Show who is lost between sender and receiver, by sender, and by sender and receiver."""
    of = one.stage(one.taken_over)
    sent = view.index.get(of, None, "sent")
    known = [row["period"] for row in sent if row["value"] is not None and row["flags"] != "immature"]
    period = max(known or [row["period"] for row in sent], default="")
    now = [row for row in sent if row["period"] == period]
    if not now:
        return [], []
    by_group = [r for r in view.index.get(of, chosen.id, "sent") if r["period"] == period]
    limits = {name: _by_sender(view.index.get(of, None, name), period) for name in (INNER, OUTER)}
    received = _received(view, one, of, period)
    blocks: list[Block] = [Words(_answer(view, one, now, limits), lead=True)]
    blocks += _funnel(view, one, now, limits)
    blocks += [
        *_beside(view, one, period),
        *_within(view, one, chosen, period),
        *_lost(view, one, chosen, now, by_group),
        *_from_to(view, one, received),
    ]
    blocks += _by_level(view, one, chosen, received, period)
    rows = [*now, *by_group, *(row for name in limits for row in limits[name].values())]
    return blocks, [*rows, *(row for _, inside in received for row in inside if row["area"] != view.area)]


def _by_sender(rows: Iterable[Row], period: str) -> dict[str, Row]:
    return {row["counterpart"]: row for row in rows if row["period"] == period}


def _name(view: View, sender: str) -> str:
    """What a sender is called; one that nothing is known of by its id."""
    if sender == UNKNOWN:
        return view.say("word.Unknown")
    found = view.release.providers.get(sender)
    return found.title[view.lang] if found else sender


def _in_order(view: View, rows: Iterable[Row]) -> list[str]:
    """The senders of some rows by name, the unknown one last."""
    senders = {row["counterpart"] for row in rows}
    return sorted(senders, key=lambda one: (one == UNKNOWN, danish(_name(view, one))))


def _side(row: Row, limit: Row) -> int:
    """−1 or 1 where a share lies below or above the limits of its sender, else 0."""
    if row["value"] is None or limit["lower"] is None:
        return 0
    return 1 if row["value"] > limit["upper"] else -1 if row["value"] < limit["lower"] else 0


def _answer(view: View, one: Pathway, now: list[Row], limits: dict[str, dict[str, Row]]) -> str:
    """How many of all come, and which senders lie outside the outer limits."""
    of = view.release.indicators[one.stage(one.taken_over)]
    period = now[0]["period"]
    whole = next((row for row in view.index.groups(of, None) if row["period"] == period), None)
    said = [sentences.total(of, whole, view.place, view.lang)] if whole and whole["value"] is not None else []
    outer = limits[OUTER]
    if outer:
        said.append(view.say("handover.outside", count=len(outer)))
        for side, key in ((-1, "handover.below"), (1, "handover.above")):
            found = [row for row in now if (limit := outer.get(row["counterpart"])) and _side(row, limit) == side]
            names = [f"{_name(view, row['counterpart'])} ({written(row, view.lang)})" for row in found]
            said += [view.say(key, senders=join(names, view.lang))] if names else []
        if not any(_side(row, outer[row["counterpart"]]) for row in now if row["counterpart"] in outer):
            said[-1] = view.say("handover.none_outside", count=len(outer))
    return " ".join(said) or view.say("handover.hidden")


def _funnel(view: View, one: Pathway, now: list[Row], limits: dict[str, dict[str, Row]]) -> list[Block]:
    """The senders of the whole country in a funnel; elsewhere, and where few are shown, why there is none."""
    inner, outer = limits[INNER], limits[OUTER]
    if not outer:
        key = "handover.few" if view.area == COUNTRY else "handover.elsewhere"
        return [Words(view.say(key))]
    places = view.say("handover.inside"), view.say("handover.beyond")
    drawn, cells = [], []
    for row in (row for row in now if row["counterpart"] in outer):
        name, near, far = _name(view, row["counterpart"]), inner[row["counterpart"]], outer[row["counterpart"]]
        ends = {"inner_lower": near["lower"], "inner_upper": near["upper"], "mean": far["value"]}
        ends |= {"outer_lower": far["lower"], "outer_upper": far["upper"], "name": name}
        drawn.append(row | ends | {"place": places[_side(row, far) != 0]})
        texts = [view.count(row["n"]), view.count(row["events"]), written(row, view.lang)]
        texts += [interval(each, view.lang) for each in (row, near, far)]
        cells.append((Cell(name), *(Cell(text, number=True) for text in texts)))
    step, period = one.taken_over.short[view.lang], now[0]["period"]
    title = view.say("handover.funnel_title", pathway=one.short[view.lang], step=step)
    subtitle = view.say("handover.funnel_subtitle", area=view.place, period=period)
    heads = Heads(title, subtitle, view.say("handover.funnel_spoken"), view.say("unit.percent.axis"), view.lang)
    keys = ("came", "reached", "share", "interval", "limits_95", "limits_998")
    columns = (Column(view.say("handover.sender")), *(Column(view.say(f"handover.{key}"), number=True) for key in keys))
    table = Table(title, columns, tuple(cells), id="funnel-table")
    chart = funnel(drawn, heads, across=view.say("handover.came"), places=places)
    return [Heading(view.say("handover.funnel"), "senders"), Figure("funnel", chart, heads.description, table)]


def _beside(view: View, one: Pathway, period: str) -> list[Block]:
    """The steps that follow the same step as the handover, side by side: offered, and attended within some days."""
    steps = [step for step in one.steps if step.after == one.taken_over.after]
    if len(steps) < 2:
        return []
    shares = {step.id: _by_sender(view.index.get(one.stage(step), None, "sent"), period) for step in steps}
    senders = _in_order(view, (row for rows in shares.values() for row in rows.values()))
    cells = [
        (Cell(_name(view, sender)), *(_share(view, shares[step.id].get(sender)) for step in steps))
        for sender in senders
    ]
    columns = (Column(view.say("handover.sender")), *(Column(_named(view, step), number=True) for step in steps))
    caption = view.say("handover.beside_caption", area=view.place, period=period)
    table = Table(caption, columns, tuple(cells), id="beside-table", wide=True)
    return [Heading(view.say("handover.beside"), "beside"), Words(view.say("handover.beside_how")), table]


def _within(view: View, one: Pathway, chosen: Stratifier, period: str) -> list[Block]:
    """By group, who is offered and who has come after some days, where death and departure compete with coming."""
    beside = [step for step in one.steps if step.after == one.taken_over.after]
    longest = max((step for step in beside if step.item == one.taken_over.item), key=lambda step: step.days[1])
    offered = [step for step in beside if step.item != longest.item]
    come = {
        (row["level"], row["horizon"]): row
        for by in (None, chosen.id)
        for row in view.index.get(one.stage(longest), by, "waiting_incidence")
        if row["period"] == period and row["horizon"] in DAYS
    }
    if not offered or not come:
        return []
    of = {
        (row["level"], step.id): row
        for step in offered
        for by in (None, chosen.id)
        for row in view.index.groups(view.release.indicators[one.stage(step)], by)
        if row["period"] == period
    }
    days = [day for day in DAYS if any(horizon == day for _, horizon in come)]
    keys = [*(step.id for step in offered), *days]
    found = of | come
    cells = [
        (
            Cell(sentences.level_title(chosen, level, view.lang) if level else view.say("word.all")),
            *(
                Cell(written(found[level, key], view.lang) if (level, key) in found else "–", number=True)
                for key in keys
            ),
        )
        for level in dict.fromkeys(level for level, _ in come)
    ]
    titles = [*(_named(view, step) for step in offered), *(view.say("handover.within", days=day) for day in days)]
    columns = (Column(view.say("indicator.group")), *(Column(title, number=True) for title in titles))
    caption = view.say("handover.within_caption", area=view.place, period=period)
    return [Table(caption, columns, tuple(cells), id="within-table", wide=True)]


def _named(view: View, step: Step) -> str:
    title = step.title[view.lang]
    return title[:1].upper() + title[1:]


def _share(view: View, row: Row | None) -> Cell:
    """A share with what it is of; where nobody came from the sender, a dash."""
    if row is None or row["n"] == 0:
        return Cell("–", number=True)
    counts = view.say("handover.of", events=view.count(row["events"]), n=view.count(row["n"]))
    return Cell(written(row, view.lang), number=True, below=counts if row["value"] is not None else None)


def _lost(view: View, one: Pathway, chosen: Stratifier, now: list[Row], by_group: list[Row]) -> list[Block]:
    """Who of those sent is lost before the handover, by sender and group; beside it the smoothed share."""
    period = now[0]["period"]
    levels = [level for level in (*chosen.level_ids, UNKNOWN) if any(row["level"] == level for row in by_group)]
    groups = {(row["counterpart"], row["level"]): row for row in (*now, *by_group)}
    drawn = view.index.get(one.stage(one.taken_over), chosen.id, "sent_shrunk")
    likely = {(row["counterpart"], row["level"]): row for row in drawn if row["period"] == period}
    cells = [
        (
            Cell(_name(view, sender)),
            *(_gone(view, groups.get((sender, of)), likely.get((sender, of))) for of in (None, *levels)),
        )
        for sender in _in_order(view, now)
    ]
    titles = [view.say("word.all"), *(sentences.level_title(chosen, level, view.lang) for level in levels)]
    columns = (Column(view.say("handover.sender")), *(Column(title, number=True) for title in titles))
    before = one.before(one.taken_over)
    words = {
        "before": before[-1].short[view.lang] if before else view.say("pathway.the_index"),
        "step": one.taken_over.short[view.lang],
    }
    caption = view.say("handover.lost_caption", area=view.place, period=period, **words)
    table = Table(caption, columns, tuple(cells), id="lost-table", wide=True)
    how = [Words(view.say("handover.likely_how"))] if likely else []
    return [Heading(view.say("handover.lost", **words), "lost"), *how, table]


def _gone(view: View, row: Row | None, likely: Row | None) -> Cell:
    if row is None or row["n"] == 0:
        return Cell("–", number=True)
    if row["value"] is None:
        return Cell(flag_word(row, view.lang), number=True)
    below = view.say("handover.of", events=view.count(row["n"] - row["events"]), n=view.count(row["n"]))
    if likely:
        below = view.say("handover.likely", counts=below, share=amount(100 - likely["value"], "percent", view.lang))
    return Cell(amount(100 - row["value"], "percent", view.lang), number=True, below=below)


Received = list[tuple[str, list[Row]]]  # each receiver's name, and the rows of those who live there


def _received(view: View, one: Pathway, of: str, period: str) -> Received:
    """The rows of each area that receives in the period, by name; of a smaller area its own, under its receiver."""
    areas, year = view.catalogue.areas, int(period[:4])
    kind = one.receivers(year)
    inside = {view.area, *members(areas, view.area, year)} if view.area != COUNTRY else {*areas}
    found = [code for code in view.release.areas if code in inside and areas[code].kind == kind]
    if not found:
        above = parent_of(areas, view.area, kind, year) or view.area
        return [(areas[above].name[view.lang], _rows(view, view.area, of, period))]
    told = [(areas[code].name[view.lang], _rows(view, code, of, period)) for code in found]
    return sorted(((name, rows) for name, rows in told if rows), key=lambda each: danish(each[0]))


def _rows(view: View, area: str, of: str, period: str) -> list[Row]:
    return view.release.estimates(area, of).where(measure="sent", period=period).rows()


def _from_to(view: View, one: Pathway, received: Received) -> list[Block]:
    every = [(name, [row for row in rows if row["stratifier"] is None]) for name, rows in received]
    kind = view.say(f"handover.receiver_{one.receivers(int(received[0][1][0]['period'][:4]))}") if received else ""
    return [
        Heading(view.say("handover.from_to"), "receivers"),
        Words(view.say("handover.from_to_how", step=one.taken_over.title[view.lang])),
        _matrix(view, kind, every, view.say("word.all"), "receivers-table"),
    ]


def _by_level(view: View, one: Pathway, chosen: Stratifier, received: Received, period: str) -> list[Block]:
    """The same by group; not of the whole country, of which it would be too much to read."""
    if view.area == COUNTRY:
        return [Words(view.say("handover.choose"))]
    kind, blocks = view.say(f"handover.receiver_{one.receivers(int(period[:4]))}"), list[Block]()
    for level in (*chosen.level_ids, UNKNOWN):
        of = [
            (name, [r for r in rows if (r["stratifier"], r["level"]) == (chosen.id, level)]) for name, rows in received
        ]
        if any(rows for _, rows in of):
            title = sentences.level_title(chosen, level, view.lang)
            blocks.append(Folded(title, (_matrix(view, kind, of, title, f"receivers-{level}"),)))
    return blocks


def _matrix(view: View, kind: str, received: Received, group: str, name: str) -> Table | Notice:
    """Receivers down, senders across: the share that came, and of how many."""
    senders = _in_order(view, (row for _, rows in received for row in rows if row["n"] != 0))
    if not senders:
        return Notice(view.say("handover.hidden"))
    columns = (Column(kind), *(Column(_name(view, sender), number=True) for sender in senders))
    lines = []
    for receiver, rows in received:
        of = {row["counterpart"]: row for row in rows}
        lines.append((Cell(receiver), *(_share(view, of.get(sender)) for sender in senders)))
    period = next(row["period"] for _, rows in received for row in rows)
    caption = view.say("handover.caption", group=group, area=view.place, period=period)
    return Table(caption, columns, tuple(lines), id=name, wide=True)


HANDOVER = Look("handover", ("sent",), _handover)
