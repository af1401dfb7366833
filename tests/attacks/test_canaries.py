"""A thousand numbers of persons are planted, and looked for wherever a process wrote while it was made to fail."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from lighed.catalogue import Catalogue
from lighed.core import errors
from lighed.core.errors import DataError
from lighed.core.keys import hashed, read_key
from lighed.store import Store
from lighed.workbench import zone
from tests.attacks.town import MADE, Town
from tests.zones import Zone, new_zone

CHANCE = random.Random(11)
NUMBERS = [
    f"{CHANCE.randint(1, 28):02}{CHANCE.randint(1, 12):02}{CHANCE.randint(0, 99):02}{serial:04}"
    for serial in CHANCE.sample(range(10_000), 1000)
]
PLANTED = frozenset(NUMBERS)
LIKE = re.compile(r"(?<!\d)(\d{5,6})[- ]?(\d{4})(?!\d)")  # with a hyphen, and without its leading zero
HEADER = "CPR;AAR;KOMNR;FOEDT;INDK"
MAPPING = """
id: canaries
format: {decimal: ","}
period: {column: AAR}
columns:
  CPR: {to: person_id, as: cpr}
  KOMNR: {to: residence.area}
  FOEDT: {to: person.birth_date, date: dd-mm-yyyy}
  INDK: {to: position.income}
"""
LAST = NUMBERS[-1]


def text(**last: str) -> str:
    """The file of all persons, with other cells in its last row."""
    rows = [
        {"CPR": number, "AAR": "2020", "KOMNR": "0101", "FOEDT": f"01-02-19{number[4:6]}", "INDK": "123,5"}
        for number in NUMBERS
    ]
    rows[-1] |= last
    return "\n".join([HEADER, *(";".join(row.values()) for row in rows)]) + "\n"


def planted(words: str) -> set[str]:
    """The planted numbers that stand in a text, however they are spelt."""
    return {f"{day:0>6}{serial}" for day, serial in LIKE.findall(words)} & PLANTED


def leaks_below(folder: Path) -> dict[str, set[str]]:
    """The files below a folder whose name or content shows a number: as bytes, wide letters, gzip or Parquet."""
    found = {
        path.relative_to(folder).as_posix(): planted(f"{path.name} {_content(path)}") for path in folder.rglob("*")
    }
    return {name: numbers for name, numbers in found.items() if numbers}


def _content(path: Path) -> str:
    if not path.is_file():
        return ""
    content = path.read_bytes()
    if path.suffix == ".parquet" and content.startswith(b"PAR1") and content[8:].endswith(b"PAR1"):
        return f"{pq.read_table(path).to_pylist()} {pq.read_metadata(path).to_dict()}"
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return b"\n".join((content, content.replace(b"\0", b""))).decode("latin-1")


def test_the_search_finds_every_spelling_and_packing(tmp_path: Path) -> None:
    number = next(number for number in NUMBERS if number.startswith("0"))
    spellings = {"bare": number, "hyphen": f"{number[:6]}-{number[6:]}", "zero": number[1:], "within": f"x {number}, y"}
    for name, spelling in spellings.items():
        (tmp_path / name).write_text(spelling, "utf-8")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(spelling.encode()))
        (tmp_path / f"{name}.wide").write_bytes(spelling.encode("utf-16"))
    (tmp_path / f"{number}.txt").touch()
    assert set(leaks_below(tmp_path)) == {path.name for path in tmp_path.iterdir()}


def limited(size: int) -> Callable[[], None]:
    """A disk on which no file can grow beyond so many bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


STAGES: dict[str, tuple[str, Callable[[], None] | None, int]] = {
    "nothing fails": (text(), None, 0),
    "a number for an amount": (text(INDK=LAST), None, 1),
    "a number for a date": (text(FOEDT=LAST), None, 1),
    "a person twice": (text(CPR=NUMBERS[0]), None, 1),
    "the disk is full at once": (text(), limited(100), 1),
    "the disk is full within a table": (text(), limited(9_000), 1),
}


