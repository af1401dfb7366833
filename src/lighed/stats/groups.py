"""Groups of a population: their shares, their ranks, their average, and the order in which they stand."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lighed.stats.intervals import Array, Floats

Polarity = Literal["lower_is_better", "higher_is_better"]


def share(weight: Array) -> Floats:
    """Each level's share of the population, shape (..., level).

    Examples
    --------
    >>> share(np.array([20.0, 30.0, 50.0])).tolist()
    [0.2, 0.3, 0.5]
    """
    return np.asarray(weight / weight.sum(-1, keepdims=True), float)


def ridit(weight: Array) -> Floats:
    """Each level's mean rank in the population, from 0 (the worst-off person) to 1, shape (..., level).

    Examples
    --------
    >>> ridit(np.array([20.0, 30.0, 50.0])).tolist()
    [0.1, 0.35, 0.75]
    """
    part = share(weight)
    return np.asarray(part.cumsum(-1) - part / 2, float)


def average(value: Array, weight: Array) -> Array:
    """Population mean, shape (...).

    Examples
    --------
    >>> average(np.array([[30.0, 10.0], [20.0, 20.0]]), np.array([[1.0, 3.0], [1.0, 3.0]])).tolist()
    [15.0, 20.0]
    """
    return np.asarray((share(weight) * value).sum(-1))


def arrange(value: Array, *others: Array, polarity: Polarity, reference: int | None = None) -> tuple[Floats, ...]:
    """Put unordered levels so that the one in the worst position stands first and the reference (or the best) last.

    Parameters
    ----------
    value, *others : array, shape (..., level)
        Outcome, and arrays to be put in the same order.
    polarity
        Which direction of the outcome is good.
    reference
        The position of the level that the others are held against; without one it is the level in the best position.

    Returns
    -------
    tuple of arrays, shape (..., level)

    Examples
    --------
    >>> share, people = arrange([0.2, 0.3, 0.1], [50, 70, 90], polarity="lower_is_better")
    >>> share.tolist(), people.tolist()
    ([0.3, 0.2, 0.1], [70.0, 50.0, 90.0])
    >>> arrange([0.2, 0.3, 0.1], polarity="lower_is_better", reference=0)[0].tolist()
    [0.3, 0.1, 0.2]
    """
    badness = np.asarray(value, float) * (1 if polarity == "lower_is_better" else -1)
    if reference is not None:
        badness[..., reference] = -np.inf
    order = np.argsort(-badness, axis=-1, kind="stable")
    return tuple(np.take_along_axis(np.asarray(part, float), order, -1) for part in (value, *others))
