"""What an initiative has done, to each social group and to the gap between them.

Every design ends in the same two numbers for each group: what the outcome is with the initiative, and what it would
have been without. ``Effect`` holds them with their covariance; ``narrowing`` says what became of the gap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from lighed.stats.contributions import Contributions, estimates, independent, propagate
from lighed.stats.groups import Polarity, share
from lighed.stats.intervals import Array, Floats, Values, Z, gradient, student, wilson
from lighed.stats.rates import weighted_proportion
from lighed.stats.registry import MEASURES, Measure

Words = npt.NDArray[np.str_]  # narrows, widens, disagree, uncertain


def _wide(made: Values, quantile: Array) -> Values:
    """The same estimates with intervals that reach out to another number of standard errors."""
    half = quantile * made.se
    return Values(made.value, made.se, made.value - half, made.value + half)


@dataclass(frozen=True, slots=True)
class Effect:
    """The outcome without and with an initiative among those whom it reached, by social group.

    ``means`` has shape (..., 2 · level): every level as it would have been without the initiative, then every level
    with it; worst-off first. ``quantile``, shape (...), is how many standard errors an interval reaches out to.

    Examples
    --------
    >>> smoking = Effect(Contributions(np.array([30.0, 20, 24, 18]), independent(np.ones(4))), np.array(1.96))
    >>> smoking.absolute.value.tolist(), smoking.relative.value.tolist()
    ([-6.0, -2.0], [0.8, 0.9])
    """

    means: Contributions
    quantile: Floats

    @property
    def absolute(self) -> Values:
        """Outcome with the initiative minus outcome without, shape (..., level); 0 is no effect."""
        without, reached = np.split(self.means.value, 2, axis=-1)
        return self._apart(reached - without, np.ones_like(self.means.value))

    @property
    def relative(self) -> Values:
        """Outcome with the initiative over outcome without, shape (..., level); 1 is no effect.

        NaN where one of them is not above 0. The interval is on the log scale.
        """
        usable = np.where(self.means.value > 0, self.means.value, np.nan)
        without, reached = np.split(np.log(usable), 2, axis=-1)
        return self._apart(reached - without, 1 / usable).exponentiated()

    def _apart(self, value: Floats, slope: Floats) -> Values:
        """Each level by itself, so that one of which nothing is known leaves the others as they are."""
        covariance = slope[..., None] * self.means.covariance * slope[..., None, :]
        own = np.diagonal(covariance, axis1=-2, axis2=-1)
        levels = value.shape[-1]
        both = np.diagonal(covariance[..., :levels, levels:], axis1=-2, axis2=-1)
        made = estimates(value, own[..., :levels] + own[..., levels:] - 2 * both)
        return _wide(made, self.quantile[..., None])


@dataclass(frozen=True, slots=True)
class Clustered(Contributions):
    """Means over units, shape (..., cell), with their covariance, and how far that is itself uncertain.

    ``doubt``, shape (..., cell, cell), is half of the relative covariance of the estimated variances of two cells: on
    its diagonal one over the degrees of freedom, 0 for cells without common units.

    Examples
    --------
    >>> before_and_after = clustered(np.array([[10.0, 8], [14, 11], [12, 11]]), np.ones((3, 2)))  # in three towns
    >>> before_and_after.degrees(np.array([[-1.0], [1.0]])).round(9).tolist()  # of the change
    2.0
    >>> contrast(before_and_after).absolute.value.tolist()
    [-2.0]
    """

    doubt: Floats = field(kw_only=True)

    @property
    def parts(self) -> Values:
        """Each mean with Student's interval on its own degrees of freedom, shape (..., cell)."""
        with np.errstate(divide="ignore"):
            degrees = 1 / np.diagonal(self.doubt, axis1=-2, axis2=-1)
        variance = np.diagonal(self.covariance, axis1=-2, axis2=-1)
        return _wide(estimates(self.value, variance), student(degrees))

    def degrees(self, coefficients: Array) -> Floats:
        """Degrees of freedom of the variance of sums of the cells, all sums taken together (Satterthwaite).

        Parameters
        ----------
        coefficients : array, shape (..., cell, sum)

        Returns
        -------
        array, shape (...)
            NaN where there is no variance.
        """
        each = (coefficients * (self.covariance @ coefficients)).sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(each.sum(-1) ** 2 / np.einsum("...i,...ij,...j->...", each, self.doubt, each))


