"""A table and the definition of an evaluation → the effect on each group, what became of the gap, and who took part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lighed.core.errors import DataError, Problem
from lighed.core.types import SCALE, UNKNOWN, Evaluation, Level
from lighed.sources.panel import Panel, Whole
from lighed.sources.raw import MOST
from lighed.stats import (
    MEASURES,
    Clustered,
    Contributions,
    Effect,
    clustered,
    contrast,
    difference_in_differences,
    interrupted,
    narrowing,
    proportion,
    rate,
    representation,
    staggered,
)
from lighed.stats.intervals import Array, Floats, Values

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("evaluation", "part", "level", "measure")]
    + [(name, pa.float64()) for name in ("without", "reached", "value", "se", "lower", "upper")]
    + [("unit", pa.string()), ("units", pa.int64()), ("n", pa.float64())]
    + [(name, pa.string()) for name in ("verdict", "together", "method", "flags")]
)
# What the interval of a measure is made by, beside the design's own; differences of means need nothing more.
WAYS = {
    "relative_effect": "delta on the log scale",
    "ratio": "delta on the log scale",
    "slope_index": "delta",
    "relative_index_log": "delta on the log scale",
    "representation_index": "wilson",
    "representation_ratio": "wilson",
}
GAPS = {"ends": ("difference", "ratio"), "line": ("slope_index", "relative_index_log")}
FEWEST_EVENTS, FEWEST_UNITS, FEWEST_TIMES = 10, 5, 24  # below them the intervals cover less than they say
NO_SPREAD = 1e-9  # in any unit: figures that are alike in all units say nothing of how uncertain they are


@dataclass(frozen=True, slots=True)
class _Found:
    """The effect, how it was found, the fewest events in a cell of each level, and whether the series are too few."""

    effect: Effect
    method: tuple[str, ...]
    fewest: Floats
    thin: bool = False


def evaluated(
    evaluation: Evaluation,
    panel: Panel,
    groups: Sequence[Level],
    participants: tuple[Floats, Floats] | None = None,
) -> pa.Table:
    """Return the rows of an evaluation: the effect on each group, the gap without and with it, and who took part.

    The effect on a group is in the outcome's unit (``effect``) and as a ratio (``relative_effect``). The rows of the
    gap are in absolute and in relative terms; positive (above 1) is to the bad of the worse-off, and ``verdict`` says
    whether the gap narrows or widens, ``together`` what both scales say. Those whose group is not known have an effect
    and are not in the gap. ``units`` are those with rows in the group, ``n`` the persons of counted outcomes. Of
    participants, ``reached`` is how many take part and ``n`` for how many it is meant.

    Raises
    ------
    DataError
        If the table has nothing to hold the initiative against, or lacks a cell that the design cannot do without.
    """
    _demand_two_sides(evaluation, panel)
    ids = [level.id for level in groups]
    levels = [*ids, UNKNOWN] if (panel.group == len(ids)).any() else ids
    found = _found(evaluation, panel, levels)
    made = [*_of_groups(evaluation, panel, found, levels), *_of_gap(evaluation, panel, found, len(ids))]
    if participants:
        made += _of_participants(evaluation, participants, ids)
    return pa.Table.from_pylist(made, SCHEMA)


def _sides(evaluation: Evaluation, panel: Panel) -> dict[str, Whole]:
    """For each row, by column: without (0) or with (1) the initiative, and before (0) or after (1) its start."""
    named, made = evaluation.columns.named, dict[str, Whole]()
    if panel.treated is not None:
        made[named["treated"]] = panel.treated
    if panel.period is not None and panel.start is not None:
        made[named["period"]] = (panel.period >= panel.start).astype(np.int64)
    return made


def _demand_two_sides(evaluation: Evaluation, panel: Panel) -> None:
    for column, side in _sides(evaluation, panel).items():
        if len(np.unique(side)) < 2:
            raise DataError([Problem("one_side", panel.file, column=column)])
        if panel.unit is None or evaluation.design == "interrupted":
            continue
        if min(len(np.unique(panel.unit[side == k])) for k in (0, 1)) < 2:
            raise DataError([Problem("one_unit", panel.file, column=evaluation.columns.unit)])


def _found(evaluation: Evaluation, panel: Panel, levels: Sequence[str]) -> _Found:
    match evaluation.design:
        case "staggered":
            return _staggered(evaluation, panel, levels)
        case "interrupted":
            return _interrupted(evaluation, panel, levels)
        case _:
            return _compared(evaluation, panel, len(levels))


def _compared(evaluation: Evaluation, panel: Panel, levels: int) -> _Found:
    sides = [*_sides(evaluation, panel).values()]
    shape = (*(2 for _ in sides), levels)
    cell = np.ravel_multi_index((*sides, panel.group), shape)
    given: tuple[Any, ...]
    if panel.unit is None and panel.events is not None:
        made = _of_counts(evaluation, panel, cell, shape)
        given, way = (made.value, made.se**2), ("independent persons", "normal")
    else:
        given = (_of_units(panel, cell, shape),)
        way = ("rows" if panel.unit is None else "clustered by unit", "student t")
    fewest = _events(panel, cell, shape).reshape(-1, levels).min(0)
    if evaluation.design == "difference_in_differences":
        effect = difference_in_differences(*given, trend=evaluation.trend)
        return _Found(effect, (f"{evaluation.design} {evaluation.trend}", *way), fewest)
    return _Found(contrast(*given), (evaluation.design, *way), fewest)


def _of_counts(evaluation: Evaluation, panel: Panel, cell: Array, shape: tuple[int, ...]) -> Values:
    """Shares or rates of each cell, all persons counted together."""
    n = np.bincount(cell, panel.weight, int(np.prod(shape))).reshape(shape)
    events = _events(panel, cell, shape)
    return (proportion if evaluation.unit == "percent" else rate)(events, n).scaled(SCALE[evaluation.unit])


def _of_units(panel: Panel, cell: Array, shape: tuple[int, ...]) -> Clustered:
    """Means of each cell over units, with their covariance and its degrees of freedom."""
    unit = np.arange(len(cell)) if panel.unit is None else panel.unit
    value, weight = _means((unit, cell), panel, (int(unit.max()) + 1, int(np.prod(shape))))
    return clustered(value, weight)


def _events(panel: Panel, cell: Array, shape: tuple[int, ...]) -> Floats:
    """Events of each cell; of an outcome that is not counted there is no telling, and never too few."""
    if panel.events is None:
        return np.full(shape, np.inf)
    return np.asarray(np.bincount(cell, panel.events, int(np.prod(shape))).reshape(shape), float)


def _means(index: tuple[Array, ...], panel: Panel, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Weighted means of the rows that fall together, NaN where there are none, and what they count for."""
    at, cells = np.ravel_multi_index(index, shape), int(np.prod(shape))
    weight, total = (np.bincount(at, part, cells) for part in (panel.weight, panel.weight * panel.value))
    mean = np.divide(total, weight, out=np.full(cells, np.nan), where=weight > 0)
    return mean.reshape(shape), np.asarray(weight.reshape(shape), float)


