"""Rules over the registers: their examples hold, and what the alliance's own report says raises what it should."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lighed import catalogue
from lighed.catalogue.load import BUILT_IN, read_yaml
from lighed.core.condition import holds, parse, sentence
from lighed.core.diagnostic import FOUND, names_of
from lighed.core.errors import DefinitionError
from lighed.core.text import LANGUAGES
from lighed.portfolio.diagnostics import WORKED_OUT, Kept, diagnose, flags, mistakes_of_diagnostic, shelf_of, signs
from lighed.report.pages.diagnostics import diagnostics
from tests.portfolio.conftest import HOME, Town, surveyed, told
from tests.reference import holds as reference_holds

KNOWN = catalogue.load()
RULES = KNOWN.diagnostics
FLAGS = {  # of the report's four projects
    ("observations", "roegfri-eller-reduceret"): ["composite_outcome"],
    ("observations", "henvist-af-egen-laege"): ["no_denominator", "stale_figure"],
    ("goals", "600-familier-om-aaret"): ["unit_mismatch"],
    ("trials", "neo-train"): ["results_overdue"],
}
PITFALLS = {  # how many, among how many, and which
    "individual_offers": (4, ["moedrehjaelpen", "roegfri-sammen"]),
    "marginalised_instead_of_gradient": (1, ["moedrehjaelpen"]),
    "time_limited_projects": (3, ["roegfri-sammen"]),
    "acute_treatment": (2, ["neo-train"]),
    "late_effects": (3, ["globus-1", "roegfri-sammen"]),
}


@pytest.fixture
def alliance(town: Town) -> Town:
    told(town)
    return town


@pytest.mark.parametrize("name", RULES)
def test_a_rule_has_an_example_of_what_it_finds_and_of_what_it_does_not(name: str) -> None:
    rule = RULES[name]
    assert list(mistakes_of_diagnostic(rule, KNOWN.registers)) == []
    assert {one.found for one in rule.example.records} >= {True, False}
    turned = rule.model_copy(update={"when": parse({"not": {"nothing": {"exists": True}}})})
    assert list(mistakes_of_diagnostic(turned, KNOWN.registers)) != []
    for lang in LANGUAGES:
        assert sentence(rule.when, lang, names_of(rule, KNOWN.registers))
        assert rule.sentence[lang].format(count=1, of=2, percent=50)


def test_the_five_pitfalls_of_the_publication_have_a_rule_each() -> None:
    rules = [rule.pitfall for rule in RULES.values() if rule.kind == "pitfall"]
    assert sorted(map(str, rules)) == sorted(one.id for one in KNOWN.pitfalls)
    assert WORKED_OUT.keys() == FOUND.keys()


# What makes a rule impossible, and what is said.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a field that is not there": ({"when": {"colour": {"is": "red"}}}, "'colour' leads nowhere"),
    "a part that the field has not": ({"when": {"level.unit": {"is": "red"}}}, "leads nowhere"),
    "a way that is not there": ({"when": {"surveys/title": {"exists": True}}}, "leads nowhere"),
    "what is worked out elsewhere": ({"when": {"years_behind": {"at_least": 3}}}, "leads nowhere"),
    "a register that is not there": ({"registers": ["nowhere"]}, "register 'nowhere'"),
    "a pitfall that is not there": ({"pitfall": "hole"}, "pitfall 'hole'"),
    "a pitfall without a name": ({"pitfall": None}, "a pitfall names"),
    "an operator that is not there": ({"when": {"level": {"like": "x"}}}, "write one of"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_rule_that_names_what_is_not_there_is_refused_with_its_file(tmp_path: Path, name: str) -> None:
    change, said = WRONG[name]
    tree = read_yaml(BUILT_IN / "diagnostics" / "individual_offers.yaml") | {"id": "own"} | change
    (tmp_path / "diagnostics").mkdir()
    (tmp_path / "diagnostics" / "own.yaml").write_text(yaml.safe_dump(tree), "utf-8")
    with pytest.raises(DefinitionError, match=said) as caught:
        catalogue.load(tmp_path)
    assert "own.yaml" in str(caught.value)


TESTS = st.sampled_from([
    {"a": {"is": 1}}, {"a": {"in": [1, 2]}}, {"b": {"at_least": 2}}, {"b": {"at_most": 1}}, {"a": {"between": [1, 2]}},
    {"a": {"exists": True}}, {"b": {"exists": False}},
])  # fmt: skip
TREES = st.recursive(
    TESTS,
    lambda parts: st.one_of(
        st.builds(lambda part: {"not": part}, parts),
        st.builds(lambda some: {"all": some}, st.lists(parts, min_size=1, max_size=3)),
        st.builds(lambda some: {"any": some}, st.lists(parts, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
VALUES = st.one_of(st.none(), st.integers(0, 3))


@settings(derandomize=True, deadline=None, max_examples=1000)
@given(TREES, VALUES, VALUES)
def test_a_condition_holds_of_a_record_when_it_holds_of_a_row(tree: Any, a: int | None, b: int | None) -> None:
    row = {"a": a, "b": b}
    found = holds(parse(tree), lambda column: [] if row[column] is None else [row[column]])
    assert found is reference_holds(parse(tree), row)


def test_the_reports_own_figures_raise_the_flags_that_they_should(alliance: Town) -> None:
    shelf = shelf_of(alliance.desk("sara"))
    found = {
        (register, one.id): names
        for register in shelf.registers
        for one in shelf.of(register).values()
        if (names := [rule.id for rule in flags(shelf, RULES.values(), one) if rule.kind == "flag"])
    }
    assert found == FLAGS


def test_a_page_of_records_is_told_the_same_as_all_of_them(alliance: Town) -> None:
    surveyed(alliance, "Partnerne")
    project = {"universality": "targeted", "permanent": False, "factors": ["7", "8"]}
    lasting = {"universality": "universal", "permanent": True, "factors": ["8"]}
    for title, content in {"Projekt": project, "Fast": lasting}.items():
        alliance.create("ole", "initiatives", title=title, organisation=HOME, **content)
    desk = alliance.desk("sara")
    whole, rules = shelf_of(desk), RULES.values()
    registers = {name for rule in rules for name in rule.registers}
    told = {(name, one.id): flags(whole, rules, one) for name in registers for one in whole.of(name).values()}
    assert {"unattainable_percentage", "stale_figure", "time_limited_projects"} <= {
        rule.id for found in told.values() for rule in found
    }
    for register in registers:
        records = whole.of(register).values()
        page = shelf_of(desk, records)
        for one in records:
            assert flags(page, rules, one) == flags(shelf_of(desk, [one]), rules, one) == told[register, one.id], one.id


def test_a_figure_that_was_withdrawn_is_held_against_those_that_are_left(alliance: Town) -> None:
    one = alliance.create("ole", "initiatives", title="Ny", organisation=HOME)
    figures = [
        alliance.create(
            "ole", "observations", title=f"Antal {year}", initiative=one.id, period=year, source="Opgørelse"
        )
        for year in ("2019", "2023")
    ]
    for record, behind in zip(figures, (4, 0), strict=True):
        alliance.move("ole", record, "withdraw", reason="Talt forkert")
        kept = Kept(record.register, record.id, record.content)
        assert list(shelf_of(alliance.desk("sara"), [kept]).values(kept, "years_behind")) == [behind]


def test_the_pitfalls_are_counted_among_what_is_filled_in(alliance: Town) -> None:
    shelf = shelf_of(alliance.desk("sara"))
    made = {name: diagnose(shelf, RULES[name]) for name in PITFALLS}
    assert {name: (one.among, sorted(each.id for each in one.records)) for name, one in made.items()} == PITFALLS
    assert {one.all for one in made.values()} == {4}
    assert made["acute_treatment"].amount == (900_000, 1_200_000)


def test_what_is_worked_out_is_of_the_other_records(alliance: Town) -> None:
    shelf = shelf_of(alliance.desk("sara"))
    globus, neo = (shelf.of("initiatives")[name] for name in ("globus-1", "neo-train"))
    assert [list(shelf.values(one, "universal_beside")) for one in (globus, neo)] == [[False], [True]]
    assert list(shelf.values(shelf.of("observations")["afsluttet"], "sum_of_groups")) == []


def test_a_reader_is_not_told_of_drafts_nor_anybody_of_what_is_gone(alliance: Town) -> None:
    alliance.create("ole", "initiatives", title="Kladde", organisation=HOME, level="individual")
    rule = RULES["individual_offers"]
    seen = {name: diagnose(shelf_of(alliance.desk(name)), rule).all for name in ("rita", "else", "ole", "sara")}
    assert seen == {"rita": 4, "else": 4, "ole": 5, "sara": 5}
    stopped = alliance.create("ole", "initiatives", title="Stoppet", organisation=HOME, level="individual")
    alliance.move("ole", stopped, "stop", reason="Ingen penge")
    assert diagnose(shelf_of(alliance.desk("sara")), rule).all == 5


def test_a_theory_says_which_signs_lead_and_which_lag(alliance: Town) -> None:
    neo, globus = sorted(signs(shelf_of(alliance.desk("sara"))), key=lambda one: one.theory.id, reverse=True)
    assert (neo.outcomes, neo.leading, neo.lagging) == (
        ("Flere træner", "", "Længere liv"),
        ("I3.5a",),
        ("life_expectancy",),
    )
    assert (globus.leading, globus.lagging) == ((), ("life_expectancy",))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_what_is_found_with_the_records_behind_it(alliance: Town, lang: Any) -> None:
    desk = alliance.desk("sara")
    pitfalls = {one.id: one for one in KNOWN.pitfalls}
    page = diagnostics(shelf_of(desk), desk.rules, pitfalls, f"/{lang}/portfolio", lang).plain()
    rows = {row["rule"]: row for row in page["rows"]}
    assert (rows["acute_treatment"]["count"], rows["acute_treatment"]["of"]) == (1, 2)
    text = str(page["blocks"])
    assert {"da": "1 af 2 indsatser er behandling", "en": "1 of 2 initiatives are treatment"}[lang] in text
    assert {"da": "75 % af budgettet", "en": "75% of the budget"}[lang] in text
    for register, name in FLAGS:
        assert f"/{lang}/portfolio/record/{register}/{name}" in text