def _effect(
    function: Callable[[Array], tuple[Array, Array]],
    cells: Contributions,
    shape: tuple[int, ...],
    degrees: Array | None,
) -> Effect:
    """Effect from cells by a function that takes them in their shape and gives the levels without and with."""
    gone = np.isnan(cells.value) | np.isnan(np.diagonal(cells.covariance, axis1=-2, axis2=-1))
    known = np.where(gone[..., None] | gone[..., None, :], 0.0, cells.covariance)

    def means(flat: Array) -> Array:
        return np.concatenate(function(flat.reshape(*flat.shape[:-1], *shape)), -1)

    with np.errstate(divide="ignore", invalid="ignore"):
        made = propagate(means, np.where(gone, np.nan, cells.value), known)
    lost = np.isnan(made.value)
    covariance = np.where(lost[..., None] | lost[..., None, :], np.nan, made.covariance)
    if degrees is None and isinstance(cells, Clustered):
        doubt = np.where(gone[..., None] | gone[..., None, :], 0.0, cells.doubt)
        degrees = _degrees(means, Clustered(cells.value, known, doubt=doubt), lost)
    return Effect(Contributions(made.value, covariance), _quantile(degrees))


def _degrees(means: Callable[[Array], Array], cells: Clustered, lost: Array) -> Floats:
    """Degrees of freedom of the effects on all levels but those that are lost."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = gradient(lambda flat, _: means(flat), cells.value, cells.value)
    without, reached = np.split(slope, 2, axis=-1)
    there = ~np.logical_or(*np.split(lost, 2, axis=-1))
    return cells.degrees(np.where(there[..., None, :], reached - without, 0.0))


def _quantile(degrees: Array | None) -> Floats:
    return np.asarray(Z, float) if degrees is None else student(np.where(np.asarray(degrees) > 0, degrees, np.nan))


def _cells(value: Array | Clustered, variance: Array | None, axes: int) -> tuple[Contributions, tuple[int, ...]]:
    """Cells in one axis with their covariance, and the shape that they had."""
    if isinstance(value, Clustered):
        return value, (*(2,) * (axes - 1), value.value.shape[-1] // 2 ** (axes - 1))
    assert variance is not None, "values without a variance, which only those of units bring with them"
    value, variance = np.asarray(value, float), np.asarray(variance, float)
    if variance.shape[-1] == value.shape[-1]:  # not the covariance, which has all cells on each of two axes
        variance = independent(variance.reshape(*variance.shape[:-axes], -1))
    return Contributions(value.reshape(*value.shape[:-axes], -1), variance), value.shape[-axes:]


def clustered(value: Array, weight: Array) -> Clustered:
    """Means of cells over units (municipalities, practices) that stand in several of them, with their covariance.

    Parameters
    ----------
    value, weight : array, shape (..., unit, cell)
        The outcome of each unit in each cell, and what it counts there: its population, or 1. 0 where it is not in the
        cell, as those with the initiative are not in the cells of the comparison.

    Returns
    -------
    Clustered, shape (..., cell)
        Weighted means and a covariance that holds whatever the errors of a unit have in common. It is scaled by
        n/(n − 1) with the n units of each cell, and without weights it is then unbiased; programs that count the units
        of all cells together differ by that. The degrees of freedom are n − 1, fewer the more the weights differ, as if
        all units scattered alike. NaN in a cell of fewer than two units.

    References
    ----------
    .. [1] Liang KY, Zeger SL. Biometrika 1986;73:13-22. doi:10.1093/biomet/73.1.13
    .. [2] Satterthwaite FE. Biometrics Bull 1946;2:110-114. doi:10.2307/3002019 (degrees of freedom)
    .. [3] Imbens GW, Kolesár M. Rev Econ Stat 2016;98:701-712. doi:10.1162/REST_a_00552 (of few units)

    Examples
    --------
    >>> made = clustered(np.array([[10.0, 8], [14, 12], [12, 10]]), np.ones((3, 2)))  # before and after in three towns
    >>> made.value.tolist(), made.covariance.round(3).tolist()
    ([12.0, 10.0], [[1.333, 1.333], [1.333, 1.333]])
    """
    value, weight = np.asarray(value, float), np.asarray(weight, float)
    inside = weight > 0
    units = inside.sum(-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(inside, weight / weight.sum(-2, keepdims=True), 0.0)
        mean = np.where(inside, part * value, 0.0).sum(-2)
        scale = np.sqrt(np.where(units > 1, units / (units - 1), np.nan))
        score = np.where(inside, part * (value - mean[..., None, :]), 0.0) * scale[..., None, :]
        square = part**2 / (part**2).sum(-2, keepdims=True) * scale[..., None, :]
    covariance, doubt = (np.swapaxes(each, -1, -2) @ each for each in (score, square))
    return Clustered(mean + 0 * scale, covariance, doubt=doubt)


def contrast(value: Array | Clustered, variance: Array | None = None, *, degrees: Array | None = None) -> Effect:
    """Effect as the plain difference between two means: a randomised trial, or before and after.

    Of a trial it is the effect of being offered the initiative, if all who were drawn are counted. Before and after it
    is an effect only if nothing else has changed; ``difference_in_differences`` or ``interrupted`` asks for less.

    Parameters
    ----------
    value : array, shape (..., arm, level), or Clustered, shape (..., arm · level)
        Without the initiative (control, before), then with it; worst-off level first. Means over units
        (municipalities, practices) as ``clustered`` gives them bring their covariance with them.
    variance : array, shape (..., arm, level) or (..., cell, cell)
        Variances of independent cells, or the covariance of all cells.
    degrees : array, shape (...), optional
        Degrees of freedom for Student's t. Without it those of the units, or the normal distribution where there are
        none: for means over many persons.

    Returns
    -------
    Effect, shape (..., level)
        Over units the intervals, also of what becomes of the gap, cover 94 to 97 % from 5 units in an arm.

    Examples
    --------
    >>> stopped = contrast(np.array([[0.10, 0.20], [0.18, 0.26]]), np.full((2, 2), 2e-4))
    >>> stopped.absolute.value.round(2).tolist(), stopped.relative.value.round(2).tolist()
    ([0.08, 0.06], [1.8, 1.3])
    """
    return _effect(lambda x: (x[..., 0, :], x[..., 1, :]), *_cells(value, variance, 2), degrees)


def difference_in_differences(
    value: Array | Clustered,
    variance: Array | None = None,
    *,
    trend: Literal["difference", "ratio"] = "difference",
    degrees: Array | None = None,
) -> Effect:
    """Effect as the change with the initiative beyond the change without it, by social group.

    The difference of the groups' effects, the triple difference, is in ``narrowing``.

    Parameters
    ----------
    value : array, shape (..., arm, period, level), or Clustered, shape (..., arm · period · level)
        Means of the comparison and of those with the initiative, before and after, worst-off level first.
    variance, degrees
        As in ``contrast``.
    trend
        What would have been alike in both without the initiative: the change in the outcome's unit, or in per cent.
        The choice can decide whether the gap narrows, and should be made before the outcome is seen.

    Returns
    -------
    Effect, shape (..., level)
        Among those with the initiative. NaN where a cell is missing. Intervals cover as those of ``contrast``.

    References
    ----------
    .. [1] Angrist JD, Pischke JS. Mostly harmless econometrics. Princeton 2009.
    .. [2] Olden A, Møen J. Econom J 2022;25:531-553. doi:10.1093/ectj/utac010 (triple difference).

    Examples
    --------
    >>> smoking = np.array([[[30.0, 15], [28, 14]], [[31, 16], [24, 13]]])
    >>> difference_in_differences(smoking, np.ones((2, 2, 2))).absolute.value.tolist()
    [-5.0, -2.0]
    """

    def means(x: Array) -> tuple[Array, Array]:
        before, after = x[..., 0, 0, :], x[..., 0, 1, :]
        without = x[..., 1, 0, :] + after - before if trend == "difference" else x[..., 1, 0, :] * after / before
        return without, x[..., 1, 1, :]

    return _effect(means, *_cells(value, variance, 3), degrees)


@dataclass(frozen=True, slots=True)
class Gap:
    """A measure of inequality without and with an initiative, and its change, shape (...).

    The change is a difference, or a ratio where the measure's null is 1. Below 0 (below 1) is to the good of the
    worse-off. ``word`` says whether the distance between the groups narrows or widens, or that it is uncertain.
    """

    without: Values
    reached: Values
    change: Values
    word: Words


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What became of a gap in absolute and in relative terms, and whether both say the same."""

    absolute: Gap
    relative: Gap
    word: Words


