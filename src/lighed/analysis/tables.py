"""Aggregated tables → every measure that they allow, without a store."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from lighed.analysis.inequality import factor
from lighed.sources.heat_plus import HeatRow, grouped
from lighed.stats import MEASURES, TESTS, Measure, Polarity, Shape, arrange, by_chance, evaluate
from lighed.stats.intervals import Values

OF_SHARES = (1, 100)  # what a table of shares, or of per cent, says that its scale is

SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("indicator", "name", "setting", "date", "dimension", "measure")]
    + [(name, pa.float64()) for name in ("value", "se", "lower", "upper")]
    + [(name, pa.string()) for name in ("unit", "method", "flags")]
)

NONE = "not_applicable"
UNITS = {"outcome": "as given", "share": "percent", "people": "persons"}


def measured(rows: Iterable[HeatRow]) -> pa.Table:
    """Return a row per measure, indicator, setting, date and dimension of a HEAT Plus table.

    Without standard errors an ordered dimension of five groups or more gets residual intervals for the measures of
    its line; the others get none, and no shape is tested. Without populations the groups count alike, and measures of
    persons are left out. A missing estimate leaves its dimension without measures, and says so.
    """
    made = [row for group in grouped(rows).values() for row in _of_group(group)]
    return pa.Table.from_pylist(made, SCHEMA)


def _of_group(group: list[HeatRow]) -> list[dict[str, Any]]:
    first = group[0]
    ranked = sorted(group, key=lambda row: row.order)
    value = np.array([row.estimate if row.estimate is not None else np.nan for row in ranked])
    se = np.array([np.nan if row.standard_error is None else row.standard_error for row in ranked])
    known = [row.population for row in ranked if row.population is not None]
    weight = np.array(known if len(known) == len(ranked) else np.ones(len(ranked)), float)
    polarity: Polarity = "higher_is_better" if first.favourable else "lower_is_better"
    parts: tuple[Any, ...] = (value, se**2, weight)
    how = [] if len(known) == len(ranked) else ["groups counted alike"]
    reference = None if first.ordered else next((k for k, row in enumerate(ranked) if row.reference), None)
    if not first.ordered:
        parts = arrange(*parts, polarity=polarity, reference=reference)
        how.append("extremes" if reference is None else "against the reference group")
    wanted = [
        m
        for m in MEASURES.values()
        if (first.ordered or m.order == "ignored")
        and (m.scale != "people" or len(known) == len(ranked))
        and (not m.bounded or first.scale in OF_SHARES)
    ]
    bad = -value if first.favourable else value
    chance = {m.id for m in wanted if not first.ordered and by_chance(m, bad, se**2, reference=reference)}
    certain = bool(np.isfinite(se).all())
    shapes = [t for t in TESTS.values() if first.ordered and (certain or t.unit == "index")]
    return [
        *(_row(first, m, parts, polarity, how, doubtful=m.id in chance) for m in wanted),
        *(_shape(first, t, parts, polarity, how) for t in shapes),
    ]


def _row(
    first: HeatRow, measure: Measure, parts: tuple[Any, ...], polarity: Polarity, how: list[str], *, doubtful: bool
) -> dict[str, Any]:
    value, variance, weight = parts
    known = bool(np.isfinite(variance).all())
    residual = not known and first.ordered and len(value) >= 5 and measure.order == "required"
    errors = None if residual else np.where(np.isfinite(variance), variance, 0.0)
    made = evaluate(measure, value, errors, weight, polarity=polarity, everybody=first.scale)
    scale = 1 / first.scale if measure.unit == "people" else factor(measure)
    numbers = {name: float(getattr(made, name)) * scale for name in Values.__slots__}
    shown = {
        name: v if np.isfinite(v) and (known or residual or name == "value") else None for name, v in numbers.items()
    }
    flag = "unreliable" if known and (doubtful or shown["lower"] is None) else ""
    interval = measure.interval if known else f"residual t({len(value) - 2})" if residual else "without interval"
    unit = UNITS.get(measure.unit, measure.unit)
    return (
        _told(first, measure.id, unit, [interval, *how])
        | shown
        | {"flags": flag if shown["value"] is not None else NONE}
    )


def _shape(first: HeatRow, test: Shape, parts: tuple[Any, ...], polarity: Polarity, how: list[str]) -> dict[str, Any]:
    value = float(test(*parts, polarity=polarity))
    known = np.isfinite(value)
    told = _told(first, test.id, test.unit, [test.method(len(parts[0])), *how])
    return told | {"value": value if known else None, "flags": "" if known else NONE}


def _told(first: HeatRow, measure: str, unit: str, how: list[str]) -> dict[str, Any]:
    return {
        "indicator": first.abbreviation,
        "name": first.name,
        "setting": first.setting,
        "date": first.date,
        "dimension": first.dimension,
        "measure": measure,
        "unit": unit,
        "method": ", ".join(how),
    }
