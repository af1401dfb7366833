"""Real processes are killed at any moment: nothing is lost or doubled, and what was acknowledged is there.

A few kills here; ``make attack`` makes 200 of each kind (``LIGHED_KILLS``).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lighed.catalogue import Catalogue
from lighed.core.accounts import Accounts
from lighed.core.errors import DataError
from lighed.core.project import Project
from lighed.core.release import Release, current
from lighed.disclosure import publish
from lighed.store import snapshot
from lighed.workbench import zone
from tests.attacks.town import MADE, Town
from tests.disclosure.tables import CATALOGUE, table
from tests.disclosure.test_release import town
from tests.zones import Zone, new_zone

KILLS = int(os.environ.get("LIGHED_KILLS", "2"))
FILES, PERSONS = 12, 50
MAPPING = "{id: m, period: {year: 2020}, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}}}"


def program(*words: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "lighed.cli", *map(str, words)]
    environment = os.environ | {"LIGHED_LANG": "en"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)


def numbers(file: int) -> list[str]:
    return [f"{1 + k % 28:02}{1 + file:02}70{k:04}" for k in range(PERSONS)]


def put(made: Zone) -> list[Path]:
    rows = {k: "".join(f"{number};0101\n" for number in numbers(k)) for k in range(FILES)}
    return [made.put(f"file{k}.csv", f"CPR;KOMNR\n{text}") for k, text in rows.items()]


def read(folder: Path) -> tuple[list[str], Counter[str], int]:
    """What a store holds, read without the program: names of loads, rows by load, and how many persons are known."""
    number = int((folder / "current").read_text())
    found = json.loads((folder / "snapshots" / f"{number}.json").read_text())
    rows: Counter[str] = Counter()
    for entry in found["files"].get("residence", ()):
        persons = pq.read_table(folder / "data" / "residence" / entry["file"])["person_id"].to_pylist()
        assert len({*persons}) == len(persons)
        rows[entry["load"]] += len(persons)
    keys = [
        key
        for entry in found["files"].get("identity", ())
        for key in pq.read_table(folder / "data" / "identity" / entry["file"])["key"].to_pylist()
    ]
    assert len({*keys}) == len(keys)
    names = {load["digest"]: load["file"] for load in found["loads"]}
    return list(names.values()), Counter({names[digest]: count for digest, count in rows.items()}), len(keys)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_load_that_is_killed_keeps_whole_files_and_all_that_it_acknowledged(
    seed: int, catalogue: Catalogue, tmp_path: Path
) -> None:
    made, chance = new_zone(tmp_path / "project", catalogue), random.Random(seed)
    files, mapping = put(made), made.put("m.yaml", MAPPING)
    names = [path.name for path in files]
    with program("load", *files, "--mapping", mapping, "--project", made.project.folder) as process:
        assert process.stdout
        said = process.stdout.readline() if seed % 2 else ""
        while not (made.project.folder / "accounts.db").exists() and process.poll() is None and not said:
            time.sleep(0.002)  # until the first file is about to be acknowledged
        time.sleep(chance.uniform(0, 0.6))
        process.kill()
        said += process.stdout.read()
    acknowledged = [name for name in names if f"{name}:" in said]
    loads, rows, persons = read(made.project.store)
    assert loads == names[: len(loads)]
    assert len(acknowledged) <= len(loads) <= len(acknowledged) + 1
    assert rows == dict.fromkeys(loads, PERSONS)
    assert persons == PERSONS * len(loads)
    for path in files:
        made.load(path, MAPPING)
    assert read(made.project.store) == (names, dict.fromkeys(names, PERSONS), PERSONS * FILES)
    assert len([*(made.project.store / "data").glob("*/*")]) == 2 * FILES  # what was half written is swept away
    accounts = Accounts(made.project.accounts)
    assert accounts.broken_at() is None
    accounts.engine.dispose()


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_build_that_is_killed_leaves_the_release_in_force_or_the_new_one_whole(
    seed: int, towns: tuple[Town, Town], tmp_path: Path
) -> None:
    town, chance = towns[0], random.Random(seed)
    folder = tmp_path / "town"
    shutil.copytree(town.made.project.folder, folder)
    versions = folder / "releases" / "town"
    with program("build", "--project", folder, "--made", MADE) as process:
        while not (versions / "1.part").exists() and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
    before = current(versions)
    assert before is None or Release.open(before).manifest.made == MADE
    project = Project(folder)
    built = zone.build(
        town.catalogue,
        town.catalogue.plans["town"],
        store=project.store,
        tables=project.tables,
        key=project.key,
        versions=versions,
        made=MADE,
    )
    assert not (before and built.new)
    assert [path.name for path in versions.iterdir() if path.suffix == ".part"] == []
    assert built.release.folder.name == "1"


def test_what_is_put_in_force_was_flushed_before(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    flushed, fsync, point_at = set[int](), os.fsync, snapshot.Store._point_at
    due = set[int]()

    def noted(handle: int) -> None:
        flushed.add(os.fstat(handle).st_ino)
        fsync(handle)

    def pointed(store: snapshot.Store, number: int) -> None:
        files = [path for path in store.folder.rglob("*") if path.suffix in {".parquet", ".json"}]
        due.update(path.stat().st_ino for path in (*files, *(path.parent for path in files)))
        assert due <= flushed
        point_at(store, number)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(snapshot.Store, "_point_at", pointed)
    made = new_zone(tmp_path / "project", catalogue)
    made.load(put(made)[0], MAPPING)
    assert len(due) > 3  # two tables, two manifests, and their folders


FLIPS = {"a build": "publish", "a signature": "sign_off"}


@pytest.mark.parametrize("way", FLIPS.values(), ids=FLIPS)
def test_a_release_and_its_pointer_were_flushed_before_they_are_in_force(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each name is given to what is flushed already, and then the folder that holds the name is."""
    flushed, given, fsync, replace = [], list[tuple[Path, int]](), os.fsync, Path.replace

    def noted(handle: int) -> None:
        flushed.append(os.fstat(handle).st_ino)
        fsync(handle)

    def named(path: Path, target: Path) -> Path:
        inside = [*path.iterdir()] if path.is_dir() else []
        assert {one.stat().st_ino for one in (path, *inside)} <= {*flushed}, target
        given.append((target, len(flushed)))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", named)
    project = Project(tmp_path)
    plan = CATALOGUE.plans["synthetic"]
    release = publish(table(town()), plan, CATALOGUE, tmp_path / "built", inputs={}, made=MADE)
    if way == "sign_off":
        (tmp_path / "releases" / "x" / "1.part").mkdir(parents=True)  # of an earlier one that was killed
        zone.sign_off(project, "x", release.folder, by="bo", built_by="anna")
        assert Release.open(current(tmp_path / "releases" / "x")).manifest == release.manifest
    names = [target.parent.name if target.suffix == ".parquet" else target.name for target, _ in given]
    assert names == ["built", "1", "ledger", "current"][: 4 if way == "sign_off" else 1]
    for target, before in given:
        assert target.parent.stat().st_ino in flushed[before:]


def test_a_file_that_is_written_twice_is_seen_by_who_counts(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add = snapshot.Writer.add
    monkeypatch.setattr(snapshot.Writer, "add", lambda *given: [add(*given) for _ in range(2)])
    made = new_zone(tmp_path / "project", catalogue)
    path = put(made)[0]
    made.load(path, MAPPING)
    with pytest.raises(AssertionError):
        assert read(made.project.store) == ([path.name], {path.name: PERSONS}, PERSONS)


def test_a_file_that_is_loaded_again_by_a_program_that_forgot_it_is_refused(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = new_zone(tmp_path / "project", catalogue)
    path = put(made)[0]
    made.load(path, MAPPING)
    monkeypatch.setattr(snapshot.Writer, "knows", lambda *_: False)
    with pytest.raises(DataError) as refused:
        made.load(path, MAPPING)
    assert {problem.key for problem in refused.value.problems} == {"stored_already"}
    assert read(made.project.store) == ([path.name], {path.name: PERSONS}, PERSONS)
