"""Evaluations of tables: as outside programs give them, however the table is written, and refused where it is wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest, ttest_ind, ttest_rel
from scipy.stats import t as student

from lighed.analysis.evaluate import SCHEMA, evaluated
from lighed.analysis.examples import effects, mistakes_of_evaluation
from lighed.catalogue import load
from lighed.catalogue.check import check_evaluation
from lighed.core.errors import DataError, DefinitionError
from lighed.core.types import Evaluation
from lighed.sources.panel import as_raw, read_panel, read_participants
from lighed.sources.raw import MOST
from lighed.stats import slope_index
from lighed.stats.intervals import Z
from tests.golden import column, read

CATALOGUE = load()
SHIPPED = CATALOGUE.evaluations.values()
EXACT = 1e-9  # relative: the same formula in another program, the sums taken in another order
NUMBERS = ("value", "se", "lower", "upper")
LEVELS = [{"id": name, "title": {"da": name.upper(), "en": name.title()}} for name in ("low", "high")]
STAGGERED, SERIES = (CATALOGUE.evaluations[name] for name in ("local_teams_staggered", "tobacco_price_series"))
TEAMS, YEARS = [*STAGGERED.example.rows], [*SERIES.example.rows]

Rows = list[dict[str, Any]]
Found = dict[tuple[str | None, str], dict[str, Any]]


def evaluation(**given: Any) -> Evaluation:
    """An evaluation of two groups whose outcome is bad when high; what is None is left out."""
    told = {
        "id": "own",
        "title": {"da": "Egen", "en": "Own"},
        "design": "difference_in_differences",
        "unit": "percent",
        "polarity": "lower_is_better",
        "levels": LEVELS,
        "columns": {"unit": "unit", "period": "year", "treated": "treated", "group": "group", "value": "value"},
        "start": 2021,
        "example": {"rows": [], "expect": []},
    }
    return Evaluation.model_validate({name: part for name, part in (told | given).items() if part is not None})


def found(one: Evaluation, rows: Rows, participants: Rows | None = None) -> Found:
    """The rows that a table gives, by level and measure."""
    groups = CATALOGUE.groups(one)
    taking = read_participants(as_raw("who", participants), one, groups) if participants else None
    made = evaluated(one, read_panel(as_raw("table", rows), one, groups), groups, taking)
    assert made.schema == SCHEMA
    return {(row["level"], row["measure"]): row for row in made.to_pylist()}


# --- outside programs


def of_two_periods() -> Rows:
    return [
        {
            "unit": row["area"],
            "year": 2020 + int(row["post"]),
            "treated": row["treated"],
            "group": ("high", "low")[int(row["low_edu"])],
            "value": row["rate"],
        }
        for row in read("evaluation/two_period.csv")
    ]


def expected(case: str, quantity: str) -> dict[str, float]:
    rows = [r for r in read("evaluation/expected.csv") if (r["case_id"], r["quantity"]) == (case, quantity)]
    return {name: column(rows, name)[0] for name in NUMBERS}


def test_the_effect_on_the_better_off_and_on_the_gap_are_those_of_a_regression() -> None:
    """The program counts the areas of both arms together, we those of each arm, 48 and 50 of 98."""
    made = found(evaluation(), of_two_periods())
    pairs = [("high", "effect", ""), (None, "difference", ":low_edu")]
    for level, measure, term in pairs:
        row = made[level, measure]
        with_it, without = (expected("ddd.unweighted.HC1", f"post{x}{term}") for x in (":treated", ""))
        assert_allclose(row["value"], with_it["value"], rtol=EXACT)
        comparison, both = (part["se"] ** 2 / (98 / 97 * 391 / 384) for part in (without, with_it))
        wanted = np.sqrt(comparison * 48 / 47 + (both - comparison) * 50 / 49)
        assert_allclose(row["se"], wanted, rtol=EXACT)
        assert of_student(row, most=96, least=47)  # the areas of both arms, and of the smaller
        assert row["units"] == 98


def of_student(row: dict[str, Any], *, most: float, least: float) -> bool:
    """Whether the interval is Student's, on degrees of freedom between those of all units and of the smaller side."""
    wide = (row["upper"] - row["value"]) / row["se"]
    return bool(student.ppf(0.975, most) - 1e-9 <= wide <= student.ppf(0.975, least) + 1e-9)


