"""What a signed-in person can do in the secure zone. Every method asks ``may`` first and writes down what was done."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Literal

from lighed import catalogue
from lighed.catalogue import Catalogue
from lighed.core.accounts import Accounts, User, may
from lighed.core.errors import DefinitionError, LoadError, ReleaseError
from lighed.core.identifiers import masked
from lighed.core.office import Office
from lighed.core.project import Project
from lighed.core.release import Release, current
from lighed.core.text import Lang
from lighed.core.types import ReleasePlan
from lighed.disclosure import publish
from lighed.sources.draft import draft
from lighed.sources.heat_plus import is_heat
from lighed.sources.mapping import Mapping
from lighed.sources.raw import read
from lighed.store import Snapshot, Store
from lighed.store.ingest import Taken
from lighed.workbench import zone

CHUNK = 1 << 20
INTERNAL = "-internal"  # how the name of an internal edition ends
_CHANGING = threading.Lock()  # held while a candidate is taken away or put in the place of another
ID = re.compile("[0-9a-f]{16}")
ENDINGS = {".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".parquet"}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was uploaded: what its owner calls it, and who brought it. It lies under an id of our making."""

    id: str
    name: str
    size: int
    made_by: str
    at: str

    @property
    def ending(self) -> str:
        """The ending of the file's name, which says what kind of file it is."""
        return Path(self.name).suffix.lower()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A release that was built and waits for somebody else's signature; the id is another each time it is built."""

    plan: str
    folder: Path
    made_by: str
    id: str

    @property
    def release(self) -> Release:
        """The release, opened for reading."""
        return Release.open(self.folder)


