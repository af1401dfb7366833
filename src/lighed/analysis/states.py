"""Where those who were in work before stand some time after the index: in work, on a benefit, retired, dead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lighed.analysis.parts import KEY, Told, labels, shares
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.summary import Summary
from lighed.core.types import UNKNOWN
from lighed.stats import mean
from lighed.stats.intervals import Array, Values

ENDS = (UNKNOWN, "died", "emigrated")


def states(told: Told) -> Iterator[Estimates]:
    """Return the shares that stand in each state at each horizon, and the mean weeks lost until the last of them.

    The rows are of the pathway's first step: ``state``, the component the state and the horizon the day, whose shares
    add up to 1; and ``state_weeks_lost``, the mean of the weeks out of the first state, of those who did not emigrate;
    death counts as lost. Periods in which some have not come so far are flagged ``immature``.
    """
    wanted = told.pathway.states
    if wanted is None:
        return
    rows = told.counted
    rows = rows.filter(rows.state_before == wanted.among)
    for day in wanted.at:
        state = rows[f"state_{day}"]
        known = [*told.catalogue.dimensions[wanted.dimension].categories, *ENDS]
        counts = told.count(rows, n=state != "open", open=state == "open", **{s: state == s for s in known})
        period = counts.table["period"].to_numpy()
        early = np.isin(period, period[counts.table["open"].to_numpy() > 0])
        of = {"indicator": told.pathway.stage(told.pathway.steps[0]), "measure": "state", "horizon": str(day)}
        yield from (shares(counts, one, early=early, component=one, **of) for one in known)
    last = rows[f"state_{max(wanted.at)}"]
    stayed = rows.filter((last != "emigrated") & (last != "open"))
    yield _weeks(told, told.count(stayed, ("weeks_lost",), n=stayed.person_id.notnull()))


def _weeks(told: Told, counts: Summary) -> Estimates:
    table = counts.table
    weeks, persons = table["weeks_lost"].to_numpy().astype(float), table["n"].to_numpy()
    sums = table.append_column("total", pa.array(weeks * persons)).append_column(
        "squares", pa.array(weeks**2 * persons)
    )
    added = sums.group_by(list(KEY), use_threads=False).aggregate([(s, "sum") for s in ("n", "total", "squares")])
    whole = added.rename_columns([name.removesuffix("_sum") for name in added.column_names])
    n, total, squares = (_numbers(whole, name) for name in ("n", "total", "squares"))
    made = mean(total, squares, n)
    return Estimates.of(
        **labels(Summary(KEY, ("n",), whole.select([*KEY, "n"]), ("level",))),
        indicator=told.pathway.stage(told.pathway.steps[0]),
        component=None,
        horizon=str(max(told.pathway.states.at)) if told.pathway.states else None,
        measure="state_weeks_lost",
        **{name: getattr(made, name) for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=n.astype(np.int64),
        unit="weeks",
        method="student t",
        flags=["" if persons > 1 else "unreliable" for persons in n.tolist()],
    )


def _numbers(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy(), float)
