"""Where the interval of a measure does not hold the truth as often as it says, so that its row is marked unreliable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from lighed.stats.intervals import Array, Floats
from lighed.stats.registry import Measure

Truth = npt.NDArray[np.bool_]

RIVALS = 0.25  # above this the level that stands first (or last) is too often another than the true one


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
    """Say whether the level that a measure takes for the best, or the worst, may be so by chance alone.

    Of many alike the best is the luckiest: chosen by its own value it makes the distance to it too large.

    Parameters
    ----------
    wanted
        The measure.
    value, variance : array, shape (..., level)
        Outcome, turned so that high is bad, and its variance, of levels without an order.
    reference
        The position of the level that the others are held against, where it is fixed beforehand.

    Returns
    -------
    array of bool, shape (...)
        True where a level is chosen among three or more, and the chances that each of the others truly stands further
        out add up to more than a quarter; False of a measure that does not ask which level is best, and where a value
        is missing.

    Notes
    -----
    Over 98 alike the interval of the difference of the extremes never holds the truth, and that of the mean difference
    from the best in 8 % of draws: all are marked. So are many whose interval holds, where levels lie close at an end.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> [bool(by_chance(MEASURES["difference"], value, np.ones(3))) for value in ([7, 8, 9], [1, 5, 9])]
    [True, False]
    """
    value, variance = np.asarray(value, float), np.asarray(variance, float)
    if reference is not None:
        value, variance = np.delete(value, reference, -1), np.delete(variance, reference, -1)
    ends = {"all": (), "best": (-1,), "ends": (1, -1)}[wanted.reads]
    chosen = [end for end in ends if reference is None or end == 1]
    doubtful = np.zeros(value.shape[:-1], bool)
    for end in chosen if value.shape[-1] > 2 else ():
        doubtful |= _rivals(end * value, variance) > RIVALS
    return doubtful


def _rivals(value: Floats, variance: Floats) -> Floats:
    """How many of the others are truly higher than the highest, as far as the errors say, shape (...)."""
    top = value.argmax(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(variance + np.take_along_axis(variance, top, -1))
        chance = ndtr((value - np.take_along_axis(value, top, -1)) / error)
    return np.asarray(chance.sum(-1) - 0.5, float)  # the highest itself is counted as a half