def test_staggered_effects_are_those_of_callaway_and_santanna() -> None:
    rows = read("evaluation/staggered.csv")
    table = [
        {"unit": row["unit"], "year": row["year"], "group": group, "value": value}
        | {"first": None if row["first_treated"] == "0" else row["first_treated"]}
        for row in rows
        for group, value in (("low", row["rate"]), ("high", "10"))
    ]
    columns = {"unit": "unit", "period": "year", "first": "first", "group": "group", "value": "value"}
    made = found(evaluation(design="staggered", columns=columns, start=None), table)
    oracle, begins = expected("att.group", "overall"), {row["unit"]: row["first_treated"] for row in rows}
    smallest = min(Counter(begins.values()).values())
    for row in (made["low", "effect"], made[None, "difference"]):  # nothing happens to the others
        assert_allclose(row["value"], oracle["value"], rtol=EXACT)
        assert oracle["se"] < row["se"] < oracle["se"] * np.sqrt(smallest / (smallest - 1))  # ours divides by n − 1
    assert made["high", "effect"]["value"] == pytest.approx(0)


def test_an_interrupted_series_is_near_that_of_the_other_programs() -> None:
    """They weigh all errors alike and take them to hang together for three steps, which makes their error too small."""
    series = column(read("evaluation/series.csv"), "value")
    months = [f"{2016 + k // 12}-{1 + k % 12:02}" for k in range(len(series))]
    table = [
        {"month": month, "group": group, "value": value}
        for month, rate in zip(months, series, strict=True)
        for group, value in (("low", rate), ("high", 10))
    ]
    columns = {"period": "month", "group": "group", "value": "value"}
    one = evaluation(design="interrupted", columns=columns, start=months[36], cycle=12)
    made, oracle = found(one, table)["low", "effect"], expected("its.newey_west_lag3", "effect_at_end")
    degrees = len(series) - 6
    assert abs(made["value"] - oracle["value"]) < oracle["se"] < made["se"]
    assert_allclose(made["lower"], made["value"] - student.ppf(0.975, degrees) * made["se"], rtol=EXACT)


COUNTS = {(2020, "low"): (60, 200), (2020, "high"): (30, 200), (2021, "low"): (40, 250), (2021, "high"): (28, 240)}
COUNTED: Rows = [{"year": year, "group": group, "x": x, "n": n} for (year, group), (x, n) in COUNTS.items()]
BEFORE_AFTER = {"design": "before_after", "columns": {"period": "year", "group": "group", "events": "x", "n": "n"}}


def test_counts_of_persons_have_the_errors_of_their_intervals() -> None:
    made = found(evaluation(**BEFORE_AFTER), COUNTED)

    def share(year: int, group: str) -> tuple[float, float]:
        x, n = COUNTS[year, group]
        limits = binomtest(x, n).proportion_ci(method="wilson")
        return 100 * x / n, 100 * (limits.high - limits.low) / (2 * Z)

    by_cell = {cell: share(*cell) for cell in COUNTS}
    for group in ("low", "high"):
        (before, one), (after, other) = by_cell[2020, group], by_cell[2021, group]
        row, relative = made[group, "effect"], made[group, "relative_effect"]
        assert_allclose([row["value"], row["se"]], [after - before, np.hypot(one, other)], rtol=EXACT)
        assert_allclose(relative["value"], after / before)
        log_se = np.hypot(one / before, other / after)
        assert_allclose(relative["upper"], after / before * np.exp(Z * log_se), rtol=EXACT)
    gap = made[None, "difference"]
    assert_allclose([gap["without"], gap["reached"]], [15, 16 - 28 / 2.4], rtol=EXACT)
    assert_allclose(gap["se"], np.sqrt(sum(se**2 for _, se in by_cell.values())), rtol=EXACT)


def test_counts_in_person_time_have_byars_errors_and_may_be_more_than_the_persons() -> None:
    rows = [row | {"n": row["n"] / 10} for row in COUNTED]
    row = found(evaluation(**BEFORE_AFTER, unit="per_1000"), rows)["low", "effect"]

    def byar(x: float, n: float) -> float:
        low = x * (1 - 1 / (9 * x) - Z / (3 * np.sqrt(x))) ** 3
        high = (x + 1) * (1 - 1 / (9 * (x + 1)) + Z / (3 * np.sqrt(x + 1))) ** 3
        return 1000 * (high - low) / (2 * Z) / n

    assert_allclose([row["without"], row["reached"]], [60 / 0.02, 40 / 0.025], rtol=EXACT)
    assert_allclose(row["se"], np.hypot(byar(60, 20), byar(40, 25)), rtol=EXACT)


