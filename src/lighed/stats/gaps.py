"""Measures between two groups."""

from __future__ import annotations

from lighed.stats.intervals import Array
from lighed.stats.registry import measure


@measure(scale="absolute", order="ignored", weighted=False, null=0.0, everywhere=True, reads="ends")
def difference(value: Array, weight: Array) -> Array:  # noqa: ARG001 - one signature for all
    """Difference between the worst-off and the best-off group.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first; the weights are not used.

    Returns
    -------
    array, shape (...)
        In the unit of `value`. 0 means no inequality; positive means higher among the worst-off.

    References
    ----------
    .. [1] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> float(difference(np.array([26.2, 15.0, 7.1]), np.ones(3)))
    19.1
    """
    return value[..., 0] - value[..., -1]


@measure(
    scale="relative",
    order="ignored",
    weighted=False,
    null=1.0,
    interval="delta on the log scale",
    everywhere=True,
    reads="ends",
    fewest_events=20,
)
def ratio(value: Array, weight: Array) -> Array:  # noqa: ARG001 - one signature for all
    """Ratio of the worst-off to the best-off group.

    Parameters
    ----------
    value, weight : array, shape (..., level)
        Outcome and population per level, worst-off first; the weights are not used.

    Returns
    -------
    array, shape (...)
        Without unit. 1 means no inequality; above 1 means higher among the worst-off. Undefined (NaN or infinite) where
        the best-off value is 0.

    References
    ----------
    .. [1] Schlotheuber A, Hosseinpoor AR. Int J Environ Res Public Health 2022;19:3697. doi:10.3390/ijerph19063697

    Examples
    --------
    >>> round(float(ratio(np.array([26.2, 15.0, 7.1]), np.ones(3))), 2)
    3.69
    """
    return value[..., 0] / value[..., -1]
