"""The statistics agree with outside programs; where the numbers come from stands beside them in ``tests/golden``.

Of spread, of regression lines, of persons and surveys, at other levels of confidence, of indirect standardisation, life
tables and decompositions there are files of their own beside this one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Values, arrange, direct, evaluate, mean, proportion, rate
from lighed.stats.rates import dobson, weighted_proportion
from tests.golden import Oracle, Row, by_case, column, expected, only, oracles, read
from tests.stats.samples import share_of_persons

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
SIMULATED = 0.03  # of a half-width: limits are quantiles of 100,000 draws
BYAR = 0.005  # of a half-width: how far Byar's approximation may be from the exact limits at 10 events or more
OTHER_METHOD = 0.06  # of a half-width: logit and beta limits use Student's t on the design's degrees of freedom


def _stacked(each: list[Values]) -> Values:
    return Values(*(np.array([getattr(one, name) for one in each]) for name in Values.__slots__))


def assert_given(made: Values, rows: list[Row], *names: str) -> None:
    """Every number that is named is the expected one, and missing where that is missing."""
    for name in names:
        want = column(rows, name)
        assert np.isfinite(want).any(), f"the program gives no {name}"
        assert_allclose(getattr(made, name), want, rtol=EXACT, atol=0, err_msg=name)


def assert_near(made: Values, rows: list[Row], tolerance: Any) -> None:
    """Both limits are the expected ones, as a share of the expected half-width."""
    lower, upper = column(rows, "lower"), column(rows, "upper")
    half = (upper - lower) / 2
    assert np.all(np.abs(made.lower - lower) < tolerance * half)
    assert np.all(np.abs(made.upper - upper) < tolerance * half)


def _cells(name: str) -> dict[str, Row]:
    return {row["case_id"]: row for row in read(f"proportions_rates_means/{name}.csv")}


@pytest.mark.parametrize("oracle", oracles("proportions_rates_means", "proportion_wilson_95"), ids=" ".join)
def test_shares_have_wilsons_interval(oracle: Oracle) -> None:
    """Two oracles."""
    rows, cells = expected(*oracle), _cells("proportions")
    inputs = [cells[row["case_id"]] for row in rows]
    made = proportion(column(inputs, "x"), column(inputs, "n"))
    assert_allclose(made.value, column(rows, "value"), rtol=EXACT)
    for name in ("lower", "upper"):
        assert_allclose(getattr(made, name), column(rows, name), rtol=EXACT, atol=1e-15)


def _rates(rows: list[Row]) -> tuple[Any, Values]:
    cells = _cells("rates")
    inputs = [cells[row["case_id"]] for row in rows]
    events = column(inputs, "events")
    return events, rate(events, column(inputs, "person_years")).scaled(1e5)


def test_rates_have_byars_interval() -> None:
    """One oracle for Byar's limits; the exact ones of the next test stand beside them."""
    rows = only("proportions_rates_means", "rate_per_100000_95")
    assert_given(_rates(rows)[1], rows, "value", "lower", "upper")


def test_rates_have_the_exact_interval_below_ten_events_and_nearly_from_there() -> None:
    """A second oracle for rates: exact at every count, so that it says how good Byar's approximation is."""
    rows = only("proportions_rates_means", "rate_exact_per_100000_95")
    events, made = _rates(rows)
    few = [row for row, count in zip(rows, events, strict=True) if count < 10]
    assert set(events[events < 12]) >= {0, 1, 2, 5, 9, 10, 11}
    assert_given(_rates(few)[1], few, "value", "lower", "upper")
    assert_near(made, rows, BYAR)


@pytest.mark.parametrize("oracle", oracles("proportions_rates_means", "mean_t_95"), ids=" ".join)
def test_means_have_students_interval(oracle: Oracle) -> None:
    """Two oracles."""
    rows, values = expected(*oracle), by_case("proportions_rates_means/means.csv")
    y = [column(values[row["case_id"]], "value") for row in rows]
    made = mean([part.sum() for part in y], [(part**2).sum() for part in y], [part.size for part in y])
    assert_given(made, rows, "value", "lower", "upper", "se")


