"""Files of records: what is taken, how it is given out, and that every one that was there stays as it was."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest
from typer.testing import CliRunner

from lighed.cli import app
from lighed.core.errors import AccessError, DataError, RegisterError
from lighed.core.text import LANGUAGES
from lighed.portfolio.archive import Record
from lighed.portfolio.files import MEGABYTES, Files
from lighed.portfolio.house import House
from tests.browser import served
from tests.portfolio.conftest import PASSWORD, Town, mounted, settled

PDF, PNG = b"%PDF-1.7\n...", b"\x89PNG\r\n\x1a\n..."
ITEM = {"title": "Rapport", "kind": "report", "licence": "CC BY"}


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with ZipFile(written, "w") as whole:
        for name in names:
            whole.writestr(name, "x")
    return written.getvalue()


TYPES = "[Content_Types].xml"
TAKEN = {
    "rapport.pdf": PDF,
    "RAPPORT.PDF": PDF,
    "billede.png": PNG,
    "foto.jpeg": b"\xff\xd8\xff\xe0",
    "brev.docx": zipped(TYPES, "word/document.xml"),
    "tal.xlsx": zipped(TYPES, "xl/workbook.xml"),
    "oplæg.pptx": zipped(TYPES, "ppt/presentation.xml"),
    "noter.txt": "Blåbær".encode(),
    "tal.csv": b"a;b\n1;2\n",
}
REFUSED = {
    "a page": ("side.html", b"<script>alert(1)</script>"),
    "a picture that is a program": ("billede.svg", b"<svg onload='alert(1)'/>"),
    "a program": ("prog.exe", b"MZ\x90\x00"),
    "a page that is called a picture": ("billede.png", b"<script>alert(1)</script>"),
    "a picture that is called a document": ("rapport.pdf", PNG),
    "a document with a program": ("brev.docx", zipped(TYPES, "word/document.xml", "word/vbaProject.bin")),
    "an archive that is called a document": ("brev.docx", zipped("word/document.xml")),
    "a workbook that is called a document": ("brev.docx", zipped(TYPES, "xl/workbook.xml")),
    "an archive that was cut off": ("brev.docx", zipped(TYPES, "word/document.xml")[:40]),
    "bytes that are called text": ("noter.txt", b"\xff\xfe\x00"),
    "text with a zero in it": ("noter.txt", b"a\x00b"),
    "no ending": ("rapport", PDF),
    "nothing": ("rapport.pdf", b""),
    "two endings": ("rapport.pdf.exe", PDF),
}


@pytest.fixture
def town(staffed: Path, tmp_path: Path) -> Iterator[Town]:
    made = settled(House.open(shutil.copytree(staffed, tmp_path / "portfolio")))
    yield made
    made.house.close()


def uploaded(town: Town, name: str = "rapport.pdf", data: bytes = PDF, by: str = "ana") -> dict[str, str]:
    desk = town.desk(by)
    return desk.keep_file(desk.register("library"), "file", name, io.BytesIO(data))


def fetched(town: Town, one: Record, number: int, by: str = "ana") -> tuple[str, bytes]:
    desk = town.desk(by)
    return desk.file(desk.register(one.register), one.id, number, "file")


@pytest.mark.parametrize("name", TAKEN)
def test_a_file_is_kept_under_its_digest_and_never_under_its_name(name: str, town: Town) -> None:
    kept = uploaded(town, f"../../{name}", TAKEN[name])
    assert kept == {"name": name, "checksum": hashlib.sha256(TAKEN[name]).hexdigest()}
    (path,) = town.house.files.folder.iterdir()
    assert (path.name, path.read_bytes(), path.stat().st_mode & 0o077) == (kept["checksum"], TAKEN[name], 0)
    one = town.create("ana", "library", **ITEM, file=kept)
    assert fetched(town, one, 1) == (name, TAKEN[name])


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_file_that_is_taken_is_refused_at_its_field_and_not_kept(what: str, town: Town) -> None:
    with pytest.raises(DataError) as caught:
        uploaded(town, *REFUSED[what])
    assert [(one.key, one.column) for one in caught.value.problems] == [("file_of_no_kind", "file")]
    assert list(town.house.files.folder.iterdir()) == []


def test_a_file_of_fifty_megabytes_is_refused_while_it_is_read(tmp_path: Path) -> None:
    class Endless(io.RawIOBase):
        read_in = 0

        def read(self, size: int = -1) -> bytes:
            self.read_in += size
            return b"%PDF-".ljust(size) if self.read_in <= 50 << 20 else b""

    stream = Endless()
    with pytest.raises(DataError) as caught:
        Files(tmp_path).keep("rapport.pdf", stream)  # type: ignore[arg-type]
    (problem,) = caught.value.problems
    assert (problem.key, problem.values) == ("file_too_large", {"most": MEGABYTES})
    assert stream.read_in <= (MEGABYTES + 1) << 20
    assert list(tmp_path.iterdir()) == []
    for lang in LANGUAGES:
        assert str(MEGABYTES) in problem.fault(lang)


def test_who_may_not_write_the_register_keeps_no_file(town: Town) -> None:
    for by in ("rita", "ole", "carl"):
        with pytest.raises(AccessError):
            uploaded(town, by=by)
    assert not town.house.files.folder.exists()


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ({"name": "x.pdf", "checksum": "0" * 64}, "not_uploaded"),
        ({"name": "x.pdf", "checksum": "../../accounts.db"}, "not_a_file"),
        ({"name": "x.pdf", "checksum": "A" * 64}, "not_a_file"),
        ({"name": "x.pdf"}, "not_a_file"),
        ("x.pdf", "not_a_file"),
        ({"name": 7, "checksum": "0" * 64}, "not_a_text"),
        ({"name": "010101-1234.pdf", "checksum": "0" * 64}, "person_number"),
    ],
)
def test_a_record_names_only_a_file_that_is_there(value: Any, key: str, town: Town) -> None:
    with pytest.raises(DataError) as caught:
        town.create("ana", "library", **ITEM, file=value)
    assert [(one.key, one.column) for one in caught.value.problems] == [(key, "file")]


def test_a_file_that_was_replaced_stays_in_the_history(town: Town) -> None:
    one = town.create("ana", "library", **ITEM, file=uploaded(town))
    two = town.edit("ana", one, file=uploaded(town, "ny.png", PNG))
    assert [fetched(town, two, number) for number in (1, 2)] == [("rapport.pdf", PDF), ("ny.png", PNG)]
    with pytest.raises(RegisterError):
        fetched(town, two, 1, by="rita")
    assert town.house.broken_files() == []


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "changed": lambda path: path.write_bytes(b"%PDF-2.0"),
    "taken away": lambda path: path.unlink(),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_file_that_was_changed_or_taken_away_is_not_given_out_and_found(what: str, town: Town) -> None:
    one = town.edit("ana", town.create("ana", "library", **ITEM, file=uploaded(town)), title="Uden fil", file=None)
    (path,) = town.house.files.folder.iterdir()
    DAMAGES[what](path)
    with pytest.raises(RegisterError) as caught:
        fetched(town, one, 1)
    assert caught.value.key == "register.file_changed"
    found = CliRunner().invoke(app, ["portfolio", "verify", "--project", str(town.house.folder)])
    assert (found.exit_code, "library/rapport" in found.output, "rapport.pdf" in found.output) == (1, True, True)


def test_a_file_is_uploaded_kept_replaced_and_taken_out_in_the_form(town: Town) -> None:
    with served(mounted(town.house)) as address, httpx.Client(base_url=address, timeout=60) as client:
        client.post("/da/portfolio/sign-in", data={"name": "ana", "password": PASSWORD})
        there = "/da/portfolio/record/library/rapport"

        def sent(path: str, version: str, file: tuple[str, bytes] | None, **more: str) -> httpx.Response:
            found = re.search('name="token" value="([^"]+)"', client.get(path).text)
            assert found
            data = ITEM | {"token": found[1], "version": version} | more
            return client.post(path, data=data, files={"file.new": file or ("", b"")})

        wrong = sent("/da/portfolio/register/library/new", "", ("rapport.pdf", PNG))
        assert (wrong.status_code, 'id="wrong-file"' in wrong.text) == (400, True)
        assert sent("/da/portfolio/register/library/new", "", ("Årsrapport.pdf", PDF)).status_code == 303
        kept = town.house.archive.get("library", "rapport").content["file"]
        mine = {f"file.{part}": value for part, value in kept.items()}
        assert sent(f"{there}/edit", "1", None, summary="Ny", **mine).status_code == 303
        assert town.house.archive.get("library", "rapport").content["file"] == kept
        assert sent(f"{there}/edit", "2", ("ny.png", PNG), **mine).status_code == 303
        assert sent(f"{there}/edit", "3", None, **{"file.name": "ny.png"}).status_code == 303
        assert "file" not in town.house.archive.get("library", "rapport").content
        old = client.get(f"{there}/file/2/file")
        assert (old.content, old.headers["content-type"]) == (PDF, "application/pdf")
        assert old.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%85rsrapport.pdf"
        assert old.headers["x-content-type-options"] == "nosniff"
        for nothing in ("4/file", "2/title", "2/nothing", "9/file", "x/file"):
            assert client.get(f"{there}/file/{nothing}").status_code in {400, 404}
