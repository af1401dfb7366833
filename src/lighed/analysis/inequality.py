"""Groups → measures of inequality with their intervals, for every area and period at once."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from lighed.analysis.grid import Grid
from lighed.analysis.indicators import FLAG_WORDS, Groups, labels
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.types import SCALE, Indicator, Kind, Polarity, Stratifier
from lighed.stats import (
    MEASURES,
    TESTS,
    Measure,
    Shape,
    arrange,
    by_chance,
    change,
    correlation_between,
    evaluate,
    too_few,
)
from lighed.stats.intervals import Array, Values
from lighed.stats.rates import FEWEST_EVENTS

SAME = "same persons in part"
CHANGES: list[str | None] = [f"{SAME}, covariance left out", f"{SAME}, with covariance", "independent samples"]


def estimates(groups: Groups, stratifier: Stratifier) -> Estimates:
    """Return a row per measure, indicator, period and area; none for a dimension that is not social.

    Beside every slope index stand the tests of shape, each with its p, and how nearly the gradient has the shape.
    """
    if not stratifier.social:
        return Estimates.concat([])
    wanted = [m for m in MEASURES.values() if stratifier.ordered or m.order == "ignored"]
    reference = groups.grid.levels.index(stratifier.reference) if stratifier.reference else None
    country, parts = groups.of_country(), []
    for measure in wanted:
        shown = groups if measure.everywhere else country
        levels, place = _arranged(shown, stratifier, reference)
        made = _made(shown.grid, measure, *levels)
        shared = _shared(shown, measure, levels, place)
        parts += [_rows(shown, stratifier, measure, made), _changes(shown, stratifier, measure, made, shared)]
    parts += [_shape(groups, stratifier, test) for test in TESTS.values() if stratifier.ordered]
    return Estimates.concat(parts)


def _counted(groups: Groups, measure: Measure) -> npt.NDArray[np.bool_]:
    """Which indicators have the measure: a number of persons exists for shares and rates, some measures for shares."""
    counted = measure.scale == "people"
    kinds = {"proportion"} if measure.bounded else {"proportion", "rate"} if counted else set(get_args(Kind))
    return np.array([i.kind in kinds for i in groups.grid.indicators])


def _doubtful(groups: Groups, stratifier: Stratifier, measure: Measure) -> npt.NDArray[np.bool_]:
    """Too few cases, a best group that may be so by chance, or one not standardised to all of the standard."""
    doubtful = too_few(measure, _cases(groups)) | _thin(groups)
    if stratifier.ordered:
        return doubtful
    grid, ranked, best = groups.grid, groups.grid.ranked, groups.best
    reference = grid.levels.index(stratifier.reference) if stratifier.reference else None
    turn = np.array([-1 if i.polarity == "higher_is_better" else 1 for i in grid.indicators])[:, None, None, None]
    chance = by_chance(measure, turn * best.value[..., ranked], best.se[..., ranked] ** 2, reference=reference)
    return np.asarray(doubtful | chance)


def _thin(groups: Groups) -> npt.NDArray[np.bool_]:
    return np.asarray(groups.thin[..., groups.grid.ranked].any(-1))


def _shared(groups: Groups, measure: Measure, levels: list[Array], place: Array) -> Array:
    """Correlation of the measure's first and last value, shape (indicator, area); NaN where it is not known."""
    if groups.correlation is None:
        return np.full(place.shape[::2], np.nan)
    at, ranked = np.arange(len(groups.grid.indicators)), groups.grid.ranked
    first, last = (tuple(part[at, period] for part in (*levels, place)) for period in groups.span)
    between = np.take_along_axis(groups.correlation[..., ranked, ranked], first[-1][..., None], -2)
    between = np.take_along_axis(between, last[-1][..., None, :], -1)
    return correlation_between(measure, first[:-1], last[:-1], between)


def _changes(groups: Groups, stratifier: Stratifier, measure: Measure, made: Values, shared: Array) -> Estimates:
    """From the first to the last period in which an indicator was collected, for those collected more than once."""
    grid = groups.grid
    first, last = groups.span
    several = np.flatnonzero((first < last) & _counted(groups, measure))
    before, after, shared = made.at((several, first[several])), made.at((several, last[several])), shared[several]
    moved = change(measure, before, after, np.nan_to_num(shared * before.se * after.se))
    doubtful = _doubtful(groups, stratifier, measure)
    unsure = doubtful[several, first[several]] | doubtful[several, last[several]]
    flags = np.where(np.isfinite(moved.value), np.where(unsure, 1, 0), 2).ravel()
    index = np.unravel_index(np.arange(flags.size), (len(several), len(grid.areas)))
    which, survey = several[index[0]], np.array([i.basis == "survey" for i in grid.indicators])
    factors = np.array([scale(measure, i) if measure.null == 0.0 else 1.0 for i in grid.indicators])[which]
    return Estimates.of(
        **labels(grid, (which, last[which], index[1]), stratifier.id),
        component="change",
        horizon=codes(first[which], [str(p) for p in grid.periods]),
        measure=measure.id,
        **{name: getattr(moved, name).ravel() * factors for name in Values.__slots__},
        confidence=CONFIDENCE,
        unit=codes(which, [unit(measure, i) for i in grid.indicators]),
        method=codes(np.where(survey[which], 2, np.isfinite(shared).ravel()), CHANGES),
        flags=codes(flags, FLAG_WORDS),
    )