def _sure(made: Values) -> Floats:
    return np.asarray((made.lower > 0) * 1.0 - (made.upper < 0))


def _gap(effect: Effect, wanted: Measure, weight: Array, *, polarity: Polarity) -> Gap:
    value = np.stack(np.split(effect.means.value, 2, axis=-1), -2)
    weight = np.broadcast_to(weight, value.shape)
    turn = -1.0 if wanted.directed and polarity == "higher_is_better" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        found, slope = wanted(value, weight), wanted.slope(value, weight)
        if wanted.null == 1.0:
            usable = np.where(found > 0, found, np.nan)
            found, slope = np.log(usable), slope / usable[..., None]
        found, slope = turn * found, turn * slope
        by_cell = np.zeros((*found.shape[:-1], 2, effect.means.value.shape[-1]))
        levels = value.shape[-1]
        by_cell[..., 0, :levels], by_cell[..., 1, levels:] = slope[..., 0, :], slope[..., 1, :]
        both = Contributions(found, by_cell @ effect.means.covariance @ np.swapaxes(by_cell, -1, -2))
        each = _wide(both.parts, effect.quantile[..., None])

        def along(sign: Array) -> Values:
            variance = ((both.covariance @ sign[..., None])[..., 0] * sign).sum(-1)
            return _wide(estimates((both.value * sign).sum(-1), variance), effect.quantile)

        change = along(np.broadcast_to([-1.0, 1.0], found.shape))
        # The distance between the groups, also where the better-off are surely worse off, before or thereafter.
        first, last = np.moveaxis(_sure(each), -1, 0)
        ahead, after = (np.where(a != 0, a, np.where(b != 0, b, 1.0)) for a, b in ((first, last), (last, first)))
        towards = _sure(along(np.stack([-ahead, after], -1)))
    word = np.where(towards < 0, "narrows", np.where(towards > 0, "widens", "uncertain"))
    without, reached = each.at((..., 0)), each.at((..., 1))
    if wanted.null == 1.0:
        return Gap(without.exponentiated(), reached.exponentiated(), change.exponentiated(), word)
    return Gap(without, reached, change, word)


