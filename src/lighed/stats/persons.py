"""Slope and concentration indices from persons: by one pass over what they are ranked by, or from sums over them.

Persons are ranked by anything that is higher for the better-off: income, years of education, an index of an area. As in
the measures of groups, positive means that the outcome is higher among, or gathered among, the worse-off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lighed.stats.intervals import Array, Floats, Values, gradient, student
from lighed.stats.survey import Index, Joint, Sample

PersonIndex = Literal[
    "slope_index",
    "log_relative_index",
    "concentration_index",
    "generalised_concentration_index",
    "erreygers_index",
    "wagstaff_index",
]
Bounds = tuple[float, float]
Form = Callable[[Array, Array, Array, Array, Bounds], Array]

FEWEST = 3  # a line through two persons leaves nothing to judge its error by
ROUNDING = 1e-12  # of all ranks: how far those who are level may seem to be apart


def _log_relative(mean: Array, slope: Array, shift: Array) -> Array:
    middle = mean - slope * shift
    ends = middle - slope / 2, middle + slope / 2
    positive = np.minimum(ends[0].real, ends[1].real) > 0
    return np.log(np.where(positive, ends[0], 1) / np.where(positive, ends[1], np.nan))


# Each of the mean, the slope on rank, the spread of the ranks (their variance) and how far their mean is from one half.
FORMS: dict[PersonIndex, Form] = {
    "slope_index": lambda _mean, slope, _spread, _shift, _bounds: -slope,
    "log_relative_index": lambda mean, slope, _spread, shift, _bounds: _log_relative(mean, slope, shift),
    "concentration_index": lambda mean, slope, spread, _shift, _bounds: -2 * spread * slope / mean,
    "generalised_concentration_index": lambda _mean, slope, spread, _shift, _bounds: -2 * spread * slope,
    "erreygers_index": lambda _mean, slope, spread, _shift, bounds: -8 * spread * slope / (bounds[1] - bounds[0]),
    "wagstaff_index": lambda mean, slope, spread, _shift, bounds: (
        -2 * spread * slope * (bounds[1] - bounds[0]) / ((mean - bounds[0]) * (bounds[1] - mean))
    ),
}
BOUNDED = {"erreygers_index", "wagstaff_index"}


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over persons, with w the weight, r the fractional rank in the whole population and y the outcome.

    The sums of disjoint groups of persons are added, once the ranks are known.

    Examples
    --------
    >>> Moments.of(np.array([3.0, 1.0]), np.array([0.25, 0.75])).product.tolist()
    1.5
    """

    n: Array
    weight: Array
    rank: Array  # Σwr
    rank2: Array  # Σwr²
    outcome: Array  # Σwy
    product: Array  # Σwyr
    outcome2: Array  # Σwy²

    @classmethod
    def of(cls, y: Array, rank: Array, weight: Array | None = None) -> Moments:
        """Return the sums over the last axis."""
        y, rank = np.asarray(y, float), np.asarray(rank, float)
        w = np.ones(y.shape) if weight is None else np.broadcast_to(np.asarray(weight, float), y.shape)
        parts = (w, w * rank, w * rank**2, w * y, w * y * rank, w * y**2)
        return cls((w > 0).sum(-1), *(part.sum(-1) for part in parts))

    def __add__(self, other: Moments) -> Moments:
        return Moments(*(getattr(self, name) + getattr(other, name) for name in Moments.__slots__))


def fractional_rank(ranking: Array, weight: Array | None = None) -> Floats:
    """Each person's place in the population, from 0 (the worst-off) to 1; those who are level share the middle place.

    Parameters
    ----------
    ranking : array, shape (person,)
        Higher for the better-off. Whole numbers in a small range need no sorting.
    weight : array, shape (person,), optional

    Returns
    -------
    array, shape (person,)

    References
    ----------
    .. [1] Van Ourti T. Health Econ 2004;13:705-724 (ties). doi:10.1002/hec.920

    Examples
    --------
    >>> fractional_rank(np.array([300.0, 100, 300, 200])).tolist()
    [0.75, 0.125, 0.75, 0.375]
    """
    ranking = np.asarray(ranking)
    weight = np.ones(ranking.shape) if weight is None else np.asarray(weight, float)
    order, level = _levels(ranking)
    made, found = np.empty(ranking.shape), _to_the_middle(np.bincount(level, _in(order, weight)) / weight.sum())
    made[slice(None) if order is None else order] = found[level]
    return made