def _staggered(evaluation: Evaluation, panel: Panel, levels: Sequence[str]) -> _Found:
    assert panel.unit is not None
    assert panel.period is not None
    assert panel.first is not None
    at = np.unique(panel.unit, return_index=True)[1]
    earliest, times = int(panel.period.min()), int(np.ptp(panel.period)) + 1
    value, _ = _means((panel.group, panel.unit, panel.period - earliest), panel, (len(levels), len(at), times))
    begins = panel.first[at] - earliest
    begins = np.where(begins < times, begins, np.nan)  # who begins after the last period has not begun in any
    _demand_no_holes(evaluation, panel, np.where(begins[:, None] <= 0, 0.0, value), levels, earliest)
    try:
        effect = staggered(value, begins, comparison=evaluation.comparison).overall()
    except ValueError:
        raise DataError([Problem("nothing_to_compare", panel.file, column=evaluation.columns.first)]) from None
    smallest = np.unique(begins[begins > 0], return_counts=True)[1].min()
    if smallest < 2 or (evaluation.comparison == "never" and np.isnan(begins).sum() < 2):
        raise DataError([Problem("one_in_cohort", panel.file, column=evaluation.columns.first)])
    way = (f"staggered {evaluation.comparison}", "clustered by unit", "student t")
    return _Found(effect, way, np.full(len(levels), np.inf), bool(smallest < FEWEST_UNITS))


def _interrupted(evaluation: Evaluation, panel: Panel, levels: Sequence[str]) -> _Found:
    assert panel.period is not None
    assert panel.start is not None
    earliest, times = int(panel.period.min()), int(np.ptp(panel.period)) + 1
    before, terms = panel.start - earliest, 4 if evaluation.cycle is None else 6
    if not 2 <= before <= times - 2 or times <= terms:
        counts = {"before": before, "after": times - before, "needed": terms + 1}
        raise DataError([Problem("few_periods", panel.file, column=evaluation.columns.period, values=counts)])
    value, _ = _means((panel.group, panel.period - earliest), panel, (len(levels), times))
    _demand_no_holes(evaluation, panel, value[:, None], levels, earliest)
    way = ("interrupted", "mean over correlations", f"student t({times - terms})")
    effect = interrupted(value, before, cycle=evaluation.cycle)
    return _Found(effect, way, np.full(len(levels), np.inf), times < FEWEST_TIMES)


def _demand_no_holes(evaluation: Evaluation, panel: Panel, value: Array, levels: Sequence[str], earliest: int) -> None:
    """Every group must have a figure in every period, in each unit where units are followed."""
    column, followed = evaluation.columns.unit, evaluation.design == "staggered"
    problems = [
        Problem(
            "hole",
            panel.file,
            column=column if followed else evaluation.columns.period,
            value=panel.units[unit] if followed else None,
            values={"group": levels[level], "period": panel.label(earliest + int(time))},
        )
        for level, unit, time in np.argwhere(np.isnan(value))[:MOST]
        if levels[level] != UNKNOWN
    ]
    if problems:
        raise DataError(problems)


