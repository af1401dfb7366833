"""Groups at the edge: what cannot be computed is a missing number with a flag, and nothing else is."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from lighed.analysis.indicators import _weights
from lighed.catalogue import load
from lighed.core.condition import parse
from lighed.core.estimates import KEPT, Estimates
from lighed.core.types import Indicator, Standardise
from lighed.stats import MEASURES, TESTS, linearity, monotonicity
from lighed.store.engine import AGE_BANDS
from tests.reference import Row
from tests.towns import Town

CATALOGUE = load()
SHARE, RATE, SURVEY = (CATALOGUE.indicators[name] for name in ("F6.1", "I7.1", "F3.1"))
PLAIN = SHARE.model_copy(update={"standardise": None})
MEAN = SHARE.model_copy(
    update={"id": "income", "kind": "mean", "unit": "kroner", "numerator": parse({"income": {"exists": True}})}
)
ROUNDING = 1e-9
GROUPS = tuple(CATALOGUE.stratifiers["education"].level_ids)


def town(one: Indicator, **groups: tuple[int, int]) -> Town:
    """Persons of one municipality and year: for each level of education how many, and how many with the thing.

    For a rate the second number is how often it happened; for a mean it is how many have about 300, not 100.
    """
    people: list[Row] = []
    records: list[Row] = []
    for level, (n, events) in groups.items():
        for k in range(n):
            has = k < events
            person = len(people) + 1
            people.append(
                {"person_id": person, "year": 2024, "area": "0851", "education": level}
                | {"sex": ("female", "male")[k % 2], "age": 30 + k % 20, "days": 366}
                | {"employment": "unemployed" if has else "employed", "income": (300.0 if has else 100.0) + k % 7}
            )
            if one.item and (has or one.basis == "survey"):
                records.append(
                    {
                        "person_id": person,
                        "year": 2024,
                        "item": one.item,
                        "category": one.numerator.value if has else "other",
                    }
                    | {"amount": None, "weight": 1.0 + k % 2, "stratum": "all", "sampling_unit": None}
                )
    return Town([one], people, **({"answers" if one.basis == "survey" else "events": records} if records else {}))


def rows(made: Estimates, **wanted: Any) -> list[Row]:
    return made.where(**({"stratifier": "education"} | wanted)).rows()


def value_of(made: Estimates, measure: str, level: str | None = None) -> float | None:
    (row,) = rows(made, measure=measure, level=level, component=None)
    return row["value"]


LARGE = {"short": (60, 30), "medium": (80, 24), "long": (100, 20)}
EDGES: dict[str, dict[str, tuple[int, int]]] = {
    "large groups": LARGE,
    "nobody in a group": LARGE | {"medium": (0, 0)},
    "nobody at the worst-off end": LARGE | {"short": (0, 0)},
    "nobody known": {"unknown": (50, 10)},
    "one level only": {"short": (60, 30)},
    "nobody has it": dict.fromkeys(GROUPS, (60, 0)),
    "nobody of the best-off has it": LARGE | {"long": (100, 0)},
    "everybody has it": dict.fromkeys(GROUPS, (60, 60)),
    "a reversed gradient": {"short": (100, 20), "medium": (80, 24), "long": (60, 30)},
    "one person": {"short": (1, 1)},
    "one person in a group": LARGE | {"long": (1, 0)},
}


@pytest.mark.parametrize("one", [SHARE, RATE, MEAN, SURVEY], ids=lambda i: i.id)
@pytest.mark.parametrize("groups", EDGES.values(), ids=EDGES)
def test_a_number_is_missing_just_where_a_flag_says_so(
    groups: dict[str, tuple[int, int]], one: Indicator, engine: Any
) -> None:
    made = town(one, **groups).estimates(engine, "education").without(KEPT).rows()
    assert {row["measure"] for row in made} >= {"crude", "unknown_share", "difference", "slope_index"}
    for row in made:
        numbers = [row[name] for name in ("value", "se", "lower", "upper")]
        assert all(number is None or number == number for number in numbers)
        if row["value"] is None:
            assert row["flags"] in {"not_applicable", "unreliable"}
            assert numbers == [None] * 4
        elif row["measure"] in TESTS:
            assert numbers[1:] == [None] * 3
            assert -1 - ROUNDING <= row["value"] <= 1 + ROUNDING
        elif row["measure"] != "unknown_share" and not row["flags"]:
            assert row["lower"] <= row["value"] <= row["upper"]
            assert row["se"] > 0


@pytest.mark.parametrize("one", [SHARE, RATE, MEAN, SURVEY], ids=lambda i: i.id)
def test_a_stratum_without_people_is_not_applicable_and_so_is_what_is_compared_with_it(
    one: Indicator, engine: Any
) -> None:
    made = town(one, **EDGES["nobody in a group"]).estimates(engine, "education")
    (empty,) = rows(made, measure="crude", level="medium")
    assert (empty["n"], empty["value"], empty["flags"]) == (0, None, "not_applicable")
    compared = [row for row in rows(made) if row["measure"] in MEASURES | TESTS]
    assert len(compared) > 5
    assert {(row["value"], row["flags"]) for row in compared} == {(None, "not_applicable")}
    assert all(row["value"] is not None for row in rows(made, measure="crude", level=["short", "long"]))


def test_a_single_level_is_compared_with_nothing(engine: Any) -> None:
    made = town(SHARE, **EDGES["one level only"]).estimates(engine, "education")
    assert value_of(made, "crude", "short") == pytest.approx(50)
    assert {row["value"] for row in rows(made) if row["measure"] in MEASURES | TESTS} == {None}


def test_a_zero_denominator_has_no_ratio_and_still_a_difference(engine: Any) -> None:
    made = town(PLAIN, **EDGES["nobody of the best-off has it"]).estimates(engine, "education")
    assert value_of(made, "crude", "long") == 0
    assert value_of(made, "ratio") is None
    assert value_of(made, "difference") == pytest.approx(50)


def test_a_rate_without_time_at_risk_is_flagged(engine: Any) -> None:
    here = town(RATE, short=(60, 30), medium=(80, 24), long=(100, 20))
    still = Town([RATE], [p | {"days": 0 if p["education"] == "long" else 366} for p in here.people], here.events)
    (row,) = rows(still.estimates(engine, "education"), measure="crude", level="long")
    assert (row["value"], row["n"], row["flags"]) == (None, 100, "unreliable")


def test_a_reversed_gradient_changes_the_sign_and_turns_the_ratio_round(engine: Any) -> None:
    ahead = town(SHARE, **LARGE).estimates(engine, "education")
    back = town(SHARE, **EDGES["a reversed gradient"]).estimates(engine, "education")
    for measure in ("difference", "slope_index", "concentration_index"):
        forth, turned = value_of(ahead, measure), value_of(back, measure)
        assert forth is not None
        assert turned is not None
        assert abs(forth) > 0.01
        assert turned == pytest.approx(-forth)
    for measure in ("ratio", "relative_index"):
        forth, turned = value_of(ahead, measure), value_of(back, measure)
        assert forth is not None
        assert turned is not None
        assert forth > 1
        assert turned == pytest.approx(1 / forth)


@pytest.mark.parametrize("one", [SHARE, RATE, SURVEY], ids=lambda i: i.id)
def test_few_cases_make_a_measure_unreliable(one: Indicator, engine: Any) -> None:
    few = {"short": (60, 2), "medium": (60, 2), "long": (60, 2)}
    many = {level: (10 * n, 10 * events) for level, (n, events) in LARGE.items()}
    for groups, flags in ((few, {"unreliable", "not_applicable"}), (many, {""})):
        made = rows(town(one, **groups).estimates(engine, "education"), measure=list(MEASURES))
        assert {row["flags"] for row in made} <= flags


def test_few_without_it_are_few_cases_too(engine: Any) -> None:
    """A share of nearly everybody is known as badly as one of nearly nobody; of a rate no such thing can be said."""
    nearly_all = dict.fromkeys(GROUPS, (100, 95))
    for one, flags in ((PLAIN, {"unreliable"}), (RATE, {""})):
        made = rows(town(one, **nearly_all).estimates(engine, "education"), measure=["difference", "slope_index"])
        assert {row["flags"] for row in made} == flags


def test_the_best_of_groups_that_are_alike_may_be_so_by_chance(engine: Any) -> None:
    """Which kind of housing is worst chance may say; that owners are what the others are held against is fixed."""
    turned = PLAIN.model_copy(update={"polarity": "higher_is_better"})
    for one, rented, flags in ((PLAIN, 101, {"difference"}), (PLAIN, 140, set()), (turned, 140, {"difference"})):
        here = town(one, social=(400, rented), private_rent=(400, 100), cooperative=(400, 99), owner=(400, 50))
        people = [p | {"tenure": p["education"], "education": "short"} for p in here.people]
        made = Town([one], people).estimates(engine, "tenure").where(measure=["difference", "attributable_risk"])
        assert {row["measure"] for row in made.rows() if row["flags"] == "unreliable"} == flags


def test_a_ratio_to_an_end_that_may_be_0_has_no_interval_and_is_unreliable(engine: Any) -> None:
    (row,) = rows(town(SHARE, **LARGE).estimates(engine, "education"), measure="relative_index")
    assert row["value"] > 1
    assert (row["lower"], row["upper"], row["flags"]) == (None, None, "unreliable")


def test_a_mean_of_one_person_has_no_interval_and_says_so(engine: Any) -> None:
    (row,) = rows(town(MEAN, **EDGES["one person"]).estimates(engine, "education"), measure="crude", level="short")
    assert (row["value"], row["se"], row["lower"], row["flags"]) == (300, None, None, "unreliable")


@pytest.mark.parametrize("measure", ["crude", "standardised"])
def test_a_survey_of_one_sampling_unit_has_no_interval_and_says_so(measure: str, engine: Any) -> None:
    """One school says nothing of how schools differ; of two it is known."""
    here = town(SURVEY, **LARGE)
    for schools, flags in ((1, "unreliable"), (2, "")):
        units = [row | {"sampling_unit": f"school {row['person_id'] % 4 % schools}"} for row in here.answers]
        made = Town([SURVEY], here.people, answers=units).estimates(engine, "education")
        (row,) = rows(made, measure=measure, level="short")
        assert row["value"] > 0
        assert (row["flags"], row["lower"] is None) == (flags, bool(flags))


def test_a_group_that_lacks_a_part_of_the_standard_is_unreliable(engine: Any) -> None:
    """Men of the longest education are missing: what is standardised to both sexes rests on half of the standard."""
    here = town(SURVEY, **LARGE)
    people = [p for p in here.people if p["education"] != "long" or p["sex"] == "female"]
    made = Town([SURVEY], people, answers=here.answers).estimates(engine, "education")
    flags = {row["level"]: row["flags"] for row in rows(made, measure="standardised")}
    assert (flags["short"], flags["long"]) == ("", "unreliable")
    assert {row["flags"] for row in rows(made, measure=["slope_index", *TESTS])} == {"unreliable"}


@pytest.mark.parametrize("name", CATALOGUE.standards)
def test_a_standard_is_shared_between_our_narrower_age_bands(name: str) -> None:
    """By their years: those of 0–4 are infants for one part and older for four; none is of unknown sex."""
    standard = CATALOGUE.standards[name]
    one = SURVEY.model_copy(update={"standardise": Standardise(over=("sex", "age"), to=name)})
    female, male, unknown = _weights(CATALOGUE, one, np.ones((1, 3 * len(AGE_BANDS)))).reshape(3, -1)
    assert unknown.sum() == 0
    assert (female[1], male[1]) == pytest.approx((4 * female[0], 4 * male[0]))
    for k, (low, high) in enumerate(pairwise([*standard.ages, 999])):
        inside = [at for at, age in enumerate(AGE_BANDS) if low <= age < high]
        found = {"female": female[inside].sum(), "male": male[inside].sum()}
        found["both"] = found["female"] + found["male"]
        assert {sex: found[sex] for sex in standard.weights} == pytest.approx(
            {sex: weights[k] for sex, weights in standard.weights.items()}
        )


def test_a_municipality_that_holds_only_its_own_persons_gets_no_region_out_of_them(engine: Any) -> None:
    assert town(SHARE, **LARGE).estimates(engine, "education").distinct("area") == ["0851"]


TURNED = {"short": (60, 18), "medium": (80, 36), "long": (100, 32)}


@pytest.mark.parametrize("one", [PLAIN, SHARE, RATE, MEAN, SURVEY], ids=["plain", "F6.1", "I7.1", "income", "F3.1"])
def test_beside_every_slope_index_stand_the_tests_of_the_groups_that_it_is_over(one: Indicator, engine: Any) -> None:
    made = town(one, **TURNED).estimates(engine, "education")
    groups = {row["level"]: row for row in rows(made, measure="standardised" if one.standardise else "crude")}
    value, error, people = (np.array([groups[level][name] for level in GROUPS]) for name in ("value", "se", "n"))
    slopes = rows(made, measure="slope_index", component=None)
    for test, how in ((linearity, "chi-square(1)"), (monotonicity, "chi-bar-square(2)")):
        found = rows(made, measure=test.__name__)
        places = [{name: row[name] for name in ("area", "period", "n", "events")} for row in found]
        assert places == [{name: row[name] for name in places[0]} for row in slopes]
        assert 1e-6 < found[0]["value"] < 0.5
        assert found[0]["value"] == pytest.approx(float(test(value, error**2, people).p), rel=0.01)
        assert (found[0]["unit"], found[0]["method"].split(", ")[0], found[0]["flags"]) == ("probability", how, "")
        assert ("standardised to" in found[0]["method"]) == (one.standardise is not None)


def test_the_shape_is_tested_in_the_periods_in_which_there_is_a_slope_index(engine: Any) -> None:
    now = town(PLAIN, **LARGE).people
    before = [person | {"year": 2023, "income": None} for person in now]
    made = Town([PLAIN, MEAN], now + before).estimates(engine, "education")
    for name in ("slope_index", *TESTS):
        found = {(row["indicator"], row["period"]) for row in rows(made, measure=name, component=None)}
        assert found == {(PLAIN.id, "2023"), (PLAIN.id, "2024"), (MEAN.id, "2024")}


def test_an_index_of_shape_is_turned_as_the_slope_index_is(engine: Any) -> None:
    for groups, sign in ((LARGE, 1), (EDGES["a reversed gradient"], -1)):
        for polarity, turn in (("lower_is_better", 1), ("higher_is_better", -1)):
            one = PLAIN.model_copy(update={"polarity": polarity})
            made = town(one, **groups).estimates(engine, "education")
            slope, of_line, of_rank = (value_of(made, name) for name in ("slope_index", *INDICES))
            assert slope is not None
            assert slope * sign * turn > 0
            assert of_rank == pytest.approx(sign * turn)
            assert of_line == pytest.approx(sign * turn, abs=0.05)


INDICES = ("linear_correlation", "index_of_relative_rank")


@pytest.mark.parametrize(
    ("one", "pair", "flags"),
    [
        (PLAIN, (60, 9), "unreliable"),
        (PLAIN, (60, 10), ""),
        (PLAIN, (60, 50), ""),
        (PLAIN, (60, 51), "unreliable"),
        (RATE, (60, 60), ""),
        (RATE, (60, 9), "unreliable"),
    ],
)
def test_a_shape_that_rests_on_few_cases_is_unreliable(
    one: Indicator, pair: tuple[int, int], flags: str, engine: Any
) -> None:
    made = town(one.model_copy(update={"standardise": None}), **(LARGE | {"medium": pair}))
    found = rows(made.estimates(engine, "education"), measure=list(TESTS))
    assert {row["flags"] for row in found} == {flags}


def test_groups_without_an_order_have_no_shape(engine: Any) -> None:
    made = town(PLAIN, **LARGE).estimates(engine, "sex").rows()
    assert "difference" in {row["measure"] for row in made}
    assert not TESTS.keys() & {row["measure"] for row in made}
