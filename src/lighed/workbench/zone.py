"""What is done inside the secure zone, by pages and by commands alike: load a file, build a release, sign it off."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from lighed.analysis.build import from_store
from lighed.analysis.published import from_tables
from lighed.analysis.tallies import from_tallies
from lighed.catalogue import Catalogue
from lighed.catalogue.load import BUILT_IN, parse_yaml, validated
from lighed.core.accounts import Accounts, may
from lighed.core.durable import put_in_place, write_durably
from lighed.core.errors import LoadError, ReleaseError
from lighed.core.estimates import Estimates
from lighed.core.keys import make_key, read_key, sealed
from lighed.core.progress import working
from lighed.core.project import Project
from lighed.core.release import Release, current
from lighed.core.text import LANGUAGES, Lang
from lighed.core.types import ReleasePlan
from lighed.disclosure import publish
from lighed.disclosure.ledger import Ledger, enter
from lighed.disclosure.rounding import rounding
from lighed.sources.draft import draft, draft_dimension, draft_table, identifier
from lighed.sources.files import load
from lighed.sources.heat_plus import read_heat, write_heat
from lighed.sources.mapping import Mapping, Period
from lighed.store import Store
from lighed.store.engine import connect
from lighed.store.ingest import Taken

LEDGER = "ledger"  # beside the releases


def note(project: Project, action: str, thing: str, detail: str = "") -> None:
    """Write in the project's log what was done on the command line, and by which user of the machine."""
    Accounts(project.accounts).record(whoever(), action, thing, detail)


def whoever() -> str:
    """Return who gives a command, as far as the machine says it."""
    return f"{getpass.getuser()} (cli)"


def two_persons(project: Project) -> bool:
    """Return whether the project has somebody to sign, so that nobody puts alone in force what they built."""
    return any(may(user, "sign_off", Work("")) for user in Accounts(project.accounts).users())


@dataclass(frozen=True, slots=True)
class Work:
    """What somebody made."""

    made_by: str


@dataclass(frozen=True, slots=True)
class Built:
    """A release that was built, and whether it is new."""

    release: Release
    rows: int
    new: bool


def mapping_path(project: Project, file: Path) -> Path:
    """Return where the mapping of a file lies, by the file's name."""
    return project.mappings / f"{identifier(file.stem)}.yaml"


def draft_mapping(
    project: Project, file: Path, catalogue: Catalogue, lang: Lang, *, dimensions: Collection[str] = ()
) -> tuple[Path, bool]:
    """Write a draft of the mapping of a file, and say whether it is new; one that is there already is left alone."""
    path = mapping_path(project, file)
    if path.exists():
        return path, False
    path.write_text(draft(file, catalogue, lang, dimensions=dimensions), "utf-8")
    return path, True


def add_dimension(project: Project, file: Path, column: str, lang: Lang) -> list[Path]:
    """Write the definitions of a social dimension of the project's own, drafted from a column of a file."""
    texts = draft_dimension(file, column, lang)
    paths = [project.folder / kind / f"{identifier(column)}.yaml" for kind in ("dimensions", "stratifiers")]
    for path, text in zip(paths, texts, strict=True):
        path.parent.mkdir(exist_ok=True)
        if not path.exists():
            path.write_text(text, "utf-8")
    return paths


def add_table(
    project: Project, file: Path, catalogue: Catalogue, *, name: str | None = None
) -> tuple[Path, Path] | None:
    """Take a table of published figures into the project and its first plan; None when the file is no such table."""
    drafted = draft_table(file, catalogue, name=name)
    if drafted is None:
        return None
    table = project.tables / f"{identifier(Path(name or file.name).stem)}.csv"
    project.tables.mkdir(parents=True, exist_ok=True)
    write_heat(read_heat(file, name=name), table)
    plan = min(project.plans.glob("*.yaml"))
    text = plan.read_text("utf-8")
    for heading, line in zip(("tables:", "citations:"), drafted, strict=True):
        if line not in text:
            lined = re.sub(rf"(?m)^{heading}.*$", lambda found: f"{found[0]}\n{line}", text, count=1)  # noqa: B023
            text = lined if lined != text else f"{text.rstrip()}\n{heading}\n{line}\n"
    plan.write_text(text, "utf-8")
    return table, plan


