"""Numbers of persons are planted everywhere, and looked for everywhere: in words, files, names, stores and pages."""

from __future__ import annotations

import io
import logging
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lighed.core.accounts import Accounts, roles
from lighed.core.text import LANGUAGES
from lighed.sources import draft, files
from lighed.workbench import routes
from lighed.workbench.app import create_app
from lighed.workbench.desk import ENDINGS
from tests.ingest.attacks import nested, workbook
from tests.web.conftest import served
from tests.zones import Ran, Run, Zone

EVA, FINN, GRO = "1303851717", "0304861718", "15058719AB"
NUMBERS = (EVA, FINN, GRO)
FOUND = re.compile("|".join(f"{n[:6].lstrip('0')}[-\\s]?{n[6:]}" for n in NUMBERS), re.IGNORECASE)
SPELLINGS = {
    "bare": EVA,
    "with a hyphen": f"{EVA[:6]}-{EVA[6:]}",
    "with a space": f"{EVA[:6]} {EVA[6:]}",
    "without its zero": FINN[1:],
    "with letters": f"{GRO[:6]}-{GRO[6:]}",
    "within a text": f"se {EVA} og ring",
}

HEADER = ("CPR", "AAR", "KOEN", "KOMNR", "UDD", "INDK", "VAEGT", "MOR_CPR", "LAEGE", "NOTE")
ROWS = (
    (EVA, "2020", "2", "0101", "10", "200000", "1", FINN, FINN, f"kone til {SPELLINGS['with letters']}"),
    (FINN, "2020", "1", "0147", "70", "300000", "2", "", FINN, f"født {FINN[:6]}, ring"),
    (f"{GRO[:6]}-{GRO[6:]}", "2020", "2", "0751", "9999", "", "1", EVA, FINN, ""),
)
MAPPING = """
id: canaries
format: {decimal: "."}
period: {column: AAR}
columns:
  CPR: {to: person_id, as: cpr}
  KOEN: {to: person.sex, codes: {"1": male, "2": female}}
  KOMNR: {to: residence.area}
  UDD: {to: position.education, missing: ["9999"]}
  INDK: {to: position.income}
  VAEGT: {to: ignore}
  MOR_CPR: {to: ignore}
  LAEGE: {to: ignore}
  NOTE: {to: ignore}
"""


def text(*rows: tuple[str, ...], delimiter: str = ";") -> str:
    return "".join(delimiter.join(row) + "\n" for row in (HEADER, *rows))


def parquet(**types: pa.DataType) -> bytes:
    written = io.BytesIO()
    columns = {name: pa.array([row[k] or None for row in ROWS]) for k, name in enumerate(HEADER)}
    pq.write_table(
        pa.table({name: column.cast(types.get(name, pa.string())) for name, column in columns.items()}), written
    )
    return written.getvalue()


def numbers_only() -> list[tuple[object, ...]]:
    """The rows with whole numbers where a spreadsheet makes them so."""
    return [(int(EVA), *ROWS[0][1:]), (int(FINN), *ROWS[1][1:]), ROWS[2]]


KINDS = {
    ".csv": text(*ROWS).encode(),
    ".txt": text(*ROWS).encode("cp1252"),
    ".tsv": text(*ROWS, delimiter="\t").encode("utf-16"),
    ".xlsx": workbook(HEADER, *ROWS),
    ".xlsm": workbook(HEADER, *numbers_only()),
    ".parquet": parquet(LAEGE=pa.int64(), KOEN=pa.dictionary(pa.int32(), pa.string())),
}


def leaks(*words: str) -> list[str]:
    return [found[0] for word in words for found in FOUND.finditer(word)]


def leaks_below(folder: Path) -> list[str]:
    """The files and folders that show a number: in their names or bytes or, where those are packed, in their cells."""
    return [str(path) for path in sorted(folder.rglob("*")) if leaks(path.name, *_contents(path))]


