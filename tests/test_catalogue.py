"""The catalogue holds all of the publication, both languages, and examples that the engine agrees with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from lighed.analysis.examples import mistakes, mistakes_along, mistakes_of_evaluation, mistakes_of_use
from lighed.catalogue import Catalogue, load
from lighed.catalogue.areas import members, parent_of
from lighed.catalogue.crossed import parts_of
from lighed.core.errors import DefinitionError
from lighed.core.pathway import Pathway
from lighed.core.text import Text, texts
from lighed.core.types import Design, Evaluation, Indicator
from lighed.core.use import Use

CATALOGUE = load()
STEPS = {i.id for pathway in CATALOGUE.pathways.values() for i in pathway.indicators}
MADE = STEPS | {*CATALOGUE.uses}  # the example of the pathway or of the use is theirs
COMPUTED = [i for i in CATALOGUE.indicators.values() if i.computes and i.id not in MADE]
STATUS_FIELDS = {"I4.1", "I4.3", "I5.2", "I8.1"}


def test_the_publication_is_there_in_full(catalogue: Catalogue) -> None:
    factors = catalogue.factors.values()
    bullets = [bullet for factor in factors for bullet in factor.bullets]
    about = [bullet.about for bullet in bullets]
    assert len(catalogue.factors) == 8
    assert sum(len(factor.goals) for factor in factors) == 16
    assert sum(len(factor.actions) for factor in factors) == 50
    assert (about.count("factor"), about.count("implementation")) == (31, 33)
    assert len(catalogue.pitfalls) == 5
    assert len(catalogue.focus_areas) == 12
    assert len(catalogue.recommendations) == 6
    assert sum(len(recommendation.needs) for recommendation in catalogue.recommendations) == 21


def test_every_action_of_the_overview_exists(catalogue: Catalogue) -> None:
    known = {action.id for factor in catalogue.factors.values() for action in factor.actions}
    named = {action for area in catalogue.overview for action in area.actions}
    assert named <= known
    assert sum(len(area.actions) for area in catalogue.overview) == 26


def test_every_bullet_has_a_definition(catalogue: Catalogue) -> None:
    bullets = {bullet.id for factor in catalogue.factors.values() for bullet in factor.bullets}
    assert bullets == {i.bullet for i in catalogue.indicators.values() if i.bullet}


def test_what_cannot_be_computed_yet_names_what_it_waits_for(catalogue: Catalogue) -> None:
    own = [i for i in catalogue.indicators.values() if i.bullet]
    status = {i.id for i in own if i.kind == "status"}
    silent = [i.id for i in own if not i.computes and not i.waits_for and i.id not in status]
    assert status == STATUS_FIELDS
    assert silent == []


@pytest.mark.parametrize("indicator", COMPUTED, ids=lambda i: i.id)
def test_the_worked_example_gives_its_cells(indicator: Indicator, engine: Any) -> None:
    assert list(mistakes(engine, indicator)) == []


@pytest.mark.parametrize("pathway", CATALOGUE.pathways.values(), ids=lambda p: p.id)
def test_the_patients_of_a_pathway_come_as_far_as_they_should(pathway: Pathway, engine: Any) -> None:
    assert list(mistakes_along(engine, pathway)) == []


@pytest.mark.parametrize("use", CATALOGUE.uses.values(), ids=lambda u: u.id)
def test_the_persons_of_a_use_fall_into_its_cells_of_need(use: Use, engine: Any) -> None:
    assert list(mistakes_of_use(engine, use)) == []


@pytest.mark.parametrize("evaluation", CATALOGUE.evaluations.values(), ids=lambda e: e.id)
def test_the_worked_example_of_an_evaluation_gives_its_effects(evaluation: Evaluation) -> None:
    assert list(mistakes_of_evaluation(evaluation, CATALOGUE.groups(evaluation))) == []


def test_every_design_of_an_evaluation_has_a_worked_example(catalogue: Catalogue) -> None:
    assert {evaluation.design for evaluation in catalogue.evaluations.values()} == {*get_args(Design)}


def _texts_of(definition: Any) -> list[Text]:
    if isinstance(definition, Text):
        return [definition]
    if hasattr(definition, "model_fields_set"):
        return [text for name in type(definition).model_fields for text in _texts_of(getattr(definition, name))]
    if isinstance(definition, dict):
        return [text for value in definition.values() for text in _texts_of(value)]
    if isinstance(definition, list | tuple):
        return [text for value in definition for text in _texts_of(value)]
    return []


@pytest.mark.parametrize(
    "name",
    [
        "factors",
        "indicators",
        "stratifiers",
        "items",
        "dimensions",
        "policies",
        "plans",
        "evaluations",
        "pathways",
        "providers",
        "uses",
    ],
)
def test_every_text_is_in_both_languages(name: str, catalogue: Catalogue) -> None:
    for definition in getattr(catalogue, name).values():
        assert all(text.da.strip() and text.en.strip() for text in _texts_of(definition)), definition.id


def test_every_text_of_the_program_takes_the_same_values_in_both_languages() -> None:
    def fields(text: str) -> set[str]:
        import string

        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert [key for key, text in texts().items() if fields(text.da) != fields(text.en)] == []


def test_regions_change_on_the_first_of_january_2027(catalogue: Catalogue) -> None:
    before = {parent_of(catalogue.areas, code, "region", 2026) for code in members(catalogue.areas, "DK", 2026)}
    after = {parent_of(catalogue.areas, code, "region", 2027) for code in members(catalogue.areas, "DK", 2027)}
    assert (len(before), len(after)) == (5, 4)
    assert sum(len(members(catalogue.areas, region or "", 2027)) for region in after) == 98
    assert parent_of(catalogue.areas, "0101", "region", 2027) == parent_of(catalogue.areas, "0259", "region", 2027)


BROKEN = {
    "unknown field": "id: x\ntitel: y\n",
    "no yaml": "id: [x\n",
    "wrong name": "id: other\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_definition_that_is_wrong_is_refused_with_its_path(text: str, tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)
    assert "policies/x.yaml" in caught.value.sentence("en")


def test_a_condition_on_a_column_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "indicators").mkdir()
    source = next((Path(__file__).parents[1] / "src").rglob("F3.1.yaml")).read_text("utf-8")
    (tmp_path / "indicators" / "own.yaml").write_text(
        source.replace("id: F3.1", "id: own").replace("age: {at_least: 16}", "aeg: {at_least: 16}"), "utf-8"
    )
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)
    assert "the column 'aeg' is not known" in caught.value.sentence("en")


CROSSES = {
    "an unknown dimension": ("[education, height]", "the stratifier 'height' that it crosses is not known"),
    "itself": ("[education, own]", "'own' cannot be crossed"),
    "another crossing": ("[origin, education_sex]", "'education_sex' cannot be crossed"),
    "groups of areas": ("[sex, poverty_fifth]", "'poverty_fifth' cannot be crossed"),
    "one dimension": ("[education]", "two or more dimensions"),
    "one dimension twice": ("[sex, sex]", "each of them once"),
    "an order": ("[education, sex]\nordered: true", "has no order"),
    "levels of its own": ("[education, sex]\nlevels: [{id: a, title: {da: a, en: a}}]", "its levels are made of those"),
}


@pytest.mark.parametrize(("crosses", "said"), CROSSES.values(), ids=CROSSES)
def test_what_cannot_be_crossed_is_refused(crosses: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "stratifiers").mkdir()
    order = "" if "ordered" in crosses else "ordered: false\n"
    text = f"id: own\ntitle: {{da: x, en: x}}\nshort: {{da: x, en: x}}\n{order}crosses: {crosses}\n"
    (tmp_path / "stratifiers" / "own.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError, match=said):
        load(tmp_path)


def test_crossed_groups_are_every_combination_and_say_what_is_to_be_said_of_their_parts(catalogue: Catalogue) -> None:
    found, education, sex = (catalogue.stratifiers[name] for name in ("education_sex", "education", "sex"))
    assert found.level_ids == tuple(f"{e}+{s}" for e in education.level_ids for s in sex.level_ids)
    assert found.levels[1].title == Text(da="Kort uddannelse · Mænd", en="Short education · Men")
    assert set(education.caveats) < set(found.caveats)
    assert parts_of(found, catalogue.stratifiers)["long+male"] == ("long", "male")


@pytest.mark.parametrize(("who", "what"), [("F3.1", "height"), ("nobody", "education_sex")])
def test_a_plan_names_known_dimensions_of_known_indicators(who: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "plans").mkdir()
    text = "id: own\ntitle: {da: x, en: x}\nsummary: {da: x, en: x}\npolicy: strict\n"
    (tmp_path / "plans" / "own.yaml").write_text(f"{text}stratifiers_of: {{{who}: [{what}]}}\n", "utf-8")
    with pytest.raises(DefinitionError, match="height' is not known" if what == "height" else "nobody' is not known"):
        load(tmp_path)
