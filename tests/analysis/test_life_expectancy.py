"""Life expectancy out of the cells of a year is that of the lives behind them, and marked where they are few."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lighed.analysis.grid import Grid, place
from lighed.analysis.indicators import Groups, count_groups, estimates
from lighed.analysis.inequality import estimates as compared
from lighed.analysis.summarise import COUNTS, PARTITIONS, _integers
from lighed.catalogue import load
from lighed.catalogue.load import BUILT_IN
from lighed.core.condition import parse
from lighed.core.errors import DefinitionError
from lighed.core.summary import Summary
from lighed.stats import MEASURES, TESTS
from lighed.stats.lifetable import FEWEST_TIME
from lighed.store.engine import AGE_BANDS
from tests.reference import Row
from tests.towns import Town

CATALOGUE = load()
BY_AGE = {0: "life_expectancy", 30: "life_expectancy_30", 65: "life_expectancy_65"}
INDICATORS = tuple(CATALOGUE.indicators[name] for name in BY_AGE.values())
EDUCATION = CATALOGUE.stratifiers["education"]
PLACES = tuple(code for code, area in CATALOGUE.areas.items() if area.kind == "municipality")
YEARS = tuple(range(2016, 2026))
DAYS = 365.25
CLOSE = 0.07  # years: Chiang's five-year bands take up to 0.05 off a life by Gompertz's law at exact ages too

Cells = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]  # deaths and person-years by band of age

STEP = 1 / 200
AGES = np.arange(0, 120, STEP)


def alive(level: float) -> np.ndarray[Any, Any]:
    """Part of the new-born who reach each age: 3 in 1,000 die soon after birth, the others by Gompertz's law."""
    return np.where(AGES > 0, 0.997, 1) * np.exp(-level / 0.1 * (np.exp(0.1 * AGES) - 1))


def left(level: float, age: int) -> float:
    """Years left at an age, as the area below the curve of those alive."""
    beyond = alive(level)[age <= AGES]
    return float(beyond.sum() * STEP / beyond[0] - STEP / 2)


def year_of(level: float) -> Cells:
    """Deaths and time of a year, with one birth a year: by the age on the first day, or at birth."""
    whole = round(1 / STEP)
    living = alive(level)
    at = np.append(living[:-whole], 0.0)  # nobody reaches 119
    after, lived = living[whole:], np.convolve(living, np.ones(whole), "valid") * STEP
    band = np.searchsorted(AGE_BANDS, AGES[: len(after)], side="right") - 1
    deaths = np.bincount(band, (at[: len(after)] - after) * STEP)
    time = np.bincount(band, lived[: len(after)] * STEP)
    born = living[:whole]
    deaths[0] += (1 - born).sum() * STEP
    time[0] += (np.cumsum(born) * STEP).sum() * STEP
    return deaths, time


def groups(cells: dict[tuple[str, int, str | None], Cells], levels: Sequence[str | None] = (None,)) -> Groups:
    """Groups out of deaths and time by area, year and level: half of women, and each person lives half the year."""
    rows: list[Row] = []
    for one, ((area, year, level), (deaths, time)) in product(INDICATORS, cells.items()):
        for k, sex in product(range(len(AGE_BANDS)), ("female", "male")):
            if AGE_BANDS[k] >= one.from_age and time[k] > 0:
                half = (round(deaths[k]) + (sex == "female")) // 2
                counted = {"n": round(time[k]), "events": half, "time": round(time[k] / 2 * DAYS)}
                key = {"indicator": one.id, "period": year, "area": area, "sex": sex, "age": AGE_BANDS[k]}
                rows.append(key | {"level": level} | dict.fromkeys(COUNTS, 0) | counted)
    dims = ("indicator", "period", "area", "sex", "age", "level")
    summary = Summary(dims, COUNTS, _integers(pa.Table.from_pylist(rows), dims, COUNTS), PARTITIONS)
    areas = tuple(dict.fromkeys(area for area, _, _ in cells))
    years = tuple(dict.fromkeys(year for _, year, _ in cells))
    grid = Grid(INDICATORS, years, areas, tuple(levels))
    return count_groups(grid, place(grid, summary, CATALOGUE.areas), summary, CATALOGUE)


@pytest.mark.parametrize("level", [1e-5, 3e-5, 1e-4])
def test_it_is_that_of_the_lives_behind_the_cells(level: float) -> None:
    """A band holds those who were so old on the first day of the year; read as their age in the year, 0.5 is lost."""
    deaths, time = year_of(level)
    made = groups({("0101", 2020, None): (deaths * 1e7, time * 1e7)})
    assert made.crude.value.ravel() == pytest.approx([left(level, age) for age in BY_AGE], abs=CLOSE)


def test_a_handful_of_lives_can_be_read_by_hand(engine: Any) -> None:
    """Two die in 3,500 days of 85 to 89, which are 5.5 years of the table; then two in 1,800. One was too young."""
    one = INDICATORS[2].model_copy(update={"population": parse({"age": {"at_least": 85}})})
    people = [
        {"person_id": k, "year": 2024, "area": "0851", "sex": ("female", "male")[k % 2], "age": age, "days": days}
        for k, (age, days) in enumerate([(84, 366), *[(85, 350), (89, 350)] * 5, *[(90, 300), (101, 300)] * 3])
    ]
    died = [
        {"person_id": k, "year": 2024, "item": "death", "category": None, "amount": None} for k in (0, 2, 3, 11, 14)
    ]
    (row,) = Town([one], people, died).estimates(engine, None).where(area="0851").rows()
    rate = 2 * DAYS / 3500
    dying = 5.5 * rate / (1 + 5.5 / 2 * rate)
    assert row["value"] == pytest.approx(5.5 * (1 - dying / 2) + (1 - dying) * 1800 / DAYS / 2)
    assert (row["n"], row["events"], row["flags"], row["method"]) == (16, 4, "unreliable", "chiang")


