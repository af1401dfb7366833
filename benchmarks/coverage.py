"""How often the intervals of the measures hold the true value, from a village to the country."""

from __future__ import annotations

import numpy as np

from _table import arguments, show_rows
from lighed.stats import MEASURES, Measure, arrange, evaluate, proportion

SIZES = {
    "village": 1_000,
    "small municipality": 10_000,
    "municipality": 50_000,
    "region": 600_000,
    "country": 4_800_000,
}
PART = np.array([0.11, 0.25, 0.35, 0.12, 0.17])  # five groups of education, as they are in Denmark
SHARE = np.array([0.25, 0.21, 0.17, 0.13, 0.08])


def coverage(measure: Measure, size: int, draws: int) -> tuple[float, float]:
    """Return the percentage of intervals that hold the truth, and of draws that have no interval to give."""
    n = np.round(PART * size)
    drawn = proportion(np.random.default_rng(size).binomial(n.astype(int), SHARE, (draws, len(n))), n)
    weight = np.broadcast_to(n, drawn.value.shape)
    parts, truth = (drawn.value, drawn.se**2, weight), (SHARE, n)
    if measure.order == "ignored":
        parts, truth = arrange(*parts, polarity="lower_is_better"), arrange(*truth, polarity="lower_is_better")
    made = evaluate(measure, *parts, polarity="lower_is_better")
    given = np.isfinite(made.lower) & np.isfinite(made.upper)
    true = measure(*truth)
    held = (made.lower[given] <= true) & (true <= made.upper[given])
    return 100 * float(held.mean()) if given.any() else float("nan"), 100 * float(1 - given.mean())


def main() -> None:
    """Draw populations of each size, and hold every measure against its true value."""
    given = arguments(__doc__, draws=5_000)
    rows = []
    for measure in MEASURES.values():
        found = [coverage(measure, size, given.draws) for size in SIZES.values()]
        said = [f"{held:.1f}" + (f" ({none:.0f} % none)" if none >= 1 else "") for held, none in found]
        rows.append((measure.id, measure.interval, *said))
    heads = ("measure", "interval", *(f"{name}, {size:,}" for name, size in SIZES.items()))
    show_rows(f"Coverage of 95 % intervals: {given.draws:,} populations of each size", heads, rows, write=given.write)


if __name__ == "__main__":
    main()
