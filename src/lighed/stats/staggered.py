"""Initiatives that begin in one place after another (Callaway and Sant'Anna), by social group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lighed.stats.contributions import Contributions
from lighed.stats.effects import Effect
from lighed.stats.intervals import Array, Floats, student

Along = Literal["cell", "event", "cohort", "period"]


@dataclass(frozen=True, slots=True)
class Staggered:
    """Effects of every cohort (the units that began together) in every period, and their means.

    ``cohort`` and ``period``, shape (cell,), are positions on the axis of time. ``value``, shape (..., level, 2, cell),
    is the outcome without and with the initiative; ``influence``, shape (..., level, 2, unit, cell), is what each unit
    adds to its error; ``member``, shape (unit, cell), says which units are of the cohort; ``together``, shape
    (unit, group), which began together or never; ``alone``, shape (cell,), where a single unit stands for the others.

    Examples
    --------
    >>> value = np.array([[[9.0, 9, 5, 4], [8, 8, 8, 6], [7, 7, 7, 7], [6, 6, 6, 6]]])  # one level, four units
    >>> made = staggered(value, np.array([2, 3, np.nan, np.nan]))
    >>> made.by("cohort").absolute.value[:, 0].tolist(), made.overall().absolute.value.tolist()
    ([-4.5, -2.0], [-3.25])
    """

    cohort: npt.NDArray[np.intp]
    period: npt.NDArray[np.intp]
    value: Floats
    influence: Floats
    member: Floats
    together: Floats
    alone: npt.NDArray[np.bool_]

    def labels(self, along: Along) -> npt.NDArray[np.intp]:
        """Name the effects in ``by``: periods since the start (event), or positions on the axis of time."""
        return np.unique(self._key(along)[0])

    def by(self, along: Along) -> Effect:
        """Compute the mean effects, shape (..., effect, level), in the order of ``labels``.

        By event: so many periods after the start, before it as a check of what was alike without the initiative. By
        cohort or period: means over what came after the start. Cohorts count by their number of units.
        """
        return self._effect(*self._means(along)[:2], self.alone @ self._inside(along))

    def overall(self, along: Along = "cohort") -> Effect:
        """Compute one mean effect, shape (..., level).

        The mean of the effects by cohort, each counted by its units; of those by event after the start, or by period,
        counted alike; of all cells after the start, each counted by its units.
        """
        if along == "cell":
            after = (self.period >= self.cohort)[:, None]
            value, influence, _ = self._weighted(self.value, self.influence, self.member, after)
        else:
            value, influence, member = self._means(along)
            after = (self.labels(along) >= (0 if along == "event" else -1))[:, None]
            alike = member if along == "cohort" else np.ones((len(self.member), len(after)))
            value, influence, _ = self._weighted(value, influence, alike, after)
        made = self._effect(value, influence, np.asarray([self.alone[self.period >= self.cohort].any()]))
        means = Contributions(made.means.value[..., 0, :], made.means.covariance[..., 0, :, :])
        return Effect(means, made.quantile[..., 0])

    def _key(self, along: Along) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
        after = self.period >= self.cohort
        if along == "cell":
            return np.arange(len(after)), np.ones_like(after)
        if along == "event":
            return self.period - self.cohort, np.ones_like(after)
        key = self.cohort if along == "cohort" else self.period
        return np.where(after, key, key[after].min()), after

    def _inside(self, along: Along) -> npt.NDArray[np.bool_]:
        """Which cells each effect is a mean of, shape (cell, effect)."""
        key, kept = self._key(along)
        return np.asarray((key[:, None] == self.labels(along)) & kept[:, None])

    def _means(self, along: Along) -> tuple[Floats, Floats, Floats]:
        return self._weighted(self.value, self.influence, self.member, self._inside(along))

    @staticmethod
    def _weighted(value: Array, influence: Array, member: Array, inside: Array) -> tuple[Floats, Floats, Floats]:
        """Means of cells by their cohorts' shares of units, which are themselves estimates."""
        part = member.mean(0)
        mask = inside / (part @ inside)
        mean = value @ (part[:, None] * mask)
        off = member - part
        by_share = (off * value[..., None, :]) @ mask - mean[..., None, :] * (off @ mask)
        among = np.asarray((member @ inside) > 0, float)
        return mean, influence @ (part[:, None] * mask) + by_share, among

    def _effect(self, value: Array, influence: Array, alone: Array) -> Effect:
        units, effects = influence.shape[-2:]
        means = np.moveaxis(value, -1, 0)
        means = np.moveaxis(means, 0, -3).swapaxes(-1, -2).reshape(*value.shape[:-3], effects, -1)
        each: Any = np.moveaxis(influence, -1, -4)  # (..., effect, level, 2, unit)
        each = each.swapaxes(-3, -2).reshape(*value.shape[:-3], effects, -1, units)
        quantile = student(np.where(alone, np.nan, self._degrees(influence)))
        return Effect(Contributions(means, each @ each.swapaxes(-1, -2) / units**2), quantile)

    def _degrees(self, influence: Array) -> Floats:
        """Degrees of freedom of effects on all levels (Satterthwaite), each group having one less than its units."""
        square = np.nan_to_num((influence[..., 1, :, :] - influence[..., 0, :, :]) ** 2).sum(-3)
        part = np.swapaxes(square, -1, -2) @ self.together
        free = np.maximum(self.together.sum(0) - 1, 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(part.sum(-1) ** 2 / (part**2 / free).sum(-1))


def staggered(value: Array, first: Array, *, comparison: Literal["never", "not yet"] = "never") -> Staggered:
    """Effects where units (municipalities) begin at different times, each held against units that have not begun.

    A regression with effects of units and periods would hold late beginners against early ones, whose effect is still
    growing, and can even turn the sign.

    Parameters
    ----------
    value : array, shape (..., level, unit, time)
        The outcome of each level in each unit and period; worst-off level first.
    first : array, shape (unit,)
        The position on the axis of time at which the unit began; NaN if never. Units that began at position 0 have no
        time before and are left out.
    comparison
        Units that never begin, or all that have not begun by the period in question.

    Returns
    -------
    Staggered
        The effect of a cohort in a period is its change since the period before its start, beyond that of the
        comparison; in periods before the start it is the change since the period before, which is 0 if what is assumed
        holds. Cohorts have no effect in periods in which nobody is left to compare with. All effects of a level are NaN
        where it has no value in some unit and period. Every unit counts alike. Errors divide by one less than the units
        where the programs divide by the units, and Student's t has the degrees of freedom of those that began together
        and of those compared with. Intervals cover 94 to 97 % from 5 units that begin together; those of the mean over
        cohorts up to 99 %, for it takes their sizes as drawn. Where a unit begins, or is compared with, alone, the
        effect has no limits, and a standard error that is too small.

    Raises
    ------
    ValueError
        If no unit begins within the time while others have not begun.

    References
    ----------
    .. [1] Callaway B, Sant'Anna PHC. J Econom 2021;225:200-230. doi:10.1016/j.jeconom.2020.12.001
    .. [2] Satterthwaite FE. Biometrics Bull 1946;2:110-114. doi:10.2307/3002019 (degrees of freedom)

    Examples
    --------
    >>> value = np.array([[[9.0, 9, 5, 4], [8, 8, 8, 6], [7, 7, 7, 7], [6, 6, 6, 6]]])  # one level, four units
    >>> made = staggered(value, np.array([2, 3, np.nan, np.nan]))
    >>> made.labels("event").tolist(), made.by("event").absolute.value[:, 0].tolist()
    ([-2, -1, 0, 1], [0.0, 0.0, -3.0, -5.0])
    """
    first, value = np.asarray(first, float), np.asarray(value, float)
    kept = ~(first <= 0)
    first, value, times = np.where(np.isnan(first), np.inf, first)[kept], value[..., kept, :], value.shape[-1]
    cohorts = np.unique(first[first < times]).astype(int)
    cohort, period = (part.ravel() for part in np.meshgrid(cohorts, np.arange(1, times), indexing="ij"))
    base = np.where(period >= cohort, cohort, period) - 1
    member = first[:, None] == cohort
    others = np.isinf(first)[:, None] if comparison == "never" else first[:, None] > period
    others = others & ~member
    compared = others.any(0)
    if not (compared & (period >= cohort)).any():
        raise ValueError("No unit begins within the time while others have not begun, so there is nothing to compare.")
    cohort, period, base = (part[compared] for part in (cohort, period, base))
    member, others = (np.asarray(part[:, compared], float) for part in (member, others))
    together = np.asarray(first[:, None] == np.unique(first), float)
    alone = np.minimum(member.sum(0), others.sum(0)) < 2
    change = value[..., period] - value[..., base]
    reached, score = _mean(value[..., period], member)
    (mine, my_score), (theirs, their_score) = _mean(change, member), _mean(change, others)
    effect, error = mine - theirs, my_score - their_score
    values, influence = np.stack([reached - effect, reached], -2), np.stack([score - error, score], -3)
    return Staggered(cohort, period, values, influence, member, together, alone)


def _mean(value: Array, member: Array) -> tuple[Floats, Floats]:
    """Means of cells over their units, and what each unit adds to the error, shape (..., unit, cell)."""
    part, units = member / member.mean(0), member.sum(0)
    mean = np.asarray((part * value).mean(-2), float)
    scale = np.sqrt(units / np.maximum(units - 1, 1))
    return mean, np.asarray(part * (value - mean[..., None, :]) * scale, float)
