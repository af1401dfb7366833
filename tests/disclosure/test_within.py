"""Whom an indicator counts and one within it does not are a group too, though no row shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from lighed.catalogue import Catalogue, load
from lighed.catalogue.nested import apart, lacking
from lighed.core.errors import DefinitionError, ReleaseError
from lighed.core.estimates import Estimates
from lighed.disclosure import release
from lighed.disclosure.ledger import Ledger
from lighed.disclosure.ledger import counted as ledger_rows
from tests.disclosure.reader import counted, hidden
from tests.disclosure.tables import CATALOGUE, FEW, Counts, counts, table

ALL, FIRST, SECOND = "evictions", "evictions_mental", "evictions_other"
OWN: dict[str, dict[str, Any]] = {
    ALL: {"numerator": {"category": {"in": ["mental", "other"]}}},
    FIRST: {"numerator": {"category": {"is": "mental"}}, "within": ALL},
    SECOND: {"numerator": {"category": {"is": "other"}}, "within": ALL},
}


def known(folder: Path, changed: dict[str, dict[str, Any]]) -> Catalogue:
    """The catalogue with rates of one event in all, and of two kinds of it."""
    like = CATALOGUE.indicators["I7.1"].model_dump(mode="json", exclude={"example", "bullet", "stratifiers"})
    (folder / "indicators").mkdir()
    for name, one in {name: OWN[name] | changed.get(name, {}) for name in OWN}.items():
        definition = like | {"stratifiers": ["education", "sex"]} | one | {"id": name}
        (folder / "indicators" / f"{name}.yaml").write_text(yaml.safe_dump(definition), "utf-8")
    return load(folder)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return known(tmp_path_factory.mktemp("within"), {})


def shown(catalogue: Catalogue, policy: str, **of: Counts) -> Estimates:
    made = Estimates.concat([table(one, name, catalogue) for name, one in of.items()])
    return release._protected(made, catalogue.policies[policy], catalogue)[0]


def test_the_definitions_say_which_cases_are_of_both_kinds(catalogue: Catalogue) -> None:
    every, first, second = (catalogue.indicators[name] for name in (ALL, FIRST, SECOND))
    assert apart(first, second)
    assert not apart(first, every)
    assert lacking(first, every) == []
    assert lacking(every, first)
    assert catalogue.around(FIRST) == [ALL]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({FIRST: {"within": "nothing"}}, "'nothing' is not known"),
        ({FIRST: {"within": FIRST}}, "is within it"),
        ({ALL: {"within": FIRST}}, "is within it"),
        ({FIRST: {"within": "F6.1"}}, "not counted as"),
        ({ALL: {"numerator": {"category": {"is": "other"}}}}, "which asks for"),
        ({ALL: {"population": {"age": {"at_least": 20}}}}, "which asks for"),
    ],
    ids=str,
)
def test_what_cannot_be_within_another_is_refused(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=said):
        known(tmp_path, changed)


def of(events: int, n: int = 900, *, others: int = 600) -> Counts:
    """Persons and cases of a small group; the others are large."""
    large = {("2024", area, "short", "female"): (5000, others) for area in ("0851", "0813")}
    return large | {("2024", "0813", "long", "female"): (n, events)}


def is_hidden(rows: Estimates, indicator: str) -> bool:
    (row,) = rows.where(indicator=indicator, area="0813", stratifier="education", level="long", measure="crude").rows()
    return hidden(row)


@pytest.mark.parametrize("policy", ["research_export", "together"])
@pytest.mark.parametrize(
    ("every", "first", "due"),
    [
        (of(40), of(36), True),
        (of(40), of(35), False),
        (of(40), of(40), False),
        (of(40, n=900), of(30, n=897), True),
        (of(40, n=900), of(30, n=890), False),
    ],
    ids=["few other cases", "enough other cases", "no other cases", "few other persons", "enough other persons"],
)
def test_a_few_between_two_indicators_are_not_found_by_subtraction(
    every: Counts, first: Counts, due: bool, policy: str, catalogue: Catalogue
) -> None:
    found = shown(catalogue, policy, **{ALL: every, FIRST: first})
    assert (is_hidden(found, ALL) or is_hidden(found, FIRST)) == due


@pytest.mark.parametrize(("first", "due"), [(of(36), True), (of(30), False)], ids=["few others", "enough others"])
def test_an_indicator_that_was_published_before_is_minded_by_one_within_it(
    first: Counts, due: bool, catalogue: Catalogue
) -> None:
    ledger = Ledger.of([ledger_rows(shown(catalogue, "research_export", **{ALL: of(40)}))])
    made, policy = table(first, FIRST, catalogue), catalogue.policies["research_export"]
    assert is_hidden(release._protected(made, policy, catalogue, ledger)[0], FIRST) == due


def test_two_kinds_that_make_up_all_cases_give_none_of_them_away(catalogue: Catalogue) -> None:
    found = shown(catalogue, "research_export", **{ALL: of(40), FIRST: of(37, others=300), SECOND: of(3, others=300)})
    assert is_hidden(found, SECOND)
    assert is_hidden(found, FIRST) or is_hidden(found, ALL)


def test_an_indicator_that_counts_more_than_the_one_it_is_within_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(ReleaseError) as refused:
        shown(catalogue, "research_export", **{ALL: of(40), FIRST: of(41)})
    assert refused.value.key == "not_within"


def cases(found: Estimates, indicator: str) -> dict[tuple[Any, ...], int | None]:
    return {key[1:]: row["events"] for key, row in counted(found.where(indicator=indicator).rows()).items()}


@settings(FEW, max_examples=25)
@given(counts(most=(3, 1)), st.integers(0, 2**16), st.booleans(), st.sampled_from(["research_export", "together"]))
def test_what_the_kinds_leave_of_all_is_no_few(
    catalogue: Catalogue, drawn: Counts, seed: int, both: bool, policy: str
) -> None:
    """Of every group: all cases, less those of the kinds that are shown, are none, enough, or not known."""
    rng, parts = np.random.default_rng(seed), (FIRST, SECOND)[: 1 + both]
    split = {cell: rng.multinomial(events, [0.5, 0.4, 0.1]).tolist() for cell, (_, events) in drawn.items()}
    kinds = {name: {cell: (n, split[cell][k]) for cell, (n, _) in drawn.items()} for k, name in enumerate(parts)}
    found = shown(catalogue, policy, **{ALL: drawn}, **kinds)
    every, of_kinds = cases(found, ALL), [cases(found, name) for name in parts]
    left = {key: whole - sum(of[key] or 0 for of in of_kinds) for key, whole in every.items() if whole is not None}
    assert not {key: few for key, few in left.items() if 0 < few < 5}
