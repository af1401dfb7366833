"""Life tables agree with outside programs; where the numbers come from stands beside them in ``tests/golden``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import Values, healthy_life_years, life_expectancy
from tests.golden import Oracle, Row, by_case, column, only, oracles
from tests.golden import expected as given

EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
AREAS = by_case("life_expectancy/life_table.csv", "area")
START = column(AREAS["K001"], "age_from")


def _of(name: str) -> Any:
    return np.stack([column(rows, name) for rows in AREAS.values()])


def _at(made: Values, rows: list[Row]) -> Values:
    places = [row["case_id"].split("@") for row in rows]
    areas, ages = list(AREAS), START.tolist()
    return made.at(tuple(np.array([(areas.index(area), ages.index(float(age))) for area, age in places]).T))


@pytest.mark.parametrize("fewest_time", [5000, 0])
def test_life_expectancy_at_every_age_with_silcocks_interval(fewest_time: float) -> None:
    """One oracle at every age.

    It gives nothing for areas of 5,000 persons or fewer, and no value, but limits, where the interval is wider than 20
    years; we then give no limits either. Without a least number we give the small areas as well, and neither of us
    gives one in which nobody dies in the open band.
    """
    made = life_expectancy(_of("deaths"), _of("population"), START, mortality="silcocks", fewest_time=fewest_time)
    rows = only("life_expectancy", "life_expectancy_95")
    ours, value = _at(made, rows), column(rows, "value")
    seen = np.isfinite(value)
    assert (~seen).sum() == 41
    for name in ("value", "lower", "upper"):
        assert_allclose(getattr(ours, name)[seen], column(rows, name)[seen], rtol=EXACT)
    small = np.array([row["case_id"].startswith("K003") for row in rows])
    hidden = ~seen & ~small if fewest_time == 0 else ~seen
    assert np.isnan([ours.value[hidden], ours.lower[hidden], ours.upper[hidden]]).all()
    assert np.isfinite(ours.value[small]).any() == (fewest_time == 0)


@pytest.mark.parametrize("oracle", oracles("life_expectancy", "life_expectancy_base_r"), ids=" ".join)
def test_life_expectancy_at_birth_and_at_65_of_areas_of_any_size(oracle: Oracle) -> None:
    """One oracle, our own formula in another language."""
    rows = given(*oracle)
    made = life_expectancy(_of("deaths"), _of("population"), START, mortality="silcocks", fewest_time=0)
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(getattr(_at(made, rows), name), column(rows, name), rtol=EXACT)


def test_healthy_life_years_with_sullivans_interval() -> None:
    """One oracle, our own formula in another language: no outside program was found."""
    rows = only("life_expectancy", "healthy_life_expectancy_sullivan")
    asked, ill = _of("survey_n"), _of("survey_ill") / _of("survey_n")
    variance = ill * (1 - ill) / asked
    made = healthy_life_years(_of("deaths"), _of("population"), 1 - ill, variance, START, fewest_time=0)
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(getattr(_at(made, rows), name), column(rows, name), rtol=EXACT)
