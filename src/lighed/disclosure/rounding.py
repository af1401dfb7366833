"""Small counts rounded so that everything still adds up, for a release of which hiding would hide too much.

Only the small counts of the finest table change, to nothing or to the base, and whatever is shown is a sum of the new
table. So sums give nothing away, and neither does any measure that is worked out of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array

Array = npt.NDArray[Any]

PARTNERS = 60  # how many cells a partner is sought for when none alone makes the totals better


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
