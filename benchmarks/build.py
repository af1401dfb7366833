"""A release from a store that stands: the first build, one with kept person-years, and the protection of each."""

from __future__ import annotations

import tempfile
from pathlib import Path

from _table import Line, arguments, processor, show, took
from lighed import catalogue
from lighed.analysis.build import from_store
from lighed.core.settings import Settings
from lighed.disclosure import publish
from lighed.sources.synthetic import fill
from lighed.store import Store
from lighed.store.engine import connect


def written(folder: Path, persons: int) -> None:
    """Fill a store."""
    fill(Store.create(folder), persons=persons, seed=1, workers=Settings().workers)


def built(folder: Path, release: Path) -> tuple[int, float, float]:
    """Build and publish a release; return its rows, and the seconds of the processors for each of the two."""
    known, snapshot = catalogue.load(), Store.open(folder).current()
    plan, start = known.plans["synthetic"], processor()
    found = from_store(connect(folders=[folder]), snapshot, known, plan)
    half = processor()
    publish(found, plan, known, release, inputs=snapshot.inputs, made="2026-01-01", seed=1)
    return len(found), half - start, processor() - half


def main() -> None:
    """Build twice, and print the table."""
    given = arguments(__doc__, persons=100_000)
    with tempfile.TemporaryDirectory() as name:
        store = Path(name) / "store"
        took(written, store, given.persons)
        first, again = (took(built, store, Path(name) / f"release-{k}") for k in (1, 2))
    rows, estimating, publishing = again.result
    lines = [
        Line("the first build, by the clock", first.wall, "s"),
        Line("the first build, processors", first.cpu, "s"),
        Line("memory of the first build", first.peak, "GB"),
        Line("with kept person-years, by the clock", again.wall, "s"),
        Line(f"the estimates of it ({rows:,} rows), processors", estimating, "s"),
        Line("protecting and writing them, processors", publishing, "s"),
        Line("memory with kept person-years", again.peak, "GB"),
    ]
    show(f"Build: {given.persons:,} persons", lines, write=given.write)


if __name__ == "__main__":
    main()