def test_units_count_by_their_weights() -> None:
    rows = drawn(np.random.default_rng(8), 10, {"low": -4, "high": -1})
    weighed = [row | {"people": 100 * (1 + row["unit"])} for row in rows]
    columns = {"unit": "unit", "period": "year", "treated": "treated", "group": "group", "value": "value"}
    made = found(evaluation(columns=columns | {"weight": "people"}), weighed)

    def mean(arm: int, year: int) -> float:
        cell = [
            (r["value"], r["people"]) for r in weighed if (r["treated"], r["year"], r["group"]) == (arm, year, "low")
        ]
        return float(np.average([value for value, _ in cell], weights=[people for _, people in cell]))

    wanted = mean(1, 2021) - mean(1, 2020) - mean(0, 2021) + mean(0, 2020)
    assert made["low", "effect"]["value"] == pytest.approx(wanted)


def test_the_definition_says_which_trend_is_drawn_on() -> None:
    made = {
        trend: found(evaluation(trend=trend), of_two_periods())["low", "effect"] for trend in ("difference", "ratio")
    }
    rows = of_two_periods()

    def mean(arm: str, year: int) -> float:
        cell = [float(r["value"]) for r in rows if (r["treated"], r["year"], r["group"]) == (arm, year, "low")]
        return float(np.mean(cell))

    assert made["difference"]["without"] == pytest.approx(mean("1", 2020) + mean("0", 2021) - mean("0", 2020))
    assert made["ratio"]["without"] == pytest.approx(mean("1", 2020) * mean("0", 2021) / mean("0", 2020))
    assert made["ratio"]["reached"] == made["difference"]["reached"] == pytest.approx(mean("1", 2021))


TRIAL = {"design": "trial", "start": None}


@pytest.mark.parametrize("unit", ["unit", None], ids=["units", "persons"])
def test_a_trial_is_a_comparison_of_two_samples(unit: str | None) -> None:
    rng = np.random.default_rng(3)
    samples = {(arm, group): rng.normal(20, 4, 12) for arm in (0, 1) for group in ("low", "high")}
    rows = [
        {"unit": f"{arm}{k}", "treated": arm, "group": group, "value": repr(float(value))}
        for (arm, group), values in samples.items()
        for k, value in enumerate(values)
    ]
    columns = {"treated": "treated", "group": "group", "value": "value"} | ({"unit": unit} if unit else {})
    made = found(evaluation(**TRIAL, columns=columns), rows)
    for group in ("low", "high"):
        with_it, without = samples[1, group], samples[0, group]
        welch = ttest_ind(with_it, without, equal_var=False)
        row = made[group, "effect"]
        assert_allclose(row["value"], with_it.mean() - without.mean(), rtol=EXACT)
        assert_allclose(row["value"] / row["se"], welch.statistic, rtol=EXACT)
        assert of_student(row, most=44, least=11)  # the persons of all four samples, and of the smallest


def test_before_and_after_in_the_same_units_is_a_comparison_of_pairs() -> None:
    rows = [row for row in drawn(np.random.default_rng(6), 24, {"low": -4, "high": -1}) if row["treated"]]
    columns = {"unit": "unit", "period": "year", "group": "group", "value": "value"}
    row = found(evaluation(design="before_after", columns=columns), rows)["low", "effect"]
    after, before = ([r["value"] for r in rows if (r["year"], r["group"]) == (year, "low")] for year in (2021, 2020))
    pairs = ttest_rel(after, before)
    assert_allclose(row["value"] / row["se"], pairs.statistic, rtol=EXACT)
    assert_allclose([row["lower"], row["upper"]], pairs.confidence_interval(0.95), rtol=EXACT)


def test_those_who_take_part_are_held_against_those_for_whom_it_is_meant() -> None:
    taking = [{"group": group, "participants": x, "target": n} for group, x, n in (("low", 10, 200), ("high", 90, 600))]
    made = found(evaluation(**BEFORE_AFTER), COUNTED, taking)
    index, ratio = (made["low", f"representation_{name}"] for name in ("index", "ratio"))
    assert_allclose([index["value"], ratio["value"]], [(10 / 100) / (200 / 800), (10 / 200) / (90 / 600)], rtol=EXACT)
    assert (index["verdict"], index["reached"], index["n"]) == ("less", 10, 200)
    assert made["high", "representation_index"]["verdict"] == "more"
    assert ("high", "representation_ratio") not in made


