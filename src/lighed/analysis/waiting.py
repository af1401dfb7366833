"""How long they wait for a step: who is there by which day, where death and departure compete with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow.compute as pc

from lighed.analysis.parts import Told
from lighed.analysis.pathways import NEVER
from lighed.core.estimates import CONFIDENCE, KEPT, Estimates, codes
from lighed.core.pathway import COUNTED, START, Step
from lighed.core.summary import Summary
from lighed.core.types import SCALE, Polarity, Stratifier
from lighed.stats import MEASURES, Values, evaluate, proportion, too_few
from lighed.stats.intervals import Array, Floats
from lighed.stats.rates import FEWEST_EVENTS
from lighed.stats.survival import FollowUp, aalen_johansen, time_lost

AALEN_JOHANSEN = "aalen-johansen, delta (marubini-valsecchi)"
OPPOSITE: dict[Polarity, Polarity] = {"lower_is_better": "higher_is_better", "higher_is_better": "lower_is_better"}


def waiting(told: Told) -> Iterator[Estimates]:
    """Return, for each step, what part of those who came to it is there by which day, and how many still wait.

    They wait from the day of the anchor until they are there, die or leave, or their window ends; or until nothing more
    is known of them, so that periods that are not complete are read as far as they go. Who came to a step whose windows
    have not all passed counts if all is known of the step before. Those whom a reason excuses wait as the others do,
    for many of them come. ``horizon`` is the day.

    Counted are, of all who came, those ``reached`` since the horizon before (``waiting``); and those ``gone`` by death
    or departure, those of whom no more is known, ``open``, and who is left in the end, ``waiting`` (``gone``). A reader
    who takes the step's share from these finds who is not in it, and so ``waiting`` also counts these, to be protected
    with the rest: whose window runs and how many of them are there (``open``), and at the first step, for later ones
    the step before says it, those who left otherwise (``gone``).

    Worked out are ``waiting_incidence``, the share that is there by the day (1 minus Kaplan and Meier's would be more,
    for it lets the dead come later); ``waiting_time_lost``, the restricted mean time without the step until the last
    horizon, in days; ``waiting_median`` of those who came there, which says nothing of those who did not (and kept for
    the protection, how many came on that very day);
    ``gone_at_risk``, who still waits when the day ends; and between the ends of an ordered dimension
    ``waiting_difference`` (of the incidence; of ``component`` time_lost in days) and ``waiting_ratio``, where positive,
    and above 1, means that the worse-off are worse off.
    """
    for step in told.pathway.steps:
        if step.read_at:
            for waits in Waits.of(told, step):
                yield from _counts(waits)
                yield from _curves(waits)


@dataclass(frozen=True, slots=True)
class Waits:
    """Those who came to a step, by period, area and level, which are the ``axes``, and day.

    ``ripe`` are those whose window has passed, ``counted`` those of them who are in the step's share, ``early`` those
    of the others who are there; shape (period, area, level).
    """

    told: Told
    step: Step
    stratifier: Stratifier | None
    axes: dict[str, list[Any]]
    days: FollowUp
    ripe: Array
    counted: Array
    early: Array

    @classmethod
    def of(cls, told: Told, step: Step) -> Iterator[Waits]:
        """Count them in one pass over the episodes, and give those of each stratifier."""
        rows, way = told.counted, told.pathway.before(step)
        came = rows.filter(rows[way[-1].fate] == "reached" if way else rows.known >= 0)
        start = ibis.literal(0) if step.anchor == START else came[step.anchor]
        last = ibis.least(start + step.days[1], came.known)
        seen, out = came[step.seen].coalesce(NEVER), ibis.least(came.died.coalesce(NEVER), came.left.coalesce(NEVER))
        there, runs = seen <= last, came[step.fate] == "open"
        ended = there.ifelse(seen, ibis.least(out, last)) - start
        counts = told.count(
            came.mutate(day=ibis.greatest(ended, 0).cast("int32")),
            ["day"],
            reached=there,
            gone=~there & (out <= last),
            without=~there & (out > last),
            ripe=~runs,
            counted=came[step.fate].isin(COUNTED),
            early=runs & there,
        )
        for stratifier, mine in told.apart(counts):
            yield cls._counted(told, step, stratifier, mine)

    @classmethod
    def _counted(cls, told: Told, step: Step, stratifier: Stratifier | None, counts: Summary) -> Waits:
        axes = {name: pc.unique(counts.table[name]).to_pylist() for name in counts.dims[:-1]}
        found = counts.dense(axes | {"day": [*range(step.days[1] + 1)]})
        day = np.arange(step.days[1] + 1, dtype=float)
        n = sum(found[name].sum(-1, keepdims=True) for name in ("reached", "gone", "without"))
        exits = np.stack([found["reached"], found["gone"]], -2).astype(float)
        follow_up = FollowUp(day, n * (day == 0), exits, found["without"].astype(float))
        return cls(told, step, stratifier, axes, follow_up, *(found[k].sum(-1) for k in ("ripe", "counted", "early")))

    @property
    def n(self) -> Floats:
        """Those who came."""
        return self.days.entered[..., 0]

    @property
    def ends(self) -> list[int]:
        """Where the ends of an ordered dimension stand among the levels, the worst-off first."""
        ids = self.stratifier.level_ids if self.stratifier and self.stratifier.ordered else ()
        return [self.axes["level"].index(level) for level in (*ids[:1], *ids[-1:]) if level in self.axes["level"]]

    def until(self, counts: Array) -> Floats:
        """Return how many of daily `counts` there are until the end of each horizon."""
        return np.asarray(counts.cumsum(-1)[..., list(self.step.read_at)], float)

    def rows(
        self,
        measure: str,
        made: Values,
        *,
        unit: str,
        method: str,
        component: str | None = None,
        there: Array | None = None,
        flags: Array | None = None,
        **counts: Array,
    ) -> Estimates:
        """Return rows of numbers, shape (period, area, level, horizon) or with 1 in the place of the last two.

        One horizon is the last; `there` says where there are rows, without it where anybody came.
        """
        shape = made.value.shape
        at = np.flatnonzero(np.broadcast_to(self.n[..., None] > 0 if there is None else there, shape))
        period, area, level, horizon = np.unravel_index(at, shape)
        said = np.full(shape, "", object) if flags is None else np.broadcast_to(flags, shape)
        flag = np.where(np.isfinite(made.value) | (said == "immature"), said, "not_applicable").ravel()[at]
        return Estimates.of(
            indicator=self.told.pathway.stage(self.step),
            component=component,
            horizon=codes(horizon, [str(day) for day in self.step.read_at[-shape[-1] :]]),
            period=codes(period, [str(year) for year in self.axes["period"]]),
            area=codes(area, self.axes["area"]),
            stratifier=self.stratifier.id if self.stratifier else None,
            level=codes(level, self.axes["level"] if shape[-2] == self.n.shape[-1] else [None]),
            measure=measure,
            **{name: getattr(made, name).ravel()[at] for name in Values.__slots__},
            confidence=CONFIDENCE,
            **{name: np.broadcast_to(of, shape).ravel()[at].astype(np.int64) for name, of in counts.items()},
            unit=unit,
            method=method,
            flags=flag.tolist(),
        )


def _counts(waits: Waits) -> Iterator[Estimates]:
    """The parts that are counted, and who is left of them."""
    n, days = waits.n[..., None], waits.days
    reached, gone = (waits.until(days.events[..., cause, :]) for cause in (0, 1))
    unknown = waits.until(days.censored) - days.censored[..., list(waits.step.read_at)]  # who waits all day is there
    yield _part(waits, "waiting", "reached", n, np.diff(reached, prepend=0))
    if not waits.told.pathway.before(waits.step):
        yield _part(waits, "waiting", "gone", waits.ripe[..., None], (waits.ripe - waits.counted)[..., None])
    yield _part(waits, "waiting", "open", n - waits.ripe[..., None], waits.early[..., None])
    yield _part(waits, "gone", "gone", n, np.diff(gone, prepend=0))
    yield _part(waits, "gone", "open", n * (unknown[..., -1:] > 0), np.diff(unknown, prepend=0))
    left = n - reached - gone - unknown
    yield _part(waits, "gone", "waiting", n, left[..., -1:])
    yield waits.rows("gone_at_risk", _alone(left), unit="persons", method="count")


def _part(waits: Waits, measure: str, component: str, n: Array, events: Array) -> Estimates:
    made = proportion(events, np.broadcast_to(n, events.shape)).scaled(SCALE["percent"])
    return waits.rows(
        measure, made, unit="percent", method="wilson", component=component, there=n > 0, n=n, events=events
    )


def _alone(value: Floats) -> Values:
    return Values(value, *(np.full(value.shape, np.nan) for _ in range(3)))


def _curves(waits: Waits) -> Iterator[Estimates]:
    """What the parts say together."""
    days, last, method = waits.days, waits.step.read_at[-1], AALEN_JOHANSEN
    curve = aalen_johansen(days)
    incidence = curve.at(np.array(waits.step.read_at)).at((..., 0, slice(None))).scaled(SCALE["percent"])
    reached = waits.until(days.events[..., 0, :])
    fewer = np.minimum(reached, waits.n[..., None] - reached)
    known = np.array(waits.step.read_at) <= curve.until[..., :1]
    flags = np.where(known, np.where(fewer < FEWEST_EVENTS, "unreliable", ""), "immature")
    yield waits.rows("waiting_incidence", incidence, unit="percent", method=f"{method}, log-log", flags=flags)
    won = time_lost(days, last).at((..., 0))
    lost = Values(last - won.value, won.se, last - won.upper, last - won.lower).at((..., None))
    yield waits.rows("waiting_time_lost", lost, unit="days", method="restricted mean, delta", flags=flags[..., -1:])
    median = curve.reached_among_events(last)[..., 0, None]
    yield waits.rows(
        "waiting_median",
        _alone(median),
        unit="days",
        method="median of those there, without interval",
        flags=np.where(known[..., -1:], "", "immature"),
    )
    day = np.nan_to_num(median).astype(int)
    then = np.take_along_axis(days.events[..., 0, :], day, -1)
    yield waits.rows(KEPT, _alone(then), unit="persons", method="count", component="waiting_median")
    if len(waits.ends) == 2:
        polarity = waits.told.pathway.polarity
        for name in ("difference", "ratio"):
            yield _between(waits, name, incidence, fewer, polarity, method=method)
        yield _between(waits, "difference", lost, fewer[..., -1:], OPPOSITE[polarity], method="restricted mean, delta")


def _between(waits: Waits, name: str, made: Values, fewer: Array, polarity: Polarity, *, method: str) -> Estimates:
    """A measure between the ends of an ordered dimension, where both have a number."""
    measure, ends = MEASURES[name], waits.ends
    value, se, cases = (np.moveaxis(part[..., ends, :], -2, -1) for part in (made.value, made.se, fewer))
    found = evaluate(measure, value, se**2, np.ones(2), polarity=polarity).at((..., None, slice(None)))
    flags = np.where(too_few(measure, cases), "unreliable", "")[..., None, :]
    in_days = polarity != waits.told.pathway.polarity
    unit = "days" if in_days else "ratio" if name == "ratio" else "percent"
    return waits.rows(
        f"waiting_{name}",
        found,
        unit=unit,
        method=f"{method}{' on the log scale' if name == 'ratio' else ''}",
        component="time_lost" if in_days else None,
        there=np.isfinite(found.value),
        flags=flags,
    )
