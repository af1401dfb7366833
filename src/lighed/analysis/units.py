"""The gap at a step of a pathway, between municipalities and within them.

It is made of what is shown, after protection: a sum over all municipalities would hold the hidden ones too, and two
such sums would give one away. Those that are not shown are one unit together, which everybody can work out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from lighed.analysis.cascade import cells
from lighed.catalogue import Catalogue
from lighed.catalogue.areas import members
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.pathway import Pathway
from lighed.core.types import SCALE, Stratifier
from lighed.stats import kitagawa
from lighed.stats.contributions import Contributions
from lighed.stats.intervals import Array, Values

MEASURES = ("gap_between_units", "gap_within_units")
PLACE = ("indicator", "area", "period")
FEWEST = 2  # persons of a group: of one, no variance is known


def units(shown: Estimates, catalogue: Catalogue) -> Estimates:
    """Return, for each step of a pathway and each ordered dimension, two rows that add up to the gap of its ends.

    ``gap_between_units`` is what comes of the groups living in different municipalities, ``gap_within_units`` what
    comes of their shares being different in the same one (Kitagawa), both in percentage points and positive where the
    worse-off are worse off. Of the country, the regions and the municipality groups.
    """
    made, complete = list[Estimates](), shown.where(measure="crude", flags=["", "unreliable", "not_applicable"])
    for pathway in catalogue.pathways.values():
        stages = complete.where(indicator=[pathway.stage(step) for step in pathway.steps])
        present = set(stages.distinct("stratifier"))
        dimensions = [s for s in catalogue.stratifiers.values() if s.id in present and s.ordered and s.social]
        made += [_of(stages.where(stratifier=s.id), pathway, s, catalogue) for s in dimensions]
    return Estimates.concat(made)


def _of(stages: Estimates, pathway: Pathway, stratifier: Stratifier, catalogue: Catalogue) -> Estimates:
    ends = stratifier.level_ids[:: len(stratifier.levels) - 1]
    sides = {
        "area": stages.distinct("area"),
        "period": stages.distinct("period"),
        "level": list(ends[::-1] if pathway.polarity == "higher_is_better" else ends),
        "indicator": stages.distinct("indicator"),
    }
    present = {*sides["area"]}
    n, events = (np.moveaxis(cells(stages, name, sides), 0, -1) for name in ("n", "events"))
    rows = []
    wholes = [code for code in sides["area"] if catalogue.areas[code].kind != "municipality"]
    for code, period in product(wholes, sides["period"]):
        within = [sides["area"].index(each) for each in members(catalogue.areas, code, int(period)) if each in present]
        if within:
            at = [*within, sides["area"].index(code)]
            for step, indicator in enumerate(sides["indicator"]):
                found = _split(*(count[sides["period"].index(period), :, step][:, at] for count in (n, events)))
                place = {"indicator": indicator, "area": code, "period": period}
                rows += [place | part for part in _parts(found)] if found else []
    return Estimates.of(
        **{name: [row[name] for row in rows] for name in (*PLACE, "measure", *Values.__slots__)},
        stratifier=stratifier.id,
        confidence=CONFIDENCE,
        unit="percent",
        method="kitagawa, delta",
        flags="",
    )


def _split(n: Array, events: Array) -> Contributions | None:
    """Split the gap of two groups over units, shape (group, unit); the last is of all of them together."""
    own = (n[:, :-1] >= FEWEST).all(0)
    n, events = (np.c_[part[:, :-1][:, own], part[:, -1] - part[:, :-1][:, own].sum(-1)] for part in (n, events))
    somebody = n.any(0)
    n, events = n[:, somebody], events[:, somebody]
    if not (n >= FEWEST).all() or n.shape[-1] < 2:
        return None
    value = events / n
    return kitagawa(value, value * (1 - value) / (n - 1), n).added(np.r_[0, np.ones(n.shape[-1], int)])


def _parts(found: Contributions) -> Iterator[dict[str, Any]]:
    for k, measure in enumerate(MEASURES):
        numbers = {name: float(getattr(found.parts, name)[k]) * SCALE["percent"] for name in Values.__slots__}
        yield {"measure": measure} | numbers