# --- simulations with a known truth


def drawn(rng: np.random.Generator, units: int, effect: dict[str, float]) -> Rows:
    """Units that differ, with a common change of 2, and an effect on half; what is common is so to both groups."""
    rows = []
    for unit in range(units):
        level = rng.normal(0, 3)
        for year in (2020, 2021):
            common = rng.normal(0, 0.5)
            for group, base in (("low", 30), ("high", 12)):
                treated = unit % 2
                value = base + level + 2 * (year - 2020) + common + rng.normal(0, 0.5)
                value += effect[group] * treated * (year - 2020)
                rows.append({"unit": unit, "year": year, "treated": treated, "group": group, "value": value})
    return rows


def test_the_interval_of_the_gap_holds_the_truth_as_often_as_it_says() -> None:
    """Student's t on the smaller arm's units minus 1 is cautious where both arms vary alike; the errors are exact."""
    rng, one = np.random.default_rng(11), evaluation()
    gaps = [found(one, drawn(rng, 24, {"low": -4, "high": -1}))[None, "difference"] for _ in range(100)]
    value, se = (np.array([row[name] for row in gaps]) for name in ("value", "se"))
    assert np.mean([row["lower"] <= -3 <= row["upper"] for row in gaps]) >= 0.93
    assert value.mean() == pytest.approx(-3, abs=4 * se.mean() / 10)
    assert se.mean() == pytest.approx(value.std(), rel=0.2)  # some three standard errors of a spread of 100 draws


WORDS = {
    "narrows both": ({"low": -14, "high": 0}, ("narrows", "narrows", "narrows")),
    "narrows one, widens the other": ({"low": -12, "high": -8}, ("narrows", "widens", "disagree")),
    "widens one, narrows the other": ({"low": 18, "high": 14}, ("widens", "narrows", "disagree")),
    "widens both": ({"low": 5, "high": 0}, ("widens", "widens", "widens")),
}


@pytest.mark.parametrize(("effect", "words"), WORDS.values(), ids=WORDS)
def test_the_verdict_says_what_was_put_in(effect: dict[str, float], words: tuple[str, ...]) -> None:
    made = found(evaluation(), drawn(np.random.default_rng(2), 60, effect))
    absolute, relative = made[None, "difference"], made[None, "ratio"]
    assert (absolute["verdict"], relative["verdict"], absolute["together"]) == words
    assert absolute["together"] == relative["together"]


def test_without_an_effect_nothing_is_sure() -> None:
    made = found(evaluation(), drawn(np.random.default_rng(5), 60, {"low": 0, "high": 0}))
    assert {row["verdict"] for row in made.values()} == {"uncertain"}


# --- the same table in other shapes


def same(one: Found, other: Found, rel: float = 1e-9) -> None:
    assert one.keys() == other.keys()
    for key, row in one.items():
        for name, value in row.items():
            if isinstance(value, float):
                assert other[key][name] == pytest.approx(value, rel=rel, abs=1e-12), (key, name)
            else:
                assert other[key][name] == value, (key, name)


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.id)
def test_the_order_of_rows_and_the_names_of_groups_are_of_no_consequence(one: Evaluation) -> None:
    groups, column = CATALOGUE.groups(one), one.columns.group
    titles = {level.id: title for level in groups for title in (level.title.da, level.title.en)} | {
        "unknown": "Uoplyst"
    }
    rows = [row | {column: titles[row[column]].upper()} for row in reversed(one.example.rows)]
    plain = found(one, [*one.example.rows])
    same(plain, found(one, rows))


def test_a_row_of_nobody_counts_for_nothing() -> None:
    one, nobody = evaluation(columns=COUNT_COLUMNS), [row | {"x": 0, "n": 0} for row in WHOLE[:3]]
    same(found(one, changed(WHOLE, 0, x=24)), found(one, [*changed(WHOLE, 0, x=24), *nobody]))


def test_rows_of_the_same_cell_are_put_together() -> None:
    halves = [row | {"x": part, "n": row["n"] / 2} for row in COUNTED for part in (3, row["x"] - 3)]
    same(found(evaluation(**BEFORE_AFTER), COUNTED), found(evaluation(**BEFORE_AFTER), halves))


