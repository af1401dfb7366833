"""From the person store to estimates: every indicator, every social dimension, every area and year."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis import cascade, crossed, inequality, need
from lighed.analysis.behind import largest
from lighed.analysis.excess import deadly, excess, lives
from lighed.analysis.fates import fates
from lighed.analysis.finest import finest, margin
from lighed.analysis.grid import Grid, place, shown_areas
from lighed.analysis.handover import handover
from lighed.analysis.indicators import count_groups, estimates, matured, sample_groups, unknown_shares
from lighed.analysis.overlap import correlated, counted_twice, places
from lighed.analysis.parts import Told
from lighed.analysis.pathways import Along, begins, episodes
from lighed.analysis.reasons import reasons
from lighed.analysis.states import states
from lighed.analysis.summarise import (
    Patterns,
    count,
    count_need,
    count_sample,
    count_twice,
    standing_twice,
    tagged,
    users,
)
from lighed.analysis.validation import scores
from lighed.analysis.waiting import waiting
from lighed.catalogue import Catalogue
from lighed.core.condition import columns
from lighed.core.estimates import KEPT, Estimates
from lighed.core.pathway import Pathway
from lighed.core.progress import track, working
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, UNKNOWN, Indicator, Reason, ReleasePlan, Stratifier
from lighed.store.engine import memory_table
from lighed.store.frame import BASIC, person_years
from lighed.store.snapshot import Snapshot

BLOCK = 8  # indicators at a time: their cells are a few hundred megabytes
TAGGED = {"indicator", "person_id", "year", "area", "sex", "age_band", "has", "amount"}
EVENTS = ("person", "event")
KINDS = (fates, waiting, handover, reasons, scores, states, excess)  # of parts of the steps of a pathway
TAGGED |= {"weight", "stratum", "sampling_unit"}  # of answers

Asked = Sequence[tuple[Stratifier | None, Sequence[Indicator]]]
Rounding = Callable[[Summary], Summary]


def indicators_of(catalogue: Catalogue, plan: ReleasePlan) -> list[Indicator]:
    """Return the indicators that `plan` asks of the persons of a store."""
    computed = [i for i in catalogue.indicators.values() if i.computes]
    return [i for i in computed if not plan.indicators or i.id in plan.indicators]


def from_store(
    engine: Any, snapshot: Snapshot, catalogue: Catalogue, plan: ReleasePlan, *, rounding: Rounding | None = None
) -> Estimates:
    """Return every estimate that `plan` asks of the persons of `snapshot`.

    With `rounding` every estimate is worked out of the finest tables as it gives them back, and indicators that need
    more than counts are left out.
    """
    assert plan.years is not None
    indicators = [i for i in indicators_of(catalogue, plan) if i.of_counts or not rounding]
    periods = range(plan.years[0], plan.years[1] + 1)
    over = {i.id: {*i.stratifiers, *plan.stratifiers, *plan.stratifiers_of.get(i.id, ())} for i in indicators}
    named = set[str]().union(*over.values())
    stratifiers = [s for s in catalogue.stratifiers.values() if not s.areas and s.id in named]
    with working("frame"):
        people = person_years(engine, snapshot, catalogue, periods, _columns(indicators, stratifiers, catalogue))
    asked = [(s, [i for i in indicators if s.id in over[i.id]]) for s in stratifiers]
    by_area = [catalogue.stratifiers[name] for name in plan.area_stratifiers]
    known_until = plan.known_until or date(plan.years[1], 12, 31)
    records, every = Records(engine, snapshot, known_until, catalogue.reasons), [(None, indicators), *asked]
    return from_people(
        engine, people, records, catalogue, every, by_area=by_area, known_until=known_until, rounding=rounding
    )


def from_people(
    engine: Any,
    people: Any,
    records: Records,
    catalogue: Catalogue,
    asked: Asked,
    *,
    by_area: Sequence[Stratifier] = (),
    known_until: date = date.max,
    rounding: Rounding | None = None,
) -> Estimates:
    """Return the estimates of the indicators that are asked for with each stratifier.

    `by_area` are groups of areas, made of what is counted for everybody together. What happened is known to the end of
    the day `known_until`. With `rounding`, indicators are of counts alone.
    """
    levels = {s.id for s, _ in asked if s}
    every = {i.id: i for _, some in asked for i in some}.values()
    survey = _tagged(engine, people, records.answers, [i for i in every if i.basis == "survey"], levels)
    events = _tagged(engine, people, records.events, [i for i in every if i.basis in EVENTS and i.item], levels)
    if rounding:
        made = Estimates.concat([*_rounded(people, events, catalogue, asked, by_area, rounding)])
        return matured(made, every, known_until)
    towns = sorted(people.select("area").distinct().to_pyarrow()["area"].drop_null().to_pylist())
    told = _told(people, records, catalogue, asked, towns)
    along = [(one.rows, [i for i in every if i.of_pathway == one.pathway.id]) for one in told]
    patterns = Patterns.of([(rows, [i for i in some if i.kind == "proportion"]) for rows, some in along], levels)
    means = [_tagged(engine, None, rows, [i for i in some if i.kind == "mean"], levels) for rows, some in along]
    others = _together([events, *means])
    both = _both(engine, people, events, [i for i in every if counted_twice(i)], asked, catalogue)
    parts: list[Estimates] = []
    for stratifier, wanted in track(asked, "summarise"):
        by, shown = (stratifier.id, [stratifier]) if stratifier else (None, [None, *by_area])
        answering = [i for i in wanted if i.basis == "survey"]
        counted = [i for i in wanted if i.basis != "survey"]
        if counted:
            again = [i for i in counted if counted_twice(i)]
            twice = count_twice(both, again, by=stratifier.id) if again and stratifier and stratifier.social else None
            summary = count(people, others, counted, by=by, patterns=patterns)
            parts += _estimated(counted, summary, None, catalogue, shown, twice)
            parts.append(largest(people, others, counted, shown, catalogue, towns))
        if answering:
            parts += _estimated(answering, count_sample(survey, answering, by=by), records.strata, catalogue, shown)
    parts += [made for one in track(told, "pathways") for kind in KINDS for made in kind(one)]
    parts += _at_need(people, others, asked, catalogue)
    found = cascade.trusted(Estimates.concat(parts), [one.pathway for one in told])
    found = matured(found, every, known_until)
    return Estimates.concat([found, cascade.opened(found, catalogue)])


def _rounded(
    people: Any, rows: Any, catalogue: Catalogue, asked: Asked, by_area: Sequence[Stratifier], rounding: Rounding
) -> Iterator[Estimates]:
    """The estimates of rounded tables, each indicator's of all its dimensions at once; its exact counts are kept."""
    for by, indicators in track(_alike(asked), "summarise"):
        exact = finest(people, rows, indicators, by=[s.id for s in by])
        given = rounding(exact)
        for at, stratifier in enumerate([None, *by]):
            shown = [stratifier] if stratifier else [None, *by_area]
            yield from _estimated(indicators, margin(given, at - 1), None, catalogue, shown)
            yield _behind(Estimates.concat([*_estimated(indicators, margin(exact, at - 1), None, catalogue, shown)]))