def _rows(groups: Groups, stratifier: Stratifier, measure: Measure, made: Values) -> Estimates:
    indicators = groups.grid.indicators
    factors = np.array([scale(measure, i) for i in indicators])[:, None, None]
    return _over_levels(
        groups,
        stratifier,
        groups.collected & _counted(groups, measure)[:, None],
        _doubtful(groups, stratifier, measure) | ~np.isfinite(made.lower),
        {name: getattr(made, name) * factors for name in Values.__slots__},
        measure=measure.id,
        confidence=CONFIDENCE,
        unit=[unit(measure, i) for i in indicators],
        method=[method(measure.interval, i, stratifier) for i in indicators],
    )


def _shape(groups: Groups, stratifier: Stratifier, test: Shape) -> Estimates:
    """Rows of a test of shape, or of how nearly a gradient has it: without interval, and rough with few cases."""
    indicators, ranked = groups.grid.indicators, groups.grid.ranked
    parts = groups.best.value[..., ranked], groups.best.se[..., ranked] ** 2, groups.people[..., ranked]
    made = np.full(groups.grid.groups[:3], np.nan)
    for polarity, rows in _by_polarity(groups.grid):
        made[rows] = test(*(part[rows] for part in parts), polarity=polarity)
    return _over_levels(
        groups,
        stratifier,
        groups.collected,
        (_cases(groups) < FEWEST_EVENTS).any(-1) | _thin(groups),
        {"value": made},
        measure=test.id,
        unit=[test.unit for _ in indicators],
        method=[method(test.method(parts[0].shape[-1]), i, stratifier) for i in indicators],
    )


def _cases(groups: Groups) -> Array:
    """Of a share, the cases or those without, whichever are fewer: both make its error what it is."""
    ranked, shares = groups.grid.ranked, np.array([i.kind == "proportion" for i in groups.grid.indicators])
    n, events = groups.n[..., ranked], groups.events[..., ranked]
    return np.where(shares[:, None, None, None], np.minimum(events, n - events), events)


def _over_levels(
    groups: Groups,
    stratifier: Stratifier,
    kept: Array,
    unsure: Array,
    numbers: dict[str, Array],
    *,
    unit: list[str],
    method: list[str],
    **more: Any,
) -> Estimates:
    """Rows of what is computed over all ranked groups, for the indicators and periods that are kept."""
    grid, ranked = groups.grid, groups.grid.ranked
    at = np.flatnonzero(np.broadcast_to(kept[:, :, None], grid.groups[:3]))
    index = np.unravel_index(at, grid.groups[:3])
    flags = np.where(np.isfinite(numbers["value"]), np.where(unsure, 1, 0), 2)
    return Estimates.of(
        **labels(grid, index, stratifier.id),
        **{name: column.ravel()[at] for name, column in numbers.items()},
        **more,
        n=groups.n[..., ranked].sum(-1).ravel()[at],
        events=groups.events[..., ranked].sum(-1).ravel()[at],
        unit=codes(index[0], unit),
        method=codes(index[0], method),
        flags=codes(flags.ravel()[at], FLAG_WORDS),
    )


def _arranged(groups: Groups, stratifier: Stratifier, reference: int | None) -> tuple[list[Array], Array]:
    """What is compared, the worst-off first: value, standard error and people; and the place of each in the grid."""
    best, ranked = groups.best, groups.grid.ranked
    value, se, people = (part[..., ranked] for part in (best.value, best.se, groups.people))
    place = np.broadcast_to(np.arange(value.shape[-1]), value.shape).copy()
    for polarity, rows in [] if stratifier.ordered else _by_polarity(groups.grid):
        place[rows] = arrange(value[rows], place[rows], polarity=polarity, reference=reference)[1]
    return [np.take_along_axis(part, place, -1) for part in (value, se, people)], place


def _made(grid: Grid, measure: Measure, value: Array, se: Array, people: Array) -> Values:
    """Evaluate the measure for the indicators of each polarity together."""
    out = {name: np.full(grid.groups[:3], np.nan) for name in Values.__slots__}
    for polarity, rows in _by_polarity(grid):
        found = evaluate(measure, value[rows], se[rows] ** 2, people[rows], polarity=polarity)
        for name in Values.__slots__:
            out[name][rows] = getattr(found, name)
    return Values(**out)


def _by_polarity(grid: Grid) -> list[tuple[Polarity, npt.NDArray[np.bool_]]]:
    found = sorted({i.polarity for i in grid.indicators})
    return [(polarity, np.array([i.polarity == polarity for i in grid.indicators])) for polarity in found]


def scale(measure: Measure, indicator: Indicator) -> float:
    """Return what a measure of values as they are computed is multiplied with, to be in its unit."""
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


def method(found: str, indicator: Indicator, stratifier: Stratifier) -> str:
    """Return how a row was made: how it was found, what it was measured on, and against which group."""
    parts = [found]
    if indicator.standardise:
        parts.append(f"standardised to {indicator.standardise.to}")
    if not stratifier.ordered:
        parts.append(f"against {stratifier.reference}" if stratifier.reference else "extremes")
    return ", ".join(parts)
