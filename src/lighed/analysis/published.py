"""Published tables → estimates: the figures as they are, and the measures that they allow.

Two groups give difference and ratio. A dimension whose groups are the whole population with known sizes gives all
measures; without published intervals these rest on the scatter around the fitted line (a residual interval, named so).
Figures of municipalities become rows of the municipalities, population-weighted means of the areas above them, and the
gradient over municipalities that the plan asks for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lighed.analysis.inequality import factor, unit
from lighed.catalogue import Catalogue
from lighed.catalogue.areas import members
from lighed.core.errors import DataError, Problem
from lighed.core.estimates import CONFIDENCE, Estimates
from lighed.core.types import COUNTRY, Indicator, PublishedTable, ReleasePlan, Stratifier
from lighed.sources.heat_plus import HeatRow, grouped, read_heat
from lighed.stats import MEASURES, Measure, arrange, change, evaluate
from lighed.stats.intervals import Values, Z

MEAN = "population-weighted mean of municipalities"


@dataclass
class Rows:
    """Rows under way, each key once: what was published stands before what is computed from it."""

    made: dict[tuple[Any, ...], dict[str, Any]] = field(default_factory=dict)

    def add(self, **row: Any) -> None:
        """Add a row if its key is not there yet."""
        key = tuple(
            row.get(name) for name in ("indicator", "area", "period", "horizon", "stratifier", "level", "measure")
        )
        self.made.setdefault(key, row)

    def estimates(self) -> Estimates:
        """Return the rows as estimates."""
        rows = list(self.made.values())
        names = sorted({name for row in rows for name in row})
        return Estimates.of(**{name: [row.get(name) for row in rows] for name in names})


def from_tables(catalogue: Catalogue, plan: ReleasePlan, folder: Path) -> Estimates:
    """Return the estimates of the tables of `plan`, which lie in `folder`."""
    rows = Rows()
    whole: list[tuple[Indicator, str, dict[str, HeatRow]]] = []
    for table in plan.tables:
        groups = grouped(read_heat(folder / table.file).rows)
        for (abbreviation, setting, date, dimension), group in groups.items():
            one = _indicator(catalogue, table, abbreviation, group[0])
            area = _area(catalogue, setting, table.file, group[0], "setting")
            _averages(rows, one, area, group)
            target = _dimension(table, dimension, group[0])
            if target == "areas":
                of_area = _places(rows, catalogue, table, one, group)
                whole += [(one, date, of_area)] if dimension in table.complete else []
            else:
                _compared(rows, one, area, catalogue.stratifiers[target], group, table)
    for one, date, of_area in whole:
        _above(rows, catalogue, one, date, of_area)
        for name in plan.area_stratifiers:
            _gradient(rows, one, date, catalogue.stratifiers[name], of_area)
    _changes(rows, catalogue)
    return rows.estimates()


def _indicator(catalogue: Catalogue, table: PublishedTable, abbreviation: str, row: HeatRow) -> Indicator:
    found = catalogue.indicators.get(table.indicators.get(abbreviation, abbreviation))
    if found is None:
        raise DataError([Problem("unknown_indicator", table.file, row.row, "indicator_abbr", abbreviation)])
    return found


def _dimension(table: PublishedTable, dimension: str, row: HeatRow) -> str:
    if dimension not in table.dimensions:
        raise DataError([Problem("unknown_dimension", table.file, row.row, "dimension", dimension)])
    return table.dimensions[dimension]


def _area(catalogue: Catalogue, name: str, file: str, row: HeatRow, column: str) -> str:
    wanted = name.casefold()
    if wanted in {"danmark", "denmark"}:
        return COUNTRY
    found = [
        a.code
        for a in catalogue.areas.values()
        if wanted
        in {a.code.casefold(), a.name.da.casefold(), a.name.en.casefold(), a.name.da.casefold().removeprefix("region ")}
    ]
    if not found:
        raise DataError([Problem("unknown_place", file, row.row, column, name)])
    return found[0]


def _method(row: HeatRow) -> str:
    return f"published: {row.source}"


def _figures(row: HeatRow) -> dict[str, Any]:
    """The numbers of a row; a missing one is marked as not collected."""
    se = (
        row.se
        if row.se is not None
        else (row.upper - row.lower) / (2 * Z)
        if row.lower is not None and row.upper is not None
        else None
    )
    lower, upper = (
        (row.lower, row.upper)
        if row.lower is not None or se is None or row.estimate is None
        else (row.estimate - Z * se, row.estimate + Z * se)
    )
    return {
        "value": row.estimate,
        "se": se,
        "lower": lower,
        "upper": upper,
        "flags": "" if row.estimate is not None else "not_collected",
    }


def _averages(rows: Rows, one: Indicator, area: str, group: Iterable[HeatRow]) -> None:
    for row in group:
        if row.average is not None:
            rows.add(
                indicator=one.id,
                area=area,
                period=row.date,
                measure="crude",
                value=row.average,
                unit=one.unit,
                method=_method(row),
                flags="",
            )


def _places(
    rows: Rows, catalogue: Catalogue, table: PublishedTable, one: Indicator, group: Iterable[HeatRow]
) -> dict[str, HeatRow]:
    """Rows of areas: each area's own figure."""
    found = {}
    for row in group:
        code = _area(catalogue, row.subgroup, table.file, row, "subgroup")
        found[code] = row
        rows.add(
            indicator=one.id,
            area=code,
            period=row.date,
            measure="crude",
            unit=one.unit,
            method=_method(row),
            **_figures(row),
        )
    return found


