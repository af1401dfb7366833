"""Published tables: every figure as it was published, and only the measures that it allows.

What is computed is held against NumPy's weighted line and against the totals that the publishers give themselves.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import t as student

from lighed.analysis.published import MEAN, from_tables
from lighed.catalogue import load
from lighed.catalogue.areas import members
from lighed.catalogue.load import BUILT_IN
from lighed.core.errors import DataError
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.text import LANGUAGES
from lighed.core.types import COUNTRY
from lighed.report.findings import largest, moved
from lighed.report.page import Table
from lighed.report.pages.front import front
from lighed.report.rows import WHOLE
from lighed.report.view import View
from lighed.stats import TESTS
from tests.reference import Row

CATALOGUE = load()
PLAN = CATALOGUE.plans["denmark"]
POVERTY, FIFTHS = (CATALOGUE.stratifiers[name] for name in ("municipality_by_poverty", "poverty_fifth"))
CODES = {area.name.da: area.code for area in CATALOGUE.areas.values() if area.kind == "municipality"}
IDS = {given: known for table in PLAN.tables[:2] for given, known in table.indicators.items()}
WAVES = ("2010", "2013", "2017", "2021", "2025")
SMALLEST = {"0825", "0741", "0563", "0492"}  # Læsø, Samsø, Fanø and Ærø: no life expectancy is published
SAME = 1e-9


def published(*names: str) -> list[dict[str, str]]:
    """The rows of some tables as they stand."""
    rows: list[dict[str, str]] = []
    for name in names:
        with (BUILT_IN / "published" / name).open(encoding="utf-8", newline="") as file:
            rows += csv.DictReader(file)
    return rows


PROFILE = published("health_profile.csv")
SERIES = sorted({(IDS[row["indicator_abbr"]], row["date"]) for row in PROFILE})


def of_municipalities(indicator: str, period: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Figures and residents along the municipalities, the poorest first."""
    rows = [row for row in PROFILE if (IDS[row["indicator_abbr"]], row["date"]) == (indicator, period)]
    rows.sort(key=lambda row: int(row["subgroup_order"]))
    return tuple(np.array([float(row[name]) for row in rows]) for name in ("estimate", "population"))  # type: ignore[return-value]


def one(made: Estimates, **wanted: Any) -> Row:
    (row,) = made.where(**wanted).rows()
    return row


def test_every_figure_of_a_municipality_stands_as_it_was_published(denmark: Estimates) -> None:
    rows = denmark.where(measure="crude", stratifier=None).rows()
    found = {(row["indicator"], row["period"], row["area"]): row for row in rows}
    due = [*PROFILE, *published("life_expectancy.csv")]
    assert len(due) == 3920
    for row in due:
        made = found[IDS[row["indicator_abbr"]], row["date"], CODES[row["subgroup"]]]
        assert made["value"] == (float(row["estimate"]) if row["estimate"] else None)
        assert made["method"] == f"published: {row['source']}"
        assert made["flags"] == ("" if row["estimate"] else "not_collected")


def test_what_a_source_does_not_give_is_missing_with_a_flag(denmark: Estimates) -> None:
    gone = denmark.where(indicator="life_expectancy", flags="not_collected", stratifier=None).rows()
    assert {row["area"] for row in gone} == SMALLEST
    assert {row["value"] for row in gone} == {None}


def test_no_row_has_counts_and_each_says_where_it_comes_from(denmark: Estimates) -> None:
    """Under the policy for public figures a count would be refused."""
    computed = ("residual", "without", "extremes", "delta", "same municipalities", "independent samples", MEAN)
    for row in denmark.rows():
        assert (row["n"], row["events"]) == (None, None)
        assert row["method"].startswith(("published: ", *computed)), row["method"]
        assert (row["value"] is None) == (row["flags"] in {"not_collected", "not_applicable"})


def test_municipalities_are_ranked_by_poverty_in_the_same_order_in_every_wave() -> None:
    orders = defaultdict(list)
    for row in sorted(PROFILE, key=lambda row: int(row["subgroup_order"])):
        orders[row["indicator_abbr"], row["date"]].append(CODES[row["subgroup"]])
    assert set(map(tuple, orders.values())) == {POVERTY.level_ids}
    assert len(POVERTY.level_ids) == 98
    assert {wave for _, wave in orders} == set(WAVES)


def test_fifths_hold_about_as_many_residents_and_follow_the_ranks() -> None:
    population = {CODES[row["subgroup"]]: float(row["population"]) for row in PROFILE}
    (crosswalk,) = FIFTHS.crosswalks
    codes = [code for level in FIFTHS.level_ids for code in crosswalk.levels[level]]
    assert tuple(codes) == POVERTY.level_ids
    for level in FIFTHS.level_ids:
        part = sum(population[code] for code in crosswalk.levels[level]) / sum(population.values())
        assert part == pytest.approx(0.2, abs=0.06)  # Copenhagen alone is more than half of a fifth


