"""A million episodes: cumulative incidence with its variance and competing death, by group, from arrays."""

from __future__ import annotations

import numpy as np

from _table import Line, arguments, processor, show, took
from lighed.stats import FollowUp, aalen_johansen, time_lost

GROUPS, DAYS = 5, 365
# Processor seconds an episode of survfit with variance, measured elsewhere on two busy cores and not here: 2.3 s for
# 91,996 and 13.5 s for 919,963, with reading of the file; the difference of the two is without what start-up takes.
SURVFIT = (13.5 - 2.3) / (919_963 - 91_996)


def seconds(episodes: int) -> tuple[float, float, float]:
    """Return the processor's seconds for counting, for every day's incidence with variance, and for the time lost."""
    rng = np.random.default_rng(1)
    wait, death = rng.geometric(0.01, episodes) - 1, rng.geometric(0.001, episodes) - 1
    day = np.minimum(np.minimum(wait, death), DAYS)
    cause = np.where(day == DAYS, 0, np.where(wait <= death, 1, 2))
    group = rng.integers(0, GROUPS, episodes)
    start = processor()
    counts = FollowUp.of(day, cause, causes=2, group=group, shape=(GROUPS,))
    counted = processor()
    aalen_johansen(counts).at(np.arange(DAYS))
    drawn = processor()
    time_lost(counts, 90)
    return counted - start, drawn - counted, processor() - drawn


def main() -> None:
    """Measure it, beside what survfit is published to take."""
    given = arguments(__doc__, episodes=1_000_000)
    measured = took(seconds, given.episodes)
    counting, incidence, lost = measured.result
    survfit = SURVFIT * given.episodes
    lines = [
        Line("counts by group, cause and day", counting, "s"),
        Line("incidence of both causes on every day, with limits", incidence, "s"),
        Line("both", counting + incidence, "s", 1.0),
        Line("both over survfit with reading, measured elsewhere", (counting + incidence) / survfit, "times", 0.1),
        Line("time lost before day 90, by cause", lost, "s"),
        Line("memory", measured.peak, "GB"),
    ]
    show(f"Survival: {given.episodes:,} episodes, {GROUPS} groups, {DAYS} days", lines, write=given.write)


if __name__ == "__main__":
    main()
