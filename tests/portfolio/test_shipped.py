"""The shipped records: each figure stands in a sentence of its source, and each state was reached."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from lighed import catalogue
from lighed.catalogue.registers import ShippedRecord
from lighed.cli import app
from lighed.core.accounts import roles
from lighed.portfolio.house import House
from lighed.portfolio.shipped import PEOPLE, fill, in_order
from tests.portfolio.conftest import Filled

SHIPPED = catalogue.portfolio()
KNOWN = catalogue.load()
RECORDS = [(name, one) for name, records in SHIPPED.items() for one in records]
FIGURES = ("value", "share", "count", "percent", "enrolled", "answered", "size", "baseline", "target")
WORDS = {"seks": "6"}  # a figure that its source writes out
SOURCES = ("source", "size_source", "wording_source")
# What the issue asks for, by what the sources count themselves.
COUNTED = {"fact_sheets": 7, "recommendations": 6, "survey_items": 6, "obligations": 2}


def named(one: tuple[str, ShippedRecord]) -> str:
    return f"{one[0]}/{one[1].id}"


def figures(content: dict[str, Any]) -> Iterator[str]:
    for name in FIGURES:
        held = content.get(name)
        parts = held.values() if isinstance(held, dict) else [held]
        yield from (str(part) for part in parts if isinstance(part, int | float))


def quoted(content: dict[str, Any]) -> set[str]:
    """The figures in the sentences that the record's sources are quoted with."""
    sentences = re.findall("»([^«]*)«", " ".join(content.get(name, "") for name in SOURCES))
    words = re.findall(r"\d[\d.]*\d|\d|\w+", " ".join(sentences))
    return {WORDS.get(word, word.replace(".", "")) for word in words}


@pytest.mark.parametrize("one", [one for one in RECORDS if list(figures(one[1].content))], ids=named)
def test_every_figure_stands_in_a_sentence_of_its_source(one: tuple[str, ShippedRecord]) -> None:
    content = one[1].content
    assert set(figures(content)) <= quoted(content)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_record_names_its_source_and_has_an_id_of_its_own(name: str) -> None:
    assert all(any(one.content.get(source) for source in SOURCES) for one in SHIPPED[name])
    assert set(Counter(one.id for one in SHIPPED[name]).values()) == {1}


@pytest.mark.parametrize("name", COUNTED)
def test_what_the_sources_count_is_there(name: str) -> None:
    assert len(SHIPPED[name]) == COUNTED[name]


def test_a_percentage_without_denominator_is_no_share_and_nobody_is_quoted() -> None:
    for one in SHIPPED["survey_items"]:
        assert "share" not in one.content
        assert "nævner ikke offentliggjort" in one.content["source"]
    assert not [one.id for one in SHIPPED["fact_sheets"] if {"quote", "picture"} & one.content.keys()]


def test_a_municipality_or_region_belongs_where_its_name_says() -> None:
    public = [one.content for one in SHIPPED["organisations"] if one.content["type"] in {"municipality", "region"}]
    assert public
    for content in public:
        area = KNOWN.areas[content["area"]]
        assert (area.kind, area.name.da in content["title"]) == (content["type"], True), content["title"]


def test_the_recommendations_have_both_wordings_and_all_the_needs() -> None:
    told = {one.content["code"]: one.content for one in SHIPPED["recommendations"]}
    for advice in KNOWN.recommendations:
        content = told[str(advice.id)]
        assert (content["title"], content["wording"]) == (advice.title.da, advice.summary.da)
        assert content["needs"] == [need.id for need in advice.needs]
        assert content["later_wording"] not in ("", content["wording"])
    assert sum(len(content["needs"]) for content in told.values()) == 21


def test_the_overview_of_municipal_actions_is_there_word_for_word_and_by_factor() -> None:
    actions = {
        action.id: (factor.id, action.title.da) for factor in KNOWN.factors.values() for action in factor.actions
    }
    mine = [one.content for one in SHIPPED["initiatives"] if one.content.get("programme") == "kommunale-indsatser"]
    told = {one["short_name"]: (int(one["factors"][0]), one["what"]) for one in mine}
    assert told == {name: actions[name] for area in KNOWN.overview for name in area.actions}


def test_registers_come_after_those_that_they_point_into() -> None:
    ordered = [register.id for register in in_order(KNOWN.registers.values())]
    assert sorted(ordered) == sorted(KNOWN.registers)
    for register in KNOWN.registers.values():
        into = {field.register_id for field in register.fields} - {None, register.id}
        assert all(ordered.index(str(name)) < ordered.index(register.id) for name in into)


def test_every_record_is_kept_where_its_moves_lead_and_nothing_is_broken(shipped: Filled) -> None:
    house = House.open(shipped.folder)
    for name, one in RECORDS:
        workflow = KNOWN.registers[name].workflow
        state = workflow.states[0].id
        for move in one.moves:
            state = workflow.transition(move, after=state).to
        kept = house.archive.get(name, one.id)
        assert (kept.state, kept.version) == (state, 1 + len(one.moves))
        assert kept.by != kept.author or not workflow.state(state).approved or name in {"assignments", "obligations"}
    assert house.archive.broken() == []
    assert house.accounts.broken_at() is None
    house.close()


def test_there_is_an_account_of_each_role_of_the_registers_and_no_other(shipped: Filled) -> None:
    house = House.open(shipped.folder)
    given = {user.name: set(user.roles) for user in house.accounts.users()}
    assert given == {name: {role} for name, role in PEOPLE.items()}
    assert {role for role, one in roles().items() if "see_registers" in one.actions} == set(PEOPLE.values())
    for name in PEOPLE:
        assert house.accounts.session(house.accounts.sign_in(name, shipped.password))
    house.close()


def test_the_command_says_the_accounts_and_leaves_a_folder_that_is_there_alone(shipped: Filled, tmp_path: Path) -> None:
    half = tmp_path / "portfolio.part"
    half.mkdir()
    (half / "accounts.db").write_text("begun and killed")
    command = ["portfolio", "fill", "--project", str(tmp_path / "portfolio")]
    made = CliRunner().invoke(app, command)
    assert made.exit_code == 0
    assert all(name in made.output for name in PEOPLE)
    assert not half.exists()
    before = sorted((shipped.folder).iterdir())
    assert fill(shipped.folder) is None
    assert sorted((shipped.folder).iterdir()) == before
    assert CliRunner().invoke(app, command).exit_code == 1
