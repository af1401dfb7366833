"""The HEAT Plus table of the rows of a page: the layout that WHO's program reads."""

from __future__ import annotations

import csv
import io
from typing import Any

from lighed.core.heat import COLUMNS
from lighed.core.text import say
from lighed.core.types import SCALE, UNKNOWN
from lighed.report.plain import inert
from lighed.report.view import View


def heat_table(rows: list[dict[str, Any]], view: View) -> str:
    """Write the groups among `rows` in WHO's layout; a withheld figure is an empty cell with a note."""
    groups = [row for row in rows if row["stratifier"] and row["level"] and row["measure"] == _measure(rows)]
    average = {
        row["period"]: row["value"] for row in rows if row["stratifier"] is None and row["measure"] == _measure(rows)
    }
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    lines = (_line(row, average.get(row["period"]), view) for row in groups if row["level"] != UNKNOWN)
    writer.writerows(map(inert, lines))
    return out.getvalue()


def _measure(rows: list[dict[str, Any]]) -> str:
    return "standardised" if any(row["measure"] == "standardised" for row in rows) else "crude"


def _line(row: dict[str, Any], average: float | None, view: View) -> dict[str, Any]:
    one, stratifier = view.release.indicators[row["indicator"]], view.release.stratifiers[row["stratifier"]]
    flag = row["flags"].split()[0] if row["flags"] else ""
    return {
        "setting": view.place,
        "date": row["period"],
        "source": one.source.title[view.lang],
        "indicator_abbr": one.id,
        "indicator_name": one.title[view.lang],
        "dimension": stratifier.title[view.lang],
        "subgroup": next(level.title[view.lang] for level in stratifier.levels if level.id == row["level"]),
        "estimate": row["value"],
        "se": row["se"],
        "ci_lb": row["lower"],
        "ci_ub": row["upper"],
        "population": row["n"],
        "note": say(f"flag.{flag}", view.lang) if flag else "",
        "setting_average": average,
        "iso3": "DNK",
        "favourable_indicator": int(one.polarity == "higher_is_better"),
        "indicator_scale": int(SCALE[one.unit]),
        "ordered_dimension": int(stratifier.ordered),
        "subgroup_order": stratifier.level_ids.index(row["level"]) + 1 if stratifier.ordered else 0,
        "reference_subgroup": int(row["level"] == stratifier.reference),
    }