def _compared(
    rows: Rows, one: Indicator, area: str, stratifier: Stratifier, group: list[HeatRow], table: PublishedTable
) -> None:
    """Rows of groups, and the measures between them."""
    titles = {level.title.da.casefold(): level.id for level in stratifier.levels} | {
        level.title.en.casefold(): level.id for level in stratifier.levels
    }
    for row in group:
        if row.subgroup.casefold() not in titles:
            known = ", ".join(level.title.da for level in stratifier.levels)
            raise DataError(
                [
                    Problem(
                        "unknown_subgroup",
                        table.file,
                        row.row,
                        "subgroup",
                        row.subgroup,
                        {"dimension": stratifier.title.da, "known": known},
                    )
                ]
            )
    by_level = {titles[row.subgroup.casefold()]: row for row in group}
    for level, row in by_level.items():
        rows.add(
            indicator=one.id,
            area=area,
            period=row.date,
            stratifier=stratifier.id,
            level=level,
            measure="crude",
            unit=one.unit,
            method=_method(row),
            confidence=CONFIDENCE if row.lower is not None else None,
            **_figures(row),
        )
    present = [
        by_level[level] for level in stratifier.level_ids if level in by_level and by_level[level].estimate is not None
    ]
    if not stratifier.social or len(present) < 2:
        return
    whole = group[0].dimension in table.complete
    wanted = [m for m in MEASURES.values() if whole and (stratifier.ordered or m.order == "ignored")] or [
        MEASURES["difference"],
        MEASURES["ratio"],
    ]
    levels = [level for level in stratifier.level_ids if level in by_level and by_level[level].estimate is not None]
    value, se, weight = (
        np.array(part, float)
        for part in zip(*((r.estimate, _figures(r)["se"] or np.nan, r.population or 1) for r in present), strict=True)
    )
    _measured(rows, one, area, present[0].date, stratifier, levels, (value, se**2, weight), wanted)


def _measured(
    rows: Rows,
    one: Indicator,
    area: str,
    period: str,
    stratifier: Stratifier,
    levels: list[str],
    parts: tuple[Any, ...],
    wanted: list[Measure],
) -> None:
    """Add the measures between levels, from value, variance (NaN where it is not known) and population."""
    how = []
    if not stratifier.ordered:
        reference = levels.index(stratifier.reference) if stratifier.reference in levels else None
        parts = arrange(*parts, polarity=one.polarity, reference=reference)
        how = [f"against {stratifier.reference}" if reference is not None else "extremes"]
    known = bool(np.isfinite(parts[1]).all())
    for measure in wanted:
        made = evaluate(
            measure, parts[0], parts[1] if known else np.zeros(len(levels)), parts[2], polarity=one.polarity
        )
        method = ", ".join([measure.interval if known else "without interval", *how])
        _add_measure(rows, one, area, period, stratifier.id, measure, made, method, interval=known)


def _add_measure(
    rows: Rows,
    one: Indicator,
    area: str,
    period: str,
    stratifier: str,
    measure: Measure,
    made: Values,
    method: str,
    *,
    interval: bool,
    horizon: str | None = None,
) -> None:
    numbers = {name: float(getattr(made, name)) * factor(measure) for name in Values.__slots__}
    known = bool(np.isfinite(numbers["value"]))
    kept = {k: v if known and np.isfinite(v) and (interval or k == "value") else None for k, v in numbers.items()}
    rows.add(
        indicator=one.id,
        area=area,
        period=period,
        horizon=horizon,
        component="change" if horizon else None,
        stratifier=stratifier,
        measure=measure.id,
        unit=unit(measure, one),
        method=method,
        confidence=CONFIDENCE if interval else None,
        flags="" if known else "not_applicable",
        **kept,
    )


