"""From the person store to estimates: every indicator, every social dimension, every area and year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from lighed.analysis import inequality
from lighed.analysis.grid import Grid, place, shown_areas
from lighed.analysis.indicators import count_groups, estimates, sample_groups, unknown_shares
from lighed.analysis.summarise import summarise, summarise_sample
from lighed.catalogue import Catalogue
from lighed.core.condition import columns
from lighed.core.estimates import Estimates
from lighed.core.progress import track, working
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, UNKNOWN, Indicator, ReleasePlan, Stratifier
from lighed.store.frame import person_years
from lighed.store.snapshot import Snapshot

BLOCK = 8  # indicators at a time: their cells are a few hundred megabytes
RECORD = ("category", "amount")


def from_store(engine: Any, snapshot: Snapshot, catalogue: Catalogue, plan: ReleasePlan) -> Estimates:
    """Return every estimate that `plan` asks of the persons of `snapshot`."""
    assert plan.years is not None
    computed = [i for i in catalogue.indicators.values() if i.computes]
    indicators = [i for i in computed if not plan.indicators or i.id in plan.indicators]
    periods = range(plan.years[0], plan.years[1] + 1)
    asked = {name for i in indicators for name in i.stratifiers} | set(plan.stratifiers)
    stratifiers = [s for s in catalogue.stratifiers.values() if not s.areas and s.id in asked]
    by_area = [catalogue.stratifiers[name] for name in plan.area_stratifiers]
    with working("frame"):
        people = person_years(engine, snapshot, catalogue, periods, _columns(indicators, stratifiers, catalogue))
    store = _Records(engine, snapshot)
    parts: list[Estimates] = []
    for stratifier in track([None, *stratifiers], "summarise"):
        wanted = [i for i in indicators if stratifier is None or stratifier.id in {*i.stratifiers, *plan.stratifiers}]
        parts += _estimated(engine, people, store, catalogue, wanted, stratifier, by_area if stratifier is None else [])
    return Estimates.concat(parts)


def _columns(indicators: Sequence[Indicator], stratifiers: Sequence[Stratifier], catalogue: Catalogue) -> set[str]:
    named = {c for i in indicators for c in columns(i.population) | columns(i.numerator)}
    known = set(catalogue.stratifiers) | set(catalogue.dimensions)
    return (named & known) | {s.id for s in stratifiers if not s.column}


class _Records:
    """Events and answers before the engine, as ``summarise`` reads them."""

    def __init__(self, engine: Any, snapshot: Snapshot) -> None:
        self.events = self._events(engine, snapshot)
        self.answers, self.strata = self._answers(engine, snapshot)

    @staticmethod
    def _events(engine: Any, snapshot: Snapshot) -> Any:
        event, person = snapshot.read(engine, "event"), snapshot.read(engine, "person")
        event = event.filter(event.status.isnull() | (event.status == "active"))
        event = event.select("person_id", "item", "category", "amount", year=event.date.year().cast("int32"))
        died = person.filter(person.death_date.notnull())
        died = died.mutate(item=ibis.literal("death"), category=died.death_cause, amount=ibis.literal(1.0))
        return event.union(
            died.select("person_id", "item", "category", "amount", year=died.death_date.year().cast("int32"))
        )

    @staticmethod
    def _answers(engine: Any, snapshot: Snapshot) -> tuple[Any, dict[str, Any]]:
        respondent = snapshot.read(engine, "respondent")
        respondent = respondent.mutate(
            year=respondent.date.year().cast("int32"), weight=respondent.weight.coalesce(1.0)
        )
        respondent = respondent.mutate(stratum=respondent.wave + "/" + respondent.stratum.coalesce(""))
        answer = snapshot.read(engine, "answer")
        joined = answer.join(respondent, ["wave", "person_id"]).select(
            "person_id", "year", "item", "category", "amount", "weight", "stratum", "sampling_unit"
        )
        units = respondent.group_by(["year", "stratum", "sampling_unit"]).aggregate(
            persons=respondent.count(), population=respondent.population.max()
        )
        alone = units.sampling_unit.isnull()
        strata = units.group_by(["year", "stratum"]).aggregate(
            units=alone.ifelse(units.persons, 1).sum(), population=units.population.max()
        )
        return joined, _strata(strata.order_by(["year", "stratum"]).to_pyarrow())


def _strata(table: pa.Table) -> dict[str, Any]:
    keys = [
        f"{year}|{stratum}" for year, stratum in zip(*(table[c].to_pylist() for c in ("year", "stratum")), strict=True)
    ]
    population = table["population"].cast(pa.float64()).fill_null(np.nan)
    return {
        "keys": pa.array(keys, pa.string()),
        "units": table["units"].to_numpy(),
        "population": population.to_numpy(),
    }


def _estimated(
    engine: Any,
    people: Any,
    store: _Records,
    catalogue: Catalogue,
    indicators: Sequence[Indicator],
    stratifier: Stratifier | None,
    by_area: Sequence[Stratifier],
) -> Iterator[Estimates]:
    by = stratifier.id if stratifier else None
    asked = [i for i in indicators if i.basis == "survey"]
    counted = [i for i in indicators if i.basis != "survey"]
    for some, sample in ((counted, False), (asked, True)):
        if not some:
            continue
        records = store.answers if sample else store.events
        summary = (summarise_sample if sample else summarise)(engine, people, records, some, by=by)
        for at in range(0, len(some), BLOCK):
            block = tuple(some[at : at + BLOCK])
            for shown in (stratifier, *(by_area if _whole_country(summary, catalogue) else ())):
                yield from _shown(block, summary, store.strata if sample else None, catalogue, shown)


def _whole_country(summary: Summary, catalogue: Catalogue) -> bool:
    """Groups of municipalities are made of all of them, or not at all."""
    present = set(summary.table["area"].unique().to_pylist())
    return all(code in present for code, area in catalogue.areas.items() if area.kind == "municipality")


def _shown(
    block: tuple[Indicator, ...],
    summary: Summary,
    strata: dict[str, Any] | None,
    catalogue: Catalogue,
    stratifier: Stratifier | None,
) -> Iterator[Estimates]:
    grid = _grid(block, summary, catalogue, stratifier)
    if not grid.periods:
        return
    by_area = stratifier if stratifier and stratifier.areas else None
    placed = place(grid, summary, catalogue.areas, by_area)
    groups = (
        count_groups(grid, placed, summary, catalogue)
        if strata is None
        else sample_groups(grid, placed, summary, strata, catalogue)
    )
    yield estimates(groups, stratifier.id if stratifier else None)
    if stratifier:
        yield inequality.estimates(groups, stratifier)
        yield unknown_shares(groups, stratifier.id)


def _grid(block: tuple[Indicator, ...], summary: Summary, catalogue: Catalogue, stratifier: Stratifier | None) -> Grid:
    periods = tuple(sorted(set(summary.table["period"].to_pylist())))
    present = set(summary.table["area"].unique().to_pylist())
    municipalities = [code for code, area in catalogue.areas.items() if area.kind == "municipality" and code in present]
    areas = (COUNTRY,) if stratifier and stratifier.areas else shown_areas(catalogue.areas, municipalities, periods)
    if stratifier is None:
        levels: tuple[str | None, ...] = (None,)
    else:
        levels = stratifier.level_ids if stratifier.areas else (*stratifier.level_ids, UNKNOWN)
    return Grid(block, periods, areas, levels)
