"""Ten thousand areas: deaths and person-years in twenty bands of age to life expectancies, with intervals."""

from __future__ import annotations

import numpy as np

from _table import Line, arguments, show, took
from lighed import stats
from lighed.stats import Values

AREAS, SPREAD_AREAS = 10_000, 1_000
START = np.array([0, 1, *range(5, 95, 5)])


def counts(areas: int) -> tuple[stats.intervals.Floats, stats.intervals.Floats]:
    """Return deaths and person-years of areas like municipalities."""
    rng = np.random.default_rng(1)
    time = rng.uniform(500, 5000, (areas, len(START)))
    return rng.poisson(3e-5 * np.exp(0.095 * (START + 2.5)) * time).astype(float), time


def expectancies(areas: int) -> int:
    """Compute life expectancy at every age; return how many figures there are."""
    made: Values = stats.life_expectancy(*counts(areas), START)
    return made.value.size


def spreads(areas: int) -> int:
    """Compute the years of life lost at every age; return how many figures there are."""
    made: Values = stats.lifespan_variation(*counts(areas), START, fewest_time=0)
    return made.value.size


def main() -> None:
    """Measure both, with the drawing of the counts."""
    given = arguments(__doc__)
    alone, spread = took(expectancies, AREAS), took(spreads, SPREAD_AREAS)
    lines = [
        Line(f"life expectancy, {alone.result:,} figures, by the clock", alone.wall, "s", 0.5),
        Line("the same, processors", alone.cpu, "s", 0.5),
        Line("memory", alone.peak, "GB"),
        Line(
            f"lifespan variation of {SPREAD_AREAS:,} areas, {spread.result:,} figures, by the clock", spread.wall, "s"
        ),
        Line("memory", spread.peak, "GB"),
    ]
    show(f"Life tables: {AREAS:,} areas × {len(START)} bands of age", lines, write=given.write)


if __name__ == "__main__":
    main()
