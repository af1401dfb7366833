"""Additive statistics per cell: the only thing that leaves an engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Summary:
    """Dimension columns on the left, additive integer statistics on the right.

    Summaries of disjoint populations may be added: any engine, any partition and any federation of municipalities
    gives the same table. ``partitions`` names the dimensions that divide persons; over the others (years, for the same
    persons live in several) distinct persons do not add up, and ``collapse`` refuses.

    Examples
    --------
    >>> cells = pa.table({"sex": ["m", "f"], "year": [2024, 2024], "n": [3, 4]})
    >>> one = Summary(("sex", "year"), ("n",), cells, ("sex",))
    >>> (one + one).collapse("sex").table.to_pylist()
    [{'year': 2024, 'n': 14}]
    >>> one.collapse("year")
    Traceback (most recent call last):
    ValueError: persons stand in several cells of ['year'], so they cannot be added up over it
    >>> one.dense({"year": [2023, 2024], "sex": ["f", "m"]})["n"].tolist()
    [[0, 0], [4, 3]]
    """

    dims: tuple[str, ...]
    statistics: tuple[str, ...]
    table: pa.Table
    partitions: tuple[str, ...]

    def __add__(self, other: Summary) -> Summary:
        assert (self.dims, self.statistics) == (other.dims, other.statistics), "summaries of different shapes"
        table = pa.concat_tables([self.table, other.table], promote_options="default")
        return Summary(self.dims, self.statistics, _total(table, self.dims, self.statistics), self.partitions)

    def of(self, indicators: Iterable[str]) -> Summary:
        """Keep the rows of some indicators."""
        kept = pc.is_in(self.table["indicator"], value_set=pa.array(indicators, pa.string()))
        return Summary(self.dims, self.statistics, self.table.filter(kept), self.partitions)

    def collapse(self, *dims: str) -> Summary:
        """Sum over `dims`, which must divide persons."""
        overlapping = set(dims) - set(self.partitions)
        if overlapping:
            raise ValueError(
                f"persons stand in several cells of {sorted(overlapping)}, so they cannot be added up over it"
            )
        left = tuple(dim for dim in self.dims if dim not in dims)
        partitions = tuple(dim for dim in self.partitions if dim not in dims)
        return Summary(left, self.statistics, _total(self.table, left, self.statistics), partitions)

    def dense(self, axes: dict[str, list[Any]]) -> dict[str, npt.NDArray[np.int64]]:
        """Return each statistic as an array with one axis per dimension, 0 where no one stands.

        Parameters
        ----------
        axes
            For every dimension, in the wanted order of axes, the values along it. Rows with other values are left out.
        """
        assert set(axes) == set(self.dims), f"axes {list(axes)} for the dimensions {self.dims}"
        shape = tuple(len(values) for values in axes.values())
        flat, kept = np.zeros(self.table.num_rows, np.int64), np.ones(self.table.num_rows, bool)
        for (dim, values), size in zip(axes.items(), shape, strict=True):
            position = pc.index_in(self.table[dim], value_set=pa.array(values, _plain(self.table[dim].type)))
            at = pc.fill_null(position, -1).to_numpy()
            kept &= at >= 0
            flat = flat * size + np.maximum(at, 0)
        return {name: self._scattered(name, flat, kept, shape) for name in self.statistics}

    def _scattered(
        self, name: str, flat: npt.NDArray[np.int64], kept: npt.NDArray[np.bool_], shape: tuple[int, ...]
    ) -> npt.NDArray[np.int64]:
        cells = np.zeros(int(np.prod(shape)), np.int64)
        np.add.at(cells, flat[kept], self.table[name].to_numpy()[kept])
        return cells.reshape(shape)


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _total(table: pa.Table, dims: tuple[str, ...], statistics: tuple[str, ...]) -> pa.Table:
    sums = table.group_by(list(dims), use_threads=False).aggregate([(name, "sum") for name in statistics])
    return sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names]).select([*dims, *statistics])
