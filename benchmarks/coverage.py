"""How often the intervals of the measures hold the true value, from a village to the country."""

from __future__ import annotations

import csv
from itertools import product
from pathlib import Path

import numpy as np

from _table import arguments, show_rows
from lighed.stats import MEASURES, Measure, arrange, by_chance, evaluate, proportion, rate, too_few

WRITTEN = Path(__file__).parent.parent / "docs" / "coverage.csv"  # the handbook shows it
SIZES = {
    "village": 1_000,
    "small municipality": 10_000,
    "municipality": 50_000,
    "region": 600_000,
    "country": 4_800_000,
}
PART = np.array([0.11, 0.25, 0.35, 0.12, 0.17])  # five groups of education, as they are in Denmark
SHARE = np.array([0.25, 0.21, 0.17, 0.13, 0.08])
OUTCOMES = {"share": SHARE, "rate": SHARE / 50}  # what every sixth has, and what comes to 34 in 10,000 a year
COLUMNS = ("measure", "outcome", "size", "persons", "cases", "held", "none", "unreliable")


def coverage(measure: Measure, outcome: str, size: int, draws: int) -> tuple[float, float, float]:
    """Return the percentage of intervals that hold the truth, of draws that have none, and of those that are marked."""
    n, true = np.round(PART * size), OUTCOMES[outcome]
    cases = np.random.default_rng(size).binomial(n.astype(int), true, (draws, len(n)))
    drawn = (proportion if outcome == "share" else rate)(cases, n)
    parts = (drawn.value, drawn.se**2, np.broadcast_to(n, drawn.value.shape))
    truth, doubtful = (true, n), too_few(measure, np.minimum(cases, n - cases))
    if measure.order == "ignored":
        doubtful |= by_chance(measure, *parts[:2])
        parts, truth = arrange(*parts, polarity="lower_is_better"), arrange(*truth, polarity="lower_is_better")
    made = evaluate(measure, *parts, polarity="lower_is_better")
    given = np.isfinite(made.lower) & np.isfinite(made.upper)
    held = (made.lower <= measure(*truth)) & (measure(*truth) <= made.upper)
    of_given = held[given].mean() if given.any() else np.nan
    return tuple(100 * float(part) for part in (of_given, 1 - given.mean(), (doubtful | ~given).mean()))


def main() -> None:
    """Draw populations of each size, and hold every measure against its true value."""
    given = arguments(__doc__, draws=5_000)
    rows = []
    for measure, (outcome, true), (name, size) in product(MEASURES.values(), OUTCOMES.items(), SIZES.items()):
        cases = f"{size * PART @ true:.0f}"
        found = coverage(measure, outcome, size, given.draws)
        rows.append((measure.id, outcome, name, str(size), cases, *(f"{part:.1f}" for part in found)))
    show_rows(f"Coverage of 95 % intervals: {given.draws:,} populations of each size", COLUMNS, rows, write=False)
    if given.write:
        with WRITTEN.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


if __name__ == "__main__":
    main()
