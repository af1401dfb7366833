"""How often the intervals of effects of initiatives hold the true effect, by design and number of times or units."""

from __future__ import annotations

from typing import Any

import numpy as np

from _table import arguments, show_rows
from lighed.stats import (
    Clustered,
    Effect,
    Sample,
    Values,
    by_determinant,
    clustered,
    contrast,
    difference_in_differences,
    interrupted,
    moments,
    narrowing,
    oaxaca,
    staggered,
)

SERIES = {
    "0": (0.0, 0.0),
    "0.3": (0.3, 0.0),
    "0.6": (0.6, 0.0),
    "0.8": (0.8, 0.0),
    "0.8, and as much noise": (0.8, 1.0),
}
MONTHS, SEASON = (24, 36, 60, 120), 12
UNITS = ((5, 5), (20, 5), (50, 5), (10, 10), (40, 10), (20, 20), (50, 50))
TREND, EFFECT = np.array([0.5, 0.3]), np.array([-3.0, -1.0])  # of the worst-off and the best-off
CLUSTERS = (10, 20, 40, 100)


def held(limits: Values, true: Any) -> str:
    """Return the percentage of intervals that hold the truth."""
    return f"{100 * np.mean((limits.lower <= true) & (true <= limits.upper)):.1f}"


def effect_and_gap(effect: Effect, true: Any = EFFECT) -> str:
    """Return the percentage of both: of the effect on each level, and of the change of the gap."""
    gap = narrowing(effect, polarity="lower_is_better").absolute.change
    return f"{held(effect.absolute, true)}, {held(gap, true[..., 0] - true[..., 1])}"


def series(times: int, correlation: float, noise: float, draws: int, **how: Any) -> str:
    """Draw series of two levels, and read the effect at the end."""
    rng = np.random.default_rng(times)
    error = rng.normal(size=(draws, 2, times))
    for k in range(1, times):
        error[..., k] = correlation * error[..., k - 1] + np.sqrt(1 - correlation**2) * error[..., k]
    value = 30 + error + noise * rng.normal(size=error.shape) + TREND[:, None] * np.arange(times)
    return effect_and_gap(interrupted(value + EFFECT[:, None] * (np.arange(times) >= times // 2), times // 2, **how))


def in_arms(value: Any, reached: Any, weight: Any) -> Clustered:
    """Means over units, each of which stands in the cells of its own arm alone."""
    inside = np.repeat(np.stack([~reached, reached], -1), value.shape[-1], -1)
    return clustered(np.concatenate([value, value], -1), weight[..., None] * inside)


def units(other: int, with_it: int, uneven: float, draws: int) -> list[str]:
    """Draw units before and after, of like weight or with populations as uneven as those of municipalities."""
    rng, shape = np.random.default_rng(other + with_it), (draws, other + with_it)
    weight, reached = np.exp(rng.normal(0, uneven, shape)), np.arange(other + with_it) >= other
    error = rng.normal(0, 2, (*shape, 1, 1)) + rng.normal(size=(*shape, 2, 1)) + rng.normal(size=(*shape, 2, 2))
    value = 26 + error + reached[:, None, None] * np.array([0 * EFFECT, EFFECT])
    before_after = difference_in_differences(in_arms(value.reshape(*shape, 4), reached, weight))
    return [effect_and_gap(before_after), effect_and_gap(contrast(in_arms(value[..., 1, :], reached, weight)))]


def beginnings(other: int, with_it: int, draws: int) -> list[str]:
    """Draw eight periods with three beginnings of so many units each, whose effect grows."""
    first = np.repeat([4, 5, 7, np.nan], [with_it, with_it, with_it, other])
    rng, shape = np.random.default_rng(other), (draws, 2, len(first), 8)
    error = rng.normal(0, 3, (*shape[:3], 1)) + rng.normal(size=shape) + rng.normal(size=(draws, 1, *shape[2:]))
    since = np.nan_to_num(np.maximum(np.arange(8) - first[:, None] + 1, 0))
    made = staggered(30 + error + since * EFFECT[:, None, None], first)
    growth = np.maximum(made.labels("event") + 1.0, 0)[:, None] * EFFECT
    return [effect_and_gap(made.by("event"), growth), effect_and_gap(made.overall("event"), 2.5 * EFFECT)]


def samples(clusters: int, draws: int, size: int = 25) -> list[str]:
    """Draw clusters of persons who are alike, and split a gap and an index; what is true is the mean of all draws."""
    rng, cluster = np.random.default_rng(clusters), np.repeat(np.arange(clusters), size)
    here, low = rng.normal(size=(draws, clusters))[:, cluster], rng.random(len(cluster)) < 0.4
    years = rng.normal(5, 2, here.shape) + 2 * low + here
    ill = 3 + 0.3 * years + low + here + rng.normal(0, 2, here.shape)
    sample, rank = Sample(np.ones(len(low)), unit=cluster), np.where(low, low.mean() / 2, (1 + low.mean()) / 2)
    each = moments(np.stack([years, ill], -1)[..., None, :])[..., None, :, :]
    each = each * np.stack([low, ~low], -1)[:, :, None, None]
    split = [oaxaca(each, sample=sample).added([0, 0, 1, 1]), oaxaca(each.sum(-4)).added([0, 0, 1, 1])]
    parts = years[..., None], np.broadcast_to(rank, ill.shape)
    index = [by_determinant(ill, *parts, sample=sample), by_determinant(ill, *parts)]
    return [held(made.parts, made.value.mean(0)) for made in (*split, *index)]


def main() -> None:
    """Draw series, units and samples of each size, and hold every effect against the true one."""
    given = arguments(__doc__, draws=2_000)
    rows = []
    for times in MONTHS:
        for cycle in (None, SEASON):
            found = [series(times, *of, given.draws, cycle=cycle) for of in SERIES.values()]
            theirs = series(times, 0.3, 0.0, given.draws, cycle=cycle, lag=3)
            rows.append((f"{times} months{', season' if cycle else ''}", *found, theirs))
    heads = ("effect at the end, and gap", *(f"correlation {name}" for name in SERIES), "0.3, Newey and West, lag 3")
    show_rows(f"Coverage of interrupted series: {given.draws:,} of each length", heads, rows, write=given.write)

    rows = []
    for other, with_it in UNITS:
        found = [part for uneven in (0.0, 0.8) for part in units(other, with_it, uneven, given.draws)]
        rows.append((f"{with_it} against {other}", *found, *beginnings(other, with_it, given.draws // 2)))
    designs = ("difference in differences", "trial")
    heads = ("effect, and gap", *designs, *(f"{name}, weighted" for name in designs))
    heads = (*heads, "three beginnings of so many, by time since", "the same, mean")
    show_rows(f"Coverage of effects over units: {given.draws:,} draws of each number", heads, rows, write=given.write)

    rows = [(f"{number} clusters of 25", *samples(number, given.draws // 4)) for number in CLUSTERS]
    heads = ("parts", "gap", "gap, as if one by one", "concentration index", "index, as if one by one")
    show_rows(f"Coverage of splits: {given.draws // 4:,} samples of each size", heads, rows, write=given.write)


if __name__ == "__main__":
    main()
