"""One file per chart: estimates in, Altair chart out. A chart computes nothing; it draws rows that were released."""

from lighed.charts.bars import bars
from lighed.charts.curves import curves
from lighed.charts.dumbbell import dumbbell
from lighed.charts.equiplot import equiplot
from lighed.charts.flow import flow
from lighed.charts.funnel import funnel
from lighed.charts.gap import gap
from lighed.charts.gradient import gradient
from lighed.charts.incidence import incidence
from lighed.charts.ranking import ranking
from lighed.charts.states import states
from lighed.charts.theme import Drawn, Heads, look, svg

__all__ = [
    "Drawn",
    "Heads",
    "bars",
    "curves",
    "dumbbell",
    "equiplot",
    "flow",
    "funnel",
    "gap",
    "gradient",
    "incidence",
    "look",
    "ranking",
    "states",
    "svg",
]
