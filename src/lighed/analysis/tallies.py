"""Counts of organisations' work → estimates: numbers of places, policies or licences, and shares of how many.

They are of organisations and complete, so they have no interval, and nobody is hidden among them. Areas above the
municipality have none: a sum of those that have counted is not the number of all.
"""

from __future__ import annotations

from typing import Any

from lighed.analysis.published import Place, Rows
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.types import Indicator, ReleasePlan
from lighed.store.snapshot import Snapshot

METHOD = "organisations"


def from_tallies(engine: Any, snapshot: Snapshot, catalogue: Catalogue, plan: ReleasePlan) -> Estimates:
    """Return the estimates of the counts of the years of `plan`; those of one area are added."""
    assert plan.years is not None
    rows, sums = Rows(), dict[tuple[str, str, int], list[float]]()
    for row in snapshot.read(engine, "tally").to_pyarrow().to_pylist():
        if plan.years[0] <= row["year"] <= plan.years[1] and (not plan.indicators or row["item"] in plan.indicators):
            found = sums.setdefault((row["item"], row["area"], row["year"]), [0.0, 0.0])
            found[0] += row["amount"]
            found[1] += float("nan") if row["among"] is None else row["among"]
    for (name, area, year), (amount, among) in sorted(sums.items()):
        one = catalogue.indicators[name]
        rows.figure(Place(one, area, str(year)), value(one, amount, among), METHOD)
    return rows.estimates()


def value(one: Indicator, amount: float, among: float) -> float | None:
    """Return the figure of an indicator: the number itself, or the share or mean of how many; None where there is none.

    Examples
    --------
    >>> from lighed import catalogue
    >>> known = catalogue.load().indicators
    >>> value(known["I3.4a"], 41, 48), value(known["F4.4"], 3, 4), value(known["F4.4"], 3, float("nan"))
    (41, 75.0, None)
    """
    if one.kind == "count":
        return amount
    share = amount / among if among > 0 else None
    return 100 * share if share is not None and one.kind == "proportion" else share
