"""A cascade of four steps by five groups, beside SQL and pandas for the same counts; and all pathways shipped."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from _table import Line, arguments, processor, show, took
from lighed import catalogue
from lighed.analysis.build import from_store
from lighed.analysis.pathways import TABLES, Along, episodes
from lighed.core.pathway import Pathway
from lighed.core.settings import Settings
from lighed.sources.synthetic import fill
from lighed.store import Store
from lighed.store.engine import connect, count_if, memory_table
from lighed.store.schema import tables

# What follows a discharge: the least and the most days after the event before, and how many of those have it.
ALONG = {
    "referral": (-3, 10, 0.8), "offer": (0, 20, 0.7), "session": (0, 60, 0.7), "completion": (10, 120, 0.7),
}  # fmt: skip
OTHERS, EVENTS, GROUPS, PART = ("contact", "visit", "prescription", "test", "call"), 10, 5, 1_000_000
ITEMS = ("discharge", *ALONG, *OTHERS)
WINDOWS = {"referral": (-14, 3), "offer": (0, 7), "session": (0, 30), "completion": (0, 180)}
LATEST = {"referral": 3, "offer": 10, "session": 40, "completion": 220}  # days after the index
FEW, TEN = 3, 10  # years; the few have about as many events as the log above
BORN, KNOWN, ROUNDS = 16_801, date(2025, 1, 1), 3  # days since 1970: the first of 2016
FATES = ("reached", "died", "emigrated", "open")
LAST, NEVER = (KNOWN - date(1970, 1, 1)).days, 2**30
TEXT = {"da": "x", "en": "x"}

SQL = """
WITH seen AS (
  SELECT person_id, min(day) FILTER (item = 'discharge') AS t0, {lists}
  FROM (SELECT person_id, item, date_diff('day', DATE '1970-01-01', date) AS day
        FROM read_parquet('{event}') WHERE status = 'active')
  WHERE item IN ('discharge', {items}) GROUP BY person_id
), home AS (SELECT person_id, valid_from, valid_to FROM read_parquet('{residence}')
), departure AS (
  SELECT person_id, list(date_diff('day', DATE '1970-01-01', valid_to)) AS departures
  FROM (SELECT * FROM home WHERE valid_to IS NOT NULL) AS ended
  ANTI JOIN home AS begun ON begun.person_id = ended.person_id AND begun.valid_from = ended.valid_to
  GROUP BY person_id
), person AS (
  SELECT person_id, grp, coalesce(date_diff('day', DATE '1970-01-01', death_date), {never}) AS died
  FROM read_parquet('{person}')
), s0 AS (
  SELECT *, coalesce(list_min(list_filter(departures, lambda x: x >= t0)), {never}) AS gone
  FROM seen JOIN person USING (person_id) LEFT JOIN departure USING (person_id) WHERE t0 <= died
), {steps}
SELECT grp, count(*), {counts} FROM s4 GROUP BY grp ORDER BY grp
"""


def write(folder: Path, persons: int) -> None:
    """Write a log in the order of time, ten events a person, and the persons with their group, death and departure."""
    for name in ("event", "person", "residence"):
        (folder / name).mkdir(parents=True)
    for first in range(0, persons, PART):
        rng, who = np.random.default_rng(first), np.arange(first, min(first + PART, persons))
        item, person, day = drawn(rng, who)
        order = np.argsort(day, kind="stable")
        columns = {
            "event_id": EVENTS * first + np.arange(len(day)),
            "person_id": person[order],
            "item": pa.array(ITEMS).take(pa.array(item[order])),
            "date": pa.array(day[order].astype(np.int32), pa.date32()),
            "status": pa.repeat("active", len(day)),
        }
        empty = [field for field in tables()["event"].schema if field.name not in columns]
        columns |= {field.name: pa.nulls(len(day), field.type) for field in empty}
        pq.write_table(pa.table(columns), folder / "event" / f"{first}.parquet", compression="zstd")
        last = np.zeros(len(who), np.int32)
        np.maximum.at(last, person - first, day.astype(np.int32))
        death = (last + rng.integers(0, 200, len(who))).astype(np.int32)  # of one in twenty, after what else happened
        death = pa.array(death, pa.date32(), mask=rng.random(len(who)) > 0.05)
        columns = {"person_id": who, "grp": rng.integers(0, GROUPS, len(who)), "death_date": death}
        columns["death_cause"] = pa.nulls(len(who), pa.string())
        pq.write_table(pa.table(columns), folder / "person" / f"{first}.parquet", compression="zstd")
        left = (BORN + rng.integers(0, 4_000, len(who))).astype(np.int32)  # one in twenty
        left = pa.array(left, pa.date32(), mask=rng.random(len(who)) > 0.05)
        columns = {"person_id": who, "valid_from": pa.repeat(pa.scalar(BORN, pa.date32()), len(who)), "valid_to": left}
        pq.write_table(pa.table(columns), folder / "residence" / f"{first}.parquet", compression="zstd")


def drawn(rng: Any, who: Any) -> tuple[Any, Any, Any]:
    """Draw a discharge of each person and what follows it, and fill up with other events."""
    person, day = who, BORN + rng.integers(0, 3_500, len(who))
    parts = [(np.zeros(len(who), int), person, day)]
    for number, (low, high, share) in enumerate(ALONG.values(), 1):
        has = rng.random(len(person)) < share
        person, day = person[has], day[has] + rng.integers(low, high + 1, has.sum())
        parts.append((np.full(len(person), number), person, day))
    rest = EVENTS * len(who) - sum(len(part[1]) for part in parts)
    others = rng.integers(1 + len(ALONG), len(ITEMS), rest), rng.choice(who, rest), BORN + rng.integers(0, 3_700, rest)
    item, person, day = (np.concatenate(column) for column in zip(*parts, others, strict=True))
    return item, person, day


def ours(folder: Path) -> list[tuple[int, ...]]:
    """Follow the persons by the definition, and count."""
    engine = connect()
    person = engine.read_parquet(str(folder / "person" / "*.parquet"))
    event = engine.read_parquet(str(folder / "event" / "*.parquet"))
    home = engine.read_parquet(str(folder / "residence" / "*.parquet"))
    read = {name: memory_table(engine, name, tables()[name].schema.empty_table()) for name in TABLES}
    read |= {"event": event, "person": person, "residence": home}
    found = episodes(definition(), Along.read(read, KNOWN, {}))
    found = found.join(person.select("person_id", "grp"), "person_id")
    fates = {f"{item}_{fate}": count_if(found[f"{item}_fate"] == fate) for item in ALONG for fate in FATES}
    cells = found.group_by("grp").aggregate(n=found.count(), **fates).order_by("grp").to_pyarrow()
    return [tuple(row.values()) for row in cells.to_pylist()]


def definition() -> Pathway:
    """Return the pathway that the SQL follows."""
    before = ["index", *ALONG]
    steps = [
        {"id": item, "title": TEXT, "short": TEXT, "item": item, "after": last, "anchor": last, "days": days}
        for last, (item, days) in zip(before, WINDOWS.items(), strict=False)
    ]
    named = {"id": "cascade", "title": TEXT, "short": TEXT, "source": {"title": TEXT, "owner": "x"}}
    return Pathway.model_validate(
        {**named, "clock": "calendar_day", "index": {"item": "discharge", "rule": "first"}, "steps": steps}
    )


def by_sql(folder: Path) -> list[tuple[int, ...]]:
    """Count by SQL written by hand: a list of days for each kind of event, and of each list the first in its window."""
    steps, counts = [], []
    for k, (item, (low, high)) in enumerate(WINDOWS.items(), 1):
        last = f"least(t{k - 1} + {high}, died)"
        inside = f"list_filter({item}, lambda x: x BETWEEN t{k - 1} + {low} AND {last})"
        day = f"CASE WHEN t{k - 1} IS NOT NULL THEN list_min({inside}) END"
        steps.append(f"s{k} AS (SELECT *, {day} AS t{k} FROM s{k - 1})")  # noqa: S608 words of our own
        closed, ends = f"t0 + {LATEST[item]} <= {LAST}", f"t{k} IS NULL AND least(died, gone) <= t{k - 1} + {high}"
        counts.append(f"count(t{k}) FILTER ({closed}), count(*) FILTER ({closed} AND {ends} AND died <= gone)")
        counts.append(f"count(*) FILTER ({closed} AND {ends} AND gone < died), count(*) FILTER (NOT ({closed}))")
    query = SQL.format(
        lists=", ".join(f"list(day) FILTER (item = '{item}') AS {item}" for item in WINDOWS),
        items=", ".join(f"'{item}'" for item in WINDOWS),
        steps=", ".join(steps),
        counts=", ".join(counts),
        never=NEVER,
        event=folder / "event" / "*.parquet",
        person=folder / "person" / "*.parquet",
        residence=folder / "residence" / "*.parquet",
    )
    return list(connect().con.execute(query).fetchall())


def by_pandas(folder: Path) -> list[tuple[int, ...]]:
    """Follow them by joins of data frames, the smallest day of each person in each window, and count the fates."""
    kinds = [("item", "in", ["discharge", *WINDOWS]), ("status", "==", "active")]
    events = pq.read_table(folder / "event", columns=["person_id", "item", "date"], filters=kinds)
    events = events.set_column(2, "day", events["date"].cast(pa.int32())).to_pandas(strings_to_categorical=True)
    lives = pq.read_table(folder / "person", columns=["person_id", "grp", "death_date"])
    lives = lives.set_column(2, "died", lives["death_date"].cast(pa.int32())).to_pandas()
    days = {item: part.drop(columns="item") for item, part in events.groupby("item", observed=True)}
    found = days["discharge"].groupby("person_id", as_index=False).day.min().rename(columns={"day": "index"})
    found, before = found.merge(lives, on="person_id"), "index"
    found = found[~(found["index"] > found.died)].merge(_left(folder, found), on="person_id", how="left")
    after, gone_first = LAST - found["index"], ~(found.died <= found.gone.fillna(NEVER))
    for item, (low, high) in WINDOWS.items():
        near = found.loc[found[before].notna(), ["person_id", before, "died"]].merge(days[item], on="person_id")
        inside = (near.day >= near[before] + low) & (near.day <= near[before] + high) & ~(near.day > near.died)
        first = near[inside].groupby("person_id", as_index=False).day.min().rename(columns={"day": item})
        found = found.merge(first, on="person_id", how="left")
        ends = found[before] + high
        dead, gone = (found.died <= ends) & ~gone_first, found.gone <= ends
        fates = [after < LATEST[item], found[before].isna(), found[item].notna(), dead, gone]
        found[f"{item}_fate"] = np.select(fates, ["open", "before", "reached", "died", "emigrated"], "lost")
        before = item
    counted = {f"{item}_{fate}": found[f"{item}_fate"] == fate for item in WINDOWS for fate in FATES}
    cells = pd.DataFrame(counted).groupby(found.grp).sum()
    return [(int(grp), int(n), *map(int, cells.loc[grp])) for grp, n in found.groupby("grp").size().items()]


def _left(folder: Path, found: pd.DataFrame) -> pd.DataFrame:
    """Return the first day from the index on which somebody's residence ended and none began."""
    homes = pq.read_table(folder / "residence").to_pandas(date_as_object=False)
    ended = homes.loc[homes.valid_to.notna(), ["person_id", "valid_to"]].rename(columns={"valid_to": "gone"})
    begun = homes[["person_id", "valid_from"]].rename(columns={"valid_from": "gone"})
    ended = ended.merge(begun, how="left", indicator="side")
    ended = ended.loc[ended.side == "left_only", ["person_id", "gone"]].merge(found[["person_id", "index"]])
    ended["gone"] = (ended.gone - pd.Timestamp(0)).dt.days
    return ended[ended.gone >= ended["index"]].groupby("person_id", as_index=False).gone.min()