@pytest.mark.parametrize(
    ("old", "new"), [("2020", "2020K4"), ("2020", "2020-12"), ("2020", "2020-12-01"), ("2020", "2020Q4")]
)
def test_periods_are_years_quarters_or_months(old: str, new: str) -> None:
    later = {"K": "2021K1", "-": "2021-01", "Q": "2021Q1"}[new[4]]
    rows = [row | {"year": new if str(row["year"]) == old else later} for row in of_two_periods()]
    same(found(evaluation(), of_two_periods()), found(evaluation(start=later), rows))


def test_an_outcome_that_is_good_when_high_is_the_same_seen_from_the_other_side() -> None:
    rows = drawn(np.random.default_rng(4), 40, {"low": -4, "high": -1})
    bad, good = (
        found(evaluation(polarity=polarity), given)
        for polarity, given in (
            ("lower_is_better", rows),
            ("higher_is_better", [row | {"value": 100 - row["value"]} for row in rows]),
        )
    )
    for key in (("low", "effect"), ("high", "effect")):
        assert (bad[key]["verdict"], bad[key]["value"]) == (good[key]["verdict"], pytest.approx(-good[key]["value"]))
    assert bad[None, "difference"]["verdict"] == good[None, "difference"]["verdict"] == "narrows"
    assert bad[None, "difference"]["value"] == pytest.approx(good[None, "difference"]["value"])


def test_those_whose_group_is_not_known_are_shown_and_not_ranked() -> None:
    """All that they touch is the degrees of freedom, which are those of all groups together."""
    rows = of_two_periods()
    apart = [row | {"group": "unknown"} for row in rows if row["group"] == "low"]
    made, plain = found(evaluation(), [*rows, *apart]), found(evaluation(), rows)
    for name in NUMBERS:
        assert made["unknown", "effect"][name] == pytest.approx(plain["low", "effect"][name], rel=1e-4)
    del made["unknown", "effect"], made["unknown", "relative_effect"]
    same(plain, made, rel=1e-4)


@pytest.mark.parametrize(("one", "rows"), [(STAGGERED, TEAMS), (SERIES, YEARS)], ids=["staggered", "interrupted"])
def test_holes_among_those_whose_group_is_not_known_are_no_matter(one: Evaluation, rows: Rows) -> None:
    made = found(one, [*rows, rows[0] | {one.columns.group: "unknown"}])
    unknown = [made.pop(("unknown", measure)) for measure in ("effect", "relative_effect")]
    assert [(row["value"], row["verdict"], row["flags"]) for row in unknown] == [(None, None, "not_applicable")] * 2
    same(found(one, rows), made)


def test_the_line_of_all_groups_weighs_them_by_those_reached() -> None:
    people = {(0, "short"): 900, (0, "medium"): 500, (0, "long"): 100}
    people |= {(1, "short"): 100, (1, "medium"): 300, (1, "long"): 700}
    events = {"short": (0.4, 0.3), "medium": (0.35, 0.3), "long": (0.2, 0.2)}
    rows = [{"treated": arm, "group": group, "x": events[group][arm] * n, "n": n} for (arm, group), n in people.items()]
    columns = {"treated": "treated", "group": "group", "events": "x", "n": "n"}
    one = evaluation(**TRIAL, levels=None, stratifier="education", gap="line", columns=columns)
    row = found(one, rows)[None, "slope_index"]
    reached = np.array([100.0, 300, 700])
    for name, arm in (("without", 0), ("reached", 1)):
        shares = np.array([100 * share[arm] for share in events.values()])
        assert row[name] == pytest.approx(float(slope_index(shares, reached)))


def test_the_line_of_two_groups_is_that_of_their_ends() -> None:
    """Of two groups the slope index is the gap of the ends over the distance of their mean ranks, ½ at any sizes."""
    ends, line = (found(evaluation(**BEFORE_AFTER, gap=gap), COUNTED) for gap in ("ends", "line"))
    assert line[None, "slope_index"]["value"] == pytest.approx(2 * ends[None, "difference"]["value"])
    assert line[None, "slope_index"]["verdict"] == ends[None, "difference"]["verdict"]


def test_a_unit_that_begins_after_the_last_period_has_not_begun() -> None:
    later = [row | {"began": row["began"] or 2030} for row in TEAMS]
    same(found(STAGGERED, TEAMS), found(STAGGERED, later))