def test_its_interval_covers_what_lies_behind_the_cells_as_often_as_it_says() -> None:
    rng, (deaths, time) = np.random.default_rng(5), year_of(3e-5)
    exact = groups({("0101", 2020, None): (deaths * 1e7, time * 1e7)}).crude.value
    drawn = {(area, year, None): (rng.poisson(deaths * 700), time * 700) for area, year in product(PLACES, YEARS)}
    made = groups(drawn)
    assert (made.people.min() > FEWEST_TIME, made.thin.any()) == (True, False)
    inside = (made.crude.lower <= exact) & (exact <= made.crude.upper)
    assert inside.mean((1, 2, 3)) == pytest.approx(0.95, abs=0.02)


LARGE = year_of(3e-5)[0] * 1000, year_of(3e-5)[1] * 1000
OPEN, FORTIES = len(AGE_BANDS) - 1, AGE_BANDS.index(40)


def without(part: str, band: int) -> Cells:
    """A large group with nobody in a band, or nobody who dies there."""
    kept = np.arange(len(AGE_BANDS)) != band
    return LARGE[0] * kept, LARGE[1] * (kept if part == "persons" else 1)


EDGES: dict[str, tuple[Cells, str, str]] = {
    "a large group": (LARGE, "", ""),
    "few person-years": ((LARGE[0] / 12, LARGE[1] / 12), "unreliable", "unreliable"),
    "a band without persons": (without("persons", FORTIES), "not_applicable", "not_applicable"),
    "a band without deaths": (without("deaths", FORTIES), "", ""),
    "nobody dies in the open band": (without("deaths", OPEN), "not_applicable", "not_applicable"),
}


@pytest.mark.parametrize(("cells", "own", "of_measures"), EDGES.values(), ids=EDGES)
def test_a_group_that_is_too_small_is_marked_and_so_is_what_it_is_compared_in(
    cells: Cells, own: str, of_measures: str
) -> None:
    levels = dict(zip(EDUCATION.level_ids, (LARGE, cells, LARGE), strict=True))
    made = groups({("0101", 2020, level): each for level, each in levels.items()}, EDUCATION.level_ids)
    rows = estimates(made, "education").where(indicator="life_expectancy_30").rows()
    assert [row["flags"] for row in rows] == ["", own, ""]
    assert [row["value"] is None for row in rows] == [False, own == "not_applicable", False]
    found = compared(made, EDUCATION).where(indicator="life_expectancy_30").rows()
    assert {row["flags"] for row in found if row["measure"] == "slope_index"} == {of_measures}


def test_it_has_measures_of_years_and_none_of_persons_or_of_shares() -> None:
    made = groups({("0101", 2020, level): LARGE for level in EDUCATION.level_ids}, EDUCATION.level_ids)
    found = set(compared(made, EDUCATION).distinct("measure"))
    assert found == {m.id for m in MEASURES.values() if m.scale != "people" and not m.bounded} | set(TESTS)


def test_the_group_that_lives_longer_is_the_better_off() -> None:
    levels = zip(EDUCATION.level_ids, (1e-4, 5e-5, 3e-5), strict=True)
    cells = {("0101", 2020, level): tuple(part * 1e5 for part in year_of(hard)) for level, hard in levels}
    made = groups(cells, EDUCATION.level_ids)
    (gap,) = compared(made, EDUCATION).where(indicator="life_expectancy_65", measure="difference").rows()
    assert gap["value"] == pytest.approx(left(3e-5, 65) - left(1e-4, 65), abs=CLOSE)
    assert (gap["unit"], gap["flags"]) == ("years", "")


BROKEN = {
    "a standard": ("polarity:", "standardise: {over: [sex, age], to: denmark_2025}\npolarity:", "standardise"),
    "an age between bands": ("at_least: 30", "at_least: 31", "at_least 5, 10, 15"),
    "an upper end": ("at_least: 30", "between: [30, 64]", "at_least 5, 10, 15"),
    "another item": ("item: death", "item: gp_contact", "item death"),
    "a cause": ("polarity:", "numerator: {category: {exists: true}}\npolarity:", "no numerator"),
    "another unit": ("unit: years", "unit: percent", "unit years"),
}


@pytest.mark.parametrize(("old", "new", "said"), BROKEN.values(), ids=BROKEN)
def test_a_definition_that_no_life_table_can_be_made_of_is_refused(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    source = next((BUILT_IN / "indicators").rglob("life_expectancy_30.yaml")).read_text("utf-8")
    (tmp_path / "indicators").mkdir()
    own = source.replace("id: life_expectancy_30", "id: own").replace(old, new, 1)
    (tmp_path / "indicators" / "own.yaml").write_text(own, "utf-8")
    with pytest.raises(DefinitionError) as caught:
        load(tmp_path)
    assert said in caught.value.sentence("en")
