"""Shares of a small population that was asked as a whole and of which some answered, as the partners of an alliance.

The intervals take those who answered for a random draw of all. They do not hold what the silent would have said, which
only ``silent`` bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import bdtr
from scipy.stats import hypergeom

from lighed.stats.intervals import Array, Floats, Values, normal, tail, wilson

ROUNDING = 1e-9  # of a percentage: 0.5 is computed as 0.4999999999999929


def finite_share(
    events: Array,
    n: Array,
    population: Array,
    *,
    interval: Literal["wilson", "hypergeometric"] = "wilson",
    confidence: float = 0.95,
) -> Values:
    """Share of a population of known size, of which `n` were drawn: the more of it, the surer.

    Parameters
    ----------
    events, n, population : array, shape (...)
        Those who say so, those who answered, and all there are; 0 ≤ events ≤ n ≤ population.
    interval
        ``wilson`` of the effective number n(N − 1)/(N − n), or ``hypergeometric``: exact, the shares of whole numbers
        of all for which neither so few nor so many events are rarer than the tail.
    confidence
        How often the interval is to hold the share of all.

    Returns
    -------
    Values, shape (...)
        Shares from 0 to 1, with the share itself for both limits where all answered; NaN where nobody did. The
        standard error is NaN for a single answer of several.

    References
    ----------
    .. [1] Cochran WG. Sampling techniques. 3rd ed. Wiley 1977, chapter 3 (the finite population correction).
    .. [2] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953
    .. [3] Wright T. Exact confidence bounds when sampling from small finite universes. Springer 1991.
       doi:10.1007/978-1-4612-3140-0

    Examples
    --------
    >>> share = finite_share(51, 68, 107)  # 51 of the 68 who answered, of 107 partners
    >>> round(float(share.value), 2), round(float(share.lower), 3), round(float(share.upper), 3)
    (0.75, 0.683, 0.807)
    >>> exact = finite_share(51, 68, 107, interval="hypergeometric")
    >>> round(float(exact.lower * 107)), round(float(exact.upper * 107))  # partners
    (73, 86)
    """
    x, n, of = np.broadcast_arrays(*(np.asarray(given, float) for given in (events, n, population)))
    with np.errstate(divide="ignore", invalid="ignore"):
        share, se = x / n, np.sqrt(_variance(x, n, of))
        limits = wilson(share, n * (of - 1) / (of - n), confidence) if interval == "wilson" else None
    limits = limits or _exact(x, n, of, tail(confidence))
    lower, upper = (np.where(n == of, share, limit) for limit in limits)
    return Values(share, se, lower, upper).where(n > 0)


def _variance(x: Floats, n: Floats, of: Floats) -> Floats:
    """p(1 − p)/(n − 1) · (1 − n/N), which is 0 where all answered."""
    share = x / n
    return np.where(n == of, 0, share * (1 - share) / (n - 1) * (1 - n / of))


def _exact(x: Floats, n: Floats, of: Floats, rare: float) -> tuple[Floats, Floats]:
    """The smallest and the largest number of all with which `x` of `n` is not rare, as shares."""
    x, n, of = x[..., None], n[..., None], of[..., None]
    all_with = np.arange(of.max() + 1)
    likely = (hypergeom.sf(x - 1, of, all_with, n) > rare) & (hypergeom.cdf(x, of, all_with, n) > rare)
    return (
        np.where(likely, all_with, np.inf).min(-1) / of[..., 0],
        np.where(likely, all_with, -np.inf).max(-1) / of[..., 0],
    )


def silent(events: Array, n: Array, population: Array) -> tuple[Floats, Floats]:
    """Share of all when every silent one says no, and when every silent one says yes: no share is outside these.

    Parameters
    ----------
    events, n, population : array, shape (...)
        Those who say so, those who answered, and all there are.

    Returns
    -------
    lower, upper : array, shape (...)
        Shares from 0 to 1; the same number where all answered. These are bounds, not an interval.

    References
    ----------
    .. [1] Manski CF. J Hum Resour 1989;24:343-360. doi:10.2307/145818

    Examples
    --------
    >>> [round(float(bound), 3) for bound in silent(51, 68, 107)]
    [0.477, 0.841]
    """
    x, n, of = (np.asarray(given, float) for given in (events, n, population))
    return x / of, (x + of - n) / of


def attainable(percent: Array, n: Array, digits: int = 0) -> Floats:
    """How many of `n` a rounded percentage stands for; a half may have been rounded to either side.

    Parameters
    ----------
    percent : array, shape (...)
        The percentage as it was published.
    n : array, shape (...)
        How many it is said to be of.
    digits
        Decimals that the percentage was published with.

    Returns
    -------
    array, shape (...)
        The whole number, the one closest to the percentage where several are rounded to it; NaN where no number of
        `n` is, so that it is of another number, or wrong.

    References
    ----------
    .. [1] Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8:363-369. doi:10.1177/1948550616673876 (the same of
       means)

    Examples
    --------
    >>> attainable([75, 98], 68).tolist()  # 66 of 68 is 97.06 %, 67 of 68 is 98.53 %
    [51.0, nan]
    """
    percent, n = np.asarray(percent, float), np.asarray(n, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        events = np.round(percent * n / 100)
        off = np.abs(100 * events / n - percent)
    return np.where(off <= 0.5 * 10.0**-digits + ROUNDING, events, np.nan)


def largest_denominator(percent: Array, n: Array, digits: int = 0) -> Floats:
    """Largest number, `n` or fewer, that a rounded percentage can be of.

    Parameters
    ----------
    percent, n : array, shape (...)
    digits
        As in ``attainable``.

    Returns
    -------
    array, shape (...)
        Whole numbers; NaN where there is none.

    References
    ----------
    .. [1] Brown NJL, Heathers JAJ. Soc Psychol Personal Sci 2017;8:363-369. doi:10.1177/1948550616673876

    Examples
    --------
    >>> largest_denominator([75, 98, 70], 68).tolist()
    [68.0, 66.0, 67.0]
    """
    percent, n = np.broadcast_arrays(np.asarray(percent, float), np.asarray(n, float))
    tried = np.arange(1, np.max(n, initial=0) + 1)
    fits = ~np.isnan(attainable(percent[..., None], tried, digits)) & (tried <= n[..., None])
    return np.where(fits.any(-1), np.where(fits, tried, 0).max(-1, initial=0), np.nan)


@dataclass(frozen=True, slots=True)
class Paired:
    """Change of a share among those who answered twice, with its interval, and how rare so much is by chance alone."""

    change: Values
    p: Floats


def paired_change(gained: Array, lost: Array, n: Array, population: Array, confidence: float = 0.95) -> Paired:
    """Change of a share among those who answered both times.

    Parameters
    ----------
    gained, lost : array, shape (...)
        Those who say so the second time only, and those who said so the first time only.
    n, population : array, shape (...)
        Those who answered both times, and all who were there both times.
    confidence
        How often the interval is to hold the change among all.

    Returns
    -------
    Paired, shape (...)
        The change from −1 to 1, positive where more say so the second time, and 0 where as many do, with an interval
        that is 0 wide where all answered both times; and the two-sided chance of McNemar's exact test, which takes
        those who answered for a draw out of infinitely many and is too large for a small population.

    References
    ----------
    .. [1] McNemar Q. Psychometrika 1947;12:153-157. doi:10.1007/BF02295996
    .. [2] Fagerland MW, Lydersen S, Laake P. BMC Med Res Methodol 2013;13:91. doi:10.1186/1471-2288-13-91

    Examples
    --------
    >>> made = paired_change(12, 4, 50, 90)
    >>> round(float(made.change.value), 2), round(float(made.change.lower), 3), round(float(made.p), 4)
    (0.16, 0.059, 0.0768)
    """
    gained, lost, n, of = (np.asarray(given, float) for given in (gained, lost, n, population))
    with np.errstate(divide="ignore", invalid="ignore"):
        value, moved = (gained - lost) / n, gained + lost
        se = np.sqrt(np.where(n == of, 0, (moved / n - value**2) / (n - 1) * (1 - n / of)))
    p = np.minimum(1, 2 * bdtr(np.minimum(gained, lost), moved.astype(int), 0.5))
    return Paired(Values.around(value, se, normal(confidence)), p)


def poststratified(events: Array, n: Array, population: Array, confidence: float = 0.95) -> Values:
    """Share of all when each kind of them counts by how many it has, not by how many answered.

    Parameters
    ----------
    events, n, population : array, shape (..., stratum)
        Of each kind, those who say so, those who answered, and all there are.
    confidence
        How often the interval is to hold the share of all.

    Returns
    -------
    Values, shape (...)
        Shares from 0 to 1, with Wilson's limits at the effective number p(1 − p)/se²; NaN where a kind has no answer,
        and no limits where one of several of a kind answered alone. Add small kinds together first.

    References
    ----------
    .. [1] Holt D, Smith TMF. J R Stat Soc A 1979;142:33-46. doi:10.2307/2344652

    Examples
    --------
    >>> share = poststratified([10, 30], [20, 40], [60, 40])  # the first kind answered less
    >>> round(float(share.value), 2), round(float(share.lower), 3), round(float(share.upper), 3)
    (0.6, 0.488, 0.703)
    """
    x, n, of = np.broadcast_arrays(*(np.asarray(given, float) for given in (events, n, population)))
    part = of / of.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (part * x / n).sum(-1)
        variance = (part**2 * _variance(x, n, of)).sum(-1)
        all_n, all_of = n.sum(-1), of.sum(-1)
        alike = all_n * (all_of - 1) / (all_of - all_n)
        lower, upper = wilson(value, np.where(variance > 0, value * (1 - value) / variance, alike), confidence)
    complete = all_n == all_of
    lower, upper = (np.where(complete, value, np.where(np.isnan(variance), np.nan, one)) for one in (lower, upper))
    return Values(value, np.sqrt(variance), lower, upper)
