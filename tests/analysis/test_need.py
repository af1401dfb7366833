"""Use against need: from the engine's cells come the figures of the persons, and the inequity that was planted."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.testing import assert_allclose

from lighed.analysis.build import from_people
from lighed.analysis.examples import mistakes_of_use
from lighed.catalogue import Catalogue, load
from lighed.catalogue.check import check
from lighed.core.condition import ALWAYS
from lighed.core.errors import DefinitionError
from lighed.core.estimates import Estimates
from lighed.core.types import COUNTRY
from lighed.core.use import Use
from lighed.disclosure import publish
from lighed.sources.synthetic.chances import chances, draw_diseases, draw_positions, eligible, models
from lighed.sources.synthetic.happenings import LEVELS
from lighed.sources.synthetic.people import Population
from lighed.sources.synthetic.world import day_of, years
from lighed.stats import concentration_index, moments, need_standardised
from lighed.store.engine import AGE_BANDS, connect, memory_table
from tests.conftest import MADE, PERSONS, SEED, Synthetic

CATALOGUE = load()
USE = CATALOGUE.uses["F8.1b"]
EXACT = 1e-9  # relative: the same arithmetic in another order
TOWN, OTHER, N = "0101", "0147", 8_000
DISEASES = USE.columns[1:4]


# --- a town, read by hand


def persons(rng: np.random.Generator, size: int = N) -> dict[str, Any]:
    """Persons of a town, one in twenty of the next; some with nothing known of their illness or their position."""
    education = rng.choice([*LEVELS, "unknown"], size, p=[0.3, 0.4, 0.25, 0.05])
    ill = rng.random(size) < np.where(education == "short", 0.4, 0.2)
    return {
        "person_id": np.arange(size),
        "year": np.full(size, 2020, np.int32),
        "area": rng.choice([TOWN, OTHER], size, p=[0.95, 0.05]),
        "sex": rng.choice(["female", "male"], size),
        "age": rng.integers(16, 99, size).astype(np.int16),
        "days": np.full(size, 366, np.int32),
        "education": education,
        "conditions": np.where(rng.random(size) < 0.1, None, np.where(ill, "several", "none")),
        "origin": rng.choice(["danish", "western", "unknown"], size, p=[0.85, 0.1, 0.05]),
        "cohabitation": rng.choice(["alone", "cohabiting"], size),
        "use": rng.poisson(0.5 + 2 * ill + 0.4 * (education == "long")),
        **{name: np.where(rng.random(size) < 0.1, "yes", None) for name in DISEASES},
    }


def found_in(given: dict[str, Any], use: Use = USE) -> Estimates:
    """All that the program makes of them; every person also had something else happen."""
    engine = connect()
    who = np.concatenate([np.repeat(given["person_id"], given["use"]), given["person_id"]])
    items = [use.item] * int(given["use"].sum()) + ["eviction"] * len(given["person_id"])
    nothing = pa.nulls(len(who), pa.string())
    happened = {"person_id": who, "year": np.full(len(who), 2020, np.int32), "item": items, "category": nothing}
    events = memory_table(engine, "events", pa.table(happened | {"amount": pa.nulls(len(who), pa.float64())}))
    columns = {name: pa.array(v, pa.string() if v.dtype.kind in "UO" else None) for name, v in given.items()}
    people = memory_table(engine, "people", pa.table(columns).drop_columns(["use"]))
    records: Any = SimpleNamespace(events=events, answers=None, strata=None)
    known = dataclasses.replace(CATALOGUE, uses={use.id: use})
    asked = [
        use.indicator,
        known.indicators["I7.1"].model_copy(update={"numerator": ALWAYS}),
    ]  # and of what else happened
    made = from_people(engine, people, records, known, [(known.stratifiers["education"], asked)])
    return made.where(indicator=use.id)


def dummies(*values: Any) -> Any:
    """A column of 0 and 1 for every combination of values but the first."""
    words = np.array(["|".join(map(str, one)) for one in zip(*values, strict=True)])
    return (words[:, None] == np.unique(words)[1:]).astype(float)


def band(age: Any) -> Any:
    return np.array(AGE_BANDS)[np.searchsorted(AGE_BANDS, age, side="right") - 1]


def by_hand(given: dict[str, Any], need: tuple[str, ...]) -> tuple[Any, Any, Any, list[Any], list[int]]:
    """Crude and standardised use of each group, its persons, the columns of each and how many of them are need."""
    inside = (given["area"] == TOWN) & (given["age"] >= 18) & (given["education"] != "unknown")
    kept = {name: values[inside] for name, values in given.items()}
    parts = [dummies(band(kept["age"]), kept["sex"]), *(dummies(kept[name]) for name in need)]
    held = np.hstack([*(dummies(kept[name]) for name in USE.controls), dummies(kept["education"])])
    x = np.hstack([*parts, held])
    counts = sum(part.shape[1] for part in parts)
    slope = np.linalg.lstsq(np.hstack([np.ones((len(x), 1)), x]), kept["use"])[0][1 : 1 + counts]
    group = [kept["education"] == level for level in LEVELS]
    crude = np.array([kept["use"][at].mean() for at in group])
    more = np.array([(x[at, :counts].mean(0) - x[:, :counts].mean(0)) @ slope for at in group])
    columns = [np.column_stack([x, kept["use"]])[at] for at in group]
    return crude, crude - more, np.array([at.sum() for at in group]), columns, [*range(counts)]


SETS = {need.id: need.factors[1:] for need in USE.need}
GIVEN = persons(np.random.default_rng(1))


@pytest.fixture(scope="module")
def made() -> Estimates:
    return found_in(GIVEN)


def of(made: Estimates, measure: str, component: str | None, key: str = "value") -> Any:
    rows = {row["level"]: row[key] for row in made.where(measure=measure, component=component, area=TOWN).rows()}
    return np.array([rows[level] for level in LEVELS]) if None not in rows else rows[None]


@pytest.mark.parametrize("name", SETS)
def test_the_cells_give_the_use_of_the_persons_at_the_same_need(name: str, made: Estimates) -> None:
    """Standardised by a regression of the persons themselves, done here; and its error by that of the persons."""
    crude, standardised, n, columns, need = by_hand(GIVEN, SETS[name])
    assert_allclose(of(made, "crude", None), crude, rtol=EXACT)
    assert_allclose(of(made, "need_standardised", name), standardised, rtol=EXACT)
    mean = (n * crude).sum() / n.sum()
    assert_allclose(of(made, "need_expected", name), crude - standardised + mean, rtol=EXACT)
    assert_allclose(of(made, "need_standardised", name, "n"), n)
    sums = np.stack([moments(one) for one in columns])
    direct = need_standardised(sums, [need], range(len(need), columns[0].shape[1] - 1))
    assert_allclose(of(made, "need_standardised", name, "se"), direct.standardised.parts.se[0], rtol=EXACT)


@pytest.mark.parametrize("name", SETS)
def test_over_the_groups_stand_the_index_the_difference_and_the_ratio_of_the_standardised_use(
    name: str, made: Estimates
) -> None:
    """Use is good when high: positive, or above 1, when the short-educated get less at the same need."""
    _, standardised, n, _, _ = by_hand(GIVEN, SETS[name])
    assert_allclose(of(made, "horizontal_inequity", name), -concentration_index(standardised, n), rtol=EXACT)
    assert_allclose(of(made, "need_difference", name), standardised[2] - standardised[0], rtol=EXACT)
    assert_allclose(of(made, "need_ratio", name), standardised[2] / standardised[0], rtol=EXACT)


def test_use_that_is_bad_when_high_has_the_other_sign_and_another_unit_another_scale(made: Estimates) -> None:
    turned = found_in(GIVEN, USE.model_copy(update={"polarity": "lower_is_better", "unit": "per_1000"}))
    for measure in ("horizontal_inequity", "need_difference"):
        scale = 1000 if measure == "need_difference" else 1
        assert_allclose(of(turned, measure, "illness"), -scale * of(made, measure, "illness"), rtol=EXACT)
    assert_allclose(of(turned, "need_ratio", "illness"), 1 / of(made, "need_ratio", "illness"), rtol=EXACT)
    assert_allclose(
        of(turned, "need_standardised", "illness"), 1000 * of(made, "need_standardised", "illness"), rtol=EXACT
    )


def test_an_area_with_few_persons_has_its_use_and_none_at_the_same_need(made: Estimates) -> None:
    assert made.where(area=OTHER, measure="crude").rows()
    assert made.where(measure="need_standardised").distinct("area") == [TOWN]


def test_need_that_no_register_tells_of_is_not_standardised_for() -> None:
    nothing = np.full(N, None)
    unknown = found_in(GIVEN | {"conditions": nothing} | dict.fromkeys(DISEASES, nothing))
    assert unknown.where(measure="need_standardised").distinct("component") == ["age_sex"]


def test_a_group_without_persons_leaves_nothing_to_compare() -> None:
    given = GIVEN | {"education": np.where(GIVEN["education"] == "long", "medium", GIVEN["education"])}
    rows = found_in(given).where(measure=["need_standardised", "horizontal_inequity"]).rows()
    assert {row["flags"] for row in rows} == {"not_applicable"}


def test_few_users_in_a_group_are_said_to_be_few(made: Estimates) -> None:
    assert {row["flags"] for row in made.where(measure="need_standardised").rows()} == {""}
    rare = np.where(GIVEN["education"] == "long", 0, GIVEN["use"])
    rare[np.flatnonzero((GIVEN["education"] == "long") & (GIVEN["area"] == TOWN) & (GIVEN["age"] >= 18))[:9]] = 1
    found = found_in(GIVEN | {"use": rare})
    flags = {row["level"]: row["flags"] for row in found.where(measure="need_standardised").rows()}
    assert flags == {"short": "", "medium": "", "long": "unreliable"}
    assert {row["flags"] for row in found.where(measure="horizontal_inequity").rows()} == {"unreliable"}


def test_use_at_the_same_need_is_hidden_with_any_of_its_groups(tmp_path: Path) -> None:
    """Each group's tells of the mean of all, and so of the group that is hidden."""
    few = np.where(GIVEN["education"] == "long", 0, GIVEN["use"])
    few[np.flatnonzero((GIVEN["education"] == "long") & (GIVEN["area"] == TOWN) & (GIVEN["age"] >= 18))[:2]] = 1
    plan = CATALOGUE.plans["synthetic"]
    shown = publish(found_in(GIVEN | {"use": few}), plan, CATALOGUE, tmp_path / "r", inputs={}, made=MADE, seed=None)
    rows = shown.estimates(TOWN).rows()
    assert {row["flags"] for row in rows if row["measure"] == "crude" and row["level"] == "short"} == {""}
    of_need = [row for row in rows if row["measure"] in {"need_expected", "need_standardised", "horizontal_inequity"}]
    assert len(of_need) == 3 * (3 + 3 + 1)
    assert {(row["value"], row["n"], row["flags"]) for row in of_need} == {(None, None, "suppressed")}


