"""Concentration indices: how far an outcome is gathered among the worse-off.

Each is a weighted sum of the level values, as it stands or over their mean: what a level counts for follows from its
place in the population, and only that differs between the members of the family.
"""

from __future__ import annotations

import numpy as np

from lighed.stats.groups import average, share
from lighed.stats.intervals import Array, Floats, linear_ratio
from lighed.stats.registry import measure

AVERSION = 3.0  # of the registered extended index: the worst-off person counts three times, the best-off not at all


def _places(weight: Array, aversion: float = 2.0) -> Floats:
    """What each level's value counts for, shape (..., level): more among the worse-off, and nothing in all."""
    part = share(weight)
    after = np.maximum(1 - part.cumsum(-1), 0)
    return np.asarray((after + part) ** aversion - after**aversion - part, float)


def _places_by_distance(weight: Array, beta: float) -> Floats:
    """What each level's value counts for by its distance from the middle of the population, shape (..., level)."""
    part = share(weight)
    end = part.cumsum(-1) - 0.5
    return np.asarray(2 ** (beta - 2) * (np.abs(end - part) ** beta - np.abs(end) ** beta), float)


def _of_shares(value: Array) -> Array:
    inside = ((value.real >= 0) & (value.real <= 1)).all(-1, keepdims=True)
    return np.where(inside, value, np.nan)


def _absolute(value: Array, weight: Array) -> tuple[Floats, Floats]:
    places = _places(weight)
    return np.asarray((places * value).sum(-1), float), places


def _relative(value: Array, weight: Array) -> tuple[Floats, Floats]:
    return linear_ratio(value, _places(weight), share(weight))


def _averse(value: Array, weight: Array) -> tuple[Floats, Floats]:
    return linear_ratio(value, _places(weight, AVERSION), share(weight))


def _fourfold(value: Array, weight: Array) -> tuple[Floats, Floats]:
    places = 4 * _places(weight)
    return np.asarray((places * _of_shares(value)).sum(-1), float), places


@measure(scale="relative", order="required", weighted=True, null=0.0, with_gradient=_relative, everywhere=True)
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
    return _relative(value, weight)[0]


@measure(scale="absolute", order="required", weighted=True, null=0.0, with_gradient=_absolute)
def generalised_concentration_index(value: Array, weight: Array) -> Array:
    """Generalised (absolute) concentration index: the concentration index times the population's mean.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        In the unit of `value`. 0 means evenly spread; positive means gathered among the worse-off.

    References
    ----------
    .. [1] Wagstaff A, Paci P, van Doorslaer E. Soc Sci Med 1991;33:545-557. doi:10.1016/0277-9536(91)90212-U

    Examples
    --------
    >>> round(float(generalised_concentration_index(np.array([30.0, 20, 10]), np.ones(3))), 4)
    4.4444
    """
    return _absolute(value, weight)[0]


@measure(scale="absolute", order="required", weighted=True, null=0.0, with_gradient=_fourfold, bounded=True)
def erreygers_index(value: Array, weight: Array) -> Array:
    """Erreygers' index: the absolute concentration of a share, scaled so that 1 is the most there can be.

    Four times the generalised concentration index. Of those who have it and of those who do not it is the same with
    opposite signs. For what lies between other bounds than 0 and 1 give (value − lower) / (upper − lower).

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Share (between 0 and 1) and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Between -1 and 1. 0 means evenly spread; positive means gathered among the worse-off. NaN outside the bounds.

    References
    ----------
    .. [1] Erreygers G. J Health Econ 2009;28:504-515. doi:10.1016/j.jhealeco.2008.02.003

    Examples
    --------
    >>> round(float(erreygers_index(np.array([0.3, 0.2, 0.1]), np.ones(3))), 4)
    0.1778
    """
    return _fourfold(value, weight)[0]


@measure(scale="relative", order="required", weighted=True, null=0.0, bounded=True)
def wagstaff_index(value: Array, weight: Array) -> Array:
    """Wagstaff's index: the concentration of a share, held against the most there can be at its mean.

    The concentration index over 1 − mean. Of those who have it and of those who do not it is the same with opposite
    signs. For what lies between other bounds than 0 and 1 give (value − lower) / (upper − lower).

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Share (between 0 and 1) and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Between -1 and 1. 0 means evenly spread; positive means gathered among the worse-off. NaN outside the bounds,
        and where nobody or everybody has it.

    References
    ----------
    .. [1] Wagstaff A. Health Econ 2005;14:429-432. doi:10.1002/hec.953

    Examples
    --------
    >>> round(float(wagstaff_index(np.array([0.3, 0.2, 0.1]), np.ones(3))), 4)
    0.2778
    """
    value = _of_shares(value)
    mean = average(value, weight)
    return np.asarray((_places(weight) * value).sum(-1) / (mean * (1 - mean)))


