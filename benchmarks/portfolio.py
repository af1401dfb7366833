"""Lists, searches and records of 1,000 initiatives with 100,000 versions through the pages, as each is asked for.

Each initiative has figures of five years and a goal, so that the rules have something to flag.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient

from _table import Line, arguments, show, took
from lighed.core.register import Register
from lighed.core.text import LANGUAGES
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import slug
from lighed.portfolio.house import House
from lighed.web.portfolio import create_app

LIMIT = 150  # milliseconds, at the median
TIMES = 15
YEARS = range(2018, 2023)
HOME = "aarhus-kommune"
WORDS = ("gåhold", "rygestop", "gravide", "ældre", "madskole", "psykisk", "bolig", "fædre", "tolk", "motion")
PASSWORD = "en lang adgangskode"  # noqa: S105 - of an account that lives as long as the benchmark
PATHS = {
    "list": "register/initiatives",
    "list, page 10": "register/initiatives?page=10",
    "search for a word": "register/initiatives?q=g%C3%A5holdene",
    "search for two words": "register/initiatives?q=%C3%A6ldre+bolig",
    "search that finds nothing": "register/initiatives?q=findes+ikke",
    "list with flags": "register/observations",
    "list of goals with flags": "register/goals",
    "search with flags": "register/observations?q=r%C3%B8gfri",
    "filter": "register/initiatives?f.factors=3&f.light=green",
    "days": "register/initiatives?from.begins=2020-01-01&to.begins=2020-12-31",
    "list as JSON": "register/initiatives.json",
    "record": "record/initiatives/gaahold-gaahold-0000",
    "form": "record/initiatives/gaahold-gaahold-0000/edit",
    "history of 100 versions": "record/initiatives/gaahold-gaahold-0000/history",
    "overview": "",
}


def content(number: int, version: int) -> dict[str, object]:
    """Return an initiative that differs from the one before."""
    words = WORDS[number % 10], WORDS[number // 10 % 10]
    text = f"{words[0]} {words[1]} i udgave {version}. " * 10
    chosen = {"factors": [str(number % 8 + 1)], "light": ("red", "amber", "green")[number % 3]}
    chosen["begins"] = f"20{number % 20 + 10}-06-01"
    return {"title": f"{words[0]} {words[1]} {number:04}", "organisation": HOME, "what": text, **chosen}


def filled(folder: Path, initiatives: int, versions: int) -> None:
    """Make the house, with one user and the records."""
    house = House.open(folder)
    house.accounts.add_user("sara", PASSWORD, ["approver", "initiative_owner"], by="-", units=[HOME])
    desk = house.desk(house.accounts.user("sara"))
    desk.create(desk.register("organisations"), {"title": "Aarhus Kommune", "type": "municipality"})
    register = desk.register("initiatives")
    for number in range(initiatives):
        _history(house, register, number, versions)
        _figures(house, number)
    house.close()


def _history(house: House, register: Register, number: int, versions: int) -> None:
    name = slug(str(content(number, 1)["title"]))
    with house.archive.writing() as db:
        for version in range(1, versions + 1):
            change = "created" if version == 1 else "edited"
            said = content(number, version)
            at = 1_764_000_000.0 + version
            house.archive.put(
                db, register, Record(register.id, name, version, change, "running", HOME, said, "sara", "sara", at)
            )


def _figures(house: House, number: int) -> None:
    """Give an initiative a figure a year, some of them a percentage without a denominator, and a goal in a unit."""
    of, told = slug(str(content(number, 1)["title"])), list[tuple[str, dict[str, object]]]()
    for year in YEARS:
        measured: dict[str, object] = {"share": {"numerator": number % 90 + year - 2018, "denominator": 100}}
        measured = measured if number % 3 else {"value": {"value": number % 90, "unit": "percent"}}
        told.append(
            ("observations", {"title": f"Røgfri {year}", "period": str(year), "source": "Opgørelse"} | measured)
        )
    unit = "percent" if number % 2 else "persons"
    told.append(("goals", {"title": "Flere røgfri", "target": {"value": 50, "unit": unit}}))
    with house.archive.writing() as db:
        for at, (name, said) in enumerate(told):
            full = said | {"initiative": of, "indicator": "F3.1"}
            one = Record(name, f"{of}-{at}", 1, "created", "draft", HOME, full, "sara", "sara", 1_764_000_000.0 + at)
            house.archive.put(db, house.registers[name], one)


def asked(folder: Path) -> dict[str, list[float]]:
    """Ask for every page some times in both languages; return the milliseconds of each."""
    house, app = House.open(folder), FastAPI()
    app.mount("/{lang}/portfolio", create_app(house))
    with TestClient(app) as client:
        client.post("/da/portfolio/sign-in", data={"name": "sara", "password": PASSWORD}, follow_redirects=False)
        found = {
            what: [_ask(client, f"/{lang}/portfolio/{path}") for _ in range(TIMES) for lang in LANGUAGES]
            for what, path in PATHS.items()
        }
    house.close()
    return found


def _ask(client: httpx.Client, address: str) -> float:
    start = time.perf_counter()
    answer = client.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    """Fill, ask, and print the table."""
    given = arguments(__doc__, initiatives=1_000, versions=100)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "portfolio"
        made = took(filled, folder, given.initiatives, given.versions)
        found = took(asked, folder)
    lines = [Line(f"{what} ({len(times)})", median(times), "ms", LIMIT) for what, times in found.result.items()]
    count = given.initiatives * given.versions
    show(f"Registers: {given.initiatives:,} initiatives, {count:,} versions, at the median", [
        *lines, Line("a version is kept, mean", 1000 * made.wall / count, "ms"), Line("memory", found.peak, "GB"),
    ], write=given.write)  # fmt: skip


if __name__ == "__main__":
    main()
