"""Summary → shares, rates, means and life expectancies per group, crude and directly standardised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed import stats
from lighed.analysis.grid import SEXES, Grid, Index, Placed
from lighed.analysis.summarise import MILLION, THOUSAND
from lighed.catalogue import Catalogue
from lighed.core.estimates import CONFIDENCE, SCHEMA, Estimates, codes
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Indicator, Kind
from lighed.stats.intervals import Array, Values
from lighed.stats.lifetable import FEWEST_TIME
from lighed.stats.rates import FEWEST_EVENTS, dobson, weighted_proportion
from lighed.stats.survey import Sums, share_and_variance
from lighed.store.engine import AGE_BANDS

DAYS = 365.25
COVERED = 0.95  # a standardised figure whose cells hold less of the standard than this is marked unreliable
SEX, AGES_AND_SEXES = -2, (-2, -1)


@dataclass(frozen=True, slots=True)
class Groups:
    """What is known of every group of a grid, shape (indicator, period, area, level).

    ``people`` is the population behind the group (person-years, records, or the sum of the weights), ``best`` what
    inequality is measured on: the standardised values where the definition asks for them, else the crude; ``thin``
    says where that rests on too little of the standard, or on too few person-years for a life table. ``correlation``
    is that of each group's best value in the first period with each group's in the last, shape (indicator, area, level,
    level); None or NaN where it is not known who stands in both.
    """

    grid: Grid
    n: Array
    events: Array
    people: Array
    crude: Values
    standardised: Values
    thin: npt.NDArray[np.bool_]
    collected: npt.NDArray[np.bool_]
    methods: dict[str, list[str]]
    correlation: Array | None = None

    @property
    def span(self) -> tuple[Index, Index]:
        """The first and the last period in which each indicator was collected."""
        return self.collected.argmax(1), self.collected.shape[1] - 1 - self.collected[:, ::-1].argmax(1)

    @property
    def best(self) -> Values:
        """Standardised where the definition standardises, else crude."""
        asked = _asked(self.grid)
        return Values(
            *(np.where(asked, getattr(self.standardised, p), getattr(self.crude, p)) for p in Values.__slots__)
        )

    def of_country(self) -> Groups:
        """Return the groups of the whole country alone; all of them where the country is not among the areas."""
        areas = self.grid.areas
        if COUNTRY not in areas:
            return self
        at = np.s_[:, :, areas.index(COUNTRY), None]
        n, events, people, thin = self.n[at], self.events[at], self.people[at], self.thin[at]
        grid, crude, standardised = replace(self.grid, areas=(COUNTRY,)), self.crude.at(at), self.standardised.at(at)
        held = None if self.correlation is None else self.correlation[:, areas.index(COUNTRY), None]
        return Groups(grid, n, events, people, crude, standardised, thin, self.collected, self.methods, held)


def count_groups(grid: Grid, placed: Placed, summary: Summary, catalogue: Catalogue) -> Groups:
    """Groups of person and event indicators, from counts."""
    aged = any(i.by_age for i in grid.indicators)
    part = {name: placed.counts(grid, summary, name) for name in summary.statistics if aged}
    whole = {name: placed.sums(grid, summary, name) for name in summary.statistics}
    crude = _stacked(_values(i, _row(part, row), _row(whole, row)) for row, i in enumerate(grid.indicators))
    standardised, thin = (
        _standardised(grid, catalogue, *_cells(grid, part), part["n"], whole["events"])
        if aged
        else (Values(*(np.full(grid.groups, np.nan) for _ in Values.__slots__)), np.zeros(grid.groups, bool))
    )
    over_time = np.array([i.over_time for i in grid.indicators])[:, None, None, None]
    people = np.where(over_time, whole["time"] / DAYS, whole["n"])
    thin |= _is(grid, "life_expectancy") & (people <= FEWEST_TIME)
    methods = {"crude": [_METHOD[i.kind] for i in grid.indicators], "standardised": _standard_methods(grid)}
    return Groups(
        grid, whole["n"], whole["events"], people, crude, standardised, thin, _collected(grid, whole["n"]), methods
    )


_METHOD: dict[Kind, str] = {
    "proportion": "wilson",
    "rate": "byar",
    "mean": "student t",
    "count": "byar",
    "life_expectancy": "chiang",
    "status": "",
}


def _row(cells: dict[str, Array], row: int) -> dict[str, Array]:
    return {name: cell[row] for name, cell in cells.items()}


def _values(one: Indicator, part: dict[str, Array], whole: dict[str, Array]) -> Values:
    """Value of every group of an indicator, from its cells of sex and age and from their sums."""
    match one.kind:
        case "rate":
            return stats.rate(whole["events"], whole["time"] / DAYS)
        case "count":
            return stats.rate(whole["events"], np.ones(whole["events"].shape))
        case "mean":
            return stats.mean(whole["total"] / THOUSAND, whole["total2"], whole["n"])
        case "life_expectancy":
            return _life_expectancy(one.from_age, part["events"].sum(SEX), part["time"].sum(SEX) / DAYS)
        case _:
            return stats.proportion(whole["events"], whole["n"])


def _life_expectancy(age: int, deaths: Array, time: Array) -> Values:
    """Years left at an age that a band starts at; the sexes are put together by the deaths and the time of both.

    The band is that of the first day of the year, and in the year its persons are half a year older on average: each
    band of the life table starts half a year later, and the first, which has the new-born, at the age asked for.
    """
    first = AGE_BANDS.index(age)
    start = np.array([age, *(low + 0.5 for low in AGE_BANDS[first + 1 :])])
    return stats.life_expectancy(deaths[..., first:], time[..., first:], start, fewest_time=0).at((..., 0))


def _stacked(each: Iterable[Values]) -> Values:
    """Put the values of one indicator after another."""
    found = list(each)
    return Values(*(np.stack([getattr(made, name) for made in found]) for name in Values.__slots__))


def _is(grid: Grid, kind: Kind) -> npt.NDArray[np.bool_]:
    return np.array([i.kind == kind for i in grid.indicators])[:, None, None, None]


def _asked(grid: Grid) -> npt.NDArray[np.bool_]:
    return np.array([i.standardise is not None for i in grid.indicators])[:, None, None, None]


def _cells(grid: Grid, part: dict[str, Array]) -> tuple[Array, Array]:
    """Value and variance in every cell of sex and age; no cell needs an interval of its own."""
    rate, mean = _is(grid, "rate")[..., None, None], _is(grid, "mean")[..., None, None]
    n, events = part["n"].astype(float), part["events"].astype(float)
    below = np.where(rate, part["time"] / DAYS, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(mean, part["total"] / THOUSAND, events) / below
        spread = np.where(
            rate, value, np.where(mean, (part["total2"] / n - value**2) * n / (n - 1), value * (1 - value))
        )
        return value, spread / below


def _standardised(
    grid: Grid, catalogue: Catalogue, value: Array, variance: Array, n: Array, events: Array
) -> tuple[Values, npt.NDArray[np.bool_]]:
    """Standardise over sex and age, each indicator to its own standard; NaN where the definition asks for none.

    With it, which groups hold too little of the standard.
    """
    flat, weights = (*grid.groups, -1), standard_weights(grid, catalogue, n)[:, None, None, None, :]
    found, spread, covered = stats.direct(value.reshape(flat), variance.reshape(flat), n.reshape(flat), weights)
    made = _stacked(_limits(i.kind, found[row], spread[row], events[row]) for row, i in enumerate(grid.indicators))
    return made, _asked(grid) & (covered < COVERED)


def _limits(kind: Kind, value: Array, variance: Array, events: Array) -> Values:
    if kind == "rate":
        return dobson(value, variance, events)
    if kind == "mean":
        se = np.sqrt(variance)
        return Values(value, se, value - stats.intervals.Z * se, value + stats.intervals.Z * se)
    made = weighted_proportion(value, variance, events)
    enough = events >= FEWEST_EVENTS
    return Values(*(np.where(enough, getattr(made, name), np.nan) for name in Values.__slots__))


def standard_weights(grid: Grid, catalogue: Catalogue, n: Array) -> Array:
    """Return what each cell of sex and age counts for in each indicator's standard, shape (indicator, cell)."""
    return np.stack([_weights(catalogue, i, n[row]) for row, i in enumerate(grid.indicators)])


