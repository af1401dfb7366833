"""Decompositions agree with outside programs; where the numbers come from stands beside them in ``tests/golden``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import between_within, by_determinant, kitagawa, life_expectancy_gap, moments, oaxaca, shapley
from lighed.stats.contributions import Contributions
from tests.golden import Oracle, Row, by_case, column, expected, only, oracles, read

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
YEARS = 1e-11  # absolute, of contributions in years that may be next to nothing

DEATHS = by_case("decomposition/mortality_by_cause.csv")
AGES = np.unique(column(DEATHS["L01"], "age_from"))


def _rates(case: str) -> Any:
    rows = DEATHS[case]
    assert [row["group"] for row in rows[:80]] == ["low"] * 80
    return column(rows, "rate").reshape(2, len(AGES), 4)


def _inside(case: str) -> Any:
    """What part of a band those who die in it have lived, as the program has it for each group."""
    lived = [[r for r in only("decomposition", f"ax_{g}") if r["case_id"].startswith(case)] for g in ("low", "high")]
    return np.stack([column(rows, "value") for rows in lived]) / np.append(np.diff(AGES), 1)


def _gap(case: str, *, own: bool, **how: Any) -> Contributions:
    inside = _inside(case) if own else None
    return life_expectancy_gap(_rates(case), np.ones((2, len(AGES))), AGES, inside=inside, **how)


def _assert_parts(rows: list[Row], **how: Any) -> None:
    assert rows
    for case in DEATHS:
        want = [row for row in rows if row["case_id"].startswith(case)]
        if want:
            assert_allclose(_gap(case, **how).value, column(want, "value"), atol=YEARS, err_msg=case)


GAPS: dict[str, dict[str, Any]] = {
    "arriaga_age_chiang": {"by": "age", "method": "arriaga", "own": False},
    "arriaga_cause_chiang": {"by": "cause", "method": "arriaga", "own": False},
    "arriaga_age": {"by": "age", "method": "arriaga", "own": True},
    "arriaga_cause": {"by": "cause", "method": "arriaga", "own": True},
    "arriaga_age_cause": {"by": "age and cause", "method": "arriaga", "own": True},
    "arriaga_sym_age": {"by": "age", "method": "symmetric", "own": True},
    "arriaga_sym_cause": {"by": "cause", "method": "symmetric", "own": True},
}


@pytest.mark.parametrize("quantity", GAPS)
def test_the_gap_in_life_expectancy_by_age_and_by_cause(quantity: str) -> None:
    """One oracle for each; those that end in `_chiang` are our own formula in another language.

    The other takes more or less time lived within a band in the one group than in the other.
    """
    _assert_parts(only("decomposition", quantity), **GAPS[quantity])


def test_the_contributions_add_up_to_the_gap_of_the_two_life_tables() -> None:
    """One oracle, our own formula in another language."""
    rows = only("decomposition", "gap_chiang")
    made = [_gap(row["case_id"], own=False).whole.value for row in rows]
    assert_allclose(made, column(rows, "value"), rtol=EXACT)


def _kitagawa(case: str) -> Contributions:
    rows = by_case("decomposition/kitagawa.csv")[case]
    share, rate = (np.stack([column(rows, f"{name}_{group}") for group in "ba"]) for name in ("share", "rate"))
    return kitagawa(rate, 0 * rate, share)


KITAGAWA = {"difference": slice(None), "kitagawa_composition": slice(1), "kitagawa_rate": slice(1, None)}


@pytest.mark.parametrize("oracle", oracles("decomposition", "kitagawa_composition", "kitagawa_rate"), ids=" ".join)
def test_composition_and_rates(oracle: Oracle) -> None:
    """Two oracles, one of them our own formula in another language; both take the second group minus the first."""
    rows = expected(*oracle)
    made = [_kitagawa(row["case_id"]).value[KITAGAWA[oracle[1]]].sum() for row in rows]
    assert_allclose(made, column(rows, "value"), rtol=EXACT, atol=1e-15)


def test_the_rates_of_each_stratum() -> None:
    """One oracle, our own formula in another language."""
    rows = only("decomposition", "kitagawa_rate_stratum")
    made = np.concatenate([_kitagawa(case).value[1:] for case in by_case("decomposition/kitagawa.csv")])
    assert_allclose(made, column(rows, "value"), rtol=EXACT, atol=1e-15)


def _factors(case: str) -> Contributions:
    rows = by_case("decomposition/factors.csv")[case]
    value = np.stack([column(rows, "value_a"), column(rows, "value_b")])
    return shapley(lambda x: x.prod(-1), value, 0 * value)


@pytest.mark.parametrize("oracle", oracles("decomposition", "dasgupta"), ids=" ".join)
def test_factors_over_all_orders(oracle: Oracle) -> None:
    """Two oracles, one of them our own formula in another language."""
    made = np.concatenate([_factors(case).value for case in by_case("decomposition/factors.csv")])
    assert_allclose(made, column(expected(*oracle), "value"), rtol=EXACT, atol=1e-15)


@pytest.mark.parametrize("split", [_kitagawa, _factors], ids=["kitagawa", "factors"])
def test_the_parts_add_up_to_the_difference(split: Any) -> None:
    """One oracle, our own formula in another language."""
    cases = by_case(f"decomposition/{split.__name__.strip('_')}.csv")
    rows = [row for row in only("decomposition", "difference") if row["case_id"] in cases]
    assert len(rows) == 10
    assert_allclose([split(row["case_id"]).whole.value for row in rows], column(rows, "value"), rtol=EXACT)


PERSONS = read("decomposition/individual.csv")
COLUMNS = {name: column(PERSONS, name) for name in PERSONS[0]}
OAXACA = np.stack([COLUMNS[name] for name in ("age", "female", "chronic", "contacts")], -1)
BOTH = np.stack([moments(OAXACA[COLUMNS["high_edu"] == high]) for high in (0, 1)])
TERMS = ["oaxaca.(Intercept)", "oaxaca.age", "oaxaca.female", "oaxaca.chronic"]
THREE = ["endowments", "coefficients", "interaction"]
REFERENCES: dict[str, Any] = {
    "weight0": "last",
    "weight1": "first",
    "weight0.5": "equal",
    "weight0.480714": "size",
    "weight-1": "pooled",
    "weight-2": "pooled within",
    "statsmodels_twofold_cotton": "size",
    "statsmodels_twofold_reimers": "equal",
}


@pytest.mark.parametrize("prefix", ["", "statsmodels_"])
def test_a_gap_in_three_parts(prefix: str) -> None:
    """Two oracles, one of them with a contribution for each determinant."""
    made = oaxaca(BOTH, split="threefold")
    rows = [only("decomposition", f"{prefix}threefold_{part}") for part in THREE]
    whole = [[row for row in of if row["case_id"] == "oaxaca"] for of in rows]
    assert_allclose(made.added(np.repeat([0, 1, 2], 4)).value, np.concatenate([column(of, "value") for of in whole]))
    for k, of in enumerate(rows if not prefix else []):
        each = {row["case_id"]: float(row["value"]) for row in of}
        assert_allclose(made.value[4 * k : 4 * k + 4], [each[name] for name in TERMS], rtol=EXACT, atol=1e-12)
    (gap,) = only("decomposition", f"{prefix}gap")
    assert_allclose(made.whole.value, float(gap["value"]), rtol=EXACT)


def _twofold(reference: str) -> list[Oracle]:
    names = {row["quantity"] for row in read("decomposition/expected.csv")}
    wanted = [f"twofold_{part}_{reference}" for part in ("explained", "unexplained")]
    wanted += [f"{reference}_{part}" for part in ("explained", "unexplained")]
    return oracles("decomposition", *(name for name in wanted if name in names))


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_gap_in_two_parts(reference: str) -> None:
    """Two or three oracles, one of them our own formula in another language, which has a standard error."""
    made = oaxaca(BOTH, reference=REFERENCES[reference]).added(np.repeat([0, 1], 4)).parts
    found = _twofold(reference)
    assert len(found) >= 2
    for oracle in found:
        for row in expected(*oracle):
            k = 1 if "unexplained" in oracle[1] else 0
            assert_allclose(made.value[k], float(row["value"]), rtol=EXACT)
            if row["se"]:
                assert_allclose(made.se[k], float(row["se"]), rtol=EXACT)


DETERMINANTS = ["age", "female", "edu2", "edu3", "edu4", "edu5", "chronic"]
JACKKNIFE = 0.25  # relative: standard errors from a hundred groups left out in turn


def _wagstaff(case: str, **how: Any) -> Contributions:
    weight = COLUMNS["weight"] if case == "wagstaff.weighted" else np.ones(len(PERSONS))
    level, alike = np.unique(COLUMNS["income"], return_inverse=True)
    people = np.bincount(alike, weight, len(level))
    rank = ((people.cumsum() - people / 2) / people.sum())[alike]
    education = {f"edu{k}": (COLUMNS["education"] == k) * 1.0 for k in range(2, 6)}
    x = np.stack([(COLUMNS | education)[name] for name in DETERMINANTS], -1)
    return by_determinant(COLUMNS["contacts"], x, rank, weight, **how)


@pytest.mark.parametrize("case", ["wagstaff.unweighted", "wagstaff.weighted"])
@pytest.mark.parametrize("oracle", oracles("decomposition", "contribution"), ids=" ".join)
def test_a_concentration_index_by_determinants(oracle: Oracle, case: str) -> None:
    """Two oracles without weights, one of them our own formula in another language, which alone has weights.

    Theirs is positive when gathered among the better-off, ours when among the worse-off.
    """
    rows = {
        row["case_id"].removeprefix(f"{case}."): row for row in expected(*oracle) if row["case_id"].startswith(case)
    }
    made = _wagstaff(case)
    assert bool(rows) == (case == "wagstaff.unweighted" or oracle[2].startswith("R "))
    for name, row in rows.items():
        k = DETERMINANTS.index(name)
        assert_allclose(-made.value[k], float(row["value"]), rtol=EXACT, atol=1e-15)
        if row["se"]:
            assert_allclose(made.parts.se[k], float(row["se"]), rtol=JACKKNIFE)
    for quantity, ours in (("concentration_index", made.whole.value), ("residual", made.value[-1])):
        (row,) = [row for row in only("decomposition", quantity) if row["case_id"] == case]
        assert_allclose(-ours, float(row["value"]), rtol=EXACT)


@pytest.mark.parametrize(
    ("quantity", "of", "unit"),
    [("bgv_delta", "variance", 1), ("theil_delta", "theil", 1000), ("mld_delta", "log deviation", 1000)],
)
def test_the_spread_and_its_error(quantity: str, of: Any, unit: float) -> None:
    """One oracle. Its values have what sampling error makes in them: here they are taken as known for the value."""
    rows, groups = only("decomposition", quantity), by_case("dispersion/groups.csv")
    for row in rows:
        value, se, people = (column(groups[row["case_id"]], name) for name in ("estimate", "se", "population"))
        alone = np.arange(len(value))
        known, made = (between_within(value, part, people, alone, of=of).whole for part in (0 * se, se**2))
        assert_allclose(known.value * unit, float(row["value"]), rtol=EXACT)
        assert_allclose(made.se * unit, float(row["se"]), rtol=EXACT)


def test_the_variance_without_what_sampling_makes() -> None:
    """One oracle, our own formula in another language."""
    rows, groups = only("decomposition", "bgv_sampling_corrected"), by_case("dispersion/groups.csv")
    for row in rows:
        value, se, people = (column(groups[row["case_id"]], name) for name in ("estimate", "se", "population"))
        made = between_within(value, se**2, people, np.arange(len(value))).whole
        assert_allclose(made.value, float(row["value"]), rtol=1e-7)
