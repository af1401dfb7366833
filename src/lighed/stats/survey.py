"""Shares from a stratified, clustered, weighted sample: variance by linearisation from additive sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array, Floats

Index = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the sampling units of each row; with w the weight and y 0 or 1 (or any value) of a person.

    ``weight`` and ``weighted`` are Σw and Σwy. The squares are added up over sampling units: for units of one person
    ``weight2`` is Σw² and both ``cross`` and ``weighted2`` are Σw²y; for a unit of several persons they are the
    products of the unit's own Σw and Σwy.

    Examples
    --------
    >>> one = np.ones(3)
    >>> pooled = Sums(one, 0 * one, one, 0 * one, 0 * one).added(np.array([0, 1, 1]), 2)
    >>> pooled.weight.tolist()
    [1.0, 2.0]
    """

    weight: Array
    weighted: Array
    weight2: Array
    cross: Array
    weighted2: Array

    def added(self, row: Index, rows: int) -> Sums:
        """Add up the rows that have the same number in `row`."""
        return Sums(*(np.bincount(row, getattr(self, name), rows) for name in Sums.__slots__))


def share_and_variance(
    domain: Index, stratum: Index, sums: Sums, *, units: Array, population: Array, domains: int
) -> tuple[Floats, Floats]:
    """Weighted share in each domain and its design-based variance.

    Parameters
    ----------
    domain, stratum : integer array, shape (row,)
        Which domain and which stratum each row of `sums` belongs to; rows may repeat.
    sums
        The sums of each row, shape (row,).
    units, population : array, shape (stratum,)
        Sampling units drawn in each stratum (all domains together) and in its population; NaN where that is not known,
        and then there is no finite-population correction.
    domains
        How many domains there are.

    Returns
    -------
    share, variance : array, shape (domain,)
        NaN for a domain without weight; a stratum of a single unit adds no variance.

    Notes
    -----
    With u = Σ w(y − p) of a unit: var p = Σ_h (1 − f_h) n_h/(n_h − 1) [Σu² − (Σu)²/n_h] / (Σw)², where
    Σu² = Σ(wy)² − 2p Σ(wy)(w) + p² Σw², so that only sums are needed.

    References
    ----------
    .. [1] Binder DA. Int Stat Rev 1983;51:279-292. doi:10.2307/1402588

    Examples
    --------
    >>> one = np.ones(1)
    >>> half = Sums(weight=4 * one, weighted=2 * one, weight2=4 * one, cross=2 * one, weighted2=2 * one)  # 4 persons
    >>> share, variance = share_and_variance(
    ...     np.zeros(1, int), np.zeros(1, int), half, units=np.array([4]), population=np.array([np.nan]), domains=1)
    >>> float(share[0]), round(float(variance[0]), 6)  # p (1 - p) / (n - 1)
    (0.5, 0.083333)
    """
    total = np.bincount(domain, sums.weight, domains)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.bincount(domain, sums.weighted, domains) / total
    pair, row = np.unique(domain * len(units) + stratum, return_inverse=True)
    s = sums.added(row, len(pair))  # (Σu)² is of all rows of a domain in a stratum
    of_domain, of_stratum = np.divmod(pair, len(units))
    p, n = share[of_domain], np.asarray(units, float)[of_stratum]
    squares = s.weighted2 - 2 * p * s.cross + p**2 * s.weight2
    spread = np.maximum(squares - (s.weighted - p * s.weight) ** 2 / n, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sampled = np.nan_to_num(n / np.asarray(population, float)[of_stratum])
        each = np.where(n > 1, np.clip(1 - sampled, 0, 1) * n / (n - 1) * spread, 0)
        return share, np.bincount(of_domain, each, domains) / total**2
