"""Where persons are in the course of time: at work, on sick leave, retired, dead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lighed.stats.intervals import Array, Floats, Values
from lighed.stats.survival import ROUNDING, FollowUp, Steps, probabilities


@dataclass(frozen=True, slots=True)
class Occupation:
    """Probability of being in each state at each time, and the mean time spent there until then.

    ``value``, shape (..., time, 2 · state), holds the probabilities and then the mean times, ``covariance`` their
    covariance; ``until``, shape (...), is the time up to which all is known, infinite where nobody can move any more.

    Examples
    --------
    >>> moves = FollowUp.of(np.array([10, 40, 40]), np.array([2, 0, 0]), causes=2, group=np.zeros(3, int), shape=(2,))
    >>> made = occupation(moves, np.array([3.0, 0.0]))
    >>> made.at(30).value.round(3).tolist(), made.time_in(30).value.round(3).tolist()
    ([0.667, 0.333], [23.333, 6.667])
    """

    time: Floats
    value: Floats
    covariance: Floats
    until: Floats

    def at(self, horizon: float) -> Values:
        """Return the probability of each state at a time, shape (..., state), with log-log intervals; 0 to 1."""
        value, variance = self._reached(horizon)
        half = value.shape[-1] // 2
        return probabilities(value[..., :half], variance[..., :half]).where(self._known(horizon))

    def time_in(self, horizon: float) -> Values:
        """Return the mean time in each state before a horizon, shape (..., state); they add up to the horizon."""
        value, variance = self._reached(horizon)
        half = value.shape[-1] // 2
        made = Values.around(value[..., half:], np.sqrt(np.maximum(variance[..., half:], 0)))
        return made.where(self._known(horizon))

    def _known(self, horizon: float) -> Array:
        return np.asarray((horizon >= 0) & (horizon <= self.until))[..., None]

    def _reached(self, horizon: float) -> tuple[Floats, Floats]:
        """Probabilities and mean times, and their variances: nobody moves between one time and the next."""
        place = int(np.searchsorted(self.time, horizon, "right")) - 1
        size = self.value.shape[-1]
        since = _onwards(np.eye(size // 2), horizon - self.time[place])
        covariance = since.T @ self.covariance[..., place, :, :] @ since
        return self.value[..., place, :] @ since, np.diagonal(covariance, axis1=-2, axis2=-1)


def _onwards(moving: Array, width: float) -> Floats:
    """What probabilities and mean times become: time is spent where they are, and then they move."""
    stay = width * np.broadcast_to(np.eye(moving.shape[-1]), moving.shape)
    above = np.concatenate([moving, stay], -1)
    return np.concatenate([above, np.concatenate([0 * stay, 0 * stay + np.eye(moving.shape[-1])], -1)], -2)


def _drawn(part: Array) -> Floats:
    """Covariance of the shares of one person who falls into one of the parts, shape (..., part, part)."""
    return np.asarray(part[..., None] * np.eye(part.shape[-1]) - part[..., None] * part[..., None, :], float)


def occupation(counts: FollowUp, start: Array) -> Occupation:
    """Probability of being in each state, whatever the way there: the product integral of Aalen and Johansen.

    Parameters
    ----------
    counts : FollowUp, shape (..., state, time)
        Persons in each state (the last leading axis), and their moves to each: the causes are the states moved to, in
        the same order. A state that nobody leaves is one in which nobody need be counted. Made by ``FollowUp.of`` from
        stays, each with the state as its group, the state moved to as its cause (1 and up; 0 where the stay is still
        going on) and the day of coming there as its entry.
    start : array, shape (..., state)
        Persons in each state before the first time.

    Returns
    -------
    Occupation, shape (..., time)
        The states add up to 1. The variance is Greenwood's for a product integral, the start being drawn as well; it
        takes what happens to depend on the state and the time since the index alone. The probabilities hold without
        that (Datta and Satten) where censoring does not depend on the past. NaN from the first time on at which a count
        is missing or more persons move than are there.

    References
    ----------
    .. [1] Aalen OO, Johansen S. Scand J Stat 1978;5:141-150.
    .. [2] Andersen PK, Borgan Ø, Gill RD, Keiding N. Statistical models based on counting processes. Springer 1993.
       doi:10.1007/978-1-4612-4348-9
    .. [3] Datta S, Satten GA. Stat Probab Lett 2001;55:403-411.

    Examples
    --------
    From sick leave (the first state) to work and back; the third is death.

    >>> day, to = np.array([5, 9, 20, 30, 30]), np.array([2, 3, 1, 0, 0])
    >>> state, came = np.array([0, 0, 1, 0, 0]), np.array([-1, -1, 5, 20, -1])
    >>> moves = FollowUp.of(day, to, causes=3, entry=came, group=state, shape=(3,))
    >>> occupation(moves, np.array([3.0, 0.0, 0.0])).at(15).value.round(3).tolist()
    [0.333, 0.333, 0.333]
    """
    start = np.asarray(start, float)
    steps = Steps.of(counts)
    part, per_person = steps.each + np.eye(start.shape[-1])[..., None] * (1 - steps.any), steps.per_person[..., 0, :]
    people = start.sum(-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = start / people
        spread = _drawn(share) / people[..., None]
    size = share.shape[-1]
    now = np.concatenate([share, 0 * share], -1)
    covariance = np.zeros((*now.shape, 2 * size))
    covariance[..., :size, :size] = spread
    values, covariances = [now], [covariance]
    for at, width in enumerate(np.diff(counts.time, prepend=0.0)):
        step = part[..., at]
        weight = now[..., :size] ** 2 * per_person[..., at]
        onwards = _onwards(step, width)
        now = (now[..., None, :] @ onwards)[..., 0, :]
        covariance = np.swapaxes(onwards, -1, -2) @ covariance @ onwards
        covariance[..., :size, :size] += (weight[..., None, None] * _drawn(step)).sum(-3)
        values.append(now)
        covariances.append(covariance)
    time = np.append(0.0, counts.time)
    moved = (counts.events.sum(-2) + counts.censored).sum(-1) > 0
    done = np.where(moved, now[..., :size], 0.0).sum(-1) < ROUNDING
    until = np.where(done, np.inf, counts.last.max(-1))
    return Occupation(time, np.stack(values, -2), np.stack(covariances, -3), until)