# --- the inequity that was planted


@pytest.fixture(scope="module")
def population() -> Population:
    """The persons of the synthetic store, with the chances that the store does not tell."""
    people = Population.born(PERSONS, np.random.default_rng([SEED, 0]), first_id=1, positions=draw_positions)
    people.positions |= draw_diseases(people, np.random.default_rng([SEED, 0, 1]))
    return people


PLANTED = {"F8.1b": "outpatient_contact", "F8.1d": "psychiatric_contact"}


def truth(people: Population, use: Use, year: int) -> Any:
    """What each group would get at the same need if everybody had what they have the chance of."""
    model, education = models()[use.item], people.education3(year)
    adults = eligible(people, model | {"age": [18, 120]}, year) & (education >= 0)
    age, names = band(people.age(day_of(year))), [*use.need[-1].factors[1:], *use.controls]
    columns = [dummies(age[adults], people.female[adults])]
    columns += [dummies(people.group(name, year)[adults]) for name in names]
    counts = sum(part.shape[1] for part in columns[: -len(use.controls)])
    columns += [dummies(education[adults])]
    expected = model["times"] * chances(people, use.item, model, year)[adults]
    whole = np.column_stack([*columns, expected])
    sums = np.stack([moments(whole[education[adults] == k]) for k in range(3)])
    return need_standardised(sums, [range(counts)], range(counts, whole.shape[1] - 1))


