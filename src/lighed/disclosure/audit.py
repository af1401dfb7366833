"""A second pair of eyes: looks only at what is about to be shown, with code of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lighed.catalogue import Catalogue
from lighed.catalogue.areas import members
from lighed.core.estimates import DIVIDING, EXCEPTED, PARTS, Estimates
from lighed.core.types import COUNTRY, UNKNOWN, Stratifier


def audit(shown: Estimates, catalogue: Catalogue) -> dict[str, int]:
    """Count, over the shown rows, the hidden figures and the sums in which exactly one part is hidden.

    The sums are those that a reader makes by hand: the levels of a stratifier with their total, the municipalities of
    an area (or of a level made of areas) with the whole, the regions and the municipality groups with the country, the
    levels that together are a level of another division of the same codes, and the combinations that are a part of a
    level of what they cross.
    """
    groups = _plain(_counted(shown.where(measure=["crude", *PARTS]).table))
    hidden = pc.equal(groups["flags"], "suppressed")
    everything = shown.table["flags"].cast(pa.string())
    return {
        "hidden_figures": int(pc.sum(pc.equal(everything, "suppressed")).as_py() or 0),
        "hidden_groups": int(pc.sum(hidden).as_py() or 0),
        "lines_with_one_hidden": _alone_over_levels(groups)
        + _alone_over_areas(groups, catalogue)
        + _alone_over_names(groups, catalogue)
        + _alone_over_parts(groups),
    }


def unequal(shown: Estimates, catalogue: Catalogue) -> int:
    """Count the sums that a reader makes of rounded counts, and that are not what is shown as the total."""
    table = shown.where(measure="crude").table
    groups = _plain(table).append_column("n", table["n"]).append_column("events", table["events"])
    everybody = groups.filter(_among(groups["stratifier"], [""]))
    levels = groups.filter(pc.not_equal(groups["stratifier"], ""))
    found = _differ(levels, everybody, ["indicator", "period", "area"], "stratifier")
    for period in groups["period"].unique().to_pylist():
        here = groups.filter(pc.equal(groups["period"], period))
        for whole, parts in _areas(catalogue, int(period[:4])):
            inside, area = (here.filter(_among(here["area"], codes)) for codes in (parts, [whole]))
            found += _differ(inside, area, ["indicator", "stratifier", "level"])
    for stratifier, level, codes in _area_levels(catalogue):
        of_level = levels.filter(pc.and_(_among(levels["stratifier"], [stratifier]), _among(levels["level"], [level])))
        found += _differ(everybody.filter(_among(everybody["area"], codes)), of_level, ["indicator", "period"])
    return found


def _differ(parts: pa.Table, wholes: pa.Table, key: list[str], *beside: str) -> int:
    """How many sums of parts, one for each word `beside` the key, are not their whole."""
    sums = parts.group_by([*key, *beside]).aggregate([("n", "sum"), ("events", "sum")])
    both = sums.join(wholes.select([*key, "n", "events"]), key, join_type="inner")
    other = pc.or_(*(pc.not_equal(both[f"{name}_sum"], both[name]) for name in ("n", "events")))
    return int(pc.sum(other).as_py() or 0)


def _counted(table: pa.Table) -> pa.Table:
    """Rows that persons were counted for: they have a count, or had one that is hidden."""
    return table.filter(pc.or_(pc.is_valid(table["n"]), pc.equal(table["flags"], "suppressed")))


def _plain(table: pa.Table) -> pa.Table:
    of_part = ["measure", "component", "counterpart", "horizon"]
    names = ["indicator", "period", "area", "stratifier", "level", "flags", *of_part]
    strings = [pc.fill_null(table[name].cast(pa.string()), "") for name in names]
    one = pc.cast(pc.equal(strings[5], "suppressed"), pa.int64())
    somebody = pc.cast(pc.not_equal(pc.fill_null(table["n"], 1), 0), pa.int64())
    part = pc.binary_join_element_wise(*strings[-len(of_part) :], "/")
    return pa.table([*strings, part, one, somebody], names=[*names, "part", "hidden", "somebody"])


def _alone_over_levels(groups: pa.Table) -> int:
    """Levels with the total of their area: lines in which one figure is hidden and all others are shown.

    A total of nobody says that of every level, and no more.
    """
    key = ["indicator", "period", "area", "part"]
    levels = groups.filter(pc.not_equal(groups["stratifier"], ""))
    totals = groups.filter(pc.and_(pc.equal(groups["stratifier"], ""), pc.not_equal(groups["somebody"], 0)))
    totals = totals.select([*key, "hidden"])
    lines = levels.group_by([*key, "stratifier"]).aggregate([("hidden", "sum")])
    joined = lines.join(totals.rename_columns([*key, "total"]), key)
    whole = pc.add(joined["hidden_sum"], pc.fill_null(joined["total"], 2))  # without a total there is no sum
    return int(pc.sum(pc.equal(whole, 1)).as_py() or 0)


def _alone_over_areas(groups: pa.Table, catalogue: Catalogue) -> int:
    alone = 0
    for period in groups["period"].unique().to_pylist():
        of_period = groups.filter(pc.equal(groups["period"], period))
        for whole, parts in _areas(catalogue, int(period[:4])):
            alone += _alone(
                of_period.filter(_among(of_period["area"], parts)),
                of_period.filter(_among(of_period["area"], [whole])),
                ["indicator", "stratifier", "level", "part"],
            )
    return alone


def _alone_over_names(groups: pa.Table, catalogue: Catalogue) -> int:
    """Levels that are made of areas, and levels that are made of the levels of another division of the same codes."""
    alone = 0
    key, everybody = ["indicator", "period", "part"], groups.filter(_among(groups["stratifier"], [""]))
    names = sorted(groups["stratifier"].unique().to_pylist())
    of = {name: groups.filter(_among(groups["stratifier"], [name])) for name in names if name}
    for stratifier, level, codes in _area_levels(catalogue):
        if stratifier in of:
            whole = of[stratifier].filter(_among(of[stratifier]["level"], [level]))
            for parts in (codes, [level]):
                alone += _alone(everybody.filter(_among(everybody["area"], parts)), whole, key)
    for coarse, fine in permutations(of, 2):
        for level, parts in _inside(catalogue.stratifiers[coarse], catalogue.stratifiers[fine], catalogue).items():
            whole = of[coarse].filter(_among(of[coarse]["level"], [level]))
            alone += _alone(of[fine].filter(_among(of[fine]["level"], parts)), whole, [*key, "area"])
    return alone


def _alone_over_parts(groups: pa.Table) -> int:
    """Those from each sender with the group, the parts of those who came, and those excepted by reason with all."""
    key = ["indicator", "period", "area", "stratifier", "level"]
    sent, whole = (groups.filter(_among(groups["measure"], [name])) for name in ("sent", "crude"))
    parts = groups.filter(_among(groups["measure"], DIVIDING))
    lines = parts.group_by([*key, "measure", "horizon"]).aggregate([("hidden", "sum"), ("hidden", "count")])
    alone = pc.and_(pc.equal(lines["hidden_sum"], 1), pc.greater(lines["hidden_count"], 1))
    for_reasons = groups.filter(_among(groups["measure"], ["exception"]))
    excepted = groups.filter(_among(groups["component"], [EXCEPTED]))
    return _alone(sent, whole, key) + _alone(for_reasons, excepted, key) + int(pc.sum(alone).as_py() or 0)


def _areas(catalogue: Catalogue, year: int) -> Iterator[tuple[str, list[str]]]:
    """Each area with the municipalities in it that year; the country with its regions and its groups besides."""
    above = [area for area in catalogue.areas.values() if area.kind != "municipality"]
    yield from ((area.code, members(catalogue.areas, area.code, year)) for area in above)
    for kind in ("region", "municipality_group"):
        yield COUNTRY, [area.code for area in above if area.kind == kind]


def _area_levels(catalogue: Catalogue) -> Iterator[tuple[str, str, list[str]]]:
    """Each level that is made of municipalities, with them."""
    for stratifier in catalogue.stratifiers.values():
        for crosswalk in stratifier.crosswalks if stratifier.areas else ():
            yield from ((stratifier.id, level, list(codes)) for level, codes in crosswalk.levels.items())


def _inside(coarse: Stratifier, fine: Stratifier, catalogue: Catalogue) -> dict[str, list[str]]:
    """For each level of `coarse`, the levels of `fine` that are a part of it."""
    if not fine.crosses:
        return _divided(coarse, fine)
    found: dict[str, list[str]] = {}
    for level in fine.level_ids:
        pieces = dict(zip(fine.crosses, level.split("+"), strict=True))
        wholes = [_whole(catalogue.stratifiers[name], pieces, catalogue) for name in coarse.crosses or (coarse.id,)]
        if all(wholes):
            found.setdefault("+".join(whole for whole in wholes if whole), []).append(level)
    return found


def _whole(one: Stratifier, pieces: dict[str, str], catalogue: Catalogue) -> str | None:
    """The level of a dimension that somebody with these levels of some dimensions has, if they say it."""
    if one.id in pieces:
        return pieces[one.id]
    known = ((level, _divided(one, catalogue.stratifiers[name])) for name, level in pieces.items())
    return next((whole for level, made in known for whole, parts in made.items() if level in parts), None)


def _divided(coarse: Stratifier, fine: Stratifier) -> dict[str, list[str]]:
    """For each level of `coarse` that is made up of levels of `fine`, those levels."""
    if coarse.areas or not coarse.dimension or coarse.dimension != fine.dimension:
        return {}
    whole, parts = ({level: _codes(one, level) for level in one.level_ids} for one in (coarse, fine))
    found = {level: [part for part in parts if parts[part] <= whole[level]] for level in whole}
    made = {level: inside for level, inside in found.items() if _all(parts, inside) == whole[level]}
    return made | ({UNKNOWN: [UNKNOWN]} if _all(parts, parts) == _all(whole, whole) else {})


def _codes(stratifier: Stratifier, level: str) -> set[Any]:
    return {(c.first_year, c.last_year, code) for c in stratifier.crosswalks for code in c.levels.get(level, ())}


def _all(codes: dict[str, set[Any]], levels: Iterable[str]) -> set[Any]:
    return {code for level in levels for code in codes[level]}


def _alone(parts: pa.Table, wholes: pa.Table, key: list[str]) -> int:
    """How many sums of parts to a whole have exactly one hidden figure; of parts without anybody there is no sum.

    Those of a group who stand in none of its crossed parts, for one dimension is not known, are written nowhere.
    """
    if not parts.num_rows or not wholes.num_rows:
        return 0
    lines = parts.group_by(key).aggregate([("hidden", "sum"), ("somebody", "sum")])
    lines = lines.filter(pc.greater(lines["somebody_sum"], 0))
    joined = lines.join(wholes.select([*key, "hidden"]), key, join_type="inner")
    return int(pc.sum(pc.equal(pc.add(joined["hidden_sum"], joined["hidden"]), 1)).as_py() or 0)


def _among(column: pa.ChunkedArray, words: Sequence[str]) -> pa.ChunkedArray:
    return pc.is_in(column, value_set=pa.array(words, pa.string()))
