"""Gaps split into the parts that make them: ages and causes of death, factors, composition and rates."""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Literal

import numpy as np

from lighed.stats.contributions import Contributions, independent, propagate
from lighed.stats.groups import average, share
from lighed.stats.intervals import Array, Floats, gradient
from lighed.stats.lifetable import Mortality, after, life_table, observed, rate_variance

MOST_FACTORS = 12  # all their subsets are computed

Method = Literal["symmetric", "arriaga"]


def _one_way(rate: Array, start: Array, inside: Array | None) -> Array:
    """Years of the gap (last − first) that a difference of 1 in the rate of death makes at each age, shape (..., age).

    Arriaga's term over the difference of the rates, written so that nothing is divided by that difference: where the
    rates are equal it is the limit. Only where deaths fall at different times within the band (`inside` of the groups
    differs) is there a second term, which goes with the difference as Arriaga's does.
    """
    table = life_table(rate, start, inside)
    last = np.isinf(table.width)
    span, lived = np.where(last, 1.0, table.width), np.broadcast_to(table.inside, rate.shape)
    step, bottom = rate[..., 1, :] - rate[..., 0, :], 1 + span * (1 - lived) * rate
    with np.errstate(divide="ignore", invalid="ignore"):
        later = np.where(step.real == 0, 0, (lived[..., 1, :] - lived[..., 0, :]) / step)
        chord = np.where(step.real == 0, 0, (table.dying[..., 1, :] - table.dying[..., 0, :]) / step)
        smooth = span * (1 + span * rate.prod(-2) * later) / bottom.prod(-2)
    chord = np.where((table.dying.real < 1).all(-2), smooth, chord)
    lost = (span * (1 - lived[..., 0, :]) + after(table.expectancy[..., 1, :])) * chord
    closed = span * table.dying[..., 1, :] * later - lost
    return table.survivors[..., 0, :] * np.where(last, -table.years.prod(-2), closed)


def _years_per_rate(rate: Array, start: Array, inside: Array | None, method: Method) -> Array:
    there = _one_way(rate, start, inside)
    if method == "arriaga":
        return there
    return (there + _one_way(rate[..., ::-1, :], start, None if inside is None else np.atleast_2d(inside)[::-1])) / 2


def life_expectancy_gap(
    deaths: Array,
    time: Array,
    start: Array,
    *,
    by: Literal["cause", "age", "age and cause"] = "cause",
    method: Method = "symmetric",
    inside: Array | None = None,
    mortality: Mortality = "poisson",
) -> Contributions:
    """Split the gap in life expectancy between two groups by age and by cause of death.

    Parameters
    ----------
    deaths : array, shape (..., group, age, cause)
        Deaths of the worst-off group and of the best-off, in this order; the causes are all causes.
    time : array, shape (..., group, age)
        Person-years.
    start, mortality
        As in ``life_expectancy``.
    by
        What the parts are; for "age and cause" the causes of the first age come first.
    method
        "arriaga" replaces the rates of the worst-off by those of the best-off from the oldest age to the youngest;
        "symmetric" is the mean of both directions, and the same whichever group is named first but for the sign.
    inside : array, shape (age,) or (group, age), optional
        As in ``life_table``.

    Returns
    -------
    Contributions, shape (..., part)
        Years, which add up to life expectancy of the best-off minus that of the worst-off at the first age: positive
        for what makes the worst-off die earlier, 0 where the groups have the same rates. A cause takes part in the
        term of its age as its rates differ; that holds also where the rates of all causes together are equal, or 0.
        NaN where a count is missing or impossible, or nobody dies in the open band. The interval is by the delta method
        on the rates and covers 94 to 96 % from some 10 deaths of the part in both groups together; with fewer it is too
        narrow, and without deaths it has no width.

    Raises
    ------
    ValueError
        As ``life_table``.

    References
    ----------
    .. [1] Arriaga EE. Demography 1984;21:83-96. doi:10.2307/2061029
    .. [2] Andreev EM, Shkolnikov VM, Begun AZ. Demogr Res 2002;7:499-522. doi:10.4054/DemRes.2002.7.14
    .. [3] Ponnapalli KM. Demogr Res 2005;12:141-172. doi:10.4054/DemRes.2005.12.7

    Examples
    --------
    >>> deaths = [[[4, 9], [90, 60]], [[4, 3], [60, 50]]]  # short and long education; under and over 60; two causes
    >>> gap = life_expectancy_gap(deaths, [[2000, 1000], [2000, 1000]], [40, 60])
    >>> gap.value.round(2).tolist(), round(float(gap.whole.value), 2)
    ([1.65, 1.52], 3.17)
    """
    deaths, time = np.asarray(deaths, float), np.asarray(time, float)
    rate = observed(np.where(deaths >= 0, deaths, np.nan).sum(-1), time)
    flat = _flat(rate)

    def years(nudged: Array, _: Array | None = None) -> Array:
        return _years_per_rate(nudged.reshape(*nudged.shape[:-1], *rate.shape[-2:]), start, inside, method)

    each, slope = years(flat), gradient(years, flat, flat)
    variance = rate_variance(life_table(rate, start, inside), time, mortality=mortality)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(rate[..., None] == 0, 0, deaths / (time * rate)[..., None])
    own, gap = variance[..., None] * part, np.diff(rate[..., None] * part, axis=-3)[..., 0, :, :]

    def added(cells: Floats) -> Floats:
        if by == "age and cause":
            return cells.reshape(*cells.shape[:-2], -1)
        return np.asarray(cells.sum(-2 if by == "cause" else -1))

    # A rate of a cause moves its own term, and through the rate of all causes the terms of every age.
    through = added(slope[..., None] * gap[..., None, :, :])
    straight = np.array([-1.0, 1.0])[:, None, None] * each[..., None, :, None] * own
    straight = np.eye(rate.shape[-1])[..., None] * straight[..., None, :]
    straight = added(straight.reshape(*flat.shape, *gap.shape[-2:]))
    mixed = np.swapaxes(straight, -1, -2) @ through
    covariance = np.swapaxes(through, -1, -2) @ (variance.reshape(*flat.shape, 1) * through)
    covariance += mixed + np.swapaxes(mixed, -1, -2) + independent(added(each[..., None] ** 2 * own.sum(-3)))
    return Contributions(added(each[..., None] * gap), covariance)


