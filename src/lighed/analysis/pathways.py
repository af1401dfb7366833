"""Pathway → episodes: a row per person and index event, with the day and the fate of every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import ibis

from lighed.core.condition import ALWAYS
from lighed.core.errors import StoreError
from lighed.core.pathway import START, TICKS, Occurrence, Pathway, States, Step, Within
from lighed.core.types import UNKNOWN, Reason
from lighed.store.engine import Expression, expression
from lighed.store.snapshot import Snapshot

EPOCH = date(1970, 1, 1)
NEVER = 2**30  # a day that does not come
SPAN = 2**20  # more days than lie between any two
TIME = {"first": "time", "last": "time_to"}  # the minutes of the two days
LAST_MINUTE = TICKS["elapsed"] - 1
TABLES = ("event", "person", "residence", "position", "reason")


@dataclass(frozen=True, slots=True)
class Along:
    """What happened along persons' lives, in days numbered since 1970, as far as it is known.

    ``events`` have a ``first`` and a ``last`` day, and the minute of each where it is known; ``deaths`` a day ``died``;
    ``departures`` the days on which somebody ``left`` Denmark; ``positions`` are like events, each of its dimension;
    ``reasons`` are events with why they came about, and its polarity. After ``known_until`` nothing is known.
    """

    events: Expression
    deaths: Expression
    departures: Expression
    reasons: Expression
    known_until: date
    positions: Expression

    @classmethod
    def of(cls, engine: Any, snapshot: Snapshot, known_until: date, reasons: Mapping[str, Reason]) -> Along:
        """Read the tables of a snapshot; `reasons` say what those mean whose row does not."""
        return cls.read({name: snapshot.read(engine, name) for name in TABLES}, known_until, reasons)

    @classmethod
    def read(cls, tables: Mapping[str, Expression], known_until: date, reasons: Mapping[str, Reason]) -> Along:
        """Read TABLES as the store has them; a death is an event of its own."""
        event, person, residence, position, reason = (tables[name] for name in TABLES)
        died = person.filter(person.death_date.notnull())
        death = died.select(
            "person_id", item=ibis.literal("death"), date=died.death_date, time=LAST_MINUTE, category=died.death_cause
        )
        happened = _happened(_beside(event, death))
        known = [(reason.reason == name, one.polarity) for name, one in reasons.items()]
        meant = reason.polarity.coalesce(ibis.cases(*known, else_="loss") if known else "loss")
        return cls(
            happened.drop("event_id"),
            died.select("person_id", died=_number(died.death_date)),
            _departures(residence),
            happened.join(reason.select("event_id", "reason", polarity=meant), "event_id"),
            known_until,
            _held(position),
        )

    def kept(self, pathways: Sequence[Pathway]) -> Along:
        """Return what these pathways are read from, kept before the engine: tables are read once for all of them."""
        kinds = [kind for pathway in pathways for kind in (pathway.index, *pathway.kinds)]
        why = [step.reasons.kind for pathway in pathways for step in pathway.steps if step.reasons]
        events, reasons = (
            rows.filter(rows.item.isin(sorted({kind.item for kind in some}))).cache()
            for rows, some in ((self.events, kinds), (self.reasons, why))
        )
        return replace(self, events=events, reasons=reasons, departures=self.departures.cache())

    def happened(self, pathway: Pathway) -> Expression:
        """Return the events that a pathway is read from, among them the positions that it asks for."""
        wanted = sorted({kind.item for kind in pathway.kinds if kind.day == "within"})
        return _beside(self.events, self.positions.filter(self.positions.item.isin(wanted))) if wanted else self.events

    def by_minutes(self) -> Along:
        """Return the same in minutes in the place of days; an event whose time is not known is at none."""
        events, reasons, positions = map(_by_minutes, (self.events, self.reasons, self.positions))
        deaths = self.deaths.mutate(died=_at_its_end(self.deaths.died))
        departures = self.departures.mutate(left=_at_its_end(self.departures.left))
        return Along(events, deaths, departures, reasons, self.known_until, positions)


def _beside(event: Expression, rows: Expression) -> Expression:
    """The events and other rows, in which what they have not is null."""
    columns = {name: rows[name] if name in rows.columns else ibis.null() for name in event.columns}
    return event.union(rows.select(**{name: of.cast(event[name].type()) for name, of in columns.items()}))


def _by_minutes(events: Expression) -> Expression:
    first, last = (_minutes(events[day]) for day in ("first", "last"))
    return events.mutate(first=first + events.time, last=last + events.time_to)


def _minutes(day: Expression) -> Expression:
    # days that the engine has in 32 bits may be said to have 64 already, and the cast to them would be left out
    return day.cast("int32").cast("int64") * TICKS["elapsed"]


def _at_its_end(day: Expression) -> Expression:
    return _minutes(day + 1) - 1


def _happened(event: Expression) -> Expression:
    event = event.filter(event.status.isnull() | (event.status == "active"))
    last = event.date_to
    return event.mutate(
        first=_number(event.date), last=_number(last), first_year=event.date.year(), last_year=last.year()
    ).drop("date", "date_to", "status")


def _held(position: Expression) -> Expression:
    """Positions as events; one that holds until a day holds on the day before it for the last time."""
    last = (_number(position.valid_to) - 1).coalesce(NEVER)
    return position.select(
        "person_id",
        "category",
        "amount",
        item=position.dimension,
        first=_number(position.valid_from),
        last=last,
        time=0,
        time_to=LAST_MINUTE,
    )


def _departures(residence: Expression) -> Expression:
    """The ends of spells that no spell follows at once."""
    ends = residence.filter(residence.valid_to.notnull()).select("person_id", left=_number(residence.valid_to))
    starts = residence.select(start_person=residence.person_id, start=_number(residence.valid_from))
    return ends.anti_join(starts, [ends.person_id == starts.start_person, ends.left == starts.start])


def episodes(pathway: Pathway, along: Along) -> Expression:
    """Return the episodes of `pathway`: ``person_id, year, item, category, amount, sender, died, left``, its columns.

    ``sender`` is who provided the index event, ``died`` and ``left`` are the days of a death and a departure, ``known``
    is the last day of which anything is known. Days are counted from the index, and negative before it; of elapsed time
    those begun, so that a minute is a day and 24 hours are one too. The year is that of the index, and so is the
    amount, the largest of several at once. What is recorded after death is not looked at; of a step and a death on one
    day the step comes first. A step is ``open`` for all with an index day or for none of them, whether or not they are
    there already: those who were quick must not stand for all. When they came is in the column ``seen`` of the step.
    Raises StoreError where the clock is elapsed time and an event that is looked for has no time.
    """
    if pathway.clock == "elapsed":
        _demand_times(pathway, along)
        along = along.by_minutes()
    known_until = ((along.known_until - EPOCH).days + 1) * pathway.ticks - 1
    found = _begun(pathway, along.events)
    for table in (along.deaths, _departed(along.departures), _seen(pathway, along.happened(pathway))):
        found = found.left_join(table, "person_id").drop("person_id_right")
    found = found.filter(found[START] <= found.died.coalesce(NEVER))
    found = found.mutate(left=found.departures.filter(lambda day: day >= found[START]).mins()).drop("departures")
    found = found.mutate(gone=found.left.coalesce(NEVER))
    found = _with_any(found, pathway, pathway.exclusions, "excluded")
    for step in pathway.steps:
        found = _with_reason(found, pathway, along.reasons, step) if step.reasons else found
        found = _with_step(found, pathway, step)
    if pathway.states:
        held = along.positions.filter(along.positions.item == pathway.states.dimension)
        found = _with_states(found.drop("gone", "low", "high"), held, pathway.states, known_until)
    found = found.mutate(known=ibis.literal(known_until, "int32"))
    counted = ("died", "left", "known", *(step.id for step in pathway.steps))
    ticks = {name: (found[name] - found[START]).cast("int32") for name in counted}
    days = ticks if pathway.clock == "calendar_day" else {name: _days(ticks[name], name) for name in counted}
    for step in pathway.steps:
        still = ticks["known"] < pathway.latest(step)
        days |= {step.seen: days[step.id], step.fate: still.ifelse("open", found[step.fate])}
        days[step.id] = still.ifelse(ibis.null("int32"), days[step.id])
        days |= {step.reason: still.ifelse(ibis.null(str), found[step.reason])} if step.reasons else {}
    return found.mutate(**days).select(
        "person_id",
        "year",
        "sender",
        "died",
        "left",
        "known",
        *pathway.columns,
        *(step.seen for step in pathway.steps),
        item=ibis.literal(pathway.id),
        category=ibis.null(str),
        amount=found.amount,
    )


def _days(minutes: Expression, name: str) -> Expression:
    """The days begun, and of what is known those that are over."""
    day = TICKS["elapsed"]
    return ((minutes if name == "known" else minutes + day - 1) // day).cast("int32")


def _demand_times(pathway: Pathway, along: Along) -> None:
    """An elapsed clock cannot count from or to an event of which only the day is known."""
    rows = along.happened(pathway)
    reasons = tuple(step.reasons.kind for step in pathway.steps if step.reasons)
    for kind in dict.fromkeys((pathway.index, *pathway.kinds, *reasons)):
        ends = ("first", "last") if kind.day == "within" else (kind.day,)
        without = [rows[end].notnull() & rows[TIME[end]].isnull() for end in ends]
        count = rows.filter(_is(rows, kind) & ibis.or_(*without)).count().to_pyarrow().as_py()
        if count:
            raise StoreError("no_time", pathway=pathway.id, item=kind.item, count=count)


def _number(day: Expression) -> Expression:
    return day.delta(ibis.literal(EPOCH), unit="day").cast("int32")


def _is(events: Expression, wanted: Occurrence) -> Expression:
    same = events.item == wanted.item
    return same if wanted.where == ALWAYS else same & expression(wanted.where, events)


def _begun(pathway: Pathway, events: Expression) -> Expression:
    """The index days: of a person's events those before which the washout passed without one, or the first alone."""
    index, washout = pathway.index, pathway.index.washout * pathway.ticks
    rows = events.filter(_is(events, index) & events[index.day].notnull())
    rows = rows.mutate(begun=rows[f"{index.day}_year"].cast("int32"), **{START: rows[index.day]})
    rows = rows.group_by(["person_id", START]).aggregate(
        year=rows.begun.min(), sender=rows.provider_id.min(), amount=rows.amount.max()
    )
    in_order = ibis.window(group_by="person_id", order_by=START)
    rows = rows.mutate(pause=rows[START] - rows[START].lag().over(in_order))
    counted = rows.pause.isnull() if index.rule == "first" else rows.pause.isnull() | (rows.pause > washout)
    return rows.filter(counted).drop("pause")


