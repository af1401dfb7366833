"""Effects of initiatives agree with outside programs; where the numbers come from stands in ``tests/golden``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from tests.golden import Row, column, read
from tests.stats.samples import numbers

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order

EXPECTED = read("evaluation/expected.csv")
UNITS = {"comparison": 48, "initiative": 50, "all": 98}


def _rows(case: str, quantity: str) -> list[Row]:
    found = [row for row in EXPECTED if (row["case_id"], row["quantity"]) == (case, quantity)]
    assert found
    return found


def _factor(units: str) -> float:
    return UNITS[units] / (UNITS[units] - 1)


def _areas(name: str, treated: str) -> Any:
    """A column as (unit, period, level), low education first."""
    rows = sorted(read("evaluation/two_period.csv"), key=lambda row: (row["area"], row["post"], -int(row["low_edu"])))
    return column([row for row in rows if row["treated"] == treated], name).reshape(-1, 2, 2)


def test_the_areas_are_as_many_as_the_factors_say() -> None:
    assert [len(_areas("rate", treated)) for treated in "01"] == [UNITS["comparison"], UNITS["initiative"]]


@pytest.mark.parametrize("weighted", ["unweighted", "weighted"])
@pytest.mark.parametrize("treated", ["0", "1"])
def test_means_over_areas_have_the_covariance_of_their_clusters(treated: str, weighted: str) -> None:
    """One oracle, over levels taken together.

    It counts the areas of both arms together, we those of each arm: the error of the change without the initiative is
    its own times √(48/47 ÷ 98/97), and so on.
    """
    value, weight = _areas("rate", treated), _areas("population", treated) ** (weighted == "weighted")
    made = stats.clustered((value * weight).sum(-1) / weight.sum(-1), weight.sum(-1))
    change = made.covariance[0, 0] + made.covariance[1, 1] - 2 * made.covariance[0, 1]
    comparison, both = (
        column(_rows(f"did.{weighted}.HC0", quantity), "se")[0] ** 2 / _factor("all")
        for quantity in ("post", "post:treated")
    )
    wanted = comparison * _factor("comparison") if treated == "0" else (both - comparison) * _factor("initiative")
    assert_allclose(change, wanted, rtol=EXACT)


def _without_level() -> stats.Effect:
    arms = [_areas("rate", treated).mean(-1, keepdims=True) for treated in "01"]
    means = [stats.clustered(arm[..., 0], np.ones_like(arm[..., 0])) for arm in arms]
    covariance = np.kron(np.diag([1, 0]), means[0].covariance) + np.kron(np.diag([0, 1]), means[1].covariance)
    value = np.stack([mean.value for mean in means])[..., None]
    return stats.difference_in_differences(value, covariance, degrees=UNITS["all"] - 1)


@pytest.mark.parametrize(
    "row",
    [*_rows("did.unweighted.HC1", "post:treated"), *_rows("did.unweighted", "difference_of_means")],
    ids=lambda row: row["oracle"],
)
def test_difference_in_differences(row: Row) -> None:
    """Four oracles; the last one is of the four means."""
    assert_allclose(_without_level().absolute.value[0], float(row["value"]), rtol=EXACT)


def _by_level() -> stats.Effect:
    means = [stats.clustered(v, np.ones_like(v)) for v in (_areas("rate", t).reshape(-1, 4) for t in "01")]
    value = np.stack([mean.value.reshape(2, 2) for mean in means])
    covariance = np.kron(np.diag([1, 0]), means[0].covariance) + np.kron(np.diag([0, 1]), means[1].covariance)
    return stats.difference_in_differences(value, covariance, degrees=UNITS["all"] - 1)


def test_the_effect_on_the_better_off_and_the_triple_difference() -> None:
    """One oracle. It divides by all areas, and by n − k of all rows: HC1 of 392 rows and 8 coefficients."""
    made = _by_level()
    gap = stats.narrowing(made, polarity="lower_is_better").absolute.change
    rows = [_rows("ddd.unweighted.HC1", f"post:treated{level}")[0] for level in ("", ":low_edu")]
    assert_allclose([made.absolute.value[1], gap.value], column(rows, "value"), rtol=EXACT)

    theirs = _factor("all") * 391 / 384
    without = [_rows("ddd.unweighted.HC1", f"post{level}")[0] for level in ("", ":low_edu")]
    comparison = column(without, "se") ** 2 / theirs
    initiative = column(rows, "se") ** 2 / theirs - comparison
    wanted = np.sqrt(comparison * _factor("comparison") + initiative * _factor("initiative"))
    assert_allclose([made.absolute.se[1], gap.se], wanted, rtol=EXACT)


SERIES = column(read("evaluation/series.csv"), "value")
START = 36
TERMS = ["(Intercept)", "month", "post", "since"]


@pytest.mark.parametrize("adjust", [False, True], ids=["", "adjusted"])
@pytest.mark.parametrize("lag", [0, 3, 6, 12])
def test_an_interrupted_series(lag: int, adjust: bool) -> None:
    """Two oracles, of the intercept one."""
    made = stats.segmented(SERIES[None], START, lag=lag, cycle=12, adjust=adjust)
    for place, term in enumerate(TERMS):
        for row in _rows(f"its.newey_west_lag{lag}{'_adjusted' if adjust else ''}", term):
            assert_allclose(made.value[place], float(row["value"]), rtol=EXACT)
            assert_allclose(made.parts.se[place], float(row["se"]), rtol=EXACT)


def test_the_effect_at_the_end_of_a_series() -> None:
    """One oracle, and its normal limits."""
    (row,) = _rows("its.newey_west_lag3", "effect_at_end")
    made = stats.interrupted(SERIES[None], START, lag=3, cycle=12, adjust=False).absolute
    assert_allclose([part[0] for part in numbers(made)], [float(row[c]) for c in ("value", "se", "lower", "upper")])


STAGGERED = read("evaluation/staggered.csv")
YEARS = np.unique(column(STAGGERED, "year"))


def _staggered() -> stats.Staggered:
    """The programs divide by the number of units that begin together, we by one less."""
    rows = sorted(STAGGERED, key=lambda row: (int(row["unit"]), row["year"]))
    began = column(rows, "first_treated").reshape(-1, len(YEARS))[:, 0]
    value = column(rows, "rate").reshape(1, -1, len(YEARS))
    made = stats.staggered(value, np.where(began > 0, began - YEARS[0], np.nan))
    units = made.together @ made.together.sum(0)
    return replace(made, influence=made.influence * np.sqrt((units - 1) / units)[:, None])


def _assert_effects(made: stats.Effect, labels: list[str], wanted: list[Row]) -> None:
    assert {row["quantity"] for row in wanted} <= set(labels)
    for row in wanted:
        place = (labels.index(row["quantity"]), 0) if len(labels) > 1 else 0
        assert_allclose(made.absolute.value[place], float(row["value"]), rtol=EXACT)
        assert_allclose(made.absolute.se[place], float(row["se"]), rtol=EXACT)


@pytest.mark.parametrize("oracle", ["csdid 0.4.3", "differences 0.3.0", "R 4.2.2 (of ours)"])
def test_the_effect_of_each_cohort_in_each_year(oracle: str) -> None:
    """Three oracles, one of them our own formula in another language."""
    made = _staggered()
    names = [f"att.g{YEARS[g]:.0f}.t{YEARS[t]:.0f}" for g, t in zip(made.cohort, made.period, strict=True)]
    rows = [row for row in EXPECTED if row["case_id"] in names and row["oracle"] == oracle]
    assert len(rows) == len(names)
    _assert_effects(made.by("cell"), names, [{**row, "quantity": row["case_id"]} for row in rows])


ALONG: dict[str, Any] = {"dynamic": "event", "group": "cohort", "calendar": "period", "simple": "cell"}


@pytest.mark.parametrize("name", ["dynamic", "group", "calendar"])
def test_mean_effects_of_staggered_beginnings(name: str) -> None:
    """Two oracles, of calendar years one."""
    made = _staggered()
    shift = 0 if name == "dynamic" else YEARS[0]
    labels = [f"{name}_{label + shift:.0f}" for label in made.labels(ALONG[name])]
    rows = [row for row in EXPECTED if row["case_id"] == f"att.{name}" and row["quantity"] != "overall"]
    assert {row["quantity"] for row in rows} == set(labels)
    _assert_effects(made.by(ALONG[name]), labels, rows)


@pytest.mark.parametrize("name", ALONG)
def test_the_one_mean_effect_of_staggered_beginnings(name: str) -> None:
    """Two oracles of the simple mean, else one."""
    _assert_effects(_staggered().overall(ALONG[name]), ["overall"], _rows(f"att.{name}", "overall"))