def _behind(exact: Estimates) -> Estimates:
    """The counts of groups as they are, for the protection alone."""
    table = exact.where(measure="crude").table
    names = ("indicator", "period", "area", "stratifier", "level", "n", "events")
    return Estimates.of(measure=KEPT, **{name: table[name].combine_chunks() for name in names})


def _alike(asked: Asked) -> list[tuple[list[Stratifier], list[Indicator]]]:
    """The indicators that are asked for with the same dimensions, and these."""
    every = {i.id: i for _, some in asked for i in some}
    by = {name: [s for s, some in asked if s and any(i.id == name for i in some)] for name in every}
    of = {tuple(s.id for s in found): found for found in by.values()}
    return [(found, [i for i in every.values() if by[i.id] == found]) for found in of.values()]


def _told(people: Any, records: Records, catalogue: Catalogue, asked: Asked, towns: Sequence[str]) -> list[Told]:
    """The episodes of every pathway that is asked for, each with the person's place and positions."""
    followed = [*_followed(asked, catalogue, {*people.columns})]
    if not followed:
        return []
    pathways = [pathway for pathway, _, _ in followed]
    along = records.along.kept(pathways)
    named = set[str]().union(*(columns for _, _, columns in followed))
    # in most years of most persons nothing begins: they are read once, and not for each pathway
    begun = begins(along, pathways)
    placed = people.select(*dict.fromkeys([*BASIC, *sorted(named)])).semi_join(begun, ["person_id", "year"]).cache()
    dying = [by for pathway, by, _ in followed if deadly(pathway)]
    lived = lives(people, _deaths(records.events), {s.id for by in dying for s in by if s}).cache() if dying else None
    return [
        Told.of(pathway, episodes(pathway, along), placed, catalogue, towns, by, columns=columns, lived=lived)
        for pathway, by, columns in followed
    ]