def _levels(ranking: Array) -> tuple[Index | None, Index]:
    """The order to look at persons in (None: as they stand), and in it the number of the level that each stands on."""
    if ranking.dtype.kind in "iu" and ranking.size and np.ptp(ranking.astype(float)) < ranking.size:
        return None, ranking.astype(np.intp) - int(ranking.min())
    order = np.argsort(ranking)
    ordered = _in(order, ranking)
    level = np.zeros(ranking.shape, np.intp)
    level[1:] = ordered[1:] != ordered[:-1]
    return order, np.cumsum(level, out=level)


def _in(order: Index | None, values: Array) -> Array:
    return values if order is None else np.take(values, order, -1)


def index_of_persons(
    index: PersonIndex,
    y: Array,
    ranking: Array,
    sample: Sample | None = None,
    *,
    bounds: Bounds = (0.0, 1.0),
    ranks: Literal["estimated", "known"] = "estimated",
) -> Joint:
    """Index of inequality from persons, with its design-based variance by linearisation.

    Parameters
    ----------
    index
        Which one. ``log_relative_index`` is the logarithm of the relative index, which
        ``values().exponentiated()`` gives.
    y : array, shape (person,) or (outcome, person)
        The outcome; several outcomes of the same persons come with their covariance.
    ranking : array, shape (person,)
        What the persons are ranked by, higher for the better-off. Equal values share a rank.
    sample
        Weights, strata and sampling units; without it each person counts alike and is a unit.
    bounds
        The lowest and the highest value that the outcome can have, for Erreygers' and Wagstaff's index.
    ranks
        ``known`` leaves out that the ranks are the sample's own, as a regression on rank does.

    Returns
    -------
    Joint, shape () or (outcome,)
        Positive when the outcome is higher among the worse-off; 0 means no inequality. The slope index is in the unit
        of `y`, the generalised index in half of it, the others have none. NaN where an outcome or the rank of somebody
        with a weight is missing, where all persons are level, and of a relative or concentration index whose line or
        mean is not positive. Student's interval holds from some 20 sampling units; with 10 it covers some 92 %.

    Raises
    ------
    ValueError
        For an outcome outside its bounds.

    References
    ----------
    .. [1] Kakwani N, Wagstaff A, van Doorslaer E. J Econometrics 1997;77:87-103. doi:10.1016/S0304-4076(96)01807-6
    .. [2] Langel M, Tillé Y. J R Stat Soc A 2013;176:521-540. doi:10.1111/j.1467-985X.2012.01048.x (linearisation)
    .. [3] Erreygers G. J Health Econ 2009;28:504-515. doi:10.1016/j.jhealeco.2008.02.003
    .. [4] Wagstaff A. Health Econ 2005;14:429-432. doi:10.1002/hec.953

    Examples
    --------
    >>> visits, income = np.array([5.0, 4, 3, 2, 1]), np.array([100, 200, 300, 400, 500])
    >>> made = index_of_persons("concentration_index", visits, income).values()
    >>> round(float(made.value), 4), round(float(made.se), 4)
    (0.2667, 0.084)
    """
    y, ranking = np.asarray(y, float), np.asarray(ranking)
    sample = Sample(np.ones(ranking.shape)) if sample is None else sample
    weight = np.asarray(sample.weight, float)
    if not (weight > 0).all():  # whoever stands for nobody is not looked at
        y = np.where(weight > 0, y, np.mean(bounds))
    _inside(index, y, bounds)
    order, level = _levels(ranking)
    if ranking.dtype.kind == "f" and weight[np.isnan(ranking)].any():
        y = np.full(y.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        value, score = _linearised(index, _in(order, np.atleast_2d(y)), level, _in(order, weight), bounds, ranks)
    placed = score
    if order is not None and not sample.alike:
        placed = np.empty(score.shape)
        placed[:, order] = score
    spread = sample.covariance(placed) + 0 * np.outer(value, value)  # no value, no variance
    return Joint(value, spread, sample.degrees) if y.ndim > 1 else Joint(value[0], spread[0, 0], sample.degrees)


def _inside(index: PersonIndex, y: Floats, bounds: Bounds) -> None:
    if index in BOUNDED and ((y < bounds[0]) | (y > bounds[1])).any():
        outside = y[(y < bounds[0]) | (y > bounds[1])][0]
        raise ValueError(f"The outcome {outside:g} is outside its bounds {bounds[0]:g} and {bounds[1]:g} of '{index}'.")


def _linearised(
    index: PersonIndex, y: Floats, level: Index, weight: Floats, bounds: Bounds, ranks: str
) -> tuple[Floats, Floats]:
    """Value of each outcome and each person's part in its error, persons standing in the order of `level`."""
    people = weight.sum()
    part = np.bincount(level, weight).astype(float, copy=False)
    part /= people
    off = _to_the_middle(part)
    off -= 0.5
    held = np.empty((len(y), len(part)))
    for row, one in zip(held, y, strict=True):
        np.divide(np.bincount(level, one * weight, len(part)), people, out=row)
    mean, covariance = held.sum(-1, keepdims=True), (held @ off)[:, None]
    squared = part * part
    cubed = squared @ part
    spread = (1 - cubed) / 12  # of mid-ranks, which is Σp(rank − 1/2)²
    at = np.concatenate([mean, covariance / spread, 0 * mean + spread, 0 * mean], -1)
    if not part.size or part.max() > 1 - ROUNDING:
        at = np.full(at.shape, np.nan)
    value, by = _derived(index, at, bounds)
    by_mean, by_slope, by_spread, by_shift = np.moveaxis(by, -1, 0)[..., None]
    slope, steep = at[:, 1:2], by_slope / spread
    if ranks == "known":
        place = off * (by_shift - steep * (mean + slope * off)) - by_mean * mean
    else:
        # Whoever joins moves the ranks of all: by half of the outcome of those who are level, and of all who are above.
        place = _to_the_middle(held)
        place *= -steep
        widened = (by_spread - steep * slope) / 4
        place += steep * (mean / 2 - 2 * covariance) - by_mean * mean + widened * cubed
        place -= widened * squared
    # Of millions of persons most of the time goes to new arrays; these are made once and worked on in place.
    score = np.take(off, level) * steep
    score += by_mean
    score *= y
    score += np.take(place, level, -1)
    score *= weight
    score /= people
    return value, score


def _to_the_middle(part: Array) -> Floats:
    """Sum of all before, and half of its own."""
    made = part.cumsum(-1)
    made -= part / 2
    return np.asarray(made, float)


def _derived(index: PersonIndex, at: Floats, bounds: Bounds) -> tuple[Floats, Floats]:
    """The index of its mean, slope, spread and shift, and its derivative by each."""
    form = FORMS[index]

    def of(at: Array, _weight: Array) -> Array:
        return form(at[..., 0], at[..., 1], at[..., 2], at[..., 3], bounds)

    value, one = of(at, np.ones(1)), np.ones(at.shape)
    return np.where(np.isfinite(value), value, np.nan), gradient(of, at, one)


def index_of_moments(index: PersonIndex, sums: Moments, *, bounds: Bounds = (0.0, 1.0)) -> Values:
    """Index of inequality from sums over persons, with the classical error of the line of the outcome on rank.

    Parameters
    ----------
    index
        As in ``index_of_persons``.
    sums : Moments, shape (...)
        Of a whole population, or of a part of it with ranks from the whole.
    bounds
        The lowest and the highest value that the outcome can have, for Erreygers' and Wagstaff's index.

    Returns
    -------
    Values, shape (...)
        Unit, sign and null value as of ``index_of_persons``. The standard error is that of independent persons who
        scatter alike about the line, the ranks taken as known; from sums alone no other is to be had. The interval is
        Student's on n − 2 degrees of freedom. NaN for fewer than three persons and where all are level.

    References
    ----------
    .. [1] Kakwani N, Wagstaff A, van Doorslaer E. J Econometrics 1997;77:87-103. doi:10.1016/S0304-4076(96)01807-6

    Examples
    --------
    >>> visits, rank = np.array([5.0, 4, 3, 2, 1]), np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    >>> made = index_of_moments("slope_index", Moments.of(visits, rank))
    >>> round(float(made.value), 9)
    5.0
    """
    n, people = np.asarray(sums.n, float), np.asarray(sums.weight, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, middle = sums.outcome / people, sums.rank / people
        square = sums.rank2 - middle * sums.rank
        square = np.where((n >= FEWEST) & (square > ROUNDING * people), square, np.nan)
        product = sums.product - middle * sums.outcome
        slope = product / square
        noise = np.maximum(sums.outcome2 - mean * sums.outcome - slope * product, 0) / (n - 2)
        at = np.stack(np.broadcast_arrays(mean, slope, square / people, middle - 0.5), -1)
        value, by = _derived(index, at, bounds)
        variance = noise * (by[..., 0] ** 2 / people + by[..., 1] ** 2 / square)
    se = np.sqrt(variance)
    return Values.around(value, se, student(n - 2))
