"""Who is lost where along a pathway: the share of all who are lost that each group has at each step.

It is made of what is shown, after protection, so that it says nothing that a reader could not work out.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lighed.analysis.cascade import cells
from lighed.catalogue import Catalogue
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.pathway import Pathway
from lighed.core.types import SCALE, Stratifier
from lighed.stats import proportion
from lighed.stats.intervals import Values


def lost(shown: Estimates, catalogue: Catalogue) -> Estimates:
    """Return a row ``lost_share`` for each step and group of a pathway, in percent of all who were lost on the way.

    Of those whose group is known; ``n`` is all who were lost, ``events`` those of the group at the step. Nothing where
    a group of a step is hidden, or nobody was lost.
    """
    made, complete = list[Estimates](), shown.where(measure="crude", flags=["", "unreliable", "not_applicable"])
    for pathway in catalogue.pathways.values():
        stages = complete.where(indicator=[pathway.stage(step) for step in pathway.chain])
        present = set(stages.distinct("stratifier"))
        dimensions = [s for s in catalogue.stratifiers.values() if s.id in present and s.social]
        made += [part for s in dimensions for part in _of(stages.where(stratifier=s.id), pathway, s)]
    return Estimates.concat(made)


def _of(stages: Estimates, pathway: Pathway, stratifier: Stratifier) -> Iterator[Estimates]:
    sides = {
        "area": stages.distinct("area"),
        "period": stages.distinct("period"),
        "level": list(stratifier.level_ids),
        "indicator": [pathway.stage(step) for step in pathway.chain],
    }
    n, events = (cells(stages, name, sides) for name in ("n", "events"))
    missed = n - events
    whole = np.broadcast_to(missed.sum((-2, -1), keepdims=True), missed.shape)
    there = np.flatnonzero(whole > 0)
    area, period, level, step = np.unravel_index(there, whole.shape)
    shares = proportion(missed.ravel()[there], whole.ravel()[there])
    yield Estimates.of(
        indicator=codes(step, sides["indicator"]),
        area=codes(area, sides["area"]),
        period=codes(period, sides["period"]),
        stratifier=stratifier.id,
        level=codes(level, sides["level"]),
        measure="lost_share",
        **{name: getattr(shares, name) * SCALE["percent"] for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=whole.ravel()[there].astype(np.int64),
        events=missed.ravel()[there].astype(np.int64),
        unit="percent",
        method="wilson",
        flags="",
    )
