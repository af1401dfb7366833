"""Records are found by the stems of words, in both databases alike, and what was found is shown in its sentence."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sql

from lighed.portfolio.archive import Asked
from lighed.portfolio.find import SHOWN, sentence
from lighed.portfolio.house import House
from lighed.portfolio.table import MARK, RECORD
from tests.portfolio.conftest import Town

ITEMS: dict[str, dict[str, Any]] = {
    "gravidteam": {"title": "Fælles gravidteam", "summary": "Ældre jordemødre hjælper.", "published_on": "2023-12-31"},
    "boern": {"title": "Børnene først", "summary": "Om søvn. Familierne får ti rygestopforløb.", "factors": ["1"]},
    "rygestop": {"title": "Rygestop", "summary": "Et tilbud til gravide, som ryger.", "published_on": "2024-01-01"},
    "initiatives": {"title": "Local initiatives", "tags": "prevention", "published_on": "2024-02-29"},
    "saar": {"title": "Sår på Ærø", "summary": "100 % dækning.", "kind": "case"},
}
FIRST = {"kind": "report", "licence": "CC BY"}


@pytest.fixture
def library(town: Town) -> dict[str, str]:
    """The ids of the items, by what they are called here."""
    return {name: town.create("ana", "library", **FIRST | item).id for name, item in ITEMS.items()}


def found(town: Town, names: dict[str, str], **asked: Any) -> list[str]:
    desk = town.desk("ana")
    known = {made: name for name, made in names.items()}
    return [known[one.id] for one in desk.listed(desk.register("library"), Asked(**asked))[0]]


# Words, and what is found by them, what fits best first.
SEARCHES = {
    "gravide": ["rygestop", "gravidteam"],
    "GRAVIDES": ["rygestop", "gravidteam"],
    "rygestoppet": ["rygestop", "boern"],
    "barnet": [],
    "børn": ["boern"],
    "ældres": ["gravidteam"],
    "ærø": ["saar"],
    "a\u030arene": [],
    "sa\u030aret": ["saar"],
    "år": [],
    "initiative": ["initiatives"],
    "preventing": ["initiatives"],
    "gravide rygestop": ["rygestop"],
    "100 %": ["saar"],
    "_": [],
    "gravide'; DROP TABLE record; --": [],
    "*": ["boern", "gravidteam", "initiatives", "rygestop", "saar"],
}


@pytest.mark.parametrize("words", SEARCHES)
def test_words_are_found_in_all_their_forms_and_what_fits_best_comes_first(
    words: str, town: Town, library: dict[str, str]
) -> None:
    assert found(town, library, words=words) == SEARCHES[words]


RANGES = {
    ("2024-01-01", ""): ["initiatives", "rygestop"],
    ("2024-01-02", "2024-02-29"): ["initiatives"],
    ("", "2024-01-01"): ["gravidteam", "rygestop"],
    ("2024-03-01", "2024-12-31"): [],
}


@pytest.mark.parametrize("between", RANGES)
def test_a_list_is_narrowed_to_days(between: tuple[str, str], town: Town, library: dict[str, str]) -> None:
    assert found(town, library, between={"published_on": between}) == RANGES[between]
    assert found(town, library, between={"published_on": between}, words="rygestop", chosen={"factors": "1"}) == []


def test_what_an_older_version_of_the_program_kept_is_found_after_opening(town: Town, library: dict[str, str]) -> None:
    url = town.house.archive.engine.url.render_as_string(hide_password=False)
    with town.house.archive.engine.begin() as db:
        kept = db.execute(sql.select(RECORD).order_by(RECORD.c.id)).all(), db.execute(sql.select(MARK)).all()
        db.execute(RECORD.update().values(named="", search=""))
        db.execute(MARK.delete())
    assert found(town, library, words="gravide") == []
    again = House.open(town.house.folder, url)
    with again.archive.engine.begin() as db:
        made = db.execute(sql.select(RECORD).order_by(RECORD.c.id)).all(), db.execute(sql.select(MARK)).all()
    again.close()
    assert (made[0], sorted(made[1])) == (kept[0], sorted(kept[1]))


def test_a_match_is_shown_in_its_sentence() -> None:
    texts = ["Om søvn. Ti af Familiernes rygestop, i alt.", "Rygestop er mere."]
    assert sentence(texts, "rygestoppet familie") == [
        ("Ti af ", False), ("Familiernes", True), (" ", False), ("rygestop", True), (", i alt.", False),
    ]  # fmt: skip
    assert sentence(texts, "findes ikke") == sentence(texts, "") == []


@pytest.mark.parametrize("before", [0, 1, 100, 1000])
@pytest.mark.parametrize("after", [0, 1, 100, 1000])
def test_a_long_sentence_is_cut_around_the_match(before: int, after: int) -> None:
    pieces = sentence([f"{'x ' * before}gravide{' y' * after}"], "gravid")
    text = "".join(piece for piece, _ in pieces)
    assert [piece for piece, hit in pieces if hit] == ["gravide"]
    assert len(text.strip("…")) <= SHOWN
    whole = 2 * before + 7 + 2 * after <= SHOWN
    assert (text == f"{'x ' * before}gravide{' y' * after}") is whole
