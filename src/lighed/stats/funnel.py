"""Funnel plots: how far an area may be from the average by chance alone, and by what chance and other things do.

Areas are held against the average of all, not against each other. Where areas differ by more than chance for reasons
that nobody has measured, the limits are widened by the variance between areas (τ²), or nearly all are found to differ.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array, Floats, Values, normal, poisson

TRIMMED = (
    0.1  # of the areas at each end, so that the areas that are looked for do not widen the limits they are held to
)


def limits_of_proportions(
    average: Array,
    n: Array,
    *,
    tau2: Array | float = 0.0,
    scale: Literal["score", "arcsine"] = "score",
    confidence: float = 0.95,
) -> tuple[Floats, Floats]:
    """Limits within which the share of an area lies by chance, when its true share is the average.

    Parameters
    ----------
    average : array, shape (...)
        The average share of all areas, between 0 and 1.
    n : array, shape (...)
        Persons of the area.
    tau2 : array, shape (...)
        Variance between areas on the scale of arcsines, from ``dispersion_of_proportions``; only with ``arcsine``.
    scale
        ``score``: the shares whose Wilson interval just reaches the average.
    confidence
        How many areas lie within the limits.

    Returns
    -------
    lower, upper : array, shape (...)
        Between 0 and 1, on both sides of the average; NaN where n is 0.

    Raises
    ------
    ValueError
        If a variance between areas is given without ``arcsine``.

    References
    ----------
    .. [1] Spiegelhalter DJ. Stat Med 2005;24:1185-1202. doi:10.1002/sim.1970

    Examples
    --------
    >>> [round(float(limit), 3) for limit in limits_of_proportions(0.2, 100)]
    [0.122, 0.278]
    """
    average, n = np.asarray(average, float), np.where(np.asarray(n) > 0, n, np.nan)
    average = np.where((average >= 0) & (average <= 1), average, np.nan)
    if scale == "score" and np.any(tau2):
        raise ValueError("A variance between areas belongs to the scale of arcsines; ask for scale='arcsine'.")
    if scale == "score":
        half = normal(confidence) * np.sqrt(average * (1 - average) / n)
        return np.clip(average - half, 0, 1), np.clip(average + half, 0, 1)
    middle, half = np.arcsin(np.sqrt(average)), normal(confidence) * np.sqrt(1 / (4 * n) + tau2)
    lower, upper = np.clip(middle - half, 0, np.pi / 2), np.clip(middle + half, 0, np.pi / 2)
    return np.sin(lower) ** 2, np.sin(upper) ** 2


def limits_of_ratios(
    expected: Array,
    *,
    tau2: Array | float = 0.0,
    scale: Literal["exact", "square root", "log"] = "exact",
    confidence: float = 0.95,
) -> tuple[Floats, Floats]:
    """Limits within which an area's ratio of observed to expected events lies by chance, when its true ratio is 1.

    Times the average rate they are the limits of a rate, if `expected` is the average rate times the area's time.

    Parameters
    ----------
    expected : array, shape (...)
        Events expected in the area.
    tau2 : array, shape (...)
        Variance between areas on the same scale, from ``dispersion_of_ratios``; not with ``exact``.
    scale
        ``exact``: by the Poisson distribution. The others are the scales on which areas are taken to be spread evenly.
    confidence
        How many areas lie within the limits.

    Returns
    -------
    lower, upper : array, shape (...)
        Without unit, on both sides of 1, which means as many as expected; NaN where nothing is expected.

    Raises
    ------
    ValueError
        If a variance between areas is given with ``exact``.

    References
    ----------
    .. [1] Spiegelhalter DJ. Stat Med 2005;24:1185-1202. doi:10.1002/sim.1970

    Examples
    --------
    >>> [round(float(limit), 3) for limit in limits_of_ratios(20.0)]
    [0.611, 1.544]
    """
    expected = np.where(np.asarray(expected) > 0, expected, np.nan)
    if scale == "exact":
        if np.any(tau2):
            raise ValueError("A variance between areas needs a scale; ask for scale='square root' or scale='log'.")
        lower, upper = poisson(expected, confidence, interval="exact")
        return lower / expected, upper / expected
    z = normal(confidence)
    if scale == "log":
        half = z * np.sqrt(1 / expected + tau2)
        return np.exp(-half), np.exp(half)
    half = z * np.sqrt(1 / (4 * expected) + tau2)
    return np.maximum(1 - half, 0) ** 2, (1 + half) ** 2


def overdispersion(
    distance: Array, error: Array, *, extremes: Literal["drawn in", "left out"] = "drawn in"
) -> tuple[Floats, Floats]:
    """How much more areas differ than chance makes them, and the variance between them that would explain it.

    Parameters
    ----------
    distance, error : array, shape (..., area)
        Each area's distance from the average and its standard error, on a scale on which chance is nearly normal.
    extremes
        What becomes of the tenth of the areas at each end: ``drawn in`` to the tenth's border, or ``left out``.

    Returns
    -------
    phi : array, shape (...)
        The average squared distance in standard errors: about 1 by chance, or less for the trimming.
    tau2 : array, shape (...)
        The variance between areas, 0 or more; NaN for a single area and where an area's distance is missing.

    References
    ----------
    .. [1] Spiegelhalter DJ. Qual Saf Health Care 2005;14:347-351. doi:10.1136/qshc.2005.013755
    .. [2] DerSimonian R, Laird N. Control Clin Trials 1986;7:177-188. doi:10.1016/0197-2456(86)90046-2

    Examples
    --------
    >>> phi, tau2 = overdispersion(np.array([-0.4, -0.2, 0.0, 0.2, 0.4]), np.full(5, 0.1))
    >>> round(float(phi), 2), round(float(tau2), 4)
    (5.7, 0.0612)
    """
    error = np.broadcast_to(np.asarray(error, float), np.shape(distance))
    z = np.asarray(distance, float) / error
    if extremes == "drawn in":
        low, high = np.quantile(z, [TRIMMED, 1 - TRIMMED], axis=-1, keepdims=True)
        z = np.clip(z, low, high)
    else:
        cut = int(z.shape[-1] * TRIMMED)
        order = np.argsort(z, -1)[..., cut : z.shape[-1] - cut]
        missing = np.where(np.isnan(z).any(-1, keepdims=True), np.nan, 0)
        z, error = np.take_along_axis(z, order, -1) + missing, np.take_along_axis(error, order, -1)
    n, weight = z.shape[-1], error**-2
    phi = (z**2).mean(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        tau2 = (n * phi - (n - 1)) / (weight.sum(-1) - (weight**2).sum(-1) / weight.sum(-1))
    return phi, np.where(n > 1, np.maximum(tau2, 0), np.nan)


def dispersion_of_ratios(
    observed: Array, expected: Array, *, scale: Literal["square root", "log"] = "square root"
) -> tuple[Floats, Floats]:
    """Over-dispersion of ratios of observed to expected events, and the variance between areas.

    Parameters
    ----------
    observed, expected : array, shape (..., area)
    scale
        ``square root`` draws the extremes in; ``log`` leaves them out, and takes half an event where there is none.

    Returns
    -------
    phi, tau2 : array, shape (...)
        As ``overdispersion``, to be put into ``limits_of_ratios`` on the same scale.

    References
    ----------
    .. [1] Spiegelhalter DJ, Sherlaw-Johnson C, Bardsley M, et al. J R Stat Soc A 2012;175:1-47.
       doi:10.1111/j.1467-985X.2011.01010.x
    .. [2] Campbell MJ, Jacques RM, Fotheringham J, Maheswaran R, Nicholl J. BMJ 2012;344:e1001. doi:10.1136/bmj.e1001

    Examples
    --------
    >>> phi, tau2 = dispersion_of_ratios(np.array([4.0, 20, 9, 16, 11]), np.full(5, 12.0))
    >>> round(float(phi), 2), round(float(tau2), 3)
    (1.86, 0.028)
    """
    observed = np.where(np.asarray(observed) >= 0, observed, np.nan)
    expected = np.where(np.asarray(expected) > 0, expected, np.nan)
    if scale == "log":
        some = np.where(observed == 0, 0.5, observed)
        return overdispersion(np.log(some / expected), expected**-0.5, extremes="left out")
    return overdispersion(np.sqrt(observed / expected) - 1, 0.5 * expected**-0.5)


def dispersion_of_proportions(events: Array, n: Array) -> tuple[Floats, Floats]:
    """Over-dispersion of shares about their average, and the variance between areas, on the scale of arcsines.

    Parameters
    ----------
    events, n : array, shape (..., area)
        Persons with the thing, and persons.

    Returns
    -------
    phi, tau2 : array, shape (...)
        As ``overdispersion``, to be put into ``limits_of_proportions`` with ``arcsine``.

    References
    ----------
    .. [1] Spiegelhalter DJ. Qual Saf Health Care 2005;14:347-351. doi:10.1136/qshc.2005.013755

    Examples
    --------
    >>> phi, tau2 = dispersion_of_proportions(np.array([10.0, 20, 30, 40]), np.full(4, 100.0))
    >>> round(float(phi), 2), round(float(tau2), 4)
    (4.89, 0.0138)
    """
    events, n = np.asarray(events, float), np.where(np.asarray(n) > 0, n, np.nan)
    events = np.where((events >= 0) & (events <= n), events, np.nan)
    average = events.sum(-1, keepdims=True) / n.sum(-1, keepdims=True)
    return overdispersion(np.arcsin(np.sqrt(events / n)) - np.arcsin(np.sqrt(average)), 0.5 * n**-0.5)


def significance(inner: Values, outer: Values, average: Array) -> npt.NDArray[np.int8]:
    """Say which side of the average each area is on, and how surely.

    Parameters
    ----------
    inner, outer : Values, shape (...)
        Each area with its interval at 95 % and at 99.8 %.
    average : array, shape (...)

    Returns
    -------
    array, shape (...)
        −2 and −1 below the average, at 99.8 % and at 95 %; 1 and 2 above; 0 where the average is in the interval or
        the area has none.

    Examples
    --------
    >>> from lighed.stats import rate
    >>> area = np.array([5, 20, 24, 40])
    >>> significance(rate(area, 15.0), rate(area, 15.0, confidence=0.998), 1.0).tolist()
    [-1, 0, 1, 2]
    """
    above = (inner.lower > average).astype(np.int8) + (outer.lower > average)
    below = (inner.upper < average).astype(np.int8) + (outer.upper < average)
    return np.asarray(above - below, np.int8)