def _flat(cells: Array) -> Floats:
    cells = np.asarray(cells, float)
    return cells.reshape(*cells.shape[:-2], -1)


def _replaced(
    function: Callable[[Array], Array], value: Array, variance: Array, replaced: Array, weight: Array
) -> Contributions:
    """Parts that are weighted sums of the function at mixtures of the first and the last cells."""

    def parts(flat: Array) -> Array:
        both = flat.reshape(*flat.shape[:-1], 2, -1)
        mixed = np.where(replaced, both[..., None, 1, :], both[..., None, 0, :])
        return np.asarray(function(mixed) @ weight)

    return propagate(parts, _flat(value), independent(_flat(variance)))


def stepwise(function: Callable[[Array], Array], value: Array, variance: Array) -> Contributions:
    """Split the change of any number by what it is computed from, replacing one cell after another.

    Parameters
    ----------
    function : callable
        From cells, shape (..., cell), to a number, shape (...); arithmetic only. Life expectancy or the spread of lives
        from rates of death, say, with the ages as cells from the youngest to the oldest.
    value, variance : array, shape (..., 2, cell)
        The cells of the first and of the last, and their variances.

    Returns
    -------
    Contributions, shape (..., cell)
        In the unit of the function; they add up to its value at the last minus that at the first. The mean of replacing
        from the first cell to the last with the one set, and with the other. Of life expectancy by age these are the
        symmetric terms of ``life_expectancy_gap``.

    References
    ----------
    .. [1] Andreev EM, Shkolnikov VM, Begun AZ. Demogr Res 2002;7:499-522. doi:10.4054/DemRes.2002.7.14

    Examples
    --------
    >>> stepwise(lambda x: x.prod(-1), np.array([[2.0, 3.0], [4.0, 5.0]]), np.zeros((2, 2))).value.tolist()
    [8.0, 6.0]
    """
    cells = np.shape(value)[-1]
    replaced = np.tri(cells + 1, cells, -1, dtype=bool)
    weight = (np.eye(cells + 1, cells, -1) - np.eye(cells + 1, cells)) / 2
    return _replaced(function, value, variance, np.vstack([replaced, ~replaced]), np.vstack([weight, -weight]))


def shapley(
    function: Callable[[Array], Array], value: Array, variance: Array, factor: Array | None = None
) -> Contributions:
    """Split the change of any number by its factors, over all orders of replacing them (Das Gupta).

    Parameters
    ----------
    function : callable
        From cells, shape (..., cell), to a number, shape (...); arithmetic only. A rate that is the product of shares
        along a pathway, say.
    value, variance : array, shape (..., 2, cell)
        The cells of the first and of the last, and their variances.
    factor : integer array, shape (cell,), optional
        Which factor each cell belongs to, from 0; each is its own where it is not given.

    Returns
    -------
    Contributions, shape (..., factor)
        In the unit of the function; they add up to its value at the last minus that at the first. 0 for a factor that
        has not changed.

    Raises
    ------
    ValueError
        If there are more than 12 factors.

    References
    ----------
    .. [1] Das Gupta P. Standardization and decomposition of rates: a user's manual. US Bureau of the Census 1993.
    .. [2] Shapley LS. A value for n-person games. Contributions to the theory of games II. Princeton 1953.

    Examples
    --------
    >>> shares = np.array([[0.5, 0.8], [0.6, 0.9]])  # invited, and came of those
    >>> shapley(lambda x: x.prod(-1), shares, 0 * shares).value.round(3).tolist()
    [0.085, 0.055]
    """
    factor = np.arange(np.shape(value)[-1]) if factor is None else np.asarray(factor)
    factors = int(factor.max()) + 1
    if factors > MOST_FACTORS:
        msg = f"{factors} factors have too many orders; put some together, to at most {MOST_FACTORS}"
        raise ValueError(msg)
    chosen = (np.arange(2**factors)[:, None] >> np.arange(factors)) & 1 == 1
    orders = [factorial(k) * factorial(factors - 1 - k) / factorial(factors) for k in range(factors)]
    others = chosen.sum(-1, keepdims=True) - chosen
    weight = np.where(chosen, 1, -1) * np.array(orders)[others]
    return _replaced(function, value, variance, chosen[:, factor], weight)


