"""Pathways: what should follow what, within how many days, for whom, and what may stand in between.

A pathway makes one *episode* of each person and index event. For every step an episode holds the days from the index to
the step, and its *fate*, a word: ``reached``; ``lost`` when the window passed without it; ``excepted`` when a reason
that counts as none of the step's failures was found; ``died`` or ``emigrated`` when that came first; ``open`` while
anybody with that index day may still reach it; ``before`` when the pathway ended before the step. Where reasons for
dropping out are registered, a step not reached has the earliest one: of its polarity, ``exception`` makes the step
``excepted``, ``loss`` leaves it ``lost``, and ``exclusion`` takes the episode out, whatever was reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Literal

from pydantic import Field, model_validator

from lighed.core.condition import ALWAYS, All, Test
from lighed.core.text import Text
from lighed.core.types import Definition, Indicator, Parsed, Polarity, Source, Standardise

COUNTED = ("reached", "lost")
FATES = (*COUNTED, "excepted", "died", "emigrated", "open", "before")
START = "index"
HORIZONS = (7, 30, 90, 182, 365)  # days at which waiting is read, where a step does not say
HOURS = 24  # of a day
TICKS = {"calendar_day": 1, "elapsed": 60 * HOURS}  # of a day by each clock: days are counted, or minutes


class Occurrence(Definition):
    """An event: its item, what must hold of it, and whether the day that counts is its first or its last.

    What has not ended, as far as is known, has no last day: who is still admitted is not discharged. With the day
    ``within`` each day counts on which it goes on; the item may then be a dimension of ``position``: who is in work.
    """

    item: str
    where: Parsed = ALWAYS
    day: Literal["first", "last", "within"] = "first"

    @property
    def kind(self) -> Occurrence:
        """Return the event alone, without the window in which it is looked for."""
        return Occurrence(item=self.item, where=self.where, day=self.day)


class Index(Occurrence):
    """What an episode begins with: each such event, or the person's first; ``washout`` days must pass without one."""

    day: Literal["first", "last"] = "first"
    rule: Literal["each", "first"]
    washout: int = Field(default=0, ge=0)


