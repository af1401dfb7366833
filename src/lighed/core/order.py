"""Rows in the order of their words: each word is put in its place once, and of the rows numbers are compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

MOST = 2**62  # a number of 64 bits has room for one more


def in_order(table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Put the rows of a table in the order of some columns, the first counts most; what is missing comes last.

    Rows that are alike stay as they stood.

    Examples
    --------
    >>> table = pa.table({"area": ["0147", None, "0101", "0101"], "year": [2024, 2024, 2025, 2024]})
    >>> in_order(table, ["area", "year"]).to_pydict()
    {'area': ['0101', '0101', '0147', None], 'year': [2024, 2025, 2024, 2024]}
    """
    key, size = np.zeros(table.num_rows, np.int64), 1
    for name in names:
        rank, known = _ranks(table[name])
        if size * known > MOST:
            values, key = np.unique(key, return_inverse=True)
            size = len(values)
        key, size = key * known + rank, size * known
    return table.take(pa.array(np.argsort(key, kind="stable")))


def _ranks(column: pa.ChunkedArray) -> tuple[npt.NDArray[Any], int]:
    """Return the place of each value among those that occur, the missing after all, and how many places there are."""
    values = column.combine_chunks()
    words = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    known = len(words.dictionary)
    place = np.empty(known, np.int64)
    place[pc.sort_indices(words.dictionary).to_numpy()] = np.arange(known)
    at = pc.fill_null(words.indices.cast(pa.int64()), known).to_numpy()
    return np.append(place, known)[at], known + 1
