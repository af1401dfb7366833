"""Measures of the gradient over all groups in order: a line on the groups' mean rank, read at both ends."""

from __future__ import annotations

import numpy as np

from lighed.stats.groups import average, ridit, share
from lighed.stats.intervals import Array, Floats, linear_ratio
from lighed.stats.registry import measure

NEWTON_STEPS, LONGEST_STEP, CONVERGED = 40, 2.0, 1e-7


def slope_weights(weight: Array) -> Floats:
    """What each level's value counts for in the slope index, shape (..., level).

    Examples
    --------
    >>> slope_weights(np.ones(3)).tolist()
    [1.5, -0.0, -1.5]
    """
    part, off = share(weight), ridit(weight) - 0.5
    return np.asarray(-part * off / (part * off**2).sum(-1, keepdims=True), float)


def _ends(weight: Array) -> tuple[Floats, Floats]:
    """What each level's value counts for in the line at the worst-off and at the best-off end."""
    part, half = share(weight), slope_weights(weight) / 2
    return part + half, part - half


def _line(value: Array, weight: Array) -> tuple[Floats, Floats]:
    slope = slope_weights(weight)
    return np.asarray((slope * value).sum(-1), float), slope


def _line_over_mean(value: Array, weight: Array) -> tuple[Floats, Floats]:
    return linear_ratio(value, slope_weights(weight), share(weight))


def _end_over_end(value: Array, weight: Array) -> tuple[Floats, Floats]:
    over, under = _ends(weight)
    positive = (np.minimum((over * value).sum(-1), (under * value).sum(-1)) > 0)[..., None]
    return linear_ratio(np.where(positive, value, np.nan), over, under)


@measure(scale="absolute", order="required", weighted=True, null=0.0, with_gradient=_line, everywhere=True)
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

    Of life expectancies, with their variances: how many years the best-off live longer than the worst-off.

    >>> from lighed.stats import MEASURES, evaluate
    >>> years, variance, people = [77.1, 79.4, 81.0, 82.2, 83.3], [0.01, 0.01, 0.02, 0.02, 0.02], [9, 11, 10, 10, 10]
    >>> made = evaluate(MEASURES["slope_index"], years, variance, people, polarity="higher_is_better")
    >>> round(float(made.value), 1), round(float(made.lower), 1), round(float(made.upper), 1)
    (7.4, 7.0, 7.8)
    """
    return _line(value, weight)[0]


@measure(
    scale="relative",
    order="required",
    weighted=True,
    null=1.0,
    interval="fieller",
    with_gradient=_end_over_end,
    ends=_ends,
    everywhere=True,
    fewest_events=50,
)
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
        positive at both ends there is no such ratio (NaN); where an end is not significantly above 0, no interval.

    References
    ----------
    .. [1] Mackenbach JP, Kunst AE. Soc Sci Med 1997;44:757-771. doi:10.1016/S0277-9536(96)00073-1
    .. [2] Fieller EC. J R Stat Soc B 1954;16:175-185. doi:10.1111/j.2517-6161.1954.tb00159.x

    Examples
    --------
    >>> round(float(relative_index(np.array([30.0, 20, 10]), np.ones(3))), 2)
    7.0
    """
    return _end_over_end(value, weight)[0]


@measure(scale="relative", order="required", weighted=True, null=0.0, with_gradient=_line_over_mean)
def relative_index_mean(value: Array, weight: Array) -> Array:
    """Relative index of inequality after Pamuk: the slope index over the population's mean.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first.

    Returns
    -------
    array, shape (...)
        Without unit. 0 means no gradient; positive means higher among the worse-off; at 2 and above the fitted line
        falls to 0 before the best-off end. NaN where the mean is 0.

    References
    ----------
    .. [1] Pamuk ER. Popul Stud 1985;39:17-31. doi:10.1080/0032472031000141256

    Examples
    --------
    >>> round(float(relative_index_mean(np.array([30.0, 20, 10]), np.ones(3))), 2)
    1.5
    """
    return _line_over_mean(value, weight)[0]


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
    everywhere=True,
    fewest_events=20,
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