def timed(way: Callable[[Path], list[tuple[int, ...]]], folder: Path) -> tuple[float, list[tuple[int, ...]]]:
    """Return the least of the processors' seconds of some rounds, without start-up and imports, and the counts."""
    seconds, found = [], list[tuple[int, ...]]()
    for _ in range(ROUNDS):
        start = processor()
        found = way(folder)
        seconds.append(processor() - start)
    return min(seconds), found


def written(folder: Path, persons: int) -> None:
    """Fill a store with synthetic persons."""
    fill(Store.create(folder), persons=persons, seed=1, workers=Settings().workers)


def shipped(folder: Path, years: int) -> tuple[int, int]:
    """Return the rows of all pathways that are shipped in the last years, and the number of their steps."""
    known = catalogue.load()
    steps = tuple(i.id for p in known.pathways.values() for i in p.indicators)
    by = ("education", "income_quintile", "origin", "cohabitation", "sex")
    plan = known.plans["synthetic"]
    assert plan.years is not None
    asked = {"indicators": steps, "stratifiers": by, "years": (plan.years[1] - years + 1, plan.years[1])}
    plan = plan.model_copy(update={**asked, "stratifiers_of": {}})
    found = from_store(connect(folders=[folder]), Store.open(folder).current(), known, plan)
    return len(found), len(steps)


