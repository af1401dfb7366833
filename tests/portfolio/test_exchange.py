"""Registers as files: what is written out is read in again, and a file with a fault is refused whole."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from lighed.core.errors import DataError, RegisterError
from lighed.core.text import LANGUAGES
from lighed.portfolio.archive import Asked, Record
from lighed.portfolio.exchange import WRITERS, header
from tests.portfolio.conftest import AWAY, HOME, Town

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "'' @x", "plain", "-", "1.234", "a;b", 'a "b"', "linje\nlinje"]
FULL = {
    "factors": ["1", "3"],
    "begins": "2016-01-01",
    "permanent": True,
    "budget": {"value": 1_200_000.5, "unit": "kroner"},
    "partners": [AWAY],
    "what": "=HYPERLINK(1)\nog mere",
}


def made(town: Town) -> list[Record]:
    said: list[dict[str, Any]] = [{"title": title} for title in FORMULAS]
    said[0] |= FULL
    return [town.create("ole", "initiatives", organisation=HOME, **one) for one in said]


def written(town: Town, kind: str) -> bytes:
    desk = town.desk("ole")
    register = desk.register("initiatives")
    return WRITERS[kind][0](register, desk.export(register))


def take(town: Town, name: str, data: bytes, by: str = "ole") -> list[Record]:
    desk = town.desk(by)
    return desk.take_in(desk.register("initiatives"), name, data)


def as_csv(*lines: dict[str, Any]) -> bytes:
    """A file with the columns of the first line."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


