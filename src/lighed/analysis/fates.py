"""What became of those who came to a step and are in neither part of its share: excepted, dead, emigrated, excluded."""

from __future__ import annotations

from collections.abc import Iterator

from lighed.analysis.parts import Told, labels
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.pathway import COUNTED, Step
from lighed.core.summary import Summary
from lighed.core.types import SCALE, Stratifier
from lighed.stats import proportion
from lighed.stats.intervals import Values

LEFT = ("excepted", "died", "emigrated")
EXCLUDED = "excluded"


def fates(told: Told, stratifier: Stratifier | None) -> Iterator[Estimates]:
    """Return, for each step, the shares of those who came to it that left it by each of the fates that do not count.

    Beside the first step stand those who were excluded, of all who began. The measure is ``fate``, the component the
    fate, ``n`` those who came to the step.
    """
    rows = told.counted
    for step in told.pathway.steps:
        of = rows[step.fate]
        came = of.isin([*COUNTED, *LEFT])
        counts = told.count(rows, stratifier, n=came, **{fate: of == fate for fate in LEFT})
        yield from (_rows(told, step, fate, counts, stratifier) for fate in LEFT)
    if told.pathway.exclusions:
        all_of = told.rows
        counts = told.count(all_of, stratifier, n=all_of.person_id.notnull(), excluded=all_of.excluded.notnull())
        yield _rows(told, told.pathway.steps[0], EXCLUDED, counts, stratifier)


def _rows(told: Told, step: Step, fate: str, counts: Summary, stratifier: Stratifier | None) -> Estimates:
    n, events = (counts.table[name].to_numpy() for name in ("n", fate))
    made = proportion(events, n)
    return Estimates.of(
        **labels(counts, stratifier),
        indicator=told.pathway.stage(step),
        component=fate,
        measure="fate",
        **{name: getattr(made, name) * SCALE["percent"] for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=n,
        events=events,
        unit="percent",
        method="wilson",
        flags=["" if persons else "not_applicable" for persons in n.tolist()],
    )
