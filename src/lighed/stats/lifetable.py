"""Life tables: life expectancy, healthy life years, and how unequal lives are in length, at every age.

Bands of age are given by where each starts; the last is open. Everything is computed from the rates of death by one
recursion from the oldest band to the youngest, which never divides by the survivors and takes complex rates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from lighed.stats.contributions import estimates, independent, propagate
from lighed.stats.intervals import Array, Floats, Values

FEWEST_TIME = 5_000  # person-years: from fewer, a life expectancy is not given
FEWEST_TIME_VARIATION = 50_000  # below this the interval of a measure of spread is too narrow
WIDEST = 20.0  # years: an interval wider than this says nothing
INFANT, OTHER = 0.1, 0.5  # the part of the band that those who die in it have lived


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Columns of a life table, shape (..., age), for one who is alive at the start of each band.

    ``rate`` of death per year; ``width`` of the band in years (infinite when open); ``inside``, the part of the band
    that those who die in it have lived; ``dying``, the probability of death in it (1 when open); ``years`` lived in it.

    Examples
    --------
    >>> table = life_table(np.array([0.01, 0.1]), [0, 50], inside=[0.5, 0.5])
    >>> table.dying.round(2).tolist(), table.survivors.round(2).tolist(), table.expectancy.round(2).tolist()
    ([0.4, 1.0], [1.0, 0.6], [46.0, 10.0])
    """

    rate: Array
    width: Floats
    inside: Floats
    dying: Array
    years: Array

    @property
    def survivors(self) -> Array:
        """Part of the new-born (of those at the first age) who reach each age."""
        alive = np.cumprod(1 - self.dying[..., :-1], -1)
        return np.concatenate([np.ones_like(self.dying[..., :1]), alive], -1)

    @property
    def expectancy(self) -> Array:
        """Years left to live at each age."""
        return backwards(self.years, 1 - self.dying)

    @property
    def closed(self) -> Array:
        """Bands with an end in which not all die: the rates that the probability of death depends on."""
        return np.isfinite(self.width) & (self.dying.real < 1)


def backwards(term: Array, carry: Array) -> Array:
    """From the oldest band to the youngest: what a band gives, and what is carried over from the band after it.

    Examples
    --------
    >>> backwards(np.array([5.0, 4.0, 3.0]), np.array([0.5, 1.0, 0.0])).tolist()
    [8.5, 7.0, 3.0]
    """
    term, carry = np.broadcast_arrays(term, carry)
    columns = [term[..., -1]]
    for age in reversed(range(term.shape[-1] - 1)):
        columns.append(term[..., age] + carry[..., age] * columns[-1])
    return np.stack(columns[::-1], -1)


def after(column: Array) -> Array:
    """Return what stands in the next band, and 0 after the last.

    Examples
    --------
    >>> after(np.array([80.0, 70.0, 10.0])).tolist()
    [70.0, 10.0, 0.0]
    """
    return np.concatenate([column[..., 1:], np.zeros_like(column[..., :1])], -1)


def life_table(rate: Array, start: Array, inside: Array | None = None) -> LifeTable:
    """Abridged life table from rates of death, by Chiang's second method.

    Parameters
    ----------
    rate : array, shape (..., age)
        Deaths per person-year; may be complex.
    start : array, shape (age,)
        The age at which each band starts, in years; the last band is open.
    inside : array, shape (..., age), optional
        The part of the band that those who die in it have lived; 0.1 in the first year of life and 0.5 elsewhere where
        it is not given. Not used in the open band, where they live 1/rate years.

    Returns
    -------
    LifeTable, shape (..., age)
        A rate above 1/(width × inside) lets everybody die in the band. NaN from a missing or negative rate, and in an
        open band without deaths, in which nobody would ever die.

    Raises
    ------
    ValueError
        If the ages do not ascend, or are not as many as the rates.

    References
    ----------
    .. [1] Chiang CL. The life table and its applications. Krieger 1984.

    Examples
    --------
    >>> life_table(np.array([0.01, 0.1]), [0, 50], inside=[0.5, 0.5]).years.round(6).tolist()
    [40.0, 10.0]
    """
    rate, start = np.asarray(rate), np.asarray(start, float)
    if start.shape != rate.shape[-1:] or (np.diff(start) <= 0).any():
        msg = f"ages {start.tolist()} for {rate.shape[-1]} rates of death; give where each band starts, in order"
        raise ValueError(msg)
    width = np.append(np.diff(start), np.inf)
    if inside is None:
        inside = np.where((start == 0) & (width == 1), INFANT, OTHER)
    inside, last = np.asarray(inside, float), np.isinf(width)
    rate = np.where(rate.real >= 0, rate, np.nan)
    span = np.where(last, 1.0, width)
    with np.errstate(divide="ignore", invalid="ignore"):
        forever = 1 / np.where(rate.real > 0, rate, np.nan)
        dying = span * rate / (1 + span * (1 - inside) * rate)
    dying = np.where(last | (dying.real > 1), np.where(np.isnan(rate), np.nan, 1.0), dying)
    return LifeTable(rate, width, inside, dying, np.where(last, forever, span * (1 - (1 - inside) * dying)))


