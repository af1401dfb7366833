"""Whether a gradient is a line, whether it goes one way, and how far it follows the order of the levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from lighed.stats.groups import average, ridit, share
from lighed.stats.intervals import Array, Floats
from lighed.stats.registry import shape


@dataclass(frozen=True, slots=True)
class Departure:
    """A test: how far the data are from what is tested, and how often chance alone takes them as far.

    Examples
    --------
    >>> Departure(np.array(3.84), np.array(0.05)).p < 0.1
    np.True_
    """

    statistic: Floats
    p: Floats


@shape(distribution="chi-square", spent=2)
def linearity(value: Array, variance: Array, weight: Array) -> Departure:
    """Test whether the level values lie on a line in rank, as the slope index takes them to: small p, they do not.

    Chi-square of the residuals about the line that fits best, each in units of its own standard error.

    Parameters
    ----------
    value, variance, weight : array, shape (..., level)
        Outcome with its variance, and population per level, worst-off first.

    Returns
    -------
    Departure, shape (...)
        Chi-square on levels − 2 degrees of freedom, and its p value. NaN where a level is missing or has no variance,
        and where there are fewer than three levels. For shares with fewer than some 10 cases in a level, p is rough.

    References
    ----------
    .. [1] Cochran WG. Biometrics 1954;10:417-451. doi:10.2307/3001616
    .. [2] Armitage P. Biometrics 1955;11:375-386. doi:10.2307/3001775

    Examples
    --------
    >>> made = linearity([30.0, 20, 30], [4.0, 4, 4], [1, 1, 1])
    >>> round(float(made.statistic), 3), round(float(made.p), 6)
    (16.667, 4.5e-05)
    """
    value, precision, there = _given(value, variance, weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = share(precision)
        off = ridit(np.asarray(weight, float))
        off, above = off - (part * off).sum(-1, keepdims=True), value - (part * value).sum(-1, keepdims=True)
        slope = (part * off * above).sum(-1, keepdims=True) / (part * off**2).sum(-1, keepdims=True)
        found = (precision * (above - slope * off) ** 2).sum(-1)
    degrees = value.shape[-1] - 2
    found = np.where(there & (degrees > 0), found, np.nan)
    return Departure(found, chdtrc(degrees, found) if degrees > 0 else found)


@shape()
def linear_correlation(value: Array, weight: Array) -> Floats:
    """Correlation of the outcome with rank over the levels: how nearly they lie on the line of the slope index.

    Its square is the share of the variance between the levels that the line explains.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Between -1 and 1, without unit; positive means higher among the worse-off. 1 or −1 where all levels lie on the
        line, 0 where it is level. NaN where a level is missing or all are alike. It has no interval: see ``linearity``.

    References
    ----------
    .. [1] Pearson K. Proc R Soc Lond 1895;58:240-242

    Examples
    --------
    >>> linear_correlation(np.array([[30.0, 20, 10], [30.0, 12, 10], [30.0, 10, 30]]), np.ones(3)).round(3).tolist()
    [1.0, 0.908, 0.0]
    """
    value = np.asarray(value, float)
    weight = np.broadcast_to(np.asarray(weight, float), value.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        part, off, above = share(weight), 0.5 - ridit(weight), value - average(value, weight)[..., None]
        found = (part * off * above).sum(-1) / np.sqrt((part * off**2).sum(-1) * (part * above**2).sum(-1))
    return _where_levels_differ(found, value, weight)


@shape(distribution="chi-bar-square", spent=1)
def monotonicity(value: Array, variance: Array, weight: Array) -> Departure:
    """Test whether the level values go one way, up or down, from the worst-off to the best-off: small p, they do not.

    Likelihood-ratio test against the nearest values that go one way. Up and down must both be refuted, so that p is the
    larger of the two, and on the safe side: below 0.05 in fewer than 5 of 100 gradients that do go one way.

    Parameters
    ----------
    value, variance, weight : array, shape (..., level)
        Outcome with its variance, and population per level, worst-off first.

    Returns
    -------
    Departure, shape (...)
        Sum of squared distances from the nearest values that go one way, in units of the standard errors (0 where they
        do so themselves), and its p value by the mixture of chi-squares for levels that are equally well known. NaN
        where a level is missing or has no variance, and of a single level.

    References
    ----------
    .. [1] Bartholomew DJ. Biometrika 1959;46:36-48. doi:10.1093/biomet/46.1-2.36
    .. [2] Robertson T, Wegman EJ. Ann Stat 1978;6:485-505.

    Examples
    --------
    >>> made = monotonicity([[30.0, 20, 30], [30.0, 20, 19]], [4.0, 4, 4], [1, 1, 1])
    >>> made.statistic.tolist(), made.p.round(5).tolist()
    ([12.5, 0.0], [0.00085, 1.0])
    """
    value, precision, there = _given(value, variance, weight)
    found = np.minimum(_short_of_rising(value, precision), _short_of_rising(-value, precision))
    found = np.where(there & (value.shape[-1] > 1), found, np.nan)
    chances = _chances_of_steps(value.shape[-1])
    # With as many steps as there are levels the distance is 0, which is as near as chance can take it.
    tails = [chance * chdtrc(value.shape[-1] - k, found) for k, chance in enumerate(chances[:-1], 1)]
    return Departure(found, np.where(found > 0, np.sum(tails, axis=0), np.where(np.isnan(found), np.nan, 1.0)))


@shape()
def index_of_relative_rank(value: Array, weight: Array) -> Floats:
    """Index of relative rank: how far the outcome follows the order of the levels, against the most that it could.

    The concentration index in the order of the levels over the one it would have if the levels stood in the order of
    the outcome. A gradient that goes one way has 1 or −1, whether straight or not; of one that turns, such as a U, the
    index says how much the order explains, and the slope index should not be shown by itself. The name is ours, as is
    the use: of persons, the ratio is known as the Gini correlation of the outcome with rank [1].

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Between -1 and 1, without unit; positive means higher among the worse-off. 0 means that the outcome does not
        follow the order. NaN where all levels are alike. It has no interval: see ``monotonicity``.

    References
    ----------
    .. [1] Schechtman E, Yitzhaki S. Commun Stat Theory Methods 1987;16:207-231. doi:10.1080/03610928708829359

    Examples
    --------
    >>> index_of_relative_rank(np.array([[30.0, 12, 10], [30.0, 10, 30], [30.0, 10, 24]]), np.ones(3)).round(3).tolist()
    [1.0, 0.0, 0.3]
    """
    value = np.asarray(value, float)
    weight = np.broadcast_to(np.asarray(weight, float), value.shape)
    order = np.argsort(-value, axis=-1, kind="stable")
    ranked = [np.take_along_axis(part, order, -1) for part in (value, weight)]
    with np.errstate(divide="ignore", invalid="ignore"):
        along, most = (_gathered(*parts) for parts in ((value, weight), ranked))
        return _where_levels_differ(along / most, value, weight)


def _where_levels_differ(found: Floats, value: Floats, weight: Floats) -> Floats:
    alike = (value == value[..., :1]).all(-1)
    return np.where(alike | ~(weight > 0).all(-1), np.nan, found)


def _gathered(value: Floats, weight: Floats) -> Floats:
    return np.asarray((share(weight) * (0.5 - ridit(weight)) * value).sum(-1), float)


def _given(value: Array, variance: Array, weight: Array) -> tuple[Floats, Floats, Array]:
    """Values, their precision, and where all of that is there; harmless numbers where it is not."""
    value, variance, weight = np.broadcast_arrays(*(np.asarray(part, float) for part in (value, variance, weight)))
    sound = np.isfinite(value) & np.isfinite(variance) & (variance > 0) & (weight > 0)
    there = np.asarray(sound.all(-1))
    usable = there[..., None]
    return np.where(usable, value, 0.0), 1 / np.where(usable, variance, 1.0), there


def _short_of_rising(value: Floats, precision: Floats) -> Floats:
    """Squared distance from the nearest values that never fall; what never falls is no rounding away from itself."""
    distance = (precision * (value - _rising(value, precision)) ** 2).sum(-1)
    return np.where((np.diff(value) >= 0).all(-1), 0.0, distance)


def _rising(value: Floats, precision: Floats) -> Floats:
    """Nearest values that never fall: of all averages over stretches of levels, the largest of the smallest."""
    sums, weights = (np.insert(part.cumsum(-1), 0, 0.0, axis=-1) for part in (precision * value, precision))
    over = weights[..., None, 1:] - weights[..., :-1, None]
    later = np.triu(np.ones(over.shape[-2:], bool))
    with np.errstate(divide="ignore", invalid="ignore"):
        averages = (sums[..., None, 1:] - sums[..., :-1, None]) / over
    smallest = np.minimum.accumulate(np.where(later, averages, np.inf)[..., ::-1], axis=-1)[..., ::-1]
    return np.asarray(np.where(later, smallest, -np.inf).max(-2), float)


def _chances_of_steps(levels: int) -> Floats:
    """How often the nearest rising values of so many equal levels have 1, 2, … steps."""
    chances = np.ones(1)
    for k in range(2, levels + 1):
        chances = (np.append((k - 1) * chances, 0) + np.insert(chances, 0, 0)) / k
    return chances
