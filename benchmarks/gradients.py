"""A thousand areas of ten groups: slope and relative index with intervals, by line, by regression, and as simulated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from _table import Line, arguments, show, took
from lighed.stats import MEASURES, evaluate, linearity, monotonicity, proportion, regression, ridit

AREAS, LEVELS, MUNICIPALITIES, BANDS = 1_000, 10, 98, 18
DRAWS, SIMULATED_AREAS, REPEATS = 100_000, 10, 20


def drawn(rng: np.random.Generator) -> tuple[Any, Any]:
    """Return cases and persons of each area and group."""
    persons = rng.integers(300, 900, (AREAS, LEVELS)).astype(float)
    return rng.binomial(persons.astype(int), np.linspace(0.3, 0.15, LEVELS)).astype(float), persons


def indices(cases: Any, persons: Any) -> list[Any]:
    """Slope index and relative index with their intervals."""
    share = proportion(cases, persons)
    names = "slope_index", "relative_index"
    return [evaluate(MEASURES[n], share.value, share.se**2, persons, polarity="lower_is_better") for n in names]


def farthest(cases: Any, persons: Any, rng: np.random.Generator) -> float:
    """Return how far a limit is from the one of a simulation at most, as a share of the half-width."""
    share = proportion(cases, persons)
    value, se = (part[:SIMULATED_AREAS] for part in (share.value, share.se))
    far = 0.0
    for name, made in zip(("slope_index", "relative_index"), indices(cases, persons), strict=True):
        for area in range(SIMULATED_AREAS):
            draws = MEASURES[name](value[area] + se[area] * rng.standard_normal((DRAWS, LEVELS)), persons[area])
            limits = np.array([made.lower[area], made.upper[area]])
            off = np.abs(np.quantile(draws, [0.025, 0.975]) - limits) / np.diff(limits) * 2
            far = max(far, float(off.max()))
    return far


def shapes(cases: Any, persons: Any) -> None:
    """Test every area's gradient for being a line and for going one way."""
    share = proportion(cases, persons)
    for test in (linearity, monotonicity):
        test(share.value, share.se**2, persons)


def crude(cases: Any, persons: Any) -> None:
    """Regress on rank alone."""
    regression(cases, persons, ridit(persons), of="shares", family="binomial", link="log")


def adjusted(events: Any, cells: Any, rank: Any, band: Any) -> None:
    """Regress cells of group × age on rank and bands of age."""
    regression(events, cells, rank, band, of="rates", family="poisson", link="log")


def by_age(persons: Any, rng: np.random.Generator) -> tuple[Any, ...]:
    """Return events and persons of each municipality's cells of group × age, their rank and their band."""
    cells = np.repeat(persons[:MUNICIPALITIES], BANDS, axis=-1) / BANDS
    band = np.tile(np.eye(BANDS)[:, 1:], (LEVELS, 1))
    events = rng.poisson(cells * 0.2 * np.exp(band @ np.linspace(-1, 1, BANDS - 1)))
    return events, cells, np.repeat(ridit(persons[:MUNICIPALITIES]), BANDS, axis=-1), band


def repeatedly(task: Callable[..., Any], *given: Any) -> None:
    """Run a task too short for the clock often enough."""
    for _ in range(REPEATS):
        task(*given)


def main() -> None:
    """Measure the closed forms and the regressions, and hold the first against a simulation."""
    given = arguments(__doc__)
    rng = np.random.default_rng(1)
    cases, persons = drawn(rng)
    closed, tested = (took(repeatedly, task, cases, persons) for task in (indices, shapes))
    alone, aged = took(crude, cases, persons), took(adjusted, *by_age(persons, rng))
    far = farthest(cases, persons, rng)
    lines = [
        Line("slope and relative index with intervals, by the clock", 1000 * closed.wall / REPEATS, "ms", 10),
        Line("the same, processors", 1000 * closed.cpu / REPEATS, "ms", 10),
        Line(f"farthest limit from that of {DRAWS:,} draws, of a half-width", 100 * far, "%", 3),
        Line("tests of a line and of going one way", 1000 * tested.wall / REPEATS, "ms"),
        Line("the indices by binomial regression with a log link", 1000 * alone.wall, "ms"),
        Line(f"{MUNICIPALITIES} areas by regression adjusted for {BANDS} bands of age", 1000 * aged.wall, "ms"),
    ]
    show(f"Gradients: {AREAS:,} areas × {LEVELS} groups", lines, write=given.write)


if __name__ == "__main__":
    main()
