"""Use against need: cells of need → use of each group standardised for need, and the inequity that is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.compute as pc

from lighed.analysis.grid import SEXES, Grid, Index, Placed, place, position
from lighed.analysis.indicators import FLAG_WORDS, labels
from lighed.catalogue import Catalogue
from lighed.core.estimates import CONFIDENCE, Estimates, codes
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Stratifier
from lighed.core.use import AGE_AND_SEX, LEVEL, REST, Use
from lighed.stats import MEASURES, need_standardised
from lighed.stats.intervals import Array, Floats, Values
from lighed.stats.rates import FEWEST_EVENTS
from lighed.store.engine import AGE_BANDS

ENOUGH = 5_000  # persons in an area from which the use of every need can be told
FEWEST = 30  # persons in a group, from which the interval holds
OVER = {
    "horizontal_inequity": MEASURES["concentration_index"],
    "need_difference": MEASURES["difference"],
    "need_ratio": MEASURES["ratio"],
}
UNITS = {"horizontal_inequity": "index", "need_ratio": "ratio", "inequality_part": "index"}  # others: that of the use
METHOD = "regression on need, delta"


def estimates(
    summary: Summary, grid: Grid, use: Use, stratifier: Stratifier, catalogue: Catalogue
) -> Iterator[Estimates]:
    """Give the rows of a use by an ordered stratifier, in areas with enough persons.

    By group and set of need (``component``) ``need_expected``, what it would use if all with the same need used the
    same, and ``need_standardised``, its use at the need of all. Over the groups, for each set, ``horizontal_inequity``
    (the concentration index of need-standardised use), ``need_difference`` and ``need_ratio`` of its ends. For the
    country ``inequality_part``: what age and sex, each other need and each control contribute to the concentration
    index of use as it is, and what is left (``rest``); they add up to it. Positive (a ratio: above 1) where the
    worse-off are worse off. Persons whose position is not known are in none of it.
    """
    grid = replace(grid, levels=stratifier.level_ids)
    n = place(grid, summary, catalogue.areas).counts(grid, summary, "n").sum((0, 3, 4, 5))
    areas = tuple(area for area, persons in zip(grid.areas, n.max(0, initial=0), strict=True) if persons >= ENOUGH)
    if not areas:
        return
    grid = replace(grid, areas=areas)
    placed = place(grid, summary, catalogue.areas)
    factors = _factors(grid, summary, placed, use)
    counted = [placed.counts(grid, summary, name)[0].sum((-2, -1)) for name in ("n", "events")]
    for period in range(len(grid.periods)):
        sums = _sums(grid, summary, placed, factors, period)
        rows = _Rows(grid, period, use, stratifier, *(counts[period] for counts in counted))
        yield from _standardised(sums, factors, rows)
        if COUNTRY in areas:
            yield _parts(sums[[areas.index(COUNTRY)]], factors, rows)


@dataclass(frozen=True, slots=True)
class Factor:
    """A characteristic as columns of 0 and 1, one for each category but the most common.

    ``columns`` says which they are, and ``at`` in which each placed row of the summary has its 1 (−1: in none).
    """

    columns: list[int]
    at: Index


def _factors(grid: Grid, summary: Summary, placed: Placed, use: Use) -> dict[str, Factor]:
    """Age by sex, the other needs, the controls and, last, the groups that are compared; columns are counted from 0."""
    cells = len(SEXES) * len(AGE_BANDS)
    category = {AGE_AND_SEX: placed.cell % cells}
    for name in use.columns:
        words = pc.fill_null(summary.table[name], UNKNOWN)
        category[name] = position(words, sorted(pc.unique(words).to_pylist()))[placed.row]
    category[LEVEL] = placed.cell // cells % len(grid.levels)
    persons = summary.table["n"].to_numpy()[placed.row]
    found, start = {}, 0
    for name, of in category.items():
        size = np.bincount(of, persons)
        kept = np.setdiff1d(np.flatnonzero(size), [size.argmax()])
        column = np.full(len(size), -1)
        column[kept] = start + np.arange(len(kept))
        found[name] = Factor(column[kept].tolist(), column[of])
        start += len(kept)
    return found


def _sums(grid: Grid, summary: Summary, placed: Placed, factors: dict[str, Factor], period: int) -> Floats:
    """The persons' ``moments`` of a period, shape (area, level, 2 + column, 2 + column), from the cells."""
    shape = len(grid.areas), len(grid.levels)
    group, cells = placed.cell // (len(SEXES) * len(AGE_BANDS)), shape[0] * shape[1]
    inside = group // cells == period
    group, row = group[inside] % cells, placed.row[inside]
    size = 2 + sum(len(factor.columns) for factor in factors.values())
    # The 1 stands first; what is in none of a factor's columns falls into the last, where the use comes to stand.
    at = [factor.at[inside] for factor in factors.values()]
    places = [np.zeros(len(group), np.intp), *(np.where(column < 0, size - 1, 1 + column) for column in at)]
    n, uses, uses2 = (summary.table[name].to_numpy()[row].astype(float) for name in ("n", "uses", "uses2"))
    sums, products = np.zeros(cells * size * size), np.zeros(cells * size)
    for one in places:
        products += np.bincount(group * size + one, uses, cells * size)
        for other in places:
            sums += np.bincount((group * size + one) * size + other, n, cells * size * size)
    made = sums.reshape(*shape, size, size)
    made[..., -1, :] = made[..., :, -1] = products.reshape(*shape, size)
    made[..., -1, -1] = np.bincount(group, uses2, cells).reshape(shape)
    return made


