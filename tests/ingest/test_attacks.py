"""Bad files: each is refused in a sentence that says where, what and what to do, and leaves the store as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lighed.catalogue import Catalogue
from lighed.core.errors import DataError
from lighed.core.keys import hashed, read_key
from lighed.core.text import LANGUAGES, Lang
from lighed.sources import files, raw
from lighed.store import ingest
from tests.ingest.attacks import (
    ANNA,
    AREA,
    ATTACKS,
    BO,
    BOOK,
    CARL,
    GOOD,
    HEADER,
    MAPPING,
    NAME,
    NUMBERS,
    REMEDIES,
    Attack,
    but,
    changed,
    narrow,
    one,
    table,
    workbook,
)
from tests.zones import Run, Zone, new_zone


def assert_no_number(text: str) -> None:
    assert [number for number in NUMBERS if number in text or f"{number[:6]}-{number[6:]}" in text] == []


@pytest.mark.parametrize("state", ["empty", "filled"])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_bad_file_is_refused_whole(attack: Attack, state: str, standing: dict[str, Zone], tmp_path: Path) -> None:
    before = standing[state].digest()
    with pytest.raises(DataError) as caught:
        standing[state].load(attack.put(tmp_path), attack.mapping)
    assert [problem.key for problem in caught.value.problems] == [attack.key]
    for at, lang in enumerate(LANGUAGES):
        said, *_, last = caught.value.sentence(lang).splitlines()
        assert said.startswith(attack.place(lang))
        assert REMEDIES[attack.key][at] in said
        assert last == ("1 fejl; intet er gemt.", "Faults: 1; nothing was stored.")[at]
        assert_no_number(said)
    assert standing[state].digest() == before


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_the_command_says_it_and_fails(
    attack: Attack, lang: Lang, standing: dict[str, Zone], run: Run, tmp_path: Path
) -> None:
    state = standing[{"da": "empty", "en": "filled"}[lang]]
    (state.project.mappings / "borgere.yaml").write_text(attack.mapping, "utf-8")
    before = state.digest()
    ran = run("load", attack.put(tmp_path), "--project", state.project.folder, lang=lang)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith(attack.place(lang))
    assert REMEDIES[attack.key][LANGUAGES.index(lang)] in ran.err
    assert_no_number(ran.err)
    assert state.digest() == before


def test_of_many_faults_the_first_are_shown(standing: dict[str, Zone], tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(narrow("KOMNR", "0999") + f"{ANNA};0999\n" * 30, "utf-8")
    with pytest.raises(DataError) as caught:
        standing["empty"].load(tmp_path / NAME, AREA)
    *lines, more, last = caught.value.sentence("en").splitlines()
    assert len(lines) == DataError.SHOWN
    assert (more, last) == ("… and 11 more.", "Faults: 31; nothing was stored.")


@pytest.mark.parametrize("name", ["mappe.csv", "findes_ikke.csv"])
def test_a_folder_and_a_file_that_is_not_there_are_refused(
    name: str, standing: dict[str, Zone], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "mappe.csv").mkdir()
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(MAPPING, "utf-8")
    for state in standing.values():
        before = state.digest()
        for at, lang in enumerate(LANGUAGES):
            ran = run("load", tmp_path / name, "--mapping", mapping, "--project", state.project.folder, lang=lang)
            assert (ran.code, ran.out) == (1, "")
            assert ran.err.startswith(f"{name}: ")
            assert REMEDIES["no_file"][at] in ran.err
        assert state.digest() == before


def test_a_workbook_that_unpacks_to_more_than_fits_is_refused(
    standing: dict[str, Zone], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, mapping = tmp_path / "borgere.xlsx", but("kind: csv, ", "")
    path.write_bytes(BOOK)
    unpacked = sum(part.file_size for part in zipfile.ZipFile(path).infolist())
    monkeypatch.setattr(raw, "MOST_UNPACKED", unpacked)
    assert raw.read(path).length == len(GOOD)
    monkeypatch.setattr(raw, "MOST_UNPACKED", unpacked - 1)
    before = standing["filled"].digest()
    with pytest.raises(DataError) as caught:
        standing["filled"].load(path, mapping)
    assert "borgere.xlsx: " in caught.value.sentence("en")
    assert REMEDIES["too_large"][0] in caught.value.sentence("da")
    assert standing["filled"].digest() == before


UNFINISHED = {
    "?": (but('"1": male', '"1": "?"'), "KOEN", ("Skriv, hvad de betyder", "Write what they mean")),
    "no year": (
        but("{column: AAR}", "{year: }"),
        "borgere.yaml",
        ("Skriv en kolonne eller et år", "Write a column or a year"),
    ),
    "no YAML": (but("columns:", "columns: ["), "borgere.yaml", ("YAML", "YAML")),
    "unknown field": (but("period:", "periode:"), "periode", ("borgere.yaml", "borgere.yaml")),
}


@pytest.mark.parametrize("name", UNFINISHED)
def test_a_mapping_that_is_not_finished_loads_nothing(
    name: str, standing: dict[str, Zone], run: Run, tmp_path: Path
) -> None:
    mapping, named, remedy = UNFINISHED[name]
    (tmp_path / NAME).write_bytes(changed())
    for state in standing.values():
        (state.project.mappings / "borgere.yaml").write_text(mapping, "utf-8")
        before = state.digest()
        for at, lang in enumerate(LANGUAGES):
            ran = run("load", tmp_path / NAME, "--project", state.project.folder, lang=lang)
            assert (ran.code, ran.out) == (1, "")
            assert named in ran.err
            assert remedy[at] in ran.err
        assert state.digest() == before


def test_a_file_without_a_mapping_is_sent_to_init(standing: dict[str, Zone], run: Run, tmp_path: Path) -> None:
    (tmp_path / "ny.csv").write_bytes(changed())
    before = standing["filled"].digest()
    ran = run("load", tmp_path / "ny.csv", "--project", standing["filled"].project.folder)
    assert ran.code == 1
    assert f"lighed init {tmp_path / 'ny.csv'}" in ran.err
    assert standing["filled"].digest() == before


def test_the_program_itself_ends_with_code_1_and_a_sentence(standing: dict[str, Zone], tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(changed(KOMNR="0999"))
    project = standing["filled"].project
    (project.mappings / "borgere.yaml").write_text(MAPPING, "utf-8")
    before = standing["filled"].digest()
    command = [sys.executable, "-m", "lighed.cli", "load", str(tmp_path / NAME), "--project", str(project.folder)]
    ran = subprocess.run(command, capture_output=True, check=False, env=os.environ | {"LIGHED_LANG": "da"})
    assert ran.returncode == 1
    assert ran.stdout == b""
    assert ran.stderr.decode().startswith("borgere.csv, række 3, kolonne KOMNR, »0999«: koden er ikke kendt.")
    assert b"Traceback" not in ran.stderr
    assert standing["filled"].digest() == before


ACCEPTED = {
    "UTF-8": changed(),
    "UTF-8 with a mark": changed("utf-8-sig"),
    "UTF-16": changed("utf-16"),
    "Windows letters": table(*GOOD, header=HEADER).encode("cp1252"),
    "lines of Windows": changed().replace(b"\n", b"\r\n"),
    "a last line without an end": changed().rstrip(b"\n"),
    "empty lines at the end": changed() + b"\n\n",
    "quotation marks": changed().replace(b"02-02-1980", b'"02-02-1980"'),
    "spaces around a value": changed(KOMNR=" 0147 "),
    "a lost zero of the area": changed(KOMNR="147"),
    "a lost zero of the number": changed(CPR=BO[1:]),
    "a hyphen in the number": changed(CPR=f"{BO[:6]}-{BO[6:]}"),
    "points between thousands": changed(INDK="1.234,5"),
    "no points between thousands": changed(INDK="1234,5"),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_only_written_otherwise_is_the_same_data(content: bytes, made: Zone) -> None:
    taken = made.load(made.put(NAME, content), MAPPING)
    assert (taken.persons, taken.rows["residence"]) == (3, 3)
    assert [row["area"] for row in made.rows("residence")] == ["0101", "0147", "0751"]
    assert [row["amount"] for row in made.rows("position") if row["dimension"] == "income"] == [123.5, 1234.5]
    known = dict.fromkeys(hashed([ANNA, BO, CARL], read_key(made.project.key)))
    assert {row["key"] for row in made.rows("identity")} == set(known)


def test_letters_beyond_ascii_are_the_same_in_every_encoding(made: Zone) -> None:
    mapping = one("residence.district", "BYDEL").replace("BYDEL: {", "KOMNR: {to: residence.area}, BYDEL: {")
    text = f"CPR;KOMNR;BYDEL\n{ANNA};0101;Ærø Å–œ\n"
    found = set()
    for at, encoding in enumerate(("utf-8", "utf-8-sig", "utf-16", "cp1252")):
        made.load(made.put(f"{at}.csv", text.encode(encoding)), mapping.replace("2020", str(2010 + at)))
        found |= {row["district"] for row in made.rows("residence")}
    assert found == {"Ærø Å–œ"}


def test_workbook_and_parquet_give_what_the_text_gives(catalogue: Catalogue, tmp_path: Path) -> None:
    """Numbers, dates and areas come as such from these, and lose their leading zeros on the way."""
    header = ("CPR", "AAR", "FOEDT", "KOMNR", "UDD", "INDK")
    typed = [(101701234, 2020, date(1970, 1, 1), 101, 10, 123.5), (202802345, 2020, date(1980, 2, 29), 147, None, 2e5)]
    text = f"{';'.join(header)}\n0101701234;2020;1970-01-01;0101;10;123.5\n0202802345;2020;1980-02-29;0147;;200000\n"
    columns = pa.table(dict(zip(header, map(list, zip(*typed, strict=True)), strict=True)))
    pq.write_table(columns, tmp_path / "a.parquet")
    (tmp_path / "a.csv").write_text(text, "utf-8")
    (tmp_path / "a.xlsx").write_bytes(workbook(header, *typed))
    mapping = (
        "{id: a, format: {decimal: .}, period: {column: AAR}, columns: {CPR: {to: person_id}, "
        "FOEDT: {to: person.birth_date}, KOMNR: {to: residence.area}, UDD: {to: position.education}, "
        "INDK: {to: position.income}}}"
    )
    found = []
    for kind in ("csv", "xlsx", "parquet"):
        zone_of_kind = new_zone(tmp_path / kind, catalogue)
        zone_of_kind.load(tmp_path / f"a.{kind}", mapping)
        found.append([zone_of_kind.rows(name) for name in ("person", "residence", "position")])
    assert found[0] == found[1] == found[2]
    assert [row["birth_date"] for row in found[0][0]] == [date(1970, 1, 1), date(1980, 2, 29)]
    assert [row["area"] for row in found[0][1]] == ["0101", "0147"]
    assert [(row["category"], row["amount"]) for row in found[0][2]] == [("10", None), (None, 123.5), (None, 2e5)]


# Faults of HEAT Plus tables, of drafts and of files that meet a store; they are tried where those are.
ELSEWHERE = {"stored_already", "contradicts_stored", "overlaps_stored", "no_file", "too_large"}


def test_every_fault_of_a_file_is_tried_here() -> None:
    source = "".join(
        path.read_text("utf-8") for path in (Path(raw.__file__), Path(files.__file__), Path(ingest.__file__))
    )
    named = set(re.findall(r'Problem\(\s*"(\w+)"|_wrong\("(\w+)"|"(\w+_first)"\)|_at\(\s*file, "(\w+)"', source))
    ours = {word for words in named for word in words if word}
    assert ours - {attack.key for attack in ATTACKS.values()} == ELSEWHERE