def _standardised(rows: list[Row]) -> tuple[Any, Any, Any]:
    cells = by_case("standardisation/dsr.csv", "area")
    shape = [cells[row["case_id"]] for row in rows]
    x, n, standard = (np.stack([column(c, name) for c in shape]) for name in ("events", "population", "standard"))
    value, variance, covered = direct(x / n, x / n**2, n, standard)
    assert_allclose(covered, 1)
    return value, variance, x.sum(-1)


@pytest.mark.parametrize(
    "oracle", oracles("standardisation", "dsr_per_100000_se", "dsr_per_100000_popepi"), ids=" ".join
)
def test_rates_are_directly_standardised(oracle: Oracle) -> None:
    """Two oracles, one of them our own formula in another language."""
    rows = expected(*oracle)
    value, variance, _ = _standardised(rows)
    assert_allclose(value * 1e5, column(rows, "value"), rtol=EXACT)
    assert_allclose(np.sqrt(variance) * 1e5, column(rows, "se"), rtol=EXACT)


def test_standardised_rates_have_dobsons_interval_from_ten_events() -> None:
    """One oracle. Like it, we give nothing at 0 and 9 events."""
    rows = only("standardisation", "dsr_per_100000_95")
    value, variance, events = _standardised(rows)
    assert {0, 9, 10} <= set(events)
    made = dobson(value, variance, events).scaled(1e5)
    assert_given(made, rows, "value", "lower", "upper")
    assert_allclose(np.isnan(made.lower), events < 10)


def _indices(name: str, rows: list[Row], *, polarity: Any = "higher_is_better", residual: bool = False) -> Values:
    groups = by_case("slope_and_relative_index/grouped.csv")
    made = []
    for row in rows:
        value, se, weight = (column(groups[row["case_id"]], part) for part in ("value", "se", "population"))
        made.append(evaluate(MEASURES[name], value, None if residual else se**2, weight, polarity=polarity))
    return _stacked(made)


CLOSED_FORM = "R 4.2.2 matrix algebra (our closed form)"
# read from the first group to the last, which is how we turn them for an outcome that is good when high
INDICES = {"sii_linear": "slope_index", "rii_linear": "relative_index"}


@pytest.mark.parametrize("oracle", oracles("slope_and_relative_index", *INDICES), ids=" ".join)
def test_slope_and_relative_index_of_groups(oracle: Oracle) -> None:
    """Two oracles, one of them our own formula in another language."""
    rows = expected(*oracle)
    assert_given(_indices(INDICES[oracle[1]], rows), rows, "value")


def test_the_slope_index_has_the_sampling_error_of_the_groups() -> None:
    """Two oracles: our own formula in another language, and limits simulated by an outside program."""
    closed = expected("slope_and_relative_index", "sii_linear", CLOSED_FORM)
    simulated = only("slope_and_relative_index", "sii_linear_simulated")
    assert_given(_indices("slope_index", closed), closed, "se", "lower", "upper")
    assert_near(_indices("slope_index", simulated), simulated, SIMULATED)


def test_the_relative_index_has_the_sampling_error_of_the_groups() -> None:
    """Two oracles, as for the slope index: Fieller's limits, and quantiles of draws."""
    closed = expected("slope_and_relative_index", "rii_linear", CLOSED_FORM)
    simulated = only("slope_and_relative_index", "rii_linear_simulated")
    assert_given(_indices("relative_index", closed), closed, "se", "lower", "upper")
    assert_near(_indices("relative_index", simulated), simulated, SIMULATED)


def test_the_slope_index_without_standard_errors_has_those_of_the_line() -> None:
    """One oracle, which is positive when the first group has the higher value."""
    rows = only("slope_and_relative_index", "sii_scotpho")
    made = _indices("slope_index", rows, polarity="lower_is_better", residual=True)
    assert_given(made, rows, "value", "lower", "upper", "se")