def run(made: Zone, path: Path, before: Callable[[], None] | None) -> subprocess.Popen[str]:
    """Load a file in a process whose temporary files and home lie beside the project."""
    beside = made.project.folder.parent
    for name in ("temporary", "home"):
        (beside / name).mkdir(exist_ok=True)
    (made.project.mappings / "canaries.yaml").write_text(MAPPING, "utf-8")
    words = ["load", path, "--mapping", made.project.mappings / "canaries.yaml", "--project", made.project.folder]
    environment = os.environ | {"TMPDIR": str(beside / "temporary"), "HOME": str(beside / "home"), "LIGHED_LANG": "en"}
    return subprocess.Popen(
        [sys.executable, "-m", "lighed.cli", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=beside,
        preexec_fn=before,
    )


@pytest.mark.parametrize("stage", STAGES)
def test_c1_no_number_is_left_anywhere_though_a_stage_fails(stage: str, catalogue: Catalogue, tmp_path: Path) -> None:
    content, before, code = STAGES[stage]
    made = new_zone(tmp_path / "around" / "project", catalogue)
    path = tmp_path / "canaries.csv"
    path.write_text(content, "utf-8")
    with run(made, path, before) as process:
        said, _ = process.communicate(timeout=300)
    assert process.returncode == code, said
    assert "Traceback" not in said
    assert planted(said) == set()
    assert leaks_below(tmp_path / "around") == {}
    assert len(made.rows("residence")) == (0 if code else len(NUMBERS))


@pytest.mark.parametrize("seconds", [0.0, 0.1])
def test_c3_no_number_is_left_on_the_disk_by_a_load_that_is_killed(
    seconds: float, catalogue: Catalogue, tmp_path: Path
) -> None:
    made = new_zone(tmp_path / "around" / "project", catalogue)
    path, data = tmp_path / "canaries.csv", made.project.store / "data"
    path.write_text(text(), "utf-8")
    with run(made, path, None) as process:
        while not any(data.iterdir()) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        said, _ = process.communicate()
    assert planted(said) == set()
    assert leaks_below(tmp_path / "around") == {}


def test_c1_a_message_that_shows_its_row_is_seen(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = new_zone(tmp_path / "project", catalogue)
    path = made.put("canaries.csv", text(FOEDT=LAST))
    seen = []
    for hide in (errors.masked, str):
        monkeypatch.setattr(errors, "masked", hide)
        with pytest.raises(DataError) as refused:
            made.load(path, MAPPING)
        seen.append(planted(refused.value.sentence("en")))
    assert seen == [set(), {LAST}]


def test_c2_who_guesses_a_small_file_cannot_confirm_it_by_a_release_and_a_rebuild_is_the_same(
    towns: tuple[Town, Town], tmp_path: Path
) -> None:
    project = towns[0].made.project
    (guessed,) = Store.open(project.store).current().inputs.values()  # who guesses the file and its mapping has it
    given = {"store": project.store, "tables": project.tables, "made": MADE}
    plan, known = towns[0].catalogue.plans["town"], towns[0].catalogue
    other = tmp_path / "other.key"
    other.write_text("1f" * 32, "utf-8")
    keys = {"a": project.key, "b": project.key, "c": other, "d": tmp_path / "none"}
    made = {name: zone.build(known, plan, **given, key=key, versions=tmp_path / name) for name, key in keys.items()}
    said = {name: [*built.release.manifest.inputs.values()] for name, built in made.items()}
    due = hmac.new(read_key(project.key), f"file {guessed}".encode(), "sha256").hexdigest()
    assert (said["a"], said["d"]) == ([due], [""])
    assert said["c"] != said["a"]
    assert zone.same(made["a"].release.folder, made["b"].release.folder)
    for built in made.values():
        assert all(guessed.encode() not in path.read_bytes() for path in built.release.folder.iterdir())


GUESSES: dict[str, Callable[[bytes], str]] = {
    name: lambda given, name=name: hashlib.new(name, given).hexdigest() for name in ("md5", "sha1", "sha256", "sha512")
}


def test_c2_who_has_the_store_and_no_key_guesses_no_number(catalogue: Catalogue, tmp_path: Path) -> None:
    made = new_zone(tmp_path / "project", catalogue)
    made.load(made.put("canaries.csv", text()), MAPPING)
    stored = {row["key"] for row in made.rows("identity")}
    assert stored == {*hashed(NUMBERS, read_key(made.project.key))}
    size = len(next(iter(stored)))
    for guess in GUESSES.values():
        assert {guess(number.encode())[:size] for number in NUMBERS} & stored == set()
    assert {*hashed(NUMBERS, bytes(32))} & stored == set()
    assert made.project.key.stat().st_mode & 0o077 == 0
    assert not made.project.key.is_relative_to(made.project.store)
