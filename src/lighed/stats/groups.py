"""Groups of a population: their shares, their ranks, their average, and the order in which they stand."""

from __future__ import annotations

from typing import Literal

import numpy as np

from lighed.stats.intervals import Array, Floats

Polarity = Literal["lower_is_better", "higher_is_better"]


def share(weight: Array) -> Floats:
    """Each level's share of the population.

    Parameters
    ----------
    weight : array, shape (..., level)
        Population per level.

    Returns
    -------
    array, shape (..., level)
        Between 0 and 1; they add up to 1.

    Examples
    --------
    >>> share(np.array([20.0, 30.0, 50.0])).tolist()
    [0.2, 0.3, 0.5]
    """
    return np.asarray(weight / weight.sum(-1, keepdims=True), float)


def ridit(weight: Array) -> Floats:
    """Each level's mean rank in the population, from 0 (the worst-off person) to 1.

    Parameters
    ----------
    weight : array, shape (..., level)
        Population per level, worst-off first.

    Returns
    -------
    array, shape (..., level)
        Half of the level's own share and all of those before it; their mean over the population is ½.

    References
    ----------
    .. [1] Bross IDJ. Biometrics 1958;14:18-38. doi:10.2307/2527727

    Examples
    --------
    >>> ridit(np.array([20.0, 30.0, 50.0])).tolist()
    [0.1, 0.35, 0.75]
    """
    part = share(weight)
    return np.asarray(part.cumsum(-1) - part / 2, float)


def average(value: Array, weight: Array) -> Array:
    """Mean of the population.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level.

    Returns
    -------
    array, shape (...)
        In the unit of `value`.

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


def quantile(amount: Array, groups: int, weight: Array | None = None) -> Floats:
    """Number the groups of equal size that persons or areas fall into by an amount, the lowest amounts in group 0.

    Those with the same amount stand together, at the middle of their ranks; other programs put them by their lowest
    rank, and also differ by one unit at the borders where the groups cannot be equally large.

    Parameters
    ----------
    amount : array, shape (..., unit)
        What they are ranked by.
    groups
        How many groups there are, 2 or more.
    weight : array, shape (..., unit), optional
        How many each stands for; without it they count alike.

    Returns
    -------
    array, shape (..., unit)
        0 to groups − 1; NaN where the amount is missing, and everywhere if there are fewer amounts than groups.

    Raises
    ------
    ValueError
        For a negative weight.

    Examples
    --------
    >>> quantile(np.array([10.0, 40, 20, 20, np.nan, 30]), 2).tolist()
    [0.0, 1.0, 0.0, 0.0, nan, 1.0]
    """
    amount = np.asarray(amount, float)
    present = np.isfinite(amount)
    weight = np.where(present, 1.0 if weight is None else np.asarray(weight, float), 0.0)
    if (weight < 0).any():
        raise ValueError("A weight is negative; a quantile group needs weights of 0 or more.")
    order = np.argsort(amount, axis=-1, kind="stable")  # missing amounts stand last
    value, up_to = np.take_along_axis(amount, order, -1), np.take_along_axis(weight, order, -1).cumsum(-1)
    edge = np.ones((*amount.shape[:-1], 1), bool)
    new = np.concatenate([edge, value[..., 1:] != value[..., :-1]], -1)
    last = np.concatenate([new[..., 1:], edge], -1)
    below = np.maximum.accumulate(np.where(new, np.concatenate([0 * up_to[..., :1], up_to[..., :-1]], -1), 0), -1)
    above = np.minimum.accumulate(np.where(last, up_to, np.inf)[..., ::-1], -1)[..., ::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        group = np.floor((below + above) * groups / (2 * up_to[..., -1:]))
    enough = present & (present.sum(-1, keepdims=True) >= groups)
    made = np.empty(amount.shape)
    np.put_along_axis(made, order, np.minimum(group, groups - 1), -1)
    return np.where(enough, made, np.nan)