@pytest.mark.parametrize(("indicator", "period"), SERIES, ids=["-".join(pair) for pair in SERIES])
def test_the_slope_over_municipalities_is_a_weighted_line_with_its_residual_interval(
    indicator: str, period: str, denmark: Estimates
) -> None:
    value, people = of_municipalities(indicator, period)
    rank = (np.cumsum(people) - people / 2) / people.sum()
    (slope, _), covariance = np.polyfit(rank, value, 1, w=np.sqrt(people), cov=True)
    due = slope if CATALOGUE.indicators[indicator].polarity == "higher_is_better" else -slope
    se = np.sqrt(covariance[0, 0])
    made = one(
        denmark, indicator=indicator, period=period, stratifier=POVERTY.id, measure="slope_index", component=None
    )
    assert (made["value"], made["se"]) == pytest.approx((due, se), rel=SAME)
    half = student.ppf(0.975, 96) * se
    assert (made["lower"], made["upper"]) == pytest.approx((due - half, due + half), rel=SAME)
    assert made["method"] == "residual t(96) over 98 municipalities"


def test_a_slope_over_fewer_municipalities_says_over_how_many(denmark: Estimates) -> None:
    made = one(denmark, indicator="life_expectancy", stratifier=POVERTY.id, measure="slope_index")
    assert made["method"] == "residual t(92) over 94 municipalities"
    assert made["lower"] < made["value"] < made["upper"]


def test_areas_above_the_municipalities_are_their_weighted_means(denmark: Estimates) -> None:
    population = {CODES[row["subgroup"]]: float(row["population"]) for row in PROFILE}
    of = {(IDS[row["indicator_abbr"]], row["date"], CODES[row["subgroup"]]): float(row["estimate"]) for row in PROFILE}
    rows = denmark.where(measure="crude", stratifier=None, method=MEAN).rows()
    rows = [row for row in rows if (row["indicator"], row["period"]) in SERIES]
    assert {CATALOGUE.areas[row["area"]].kind for row in rows} == {"country", "region", "municipality_group"}
    for row in rows:
        inside = members(CATALOGUE.areas, row["area"], int(row["period"]))
        due = sum(population[code] * of[row["indicator"], row["period"], code] for code in inside)
        assert row["value"] == pytest.approx(due / sum(population[code] for code in inside))


def test_the_mean_of_the_municipalities_lies_near_the_total_that_is_published(denmark: Estimates) -> None:
    """The publisher's own total is shown; our mean would be within two tenths of a per cent of it."""
    totals = {(IDS[row["indicator_abbr"]], row["date"]): row["setting_average"] for row in PROFILE}
    given = {series: float(total) for series, total in totals.items() if total}
    assert len(given) == 7
    for (indicator, period), total in given.items():
        value, people = of_municipalities(indicator, period)
        assert (value * people).sum() / people.sum() == pytest.approx(total, abs=0.2)
        shown = one(denmark, indicator=indicator, period=period, area=COUNTRY, stratifier=None)
        assert shown["value"] == total
        assert shown["method"].startswith("published: ")


def test_two_of_several_groups_give_a_difference_and_a_ratio_and_nothing_more(denmark: Estimates) -> None:
    measures = defaultdict(set)
    for row in denmark.where(level=None, component=None).rows():
        if row["stratifier"] not in {None, POVERTY.id}:
            measures[row["indicator"], row["period"], row["stratifier"], row["area"]].add(row["measure"])
    assert len(measures) > 30
    assert set(map(frozenset, measures.values())) == {frozenset({"difference", "ratio"})}
    smoking = denmark.where(indicator="F3.1", period="2017", area=COUNTRY, stratifier="education_profile")
    smoking = smoking.where(component=None)
    group = {row["level"]: row["value"] for row in smoking.where(measure="crude").rows()}
    assert (group["basic"], group["long_higher"]) == (25.4, 6.7)
    assert one(smoking, measure="difference")["value"] == pytest.approx(25.4 - 6.7)
    assert one(smoking, measure="ratio")["value"] == pytest.approx(25.4 / 6.7)


