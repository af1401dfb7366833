"""Shares, rates, means and their direct standardisation."""

from __future__ import annotations

import numpy as np

from lighed.stats.intervals import Array, Floats, Values, Z, poisson, student, wilson

FEWEST_EVENTS = 10  # a directly standardised rate from fewer events has no interval that can be trusted


def _from_limits(value: Floats, lower: Floats, upper: Floats) -> Values:
    # The standard error that the interval implies: never 0 for a group in which nobody (or everybody) has the thing.
    return Values(value, (upper - lower) / (2 * Z), lower, upper)


def proportion(events: Array, n: Array) -> Values:
    """Share of persons, with Wilson's interval.

    Parameters
    ----------
    events, n : array, shape (...)
        Persons with the thing, and persons.

    Returns
    -------
    Values, shape (...)
        Between 0 and 1; NaN where n is 0. The standard error is the one that the interval implies.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> share = proportion([10, 0], [100, 50])
    >>> share.value.tolist(), share.upper.round(4).tolist()
    ([0.1, 0.0], [0.1744, 0.0713])
    """
    events, n = np.asarray(events, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = events / n
    return _from_limits(share, *wilson(share, n))


def weighted_proportion(share: Array, variance: Array, n: Array) -> Values:
    """Share from a weighted sample, with Wilson's interval at the effective number of respondents.

    Parameters
    ----------
    share, variance : array, shape (...)
        The weighted share and its design-based variance; NaN where that is not known, and then there is no interval.
    n : array, shape (...)
        Respondents; the effective number where the variance is 0 because nobody (or everybody) has the thing.

    Returns
    -------
    Values, shape (...)

    References
    ----------
    .. [1] Korn EL, Graubard BI. Surv Methodol 1998;24:193-201 (effective sample size).

    Examples
    --------
    >>> round(float(weighted_proportion(0.1, 0.1 * 0.9 / 50, 100).upper), 4)  # a design effect of 2
    0.2136
    """
    share, variance, n = np.asarray(share, float), np.asarray(variance, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.where(variance == 0, n, share * (1 - share) / variance)
    return _from_limits(share, *wilson(share, effective))


def rate(events: Array, time: Array) -> Values:
    """Events per unit of person-time, with Byar's interval, exact below 10 events.

    Parameters
    ----------
    events, time : array, shape (...)
        Events, and person-time in the unit that the rate is wanted per.

    Returns
    -------
    Values, shape (...)
        NaN where there is no person-time.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical methods in cancer research II. IARC 1987.

    Examples
    --------
    >>> round(float(rate(4, 1000.0).upper), 6)
    0.010242
    """
    events, time = np.asarray(events, float), np.asarray(time, float)
    lower, upper = poisson(events)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _from_limits(*(np.where(time > 0, count / time, np.nan) for count in (events, lower, upper)))


def mean(total: Array, total_of_squares: Array, n: Array) -> Values:
    """Mean from its moments, with Student's interval.

    Parameters
    ----------
    total, total_of_squares, n : array, shape (...)
        Σy, Σy² and the number of persons.

    Returns
    -------
    Values, shape (...)
        In the unit of y; without an interval (NaN) for fewer than two persons.

    Examples
    --------
    >>> made = mean(15.0, 55.0, 5)  # of 1, 2, 3, 4, 5
    >>> float(made.value), round(float(made.lower), 3)
    (3.0, 1.037)
    """
    total, squares, n = (np.asarray(part, float) for part in (total, total_of_squares, n))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = total / n
        se = np.sqrt(np.maximum(squares - total**2 / n, 0) / (n - 1) / n)
    se = np.where(n > 1, se, np.nan)
    half = student(n - 1) * se
    return Values(value, se, value - half, value + half)


def direct(value: Array, variance: Array, n: Array, standard: Array) -> tuple[Floats, Floats, Floats]:
    """Directly standardised value: what it would be if the population had the structure of the standard.

    Parameters
    ----------
    value, variance, n : array, shape (..., cell)
        Share, rate or mean in each cell of age and sex, its variance, and the persons in the cell.
    standard : array, shape (cell,) or (..., cell)
        The standard population of each cell; 0 for cells that the population of the figure cannot have.

    Returns
    -------
    value, variance : array, shape (...)
        NaN where no cell has persons.
    covered : array, shape (...)
        The part of the standard whose cells have persons; the others take the average of those.

    References
    ----------
    .. [1] Fay MP, Feuer EJ. Stat Med 1997;16:791-801.
       doi:10.1002/(SICI)1097-0258(19970415)16:7<791::AID-SIM500>3.0.CO;2-#

    Examples
    --------
    >>> value, variance, covered = direct([0.1, 0.3], [0.001, 0.002], [90, 100], [1, 3])
    >>> round(float(value), 3), float(covered)
    (0.25, 1.0)
    """
    value, variance, n, standard = (np.asarray(part, float) for part in (value, variance, n, standard))
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(n > 0, standard / standard.sum(-1, keepdims=True), 0.0)
        covered = weight.sum(-1)
        weight /= covered[..., None]
        empty = np.where(covered > 0, 0.0, np.nan)
    present = n > 0
    standardised = np.where(present, weight * value, 0.0).sum(-1) + empty
    return standardised, np.where(present, weight**2 * variance, 0.0).sum(-1) + empty, covered


def dobson(value: Array, variance: Array, events: Array) -> Values:
    """Interval of a directly standardised rate from the interval of its count of events.

    Parameters
    ----------
    value, variance, events : array, shape (...)
        The standardised rate, its variance, and all events behind it.

    Returns
    -------
    Values, shape (...)
        All NaN below 10 events, where the method does not hold.

    References
    ----------
    .. [1] Dobson AJ, Kuulasmaa K, Eberle E, Scherer J. Stat Med 1991;10:457-462. doi:10.1002/sim.4780100317

    Examples
    --------
    >>> made = dobson([0.010, 0.009], [1e-5, 1e-5], [10, 9])
    >>> made.lower.round(4).tolist(), made.upper.round(4).tolist()
    ([0.0048, nan], [0.0184, nan])
    """
    value, variance, events = (np.asarray(part, float) for part in (value, variance, events))
    enough = events >= FEWEST_EVENTS
    lower, upper = poisson(events)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.sqrt(variance / events)
    limits = (value + stretch * (lower - events), value + stretch * (upper - events))
    return _from_limits(*(np.where(enough, part, np.nan) for part in (value, *limits)))
