"""Definitions of forms: points only add, more points never give fewer offers, and what is impossible is refused."""

from __future__ import annotations

import random
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from lighed.catalogue import Catalogue, load
from lighed.catalogue.load import BUILT_IN, read_yaml, validated
from lighed.core.errors import DefinitionError, FormError
from lighed.core.form import STEPS, Form, mistakes_of_form
from lighed.core.text import LANGUAGES

FORMS = sorted(path.stem for path in (BUILT_IN / "forms").glob("*.yaml"))


def tree(name: str = "discharge_needs") -> Any:
    return read_yaml(BUILT_IN / "forms" / f"{name}.yaml")


def ids(things: Any) -> list[str]:
    return [thing.id for thing in things]


@pytest.mark.parametrize("name", FORMS)
def test_the_examples_of_a_form_come_out_and_reach_every_band(name: str, catalogue: Catalogue) -> None:
    form = catalogue.forms[name]
    assert list(mistakes_of_form(form)) == []
    reached = {result.band.id for one in form.example if (result := form.result(one.answers)).band}
    assert reached == set(ids(form.bands))
    assert any(not one.offers for one in form.example)


@pytest.mark.parametrize("name", FORMS)
def test_every_way_to_fill_in_a_form_adds_at_least_what_fewer_answers_do(name: str, catalogue: Catalogue) -> None:
    form, rng = catalogue.forms[name], random.Random(7)
    ways = [[None, *ids(question.options)] for question in form.questions]
    for way in rng.sample(sorted(product(*ways), key=str), 300 if len(ways) > 3 else 120):
        answers = {q.id: o for q, o in zip(form.questions, way, strict=True) if o}
        result = form.result(answers)
        assert result.points == sum(option.points for _, option in result.because)
        assert result.complete is (len(answers) == len(form.questions))
        for left_out in answers:
            fewer = form.result({key: value for key, value in answers.items() if key != left_out})
            assert fewer.points <= result.points
            assert set(ids(fewer.offers)) <= set(ids(result.offers))


@pytest.mark.parametrize("name", FORMS)
def test_more_points_never_give_fewer_offers(name: str, catalogue: Catalogue) -> None:
    form = catalogue.forms[name]
    given = [set(ids(form.offered_from(points))) for points in range(form.most + 2)]
    assert all(fewer <= more for fewer, more in pairwise(given))
    assert given[0] == set()
    assert given[-1] == set(ids(form.offers))


def test_audit_c_counts_as_the_world_health_organization_does(catalogue: Catalogue) -> None:
    form = catalogue.forms["alcohol_screening"]
    assert [[option.points for option in question.options] for question in form.questions] == [[0, 1, 2, 3, 4]] * 3


@pytest.mark.parametrize("name", FORMS)
def test_a_form_says_in_both_languages_what_is_assumed_and_that_it_can_be_refused(
    name: str, catalogue: Catalogue
) -> None:
    form = catalogue.forms[name]
    for lang, (assumed, refuse) in zip(
        LANGUAGES, (("vores forslag", "sige nej"), ("our proposal", "refuse")), strict=True
    ):
        assert any(assumed in caveat[lang] for caveat in form.caveats)
        assert refuse in form.refusal[lang]


@pytest.mark.parametrize("name", FORMS)
def test_the_events_of_a_form_are_items_of_the_catalogue(name: str, catalogue: Catalogue) -> None:
    form, items = catalogue.forms[name], catalogue.items
    assert set(items[f"{name}_scored"].categories) == {"none", *ids(form.bands)}
    assert items[f"{name}_scored"].amount is not None
    for step in STEPS:
        assert set(items[f"{name}_{step}"].categories) == set(ids(form.offers))
    assert items[f"{name}_refused"].categories == {}


def test_an_answer_that_cannot_be_chosen_is_refused_and_not_repeated(catalogue: Catalogue) -> None:
    form = catalogue.forms["discharge_needs"]
    for answers, named in (({"education": "0101701234"}, "education"), ({"income": "low"}, "income")):
        with pytest.raises(FormError) as caught:
            form.result(answers)
        for lang in LANGUAGES:
            assert named in caught.value.sentence(lang)
            assert "0101701234" not in caught.value.sentence(lang)