class Within(Occurrence):
    """An event in a window of days, both ends included: counted from ``anchor``, and not before ``after``.

    A window from the index may begin before it: a plan can be written before the discharge. From the step that it comes
    after it is ``apart`` days away or more; with 0 both may be on one day. An event that must happen several ``times``,
    on different days, has the day of the last of them. Where the clock is elapsed time the window may be of ``hours``,
    which give the days that it reaches into, and its ``upper`` end may be outside it.
    """

    after: str = START
    apart: int = Field(default=0, ge=0)
    anchor: str = START
    days: tuple[int, int]
    hours: tuple[int, int] | None = None
    upper: Literal["inclusive", "exclusive"] = "inclusive"
    times: int = Field(default=1, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _days_of_hours(cls, given: Any) -> Any:
        match given:
            case {"hours": [int(low), int(high)]}:
                days = low // HOURS, -(-high // HOURS)
                if given.get("days") not in (None, days, [*days]):
                    raise ValueError("a window is of days or of hours; write one of them")
                return given | {"days": days}
        return given


class Step(Within):
    """A step of a pathway: its earliest event in the window. What stands in ``unless`` takes those not there out.

    ``reasons`` names the event that says why somebody is not there; what it means is said by the reason. ``horizons``
    are the days after the anchor at which it is read how many are there. Its share is unreliable with fewer persons
    than ``fewest``, or where a smaller share than ``followed`` of those before came as far as to it.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    short: Text
    unless: tuple[Within, ...] = ()
    reasons: Within | None = None
    horizons: tuple[int, ...] = ()
    fewest: int = Field(default=0, ge=0)
    followed: float = Field(default=0, ge=0, le=1)

    @property
    def beside(self) -> tuple[Within, ...]:
        """What else is looked for in a window of the step."""
        return (*self.unless, self.reasons) if self.reasons else self.unless

    @property
    def columns(self) -> tuple[str, ...]:
        """What an episode has of the step: its day, its fate, and the reason where reasons are registered."""
        return (self.id, self.fate, self.reason) if self.reasons else (self.id, self.fate)

    @property
    def reason(self) -> str:
        """The column that says why the step was not reached."""
        return f"{self.id}_reason"

    @property
    def fate(self) -> str:
        """The column that says what became of the step."""
        return f"{self.id}_fate"

    @property
    def seen(self) -> str:
        """The column that says when the step was reached, also while others may still reach it."""
        return f"{self.id}_seen"

    @property
    def read_at(self) -> tuple[int, ...]:
        """The days at which waiting is read, the window's end the last; none where there is nothing to wait for."""
        low, high = max(self.days[0], 0), self.days[1]
        inside = self.horizons or tuple(day for day in HORIZONS if low < day)
        return (*(day for day in inside if day < high), high) if high > 0 else ()


class Responsible(Definition):
    """That areas of a kind receive those whose pathway begins within some dates; without a date, open at that end."""

    kind: str
    valid_from: date | None = None
    valid_to: date | None = None


class States(Definition):
    """Where those who stood in one state of a dimension the day before the index stand some days after it."""

    dimension: str
    among: str
    at: tuple[int, ...] = Field(min_length=1)

    @property
    def columns(self) -> tuple[str, ...]:
        """What an episode has of it: the state before, that on each day, and the weeks lost until the last."""
        return ("state_before", *(f"state_{day}" for day in self.at), "weeks_lost")


class PathwayExample(Definition):
    """The pathway's own test: patients with their events, and what the episodes must say of each."""

    known_until: date
    persons: tuple[dict[str, Any], ...] = ()
    events: tuple[dict[str, Any], ...]
    positions: tuple[dict[str, Any], ...] = ()
    expect: tuple[dict[str, Any], ...]


class Pathway(Definition):
    """The steps after an index event, for a population.

    By the ``clock`` days are those of the calendar, or 24 hours from the time of one event to that of another. Of a
    death and a departure the day alone is known: they come last on it.

    ``responsible`` says of what kind the areas are that receive the persons who live there, and from when to when;
    ``handover`` is the step at which they take over, without it the last.
    """

    id: str
    title: Text
    short: Text
    clock: Literal["calendar_day", "elapsed"]
    population: Parsed = ALWAYS
    index: Index
    exclusions: tuple[Within, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)
    handover: str | None = None
    responsible: tuple[Responsible, ...] = Field(default=(Responsible(kind="municipality"),), min_length=1)
    states: States | None = None
    polarity: Polarity = "higher_is_better"
    stratifiers: tuple[str, ...] = ()
    standardise: Standardise | None = None
    factor: int | None = None
    source: Source
    caveats: tuple[Text, ...] = ()
    references: tuple[str, ...] = ()
    example: PathwayExample | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """What an episode has, beside whose it is: ``excluded``, the columns of every step, and the states."""
        steps = (column for step in self.steps for column in step.columns)
        return ("excluded", *steps, *(self.states.columns if self.states else ()))

    @property
    def excludes(self) -> bool:
        """Whether an episode can be taken out as a whole: by an exclusion, or by a reason."""
        return bool(self.exclusions) or any(step.reasons for step in self.steps)

    @property
    def kinds(self) -> tuple[Occurrence, ...]:
        """Return every kind of event that is looked for after the index, once."""
        sought = (*self.exclusions, *(one for step in self.steps for one in (step, *step.unless)))
        return tuple(dict.fromkeys(one.kind for one in sought))

    @property
    def chain(self) -> tuple[Step, ...]:
        """Return the last step and those on the way to it, the first of them first."""
        return (*self.before(self.steps[-1]), self.steps[-1])

    @property
    def taken_over(self) -> Step:
        """Return the step at which the responsible area takes over."""
        return next((step for step in self.steps if step.id == self.handover), self.chain[-1])

    def receivers(self, year: int) -> str:
        """Return the kind of the areas that are responsible on 1 January of `year`."""
        first_day = date(year, 1, 1)
        return next(rule.kind for rule in self.responsible if rule.valid_to is None or first_day <= rule.valid_to)

    def stage(self, step: Step) -> str:
        """Return the id of the indicator of a step among those who reached the step before."""
        return f"{self.id}.{step.id}"

    def whole(self, step: Step) -> str:
        """Return the id of the indicator of a step among all; the first step's is that of its stage."""
        return f"{self.id}.{step.id}.all" if self.before(step) else self.stage(step)

    @property
    def ticks(self) -> int:
        """How many ticks of the clock a day has."""
        return TICKS[self.clock]

    def window(self, wanted: Within) -> tuple[int, int]:
        """Return the first and the last tick of a window, counted from its anchor."""
        each, ends = (self.ticks // HOURS, wanted.hours) if wanted.hours else (self.ticks, wanted.days)
        return ends[0] * each, ends[1] * each - (wanted.upper == "exclusive")

    def latest(self, step: Step) -> int:
        """Return the tick from the index after which `step` can no longer be reached, by anybody."""
        way = {before.id: self.latest(before) for before in self.before(step)}
        return max(self.window(step)[1] + way.get(step.anchor, 0), *way.values(), 0)

    def earliest(self, name: str, since: str) -> int:
        """Return the fewest ticks from the step `since` to the step `name`; negative where that can come before."""
        if name == since:
            return 0
        if name == START:
            return -next(self.latest(step) for step in self.steps if step.id == since)
        step = next(step for step in self.steps if step.id == name)
        ordered = [] if step.after == START else [self.earliest(step.after, since) + step.apart * self.ticks]
        return max([self.earliest(step.anchor, since) + self.window(step)[0], *ordered]) + step.times - 1

    def before(self, step: Step) -> tuple[Step, ...]:
        """Return the steps that must be reached before `step`, the first of them first."""
        found: tuple[Step, ...] = ()
        while step.after != START:
            step = next(other for other in self.steps if other.id == step.after)
            found = (step, *found)
        return found

    @property
    def indicators(self) -> Iterator[Indicator]:
        """Return an indicator of each step: of those who reached the step before; and of all, where that is another."""
        for step in self.steps:
            way = self.before(step)
            of = way[-1].title if way else None
            yield self._indicator(step, of, self.stage(step), (Test(step.fate, "in", COUNTED),))
            if way:
                kept = tuple(Test(each.fate, "in", (*COUNTED, "before")) for each in (*way, step))
                yield self._indicator(step, None, self.whole(step), kept)

    def _indicator(self, step: Step, of: Text | None, name: str, counted: tuple[Test, ...]) -> Indicator:
        kept = (Test("excluded", "exists", False),) if self.excludes else ()
        inside = tuple(part for part in (self.population, *kept, *counted) if part != ALWAYS)
        da, en = ("", "") if of is None else (f" (af dem med: {of.da})", f" (of those with: {of.en})")
        return Indicator(
            id=name,
            factor=self.factor,
            title=Text(da=f"{self.title.da}: {step.title.da}{da}", en=f"{self.title.en}: {step.title.en}{en}"),
            short=Text(da=f"{self.short.da}: {step.short.da}", en=f"{self.short.en}: {step.short.en}"),
            kind="proportion",
            basis="pathway",
            item=self.id,
            population=All(inside),
            numerator=Test(step.fate, "is", "reached"),
            polarity=self.polarity,
            unit="percent",
            stratifiers=self.stratifiers,
            standardise=self.standardise,
            follow_up=-(-self.latest(step) // self.ticks),
            source=self.source,
            caveats=self.caveats,
            references=self.references,
        )
