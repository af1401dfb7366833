"""Why those who were lost at a step dropped out, as far as a reason was registered."""

from __future__ import annotations

from collections.abc import Iterator

from lighed.analysis.parts import Told, shares
from lighed.core.estimates import Estimates

NOT_STATED = "not_stated"


def reasons(told: Told) -> Iterator[Estimates]:
    """Return, for each step whose reasons are registered, the shares of those lost at it that each reason has.

    The measure is ``reason``, the component the reason, ``n`` those who were lost. The reasons that are losses and
    ``not_stated`` add up to all of them.
    """
    rows = told.counted
    known = [name for name, reason in told.catalogue.reasons.items() if reason.polarity == "loss"]
    for step in told.pathway.steps:
        if step.reasons:
            why, lost = rows[step.reason], rows[step.fate] == "lost"
            wanted = {name: lost & (why == name) for name in known}
            wanted[NOT_STATED] = lost & ~why.isin(known).coalesce(False)
            counts = told.count(rows, n=lost, **wanted)
            of = told.pathway.stage(step)
            for name in wanted:
                yield shares(counts, name, indicator=of, measure="reason", component=name)
