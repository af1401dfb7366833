"""Survival after the index against that of others of the same group: what the illness and its care do, and no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SEXES, shown_areas
from lighed.analysis.parts import Told
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.pathway import START, Pathway, Step
from lighed.core.types import COUNTRY, SCALE, UNKNOWN, Stratifier
from lighed.stats import excess_mortality
from lighed.stats.intervals import Array, Values
from lighed.stats.survival import Excess, FollowUp
from lighed.store.engine import AGE_BANDS, Expression, age_band

DEATH, YEAR, WIDTH = "death", 365.25, 5  # the years of age of a band, of those in which there is much illness
CELLS = len(SEXES) * len(AGE_BANDS)


def excess(told: Told) -> Iterator[Estimates]:
    """Return, for each step that is death within some days of the index, survival against that which was expected.

    ``relative_survival`` is observed over expected survival to the end of the window, and ``excess_deaths`` the share
    who died above those expected; both in percent, of the country alone, with ``n`` the episodes and ``events`` the
    deaths. Expected is what persons of the same group, sex and age died of in the same years, by person-years of the
    same store, so that inequality that was there before is not booked as inequality of care. It holds the deaths of
    those who fell ill too, which makes the excess a little too small where the illness is common.
    """
    steps = deadly(told.pathway)
    if told.lived is not None and steps:
        for stratifier in told.stratifiers:
            yield from _excess(told, steps, stratifier)


def deadly(pathway: Pathway) -> list[Step]:
    """Return the steps of a pathway that are death within some days of the index."""
    return [s for s in pathway.steps if s.item == DEATH and s.anchor == START and s.days[0] <= 0]


def lives(people: Expression, deaths: Expression, levels: Iterable[str]) -> Expression:
    """Add up person-years: ``deaths`` and days of ``time`` by year, sex, age band and the columns of `levels`."""
    lived = people.left_join(deaths, ["person_id", "year"])
    dead = lived.person_id_right.notnull().ifelse(1, 0)
    key = [*dict.fromkeys(["year", "sex", *sorted(levels)])]
    rows = lived.select(*key, "days", band=age_band(lived.age), dead=dead)
    return rows.group_by([*key, "band"]).aggregate(deaths=rows.dead.sum(), time=rows.days.sum())


def _excess(told: Told, steps: Sequence[Step], stratifier: Stratifier | None) -> Iterator[Estimates]:
    levels = (*stratifier.level_ids, UNKNOWN) if stratifier else (None,)
    by = stratifier.id if stratifier else None
    rows = _placed(told.counted, by, "died", "left", *(s.fate for s in steps)).to_pyarrow()
    if COUNTRY not in shown_areas(told.catalogue.areas, [*told.municipalities], _years(rows)):
        return
    mortality = _mortality(told, by, levels)
    for step in steps:
        closed = rows.filter(pc.not_equal(rows[step.fate], "open"))
        for year in _years(closed):
            of_year = closed.filter(pc.equal(closed["year"], year))
            yield _rows(told, step, year, stratifier, levels, of_year, mortality)


def _years(rows: pa.Table) -> list[int]:
    return sorted(pc.unique(rows["year"]).to_pylist())


def _placed(rows: Any, by: str | None, *columns: str) -> Any:
    level = {} if by is None else {"level": rows[by]}
    return rows.select("year", "area", "sex", *columns, band=age_band(rows.age), **level)


def _cells(table: pa.Table, levels: tuple[str | None, ...]) -> Array:
    """The place of each row's level, sex and age band in an array of that shape; one of no known age is nowhere: -1."""
    sex = pc.index_in(table["sex"], pa.array(SEXES)).to_numpy()
    band = pc.fill_null(pc.index_in(table["band"].cast(pa.int64()), pa.array(AGE_BANDS, pa.int64())), -1).to_numpy()
    level = pc.index_in(table["level"], pa.array(levels)).to_numpy() if "level" in table.column_names else 0
    place = (level * len(SEXES) + sex) * len(AGE_BANDS) + band
    return np.asarray(np.where(band < 0, -1, place))


