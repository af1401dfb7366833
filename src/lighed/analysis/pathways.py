"""Pathway → episodes: a row per person and index event, with the day and the fate of every step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis

from lighed.core.condition import ALWAYS
from lighed.core.pathway import START, Index, Occurrence, Pathway, Step, Within
from lighed.core.types import Reason
from lighed.store.engine import Expression, expression
from lighed.store.snapshot import Snapshot

EPOCH = date(1970, 1, 1)
NEVER = 2**30  # a day that does not come
SPAN = 2**20  # more days than lie between any two
KEY = ["person_id", START]
TABLES = ("event", "person", "residence", "reason")


@dataclass(frozen=True, slots=True)
class Along:
    """What happened along persons' lives, in days numbered since 1970, as far as it is known.

    ``events`` have a ``first`` and a ``last`` day; ``deaths`` a day ``died``; ``departures`` the days on which somebody
    ``left`` Denmark; ``reasons`` are events with why they came about, and its polarity. After ``known_until`` nothing
    is known.
    """

    events: Expression
    deaths: Expression
    departures: Expression
    reasons: Expression
    known_until: date

    @classmethod
    def of(cls, engine: Any, snapshot: Snapshot, known_until: date, reasons: Mapping[str, Reason]) -> Along:
        """Read the tables of a snapshot; `reasons` say what those mean whose row does not."""
        event, person, residence, reason = (snapshot.read(engine, name) for name in TABLES)
        return cls.read(event, person, residence, reason, known_until, reasons)

    @classmethod
    def read(
        cls,
        event: Expression,
        person: Expression,
        residence: Expression,
        reason: Expression,
        known_until: date,
        reasons: Mapping[str, Reason],
    ) -> Along:
        """Read tables as the store has them."""
        died = person.filter(person.death_date.notnull())
        happened = _happened(event)
        known = [(reason.reason == name, one.polarity) for name, one in reasons.items()]
        meant = reason.polarity.coalesce(ibis.cases(*known, else_="loss") if known else "loss")
        return cls(
            happened.drop("event_id"),
            died.select("person_id", died=_number(died.death_date)),
            _departures(residence),
            happened.join(reason.select("event_id", "reason", polarity=meant), "event_id"),
            known_until,
        )


def _happened(event: Expression) -> Expression:
    event = event.filter(event.status.isnull() | (event.status == "active"))
    last = event.date_to
    return event.mutate(
        first=_number(event.date), last=_number(last), first_year=event.date.year(), last_year=last.year()
    ).drop("date", "date_to", "status")


def _departures(residence: Expression) -> Expression:
    """The ends of spells that no spell follows at once."""
    ends = residence.filter(residence.valid_to.notnull()).select("person_id", left=_number(residence.valid_to))
    starts = residence.select(start_person=residence.person_id, start=_number(residence.valid_from))
    return ends.anti_join(starts, [ends.person_id == starts.start_person, ends.left == starts.start])


def episodes(pathway: Pathway, along: Along) -> Expression:
    """Return the episodes of `pathway`: ``person_id, year, item, category, amount, sender, died, left``, its columns.

    ``sender`` is who provided the index event, ``died`` and ``left`` are the days of a death and a departure, ``known``
    is the last day of which anything is known. Days are counted from the index, and negative before it; the year is
    that of the index, and so is the amount, the largest of several on one day. What is recorded after death is not
    looked at; of a step and a death on one day the step comes first. A step is ``open`` for all with an index day or
    for none of them, whether or not they are there already: those who were quick must not stand for all. When they
    came is in the column ``seen`` of the step.
    """
    found = _begun(pathway.index, along.events)
    for table in (along.deaths, _departed(along.departures), _seen(pathway, along.events)):
        found = found.left_join(table, "person_id").drop("person_id_right")
    found = found.filter(found[START] <= found.died.coalesce(NEVER))
    found = found.mutate(left=found.departures.filter(lambda day: day >= found[START]).mins()).drop("departures")
    found = found.mutate(gone=found.left.coalesce(NEVER))
    found = _with_any(found, pathway, pathway.exclusions, "excluded")
    for step in pathway.steps:
        found = _with_reason(found, along.reasons, step) if step.reasons else found
        found = _with_step(found, pathway, step)
    found = found.mutate(known=ibis.literal((along.known_until - EPOCH).days, "int32"))
    counted = ("died", "left", "known", *(step.id for step in pathway.steps))
    days = {name: (found[name] - found[START]).cast("int32") for name in counted}
    for step in pathway.steps:
        still = days["known"] < pathway.latest(step)
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


def _number(day: Expression) -> Expression:
    return day.delta(ibis.literal(EPOCH), unit="day").cast("int32")


def _is(events: Expression, wanted: Occurrence) -> Expression:
    same = events.item == wanted.item
    return same if wanted.where == ALWAYS else same & expression(wanted.where, events)


def _begun(index: Index, events: Expression) -> Expression:
    """The index days: of a person's events those before which the washout passed without one, or the first alone."""
    rows = events.filter(_is(events, index) & events[index.day].notnull())
    rows = rows.mutate(begun=rows[f"{index.day}_year"].cast("int32"), **{START: rows[index.day]})
    rows = rows.group_by(["person_id", START]).aggregate(
        year=rows.begun.min(), sender=rows.provider_id.min(), amount=rows.amount.max()
    )
    in_order = ibis.window(group_by="person_id", order_by=START)
    rows = rows.mutate(pause=rows[START] - rows[START].lag().over(in_order))
    counted = rows.pause.isnull() if index.rule == "first" else rows.pause.isnull() | (rows.pause > index.washout)
    return rows.filter(counted).drop("pause")


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
        name, span = _place(kinds, kind)
        cases.setdefault(name, []).append((_is(rows, kind), rows[kind.day] + span))
    rows = rows.select("person_id", **{name: ibis.cases(*some) for name, some in cases.items()})
    return rows.group_by("person_id").aggregate(**{name: rows[name].collect() for name in cases})


