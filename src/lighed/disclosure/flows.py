"""Which cells must be hidden besides the small ones, so that all that is shown together leaves these in doubt.

Matrices, and nothing of releases. A *line* is what anybody knows of some cells: a sum (a whole less its parts is 0), or
a measure that was printed (its formula less the measure is 0, but for the rounding). A *witness* is another table that
agrees with every line and with every cell that is shown: whoever reads what is shown must hold it for possible too. A
cell is safe if there is a witness, in whole numbers, for every number that it must be able to be.

Each witness is the cheapest flow through the lines that brings one cell to an end of what it needs, by a linear
program; what it passes through is hidden, and it is a witness for all the cells that it passes through. Then every cell
that was hidden on the way is shown again without which all ends are reached, the dearest first. What lies between the
ends comes last: it nearly always has its witness by then.

References
----------
Kelly JP, Golden BL, Assad AA. Cell suppression: disclosure protection for sensitive tabular data. Networks
1992;22:397-417. doi:10.1002/net.3230220407
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import block_array, csc_array, csr_array, diags_array, eye_array, hstack, vstack
from scipy.sparse.csgraph import connected_components

from lighed.core.errors import ReleaseError
from lighed.disclosure.witnesses import reached

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FREE = 1e-4  # the cost of passing through a cell that is hidden anyway: above 0, so that flows are short
MARGIN = 0.9  # of the room that rounding leaves: a witness must not hang on the last digit of what was printed
EXACT = 1e-5  # how far from a whole number a count may be that a solver finds
MANY = 500  # cells in a program, where parts are small
SETTINGS = {
    "output_flag": False,
    "threads": 1,
    "mip_rel_gap": 1.0,  # any witness in whole numbers will do
    "mip_max_nodes": 1000,  # beyond which it is taken that there is none
    "mip_detect_symmetry": False,
    "mip_heuristic_run_feasibility_jump": False,  # these two take longer than they save
}


@dataclass(frozen=True, slots=True)
class Table:
    """Cells, what anybody knows of them, and what it costs to hide one.

    ``sums``, shape (line, cell), has the signs of the lines: 1 for a whole, -1 for its parts. ``value`` and ``cost``,
    shape (cell,): a cell of infinite cost is never hidden, because it was shown in an earlier release, or is a zero
    that everybody knows of. ``least``, shape (cell,), is what anybody knows that a cell is at least; minus infinity
    makes it a measure, which is any number, not a count. ``slack``, shape (line, 2), is how much lower and higher a
    line may be than it is, for all that is known.
    """

    sums: csc_array
    value: Floats
    cost: Floats
    least: Floats
    slack: Floats

    @classmethod
    def of(cls, sums: csr_array, value: Array, cost: Array, *, least: Array | float = 0.0) -> Table:
        """Take counts and their sums."""
        counts, exact = np.asarray(value, float), np.zeros((sums.shape[0], 2))
        return cls(csc_array(sums, dtype=float), counts, np.asarray(cost, float), least + np.zeros_like(counts), exact)

    def with_measures(self, rows: csr_array, lower: Array, upper: Array, cost: Array) -> Table:
        """Return the table with what printed measures say of it as cells after the others: hidden, it is not known.

        Parameters
        ----------
        rows : shape (statement, cell)
            Formulas of the cells. A measure that is linear in them makes one statement; see `quotients` for others. If
            one of its statements is hidden, a measure is.
        lower, upper : arrays, shape (statement,)
            Between which limits a formula lies: the ends of what would be printed alike.
        cost : array, shape (statement,)
            Of hiding the measure; infinite for one that was printed in an earlier release.
        """
        size, exact = abs(rows).max(axis=1).toarray().ravel(), rows @ self.value
        room = np.stack([lower - exact, upper - exact], -1) * MARGIN / size[:, None]
        sums = block_array([[self.sums, None], [diags_array(1 / size) @ rows, -eye_array(len(size))]])
        return Table(
            csc_array(sums),
            np.append(self.value, np.zeros(len(size))),
            np.append(self.cost, cost),
            np.append(self.least, np.full(len(size), -np.inf)),
            np.concatenate([self.slack, room]),
        )

    def part(self, cells: Array) -> Table:
        """Return some cells, with the lines that they stand in."""
        columns = self.sums[:, cells]
        lines, at = np.unique(columns.indices, return_inverse=True)
        sums = csc_array((columns.data, at, columns.indptr), shape=(len(lines), len(cells)))
        return Table(sums, self.value[cells], self.cost[cells], self.least[cells], self.slack[lines])

    def counted(self) -> bool:
        """Return whether all cells are counts, and all lines their sums."""
        return bool(np.isfinite(self.least).all() and not self.slack.any() and (abs(self.sums.data) == 1).all())

    def parts(self, among: Mask) -> Iterator[Array]:
        """Divide some cells into those that hang together by lines."""
        cells = np.flatnonzero(among)
        tie = abs(self.sums[:, cells])
        _, label = connected_components(block_array([[None, tie], [tie.T, None]], format="csr"), directed=False)
        label = label[tie.shape[0] :]
        order = np.argsort(label, kind="stable")
        yield from np.split(cells[order], np.flatnonzero(np.diff(label[order])) + 1)


def quotients(top: csr_array, bottom: csr_array, lower: Array, upper: Array) -> tuple[csr_array, Array, Array]:
    """Return what printed quotients of formulas say, as `Table.with_measures` takes it: multiplied out.

    ``top`` and ``bottom``, shape (measure, cell), are formulas of the cells, and ``bottom`` is above 0; ``lower`` and
    ``upper``, shape (measure,), are the ends of what would be printed alike. First come the statements that the
    quotients are not below ``lower``, then that they are not above ``upper``.
    """
    rows = [top - diags_array(np.asarray(limit, float)) @ bottom for limit in (lower, upper)]
    zero, endless = np.zeros(len(lower)), np.full(len(lower), np.inf)
    return csr_array(vstack(rows)), np.concatenate([zero, -endless]), np.concatenate([endless, zero])


def price(value: Array, above: Array) -> Floats:
    """Return what it costs to hide counts: more for large ones and for totals over `above` dimensions, never a zero."""
    return np.where(value == 0, np.inf, (1 + np.log1p(value)) * (1 + 3 * above))


def doubt(k: int, *, own: int = 0) -> Floats:
    """Return the smallest and the largest number that a count below `k` must be able to be.

    Not counting `own`, the reader's own record: 1 if the reader may be in the cell and know it. Without it all of 1 to
    `k` − 1 are possible, and the width is `k`.
    """
    return np.array([own, k + own], float)


def suppress(table: Table, hidden: Mask, need: Floats, *, name: Callable[[int], str] = str) -> Mask:
    """Return the cells that must be hidden so that each of `hidden` can be all that it needs.

    Parameters
    ----------
    table
        The cells and their lines.
    hidden : array, shape (cell,)
        The cells that are hidden for themselves.
    need : array, shape (cell, 2)
        The smallest and the largest number that a hidden cell must be able to be (see `doubt`); its own twice for one
        that needs nothing. Of other cells it says nothing.
    name
        What a cell is called in an error.

    Returns
    -------
    array, shape (cell,)
        Those of `hidden` and as many more as it takes; not always the fewest that could be found.

    Raises
    ------
    ReleaseError
        If a cell cannot be protected while those of infinite cost are shown. All such are named.

    References
    ----------
    Kelly JP, Golden BL, Assad AA. Networks 1992;22:397-417. doi:10.1002/net.3230220407

    Examples
    --------
    Two rows of two groups with their totals: of the small cell's square all four are hidden.

    >>> whole_and_parts = csr_array([[1, -1, -1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, -1, -1, 0, 0, 0],
    ...     [0, 0, 0, 0, 0, 0, 1, -1, -1], [1, 0, 0, -1, 0, 0, -1, 0, 0],
    ...     [0, 1, 0, 0, -1, 0, 0, -1, 0], [0, 0, 1, 0, 0, -1, 0, 0, -1]])
    >>> value = np.array([60, 32, 28, 23, 3, 20, 37, 29, 8])
    >>> cost = price(value, above=np.array([2, 1, 1, 1, 0, 0, 1, 0, 0]))
    >>> found = suppress(Table.of(whole_and_parts, value, cost), value < 5, np.tile(doubt(5), (9, 1)))
    >>> value[found].tolist()
    [3, 20, 29, 8]
    """
    wanted, found, refused = _changes(table.value, hidden, need), hidden.copy(), []
    wanted = _lacking(table, hidden, wanted)
    for cells in table.parts(hidden | np.isfinite(table.cost)):
        if wanted[cells].any():
            found[cells], lacking = _protected(table.part(cells), hidden[cells], wanted[cells])
            refused += [name(int(cells[cell])) for cell in sorted({*lacking})]
    if refused:
        raise ReleaseError("unprotectable", cells=", ".join(refused))
    return found


def _changes(value: Floats, hidden: Mask, need: Floats) -> Floats:
    """By how much each cell must be able to change, to both ends first, shape (cell, change); 0 where it need not."""
    span = int(np.where(hidden, need[:, 1] - need[:, 0], 0).max(initial=0))
    above = np.array([0, span, *range(1, span)])
    changes = np.minimum(need[:, :1] + above, need[:, 1:]) - value[:, None]
    return np.where(hidden[:, None], changes, 0.0)


def _lacking(table: Table, hidden: Mask, wanted: Floats) -> Floats:
    """What is left of the wanted changes when those are taken out that what is hidden allows, 0 where nothing is."""
    left = wanted.copy()
    for cells in _gathered(part for part in table.parts(hidden) if wanted[part].any()):
        part = table.part(cells)
        if part.counted():
            room = part.value - part.least
            program = _program(part, np.zeros(len(cells)), np.stack([np.full(len(cells), np.inf), room]))
            left[cells] = np.where(reached(program, part.sums, room, wanted[cells]), 0.0, wanted[cells])
    return left


def _gathered(parts: Iterator[Array]) -> Iterator[Array]:
    """Small parts put together, for each program takes its time whatever its size."""
    waiting: list[Array] = []
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= MANY:
            yield np.concatenate(waiting)
            waiting = []
    if waiting:
        yield np.concatenate(waiting)


def _protected(table: Table, hidden: Mask, wanted: Floats) -> tuple[Mask, list[int]]:
    """Which cells of one part are hidden, and which cannot be protected."""
    ends = wanted[:, :2]
    steps, lacking = _reached(table, hidden, ends)
    found = hidden | (steps != 0).any(axis=0)
    if lacking:
        return found, lacking
    at = np.flatnonzero(found)
    found[at], steps = _needed(table.part(at), hidden[at], ends[at], steps[:, at])
    kept = np.flatnonzero(found)
    _, lacking = _reached(table.part(kept), found[kept], wanted[kept], steps[:, found[at]])
    if lacking:
        steps, lacking = _reached(table, found, wanted)
        found |= (steps != 0).any(axis=0)
    return found, lacking


def _reached(table: Table, hidden: Mask, wanted: Floats, steps: Floats | None = None) -> tuple[Floats, list[int]]:
    """Witnesses of every change besides those there are, shape (witness, cell), and the cells that cannot have one."""
    flows, lacking = Flows(table, np.where(hidden, FREE, table.cost)), []
    made = [np.zeros((0, len(hidden))) if steps is None else steps]
    served = (wanted == 0) | (_serving(made[0], wanted) > 0)
    for cell, at in np.argwhere(~served):
        if not served[cell, at]:
            found = flows.witnesses(cell, wanted[cell, at])
            if found is None:
                lacking.append(int(cell))
            else:
                flows.charge(np.flatnonzero(found[0]), FREE)
                served |= _serving(found, wanted) > 0
                made.append(found)
    return np.concatenate(made), lacking


def _needed(table: Table, hidden: Mask, wanted: Floats, steps: Floats) -> tuple[Mask, Floats]:
    """Which of the cells stay hidden, and the witnesses, when all are shown that can be, the dearest first."""
    flows, found = Flows(table, np.where(hidden, FREE, table.cost)), np.ones_like(hidden)
    served, second = _serving(steps, wanted), np.flatnonzero(~hidden)
    for cell in second[np.argsort(-table.cost[second], kind="stable")]:
        through = steps[:, cell] != 0
        left = served - _serving(steps[through], wanted)
        flows.shut(cell)
        more = _replaced(flows, wanted, left)
        if more is None:
            flows.reopen(cell)
        else:
            steps, found[cell] = np.concatenate([steps[~through], more]), False
            served = left + _serving(more, wanted)
    return found, steps


def _serving(steps: Floats, wanted: Floats) -> Array:
    """How many witnesses there are of each change, shape (cell, change)."""
    return (steps[:, :, None] == wanted).sum(axis=0)


def _replaced(flows: Flows, wanted: Floats, served: Array) -> Floats | None:
    """Witnesses of the changes that have none; nothing if one cannot be had."""
    more = np.zeros((0, len(wanted)))
    for cell, at in np.argwhere((wanted != 0) & (served == 0)):
        if not (more[:, cell] == wanted[cell, at]).any():
            made = flows.witnesses(cell, wanted[cell, at])
            if made is None:
                return None
            more = np.concatenate([more, made])
    return more


class Flows:
    """The flows through a table, as a linear program that is kept warm: how far up each cell goes, and how far down.

    ``cost``, shape (cell,), is that of passing through a cell. With `whole`, counts change by whole numbers only.
    """

    def __init__(self, table: Table, cost: Floats, *, whole: bool = False) -> None:
        self._table, self._cost = table, cost.copy()
        self._most = np.stack([np.full(len(cost), np.inf), table.value - table.least])  # (up or down, cell)
        self._open = np.ones(len(cost), bool)
        self._program = _program(table, cost, self._most, whole=whole)

    def charge(self, cells: Array, cost: float) -> None:
        """Change the cost of some cells."""
        self._cost[cells] = cost
        columns = np.concatenate([cells, cells + len(self._cost)]).astype(np.int32)
        self._program.changeColsCost(len(columns), columns, np.full(len(columns), cost))

    def shut(self, cell: int) -> None:
        """Let no flow through a cell."""
        self._open[cell] = False
        self._limit(cell, np.zeros(2), np.zeros(2))

    def reopen(self, cell: int) -> None:
        """Let flows through a cell again."""
        self._open[cell] = True
        self._limit(cell, np.zeros(2), self._most[:, cell])

    def witnesses(self, cell: int, change: float) -> Floats | None:
        """Return the cheapest table in which a cell is changed by so much, as the change of each cell; if there is one.

        With it, shape (witness, cell), come its parts: what goes so far may stop on the way where all counts are whole.
        """
        step = self._whole(cell, change)
        if step is None:
            return None
        parts = int(np.gcd.reduce(step[np.isfinite(self._table.least)].astype(int)))
        return step * np.arange(parts, 0, -1)[:, None] / parts

    def _whole(self, cell: int, change: float) -> Floats | None:
        """The cheapest table; where that has fractions of persons one without, first among what it passes through."""
        step = self._cheapest(cell, change)
        if step is None or not (step % 1)[np.isfinite(self._table.least)].any():
            return step
        for among in (self._open & ((step != 0) | (self._cost <= FREE)), self._open):
            cells = next(part for part in self._table.parts(among) if cell in part)
            part = Flows(self._table.part(cells), self._cost[cells], whole=True)
            found = part._cheapest(int(np.searchsorted(cells, cell)), change)
            if found is not None:
                step = np.zeros_like(step)
                step[cells] = found
                return step
        return None

    def _cheapest(self, cell: int, change: float) -> Floats | None:
        fixed = np.array([max(change, 0.0), max(-change, 0.0)])
        self._limit(cell, fixed, fixed)
        self._program.run()
        status, columns = self._program.getModelStatus(), np.array(self._program.getSolution().col_value)
        self._limit(cell, np.zeros(2), self._most[:, cell])
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        up, down = columns.reshape(2, -1)
        step = up - down
        return np.where(np.abs(step - np.round(step)) <= EXACT, np.round(step), step)

    def _limit(self, cell: int, lower: Floats, upper: Floats) -> None:
        columns = np.array([cell, cell + len(self._cost)], np.int32)
        self._program.changeColsBounds(2, columns, lower, upper)


def _program(table: Table, cost: Floats, most: Floats, *, whole: bool = False) -> highspy.Highs:
    """The program: columns up and down of each cell, rows the lines."""
    matrix, flows = csc_array(hstack([table.sums, -table.sums])), highspy.HighsLp()
    flows.num_row_, flows.num_col_ = matrix.shape
    flows.col_cost_ = np.tile(cost, 2)
    flows.col_lower_, flows.col_upper_ = np.zeros(most.size), most.ravel()
    flows.row_lower_, flows.row_upper_ = table.slack.T.copy()
    flows.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    flows.a_matrix_.start_, flows.a_matrix_.index_ = matrix.indptr, matrix.indices
    flows.a_matrix_.value_ = matrix.data
    if whole:
        kinds = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
        flows.integrality_ = [kinds[int(counted)] for counted in np.tile(np.isfinite(table.least), 2)]
    program = highspy.Highs()
    for option, value in (SETTINGS | {"presolve": "on" if whole else "off"}).items():
        program.setOptionValue(option, value)
    program.passModel(flows)
    return program