def begins(along: Along, pathways: Sequence[Pathway]) -> Expression:
    """Return the years of each person, ``person_id, year``, in which one of the pathways may begin."""
    parts = []
    for day in sorted({pathway.index.day for pathway in pathways}):
        items = sorted({pathway.index.item for pathway in pathways if pathway.index.day == day})
        rows = along.events.filter(along.events.item.isin(items))
        parts.append(rows.select("person_id", year=rows[f"{day}_year"].cast("int32")))
    return ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0].distinct()


def _departed(departures: Expression) -> Expression:
    return departures.group_by("person_id").aggregate(departures=departures.left.collect())


def _seen(pathway: Pathway, events: Expression) -> Expression:
    """Return, of each person, the days of every kind of event that the pathway looks for, each kind in its own span.

    An event may be of two kinds of one item, so these stand in different lists.
    """
    kinds = pathway.kinds
    rows = events.filter(events.item.isin([*{kind.item for kind in kinds}]))
    cases: dict[str, list[Any]] = {}
    for kind in kinds:
        name, span = _place(pathway, kind)
        day = _lasting(rows, SPAN * pathway.ticks) if kind.day == "within" else rows[kind.day] + span
        cases.setdefault(name, []).append((_is(rows, kind), day))
    rows = rows.select("person_id", **{name: ibis.cases(*some) for name, some in cases.items()})
    return rows.group_by("person_id").aggregate(**{name: rows[name].collect() for name in cases})