def _contents(path: Path) -> Iterator[str]:
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield f"{table.to_pylist()} {table.schema.metadata}"
    if path.is_file():
        yield path.read_bytes().replace(b"\0", b"").decode("latin-1")


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What every logger writes, and that no number is among it."""
    caplog.set_level(logging.DEBUG)
    server = logging.getLogger("uvicorn")  # it keeps what it says to itself
    server.addHandler(caplog.handler)
    yield caplog
    server.removeHandler(caplog.handler)
    assert leaks(*map(caplog.handler.format, caplog.get_records("call"))) == []  # by now `text` has been emptied


def in_project(where: Zone, run: Run, command: str, *words: object, lang: str = "en") -> Ran:
    ran = run(command, *words, "--project", where.project.folder, lang=lang)
    assert leaks(ran.out, ran.err) == []
    assert leaks_below(where.project.folder) == []
    return ran


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    planted = {f"{number}.{kind}" for number, kind in enumerate(KINDS)} - {"3..xlsx", "4..xlsm"}  # packed
    for number, (kind, content) in enumerate(KINDS.items()):
        (tmp_path / f"{number}.{kind}").write_bytes(content)
    (tmp_path / f"{EVA}.txt").touch()
    assert {Path(found).name for found in leaks_below(tmp_path)} >= planted | {f"{EVA}.txt"}
    assert [len(leaks(spelling)) for spelling in SPELLINGS.values()] == [1] * len(SPELLINGS)


def test_every_kind_of_file_is_tried() -> None:
    assert set(KINDS) == ENDINGS


def test_no_number_is_left_by_drafts_and_loads(made: Zone, run: Run) -> None:
    for year, (kind, content) in enumerate(KINDS.items(), 2000):
        path = made.put(f"udtræk for {EVA} {year}{kind}", content)
        for lang in LANGUAGES:
            assert run("init", path, "--project", made.project.folder, lang=lang).code == 0
        assert "CPR: {to: person_id" in made.project.mappings.joinpath(f"udtræk_for_{year}.yaml").read_text("utf-8")
        of_year = MAPPING.replace("{column: AAR}\ncolumns:", f"{{year: {year}}}\ncolumns:\n  AAR: {{to: ignore}}")
        mapping = made.put("mapping.yaml", of_year)
        for words in (["--dry-run"], [], [], ["--replace"]):
            ran = in_project(made, run, "load", path, "--mapping", mapping, *words)
            assert (kind, words, ran.code, ran.err) == (kind, words, 0, "")
    assert len(made.rows("residence")) == len(ROWS) * len(KINDS)


def test_a_number_among_codes_is_no_code_of_a_draft_or_a_form(standing: dict[str, Zone], desk: Desk, run: Run) -> None:
    codes = "".join(f"{person};{code};{code}\n" for person in range(4) for code in ("1", EVA))
    path = standing["empty"].put("koder.csv", f"NR;KOEN;UDD\n{codes}")
    assert in_project(standing["empty"], run, "init", path).code == 0
    drafted = (standing["empty"].project.mappings / "koder.yaml").read_text("utf-8")
    assert "codes: {'1': male}" in drafted
    assert "codes: {'1': '?'}" in drafted
    file = desk.upload("koder.csv", path.read_bytes())
    assert "code-1-0" in desk.get(file)
    desk.post(f"{file}/discard")


# What is stored as it stands, and what is read; "ID" is the column of the persons.
TARGETS = {
    "KOEN": "person.sex",
    "FOEDT": "person.birth_date",
    "AARSAG": "person.death_cause",
    "ALDER": "person.birth_date, as: age",
    "FORHOLD": "parent.relation",
    "KOMNR": "residence.area",
    "SOGN": "residence.district",
    "SOGNE": "residence.district, codes: {a: b}",
    "BYDEL": "residence.district, as: text",
    "FRA": "residence.valid_from",
    "UDD": "position.education",
    "OPR": "position.origin, codes: {D: danish}",
    "KILDE": "observation.source",
    "BOELGE": "respondent.wave",
    "LAG": "respondent.stratum",
    "KLYNGE": "respondent.sampling_unit",
    "RYG": "answer.daily_smoking",
    "DATO": "event.EVENT",
    "YDELSE": "event.category",
    "GRUND": "reason.reason",
}
AMOUNTS = {
    "INDK": "position.income",
    "VAEGT": "respondent.weight",
    "ANTAL": "respondent.population",
    "VAERDI": "event.amount",
}


@pytest.mark.parametrize("column", TARGETS | AMOUNTS)
def test_a_number_in_the_wrong_column_is_refused_in_every_spelling(
    column: str, standing: dict[str, Zone], run: Run, tmp_path: Path
) -> None:
    made, spellings = standing["filled"], [*SPELLINGS.values()]
    if column in AMOUNTS:
        spellings.remove(FINN[1:])  # it may be an amount
    event = next(item.id for item in made.catalogue.items.values() if item.kind == "event")
    target = (TARGETS | AMOUNTS)[column].replace("EVENT", event)
    columns = f"{{ID: {{to: person_id}}, {column}: {{to: {target}}}}}"
    mapping = made.put("m.yaml", f"{{id: m, period: {{year: 2020}}, columns: {columns}}}")
    persons = (f"010180{number:04};{spelling}\n" for number, spelling in enumerate(spellings))
    before = made.digest()
    ran = in_project(made, run, "load", made.put("a.csv", f"ID;{column}\n{''.join(persons)}"), "--mapping", mapping)
    assert ran.code == 1
    assert [row for row in range(2, 2 + len(spellings)) if f"row {row}, column {column}" not in ran.err] == []
    assert made.digest() == before


def test_the_numbers_of_organisations_may_look_like_a_person_s(made: Zone) -> None:
    event = next(item.id for item in made.catalogue.items.values() if item.kind == "event")
    columns = "columns: {CPR: {to: person_id}, NR: {to: event.event_id, as: key}, P: {to: event.provider_id}}"
    mapping = f"{{id: m, period: {{year: 2020}}, {columns}, constants: {{event.item: {event}}}}}"
    made.load(made.put("a.csv", f"CPR;NR;P\n{EVA};{FINN};1003373558\n"), mapping)
    assert [row["provider_id"] for row in made.rows("event")] == ["1003373558"]
    assert leaks_below(made.project.folder) == []


FREE = "{id: free, period: {year: 2020}, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}}}"
PERSON = f"CPR;KOMNR\n{EVA};0101\n"


def free(old: str, new: str) -> str:
    assert old in FREE
    return FREE.replace(old, new)


STRUCTURE = {
    "no header": (f"{EVA};0101\n{FINN};0147\n", FREE),
    "an empty name": (f"CPR;\n{EVA};0101\n", FREE),
    "a number for a name": (f"CPR;KOMNR;{EVA}\n{FINN};0101;1\n", FREE),
    "a number for a name twice": (f"CPR;{EVA};{EVA}\n{FINN};0101;1\n", FREE),
    "a row too long": (f"CPR;KOMNR\n{EVA};0101;{FINN}\n", FREE),
    "an open quotation mark": (f'CPR;KOMNR\n{EVA};"0101\n{FINN};0147\n', FREE),
    "two encodings": (f"CPR;KOMNR\n{EVA};ø\n".encode() + f"{FINN};ø\n".encode("cp1252"), FREE),
    "a NUL": (f"CPR;KOMNR\n{EVA};\x00\n", FREE),
    "letters that do not exist": (PERSON, free("{id: free", f"{{id: free, format: {{encoding: '{EVA}'}}")),
    "a sheet that does not exist": (KINDS[".xlsx"], free("{id: free", f"{{id: free, format: {{sheet: '{EVA}'}}")),
    "cut off": (KINDS[".parquet"][:-30], FREE),
    "half a workbook": (KINDS[".xlsx"][:900], FREE),
    "nested cells": (nested(EVA), FREE),
    "another file's columns": (KINDS[".csv"], FREE),
    "a kind of its own": (KINDS[".csv"], FREE),
    "the same person twice": (f"{PERSON}{SPELLINGS['with a hyphen']};0147\n", FREE),
    "no CPR number": (f"{PERSON}{EVA}1;0101\nx{FINN};0147\n", FREE),
    "a number for a code": (PERSON, free("area}", f"area, codes: {{'0101': '{EVA}'}}}}")),
    "a number for a target": (PERSON, free("residence.area", f"residence.{EVA}")),
    "a number for a constant": (PERSON, f"{FREE[:-1]}, constants: {{respondent.wave: '{EVA}'}}}}"),
    "a number for a constant of codes": (PERSON, f"{FREE[:-1]}, constants: {{person.sex: '{EVA}'}}}}"),
    "a number for a field": (PERSON, f"{FREE[:-1]}, '{EVA}': 1}}"),
    "a number in what is no YAML": (PERSON, f"{FREE[:-1]}, {EVA}: [}}"),
    "a number for a question": (PERSON, free("area}", f"area, codes: {{'{EVA}': '?'}}}}")),
    "persons where there are no pseudonyms": (f"CPR;KOMNR\n{EVA};{FINN}\n", free("area}", "district, as: cpr}")),
}
NAMES = {
    "a sheet that does not exist": "a.xlsx",
    "cut off": "a.parquet",
    "half a workbook": "a.xlsx",
    "nested cells": "a.parquet",
    "a kind of its own": f"a.{EVA}",
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_no_fault_of_a_file_or_a_mapping_says_a_number(name: str, standing: dict[str, Zone], run: Run) -> None:
    made, (content, mapping) = standing["filled"], STRUCTURE[name]
    path, read = made.put(NAMES.get(name, "a.csv"), content), made.put("m.yaml", mapping)
    before = made.digest()
    for lang in LANGUAGES:
        assert in_project(made, run, "load", path, "--mapping", read, lang=lang).code == 1
        assert made.digest() == before
        ran = in_project(made, run, "init", path, lang=lang)
        assert (ran.code, bool(ran.err)) in {(0, False), (1, True)}


class Desk:
    """A person at the pages of the zone; no page that is answered shows a number."""

    def __init__(self, made: Zone, client: httpx.Client) -> None:
        Accounts(made.project.accounts).add_user("anna", "correct horse", roles(), by="-")
        self.client, self.token = client, ""
        self.post("sign-in", name="anna", password="correct horse")
        self.token = re.findall('name="token" value="([^"]+)"', self.get(""))[0]

    def _read(self, answer: Any) -> str:
        assert leaks(answer.text, str(answer.headers), str(answer.url)) == []
        return str(answer.text)

    def get(self, path: str, lang: str = "da") -> str:
        return self._read(self.client.get(f"/{lang}/zone/{path}"))

    def post(self, path: str, **sent: Any) -> str:
        """Send a form, and return where it leads to."""
        given = {"files": sent.pop("files")} if "files" in sent else {}
        data = sent | {"token": self.token}
        answer = self.client.post(f"/da/zone/{path}", data=data, **given)
        self._read(answer)
        return str(answer.headers.get("location", "")).removeprefix("/da/zone/")

    def upload(self, name: str, content: bytes | str) -> str:
        sent = content.encode() if isinstance(content, str) else content
        return self.post("files", files={"file": (name, sent, "application/octet-stream")})

    def finished(self, job: str) -> str:
        """Wait for a job, and return its page in Danish."""
        state = ""
        while state not in {"done", "failed"}:
            state = self.client.get(f"/da/zone/{job}.json").json()["state"]
            time.sleep(0.01)
        self.get(job, "en")
        return self.get(job)


@pytest.fixture(scope="module")
def desk(standing: dict[str, Zone]) -> Iterator[Desk]:
    made, before = standing["empty"], tempfile.tempdir
    with served(create_app(made.project)) as address, httpx.Client(base_url=address, verify=False) as client:
        yield Desk(made, client)
    tempfile.tempdir = before  # the workbench says where uploads wait


CHOICES = {"CPR": "person_id", "KOEN": "person.sex", "KOMNR": "residence.area", "NOTE": "residence.district"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_of_the_workbench_shows_a_number(kind: str, standing: dict[str, Zone], desk: Desk) -> None:
    made, source = standing["empty"], f"kilde {kind}"
    file = desk.upload(f"udtræk for {EVA}{kind}", KINDS[kind])
    assert re.fullmatch(r"files/\w+", file)
    for lang in LANGUAGES:
        assert "MOR_CPR" in desk.get(file, lang)
        assert "to: person_id" in desk.get(f"{file}/text", lang)
    desk.post(f"{file}/draft")
    chosen = {f"to.{k}": CHOICES.get(name, "ignore") for k, name in enumerate(HEADER)}
    codes = {f"code.{HEADER.index('KOEN')}.{place}": code for place, code in enumerate(("male", "female"))}
    wrong = desk.post(f"{file}/mapping", kind=kind[1:], year_column="AAR", then="try", **chosen, **codes)
    assert "ligner et personnummer" in desk.finished(wrong)
    assert "selected" in desk.get(file)
    seen = re.sub("residence.area|position.[a-z]+", "ignore", MAPPING) + f"constants: {{observation.source: {source}}}"
    assert desk.post(f"{file}/mapping", text=seen) == file
    desk.finished(desk.post(f"{file}/load"))
    assert [row["source"] for row in made.rows("observation")].count(source) == len(ROWS)
    for page in ("", "log", "users", "account", "plans/project"):
        for lang in LANGUAGES:
            assert "zone" in desk.get(page, lang)
    assert leaks_below(made.project.folder) == []


def fails(*_: object, **__: object) -> None:
    raise ValueError(f"cannot read {EVA}")


def test_what_nobody_foresaw_is_said_by_its_kind_alone(
    standing: dict[str, Zone], desk: Desk, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = standing["empty"]
    path, mapping = made.put("a.csv", KINDS[".csv"]), made.put("m.yaml", MAPPING)
    for module in (files, draft, routes):
        monkeypatch.setattr(module, "read", fails)
    for words in (["load", path, "--mapping", mapping], ["init", path]):
        ran = in_project(made, run, *words)
        assert (ran.code, "ValueError" in ran.err) == (1, True)
    file = desk.upload("a.csv", KINDS[".csv"])
    assert "ValueError" in desk.get(file)
    desk.post(f"{file}/mapping", text=MAPPING)
    assert "ValueError" in desk.finished(desk.post(f"{file}/load"))