def narrowing(
    effect: Effect,
    *,
    polarity: Polarity,
    absolute: Measure | None = None,
    relative: Measure | None = None,
    weight: Array | None = None,
) -> Narrowing:
    """Say whether an initiative narrows or widens the gap, in absolute and in relative terms.

    Parameters
    ----------
    effect : Effect, shape (..., level)
    polarity
        Which direction of the outcome is good.
    absolute, relative
        The measures of the gap: the difference and the ratio of the worst-off and the best-off, unless others are
        given, such as the slope index and the relative index.
    weight : array, shape (..., level), optional
        Population per level, for measures that take one.

    Returns
    -------
    Narrowing, shape (...)
        The absolute change of a difference is the triple difference where the effect is a difference in differences.
        NaN where a mean is missing, in relative terms also where one is not above 0. A gap ``narrows`` or ``widens``
        where the interval of its change says so; with reversed gaps it is the distance that counts. The word of both is
        ``disagree`` where one narrows and the other widens, and ``uncertain`` where either is. The intervals cover 94
        to 96 % at some hundred persons in a cell; relative ones fail where a cell has fewer than about 10 events.

    References
    ----------
    .. [1] Harper S, King NB, Meersman SC, et al. Milbank Q 2010;88:4-29. doi:10.1111/j.1468-0009.2010.00587.x

    Examples
    --------
    >>> smoking = Effect(Contributions(np.array([30.0, 10, 20, 5]), independent(np.full(4, 0.1))), np.array(1.96))
    >>> gap = narrowing(smoking, polarity="lower_is_better")
    >>> float(gap.absolute.change.value), str(gap.absolute.word), str(gap.relative.word), str(gap.word)
    (-5.0, 'narrows', 'widens', 'disagree')
    """
    levels = effect.means.value.shape[-1] // 2
    weight = np.ones(levels) if weight is None else np.asarray(weight, float)[..., None, :]
    one = _gap(effect, absolute or MEASURES["difference"], weight, polarity=polarity)
    other = _gap(effect, relative or MEASURES["ratio"], weight, polarity=polarity)
    opposite = (one.word != other.word) & (one.word != "uncertain") & (other.word != "uncertain")
    word = np.where(one.word == other.word, one.word, np.where(opposite, "disagree", "uncertain"))
    return Narrowing(one, other, word)


