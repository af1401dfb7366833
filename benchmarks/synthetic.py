"""A synthetic Denmark, one million persons over ten years unless said otherwise, written to a store."""

from __future__ import annotations

import tempfile
from pathlib import Path

from _table import Line, arguments, show, took
from lighed.core.settings import Settings
from lighed.sources.synthetic import fill, years
from lighed.store import Store


def written(folder: Path, persons: int, workers: int) -> float:
    """Fill a store; return the gigabytes on the disk."""
    fill(Store.create(folder), persons=persons, seed=1, workers=workers)
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 2**30


def main() -> None:
    """Write, and print the table."""
    given, workers = arguments(__doc__, persons=1_000_000), Settings().workers
    with tempfile.TemporaryDirectory() as name:
        made = took(written, Path(name), given.persons, workers, workers=workers)
    seconds = 120 * given.persons / 1_000_000
    lines = [
        Line("by the clock", made.wall, "s", seconds),
        Line(f"processors, a {workers}th part each", made.cpu / workers, "s", seconds),
        Line("memory, all processes", made.peak, "GB", 4),
        Line("on the disk", made.result, "GB"),
    ]
    show(f"Synthetic Denmark: {given.persons:,} persons × {len(years())} years", lines, write=given.write)


if __name__ == "__main__":
    main()