def _weights(catalogue: Catalogue, indicator: Indicator, n: Array) -> Array:
    """The standard's weight of each cell of sex and age in which the indicator's population has anybody at all."""
    if indicator.standardise is None:
        return np.zeros(len(SEXES) * len(AGE_BANDS))
    standard = catalogue.standards[indicator.standardise.to]
    band = np.searchsorted(standard.ages, AGE_BANDS, side="right") - 1
    shares = np.zeros((len(SEXES), len(AGE_BANDS)))
    anybody = n.reshape(-1, *shares.shape).sum(0) > 0
    # several of our bands may lie in one of the standard's (0 and 1–4 in 0–4): it is shared by their years of age
    years = np.diff([*AGE_BANDS, 95])
    part = years / np.bincount(band, years)[band]
    weights = {key: np.array(given, float)[band] * part for key, given in standard.weights.items()}
    shares[:2] = weights["both"] / 2 if "both" in weights else (weights["female"], weights["male"])
    return np.where(anybody, shares, 0).ravel()


def _collected(grid: Grid, n: Array) -> npt.NDArray[np.bool_]:
    """Whether an indicator has anybody at all in a period, shape (indicator, period)."""
    return np.asarray(n.reshape(*grid.groups[:2], -1).sum(-1) > 0)


def _standard_methods(grid: Grid) -> list[str]:
    form = {"rate": "dobson", "mean": "normal", "proportion": "wilson, effective n"}
    return [
        f"direct to {i.standardise.to}, {form.get(i.kind, 'wilson, effective n')}" if i.standardise else ""
        for i in grid.indicators
    ]


