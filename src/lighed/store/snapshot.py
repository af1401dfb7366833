"""Versioned snapshots: immutable Parquet files, a manifest that lists them, and a pointer flipped in one step.

::

    <store>/
    ├── current               the number of the snapshot in force
    ├── snapshots/<n>.json    which files make up each table, and which loads they came from
    ├── data/<table>/*.parquet
    ├── frames/               person-years made from a snapshot (may be deleted at any time)
    └── lock                  held while something is being written

A reader opens the files of the snapshot that was in force when it began; a writer adds files and then flips the
pointer. Whatever stops a writer before the flip leaves the store exactly as it was, but for files that no snapshot
lists, which the next writer removes.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from lighed.core.durable import flush, write_durably
from lighed.core.errors import StoreError
from lighed.store.schema import Table, tables

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Load:
    """One file (or source) that was taken in: what it was, and what it gave."""

    mapping: str
    file: str
    digest: str
    rows: dict[str, int]
    source: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store as it stands at one moment."""

    folder: Path
    number: int
    files: dict[str, tuple[dict[str, str], ...]]
    loads: tuple[Load, ...]

    def paths(self, table: str) -> list[Path]:
        """Return the Parquet files of a table."""
        return [self.folder / "data" / table / entry["file"] for entry in self.files.get(table, ())]

    def rows(self, table: str) -> int:
        """Return how many rows a table has."""
        return sum(pq.read_metadata(path).num_rows for path in self.paths(table))

    def read(self, engine: Any, table: str) -> Any:
        """Return a table before `engine`; a table without rows has its columns all the same."""
        paths = self.paths(table)
        if paths:
            rows = engine.read_parquet([str(path) for path in paths], table_name=f"{table}_{uuid.uuid4().hex[:8]}")
            return rows if len(paths) == 1 or table not in ONE_ROW else _joined(rows, tables()[table])
        empty = _schema(table).empty_table()
        return engine.create_table(f"{table}_{uuid.uuid4().hex[:8]}", empty, temp=True)

    @property
    def inputs(self) -> dict[str, str]:
        """What the snapshot was made from, by file name: the digests that travel with every release."""
        return {f"{load.mapping}/{load.file}": load.digest for load in self.loads}


ONE_ROW = {"person", "parent"}  # several files may each know a part of the same row


def _joined(rows: Any, table: Table) -> Any:
    """One row per key, with what any of the files knows."""
    others = [column for column in table.columns if column not in table.key]
    return (
        rows.group_by(list(table.key))
        .aggregate(**{column: rows[column].max() for column in others})
        .select(*table.columns)
    )


IDENTITY = pa.schema([("kind", pa.string()), ("key", pa.string()), ("number", pa.int64())])


def _schema(table: str) -> pa.Schema:
    return IDENTITY if table == "identity" else tables()[table].schema


