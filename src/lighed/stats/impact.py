"""Measures of impact: what would not be, if all had the level of the best-off group."""

from __future__ import annotations

import numpy as np

from lighed.stats.groups import average, share
from lighed.stats.intervals import Array, Values
from lighed.stats.registry import measure


@measure(scale="absolute", order="ignored", weighted=True, null=0.0, reads="best")
def attributable_risk(value: Array, weight: Array) -> Array:
    """Population attributable risk: how much lower the average would be if all had the best-off group's level.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        In the unit of `value`. 0 means that the best-off group is as the average; negative means it is worse.

    References
    ----------
    .. [1] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> round(float(attributable_risk(np.array([30.0, 20, 10]), np.ones(3))), 6)
    10.0
    """
    return np.asarray(average(value, weight) - value[..., -1])


@measure(scale="relative", order="ignored", weighted=True, null=0.0, unit="share", everywhere=True, reads="best")
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
    .. [1] Walter SD. Biometrics 1976;32:829-849.
    .. [2] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> round(float(attributable_fraction(np.array([30.0, 20, 10]), np.ones(3))), 6)
    0.5
    """
    return (average(value, weight) - value[..., -1]) / average(value, weight)


@measure(scale="people", order="ignored", weighted=True, null=0.0, everywhere=True, reads="best")
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


def potential_impact(value: Array, variance: Array, weight: Array, aim: Array | None = None) -> Values:
    """Potential impact fraction of each group: the part of the outcome that would go if that group came to its aim.

    Parameters
    ----------
    value, variance, weight : array, shape (..., level)
        Outcome, its variance and population per level, worst-off first.
    aim : array, shape (..., level), optional
        The level that each group would come to, taken as known; without it, the value of the last group, whose error is
        then that of every aim.

    Returns
    -------
    Values, shape (..., level)
        Without unit; the groups add up to the whole impact, which is ``attributable_fraction`` where there is no `aim`.
        Positive where the aim is lower than the value: of an outcome that is good when high, a fall is what is lost.
        NaN where the average is 0 and in all groups where one is missing.

    References
    ----------
    .. [1] Morgenstern H, Bursic ES. J Community Health 1982;7:292-309. doi:10.1007/BF01318961

    Examples
    --------
    >>> made = potential_impact(np.array([30.0, 20, 10]), np.ones(3), np.ones(3))
    >>> made.value.round(4).tolist(), made.se.round(4).tolist()
    ([0.3333, 0.1667, 0.0], [0.0255, 0.0241, 0.0])
    """
    value, variance, weight = (np.asarray(part, float) for part in (value, variance, weight))
    levels = np.eye(value.shape[-1])
    last = np.zeros_like(levels) if aim is not None else levels[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        part = share(weight) / average(value, weight)[..., None]
        found = part * (value - (value[..., -1:] if aim is None else np.asarray(aim, float)))
        slope = part[..., None] * (levels - last) - found[..., None] * part[..., None, :]
        se = np.sqrt((slope**2 * variance[..., None, :]).sum(-1))
    return Values.around(found, se)
