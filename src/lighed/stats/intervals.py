"""Intervals: from counts, from moments, and from any smooth function of independent values (the delta method)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, gammaincinv, ndtri, stdtrit

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Derived = Callable[[Array, Array], tuple[Floats, Floats]]  # values and weights to a value and its derivative by each

Z = 1.959963984540054  # the 97.5 % point of the normal distribution: intervals are at 95 % unless asked otherwise


def tail(confidence: float) -> float:
    """Return the chance that is left outside an interval at each of its ends.

    Examples
    --------
    >>> tail(0.95), tail(0.998)
    (0.025, 0.001)
    """
    return round((1 - confidence) / 2, 12)  # not 0.025000000000000022


def normal(confidence: float) -> float:
    """Return the point of the normal distribution that an interval reaches out to, in standard errors.

    Examples
    --------
    >>> normal(0.95) == Z, round(normal(0.998), 4)
    (True, 3.0902)
    """
    return float(ndtri(1 - tail(confidence)))


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers with their uncertainty, all of one shape; NaN where there is none to give.

    Examples
    --------
    >>> share = Values(*(np.array(x) for x in (0.2, 0.01, 0.18, 0.22)))
    >>> float(share.scaled(100).upper)
    22.0
    """

    value: Floats
    se: Floats
    lower: Floats
    upper: Floats

    @classmethod
    def around(cls, value: Array, se: Array, quantile: float | Array = Z) -> Values:
        """Return estimates with intervals of so many standard errors to each side."""
        return cls(np.asarray(value, float), np.asarray(se, float), value - quantile * se, value + quantile * se)

    def scaled(self, factor: float) -> Values:
        """Return the same numbers in another unit."""
        return Values(self.value * factor, self.se * factor, self.lower * factor, self.upper * factor)

    def at(self, index: Any) -> Values:
        """Return some of the numbers."""
        return Values(self.value[index], self.se[index], self.lower[index], self.upper[index])

    def where(self, known: Array) -> Values:
        """Return the same numbers, with NaN for those that are not known."""
        return Values(*(np.where(known, part, np.nan) for part in (self.value, self.se, self.lower, self.upper)))

    def exponentiated(self) -> Values:
        """Return what the numbers are the logarithms of."""
        value, lower, upper = (np.exp(part) for part in (self.value, self.lower, self.upper))
        return Values(value, value * self.se, lower, upper)


def wilson(share: Array, n: Array, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Wilson score interval of a share.

    Parameters
    ----------
    share, n : array, shape (...)
        The observed share (0–1) and the number, or the effective number, of persons behind it.
    confidence
        How often the interval is to hold the true share.

    Returns
    -------
    lower, upper : array, shape (...)
        Limits between 0 and 1, on either side of the share; NaN where n is 0.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> [round(float(limit), 4) for limit in wilson(0.1, 100)]
    [0.0552, 0.1744]
    """
    share, n = np.asarray(share, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = normal(confidence)
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At 0 and at 1 a limit is the share itself, which the sums above miss by a rounding.
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def clopper_pearson(events: Array, n: Array, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Exact interval of a share: it covers at least as often as it says, mostly more often.

    Parameters
    ----------
    events, n : array, shape (...)
        Persons with the thing, and persons.
    confidence
        How often the interval is to hold the true share, at the least.

    Returns
    -------
    lower, upper : array, shape (...)
        Limits between 0 and 1; NaN where n is 0 and where there are more, or fewer than no, events.

    References
    ----------
    .. [1] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> [round(float(limit), 4) for limit in clopper_pearson(10, 100)]
    [0.049, 0.1762]
    """
    x, n = np.asarray(events, float), np.asarray(n, float)
    possible = (n > 0) & (x >= 0) & (x <= n)
    x, n = np.where(possible, x, np.nan), np.where(possible, n, np.nan)
    lower = np.where(x == 0, 0, betaincinv(np.where(x == 0, 1, x), n - x + 1, tail(confidence)))
    upper = np.where(x == n, 1, betaincinv(x + 1, np.where(x == n, 1, n - x), 1 - tail(confidence)))
    return lower, upper


def poisson(
    events: Array, confidence: float = 0.95, *, interval: Literal["byar", "exact"] = "byar"
) -> tuple[Floats, Floats]:
    """Interval of a count: exact below 10 events, Byar's approximation from 10 (or exact throughout).

    Parameters
    ----------
    events : array, shape (...)
        Observed counts, 0 or more.
    confidence
        How often the interval is to hold the expected count.
    interval
        ``exact`` takes the exact limits of every count.

    Returns
    -------
    lower, upper : array, shape (...)
        Limits of the expected count; the lower limit of 0 events is 0. NaN for fewer events than none.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical methods in cancer research II. IARC 1987 (Byar's approximation).
    .. [2] Armitage P, Berry G. Statistical methods in medical research. Blackwell 2002.

    Examples
    --------
    >>> [round(float(limit), 3) for limit in poisson(4)], [round(float(limit), 2) for limit in poisson(100)]
    ([1.09, 10.242], [81.36, 121.63])
    """
    x, z = np.where(np.asarray(events) >= 0, events, np.nan), normal(confidence)
    lower = np.where(x > 0, gammaincinv(np.maximum(x, 1e-300), tail(confidence)), 0.0)
    upper = gammaincinv(x + 1, 1 - tail(confidence))
    if interval == "exact":
        return lower, np.asarray(upper, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        byar_lower = x * (1 - 1 / (9 * x) - z / (3 * np.sqrt(x))) ** 3
    byar_upper = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * np.sqrt(x + 1))) ** 3
    return np.where(x < 10, lower, byar_lower), np.where(x < 10, upper, byar_upper)


