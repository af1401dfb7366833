"""A release: the folder that may leave the secure zone. ``lighed.disclosure`` writes it, everything shown reads it.

::

    <release>/
    ├── manifest.json       what it is, how it was made, from what, of which files; its bytes depend on its inputs alone
    ├── definitions.json    the indicators, pathways, uses, stratifiers, areas and providers that its rows speak of
    ├── evaluations.json    what initiatives have done to each group and to the gap, where a definition takes its rows
    ├── audit.json          what was hidden and why it is enough (nothing that a hidden cell could be read from)
    └── area=<code>.parquet the estimates of one area, sorted
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from lighed.core.errors import ReleaseError
from lighed.core.estimates import SCHEMA, Estimates
from lighed.core.pathway import Pathway
from lighed.core.text import Text
from lighed.core.types import Area, CitedSource, Definition, Evaluation, Indicator, Level, Provider, Stratifier
from lighed.core.use import Use
from lighed.core.validation import Validation

FORMAT = 4
EVALUATIONS = "evaluations.json"


class Manifest(Definition):
    """What a release is and how it was made; ``files`` holds a digest of each of its other files."""

    format: int
    id: str
    title: Text
    summary: Text
    synthetic: bool
    policy: str
    policy_title: Text
    policy_explanation: Text
    front_area: str
    caveats: tuple[Text, ...]
    citations: tuple[CitedSource, ...]
    program: str
    catalogue: str
    inputs: dict[str, str]
    seed: int | None
    made: str
    files: dict[str, str]


class Evaluated(Definition):
    """An evaluation, the groups that it compares, and its rows; none where the release hides what it would need."""

    evaluation: Evaluation
    groups: tuple[Level, ...]
    rows: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Release:
    """A release folder, opened for reading."""

    folder: Path

    @classmethod
    def open(cls, folder: Path, *, internal: bool = False) -> Release:
        """Open a release; a folder that is none, of another format, without its audit record or damaged is refused.

        So is an internal edition, in which nothing is withheld, but where it is asked for.
        """
        release = cls(folder)
        if not (folder / "manifest.json").is_file():
            raise ReleaseError("no_release", folder=folder)
        if not (folder / "audit.json").is_file():
            raise ReleaseError("no_audit", folder=folder)
        for name, due in release.manifest.files.items():
            if not (folder / name).is_file() or digest(folder / name) != due:
                raise ReleaseError("release_damaged", folder=folder, file=name)
        if release.internal and not internal:
            raise ReleaseError("internal", folder=folder)
        return release

    @cached_property
    def manifest(self) -> Manifest:
        """What the release is and how it was made."""
        try:
            found = json.loads((self.folder / "manifest.json").read_text("utf-8"))
            if isinstance(found, dict) and found.get("format") != FORMAT:
                raise ReleaseError("release_format", folder=self.folder, found=found.get("format"), known=FORMAT)
            return Manifest.model_validate(found)
        except ValueError:
            raise ReleaseError("release_damaged", folder=self.folder, file="manifest.json") from None

    @cached_property
    def audit(self) -> dict[str, Any]:
        """The audit record: rules, counts of what was hidden, the checks made."""
        return dict(json.loads((self.folder / "audit.json").read_text("utf-8")))

    @property
    def internal(self) -> bool:
        """Whether it is the edition that never leaves the zone."""
        return self.audit.get("edition") == "internal"

    @cached_property
    def _definitions(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "definitions.json").read_text("utf-8")))

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """The indicators that have rows, by id, in the order of the catalogue."""
        return {i["id"]: _INDICATOR.validate_python(i) for i in self._definitions["indicators"]}

    @cached_property
    def pathways(self) -> dict[str, Pathway]:
        """The pathways whose steps have rows, by id."""
        return {p["id"]: _PATHWAY.validate_python(p) for p in self._definitions["pathways"]}

    @cached_property
    def uses(self) -> dict[str, Use]:
        """The uses that have rows, held against need, by id."""
        return {u["id"]: Use.model_validate(u) for u in self._definitions["uses"]}

    @cached_property
    def stratifiers(self) -> dict[str, Stratifier]:
        """The social dimensions that have rows, by id."""
        return {s["id"]: _STRATIFIER.validate_python(s) for s in self._definitions["stratifiers"]}

    @cached_property
    def areas(self) -> dict[str, Area]:
        """The areas that have rows, by code: country, regions, municipality groups, municipalities."""
        return {a["code"]: _AREA.validate_python(a) for a in self._definitions["areas"]}

    @cached_property
    def providers(self) -> dict[str, Provider]:
        """The providers that rows name and that have a definition, by id."""
        return {p["id"]: Provider.model_validate(p) for p in self._definitions["providers"]}

    @cached_property
    def evaluations(self) -> dict[str, Evaluated]:
        """What initiatives have done, by the id of the evaluation; worked out of the rows that are shown."""
        path = self.folder / EVALUATIONS
        found = json.loads(path.read_text("utf-8")) if path.is_file() else []
        return {one["evaluation"]["id"]: Evaluated.model_validate(one) for one in found}

    def estimates(self, area: str, indicator: str | None = None) -> Estimates:
        """Return the rows of one area, or of one indicator in it; an area without rows gives none."""
        return _read(self.folder / area_file(area), indicator)


_PATHWAY = TypeAdapter[Pathway](Validation | Pathway)
_INDICATOR, _STRATIFIER, _AREA = TypeAdapter(Indicator), TypeAdapter(Stratifier), TypeAdapter(Area)


@lru_cache(maxsize=64)
def _read(file: Path, indicator: str | None) -> Estimates:
    # A release never changes once it stands, so what was read once may be kept.
    wanted = None if indicator is None else [("indicator", "==", indicator)]
    return Estimates(pq.read_table(file, filters=wanted).cast(SCHEMA) if file.is_file() else SCHEMA.empty_table())


def current(folder: Path) -> Path | None:
    """Return the release that a folder of versions points at.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     before = current(Path(folder))
    ...     _ = (Path(folder) / "current").write_text("2026-11-22")
    ...     before, current(Path(folder)).name
    (None, '2026-11-22')
    """
    pointer = folder / "current"
    return folder / pointer.read_text("ascii").strip() if pointer.is_file() else None


def found_in(folder: Path) -> list[Path]:
    """Return the releases to serve of a folder: itself, the one it points at, or those of the folders in it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     for name in ("denmark", "synthetic", "synthetic.part"):
    ...         (Path(folder) / name).mkdir()
    ...         _ = (Path(folder) / name / "manifest.json").write_text("{}")
    ...     [release.name for release in found_in(Path(folder))]
    ['denmark', 'synthetic']
    """
    if (folder / "manifest.json").is_file():
        return [folder]
    pointed = current(folder)
    if pointed:
        return [pointed]
    # What was being written when the power went bears the ending .part.
    inside = sorted(inner for inner in folder.glob("*/") if inner.suffix != ".part")
    return [release for inner in inside for release in found_in(inner)]


def area_file(code: str) -> str:
    """Return the name of the file that holds an area's rows.

    Examples
    --------
    >>> area_file("0101")
    'area=0101.parquet'
    """
    return f"area={code}.parquet"


def digest(file: Path) -> str:
    """Return the digest of a file's bytes, as a manifest holds it.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "audit.json").write_text("{}")
    ...     digest(Path(folder) / "audit.json")[:8]
    '44136fa3'
    """
    return hashlib.sha256(file.read_bytes()).hexdigest()
