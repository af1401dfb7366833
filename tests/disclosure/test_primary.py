"""Which figures may not be shown for what they are themselves: by a golden case, and by sums reckoned by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lighed.catalogue import Catalogue
from lighed.core.estimates import KEPT, Estimates
from lighed.core.types import Dominance, Policy
from lighed.disclosure import publish, release
from lighed.disclosure.attack import intervals
from lighed.disclosure.cells import Cells, lines, with_rests
from lighed.disclosure.protect import known as tied
from lighed.disclosure.protect import primary, secondary, withstanding
from tests.conftest import MADE
from tests.disclosure.cubes import flagged, golden
from tests.disclosure.reader import hidden
from tests.disclosure.tables import CATALOGUE, SENT, SHARE, drawn, estimates, table
from tests.disclosure.test_protect import FIVE, is_hidden, of_groups
from tests.disclosure.test_release import contents, town

INCOME, STEP = "F7.4a", "rehabilitation.started"
WHERE = {"period": "2024", "area": "0813", "stratifier": "education", "level": "short"}
MANY = 10**6


def known(**changed: Any) -> Catalogue:
    """The catalogue, with an indicator of shares that differs."""
    one = CATALOGUE.indicators[SHARE].model_copy(update=changed)
    return replace(CATALOGUE, indicators=CATALOGUE.indicators | {SHARE: one})


def cells_of(counts: np.ndarray[Any, Any]) -> Cells:
    """Shares of many persons each."""
    place = {"indicator": SHARE, "measure": "crude", "period": "2024", "area": "0813", "n": MANY}
    return Cells.of(estimates([place | {"events": int(count)} for count in counts]))


@pytest.mark.parametrize(
    ("case", "zeros"), [("02_mun_accidents_max3", "sensitive"), ("03_mun_accidents_max3_zeros_open", "shown")]
)
def test_nobody_is_few_where_that_is_sensitive_as_another_program_has_it(case: str, zeros: str) -> None:
    cube, rows = golden(case)
    policy = FIVE.model_copy(update={"smallest_count": 4})
    assert primary(cells_of(cube.figures), policy, known(zeros=zeros)).tolist() == flagged(rows, "primary").tolist()


def test_zeros_that_are_sensitive_are_not_hidden_with_each_other_alone() -> None:
    made = table(of_groups(short=(60, 0), medium=(70, 0), long=(800, 300)))
    for policy in ("research_export", "together"):
        rows = shown(made, known(zeros="sensitive"), policy)
        assert [is_hidden(rows, "0813", "education", level) for level in ("short", "medium", "long")] == [True] * 3
        assert not is_hidden(shown(made, CATALOGUE, policy), "0813", "education", "short")


@pytest.mark.parametrize("seed", [1, 3])
def test_a_sensitive_zero_could_be_any_number_below_the_smallest_count_for_who_solves_all_sums(seed: int) -> None:
    catalogue, together = known(zeros="sensitive"), CATALOGUE.policies["together"]
    cells = with_rests(Cells.of(table(drawn(np.random.default_rng(seed)))), catalogue)
    sums, small = lines(cells, catalogue), primary(cells, together, catalogue)
    more = secondary(small, cells, sums, together, catalogue)
    secret = small | more | withstanding(small, more, cells, sums, together, catalogue)
    rows, zeros = tied(sums, cells.events, secret), small & (cells.events == 0)
    shown = np.where(secret, np.nan, cells.events)
    level = rows @ cells.events
    lower, upper = intervals(rows, shown, level, level, asked=zeros, narrow=15)
    assert zeros.sum() > 3
    assert (lower[zeros] == 0).all()
    assert (upper[zeros] >= 5).all()


def shown(made: Estimates, catalogue: Catalogue, policy: str | Policy = "research_export") -> list[dict[str, Any]]:
    chosen = catalogue.policies[policy] if isinstance(policy, str) else policy
    return release._protected(made, chosen, catalogue)[0].rows()


# --- sums: what persons gave, and whether the sum may be known

LARGEST = {"largest_within": 10}
ONE, TWO = ({"dominance": Dominance(contributors=n, percent=85)} for n in (1, 2))
GIVEN: dict[str, tuple[list[float], dict[str, Any], bool]] = {
    "the second reckons the largest to within 10 %": ([1000, 400, 99], LARGEST, True),
    "and here it does not": ([1000, 400, 100], LARGEST, False),
    "two gave all": ([500, 500], LARGEST, True),
    "many gave alike": ([10] * 20, LARGEST, False),
    "nobody gave anything": ([0] * 20, LARGEST, False),
    "one gave 86 of 100": ([86, 10, 4], ONE, True),
    "one gave 85 of 100": ([85, 10, 5], ONE, False),
    "two gave 86 of 100": ([50, 36, 14], TWO, True),
    "two gave 85 of 100": ([50, 35, 15], TWO, False),
    "no rule is asked for": ([1000, 1, 1], {}, False),
}
BARE = {"largest_within": None, "dominance": None}


@pytest.mark.parametrize(("given", "rule", "due"), GIVEN.values(), ids=GIVEN)
def test_a_mean_of_amounts_is_hidden_where_one_gave_too_much(
    given: list[float], rule: dict[str, Any], due: bool
) -> None:
    total, (first, second, *_) = sum(given), sorted(given, reverse=True)
    kept = of(INCOME, total=total, largest=first, second=second)
    made = Estimates.concat([table(of_groups(short=(60, 60)), INCOME), kept])
    assert is_hidden(shown(made, CATALOGUE, policy(rule)), "0813", "education", "short") == due
    if rule == LARGEST and total:  # what the second can reckon: the largest is at most all that is not its own
        assert due == (total - second < 1.1 * first)


def policy(rule: dict[str, Any]) -> Policy:
    return FIVE.model_copy(update=BARE | rule)


def of(indicator: str, **numbers: float) -> Estimates:
    rows = [{"indicator": indicator, "measure": KEPT, "component": name, "value": v} for name, v in numbers.items()]
    return estimates([row | WHERE for row in rows])


# --- units, quantiles


@pytest.mark.parametrize(("units", "due"), [(0, True), (2, True), (3, False)])
def test_what_rests_on_few_senders_is_hidden_and_what_each_of_them_sent(units: int, due: bool) -> None:
    place = ("2024", "0813", "short", "female")
    parts = {part: {place: pair} for part, pair in zip(SENT, [(12, 5), (18, 9), (30, 16)], strict=True)}
    made = Estimates.concat([table(of_groups(short=(60, 30)), STEP, parts=parts), of(STEP, units=units)])
    for policy, rule in ((FIVE.model_copy(update={"smallest_units": 3}), True), (FIVE, False)):
        found = [row for row in shown(made, CATALOGUE, policy) if row["level"] == "short" and row["area"] == "0813"]
        marks = {name: {hidden(row) for row in found if row["measure"] == name} for name in ("crude", "sent")}
        assert marks == {"crude": {rule and due}, "sent": {rule}}


@pytest.mark.parametrize(("persons", "due"), [(4, True), (5, False)])
def test_a_median_that_is_the_value_of_few_is_hidden_by_itself(persons: int, due: bool) -> None:
    row = {"indicator": STEP, "unit": "days", "measure": "waiting_median", "value": 12.0, "flags": ""} | WHERE
    rows = [row | {"horizon": "90"}, row | {"horizon": "90", "level": "long"}]
    behind = Estimates.of(**row | {"measure": KEPT, "component": "waiting_median", "value": persons, "horizon": "90"})
    found = shown(Estimates.concat([table(of_groups(), STEP), estimates(rows), behind]), CATALOGUE)
    medians = {row["level"]: row for row in found if row["measure"] == "waiting_median"}
    assert (hidden(medians["short"]), hidden(medians["long"])) == (due, False)
    assert not is_hidden(found, "0813", "education", "short")


@pytest.mark.parametrize("level", ["short", "unknown"])
def test_those_of_whom_the_level_is_not_known_are_a_group_as_others(level: str) -> None:
    assert is_hidden(shown(table(of_groups(**{level: (60, 4)})), CATALOGUE), "0813", "education", level)


def test_what_is_kept_behind_the_figures_is_in_no_byte_of_a_release(tmp_path: Path) -> None:
    plan, folders = CATALOGUE.plans["synthetic"], []
    for name, more in (("one", []), ("two", [of(SHARE, total=71.5, largest=9.5, second=9.25, units=7)])):
        made = Estimates.concat([table(town()), *more])
        folders.append(publish(made, plan, CATALOGUE, tmp_path / name, inputs={}, made=MADE).folder)
    assert contents(folders[0]) == contents(folders[1])
