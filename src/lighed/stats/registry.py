"""The registry of measures, and of tests of shape: what must be known of each to use it and to show it.

A measure takes ``value`` and ``weight`` of shape (..., level), **the worst-off level first and the best-off last**, and
returns shape (...). As it stands it is positive (or above 1) when the value is higher among the worse-off: right for an
outcome that is bad when high. ``evaluate`` turns it round for an outcome that is good when high, so that in everything
shown *positive means that the worse-off are worse off*.

For groups without an order, ``arrange`` puts the group in the worst position first and the reference (or, without one,
the group in the best position) last; only measures that ignore order are taken then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from lighed.stats.groups import Polarity
from lighed.stats.intervals import Array, Derived, Floats, gradient

Scale = Literal["absolute", "relative", "people"]
Unit = Literal["outcome", "squared", "ratio", "index", "share", "people"]
Reads = Literal["all", "best", "ends"]
Interval = Literal["delta", "delta on the log scale", "fieller", "score", "score on the square scale"]
Ends = Callable[[Array], tuple[Floats, Floats]]
Noise = Callable[[Array, Array, Array], tuple[Floats, Floats, Floats]]
Told = TypeVar("Told", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure and what must be known of it to use and to show it.

    Examples
    --------
    >>> MEASURES["slope_index"].scale, MEASURES["slope_index"].null, MEASURES["relative_index"].null
    ('absolute', 0.0, 1.0)
    """

    id: str
    unit: Unit
    function: Callable[[Array, Array], Array]
    scale: Scale
    order: Literal["required", "ignored"]
    weighted: bool
    null: float
    interval: Interval
    with_gradient: Derived | None = None  # value and derivative; by a complex step where there is none
    ends: Ends | None = None  # for Fieller: what each value counts for in the numerator and in the denominator
    directed: bool = True  # turned round for an outcome that is good when high; a spread has no direction
    bounded: bool = False  # of shares between 0 and 1 only
    everywhere: bool = False  # computed for every area; others for the whole country
    reads: Reads = "all"  # whether it asks which level is the best, or which are the best and the worst
    fewest_events: int = 10  # in a level; with fewer its interval does not hold the truth as often as it says
    # Of a spread, which error makes too large: from value, variance and weight to the groups' mean squared deviation,
    # what error is expected to add to that, and the variance of what it adds. ``evaluate`` takes it out.
    noise: Noise | None = None

    def __call__(self, value: Array, weight: Array) -> Floats:
        """Compute the measure."""
        return np.asarray(self.function(np.asarray(value, float), np.asarray(weight, float)), float)

    def slope(self, value: Array, weight: Array) -> Floats:
        """Differentiate by each level's value, shape (..., level)."""
        return self.with_gradient(value, weight)[1] if self.with_gradient else gradient(self.function, value, weight)

    def __str__(self) -> str:
        return self.id


MEASURES: dict[str, Measure] = {}


def measure(
    *,
    scale: Scale,
    order: Literal["required", "ignored"],
    weighted: bool,
    null: float,
    interval: Interval = "delta",
    with_gradient: Derived | None = None,
    ends: Ends | None = None,
    directed: bool = True,
    unit: Unit | None = None,
    bounded: bool = False,
    everywhere: bool = False,
    reads: Reads = "all",
    fewest_events: int = 10,
    noise: Noise | None = None,
) -> Callable[[Callable[[Array, Array], Array]], Callable[[Array, Array], Array]]:
    """Put a function of values and weights into the registry, with the facts that everything else needs of it.

    Examples
    --------
    >>> list(MEASURES)[:3], MEASURES["ratio"].interval
    (['difference', 'ratio', 'slope_index'], 'delta on the log scale')
    """

    def register(function: Callable[[Array, Array], Array]) -> Callable[[Array, Array], Array]:
        name = function.__name__
        usual: dict[Scale, Unit] = {"absolute": "outcome", "relative": "ratio" if null == 1.0 else "index"}
        MEASURES[name] = Measure(
            id=name,
            unit=unit or usual.get(scale, "people"),
            function=function,
            scale=scale,
            order=order,
            weighted=weighted,
            null=null,
            interval=interval,
            with_gradient=with_gradient,
            ends=ends,
            directed=directed,
            bounded=bounded,
            everywhere=everywhere,
            reads=reads,
            fewest_events=fewest_events,
            noise=noise,
        )
        return function

    return register


@dataclass(frozen=True, slots=True)
class Shape:
    """What is told of a gradient's shape beside its slope index: the p of a test, or how nearly it has the shape.

    Examples
    --------
    >>> TESTS["linearity"].unit, TESTS["linearity"].method(5), TESTS["index_of_relative_rank"].unit
    ('probability', 'chi-square(3)', 'index')
    """

    id: str
    function: Callable[..., Any]
    distribution: Literal["chi-square", "chi-bar-square"] | None = None  # of a test; an index has none
    spent: int = 0  # a test has as many degrees of freedom as there are levels, less these

    @property
    def unit(self) -> Literal["probability", "index"]:
        """What its numbers are: a test's are the chance of such a departure, an index lies between -1 and 1."""
        return "probability" if self.distribution else "index"

    def method(self, levels: int) -> str:
        """Return how it was found: the distribution of a test and its degrees of freedom, the most of a mixture."""
        return f"{self.distribution}({levels - self.spent})" if self.distribution else "without interval"

    def __call__(self, value: Array, variance: Array, weight: Array, *, polarity: Polarity) -> Floats:
        """Compute it; an index is turned so that positive means that the worse-off are worse off."""
        if self.distribution:
            return np.asarray(self.function(value, variance, weight).p, float)
        found = np.asarray(self.function(value, weight), float)
        return -found if polarity == "higher_is_better" else found

    def __str__(self) -> str:
        return self.id


TESTS: dict[str, Shape] = {}


def shape(
    *, distribution: Literal["chi-square", "chi-bar-square"] | None = None, spent: int = 0
) -> Callable[[Told], Told]:
    """Put a test of shape, or an index of how nearly a gradient has it, beside every slope index.

    A test takes values, variances and weights and returns a ``Departure``; an index takes values and weights.

    Examples
    --------
    >>> list(TESTS)
    ['linearity', 'linear_correlation', 'monotonicity', 'index_of_relative_rank']
    """

    def register(function: Told) -> Told:
        TESTS[function.__name__] = Shape(function.__name__, function, distribution, spent)
        return function

    return register
