"""Indices by regression: where there is nothing to find, what is adjusted for, and how often the interval covers."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import MEASURES, Indices, linked_line, proportion, regression, ridit
from lighed.stats.regression import LINKS, Family, LinkName
from tests.stats.samples import covered, numbers

DRAWS = 4_000  # coverage is then known to 0.35 of a per cent
ROUNDING = 1e-9  # relative: the same line found in other steps
WAYS: list[Any] = [(family, link) for family in get_args(Family) for link in get_args(LinkName)]
PEOPLE = np.array([900.0, 1500, 2400, 1800, 1200])
RANK = ridit(PEOPLE)
CASES = np.round(PEOPLE * [0.30, 0.26, 0.21, 0.17, 0.15])
BAND = np.repeat(np.eye(3), 5, axis=0)  # three bands of age, each with the five levels
PERSONS = np.concatenate([[300, 600, 1100, 900, 700], [300, 500, 800, 500, 300], [300, 400, 500, 400, 200]]).astype(
    float
)
IN_BAND = np.tile(RANK, 3)

each = pytest.mark.parametrize


def _both(made: Indices) -> list[Any]:
    return numbers(made.slope_index) + numbers(made.relative_index)


def _share(link: LinkName, rank: Any, others: Any = 0.0) -> Any:
    """Shares that fall with rank along a line of the link."""
    middle = {"identity": 0.2, "log": np.log(0.2), "logit": -1.4}[link]
    slope = {"identity": -0.12, "log": -0.7, "logit": -0.9}[link]
    return LINKS[link].back(np.asarray(middle + slope * (rank - 0.5) + others))


@each("link", LINKS)
@each("family", get_args(Family))
def test_shares_on_a_line_of_the_link_give_its_ends_whatever_the_family(family: Any, link: Any) -> None:
    made = regression(PEOPLE * _share(link, RANK), PEOPLE, RANK, of="shares", family=family, link=link)
    worst, best = _share(link, np.array([0.0, 1.0]))
    assert_allclose(made.slope_index.value, worst - best, rtol=ROUNDING)
    assert_allclose(made.relative_index.value, worst / best, rtol=ROUNDING)


def test_the_regressions_that_have_a_closed_form_agree_with_it() -> None:
    straight = regression(CASES, PEOPLE, RANK, of="shares", family="normal", link="identity")
    curved = regression(CASES, PEOPLE, RANK, of="shares", family="poisson", link="log")
    assert_allclose(straight.slope_index.value, MEASURES["slope_index"](CASES / PEOPLE, PEOPLE), rtol=ROUNDING)
    assert_allclose(straight.relative_index.value, MEASURES["relative_index"](CASES / PEOPLE, PEOPLE), rtol=ROUNDING)
    assert_allclose(curved.relative_index.value, MEASURES["relative_index_log"](CASES / PEOPLE, PEOPLE), rtol=ROUNDING)


@each("link", ["log", "logit"])
def test_a_line_with_a_link_turns_round_with_the_levels(link: Any) -> None:
    value, variance = CASES / PEOPLE, CASES / PEOPLE**2
    there = linked_line(value, variance, PEOPLE, link=link)
    back = linked_line(value[::-1], variance[::-1], PEOPLE[::-1], link=link)
    assert_allclose(numbers(back.slope_index)[0], -there.slope_index.value, rtol=ROUNDING)
    assert_allclose(
        [back.slope_index.lower, back.slope_index.upper], [-there.slope_index.upper, -there.slope_index.lower]
    )
    assert_allclose(
        [back.relative_index.lower, back.relative_index.upper],
        [1 / there.relative_index.upper, 1 / there.relative_index.lower],
    )


@each("value", [(0.2, 0.1, 0.0), (0.2, np.nan, 0.1), (0.2, -0.1, 0.1)], ids=str)
@each("link", ["log", "logit"])
def test_there_is_no_line_with_a_link_through_what_the_link_does_not_take(link: Any, value: Any) -> None:
    made = linked_line([value, (0.3, 0.2, 0.1)], np.full(3, 1e-4), np.ones(3), link=link)
    assert np.isnan(np.array(_both(made))[:, 0]).all()
    assert np.isfinite(np.array(_both(made))[:, 1]).all()


def test_only_shares_have_a_logit_and_all_above_0_a_logarithm() -> None:
    above = [(20.0, 10.0, 5.0), np.ones(3), np.ones(3)]
    assert np.isnan(_both(linked_line(*above, link="logit"))).all()
    assert_allclose(linked_line(*above, link="log").relative_index.value, 8.0)


@each(("family", "link"), WAYS)
def test_many_regressions_at_once_are_as_one_at_a_time(family: Any, link: Any) -> None:
    rng = np.random.default_rng(1)
    people = rng.integers(200, 900, (2, 3, 5)).astype(float)
    cases = rng.binomial(people.astype(int), 0.2)
    batch = np.array(_both(regression(cases, people, ridit(people), of="shares", family=family, link=link)))
    for at in np.ndindex(2, 3):
        alone = regression(cases[at], people[at], ridit(people[at]), of="shares", family=family, link=link)
        assert_allclose(batch[:, *at], _both(alone), rtol=1e-7)


DEFECTS = {
    "a missing count": (0, np.nan),
    "a negative count": (0, -1.0),
    "more cases than persons": (0, 1e6),
    "missing persons": (1, np.nan),
    "a negative number of persons": (1, -5.0),
    "infinitely many persons": (1, np.inf),
}


@each(("family", "link"), WAYS)
@each("defect", DEFECTS)
def test_impossible_counts_give_nothing_and_leave_the_others_alone(defect: str, family: Any, link: Any) -> None:
    which, wrong = DEFECTS[defect]
    parts = [np.stack([CASES, CASES]), np.stack([PEOPLE, PEOPLE])]
    parts[which][0, 2] = wrong
    made = np.array(_both(regression(*parts, RANK, of="shares", family=family, link=link)))
    assert np.isnan(made[:, 0]).all()
    assert_allclose(made[:, 1], _both(regression(CASES, PEOPLE, RANK, of="shares", family=family, link=link)))


def test_rates_may_have_more_events_than_time() -> None:
    made = regression(3 * PEOPLE, PEOPLE, RANK, of="rates", family="poisson", link="log")
    assert_allclose(made.relative_index.value, 1, rtol=ROUNDING)


@each(("family", "link"), WAYS)
def test_cells_without_anybody_are_left_out(family: Any, link: Any) -> None:
    whole = regression(CASES, PEOPLE, RANK, of="shares", family=family, link=link)
    more = [np.append(part, end) for part, end in ((CASES, 0.0), (PEOPLE, 0.0), (RANK, 0.5))]
    assert_allclose(_both(regression(*more, of="shares", family=family, link=link)), _both(whole), rtol=ROUNDING)


@each("cases", [(0, 0, 0, 0, 0), (900, 1500, 2400, 1800, 1200)], ids=["nobody", "everybody"])
@each("link", ["log", "logit"])
def test_where_nobody_or_everybody_has_it_there_is_no_binomial_line(link: Any, cases: Any) -> None:
    made = regression(cases, PEOPLE, RANK, of="shares", family="binomial", link=link)
    assert np.isnan(_both(made)).all()


def test_rank_that_cannot_be_told_from_age_gives_nothing() -> None:
    made = regression(CASES, PEOPLE, RANK, 40 + 30 * RANK[:, None], of="shares", family="poisson", link="log")
    assert np.isnan(_both(made)).all()
    one = regression(CASES[:1], PEOPLE[:1], RANK[:1], of="shares", family="poisson", link="log")
    assert np.isnan(_both(one)).all()


def test_a_band_of_age_without_cases_is_left_to_be_0() -> None:
    cases = np.concatenate([np.zeros(5), PERSONS[5:] * _share("log", IN_BAND[5:])])
    made = regression(cases, PERSONS, IN_BAND, BAND[:, 1:], of="rates", family="poisson", link="log")
    older = regression(cases[5:], PERSONS[5:], IN_BAND[5:], BAND[5:, 2:], of="rates", family="poisson", link="log")
    assert_allclose(numbers(made.relative_index), numbers(older.relative_index), rtol=1e-6)


@each("link", LINKS)
def test_naming_every_band_of_age_is_as_naming_all_but_one(link: Any) -> None:
    cases = np.round(PERSONS * _share(link, IN_BAND, BAND @ [0.0, 0.02, 0.05]))
    made = [
        regression(cases, PERSONS, IN_BAND, b, of="shares", family="binomial", link=link) for b in (BAND, BAND[:, 1:])
    ]
    assert_allclose(*(_both(one) for one in made), rtol=1e-7)


def test_what_age_alone_makes_is_taken_away() -> None:
    """The older have it more often and stand lower: without regard to age there is a gradient that is not there."""
    cases = PERSONS * (BAND @ [0.05, 0.15, 0.30])
    crude = regression(cases, PERSONS, IN_BAND, of="shares", family="poisson", link="log")
    adjusted = regression(cases, PERSONS, IN_BAND, BAND[:, 1:], of="shares", family="poisson", link="log")
    assert crude.relative_index.lower > 1.1
    assert_allclose(adjusted.relative_index.value, 1, rtol=ROUNDING)


def _covered(made: Indices, worst: Any, best: Any) -> list[float]:
    return [covered(made.slope_index, worst - best), covered(made.relative_index, worst / best)]


@each(("family", "link"), [("binomial", link) for link in LINKS] + [("poisson", "log"), ("normal", "identity")])
def test_regressions_of_shares_cover_nineteen_times_in_twenty(family: Any, link: Any) -> None:
    cases = np.random.default_rng(2).binomial(PEOPLE.astype(int), _share(link, RANK), (DRAWS, 5))
    made = regression(cases, PEOPLE, RANK, of="shares", family=family, link=link)
    assert_allclose(_covered(made, *_share(link, np.array([0.0, 1.0]))), 0.95, atol=0.012)


@each("link", ["identity", "log"])
def test_regressions_of_rates_cover_nineteen_times_in_twenty(link: Any) -> None:
    events = np.random.default_rng(3).poisson(PEOPLE * _share(link, RANK), (DRAWS, 5))
    made = regression(events, PEOPLE, RANK, of="rates", family="poisson", link=link)
    assert_allclose(_covered(made, *_share(link, np.array([0.0, 1.0]))), 0.95, atol=0.012)


@each("link", LINKS)
def test_regressions_that_are_adjusted_for_age_cover_nineteen_times_in_twenty(link: Any) -> None:
    age = BAND @ {"identity": [-0.03, 0.0, 0.06], "log": [-0.3, 0.0, 0.4], "logit": [-0.4, 0.0, 0.5]}[link]
    cases = np.random.default_rng(4).binomial(PERSONS.astype(int), _share(link, IN_BAND, age), (2000, 15))
    family: Any = "normal" if link == "identity" else "binomial"
    made = regression(cases, PERSONS, IN_BAND, BAND[:, 1:], of="shares", family=family, link=link)
    ends = [np.average(_share(link, end, age), weights=PERSONS) for end in (0.0, 1.0)]
    assert_allclose(_covered(made, *ends), 0.95, atol=0.015)


@each("link", ["log", "logit"])
def test_lines_with_a_link_cover_nineteen_times_in_twenty(link: Any) -> None:
    drawn = proportion(np.random.default_rng(5).binomial(PEOPLE.astype(int), _share(link, RANK), (DRAWS, 5)), PEOPLE)
    made = linked_line(drawn.value, drawn.se**2, PEOPLE, link=link)
    assert_allclose(_covered(made, *_share(link, np.array([0.0, 1.0]))), 0.95, atol=0.012)


def test_a_share_of_1_has_no_logit() -> None:
    made = linked_line([1.0, 0.2, 0.1], np.full(3, 1e-4), np.ones(3), link="logit")
    assert np.isnan(_both(made)).all()


@each("steep", [1.0, 3.0, 5.0])
def test_a_line_that_nearly_reaches_everybody_is_found(steep: float) -> None:
    """The first steps lead above 1 and are shortened."""
    share = 0.99 * np.exp(-steep * (RANK - RANK[0]))
    made = regression(PEOPLE * share, PEOPLE, RANK, of="shares", family="binomial", link="log")
    assert_allclose(made.relative_index.value, np.exp(steep), rtol=ROUNDING)


@each("link", ["log", "identity"])
def test_where_the_best_line_leads_above_everybody_there_is_none(link: Any) -> None:
    cases = PEOPLE * [1.0, 0.99, 0.97, 0.30, 0.25]
    made = regression(cases, PEOPLE, RANK, of="shares", family="binomial", link=link)
    assert np.isnan(_both(made)).all()


@each("unit", [1e-7, 365.25, 1e9])
def test_it_does_not_matter_in_which_unit_age_is(unit: float) -> None:
    age = BAND @ [[30.0], [50.0], [70.0]]
    cases = np.round(PERSONS * _share("log", IN_BAND, age[:, 0] / 100 - 0.5))
    years, other = (
        regression(cases, PERSONS, IN_BAND, one, of="shares", family="poisson", link="log") for one in (age, unit * age)
    )
    assert_allclose(_both(other), _both(years), rtol=1e-7)
