"""What the tests of files stand on: a project to load into, and what a command gave back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lighed.catalogue import Catalogue
from lighed.core.project import Project
from lighed.store import Store
from lighed.store.ingest import Taken
from lighed.workbench import zone


@dataclass(frozen=True)
class Ran:
    """What a command gave back, and what it wrote."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@dataclass(frozen=True)
class Zone:
    """A project folder: files are put beside it, loaded into it, and its store is looked at."""

    project: Project
    catalogue: Catalogue

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.project.folder.parent / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, path: Path, mapping: str, **given: Any) -> Taken:
        read = zone.parsed(mapping, Path("mapping.yaml"))
        return zone.load_file(self.project, path, read, self.catalogue, **{"dry_run": False, "replace": False} | given)

    def rows(self, table: str) -> list[dict[str, Any]]:
        paths = Store.open(self.project.store).current().paths(table)
        return pa.concat_tables([pq.read_table(path) for path in paths]).to_pylist() if paths else []

    def digest(self) -> dict[str, str]:
        """Every file of the store but the lock."""
        found = (path for path in self.project.store.rglob("*") if path.is_file() and path.name != "lock")
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def new_zone(folder: Path, catalogue: Catalogue) -> Zone:
    """A project with nothing in its store."""
    found = Project.create(folder, first=2019, last=2021)
    zone.first_key(found)
    Store.create(found.store)
    return Zone(found, catalogue)