def main() -> None:
    """Write logs, count each way, and print the table."""
    given = arguments(__doc__, persons=1_000_000, largest=5)
    lines = []
    with tempfile.TemporaryDirectory() as name:
        for times in sorted({0.1, 1, given.largest}):
            persons = int(given.persons * times)
            folder = Path(name) / str(persons)
            took(write, folder, persons)
            mine = took(timed, ours, folder)
            cpu, found = mine.result
            lines.append(Line(f"{EVENTS * persons:,} events, processors", cpu, "s"))
            if times == 1:
                sql, frames = took(timed, by_sql, folder), took(timed, by_pandas, folder)
                assert found == sql.result[1] == frames.result[1], "the three ways must count the same"
                lines += [
                    Line("memory", mine.peak, "GB", 2.0),
                    Line("SQL written by hand, processors", sql.result[0], "s"),
                    Line("Lighed over SQL", cpu / sql.result[0], "times", 1.7),
                    Line("pandas, processors", frames.result[0], "s"),
                    Line("Lighed over pandas", cpu / frames.result[0], "times", 1 / 1.3),
                ]
        show(f"Pathways: four steps, {given.persons:,} persons", lines, write=given.write)
        store = Path(name) / "store"
        took(written, store, given.persons)
        lines = []
        for years, limit in ((FEW, 120.0), (TEN, None)):
            took(shipped, store, years)  # the person-years stand already
            again = took(shipped, store, years)
            rows, steps = again.result
            lines += [
                Line(f"{years} years: {steps} steps, {rows:,} rows, by the clock", again.wall, "s", limit),
                Line("the same, processors", again.cpu, "s"),
                Line("memory", again.peak, "GB"),
            ]
        events = Store.open(store).current().rows("event")
        title = f"Pathways: all that are shipped, 98 municipalities, 5 dimensions, {given.persons:,} persons"
        title += f", {events:,} events in {TEN} years"
        show(title, lines, write=given.write)


if __name__ == "__main__":
    main()