def _place(pathway: Pathway, kind: Occurrence) -> tuple[str, int]:
    """Return in which list the days of a kind stand, and what is added to them there."""
    kinds = pathway.kinds
    number = kinds.index(kind)
    if kind.day == "within":
        return f"going_{number}", 0
    return f"seen_{[other.item for other in kinds[:number]].count(kind.item)}", SPAN * pathway.ticks * number


def _window(found: Expression, pathway: Pathway, wanted: Within) -> tuple[Expression, Expression]:
    """Return the ends of a window, the first not before the step that it comes after."""
    low, high = (found[wanted.anchor] + ticks for ticks in pathway.window(wanted))
    if wanted.after != START:
        low = ibis.greatest(low, found[wanted.after] + wanted.apart * pathway.ticks)
    return low, high


def _with_first(found: Expression, pathway: Pathway, wanted: Within, name: str) -> Expression:
    """Add the day of the earliest of the wanted events in its window, or of the last of several; null without.

    A list is read for those alone who came to the step before, and from the window's beginning on: the earliest of what
    is found there is in the window, or nothing is.
    """
    seen, span = _place(pathway, wanted.kind)
    low, high = _window(found, pathway, wanted)
    found = found.mutate(low=low + span, high=ibis.least(high, found.died.coalesce(NEVER)) + span)
    if wanted.day == "within":
        found = found.mutate(high=ibis.least(found.high, found.gone - pathway.ticks))
        days = _going(found[seen], found.low, SPAN * pathway.ticks)
    else:
        days = found[seen].filter(lambda day: day >= found.low)
    for _ in range(wanted.times - 1):
        days = _later(days)
    first = days.mins() if wanted.after == START else found[wanted.after].notnull().ifelse(days.mins(), None)
    found = found.mutate(**{name: first})
    return found.mutate(**{name: (found[name] <= found.high).ifelse(found[name] - span, None)})