def _place(kinds: tuple[Occurrence, ...], kind: Occurrence) -> tuple[str, int]:
    """Return in which list the days of a kind stand, and what is added to them there."""
    number = kinds.index(kind)
    return f"seen_{[other.item for other in kinds[:number]].count(kind.item)}", SPAN * number


def _with_first(found: Expression, pathway: Pathway, wanted: Within, name: str) -> Expression:
    """Add the day of the earliest of the wanted events in its window, or of the last of several; null without."""
    seen, span = _place(pathway.kinds, wanted.kind)
    low, high = (found[wanted.anchor] + days for days in wanted.days)
    low = low if wanted.after == START else ibis.greatest(low, found[wanted.after] + wanted.apart)
    found = found.mutate(low=low + span, high=ibis.least(high, found.died.coalesce(NEVER)) + span)
    days = found[seen].filter(lambda day: (day >= found.low) & (day <= found.high))
    for _ in range(wanted.times - 1):
        days = _later(days)
    return found.mutate(**{name: days.mins() - span}).drop("low", "high")


def _later(days: Expression) -> Expression:
    """Return the days after the first of them."""
    first = days.mins()
    return days.filter(lambda day: day > first)


def _with_any(found: Expression, pathway: Pathway, wanted: tuple[Within, ...], name: str) -> Expression:
    """Add the day of one of the events of several kinds that are in their windows; null where there is none."""
    parts = [f"{name}_{k}" for k in range(len(wanted))]
    for part, each in zip(parts, wanted, strict=True):
        found = _with_first(found, pathway, each, part)
    return found.mutate(**{name: ibis.coalesce(*(found[part] for part in parts), ibis.null("int32"))}).drop(*parts)


def _with_step(found: Expression, pathway: Pathway, step: Step) -> Expression:
    """Add the day of a step and its fate, as if all were known."""
    found = _with_first(found, pathway, step, step.id)
    found = _with_any(found, pathway, step.unless, "excused")
    if step.reasons:
        without_it = (found.polarity == "exception").ifelse(found[START], ibis.null("int32"))
        found = found.mutate(excused=found.excused.coalesce(without_it)).drop("polarity")
    ends = found[step.anchor] + step.days[1]
    fate = ibis.cases(
        (found[step.after].isnull(), "before"),
        (found[step.id].notnull(), "reached"),
        (found.excused.notnull(), "excepted"),
        ((found.died <= ends) & (found.died <= found.gone), "died"),
        (found.gone <= ends, "emigrated"),
        else_="lost",
    )
    found = found.mutate(**{step.fate: fate})
    if step.reasons:
        why = found[step.fate].isin(["lost", "excepted"]).ifelse(found[step.reason], ibis.null(str))
        found = found.mutate(**{step.reason: why})
    day = found[step.after].notnull().ifelse(found[step.id], ibis.null("int32"))
    return found.mutate(**{step.id: day}).drop("excused")


def _with_reason(found: Expression, reasons: Expression, step: Step) -> Expression:
    """Add the earliest registered reason of a step, the first by name of a day, and its polarity; mark exclusions."""
    assert step.reasons
    wanted = step.reasons
    rows = reasons.filter(_is(reasons, wanted))
    rows = rows.select("polarity", who=rows.person_id, when=rows[wanted.day], **{step.reason: rows.reason})
    low, high = (found[wanted.anchor] + days for days in wanted.days)
    low = low if wanted.after == START else ibis.greatest(low, found[wanted.after] + wanted.apart)
    inside = (rows.when >= low) & (rows.when <= ibis.least(high, found.died.coalesce(NEVER)))
    near = found.left_join(rows, [found.person_id == rows.who, inside])
    in_order = ibis.window(group_by=KEY, order_by=["when", step.reason])
    first = near.mutate(place=ibis.row_number().over(in_order))
    first = first.filter(first.place == 0)
    out = (first.polarity == "exclusion").ifelse(first.when, ibis.null("int32"))
    return first.mutate(excluded=first.excluded.coalesce(out)).drop("who", "when", "place")
