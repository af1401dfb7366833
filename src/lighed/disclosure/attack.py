"""What a reader can work out of a table with hidden cells: the audit of what is about to be shown.

It knows nothing of how the hidden cells were chosen, and shares no code with what chose them. The reader is taken to
know every sum, every number that is shown, how what was printed of a measure was rounded, and that counts are whole and
not below 0. Measures that are no sum of counts are not its business: they are shown only if all their counts are.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array, csr_array, vstack
from scipy.sparse.csgraph import connected_components

Array = npt.NDArray[Any]

GUARD = 1e-6  # how far from a whole number the end of an interval may be that a solver finds
ROUNDS = 3  # of holding the cells against each row: enough for most ends, and the solver finds the others
OPTIMAL, UNBOUNDED = 0, 3  # what scipy calls them
EXACTLY = {"mip_rel_gap": 0.0}
QUIETLY: dict[str, bool | int | str] = {"output_flag": False, "threads": 1, "presolve": "off"}
HEAP = 400  # unknowns that are tried at once
TABLES = 40  # tables that are tried for all of them, before each is tried alone


def intervals(
    rows: csr_array,
    shown: Array,
    lower: Array | float = 0.0,
    upper: Array | float = 0.0,
    *,
    asked: Array | None = None,
    least: Array | float = 0.0,
    narrow: float = np.inf,
    enough: Array | None = None,
) -> tuple[Array, Array]:
    """Return the smallest and the largest whole number that each hidden cell can be, for all that is shown.

    Parameters
    ----------
    rows : shape (row, cell)
        What anybody knows of the cells: a sum is a whole less its parts, a measure the formula that it was made by.
    shown : array, shape (cell,)
        The numbers that are shown; NaN where one is hidden.
    lower, upper : arrays, shape (row,)
        Between which limits a row lies: 0 and 0 for a sum, the ends of what would be printed alike for a measure.
    asked : array, shape (cell,), optional
        Which of the hidden cells are attacked; without it all.
    least : array, shape (cell,)
        What the reader knows that a cell is at least: 1 of somebody's own.
    narrow
        Intervals that are as wide as this may be wider than in whole numbers, for only fractions were tried.
    enough : array, shape (3, cell), optional
        A small and a large number, and a width, with which a cell is in enough doubt: of one that reaches them in whole
        tables that agree with what is shown, the ends in these are returned, and no more is tried.

    Returns
    -------
    lower, upper : arrays, shape (cell,)
        Of a shown cell its number; infinite where nothing limits it. NaN where the solver was not sure and where no
        table agrees with what is shown, which whoever asks must take for unsafe, and of what was not asked.

    References
    ----------
    Fischetti M, Salazar JJ. Solving the cell suppression problem on tabular data with linear constraints. Management
    Science 2001;47:1008-1027. doi:10.1287/mnsc.47.7.1008.9805

    Examples
    --------
    A total of 9 of which one part is shown as 5, and twice the second less the third was printed as 2.

    >>> rows = csr_array([[1, -1, -1, -1], [0, 0, 2, -1]])
    >>> [limit.tolist() for limit in intervals(rows, np.array([9, 5, np.nan, np.nan]), [0, 1.5], [0, 2.5])]
    [[9.0, 5.0, 2.0, 2.0], [9.0, 5.0, 2.0, 2.0]]
    """
    hidden = np.isnan(shown)
    place, known = np.flatnonzero(hidden), rows @ np.where(hidden, 0.0, shown)
    ends = np.broadcast_to(lower, known.shape) - known, np.broadcast_to(upper, known.shape) - known
    floor, wanted = np.broadcast_to(least, shown.shape), hidden if asked is None else hidden & asked
    found = np.array([np.where(hidden, np.nan, shown)] * 2)
    parts = [(place[cells], lines) for cells, lines in _apart(rows[:, place]) if wanted[place[cells]].any()]
    if enough is not None:
        for at, lines in _heaped(parts):
            seen = _ends_of_tables(
                rows[lines][:, at], ends[0][lines], ends[1][lines], floor[at], wanted[at], enough[:, at]
            )
            free = wanted[at] & _free(seen, enough[:, at])
            found[:, at[free]] = seen[:, free]
    for at, lines in parts:
        left = wanted[at] & np.isnan(found[0][at])
        if left.any():
            unknown = Unknown(rows[lines][:, at], ends[0][lines], ends[1][lines], floor[at])
            for cell in np.flatnonzero(left).tolist():
                found[:, at[cell]] = unknown.interval(cell, narrow)
    return found[0], found[1]


def _heaped(parts: list[tuple[Array, Array]]) -> Iterator[tuple[Array, Array]]:
    """Parts put together up to some size, for a solver takes its time with each."""
    heap = np.cumsum([len(at) for at, _ in parts]) // HEAP
    for number in np.unique(heap):
        own = [parts[k] for k in np.flatnonzero(heap == number)]
        yield np.concatenate([at for at, _ in own]), np.concatenate([lines for _, lines in own])


def _free(seen: Array, enough: Array) -> Array:
    """Which cells are in enough doubt by what they are in tables that were seen."""
    low, high, width = enough
    return (seen[0] <= low) & (seen[1] >= high) & (seen[1] - seen[0] >= width)


def _ends_of_tables(rows: csr_array, lower: Array, upper: Array, least: Array, asked: Array, enough: Array) -> Array:
    """The smallest and the largest of each cell in tables that agree with what is shown, shape (lower or upper, cell).

    In each table about half of the cells that are not in doubt are to be large and the others small, as far as it goes.
    """
    low, high, width = enough
    rng, solver = np.random.default_rng(1), _solver(csc_array(rows), lower, upper, least)
    count, cells = len(least), np.arange(len(least), dtype=np.int32)
    seen = np.stack([np.full(count, np.inf), np.full(count, -np.inf)])
    pushed = 1.0
    for _ in range(TABLES):
        open_ = asked & ~_free(seen, enough)
        if not open_.any():
            break
        lacks = seen[0] > low, (seen[1] < high) | (seen[1] < low + width)
        up = open_ & lacks[1] & (~lacks[0] | (rng.random(count) < 0.5))
        down = open_ & ~up
        chosen = rng.random(count) < pushed
        solver.changeColsBounds(
            count,
            cells,
            np.where(down & chosen, np.maximum(least, low), least),
            np.where(up & chosen, np.maximum(high, low + width), np.inf),
        )
        solver.changeColsCost(count, cells, chosen * (1.0 * down - up))
        solver.run()
        table = np.array(solver.getSolution().col_value)
        whole = np.round(table)
        agrees = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal and np.abs(table - whole).max() <= GUARD
        agrees = agrees and bool(((rows @ whole >= lower - GUARD) & (rows @ whole <= upper + GUARD)).all())
        pushed = 1.0 if agrees else pushed / 2
        if agrees:
            seen = np.stack([np.minimum(seen[0], whole), np.maximum(seen[1], whole)])
    return seen


def _solver(rows: csc_array, lower: Array, upper: Array, least: Array) -> highspy.Highs:
    """A solver that knows what the reader knows."""
    known = highspy.HighsLp()
    known.num_row_, known.num_col_ = rows.shape
    known.col_cost_, known.col_lower_ = np.zeros(len(least)), least.astype(float)
    known.col_upper_ = np.full(len(least), np.inf)
    known.row_lower_, known.row_upper_ = lower.astype(float), upper.astype(float)
    known.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    known.a_matrix_.start_, known.a_matrix_.index_ = rows.indptr, rows.indices
    known.a_matrix_.value_ = rows.data.astype(float)
    solver = highspy.Highs()
    for option, value in QUIETLY.items():
        solver.setOptionValue(option, value)
    solver.passModel(known)
    return solver


def _apart(rows: csr_array) -> Iterator[tuple[Array, Array]]:
    """The unknowns that hang together by rows, and these rows."""
    entry = rows.tocoo()
    first = np.full(rows.shape[0], -1)
    first[entry.row] = entry.col
    tied = csr_array((np.ones(entry.nnz), (entry.col, first[entry.row])), shape=(rows.shape[1],) * 2)
    count, part = connected_components(tied, directed=False)
    of_row = np.append(part, -1)[first]  # a row without unknowns is of none
    return zip(_grouped(part, count), _grouped(of_row, count), strict=True)


def _grouped(label: Array, count: int) -> Iterator[Array]:
    """The places of each label from 0 up."""
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(count + 1))
    return (order[start:end] for start, end in pairwise(ends))


class Unknown:
    """Unknown whole numbers x that hang together: ``lower`` ≤ ``rows`` x ≤ ``upper`` and ``least`` ≤ x."""

    def __init__(self, rows: csr_array, lower: Array, upper: Array, least: Array) -> None:
        self._known = {"constraints": LinearConstraint(rows, lower, upper), "bounds": Bounds(least, np.inf)}
        self._limits = self._limited(rows, lower, upper, least)
        endless = np.full(len(least), np.inf)
        self._seen = np.stack([endless, -endless])  # the smallest and the largest of each in tables that were found

    def interval(self, cell: int, narrow: float) -> tuple[float, float]:
        """Return the smallest and the largest that a cell can be; fractions are tried first."""
        low, high = (self._end(cell, side, whole=False) for side in (0, 1))
        if high - low >= narrow:
            return low, high
        return self._end(cell, 0, whole=True), self._end(cell, 1, whole=True)

    def _end(self, cell: int, side: int, *, whole: bool) -> float:
        """The end of a cell's interval; without the solver where a table was seen in which it is at its limit."""
        sign = 1 - 2 * side
        if self._seen[side, cell] == self._limits[side, cell]:
            return float(self._limits[side, cell])
        towards = np.zeros(self._limits.shape[1])
        towards[cell] = sign
        made = milp(towards, integrality=int(whole), options=EXACTLY, **self._known)
        if made.status == UNBOUNDED:
            return -sign * np.inf
        if made.status != OPTIMAL:
            return np.nan
        end = sign * np.ceil(sign * made.x[cell] - GUARD) + 0.0
        table = np.round(made.x)
        if np.abs(made.x - table).max() <= GUARD:
            self._seen = np.stack([np.minimum(self._seen[0], table), np.maximum(self._seen[1], table)])
            self._limits[side, cell] = end
        return float(end)

    @staticmethod
    def _limited(rows: csr_array, lower: Array, upper: Array, least: Array) -> Array:
        """Limits that no cell can pass, shape (lower or upper, cell), from each row by itself."""
        at_most = vstack([rows, -rows]).tocoo()
        room, (row, cell), factor = np.concatenate([upper, -lower]), at_most.coords, at_most.data
        limits = np.stack([least.astype(float), np.full(len(least), np.inf)])
        for _ in range(ROUNDS):
            term = factor * limits[(factor < 0).astype(int), cell]  # at its smallest
            endless = np.isinf(term)
            term = np.where(endless, 0.0, term)
            others = np.bincount(row, endless, len(room))[row] - endless == 0
            left = (room[row] - np.bincount(row, term, len(room))[row] + term) / factor
            up, down = others & (factor > 0), others & (factor < 0)
            np.minimum.at(limits[1], cell[up], np.floor(left[up] + GUARD))
            np.maximum.at(limits[0], cell[down], np.ceil(left[down] - GUARD))
        return limits