def kitagawa(value: Array, variance: Array, weight: Array) -> Contributions:
    """Split the gap between two groups into what their composition makes and what their rates make.

    Parameters
    ----------
    value, variance : array, shape (..., group, stratum)
        Rate (share, mean) in each stratum of the worst-off group and of the best-off, in this order, and its variance.
    weight : array, shape (..., group, stratum)
        Population of each group in each stratum, taken as known.

    Returns
    -------
    Contributions, shape (..., 1 + stratum)
        In the unit of `value`. First what the composition makes, then what the rates of each stratum make; they add up
        to the crude gap, worst-off minus best-off. Positive for what makes the value higher among the worst-off, 0
        where both are alike. NaN in all where a stratum has nobody in one of the groups.

    References
    ----------
    .. [1] Kitagawa EM. J Am Stat Assoc 1955;50:1168-1194. doi:10.1080/01621459.1955.10501299

    Examples
    --------
    >>> made = kitagawa([[0.1, 0.4], [0.1, 0.2]], np.full((2, 2), 1e-4), [[50, 50], [75, 25]])
    >>> made.value.round(4).tolist(), made.added([0, 1, 1]).parts.se.round(4).tolist()
    ([0.05, 0.0, 0.075], [0.0025, 0.0103])
    """
    value, variance, weight = (np.asarray(part, float) for part in (value, variance, weight))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where((weight > 0).all((-2, -1), keepdims=True), share(weight), np.nan)
    apart, middle = part[..., 0, :] - part[..., 1, :], part.mean(-2)
    each = middle[..., None] * np.eye(value.shape[-1])
    composition = np.concatenate([apart, apart], -1)[..., None, :] / 2
    slope = np.concatenate([composition, np.concatenate([each, -each], -1)], -2)
    made = (slope @ _flat(value)[..., None])[..., 0]
    return Contributions(made, (slope * _flat(variance)[..., None, :]) @ np.swapaxes(slope, -1, -2))


def between_within(
    value: Array,
    variance: Array,
    weight: Array,
    group: Array,
    *,
    of: Literal["variance", "theil", "log deviation"] = "variance",
) -> Contributions:
    """Split the spread over many small units into what lies between groups of them and what lies within each group.

    Parameters
    ----------
    value, variance, weight : array, shape (..., unit)
        Outcome of each unit (municipality, or education in a municipality), its variance, and its population.
    group : integer array, shape (unit,)
        Which group (region, municipality) each unit belongs to, from 0.
    of
        The variance, Theil's index or the mean log deviation: those which can be split so.

    Returns
    -------
    Contributions, shape (..., 1 + group)
        The variance in the square of the unit, the others without unit. First what lies between the groups, then what
        lies within each of them; they add up to the spread over all units. What sampling error alone would make is
        taken out, which may leave a little less than 0 where there is no spread. NaN where a unit is empty, and for
        Theil's index and the mean log deviation where a value is not above its standard error.

    References
    ----------
    .. [1] Shorrocks AF. Econometrica 1980;48:613-625. doi:10.2307/1913126
    .. [2] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> between_within(np.array([10.0, 14, 20, 20]), np.zeros(4), np.ones(4), [0, 0, 1, 1]).value.tolist()
    [16.0, 2.0, 0.0]
    """
    value, variance, weight = (np.asarray(part, float) for part in (value, variance, weight))
    member = np.asarray(np.asarray(group)[:, None] == np.arange(np.max(group) + 1), float)
    weight = np.where((weight > 0).all(-1, keepdims=True), weight, np.nan)

    def parts(y: Array, people: Array) -> Array:
        part, mean = share(people), average(y, people)[..., None]

        def apart(one: Array, middle: Array) -> Array:
            if of == "variance":
                return (one - middle) ** 2
            return np.log(one / middle) * (one / mean if of == "theil" else -1)

        inside = (part * y) @ member / (part @ member)
        between = ((part @ member) * apart(inside, mean)).sum(-1, keepdims=True)
        return np.concatenate([between, (part * apart(y, inside @ member.T)) @ member], -1)

    above, below = (value[..., None, :] + sign * np.sqrt(independent(variance)) for sign in (1, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        found, slope = parts(value, weight), gradient(parts, value, weight)
        apart = [parts(nudged, weight[..., None, :]) for nudged in (above, below)]
        noise = (sum(apart) / 2 - found[..., None, :]).sum(-2)
        return Contributions(found - noise, np.swapaxes(slope, -1, -2) @ (variance[..., None] * slope))
