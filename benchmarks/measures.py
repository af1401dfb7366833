"""Ninety indicators in 98 areas over ten years: group tables to every registered measure, with intervals."""

from __future__ import annotations

import numpy as np

from _table import Line, arguments, show, took
from lighed import catalogue, stats
from lighed.analysis import inequality
from lighed.analysis.grid import Grid
from lighed.analysis.indicators import Groups
from lighed.core.types import Indicator, Stratifier
from lighed.stats import MEASURES, evaluate
from lighed.stats.intervals import Values

INDICATORS, AREAS, YEARS = 90, 98, 10


def grid() -> tuple[Grid, Stratifier]:
    """Return the axes: indicators of the catalogue as often as it takes, municipalities, and groups of income."""
    known = catalogue.load()
    stratifier = known.stratifiers["income_quintile"]
    computed = [i for i in known.indicators.values() if i.computes and i.kind in {"proportion", "rate"}]
    indicators: list[Indicator] = [computed[k % len(computed)] for k in range(INDICATORS)]
    areas = [code for code, area in known.areas.items() if area.kind == "municipality"][:AREAS]
    return Grid(tuple(indicators), tuple(range(2016, 2016 + YEARS)), tuple(areas), stratifier.level_ids), stratifier


def groups(axes: Grid) -> Groups:
    """Return group tables with a gradient."""
    rng = np.random.default_rng(1)
    n = rng.integers(200, 5000, axes.groups)
    events = rng.binomial(n, np.linspace(0.3, 0.1, axes.groups[-1]))
    made = stats.proportion(events, n)
    collected, methods = np.ones(axes.groups[:2], bool), ["wilson"] * len(axes.indicators)
    each = {"crude": methods, "standardised": methods}
    return Groups(axes, n, events, n, made, made, np.ones(axes.groups), collected, each)


def measured(tables: Groups, wanted: list[str]) -> int:
    """Compute measures with their intervals; return how many figures there are."""
    values: Values = tables.best
    parts = values.value, values.se**2, tables.people
    return sum(evaluate(MEASURES[name], *parts, polarity="lower_is_better").value.size for name in wanted)


def rows(tables: Groups, stratifier: Stratifier) -> int:
    """Make the rows of a release out of them, with the changes from the first year to the last."""
    return len(inequality.estimates(tables, stratifier))


def main() -> None:
    """Measure the arithmetic by itself, and with the rows that are made of it."""
    given = arguments(__doc__)
    axes, stratifier = grid()
    tables = groups(axes)
    everywhere = [m.id for m in MEASURES.values() if m.everywhere]
    shown, every, whole = (
        took(measured, tables, everywhere),
        took(measured, tables, [*MEASURES]),
        took(rows, tables, stratifier),
    )
    lines = [
        Line(f"{len(everywhere)} measures of every area, {shown.result:,} figures, by the clock", shown.wall, "s", 2),
        Line("the same, processors", shown.cpu, "s", 2),
        Line(f"all {len(MEASURES)} measures, {every.result:,} figures, by the clock", every.wall, "s"),
        Line("the same, processors", every.cpu, "s", 5),
        Line(f"{whole.result:,} rows of a release made of them, by the clock", whole.wall, "s"),
        Line("the same, processors", whole.cpu, "s"),
        Line("memory", whole.peak, "GB"),
    ]
    show(f"Measures: {INDICATORS} indicators × {AREAS} areas × {YEARS} years", lines, write=given.write)


if __name__ == "__main__":
    main()
