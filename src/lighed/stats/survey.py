"""Figures from a stratified, clustered, weighted sample: variance by linearisation, from additive sums or persons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array, Floats, Values, student

Index = npt.NDArray[np.intp]
Distance = Literal["linear", "raking", "logit"]

NEWTON_STEPS, CONVERGED, COLLINEAR = 50, 1e-11, 1e-10


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


@dataclass(frozen=True, slots=True)
class Joint:
    """Several statistics of one sample with their covariance, for the same persons may stand behind all of them.

    Examples
    --------
    >>> both = Joint(np.array([0.5, 0.3]), np.array([[0.0004, 0.0001], [0.0001, 0.0003]]), degrees=60)
    >>> gap = both.combined([1, -1]).values()
    >>> round(float(gap.value), 3), round(float(gap.se), 5)
    (0.2, 0.02236)
    """

    value: Floats
    covariance: Floats
    degrees: float

    def combined(self, coefficients: Array) -> Joint:
        """Return sums of the statistics, each times its coefficient, shape (..., statistic); 1 and -1 for a gap."""
        by = np.asarray(coefficients, float)
        return Joint(by @ self.value, by @ self.covariance @ by.T, self.degrees)

    def values(self, confidence: float = 0.95) -> Values:
        """Return each statistic with Student's interval on the design's degrees of freedom."""
        spread = np.asarray(self.covariance if np.ndim(self.covariance) == 0 else np.diagonal(self.covariance))
        se = np.sqrt(np.maximum(spread, 0))
        half = student(np.asarray(self.degrees), confidence) * se
        return Values(self.value, se, self.value - half, self.value + half)


@dataclass(frozen=True)
class Sample:
    """Persons of a sample: how each was drawn and what each stands for.

    Parameters
    ----------
    weight : array, shape (person,)
        How many each stands for, 0 or more.
    stratum, unit : array, shape (person,), optional
        In which stratum each was drawn and in which sampling unit; without them there is one stratum, and each person
        is a unit. A unit's name is its own in the whole sample.
    population : array, shape (person,), optional
        Sampling units in the population of the person's stratum; NaN where that is not known, and then there is no
        finite-population correction.
    single
        What the only unit of a stratum adds to the variance: ``nothing`` (which makes it too small), ``adjust`` its
        squared distance from the average unit of all strata (which makes it too large), or ``missing``: not known.

    Raises
    ------
    ValueError
        For a weight that is negative or missing, and for a unit that lies in two strata.

    References
    ----------
    .. [1] Binder DA. Int Stat Rev 1983;51:279-292. doi:10.2307/1402588
    .. [2] Deville JC, Särndal CE. J Am Stat Assoc 1992;87:376-382. doi:10.1080/01621459.1992.10475217 (calibration)

    Examples
    --------
    >>> sample = Sample(np.ones(4), unit=np.array([1, 1, 2, 2]))
    >>> share = sample.mean(np.array([1.0, 1, 1, 0])).values()
    >>> float(share.value), float(share.se)
    (0.75, 0.25)
    """

    weight: Array
    stratum: Array | None = None
    unit: Array | None = None
    population: Array | None = None
    single: Literal["nothing", "adjust", "missing"] = "nothing"
    drawn: Array | None = None  # weights before they were calibrated, and what they were calibrated to
    auxiliaries: Array | None = None

    def __post_init__(self) -> None:
        if self.drawn is None and not (np.asarray(self.weight) >= 0).all():
            raise ValueError("A weight is negative or missing; each person of a sample needs a weight of 0 or more.")
        assert self._units

    @cached_property
    def _units(self) -> tuple[Index | None, Index | None, int, Floats]:
        """Each person's unit and each unit's stratum, by number where there are any; units in all; populations."""
        unit, stratum, units, some = None, None, len(self.weight), np.zeros(1, np.intp)
        if self.unit is not None:
            _, first, unit = np.unique(self.unit, return_index=True, return_inverse=True)
            units = len(first)
        if self.stratum is not None:
            _, some, of = np.unique(self.stratum, return_index=True, return_inverse=True)
            stratum = of if unit is None else of[first]
            if unit is not None and (stratum[unit] != of).any():
                raise ValueError("A sampling unit lies in two strata; give it a name of its own in each.")
        population = np.full(len(some), np.nan) if self.population is None else np.asarray(self.population, float)[some]
        return unit, stratum, units, population

    @property
    def degrees(self) -> float:
        """Degrees of freedom: sampling units less strata."""
        _, _, units, population = self._units
        return float(units - len(population))

    @property
    def alike(self) -> bool:
        """Whether all persons were drawn alike, one by one, so that it does not matter which score is whose."""
        return self.stratum is None and self.unit is None and self.auxiliaries is None

    def covariance(self, score: Array) -> Floats:
        """Covariance of statistics from each person's linearised part in them, weight and all.

        Parameters
        ----------
        score : array, shape (..., statistic, person)

        Returns
        -------
        array, shape (..., statistic, statistic)

        Examples
        --------
        >>> Sample(np.ones(3)).covariance(np.array([[1.0, 2, 3]])).tolist()  # of a total of three persons
        [[3.0]]
        """
        unit, stratum, units, population = self._units
        score = _added(self._uncalibrated(np.asarray(score, float)), unit, units)
        n = np.array([units]) if stratum is None else np.bincount(stratum)
        with np.errstate(invalid="ignore"):  # of a sample of nobody there is nothing
            middle = (score.sum(-1, keepdims=True) if stratum is None else _added(score, stratum, len(n))) / n
        if self.single == "adjust":
            middle = np.where(n > 1, middle, score.mean(-1, keepdims=True))
        alone = {"nothing": 0.0, "adjust": 1.0, "missing": np.nan}[self.single]
        scale = np.where(n > 1, n / np.maximum(n - 1, 1), alone)
        with np.errstate(divide="ignore"):
            scale *= np.clip(1 - np.nan_to_num(n / population), 0, 1)
        at = np.zeros(1, np.intp) if stratum is None else stratum
        off = score - middle[..., at]
        return np.asarray((off * scale[at]) @ off.swapaxes(-1, -2), float)

    def _uncalibrated(self, score: Floats) -> Floats:
        """What is left of the scores when what the calibration has fixed is taken out of them."""
        if self.drawn is None or self.auxiliaries is None:
            return score
        root = np.sqrt(self.drawn)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = np.where(self.weight == 0, 0.0, score / self.weight)
        fitted = (each * root) @ np.linalg.pinv(self.auxiliaries * root[:, None], rcond=COLLINEAR).T
        return np.asarray((each - fitted @ self.auxiliaries.T) * self.weight, float)

    def total(self, y: Array) -> Joint:
        """Totals in the population.

        Parameters
        ----------
        y : array, shape (person,) or (statistic, person)

        Examples
        --------
        >>> float(Sample(np.array([10.0, 20, 30])).total(np.array([1.0, 0, 1])).value)
        40.0
        """
        return self._joint(np.asarray(y, float), lambda y: ((self.weight * y).sum(-1), self.weight * y))

    def ratio(self, above: Array, below: Array) -> Joint:
        """Ratios of two totals.

        Parameters
        ----------
        above, below : array, shape (person,) or (statistic, person)

        Examples
        --------
        >>> float(Sample(np.ones(2)).ratio(np.array([3.0, 5]), np.array([1.0, 3])).value)
        2.0
        """
        below = np.asarray(below, float)

        def linearised(above: Array) -> tuple[Floats, Floats]:
            whole = (self.weight * below).sum(-1)
            with np.errstate(divide="ignore", invalid="ignore"):
                value = (self.weight * above).sum(-1) / whole
                score = self.weight * (above - value[..., None] * below) / whole[..., None]
            return value, score

        return self._joint(np.asarray(above, float), linearised)

    def mean(self, y: Array, domain: Array | None = None) -> Joint:
        """Means, or shares where y is 0 and 1, of everybody or of the persons of each domain.

        Parameters
        ----------
        y : array, shape (person,) or (statistic, person)
        domain : bool array, shape (person,) or (statistic, person), optional
            Who belongs to each domain; what `y` is of others is not looked at. A domain without weight gives NaN.

        Examples
        --------
        >>> smoker, young = np.array([1.0, 0, 1, 0]), np.array([True, True, False, False])
        >>> Sample(np.array([1.0, 3, 1, 1])).mean(smoker, np.stack([young, ~young])).value.tolist()
        [0.25, 0.5]
        """
        inside = np.ones(len(self.weight), bool) if domain is None else np.asarray(domain, bool)
        y = np.where(inside, y, 0.0)
        return self.ratio(y, np.broadcast_to(inside, y.shape))

    def design_effect(self, y: Array) -> Floats:
        """Variance of the mean over that of as many persons drawn one by one from the population, all alike.

        The weights must add up to the population. 1 means that the design costs nothing; NaN where y is the same for
        everybody.

        Parameters
        ----------
        y : array, shape (person,)

        References
        ----------
        .. [1] Kish L. Survey sampling. Wiley 1965.

        Examples
        --------
        >>> round(float(Sample(np.full(4, 1e9)).design_effect(np.array([1.0, 1, 0, 0]))), 6)
        1.0
        """
        made, people, n = self.mean(y), np.sum(self.weight), np.sum(np.asarray(self.weight) != 0)
        spread = (self.weight * (y - made.value) ** 2).sum() / people * n / (n - 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(made.covariance / (spread * (people - n) / (people * n)), float)

    def _joint(self, y: Floats, linearised: Callable[[Floats], tuple[Floats, Floats]]) -> Joint:
        value, score = linearised(y)
        spread = self.covariance(np.atleast_2d(score))
        return Joint(value, spread if y.ndim > 1 else spread[0, 0], self.degrees)

    def calibrated(
        self,
        auxiliaries: Array,
        totals: Array,
        *,
        distance: Distance = "linear",
        bounds: tuple[float, float] = (0.5, 2.0),
    ) -> Sample:
        """Return the sample with weights changed as little as can be, so that it adds up to known totals.

        With a column of 0 and 1 for each group it is post-stratification; with the columns of several variables and
        the distance ``raking``, raking. Figures of the new sample have the variance of what the totals do not explain.

        Parameters
        ----------
        auxiliaries : array, shape (person, column)
            What is known of each person; columns may add up to each other.
        totals : array, shape (column,)
            What is known of the population.
        distance
            ``linear`` may give weights below 0, ``raking`` multiplies them, ``logit`` keeps their change in `bounds`.
        bounds
            The smallest and the largest factor of ``logit``, below and above 1.

        Raises
        ------
        ValueError
            Where no such weights are found.

        References
        ----------
        .. [1] Deville JC, Särndal CE. J Am Stat Assoc 1992;87:376-382. doi:10.1080/01621459.1992.10475217

        Examples
        --------
        >>> woman = np.array([1.0, 1, 0, 0])
        >>> sample = Sample(np.ones(4)).calibrated(np.stack([woman, 1 - woman], -1), [60, 40])
        >>> sample.weight.round(9).tolist()
        [30.0, 30.0, 20.0, 20.0]
        """
        x, wanted = np.asarray(auxiliaries, float), np.asarray(totals, float)
        weight = np.asarray(self.weight, float)
        scale, at = np.maximum(np.abs(wanted), np.abs(x).T @ weight).max(), np.zeros(x.shape[1])
        for _ in range(NEWTON_STEPS):
            factor, slope = _factor(x @ at, distance, bounds)
            left = wanted - x.T @ (weight * factor)
            if not np.isfinite(left).all() or np.abs(left).max() <= CONVERGED * scale:
                break
            at = at + np.linalg.lstsq((x * (weight * slope)[:, None]).T @ x, left, rcond=COLLINEAR)[0]
        if not np.abs(left).max() <= CONVERGED * scale:
            raise ValueError(
                f"No weights with the distance '{distance}' add up to the totals; look for groups without persons, "
                "for totals that contradict each other, and for bounds that are too narrow."
            )
        return replace(self, weight=weight * factor, drawn=weight, auxiliaries=x)


def _added(score: Floats, row: Index | None, rows: int) -> Floats:
    if row is None:
        return score
    each = [np.bincount(row, one, rows) for one in score.reshape(-1, score.shape[-1])]
    return np.reshape(each, (*score.shape[:-1], rows))


def _factor(move: Floats, distance: Distance, bounds: tuple[float, float]) -> tuple[Floats, Floats]:
    """What each weight is multiplied by, and its derivative."""
    with np.errstate(over="ignore", invalid="ignore"):
        if distance == "linear":
            return 1 + move, np.ones(move.shape)
        if distance == "raking":
            return np.exp(move), np.exp(move)
        low, high = bounds
        steep = (high - low) / ((1 - low) * (high - 1))
        odds = (1 - low) / (high - 1) * np.exp(steep * move)
        factor = (low + high * odds) / (1 + odds)
        return factor, steep * (factor - low) * (high - factor) / (high - low)