def _mortality(told: Told, by: str | None, levels: tuple[str | None, ...]) -> dict[int, Array]:
    """Deaths per person and day in each year, shape (level, cell); 0 where nobody lived."""
    lived, key = told.lived.mutate(level=told.lived[by]) if by else told.lived, ["year", "sex", "band"]
    sums = lived.group_by([*key, *(["level"] if by else [])]).aggregate(
        deaths=lived.deaths.sum(), time=lived.time.sum()
    )
    table, found = sums.to_pyarrow(), {}
    place, size = _cells(table, levels), len(levels) * CELLS
    for year in _years(table):
        here = (table["year"].to_numpy() == year) & (place >= 0)
        deaths, time = (np.bincount(place[here], table[name].to_numpy()[here], size) for name in ("deaths", "time"))
        found[year] = np.divide(deaths, time, out=0 * deaths, where=time > 0).reshape(len(levels), CELLS)
    return found


def _ageing(mortality: dict[int, Array], year: int, days: int) -> Array:
    """The mortality of each cell on each day from an index in `year` on, shape (level, cell, day).

    After k years a k-th of the width of a band has come into the next; between years it is drawn as a line.
    """
    years = int(days / YEAR) + 2
    known = [mortality[min(max(mortality), year + k)].reshape(-1, len(SEXES), len(AGE_BANDS)) for k in range(years)]
    older = [np.concatenate([one[..., 1:], one[..., -1:]], -1) for one in known]
    part = [min(k / WIDTH, 1.0) for k in range(years)]
    yearly = np.stack([(1 - p) * one + p * next_ for p, one, next_ in zip(part, known, older, strict=True)], -1)
    at = np.arange(days + 1) / YEAR
    place = at.astype(int)
    drawn = yearly[..., place] * (1 - (at - place)) + yearly[..., place + 1] * (at - place)
    return np.asarray(drawn.reshape(len(drawn), CELLS, days + 1))


def _rows(
    told: Told,
    step: Step,
    year: int,
    stratifier: Stratifier | None,
    levels: tuple[str | None, ...],
    rows: pa.Table,
    mortality: dict[int, Array],
) -> Estimates:
    counts = _followed(rows, levels, step.days[1])
    n, events = counts.entered.sum((-2, -1)).astype(np.int64), counts.events.sum((-3, -2, -1)).astype(np.int64)
    made = excess_mortality(counts, _ageing(mortality, year, step.days[1]), step.days[1])
    return Estimates.concat(
        [
            Estimates.of(
                indicator=told.pathway.stage(step),
                area=COUNTRY,
                period=str(year),
                stratifier=stratifier.id if stratifier else None,
                level=list(levels),
                measure=measure,
                **{name: getattr(values, name) * SCALE["percent"] for name in Values.__slots__},
                confidence=CONFIDENCE,
                n=n,
                events=events,
                unit="percent",
                method="ederer 2, rates of the same group",
                flags=np.where(n == 0, "not_applicable", np.where(np.isfinite(values.se), "", "unreliable")).tolist(),
            )
            for measure, values in _measures(made)
        ]
    )


def _measures(made: Excess) -> Iterator[tuple[str, Values]]:
    yield "relative_survival", made.relative
    yield "excess_deaths", made.deaths


def _followed(rows: pa.Table, levels: tuple[str | None, ...], days: int) -> FollowUp:
    """Count the episodes of each level and cell until death, departure or the last day, shape (level, cell, time)."""
    place = _cells(rows, levels)
    died, left = (pc.fill_null(rows[name], days + 1).to_numpy() for name in ("died", "left"))
    dies = (died <= days) & (died <= left)
    kept = place >= 0
    last = np.clip(np.minimum(np.minimum(died, left), days), 0, days)
    return FollowUp.of(
        last[kept], dies[kept].astype(int), causes=1, group=place[kept], shape=(len(levels), CELLS), days=days
    )