def _standardised(sums: Floats, factors: dict[str, Factor], rows: _Rows) -> Iterator[Estimates]:
    """By group and over the groups, for the sets of need of which something is known."""
    sets = {need.id: need.factors for need in rows.use.need if all(factors[name].columns for name in need.factors)}
    if not sets:
        return
    others = _columns(factors, [*rows.use.controls, LEVEL])
    made = need_standardised(sums, [_columns(factors, of) for of in sets.values()], others)
    known = Values(made.expected, *[np.full(made.expected.shape, np.nan)] * 3)
    yield rows.of("need_expected", known, [*sets])
    yield rows.of("need_standardised", made.standardised.parts, [*sets])
    for measure, wanted in OVER.items():
        yield rows.of(measure, made.inequity(wanted, polarity=rows.use.polarity), [*sets])


def _parts(sums: Floats, factors: dict[str, Factor], rows: _Rows) -> Estimates:
    """What each factor contributes to the inequality of use as it is, all others held, and what is left."""
    told = [name for name, factor in factors.items() if factor.columns and name != LEVEL]
    found = []
    for name in told:
        others = _columns(factors, [other for other in [*told, LEVEL] if other != name])
        found.append(need_standardised(sums, [factors[name].columns], others).explained(polarity=rows.use.polarity))
    left = need_standardised(sums, [_columns(factors, told)], factors[LEVEL].columns)
    found.append(left.inequity(polarity=rows.use.polarity))
    made = Values(*(np.concatenate([getattr(one, part) for one in found], -1) for part in Values.__slots__))
    return rows.of("inequality_part", made, [*told, REST], areas=[rows.grid.areas.index(COUNTRY)])


def _columns(factors: dict[str, Factor], names: Iterable[str]) -> list[int]:
    return [column for name in names for column in factors[name].columns]


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the rows of a period have in common; ``n`` and ``events`` of shape (area, level)."""

    grid: Grid
    period: int
    use: Use
    stratifier: Stratifier
    n: Array
    events: Array

    def of(self, measure: str, made: Values, components: list[str], areas: Sequence[int] | None = None) -> Estimates:
        """Return the rows of a measure, shape (area, component), or (area, component, level) of each group."""
        by_level, shape = made.value.ndim == 3, made.value.shape
        at = range(len(self.grid.areas)) if areas is None else areas
        n, events = (counts[at][:, None] for counts in (self.n, self.events))
        few = np.asarray((n < FEWEST) | (events < FEWEST_EVENTS))
        if not by_level:
            n, events, few = n.sum(-1), events.sum(-1), np.asarray(few.any(-1))
        scale = 1.0 if measure in UNITS else SCALE[self.use.unit]
        index = np.unravel_index(np.arange(made.value.size), shape)
        known = np.isfinite(made.value).ravel()
        where = (np.zeros_like(index[0]), np.full_like(index[0], self.period), np.asarray(at)[index[0]])
        return Estimates.of(
            **labels(self.grid, where, self.stratifier.id),
            component=codes(index[1], components),
            level=codes(index[2], list(self.grid.levels)) if by_level else None,
            measure=measure,
            **{name: getattr(made, name).ravel() * scale for name in Values.__slots__},
            confidence=CONFIDENCE,
            n=np.broadcast_to(n, shape).ravel(),
            events=np.broadcast_to(events, shape).ravel(),
            unit=UNITS.get(measure, self.use.unit),
            method=METHOD,
            flags=codes(np.where(known, np.where(np.broadcast_to(few, shape).ravel(), 1, 0), 2), FLAG_WORDS),
        )