def test_a_change_goes_from_the_first_wave_to_the_last(denmark: Estimates) -> None:
    wanted = {"indicator": "F3.1", "stratifier": POVERTY.id, "measure": "slope_index"}
    first, last = (one(denmark, period=wave, component=None, **wanted) for wave in (WAVES[0], WAVES[-1]))
    made = one(denmark, component="change", **wanted)
    assert (made["horizon"], made["period"]) == (WAVES[0], WAVES[-1])
    assert made["value"] == pytest.approx(last["value"] - first["value"])
    assert made["se"] == pytest.approx((first["se"] ** 2 + last["se"] ** 2) ** 0.5)
    assert made["method"] == "same municipalities, covariance left out"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_gap_without_an_interval_is_listed_and_not_ranked(lang: Any, denmark_release: Release) -> None:
    view = View(denmark_release, CATALOGUE, lang, COUNTRY)
    ranked = [gap for measure in WHOLE for gap in largest(view, measure)]
    assert len(ranked) > 5
    assert all(gap.row["lower"] is not None and gap.stratifier.id == POVERTY.id for gap in ranked)
    moves = [move for direction in (1, -1) for move in moved(view, direction)[0]]
    assert all(change is None or change["lower"] is not None for move in moves for change in move.changes)
    tables = {block.id: block for block in _tables(front(view).blocks)}
    listed = {row[0].text for row in tables["unranked-table"].rows}
    rows = (
        denmark_release.estimates(COUNTRY).where(stratifier=["education_profile", "sex"], measure="difference").rows()
    )
    names = {CATALOGUE.indicators[row["indicator"]].short[lang] for row in rows if row["lower"] is None}
    assert names
    assert names <= listed


def _tables(blocks: Iterable[Any]) -> Iterable[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif hasattr(block, "table"):
            yield block.table


def written(folder: Path, name: str, rows: list[dict[str, str]]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("errors", [("1.0", "0.8", "0.6", "0.7", "0.9"), ("1.0", "", "0.6", "0.7", "0.9")], ids=str)
@pytest.mark.parametrize("complete", [("Uddannelse",), ()], ids=str)
def test_of_a_whole_population_with_published_errors_the_shape_is_tested(
    complete: tuple[str, ...], errors: tuple[str, ...], tmp_path: Path
) -> None:
    table = next(table for table in PLAN.tables if table.file == "figures.csv").model_copy(
        update={"complete": complete}
    )
    like = next(row for row in published(table.file) if row["dimension"] == "Uddannelse")
    levels = CATALOGUE.stratifiers["education_profile"].levels
    values, people = (20.0, 26.0, 25.0, 22.0, 16.0), (100, 300, 200, 300, 100)
    rows = [
        like
        | {"subgroup": level.title.da, "subgroup_order": str(k), "setting_average": ""}
        | {"estimate": str(value), "se": se, "population": str(n)}
        for k, (level, value, se, n) in enumerate(zip(levels, values, errors, people, strict=True), 1)
    ]
    written(tmp_path, table.file, rows)
    made = from_tables(CATALOGUE, PLAN.model_copy(update={"tables": (table,)}), tmp_path)
    found = {row["measure"]: row for row in made.where(measure=list(TESTS)).rows()}
    known = {name for name, test in TESTS.items() if test.unit == "index" or all(errors)}
    assert set(found) == (known if complete else set())
    for name, row in found.items():
        assert row["value"] == pytest.approx(_by_hand(name, values, errors, people), rel=1e-6)
        assert (row["lower"], row["flags"], row["n"], row["method"]) == (None, "", None, TESTS[name].method(5))


def _by_hand(name: str, values: tuple[float, ...], errors: tuple[str, ...], people: tuple[int, ...]) -> float:
    given = [np.array([float(one) if one else np.nan for one in part]) for part in (values, errors, people)]
    return float(TESTS[name](given[0], given[1] ** 2, given[2], polarity="lower_is_better"))


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    table = PLAN.tables[0]
    only = PLAN.model_copy(update={"tables": (table,)})
    written(tmp_path, table.file, published(table.file)[::-1])
    there, back = (from_tables(CATALOGUE, only, folder) for folder in (BUILT_IN / "published", tmp_path))
    for one, other in zip(there.sorted().rows(), back.sorted().rows(), strict=True):
        assert one == pytest.approx(other, nan_ok=False)


WRONG = {
    "a place that is none": ("subgroup", "Atlantis", "unknown_place"),
    "an indicator of nobody's": ("indicator_abbr", "happiness", "unknown_indicator"),
    "a dimension of nobody's": ("dimension", "Stjernetegn", "unknown_dimension"),
    "a setting that is none": ("setting", "Atlantis", "unknown_place"),
}


@pytest.mark.parametrize(("column", "value", "key"), WRONG.values(), ids=WRONG)
def test_a_word_that_is_not_known_is_refused_with_its_row(column: str, value: str, key: str, tmp_path: Path) -> None:
    (table,) = (table for table in PLAN.tables if table.file == "life_expectancy.csv")
    rows = published(table.file)
    for row in rows if column != "subgroup" else rows[2:3]:
        row[column] = value
    written(tmp_path, table.file, rows)
    with pytest.raises(DataError) as caught:
        from_tables(CATALOGUE, PLAN.model_copy(update={"tables": (table,)}), tmp_path)
    (problem,) = caught.value.problems
    assert (problem.key, problem.column, problem.value) == (key, column, value)
    assert problem.row == (4 if column == "subgroup" else 2)
    for lang, part in product(LANGUAGES, (table.file, value)):
        assert part in problem.sentence(lang)
