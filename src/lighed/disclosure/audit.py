"""A second pair of eyes: looks only at what is about to be shown, with code of its own."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lighed.catalogue import Catalogue
from lighed.catalogue.areas import members
from lighed.core.estimates import Estimates


def audit(shown: Estimates, catalogue: Catalogue) -> dict[str, int]:
    """Count, over the shown rows, the hidden figures and the sums in which exactly one part is hidden.

    The sums are those that a reader makes by hand: the levels of a stratifier with their total, the municipalities of
    an area with the area.
    """
    groups = _plain(_counted(shown.where(measure="crude").table))
    hidden = pc.equal(groups["flags"], "suppressed")
    everything = shown.table["flags"].cast(pa.string())
    return {
        "hidden_figures": int(pc.sum(pc.equal(everything, "suppressed")).as_py() or 0),
        "hidden_groups": int(pc.sum(hidden).as_py() or 0),
        "lines_with_one_hidden": _alone_over_levels(groups) + _alone_over_areas(groups, catalogue),
    }


def _counted(table: pa.Table) -> pa.Table:
    """Rows that persons were counted for: they have a count, or had one that is hidden."""
    return table.filter(pc.or_(pc.is_valid(table["n"]), pc.equal(table["flags"], "suppressed")))


def _plain(table: pa.Table) -> pa.Table:
    names = ["indicator", "period", "area", "stratifier", "level", "flags"]
    strings = [pc.fill_null(table[name].cast(pa.string()), "") for name in names]
    one = pc.cast(pc.equal(strings[-1], "suppressed"), pa.int64())
    return pa.table([*strings, one], names=[*names, "hidden"])


def _alone_over_levels(groups: pa.Table) -> int:
    """Levels with the total of their area: lines in which one figure is hidden and all others are shown."""
    key = ["indicator", "period", "area"]
    levels = groups.filter(pc.not_equal(groups["stratifier"], ""))
    totals = groups.filter(pc.equal(groups["stratifier"], "")).select([*key, "hidden"])
    lines = levels.group_by([*key, "stratifier"]).aggregate([("hidden", "sum")])
    joined = lines.join(totals.rename_columns([*key, "total"]), key)
    whole = pc.add(joined["hidden_sum"], pc.fill_null(joined["total"], 2))  # without a total there is no sum
    return int(pc.sum(pc.equal(whole, 1)).as_py() or 0)


def _alone_over_areas(groups: pa.Table, catalogue: Catalogue) -> int:
    key = ["indicator", "period", "stratifier", "level"]
    alone = 0
    shown = set(groups["area"].unique().to_pylist())
    for code, area in catalogue.areas.items():
        if code not in shown or area.kind == "municipality":
            continue
        parts = {m for year in _years(groups) for m in members(catalogue.areas, code, year)} & shown
        inside = groups.filter(pc.is_in(groups["area"], value_set=pa.array(sorted(parts), pa.string())))
        wholes = groups.filter(pc.equal(groups["area"], code)).select([*key, "hidden"]).rename_columns([*key, "whole"])
        lines = inside.group_by(key).aggregate([("hidden", "sum")]).join(wholes, key, join_type="inner")
        alone += (
            int(pc.sum(pc.equal(pc.add(lines["hidden_sum"], lines["whole"]), 1)).as_py() or 0) if lines.num_rows else 0
        )
    return alone


def _years(groups: pa.Table) -> list[int]:
    return sorted({int(period[:4]) for period in groups["period"].unique().to_pylist()})
