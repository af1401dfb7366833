"""Measures of inequality: each a few lines over the last axis, in one registry.

A measure takes ``value`` and ``weight`` of shape (..., level), **the worst-off level first and the best-off last**, and
returns shape (...). As it stands it is positive (or above 1) when the value is higher among the worse-off: right for an
outcome that is bad when high. ``evaluate`` turns it round for an outcome that is good when high, so that in everything
shown *positive means that the worse-off are worse off*.

For groups without an order, ``arrange`` puts the group in the worst position first and the reference (or, without one,
the group in the best position) last; only measures that ignore order are taken then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lighed.stats.intervals import Array, Derived, Floats, Values, Z, delta, student

Scale = Literal["absolute", "relative", "people"]
Polarity = Literal["lower_is_better", "higher_is_better"]
NEWTON_STEPS, LONGEST_STEP, CONVERGED = 40, 2.0, 1e-7
FEWEST_EVENTS_RELATIVE = 25  # below this a relative measure's interval does not cover what it says


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and what must be known of it to use and to show it.

    Examples
    --------
    >>> MEASURES["slope_index"].scale, MEASURES["slope_index"].null, MEASURES["relative_index"].null
    ('absolute', 0.0, 1.0)
    """

    id: str
    function: Callable[[Array, Array], Array]
    scale: Scale
    order: Literal["required", "ignored"]
    weighted: bool
    null: float
    interval: Literal["delta", "delta on the log scale"]
    with_gradient: Derived | None = None  # value and derivative; by a complex step where there is none

    def __call__(self, value: Array, weight: Array) -> Floats:
        """Compute the measure."""
        return np.asarray(self.function(np.asarray(value, float), np.asarray(weight, float)), float)

    def __str__(self) -> str:
        return self.id


MEASURES: dict[str, Measure] = {}


