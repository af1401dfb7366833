"""Use against need: what each group would use if need alone decided, and the inequity that is left (horizontal)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lighed.stats.contributions import Contributions, independent
from lighed.stats.determinants import symmetric_inverse
from lighed.stats.evaluate import on_log_scale
from lighed.stats.groups import Polarity
from lighed.stats.intervals import Array, Floats, Values, Z, gradient
from lighed.stats.registry import MEASURES, Measure


@dataclass(frozen=True, slots=True)
class NeedStandardised:
    """Mean use of groups, worst-off first, as it is, as need would have it, and standardised for need.

    ``weight``, shape (..., group), counts the persons; ``crude``, ``standardised`` and ``moved``, by how far need puts
    a group above the mean, have covariances; ``expected`` is what the group would use if all with the same need used
    the same. With several sets of need there is an axis of them before that of groups.

    Examples
    --------
    Two incomes; among the poor three of four are ill, who need a visit; they get half of one.

    >>> from lighed.stats import moments
    >>> poor, rich = np.array([[1, 0.5], [1, 0.5], [1, 0.5], [0, 0]]), np.array([[1, 1.0], [0, 0], [0, 0], [0, 0]])
    >>> made = need_standardised(np.stack([moments(poor), moments(rich)]), [[0]])
    >>> made.crude.value[0].tolist(), made.expected[0].round(4).tolist()
    ([0.375, 0.25], [0.4688, 0.1562])
    >>> made.standardised.value[0].round(4).tolist()
    [0.2188, 0.4062]
    >>> round(float(made.inequity(polarity="higher_is_better").value[0]), 2)
    0.15
    """

    weight: Floats
    crude: Contributions
    expected: Floats
    standardised: Contributions
    moved: Contributions

    def inequity(self, wanted: Measure = MEASURES["concentration_index"], *, polarity: Polarity) -> Values:
        """Horizontal inequity: the inequality of use that need does not account for, by any measure.

        By the concentration index it is the index HI; its interval takes the groups' ranks as known, and covers 95 %
        from 30 persons in a group. Positive means that the worse-off are worse off. Of use that is good when high
        (``higher_is_better``: a visit, a course) that is when the better-off get more than their need says, and HI has
        the sign of the literature; of use that is bad when high (a readmission), when the worse-off have more.
        """
        return self._measured(wanted, self.standardised, polarity)

    def inequality(self, wanted: Measure = MEASURES["concentration_index"], *, polarity: Polarity) -> Values:
        """Return the same of crude use, for both are to be shown beside each other."""
        return self._measured(wanted, self.crude, polarity)

    def explained(self, wanted: Measure = MEASURES["concentration_index"], *, polarity: Polarity) -> Values:
        """Return the inequality that need accounts for: that of crude use less the inequity.

        With one column after another as the need, and all others held, it is the decomposition of the inequality:
        the parts add up to it, with the inequity that is left when all of them are need. The mean use is taken as
        known. Only of a measure whose null is 0, for others do not add up.
        """
        if wanted.null != 0:
            raise ValueError(f"The measure {wanted} does not add up; give a difference or an index.")
        whole, left = (part(wanted, polarity=polarity) for part in (self.inequality, self.inequity))
        _, slope = _with_slope(wanted, self.crude.value, self.weight)
        return Values.around(whole.value - left.value, _error(self.moved, slope))

    def _measured(self, wanted: Measure, made: Contributions, polarity: Polarity) -> Values:
        turn = wanted.directed and polarity == "higher_is_better"
        with np.errstate(divide="ignore", invalid="ignore"):
            found, slope = _with_slope(wanted, made.value, self.weight)
            se = _error(made, slope)
            if wanted.null == 1:
                return on_log_scale(found, se, Z, turn=turn)
            return Values.around(-found if turn else found, se)


def _with_slope(wanted: Measure, value: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return a measure and its derivative by each group's value."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if wanted.with_gradient:
            return wanted.with_gradient(value, weight)
        return np.asarray(wanted(value, weight)), gradient(wanted.function, value, weight)


def _error(made: Contributions, slope: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(((made.covariance @ slope[..., None])[..., 0] * slope).sum(-1), 0)))


def need_standardised(sums: Array, need: Sequence[Sequence[int]], others: Sequence[int] = ()) -> NeedStandardised:
    """Use of groups standardised for need, by a linear regression of use on need in the whole population.

    With columns for cells of need (age by sex by illness) and no others it is indirect standardisation, and `expected`
    that of ``indirect``. Illness known from use is missing where there was no use: it hides inequity, and more than one
    set of need should be shown.

    Parameters
    ----------
    sums : array, shape (..., group, 2 + column, 2 + column)
        ``moments`` of the columns and, last, the use, worst-off group first; without weights, or with weights that are
        numbers of persons. The groups' persons together are the population.
    need
        One or several sets of the columns (from 0) that are need.
    others
        Columns that bear on use and are not need, such as region: they are held at their mean in the expected use. Left
        out, need takes over what goes with it of theirs.

    Returns
    -------
    NeedStandardised, shape (..., set, group)
        In the unit of use. ``crude`` and ``standardised`` have the same mean in the population; their difference is by
        how far need puts the group above the mean. NaN where columns depend on each other, without an interval where a
        group has fewer than two persons; a column that nobody has counts for nothing. The errors of ``standardised``
        take persons as drawn one by one and their residuals as scattering alike within a group; those of the
        coefficients are in them. Intervals cover 93 to 95 % from 30 persons in a group.

    References
    ----------
    .. [1] Wagstaff A, van Doorslaer E. J Hum Resour 2000;35:716-733.
    .. [2] O'Donnell O, van Doorslaer E, Wagstaff A, Lindelow M. Analyzing health equity using household survey data.
       World Bank 2008. doi:10.1596/978-0-8213-6933-3

    Examples
    --------
    >>> from lighed.stats import moments
    >>> rng = np.random.default_rng(1)
    >>> ill = rng.random((2, 500)) < [[0.4], [0.2]]
    >>> visits = rng.poisson(1 + 3 * ill + np.array([[0.0], [0.5]]))
    >>> made = need_standardised(moments(np.stack([ill, visits], -1)), [[0]])
    >>> made.crude.value.round(2).tolist(), made.standardised.value.round(2).tolist()
    ([[2.27, 2.04]], [[1.9, 2.41]])
    """
    sums = np.asarray(sums, float)
    made = [_standardised(sums, list(one), list(others)) for one in need]
    weight = np.stack([sums[..., 0, 0]] * len(made), -2)
    crude, variance = (np.stack([part] * len(made), -2) for part in _means(sums))
    expected = np.stack([one[0] for one in made], -2)
    standardised, moved = _together([one[1] for one in made]), _together([one[2] for one in made])
    return NeedStandardised(weight, Contributions(crude, independent(variance)), expected, standardised, moved)


def _together(each: list[Contributions]) -> Contributions:
    return Contributions(np.stack([one.value for one in each], -2), np.stack([one.covariance for one in each], -3))


def _means(sums: Floats) -> tuple[Floats, Floats]:
    """Mean use of each group, and its variance; NaN without a second person."""
    n, total, squares = sums[..., 0, 0], sums[..., 0, -1], sums[..., -1, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / n
        variance = np.maximum(squares - total * mean, 0) / n / np.where(n > 1, n - 1, np.nan)
    return mean, variance


def _inverse(squares: Floats) -> Floats:
    """Inverse of the sums of squares; 0 in the rows of a column that nobody has, NaN where columns depend."""
    there = np.diagonal(squares, axis1=-2, axis2=-1) != 0
    both = there[..., None] & there[..., None, :]
    return np.where(both, symmetric_inverse(squares + np.eye(squares.shape[-1]) * ~there[..., None]), 0.0)


def _standardised(sums: Floats, need: list[int], others: list[int]) -> tuple[Floats, Contributions, Contributions]:
    """Expected use, standardised use, and by how far need moves each group, shape (..., group)."""
    column = np.array([0, *(1 + np.array(need + others, int))])
    counts = np.isin(column, 1 + np.array(need))  # the columns by which groups are made alike
    squares, products = sums[..., column[:, None], column], sums[..., column, -1]
    n = np.where(sums[..., 0, 0] > 0, sums[..., 0, 0], np.nan)
    inverse = _inverse(squares.sum(-3))
    slope = (inverse @ products.sum(-2)[..., None])[..., 0]
    mean, whole = squares[..., 0, :] / n[..., None], squares[..., 0, :].sum(-2) / n.sum(-1)[..., None]
    off = np.where(counts, mean - whole[..., None, :], 0.0)
    more = (off @ slope[..., None])[..., 0]
    use = products[..., 0] / n
    # Of each group's residuals about the line, their variance about their own mean.
    left = use - (mean @ slope[..., None])[..., 0]
    square = sums[..., -1, -1] - 2 * (products @ slope[..., None])[..., 0]
    square = square + ((squares @ slope[..., None, :, None])[..., 0] * slope[..., None, :]).sum(-1)
    spread = np.maximum(square - n * left**2, 0) / np.where(n > 1, n - 1, np.nan)
    pull = off @ inverse  # what a person's columns count for in the line that a group is moved along
    cross = spread[..., None] * (mean @ np.swapaxes(pull, -1, -2))
    noise = pull @ (spread[..., None, None] * squares).sum(-3) @ np.swapaxes(pull, -1, -2)
    needed, other = np.where(counts, slope, 0.0), np.where(counts, 0.0, slope)
    covariance = independent(spread / n) - cross - np.swapaxes(cross, -1, -2) + noise
    covariance = covariance + _drawn(squares, n, np.stack([other, needed], -1))
    mean_use = (n * use).sum(-1, keepdims=True) / n.sum(-1, keepdims=True)
    moved = Contributions(more, noise + _drawn(squares, n, np.stack([needed, -needed], -1)))
    return mean_use + more, Contributions(use - more, covariance), moved


def _drawn(squares: Floats, n: Floats, slope: Floats) -> Floats:
    """What it adds to the covariance that persons' columns are drawn as well.

    Of a group's mean by one line plus all groups' mean by another; the lines are the last axis of `slope`.
    """
    mean = squares[..., 0, :]
    free = np.where(n > 1, n - 1, np.nan)[..., None, None]
    within = (squares - mean[..., None] * mean[..., None, :] / n[..., None, None]) / free
    spread = np.swapaxes(slope, -1, -2)[..., None, :, :] @ within @ slope[..., None, :, :]
    whole = n.sum(-1)[..., None]
    both = spread[..., 0, 1] / whole
    shared = (n * spread[..., 1, 1]).sum(-1)[..., None] / whole**2
    return np.asarray(independent(spread[..., 0, 0] / n) + both[..., None] + both[..., None, :] + shared[..., None])
