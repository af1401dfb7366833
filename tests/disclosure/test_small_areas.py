"""Drawn figures of small municipalities: those of the statistic on what is shown, and nothing of what is hidden."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed import stats
from lighed.analysis.small_areas import drawn
from lighed.core.estimates import Estimates
from lighed.core.types import UNKNOWN
from tests.disclosure.tables import CATALOGUE, SHARE, estimates
from tests.disclosure.test_protect import protected

TOWNS = [area.code for area in CATALOGUE.areas.values() if area.kind == "municipality"]
LEVELS = ("short", "medium", "long", UNKNOWN)
SAME = 1e-9
WIDE, NARROW = 3.0, 0.5  # standard errors of a figure about 12: more than a sixth of it, and less


def table(towns: int, se: float = WIDE, *, measure: str = "standardised", **changed: Any) -> Estimates:
    """Shares of the groups of education in so many municipalities, and of each with everybody together."""
    rng = np.random.default_rng(5)
    rows = [
        {"indicator": SHARE, "period": "2024", "area": area, "stratifier": stratifier, "level": level}
        | {"measure": of, "value": mean + rng.normal(0, 0.5), "se": se * (1 + k % 3), "n": 200, "events": 30 + k % 9}
        | {"lower": 1.0, "upper": 30.0, "confidence": 0.95, "unit": "percent", "method": "wilson", "flags": ""}
        for k, area in enumerate(TOWNS[:towns])
        for stratifier, level, mean in ((None, None, 12.0), *(("education", e, 12.0 + i) for i, e in enumerate(LEVELS)))
        for of in ("crude", measure)
    ]
    return estimates([row | changed for row in rows])


def by_town(made: Estimates, level: str, name: str) -> Any:
    return np.array([row[name] for row in made.where(level=level).rows()], float)


@pytest.mark.parametrize("level", LEVELS[:3])
def test_the_rows_are_those_of_the_statistic_on_the_same_group(level: str) -> None:
    given = table(30)
    made = drawn(given, CATALOGUE)
    own = given.where(measure="standardised", stratifier="education")
    due = stats.shrink(by_town(own, level, "value"), by_town(own, level, "se") ** 2)
    for name in ("value", "se", "lower", "upper"):
        assert_allclose(by_town(made, level, name), getattr(due, name), rtol=SAME)
    assert set(made.distinct("measure")) == {"shrunk"}
    assert made.distinct("level") == sorted(LEVELS[:3])


def test_crude_figures_are_drawn_where_nothing_is_standardised() -> None:
    made = drawn(table(30, measure="other", indicator="I7.3"), CATALOGUE)
    assert (CATALOGUE.indicators["I7.3"].standardise is None) == (len(made) > 0)


@pytest.mark.parametrize(("towns", "due"), [(9, 0), (10, 30)])
def test_few_municipalities_are_not_drawn_to_each_other(towns: int, due: int) -> None:
    assert len(drawn(table(towns), CATALOGUE)) == due


def test_figures_that_are_known_well_stand_alone_unless_they_are_called_unreliable() -> None:
    assert len(drawn(table(20, NARROW), CATALOGUE)) == 0
    assert len(drawn(table(20, NARROW, flags="unreliable"), CATALOGUE)) == 60


@pytest.mark.parametrize("changed", [{"stratifier": "age_group"}, {"area": "1081"}, {"level": UNKNOWN}])
def test_ages_regions_and_those_of_whom_nothing_is_known_are_not_drawn(changed: dict[str, str]) -> None:
    assert len(drawn(table(20, **changed), CATALOGUE)) == 0


def test_what_is_hidden_is_not_in_the_drawn_figures() -> None:
    """Two tables that differ in hidden groups only: neither has a drawn figure, nor moves those of others."""
    small = {"events": 3, "n": 40}
    given = table(20).rows()
    made = []
    for value in (9.0, 15.0):
        rows = [
            row | small | {"value": value} if row["area"] == TOWNS[3] and row["level"] == "short" else row
            for row in given
        ]
        made.append(drawn(protected(estimates(rows)), CATALOGUE))
    assert made[0].rows() == made[1].rows()
    assert (TOWNS[3], "short") not in {(row["area"], row["level"]) for row in made[0].rows()}
    assert len(made[0]) > 40
