"""Cells as arrays: one axis each for indicator, period, area, level, sex and age.

A ``Summary`` has municipalities; a ``Grid`` has the areas that are shown. Each row of the summary is placed in every
area that it belongs to in its year (municipality, region, municipality group, country), so that a change of regions
is a matter of dates in a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed.catalogue.areas import members, parent_of
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, UNKNOWN, Area, Indicator, Stratifier
from lighed.store.engine import AGE_BANDS

SEXES = ("female", "male", UNKNOWN)
PERSONAL: dict[str, Sequence[object]] = {"sex": SEXES, "age": AGE_BANDS}
SHOWN_PARENTS = ("region", "municipality_group")

Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Grid:
    """The axes of the cells of some indicators for one stratifier; levels are [None] for everybody together."""

    indicators: tuple[Indicator, ...]
    periods: tuple[int, ...]
    areas: tuple[str, ...]
    levels: tuple[str | None, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes along indicator, period, area, level, sex and age."""
        return (*self.groups, len(SEXES), len(AGE_BANDS))

    @property
    def groups(self) -> tuple[int, ...]:
        """Sizes along indicator, period, area and level."""
        return len(self.indicators), len(self.periods), len(self.areas), len(self.levels)

    @property
    def ranked(self) -> slice:
        """The levels that are compared: all but the unknown one, which stands last."""
        return slice(0, len(self.levels) - (1 if self.levels[-1] == UNKNOWN else 0))


@dataclass(frozen=True, slots=True)
class Placed:
    """Where in a grid the rows of a summary go: ``row`` of the summary into ``cell`` of the grid."""

    row: Index
    cell: Index

    def counts(self, grid: Grid, summary: Summary, statistic: str) -> npt.NDArray[np.int64]:
        """Add up a statistic over the rows of each cell; exact, for sums stay below 2^53."""
        return self._added(self.cell, summary, statistic, grid.shape)

    def sums(self, grid: Grid, summary: Summary, statistic: str) -> npt.NDArray[np.int64]:
        """Add up a statistic over the rows of each group, of every sex and age."""
        return self._added(self.cell // int(np.prod(grid.shape[-2:])), summary, statistic, grid.groups)

    def _added(self, place: Index, summary: Summary, statistic: str, shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
        values = summary.table[statistic].to_numpy()[self.row]
        return np.bincount(place, values, int(np.prod(shape))).astype(np.int64).reshape(shape)


def shown_areas(areas: dict[str, Area], municipalities: Sequence[str], periods: Sequence[int]) -> tuple[str, ...]:
    """Return the areas that a build shows: its municipalities, and those above them of which it has every part.

    A municipality that holds only its own persons gets no region and no country out of them; figures to compare with
    come from published tables.
    """
    above = [COUNTRY, *(code for kind in SHOWN_PARENTS for code, area in areas.items() if area.kind == kind)]
    whole = [code for code in above if any(_has_all(areas, code, municipalities, year) for year in periods)]
    return (*whole, *municipalities)


def _has_all(areas: dict[str, Area], code: str, municipalities: Sequence[str], year: int) -> bool:
    parts = set(members(areas, code, year))
    return bool(parts) and parts <= set(municipalities)


def place(grid: Grid, summary: Summary, areas: dict[str, Area], by_area: Stratifier | None = None) -> Placed:
    """Find the cells of a grid that each row of a summary belongs to.

    With `by_area`, the levels are groups of areas: a row's level is then that of its municipality, and the grid has the
    country only.
    """
    table = summary.table
    everybody = table["sex"].is_null().to_numpy()  # whose cells are added up to groups, and to nothing smaller
    fixed = [
        position(table["indicator"], [i.id for i in grid.indicators]),
        position(table["period"], list(grid.periods)),
        *(np.where(everybody, 0, position(table[name], values)) for name, values in PERSONAL.items()),
    ]
    if by_area:
        (crosswalk,) = by_area.crosswalks
        of = {code: level for level, codes in crosswalk.levels.items() for code in codes}
        level = _translated(table["area"], of, list(grid.levels))
        kinds = [_area_position(grid, table, areas, COUNTRY)]
    else:
        level = (
            position(table["level"], list(grid.levels)) if grid.levels != (None,) else np.zeros(table.num_rows, np.intp)
        )
        kinds = [_area_position(grid, table, areas, kind) for kind in ("municipality", *SHOWN_PARENTS, COUNTRY)]
    rows, cells = [], []
    for area in kinds:
        at = [fixed[0], fixed[1], area, level, fixed[2], fixed[3]]
        row = np.flatnonzero(np.all([position >= 0 for position in at], axis=0))
        rows.append(row)
        cells.append(np.ravel_multi_index(tuple(position[row] for position in at), grid.shape))
    return Placed(np.concatenate(rows), np.concatenate(cells))


def position(column: pa.ChunkedArray, values: Sequence[object]) -> Index:
    """Return where each value of a column stands among `values`; −1 for one that is not there."""
    found = pc.index_in(column, value_set=pa.array(list(values), column.type))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), np.intp)


def _translated(column: pa.ChunkedArray, of: dict[str, str], values: list[str | None]) -> Index:
    words = column.combine_chunks().dictionary_encode()
    position = {value: k for k, value in enumerate(values)}
    places = np.array([position.get(of.get(word, ""), -1) for word in words.dictionary.to_pylist()] or [-1], np.intp)
    return places[np.asarray(words.indices.to_numpy(), np.intp)] if len(words) else np.zeros(0, np.intp)


def _area_position(grid: Grid, table: pa.Table, areas: dict[str, Area], kind: str) -> Index:
    if kind == COUNTRY:
        known = [code for code, area in areas.items() if area.kind == "municipality"]
        inside = position(table["area"], known) >= 0
        return np.where(inside, grid.areas.index(COUNTRY) if COUNTRY in grid.areas else -1, -1)
    codes = [code for code, area in areas.items() if area.kind == "municipality"]
    shown = {code: k for k, code in enumerate(grid.areas)}
    if kind == "municipality":
        target = np.array([[shown.get(code, -1) for code in codes]] * len(grid.periods), np.intp)
    else:
        target = np.array(
            [[shown.get(parent_of(areas, code, kind, year) or "", -1) for code in codes] for year in grid.periods],
            np.intp,
        )
    municipality, period = position(table["area"], codes), position(table["period"], list(grid.periods))
    inside = (municipality >= 0) & (period >= 0)
    return np.where(inside, target[np.maximum(period, 0), np.maximum(municipality, 0)], -1)
