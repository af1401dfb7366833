"""Statistics of inequality on plain arrays: numpy in, numpy out, the last axis is reduced.

Leading axes are areas, periods, indicators or draws. Nothing here touches a file, a table or a database.
"""

from lighed.stats.inequality import MEASURES, Measure, evaluate
from lighed.stats.intervals import Values
from lighed.stats.rates import direct, mean, proportion, rate

__all__ = ["MEASURES", "Measure", "Values", "direct", "evaluate", "mean", "proportion", "rate"]
