"""Witnesses for many counts at once, through what is hidden already.

One linear program drives all cells that hang together to the ends of what they need, as far as they let each other;
again and again, and fewer at once where that does not go in whole numbers, until each was there. What it changes is
taken apart into steps of single persons: in every line one who leaves a cell is paired with one who enters another, and
who hang together by pairs are a step. A step agrees with every line by itself, so any of them may be left out, and what
goes far may stop on the way.
"""

from __future__ import annotations

from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array
from scipy.sparse.csgraph import connected_components

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

EXACT = 1e-6  # how far from a whole number a change may be that a solver finds
DETOUR = 1e-3  # what it costs to change a cell, of what it is worth to bring one farther: so flows are short
FEWER = 4  # times as few cells are driven at once when none got farther


def reached(program: highspy.Highs, sums: csc_array, room: Floats, wanted: Floats) -> Mask:
    """Return of which changes of hidden counts a witness in whole numbers was found.

    Parameters
    ----------
    program
        The flows through the cells: columns up, then down, of each; rows the lines.
    sums : shape (line, cell)
        The lines, 1 for a whole and -1 for its parts: what they come to is known.
    room : array, shape (cell,)
        By how much each cell can become less.
    wanted : array, shape (cell, change)
        By how much each must be able to change; 0 where it need not.

    Returns
    -------
    array, shape (cell, change)
        False where none was found, which does not say that there is none.
    """
    rng, found, share = np.random.default_rng(0), wanted == 0, 1.0
    while share * (~found).any(axis=1).sum() >= 1:
        goal = _goals(np.where(found, 0.0, wanted), rng)
        goal[rng.random(len(goal)) >= share] = 0
        more = ~found & _passed(sums, _driven(program, sums, room, goal, rng), wanted)
        share = min(share * FEWER, 1.0) if more.any() else share / FEWER
        found |= more
    return found


def _goals(left: Floats, rng: np.random.Generator) -> Floats:
    """For each cell the farthest change that is left, up or down."""
    up, down = left.max(axis=1), left.min(axis=1)
    return np.where((down == 0) | ((up > 0) & (rng.random(len(left)) < 0.5)), up, down)


def _driven(program: highspy.Highs, sums: csc_array, room: Floats, goal: Floats, rng: np.random.Generator) -> Array:
    """The change of every cell when those with a goal are driven towards it; nothing of what is not whole."""
    cells = np.arange(2 * len(goal), dtype=np.int32)
    up, down = np.where(goal > 0, goal, np.inf), np.where(goal < 0, np.minimum(-goal, room), room)
    reward = np.sign(goal) * (1 + rng.random(len(goal)) / 2)
    program.changeColsBounds(len(cells), cells, np.zeros(len(cells)), np.concatenate([up, down]))
    program.changeColsCost(len(cells), cells, DETOUR + np.concatenate([-reward, reward]))
    program.run()
    up, down = np.array(program.getSolution().col_value).reshape(2, -1)
    change = up - down
    if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return np.zeros(len(goal), int)
    moved = np.flatnonzero(np.abs(change) > EXACT)
    whole, label = np.round(change[moved]), _together(sums[:, moved])
    parted = np.bincount(label, np.abs(change[moved] - whole) > EXACT)[label] > 0
    step = np.zeros(len(goal), int)
    step[moved[~parted]] = whole[~parted]
    return step


def _together(sums: csc_array) -> Array:
    """A number for each cell, the same for those that hang together by lines."""
    line, cell = sums.tocoo().coords
    first = np.full(sums.shape[0], -1)
    first[line] = cell
    return _labelled(cell, first[line], sums.shape[1])


def _labelled(one: Array, other: Array, count: int) -> Array:
    pairs = csr_array((np.ones(len(one)), (one, other)), shape=(count, count))
    return np.asarray(connected_components(pairs, directed=False)[1])


def _passed(sums: csc_array, change: Array, wanted: Floats) -> Mask:
    """Which of the wanted changes are passed when the steps of a change are made one after the other."""
    steps = _steps(sums, change).tocoo()
    assert not (sums @ steps).data.any(), "a step agrees with every line"
    order = np.lexsort((np.abs(steps.data), steps.row))
    cell, size = steps.row[order], steps.data[order]
    total = np.cumsum(size)
    before = (total - size)[np.searchsorted(cell, cell)]
    found = np.zeros(wanted.shape, bool)
    which, at = np.nonzero(wanted[cell] == (total - before)[:, None])
    found[cell[which], at] = True
    return found


def _steps(sums: csc_array, change: Array) -> csc_array:
    """A change as steps that agree with every line by themselves, shape (cell, step)."""
    moved = np.flatnonzero(change)
    persons, lines = np.abs(change[moved]), sums[:, moved].tocoo()
    first = np.cumsum(persons) - persons
    times = persons[lines.col]
    entry = np.repeat(np.arange(lines.nnz), times)
    turn = np.arange(len(entry)) - np.repeat(np.cumsum(times) - times, times)
    person, sign = first[lines.col[entry]] + turn, (lines.data * np.sign(change[moved])[lines.col])[entry]
    order = np.lexsort((turn, sign, lines.row[entry]))
    person, sign = person[order], sign[order]
    step = _labelled(person[sign < 0], person[sign > 0], int(persons.sum()))
    cell = np.repeat(moved, persons)
    return csc_array((np.sign(change[cell]), (cell, step)), shape=(len(change), step.max(initial=-1) + 1))
