"""What is true of the synthetic persons is found again, within its interval as often as the interval says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lighed.analysis.build import Records, from_people
from lighed.catalogue import load
from lighed.catalogue.areas import members
from lighed.core.estimates import CONFIDENCE
from lighed.core.types import UNKNOWN
from lighed.sources.synthetic.happenings import LEVELS
from lighed.store.engine import connect
from lighed.store.frame import person_years
from tests.conftest import Synthetic
from tests.reference import Row

CATALOGUE = load()
# Indicators whose chance is known of everyone whom they count.
ASKED = {
    "F3.1": "daily_smoking",
    "F3.2": "passive_smoking",
    "F3.3b": "binge_drinking",
    "F3.5": "soft_drinks",
    "F3.7a": "leisure_inactive",
    "F4.1a": "heavy_lifting",
    "F4.1b": "twisted_postures",
    "F4.1c": "repetitive_movements",
    "F4.2a": "low_influence",
    "F4.2b": "poor_development",
    "F4.2c": "excessive_demands",
    "F8.2": "unmet_need",
    "good_self_rated_health": "self_rated_health",
    "physical_activity_below_who": "who_activity",
    "poor_mental_health": "mental_health",
}
COUNTED = {"colorectal_screening": "colorectal_screening"}
FEWEST = 20  # persons in a group: a share of fewer has few values, and its coverage jumps between them


@pytest.fixture(scope="module")
def asked(synthetic: Synthetic) -> list[Row]:
    """Survey indicators by education; with strata of unknown size the intervals are of the chance that was drawn from.

    With a known size they are of this population as it is, which the chance is not.
    """
    engine, snapshot = connect(folders=[synthetic.store.folder]), synthetic.store.current()
    records = Records(engine, snapshot)
    records.strata["population"] = np.full(len(records.strata["population"]), np.nan)
    indicators = [CATALOGUE.indicators[name] for name in ASKED]
    people = person_years(engine, snapshot, CATALOGUE, (2017, 2019, 2021, 2023, 2025), {"education"})
    made = from_people(engine, people, records, CATALOGUE, [(CATALOGUE.stratifiers["education"], indicators)])
    return made.where(component=None).rows()


@pytest.fixture(scope="module")
def counted(synthetic: Synthetic) -> list[Row]:
    return synthetic.estimates.where(indicator=list(COUNTED), stratifier="education", component=None).rows()


def truth(row: Row, synthetic: Synthetic) -> float:
    """The true share of a group, or the true difference between the first and the last."""
    year, outcome = int(row["period"]), (ASKED | COUNTED)[row["indicator"]]
    area = CATALOGUE.areas[row["area"]]
    place = [area.code] if area.kind == "municipality" else members(CATALOGUE.areas, area.code, year)
    if row["level"]:
        return 100 * synthetic.truth.share(outcome, year, row["level"], place)
    first, last = (100 * synthetic.truth.share(outcome, year, level, place) for level in (LEVELS[0], LEVELS[-1]))
    return first - last if CATALOGUE.indicators[row["indicator"]].polarity == "lower_is_better" else last - first


def beside(rows: list[Row], synthetic: Synthetic) -> np.ndarray[Any, Any]:
    """For each row whether the truth lies below (-1), in (0) or above (1) its interval."""
    pairs = [(row, truth(row, synthetic)) for row in rows]
    return np.array([(due > row["upper"]) * 1 - (due < row["lower"]) * 1 for row, due in pairs])


def of(rows: list[Row], measure: str, *kinds: str) -> list[Row]:
    """The rows of a measure in some kinds of area, of groups that are large enough."""
    large = [row for row in rows if row["measure"] == measure and row["level"] != UNKNOWN and row["n"] >= FEWEST]
    return [row for row in large if CATALOGUE.areas[row["area"]].kind in kinds and row["lower"] is not None]


ABOVE = ("region", "municipality_group", "country")


@pytest.mark.parametrize(
    ("kinds", "fewest", "tolerance"), [(("municipality",), 3000, 0.02), (ABOVE, 1000, 0.03)], ids=["small", "large"]
)
def test_intervals_of_a_sample_cover_the_truth_as_often_as_they_say(
    kinds: tuple[str, ...], fewest: int, tolerance: float, asked: list[Row], synthetic: Synthetic
) -> None:
    found = beside(of(asked, "crude", *kinds), synthetic)
    assert len(found) > fewest
    assert (found == 0).mean() == pytest.approx(CONFIDENCE, abs=tolerance)
    assert max((found < 0).mean(), (found > 0).mean()) < 0.04


def test_intervals_of_a_register_cover_the_truth_as_often_as_they_say(counted: list[Row], synthetic: Synthetic) -> None:
    found = beside(of(counted, "crude", "municipality", *ABOVE), synthetic)
    assert len(found) > 500
    assert (found == 0).mean() == pytest.approx(CONFIDENCE, abs=0.03)


def test_intervals_of_a_difference_cover_the_truth_as_often_as_they_say(
    asked: list[Row], counted: list[Row], synthetic: Synthetic
) -> None:
    plain = [row for row in asked + counted if CATALOGUE.indicators[row["indicator"]].standardise is None]
    found = beside(of(plain, "difference", *ABOVE), synthetic)
    assert len(found) > 200
    assert (found == 0).mean() == pytest.approx(CONFIDENCE, abs=0.04)


def test_a_sample_of_much_of_the_population_has_shorter_intervals(asked: list[Row], synthetic: Synthetic) -> None:
    """They are of these persons as they are: of the chance behind them less is known."""
    key = ("indicator", "period", "area", "level")
    known = synthetic.estimates.where(indicator=list(ASKED), stratifier="education", measure="crude", area="DK").rows()
    length = {tuple(row[k] for k in key): row["upper"] - row["lower"] for row in known}
    pairs = [(length[tuple(row[k] for k in key)], row["upper"] - row["lower"]) for row in of(asked, "crude", "country")]
    assert len(pairs) > 100
    assert all(short < long for short, long in pairs)


@pytest.mark.parametrize("indicator", ["F3.1", "good_self_rated_health", "F8.2", "F4.1a"])
def test_a_gradient_that_is_there_is_found(indicator: str, asked: list[Row]) -> None:
    rows = [r for r in of(asked, "slope_index", "country") if r["indicator"] == indicator and not r["component"]]
    assert rows
    assert all(row["lower"] > 0 for row in rows)