def measure(
    *,
    scale: Scale,
    order: Literal["required", "ignored"],
    weighted: bool,
    null: float,
    interval: Literal["delta", "delta on the log scale"] = "delta",
    with_gradient: Derived | None = None,
) -> Callable[[Callable[[Array, Array], Array]], Callable[[Array, Array], Array]]:
    """Put a function of values and weights into the registry, with the facts that everything else needs of it.

    Examples
    --------
    >>> list(MEASURES)[:3], MEASURES["ratio"].interval
    (['difference', 'ratio', 'slope_index'], 'delta on the log scale')
    """

    def register(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
        name = function.__name__
        MEASURES[name] = Measure(name, function, scale, order, weighted, null, interval, with_gradient)
        return function

    return register


def share(weight: Array) -> Floats:
    """Each level's share of the population, shape (..., level).

    Examples
    --------
    >>> share(np.array([20.0, 30.0, 50.0])).tolist()
    [0.2, 0.3, 0.5]
    """
    return np.asarray(weight / weight.sum(-1, keepdims=True), float)


def ridit(weight: Array) -> Floats:
    """Each level's mean rank in the population, from 0 (the worst-off person) to 1, shape (..., level).

    Examples
    --------
    >>> ridit(np.array([20.0, 30.0, 50.0])).tolist()
    [0.1, 0.35, 0.75]
    """
    part = share(weight)
    return np.asarray(part.cumsum(-1) - part / 2, float)


def average(value: Array, weight: Array) -> Array:
    """Population mean, shape (...).

    Examples
    --------
    >>> average(np.array([[30.0, 10.0], [20.0, 20.0]]), np.array([[1.0, 3.0], [1.0, 3.0]])).tolist()
    [15.0, 20.0]
    """
    return np.asarray((share(weight) * value).sum(-1))


@measure(scale="absolute", order="ignored", weighted=False, null=0.0)
def difference(value: Array, weight: Array) -> Array:  # noqa: ARG001 - one signature for all
    """Difference between the worst-off and the best-off group.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first; the weights are not used.

    Returns
    -------
    array, shape (...)
        In the unit of `value`. 0 means no inequality; positive means higher among the worst-off.

    Examples
    --------
    >>> float(difference(np.array([26.2, 15.0, 7.1]), np.ones(3)))
    19.1
    """
    return value[..., 0] - value[..., -1]


@measure(scale="relative", order="ignored", weighted=False, null=1.0, interval="delta on the log scale")
def ratio(value: Array, weight: Array) -> Array:  # noqa: ARG001 - one signature for all
    """Ratio of the worst-off to the best-off group.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first; the weights are not used.

    Returns
    -------
    array, shape (...)
        Without unit. 1 means no inequality; above 1 means higher among the worst-off. Undefined (NaN or infinite) where
        the best-off value is 0.

    Examples
    --------
    >>> round(float(ratio(np.array([26.2, 15.0, 7.1]), np.ones(3))), 2)
    3.69
    """
    return value[..., 0] / value[..., -1]


@measure(scale="absolute", order="required", weighted=True, null=0.0)
def slope_index(value: Array, weight: Array) -> Array:
    """Slope index of inequality: the fitted difference between the worst-off and the best-off person.

    The weighted least-squares line of the level values on the levels' mean rank, read at both ends.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        In the unit of `value`. 0 means no gradient; positive means higher among the worse-off.

    References
    ----------
    .. [1] Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771. doi:10.1016/S0277-9536(96)00073-1
    .. [2] Low A, Low A. J Public Health 2004;26:388-395. doi:10.1093/pubmed/fdh175

    Examples
    --------
    >>> round(float(slope_index(np.array([20.0, 30, 40, 50, 60]), np.array([78.0, 91, 162, 103, 105]))), 2)
    -46.25
    """
    off = ridit(weight) - 0.5
    return -average(off * value, weight) / average(off**2, weight)


@measure(scale="relative", order="required", weighted=True, null=1.0, interval="delta on the log scale")
def relative_index(value: Array, weight: Array) -> Array:
    """Relative index of inequality: the fitted value of the worst-off person over that of the best-off.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Without unit. 1 means no gradient; above 1 means higher among the worse-off. Where the fitted line is not
        positive at both ends there is no such ratio (NaN).

    References
    ----------
    .. [1] Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771. doi:10.1016/S0277-9536(96)00073-1

    Examples
    --------
    >>> round(float(relative_index(np.array([30.0, 20, 10]), np.ones(3))), 2)
    7.0
    """
    middle, half = average(value, weight), slope_index(value, weight) / 2
    positive = np.minimum((middle - half).real, (middle + half).real) > 0
    return np.where(positive, middle + half, np.nan) / np.where(positive, middle - half, 1)


def _log_line(value: Array, weight: Array) -> tuple[Floats, Floats]:
    """Ends' ratio on the line with a log link, shape (...), and its derivative by each value, shape (..., level)."""
    part, off = share(weight), ridit(weight) - 0.5
    mean, rank = average(value, weight), average(off * value, weight) / average(value, weight)
    inside = (rank > off[..., 0] + CONVERGED) & (rank < off[..., -1] - CONVERGED)
    rank = np.where(inside & (value >= 0).all(-1), rank, np.nan)
    slope, step = np.zeros(rank.shape), np.zeros(rank.shape)
    for _ in range(NEWTON_STEPS):
        slope = slope + step
        fitted = share(part * np.exp(slope[..., None] * off))
        fitted_rank = (fitted * off).sum(-1)
        spread = (fitted * off**2).sum(-1) - fitted_rank**2
        step = np.clip((rank - fitted_rank) / spread, -LONGEST_STEP, LONGEST_STEP)
        if not (np.abs(step) > CONVERGED).any():
            break
    index = np.exp(-np.where(np.abs(step) < CONVERGED, slope + step, np.nan))
    return index, -index[..., None] * part * (off - rank[..., None]) / (mean * spread)[..., None]


@measure(
    scale="relative",
    order="required",
    weighted=True,
    null=1.0,
    interval="delta on the log scale",
    with_gradient=_log_line,
)
def relative_index_log(value: Array, weight: Array) -> Array:
    """Relative index of inequality with a log link: the worst-off person over the best-off on a line that is above 0.

    The slope is that of a Poisson regression of the level values on mean rank: the one by which the population,
    weighted with the fitted values, has the same mean rank as weighted with the values themselves (Newton's method).

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Without unit. 1 means no gradient; above 1 means higher among the worse-off. NaN where a value is negative or
        all of the outcome is at one end.

    References
    ----------
    .. [1] Moreno-Betancur M, Latouche A, Menvielle G, Kunst AE, Rey G. Epidemiology 2015;26:518-527.
       doi:10.1097/EDE.0000000000000311

    Examples
    --------
    >>> round(float(relative_index_log(np.array([40.0, 20, 10]), np.ones(3))), 6)
    8.0
    """
    return _log_line(value, weight)[0]


@measure(scale="relative", order="required", weighted=True, null=0.0)
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


@measure(scale="relative", order="ignored", weighted=True, null=0.0)
def attributable_fraction(value: Array, weight: Array) -> Array:
    """Population attributable fraction: the part of the outcome that would go if all had the best-off group's level.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Without unit, at most 1. 0 means that the best-off group is as the average; negative means it is worse.

    References
    ----------
    .. [1] Walter SD. Biometrics 1976;32:829-849. doi:10.2307/2529268
    .. [2] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> round(float(attributable_fraction(np.array([30.0, 20, 10]), np.ones(3))), 6)
    0.5
    """
    return (average(value, weight) - value[..., -1]) / average(value, weight)


@measure(scale="people", order="ignored", weighted=True, null=0.0)
def attributable_number(value: Array, weight: Array) -> Array:
    """Population attributable number: how many fewer there would be if all had the best-off group's level.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome per person (a share, or a rate per person-year) and persons (person-years) per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Persons or events. 0 means none to win; negative means that the best-off group is worse than the average.

    References
    ----------
    .. [1] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> round(float(attributable_number(np.array([0.3, 0.2, 0.1]), np.array([100.0, 100, 100]))), 6)
    30.0
    """
    return np.asarray(((value - value[..., -1:]) * weight).sum(-1))


def arrange(value: Array, *others: Array, polarity: Polarity, reference: int | None = None) -> tuple[Floats, ...]:
    """Put unordered levels so that the one in the worst position stands first and the reference (or the best) last.

    Parameters
    ----------
    value, *others : array, shape (..., level)
        Outcome, and arrays to be put in the same order.
    polarity
        Which direction of the outcome is good.
    reference
        The position of the level that the others are held against; without one it is the level in the best position.

    Returns
    -------
    tuple of arrays, shape (..., level)

    Examples
    --------
    >>> share, people = arrange([0.2, 0.3, 0.1], [50, 70, 90], polarity="lower_is_better")
    >>> share.tolist(), people.tolist()
    ([0.3, 0.2, 0.1], [70.0, 50.0, 90.0])
    >>> arrange([0.2, 0.3, 0.1], polarity="lower_is_better", reference=0)[0].tolist()
    [0.3, 0.1, 0.2]
    """
    badness = np.asarray(value, float) * (1 if polarity == "lower_is_better" else -1)
    if reference is not None:
        badness[..., reference] = -np.inf
    order = np.argsort(-badness, axis=-1, kind="stable")
    return tuple(np.take_along_axis(np.asarray(part, float), order, -1) for part in (value, *others))


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

    Returns
    -------
    Values, shape (...)
        NaN where a level is missing or empty, of a single level, and where there is no interval to give.

    Examples
    --------
    >>> made = evaluate(MEASURES["ratio"], [0.69, 0.90], [1e-4, 1e-4], [1, 1], polarity="higher_is_better")
    >>> round(float(made.value), 3)
    1.304
    """
    value, weight = np.asarray(value, float), np.asarray(weight, float)
    quantile = Z if variance is not None else float(student(value.shape[-1] - 2))
    variance = residual_variance(value, weight) if variance is None else np.asarray(variance, float)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found, se = delta(wanted.function, value, variance, weight, wanted.with_gradient)
        if wanted.null == 1.0:
            made = _on_log_scale(found, se, quantile, turn=polarity == "higher_is_better")
        else:
            signed = found if polarity == "lower_is_better" else -found
            made = Values(signed, se, signed - quantile * se, signed + quantile * se)
    whole = np.isfinite(value).all(-1) & (weight > 0).all(-1) & np.isfinite(made.lower) & np.isfinite(made.upper)
    whole &= value.shape[-1] > 1  # a single level is held against nothing, which is not the same as no inequality
    return Values(*(np.where(whole, part, np.nan) for part in (made.value, made.se, made.lower, made.upper)))


def _on_log_scale(found: Floats, se: Floats, quantile: float, *, turn: bool) -> Values:
    usable = np.where(found > 0, found, np.nan)
    middle, log_se = np.log(usable) * (-1 if turn else 1), se / usable
    ends = np.exp(middle - quantile * log_se), np.exp(middle + quantile * log_se)
    return Values(np.exp(middle), np.exp(middle) * log_se, *ends)


def change(wanted: Measure, first: Values, last: Values) -> Values:
    """Change of a measure from one period to another, taken as independent.

    Parameters
    ----------
    wanted
        The measure that both are values of.
    first, last : Values, shape (...)

    Returns
    -------
    Values, shape (...)
        The difference last − first; of a measure whose null is 1, the ratio last / first. Positive (above 1) means
        that inequality has grown. Where the same persons stand in both periods the interval is too wide, for their
        covariance is left out.

    Examples
    --------
    >>> one, two = (Values(*(np.array(x) for x in (v, 1.0, v - 1.96, v + 1.96))) for v in (5.0, 9.0))
    >>> grown = change(MEASURES["slope_index"], one, two)
    >>> float(grown.value), round(float(grown.lower), 2)
    (4.0, 1.23)
    """
    if wanted.null == 1.0:
        with np.errstate(divide="ignore", invalid="ignore"):
            value, log_se = last.value / first.value, np.hypot(last.se / last.value, first.se / first.value)
            return Values(value, value * log_se, value * np.exp(-Z * log_se), value * np.exp(Z * log_se))
    value, se = last.value - first.value, np.hypot(last.se, first.se)
    return Values(value, se, value - Z * se, value + Z * se)
