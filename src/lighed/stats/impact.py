"""Measures of impact: what would not be, if all had the level of the best-off group."""

from __future__ import annotations

import numpy as np

from lighed.stats.groups import average
from lighed.stats.intervals import Array
from lighed.stats.registry import measure


@measure(scale="relative", order="ignored", weighted=True, null=0.0, unit="share", everywhere=True)
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


@measure(scale="people", order="ignored", weighted=True, null=0.0, everywhere=True)
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