@dataclass(frozen=True, slots=True)
class Store:
    """The folder of a person store."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Store:
        """Make an empty store, or open the one that stands there."""
        if not (folder / "current").is_file():
            (folder / "snapshots").mkdir(parents=True, exist_ok=True)
            (folder / "data").mkdir(exist_ok=True)
            store = cls(folder)
            store._write_manifest(Snapshot(folder, 0, {}, ()))
            store._point_at(0)
        return cls(folder)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open a store that exists."""
        if not (folder / "current").is_file():
            raise StoreError("no_store", folder=folder)
        return cls(folder)

    def current(self) -> Snapshot:
        """Return the snapshot in force."""
        number = int((self.folder / "current").read_text("ascii"))
        found = json.loads((self.folder / "snapshots" / f"{number}.json").read_text("utf-8"))
        loads = tuple(Load(**load) for load in found["loads"])
        return Snapshot(self.folder, number, {t: tuple(files) for t, files in found["files"].items()}, loads)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Open the store for adding; on leaving, all that was added is in force, or, after an error, nothing."""
        lock = FileLock(self.folder / "lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise StoreError("locked", folder=self.folder) from None
        with lock:
            self._sweep()
            writer = Writer(self, self.current())
            try:
                yield writer
            except BaseException:
                writer.discard()
                raise
            writer.commit()

    def _sweep(self) -> None:
        # A writer that was killed before its flip leaves files that no snapshot lists.
        listed = {path for file in (self.folder / "snapshots").glob("*.json") for path in _listed(self.folder, file)}
        for path in (self.folder / "data").rglob("*.parquet"):
            if path not in listed:
                path.unlink()

    def _write_manifest(self, snapshot: Snapshot) -> None:
        found = {
            "format": FORMAT,
            "files": {table: list(files) for table, files in sorted(snapshot.files.items())},
            "loads": [{name: getattr(load, name) for name in Load.__slots__} for load in snapshot.loads],
        }
        write_durably(self.folder / "snapshots" / f"{snapshot.number}.json", json.dumps(found, indent=1))

    def _point_at(self, number: int) -> None:
        write_durably(self.folder / "current", str(number))


def _listed(folder: Path, manifest: Path) -> list[Path]:
    files = json.loads(manifest.read_text("utf-8"))["files"]
    return [folder / "data" / table / entry["file"] for table, entries in files.items() for entry in entries]


class Writer:
    """What one writer adds to the store, in force only after ``commit``."""

    def __init__(self, store: Store, base: Snapshot) -> None:
        self.store, self.base = store, base
        self.files = {table: list(entries) for table, entries in base.files.items()}
        self.loads = list(base.loads)
        self._added: list[Path] = []

    def knows(self, digest: str) -> bool:
        """Return whether a file with this digest was taken in already."""
        return any(load.digest == digest for load in self.loads)

    def drop(self, mapping: str, file: str) -> None:
        """Leave out what an earlier load of the same file under the same mapping gave."""
        gone = {load.digest for load in self.loads if (load.mapping, load.file) == (mapping, file)}
        self.loads = [load for load in self.loads if load.digest not in gone]
        # Identities stay: a number that was given once must never be given to somebody else.
        self.files = {
            t: [entry for entry in entries if t == "identity" or entry["load"] not in gone]
            for t, entries in self.files.items()
        }

    def open_table(self, table: str, digest: str) -> pq.ParquetWriter:
        """Open a new Parquet file of `table` for a source that writes batch by batch; the caller closes it."""
        return pq.ParquetWriter(self._new_file(table, digest), _schema(table), compression="zstd")

    def add(self, table: str, rows: pa.Table, digest: str) -> None:
        """Add rows to a table."""
        if rows.num_rows:
            pq.write_table(rows.cast(_schema(table)), self._new_file(table, digest), compression="zstd")

    def _new_file(self, table: str, digest: str) -> Path:
        folder = self.store.folder / "data" / table
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{uuid.uuid4().hex}.parquet"
        self._added.append(path)
        self.files.setdefault(table, []).append({"file": path.name, "load": digest})
        return path

    def record(self, load: Load) -> None:
        """Write down what was taken in."""
        self.loads.append(load)

    def changed(self) -> bool:
        """Return whether there is anything to put in force."""
        return (
            self.files != {t: list(entries) for t, entries in self.base.files.items()}
            or list(self.base.loads) != self.loads
        )

    def discard(self) -> None:
        """Remove the files that were added."""
        for path in self._added:
            path.unlink(missing_ok=True)

    def snapshot(self) -> Snapshot:
        """Return the store as it will stand after ``commit``."""
        files = {table: tuple(entries) for table, entries in self.files.items() if entries}
        return Snapshot(self.store.folder, self.base.number + 1, files, tuple(self.loads))

    def commit(self) -> None:
        """Put what was added in force: first the files, then the manifest, then, in one step, the pointer."""
        if self.changed():
            for path in {place for file in self._added for place in (file, file.parent, file.parent.parent)}:
                flush(path)
            self.store._write_manifest(self.snapshot())  # noqa: SLF001 - the store's other half
            self.store._point_at(self.base.number + 1)  # noqa: SLF001


def forget_frames(store: Store) -> None:
    """Delete the person-years that were made from earlier snapshots."""
    shutil.rmtree(store.folder / "frames", ignore_errors=True)
