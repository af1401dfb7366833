"""Where along a pathway the gap opens: the steps' parts of the distance between the worst-off and the best-off."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.indicators import flagged
from lighed.catalogue import Catalogue
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.pathway import Pathway
from lighed.core.types import SCALE, Stratifier
from lighed.stats import shapley
from lighed.stats.contributions import Contributions, independent
from lighed.stats.intervals import Array, Values


def opened(found: Estimates, catalogue: Catalogue) -> Estimates:
    """Return, of `found`, the part that each step has in the gap at the end of its pathway.

    The share that reaches the last step is the product of the shares that go on from each step to the next. For every
    ordered dimension, area and period there are two rows a step, named in ``component``: ``gap_by_step`` in percentage
    points (Shapley's split over all orders) and ``gap_share_by_step``, its share of the logarithm of the ratio. Both
    add up over the steps; positive where the worse-off are worse off. A share is missing where there may be no gap.
    """
    made, complete = list[Estimates](), found.where(measure="crude", flags=["", "unreliable", "not_applicable"])
    for pathway in catalogue.pathways.values():
        stages = complete.where(indicator=[pathway.stage(step) for step in pathway.chain])
        present = set(stages.distinct("stratifier"))
        dimensions = [s for s in catalogue.stratifiers.values() if s.id in present and s.ordered and s.social]
        if len(stages.distinct("indicator")) == len(pathway.chain) > 1:
            made += [part for s in dimensions for part in _of(stages.where(stratifier=s.id), pathway, s)]
    return Estimates.concat(made)


def _of(stages: Estimates, pathway: Pathway, stratifier: Stratifier) -> Iterator[Estimates]:
    ends = stratifier.level_ids[:: len(stratifier.levels) - 1]
    sides = {
        "area": stages.distinct("area"),
        "period": stages.distinct("period"),
        "level": list(ends if pathway.polarity == "higher_is_better" else ends[::-1]),
        "indicator": [pathway.stage(step) for step in pathway.chain],
    }
    n, events = (cells(stages, name, sides) for name in ("n", "events"))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = events / n
        variance = value * (1 - value) / n
        points = shapley(lambda shares: shares.prod(-1), value, variance)
        apart = np.log(value[..., 1, :]) - np.log(value[..., 0, :])
        logs = Contributions(apart, independent((variance / value**2).sum(-2)))
    yield _rows("gap_by_step", points.parts, sides, pathway, stratifier)
    yield _rows("gap_share_by_step", logs.shares, sides, pathway, stratifier)


def cells(stages: Estimates, name: str, sides: dict[str, list[str]]) -> Array:
    """A count as an array, shape (area, period, end, step); NaN where there is no row."""
    kept = stages.where(level=sides["level"]).table
    found = np.full([len(words) for words in sides.values()], np.nan)
    place = (pc.index_in(kept[side].cast(pa.string()), pa.array(words)) for side, words in sides.items())
    found[tuple(at.to_numpy() for at in place)] = kept[name].to_numpy()
    return found


def _rows(
    measure: str, made: Values, sides: dict[str, list[str]], pathway: Pathway, stratifier: Stratifier
) -> Estimates:
    there = np.flatnonzero(np.isfinite(made.value))
    area, period, step = np.unravel_index(there, made.value.shape)
    numbers = {name: getattr(made, name).ravel()[there] * SCALE["percent"] for name in Values.__slots__}
    return Estimates.of(
        indicator=pathway.whole(pathway.chain[-1]),
        component=codes(step, [step.id for step in pathway.chain]),
        area=codes(area, sides["area"]),
        period=codes(period, sides["period"]),
        stratifier=stratifier.id,
        measure=measure,
        **numbers,
        confidence=CONFIDENCE,
        unit="percent",
        method="shapley, delta" if measure == "gap_by_step" else "logarithms, delta",
        flags="",
    )


def trusted(found: Estimates, pathways: Iterable[Pathway]) -> Estimates:
    """Flag the shares of steps that rest on fewer persons, or on fewer of those before, than their pathway demands."""
    doubtful = np.zeros(len(found), bool)
    for pathway in pathways:
        for step in pathway.steps:
            if step.fewest or step.followed:
                mine = _shares_of(found, pathway.stage(step))
                doubtful[mine] = found.table["n"].fill_null(0).to_numpy()[mine] < step.fewest
                for before in pathway.before(step)[-1:]:
                    come = _shares_of(found, pathway.stage(before))
                    come &= found.table["value"].fill_null(0).to_numpy() < step.followed * SCALE["percent"]
                    doubtful[mine] |= np.asarray(pc.is_in(_groups(found, mine), value_set=_groups(found, come)))
    return flagged(found, doubtful, "unreliable")


def _shares_of(found: Estimates, indicator: str) -> npt.NDArray[np.bool_]:
    of_indicator = pc.and_(pc.equal(found.table["indicator"], indicator), pc.equal(found.table["measure"], "crude"))
    return np.asarray(pc.fill_null(of_indicator, False))


def _groups(found: Estimates, rows: npt.NDArray[np.bool_]) -> pa.Array:
    """The period, area and group of some rows, as a word each."""
    kept = found.table.select(["period", "area", "stratifier", "level"]).filter(pa.array(rows))
    words = (pc.fill_null(column.cast(pa.string()), "") for column in kept.columns)
    return pc.binary_join_element_wise(*words, "|").combine_chunks()
