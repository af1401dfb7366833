"""Waiting for the steps of a pathway: the whole kind, from episodes before the engine to rows, in a synthetic store."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from _table import Line, arguments, processor, show, took
from lighed import catalogue as definitions
from lighed.analysis.build import Records
from lighed.analysis.parts import Told
from lighed.analysis.waiting import waiting
from lighed.sources.synthetic import fill
from lighed.store import Store
from lighed.store.engine import connect
from lighed.store.frame import person_years

PATHWAY = "rehabilitation"


def seconds(folder: Path) -> tuple[float, float, int]:
    """Return the processor's seconds for the episodes and for the rows of all their steps, and how many rows."""
    known, store = definitions.load(), Store(folder)
    engine, snapshot, plan = connect(folders=[folder]), store.current(), known.plans["synthetic"]
    assert plan.years is not None
    path = known.pathways[PATHWAY]
    years = range(plan.years[0], plan.years[1] + 1)
    people = person_years(engine, snapshot, known, years, {*path.stratifiers}).cache()
    start = processor()
    towns = sorted(people.area.topk(1000).to_pyarrow()["area"].to_pylist())
    by = [None, *(known.stratifiers[name] for name in path.stratifiers)]
    told = Told.of(path, Records(engine, snapshot).episodes(path), people, known, towns, by)
    there = processor()
    made = [*waiting(told)]
    return there - start, processor() - there, sum(map(len, made))


def main() -> None:
    """Fill a store and measure it."""
    given = arguments(__doc__, persons=60_000)
    with TemporaryDirectory() as folder:
        store = Store.create(Path(folder) / "store")
        fill(store, persons=given.persons, seed=7, workers=2)
        measured = took(seconds, store.folder)
    episodes, rows, count = measured.result
    lines = [
        Line("episodes", episodes, "s"),
        Line("all rows of waiting, without dimension and by each", rows, "s", 5.0),
        Line("rows", count, ""),
        Line("memory", measured.peak, "GB"),
    ]
    show(f"Waiting: {PATHWAY}, {given.persons:,} persons", lines, write=given.write)


if __name__ == "__main__":
    main()
