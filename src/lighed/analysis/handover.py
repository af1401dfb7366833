"""From whom those at each step of a pathway came, and which senders lose more of them than chance explains."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed import stats
from lighed.analysis.parts import LARGE, Told, shares
from lighed.analysis.small_areas import FEWEST, towards_mean
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Indicator
from lighed.store.engine import expression

SENDER = "counterpart"
LIMITS = {"sent_funnel_95": CONFIDENCE, "sent_funnel_998": 0.998}


def handover(told: Told) -> Iterator[Estimates]:
    """Return the share of each step among those from each sender, and in municipalities that of the handover alone.

    The measure is ``sent``, the counterpart who provided the index event, the area where the person lives: the one that
    receives. ``n`` and ``events`` are those of the step's indicator; those whose sender is not known stand under
    ``unknown``, and together the senders are the group. Nothing where no sender is recorded.
    """
    steps = [*told.pathway.indicators]
    taken_over = [one for one in steps if one.id == told.pathway.stage(told.pathway.taken_over)]
    if told.sent:
        yield from _sent(told, steps, LARGE)
        yield from _sent(told, taken_over, ("municipality",))


def _sent(told: Told, steps: Sequence[Indicator], kinds: Sequence[str]) -> Iterator[Estimates]:
    rows = told.rows.mutate(counterpart=told.rows.sender.coalesce(UNKNOWN))
    inside = [expression(one.population, rows) for one in steps]
    wanted = {f"n_{k}": among for k, among in enumerate(inside)}
    wanted |= {f"events_{k}": among & expression(steps[k].numerator, rows) for k, among in enumerate(inside)}
    counts = told.count(rows, [SENDER], kinds=kinds, **wanted)
    sender = {"counterpart": counts.table[SENDER].to_pylist(), "measure": "sent"}
    for k, one in enumerate(steps):
        yield shares(counts, f"events_{k}", f"n_{k}", indicator=one.id, **sender)


def compared(shown: Estimates) -> Estimates:
    """Return, of the senders of the whole country, the limits of a funnel and the shares drawn to their group's mean.

    Made of what is shown, after protection, as ``small_areas.drawn`` is, where a group has ten senders or more. The
    limits, of everybody together, hold 95 and 99.8 of 100 senders that differ by no more than most do: ``value`` is the
    mean of all, ``lower`` and ``upper`` are the limits for the sender's number of persons. The drawn shares, of social
    groups, are ``sent_shrunk``.
    """
    given = shown.where(measure="sent", area=COUNTRY, flags="").table
    known = Estimates(given.filter(pc.not_equal(given[SENDER].cast(pa.string()), UNKNOWN)))
    groups = known.table.filter(pc.is_valid(known.table["level"]))
    groups = groups.filter(pc.not_equal(groups["level"].cast(pa.string()), UNKNOWN))
    every = np.full(groups.num_rows, True)
    shrunk = towards_mean(groups, SENDER, every, measure="sent_shrunk", method="drawn to the group's mean of senders")
    return Estimates.concat([shrunk, *_funnels(known.where(stratifier=None))])


def _funnels(known: Estimates) -> Iterator[Estimates]:
    for indicator in known.distinct("indicator"):
        of_step = known.where(indicator=indicator)
        for period in of_step.distinct("period"):
            table = of_step.where(period=period).table
            if table.num_rows >= FEWEST:
                yield from _limits(table)


def _limits(table: pa.Table) -> Iterator[Estimates]:
    n, events = (table[name].to_numpy() for name in ("n", "events"))
    phi, tau2 = stats.dispersion_of_proportions(events, n)
    columns: dict[str, Any] = {name: table[name].combine_chunks() for name in table.column_names}
    average, scale = np.full(len(n), events.sum() / n.sum()), SCALE["percent"]
    for measure, confidence in LIMITS.items():
        limits = stats.limits_of_proportions(average, n, tau2=tau2, scale="arcsine", confidence=confidence)
        made = dict(zip(("value", "lower", "upper"), (scale * part for part in (average, *limits)), strict=True))
        said = {"measure": measure, "se": None, "confidence": confidence, "method": f"funnel {phi:.2f}"}
        yield Estimates.of(**columns | made | said)
