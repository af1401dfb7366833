"""Parts that add up to a whole, with what is known of all of them together: their covariance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array, Floats, Values, Z, delta, gradient
from lighed.stats.registry import Measure

SUMS = 1e-9  # relative: how far the parts may be from the whole by rounding


def independent(variance: Array) -> Floats:
    """Covariance of independent estimates, shape (..., cell, cell), from their variances, shape (..., cell).

    Examples
    --------
    >>> independent(np.array([1.0, 4.0])).tolist()
    [[1.0, 0.0], [0.0, 4.0]]
    """
    variance = np.asarray(variance, float)
    return np.where(np.eye(variance.shape[-1], dtype=bool), variance[..., None], 0.0)


def estimates(value: Array, variance: Array, quantile: float = Z) -> Values:
    """Estimates with normal intervals, or so many standard errors to each side, shape (...), from their variances.

    Examples
    --------
    >>> round(float(estimates(np.array(10.0), np.array(4.0)).lower), 2)
    6.08
    """
    se = np.sqrt(np.maximum(variance, 0))
    return Values.around(np.asarray(value, float) + 0 * se, se, quantile)


@dataclass(frozen=True, slots=True)
class Contributions:
    """Parts of a whole, shape (..., part), and their covariance, shape (..., part, part).

    ``quantile`` is how many standard errors an interval reaches out to.

    Examples
    --------
    >>> causes = Contributions(np.array([3.0, 1.0]), independent(np.array([0.04, 0.01])))
    >>> float(causes.whole.value), causes.shares.value.tolist()
    (4.0, [0.75, 0.25])
    >>> round(float(causes.whole.se), 3), round(float(causes.shares.se[0]), 3)
    (0.224, 0.023)
    """

    value: Floats
    covariance: Floats
    quantile: float = Z

    @property
    def parts(self) -> Values:
        """Each part with its interval, shape (..., part)."""
        return estimates(self.value, np.diagonal(self.covariance, axis1=-2, axis2=-1), self.quantile)

    @property
    def whole(self) -> Values:
        """Their sum with its interval, shape (...)."""
        return estimates(self.value.sum(-1), self.covariance.sum((-2, -1)), self.quantile)

    @property
    def shares(self) -> Values:
        """Each part's share of the whole, shape (..., part).

        A part of the other sign than the whole has a negative share and others may then have more than 1. NaN where the
        interval of the whole holds 0, for then there may be nothing to have a share of.
        """
        whole = self.whole
        with np.errstate(divide="ignore", invalid="ignore"):
            total = np.where(whole.lower * whole.upper > 0, whole.value, np.nan)[..., None]
            share = self.value / total
            slope = (np.eye(self.value.shape[-1]) - share[..., None, :]) / total[..., None]
            return estimates(share, ((self.covariance @ slope) * slope).sum(-2), self.quantile)

    def added(self, group: Array) -> Contributions:
        """Add up the parts that have the same number in `group`, shape (part,): single ages to spans of ages, say."""
        member = np.asarray(np.asarray(group)[:, None] == np.arange(np.max(group) + 1), float)
        return Contributions(self.value @ member, member.T @ self.covariance @ member, self.quantile)


def propagate(function: Callable[[Array], Array], value: Array, covariance: Array) -> Contributions:
    """Several numbers computed from the same estimates, with their covariance by the delta method.

    Parameters
    ----------
    function : callable
        From shape (..., cell) to (..., part); arithmetic only, for the derivative is taken by a complex step.
    value : array, shape (..., cell)
    covariance : array, shape (..., cell, cell)

    Returns
    -------
    Contributions, shape (..., part)

    Examples
    --------
    >>> made = propagate(lambda x: np.stack([x[..., 0] * x[..., 1], x[..., 0]], -1), np.array([2.0, 5.0]), np.eye(2))
    >>> made.value.tolist(), made.covariance.tolist()
    ([10.0, 2.0], [[29.0, 5.0], [5.0, 1.0]])
    """
    slope = gradient(lambda nudged, _: function(nudged), value, value)
    with np.errstate(invalid="ignore"):
        return Contributions(np.asarray(function(value), float), np.swapaxes(slope, -1, -2) @ covariance @ slope)


def by_part(wanted: Measure, value: Array, variance: Array, weight: Array) -> Contributions:
    """Split a measure of inequality by parts of the outcome that add up: diseases, causes of death, kinds of contact.

    Parameters
    ----------
    wanted
        A measure that adds up, such as the difference, the slope index or the attributable number.
    value, variance : array, shape (..., part, level)
        Rate (burden, use) of each part at each level, worst-off first, and its variance; the parts are taken as
        independent, as counts of different causes are.
    weight : array, shape (..., level)
        Population per level.

    Returns
    -------
    Contributions, shape (..., part)
        In the unit of the measure. 0 means that the part is no larger among the worse-off.

    Raises
    ------
    ValueError
        If the measure of the parts does not add up to the measure of their sum: a ratio cannot be split so.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> burden = np.array([[30.0, 20.0], [9.0, 6.0], [4.0, 5.0]])  # three diseases, low and high education
    >>> by_part(MEASURES["difference"], burden, 0.01 * burden, np.ones(2)).value.tolist()
    [10.0, 3.0, -1.0]
    """
    value, weight = np.asarray(value, float), np.asarray(weight, float)
    variance = np.asarray(variance, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        found, se = delta(wanted.function, value, variance, weight[..., None, :], wanted.with_gradient)
        whole = wanted(value.sum(-2), weight)
    made = Contributions(found, independent(se**2))
    if not np.allclose(
        made.value.sum(-1), whole, rtol=SUMS, atol=SUMS * np.nanmax(np.abs(found), initial=0), equal_nan=True
    ):
        msg = f"{wanted} cannot be split into parts: theirs do not add up to that of the whole; use a difference"
        raise ValueError(msg)
    return made


@dataclass(frozen=True, slots=True)
class Largest:
    """The fewest parts that carry a share of a whole: the parts in order, how many it takes, and what they carry.

    Examples
    --------
    >>> fewest(Contributions(np.array([1.0, 9.0]), independent(np.full(2, 0.04))), 0.85).order.tolist()
    [1, 0]
    """

    order: npt.NDArray[np.intp]
    count: Floats
    share: Values


def fewest(made: Contributions, share: float) -> Largest:
    """Rank the parts by what they contribute, and find the fewest that carry a given share of the whole.

    In Denmark, ten diseases are said to carry 85 % of the inequality in the burden of disease by education.

    Parameters
    ----------
    made : Contributions, shape (..., part)
    share
        The share to be reached, such as 0.85.

    Returns
    -------
    Largest
        ``order``, shape (..., part): the parts, largest contribution first. ``count``, shape (...): how many of them it
        takes. ``share``, shape (...): the share that they carry, with the interval of *these* parts' share; that
        others might have been the largest in another year is not in it, and so the share is a little too high where
        parts at the border are nearly alike. NaN where the whole is not surely above 0.

    Raises
    ------
    ValueError
        If the share is not above 0 and at most 1.

    Examples
    --------
    >>> found = fewest(Contributions(np.array([1.0, 6.0, 3.0]), independent(np.full(3, 0.04))), 0.85)
    >>> found.order.tolist(), float(found.count), float(found.share.value), round(float(found.share.lower), 2)
    ([1, 2, 0], 2.0, 0.9, 0.86)
    """
    if not 0 < share <= 1:
        msg = f"a share of {share} cannot be carried; give one above 0 and at most 1"
        raise ValueError(msg)
    order = np.argsort(-made.value, axis=-1, kind="stable")
    total = made.whole.value[..., None]
    carried = np.cumsum(np.take_along_axis(made.value, order, -1), -1)
    short = carried < share * total * (1 - SUMS)
    place = np.argsort(order, axis=-1)
    inside = np.where(place <= np.sum(short, -1, keepdims=True), 1.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(made.whole.lower > 0, (inside * made.value).sum(-1) / total[..., 0], np.nan)
        slope = (inside - value[..., None]) / total
        found = estimates(value, ((made.covariance @ slope[..., None])[..., 0] * slope).sum(-1))
    return Largest(order, np.where(np.isnan(value), np.nan, inside.sum(-1)), found)