def _slopes(table: LifeTable, healthy: Array | float = 1.0) -> tuple[Array, Array]:
    """Healthy years left at each age, and their derivative by the rate of death of that age itself."""
    left = backwards(healthy * table.years, 1 - table.dying)
    span = np.where(np.isinf(table.width), 1.0, table.width)
    lost = span * (1 - table.inside) * healthy + after(left)
    falling = lost * span / (1 + span * (1 - table.inside) * table.rate) ** 2
    last = np.isinf(table.width)
    return left, -np.where(last, healthy * table.years**2, np.where(table.closed, falling, 0.0))


def _carried(table: LifeTable, own: Array) -> Array:
    """Variance at each age of what is the sum of independent parts over that age and all later ones."""
    return backwards(own, (1 - table.dying) ** 2)


def observed(deaths: Array, time: Array) -> Floats:
    """Rate of death, NaN for the whole table where a count is missing or impossible.

    Parameters
    ----------
    deaths, time : array, shape (..., age)

    Returns
    -------
    array, shape (..., age)
        NaN at every age where at any age a count is missing or below 0, there is no time, or there are more deaths than
        person-years.

    Examples
    --------
    >>> observed([[1, 2], [1, np.nan]], [[100, 10], [100, 10]]).tolist()
    [[0.01, 0.2], [nan, nan]]
    """
    deaths, time = np.asarray(deaths, float), np.asarray(time, float)
    possible = ((deaths >= 0) & (time > 0) & (deaths <= time)).all(-1, keepdims=True)
    return np.where(possible, deaths, np.nan) / np.where(possible, time, 1.0)


Mortality = Literal["silcocks", "chiang", "poisson", "known"]


def rate_variance(table: LifeTable, time: Array, *, mortality: Mortality = "poisson") -> Floats:
    """Variance of each rate of death.

    Parameters
    ----------
    table : LifeTable, shape (..., age)
    time : array, shape (..., age)
        Person-years behind each rate.
    mortality
        "poisson" takes the deaths in every band as a count over its person-years, which is what deaths of one or a few
        years are. "chiang" takes them as a part of those alive at the start of the band, for which q²(1 − q)/deaths is
        the variance of the probability of death q; in the open band all die, so that it has none, and the doubt about
        how long they live is left out. "silcocks" is the same with a Poisson count in the open band, as official life
        expectancies are published; at birth it is as good as "poisson", above 80 a little too narrow (93 to 94 %).
        "known" gives no variance.

    Returns
    -------
    array, shape (..., age)

    References
    ----------
    .. [1] Chiang CL. The life table and its applications. Krieger 1984.
    .. [2] Silcocks PBS, Jenner DA, Reza R. J Epidemiol Community Health 2001;55:38-43. doi:10.1136/jech.55.1.38

    Examples
    --------
    >>> rate_variance(life_table(np.array([0.01, 0.1]), [0, 50]), np.array([1000.0, 100.0])).round(8).tolist()
    [1e-05, 0.001]
    """
    last = np.isinf(table.width)
    span = np.where(last, 1.0, table.width)
    binomial = (1 - table.dying) * (1 + span * (1 - table.inside) * table.rate) ** 2
    factor = {
        "poisson": np.ones_like(binomial),
        "silcocks": np.where(last, 1.0, binomial),
        "chiang": np.where(last, 0.0, binomial),
        "known": np.zeros_like(binomial),
    }[mortality]
    return np.asarray(table.rate / time * factor, float)


def _given(made: Values, time: Array, fewest_time: float) -> Values:
    enough = (np.asarray(time, float).sum(-1, keepdims=True) > fewest_time) & ~(made.upper - made.lower > WIDEST)
    return made.where(enough)