def _followed(
    asked: Asked, catalogue: Catalogue, known: set[str]
) -> Iterator[tuple[Pathway, list[Stratifier | None], set[str]]]:
    """The pathways that are asked for, each with by what, and the columns of persons that its indicators need."""
    levels = {s.id for s, _ in asked if s}
    for name, pathway in catalogue.pathways.items():
        by = [(s, [i for i in some if i.of_pathway == name]) for s, some in asked]
        steps = [i for _, some in by for i in some]
        if steps:
            named = {c for i in steps for c in columns(i.population) | columns(i.numerator)}
            social = [s for s, some in by if some and (s is None or s.social)]
            yield pathway, social, (levels | named | columns(pathway.population)) & known


def _at_need(people: Any, rows: Any, asked: Asked, catalogue: Catalogue) -> Iterator[Estimates]:
    """The uses that are asked for, by the ordered dimensions that they are asked for with, held against need."""
    ranked = [(s, {i.id for i in some}) for s, some in asked if s and s.ordered and s.social]
    for use in catalogue.uses.values():
        by = [s for s, some in ranked if use.id in some]
        persons = users(people, rows, use, [s.id for s in by]).cache() if by else None
        for stratifier in by:
            summary = count_need(persons, use, by=stratifier.id)
            present, periods = _present(summary)
            grid = _grid((use.indicator,), present, periods, catalogue, stratifier)
            yield from need.estimates(summary, grid, use, stratifier, catalogue)


def _present(summary: Summary) -> tuple[set[str], set[int]]:
    """The areas and the periods that a summary has."""
    areas, periods = (set(pc.unique(summary.table[name]).to_pylist()) for name in ("area", "period"))
    return areas, periods


def _deaths(events: Any) -> Any:
    return events.filter(events.item == "death").select("person_id", "year").distinct()


def _tagged(engine: Any, people: Any, records: Any, indicators: Sequence[Indicator], levels: set[str]) -> Any:
    """Tag the records once for all stratifiers, and keep what is asked of them before the engine."""
    rows = tagged(engine, people, records, indicators)
    return None if rows is None else rows.select(sorted({*rows.columns} & (TAGGED | levels))).cache()


def _together(rows: Sequence[Any]) -> Any:
    given = [part for part in rows if part is not None]
    return ibis.union(*given) if len(given) > 1 else given[0] if given else None


def _both(
    engine: Any, people: Any, rows: Any, indicators: Sequence[Indicator], asked: Asked, catalogue: Catalogue
) -> Any:
    """Keep those who stand in the first and in the last year before the engine, once for all stratifiers."""
    if not indicators:
        return None
    years = people.aggregate(first=people.year.min(), last=people.year.max()).to_pyarrow().to_pylist()[0]
    placed = memory_table(engine, "places", places(catalogue, years))
    levels = {s.id for s, _ in asked if s and s.social}
    return standing_twice(people, rows, placed, indicators, levels).cache()