def parsed(text: str, path: Path) -> Mapping:
    """Return the mapping that a text is; `path` is where it stands, for the message when it is none."""
    return validated(Mapping, parse_yaml(text, path), path)


def read_mapping(path: Path, *, unfinished: bool = False) -> Mapping:
    """Read a mapping file; one with a question mark or an empty year left in it is refused, unless it may be so yet."""
    mapping = parsed(path.read_text("utf-8"), path)
    asked = [name for name, column in mapping.columns.items() if "?" in column.codes.values()]
    if not unfinished and asked:
        raise LoadError("codes_asked", path=path.name, columns=", ".join(asked))
    if not unfinished and mapping.period == Period():
        raise LoadError("year_asked", path=path.name)
    return mapping


def first_key(project: Project) -> None:
    """Make the key of the pseudonyms, unless something is stored: with another key its persons would become others."""
    if not (project.store / "current").is_file() or not Store.open(project.store).current().loads:
        make_key(project.key)


def load_file(
    project: Project,
    path: Path,
    mapping: Mapping,
    catalogue: Catalogue,
    *,
    dry_run: bool,
    replace: bool,
    name: str | None = None,
) -> Taken:
    """Take a file into the project's store."""
    first_key(project)
    store, key = Store.create(project.store), read_key(project.key)
    with working("load"):
        return load(store, path, mapping, catalogue, key=key, dry_run=dry_run, replace=replace, name=name)


def plan_of(catalogue: Catalogue, name: str | None, project: Project | None) -> ReleasePlan:
    """Return the plan of that name; without one, the project's own if it has just one."""
    own = sorted(path.stem for path in project.plans.glob("*.yaml")) if project else []
    wanted = name or (own[0] if len(own) == 1 else "")
    if wanted not in catalogue.plans:
        raise ReleaseError("no_plan", plan=wanted, known=", ".join(own or sorted(catalogue.plans)))
    return catalogue.plans[wanted]


def estimated(
    catalogue: Catalogue,
    plan: ReleasePlan,
    *,
    store: Path | None,
    tables: Path,
    key: Path | None = None,
    edition: Literal["public", "internal"] = "public",
) -> tuple[Estimates, dict[str, str], int | None]:
    """Compute everything a plan asks for: from the persons of the store, and from published tables.

    With it the digests of what it was made of: those of files of persons under the `key` of the zone. Where the policy
    rounds it is all of rounded counts, but in the internal edition.
    """
    parts, inputs, seed = [], dict[str, str](), None
    rounds = rounding(catalogue.policies[plan.policy]) if edition == "public" else None
    if plan.years:
        assert store is not None
        snapshot = Store.open(store).current()
        engine = connect(folders=[store])
        parts.append(from_store(engine, snapshot, catalogue, plan, rounding=rounds))
        if not rounds:
            parts.append(from_tallies(engine, snapshot, catalogue, plan))
        inputs |= _sealed(snapshot.inputs, key) if key else snapshot.inputs
        seed = next((int(load.file.rpartition(" ")[2]) for load in snapshot.loads if load.source == "synthetic"), None)
    if plan.tables:
        parts.append(from_tables(catalogue, plan, tables))
        inputs |= {table.file: _digest(tables / table.file) for table in plan.tables}
    return Estimates.concat(parts), inputs, seed