@dataclass(frozen=True, slots=True)
class Representation:
    """How the participants of an initiative stand to those for whom it is meant, by level, shape (..., level).

    ``index`` is a level's share of the participants over its share of the target group; ``ratio`` the part of the level
    that takes part over that of the best-off. 1 is as it should be; below 1 the level is reached less.
    """

    index: Values
    ratio: Values


def representation(participants: Array, target: Array) -> Representation:
    """Whether those who take part in an initiative are like those for whom it is meant.

    Parameters
    ----------
    participants, target : array, shape (..., level)
        Persons who take part, and persons for whom it is meant (participants included), worst-off level first.

    Returns
    -------
    Representation, shape (..., level)
        NaN where nobody takes part, a level has nobody, or more take part than there are. The index has Wilson's
        interval at the effective number of participants; the ratio has an interval from Wilson's limits of both parts,
        also where nobody of the level takes part. The best-off have no ratio to themselves (1, without limits). Both
        cover 94 to 96 % from some 2 participants of the level.

    References
    ----------
    .. [1] Glasgow RE, Vogt TM, Boles SM. Am J Public Health 1999;89:1322-1327. doi:10.2105/AJPH.89.9.1322
    .. [2] Newcombe RG. Stat Methods Med Res 2016;25:1774-1778. doi:10.1177/0962280213502144

    Examples
    --------
    >>> course = representation([10, 40, 50], [200, 400, 200])
    >>> course.index.value.tolist(), course.ratio.value.tolist()
    ([0.4, 0.8, 2.0], [0.2, 0.4, 1.0])
    >>> course.index.upper.round(2).tolist()
    [0.69, 0.98, 2.35]
    """
    x, n = np.asarray(participants, float), np.asarray(target, float)
    possible = ((x >= 0) & (x <= n) & (n > 0)).all(-1, keepdims=True) & (x.sum(-1, keepdims=True) > 0)
    x, n = np.where(possible, x, np.nan), np.where(possible, n, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach, total, of_target = x / n, x.sum(-1, keepdims=True), share(n)
        part, chance = x / total, x * (1 - reach)  # the variance of each count
        spread = ((1 - 2 * part) * chance + part**2 * chance.sum(-1, keepdims=True)) / total**2
        index = weighted_proportion(part, spread, np.broadcast_to(total, x.shape))
        return Representation(
            Values(*(getattr(index, name) / of_target for name in Values.__slots__)), _ratio_to_last(reach, n)
        )


def _ratio_to_last(reach: Floats, n: Floats) -> Values:
    last = reach[..., -1:]
    limits = wilson(reach, n)
    under, over = (limit[..., -1:] for limit in limits)
    usable = np.where(last > 0, last, np.nan)
    own = np.arange(reach.shape[-1]) == reach.shape[-1] - 1

    def limit(mine: Floats, others: Floats, sign: int) -> Floats:
        inside = (reach * usable) ** 2 - mine * others * (2 * reach - mine) * (2 * usable - others)
        made = (reach * usable + sign * np.sqrt(np.maximum(inside, 0))) / (others * (2 * usable - others))
        return np.where(own, np.nan, made)

    lower, upper = limit(limits[0], over, -1), limit(limits[1], under, 1)
    return Values(reach / usable, (upper - lower) / (2 * Z), lower, upper)
