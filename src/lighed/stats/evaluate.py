"""A measure with its interval, turned so that positive means that the worse-off are worse off; and its change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from lighed.stats.gradients import slope_index
from lighed.stats.groups import Polarity, average, ridit, share
from lighed.stats.intervals import Array, Floats, Values, Z, delta, fieller, linear_ratio, score, student
from lighed.stats.registry import Measure
from lighed.stats.trend import change_between


def residual_variance(value: Array, weight: Array) -> Floats:
    """Variance of each level's value as its distance from the fitted line says it, where no standard error is known.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (..., level)
        The residual variance of the weighted least-squares line over each level's share: put into the delta method it
        gives the classical standard error of the line, to be used with Student's t on levels − 2 degrees of freedom.
        Not finite where a level is empty or where two levels leave no residual.

    Examples
    --------
    >>> residual_variance(np.array([30.0, 20, 10]), np.ones(3)).round(12).tolist()
    [0.0, 0.0, 0.0]
    """
    value, weight = np.asarray(value, float), np.asarray(weight, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        part, off = share(weight), ridit(weight) - 0.5
        line = average(value, weight)[..., None] - slope_index(value, weight)[..., None] * off
        spread = (part * (value - line) ** 2).sum(-1, keepdims=True) / (value.shape[-1] - 2)
        return np.asarray(spread / part, float)


def evaluate(
    wanted: Measure,
    value: Array,
    variance: Array | None,
    weight: Array,
    *,
    polarity: Polarity,
    everybody: float = 1.0,
) -> Values:
    """Compute a measure with its interval, so that positive (or above 1) means that the worse-off are worse off.

    Parameters
    ----------
    wanted
        The measure.
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first (see ``arrange`` for levels without an order).
    variance : array, shape (..., level), or None
        Variance of each value; None takes the residual variance around the fitted line and Student's t.
    polarity
        Which direction of the outcome is good.
    everybody
        For a measure of shares: what the outcome is where everybody has it, 1 or (in per cent) 100.

    Returns
    -------
    Values, shape (...)
        NaN where a level is missing or empty, of a single level, and where there is no interval to give. Where
        Fieller's interval is unbounded the limits alone are NaN: there is a value, and no saying how far it is off.
        What the variances add to a measure of spread is taken out; ``MEASURES[...](value, weight)`` is the spread as
        it stands.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> made = evaluate(MEASURES["ratio"], [0.69, 0.90], [1e-4, 1e-4], [1, 1], polarity="higher_is_better")
    >>> round(float(made.value), 3)
    1.304
    """
    value, weight = np.asarray(value, float), np.asarray(weight, float)
    turn = wanted.directed and polarity == "higher_is_better"
    if wanted.bounded and everybody != 1:
        shares = None if variance is None else np.asarray(variance, float) / everybody**2
        made = evaluate(wanted, value / everybody, shares, weight, polarity=polarity)
        return made.scaled(everybody) if wanted.scale == "absolute" else made
    quantile = Z if variance is not None else float(student(value.shape[-1] - 2))
    variance = residual_variance(value, weight) if variance is None else np.asarray(variance, float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found, se = delta(wanted.function, value, variance, weight, wanted.with_gradient)
        if wanted.ends is not None:
            over, under = wanted.ends(weight)[:: -1 if turn else 1]
            made = _of_ratio(value, variance, over, under, quantile)
        elif wanted.noise is not None:
            made = _without_noise(wanted, found, se, wanted.noise(value, variance, weight), quantile)
        elif wanted.null == 1.0:
            made = on_log_scale(found, se, quantile, turn=turn)
        else:
            signed = -found if turn else found
            made = Values.around(signed, se, quantile)
    needed = (made.lower, made.upper) if wanted.ends is None else (made.value, made.se)
    whole = np.isfinite(value).all(-1) & (weight > 0).all(-1) & np.isfinite(needed).all(0)
    whole &= value.shape[-1] > 1  # a single level is held against nothing, which is not the same as no inequality
    return made.where(whole)


def on_log_scale(found: Floats, se: Floats, quantile: float, *, turn: bool) -> Values:
    """Return a ratio with an interval that is even on the log scale, turned into its inverse if asked.

    Examples
    --------
    >>> made = on_log_scale(np.array(2.0), np.array(0.2), 1.96, turn=True)
    >>> float(made.value), round(float(made.lower), 3), round(float(made.upper), 3)
    (0.5, 0.411, 0.608)
    """
    usable = np.where(found > 0, found, np.nan)
    middle, log_se = np.log(usable) * (-1 if turn else 1), se / usable
    ends = np.exp(middle - quantile * log_se), np.exp(middle + quantile * log_se)
    return Values(np.exp(middle), np.exp(middle) * log_se, *ends)


def _of_ratio(value: Floats, variance: Floats, over: Floats, under: Floats, quantile: float) -> Values:
    found, slope = linear_ratio(value, over, under)
    se = np.sqrt((slope**2 * variance).sum(-1))
    of_over, of_under, of_both = ((part * variance).sum(-1) for part in (over**2, under**2, over * under))
    lower, upper = fieller((over * value).sum(-1), (under * value).sum(-1), of_over, of_under, of_both, quantile)
    usable = np.where(np.minimum((over * value).sum(-1), (under * value).sum(-1)) > 0, found, np.nan)
    bounded = lower > 0  # a ratio that may be 0 is, seen from its other side, without bounds
    return Values(usable, se, *(np.where(bounded, part, np.nan) for part in (lower, upper)))


def _without_noise(
    wanted: Measure, found: Floats, se: Floats, noise: tuple[Floats, Floats, Floats], quantile: float
) -> Values:
    """Take out of a spread what sampling error adds to its square, in proportion to the mean squared deviation."""
    root = wanted.interval == "score on the square scale"
    square = found**2 if root else found
    slope = np.where(square > 0, (2 * se) ** 2 if root else se**2 / square, 0.0)
    spread, added, excess = noise
    # Of groups that are alike to the last digit the proportion is not known; it is at most 1 of every measure.
    per = np.where(square > 0, square / spread, 1.0)
    ends = score(np.maximum(square - per * added, 0), slope, per**2 * excess, quantile)
    value, lower, upper = (np.sqrt(end) if root else end for end in ends)
    return Values(value, (upper - lower) / (2 * quantile), lower, upper)


def correlation_between(wanted: Measure, first: Sequence[Array], last: Sequence[Array], between: Array) -> Floats:
    """Correlation of a measure's values in two periods, from that of the levels: the same whichever way it is turned.

    Parameters
    ----------
    wanted
        The measure.
    first, last : of three arrays, shape (..., level)
        Outcome, its standard error and population per level, worst-off first.
    between : array, shape (..., level, level)
        Correlation of each level's outcome in the first period with each level's in the last.

    Returns
    -------
    array, shape (...)
        Between −1 and 1, 0 where no persons stand in both; times both standard errors it is the covariance that
        ``change`` takes. NaN where the measure does not move with the values, as a spread of groups that are alike.

    References
    ----------
    .. [1] Oehlert GW. Am Stat 1992;46:27-29. doi:10.1080/00031305.1992.10475842 (the delta method).

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> period = (np.array([0.3, 0.1]), np.array([0.02, 0.01]), np.ones(2))
    >>> round(float(correlation_between(MEASURES["difference"], period, period, 0.6 * np.eye(2))), 12)
    0.6
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [wanted.slope(value, weight) * se for value, se, weight in (first, last)]
        one, two = (part / np.sqrt((part**2).sum(-1, keepdims=True)) for part in parts)
        return np.asarray(np.einsum("...k,...kl,...l->...", one, between, two), float)


def change(wanted: Measure, first: Values, last: Values, covariance: Array | float = 0.0) -> Values:
    """Change of a measure from one period to another.

    Parameters
    ----------
    wanted
        The measure that both are values of.
    first, last : Values, shape (...)
    covariance : array, shape (...)
        Of the two values: ``correlation_between`` times both standard errors. Left out (0) where the same persons
        stand in both periods, the interval is too wide.

    Returns
    -------
    Values, shape (...)
        The difference last − first; of a measure whose null is 1, the ratio last / first. Positive (above 1) means
        that inequality has grown; NaN where the interval has no end.

    Examples
    --------
    >>> from lighed.stats import MEASURES
    >>> one, two = (Values(*(np.array(x) for x in (v, 1.0, v - 1.96, v + 1.96))) for v in (5.0, 9.0))
    >>> grown = change(MEASURES["slope_index"], one, two)
    >>> float(grown.value), round(float(grown.lower), 2)
    (4.0, 1.23)
    """
    scale: Literal["absolute", "relative"] = "relative" if wanted.null == 1.0 else "absolute"
    return change_between(first, last, persons="same", covariance=covariance, scale=scale)
