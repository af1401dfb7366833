"""Crossed groups → how much of all differences lies between them, and how much of that is more than a sum (MAIHDA)."""

from __future__ import annotations

import numpy as np

from lighed import stats
from lighed.analysis.indicators import FLAG_WORDS, Groups, labels
from lighed.catalogue import Catalogue
from lighed.catalogue.crossed import parts_of
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.types import SCALE, Indicator, Stratifier
from lighed.stats.intervals import Array, Floats, Values

KINDS = {"proportion", "mean"}  # what varies between persons; of a rate that has no one meaning


def estimates(groups: Groups, stratifier: Stratifier, catalogue: Catalogue) -> Estimates:
    """Return the rows of ``stats.strata`` for the whole country; none for a dimension that crosses no others.

    ``variance_partition`` is how much of the differences between persons lies between the groups, ``additive_share``
    how much of that the crossed dimensions explain one by one, both in per cent; ``interaction`` is what each group has
    beyond that, in the indicator's unit.
    """
    if not stratifier.crosses:
        return Estimates.concat([])
    groups = groups.of_country()
    value, variance = (part[..., groups.grid.ranked] for part in (groups.best.value, groups.best.se**2))
    found = stats.strata(value, variance, within(groups), design(stratifier, catalogue))
    nothing = np.full(found.change.shape, np.nan)
    of_all = {"variance_partition": found.partition, "additive_share": Values(found.change, nothing, nothing, nothing)}
    parts = [_rows(groups, stratifier, measure, made) for measure, made in of_all.items()]
    return Estimates.concat([*parts, _rows(groups, stratifier, "interaction", found.interaction)])


def within(groups: Groups) -> Floats:
    """Return the variance between the persons of a group, pooled: p(1 − p) of a share, of a mean what its error says.

    Shape (indicator, period, area), in the squared unit of the values as they are computed.
    """
    mean = np.array([i.kind == "mean" for i in groups.grid.indicators])[:, None, None, None]
    share = groups.crude.value
    spread = np.where(mean, groups.crude.se**2 * groups.n, share * (1 - share))[..., groups.grid.ranked]
    people = np.where(np.isfinite(spread), groups.people[..., groups.grid.ranked], 0.0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nansum(people * spread, -1) / people.sum(-1), float)


def design(stratifier: Stratifier, catalogue: Catalogue) -> Array:
    """Return the main effects, shape (group, term): ones, and a column for each level but the last of each dimension.

    Examples
    --------
    >>> from lighed.catalogue import load
    >>> known = load()
    >>> design(known.stratifiers["education_sex"], known)[:3].tolist()
    [[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 1.0]]
    """
    groups = [*parts_of(stratifier, catalogue.stratifiers).values()]
    levels = [
        (k, level) for k, name in enumerate(stratifier.crosses) for level in catalogue.stratifiers[name].level_ids[:-1]
    ]
    return np.array([[1.0, *(float(parts[k] == level) for k, level in levels)] for parts in groups])


def _rows(groups: Groups, stratifier: Stratifier, measure: str, made: Values) -> Estimates:
    """Rows of a measure of all groups, or, with groups as its last axis, of each."""
    grid, ranked, each = groups.grid, groups.grid.ranked, made.value.ndim == 4
    asked = groups.collected & np.array([i.kind in KINDS for i in grid.indicators])[:, None]
    at = np.flatnonzero(np.broadcast_to(asked.reshape(*asked.shape, *[1] * (made.value.ndim - 2)), made.value.shape))
    index = np.unravel_index(at, made.value.shape)
    thin = np.asarray(groups.thin[..., ranked].any(-1))
    flags = np.where(np.isfinite(made.value), np.where(thin[..., None] if each else thin, 1, 0), 2)
    n, events = (part[..., ranked] if each else part[..., ranked].sum(-1) for part in (groups.n, groups.events))
    scale = np.array([SCALE[i.unit] if each else 100.0 for i in grid.indicators])[index[0]]
    return Estimates.of(
        **labels(grid, index[:3], stratifier.id),
        level=codes(index[3], list(stratifier.level_ids)) if each else None,
        measure=measure,
        **{name: getattr(made, name).ravel()[at] * scale for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=n.ravel()[at],
        events=events.ravel()[at],
        unit=codes(index[0], [i.unit if each else "percent" for i in grid.indicators]),
        method=codes(index[0], [_method(measure, i) for i in grid.indicators]),
        flags=codes(flags.ravel()[at], FLAG_WORDS),
    )


def _method(measure: str, indicator: Indicator) -> str:
    ways = {"variance_partition": "moments", "additive_share": "moments, without interval", "interaction": "drawn to 0"}
    standard = indicator.standardise
    return ways[measure] + (f", standardised to {standard.to}" if standard else "")