def as_xlsx(*lines: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


@pytest.mark.parametrize("kind", WRITERS)
def test_what_is_written_out_is_read_in_again_unchanged(town: Town, kind: str) -> None:
    before = {one.id: one for one in made(town)}
    data = written(town, kind)
    assert take(town, f"indsatser.{kind}", data) == []
    for one in before.values():
        town.edit("ole", one, title="Andet", what="Andet", factors=["8"], permanent=False)
    with pytest.raises(DataError) as caught:
        take(town, f"indsatser.{kind}", data)
    assert {problem.key for problem in caught.value.problems} == {"changed_since"}
    current = {one.id: one for one in town.desk("ole").export(town.desk("ole").register("initiatives"))}
    assert {one.version for one in current.values()} == {2}


@pytest.mark.parametrize("kind", WRITERS)
def test_records_of_another_house_come_in_with_all_that_they_held(town: Town, kind: str) -> None:
    before = {one.id: one.content for one in made(town)}
    data = written(town, kind)
    text = data.decode("utf-8-sig") if kind != "xlsx" else ""
    assert ("1200000,5" in text) == (kind == "csv")
    moved = {name: name + "-ny" for name in before}
    if kind == "json":
        told = json.loads(data)
        told["records"] = [{"id": moved[one["id"]], "content": one["content"]} for one in told["records"]]
        taken = take(town, "x.json", json.dumps(told).encode())
    elif kind == "csv":
        lines = list(csv.DictReader(io.StringIO(text), delimiter=";"))
        taken = take(town, "x.csv", as_csv(*(line | {"id": moved[line["id"]], "version": ""} for line in lines)))
    else:
        book = openpyxl.load_workbook(io.BytesIO(data))
        for row in book.active.iter_rows(min_row=2):
            row[0].value, row[1].value = moved[row[0].value], None
        again = io.BytesIO()
        book.save(again)
        taken = take(town, "X.XLSX", again.getvalue())
    assert {one.id: one.content for one in taken} == {moved[name]: content for name, content in before.items()}
    assert {(one.state, one.version, one.by) for one in taken} == {("idea", 1, "ole")}


def test_no_text_is_a_formula_in_a_file_that_is_written(town: Town) -> None:
    made(town)
    lines = csv.reader(io.StringIO(written(town, "csv").decode("utf-8-sig")), delimiter=";")
    cells = [cell for line in lines for cell in line]
    assert "'=1+1" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    book = openpyxl.load_workbook(io.BytesIO(written(town, "xlsx")))
    kinds = {cell.value: (cell.data_type, cell.quotePrefix) for row in book.active.iter_rows() for cell in row}
    assert kinds["=1+1"] == kinds["@SUM(A1)"] == ("s", True)
    assert kinds["plain"] == ("s", False)
    assert kinds[1_200_000.5][0] == "n"
    assert "f" not in {kind for kind, _ in kinds.values()}


def test_a_file_has_only_what_its_reader_may_see(town: Town) -> None:
    made(town)
    desk = town.desk("else")
    assert desk.export(desk.register("initiatives")) == []
    assert len(town.desk("sara").export(desk.register("initiatives"))) == len(FORMULAS)


def test_a_file_that_a_danish_spreadsheet_saved_is_read(town: Town) -> None:
    heads = "title;organisation;begins;budget.value;budget.unit;permanent"
    said = [heads, "Gåhold Ø;aarhus-kommune;31-12-2025;8,5;;ja", ";;;;;", ""]
    (one,) = take(town, "x.csv", "\r\n".join(said).encode("cp1252"))
    kept = {"title": "Gåhold Ø", "begins": "2025-12-31", "budget": {"value": 8.5, "unit": "kroner"}, "permanent": True}
    assert one.content == kept | {"organisation": HOME}


ROW = {"id": "", "version": "", "state": "", "title": "Gåhold", "organisation": HOME, "begins": ""}
GOOD = ROW | {"title": "God"}
# What is wrong with the second line of a file, and what is said.
WRONG: dict[str, tuple[dict[str, Any], tuple[str, str | None]]] = {
    "no title": ({"title": ""}, ("not_filled", "title")),
    "a wrong day": ({"begins": "31-02-2026"}, ("not_a_day", "begins")),
    "no such organisation": ({"organisation": "nowhere"}, ("no_record", "organisation")),
    "another's organisation": ({"organisation": AWAY}, ("not_yours", None)),
    "a state": ({"state": "ended"}, ("other_state", "state")),
    "an id with capitals": ({"id": "Min Indsats"}, ("not_an_id", "id")),
    "an id like a person": ({"id": "0101011234"}, ("not_an_id", "id")),
    "a record without version": ({"id": "gaahold"}, ("no_version", "version")),
    "an older version": ({"id": "gaahold", "version": 1}, ("changed_since", "version")),
    "a version to come": ({"id": "gaahold", "version": 9}, ("changed_since", "version")),
    "a record that is closed": ({"id": "slut", "version": 4}, ("not_editable", None)),
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_row_is_named_and_no_row_is_kept(town: Town, what: str) -> None:
    town.edit("ole", town.create("ole", "initiatives", title="Gåhold", organisation=HOME), why="x")
    town.move("ole", town.create("ole", "initiatives", title="Slut", organisation=HOME), "plan", "start", "end")
    given, (key, column) = WRONG[what]
    before = town.desk("sara").export(town.desk("sara").register("initiatives"))
    for name, data in (
        ("x.csv", as_csv(GOOD, ROW | given, GOOD)),
        ("x.xlsx", as_xlsx(list(ROW), *(list((ROW | one).values()) for one in (GOOD, given, GOOD)))),
    ):
        with pytest.raises(DataError) as caught:
            take(town, name, data)
        found = [(p.key, p.file, p.row, p.column) for p in caught.value.problems]
        assert found == [(key, name, 3, column)]
        for lang in LANGUAGES:
            assert caught.value.problems[0].sentence(lang)
    assert town.desk("sara").export(town.desk("sara").register("initiatives")) == before


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/workbook.xml", b" " * (201 << 20))
    return packed.getvalue()


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "no such kind": ("x.pdf", lambda: b"x", "register.file_kind"),
    "no name": ("", lambda: b"x", "register.file_kind"),
    "nothing": ("x.csv", lambda: b"", "no_header"),
    "only heads": ("x.csv", lambda: b"title;organisation\n", "no_rows"),
    "another column": ("x.csv", lambda: b"title;colour\na;b\n", "unknown_field"),
    "a column twice": ("x.csv", lambda: b"title;title\na;b\n", "column_twice"),
    "a row too long": ("x.csv", lambda: b"title;where\na;b;c\n", "ragged"),
    "a row too short": ("x.csv", lambda: b"title;where\na\n", "ragged"),
    "an open quote": ("x.csv", lambda: b'title;where\n"a;b\n', "cut_off"),
    "a version of letters": ("x.csv", lambda: b"title;version\na;b\n", "not_whole"),
    "too many rows": ("x.csv", lambda: b"title\n" + b"a\n" * 10_001, "too_many_rows"),
    "no workbook": ("x.xlsx", lambda: b"PK", "cut_off"),
    "another archive": ("x.xlsx", lambda: written_zip("a.txt"), "cut_off"),
    "a bomb": ("x.xlsx", bomb, "cut_off"),
    "a formula": ("x.xlsx", lambda: as_xlsx(["title"], ["=1+1"]), "formula"),
    "no JSON": ("x.json", lambda: b"{", "cut_off"),
    "a list": ("x.json", lambda: b"[1]", "cut_off"),
    "no content": ("x.json", lambda: b'{"records": [{}]}', "cut_off"),
    "a deep JSON": ("x.json", lambda: b"[" * 100_000, "cut_off"),
}


def written_zip(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        book.writestr(name, b"x")
    return packed.getvalue()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(town: Town) -> None:
    for what, (name, data, key) in FILES.items():
        with pytest.raises((DataError, RegisterError)) as caught:
            take(town, name, data())
        error = caught.value
        found = error.problems[0].key if isinstance(error, DataError) else error.key
        assert found == key, what
        for lang in LANGUAGES:
            assert error.sentence(lang)
    assert town.desk("sara").listed(town.desk("sara").register("initiatives"), Asked())[1] == 0


def test_a_row_may_point_at_one_before_it(town: Town) -> None:
    desk = town.desk("sara")
    register = desk.register("organisations")
    said = as_csv(
        {"id": "region-midt", "title": "Region Midtjylland", "type": "region", "part_of": ""},
        {"id": "", "title": "Klynge Midt", "type": "cluster", "part_of": "region-midt"},
    )
    assert [one.id for one in desk.take_in(register, "x.csv", said)] == ["region-midt", "klynge-midt"]
    assert header(register)[:4] == ["id", "version", "state", "title"]