def _columns(indicators: Sequence[Indicator], stratifiers: Sequence[Stratifier], catalogue: Catalogue) -> set[str]:
    named = {c for i in indicators for c in columns(i.population) | columns(i.numerator)}
    named |= {c for i in indicators if i.id in catalogue.uses for c in catalogue.uses[i.id].columns}
    known = set(catalogue.stratifiers) | set(catalogue.dimensions)
    return (named & known) | {s.id for s in stratifiers if not s.column}


class Records:
    """Events and answers before the engine, as ``summarise`` reads them."""

    def __init__(
        self, engine: Any, snapshot: Snapshot, known_until: date = date.max, reasons: Mapping[str, Reason] | None = None
    ) -> None:
        self.events = self._events(engine, snapshot)
        self.answers, self.strata = self._answers(engine, snapshot)
        self.along = Along.of(engine, snapshot, known_until, reasons or {})

    def episodes(self, pathway: Pathway) -> Any:
        """Return the episodes of a pathway, as records."""
        return episodes(pathway, self.along)

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
    indicators: Sequence[Indicator],
    summary: Summary,
    strata: dict[str, Any] | None,
    catalogue: Catalogue,
    shown: Sequence[Stratifier | None],
    twice: Summary | None = None,
) -> Iterator[Estimates]:
    present, periods = _present(summary)
    for block in _blocks(indicators):
        part, again = summary.of(i.id for i in block), twice and twice.of(i.id for i in block)
        for stratifier in shown:
            # groups of municipalities are made of all of them, or not at all
            if not stratifier or not stratifier.areas or _whole_country(present, catalogue):
                grid = _grid(block, present, periods, catalogue, stratifier)
                yield from _shown(grid, part, strata, catalogue, stratifier, again)


def _blocks(indicators: Sequence[Indicator]) -> Iterator[tuple[Indicator, ...]]:
    """Those that rest on ages apart from those that do not, whose cells are far fewer."""
    for alike in ([i for i in indicators if i.by_age], [i for i in indicators if not i.by_age]):
        for at in range(0, len(alike), BLOCK):
            yield tuple(alike[at : at + BLOCK])


def _whole_country(present: set[str], catalogue: Catalogue) -> bool:
    return all(code in present for code, area in catalogue.areas.items() if area.kind == "municipality")


def _shown(
    grid: Grid,
    summary: Summary,
    strata: dict[str, Any] | None,
    catalogue: Catalogue,
    stratifier: Stratifier | None,
    twice: Summary | None,
) -> Iterator[Estimates]:
    if not grid.periods:
        return
    by_area = stratifier if stratifier and stratifier.areas else None
    placed = place(grid, summary, catalogue.areas, by_area)
    groups = (
        count_groups(grid, placed, summary, catalogue)
        if strata is None
        else sample_groups(grid, placed, summary, strata, catalogue)
    )
    if twice:
        groups = correlated(groups, placed, summary, twice, catalogue)
    yield estimates(groups, stratifier.id if stratifier else None)
    if stratifier:
        yield inequality.estimates(groups, stratifier)
        yield crossed.estimates(groups, stratifier, catalogue)
        yield unknown_shares(groups, stratifier.id)


def _grid(
    block: tuple[Indicator, ...],
    present: set[str],
    years: set[int],
    catalogue: Catalogue,
    stratifier: Stratifier | None,
) -> Grid:
    periods = tuple(sorted(years))
    municipalities = [code for code, area in catalogue.areas.items() if area.kind == "municipality" and code in present]
    areas = shown_areas(catalogue.areas, municipalities, periods)
    # crossed groups are too small for municipalities: they are of the whole country where there is one
    if stratifier and (stratifier.areas or (stratifier.crosses and COUNTRY in areas)):
        areas = (COUNTRY,)
    if stratifier is None:
        levels: tuple[str | None, ...] = (None,)
    else:
        levels = stratifier.level_ids if stratifier.areas else (*stratifier.level_ids, UNKNOWN)
    return Grid(block, periods, areas, levels)
