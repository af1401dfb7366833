"""Person-years: who lived where in which year, how old they were, and where they stood socially.

One row per person and year in which the person lived in Denmark for at least a day; the day of death is lived, so that
every death belongs to somebody's year. Place, age and social position
are those of the person's first day in the year (1 January for most), so that what happens in the year cannot move a
person between groups; ``days`` is the time at risk. The rows are written once per snapshot, divided by year and
sorted, which is what makes every later grouping cheap.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from lighed.catalogue import Catalogue
from lighed.catalogue.crossed import combination
from lighed.core.errors import StoreError
from lighed.core.types import UNKNOWN, Counted, Stratifier
from lighed.store.engine import Expression, age_band, expression, memory_table
from lighed.store.snapshot import Snapshot

OPEN_END = "9999-12-31"
RESIDENCE = "residence"
BASIC = ("person_id", "year", "area", "sex", "age", "days")
FRAME_VERSION = 4  # to be raised when the meaning of a column changes, so that kept frames are made anew


def person_years(
    engine: Any, snapshot: Snapshot, catalogue: Catalogue, years: Iterable[int], columns: set[str]
) -> Expression:
    """Return the person-years of `years` with `columns`: ids of stratifiers, or dimensions of ``position``.

    They are made and kept below the store's ``frames`` folder the first time, and read from there afterwards.
    """
    wanted = sorted(columns - set(BASIC))
    listed = sorted(years)
    name = f"{FRAME_VERSION}|{snapshot.number}|{snapshot.inputs}|{catalogue.digest}|{listed}|{wanted}"
    folder = snapshot.folder / "frames" / hashlib.sha256(name.encode()).hexdigest()[:16]
    if not (folder / "complete").is_file():
        _write(engine, build(engine, snapshot, catalogue, listed, wanted), folder, wanted)
    if not any(folder.glob("year=*/*.parquet")):
        raise StoreError("nobody", first=listed[0], last=listed[-1])
    return engine.read_parquet(str(folder / "year=*" / "*.parquet"), hive_partitioning=True).mutate(
        year=lambda t: t.year.cast("int32")
    )


def _write(engine: Any, rows: Expression, folder: Path, wanted: list[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    order = ["year", "area", "sex", "age", *[column for column in wanted if column == "education"], "person_id"]
    engine.to_parquet(rows.order_by(order), folder, partition_by="year", compression="zstd")
    (folder / "complete").touch()


def build(engine: Any, snapshot: Snapshot, catalogue: Catalogue, years: list[int], wanted: list[str]) -> Expression:
    """Return the person-years as an expression over the tables of `snapshot`."""
    rows = _resident(engine, snapshot, years)
    position = snapshot.read(engine, "position")
    crossed = [s for name in wanted if (s := catalogue.stratifiers.get(name)) and s.crosses]
    parts = {name for s in crossed for name in s.crosses}
    columns = sorted({*wanted, *parts} - {s.id for s in crossed} - set(BASIC))
    counted = {name: days for name in columns if (days := catalogue.counted(name))}
    for name, days in counted.items():
        rows = _with_days(rows, _lasting(engine, snapshot, days, catalogue), days.days, name)
    others = [s for name in columns if (s := catalogue.stratifiers.get(name)) and (s.areas or not s.crosswalks)]
    rows = _with_positions(rows, position, catalogue, sorted({*columns} - {*counted} - {s.id for s in others}))
    for stratifier in others:
        if stratifier.parents_of:
            parent = snapshot.read(engine, "parent")
            rows = _with_parents(rows, parent, position, stratifier, catalogue.stratifiers[stratifier.parents_of])
        elif stratifier.quantiles:
            rows = _with_quantiles(rows, position, stratifier)
        else:
            rows = _with_level(rows, stratifier)
    for stratifier in crossed:
        rows = _with_combination(rows, [catalogue.stratifiers[name] for name in stratifier.crosses], stratifier.id)
    return rows.select(*BASIC, *wanted)


def _resident(engine: Any, snapshot: Snapshot, years: list[int]) -> Expression:
    """One row per person and year: area and day of entry, days in the year, sex and age."""
    calendar = memory_table(
        engine,
        "calendar",
        pa.table({"year": pa.array(years, pa.int32())}),
    ).mutate(first=lambda t: ibis.date(t.year, 1, 1), last=lambda t: ibis.date(t.year + 1, 1, 1))
    lived = _residence(engine, snapshot)
    lived = lived.join(calendar, [lived.valid_from < calendar["last"], lived.valid_to > calendar["first"]]).mutate(
        # a spell may be of the whole year in which a child is born
        entry=lambda t: ibis.greatest(t.valid_from, t["first"], t.birth_date.coalesce(t["first"])),
        leave=lambda t: ibis.least(t.valid_to, t["last"]),
    )
    lived = lived.filter(lived.entry < lived.leave)
    whole_year = ibis.window(group_by=["person_id", "year"])
    in_order = ibis.window(group_by=["person_id", "year"], order_by="entry")
    lived = lived.mutate(
        days=lived.leave.delta(lived.entry, unit="day").cast("int32").sum().over(whole_year).cast("int32"),
        place=ibis.row_number().over(in_order),
    )
    lived = lived.filter(lived.place == 0)
    not_yet = (_month_and_day(lived.entry) < _month_and_day(lived.birth_date)).ifelse(1, 0)
    return lived.mutate(
        age=(lived.entry.year() - lived.birth_date.year() - not_yet).cast("int16"), sex=lived.sex.coalesce(UNKNOWN)
    ).select("person_id", "year", "area", "sex", "age", "days", "entry")


def _residence(engine: Any, snapshot: Snapshot) -> Expression:
    """The spells of residence until death; one of whom no file says sex and birth lived here all the same."""
    person = snapshot.read(engine, "person").select("person_id", "sex", "birth_date", "death_date")
    return _until_death(snapshot.read(engine, "residence").left_join(person, "person_id"))


def _until_death(spells: Expression) -> Expression:
    """The spells up to and with the day of death; the last may end on that day, which is lived there all the same."""
    spells = spells.mutate(valid_to=spells.valid_to.coalesce(ibis.date(OPEN_END)))
    last = spells.valid_to.max().over(ibis.window(group_by="person_id"))
    after = (spells.death_date + ibis.interval(days=1)).cast("date")
    ends_with_life = (spells.valid_to == spells.death_date) & (spells.valid_to == last)
    return spells.mutate(
        valid_to=ends_with_life.ifelse(after, ibis.least(spells.valid_to, after.coalesce(ibis.date(OPEN_END))))
    )


def _month_and_day(date: Expression) -> Expression:
    return date.month() * 100 + date.day()


def _spells(position: Expression, dimension: str) -> Expression:
    one = position.filter(position.dimension == dimension)
    return one.select(
        spell_person=one.person_id,
        spell_from=one.valid_from,
        spell_to=one.valid_to.coalesce(ibis.date(OPEN_END)),
        spell_category=one.category,
        spell_amount=one.amount,
    )


def _with_positions(rows: Expression, position: Expression, catalogue: Catalogue, names: list[str]) -> Expression:
    """Add what was in force on the day of entry: categories and amounts of dimensions, and levels made of their codes.

    A dimension is null where nothing was in force. All are joined in one step: with one for each there would be more
    steps than a query can have.
    """
    known = {name: catalogue.stratifiers.get(name) for name in names}
    joined = rows
    for dimension in sorted({s.dimension or "" if s else name for name, s in known.items()}):
        spells = _spells(position, dimension).rename(lambda name, of=dimension: f"{of}_{name}")
        inside = spells[f"{dimension}_spell_from"] <= rows.entry, spells[f"{dimension}_spell_to"] > rows.entry
        joined = joined.left_join(spells, [rows.person_id == spells[f"{dimension}_spell_person"], *inside])
    made = {}
    for name, stratifier in known.items():
        if stratifier is None:
            kept = "amount" if catalogue.dimensions[name].amount is not None else "category"
            made[name] = joined[f"{name}_spell_{kept}"]
        else:
            made[name] = level_of(joined[f"{stratifier.dimension}_spell_category"], joined.year, stratifier)
    return joined.select(*rows.columns, **made)


def _joined(rows: Expression, position: Expression, dimension: str) -> Expression:
    spells = _spells(position, dimension)
    joined = rows.left_join(
        spells,
        [
            rows.person_id == spells.spell_person,
            spells.spell_from <= rows.entry,
            spells.spell_to > rows.entry,
        ],
    )
    return joined.drop("spell_person", "spell_from", "spell_to")


def _lasting(engine: Any, snapshot: Snapshot, counted: Counted, catalogue: Catalogue) -> Expression:
    """What lasts from one day (``since``) to another (``until``), both included, and whose it is (``who``)."""
    item = counted.item
    if item in catalogue.items:
        event = snapshot.read(engine, "event")
        rows = event.filter((event.item == item) & (event.status.isnull() | (event.status == "active")))
        rows = rows.mutate(since=rows.date, until=rows.date_to.coalesce(rows.date))
    else:
        rows = _residence(engine, snapshot) if item == RESIDENCE else snapshot.read(engine, "position")
        rows = rows if item == RESIDENCE else rows.filter(rows.dimension == item)
        after = rows.valid_to.coalesce(ibis.date(OPEN_END))
        rows = rows.mutate(since=rows.valid_from, until=(after - ibis.interval(days=1)).cast("date"))
    return rows.filter(expression(counted.where, rows)).select("since", "until", who="person_id")


def _apart(spells: Expression) -> Expression:
    """The same days without those of a spell that began earlier; a spell that has none left ends before it begins."""
    order = ["since", "until"]
    so_far = ibis.window(group_by="who", order_by=order, preceding=None, following=0)
    spells = spells.mutate(reach=spells.until.max().over(so_far))
    before = spells.reach.lag().over(ibis.window(group_by="who", order_by=order))
    free = (before + ibis.interval(days=1)).cast("date")
    return spells.mutate(since=ibis.greatest(spells.since, free.coalesce(spells.since)))


def _with_days(rows: Expression, spells: Expression, days: tuple[int, int | None], column: str) -> Expression:
    """Add on how many days of the window one of the spells was going on; a day of two of them counts once."""
    low, high = (None if day is None else (rows.entry + ibis.interval(days=day)).cast("date") for day in days)
    window = rows.select("person_id", "year", low=low, high=ibis.date(rows.year, 12, 31) if high is None else high)
    spells = _apart(spells)
    inside = (spells.since <= window.high) & (spells.until >= window.low)
    near = window.join(spells, [window.person_id == spells.who, inside])
    length = ibis.least(near.until, near.high).delta(ibis.greatest(near.since, near.low), unit="day") + 1
    each = near.mutate(length=ibis.greatest(length, 0)).group_by(["person_id", "year"])
    joined = rows.left_join(each.aggregate(**{column: lambda t: t.length.sum()}), ["person_id", "year"])
    return joined.mutate(**{column: joined[column].coalesce(0).cast("int32")}).select(*rows.columns, column)


def level_of(code: Expression, year: Expression, stratifier: Stratifier) -> Expression:
    """Return the level that a source code belongs to in that year, or ``unknown``."""
    branches = []
    for crosswalk in stratifier.crosswalks:
        inside = (year >= (crosswalk.first_year or 0)) & (year <= (crosswalk.last_year or 9999))
        branches += [(inside & code.isin(codes), level) for level, codes in crosswalk.levels.items() if codes]
    return ibis.cases(*branches, else_=UNKNOWN).coalesce(UNKNOWN)


def _with_level(rows: Expression, stratifier: Stratifier) -> Expression:
    """Add the level of a column that a person-year has already: of the area, the age, or the level itself."""
    if stratifier.column:
        known = rows[stratifier.column].isin(stratifier.level_ids)
        return rows.mutate(**{stratifier.id: known.ifelse(rows[stratifier.column], UNKNOWN)})
    if stratifier.bands:
        bounds = sorted(stratifier.bands.items(), key=lambda pair: -pair[1])
        return rows.mutate(
            **{stratifier.id: ibis.cases(*[(rows.age >= low, level) for level, low in bounds], else_=UNKNOWN)}
        )
    return rows.mutate(**{stratifier.id: level_of(rows.area, rows.year, stratifier)})


def _with_combination(rows: Expression, parts: list[Stratifier], column: str) -> Expression:
    """Add the combination of levels that stand in the columns of `parts`; unknown if one of them is."""
    known = ibis.and_(*(rows[part.id].isin(part.level_ids) for part in parts))
    return rows.mutate(**{column: known.ifelse(combination([rows[part.id] for part in parts]), UNKNOWN)})


def _with_quantiles(rows: Expression, position: Expression, stratifier: Stratifier) -> Expression:
    """Add the quantile group of an amount: ties stand together, at the middle of their ranks."""
    quantiles = stratifier.quantiles
    assert quantiles is not None
    rows = _joined(rows, position, quantiles.dimension).drop("spell_category")
    rows = rows.mutate(age_band=age_band(rows.age))
    within = ["year", *quantiles.within]
    values = (
        rows.filter(rows.spell_amount.notnull())
        .group_by([*within, "spell_amount"])
        .aggregate(people=lambda t: t.count())
    )
    whole = ibis.window(group_by=within)
    up_to = ibis.window(group_by=within, order_by="spell_amount", preceding=None, following=0)
    ranked = values.mutate(all=values.people.sum().over(whole), below=values.people.sum().over(up_to))
    # twice the mid-rank, in whole numbers: 2 * (below - people / 2)
    group = ((2 * ranked.below - ranked.people) * quantiles.groups / (2 * ranked["all"])).floor().cast("int32")
    ranked = ranked.mutate(group=ibis.least(group, quantiles.groups - 1))
    cuts = ranked.group_by([*within, "group"]).aggregate(floor=lambda t: t.spell_amount.min())
    wide = cuts.group_by(within).aggregate(
        **{f"cut_{k}": cuts.floor.min(where=cuts.group >= k) for k in range(1, quantiles.groups)}
    )
    joined = rows.left_join(wide, within, rname="cut_{name}")
    above = [
        (joined.spell_amount >= joined[f"cut_{k}"], stratifier.levels[k].id) for k in range(quantiles.groups - 1, 0, -1)
    ]
    # without an age there is no group to be ranked in
    unranked = ibis.or_(joined.spell_amount.isnull(), *(joined[name].isnull() for name in quantiles.within))
    level = ibis.cases((unranked, UNKNOWN), *above, else_=stratifier.levels[0].id)
    extra = [name for name in joined.columns if name.startswith("cut_")]
    return joined.mutate(**{stratifier.id: level}).drop("spell_amount", "age_band", *extra)


def _with_parents(
    rows: Expression, parent: Expression, position: Expression, stratifier: Stratifier, of: Stratifier
) -> Expression:
    """Add the level of the parent who stands best, on the child's own day."""
    pairs = rows.join(parent, rows.person_id == parent.person_id).select(
        child=rows.person_id, year=rows.year, entry=rows.entry, person_id=parent.parent_id
    )
    assert of.dimension is not None
    standing = _joined(pairs, position, of.dimension)
    rank = ibis.cases(
        *[(level_of(standing.spell_category, standing.year, of) == level, i) for i, level in enumerate(of.level_ids)],
        else_=-1,
    )
    best = standing.mutate(rank=rank).group_by(["child", "year"]).aggregate(rank=lambda t: t["rank"].max())
    best = best.rename(parent_year="year")
    joined = rows.left_join(best, [rows.person_id == best.child, rows.year == best.parent_year])
    level = ibis.cases(*[(joined["rank"] == i, level) for i, level in enumerate(stratifier.level_ids)], else_=UNKNOWN)
    return joined.mutate(**{stratifier.id: level.coalesce(UNKNOWN)}).drop("child", "parent_year", "rank")