@pytest.mark.parametrize(
    ("quantity", "measure"), [("sii_identity_link", "slope_index"), ("rii_log_link", "relative_index_log")]
)
def test_the_indices_of_groups_are_those_of_the_persons(quantity: str, measure: str) -> None:
    """One oracle: a weighted regression of persons, normal or Poisson, on the mean rank of their group."""
    rows = only("slope_and_relative_index", quantity)
    groups = by_case("slope_and_relative_index/persons_by_education.csv")
    m = MEASURES[measure]
    made = [m(*(column(groups[row["case_id"]], part) for part in ("value", "population"))) for row in rows]
    last_to_first = np.power(made, -1) if m.null == 1.0 else np.negative(made)
    assert_allclose(last_to_first, column(rows, "value"), rtol=EXACT)


@pytest.mark.parametrize("oracle", oracles("concentration", "relative"), ids=" ".join)
def test_the_concentration_index_of_groups(oracle: Oracle) -> None:
    """Five oracles for the value, one of them our own formula in another language, three on persons in groups.

    None for the standard error: the outside programs' takes the mean as fixed and the groups as without error.
    """
    rows = expected(*oracle)
    groups = by_case("concentration/grouped.csv") | by_case("concentration/persons_by_income_fifth.csv")
    cells = [groups[row["case_id"]] for row in rows]
    made = [-MEASURES["concentration_index"](column(c, "value"), column(c, "population")) for c in cells]
    assert_allclose(made, column(rows, "value"), rtol=EXACT)


def _unordered(rows: list[Row], measure: str, how: str, *, turned: bool = False) -> Values:
    groups = by_case("dispersion/groups.csv")
    made = []
    for row in rows:
        cells = groups[row["case_id"]]
        value, se, weight = (column(cells, name) for name in ("estimate", "se", "population"))
        polarity: Any = "higher_is_better" if cells[0]["favourable"] == "1" else "lower_is_better"
        reference = [cell["is_reference"] for cell in cells].index("1") if how == "reference" else None
        parts: tuple[Any, ...] = (value, se**2, weight)
        if how != "ordered":
            parts = arrange(*parts, polarity=polarity, reference=reference)
        found = evaluate(MEASURES[measure], *parts, polarity="higher_is_better" if turned else polarity)
        made.append(found.scaled(1 / weight.sum()) if measure == "attributable_number" else found)
    return _stacked(made)


@pytest.mark.parametrize("how", ["ordered", "extreme", "reference"])
def test_differences_between_groups(how: str) -> None:
    """One oracle."""
    rows = only("dispersion", f"difference_{how}")
    assert_given(_unordered(rows, "difference", how), rows, "value", "lower", "upper", "se")


@pytest.mark.parametrize("how", ["ordered", "extreme", "reference"])
def test_ratios_between_groups(how: str) -> None:
    """One oracle."""
    rows = only("dispersion", f"ratio_{how}")
    assert_given(_unordered(rows, "ratio", how), rows, "value", "lower", "upper")


ATTRIBUTABLE = {
    "paf_ordered": ("attributable_fraction", "ordered", 100.0),
    "paf_best": ("attributable_fraction", "extreme", 100.0),
    "paf_best_delta": ("attributable_fraction", "extreme", 100.0),
    "parisk_ordered": ("attributable_number", "ordered", 1.0),
    "parisk_best": ("attributable_number", "extreme", 1.0),
    "par_best_delta": ("attributable_number", "extreme", 1.0),
}


@pytest.mark.parametrize("oracle", oracles("dispersion", *ATTRIBUTABLE), ids=" ".join)
def test_the_attributable_fraction_and_number(oracle: Oracle) -> None:
    """Two oracles for the value, one for the standard error. The number is held against their risk times the people.

    They take the best group minus the average whichever direction is good, which is ours when high is good.
    """
    rows = expected(*oracle)
    measure, how, unit = ATTRIBUTABLE[oracle[1]]
    made = _unordered(rows, measure, how, turned=True).scaled(unit)
    assert_given(made, rows, "value", *(["lower", "upper", "se"] if oracle[1].endswith("delta") else []))