@measure(scale="relative", order="required", weighted=True, null=0.0, with_gradient=_averse)
def extended_concentration_index(value: Array, weight: Array, aversion: float = AVERSION) -> Array:
    """Extended concentration index: the concentration index with more regard to the worst-off.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.
    aversion : float
        How many times the worst-off person counts, above 1: at 2 it is the concentration index.

    Returns
    -------
    array, shape (...)
        Without unit, between -1 and `aversion` − 1. 0 means evenly spread; positive means gathered among the worse-off.

    Raises
    ------
    ValueError
        If the aversion is not above 1.

    References
    ----------
    .. [1] Wagstaff A. J Health Econ 2002;21:627-641. doi:10.1016/S0167-6296(02)00006-1

    Examples
    --------
    >>> round(float(extended_concentration_index(np.array([30.0, 20, 10]), np.ones(3))), 4)
    0.3333
    """
    _check_above_1(aversion)
    return linear_ratio(value, _places(weight, aversion), share(weight))[0]


def achievement_index(value: Array, weight: Array, aversion: float = AVERSION) -> Floats:
    """Achievement index: the population's mean when the worse-off count more, so that level and inequality are one.

    Of an outcome that is bad when high it is above the mean where the worse-off are worse off.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.
    aversion : float
        How many times the worst-off person counts, 1 or more: at 1 it is the mean.

    Returns
    -------
    array, shape (...)
        In the unit of `value`; the mean where it is evenly spread.

    Raises
    ------
    ValueError
        If the aversion is below 1.

    References
    ----------
    .. [1] Wagstaff A. J Health Econ 2002;21:627-641. doi:10.1016/S0167-6296(02)00006-1

    Examples
    --------
    >>> round(float(achievement_index(np.array([30.0, 20, 10]), np.ones(3))), 4)
    26.6667
    """
    if not aversion >= 1:
        raise ValueError(f"aversion {aversion} is below 1, where the best-off would count the most; give 1 or more")
    return np.asarray(((_places(weight, aversion) + share(weight)) * value).sum(-1), float)


def symmetric_concentration_index(value: Array, weight: Array, beta: float = AVERSION) -> Floats:
    """Symmetric concentration index: the concentration index with more regard to both ends than to the middle.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.
    beta : float
        How much more the ends count, above 1: at 2 it is the concentration index.

    Returns
    -------
    array, shape (...)
        Without unit. 0 means evenly spread; positive means gathered among the worse-off.

    Raises
    ------
    ValueError
        If `beta` is not above 1.

    References
    ----------
    .. [1] Erreygers G, Clarke P, Van Ourti T. J Health Econ 2012;31:257-270.

    Examples
    --------
    >>> round(float(symmetric_concentration_index(np.array([30.0, 20, 10]), np.ones(3))), 4)
    0.2407
    """
    _check_above_1(beta)
    return linear_ratio(value, _places_by_distance(weight, beta), share(weight))[0]


def modified_concentration_index(value: Array, weight: Array, *, least: float) -> Floats:
    """Modified concentration index: the concentration index of what stands above a least possible value.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.
    least : float
        The least value that the outcome can have; at 0 it is the concentration index.

    Returns
    -------
    array, shape (...)
        Between -1 and 1, without unit. 0 means evenly spread; positive means gathered among the worse-off. NaN where a
        value is below the least.

    References
    ----------
    .. [1] Erreygers G, Van Ourti T. J Health Econ 2011;30:685-694.

    Examples
    --------
    >>> round(float(modified_concentration_index(np.array([30.0, 20, 10]), np.ones(3), least=10)), 4)
    0.4444
    """
    above = np.where((np.asarray(value) >= least).all(-1, keepdims=True), np.asarray(value, float) - least, np.nan)
    return _relative(above, weight)[0]


def _check_above_1(exponent: float) -> None:
    if not exponent > 1:
        raise ValueError(f"{exponent} gives no concentration index: the exponent must be above 1")
