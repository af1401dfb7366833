"""Control charts: which points of a series stand out from the chance that the series itself shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from lighed.stats.intervals import Array, Floats

SPAN = 2.66  # mean moving ranges from the mean to a limit: 3 standard deviations of 1.128 to a range
PER_RANGE = 1.128  # the mean range of two normal values, in standard deviations
WIDEST = 3.267  # mean moving ranges; wider ones are not of the chance that the series shows
IN_A_ROW = 7
NEAR = 2 / 3  # of the way to a limit

RULES = (
    "none",
    "outside the limits",
    "seven that rise or fall",
    "seven on one side of the mean",
    "two of three near a limit",
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A series with the limits that its own chance variation gives it, shape (..., time).

    ``signal`` is 1 where a point stands out by being high or rising, −1 where low or falling, and 0 where it does not;
    whether that is good depends on the polarity. ``rule`` is the number in ``RULES`` of the first rule that says so.

    Examples
    --------
    >>> chart = xmr(np.array([10.0, 11, 10, 9, 10, 11, 9, 10, 10, 11, 9, 10, 20]))
    >>> chart.signal.tolist()[-1], RULES[chart.rule[-1]]
    (1, 'outside the limits')
    """

    value: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    signal: npt.NDArray[np.int8]
    rule: npt.NDArray[np.int8]


def _chart(value: Array, centre: Array, half: Array) -> Chart:
    value, centre, half = np.broadcast_arrays(*(np.asarray(part, float) for part in (value, centre, half)))
    signal, rule = np.zeros(value.shape, np.int8), np.zeros(value.shape, np.int8)
    off = value - centre
    for number, (high, low) in enumerate((_outside(off, half), _trend(value), _one_side(off), _near(off, half)), 1):
        found = (rule == 0) & (high | low)
        rule[found] = number
        signal[found] = np.where(high, 1, -1)[found]
    return Chart(value, centre, centre - half, centre + half, signal, rule)


Hits = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]


def _outside(off: Floats, half: Floats) -> Hits:
    return off > half, off < -half


def _one_side(off: Floats) -> Hits:
    return _runs(off > 0, IN_A_ROW), _runs(off < 0, IN_A_ROW)


def _trend(value: Floats) -> Hits:
    step = np.diff(value)
    return _from_steps(_runs(step > 0, IN_A_ROW - 1)), _from_steps(_runs(step < 0, IN_A_ROW - 1))


def _near(off: Floats, half: Floats) -> Hits:
    """Points near a limit, two of which are among three that follow each other on one side."""
    return _two_of_three(off > 0, off > NEAR * half), _two_of_three(off < 0, off < -NEAR * half)


def _two_of_three(side: npt.NDArray[np.bool_], near: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    if near.shape[-1] < 3:
        return np.zeros(near.shape, bool)
    view = np.lib.stride_tricks.sliding_window_view
    hit = np.asarray(view(side, 3, -1).all(-1) & (view(near, 3, -1).sum(-1) >= 2))
    return near & _covered(hit, 3, near.shape[-1])


def _runs(hit: npt.NDArray[np.bool_], width: int) -> npt.NDArray[np.bool_]:
    """Whether each point is among `width` that follow each other and are all hits."""
    if hit.shape[-1] < width:
        return np.zeros(hit.shape, bool)
    whole = np.asarray(np.lib.stride_tricks.sliding_window_view(hit, width, -1).all(-1))
    return _covered(whole, width, hit.shape[-1])


def _covered(whole: npt.NDArray[np.bool_], width: int, length: int) -> npt.NDArray[np.bool_]:
    made = np.zeros((*whole.shape[:-1], length), bool)
    for start in range(width):
        made[..., start : start + whole.shape[-1]] |= whole
    return made


def _from_steps(step: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether a step to or from each point is a hit."""
    none = np.zeros((*step.shape[:-1], 1), bool)
    return np.asarray(np.concatenate([none, step], -1) | np.concatenate([step, none], -1))


def _mean_range(value: Floats, *, screened: bool) -> Floats:
    if value.shape[-1] < 2:
        return np.full((*value.shape[:-1], 1), np.nan)
    steps = np.abs(np.diff(value))
    mean = steps.mean(-1, keepdims=True)
    if screened:
        mean = np.asarray(steps.mean(-1, keepdims=True, where=~(steps > WIDEST * mean)))
    return np.asarray(mean, float)


def xmr(value: Array, *, ranges: Literal["screened", "all"] = "screened") -> Chart:
    """Chart of single values, such as a gap or an index in each year.

    Parameters
    ----------
    value : array, shape (..., time)
        At least 12 points, or the limits are themselves uncertain.
    ranges
        ``screened`` leaves out moving ranges that are too wide to be by chance.

    Returns
    -------
    Chart, shape (..., time)
        The mean ± 2.66 mean moving ranges. NaN limits, and no signals, for a single point or where one is missing.

    References
    ----------
    .. [1] Wheeler DJ, Chambers DS. Understanding statistical process control. SPC Press 1992.
    .. [2] NHS England. Making data count: strengthening your decisions. 2019 (the rules).

    Examples
    --------
    >>> chart = xmr(np.array([5.0, 7, 6, 8, 7, 6]))
    >>> round(float(chart.centre[0]), 2), round(float(chart.upper[0]), 2)
    (6.5, 10.22)
    """
    value = np.asarray(value, float)
    half = SPAN * _mean_range(value, screened=ranges == "screened")
    with np.errstate(invalid="ignore"):
        return _chart(value, value.sum(-1, keepdims=True) / value.shape[-1], half)


def laney(events: Array, below: Array) -> Chart:
    """Chart of shares of many persons (p′) or of rates over much person-time (u′).

    The limits have both the error of counting and the variation from time to time. The variance of one person's
    outcome, in which shares and rates part, is in both and falls out: the two charts have the same limits.

    Parameters
    ----------
    events, below : array, shape (..., time)
        Events, and persons or person-time in the unit that the rate is wanted per.

    Returns
    -------
    Chart, shape (..., time)
        NaN limits, and no signals, where there is nobody at any time.

    References
    ----------
    .. [1] Laney DB. Qual Eng 2002;14:531-537. doi:10.1081/QEN-120003555

    Examples
    --------
    >>> chart = laney([410, 395, 420, 388], [1000, 1000, 1050, 980])
    >>> round(float(chart.centre[0]), 4), round(float(chart.lower[0]), 4)
    (0.4002, 0.3789)
    """
    events, below = np.asarray(events, float), np.asarray(below, float)
    below = np.where(below > 0, below, np.nan)
    with np.errstate(invalid="ignore"):
        value, centre = events / below, events.sum(-1, keepdims=True) / below.sum(-1, keepdims=True)
    spread = _mean_range((value - centre) * np.sqrt(below), screened=False) / PER_RANGE
    return _chart(value, centre, 3 * spread / np.sqrt(below))