@pytest.mark.parametrize("comparison", ["never", "not yet"])
def test_units_that_began_before_the_first_period_are_left_out(comparison: str) -> None:
    one = STAGGERED.model_copy(update={"comparison": comparison})
    early = [row | {"municipality": "X", "began": 2022} for row in TEAMS[:3]]  # with holes, too
    made, plain = found(one, [*TEAMS, *early]), found(one, TEAMS)
    for key, row in plain.items():
        assert [made[key][name] for name in NUMBERS] == pytest.approx([row[name] for name in NUMBERS])
        assert comparison in row["method"]


@pytest.mark.parametrize(("comparison", "by_hand"), [("never", (-6.5 - 2.5) / 2), ("not yet", (-5.75 - 2.5) / 2)])
def test_those_who_have_not_begun_yet_are_compared_with_if_so_said(comparison: str, by_hand: float) -> None:
    """One of the two that begin in 2024 falls by 6 the year before: the four fall by 2 then, the two never by ½."""
    rows = [row | ({"admitted": 25} if list(row.values())[:4] == ["E", 2024, 2023, "low"] else {}) for row in TEAMS]
    made = found(STAGGERED.model_copy(update={"comparison": comparison}), rows)
    assert made["low", "effect"]["value"] == pytest.approx(by_hand)


@pytest.mark.parametrize(("copies", "flag"), [(2, "unreliable"), (3, "")])
def test_cohorts_of_fewer_than_5_units_are_unreliable(copies: int, flag: str) -> None:
    rows = [row | {"municipality": f"{row['municipality']}{k}"} for row in TEAMS for k in range(copies)]
    assert {row["flags"] for row in found(STAGGERED, rows).values()} == {flag}


@pytest.mark.parametrize(("years", "flag"), [(23, "unreliable"), (24, "")])
def test_short_series_are_unreliable(years: int, flag: str) -> None:
    rng = np.random.default_rng(1)
    rows = [
        {"year": 2008 + k, "education": group, "smoking": 30 - k / 9 + rng.normal()}
        for k in range(years)
        for group in ("short", "long")
    ]
    made = found(SERIES, rows)
    assert {row["flags"] for row in made.values()} == {flag}


FEW = [("low", 9, "unreliable"), ("low", 10, ""), ("high", 9, "unreliable")]


@pytest.mark.parametrize(("group", "events", "flag"), FEW)
def test_relative_figures_of_few_events_are_unreliable(group: str, events: int, flag: str) -> None:
    rows = [row | ({"x": events} if (row["year"], row["group"]) == (2021, group) else {}) for row in COUNTED]
    made = found(evaluation(**BEFORE_AFTER), rows)
    assert (made[group, "relative_effect"]["flags"], made[None, "ratio"]["flags"]) == (flag, flag)
    assert (made[group, "effect"]["flags"], made[None, "difference"]["flags"]) == ("", "")


def test_a_group_without_events_has_an_absolute_effect_alone() -> None:
    rows = [row | ({"x": 0} if row["group"] == "high" else {}) for row in COUNTED]
    made = found(evaluation(**BEFORE_AFTER), rows)
    assert made["high", "effect"]["value"] == 0
    assert made["high", "effect"]["lower"] < 0 < made["high", "effect"]["upper"]
    for key in (("high", "relative_effect"), (None, "ratio")):
        assert [made[key][name] for name in (*NUMBERS, "verdict")] == [None] * 5
        assert made[key]["flags"] == "not_applicable"
    assert made[None, "difference"]["value"] is not None


def test_figures_that_are_alike_in_all_units_are_unreliable() -> None:
    made = found(evaluation(columns=COUNT_COLUMNS), WHOLE)
    assert {row["flags"] for row in made.values()} == {"unreliable"}
    varied = found(evaluation(columns=COUNT_COLUMNS), changed(WHOLE, 0, x=24))
    assert (varied["low", "effect"]["flags"], varied["high", "effect"]["flags"]) == ("", "unreliable")


# --- what is wrong


def changed(rows: Rows, k: int, **cells: Any) -> Rows:
    return [row | (cells if at == k else {}) for at, row in enumerate(rows)]


