"""Persons who stand in two periods: how the groups' shares in the first and in the last go together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SEXES, Grid, Index, Placed, position
from lighed.analysis.indicators import Groups, standard_weights
from lighed.analysis.summarise import HOLDING
from lighed.catalogue import Catalogue
from lighed.catalogue.areas import parent_of
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, Indicator
from lighed.stats.intervals import Array
from lighed.store.engine import AGE_BANDS


def counted_twice(indicator: Indicator) -> bool:
    """Say whether those in both periods are counted: for a rate, events that come again are not in its interval."""
    return indicator.basis == "person" and indicator.kind == "proportion"


def places(catalogue: Catalogue, years: dict[str, int]) -> pa.Table:
    """Return the municipalities in the ``first`` and in the ``last`` year, and the areas above them."""
    rows: list[dict[str, Any]] = [
        {"year": year, "end": end, "area": code}
        | {kind: parent_of(catalogue.areas, code, kind, year) for kind in HOLDING[1:]}
        for end, year in years.items()
        for code, area in catalogue.areas.items()
        if area.kind == "municipality"
    ]
    return pa.Table.from_pylist(rows)


def correlated(groups: Groups, placed: Placed, summary: Summary, twice: Summary, catalogue: Catalogue) -> Groups:
    """Return the groups with the correlation of their first and their last period, for the indicators of `twice`.

    What each person in both moves the share of the group by, then and now, is multiplied and added up.
    """
    grid, (row, first, last) = groups.grid, _standing(groups.grid, twice)
    n, events = (placed.counts(grid, summary, name).reshape(*grid.groups, -1) for name in ("n", "events"))
    weights, indicator = standard_weights(grid, catalogue, n), np.arange(len(grid.indicators))
    asked = np.array([i.standardise is not None for i in grid.indicators])[:, None, None, None]
    (mean, pull), (mean_last, pull_last) = (
        _pulls(n[indicator, at], events[indicator, at], weights[:, None, None], asked) for at in groups.span
    )
    persons, had, has, both = (twice.table[name].to_numpy()[row] for name in twice.statistics)
    before, after = mean.ravel()[first], mean_last.ravel()[last]
    product = (both - before * has - after * had + before * after * persons) * pull.ravel()[first]
    shape, cells, levels = (*mean.shape[:3], len(grid.levels)), n.shape[-1], len(grid.levels)
    pair = first // cells * levels + last // cells % levels
    found = np.bincount(pair, product * pull_last.ravel()[last], int(np.prod(shape))).reshape(shape)
    counted = np.isin([i.id for i in grid.indicators], pc.unique(twice.table["indicator"]).to_pylist())
    return replace(groups, correlation=np.where(counted[:, None, None, None], found, np.nan))


def _pulls(n: Array, events: Array, weights: Array, asked: Array) -> tuple[Array, Array]:
    """The mean that persons of each cell are held against, and what one of them counts for in the group's errors."""
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(asked, events / n, events.sum(-1, keepdims=True) / n.sum(-1, keepdims=True))
        mean, pull = np.where(n > 0, mean, 0.0), np.where(n > 0, np.where(asked, weights / n, 1.0), 0.0)
        error = np.sqrt((pull**2 * (events * (1 - 2 * mean) + n * mean**2)).sum(-1, keepdims=True))
        return mean, np.where(error > 0, pull / error, 0.0)


def _standing(grid: Grid, twice: Summary) -> tuple[Index, Index, Index]:
    """Rows of `twice`, once in each area that holds them, and their cells of a period of the grid, first and last."""
    table, found = twice.table, []
    shape = tuple(np.delete(grid.shape, 1))
    indicator, sex = position(table["indicator"], [i.id for i in grid.indicators]), position(table["sex"], SEXES)
    country = np.full(table.num_rows, grid.areas.index(COUNTRY) if COUNTRY in grid.areas else -1)
    for area in (*(position(table[kind], grid.areas) for kind in HOLDING), country):
        ends = [
            [indicator, area, position(table[f"level{end}"], grid.levels), sex, position(table[f"age{end}"], AGE_BANDS)]
            for end in ("", "_last")
        ]
        row = np.flatnonzero(np.min(ends, axis=(0, 1)) >= 0)
        found.append([row, *(np.ravel_multi_index(tuple(at[row] for at in end), shape) for end in ends)])
    rows, first, last = (np.concatenate(part) for part in zip(*found, strict=True))
    return rows, first, last