def _above(rows: Rows, catalogue: Catalogue, one: Indicator, date: str, of_area: dict[str, HeatRow]) -> None:
    """Population-weighted means of the areas above the municipalities, where nothing was published for them."""
    year = int(date[:4])
    parents = [a.code for a in catalogue.areas.values() if a.kind in {"country", "region", "municipality_group"}]
    for parent in parents:
        inside = [of_area[code] for code in members(catalogue.areas, parent, year) if code in of_area]
        mean = _mean(inside)
        if mean is not None:
            rows.add(
                indicator=one.id,
                area=parent,
                period=date,
                measure="crude",
                value=mean,
                unit=one.unit,
                method=MEAN,
                flags="",
            )


def _mean(inside: list[HeatRow]) -> float | None:
    known = [row for row in inside if row.estimate is not None and row.population]
    if not known:
        return None
    weight = np.array([row.population for row in known], float)
    return float((weight * np.array([row.estimate for row in known])).sum() / weight.sum())


def _gradient(rows: Rows, one: Indicator, date: str, stratifier: Stratifier, of_area: dict[str, HeatRow]) -> None:
    """The groups of municipalities that a stratifier makes, and the slope over the municipalities themselves."""
    (crosswalk,) = stratifier.crosswalks
    means = {level: _mean([of_area[c] for c in codes if c in of_area]) for level, codes in crosswalk.levels.items()}
    single = all(len(codes) == 1 for codes in crosswalk.levels.values())
    for level, mean in means.items():
        rows.add(
            indicator=one.id,
            area=COUNTRY,
            period=date,
            stratifier=stratifier.id,
            level=level,
            measure="crude",
            value=mean,
            unit=one.unit,
            method=_method(of_area[level]) if single and level in of_area else MEAN,
            flags="" if mean is not None else "not_collected",
        )
    if single:
        _slopes(
            rows,
            one,
            date,
            stratifier,
            [of_area[c] for c in stratifier.level_ids if c in of_area and of_area[c].estimate is not None],
        )
        return
    levels = [level for level in stratifier.level_ids if means[level] is not None]
    value = np.array([means[level] for level in levels], float)
    parts = (value, np.full(len(levels), np.nan), np.ones(len(levels)))
    _measured(rows, one, COUNTRY, date, stratifier, levels, parts, [MEASURES["difference"], MEASURES["ratio"]])


def _slopes(rows: Rows, one: Indicator, date: str, stratifier: Stratifier, present: list[HeatRow]) -> None:
    value = np.array([row.estimate for row in present], float)
    weight = np.array([row.population or 1.0 for row in present])
    method = f"residual t({len(present) - 2}) over {len(present)} municipalities"
    for name in ("slope_index", "relative_index", "relative_index_log", "concentration_index"):
        made = evaluate(MEASURES[name], value, None, weight, polarity=one.polarity)
        _add_measure(rows, one, COUNTRY, date, stratifier.id, MEASURES[name], made, method, interval=True)


def _changes(rows: Rows, catalogue: Catalogue) -> None:
    """From the first to the last period of each measure."""
    series: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for row in rows.made.values():
        if row["measure"] in MEASURES and row["value"] is not None:
            series.setdefault((row["indicator"], row["area"], row["stratifier"], row["measure"]), []).append(row)
    for (name, area, stratifier, measure), found in series.items():
        found.sort(key=lambda row: row["period"])
        first, last = found[0], found[-1]
        if first["period"] == last["period"]:
            continue
        ends = [
            Values(*(np.array(row[p] if row[p] is not None else np.nan, float) for p in Values.__slots__))
            for row in (first, last)
        ]
        made = change(MEASURES[measure], *ends)
        interval = bool(np.isfinite(made.se))
        method = (
            "same municipalities, covariance left out"
            if first["method"].startswith("residual")
            else "without interval"
            if not interval
            else "independent samples"
        )
        _add_measure(
            rows,
            catalogue.indicators[name],
            area,
            last["period"],
            stratifier,
            MEASURES[measure],
            made,
            method,
            interval=interval,
            horizon=first["period"],
        )