def changed(given: Any, path: str, value: Any) -> Any:
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    inner = given
    for part in way:
        inner = inner[part]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    return given


FAULTS = {
    "points below nought": ("questions.0.options.0.points", -1, "greater than or equal to 0"),
    "points that are weights": ("questions.0.options.0.points", 0.37, "integer"),
    "an offer that is taken away": ("bands.0.removes", ["contact_person"], "Extra inputs"),
    "an offer that is withheld": ("offers.0.unless", "many_points", "Extra inputs"),
    "a band for everybody": ("bands.0.from_points", 0, "greater than 0"),
    "a band that adds nothing": ("bands.0.adds", [], "at least 1"),
    "an offer that is not there": ("bands.0.adds.0", "less", "'less' is not known"),
    "bands out of order": ("bands.0.from_points", 5, "fewest points first"),
    "two bands at one point": ("bands.0.from_points", 4, "fewest points first"),
    "a band beyond reach": ("bands.1.from_points", 9, "give 8 at most"),
    "a band by a name that is taken": ("bands.0.id", "none", "each band needs an id of its own"),
    "two questions of one name": ("questions.1.id", "education", "each question needs an id of its own"),
    "two answers of one name": ("questions.0.options.1.id", "none", "each answer to education needs"),
    "one answer only": ("questions.0.options", [{"id": "yes", "title": {"da": "Ja", "en": "Yes"}}], "at least 2"),
    "a question of crime": ("questions.0.about", "crime", "questions.0.about"),
    "a question of origin": ("questions.0.about", "origin", "questions.0.about"),
    "a question of benefits": ("questions.0.about", "benefits", "questions.0.about"),
    "use at the job centre": ("place", "job_centre", "place"),
    "use in children's cases": ("place", "child_protection", "place"),
    "several places": ("place", ["discharge", "general_practice"], "place"),
    "no word on refusing": ("refusal", None, "refusal"),
    "no purpose": ("purpose", None, "purpose"),
    "nothing said of what is assumed": ("caveats", None, "caveats"),
    "valid for ever": ("valid_days", 100_000, "valid_days"),
    "no expiry": ("valid_days", None, "valid_days"),
    "no deletion": ("keep_days", None, "keep_days"),
    "kept for ever": ("keep_days", 100_000, "keep_days"),
    "deleted while it is valid": ("keep_days", 89, "as long as it is valid"),
    "an id that is a path": ("id", "../x", "id"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_form_that_says_something_impossible_is_refused_and_told_why(name: str) -> None:
    path, value, why = FAULTS[name]
    with pytest.raises(DefinitionError, match=why):
        validated(Form, changed(tree(), path, value), Path("forms/x.yaml"))


WRONG = {
    "example.0.points": (1, "points is 0"),
    "example.2.because": ({}, "because is {'education': 2}"),
    "example.2.offers": ([], "offers is ('follow_up_call',)"),
    "example.0.answers.education": ("phd", "example 1: The answer to “education”"),
    "example": ([], "no worked example"),
}


@pytest.mark.parametrize("path", WRONG)
def test_an_example_that_does_not_come_out_is_named(path: str) -> None:
    value, why = WRONG[path]
    form = validated(Form, changed(tree(), path, value), Path("forms/x.yaml"))
    assert [why in line for line in mistakes_of_form(form)] == [True]


def test_a_form_of_a_project_is_read_beside_the_others_and_checked(tmp_path: Path, run: Any) -> None:
    (tmp_path / "forms").mkdir()
    own = tmp_path / "forms" / "own.yaml"
    text = (BUILT_IN / "forms" / "discharge_needs.yaml").read_text("utf-8").replace("id: discharge_needs", "id: own")
    own.write_text(text, "utf-8")
    assert "own_scored" in load(tmp_path).items
    own.write_text(text.replace("points: 8 ", "points: 7 ").replace("    points: 8\n", "    points: 7\n"), "utf-8")
    assert list(mistakes_of_form(load(tmp_path).forms["own"])) == [
        "own: example 5: points is 8, and the example says 7"
    ]