def life_expectancy(
    deaths: Array,
    time: Array,
    start: Array,
    *,
    inside: Array | None = None,
    mortality: Mortality = "poisson",
    fewest_time: float = FEWEST_TIME,
) -> Values:
    """Life expectancy at every age: the years left to one who for life dies at the rates of the period.

    Parameters
    ----------
    deaths, time : array, shape (..., age)
        Deaths and person-years in each band.
    start, inside : array, shape (age,)
        As in ``life_table``.
    mortality
        Which variance the rates of death have, as in ``rate_variance``.
    fewest_time
        Person-years of all ages that it takes.

    Returns
    -------
    Values, shape (..., age)
        Years. NaN at every age where a count is missing or impossible (see ``observed``), nobody dies in the open band,
        or there are too few person-years; NaN at an age at which the interval is wider than 20 years. The interval is
        normal and covers 94 to 96 % from some 50 deaths in all; bands without deaths are taken to be without doubt.

    Raises
    ------
    ValueError
        As ``life_table``.

    References
    ----------
    .. [1] Chiang CL. The life table and its applications. Krieger 1984.
    .. [2] Silcocks PBS, Jenner DA, Reza R. J Epidemiol Community Health 2001;55:38-43. doi:10.1136/jech.55.1.38
    .. [3] Eayres D, Williams ES. J Epidemiol Community Health 2004;58:243-249. doi:10.1136/jech.2003.009654

    Examples
    --------
    >>> made = life_expectancy([10, 40, 300], [10000, 8000, 2000], [0, 40, 70])
    >>> made.value.round(2).tolist(), made.lower.round(2).tolist()
    ([71.54, 33.64, 6.67], [69.89, 32.56, 5.91])
    """
    table = life_table(observed(deaths, time), start, inside)
    left, slope = _slopes(table)
    variance = _carried(table, slope**2 * rate_variance(table, np.asarray(time, float), mortality=mortality))
    return _given(estimates(left, variance), time, fewest_time)


def healthy_life_years(
    deaths: Array,
    time: Array,
    healthy: Array,
    variance: Array,
    start: Array,
    *,
    inside: Array | None = None,
    mortality: Mortality = "known",
    fewest_time: float = FEWEST_TIME,
) -> Values:
    """Healthy life years at every age, by Sullivan's method: the years of the life table that are lived in health.

    Parameters
    ----------
    deaths, time, start, inside, fewest_time
        As in ``life_expectancy``.
    healthy, variance : array, shape (..., age)
        Share in good health in each band (0–1), and its variance.
    mortality
        "known" takes the rates of death as without error, as is usual since the survey's error is far larger; the
        others of ``rate_variance`` add theirs.

    Returns
    -------
    Values, shape (..., age)
        Years; never more than the life expectancy. NaN as in ``life_expectancy``, and where a share at that age or a
        later one is missing or not between 0 and 1.

    Raises
    ------
    ValueError
        As ``life_table``.

    References
    ----------
    .. [1] Sullivan DF. HSMHA Health Rep 1971;86:347-354.
    .. [2] Jagger C, Van Oyen H, Robine JM. Health expectancy calculation by the Sullivan method. EHLEIS 2014.

    Examples
    --------
    >>> share = np.array([0.9, 0.7, 0.5])
    >>> made = healthy_life_years([10, 40, 300], [10000, 8000, 2000], share, share * (1 - share) / 200, [0, 40, 70])
    >>> made.value.round(2).tolist(), made.se.round(2).tolist()
    ([56.82, 22.4, 3.33], [1.22, 0.93, 0.24])
    """
    healthy = np.asarray(healthy, float)
    healthy = np.where((healthy >= 0) & (healthy <= 1), healthy, np.nan)
    table = life_table(observed(deaths, time), start, inside)
    left, slope = _slopes(table, healthy)
    own = slope**2 * rate_variance(table, np.asarray(time, float), mortality=mortality)
    own += table.years**2 * np.asarray(variance, float)
    return _given(estimates(left, _carried(table, own)), time, fewest_time)


