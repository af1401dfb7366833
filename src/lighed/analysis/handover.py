"""From whom those at each step of a pathway came, and which senders lose more of them than chance explains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed import stats
from lighed.analysis.grid import SHOWN_PARENTS
from lighed.analysis.parts import EVERYWHERE, KEY, LARGE, Told, labels, shares
from lighed.analysis.small_areas import FEWEST, towards_mean
from lighed.core.estimates import CONFIDENCE, KEPT, Estimates
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, SCALE, UNKNOWN
from lighed.store.engine import expression

SENDER = "counterpart"
LIMITS = {"sent_funnel_95": CONFIDENCE, "sent_funnel_998": 0.998}


def handover(told: Told) -> Iterator[Estimates]:
    """Return the share of each step among those from each sender, and in municipalities that of the handover alone.

    The measure is ``sent``, the counterpart who provided the index event, the area where the person lives: the one that
    receives. ``n`` and ``events`` are those of the step's indicator; those whose sender is not known stand under
    ``unknown``, and together the senders are the group. Kept for the protection is how many senders stand behind each
    group of each step. Nothing where no sender is recorded.
    """
    if not told.sent:
        return
    steps = [*told.pathway.indicators]
    rows = told.rows.mutate(counterpart=told.rows.sender.coalesce(UNKNOWN))
    inside = [expression(one.population, rows) for one in steps]
    wanted = {f"n_{k}": among for k, among in enumerate(inside)}
    wanted |= {f"events_{k}": among & expression(steps[k].numerator, rows) for k, among in enumerate(inside)}
    counts = told.count(rows, [SENDER], kinds=EVERYWHERE, **wanted)
    towns = pc.is_in(counts.table["area"], pa.array(told.municipalities, pa.string())).to_numpy()
    groups = [
        code for code, area in told.catalogue.areas.items() if area.kind in SHOWN_PARENTS and area.kind not in LARGE
    ]
    large = ~towns & ~pc.is_in(counts.table["area"], pa.array(groups, pa.string())).to_numpy()
    large = large if large.any() else towns  # a municipality alone is as large as it gets
    taken_over = told.pathway.stage(told.pathway.taken_over)
    for k, one in enumerate(steps):
        here = large | towns if one.id == taken_over else large
        mine = Summary(counts.dims, counts.statistics, counts.table.filter(pa.array(here)), counts.partitions)
        sender = {"counterpart": mine.table[SENDER].to_pylist(), "measure": "sent"}
        yield shares(mine, f"events_{k}", f"n_{k}", indicator=one.id, **sender)
        yield _units(counts, f"n_{k}", one.id)


def _units(counts: Summary, n: str, indicator: str) -> Estimates:
    table = counts.table
    known = pc.and_(pc.not_equal(table[SENDER], UNKNOWN), pc.greater(table[n], 0)).cast(pa.float64())
    groups = table.select(KEY).append_column("value", known).group_by([*KEY], use_threads=False)
    units = groups.aggregate([("value", "sum")])
    of_what = labels(Summary(KEY, (), units, ("level",)))
    value = units["value_sum"].combine_chunks()
    return Estimates.of(**of_what, indicator=indicator, measure=KEPT, component="units", value=value)


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