COUNT_COLUMNS = {"unit": "unit", "period": "year", "treated": "treated", "group": "group", "events": "x", "n": "n"}
WHOLE: Rows = [
    {"unit": unit, "year": year, "treated": unit % 2, "group": group, "x": 20, "n": 50}
    for unit in range(4)
    for year in (2020, 2021)
    for group in ("low", "high")
]
WRONG: dict[str, tuple[Rows, str, str, int | None]] = {
    "no such group": (changed(WHOLE, 2, group="middle"), "unknown_subgroup", "group", 3),
    "no group": (changed(WHOLE, 2, group=None), "empty", "group", 3),
    "no unit": (changed(WHOLE, 3, unit=" "), "empty", "unit", 4),
    "no period": (changed(WHOLE, 3, year=None), "empty", "year", 4),
    "words for a period": (changed(WHOLE, 3, year="i fjor"), "not_a_period", "year", 4),
    "a month among years": (changed(WHOLE, 3, year="2020-13"), "not_a_period", "year", 4),
    "a quarter among years": (changed(WHOLE, 3, year="2020K1"), "not_a_period", "year", 4),
    "words for events": (changed(WHOLE, 0, x="mange"), "not_a_number", "x", 1),
    "no events": (changed(WHOLE, 0, x=None), "empty", "x", 1),
    "fewer than no events": (changed(WHOLE, 0, x=-1), "negative_count", "x", 1),
    "more events than persons": (changed(WHOLE, 5, x=51), "more_events", "x", 6),
    "neither with nor without": (changed(WHOLE, 1, treated=2), "not_0_or_1", "treated", 2),
    "now with and now without": (changed(WHOLE, 3, treated=1), "two_arms", "treated", 4),
    "nothing after": ([row for row in WHOLE if row["year"] == 2020], "one_side", "year", None),
    "nobody with it": ([row for row in WHOLE if row["unit"] % 2 == 0], "one_side", "treated", None),
    "one unit": ([row for row in WHOLE if row["unit"] != 1], "one_unit", "unit", None),
    "a missing column": (
        [{k: v for k, v in row.items() if k != "n"} for row in WHOLE],
        "missing_named_column",
        "n",
        None,
    ),
}


