"""Small areas and strata agree with outside programs; where the numbers come from stands in ``tests/golden``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from tests.golden import by_case, column, read

ITERATED = 1e-7  # relative: the program stops when its equation holds to as much
LIKELIHOOD = 1e-4  # relative: the program maximises a likelihood, and stops near its top
PRINTED = 6e-5  # four decimals

EXPECTED = read("small_areas/expected.csv")
VALUES, RATES = by_case("small_areas/values.csv"), by_case("small_areas/rates.csv")


def _expected(case: str, prefix: str, name: str = "value") -> Any:
    found = [row for row in EXPECTED if row["case_id"] == case and row["quantity"].startswith(prefix)]
    assert found
    return column(found, name)


@pytest.mark.parametrize("case", VALUES)
def test_the_variance_between_areas_and_their_mean(case: str) -> None:
    """One oracle."""
    made = stats.fit(column(VALUES[case], "value"), column(VALUES[case], "variance"))
    assert_allclose(made.between.value, _expected(case, "between")[0], rtol=ITERATED, atol=1e-12)
    assert_allclose(made.coefficient.value, _expected(case, "mean"), rtol=ITERATED)
    assert_allclose(made.coefficient.se, _expected(case, "mean", "se"), rtol=ITERATED)


TRIALS = read("small_areas/vaccine.csv")


def _arms() -> Any:
    return [(column(TRIALS, f"cases_{arm}"), column(TRIALS, arm)) for arm in ("vaccinated", "control")]


def _trials(count: Any) -> stats.Fit:
    """The logarithms of relative risks, or of odds ratios, from those counted against the sick."""
    (sick, of), (others, of_others) = ((cases, count(cases, persons)) for cases, persons in _arms())
    sign = 1 if count is _well else -1
    return stats.fit(np.log(sick / of / (others / of_others)), 1 / sick + sign / of + 1 / others + sign / of_others)


def _well(cases: Any, persons: Any) -> Any:
    return persons - cases


def _all(cases: Any, persons: Any) -> Any:
    return persons


def test_a_published_example_has_its_printed_values() -> None:
    """Thirteen trials of a vaccine; the interval of the variance between them is that of the Q profile.

    Of relative risks the interval is printed in the help of metafor's ``confint``, and the estimate in its tests
    (iterated to the same equation); of odds ratios in its analysis of van Houwelingen and others (2002).
    """
    risk, odds = _trials(_all), _trials(_well)
    assert_allclose(risk.between.value, 0.3181, atol=PRINTED)
    assert_allclose([risk.between.lower, risk.between.upper], [0.1197, 1.1115], atol=PRINTED)
    assert_allclose([odds.between.lower, odds.between.upper], [0.1302, 1.1812], atol=PRINTED)


@pytest.mark.parametrize(
    ("coefficient", "se", "between"),
    [([-0.5429], [0.1842], 0.2682), ([-0.6304, -0.0268], [0.1591, 0.0110], 0.1572)],
    ids=["mean", "latitude"],
)
def test_a_published_line_has_its_printed_values(coefficient: Any, se: Any, between: float) -> None:
    """The same trials by latitude, with smoothed variances: Berkey and others, Stat Med 1995;14:395-411, page 408."""
    arms = _arms()
    risks = [cases / persons for cases, persons in arms]
    variance = sum((1 / risk - 1).mean() / persons for risk, (_, persons) in zip(risks, arms, strict=True))
    design = np.stack([np.ones(len(TRIALS)), column(TRIALS, "latitude") - 33.46], -1)
    made = stats.fit(np.log(risks[0] / risks[1]), variance, design[:, : len(coefficient)])
    assert_allclose(made.coefficient.value, coefficient, atol=2 * PRINTED)  # one is off by one in the last digit
    assert_allclose(made.coefficient.se, se, atol=PRINTED)
    assert_allclose(made.between.value, between, atol=PRINTED)


@pytest.mark.parametrize("case", RATES)
def test_rates_drawn_to_their_mean(case: str) -> None:
    """One oracle, in areas of one size.

    It divides squares by k where we divide by k − 1, and lacks Morris's correction (k − 3)/(k − 1), so that of every
    area's distance we take (k − 3)/k of what it takes.
    """
    events, time = column(RATES[case], "events"), column(RATES[case], "time")
    rate, k = events / time, len(events)
    mean = events.sum() / time.sum()
    taken = (rate - _expected(case, "rate_")) * (k - 3) / k
    assert_allclose(stats.shrink_rates(events, time).value, rate - taken, rtol=1e-9)
    assert (np.abs(taken) <= np.abs(rate - mean)).all()


STRATA = read("small_areas/strata.csv")


def _strata() -> stats.Strata:
    n, mean, squares = (column(STRATA, name) for name in ("persons", "mean", "sum_of_squares_within"))
    within = squares.sum() / (n - 1).sum()
    levels = [(name, level) for name in ("education", "origin") for level in (1, 2)]
    main = [column(STRATA, "sex"), *(column(STRATA, name) == level for name, level in levels)]
    return stats.strata(mean, within / n, within, np.stack([np.ones(len(n)), *main], -1))


def test_strata_have_the_variances_of_a_mixed_model() -> None:
    """One oracle, in strata of one size, where the moments are those of restricted likelihood."""
    made = _strata()
    null, main = (_expected("S01", f"{model}_between")[0] for model in ("null", "main"))
    within = _expected("S01", "null_within")[0]
    assert_allclose(made.between.value, null, rtol=LIKELIHOOD)
    assert_allclose(made.beyond.value, main, rtol=LIKELIHOOD)
    assert_allclose(made.partition.value, null / (null + within), rtol=LIKELIHOOD)
    assert_allclose(made.change, 1 - main / null, rtol=LIKELIHOOD)
    assert_allclose(made.main.value, _expected("S01", "main_effect_"), rtol=LIKELIHOOD)
    assert_allclose(made.main.se, _expected("S01", "main_effect_", "se"), rtol=LIKELIHOOD)


def test_strata_have_the_interactions_of_a_mixed_model() -> None:
    """One oracle. It lacks Morris's correction, which leaves more of what is beyond the main effects."""
    made, theirs, k, terms = _strata(), _expected("S01", "interaction_"), 18, 6
    main, within = _expected("S01", "main_between")[0], _expected("S01", "main_within")[0]
    drawn = within / 40 / (main + within / 40)
    wanted = theirs / (1 - drawn) * (1 - drawn * (k - terms - 2) / (k - terms))
    assert_allclose(made.interaction.value, wanted, rtol=LIKELIHOOD, atol=1e-4)
