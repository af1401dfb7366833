"""Trends and changes: whether a series rises, and whether a gap has grown in absolute and in relative terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from lighed.stats.intervals import Array, Floats, Values, normal


@dataclass(frozen=True, slots=True)
class TrendTest:
    """A test: its statistic, which is standard normal when there is no trend, and the chance of one so far from 0.

    Examples
    --------
    >>> round(float(TrendTest.of(np.array(1.959964)).p), 3)
    0.05
    """

    z: Floats
    p: Floats

    @classmethod
    def of(cls, z: Array) -> TrendTest:
        """Return the test of a statistic, two-sided."""
        return cls(np.asarray(z, float), np.asarray(2 * ndtr(-np.abs(z)), float))


def linear_trend(value: Array, se: Array, time: Array, *, confidence: float = 0.95) -> tuple[Values, TrendTest]:
    """Change per unit of time on a straight line through values that have a standard error of their own.

    Parameters
    ----------
    value, se : array, shape (..., time)
        Independent values; such as a gap in each year, of different persons or far more events than persons.
    time : array, shape (time,) or (..., time)
        When each value was.
    confidence
        How often the interval is to hold the true slope.

    Returns
    -------
    slope : Values, shape (...)
        In the unit of `value` per unit of `time`; 0 means no trend. NaN for fewer than two times and where a value or
        its error is missing. The interval leaves out that the points may be further from a line than their errors say.
    test : TrendTest, shape (...)

    References
    ----------
    .. [1] Cochran WG. Biometrics 1954;10:417-451. doi:10.2307/3001616

    Examples
    --------
    >>> slope, test = linear_trend([10.0, 12, 14, 16], np.full(4, 0.5), [2019, 2020, 2021, 2022])
    >>> round(float(slope.value), 6), round(float(slope.se), 4)
    (2.0, 0.2236)
    """
    value, se, time = np.broadcast_arrays(*(np.asarray(part, float) for part in (value, se, time)))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where((se > 0) & np.isfinite(value), se, np.nan) ** -2.0
        middle = (weight * time).sum(-1, keepdims=True) / weight.sum(-1, keepdims=True)
        off = time - middle
        square = (weight * off**2).sum(-1)
        square = np.where(np.ptp(time, -1) > 0, square, np.nan)
        slope, error = (weight * off * value).sum(-1) / square, square**-0.5
        half = normal(confidence) * error
        return Values(slope, error, slope - half, slope + half), TrendTest.of(slope / error)


def trend_of_proportions(events: Array, n: Array, score: Array) -> TrendTest:
    """Cochran and Armitage's test that shares rise or fall with a score, such as the year or the order of the groups.

    Parameters
    ----------
    events, n : array, shape (..., level)
        Persons with the thing, and persons, in independent groups.
    score : array, shape (level,)
        Of each group: its year, or its place in the order.

    Returns
    -------
    TrendTest, shape (...)
        Positive where the share rises with the score. NaN for impossible counts, where nobody or everybody has the
        thing, and where all have one score.

    References
    ----------
    .. [1] Armitage P. Biometrics 1955;11:375-386. doi:10.2307/3001775

    Examples
    --------
    >>> test = trend_of_proportions([30, 25, 20], [100, 100, 100], [1, 2, 3])
    >>> round(float(test.z), 3), round(float(test.p), 3)
    (-1.633, 0.102)
    """
    events, n, score = (np.asarray(part, float) for part in (events, n, score))
    with np.errstate(divide="ignore", invalid="ignore"):
        events = np.where((events >= 0) & (events <= n), events, np.nan)
        people = n.sum(-1, keepdims=True)
        share, off = events.sum(-1, keepdims=True) / people, score - (n * score).sum(-1, keepdims=True) / people
        spread = share[..., 0] * (1 - share[..., 0]) * (n * off**2).sum(-1)
        return TrendTest.of((events * off).sum(-1) / np.sqrt(np.where(spread > 0, spread, np.nan)))


def monotone_trend(value: Array, time: Array | None = None) -> tuple[Floats, TrendTest]:
    """Mann and Kendall's test that a series rises or falls, whatever its shape, and Theil and Sen's slope.

    Parameters
    ----------
    value : array, shape (..., time)
        From ten points on, each independent of the one before; a series that keeps its course for some years rejects
        too often.
    time : array, shape (time,), optional
        When each value was; without it they are one unit apart.

    Returns
    -------
    slope : array, shape (...)
        The median slope between two points; NaN where a value is missing.
    test : TrendTest, shape (...)
        With correction for ties and for continuity; NaN where all values are the same.

    References
    ----------
    .. [1] Mann HB. Econometrica 1945;13:245-259. doi:10.2307/1907187
    .. [2] Sen PK. J Am Stat Assoc 1968;63:1379-1389. doi:10.1080/01621459.1968.10480934

    Examples
    --------
    >>> slope, test = monotone_trend([3.0, 4, 6, 5, 7, 9, 8, 10])
    >>> float(slope), round(float(test.z), 3)
    (1.0, 2.846)
    """
    value = np.asarray(value, float)
    n = value.shape[-1]
    at = np.arange(n) if time is None else np.asarray(time, float)
    first, last = np.triu_indices(n, 1)
    rise = value[..., last] - value[..., first]
    slope = np.median(rise / (at[last] - at[first]), -1) if n > 1 else np.full(value.shape[:-1], np.nan)
    score = np.sign(rise).sum(-1)
    # Σt(t − 1)(2t + 5) over groups of t ties, each of which is counted t times when it is summed over the points
    tied = (value[..., None] == value[..., None, :]).sum(-1)
    variance = (n * (n - 1) * (2 * n + 5) - ((tied - 1) * (2 * tied + 5)).sum(-1)) / 18
    with np.errstate(divide="ignore", invalid="ignore"):
        return slope, TrendTest.of((score - np.sign(score)) / np.sqrt(np.where(variance > 0, variance, np.nan)))


def covariance_of_shares(
    both: Array, first: Array, last: Array, n_both: Array, n_first: Array, n_last: Array
) -> Floats:
    """Covariance of two shares, some of whose persons are the same: two periods, or groups that overlap.

    Parameters
    ----------
    both, first, last : array, shape (...)
        Of the persons who stand in both: how many have the thing in both, in the first, and in the last.
    n_both, n_first, n_last : array, shape (...)
        How many persons stand in both, in the first, and in the last.

    Returns
    -------
    array, shape (...)
        Positive where the same persons have the thing; 0 where nobody stands in both.

    References
    ----------
    .. [1] Tam SM. Am Stat 1984;38:288-289 (covariances of overlapping samples).

    Examples
    --------
    >>> round(float(covariance_of_shares(15, 20, 20, 100, 100, 100)), 5)  # variances of 0.0016 each
    0.0011
    """
    both, first, last, n_both = (np.asarray(part, float) for part in (both, first, last, n_both))
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.where(n_both > 0, both - first * last / n_both, 0.0)
        return np.asarray(together / (np.asarray(n_first, float) * np.asarray(n_last, float)), float)


def change_between(
    first: Values,
    last: Values,
    *,
    persons: Literal["different", "same"],
    covariance: Array | float | None = None,
    scale: Literal["absolute", "relative"] = "absolute",
    confidence: float = 0.95,
) -> Values:
    """Change of a figure from one period, or group, to another.

    Parameters
    ----------
    first, last : Values, shape (...)
    persons
        Whether any persons stand in both; if so the interval needs their covariance.
    covariance : array, shape (...)
        Of the two figures, from ``covariance_of_shares`` or ``Joint``.
    scale
        ``absolute``: last − first, 0 when nothing has changed; ``relative``: last / first, 1 when nothing has changed.
    confidence
        How often the interval is to hold the true change.

    Returns
    -------
    Values, shape (...)
        NaN where a ratio has a figure that is not positive, or an interval without end.

    Raises
    ------
    ValueError
        If the same persons stand in both and no covariance is given.

    References
    ----------
    .. [1] Kish L. Survey sampling. Wiley 1965 (change with overlap).

    Examples
    --------
    >>> from lighed.stats import proportion
    >>> before, after = proportion(200, 1000), proportion(230, 1000)
    >>> shared = covariance_of_shares(150, 200, 230, 1000, 1000, 1000)
    >>> made = [change_between(before, after, persons="same", covariance=shared),
    ...         change_between(before, after, persons="different")]
    >>> [round(float(one.se), 4) for one in made]
    [0.0113, 0.0183]
    """
    if persons == "same" and covariance is None:
        raise ValueError("The same persons stand in both figures: give their covariance, or take persons='different'.")
    shared = np.asarray(0.0 if covariance is None else covariance, float)
    z = normal(confidence)
    if scale == "relative":
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            positive = np.where((first.value > 0) & (last.value > 0), 1.0, np.nan)
            parts = (first.se / first.value) ** 2 + (last.se / last.value) ** 2
            log_se = np.sqrt(np.maximum(parts - 2 * shared / (first.value * last.value), 0)) * positive
            middle = np.log(last.value / np.where(positive == 1, first.value, np.nan))
            made = Values.around(middle, log_se, z).exponentiated()
        return made.where(~np.isinf(made.upper))  # beyond all numbers nothing is known of the change
    se = np.sqrt(np.maximum(first.se**2 + last.se**2 - 2 * shared, 0))
    return Values.around(last.value - first.value, se, z)


def direction(change: Values, null: float) -> npt.NDArray[np.int8]:
    """Say whether inequality has surely grown (1), surely shrunk (−1) or neither (0).

    Parameters
    ----------
    change : Values, shape (...)
        A change of an index of inequality with its interval.
    null
        What it is when nothing has changed: 0 of a difference, 1 of a ratio.

    Returns
    -------
    array, shape (...)
        1, 0 or −1; 0 also where the change has no interval.

    Examples
    --------
    >>> direction(Values(*(np.array(x) for x in (2.0, 0.5, 1.0, 3.0))), 0.0).tolist()
    1
    """
    return np.asarray((change.lower > null).astype(np.int8) - (change.upper < null), np.int8)


def diverges(absolute: Values, relative: Values) -> npt.NDArray[np.bool_]:
    """Say whether absolute and relative inequality have surely gone opposite ways.

    When an outcome becomes rarer for all, a gap often shrinks in percentage points while the ratio grows.

    Parameters
    ----------
    absolute, relative : Values, shape (...)
        The change of the absolute index as a difference, and of the relative one as a ratio.

    Returns
    -------
    array of bool, shape (...)
        True where both intervals leave out that nothing has changed, on opposite sides. Chance says so at most as often
        as one of the two intervals misses on that side, whatever their dependence: for 95 % in 2.5 % of cases.

    References
    ----------
    .. [1] Berger RL. Technometrics 1982;24:295-300 (tests that both must pass). doi:10.1080/00401706.1982.10487790
    .. [2] Scanlan JP. Chance 2006;19(2):47-51.

    Examples
    --------
    >>> smaller = Values(*(np.array(x) for x in (-4.0, 1.0, -6.0, -2.0)))
    >>> larger = Values(*(np.array(x) for x in (1.3, 0.1, 1.1, 1.5)))
    >>> bool(diverges(smaller, larger))
    True
    """
    return np.asarray(direction(absolute, 0.0) * direction(relative, 1.0) == -1)
