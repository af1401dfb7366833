"""Survival, cumulative incidence, time lost and states are those of outside programs; see ``tests/golden``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Values, evaluate
from lighed.stats.states import occupation
from lighed.stats.survival import FollowUp, aalen_johansen, kaplan_meier, restricted_mean, time_lost
from tests.golden import Oracle, Row, column, only, oracles, read
from tests.golden import expected as given

EXACT = 1e-9  # relative: the same formula in another program
# Relative: with late entry the infinitesimal jackknife is another estimate of the same error; of 300 and of 12 persons.
DELAYED = {"truncated": 0.015, "tiny": 0.07}
AALEN = 0.06  # relative: the form of 1978, larger in groups of 300
MARKOV = 0.03  # relative: the jackknife by person does not take the moves of one person as independent
CAUSES = {"service": 0, "death": 1, "cause1": 0, "cause2": 1}


def _counts(name: str) -> FollowUp:
    rows = read(f"survival/{name}.csv")
    whole = {key: column(rows, key).astype(int) for key in rows[0]}
    group = whole.get("group", np.ones(len(rows), int)) - 1
    day = whole.get("days", whole.get("exit"))
    return FollowUp.of(
        day, whole["status"], causes=2, entry=whole.get("entry"), group=group, shape=(int(group.max()) + 1,)
    )


COUNTS = {
    "competing": _counts("competing"),
    "truncated": _counts("competing_truncated"),
    "tiny": _counts("tiny_truncated"),
}


def _place(row: Row) -> tuple[str, int, int, float]:
    """Data, group, cause and day of a row."""
    case, _, day = row["case_id"].partition("@")
    name, *rest = case.split(".")
    group = next((int(part[1:]) - 1 for part in rest if part[0] == "g" and part[1:].isdigit()), 0)
    cause = next((CAUSES[part] for part in rest if part in CAUSES), 0)
    return name, group, cause, float(day or "nan")


def _at(curve: Any, row: Row) -> Values:
    name, group, cause, day = _place(row)
    made = curve(COUNTS[name]).at(day)
    return made.at((group, cause) if made.value.ndim > 1 else (group,))


def _side_by_side(curve: Any, rows: list[Row]) -> Any:
    ours = [_at(curve, row) for row in rows]
    return {name: np.array([getattr(one, name) for one in ours]) for name in Values.__slots__}


@pytest.mark.parametrize("quantity", ["km_survival", "km_log-log"])
def test_survival_with_greenwoods_error_and_log_log_limits(quantity: str) -> None:
    """One oracle; without late entry and with it."""
    rows = only("survival", quantity)
    made, value = _side_by_side(kaplan_meier, rows), column(rows, "value")
    assert_allclose(made["value"], value, rtol=EXACT)
    inside = (value > 0) & (value < 1)
    assert inside.sum() > 40
    for name in ["se"] if quantity == "km_survival" else ["lower", "upper"]:
        assert_allclose(made[name][inside], column(rows, name)[inside], rtol=EXACT)
        assert np.isnan(made[name][~inside]).all()


@pytest.mark.parametrize("oracle", oracles("survival", "cif", "cif_delta", "cif_etm"), ids=" ".join)
def test_cumulative_incidence_with_the_variance_of_the_delta_method(oracle: Oracle) -> None:
    """Three oracles; one of them has another variance where persons come under watch late."""
    rows = given(*oracle)
    made, value = _side_by_side(aalen_johansen, rows), column(rows, "value")
    assert_allclose(made["value"], value, rtol=EXACT)
    near = DELAYED if oracle[1] == "cif" else {}
    inside = value > 0
    for ours, row in zip(made["se"][inside], np.array(rows)[inside], strict=True):
        assert_allclose(ours, float(row["se"]), rtol=near.get(_place(row)[0], EXACT))
    if oracle[1] == "cif_etm":
        for name in ("lower", "upper"):
            assert_allclose(made[name][inside], column(rows, name)[inside], rtol=EXACT)


def test_the_variance_is_not_that_of_aalen_1978() -> None:
    rows = [row for row in only("survival", "cif_cmprsk") if float(row["value"]) > 0]
    made, theirs = _side_by_side(aalen_johansen, rows), column(rows, "se")
    assert_allclose(made["value"], column(rows, "value"), rtol=EXACT)
    assert_allclose(made["se"], theirs, rtol=AALEN)
    assert (made["se"] < theirs).all()


@pytest.mark.parametrize("row", only("survival", "trap_one_minus_km"), ids=lambda row: row["case_id"])
def test_one_minus_kaplan_meier_is_what_comes_of_taking_death_for_censoring(row: Row) -> None:
    """The wrong number is named wrong by the program's row; the incidence is well below it."""
    name, group, cause, day = _place(row)
    counts = COUNTS[name]
    alone = FollowUp(counts.time, counts.entered, counts.events[:, :1], counts.censored + counts.events[:, 1])
    wrong = 1 - kaplan_meier(alone).at(day).value[group]
    assert_allclose(wrong, float(row["value"]), rtol=EXACT)
    assert aalen_johansen(counts).at(day).value[group, cause] < 0.97 * wrong


