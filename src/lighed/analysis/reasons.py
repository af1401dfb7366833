"""Why those who were lost at a step dropped out, and why others were excepted, as far as a reason was registered."""

from __future__ import annotations

from collections.abc import Iterator

from lighed.analysis.fates import LEFT
from lighed.analysis.parts import Told, shares
from lighed.core.estimates import Estimates
from lighed.core.pathway import COUNTED
from lighed.store.engine import Expression

NOT_STATED = "not_stated"


def reasons(told: Told) -> Iterator[Estimates]:
    """Return, for each step whose reasons are registered, how many were lost at it, and excepted, for each reason.

    The component is the reason. ``reason`` are shares of those lost: the reasons that are losses and ``not_stated`` add
    up to all of them. ``exception`` are shares of those who came to the step, as the fate ``excepted`` is: the reasons
    that are exceptions and ``not_stated``, what else excepts, add up to that fate.
    """
    rows = told.counted
    for step in told.pathway.steps:
        if step.reasons:
            why, fate, of = rows[step.reason], rows[step.fate], told.pathway.stage(step)
            wanted: dict[str, Expression] = {"reason n": fate == "lost", "exception n": fate.isin([*COUNTED, *LEFT])}
            for measure, polarity, those in (("reason", "loss", "lost"), ("exception", "exception", "excepted")):
                known = [name for name, reason in told.catalogue.reasons.items() if reason.polarity == polarity]
                wanted |= {f"{measure} {name}": (fate == those) & (why == name) for name in known}
                wanted[f"{measure} {NOT_STATED}"] = (fate == those) & ~why.isin(known).coalesce(False)
            counts = told.count(rows, **wanted)
            for measure, name in (key.split() for key in wanted):
                if name != "n":
                    names = f"{measure} {name}", f"{measure} n"
                    yield shares(counts, *names, indicator=of, measure=measure, component=name)