def _of_groups(evaluation: Evaluation, panel: Panel, found: _Found, levels: Sequence[str]) -> list[dict[str, Any]]:
    """Two rows for each group: the effect in the outcome's unit, and as a ratio."""
    both, sign = (found.effect.absolute, found.effect.relative), 1 if evaluation.polarity == "lower_is_better" else -1
    without, reached = np.split(found.effect.means.value, 2)
    rows = []
    for k, level in enumerate(levels):
        rest = {"part": "group", "level": level, "without": without[k], "reached": reached[k]}
        rest |= _size(panel, panel.group == k)
        absolute, relative = (made.at(k) for made in both)
        verdict = {1: "worse", -1: "better"}.get(sign * _sure(absolute, 0.0), "uncertain")
        few = bool(found.fewest[k] < FEWEST_EVENTS)
        rows.append(_row(evaluation, found, absolute, "effect", verdict=verdict, **rest))
        verdict = {1: "worse", -1: "better"}.get(sign * _sure(relative, 1.0), "uncertain")
        rows.append(_row(evaluation, found, relative, "relative_effect", few=few, verdict=verdict, **rest))
    return rows


def _sure(made: Values, null: float) -> int:
    return int(made.lower > null) - int(made.upper < null)


def _of_gap(evaluation: Evaluation, panel: Panel, found: _Found, ranked: int) -> list[dict[str, Any]]:
    """The gap in absolute and in relative terms, between the groups that are ranked."""
    names = GAPS[evaluation.gap]
    weight = np.bincount(panel.group, panel.weight * _reached(panel), ranked)[:ranked]
    absolute, relative = (MEASURES[name] for name in names)
    effect = _ranked(found.effect, ranked)
    made = narrowing(effect, polarity=evaluation.polarity, absolute=absolute, relative=relative, weight=weight)
    few = bool(found.fewest[:ranked].min() < FEWEST_EVENTS)
    return [
        _row(
            evaluation,
            found,
            gap.change,
            name,
            few=few and gap is made.relative,
            verdict=str(gap.word),
            part="gap",
            together=str(made.word),
            without=gap.without.value,
            reached=gap.reached.value,
            **_size(panel, panel.group < ranked),
        )
        for name, gap in zip(names, (made.absolute, made.relative), strict=True)
    ]


def _reached(panel: Panel) -> Array:
    """Which rows are of those whom the initiative reaches at some time."""
    if panel.treated is not None:
        return panel.treated
    return np.ones(len(panel.group)) if panel.first is None else ~np.isnan(panel.first)


def _ranked(effect: Effect, ranked: int) -> Effect:
    """The effect on the first levels alone."""
    levels = effect.means.value.shape[-1] // 2
    kept = np.concatenate([np.arange(ranked), levels + np.arange(ranked)])
    means = Contributions(effect.means.value[kept], effect.means.covariance[np.ix_(kept, kept)])
    return Effect(means, effect.quantile)


def _of_participants(
    evaluation: Evaluation, participants: tuple[Floats, Floats], ids: Sequence[str]
) -> list[dict[str, Any]]:
    """A row for each group and measure: 1 is as it should be, below 1 the group is reached less."""
    made, (taking, target) = representation(*participants), participants
    return [
        _row(
            evaluation,
            None,
            values.at(k),
            f"representation_{name}",
            verdict={1: "more", -1: "less"}.get(_sure(values.at(k), 1.0), "uncertain"),
            part="participants",
            level=level,
            reached=taking[k],
            n=target[k],
        )
        for name, values in (("index", made.index), ("ratio", made.ratio))
        for k, level in enumerate(ids[:-1] if name == "ratio" else ids)  # the best-off have no ratio to themselves
    ]


def _size(panel: Panel, of: Array) -> dict[str, Any]:
    units = None if panel.unit is None else len(np.unique(panel.unit[of]))
    return {"units": units, "n": None if panel.events is None else float(panel.weight[of].sum())}


def _row(
    evaluation: Evaluation,
    found: _Found | None,
    made: Values,
    measure: str,
    *,
    few: bool = False,
    **rest: Any,
) -> dict[str, Any]:
    """A row; a number that does not exist is null and flagged, and then there is no verdict."""
    relative = measure not in {"effect", GAPS["ends"][0], GAPS["line"][0]}
    numbers = {name: float(getattr(made, name)) for name in Values.__slots__}
    numbers |= {name: float(rest.pop(name)) for name in ("without", "reached") if name in rest}
    shown = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
    way = WAYS.get(measure)
    method = (*(found.method if found else ()), *([way] if way else []))
    there = shown["value"] is not None
    doubtful = few or (found is not None and found.thin) or shown["lower"] is None or numbers["se"] < NO_SPREAD
    return {
        "evaluation": evaluation.id,
        "measure": measure,
        "unit": "ratio" if relative else evaluation.unit,
        "method": ", ".join(method),
        "flags": "not_applicable" if not there else "unreliable" if doubtful else "",
        **rest,
        **shown,
        **({} if there else dict.fromkeys({"verdict", "together"} & rest.keys())),
    }
