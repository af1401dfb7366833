"""Shares, rates, means, and their standardisation, direct and indirect."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lighed.stats.intervals import Array, Floats, Values, clopper_pearson, normal, poisson, student, wilson

FEWEST_EVENTS = 10  # a directly standardised rate from fewer events has no interval that can be trusted


def _from_limits(value: Floats, lower: Floats, upper: Floats, confidence: float = 0.95) -> Values:
    # The standard error that the interval implies: never 0 for a group in which nobody (or everybody) has the thing.
    return Values(value, (upper - lower) / (2 * normal(confidence)), lower, upper)


def proportion(
    events: Array, n: Array, *, interval: Literal["wilson", "exact"] = "wilson", confidence: float = 0.95
) -> Values:
    """Share of persons, with Wilson's interval or the exact one.

    Parameters
    ----------
    events, n : array, shape (...)
        Persons with the thing, and persons.
    interval
        ``exact`` takes Clopper and Pearson's, which covers more often than it says.
    confidence
        How often the interval is to hold the true share.

    Returns
    -------
    Values, shape (...)
        Between 0 and 1; NaN where n is 0 and where there are more events than persons, or fewer than none. The standard
        error is the one that the interval implies.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953
    .. [2] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> share = proportion([10, 0], [100, 50])
    >>> share.value.tolist(), share.upper.round(4).tolist()
    ([0.1, 0.0], [0.1744, 0.0713])
    """
    events, n = np.asarray(events, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((events >= 0) & (events <= n), events / n, np.nan)
    limits = clopper_pearson(events, n, confidence) if interval == "exact" else wilson(share, n, confidence)
    return _from_limits(share, *limits, confidence)


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


def rate(
    events: Array, time: Array, *, interval: Literal["byar", "exact"] = "byar", confidence: float = 0.95
) -> Values:
    """Events per unit of person-time, with Byar's interval, exact below 10 events (or exact throughout).

    Parameters
    ----------
    events, time : array, shape (...)
        Events, and person-time in the unit that the rate is wanted per.
    interval
        ``exact`` takes the exact limits of every count.
    confidence
        How often the interval is to hold the true rate.

    Returns
    -------
    Values, shape (...)
        NaN where there is no person-time and for fewer events than none.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical methods in cancer research II. IARC 1987.

    Examples
    --------
    >>> round(float(rate(4, 1000.0).upper), 6)
    0.010242
    """
    events, time = np.asarray(events, float), np.asarray(time, float)
    lower, upper = poisson(events, confidence, interval=interval)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, low, high = (np.where((time > 0) & (events >= 0), x / time, np.nan) for x in (events, lower, upper))
    return _from_limits(value, low, high, confidence)


def mean(total: Array, total_of_squares: Array, n: Array, *, confidence: float = 0.95) -> Values:
    """Mean from its moments, with Student's interval.

    Parameters
    ----------
    total, total_of_squares, n : array, shape (...)
        Σy, Σy² and the number of persons.
    confidence
        How often the interval is to hold the true mean.

    Returns
    -------
    Values, shape (...)
        In the unit of y; without an interval (NaN) for fewer than two persons.

    References
    ----------
    .. [1] Student. Biometrika 1908;6:1-25. doi:10.1093/biomet/6.1.1

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
    return Values.around(value, se, student(n - 1, confidence))


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


def repeated(persons: Array, events: Array, time: Array) -> tuple[Floats, Floats]:
    """Rate of events that come again in the same persons, and its variance.

    Put into ``direct`` and ``dobson`` in the place of a rate whose events are independent.

    Parameters
    ----------
    persons : array, shape (..., frequency)
        Persons who had just so many events each.
    events : array, shape (frequency,)
        How many events that is.
    time : array, shape (...)
        Person-time of all persons, also of those without events.

    Returns
    -------
    value, variance : array, shape (...)
        Σ events · persons / time and Σ events² · persons / time²; NaN where there is no person-time. Where nobody has
        more than one event it is the variance of a rate of independent events.

    References
    ----------
    .. [1] Stukel TA, Glynn RJ, Fisher ES, et al. Stat Med 1994;13:1781-1791. doi:10.1002/sim.4780131709

    Examples
    --------
    >>> value, variance = repeated([30, 10], [1, 3], 1000.0)  # 30 persons with one event, 10 with three
    >>> float(value), float(variance)
    (0.06, 0.00012)
    """
    persons, events, time = (np.asarray(part, float) for part in (persons, events, time))
    time = np.where(time > 0, time, np.nan)
    return (events * persons).sum(-1) / time, (events**2 * persons).sum(-1) / time**2


def indirect(
    events: Array,
    n: Array,
    reference: Array,
    *,
    interval: Literal["byar", "exact"] = "byar",
    confidence: float = 0.95,
) -> tuple[Values, Floats]:
    """Indirectly standardised ratio: events over those expected if the reference's rates held in each cell.

    Times the reference's crude rate it is the indirectly standardised rate. Ratios of two populations cannot be held
    against each other where they differ in structure: each is standardised to its own.

    Parameters
    ----------
    events : array, shape (...)
        All events.
    n : array, shape (..., cell)
        Persons or person-time in each cell of age and sex.
    reference : array, shape (cell,) or (..., cell)
        The reference's rate in each cell; its own errors are left out.
    interval
        Byar's, exact below 10 events, or ``exact`` throughout.
    confidence
        How often the interval is to hold the true ratio.

    Returns
    -------
    ratio : Values, shape (...)
        Without unit; 1 means as many as expected. NaN where nothing is expected.
    expected : array, shape (...)
        Events expected.

    References
    ----------
    .. [1] Breslow NE, Day NE. Statistical methods in cancer research II. IARC 1987.

    Examples
    --------
    >>> ratio, expected = indirect(12, [1000, 500], [0.004, 0.012])
    >>> float(expected), round(float(ratio.value), 2), round(float(ratio.lower), 2)
    (10.0, 1.2, 0.62)
    >>> round(float(ratio.scaled(660.0).value), 1)  # a rate, where the reference's is 660 in 100,000
    792.0
    """
    expected = (np.asarray(n, float) * np.asarray(reference, float)).sum(-1)
    return rate(events, expected, interval=interval, confidence=confidence), expected


def dobson(value: Array, variance: Array, events: Array, *, confidence: float = 0.95) -> Values:
    """Interval of a directly standardised rate from the interval of its count of events.

    Parameters
    ----------
    value, variance, events : array, shape (...)
        The standardised rate, its variance, and all events behind it.
    confidence
        How often the interval is to hold the true rate.

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
    lower, upper = poisson(events, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        stretch = np.sqrt(variance / events)
    limits = (value + stretch * (lower - events), value + stretch * (upper - events))
    value, lower, upper = (np.where(enough, part, np.nan) for part in (value, *limits))
    return _from_limits(value, lower, upper, confidence)
