"""Intervals by drawing: from values with their errors, and from raw counts; for what has no closed form.

Both give the draws a leading axis, so that any function of arrays that reduces its last axes takes them all at once.
The same seed gives the same limits. Where there is a closed form (``evaluate``) it is better and takes a thousandth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from lighed.stats.intervals import Array, Values, tail
from lighed.stats.registry import Measure

DRAWS = 10_000  # limits are then known to about 3 % of a half-width
MOST_BIAS = 1.0  # standard deviations of the draws: above, the limits cover too little even when they are corrected


def simulate(
    function: Callable[[Array, Array], Array],
    value: Array,
    variance: Array,
    weight: Array,
    *,
    seed: int,
    draws: int = DRAWS,
    scale: Literal["normal", "log", "logit"] = "normal",
) -> tuple[Values, str]:
    """Interval of a function of independent values, from draws of each with its standard error.

    Parameters
    ----------
    function
        A measure, or any function of values and weights that reduces the last axis.
    value, variance, weight : array, shape (..., level)
        As ``evaluate`` takes them.
    seed, draws
        Of the random numbers, and how many.
    scale
        Where a value's error is normal: as it is, on the logarithm (values above 0), or on the logit (shares).

    Returns
    -------
    values : Values, shape (...)
        The function of the values themselves, and of the draws the standard deviation and the 2.5 and 97.5 % points.
        It stands as the function gives it: no polarity turns it round. NaN where a value or an error that it
        takes is missing or does not exist on the scale, and where a draw has no value of the function.
    method : str
        What was done, for the row's ``method``.

    Raises
    ------
    ValueError
        Of a measure of spread: each draw is further apart than the values, which already are further apart than what is
        true. Over many areas such limits lie above the estimate; ``evaluate`` has an interval for them.

    References
    ----------
    .. [1] Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993.

    Examples
    --------
    >>> gap = lambda value, weight: value[..., 0] - value[..., -1]
    >>> made, method = simulate(gap, np.array([9.0, 4.0]), np.array([9.0, 16.0]), np.ones(2), seed=7)
    >>> float(made.value), round(float(made.lower)), round(float(made.upper)), method
    (5.0, -5, 15, 'simulation 10000 seed 7')
    """
    _refuse_spread(function)
    value, variance, weight = (np.asarray(part, float) for part in (value, variance, weight))
    rng, shape = np.random.default_rng(seed), (draws, *value.shape)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        error = np.sqrt(variance)
        if scale == "log":
            drawn = np.exp(np.log(value) + error / value * rng.standard_normal(shape))
        elif scale == "logit":
            drawn = expit(logit(value) + error / (value * (1 - value)) * rng.standard_normal(shape))
        else:
            drawn = value + error * rng.standard_normal(shape)
        found, made = function(value, weight), function(drawn, weight)
    return _summed_up(found, made, corrected=False), f"simulation {draws} seed {seed}"


def bootstrap(function: Callable[..., Array], *counts: Array, seed: int, draws: int = DRAWS) -> tuple[Values, str]:
    """Interval of a function of raw counts, from draws of each count as Poisson's with the observed as expected.

    It is the bootstrap in which every person gets a weight of its own from Poisson's distribution with mean 1, of which
    only the sums in the cells are needed. The draws tell of bias: an index that chance alone makes larger is larger in
    the draws than in the counts, by as much as it is in the counts than in truth. The estimate is corrected for that
    once and the limits twice, by the distance of the draws' middle from the estimate.

    Parameters
    ----------
    function
        A function of as many arrays of counts as are given that reduces their last axes, or a measure: it then takes
        two, persons with the outcome and persons without, worst-off level first.
    *counts : array
        Numbers of persons or events, 0 or more; not weighted, not rates.
    seed, draws
        Of the random numbers, and how many.

    Returns
    -------
    values : Values
        The function of the counts without its bias, and of the draws the standard deviation and the corrected 2.5 and
        97.5 % points. NaN where a draw has no value of the function, and where the bias is more than a standard
        deviation, as in many cells of a few persons: there the limits hold the truth too seldom.
    method : str
        What was done, for the row's ``method``.

    Raises
    ------
    ValueError
        Of a count that is negative or missing, and of a measure of spread, as in ``simulate``.

    References
    ----------
    .. [1] Hanley JA, MacGibbon B. Comput Methods Programs Biomed 2006;83:57-62.
    .. [2] Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993 (bias).

    Examples
    --------
    >>> rate_ratio = lambda events: events[..., 0] / events[..., 1]
    >>> made, method = bootstrap(rate_ratio, np.array([200, 100]), seed=7)
    >>> round(float(made.value), 1), round(float(made.lower), 1), round(float(made.upper), 1), method
    (2.0, 1.6, 2.6, 'bootstrap 10000 seed 7')
    """
    _refuse_spread(function)
    parts = [np.asarray(part, float) for part in counts]
    if not all((part >= 0).all() for part in parts):
        raise ValueError("a count is negative or missing; the bootstrap draws from numbers of persons or events")
    rng = np.random.default_rng(seed)
    drawn = [rng.poisson(part, (draws, *part.shape)).astype(float) for part in parts]
    of = _of_counts(function) if isinstance(function, Measure) else function
    with np.errstate(divide="ignore", invalid="ignore"):
        found, made = np.asarray(of(*parts), float), np.asarray(of(*drawn), float)
    return _summed_up(found, made, corrected=True), f"bootstrap {draws} seed {seed}"


def _refuse_spread(function: Callable[..., Array]) -> None:
    if isinstance(function, Measure) and not function.directed:
        raise ValueError(f"{function.id}: draws are further apart than the values; evaluate has an interval for it")


def _of_counts(wanted: Measure) -> Callable[[Array, Array], Array]:
    return lambda events, others: wanted(events / (events + others), events + others)


def _summed_up(found: Array, made: Array, *, corrected: bool) -> Values:
    """The estimate with the standard deviation and the points of the draws, which are the first axis."""
    with np.errstate(invalid="ignore"):
        (lower, middle, upper), se = np.quantile(made, (tail(0.95), 0.5, 1 - tail(0.95)), axis=0), made.std(0)
        bias = middle - found if corrected else np.zeros_like(middle)
        known = np.isfinite(found) & np.isfinite(made).all(0) & (np.abs(bias) <= MOST_BIAS * se)
        return Values(found - bias, se, lower - 2 * bias, upper - 2 * bias).where(known)
