"""Slope and relative index by regression on the mean rank: with a link, from counts, and adjusted for age and sex."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit, logit

from lighed.stats.gradients import slope_weights
from lighed.stats.groups import share
from lighed.stats.intervals import Array, Floats, Values, Z

Kind = Literal["shares", "rates"]
Family = Literal["binomial", "poisson", "normal"]
LinkName = Literal["identity", "log", "logit"]

STEPS, HALVINGS, CONVERGED = 60, 20, 1e-14
RANK_TOLERANCE, TOLD = 1e-12, 1e-6


@dataclass(frozen=True, slots=True)
class Link:
    """The scale on which the outcome is a straight line in rank: onto it, back from it, and how steep it is."""

    onto: Callable[[Array], Floats]
    back: Callable[[Array], Floats]
    steepness: Callable[[Array], Floats]  # derivative of `onto`, by the value


LINKS: dict[LinkName, Link] = {
    "identity": Link(lambda y: np.asarray(y, float), lambda x: np.asarray(x, float), np.ones_like),
    "log": Link(np.log, np.exp, lambda y: 1 / y),
    "logit": Link(logit, expit, lambda y: 1 / (y * (1 - y))),
}
SPREAD: dict[Family, Callable[[Array], Floats]] = {
    "binomial": lambda y: y * (1 - y),
    "poisson": lambda y: np.asarray(y, float),
    "normal": np.ones_like,
}


@dataclass(frozen=True, slots=True)
class Indices:
    """The ends of one fitted line, as a difference and as a ratio: the worst-off against the best-off.

    Examples
    --------
    >>> made = linked_line(np.array([40.0, 20, 10]), np.array([4.0, 2, 1]), np.ones(3), link="log")
    >>> round(float(made.slope_index.value), 6), round(float(made.relative_index.value), 6)
    (49.497475, 8.0)
    """

    slope_index: Values
    relative_index: Values


def linked_line(value: Array, variance: Array, weight: Array, *, link: Literal["log", "logit"]) -> Indices:
    """Slope and relative index on a line that is straight on the scale of a link, by weighted least squares.

    The limits are those of the line's slope; the line is turned about the middle of the population, which is held where
    it is. That makes the slope index's interval too wide where the gradient is steep: it covers 97 % where the ends
    stand as 5 to 1 and 98 % where they stand as 10 to 1. That of ``regression`` covers 95 %.

    Parameters
    ----------
    value, variance, weight : array, shape (..., level)
        Outcome with its variance, and population per level, worst-off first.
    link
        The scale: of what is above 0, or of shares.

    Returns
    -------
    Indices of shape (...)
        The slope index in the unit of `value`, 0 where there is no gradient; the relative index, 1 where there is none.
        NaN where a value is not above 0 (nor, for logit, below 1). The standard errors are those the limits imply.

    References
    ----------
    .. [1] Low A, Low A. J Public Health 2004;26:388-395. doi:10.1093/pubmed/fdh175

    Examples
    --------
    >>> made = linked_line([0.4, 0.2, 0.1], [1e-4, 1e-4, 1e-4], [1, 1, 1], link="log")
    >>> round(float(made.relative_index.value), 6), round(float(made.slope_index.value), 3)
    (8.0, 0.495)
    """
    value, variance, weight = (np.asarray(part, float) for part in (value, variance, weight))
    scale = LINKS[link]
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = (value > 0) & ((value < 1) | (link == "log"))
        value = np.where(inside.all(-1, keepdims=True) & (weight > 0).all(-1, keepdims=True), value, np.nan)
        steps = slope_weights(weight)
        line = scale.onto(value)
        middle, slope = (share(weight) * line).sum(-1), (steps * line).sum(-1)
        se = np.sqrt((steps**2 * variance * scale.steepness(value) ** 2).sum(-1))
    at = slope, slope - Z * se, slope + Z * se
    worst, best = ([scale.back(middle + side * one / 2) for one in at] for side in (1, -1))
    return Indices(
        _with_implied_error(*(w - b for w, b in zip(worst, best, strict=True))),
        _with_implied_error(*(w / b for w, b in zip(worst, best, strict=True)), on_log_scale=True),
    )


def _with_implied_error(value: Floats, lower: Floats, upper: Floats, *, on_log_scale: bool = False) -> Values:
    width = value * np.log(upper / lower) if on_log_scale else upper - lower
    return Values(value, width / (2 * Z), lower, upper)


def regression(
    events: Array,
    n: Array,
    rank: Array,
    others: Array | None = None,
    *,
    of: Kind,
    family: Family,
    link: LinkName,
) -> Indices:
    """Slope and relative index from counts in cells of level × age × sex, by regression on rank and on what is given.

    The line is read for the whole population as it would be if everybody had the rank of the worst-off, and of the
    best-off, all else being as it is. With a log link the ratio, and with the identity the difference, is that of the
    coefficient of rank; a regression with another link is adjusted in the same sense.

    Parameters
    ----------
    events, n : array, shape (..., cell)
        Events, and persons or person-time, in each cell. Cells without anybody are left out.
    rank : array, shape (..., cell)
        Mean rank of the cell's level in the population, 0 the worst-off and 1 the best-off; see ``ridit``.
    others : array, shape (..., cell, k), optional
        What is adjusted for: age, or an indicator of each band of age and sex.
    of
        Whether events are persons among `n` (their variance is binomial) or come at a rate over the time `n` (Poisson).
    family
        How the cells are weighted: as if they were binomial, Poisson or normal. The interval holds whichever is taken.
    link
        The scale on which rank and the others add up.

    Returns
    -------
    Indices of shape (...)
        As of ``linked_line``: 0 and 1 where there is no gradient, above where the outcome is higher among the
        worse-off. The relative index's interval is symmetrical on the log scale. NaN where the regression has no
        solution inside the bounds, where a count is negative, and where rank cannot be told from the others.

    References
    ----------
    .. [1] Moreno-Betancur M, Latouche A, Menvielle G, Kunst AE, Rey G. Epidemiology 2015;26:518-527.
       doi:10.1097/EDE.0000000000000311
    .. [2] Zou G. Am J Epidemiol 2004;159:702-706. doi:10.1093/aje/kwh090 (Poisson weights for shares)
    .. [3] Spiegelman D, Hertzmark E. Am J Epidemiol 2005;162:199-200. doi:10.1093/aje/kwi188

    Examples
    --------
    Two bands of age, in which the younger have a third of the disease and more often a long education.

    >>> persons = np.array([100.0, 200, 300, 300, 200, 100])
    >>> rank = np.array([0.2, 0.5, 0.8, 0.2, 0.5, 0.8])
    >>> old = np.array([[0.0], [0], [0], [1], [1], [1]])
    >>> cases = persons * 0.2 * 0.5**rank * 3 ** old[:, 0]
    >>> made = regression(cases, persons, rank, old, of="shares", family="poisson", link="log")
    >>> round(float(made.relative_index.value), 6)
    2.0
    """
    events, n, rank = (np.asarray(part, float) for part in (events, n, rank))
    possible = np.isfinite(n) & (n >= 0) & (events >= 0) & ((events <= n) | (of == "rates"))
    able = possible.all(-1) & (n.sum(-1) > 0)
    n = np.where(able[..., None], n, 1.0)
    observed = np.where(able[..., None], events, 0.5) / np.where(n > 0, n, 1.0)
    model = _Model(observed, n, _design(rank, others, n.shape), family, LINKS[link])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = model.solve()
        ends, covariance = model.ends(found, SPREAD["binomial" if of == "shares" else "poisson"])
        return _indices(np.where(able[..., None], ends, np.nan), covariance)


def _design(rank: Floats, others: Array | None, shape: tuple[int, ...]) -> Floats:
    """A column of ones, one of ranks, and those of the others, scaled so that none is above 1, (..., cell, column)."""
    columns = [np.ones(shape), np.broadcast_to(rank, shape)]
    if others is not None:
        others = np.asarray(others, float)
        size = np.abs(others).max(axis=tuple(range(others.ndim - 1)))
        columns += [np.broadcast_to(one, shape) for one in np.moveaxis(others / np.where(size > 0, size, 1), -1, 0)]
    return np.stack(columns, -1)


@dataclass(frozen=True, slots=True)
class _Model:
    """Values y of n persons (or time) in cells, explained by the columns x, shape (..., cell, column)."""

    y: Floats
    n: Floats
    x: Floats
    family: Family
    link: Link

    def mean(self, coefficients: Floats, x: Floats) -> Floats:
        return self.link.back((x @ coefficients[..., None])[..., 0])

    def inside(self, mean: Floats) -> Array:
        return np.asarray(((SPREAD[self.family](mean) > 0) | (self.n == 0)).all(-1))

    def moments(self, mean: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what each cell's distance from its mean counts for, the information, and its inverse."""
        some, steepness = self.n > 0, self.link.steepness(mean)
        pull = np.where(some, self.n / (SPREAD[self.family](mean) * steepness), 0.0)
        information = np.nan_to_num(self.gram(np.where(some, pull / steepness, 0.0)))
        inverse = np.asarray(np.linalg.pinv(information, rcond=RANK_TOLERANCE, hermitian=True), float)
        return pull, information, inverse

    def gram(self, weight: Floats) -> Floats:
        return np.asarray((self.x * weight[..., None]).swapaxes(-1, -2) @ self.x)

    def solve(self) -> Floats:
        """Return the coefficients by Fisher's scoring, NaN where it does not come to rest inside the bounds."""
        start = self.link.onto((self.n * self.y).sum(-1) / self.n.sum(-1))
        found = np.where(np.arange(self.x.shape[-1]) == 0, start[..., None], 0.0)
        for _ in range(STEPS):
            mean = self.mean(found, self.x)
            pull, _, inverse = self.moments(mean)
            score = (self.x * (pull * (self.y - mean))[..., None]).sum(-2)
            step = (inverse @ score[..., None])[..., 0]
            gain = (score * step).sum(-1)
            found = found + self.shortened(found, step)
            if not (gain > CONVERGED).any():
                break
        return np.where((gain <= CONVERGED)[..., None], found, np.nan)

    def shortened(self, found: Floats, step: Floats) -> Floats:
        """Halve the steps that lead outside the bounds until they do not."""
        for _ in range(HALVINGS):
            inside = self.inside(self.mean(found + step, self.x))
            if inside.all():
                break
            step = np.where(inside[..., None], step, step / 2)
        return step

    def ends(self, found: Floats, spread: Callable[[Array], Floats]) -> tuple[Floats, Floats]:
        """Return the population's mean at the rank of the worst-off and of the best-off, and their covariance."""
        mean = self.mean(found, self.x)
        pull, information, inverse = self.moments(mean)
        known = np.where(self.n > 0, pull**2 * np.maximum(spread(mean), 0) / np.where(self.n > 0, self.n, 1), 0.0)
        part, column = share(self.n), np.arange(self.x.shape[-1])
        at = [np.where(column == 1, end, self.x) for end in (0.0, 1.0)]
        means = [self.mean(found, x) for x in at]
        slopes = [((part / self.link.steepness(m))[..., None] * x).sum(-2) for m, x in zip(means, at, strict=True)]
        slope = np.stack(slopes, -2) @ inverse
        # Where rank cannot be told from the other columns there is no line to read.
        told = np.abs((inverse @ information)[..., 1, 1] - 1) < TOLD
        ends = np.stack([(part * m).sum(-1) for m in means], -1)
        return np.where(told[..., None], ends, np.nan), np.asarray(slope @ self.gram(known) @ slope.swapaxes(-1, -2))


def _indices(ends: Floats, covariance: Floats) -> Indices:
    """Difference and ratio of two ends, shape (..., 2), with intervals by the delta method."""
    worst, best = np.moveaxis(np.where(ends.min(-1, keepdims=True) > 0, ends, np.nan), -1, 0)
    absolute, relative = np.array([1.0, -1.0]), np.stack([1 / worst, -1 / best], -1)
    difference = ends[..., 0] - ends[..., 1]
    se, log_se = (np.sqrt(np.einsum("...i,...ij,...j", g, covariance, g)) for g in (absolute, relative))
    ratio, stretch = worst / best, np.exp(Z * log_se)
    return Indices(
        Values.around(difference, se + 0 * difference),
        Values(ratio, ratio * log_se, ratio / stretch, ratio * stretch),
    )