def sample_groups(grid: Grid, placed: Placed, summary: Summary, strata: dict[str, Any], catalogue: Catalogue) -> Groups:
    """Groups of survey indicators, weighted, with the variance of their strata and sampling units."""
    table = summary.table
    sums = _sums(summary, placed)
    stratum = _stratum(table, strata)[placed.row]
    drawn = {"units": strata["units"], "population": strata["population"]}
    size, groups = int(np.prod(grid.shape)), int(np.prod(grid.groups))
    share, variance = share_and_variance(placed.cell, stratum, sums, domains=size, **drawn)
    cell_n = placed.counts(grid, summary, "n")
    n, events = cell_n.sum(AGES_AND_SEXES), placed.counts(grid, summary, "events").sum(AGES_AND_SEXES)
    cells_per_group = size // groups
    whole = placed.cell // cells_per_group
    value, spread = share_and_variance(whole, stratum, sums, domains=groups, **drawn)
    # A single sampling unit does not say how units differ.
    several = np.bincount(whole, strata["units"][stratum] > 1, groups) > 0
    spread, variance = np.where(several, spread, np.nan), np.where(several.repeat(cells_per_group), variance, np.nan)
    crude = weighted_proportion(value.reshape(grid.groups), spread.reshape(grid.groups), n)
    standardised, thin = _standardised(
        grid, catalogue, share.reshape(grid.shape), variance.reshape(grid.shape), cell_n, events
    )
    people = np.bincount(whole, sums.weight, groups).reshape(grid.groups)
    methods = {
        "crude": ["weighted, wilson, effective n"] * len(grid.indicators),
        "standardised": _standard_methods(grid),
    }
    return Groups(grid, n, events, people, crude, standardised, thin, _collected(grid, n), methods)


def _sums(summary: Summary, placed: Placed) -> Sums:
    """Sums per row, in persons; the squares of a sampling unit of several persons are taken here."""
    part = {name: summary.table[name].to_numpy()[placed.row] / MILLION for name in summary.statistics[2:]}
    alone = summary.table["sampling_unit"].is_null().to_numpy()[placed.row]
    weight, weighted = part["weight"], part["weighted"]
    return Sums(
        weight,
        weighted,
        np.where(alone, part["weight2"], weight**2),
        np.where(alone, part["weighted2"], weight * weighted),
        np.where(alone, part["weighted2"], weighted**2),
    )


def _stratum(table: Any, strata: dict[str, Any]) -> npt.NDArray[np.intp]:
    keys = pc.binary_join_element_wise(table["period"].cast("string"), pc.fill_null(table["stratum"], ""), "|")
    return np.asarray(pc.fill_null(pc.index_in(keys, value_set=strata["keys"]), 0).to_numpy(), np.intp)


def estimates(groups: Groups, stratifier: str | None) -> Estimates:
    """Return the rows of every group, crude and standardised, for periods in which the indicator was collected."""
    grid = groups.grid
    rows = []
    for measure, made in (("crude", groups.crude), ("standardised", groups.standardised)):
        given = [measure == "crude" or i.standardise is not None for i in grid.indicators]
        kept = np.broadcast_to((groups.collected & np.array(given)[:, None])[:, :, None, None], grid.groups)
        flags = _flags(groups, made, measure)
        rows.append(
            _rows(grid, np.flatnonzero(kept), stratifier, measure, made, groups, flags, groups.methods[measure])
        )
    return Estimates.concat(rows)


