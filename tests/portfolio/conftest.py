"""A house of registers with people of every role, on SQLite and on a PostgreSQL that is started here."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from lighed.core.yaml import parse
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.house import House
from lighed.portfolio.shipped import fill
from lighed.web.portfolio import create_app
from tests.browser import free_port

PASSWORD = "en lang adgangskode"
HOME, AWAY = "aarhus-kommune", "randers-kommune"
PEOPLE = {
    "rita": (["reader"], []),
    "paul": (["partner"], [HOME]),
    "ole": (["initiative_owner"], [HOME]),
    "else": (["initiative_owner"], [AWAY]),
    "ana": (["analyst"], []),
    "sara": (["approver"], []),
    "carl": (["administrator"], []),
    "nils": ([], [HOME]),
    "kim": (["initiative_owner", "approver", "analyst"], [HOME]),
}
ALLIANCE = Path(__file__).with_name("alliance.yaml")
# A plan report with which nothing is amiss.
WHOLE = {
    "problem": "Fravær",
    "target_group": "Kort uddannelse",
    "actions": "Ringe op",
    "aims": "Flere møder",
    "aims_reason": "Tal kommer i 2018",
    "documentation": "Tælles",
    "documentation_reason": "Kun interview",
}
NUMBERS = itertools.count()
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to start as root


class Clock:
    """A clock that goes a second on whenever it is read."""

    def __init__(self) -> None:
        self.now = 1_764_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@dataclass
class Town:
    """A house of registers, and the desks of its people."""

    house: House

    def desk(self, name: str | None) -> Desk:
        return self.house.desk(self.house.accounts.user(name) if name else None)

    def create(self, by: str, register: str, **content: Any) -> Record:
        desk = self.desk(by)
        return desk.create(desk.register(register), content)

    def edit(self, by: str, one: Record, seen: int | None = None, **content: Any) -> Record:
        desk = self.desk(by)
        return desk.edit(desk.register(one.register), one.id, seen or one.version, one.content | content)

    def move(self, by: str, one: Record, *moves: str, reason: str = "") -> Record:
        desk = self.desk(by)
        for move in moves:
            one = desk.move(desk.register(one.register), one.id, one.version, move, reason)
        return one

    def now(self, one: Record) -> Record:
        return self.house.archive.get(*one.key)

    def logged(self, most: int = 1) -> list[tuple[str, str, str]]:
        return [(entry.user, entry.action, entry.thing) for entry in self.house.accounts.log(most)]


@dataclass(frozen=True)
class Filled:
    """A folder of registers that the program filled."""

    folder: Path
    password: str


@pytest.fixture(scope="session")
def staffed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a house whose people have their accounts, to be copied."""
    house = House.open(tmp_path_factory.mktemp("staffed") / "portfolio")
    for name, (given, units) in PEOPLE.items():
        house.accounts.add_user(name, PASSWORD, given, by="-", units=units)
    house.close()
    return house.folder


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """A folder with the shipped records, and the password of its accounts."""
    folder = tmp_path_factory.mktemp("shipped") / "portfolio"
    return Filled(folder, fill(folder) or "")


def settled(house: House) -> Town:
    """A house with two municipalities in it."""
    town = Town(house)
    for title in ("Aarhus Kommune", "Randers Kommune"):
        town.create("sara", "organisations", title=title, type="municipality")
    return town


def surveyed(town: Town, title: str) -> Record:
    """Put a published survey into a town, with two percentages of 68 of 107: one can be of 68, one cannot."""
    town.create("sara", "programmes", title="Alliancen", kind="alliance")
    cited = {"answered": {"numerator": 68, "denominator": 107}, "source": "Rapport"}
    survey = town.create("ana", "surveys", title=title, programme="alliancen", **cited)
    for percent, what in ((75, "Har sat mål"), (98, "Indsatsområder")):
        said = {"title": what, "text": what, "survey": survey.id, "percent": percent, "source": "Rapport"}
        town.move("sara", town.move("ana", town.create("ana", "survey_items", **said), "send"), "publish")
    return town.move("sara", town.move("ana", survey, "send"), "publish")


def told(town: Town) -> None:
    """Put what the alliance's report says of four projects into a town."""
    for register, records in parse(ALLIANCE.read_text("utf-8")).items():
        for content in records:
            if register == "initiatives":
                town.move("ole", town.create("ole", register, organisation=HOME, **content), "plan")
            else:
                town.create("ana" if register == "trials" else "ole", register, **content)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL of the tests' own; says so where none is installed."""
    if shutil.which("initdb") is None or shutil.which("postgres") is None:
        warnings.warn(
            "PostgreSQL is not installed: the registers were tested on SQLite only", UserWarning, stacklevel=1
        )
        pytest.skip("PostgreSQL is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="lighed-pg-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, UNPRIVILEGED)
        _as_somebody("initdb", "-D", f"{folder}/data", "-U", "lighed", "-A", "trust", "-E", "UTF8", "--no-sync")
        asked = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        _as_somebody("pg_ctl", "-D", f"{folder}/data", "-w", "-o", asked, "-l", f"{folder}/log", "start")
        try:
            yield f"postgresql://lighed@127.0.0.1:{port}/postgres"
        finally:
            _as_somebody("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")


def _as_somebody(program: str, *arguments: str) -> None:
    path = shutil.which(program)
    assert path
    before = ["setpriv", f"--reuid={UNPRIVILEGED}", "--clear-groups"] if os.geteuid() == 0 else []
    subprocess.run([*before, path, *arguments], check=True, stdout=subprocess.DEVNULL, cwd="/")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: nothing for SQLite in the folder."""
    if request.param == "sqlite":
        return ""
    import psycopg

    server, name = request.getfixturevalue("postgresql"), f"t{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as db:
        db.execute(f"CREATE SCHEMA {name}")
    return f"{server}?options=-csearch_path%3D{name}"


@pytest.fixture
def town(staffed: Path, tmp_path: Path, database: str) -> Iterator[Town]:
    made = settled(House.open(shutil.copytree(staffed, tmp_path / "portfolio"), database, Clock()))
    yield made
    made.house.close()


def mounted(house: House) -> FastAPI:
    """The registers as they stand in the web app, without releases beside them."""
    app = FastAPI()
    app.mount("/static", StaticFiles(directory=str(files("lighed.report").joinpath("static"))))
    app.mount("/{lang}/portfolio", create_app(house))
    return app
