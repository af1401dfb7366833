"""Where the interval of a measure does not hold the truth as often as it says, so that its row is marked unreliable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array
from lighed.stats.registry import Measure

Truth = npt.NDArray[np.bool_]

CLEARLY_APART = 5.0  # the variance of the groups' values over that of their errors: a true spread of two errors


def too_few(wanted: Measure, events: Array) -> Truth:
    """Say whether a measure rests on too few cases for its interval.

    Parameters
    ----------
    wanted
        The measure.
    events : array, shape (..., level)
        Cases per level; of a share the rarer of those with the thing and those without.

    Returns
    -------
    array of bool, shape (...)
        True below ``fewest_events`` of the measure: in the average level for a measure of the gradient, to which a
        small level matters little, and else in the smallest.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> [bool(too_few(MEASURES[name], np.array([4, 20, 30]))) for name in ("slope_index", "difference")]
    [False, True]
    """
    events = np.asarray(events, float)
    counted = events.mean(-1) if wanted.order == "required" else events.min(-1)
    return np.asarray(counted < wanted.fewest_events)


def by_chance(wanted: Measure, value: Array, variance: Array, *, reference: int | None = None) -> Truth:
    """Say whether the level that a measure is held against may be the best, or the worst, by chance alone.

    Of many alike the best is the luckiest: chosen by its own value it makes the distance to it too large.

    Parameters
    ----------
    wanted
        The measure.
    value, variance : array, shape (..., level)
        Outcome and its variance per level, for levels without an order (see ``arrange``).
    reference
        The position of the level that the others are held against, where it is fixed beforehand.

    Returns
    -------
    array of bool, shape (...)
        True where a level is chosen among three or more whose true values differ by less than some two standard errors;
        False of a measure that does not ask which level is best, and where a value is missing.

    Notes
    -----
    Over 98 alike the interval of the difference of the extremes never holds the truth, and that of the mean difference
    from the best in 8 % of draws; where the true spread is two errors or more, 93 to 98 % of draws are held.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> [bool(by_chance(MEASURES["difference"], value, np.ones(3))) for value in ([7, 8, 9], [1, 8, 9])]
    [True, False]
    """
    value, variance = np.asarray(value, float), np.asarray(variance, float)
    if reference is not None:
        value, variance = np.delete(value, reference, -1), np.delete(variance, reference, -1)
    fixed = wanted.reads == "all" or (wanted.reads == "best" and reference is not None)
    if fixed or value.shape[-1] < 3:
        return np.zeros(value.shape[:-1], bool)
    return np.asarray(value.var(-1, ddof=1) < CLEARLY_APART * variance.mean(-1))