def _lasting(rows: Expression, span: int) -> Expression:
    """The first day and the length of what goes on for some days, in one number; what has not ended has no end."""
    first = rows["first"].cast("int64")
    return (first + span) * span + ibis.least(rows["last"].coalesce(NEVER) - first, span - 1)


def _going(spells: Expression, low: Expression, span: int) -> Expression:
    """Return the first day from a day on of each of the spells that ``_lasting`` wrote and that go on then or later."""
    found = spells.filter(lambda spell: spell // span - span + spell % span >= low)
    return found.map(lambda spell: ibis.greatest(spell // span - span, low))


def _later(days: Expression) -> Expression:
    """Return the days after the first of them."""
    first = days.mins()
    return days.filter(lambda day: day > first)


def _with_any(found: Expression, pathway: Pathway, wanted: tuple[Within, ...], name: str) -> Expression:
    """Add the day of one of the events of several kinds that are in their windows; null where there is none."""
    if not wanted:
        return found.mutate(**{name: ibis.null("int32")})
    parts = [f"{name}_{k}" for k in range(len(wanted))]
    for part, each in zip(parts, wanted, strict=True):
        found = _with_first(found, pathway, each, part)
    return found.mutate(**{name: ibis.coalesce(*(found[part] for part in parts))}).drop(*parts)


def _with_step(found: Expression, pathway: Pathway, step: Step) -> Expression:
    """Add the day of a step and its fate, as if all were known."""
    found = _with_first(found, pathway, step, step.id)
    excused = ibis.literal(False)
    if step.unless:
        found = _with_any(found, pathway, step.unless, "excused")
        excused = found.excused.notnull()
    if step.reasons:
        excused |= found.polarity == "exception"
    ends = found[step.anchor] + pathway.window(step)[1]
    fate = ibis.cases(
        (found[step.after].isnull(), "before"),
        (found[step.id].notnull(), "reached"),
        (excused, "excepted"),
        ((found.died <= ends) & (found.died <= found.gone), "died"),
        (found.gone <= ends, "emigrated"),
        else_="lost",
    )
    found = found.mutate(**{step.fate: fate})
    if step.reasons:
        why = found[step.fate].isin(["lost", "excepted"]).ifelse(found[step.reason], ibis.null(str))
        found = found.mutate(**{step.reason: why}).drop("polarity")
    return found


def _with_reason(found: Expression, pathway: Pathway, reasons: Expression, step: Step) -> Expression:
    """Add the earliest registered reason of a step, the first by name of a day, and its polarity; mark exclusions."""
    assert step.reasons
    wanted = step.reasons
    rows = reasons.filter(_is(reasons, wanted))
    told = ibis.struct({"when": rows[wanted.day], "reason": rows.reason, "polarity": rows.polarity})
    told = rows.select("person_id", told=told).group_by("person_id").aggregate(told=lambda t: t.told.collect())
    found = found.left_join(told, "person_id").drop("person_id_right")
    low, high = _window(found, pathway, wanted)
    found = found.mutate(low=low, high=ibis.least(high, found.died.coalesce(NEVER)))
    first = found.told.filter(lambda one: (one.when >= found.low) & (one.when <= found.high)).sort()[0]
    found = found.mutate(first=first).drop("told")
    out = (found["first"].polarity == "exclusion").ifelse(found["first"].when, ibis.null("int32"))
    named = {"polarity": found["first"].polarity, step.reason: found["first"].reason}
    return found.mutate(**named, excluded=found.excluded.coalesce(out)).drop("first")


def _with_states(found: Expression, held: Expression, states: States, known_until: int) -> Expression:
    """Add the state before the index and on each day after it, and the weeks of which no day was in the first state.

    Who is dead or has left is that, the first of the two; ``open`` are those for whom the day has not come.
    """
    gone = ibis.least(found.died.coalesce(NEVER), found.left.coalesce(NEVER))
    way = (found.died.coalesce(NEVER) <= found.left.coalesce(NEVER)).ifelse("died", "emigrated")
    for name, day in (("state_before", -1), *((f"state_{day}", day) for day in states.at)):
        kept, on = found.columns, found[START] + day
        near = found.left_join(held, [found.person_id == held.person_id, (held["first"] <= on) & (held["last"] >= on)])
        found = near.group_by(kept).aggregate(**{name: near.category.min()})
        stands = ibis.cases((on > known_until, "open"), (gone <= on, way), else_=found[name].coalesce(UNKNOWN))
        found = found.mutate(**{name: stands})
    return _with_weeks_lost(found, held.filter(held.category == states.among), max(states.at))


def _with_weeks_lost(found: Expression, held: Expression, days: int) -> Expression:
    """Add the weeks, rounded, out of the first days from the index that were not spent in the spells, while alive."""
    end = ibis.least(found[START] + days - 1, found.died.coalesce(NEVER) - 1, found.left.coalesce(NEVER) - 1)
    inside = (held["first"] <= end) & (held["last"] >= found[START])
    kept = found.columns
    near = found.mutate(end=end).left_join(held, [found.person_id == held.person_id, inside])
    spent = ibis.least(near["last"], near.end) - ibis.greatest(near["first"], near[START]) + 1
    # the engine's least and greatest pass over what is missing
    summed = (
        near.mutate(spent=near.person_id_right.notnull().ifelse(spent, 0))
        .group_by(kept)
        .aggregate(spent=lambda t: t.spent.sum())
    )
    weeks = ((days - summed.spent) / 7 + 0.5).floor().cast("int32")
    return summed.mutate(weeks_lost=weeks).drop("spent")