def life_years_lost(table: LifeTable) -> Array:
    """Years of life lost to death (e-dagger): those that a person who dies would have had left.

    Parameters
    ----------
    table : LifeTable, shape (..., age)

    Returns
    -------
    array, shape (..., age)
        Years, of those alive at each age. 0 if all died at the same age; larger where lives are more unequal in length.

    References
    ----------
    .. [1] Vaupel JW, Canudas-Romo V. Demography 2003;40:201-216. doi:10.1353/dem.2003.0018

    Examples
    --------
    >>> float(life_years_lost(life_table(np.array([0.05]), [0]))[0])  # a rate that is the same at every age
    20.0
    """
    left = table.expectancy
    at_death = np.where(np.isinf(table.width), left, left + table.inside * (after(left) - left))
    return backwards(table.dying * at_death, 1 - table.dying)


def lifespan_deviation(table: LifeTable) -> Array:
    """Standard deviation of the age at death of those alive at each age.

    Parameters
    ----------
    table : LifeTable, shape (..., age)

    Returns
    -------
    array, shape (..., age)
        Years; 0 if all died at the same age.

    References
    ----------
    .. [1] Edwards RD, Tuljapurkar S. Popul Dev Rev 2005;31:645-674. doi:10.1111/j.1728-4457.2005.00092.x

    Examples
    --------
    >>> round(float(lifespan_deviation(life_table(np.array([0.05]), [0]))[0]), 9)
    20.0
    """
    left, last = table.expectancy, np.isinf(table.width)
    span, square = np.where(last, 1.0, table.width), 2 * table.inside**2 / (1 + table.inside)
    inside = table.dying * span**2 * square + (1 - table.dying) * (span**2 + 2 * span * after(left))
    square_left = backwards(np.where(last, 2 * table.years**2, inside), 1 - table.dying)
    return np.asarray(np.sqrt(square_left - left**2))


def lifespan_gini(table: LifeTable) -> Array:
    """Gini coefficient of the years left to live at each age.

    Parameters
    ----------
    table : LifeTable, shape (..., age)

    Returns
    -------
    array, shape (..., age)
        Between 0, if all live equally long, and 1.

    References
    ----------
    .. [1] Shkolnikov VM, Andreev EE, Begun AZ. Demogr Res 2003;8:305-358. doi:10.4054/DemRes.2003.8.11

    Examples
    --------
    >>> float(lifespan_gini(life_table(np.array([0.05]), [0]))[0])
    0.5
    """
    last, survive, inside = np.isinf(table.width), 1 - table.dying, table.inside
    squared = survive**2 + 2 * inside * survive * table.dying + inside / (2 - inside) * table.dying**2
    both = np.where(last, table.years / 2, np.where(last, 1.0, table.width) * squared)
    with np.errstate(invalid="ignore"):
        return 1 - backwards(both, survive**2) / table.expectancy


def lifespan_variation(
    deaths: Array,
    time: Array,
    start: Array,
    *,
    by: Callable[[LifeTable], Array] = life_years_lost,
    inside: Array | None = None,
    mortality: Mortality = "poisson",
    fewest_time: float = FEWEST_TIME_VARIATION,
) -> Values:
    """How unequal lives are in length, at every age, with interval by the delta method.

    Within a band deaths thin out (or thicken) as a power of the time that is left of it, so that they fall on average
    where ``inside`` says; in the open band the rate stays as it is, for which five-year bands to 90 or 95 are needed.

    Parameters
    ----------
    deaths, time, start, inside, mortality, fewest_time
        As in ``life_expectancy``.
    by
        ``life_years_lost``, ``lifespan_deviation`` (both in years) or ``lifespan_gini`` (0–1).

    Returns
    -------
    Values, shape (..., age)
        Null value 0: all live equally long. NaN as in ``life_expectancy``. The interval covers 93 to 95 % from some
        50,000 person-years and 95 % from 100,000; at birth only 86 to 94 % at 5,000, where a few early deaths decide.

    Raises
    ------
    ValueError
        As ``life_table``.

    References
    ----------
    .. [1] van Raalte AA, Sasson I, Martikainen P. Science 2018;362:1002-1004. doi:10.1126/science.aau5811

    Examples
    --------
    >>> made = lifespan_variation([50, 200, 1500], [50000, 40000, 10000], [0, 40, 70])
    >>> made.value.round(2).tolist(), made.se.round(2).tolist()
    ([10.28, 8.55, 6.67], [0.3, 0.2, 0.17])
    """
    rate = observed(deaths, time)
    variance = rate_variance(life_table(rate, start, inside), np.asarray(time, float), mortality=mortality)
    made = propagate(lambda nudged: by(life_table(nudged, start, inside)), rate, independent(variance))
    return _given(made.parts, time, fewest_time)
