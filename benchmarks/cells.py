"""Ten million person-years by eight outcomes: ``summarise`` beside the engine's own SQL for the same cells."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from _table import Line, arguments, show, took
from lighed import catalogue
from lighed.analysis.summarise import summarise
from lighed.core.condition import parse
from lighed.core.types import Indicator
from lighed.store.engine import connect

YEARS = range(2016, 2026)
LEVELS = ("short", "medium", "long", "unknown")
BENEFITS = ("none", "disability_pension", "cash", "unemployment", "sickness")
ITEMS = ("accident", "admission", "award", "contact")
ROUNDS = 3

PERSONS_SQL = """
SELECT year, area, sex, {band} AS band, education,
    {counts}
FROM people WHERE age >= 18 GROUP BY ALL
"""
EVENTS_SQL = """
SELECT item, year, area, sex, {band} AS band, education, count(*) AS events
FROM (SELECT DISTINCT item, person_id, year FROM events) JOIN people USING (person_id, year)
WHERE age >= 18 GROUP BY ALL
"""
BAND = "CASE WHEN age < 1 THEN 0 WHEN age < 5 THEN 1 WHEN age >= 90 THEN 90 ELSE age - age % 5 END"


def write(folder: Path, persons: int) -> None:
    """Write person-years as the store keeps them (divided by year, sorted), and events of a tenth of them."""
    rng, codes = np.random.default_rng(1), list(catalogue.load().attributes["population"])
    area, female = rng.integers(0, len(codes), persons), rng.random(persons) < 0.5
    age, education = rng.integers(0, 90, persons), rng.choice(len(LEVELS), persons, p=[0.24, 0.41, 0.30, 0.05])
    order = np.lexsort((education, age, female, area))
    for year in YEARS:
        benefit = rng.choice(len(BENEFITS), persons, p=[0.8, 0.06, 0.04, 0.05, 0.05])
        table = {
            "person_id": order,
            "area": words(area[order], codes),
            "sex": words(female[order].astype(int), ["male", "female"]),
            "age": pa.array(age[order] + year - YEARS[0], pa.int16()),
            "days": pa.array(np.full(persons, 365), pa.int32()),
            "education": words(education[order], LEVELS),
            "benefit": words(benefit, BENEFITS),
        }
        put(table, folder / "people" / f"year={year}")
        who = rng.choice(persons, persons // 10)
        put(
            {
                "person_id": who,
                "year": pa.array(np.full(len(who), year), pa.int32()),
                "item": words(rng.integers(0, len(ITEMS), len(who)), ITEMS),
                "category": pa.nulls(len(who), pa.string()),
                "amount": pa.nulls(len(who), pa.float64()),
            },
            folder / "events" / f"part={year}",
        )


def words(position: Any, known: Any) -> pa.Array:
    """Return words by their position."""
    return pa.array(list(known)).take(pa.array(position))


def put(columns: dict[str, Any], folder: Path) -> None:
    """Write a table as one Parquet file of a folder."""
    folder.mkdir(parents=True)
    pq.write_table(pa.table(columns), folder / "0.parquet", compression="zstd")


def outcomes() -> list[Indicator]:
    """Return eight definitions: four things that adults are, and four that happen to them."""
    model = next(i for i in catalogue.load().indicators.values() if i.basis == "person" and i.kind == "proportion")
    common = {"population": parse({"age": {"at_least": 18}}), "kind": "proportion", "basis": "person"}
    are = [{"id": name, "item": None, "numerator": parse({"benefit": {"is": name}})} for name in BENEFITS[1:]]
    happen = [{"id": name, "item": name, "numerator": parse({"item": {"exists": True}})} for name in ITEMS]
    return [model.model_copy(update=common | own) for own in (*are, *happen)]


def opened(folder: Path) -> tuple[Any, Any, Any]:
    """Return an engine with the person-years and the events before it."""
    engine = connect(folders=[folder])
    people = engine.read_parquet(
        str(folder / "people" / "*" / "*.parquet"), table_name="people", hive_partitioning=True
    )
    events = engine.read_parquet(str(folder / "events" / "*" / "*.parquet"), table_name="events")
    return engine, people.mutate(year=people.year.cast("int32")), events


def ours(folder: Path, wanted: list[Indicator]) -> dict[str, int]:
    """Count with ``summarise``; return the events of each outcome."""
    engine, people, events = opened(folder)
    table = summarise(engine, people, events, wanted, by="education").table
    sums = table.group_by("indicator").aggregate([("events", "sum")]).to_pylist()
    return {row["indicator"]: row["events_sum"] for row in sums}


def theirs(folder: Path) -> dict[str, int]:
    """Count with SQL written by hand; return the events of each outcome."""
    engine, _, _ = opened(folder)
    counts = ["count(*) AS n", *(f"count(*) FILTER (benefit = '{name}') AS {name}" for name in BENEFITS[1:])]
    persons = engine.raw_sql(PERSONS_SQL.format(band=BAND, counts=", ".join(counts))).to_arrow_table()
    happened = engine.raw_sql(EVENTS_SQL.format(band=BAND)).to_arrow_table()
    sums = happened.group_by("item").aggregate([("events", "sum")]).to_pylist()
    found = {name: sum(persons[name].to_pylist()) for name in BENEFITS[1:]}
    return found | {row["item"]: row["events_sum"] for row in sums}


def main() -> None:
    """Measure both, in turn, and print the table."""
    given = arguments(__doc__, persons=1_000_000)
    wanted = outcomes()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        took(write, folder, given.persons)
        pairs = [(took(ours, folder, wanted), took(theirs, folder)) for _ in range(ROUNDS)]
    assert all(own.result == sql.result for own, sql in pairs), "both ways count the same"
    own, sql = ([pair[k] for pair in pairs] for k in (0, 1))
    wall, cpu = ([min(getattr(t, of) for t in some) for some in (own, sql)] for of in ("wall", "cpu"))
    lines = [
        Line("summarise, by the clock", wall[0], "s"),
        Line("SQL, by the clock", wall[1], "s"),
        Line("summarise over SQL, by the clock", wall[0] / wall[1], "times", 1.5),
        Line("summarise over SQL, processors", cpu[0] / cpu[1], "times", 1.5),
        Line("memory of summarise", max(t.peak for t in own), "GB", 4),
    ]
    show(f"Cells: {given.persons * len(YEARS):,} person-years, {len(wanted)} outcomes", lines, write=given.write)


if __name__ == "__main__":
    main()
