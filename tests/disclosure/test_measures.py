"""Measures of groups of which some are hidden are shown rounded, and leave every small number in doubt.

The reader here knows how many persons every group has, writes the measures out by hand, and asks a solver for the
fewest and the most cases of each small group that agree with the sums and with all that is printed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from lighed import stats
from lighed.analysis import indicators, inequality
from lighed.analysis.grid import Grid
from lighed.analysis.indicators import Groups
from lighed.catalogue import load
from lighed.core.errors import DefinitionError, ReleaseError
from lighed.core.estimates import Estimates
from lighed.core.text import LANGUAGES
from lighed.core.types import SCALE, UNKNOWN
from lighed.disclosure import release
from lighed.disclosure.ledger import NOTHING, Ledger, counted
from lighed.disclosure.measures import LINEAR
from lighed.stats import MEASURES
from lighed.stats.intervals import Values
from tests.disclosure.reader import MARK, NUMBERS, Row
from tests.disclosure.tables import CATALOGUE, estimates
from tests.disclosure.test_release import OWN, project_with

HOMELESS, REGION, K = "F7.2", "1081", 5
SURE = 1e-6  # how far from a whole number a solver may be
TOWNS = ("0773", "0787", "0810", "0813", "0820", "0825", "0840", "0846", "0849", "0851", "0860")
EDUCATION = ("short", "medium", "long", UNKNOWN)
TOGETHER = CATALOGUE.policies["together"]
PUBLIC = TOGETHER.model_copy(update={"public_persons": (HOMELESS,)})


def towns(seed: int) -> tuple[Any, Any]:
    """Persons and homeless of each group of education, shape (town, level)."""
    rng = np.random.default_rng(seed)
    n = rng.integers(900, 9000, (len(TOWNS), len(EDUCATION)))
    return n, rng.binomial(n, np.array([0.004, 0.002, 0.001, 0.004]))


def measured(n: Any, events: Any) -> Estimates:
    """The groups of the towns and of their region, with all that the program works out of them."""
    n, events = (np.vstack([part, part.sum(0)]) for part in (n, events))
    parts = {
        None: ((None,), n.sum(-1, keepdims=True), events.sum(-1, keepdims=True)),
        "education": (EDUCATION, n, events),
    }
    found = []
    for name, (levels, persons, cases) in parts.items():
        grid = Grid((CATALOGUE.indicators[HOMELESS],), (2024,), (*TOWNS, REGION), levels)
        persons, cases = persons[None, None], cases[None, None]
        nothing = Values(*(np.full(grid.groups, np.nan) for _ in Values.__slots__))
        made = stats.proportion(cases, persons), nothing, np.zeros(grid.groups, bool), np.ones((1, 1), bool)
        groups = Groups(grid, persons, cases, persons, *made, {"crude": ["wilson"], "standardised": [""]})
        found.append(indicators.estimates(groups, name))
        if name:
            found.append(inequality.estimates(groups, CATALOGUE.stratifiers[name]))
    return Estimates.concat(found)


N, EVENTS = towns(2)
MADE = measured(N, EVENTS)


def protected(
    made: Estimates = MADE, policy: Any = PUBLIC, ledger: Ledger = NOTHING
) -> tuple[Estimates, dict[str, Any]]:
    return release._protected(made, policy, CATALOGUE, ledger)


@pytest.fixture(scope="module")
def shown() -> tuple[Estimates, dict[str, Any]]:
    return protected()


def measures(rows: list[Row]) -> dict[tuple[str, str], Row]:
    return {(row["area"], row["measure"]): row for row in rows if row["measure"] in LINEAR and not row["component"]}


def by_hand(measure: str, n: Any) -> Any:
    """What each case counts in a measure of three groups, the worst-off first."""
    part = n / n.sum()
    off, best = np.cumsum(part) - part / 2 - 0.5, np.array([0, 0, 1])
    counts = {
        "difference": np.array([1, 0, -1]),
        "slope_index": -part * off / (part * off**2).sum(),
        "generalised_concentration_index": -2 * part * off,
        "erreygers_index": -8 * part * off,
        "attributable_risk": part - best,
        "attributable_number": n - best * n.sum(),
    }
    scale = 1 if measure == "attributable_number" else SCALE[CATALOGUE.indicators[HOMELESS].unit]
    return scale * counts[measure] / n


def in_too_little_doubt(rows: list[Row], n: Any = N, events: Any = EVENTS) -> list[str]:
    """The small groups of which a reader learns more than the policy lets them."""
    n, events = (np.vstack([part, part.sum(0)]) for part in (n, events))
    at, size = np.arange(n.size).reshape(n.shape), n.size
    crude = {(row["area"], row["level"]): row["events"] for row in rows if row["measure"] == "crude"}
    said = [(1.0 * (at == at[-1, k]) - np.isin(at, at[:-1, k]), 0, 0) for k in range(len(EDUCATION))]
    for a, area in enumerate((*TOWNS, REGION)):
        total = crude[area, None]
        said += [(at // len(EDUCATION) == a, total, total)] if total is not None else []
        for k, level in enumerate(EDUCATION):
            count = crude[area, level]
            said += [(at == at[a, k], count, count)] if count is not None else []
    for (area, measure), row in measures(rows).items():
        if row["value"] is not None:
            a = (*TOWNS, REGION).index(area)
            weights, half = np.zeros(n.shape), 0.05 if round(row["value"], 1) == row["value"] else 1e-9
            weights[a, :3] = by_hand(measure, n[a, :3])
            said.append((weights, row["value"] - half, row["value"] + half))
    matrix, lower, upper = (np.array([one[k] for one in said], float) for k in range(3))
    known = {
        "constraints": LinearConstraint(matrix.reshape(len(said), size), lower, upper),
        "bounds": Bounds(0, n.ravel()),
        "integrality": np.ones(size),
    }
    found = []
    for cell in np.flatnonzero((events.ravel() > 0) & (events.ravel() < K)):
        low, high = (sign * milp(sign * np.eye(size)[cell], **known).fun for sign in (1, -1))
        persons = n.ravel()[cell]
        least, most, width = (1, K - 1, K) if persons >= K else (0, persons, persons)
        if low > least + SURE or high < most - SURE or high - low < width - SURE:
            found.append(f"{cell}: {low:.0f} to {high:.0f}")
    return found


def test_a_reader_learns_too_little_of_what_is_hidden_from_measures_that_are_shown(shown: Any) -> None:
    found, record = shown
    assert record["attacked"] > 0
    assert (record["attack_exact"], record["attack_narrow"]) == (0, 0)
    assert in_too_little_doubt(found.rows()) == []


def test_more_is_shown_than_where_measures_go_with_any_of_their_groups(shown: Any) -> None:
    found, record = shown
    _, without = protected(policy=TOGETHER)
    assert record["hidden"] <= without["hidden"]
    assert record["rounded"] == without["hidden_figures"] - record["hidden_figures"] > 0
    assert "rounded" not in without
    assert {row["measure"] for row in found.rows() if row["flags"] == MARK} > {"relative_index", "linearity", "crude"}


def test_a_measure_is_rounded_where_a_group_is_hidden_and_nothing_else_of_it_is_told(shown: Any) -> None:
    secret = {
        row["area"]
        for row in shown[0].where(measure="crude").rows()
        if row["flags"] == MARK and row["level"] in EDUCATION[:3]
    }
    true, found = measures(MADE.rows()), measures(shown[0].rows())
    for name, row in found.items():
        if name[0] not in secret:
            assert row == true[name]
        elif row["flags"] != MARK:
            told = dict.fromkeys(NUMBERS) | {"value": round(true[name]["value"], 1), "flags": "unreliable"}
            assert row == true[name] | told | {"method": "rounded"}
    assert sum(row["flags"] == "unreliable" and row["n"] is None for row in found.values()) == shown[1]["rounded"]


def test_the_linear_measures_are_those_of_which_the_sum_of_two_outcomes_is_that_of_their_sum() -> None:
    rng = np.random.default_rng(3)
    one, other, n = 0.5 * rng.random((20, 4)), 0.5 * rng.random((20, 4)), rng.integers(50, 900, (20, 4))
    of_sums = {name: (m(one + other, n), m(one, n) + m(other, n)) for name, m in MEASURES.items()}
    assert {*LINEAR} == {name for name, pair in of_sums.items() if np.allclose(*pair, equal_nan=False)}


def printed_exactly(patch: pytest.MonkeyPatch) -> None:
    """The precision that is printed is forgotten."""
    rounded = release.rounded
    patch.setattr(release, "rounded", lambda table, said: rounded(table, replace(said, value=_exact(said))))


def _exact(said: Any) -> Any:
    return MADE.table["value"].to_numpy()[said.row]


def equations_left_out(patch: pytest.MonkeyPatch) -> None:
    """Neither the protection nor the attack takes measures for more than decoration."""
    kept, attacked = release.withstanding, release.attacked
    patch.setattr(
        release, "withstanding", lambda *given: np.append(kept(*given[:-1]), np.zeros(len(given[-1].row), bool))
    )
    patch.setattr(release, "attacked", lambda *given: attacked(*given[:-1]))


def slope_index_of_raw_counts(patch: pytest.MonkeyPatch) -> None:
    """Measures are shown as they were before anything was hidden."""
    linear, rounded = release.linear, release.rounded
    every = linear(MADE, release.Cells.of(MADE), PUBLIC, CATALOGUE, NOTHING.rows)
    patch.setattr(release, "rounded", lambda table, _: rounded(table, replace(every, value=_exact(every))))


@pytest.mark.parametrize("broken", [printed_exactly, equations_left_out, slope_index_of_raw_counts])
def test_a_reader_learns_of_a_protection_that_is_taken_out(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    assert in_too_little_doubt(protected()[0].rows())


def test_the_attack_refuses_measures_that_the_protection_did_not_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    attacked = release.attacked
    equations_left_out(monkeypatch)
    monkeypatch.setattr(release, "attacked", attacked)
    with pytest.raises(ReleaseError) as refused:
        protected()
    assert refused.value.key == "solved"


def test_a_group_of_few_persons_whom_all_know_of_may_have_any_number_of_cases() -> None:
    n, events = N.copy(), EVENTS.copy()
    n[4, 1], events[4, 1] = 3, 2
    found, record = protected(measured(n, events))
    assert (record["attack_exact"], record["attack_narrow"]) == (0, 0)
    assert in_too_little_doubt(found.rows(), n, events) == []


def test_what_was_printed_stays_and_is_an_equation_for_later_releases(shown: Any) -> None:
    earlier = Ledger.of([counted(shown[0])])
    again, record = protected(ledger=earlier)
    assert measures(again.rows()) == measures(shown[0].rows())
    assert record["earlier"] == 1
    for policy, made in ((TOGETHER, MADE), (PUBLIC, measured(N, EVENTS + 40 * (np.arange(4) == 0)))):
        with pytest.raises(ReleaseError) as refused:
            protected(made, policy, earlier)
        assert refused.value.key == "measures_gone"
        assert all(f"{HOMELESS} 2024" in refused.value.sentence(lang) for lang in LANGUAGES)


def test_what_was_printed_is_not_taken_back_by_a_stricter_policy_but_refused() -> None:
    weaker, _ = protected(policy=PUBLIC.model_copy(update={"smallest_count": 3}))
    with pytest.raises(ReleaseError) as refused:
        protected(ledger=Ledger.of([counted(weaker.where(method="rounded"))]))
    assert refused.value.key == "unprotectable"


def test_a_measure_that_is_not_the_sum_of_its_groups_goes_with_any_of_them() -> None:
    rows = [
        row | {"value": row["value"] and row["value"] + 0.01} if row["measure"] in LINEAR else row
        for row in MADE.rows()
    ]
    found, record = protected(estimates(rows))
    assert record["rounded"] == 0
    assert {row["value"] for (area, _), row in measures(found.rows()).items() if area == "0813"} == {None}


BAD = {
    "an indicator that is nowhere": ("F99", "together"),
    "a rate": ("F6.4a", "together"),
    "sums apart": (HOMELESS, "each"),
}


@pytest.mark.parametrize(("name", "sums"), BAD.values(), ids=BAD)
def test_persons_are_public_of_shares_of_persons_whose_sums_are_held_together(
    name: str, sums: str, tmp_path: Path
) -> None:
    load(project_with(tmp_path, OWN | {"public_persons": [HOMELESS], "sums": "together"}))
    with pytest.raises(DefinitionError, match=name):
        load(project_with(tmp_path, OWN | {"public_persons": [name], "sums": sums}))