def score(square: Array, slope: Array, excess: Array, quantile: float = Z) -> tuple[Floats, Floats, Floats]:
    """Interval of something that is never negative and whose variance grows with it, as that of a square does.

    Parameters
    ----------
    square, slope, excess : array, shape (...)
        The estimate, 0 or more, without bias; its variance is `slope` times the true value plus `excess`.
    quantile
        How many standard errors the interval reaches out.

    Returns
    -------
    value, lower, upper : array, shape (...)
        The estimate, and the values 0 or above from which it is less than `quantile` standard errors away, the
        standard error being that at the value in question.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953 (the same of a share)

    Examples
    --------
    >>> [round(float(part), 3) for part in score(4.0, 1.0, 0.0, 2.0)]  # as Poisson's: (4 - x)² = 2² x
    [4.0, 1.528, 10.472]
    """
    middle = square + quantile**2 * slope / 2
    half = quantile * np.sqrt(slope * square + excess + (quantile * slope / 2) ** 2)
    # Below an estimate of 0 there is nothing, which the difference misses by a rounding.
    return np.asarray(square, float), np.clip(middle - half, 0, square), middle + half


def student(degrees: Array, confidence: float = 0.95) -> Floats:
    """Return the point of Student's t with `degrees` of freedom that an interval reaches out to; NaN without any.

    Examples
    --------
    >>> round(float(student(96)), 4)
    1.985
    """
    return np.asarray(stdtrit(degrees, 1 - tail(confidence)), float)


def gradient(function: Callable[[Array, Array], Array], value: Array, weight: Array) -> Floats:
    """Derivative of `function` by each value, by a complex step: exact to the last digits, one call for all levels.

    Parameters
    ----------
    function : callable
        From values and weights, shape (..., level), to shape (...); arithmetic only, no absolute values or sorting.
    value, weight : array, shape (..., level)

    Returns
    -------
    array, shape (..., level)

    References
    ----------
    .. [1] Squire W, Trapp G. SIAM Rev 1998;40:110-112. doi:10.1137/S003614459631241X

    Examples
    --------
    >>> product = lambda value, weight: (weight * value.prod(-1, keepdims=True)).sum(-1)
    >>> gradient(product, np.array([2.0, 3.0]), np.array([1.0, 0.0])).tolist()
    [3.0, 2.0]
    """
    step = 1e-20
    nudged = value[..., None, :] + 1j * step * np.eye(value.shape[-1])
    return np.asarray(function(nudged, weight[..., None, :]).imag / step, float)


def linear_ratio(value: Array, over: Array, under: Array) -> tuple[Floats, Floats]:
    """Ratio of two weighted sums of the values, and its derivative by each value.

    Parameters
    ----------
    value, over, under : array, shape (..., level)
        The values, and what each counts for above and below the line.

    Returns
    -------
    ratio : array, shape (...)
    derivative : array, shape (..., level)

    Examples
    --------
    >>> found, slope = linear_ratio(np.array([6.0, 2.0]), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    >>> float(found), slope.tolist()
    (3.0, [0.5, -1.5])
    """
    below = (under * value).sum(-1)
    found = np.asarray((over * value).sum(-1) / below, float)
    return found, np.asarray((over - found[..., None] * under) / below[..., None], float)


def fieller(
    over: Array, under: Array, variance_over: Array, variance_under: Array, covariance: Array, quantile: float = Z
) -> tuple[Floats, Floats]:
    """Fieller's limits of a ratio: the ratios r for which ``over`` − r · ``under`` is not significantly off 0.

    Parameters
    ----------
    over, under : array, shape (...)
        Estimates of the numerator and of the denominator, normally distributed.
    variance_over, variance_under, covariance : array, shape (...)
        Their variances and their covariance.
    quantile : float
        How many standard errors make a significant distance.

    Returns
    -------
    lower, upper : array, shape (...)
        NaN where the denominator is not significantly off 0, for there the interval is unbounded.

    References
    ----------
    .. [1] Fieller EC. J R Stat Soc B 1954;16:175-185. doi:10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> [round(float(limit), 3) for limit in fieller(20.0, 10.0, 1.0, 1.0, 0.0)]
    [1.626, 2.534]
    >>> [float(limit) for limit in fieller(20.0, 1.0, 1.0, 1.0, 0.0)]
    [nan, nan]
    """
    f = np.square(quantile)
    with np.errstate(divide="ignore", invalid="ignore"):
        square = under**2 - f * variance_under
        middle = (over * under - f * covariance) / np.where(square > 0, square, np.nan)
        spread = under**2 * variance_over - 2 * over * under * covariance + over**2 * variance_under
        excess = f * (variance_over * variance_under - covariance**2)
        half = np.sqrt(f * np.maximum(spread - excess, 0)) / square
        return np.asarray(middle - half, float), np.asarray(middle + half, float)


def delta(
    function: Callable[[Array, Array], Array],
    value: Array,
    variance: Array,
    weight: Array,
    derived: Derived | None = None,
) -> tuple[Floats, Floats]:
    """Value and standard error of a function of independent values; the weights are taken as known.

    Parameters
    ----------
    function : callable
        As in ``gradient``.
    value, variance, weight : array, shape (..., level)
    derived : callable, optional
        Gives the function's value and its derivative by each value, where that is known.

    Returns
    -------
    value, se : array, shape (...)

    Examples
    --------
    >>> gap = lambda value, weight: value[..., 0] - value[..., 1]
    >>> value, se = delta(gap, np.array([9.0, 4.0]), np.array([9.0, 16.0]), np.ones(2))
    >>> float(value), float(se)
    (5.0, 5.0)
    """
    found, slope = derived(value, weight) if derived else (function(value, weight), gradient(function, value, weight))
    return np.asarray(found, float), np.sqrt((slope**2 * variance).sum(-1))
