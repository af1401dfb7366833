"""A project to load files into, and the command line as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from zones import Ran, Run, Zone, new_zone

from lighed.catalogue import Catalogue
from lighed.cli import main


@pytest.fixture
def made(project: Path, catalogue: Catalogue) -> Zone:
    return new_zone(project, catalogue)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> dict[str, Zone]:
    """Two projects that stand through the tests of a file, one with an empty store and one that holds a good file."""
    zones = {state: new_zone(tmp_path_factory.mktemp(state) / "project", catalogue) for state in ("empty", "filled")}
    path = zones["filled"].put("before.csv", "CPR;AAR;KOMNR\n0101701234;2010;0101\n0202802345;2010;0147\n")
    mapping = "{id: before, period: {column: AAR}, columns: {CPR: {to: person_id}, KOMNR: {to: residence.area}}}"
    zones["filled"].load(path, mapping)
    return zones


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as the program would, in a language."""

    def ran(*words: object, lang: str = "en") -> Ran:
        monkeypatch.setattr("lighed.cli.LANG", lang)
        monkeypatch.setattr("sys.argv", ["lighed", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        code = ended.value.code
        return Ran(code if isinstance(code, int) else 0, written.out, written.err)

    return ran
