"""Quotes and pictures are shown with consent alone, in no list, file, version or answer otherwise."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lighed.core.errors import DataError
from lighed.core.register import Register
from lighed.core.text import LANGUAGES
from lighed.portfolio.archive import Asked, ConflictError, Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.exchange import WRITERS
from lighed.portfolio.house import House
from tests.portfolio.conftest import HOME, Town, settled

QUOTE, NAME, PICTURE = "Det virkede for os.", "Mona Mustermann, leder", "https://example.org/mona.jpg"
GIVEN = {"quote_consent": "2023-05-01", "picture_consent": "2023-05-01"}
WITHDRAWN = {"quote_withdrawn": "2024-05-01", "picture_withdrawn": "2024-05-01"}


@pytest.fixture
def town(staffed: Path, tmp_path: Path) -> Iterator[Town]:
    made = settled(House.open(shutil.copytree(staffed, tmp_path / "portfolio")))
    yield made
    made.house.close()


def sheet(town: Town, **more: Any) -> Record:
    made = town.create("ole", "initiatives", title="Gåhold", organisation=HOME)
    texts = dict.fromkeys(("problem", "action", "results", "perspectives"), "x")
    said = {"quote": QUOTE, "quoted": NAME, "picture": PICTURE, "pictured": NAME}
    return town.create(
        "ole", "fact_sheets", title="Ark", initiative=made.id, as_of="2024-01-01", **texts, **said, **more
    )


def everywhere(town: Town, by: str, one: Record) -> str:
    """All that a user is told of a record, in every way that there is."""
    desk = town.desk(by)
    register, initiatives = desk.register("fact_sheets"), desk.register("initiatives")
    ways = [
        desk.get(register, one.id),
        *desk.listed(register, Asked())[0],
        *desk.listed(register, Asked(words="virkede Mona"))[0],
        *desk.history(register, one.id),
        *(each for _, each in desk.belonging(initiatives, desk.get(initiatives, "gaahold"))),
    ]
    files = [write(register, desk.export(register)) for kind, (write, _) in WRITERS.items() if kind != "xlsx"]
    return "".join(map(str, ways)) + b"".join(files).decode()


def seen(text: str) -> set[str]:
    return {word for word in (QUOTE, NAME, PICTURE) if word in text}


@pytest.mark.parametrize(
    ("dates", "shown"),
    [
        (GIVEN, {QUOTE, NAME, PICTURE}),
        ({}, set()),
        (GIVEN | WITHDRAWN, set()),
        (WITHDRAWN, set()),
        ({"quote_consent": "2023-05-01"}, {QUOTE, NAME}),
        (GIVEN | {"quote_withdrawn": "2024-05-01"}, {PICTURE, NAME}),
    ],
)
def test_a_quote_and_a_picture_are_shown_with_consent_alone(dates: dict[str, str], shown: set[str], town: Town) -> None:
    one = sheet(town, **dates)
    for by in ("paul", "ole", "ana", "carl"):
        assert seen(everywhere(town, by, one)) == shown, by
    assert seen(everywhere(town, "sara", one)) == {QUOTE, NAME, PICTURE}


def test_what_was_withdrawn_is_gone_from_the_versions_before(town: Town) -> None:
    one = sheet(town, **GIVEN)
    assert seen(everywhere(town, "paul", one)) == {QUOTE, NAME, PICTURE}
    now = town.edit("ole", one, **WITHDRAWN)
    for by in ("paul", "ole", "ana", "carl"):
        assert seen(everywhere(town, by, now)) == set()
    assert seen(everywhere(town, "sara", now)) == {QUOTE, NAME, PICTURE}
    desk = town.desk("ole")
    register = desk.register("fact_sheets")
    assert [field.id for field in desk.withheld(register, one.id)] == ["quote", "quoted", "picture", "pictured"]


def test_what_is_not_shown_is_kept_by_who_does_not_see_it(town: Town) -> None:
    one = sheet(town)
    assert "quote" not in one.content
    town.edit("ole", one, problem="y")
    changed = taken_in(town.desk("ole"), "problem", "z")
    assert (changed.content["problem"], "quote" in changed.content) == ("z", False)
    kept = town.now(one).content
    assert (kept["quote"], kept["picture"], kept["problem"]) == (QUOTE, PICTURE, "z")
    told = town.edit("ole", town.desk("ole").get(town.desk("ole").register("fact_sheets"), one.id), **GIVEN)
    assert told.content["quote"] == QUOTE


def taken_in(desk: Desk, name: str, value: str) -> Record:
    """The record after its file was fetched, changed and read in again."""
    register: Register = desk.register("fact_sheets")
    data = WRITERS["csv"][0](register, desk.export(register)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data), delimiter=";"))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0], delimiter=";")
    writer.writeheader()
    writer.writerows([row | {name: value} for row in rows])
    desk.take_in(register, "x.csv", out.getvalue().encode())
    return desk.get(register, rows[0]["id"])


def test_the_second_of_two_writers_is_not_told_what_is_not_shown(town: Town) -> None:
    one = sheet(town)
    town.edit("ole", one, problem="y")
    with pytest.raises(ConflictError) as caught:
        town.edit("ole", one, seen=1, problem="z")
    assert seen(str(caught.value.now)) == set()


NUMBER = "070761-4285"


@pytest.mark.parametrize("name", ["title", "problem", "quote", "quoted", "pictured", "contact", "source"])
def test_a_number_of_a_person_is_refused_in_every_text(name: str, town: Town) -> None:
    with pytest.raises(DataError) as caught:
        town.edit("ole", sheet(town, **GIVEN), **{name: f"se {NUMBER}"})
    assert [(one.key, one.column) for one in caught.value.problems] == [("person_number", name)]
    for lang in LANGUAGES:
        assert NUMBER not in caught.value.sentence(lang)