def _sealed(inputs: dict[str, str], key: Path) -> dict[str, str]:
    """The digests under the zone's key; where the key is not at hand, the files are named and no more."""
    known = read_key(key) if inputs and key.is_file() else None
    return {name: sealed(digest, known) if known else "" for name, digest in inputs.items()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def build(
    catalogue: Catalogue,
    plan: ReleasePlan,
    *,
    store: Path | None,
    tables: Path | None,
    versions: Path,
    made: str,
    key: Path | None = None,
) -> Built:
    """Build a release as the next version below `versions`; an equal one that stands there is taken instead."""
    ledger, public = earlier(versions.parent), BUILT_IN / "published"
    estimates, inputs, seed = estimated(catalogue, plan, store=store, tables=tables or public, key=key)
    versions.mkdir(parents=True, exist_ok=True)
    taken = [int(path.name) for path in versions.iterdir() if path.name.isdecimal()]
    folder = versions / str(max(taken, default=0) + 1)
    release = publish(estimates, plan, catalogue, folder, inputs=inputs, made=made, seed=seed, ledger=ledger)
    twin = next((versions / str(n) for n in sorted(taken) if same(versions / str(n), folder)), None)
    if twin:
        shutil.rmtree(folder)
        return Built(Release.open(twin), len(estimates), new=False)
    return Built(release, len(estimates), new=True)


def same(one: Path, other: Path) -> bool:
    """Return whether two release folders show the same; that one was tried together with the other is no difference."""
    said = [Release(folder).manifest for folder in (one, other)]
    apart = [manifest.model_copy(update={"files": manifest.files | {"audit.json": ""}}) for manifest in said]
    return apart[0] == apart[1]


def earlier(releases: Path) -> Ledger:
    """Read the ledger of all releases of a project; what stands there without being in it is entered first."""
    for manifest in sorted(releases.glob("*/*/manifest.json")):
        if manifest.parent.name.isdecimal():
            enter(releases / LEDGER, manifest.parent)
    return Ledger.open(releases / LEDGER)


def point_at(versions: Path, release: Path) -> None:
    """Put a version in force, in one step; it is in the ledger by then."""
    enter(versions.parent / LEDGER, release)
    write_durably(versions / "current", release.name)


def sign_off(project: Project, plan: str, candidate: Path, *, by: str, built_by: str) -> Path:
    """Move a candidate among the releases and put it in force; who signed stands in a log, not in the release.

    One that was not held against all that has been published by now is refused.
    """
    audit = Release.open(candidate).audit
    if audit["audited"] and audit.get("earlier", 0) != earlier(project.releases).releases:
        raise ReleaseError("ledger_grew")
    versions = project.releases / plan
    versions.mkdir(parents=True, exist_ok=True)
    taken = [int(path.name) for path in versions.iterdir() if path.name.isdecimal()]
    target = versions / str(max(taken, default=0) + 1)
    waiting = target.with_name(target.name + ".part")
    shutil.rmtree(waiting, ignore_errors=True)
    shutil.copytree(candidate, waiting)
    put_in_place(waiting, target)
    sign(target, by=by, built_by=built_by)
    point_at(versions, target)
    return target


def sign(release: Path, *, by: str, built_by: str) -> None:
    """Write down beside a release who put it in force, who built it, and when."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with (release.parent / "signed.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"release": release.name, "by": by, "built_by": built_by, "at": at}) + "\n")
        file.flush()
        os.fsync(file.fileno())


def register(releases: Path) -> list[dict[str, Any]]:
    """Return every release that was put in force, the newest first: who, when, by which rules, what the audit found."""
    found = []
    for signed in releases.glob("*/signed.jsonl"):
        in_force = current(signed.parent)
        for line in map(json.loads, signed.read_text("utf-8").splitlines()):
            release = Release.open(signed.parent / line["release"])
            manifest = release.manifest
            title = {lang: manifest.title[lang] for lang in LANGUAGES}
            made = {"id": manifest.id, "title": title, "made": manifest.made, "policy": manifest.policy}
            force = {"in_force": in_force is not None and in_force.name == line["release"]}
            found.append({"built_by": "", "at": ""} | line | made | force | {"audit": release.audit})
    return sorted(found, key=lambda one: (one["at"], one["id"], int(one["release"])), reverse=True)
