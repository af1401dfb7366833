"""Pathway → episodes: a row per person and index event, with the day and the fate of every step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis

from lighed.core.pathway import START, Index, Occurrence, Pathway, Step, Within
from lighed.store.engine import Expression, expression
from lighed.store.snapshot import Snapshot

EPOCH = date(1970, 1, 1)
NEVER = 2**30  # a day that does not come
KEY = ["person_id", START]


@dataclass(frozen=True, slots=True)
class Along:
    """What happened along persons' lives, in days numbered since 1970, as far as it is known.

    ``events`` have a ``first`` and a ``last`` day; ``deaths`` a day ``died``; ``departures`` the days on which somebody
    ``left`` Denmark. After ``known_until`` nothing is known.
    """

    events: Expression
    deaths: Expression
    departures: Expression
    known_until: date

    @classmethod
    def of(cls, engine: Any, snapshot: Snapshot, known_until: date) -> Along:
        """Read the tables of a snapshot."""
        event, person, residence = (snapshot.read(engine, name) for name in ("event", "person", "residence"))
        return cls.read(event, person, residence, known_until)

    @classmethod
    def read(cls, event: Expression, person: Expression, residence: Expression, known_until: date) -> Along:
        """Read tables as the store has them."""
        died = person.filter(person.death_date.notnull())
        return cls(
            _happened(event),
            died.select("person_id", died=_number(died.death_date)),
            _departures(residence),
            known_until,
        )


def _happened(event: Expression) -> Expression:
    event = event.filter(event.status.isnull() | (event.status == "active"))
    last = event.date_to.coalesce(event.date)
    return event.mutate(
        first=_number(event.date), last=_number(last), first_year=event.date.year(), last_year=last.year()
    ).drop("date", "date_to", "status", "event_id")


def _departures(residence: Expression) -> Expression:
    """The ends of spells that no spell follows at once."""
    ends = residence.filter(residence.valid_to.notnull()).select("person_id", left=_number(residence.valid_to))
    starts = residence.select(start_person=residence.person_id, start=_number(residence.valid_from))
    return ends.anti_join(starts, [ends.person_id == starts.start_person, ends.left == starts.start])


def episodes(pathway: Pathway, along: Along) -> Expression:
    """Return the episodes of `pathway`: ``person_id, year, item, category, amount, sender, died, left``, its columns.

    ``sender`` is who provided the index event, ``died`` and ``left`` are the days of a death and a departure. Days are
    counted from the index, and negative before it; the year is that of the index. What is recorded after death
    is not looked at; of a step and a death on one day the step comes first. A step is ``open`` for all with an index
    day or for none of them, whether or not they are there already: those who were quick must not stand for all.
    """
    found = _begun(pathway.index, along.events).left_join(along.deaths, "person_id").drop("person_id_right")
    found = found.filter(found[START] <= found.died.coalesce(NEVER))
    found = _with_departure(found, along.departures)
    found = _with_any(found, along.events, pathway.exclusions, "excluded")
    for step in pathway.steps:
        found = _with_step(found, along.events, step, (along.known_until - EPOCH).days - pathway.latest(step))
    counted = ("died", "left", *(step.id for step in pathway.steps))
    days = {name: (found[name] - found[START]).cast("int32") for name in counted}
    return found.mutate(**days).select(
        "person_id",
        "year",
        "sender",
        "died",
        "left",
        *pathway.columns,
        item=ibis.literal(pathway.id),
        category=ibis.null(str),
        amount=ibis.null(float),
    )


def _number(day: Expression) -> Expression:
    return day.delta(ibis.literal(EPOCH), unit="day").cast("int32")


def _of(events: Expression, wanted: Occurrence, **more: Expression) -> Expression:
    rows = events.filter((events.item == wanted.item) & expression(wanted.where, events))
    return rows.select(who=events.person_id, when=events[wanted.day], **more)


def _begun(index: Index, events: Expression) -> Expression:
    """The index days: of a person's events those before which the washout passed without one, or the first alone."""
    rows = _of(events, index, year=events[f"{index.day}_year"].cast("int32"), provider=events.provider_id)
    rows = rows.group_by(["who", "when", "year"]).aggregate(sender=rows.provider.min())
    in_order = ibis.window(group_by="who", order_by="when")
    rows = rows.mutate(pause=rows.when - rows.when.lag().over(in_order), place=ibis.row_number().over(in_order))
    begun = (rows.place == 0) if index.rule == "first" else (rows.place == 0) | (rows.pause > index.washout)
    return rows.filter(begun).select("year", "sender", person_id=rows.who, **{START: rows.when})


def _with_departure(found: Expression, departures: Expression) -> Expression:
    ends = departures.select(who=departures.person_id, when=departures.left)
    return _earliest(found, ends, ends.when >= found[START], "left")


def _earliest(found: Expression, events: Expression, when: Expression, name: str) -> Expression:
    """Add the earliest day on which one of the person's events is `when` it should be; null where there is none."""
    near = found.left_join(events, [found.person_id == events.who, when])
    return near.group_by(found.columns).aggregate(**{name: near.when.min()})


def _with_first(found: Expression, events: Expression, wanted: Within, name: str) -> Expression:
    """Add the day of the earliest of the wanted events in its window."""
    rows = _of(events, wanted)
    low, high = (found[wanted.anchor] + days for days in wanted.days)
    not_before = low if wanted.after == START else ibis.greatest(low, found[wanted.after])
    last = ibis.least(high, found.died.coalesce(NEVER))
    return _earliest(found, rows, (rows.when >= not_before) & (rows.when <= last), name)


def _with_any(found: Expression, events: Expression, wanted: tuple[Within, ...], name: str) -> Expression:
    """Add the day of one of the events of several kinds that are in their windows; null where there is none."""
    parts = [f"{name}_{k}" for k in range(len(wanted))]
    for part, each in zip(parts, wanted, strict=True):
        found = _with_first(found, events, each, part)
    none = ibis.null("int32")
    return found.mutate(**{name: ibis.coalesce(*(found[part] for part in parts), none)}).drop(*parts)


def _with_step(found: Expression, events: Expression, step: Step, closed: int) -> Expression:
    """Add the day of a step and its fate; those whose index is after the day `closed` may still reach it."""
    found = _with_first(found, events, step, step.id)
    found = _with_any(found, events, step.unless, "excused")
    ends = found[step.anchor] + step.days[1]
    there = found[step.after].notnull()
    gone = found.left.coalesce(NEVER)
    fate = ibis.cases(
        (found[START] > closed, "open"),
        (~there, "before"),
        (found[step.id].notnull(), "reached"),
        (found.excused.notnull(), "excepted"),
        ((found.died <= ends) & (found.died <= gone), "died"),
        (gone <= ends, "emigrated"),
        else_="lost",
    )
    found = found.mutate(**{step.fate: fate})
    reached = (found[step.fate] == "reached").ifelse(found[step.id], ibis.null("int32"))
    return found.mutate(**{step.id: reached}).drop("excused")