class Desk(Office):
    """The work of one user in one project."""

    def __init__(self, project: Project, accounts: Accounts, user: User | None) -> None:
        super().__init__(accounts, user)
        self.project = project

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue with the project's own definitions."""
        return catalogue.load(self.project.folder)

    # --- what there is

    def snapshot(self) -> Snapshot | None:
        """Return the store as it stands; None before anything is loaded."""
        self._demand("see_zone")
        there = (self.project.store / "current").is_file()
        return Store.open(self.project.store).current() if there else None

    def uploads(self) -> list[Upload]:
        """Return the files that wait to be loaded, the newest first."""
        self._demand("see_zone")
        found = [self._upload(path.parent.name) for path in self.project.inbox.glob("*/about.json")]
        return sorted(found, key=lambda upload: (upload.at, upload.id), reverse=True)

    def upload(self, name: str) -> Upload:
        """Return an upload by its id."""
        self._demand("see_zone")
        return self._upload(name)

    def _upload(self, name: str) -> Upload:
        about = self.project.inbox / name / "about.json"
        if not ID.fullmatch(name) or not about.is_file():
            raise LoadError("no_upload")
        return Upload(**json.loads(about.read_text("utf-8")))

    def path_of(self, upload: Upload) -> Path:
        """Return where an upload lies."""
        return self.project.inbox / upload.id / f"file{upload.ending}"

    def plans(self) -> list[ReleasePlan]:
        """Return the project's own plans."""
        self._demand("see_zone")
        own = {path.stem for path in self.project.plans.glob("*.yaml")}
        return [plan for name, plan in self.catalogue.plans.items() if name in own]

    def candidates(self) -> list[Candidate]:
        """Return what was built and is not signed."""
        self._demand("see_zone")
        return [self._candidate(path.parent.name) for path in sorted(self.project.candidates.glob("*/by.json"))]

    def candidate(self, plan: str) -> Candidate:
        """Return what was built by a plan."""
        self._demand("see_zone")
        return self._candidate(plan)

    def _candidate(self, plan: str) -> Candidate:
        by = self.project.candidates / plan / "by.json"
        if plan not in {path.name for path in self.project.candidates.glob("*")} or not by.is_file():
            raise ReleaseError("no_candidate", plan=plan)
        return Candidate(plan, by.parent / "release", **json.loads(by.read_text("utf-8")))

    # --- files

    def take_upload(self, name: str, content: BinaryIO) -> Upload:
        """Put a file into the inbox, under an id of our making."""
        user, shown = self._demand("upload"), masked(Path(name.replace("\\", "/")).name)[-120:]
        if Path(shown).suffix.lower() not in ENDINGS:
            raise LoadError("upload_kind", known=", ".join(sorted(ENDINGS)))
        fresh = secrets.token_hex(8)
        folder = self.project.inbox / fresh
        folder.mkdir(parents=True, mode=0o700)
        try:
            with (folder / f"file{Path(shown).suffix.lower()}").open("wb") as file:
                shutil.copyfileobj(content, file, CHUNK)
                size = file.tell()
            upload = Upload(fresh, shown, size, user.name, _today())
            (folder / "about.json").write_text(json.dumps(asdict(upload)), "utf-8")
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._done("upload", fresh, f"{size} bytes")
        return upload

    def discard_upload(self, upload: Upload) -> None:
        """Delete a file from the inbox."""
        self._demand("upload")
        shutil.rmtree(self.project.inbox / upload.id)
        self._done("discard_upload", upload.id)

    def mapping_path(self, upload: Upload) -> Path:
        """Return where the mapping of an upload lies: files of the same name share it."""
        return zone.mapping_path(self.project, Path(upload.name))

    def mapping_text(self, upload: Upload, lang: Lang) -> str:
        """Return the mapping of an upload, or a draft of one."""
        self._demand("see_zone")
        path = self.mapping_path(upload)
        return path.read_text("utf-8") if path.is_file() else self.draft(upload, lang)

    def draft(self, upload: Upload, lang: Lang) -> str:
        """Return a new draft of the mapping of an upload."""
        self._demand("see_zone")
        return draft(self.path_of(upload), self.catalogue, lang, name=upload.name)

    def save_mapping(self, upload: Upload, text: str) -> None:
        """Keep the mapping of an upload as its text; a text that is no mapping is refused."""
        self._demand("map")
        path = self.mapping_path(upload)
        path.parent.mkdir(parents=True, exist_ok=True)
        waiting = path.with_suffix(".yaml.new")
        waiting.write_text(text, "utf-8")
        try:
            zone.read_mapping(waiting, unfinished=True)
        except DefinitionError:
            waiting.unlink()
            raise
        waiting.replace(path)
        self._done("map", path.name)

    def load(self, upload: Upload, *, dry_run: bool, replace: bool) -> Taken:
        """Load an upload under its mapping, or say what would happen; what is loaded is deleted from the inbox."""
        self._demand("try" if dry_run else "load")
        taken = zone.load_file(
            self.project,
            self.path_of(upload),
            self._mapping(upload),
            self.catalogue,
            dry_run=dry_run,
            replace=replace,
            name=upload.name,
        )
        self._done("try" if dry_run else "load", upload.id, f"{sum(taken.rows.values())} rows")
        if not dry_run:
            shutil.rmtree(self.project.inbox / upload.id)
        return taken

    def _mapping(self, upload: Upload) -> Mapping:
        return zone.read_mapping(self.mapping_path(upload))

    def is_table(self, upload: Upload) -> bool:
        """Return whether an upload is a table of published figures in WHO's layout."""
        self._demand("see_zone")
        return is_heat(read(self.path_of(upload), name=upload.name))

    def take_table(self, upload: Upload) -> Path:
        """Take a table of published figures into the project and its first plan."""
        self._demand("load")
        taken = zone.add_table(self.project, self.path_of(upload), self.catalogue, name=upload.name)
        if taken is None:
            raise LoadError("no_table")
        self._done("load", upload.id, "published figures")
        shutil.rmtree(self.project.inbox / upload.id)
        return taken[1]

    # --- releases

    def plan_text(self, plan: str) -> str:
        """Return a plan as its text."""
        self._demand("see_zone")
        return self._plan_path(plan).read_text("utf-8")

    def _plan_path(self, plan: str) -> Path:
        path = self.project.plans / f"{plan}.yaml"
        if path not in self.project.plans.glob("*.yaml"):
            raise ReleaseError("no_plan", plan=plan, known=", ".join(p.stem for p in self.project.plans.glob("*.yaml")))
        return path

    def save_plan(self, plan: str, text: str) -> None:
        """Keep a plan as its text; a text that is no plan is refused, and the earlier one stays."""
        self._demand("plan")
        path = self._plan_path(plan)
        before = path.read_text("utf-8")
        path.write_text(text, "utf-8")
        try:
            catalogue.load(self.project.folder)
        except DefinitionError:
            path.write_text(before, "utf-8")
            raise
        self._done("plan", plan)

    def build(self, plan: str, *, made: str | None = None) -> Candidate:
        """Build a release as a candidate; an earlier candidate of the plan gives way."""
        user = self._demand("build")
        by = {"made_by": user.name, "id": secrets.token_hex(8)}
        self._build(plan, self.project.candidates / plan, "public", by, made or _today())
        self._done("build", plan)
        return self._candidate(plan)

    def build_internal(self, plan: str) -> str:
        """Build the internal edition of a release, and return its name; an earlier one gives way."""
        user, name = self._demand("internal"), plan + INTERNAL
        self._build(plan, self.project.internal / name, "internal", {"made_by": user.name}, _today())
        self._done("internal", name)
        return name

    def _build(
        self, plan: str, target: Path, edition: Literal["public", "internal"], by: dict[str, str], made: str
    ) -> None:
        self._plan_path(plan)
        known = self.catalogue
        waiting = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        waiting.mkdir(parents=True, mode=0o700)
        try:
            chosen = zone.plan_of(known, plan, self.project)
            estimates, inputs, seed = zone.estimated(
                known,
                chosen,
                store=self.project.store,
                tables=self.project.tables,
                key=self.project.key,
                edition=edition,
            )
            named = chosen if edition == "public" else chosen.model_copy(update={"id": chosen.id + INTERNAL})
            ledger = zone.earlier(self.project.releases)
            folder = waiting / "release"
            publish(
                estimates,
                named,
                known,
                folder,
                inputs=inputs,
                made=made,
                seed=seed,
                ledger=ledger,
                edition=edition,
            )
            (waiting / "by.json").write_text(json.dumps(by), "utf-8")
            with _CHANGING:
                shutil.rmtree(target, ignore_errors=True)
                waiting.replace(target)
        except BaseException:
            shutil.rmtree(waiting, ignore_errors=True)
            raise

    def internal(self, name: str, path: str) -> Release | None:
        """Return the internal edition of that name, to show a page of it; None when there is no such name."""
        if not name.endswith(INTERNAL):
            return None
        self._demand("internal")
        if name not in {one.name for one in self.project.internal.glob(f"*{INTERNAL}")}:
            raise ReleaseError("no_internal", plan=name.removesuffix(INTERNAL))
        self._done("read_internal", name, masked(path)[:120])
        return Release.open(self.project.internal / name / "release", internal=True)

    def internals(self) -> list[str]:
        """Return the names of the internal editions, for those who may see them."""
        allowed = may(self.user, "internal")
        return sorted(one.name for one in self.project.internal.glob(f"*{INTERNAL}")) if allowed else []

    def changed_rules(self, candidate: Candidate) -> dict[str, tuple[Any, Any]]:
        """Return the rules of a candidate that are other than before, each as it was and as it is.

        Before is the release in force; of the first one, the policy of that name as the program has it.
        """
        self._demand("see_zone")
        release, in_force = candidate.release, current(self.project.releases / candidate.plan)
        shipped = catalogue.load().policies.get(release.manifest.policy)
        before = Release.open(in_force).audit.get("rules", {}) if in_force else shipped.rules if shipped else {}
        now = release.audit.get("rules", {})
        pairs = {name: (before.get(name), now.get(name)) for name in sorted({*before, *now})}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def sign_off(self, candidate: Candidate, *, seen: str, rules: bool = False) -> Path:
        """Put the candidate in force whose id one has seen; never one that one built oneself.

        Where the rules have changed, it takes that one approves of the `rules` too.
        """
        user = self._demand("sign_off", candidate)
        with _CHANGING:
            if seen != self._candidate(candidate.plan).id:
                raise ReleaseError("rebuilt")
            changed = self.changed_rules(candidate)
            if changed and not rules:
                raise ReleaseError("rules_changed")
            by = {"by": user.name, "built_by": candidate.made_by}
            target = zone.sign_off(self.project, candidate.plan, candidate.folder, **by)
            shutil.rmtree(candidate.folder.parent)
        said = "".join(f"; {name}: {before} → {now}" for name, (before, now) in changed.items())
        self._done("sign_off", f"{candidate.plan}/{target.name}", f"built by {candidate.made_by}{said}")
        return target

    def register(self) -> list[dict[str, Any]]:
        """Return every release that was put in force, the newest first."""
        self._demand("see_zone")
        return zone.register(self.project.releases)

    def discard(self, candidate: Candidate) -> None:
        """Delete a candidate."""
        self._demand("discard")
        with _CHANGING:
            shutil.rmtree(candidate.folder.parent)
        self._done("discard", candidate.plan)


def _today() -> str:
    return date.today().isoformat()  # noqa: DTZ011 - the day where the user is