@pytest.mark.parametrize(("rows", "key", "column", "row"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_wrong_is_refused_by_row_and_column(rows: Rows, key: str, column: str, row: int | None) -> None:
    with pytest.raises(DataError) as caught:
        found(evaluation(columns=COUNT_COLUMNS), rows)
    assert [(p.key, p.column, p.row) for p in caught.value.problems] == [(key, column, row)]
    assert "{" not in caught.value.sentence("da") + caught.value.sentence("en")


def test_all_faults_are_said_at_once() -> None:
    rows = changed(changed(WHOLE, 6, x="?"), 1, group="?")
    with pytest.raises(DataError) as caught:
        found(evaluation(columns=COUNT_COLUMNS), rows)
    assert [p.row for p in caught.value.problems] == [2, 7]


LACKING: dict[str, tuple[Evaluation, Rows, str, str | None]] = {
    "a unit without a year": (STAGGERED, TEAMS[:4] + TEAMS[5:], "hole", "A"),
    "a year that nobody has": (STAGGERED, [row for row in TEAMS if row["year"] != 2023], "hole", "A"),
    "a series with a hole": (SERIES, YEARS[:4] + YEARS[5:], "hole", None),
    "a short series": (SERIES, [row for row in YEARS if row["year"] < 2021], "few_periods", None),
    "a late series": (SERIES, [row for row in YEARS if row["year"] > 2018], "few_periods", None),
    "one that begins alone": (STAGGERED, [row for row in TEAMS if row["municipality"] != "C"], "one_in_cohort", None),
    "one that never begins": (STAGGERED, [row for row in TEAMS if row["municipality"] != "A"], "one_in_cohort", None),
    "all begin together": (
        STAGGERED.model_copy(update={"comparison": "not yet"}),
        [row for row in TEAMS if row["began"] == 2023],
        "nothing_to_compare",
        None,
    ),
    "two beginnings": (STAGGERED, changed(TEAMS, 13, began=2024), "two_arms", "2024"),
    "another way to write the start": (SERIES.model_copy(update={"start": "2020K1"}), YEARS, "start_form", "2020K1"),
}


@pytest.mark.parametrize(("one", "rows", "key", "value"), LACKING.values(), ids=LACKING)
def test_a_design_says_what_its_table_lacks(one: Evaluation, rows: Rows, key: str, value: str | None) -> None:
    with pytest.raises(DataError) as caught:
        found(one, rows)
    assert {problem.key for problem in caught.value.problems} == {key}
    assert caught.value.problems[0].value == value
    assert "{" not in caught.value.sentence("da") + caught.value.sentence("en")


def test_a_hole_is_named_by_its_group_and_period() -> None:
    with pytest.raises(DataError) as caught:
        found(STAGGERED, TEAMS[:4] + TEAMS[5:])
    assert "»A«" in caught.value.sentence("en")
    assert "“low” in 2024" in caught.value.sentence("en")


PERIODS = {
    "years": [f"{2010 + k}" for k in range(12)],
    "quarters": [f"{2019 + k // 4}K{k % 4 + 1}" for k in range(12)],
    "months": [f"{2019 + (k + 6) // 12}-{(k + 6) % 12 + 1:02}" for k in range(12)],
}


@pytest.mark.parametrize("missing", [3, 5, 7])
@pytest.mark.parametrize("periods", PERIODS.values(), ids=PERIODS)
def test_a_hole_in_a_series_is_named_as_its_periods_are_written(periods: list[str], missing: int) -> None:
    rows = [{"year": p, "education": group, "smoking": 20} for p in periods for group in ("short", "long")]
    one = SERIES.model_copy(update={"start": periods[6]})
    with pytest.raises(DataError) as caught:
        found(one, [row for row in rows if (row["year"], row["education"]) != (periods[missing], "long")])
    assert [p.values for p in caught.value.problems] == [{"group": "long", "period": periods[missing]}]


def test_a_year_that_is_a_slip_of_the_finger_does_not_fill_the_screen() -> None:
    with pytest.raises(DataError) as caught:
        found(STAGGERED, changed(TEAMS, 0, year="0224"))
    assert len(caught.value.sentence("en").splitlines()) == DataError.SHOWN + 2
    assert len(caught.value.problems) == MOST


def test_a_unit_that_is_a_person_is_not_shown() -> None:
    number = "1303851717"
    rows = [row | ({"municipality": number} if row["municipality"] == "A" else {}) for row in TEAMS]
    with pytest.raises(DataError) as caught:
        found(STAGGERED, rows[:4] + rows[5:])
    assert number not in caught.value.sentence("da") + repr(caught.value.problems)


def test_more_participants_than_persons_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        found(evaluation(**BEFORE_AFTER), COUNTED, [{"group": "low", "participants": 11, "target": 10}])
    assert [(p.key, p.column, p.row) for p in caught.value.problems] == [("more_participants", "participants", 1)]


COLUMNS = {"unit": "unit", "period": "year", "treated": "treated", "group": "group", "value": "value"}
IMPOSSIBLE: dict[str, tuple[dict[str, Any], str]] = {
    "no groups": ({"levels": None}, "either a stratifier or levels"),
    "groups twice": ({"stratifier": "education"}, "either a stratifier or levels"),
    "an unknown stratifier": ({"levels": None, "stratifier": "shoes"}, "the stratifier 'shoes' is not known"),
    "groups without an order": ({"levels": None, "stratifier": "origin"}, "has no order"),
    "one group": ({"levels": LEVELS[:1]}, "two groups or more"),
    "no start": ({"start": None}, "needs 'start'"),
    "no arms": ({"columns": {k: v for k, v in COLUMNS.items() if k != "treated"}}, "needs 'treated'"),
    "a start in a trial": ({"design": "trial"}, "does not use 'period'"),
    "two outcomes": ({"columns": COLUMNS | {"events": "x", "n": "n"}}, "say the outcome"),
    "events of nobody": ({"columns": {k: v for k, v in COLUMNS.items() if k != "value"} | {"events": "x"}}, "say the"),
}


@pytest.mark.parametrize(("given", "said"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_definition_that_is_impossible_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        check_evaluation(CATALOGUE, evaluation(**given))
    assert said in caught.value.sentence("en")


def test_an_example_that_is_wrong_is_said() -> None:
    one = CATALOGUE.evaluations["smoking_cessation_trial"]
    groups, example = CATALOGUE.groups(one), one.example
    (first, *rest) = example.expect

    def said(**change: Any) -> list[str]:
        return list(
            mistakes_of_evaluation(one.model_copy(update={"example": example.model_copy(update=change)}), groups)
        )

    assert said(expect=(first | {"value": 11}, *rest)) == [
        f"{one.id}: value of ('short', 'effect') is 10.0, and 'expect' says 11"
    ]
    assert "gives no row for ('tall', 'effect')" in said(expect=({"level": "tall", "measure": "effect"},))[0]
    assert "expects nothing" in said(expect=())[0]
    assert "more cases than persons" in said(rows=(example.rows[0] | {"stopped": 99}, *example.rows[1:]))[0]
    assert effects(one, groups)[0]["value"] == 10
