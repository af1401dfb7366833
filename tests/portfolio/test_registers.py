"""The shipped registers: all that were asked for, each with examples that hold, and states that can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from lighed import catalogue
from lighed.catalogue.load import BUILT_IN, read_yaml
from lighed.core.accounts import actions, roles
from lighed.core.errors import DefinitionError
from lighed.core.register import Register, mistakes_of_register
from lighed.core.text import LANGUAGES

REGISTERS = catalogue.load().registers
# Every register that the brief of the portfolio names, by the words used there.
ASKED = {
    "organisations", "administrations", "programmes", "assignments", "obligations", "reports", "initiatives",
    "target_groups", "goals", "observations", "funnels", "courses", "evaluations", "trials", "evidence", "assessments",
    "spread_records", "equity_checks", "recommendations", "demands", "events", "library", "fact_sheets", "surveys",
    "survey_items", "survey_invitations", "survey_answers", "policies", "licences", "caseloads", "accompaniments",
    "absences", "barriers", "theories_of_change", "offers", "places", "inspections", "allocations",
}  # fmt: skip


def test_every_register_that_was_asked_for_is_there() -> None:
    assert set(REGISTERS) == ASKED


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_has_examples_that_hold_of_what_is_taken_and_what_is_refused(name: str) -> None:
    register = REGISTERS[name]
    assert list(mistakes_of_register(register)) == []
    assert {bool(one.refused) for one in register.example} == {True, False}


def test_an_example_that_does_not_hold_is_said() -> None:
    register = REGISTERS["organisations"]
    example = register.example[0].model_copy(update={"refused": {"title": "not_filled"}})
    (line,) = mistakes_of_register(register.model_copy(update={"example": (example,)}))
    assert "not_filled" in line
    assert list(mistakes_of_register(register.model_copy(update={"example": ()}))) != []


@pytest.mark.parametrize("name", REGISTERS)
def test_every_state_is_reached_and_somebody_can_take_every_way(name: str) -> None:
    workflow = REGISTERS[name].workflow
    reached = {workflow.states[0].id}
    for _ in workflow.states:
        reached |= {way.to for way in workflow.transitions if reached & set(way.after)}
    assert reached == {state.id for state in workflow.states}
    given = {action for role in roles().values() for action in role.actions}
    assert {way.action for way in workflow.transitions} <= given
    assert REGISTERS[name].edit in given


@pytest.mark.parametrize("name", REGISTERS)
def test_no_text_is_missing_or_the_same_name_twice_in_a_form(name: str) -> None:
    register = REGISTERS[name]
    for lang in LANGUAGES:
        titles = [field.title[lang] for field in register.fields]
        assert all(titles)
        assert len(set(titles)) == len(titles)


# What makes a definition impossible, and what is said.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a workflow that is not there": ({"workflow": "none"}, "workflow 'none'"),
    "a title that is not there": ({"title_field": "name"}, "no field 'name'"),
    "a title that may be empty": ({"title_field": "short_name"}, "must be a text that is required"),
    "a consent that is no day": ({"fields": [{"consent": "place"}]}, "'place' must be a date"),
    "a consent that is not there": ({"fields": [{"consent": "nowhere"}]}, "'nowhere' must be a date"),
    "a review that is no day": ({"review": ["place"]}, "'place' must be a date"),
    "a count of nothing": (
        {"tally": {"indicator": "type", "year": "joined", "amount": "place", "among": "x"}},
        "field 'x'",
    ),
    "a filter on text": ({"filters": ["place"]}, "'place' is none"),
    "an action that is not there": ({"edit": "fly"}, "'fly' is not known"),
    "a parent of many": ({"parent": "type"}, "reference to one record"),
    "an organisation that is none": ({"organisation": "type"}, "must be a reference to organisations"),
    "a key that is not there": ({"colour": "red"}, "colour"),
    "a reference to nothing": ({"fields": [{"kind": "reference", "register": "nowhere"}]}, "register 'nowhere'"),
    "a code list that is not there": ({"fields": [{"kind": "choice", "codes": "nothing"}]}, "code list 'nothing'"),
    "a choice without codes": ({"fields": [{"kind": "choice"}]}, "have codes"),
    "many numbers": ({"fields": [{"kind": "number", "many": True}]}, "many"),
    "a field twice": ({"fields": [{"id": "title"}]}, "field needs an id of its own"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_definition_that_says_something_impossible_is_refused_with_its_path(what: str, tmp_path: Any) -> None:
    import yaml

    given, expected = WRONG[what]
    tree = read_yaml(BUILT_IN / "registers" / "organisations.yaml") | {"id": "own"} | given
    if "fields" in given:
        before = read_yaml(BUILT_IN / "registers" / "organisations.yaml")["fields"]
        named = {"id": "extra", "title": {"da": "x", "en": "x"}}
        tree["fields"] = [*before, *(named | field for field in given["fields"])]
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "own.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), "utf-8")
    with pytest.raises(DefinitionError) as caught:
        catalogue.load(tmp_path)
    assert expected in str(caught.value)
    assert "own.yaml" in str(caught.value)


def test_a_register_of_ones_own_is_read_beside_the_built_in_ones(tmp_path: Any) -> None:
    tree = (BUILT_IN / "registers" / "events.yaml").read_text("utf-8").replace("id: events", "id: walks", 1)
    (tmp_path / "registers").mkdir()
    (tmp_path / "registers" / "walks.yaml").write_text(tree, "utf-8")
    found = catalogue.load(tmp_path).registers
    assert isinstance(found["walks"], Register)
    assert set(found) == ASKED | {"walks"}


def test_what_a_transition_takes_is_an_action_that_has_a_name() -> None:
    taken = {way.action for register in REGISTERS.values() for way in register.workflow.transitions}
    assert taken <= set(actions())