@pytest.mark.parametrize("row", only("survival", "n_at_risk"), ids=lambda row: row["case_id"])
def test_at_risk_are_those_who_came_before_the_day_and_leave_on_it_or_later(row: Row) -> None:
    assert COUNTS["tiny"].at_risk[0, int(row["case_id"].split("@")[1])] == float(row["value"])


@pytest.mark.parametrize("share", [25, 50, 75])
def test_quantiles_of_survival_with_their_limits(share: int) -> None:
    rows = only("survival", f"km_quantile_{share}_log-log")
    for row in rows:
        name, group, _, _ = _place(row)
        made = kaplan_meier(COUNTS[name]).reached(share / 100).at(group)
        want = [float(row[key] or "inf") for key in ("value", "lower", "upper")]
        assert [float(made.value), float(made.lower), float(made.upper)] == want


@pytest.mark.parametrize("until", [90, 180])
@pytest.mark.parametrize("program", ["", "_survrm2"])
def test_restricted_mean_with_its_error(until: int, program: str) -> None:
    """Two oracles, one of them with limits."""
    made = restricted_mean(COUNTS["competing"], until)
    for row in only("survival", f"rmst_{until}{program}"):
        group = _place(row)[1]
        for name in ("value", "se", *(("lower", "upper") if program else ())):
            assert_allclose(getattr(made, name)[group], float(row[name]), rtol=EXACT)


@pytest.mark.parametrize("row", only("survival", "mean_time_in_state_180"), ids=lambda row: row["case_id"])
def test_time_lost_by_cause(row: Row) -> None:
    name, group, cause, _ = _place(row)
    assert_allclose(time_lost(COUNTS[name], 180).value[group, cause], float(row["value"]), rtol=EXACT)


@pytest.mark.parametrize("row", only("survival", "mean_time_in_state_180_pseudo"), ids=lambda row: row["case_id"])
def test_the_error_of_time_lost(row: Row) -> None:
    """By pseudo-values, which without late entry is the delta method."""
    name, group, cause, _ = _place(row)
    assert_allclose(time_lost(COUNTS[name], 180).se[group, cause], float(row["se"]), rtol=EXACT)


@pytest.mark.parametrize("row", only("survival", "mean_time_free_180"), ids=lambda row: row["case_id"])
def test_time_without_an_event_also_with_late_entry(row: Row) -> None:
    name, group, _, _ = _place(row)
    assert_allclose(restricted_mean(COUNTS[name], 180).value[group], float(row["value"]), rtol=EXACT)


def _two(made: Values, row: Row) -> tuple[Any, Any]:
    """Value and variance of the two groups that a row compares, the second of them first."""
    last, first = (int(part[1:]) - 1 for part in row["case_id"].split(".")[1].split("_vs_"))
    return made.value[..., [last, first]], made.se[..., [last, first]] ** 2


@pytest.mark.parametrize("row", only("survival", "cif_difference"), ids=lambda row: row["case_id"])
def test_the_difference_between_groups_at_a_horizon_is_the_packages_difference(row: Row) -> None:
    made = aalen_johansen(COUNTS["competing"]).at(_place(row)[3]).at((slice(None), 0))
    found = evaluate(MEASURES["difference"], *_two(made, row), np.ones(2), polarity="lower_is_better")
    for name in Values.__slots__:
        assert_allclose(getattr(found, name), float(row[name]), rtol=EXACT)


@pytest.mark.parametrize("until", [90, 180])
def test_the_difference_between_restricted_means_too(until: int) -> None:
    for row in only("survival", f"rmst_difference_{until}"):
        two = _two(restricted_mean(COUNTS["competing"], until), row)
        found = evaluate(MEASURES["difference"], *two, np.ones(2), polarity="lower_is_better")
        for name in ("value", "lower", "upper"):
            assert_allclose(getattr(found, name), float(row[name]), rtol=EXACT)


STATES = ["sick", "work", "retired", "dead"]


def _moves() -> tuple[FollowUp, Any]:
    rows = read("survival/multistate.csv")
    begin, end = (column(rows, name).astype(int) for name in ("tstart", "tstop"))
    here = np.array([STATES.index(row["from_state"]) for row in rows])
    to = np.array([0 if row["to_state"] == "censor" else STATES.index(row["to_state"]) + 1 for row in rows])
    first = np.bincount(here[begin == 0], minlength=4).astype(float)
    return FollowUp.of(end, to, causes=4, entry=np.where(begin == 0, -1, begin), group=here, shape=(4,)), first


@pytest.mark.parametrize("row", only("survival", "occupation"), ids=lambda row: row["case_id"])
def test_the_probability_of_each_state(row: Row) -> None:
    """One oracle, whose error is the infinitesimal jackknife by person."""
    state, day = row["case_id"].removeprefix("multistate.").split("@")
    made = occupation(*_moves()).at(float(day)).at(STATES.index(state))
    assert_allclose(made.value, float(row["value"]), rtol=EXACT)
    assert_allclose(made.se, float(row["se"]), rtol=MARKOV)


@pytest.mark.parametrize("row", only("survival", "mean_time_364"), ids=lambda row: row["case_id"])
def test_the_mean_time_in_each_state(row: Row) -> None:
    state = row["case_id"].removeprefix("multistate.")
    assert_allclose(occupation(*_moves()).time_in(364).value[STATES.index(state)], float(row["value"]), rtol=EXACT)
