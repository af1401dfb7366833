"""Published tables → estimates: the figures as they are, and the measures that they allow.

Two groups give difference and ratio. A dimension whose groups are the whole population with known sizes gives all
measures; without published intervals these rest on the scatter around the fitted line (a residual interval, named so),
and the shape of the gradient is not tested. Figures of municipalities become rows of the municipalities,
population-weighted means of the areas above them, and the gradient over municipalities that the plan asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lighed.analysis.inequality import factor, unit
from lighed.catalogue import Catalogue
from lighed.catalogue.areas import members
from lighed.core.errors import DataError, Problem
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.types import COUNTRY, SCALE, Area, Indicator, PublishedTable, ReleasePlan, Stratifier
from lighed.sources.heat_plus import HeatRow, grouped, read_heat
from lighed.stats import MEASURES, TESTS, Measure, Shape, arrange, change, evaluate
from lighed.stats.intervals import Values, Z

MEAN = "population-weighted mean of municipalities"
OF_TWO = (MEASURES["difference"], MEASURES["ratio"])
OF_A_LINE = ("slope_index", "relative_index", "relative_index_log", "concentration_index")


@dataclass(frozen=True, slots=True)
class Place:
    """What a figure is of: an indicator in an area and a period, over a dimension or over everybody."""

    indicator: Indicator
    area: str
    period: str
    stratifier: Stratifier | None = None


@dataclass
class Rows:
    """Rows under way, each key once: what was published stands before what is computed from it."""

    made: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)

    def _add(self, at: Place, **row: Any) -> None:
        over = at.stratifier.id if at.stratifier else None
        whole = {"indicator": at.indicator.id, "area": at.area, "period": at.period, "stratifier": over, **row}
        key = ("indicator", "area", "period", "horizon", "stratifier", "level", "measure")
        self.made.setdefault(tuple(whole.get(name) for name in key), whole)

    def figure(self, at: Place, value: float | None, method: str, level: str | None = None, **more: Any) -> None:
        """Add the figure of a group, or of everybody; one that is missing is marked as not collected."""
        flags = "" if value is not None else "not_collected"
        unit = at.indicator.unit
        self._add(at, level=level, measure="crude", value=value, unit=unit, method=method, flags=flags, **more)

    def published(self, at: Place, row: HeatRow, level: str | None = None) -> None:
        """Add a figure as it was published, with its interval if it has one or its standard error says it."""
        se, lower, upper = row.standard_error, row.lower, row.upper
        if lower is None and se is not None and row.estimate is not None:
            lower, upper = row.estimate - Z * se, row.estimate + Z * se
        confidence = CONFIDENCE if level and row.lower is not None else None
        given = {"se": se, "lower": lower, "upper": upper, "confidence": confidence}
        self.figure(at, row.estimate, f"published: {row.source}", level, **given)

    def measure(
        self, at: Place, measure: Measure, made: Values, method: str, *, interval: bool, since: str | None = None
    ) -> None:
        """Add a measure, or (`since` an earlier period) its change; without an interval only its value."""
        known = bool(np.isfinite(made.value))
        shown = {name: float(getattr(made, name)) * factor(measure) for name in Values.__slots__}
        self._add(
            at,
            horizon=since,
            component="change" if since else None,
            measure=measure.id,
            unit=unit(measure, at.indicator),
            method=method,
            confidence=CONFIDENCE if interval else None,
            flags="" if known else "not_applicable",
            **{k: v if known and np.isfinite(v) and (interval or k == "value") else None for k, v in shown.items()},
        )

    def shape(self, at: Place, test: Shape, value: float, method: str) -> None:
        """Add a test of shape, or an index of it."""
        shown, flags = (value, "") if np.isfinite(value) else (None, "not_applicable")
        self._add(at, measure=test.id, unit=test.unit, method=method, value=shown, flags=flags)

    def estimates(self) -> Estimates:
        """Return the rows as estimates."""
        rows = list(self.made.values())
        names = sorted({name for row in rows for name in row} or {"measure"})
        return Estimates.of(**{name: [row.get(name) for row in rows] for name in names})


def from_tables(catalogue: Catalogue, plan: ReleasePlan, folder: Path) -> Estimates:
    """Return the estimates of the tables of `plan`, which lie in `folder`."""
    rows = Rows()
    whole: list[tuple[Place, dict[str, HeatRow]]] = []
    for table in plan.tables:
        for (abbreviation, setting, date, dimension), group in grouped(read_heat(folder / table.file).rows).items():
            names = _Names(catalogue, table, group[0])
            at = Place(names.indicator(abbreviation), names.area(setting, "setting"), date)
            for row in group:
                if row.average is not None:
                    rows.figure(at, row.average, f"published: {row.source}")
            target = names.dimension(dimension)
            if target == "areas":
                of_area = {_Names(catalogue, table, row).area(row.subgroup, "subgroup"): row for row in group}
                for code, row in of_area.items():
                    rows.published(replace(at, area=code), row)
                whole += [(at, of_area)] if dimension in table.complete else []
            else:
                over = catalogue.stratifiers[target]
                _groups(
                    rows, replace(at, stratifier=over), over, names.levels(over, group), dimension in table.complete
                )
    for at, of_area in whole:
        _above(rows, catalogue, at, of_area)
        for name in plan.area_stratifiers:
            _gradient(rows, replace(at, area=COUNTRY), catalogue.stratifiers[name], of_area)
    _changes(rows, catalogue)
    return rows.estimates()


@dataclass(frozen=True, slots=True)
class _Names:
    """What the names in a table mean; one that means nothing is a fault of the row in which it stands."""

    catalogue: Catalogue
    table: PublishedTable
    row: HeatRow

    def fault(self, key: str, column: str, value: str, **values: Any) -> DataError:
        return DataError([Problem(key, self.table.file, self.row.row, column, value, values)])

    def indicator(self, abbreviation: str) -> Indicator:
        found = self.catalogue.indicators.get(self.table.indicators.get(abbreviation, abbreviation))
        if found is None:
            raise self.fault("unknown_indicator", "indicator_abbr", abbreviation)
        return found

    def dimension(self, name: str) -> str:
        if name not in self.table.dimensions:
            raise self.fault("unknown_dimension", "dimension", name)
        return self.table.dimensions[name]

    def area(self, name: str, column: str) -> str:
        wanted = name.casefold()
        if wanted in {"danmark", "denmark"}:
            return COUNTRY
        found = (area.code for area in self.catalogue.areas.values() if wanted in _called(area))
        code = next(found, None)
        if code is None:
            raise self.fault("unknown_place", column, name)
        return code

    def levels(self, over: Stratifier, group: list[HeatRow]) -> dict[str, HeatRow]:
        titles = {level.title[lang].casefold(): level.id for level in over.levels for lang in ("da", "en")}
        for row in group:
            if row.subgroup.casefold() not in titles:
                known = ", ".join(level.title.da for level in over.levels)
                said = {"dimension": over.title.da, "known": known}
                raise replace(self, row=row).fault("unknown_subgroup", "subgroup", row.subgroup, **said)
        return {titles[row.subgroup.casefold()]: row for row in group}


def _called(area: Area) -> set[str]:
    danish = area.name.da.casefold()
    return {area.code.casefold(), danish, area.name.en.casefold(), danish.removeprefix("region ")}


def _groups(rows: Rows, at: Place, over: Stratifier, of_level: dict[str, HeatRow], complete: bool) -> None:
    """Rows of groups, and the measures between them."""
    for level, row in of_level.items():
        rows.published(at, row, level)
    levels = [level for level in over.level_ids if level in of_level and of_level[level].estimate is not None]
    if not over.social or len(levels) < 2:
        return
    present = [of_level[level] for level in levels]
    shares, ordered = at.indicator.kind == "proportion", over.ordered
    every = [m for m in MEASURES.values() if (ordered or m.order == "ignored") and (shares or not m.bounded)]
    value, se, weight = (
        np.array(part, float)
        for part in zip(*((r.estimate, r.standard_error or np.nan, r.population or 1) for r in present), strict=True)
    )
    parts = value, se**2, weight
    _measured(rows, at, over, levels, parts, every if complete else OF_TWO)
    certain = bool(np.isfinite(se).all())
    for test in TESTS.values() if complete and ordered else ():
        if certain or test.unit == "index":
            rows.shape(at, test, float(test(*parts, polarity=at.indicator.polarity)), test.method(len(levels)))


def _measured(
    rows: Rows, at: Place, over: Stratifier, levels: list[str], parts: tuple[Any, ...], wanted: Iterable[Measure]
) -> None:
    """Add the measures between levels, from value, variance (NaN where it is not known) and population."""
    how, polarity = [], at.indicator.polarity
    if not over.ordered:
        reference = levels.index(over.reference) if over.reference in levels else None
        parts = arrange(*parts, polarity=polarity, reference=reference)
        how = [f"against {over.reference}" if reference is not None else "extremes"]
    known = bool(np.isfinite(parts[1]).all())
    variance = parts[1] if known else np.zeros(len(levels))
    for measure in wanted:
        made = evaluate(measure, parts[0], variance, parts[2], polarity=polarity, everybody=SCALE[at.indicator.unit])
        method = ", ".join([measure.interval if known else "without interval", *how])
        rows.measure(at, measure, made, method, interval=known)


def _above(rows: Rows, catalogue: Catalogue, at: Place, of_area: dict[str, HeatRow]) -> None:
    """Population-weighted means of the areas above the municipalities, where nothing was published for them."""
    for parent in catalogue.areas.values():
        if parent.kind in {"country", "region", "municipality_group"}:
            inside = members(catalogue.areas, parent.code, int(at.period[:4]))
            mean = _mean([of_area[code] for code in inside if code in of_area])
            if mean is not None:
                rows.figure(replace(at, area=parent.code), mean, MEAN)


def _mean(inside: list[HeatRow]) -> float | None:
    known = [(row.estimate, row.population) for row in inside if row.estimate is not None and row.population]
    if not known:
        return None
    value, weight = np.array(known, float).T
    return float((weight * value).sum() / weight.sum())


def _gradient(rows: Rows, at: Place, over: Stratifier, of_area: dict[str, HeatRow]) -> None:
    """The groups of municipalities that a stratifier makes, and the slope over the municipalities themselves."""
    at = replace(at, stratifier=over)
    (crosswalk,) = over.crosswalks
    single = all(len(codes) == 1 for codes in crosswalk.levels.values())
    means = {level: _mean([of_area[c] for c in codes if c in of_area]) for level, codes in crosswalk.levels.items()}
    for level, mean in means.items():
        rows.figure(at, mean, f"published: {of_area[level].source}" if single and level in of_area else MEAN, level)
    if single:
        _slopes(rows, at, [of_area[c] for c in over.level_ids if c in of_area and of_area[c].estimate is not None])
        return
    levels = [level for level in over.level_ids if means[level] is not None]
    value = np.array([means[level] for level in levels], float)
    _measured(rows, at, over, levels, (value, np.full(len(levels), np.nan), np.ones(len(levels))), OF_TWO)


def _slopes(rows: Rows, at: Place, present: list[HeatRow]) -> None:
    value = np.array([row.estimate for row in present], float)
    weight = np.array([row.population or 1.0 for row in present])
    method = f"residual t({len(present) - 2}) over {len(present)} municipalities"
    for name in OF_A_LINE:
        made = evaluate(MEASURES[name], value, None, weight, polarity=at.indicator.polarity)
        rows.measure(at, MEASURES[name], made, method, interval=True)


def _changes(rows: Rows, catalogue: Catalogue) -> None:
    """From the first to the last period of each measure."""
    series: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for row in rows.made.values():
        if row["measure"] in MEASURES and row["value"] is not None:
            series.setdefault((row["indicator"], row["area"], row["stratifier"], row["measure"]), []).append(row)
    for (name, area, over, measure), found in series.items():
        first, last = (pick(found, key=lambda row: str(row["period"])) for pick in (min, max))
        if first["period"] == last["period"]:
            continue
        at = Place(catalogue.indicators[name], area, last["period"], catalogue.stratifiers[over])
        made = change(MEASURES[measure], _values(first), _values(last))
        interval = bool(np.isfinite(made.se))
        residual = first["method"].startswith("residual")
        how = "independent samples" if interval else "without interval"
        method = "same municipalities, covariance left out" if residual else how
        rows.measure(at, MEASURES[measure], made, method, interval=interval, since=first["period"])


def _values(row: dict[str, Any]) -> Values:
    return Values(*(np.array(np.nan if row[part] is None else row[part], float) for part in Values.__slots__))
