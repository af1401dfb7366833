"""What became of those who came to a step and are in neither part of its share: excepted, dead, emigrated, excluded."""

from __future__ import annotations

from collections.abc import Iterator

from lighed.analysis.parts import Told, shares
from lighed.core.estimates import Estimates
from lighed.core.pathway import COUNTED
from lighed.store.engine import Expression

LEFT = ("excepted", "died", "emigrated")
EXCLUDED = "excluded"


def fates(told: Told) -> Iterator[Estimates]:
    """Return, for each step, the shares of those who came to it that left it by each of the fates that do not count.

    Beside the first step stand those who were excluded, of all who began. The measure is ``fate``, the component the
    fate, ``n`` those who came to the step.
    """
    rows, wanted = told.counted, dict[str, Expression]()
    for step in told.pathway.steps:
        of = rows[step.fate]
        wanted |= {f"{step.id} n": of.isin([*COUNTED, *LEFT])} | {f"{step.id} {fate}": of == fate for fate in LEFT}
    counts = told.count(rows, **wanted)
    for step in told.pathway.steps:
        of = told.pathway.stage(step)
        for fate in LEFT:
            names = f"{step.id} {fate}", f"{step.id} n"
            yield shares(counts, *names, indicator=of, measure="fate", component=fate)
    if told.pathway.excludes:
        all_of = told.rows
        counts = told.count(all_of, n=all_of.person_id.notnull(), excluded=all_of.excluded.notnull())
        of = told.pathway.stage(told.pathway.steps[0])
        yield shares(counts, EXCLUDED, indicator=of, measure="fate", component=EXCLUDED)
