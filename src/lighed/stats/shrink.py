"""Many small groups at once: how much they truly differ, and what each is likely to be (empirical Bayes).

One model serves all: an observed value is a true value and an error whose variance is known; true values lie about a
line (mostly a mean) with a variance of their own, which the spread of the observed values tells.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import chdtri, gammaincinv

from lighed.stats.contributions import estimates
from lighed.stats.intervals import Array, Floats, Values, Z, student, tail

STEPS = 60  # at most; Newton's on a convex falling curve from its left never overshoot, and some ten are enough
FEWEST_DEGREES = 4  # of Student's t, where next to nothing is known of the spread
STILL = 1e-12  # relative: a step that is only rounding


@dataclass(frozen=True, slots=True)
class Fit:
    """True values about a line: coefficients, the line, and what is left between the groups.

    ``coefficient`` has shape (..., term), ``line`` (..., unit), ``leverage`` (..., unit) is the variance of the line,
    ``between`` (...) the variance of true values about it with the interval of its own distribution, and ``free`` (...)
    how many more units with a value there are than terms.

    Examples
    --------
    >>> made = fit(np.array([10.0, 12, 14, 16]), np.full(4, 2.0))
    >>> made.line.round(6).tolist(), made.leverage.round(3).tolist(), float(made.free)
    ([13.0, 13.0, 13.0, 13.0], [1.667, 1.667, 1.667, 1.667], 3.0)
    """

    coefficient: Values
    line: Floats
    leverage: Floats
    between: Values
    free: Floats


def _weighed(value: Array, weight: Array, design: Array) -> tuple[Floats, Floats, Floats]:
    """Weighted least squares: coefficients, their covariance, and the line."""
    covariance = np.linalg.pinv(design.T @ (weight[..., None] * design), hermitian=True)
    coefficient = (covariance @ (design.T @ (weight * value)[..., None]))[..., 0]
    return coefficient, covariance, coefficient @ design.T


def _between(value: Array, precision: Callable[[Array], Floats], design: Array, goal: Array) -> Floats:
    """Variance about the line at which the weighted squares of what is left add up to `goal`; 0 if there is none."""
    found = np.zeros(value.shape[:-1])
    for _ in range(STEPS):
        weight = precision(found)
        left = value - _weighed(value, weight, design)[2]
        excess, slope = (weight * left**2).sum(-1) - goal, (weight**2 * left**2).sum(-1)
        step = np.where(excess > 0, excess / slope, 0)
        found = found + step
        if not (step > STILL * found).any():
            break
    return found


def fit(value: Array, variance: Array, design: Array | None = None) -> Fit:
    """How much groups truly differ, beyond the errors of their values (Paule and Mandel's moments).

    Parameters
    ----------
    value, variance : array, shape (..., unit)
        Observed value of each municipality (or other group), and its variance.
    design : array, shape (unit, term), optional
        What the true values are lined up with; without it one mean.

    Returns
    -------
    Fit
        ``between`` is in the squared unit of `value`; 0 where the values differ no more than their errors. Its interval
        is Viechtbauer's (the chi-squared distribution of the weighted squares) and covers 95 % where values are normal.
        A unit without a value, or with a variance that is not above 0, is left out. NaN where no more units than terms
        are left.

    References
    ----------
    .. [1] Paule RC, Mandel J. J Res Natl Bur Stand 1982;87:377-385. doi:10.6028/jres.087.022
    .. [2] Viechtbauer W. Stat Med 2007;26:37-52. doi:10.1002/sim.2514

    Examples
    --------
    >>> made = fit(np.array([10.0, 12, 14, 16]), np.full(4, 2.0))
    >>> round(float(made.between.value), 3), made.coefficient.value.round(3).tolist()
    (4.667, [13.0])
    """
    value, variance = np.asarray(value, float), np.asarray(variance, float)
    design = np.ones((value.shape[-1], 1)) if design is None else np.asarray(design, float)
    present = _present(value, variance)
    free = np.asarray(present.sum(-1) - np.linalg.matrix_rank(design), float)
    free = np.where(free > 0, free, np.nan)
    known = np.where(present, value, 0.0)

    def precision(between: Array) -> Floats:
        return np.where(present, 1 / (np.where(present, variance, 1.0) + between[..., None]), 0.0)

    with np.errstate(divide="ignore", invalid="ignore"):
        goals = (free, chdtri(free, tail(0.95)), chdtri(free, 1 - tail(0.95)))
        between, lower, upper = (_between(known, precision, design, goal) + 0 * free for goal in goals)
    coefficient, covariance, line = _weighed(known, precision(np.nan_to_num(between)), design)
    made = estimates(coefficient + 0 * free[..., None], np.diagonal(covariance, axis1=-2, axis2=-1))
    spread = Values(between, (upper - lower) / (2 * Z), lower, upper)
    return Fit(made, line + 0 * free[..., None], ((design @ covariance) * design).sum(-1), spread, free)


def _present(value: Array, variance: Array) -> npt.NDArray[np.bool_]:
    return np.isfinite(value) & np.isfinite(variance) & (variance > 0)


def _shrunk(value: Array, variance: Array, made: Fit, to: float = 1) -> tuple[Floats, Callable[[Array], Floats]]:
    """How much of its distance from the line each value keeps, and the variance of what is drawn to a part of the line.

    Morris's corrections: without them a spread that is found to be 0 by chance would leave no error at all. As the
    variance goes by a spread that is itself an estimate, it is stretched as Student's t is, by Satterthwaite's degrees
    of freedom.
    """
    free, between = made.free[..., None], made.between.value[..., None]
    usable = np.where(_present(value, variance) & (free > 2), variance, np.nan)
    total = usable + between
    weights = np.nansum(1 / total, -1, keepdims=True)
    kept = 1 - (free - 2) / free * usable / total
    middle = np.nansum(usable / total, -1, keepdims=True) / weights
    unsure = 2 / (free - 2) * (1 - kept) ** 2 * (middle + between) / total * (value - made.line) ** 2

    def spread(of_count: Array) -> Floats:
        whole = usable * kept * of_count + (to - kept) ** 2 * made.leverage + unsure
        by_spread = (usable / total) ** 2 * np.sqrt(2 * free) / weights
        degrees = np.maximum(2 * (whole / by_spread) ** 2, FEWEST_DEGREES)
        return np.asarray(whole * (student(degrees) / Z) ** 2, float)

    return kept, spread


def shrink(value: Array, variance: Array, design: Array | None = None) -> Values:
    """Values of small municipalities drawn towards the mean of their own social group, the more the less is known.

    Social groups are leading axes, so that each is drawn to its own mean: drawn to a common one, the gaps in small
    municipalities would narrow by the method alone.

    Parameters
    ----------
    value, variance : array, shape (..., municipality)
        Observed value and its variance.
    design : array, shape (municipality, term), optional
        What true values are lined up with, such as the municipalities' deprivation; without it one mean.

    Returns
    -------
    Values, shape (..., municipality)
        In the unit of `value`; the standard error is the one that the interval implies. Intervals hold the true value
        of 94 to 98 in 100 municipalities, taken over all, and of more where they hardly differ; of those that are truly
        farthest from the mean only of 75 to 90. They are for looking at one municipality: the spread of the drawn
        values is too small, and their differences are not independent. NaN where the value is missing or its variance
        not above 0, and of all if fewer than 4 municipalities are left.

    References
    ----------
    .. [1] Morris CN. J Am Stat Assoc 1983;78:47-55. doi:10.1080/01621459.1983.10477920

    Examples
    --------
    >>> made = shrink(np.array([10.0, 12, 14, 16, 18]), np.array([1.0, 1, 1, 1, 9]))
    >>> made.value.round(1).tolist()
    [10.2, 12.1, 14.0, 15.8, 16.7]
    """
    value, variance = np.asarray(value, float), np.asarray(variance, float)
    made = fit(value, variance, design)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept, spread = _shrunk(value, variance, made)
        return estimates(made.line + kept * (value - made.line), spread(np.ones(1)))


def shrink_rates(events: Array, time: Array) -> Values:
    """Rates of small municipalities drawn towards the rate of their own social group (Poisson counts, gamma rates).

    Parameters
    ----------
    events, time : array, shape (..., municipality)
        Events, and person-time (or expected events); social groups are leading axes.

    Returns
    -------
    Values, shape (..., municipality)
        Rate per unit of `time`, never below 0, with limits of the gamma distribution, which hold as in ``shrink``. NaN
        where there is no person-time or the count is missing or negative, and of all where there are no events or fewer
        than 4 municipalities.

    References
    ----------
    .. [1] Clayton D, Kaldor J. Biometrics 1987;43:671-681. doi:10.2307/2532003
    .. [2] Marshall RJ. J R Stat Soc C 1991;40:283-294. doi:10.2307/2347593

    Examples
    --------
    >>> made = shrink_rates(np.array([0, 4, 30, 260, 90]), np.array([100.0, 200, 2000, 10000, 3000]))
    >>> (1000 * made.value).round(1).tolist()
    [9.5, 20.9, 15.8, 25.9, 29.4]
    """
    events, time = np.asarray(events, float), np.asarray(time, float)
    there = (events >= 0) & (time > 0)
    events, time = np.where(there, events, 0.0), np.where(there, time, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = events.sum(-1, keepdims=True) / time.sum(-1, keepdims=True)
        rate, variance = events / time, usual / time
        made = fit(rate, variance)
        kept, of_count = _shrunk(rate, variance, made)
        drawn = made.line + kept * (rate - made.line)
        spread = of_count(drawn / usual)
        shape, scale = drawn**2 / spread, spread / drawn
        lower, upper = (scale * gammaincinv(shape, chance) for chance in (tail(0.95), 1 - tail(0.95)))
    return Values(drawn, np.sqrt(spread), lower, upper)


@dataclass(frozen=True, slots=True)
class Strata:
    """Intersectional strata: how much they differ, how much of it is more than a sum of main effects, and where.

    ``between`` and ``beyond``, shape (...), are the variances of true values between strata and of what the main
    effects leave; ``partition`` the share of all variance between persons that lies between strata; ``change`` the part
    of ``between`` that the main effects explain; ``interaction``, shape (..., stratum), what each stratum has beyond
    the sum of its main effects.

    Examples
    --------
    >>> design = np.array([[1, sex, short] for _ in range(2) for sex in (0, 1) for short in (0, 1)])
    >>> made = strata(np.array([10.0, 15, 12, 20, 11, 15, 12, 19]), np.full(8, 0.1), 20.0, design)
    >>> made.main.value.round(2).tolist(), float(made.interaction.value[3].round(2))
    ([9.75, 3.0, 6.0], 1.18)
    """

    main: Values
    between: Values
    beyond: Values
    partition: Values
    change: Floats
    interaction: Values


def strata(value: Array, variance: Array, within: Array, design: Array) -> Strata:
    """Split the differences between intersectional groups into main effects and what is more than their sum (MAIHDA).

    Parameters
    ----------
    value, variance : array, shape (..., stratum)
        Mean or share in each combination of sex, education, origin …, and its variance.
    within : array, shape (...)
        Variance between persons within a stratum: of a mean the pooled one, of a share about p(1 − p).
    design : array, shape (stratum, term)
        The main effects: a column of ones and a column for each level but one of each dimension.

    Returns
    -------
    Strata
        The partition coefficient, 0 to 1, has the limits of ``between``; ``change`` is at most 1, and below 0 where the
        main effects explain less than their number would by chance; it has no interval. Interactions are drawn to 0 as
        in ``shrink``, and their intervals cover 93 to 98 %. Strata without a value are left out. NaN where too few are
        left; ``change`` also where strata do not differ, and the partition where persons do not either.

    References
    ----------
    .. [1] Merlo J. Soc Sci Med 2018;203:74-80. doi:10.1016/j.socscimed.2017.12.026
    .. [2] Evans CR, Williams DR, Onnela JP, Subramanian SV. Soc Sci Med 2018;203:64-73.
       doi:10.1016/j.socscimed.2017.11.011

    Examples
    --------
    >>> design = np.array([[1, sex, short] for _ in range(2) for sex in (0, 1) for short in (0, 1)])
    >>> value = np.array([10.0, 15, 12, 20, 11, 15, 12, 19])
    >>> made = strata(value, np.full(8, 0.1), 20.0, design)
    >>> round(float(made.partition.value), 2), round(float(made.change), 2)
    (0.4, 0.93)
    """
    value, variance, within = (np.asarray(part, float) for part in (value, variance, within))
    alone, lined = fit(value, variance), fit(value, variance, design)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept, spread_of = _shrunk(value, variance, lined, to=0)
        interaction = estimates(kept * (value - lined.line), spread_of(np.ones(1)))
        share, low, high = (
            part / (part + within) for part in (alone.between.value, alone.between.lower, alone.between.upper)
        )
        change = 1 - lined.between.value / np.where(alone.between.value > 0, alone.between.value, np.nan)
    partition = Values(share, (high - low) / (2 * Z), low, high)
    return Strata(lined.coefficient, alone.between, lined.between, partition, change, interaction)