DESIGNS = {
    "strata_psu": {"stratum": "stratum", "unit": "psu"},
    "strata_psu_fpc": {"stratum": "stratum", "unit": "psu", "population": "psus_in_stratum"},
    "psu_only": {"unit": "psu"},
    "weights_only": {},
}
DOMAINS: dict[str, Callable[[Callable[[str], Any]], Any]] = {
    "": lambda of: of("sex") > 0,
    "sex1": lambda of: of("sex") == 1,
    "sex2": lambda of: of("sex") == 2,
    "education1": lambda of: of("education") == 1,
    "education2": lambda of: of("education") == 2,
    "education3": lambda of: of("education") == 3,
    "edu3_young": lambda of: (of("education") == 3) & (of("age_group") <= 2),
}
PERSONS = read("survey/survey.csv")
MEANS = [
    row for row in read("survey/expected.csv") if "mean_" in row["quantity"] and row["case_id"].split(".")[0] in DESIGNS
]


def _of(name: str) -> Any:
    return column(PERSONS, name)


def _design(name: str) -> tuple[Any, Any, Any]:
    columns = DESIGNS[name]
    everybody = np.arange(len(PERSONS))
    strata = _of(columns["stratum"]) if "stratum" in columns else 0 * everybody
    _, first, stratum = np.unique(strata, return_index=True, return_inverse=True)
    unit = _of(columns["unit"]) if "unit" in columns else everybody
    population = _of(columns["population"])[first] if "population" in columns else np.full(len(first), np.nan)
    return stratum, unit, population


@pytest.mark.parametrize("row", MEANS, ids=lambda row: f"{row['case_id']} {row['quantity']}")
def test_weighted_shares_and_means_have_the_error_of_their_design(row: Row) -> None:
    """One oracle."""
    design, _, domain = row["case_id"].partition(".")
    stratum, unit, population = _design(design)
    inside = DOMAINS[domain](_of).astype(int)
    y = _of(row["quantity"].rpartition("_")[2])
    value, variance = share_of_persons(inside, stratum, unit, _of("weight"), y, population=population)
    assert_allclose(value[1], float(row["value"]), rtol=EXACT)
    assert_allclose(np.sqrt(variance[1]), float(row["se"]), rtol=EXACT)


@pytest.mark.parametrize("case", ["finite", "infinite"])
@pytest.mark.parametrize("name", ["has_plan", "budget"])
def test_a_sample_from_a_small_population_has_less_error(name: str, case: str) -> None:
    """One oracle."""
    sample = read("survey/finite_population.csv")
    (row,) = (r for r in read("survey/expected.csv") if (r["case_id"], r["quantity"]) == (case, f"mean_{name}"))
    one, y = np.zeros(len(sample), int), column(sample, name)
    population = column(sample, "population_size")[:1] if case == "finite" else np.array([np.nan])
    value, variance = share_of_persons(one, one, np.arange(len(y)), one + 1.0, y, population=population)
    assert_allclose(value[0], float(row["value"]), rtol=EXACT)
    assert_allclose(np.sqrt(variance[0]), float(row["se"]), rtol=EXACT)


@pytest.mark.parametrize("method", ["logit", "beta"])
@pytest.mark.parametrize("design", DESIGNS)
def test_wilsons_interval_of_a_weighted_share_is_near_that_of_other_methods(design: str, method: str) -> None:
    """No oracle for the method itself, which is held to its coverage elsewhere; two for methods that should be near."""
    stratum, unit, population = _design(design)
    one = np.zeros(len(PERSONS), int)
    made = weighted_proportion(
        *share_of_persons(one, stratum, unit, _of("weight"), _of("smoker"), population=population), len(PERSONS)
    )
    rows = only("survey", f"proportion_smoker_{method}")
    assert_near(made, [row for row in rows if row["case_id"] == design], OTHER_METHOD)