def unknown_shares(groups: Groups, stratifier: str) -> Estimates:
    """Return, for each indicator, period and area, the share whose level is not known: shown, never ranked."""
    grid = groups.grid
    if grid.levels[-1] != UNKNOWN:
        return Estimates.concat([])
    n, unknown = groups.n.sum(-1), groups.n[..., -1]
    at = np.flatnonzero(np.broadcast_to(groups.collected[:, :, None], grid.groups[:3]) & (n > 0))
    index = np.unravel_index(at, grid.groups[:3])
    return Estimates.of(
        **labels(grid, index, stratifier),
        measure="unknown_share",
        value=100.0 * unknown.ravel()[at] / n.ravel()[at],
        n=n.ravel()[at],
        events=unknown.ravel()[at],
        unit="percent",
        method="count",
        flags="",
    )


def _flags(groups: Groups, made: Values, measure: str) -> npt.NDArray[np.intp]:
    """Where there is nobody, or no life table of a band without persons; what rests on too little; and the rest."""
    empty = (groups.n == 0) | (_is(groups.grid, "life_expectancy") & np.isnan(made.value))
    of_best = _asked(groups.grid) == (measure == "standardised")
    doubtful = ~np.isfinite(made.se) | (groups.thin & of_best)
    return np.where(empty, 2, np.where(doubtful, 1, 0))


def matured(found: Estimates, indicators: Iterable[Indicator], known_until: date) -> Estimates:
    """Flag the figures of periods that are not complete yet, for what is counted needs days after the period.

    They hold those alone who were there so early that all is known of them.
    """
    closed = {i.id: (known_until - timedelta(i.follow_up) + timedelta(1)).year - 1 for i in indicators if i.follow_up}
    period, of = (found.table[name].combine_chunks() for name in ("period", "indicator"))
    years = np.array([int(word[:4]) for word in period.dictionary.to_pylist()], np.int64)
    last = np.array([closed.get(word, 9999) for word in of.dictionary.to_pylist()], np.int64)
    return flagged(found, years[period.indices.to_numpy()] > last[of.indices.to_numpy()], "immature")


def flagged(found: Estimates, rows: npt.NDArray[np.bool_], flag: str) -> Estimates:
    """Give some rows a flag in place of theirs, where they have a value."""
    flags = found.table["flags"].combine_chunks().cast(pa.string())
    marked = pc.if_else(pc.and_(pa.array(rows), pc.is_valid(found.table["value"].combine_chunks())), flag, flags)
    at, field = SCHEMA.get_field_index("flags"), SCHEMA.field("flags")
    return Estimates(found.table.set_column(at, field, marked.dictionary_encode().cast(field.type)))


FLAG_WORDS: list[str | None] = ["", "unreliable", "not_applicable"]


def _rows(
    grid: Grid,
    at: npt.NDArray[np.intp],
    stratifier: str | None,
    measure: str,
    made: Values,
    groups: Groups,
    flags: npt.NDArray[np.intp],
    methods: list[str],
) -> Estimates:
    index = np.unravel_index(at, grid.groups)
    scale = np.array([SCALE[i.unit] for i in grid.indicators])[index[0]]
    numbers = {name: getattr(made, name).ravel()[at] * scale for name in Values.__slots__}
    return Estimates.of(
        **labels(grid, index, stratifier),
        level=codes(index[3], list(grid.levels)),
        measure=measure,
        **numbers,
        confidence=CONFIDENCE,
        n=groups.n.ravel()[at],
        events=groups.events.ravel()[at],
        unit=codes(index[0], [i.unit for i in grid.indicators]),
        method=codes(index[0], methods),
        flags=codes(flags.ravel()[at], FLAG_WORDS),
    )


def labels(grid: Grid, index: tuple[Any, ...], stratifier: str | None) -> dict[str, Any]:
    """Return the columns that say which indicator, area, period and stratifier each row is of."""
    return {
        "indicator": codes(index[0], [i.id for i in grid.indicators]),
        "period": codes(index[1], [str(p) for p in grid.periods]),
        "area": codes(index[2], list(grid.areas)),
        "stratifier": stratifier,
    }