@pytest.mark.parametrize("name", PLANTED)
def test_the_inequity_that_was_planted_is_found_in_every_year(
    name: str, synthetic: Synthetic, population: Population
) -> None:
    """Crude use hides it: the short-educated are more ill, and use about as much."""
    use, by_group, indices = CATALOGUE.uses[name], [], []
    where = {"indicator": name, "area": COUNTRY, "stratifier": "education", "component": use.need[-1].id}
    scale = {"per_person": 1, "per_1000": 1000}[use.unit]
    for year in years():
        true = truth(population, use, year)
        period = synthetic.estimates.where(period=str(year), **where)
        rows = {row["level"]: row for row in period.where(measure="need_standardised").rows()}
        for level, due in zip(LEVELS, scale * true.standardised.value[0], strict=True):
            by_group.append(rows[level]["lower"] <= due <= rows[level]["upper"])
        (row,) = period.where(measure="horizontal_inequity").rows()
        assert row["lower"] > 0
        indices.append(row["lower"] <= true.inequity(polarity=use.polarity).value[0] <= row["upper"])
    assert sum(by_group) >= 25  # of 30 intervals of 95 %, fewer hold once in 300
    assert sum(indices) >= 7  # of 10, fewer once in 1,000


@pytest.mark.parametrize("by", ["education", "income_quintile"])
def test_what_each_need_explains_adds_up_to_the_inequality_of_use_as_it_is(by: str, synthetic: Synthetic) -> None:
    for name, use in CATALOGUE.uses.items():
        found = synthetic.estimates.where(indicator=name, area=COUNTRY, stratifier=by, period="2021")
        parts = {row["component"]: row["value"] for row in found.where(measure="inequality_part").rows()}
        assert [*sorted(parts)] == sorted({"age_and_sex", "rest", *use.columns})
        (whole,) = found.where(measure="concentration_index", component=None).rows()
        assert_allclose(sum(parts.values()), whole["value"], rtol=EXACT)
        (left,) = found.where(measure="horizontal_inequity", component=use.need[-1].id).rows()
        assert_allclose(sum(parts[name] for name in ("rest", *use.controls)), left["value"], rtol=EXACT)


