"""The library as an archive: whole without a server, the same bytes for the same records, and checked."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from lighed.cli import app
from lighed.core.text import LANGUAGES, say
from lighed.portfolio.house import House
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit
from tests.portfolio.conftest import Town, settled

PDF = b"%PDF-1.7 rapport"
RUN = CliRunner()


@pytest.fixture(scope="module")
def town(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    made = settled(House.open(shutil.copytree(staffed, tmp_path_factory.mktemp("archive") / "portfolio")))
    desk = made.desk("ana")
    file = desk.keep_file(desk.register("library"), "file", "../Årsrapport.pdf", io.BytesIO(PDF))
    study = made.create("ana", "evidence", title="En undersøgelse", type="review", link="https://example.org/x")
    made.move("sara", made.move("ana", study, "send"), "publish")
    common = {"kind": "report", "licence": "CC BY"}
    items: list[dict[str, Any]] = [
        {"title": "Ældre og ulighed", "factors": ["1"], "evidence": [study.id], "file": file},
        {"title": "Zoner", "factors": ["1", "3"], "summary": "<script>document.title='taken'</script>"},
        {"title": "Åbne døre", "kind": "case"},
    ]
    for item in items:
        made.move("sara", made.move("ana", made.create("ana", "library", **common | item), "send"), "publish")
    made.create("ana", "library", **common, title="Kun en kladde")
    yield made
    made.house.close()


def archived(town: Town, target: Path) -> Path:
    told = RUN.invoke(app, ["portfolio", "archive", str(target), "--project", str(town.house.folder)])
    assert (told.exit_code, str(target) in told.output) == (0, True), told.output
    return target


@pytest.fixture(scope="module")
def folder(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archived(town, tmp_path_factory.mktemp("out") / "bibliotek")


def checked(source: Path) -> tuple[int, str]:
    told = RUN.invoke(app, ["portfolio", "check-archive", str(source)])
    return told.exit_code, told.output


def test_the_same_library_gives_the_same_bytes_as_a_folder_and_as_a_zip_file(
    town: Town, folder: Path, tmp_path: Path
) -> None:
    first, second = (archived(town, tmp_path / name) for name in ("a.zip", "b.zip"))
    assert first.read_bytes() == second.read_bytes()
    with ZipFile(first) as whole:
        inside = {name: whole.read(name) for name in whole.namelist()}
    assert inside == {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    for source in (first, folder):
        assert checked(source) == (0, say("cli.archive_whole", "da", count=len(inside)) + "\n")


def test_the_manifest_is_that_of_any_program_that_counts_checksums(folder: Path) -> None:
    assert (folder / "bagit.txt").read_text("utf-8").splitlines()[0] == "BagIt-Version: 1.0"
    payload = [path for path in (folder / "data").rglob("*") if path.is_file()]
    lines = (folder / "manifest-sha256.txt").read_text("utf-8").splitlines()
    told = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in payload}
    assert dict(reversed(line.split("  ", 1)) for line in lines) == told
    oxum = f"Payload-Oxum: {sum(path.stat().st_size for path in payload)}.{len(payload)}"
    assert oxum in (folder / "bag-info.txt").read_text("utf-8").splitlines()


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a byte": (lambda folder: (folder / "data/da/index.html").write_bytes(b"x"), "data/da/index.html"),
    "a file taken out": (lambda folder: (folder / "data/library.css").unlink(), "data/library.css"),
    "a file added": (lambda folder: (folder / "data/ny.html").write_text("x"), "data/ny.html"),
    "a manifest changed": (lambda folder: (folder / "manifest-sha256.txt").write_text(""), "manifest-sha256.txt"),
    "no manifest": (lambda folder: (folder / "tagmanifest-sha256.txt").unlink(), "tagmanifest-sha256.txt"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_an_archive_that_was_changed_is_not_whole(what: str, folder: Path, tmp_path: Path) -> None:
    copy, (damage, path) = shutil.copytree(folder, tmp_path / "copy"), DAMAGES[what]
    damage(copy)
    code, told = checked(copy)
    assert (code, path in told) == (1, True)


def test_an_archive_is_written_over_nothing_and_what_is_none_is_said(town: Town, folder: Path, tmp_path: Path) -> None:
    again = RUN.invoke(app, ["portfolio", "archive", str(folder), "--project", str(town.house.folder)])
    assert again.exception is not None
    (tmp_path / "x.zip").write_bytes(b"PK")
    for name in ("x.zip", "nothing"):
        assert RUN.invoke(app, ["portfolio", "check-archive", str(tmp_path / name)]).exit_code == 1


def test_what_is_not_published_is_not_archived(folder: Path) -> None:
    kept = json.loads((folder / "data/records/library.json").read_text("utf-8"))["records"]
    assert {one["content"]["title"] for one in kept} == {"Ældre og ulighed", "Zoner", "Åbne døre"}
    assert not any(b"kladde" in path.read_bytes() for path in folder.rglob("*.*"))


def test_every_link_leads_to_something_that_is_in_the_archive(folder: Path) -> None:
    pages = list((folder / "data").rglob("*.html"))
    assert len(pages) == 1 + 2 * (1 + 4)
    for page in pages:
        for link in re.findall(r'(?:href|src)="([^"#]+)"', page.read_text("utf-8")):
            assert link == "https://example.org/x" or (page.parent / link).is_file(), (page, link)
    (file,) = (folder / "data/files").iterdir()
    assert (file.name, file.read_bytes()) == (f"{hashlib.sha256(PDF).hexdigest()}.pdf", PDF)


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pages_are_read_and_searched_from_the_folder(browser: Browser, folder: Path, lang: str) -> None:
    page = browser.new_context(viewport={"width": WIDE, "height": 900}).new_page()
    visit = Visit(page, folder.as_uri())
    visit.open(f"/data/{lang}/index.html")
    items = page.locator("li[data-words] a")
    assert items.all_inner_texts() == ["En undersøgelse", "Zoner", "Ældre og ulighed", "Åbne døre"]
    assert visit.faults == []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert (visit.axe(), visit.overflow()) == ([], 0)
        page.screenshot(path=SCREENSHOTS / f"library_index_{lang}_{width}.png", full_page=True)
    page.fill("#find-words", "ældre ULIGHED")
    expect(page.locator("li[data-words]:visible")).to_have_count(1)
    for title in ("Ældre og ulighed", "Zoner", "Åbne døre"):
        page.goto(f"{folder.as_uri()}/data/{lang}/index.html")
        page.click(f"li[data-words] a:text-is('{title}')")
        assert page.inner_text("h1") == page.title() == title
        assert visit.axe() == []
    assert visit.elsewhere == []
    page.context.close()
