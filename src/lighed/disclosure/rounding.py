"""Small counts rounded so that everything still adds up, for a release of which hiding would hide too much.

Only the small counts of the finest table change, to nothing or to the base, and whatever is shown is a sum of the new
table. So sums give nothing away, and neither does any measure that is worked out of it. Each indicator, period and
municipality is rounded for itself, so that it stays as it was when others come or change.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import block_array, csc_array, csr_array

from lighed.analysis.finest import BETWEEN
from lighed.catalogue import Catalogue
from lighed.core.errors import ReleaseError
from lighed.core.estimates import SCHEMA, Estimates
from lighed.core.summary import Summary
from lighed.core.types import Policy
from lighed.disclosure.audit import unequal
from lighed.disclosure.ledger import KEYS, Ledger, as_before

Array = npt.NDArray[Any]

TABLE = ("indicator", "period", "area")  # what is rounded for itself

PARTNERS = 60  # how many cells a partner is sought for when none alone makes the totals better


def rounding(policy: Policy) -> Callable[[Summary], Summary] | None:
    """Return what rounds the finest tables of a release; nothing where the policy does not ask for it."""
    return partial(small_gone, base=policy.base) if policy.mode == "round" else None


def small_gone(summary: Summary, base: int) -> Summary:
    """Return a finest table (see ``analysis.finest``) with persons with the thing and those without it rounded.

    Cells of one of the `TABLE` are rounded together, near in persons and cases of every level of every dimension; a
    statistic that is no count of persons is 0.

    Examples
    --------
    >>> cells = {"indicator": ["F6.1"] * 2, "period": [2025] * 2, "area": ["0101"] * 2, "level": ["short", "long"]}
    >>> table = pa.table(cells | {"n": [30, 22], "events": [3, 2]})
    >>> after = small_gone(Summary((*TABLE, "level"), ("n", "events"), table, ("level",)), 5)
    >>> [after.table[name].to_pylist() for name in ("level", "n", "events")]
    [['long', 'short'], [20, 32], [0, 5]]
    """
    table = summary.table.sort_by([(name, "ascending") for name in (*TABLE, "level")])
    events = table["events"].to_numpy()
    count = np.stack([events, table["n"].to_numpy() - events])
    level = pc.split_pattern(table["level"], BETWEEN).to_pylist()
    for one in _blocks(table):
        totals = _figures(np.array(level[one]))
        count[:, one] = rounded(totals, count[:, one].ravel(), base).reshape(2, -1)
    new = {"n": count.sum(0), "events": count[0]}
    for name in summary.statistics:
        given = new.get(name, np.zeros_like(events))
        table = table.set_column(table.schema.get_field_index(name), name, pa.array(given, pa.int64()))
    return Summary(summary.dims, summary.statistics, table.filter(pc.greater(table["n"], 0)), summary.partitions)


def _blocks(table: pa.Table) -> list[slice]:
    """The rows that are rounded together."""
    sizes = table.group_by(list(TABLE), use_threads=False).aggregate([([], "count_all")])["count_all"].to_pylist()
    return [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes), strict=True)]


def _figures(level: Array) -> csr_array:
    """The cases, and the persons, of all cells and of every level, shape (2 figure, 2 cell): with the thing, without.

    `level` has the levels of each cell, shape (cell, dimension).
    """
    cells = len(level)
    columns = [np.zeros(cells, int), *(np.unique(column, return_inverse=True)[1] for column in level.T)]
    first = np.cumsum([0, *(column.max() + 1 for column in columns)])
    figure = np.concatenate([column + start for column, start in zip(columns, first, strict=False)])
    cell = np.tile(np.arange(cells), len(columns))
    sums = csr_array((np.ones(len(cell)), (figure, cell)), shape=(first[-1], cells))
    return csr_array(block_array([[sums, None], [sums, sums]]))


def rounded(totals: csr_array, value: Array, base: int) -> Array:
    """Return the counts with those below `base` changed to 0 or `base`, so that all totals stay near.

    Near by the sum of squares: from nothing, the cell is changed that betters it most, then two at once, until neither
    helps. The same counts give the same result.

    Parameters
    ----------
    totals : shape (total, cell)
        Which cells each figure that is shown is the sum of, the cells themselves among them where they are shown.
    value : array, shape (cell,)
        The counts of the finest table, in which every person stands once.
    base
        The smallest count that may be shown, besides 0.

    Returns
    -------
    array, shape (cell,)
        The new counts: ``totals @`` them is what is shown.

    References
    ----------
    Langsrud Ø, Heldal J. An algorithm for small count rounding of tabular data. Privacy in Statistical Databases 2018.
    The choice of cells is another here.

    Examples
    --------
    Two groups of three and one of twelve, with their total of 18.

    >>> totals = csr_array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]])
    >>> rounded(totals, np.array([3, 3, 12]), 5).tolist()
    [5, 0, 12]
    """
    small = np.flatnonzero((value > 0) & (value < base))
    sums = csc_array(totals[:, small] * float(base))
    up, gap = np.zeros(len(small), bool), (totals[:, small] @ value[small]).astype(float)
    square = (sums * sums).sum(axis=0)
    while len(flipped := _better(sums, up, gap, square)):
        gap -= sums[:, flipped] @ np.where(up[flipped], -1, 1)
        up[flipped] ^= True
    new = value.copy()
    new[small] = base * up
    return new


def _better(sums: csc_array, up: Array, gap: Array, square: Array) -> Array:
    """The cell, or else two, that make the sum of squares smallest when flipped; none if no flip makes it smaller."""
    sign = np.where(up, -1, 1)
    gain = 2 * sign * (gap @ sums) - square
    if gain.max(initial=0) > 0:
        return np.argmax(gain, keepdims=True)
    for one in np.argsort(-gain, kind="stable")[:PARTNERS]:
        together = gain[one] + gain - 2 * sign[one] * sign * (sums[:, [one]].T @ sums).toarray()[0]
        together[one] = 0
        if together.max() > 0:
            return np.array([one, np.argmax(together)])
    return np.zeros(0, int)


def checked(
    estimates: Estimates, kept: Estimates, policy: Policy, catalogue: Catalogue, ledger: Ledger
) -> dict[str, Any]:
    """Return the audit record of rounded estimates, or refuse what is not rounded: a small count, an exact total.

    How far the figures are from what is `kept` behind them is told so roughly that it gives none of them away.

    Raises
    ------
    ReleaseError
        If there are no counts, or some that were not rounded, or some that an earlier release showed otherwise.
    """
    crude = estimates.where(measure="crude")
    shown, exact = (_of_groups(rows.table) for rows in (crude, kept))
    at = pc.index_in(shown, value_set=exact)
    others = [name for name in estimates.distinct("indicator") if not catalogue.indicators[name].of_counts]
    if others or at.null_count or crude.table["n"].null_count or not len(crude):
        raise ReleaseError("not_rounded", indicators=", ".join(others) or "–")
    small, sums = _small(estimates, policy.base), unequal(estimates, catalogue)
    if small or sums:
        raise ReleaseError("rounding_unsafe", small=small, sums=sums)
    as_before(estimates, ledger)
    off = np.abs(_counts(crude.table) - _counts(kept.table)[at.to_numpy()])
    largest = policy.base * int(np.ceil(off.max() / policy.base))
    found = {"cells": len(crude), "small": small, "unequal_sums": sums, "earlier": ledger.releases}
    return found | {"hidden_figures": 0, "largest_change": largest, "mean_change": int(np.ceil(off.mean()))}


def _of_groups(table: pa.Table) -> pa.Array:
    """One word for each row, that says which group it is of."""
    words = (pc.fill_null(table[name].cast(pa.string()), "") for name in KEYS if name != "measure")
    return pc.binary_join_element_wise(*words, "|").combine_chunks()


def _counts(table: pa.Table) -> Array:
    """Persons and cases, shape (row, 2)."""
    return np.stack([table[name].to_numpy() for name in ("n", "events")], -1)


def _small(estimates: Estimates, base: int) -> int:
    """How many rows have a small count of cases or of persons without the thing; few persons are one or the other."""
    n, events = _counts(Estimates(estimates.table.filter(pc.is_valid(estimates.table["n"]))).table).T
    counts = np.stack([events, n - events])
    return int(((counts > 0) & (counts < base)).any(0).sum())


def said_rounded(shown: Estimates) -> Estimates:
    """Return the rows, each with a word in its method that its numbers are worked out of rounded counts.

    Examples
    --------
    >>> said_rounded(Estimates.of(method=["wilson", None])).table["method"].to_pylist()
    ['wilson, rounded counts', 'rounded counts']
    """
    words = pc.fill_null(shown.table["method"].cast(pa.string()), "")
    told = pc.binary_join_element_wise(words, "rounded counts", ", ").combine_chunks()
    told = pc.utf8_ltrim(told, characters=", ").dictionary_encode()
    at, field = SCHEMA.get_field_index("method"), SCHEMA.field("method")
    return Estimates(shown.table.set_column(at, field, told.cast(field.type)))