def test_illness_is_what_hides_the_inequity(synthetic: Synthetic) -> None:
    where = {"indicator": "F8.1b", "area": COUNTRY, "stratifier": "education", "period": "2021"}
    found = synthetic.estimates.where(measure="inequality_part", **where).rows()
    assert min(found, key=lambda row: row["upper"])["component"] == "conditions"
    index = {row["component"]: row for row in synthetic.estimates.where(measure="horizontal_inequity", **where).rows()}
    assert index["age_sex"]["upper"] < index["illness"]["lower"]


# --- the definition


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "need that nobody knows": ({"controls": ("height",)}, "the column 'height' has no categories that are known"),
    "an amount": ({"controls": ("income",)}, "the column 'income' has no categories that are known"),
    "need without sex": (
        {"need": (USE.need[0].model_copy(update={"columns": ("age",)}), *USE.need[1:])},
        "the need 'age_sex' leaves out sex",
    ),
    "a set that leaves out what came before": ({"need": USE.need[::-1]}, "the need 'illness' leaves out copd"),
    "a control that is need": ({"controls": ("origin", "copd")}, "a column is need and a control"),
    "no order": ({"stratifiers": ("origin", "sex")}, "compared over dimensions with an order"),
    "unmet need of something unknown": ({"unmet": "F99"}, "the indicator 'F99' is not known"),
    "an event that is not known": ({"item": "xylophone"}, "the item 'xylophone' is not known"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_stand_for_need_is_refused(name: str, catalogue: Catalogue) -> None:
    fault, said = FAULTS[name]
    wrong = USE.model_copy(update=fault)
    known = catalogue.indicators | {wrong.id: wrong.indicator}
    with pytest.raises(DefinitionError, match=re.escape(said)):
        check(dataclasses.replace(catalogue, uses={wrong.id: wrong}, indicators=known))


def test_an_example_that_is_wrong_is_told() -> None:
    told = list(mistakes_of_use(connect(), USE.model_copy(update={"population": ALWAYS})))
    assert [line.split(": ", 1)[1][:24] for line in told] == ["gives the cell {'level':"]
    assert "'age': 15" in told[0]


def test_somatic_and_psychiatric_need_are_told_apart(catalogue: Catalogue) -> None:
    needs = {use.illness: {*use.columns} for use in catalogue.uses.values()}
    assert not needs["somatic"] & {"depression", "schizophrenia"}
    assert not needs["psychiatric"] & {"type_2_diabetes", "copd", "ischaemic_heart_disease"}
