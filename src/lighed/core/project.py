"""The folder of a project inside the secure zone, and where everything in it stands."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

PLAN = """id: "{id}"
title: {{da: "{name}", en: "{name}"}}
summary: {{da: "Ulighed i sundhed i {name}.", en: "Inequality in health in {name}."}}
policy: research_export        # or dst_publication, small_area, strict
years: [{first}, {last}]
front_area: "DK"               # the code of your own municipality where you hold only its persons
# Figures to compare with, from published tables in the HEAT Plus layout, in the folder tables/:
# tables:
#   - {{file: comparison.csv, citation: source, dimensions: {{"Kommune": areas}}, indicators: {{}}}}
# citations:
#   - {{id: source, title: {{da: "…", en: "…"}}}}
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project: ``lighed.yaml``, mappings, plans, the person store, its key, releases and accounts.

    Examples
    --------
    >>> Project(Path("aarhus")).store.as_posix()
    'aarhus/store'
    """

    folder: Path

    @classmethod
    def create(cls, folder: Path, *, first: int, last: int) -> Project:
        """Make the folders and a first plan; what is there already is left alone.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     made = Project.create(Path(folder) / "Aarhus", first=2016, last=2025)
        ...     [path.name for path in made.plans.iterdir()], made.key.name
        (['aarhus.yaml'], 'zone.key')
        """
        project = cls(folder)
        for part in (project.mappings, project.plans, project.inbox, project.tables):
            part.mkdir(parents=True, exist_ok=True)
        if not project.settings.exists():
            project.settings.write_text(
                yaml.safe_dump({"name": folder.name, "key": "zone.key"}, allow_unicode=True), "utf-8"
            )
        name = "".join(c if c.isalnum() else "_" for c in folder.name.lower()) or "project"
        if not any(project.plans.glob("*.yaml")):
            plan = PLAN.format(id=name, name=folder.name, first=first, last=last)
            (project.plans / f"{name}.yaml").write_text(plan, "utf-8")
        return project

    @property
    def settings(self) -> Path:
        """The project's settings file."""
        return self.folder / "lighed.yaml"

    @property
    def key(self) -> Path:
        """The key of the pseudonyms; a path outside the folder keeps it apart from the data."""
        given = yaml.safe_load(self.settings.read_text("utf-8")) if self.settings.is_file() else {}
        return self.folder / str((given or {}).get("key", "zone.key"))

    @property
    def store(self) -> Path:
        """The person store."""
        return self.folder / "store"

    @property
    def mappings(self) -> Path:
        """Mapping files, one for each kind of file."""
        return self.folder / "mappings"

    @property
    def plans(self) -> Path:
        """What releases are made of."""
        return self.folder / "plans"

    @property
    def tables(self) -> Path:
        """Published tables to compare with."""
        return self.folder / "tables"

    @property
    def inbox(self) -> Path:
        """Uploaded files, each under a name of its own making."""
        return self.folder / "inbox"

    @property
    def candidates(self) -> Path:
        """Releases that are built and not yet signed off."""
        return self.folder / "candidates"

    @property
    def internal(self) -> Path:
        """Editions in which nothing is withheld: they never leave the zone."""
        return self.folder / "internal"

    @property
    def releases(self) -> Path:
        """Releases that are signed off: what may leave the zone."""
        return self.folder / "releases"

    @property
    def accounts(self) -> Path:
        """Users, sessions and the log."""
        return self.folder / "accounts.db"
