"""Concentration indices: how far an outcome is gathered among the worse-off."""

from __future__ import annotations

from lighed.stats.groups import average, ridit
from lighed.stats.intervals import Array
from lighed.stats.registry import measure


@measure(scale="relative", order="required", weighted=True, null=0.0, everywhere=True)
def concentration_index(value: Array, weight: Array) -> Array:
    """Relative concentration index of the groups: how far the outcome is gathered among the worse-off.

    Twice the covariance of value and rank over the mean, with the sign turned so that positive means gathered among the
    worse-off. From a few groups it is a little too small (from five, some 5 %).

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Between -1 and 1, without unit. 0 means evenly spread.

    References
    ----------
    .. [1] Kakwani N, Wagstaff A, van Doorslaer E. J Econometrics 1997;77:87-103. doi:10.1016/S0304-4076(96)01807-6

    Examples
    --------
    >>> round(float(concentration_index(np.array([30.0, 20, 10]), np.ones(3))), 4)
    0.2222
    """
    off = ridit(weight) - 0.5
    return -2 * average(off * value, weight) / average(value, weight)
