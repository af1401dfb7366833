"""Groups → measures of inequality with their intervals, for every area and period at once."""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt

from lighed.analysis.indicators import COVERED, FLAG_WORDS, Groups, labels
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.types import SCALE, Indicator, Kind, Stratifier
from lighed.stats import FEWEST_EVENTS_RELATIVE, MEASURES, Measure, arrange, change, evaluate
from lighed.stats.intervals import Array, Values


def estimates(groups: Groups, stratifier: Stratifier) -> Estimates:
    """Return a row per measure, indicator, period and area; none for a dimension that is not social."""
    if not stratifier.social:
        return Estimates.concat([])
    wanted = [m for m in MEASURES.values() if stratifier.ordered or m.order == "ignored"]
    reference = groups.grid.levels.index(stratifier.reference) if stratifier.reference else None
    country, parts = groups.of_country(), []
    for measure in wanted:
        shown = groups if measure.everywhere else country
        made = _made(shown, stratifier, measure, reference)
        parts += [_rows(shown, stratifier, measure, made), _changes(shown, stratifier, measure, made)]
    return Estimates.concat(parts)


def _counted(groups: Groups, measure: Measure) -> npt.NDArray[np.bool_]:
    """Which indicators have the measure: a number of persons exists for shares and rates, some measures for shares."""
    counted = measure.scale == "people"
    kinds = {"proportion"} if measure.bounded else {"proportion", "rate"} if counted else set(get_args(Kind))
    return np.array([i.kind in kinds for i in groups.grid.indicators])


def _doubtful(groups: Groups, measure: Measure) -> npt.NDArray[np.bool_]:
    """Too few events for a relative measure, or a group that could not be standardised to all of the standard."""
    ranked = groups.grid.ranked
    few = (groups.events[..., ranked].sum(-1) < FEWEST_EVENTS_RELATIVE) & (measure.scale == "relative")
    thin = (groups.covered[..., ranked] < COVERED).any(-1)
    asked = np.array([i.standardise is not None for i in groups.grid.indicators])[:, None, None]
    return np.asarray(few | (thin & asked))


def _changes(groups: Groups, stratifier: Stratifier, measure: Measure, made: Values) -> Estimates:
    """From the first to the last period in which an indicator was collected, for those collected more than once."""
    grid = groups.grid
    first = groups.collected.argmax(1)
    last = len(grid.periods) - 1 - groups.collected[:, ::-1].argmax(1)
    several = np.flatnonzero((first < last) & _counted(groups, measure))
    moved = change(measure, made.at((several, first[several])), made.at((several, last[several])))
    doubtful = _doubtful(groups, measure)
    unsure = doubtful[several, first[several]] | doubtful[several, last[several]]
    flags = np.where(np.isfinite(moved.value), np.where(unsure, 1, 0), 2).ravel()
    index = np.unravel_index(np.arange(flags.size), (len(several), len(grid.areas)))
    which = several[index[0]]
    scale = np.array([_scale(measure, i) if measure.null == 0.0 else 1.0 for i in grid.indicators])[which]
    return Estimates.of(
        **labels(grid, (which, last[which], index[1]), stratifier.id),
        component="change",
        horizon=codes(first[which], [str(p) for p in grid.periods]),
        measure=measure.id,
        **{name: getattr(moved, name).ravel() * scale for name in Values.__slots__},
        confidence=CONFIDENCE,
        unit=codes(which, [unit(measure, i) for i in grid.indicators]),
        method=codes(which, [_change_method(i) for i in grid.indicators]),
        flags=codes(flags, FLAG_WORDS),
    )


def _change_method(indicator: Indicator) -> str:
    return "independent samples" if indicator.basis == "survey" else "same persons in part, covariance left out"


def _rows(groups: Groups, stratifier: Stratifier, measure: Measure, made: Values) -> Estimates:
    grid, ranked = groups.grid, groups.grid.ranked
    kept = np.broadcast_to((groups.collected & _counted(groups, measure)[:, None])[:, :, None], grid.groups[:3])
    at = np.flatnonzero(kept)
    index = np.unravel_index(at, grid.groups[:3])
    n, events = groups.n[..., ranked].sum(-1), groups.events[..., ranked].sum(-1)
    unsure = _doubtful(groups, measure) | ~np.isfinite(made.lower)
    flags = np.where(np.isfinite(made.value), np.where(unsure, 1, 0), 2)
    scale = np.array([_scale(measure, i) for i in grid.indicators])[index[0]]
    return Estimates.of(
        **labels(grid, index, stratifier.id),
        measure=measure.id,
        **{name: getattr(made, name).ravel()[at] * scale for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=n.ravel()[at],
        events=events.ravel()[at],
        unit=codes(index[0], [unit(measure, i) for i in grid.indicators]),
        method=codes(index[0], [method(measure, i, stratifier) for i in grid.indicators]),
        flags=codes(flags.ravel()[at], FLAG_WORDS),
    )


def _made(groups: Groups, stratifier: Stratifier, measure: Measure, reference: int | None) -> Values:
    """Evaluate the measure for the indicators of each polarity together."""
    grid, ranked = groups.grid, groups.grid.ranked
    best = groups.best
    value, variance, people = best.value[..., ranked], best.se[..., ranked] ** 2, groups.people[..., ranked]
    out = {name: np.full(grid.groups[:3], np.nan) for name in Values.__slots__}
    for polarity in sorted({i.polarity for i in grid.indicators}):
        rows = np.array([i.polarity == polarity for i in grid.indicators])
        parts: tuple[Array, ...] = (value[rows], variance[rows], people[rows])
        if not stratifier.ordered:
            parts = arrange(*parts, polarity=polarity, reference=reference)
        found = evaluate(measure, *parts, polarity=polarity)
        for name in Values.__slots__:
            out[name][rows] = getattr(found, name)
    return Values(**out)


def _scale(measure: Measure, indicator: Indicator) -> float:
    """What a measure of values as they are computed is multiplied with, to be in its unit."""
    outcome = SCALE[indicator.unit]
    return {"outcome": outcome, "squared": outcome**2}.get(measure.unit, factor(measure))


def factor(measure: Measure) -> float:
    """Return what a measure is multiplied with to be shown: a share of the outcome is in per cent."""
    return 100.0 if measure.unit == "share" else 1.0


def unit(measure: Measure, indicator: Indicator) -> str:
    """Return the unit of a measure: the indicator's own, per cent of the outcome, persons or events, or none."""
    people = "events" if indicator.kind == "rate" else "persons"
    named = {"outcome": indicator.unit, "people": people, "share": "percent"}
    return named.get(measure.unit, measure.unit)


def method(measure: Measure, indicator: Indicator, stratifier: Stratifier) -> str:
    """Return how a row was made: the interval, what it was measured on, and against which group."""
    parts: list[str] = [measure.interval]
    if indicator.standardise:
        parts.append(f"standardised to {indicator.standardise.to}")
    if not stratifier.ordered:
        parts.append(f"against {stratifier.reference}" if stratifier.reference else "extremes")
    return ", ".join(parts)
