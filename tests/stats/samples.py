"""What several tests of the statistics use: numbers side by side, how often an interval covers, shares of persons."""

from __future__ import annotations

from typing import Any

import numpy as np

from lighed.stats import Values
from lighed.stats.survey import Sums, share_and_variance

DRAWS = 20_000  # coverage is then known to 0.15 of a per cent


def numbers(made: Values) -> list[Any]:
    """Value, standard error and limits."""
    return [getattr(made, name) for name in Values.__slots__]


def covered(limits: Values | tuple[Any, Any], truth: Any) -> float:
    """The part of the draws whose interval holds what is true."""
    lower, upper = (limits.lower, limits.upper) if isinstance(limits, Values) else limits
    return float(np.mean((lower <= truth) & (truth <= upper)))


def share_of_persons(domain: Any, stratum: Any, unit: Any, weight: Any, y: Any, *, population: Any) -> Any:
    """Share and variance of each domain, from persons in numbered domains, strata and sampling units."""
    _, first, unit_of = np.unique(unit, return_index=True, return_inverse=True)
    pair, row = np.unique(np.stack([domain, unit_of]), axis=1, return_inverse=True)
    w, wy = (np.bincount(row.ravel(), part) for part in (weight, weight * y))
    units = np.bincount(stratum[first], minlength=len(population))
    sums = Sums(weight=w, weighted=wy, weight2=w**2, cross=w * wy, weighted2=wy**2)
    return share_and_variance(
        pair[0], stratum[first][pair[1]], sums, units=units, population=population, domains=domain.max() + 1
    )
