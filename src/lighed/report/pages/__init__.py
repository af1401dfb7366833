"""Every page as data. A page finds rows and words; it computes nothing and knows no HTML."""

from lighed.report.pages.about import about, accessibility
from lighed.report.pages.area import area, areas
from lighed.report.pages.catalogue import catalogue
from lighed.report.pages.effort import effort
from lighed.report.pages.efforts import unmet
from lighed.report.pages.factor import factor, factors
from lighed.report.pages.front import front
from lighed.report.pages.indicator import indicator
from lighed.report.pages.map import graph
from lighed.report.pages.pathway import pathway, pathways
from lighed.report.pages.protection import protection
from lighed.report.pages.rug import rug
from lighed.report.pages.use import use, uses

__all__ = [
    "about",
    "accessibility",
    "area",
    "areas",
    "catalogue",
    "effort",
    "factor",
    "factors",
    "front",
    "graph",
    "indicator",
    "pathway",
    "pathways",
    "protection",
    "rug",
    "unmet",
    "use",
    "uses",
]
