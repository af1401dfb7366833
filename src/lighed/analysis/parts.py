"""Parts of the steps of a pathway, counted from its episodes: where from, what became of them, when, and why.

Each kind of part (``core.estimates.PARTS``) has a file that says how it is counted and what its rows are. They are of
the areas that are shown, but only crude: without sex and age.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.selectors as selectors
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SHOWN_PARENTS, shown_areas
from lighed.catalogue import Catalogue
from lighed.catalogue.areas import parent_of
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.order import in_order
from lighed.core.pathway import Pathway
from lighed.core.summary import Summary
from lighed.core.types import COUNTRY, SCALE, Area, Stratifier
from lighed.stats import proportion
from lighed.stats.intervals import Values
from lighed.store.engine import Expression, expression
from lighed.store.frame import BASIC

Mask = npt.NDArray[np.bool_]
REGION = "region"
LARGE = (COUNTRY, REGION)  # areas that are large enough for small parts
EVERYWHERE = (COUNTRY, *SHOWN_PARENTS, "municipality")
KEY = ("stratifier", "period", "area", "level")
AS_LEVEL = "level of "  # what the column is called that has the level of everybody, or of a dimension


@dataclass(frozen=True, slots=True)
class Told:
    """The episodes of a pathway's population, each with the person's place and positions, before the engine.

    Where the column ``region`` is among theirs, what is counted for large areas alone is counted by it.
    ``municipalities`` are those that have persons, whether or not anything happened to one of them; ``stratifiers`` are
    those by which the parts are counted, None for everybody together. ``sent`` says whether any sender is recorded;
    ``lived`` are the lives of everybody, as ``excess`` adds them up, where it is known who died.
    """

    pathway: Pathway
    rows: Expression
    catalogue: Catalogue
    municipalities: Sequence[str]
    stratifiers: Sequence[Stratifier | None] = (None,)
    sent: bool = True
    lived: Expression = None

    @classmethod
    def of(
        cls,
        pathway: Pathway,
        episodes: Expression,
        people: Expression,
        catalogue: Catalogue,
        municipalities: Sequence[str],
        stratifiers: Sequence[Stratifier | None] = (None,),
        *,
        columns: Iterable[str] | None = None,
        lived: Expression = None,
    ) -> Told:
        """Put place and the positions in `columns` (or all) beside the episodes, and leave out who is not counted."""
        placed = people if columns is None else people.select(*dict.fromkeys([*BASIC, *sorted(columns)]))
        rows = episodes.join(placed, ["person_id", "year"])
        rows = rows.filter(expression(pathway.population, rows)).cache()
        sent = rows.sender.notnull().any().to_pyarrow().as_py()
        return cls(pathway, rows, catalogue, municipalities, stratifiers, bool(sent), lived)

    @property
    def counted(self) -> Expression:
        """The episodes that are not excluded."""
        return self.rows.filter(self.rows.excluded.isnull())

    def count(
        self,
        rows: Expression,
        key: Sequence[str] = (),
        *,
        kinds: Sequence[str] = LARGE,
        **wanted: Expression,
    ) -> Summary:
        """Count rows by stratifier, period, area, level and the columns of `key`, in one pass over them.

        Parameters
        ----------
        rows
            Episodes, or what was made of them: a row each of what is counted.
        kinds
            The kinds of area to count: municipalities, and those that hold them in the year.
        wanted
            Conditions on the rows; how many meet each becomes a statistic of that name.
        """
        levels = {AS_LEVEL + (s.id if s else ""): rows[s.id] if s else ibis.null(str) for s in self.stratifiers}
        counted = {name: condition.ifelse(1, 0) for name, condition in wanted.items()}
        regional = set(kinds) <= set(LARGE) and REGION in rows.columns
        area = rows[REGION] if regional else rows.area
        tall = rows.select(*key, area=area, period=rows.year, **levels, **counted).pivot_longer(
            selectors.startswith(AS_LEVEL), names_to="stratifier", names_pattern=f"{AS_LEVEL}(.*)", values_to="level"
        )
        found = tall.group_by([*KEY, *key]).aggregate(**{name: tall[name].sum() for name in wanted}).to_pyarrow()
        return self._everywhere(found, key, tuple(wanted), kinds, regional=regional)

    def apart(self, counts: Summary) -> Iterator[tuple[Stratifier | None, Summary]]:
        """Take what was counted by each stratifier for itself."""
        for stratifier in self.stratifiers:
            name = stratifier.id if stratifier else ""
            table = counts.table.filter(pc.equal(counts.table["stratifier"], name)).drop_columns(["stratifier"])
            yield stratifier, Summary(counts.dims[1:], counts.statistics, table, counts.partitions)

    def _everywhere(
        self, table: pa.Table, key: Sequence[str], statistics: tuple[str, ...], kinds: Sequence[str], *, regional: bool
    ) -> Summary:
        """Add up the municipalities, or the regions, to the areas of `kinds`."""
        dims = (*KEY, *key)
        held = holding(self.catalogue, self.municipalities, pc.unique(table["period"]).to_pylist(), kinds)
        if regional:
            areas, rows = self.catalogue.areas, held.to_pylist()
            within = (row | {"area": _region_of(areas, row["area"], row["period"])} for row in rows)
            held = pa.Table.from_pylist([*within], held.schema).group_by(held.column_names).aggregate([])
        joined = table.join(held, ["period", "area"], join_type="inner").drop_columns(["area"])
        whole = joined.rename_columns({"place": "area"}).group_by(list(dims), use_threads=False)
        sums = whole.aggregate([(name, "sum") for name in statistics])
        named = sums.rename_columns([name.removesuffix("_sum") for name in sums.column_names])
        return Summary(dims, statistics, in_order(named.select([*dims, *statistics]), dims), ("level", *key))


def _regions(
    rows: Expression, catalogue: Catalogue, municipalities: Sequence[str], years: Sequence[int]
) -> dict[str, Expression]:
    """The column that says in which region a municipality is in the year, or itself; none where no region is shown."""
    areas, held = catalogue.areas, defaultdict(list)
    if not {*shown_areas(areas, municipalities, years)} - {*municipalities}:
        return {}
    for year in years:
        of = [(_region_of(areas, code, year), code) for code in municipalities if code in areas]
        for region in {region for region, _ in of}:
            held[region, tuple(code for within, code in of if within == region)].append(year)
    cases = [(rows.area.isin(codes) & rows.year.isin(of), region) for (region, codes), of in sorted(held.items())]
    return {REGION: ibis.cases(*cases, else_=rows.area)}


def _region_of(areas: dict[str, Area], code: str, year: int) -> str:
    return parent_of(areas, code, REGION, year) or code


def labels(summary: Summary) -> dict[str, Any]:
    """Return the columns that say of which period, area and group each row of a summary is."""
    stratifier, *others = (summary.table[name].combine_chunks().cast(pa.string()) for name in KEY)
    nobody = pa.scalar(None, pa.string())
    return dict(zip(KEY, (pc.if_else(pc.equal(stratifier, ""), nobody, stratifier), *others), strict=True))


def shares(counts: Summary, events: str, n: str = "n", *, early: Mask | bool = False, **named: Any) -> Estimates:
    """Return the share that one statistic is of another, for each row of a summary.

    `named` are the columns that say of what: the indicator, the measure and the part; `early` are rows of periods that
    are not complete yet.
    """
    part, persons = (counts.table[name].to_numpy() for name in (events, n))
    made = proportion(part, persons)
    return Estimates.of(
        **labels(counts),
        **named,
        **{name: getattr(made, name) * SCALE["percent"] for name in Values.__slots__},
        confidence=CONFIDENCE,
        n=persons,
        events=part,
        unit="percent",
        method="wilson",
        flags=np.where(persons == 0, "not_applicable", np.where(early, "immature", "")).tolist(),
    )


def holding(catalogue: Catalogue, municipalities: Sequence[str], periods: list[int], kinds: Sequence[str]) -> pa.Table:
    """Return, for each municipality and period, itself and the shown areas above it that are of the wanted kinds.

    Where there is none above, the municipality is as large as it gets.
    """
    areas = catalogue.areas
    known = [code for code in municipalities if code in areas and areas[code].kind == "municipality"]
    shown = {*shown_areas(areas, known, periods)}
    kinds = kinds if shown - {*known} else ("municipality",)
    rows = []
    for period in periods:
        for code in known:
            above = [parent_of(areas, code, kind, period) for kind in SHOWN_PARENTS if kind in kinds]
            above += [COUNTRY] * (COUNTRY in kinds) + [code] * ("municipality" in kinds)
            rows += [{"period": period, "area": code, "place": place} for place in above if place in shown]
    schema = pa.schema([("period", pa.int32()), ("area", pa.string()), ("place", pa.string())])
    return pa.Table.from_pylist(rows, schema)
