"""How well the points of a form say who has a need: discrimination, calibration, what a threshold misses, net benefit.

All of it is worked out of counts by points: persons, and those of them with the need. The last axis is that of points,
from the fewest to the most; leading axes are groups, areas and periods. A person with as many points as a threshold, or
more, is offered what the form is for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from lighed.stats.determinants import symmetric_inverse
from lighed.stats.intervals import Array, Floats, Values
from lighed.stats.rates import proportion

NEWTON_STEPS, LONGEST_STEP, CONVERGED = 50, 2.0, 1e-10


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was observed against what was expected: ``ratio``, and on the scale of log odds ``in_the_large``, ``slope``.

    Examples
    --------
    >>> made = calibration(np.array([100, 100]), np.array([10, 40]), np.array([0.2, 0.3]))
    >>> round(float(made.ratio.value), 6), round(float(made.in_the_large.value), 6), round(float(made.slope.value), 2)
    (1.0, 0.0, 3.32)
    """

    ratio: Values
    in_the_large: Values
    slope: Values


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Offering to all with so many points or more, for each number of points: what it finds, misses and costs.

    Examples
    --------
    >>> made = thresholds(np.array([80, 20]), np.array([4, 6]))
    >>> made.missed_need.value.tolist(), made.selection_rate.value.tolist()
    ([0.0, 0.4], [1.0, 0.2])
    """

    sensitivity: Values
    missed_need: Values
    specificity: Values
    selection_rate: Values
    predictive_value: Values


@dataclass(frozen=True, slots=True)
class NetBenefit:
    """Needs met by offering, less the needless offers at their price, per person; offering to nobody has 0.

    ``form`` is by the form, at each number of points as the threshold; ``everyone`` is offering to all; ``gain`` is the
    first less the second.

    Examples
    --------
    >>> made = net_benefit(np.array([80, 20]), np.array([4, 6]), 0.2)
    >>> made.form.value.round(4).tolist(), round(float(made.everyone.value), 4)
    ([-0.125, 0.025], -0.125)
    """

    form: Values
    everyone: Values
    gain: Values


def area_under_curve(n: Array, events: Array) -> Values:
    """Chance that of two persons, one with the need and one without, the one with it has more points; ties count half.

    Parameters
    ----------
    n, events : array, shape (..., score)
        Persons with so many points, and those of them with the need; points ascending.

    Returns
    -------
    Values, shape (...)
        Between 0 and 1; ½ where the points say nothing, below where they say the opposite. NaN where nobody has the
        need or everybody; without an error where one alone has it or has not, and where the points tell all apart.

    References
    ----------
    .. [1] DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Examples
    --------
    >>> made = area_under_curve(np.array([50, 30, 20]), np.array([2, 6, 12]))
    >>> round(float(made.value), 4), round(float(made.lower), 4), round(float(made.upper), 4)
    (0.825, 0.7266, 0.9234)
    """
    n, events = _possible(n, events)
    without = n - events
    cases, others = events.sum(-1, keepdims=True), without.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        of_case = (without.cumsum(-1) - without / 2) / others  # the part of the others whom each case stands above
        of_other = 1 - (events.cumsum(-1) - events / 2) / cases
        value = (events * of_case).sum(-1) / cases[..., 0]
        variance = sum(
            (counts * (placed - value[..., None]) ** 2).sum(-1) / ((total - 1) * total)[..., 0]
            for counts, placed, total in ((events, of_case, cases), (without, of_other, others))
        )
        made = Values.around(value, np.sqrt(np.where(variance > 0, variance, np.nan)))
    return Values(made.value, made.se, np.clip(made.lower, 0, 1), np.clip(made.upper, 0, 1))


def calibration(n: Array, events: Array, expected: Array) -> Calibration:
    """Whether as many have the need as is expected of their points: in all, and more so the more is expected.

    Parameters
    ----------
    n, events : array, shape (..., score)
        Persons with so many points, and those of them with the need.
    expected : array, shape (..., score)
        The chance of the need that goes with the points. Points are no probabilities: of a form that gives points, take
        the share with the need of everyone with as many points, ``events.sum(...) / n.sum(...)`` over the groups. Then
        the whole population is calibrated by construction, and each group is held against it.

    Returns
    -------
    Calibration of shape (...)
        ``ratio``, observed over expected, is 1 where all is as expected, and above where the form says too little of
        the group's need; ``in_the_large`` is the same as a difference of log odds, with 0. ``slope`` is 1 where the
        points tell as much as expected, below where they tell less. Points at which nobody or everybody is expected to
        have the need say nothing of these two, and make them NaN if it is otherwise. NaN too where nobody has the need
        or everybody, and the slope where the need is told apart by the points.

    References
    ----------
    .. [1] Cox DR. Biometrika 1958;45:562-565.
    .. [2] Van Calster B, Nieboer D, Vergouwe Y, De Cock B, Pencina MJ, Steyerberg EW. J Clin Epidemiol 2016;74:167-176.
       doi:10.1016/j.jclinepi.2015.12.005

    Examples
    --------
    A group has half as much need again as those with the same points have on average.

    >>> made = calibration(np.array([60, 40]), np.array([9, 24]), np.array([0.1, 0.4]))
    >>> [round(float(getattr(made, name).value), 3) for name in ("ratio", "in_the_large", "slope")]
    [1.5, 0.652, 1.194]
    """
    n, events = _possible(n, events)
    expected = np.broadcast_to(np.asarray(expected, float), n.shape)
    share = proportion(events.sum(-1), n.sum(-1))
    sure = (expected <= 0) | (expected >= 1)
    impossible = (sure & (n > 0) & (events != n * expected)).any(-1)
    counted = np.where(impossible[..., None], np.nan, np.where(sure, 0.0, n))
    odds = logit(np.where(sure, 0.5, expected))
    ones = np.ones_like(odds)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (n * expected).sum(-1) / n.sum(-1)
        ratio = Values(*(getattr(share, name) / mean for name in Values.__slots__))
        large = _fitted(counted, events, ones, odds, start=[0.0])
        slope = _fitted(counted, events, np.concatenate([ones, odds[..., None]], -1), 0 * odds, start=[0.0, 1.0])
    return Calibration(ratio, large.at((..., 0)), slope.at((..., 1)))


def thresholds(n: Array, events: Array) -> Thresholds:
    """What offering to all with so many points or more finds and misses, for each number of points.

    Parameters
    ----------
    n, events : array, shape (..., score)
        Persons with so many points, and those of them with the need; points ascending.

    Returns
    -------
    Thresholds of shape (..., score)
        Shares from 0 to 1 with Wilson's interval: of those with the need who are offered (``sensitivity``) or are not
        (``missed_need``, the rate of false negatives), of those without it who are not offered (``specificity``), of
        all who are offered (``selection_rate``), and of those offered who have the need (``predictive_value``). At the
        fewest points all are offered. NaN where there is nobody to be a share of.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> made = thresholds(np.array([50, 30, 20]), np.array([2, 6, 12]))
    >>> made.missed_need.value.tolist(), made.predictive_value.value.round(2).tolist()
    ([0.0, 0.1, 0.4], [0.2, 0.36, 0.6])
    """
    n, events = _possible(n, events)
    offered, found = _from(n), _from(events)
    everyone, needing = (np.broadcast_to(part[..., :1], part.shape) for part in (offered, found))
    return Thresholds(
        sensitivity=proportion(found, needing),
        missed_need=proportion(needing - found, needing),
        specificity=proportion((everyone - needing) - (offered - found), everyone - needing),
        selection_rate=proportion(offered, everyone),
        predictive_value=proportion(found, offered),
    )


def net_benefit(n: Array, events: Array, worth: Array | float) -> NetBenefit:
    """Needs met less needless offers at their price, per person: by the form, and by offering to all or to nobody.

    Parameters
    ----------
    n, events : array, shape (..., score)
        Persons with so many points, and those of them with the need; points ascending.
    worth : array, shape (...), or a number
        The chance of need from which an offer is worth making, above 0 and below 1: 0.2 says that one need met is worth
        four needless offers. It is a judgement, and is therefore to be shown at several values.

    Returns
    -------
    NetBenefit
        ``form`` and ``gain`` of shape (..., score), for each number of points as the threshold; ``everyone`` of shape
        (...). In needs met per person, 0 being what offering to nobody gives; NaN where there is nobody.

    References
    ----------
    .. [1] Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361

    Examples
    --------
    The form is better than offering to all, and that is worse than offering to nobody.

    >>> made = net_benefit(np.array([50, 30, 20]), np.array([2, 6, 12]), 0.4)
    >>> made.form.value.round(3).tolist(), round(float(made.everyone.value), 3)
    ([-0.333, -0.033, 0.067], -0.333)
    """
    n, events = _possible(n, events)
    worth = np.asarray(worth, float)[..., None]
    price = np.where((worth > 0) & (worth < 1), worth, np.nan)
    price = price / (1 - price)
    offered, found = _from(n), _from(events)
    everyone, needing = offered[..., :1], found[..., :1]
    without = _net(needing - found, (everyone - offered) - (needing - found), everyone, price)
    return NetBenefit(
        form=_net(found, offered - found, everyone, price),
        everyone=_net(needing, everyone - needing, everyone, price).at((..., 0)),
        gain=Values(-without.value, without.se, -without.upper, -without.lower),
    )


def equal_opportunity(missed: Array, needing: Array) -> Values:
    """How much oftener the need of the worst-off is missed than that of the best-off: the gap in equal opportunity.

    Parameters
    ----------
    missed, needing : array, shape (..., level)
        Persons with the need who were not offered, and persons with the need, worst-off level first.

    Returns
    -------
    Values, shape (...)
        A difference of shares, from −1 to 1; 0 where needs are missed alike, positive where more of the worst-off are
        missed. Newcombe's interval. NaN where nobody of an end has the need.

    References
    ----------
    .. [1] Hardt M, Price E, Srebro N. Equality of opportunity in supervised learning. arXiv:1610.02413.
    .. [2] Newcombe RG. Stat Med 1998;17:873-890 (the interval, method 10).

    Examples
    --------
    >>> made = equal_opportunity(np.array([56, 48]), np.array([70, 80]))
    >>> [round(float(part), 4) for part in (made.value, made.lower, made.upper)]
    [0.2, 0.0524, 0.3339]
    """
    shares = proportion(missed, needing)
    worst, best = shares.at((..., 0)), shares.at((..., -1))
    value = worst.value - best.value
    lower = value - np.hypot(worst.value - worst.lower, best.upper - best.value)
    upper = value + np.hypot(worst.upper - worst.value, best.value - best.lower)
    return Values(value, np.hypot(worst.se, best.se), lower, upper)


def _possible(n: Array, events: Array) -> tuple[Floats, Floats]:
    """Counts as they are, NaN throughout a group with more events than persons or fewer than none."""
    n, events = np.broadcast_arrays(np.asarray(n, float), np.asarray(events, float))
    known = ((events >= 0) & (events <= n)).all(-1, keepdims=True)
    return np.where(known, n, np.nan), np.where(known, events, np.nan)


def _from(counts: Floats) -> Floats:
    """How many have so many points or more."""
    return np.asarray(counts[..., ::-1].cumsum(-1)[..., ::-1])


def _net(met: Floats, needless: Floats, n: Floats, price: Floats) -> Values:
    """The mean over persons of 1 for a need met and of minus the price for a needless offer."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = (met - price * needless) / n
        variance = ((met + price**2 * needless) / n - value**2) / n
        return Values.around(value, np.sqrt(np.maximum(variance, 0)))


def _fitted(n: Floats, events: Floats, x: Floats, offset: Floats, *, start: list[float]) -> Values:
    """Logistic regression of the need on the columns of x, shape (..., score, column), by Newton's method."""
    found = np.broadcast_to(start, (*n.shape[:-1], len(start)))
    for _ in range(NEWTON_STEPS):
        chance = expit(offset + (x @ found[..., None])[..., 0])
        score = (x * np.where(n > 0, events - n * chance, 0 * n)[..., None]).sum(-2)
        weighted = x * (n * chance * (1 - chance))[..., None]
        inverse = symmetric_inverse(np.swapaxes(weighted, -1, -2) @ x)
        step = (inverse @ score[..., None])[..., 0]
        found = found + np.clip(step, -LONGEST_STEP, LONGEST_STEP)
        if not (np.abs(step) > CONVERGED).any():
            break
    done = (np.abs(step) <= CONVERGED).all(-1, keepdims=True)
    se = np.sqrt(np.diagonal(inverse, axis1=-2, axis2=-1))
    return Values.around(found, se).where(done)
