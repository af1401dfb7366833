"""Time to an event: everything adds up, days and ties do no harm, what is not known is missing, intervals cover."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import (
    FollowUp,
    Values,
    aalen_johansen,
    excess_mortality,
    kaplan_meier,
    occupation,
    restricted_mean,
    time_lost,
)
from tests.stats.samples import covered, numbers

ROUNDING = 1e-11
PARTS = ["entered", "events", "censored"]


def _persons(rng: Any, n: int, groups: int = 3, late: bool = True) -> dict[str, Any]:
    """Service, death or neither within 120 days; every other person comes under watch late."""
    entry = np.where(rng.random(n) < 0.5 * late, rng.integers(0, 20, n), -1)
    wait, death = rng.geometric(0.02, n), rng.geometric(0.005, n)
    day = np.minimum(entry + np.minimum(wait, death), 120)
    cause = np.where(day == 120, 0, np.where(wait <= death, 1, 2))
    return {"day": day, "cause": cause, "entry": entry, "group": rng.integers(0, groups, n)}


def _counted(persons: dict[str, Any], **others: Any) -> FollowUp:
    return FollowUp.of(**persons, **({"causes": 2, "shape": (3,), "days": 120} | others))


COUNTS = _counted(_persons(np.random.default_rng(1), 600))


def _drop(counts: FollowUp) -> FollowUp:
    """Without the times at which nothing happens."""
    some = sum(getattr(counts, name).reshape(-1, counts.time.size).sum(0) for name in PARTS) > 0
    assert not some.all()
    return FollowUp(counts.time[some], *(getattr(counts, name)[..., some] for name in PARTS))


def _all(counts: FollowUp) -> list[Any]:
    """Every figure that can be had from counts."""
    curve, survival = aalen_johansen(counts), kaplan_meier(counts)
    made = [curve.at([0, 7, 29.5, 90]), survival.at(90), time_lost(counts, 90), restricted_mean(counts, 90)]
    quantiles = [survival.reached(), curve.reached(0.2)]
    return [part for one in [*made, *quantiles] for part in numbers(one)] + [curve.reached_among_events(90)]


def _alike(one: FollowUp, two: FollowUp) -> None:
    for ours, theirs in zip(_all(one), _all(two), strict=True):
        assert_allclose(ours, theirs, rtol=ROUNDING)


def test_both_causes_and_no_event_add_up_to_one_and_their_times_to_the_horizon() -> None:
    curve = aalen_johansen(COUNTS)
    assert_allclose(curve.value.sum(-2) + curve.free[..., 0, :], 1, rtol=ROUNDING)
    assert_allclose(curve.free[..., 0, :], kaplan_meier(COUNTS).value, rtol=ROUNDING)
    assert_allclose(time_lost(COUNTS, 90).value.sum(-1) + restricted_mean(COUNTS, 90).value, 90, rtol=ROUNDING)


def test_without_competitors_incidence_is_one_minus_survival_with_the_same_limits() -> None:
    alone = COUNTS.pooled
    one, two = aalen_johansen(alone).at([7, 30, 90]), kaplan_meier(alone).at([7, 30, 90])
    assert_allclose(one.value[:, 0], 1 - two.value, rtol=ROUNDING)
    for mine, theirs in (("se", two.se), ("lower", 1 - two.upper), ("upper", 1 - two.lower)):
        assert_allclose(getattr(one, mine)[:, 0], theirs, rtol=1e-9)


def test_restricted_mean_is_the_area_under_the_curve() -> None:
    survival = kaplan_meier(COUNTS)
    whole = np.arange(0, 90)
    assert_allclose(restricted_mean(COUNTS, 90).value, survival.at(whole).value.sum(-1), rtol=ROUNDING)
    lost = aalen_johansen(COUNTS).at(whole).value.sum(-1)
    assert_allclose(time_lost(COUNTS, 90).value, lost, rtol=ROUNDING)


@pytest.mark.parametrize("counts", [COUNTS.pooled, COUNTS], ids=["one cause", "two causes"])
def test_incidence_is_the_occupation_of_states_that_nobody_leaves(counts: FollowUp) -> None:
    """The variance from another formula: a product of matrices, day by day."""
    causes = counts.events.shape[-2]
    moves = np.zeros((3, causes + 1, causes + 1, 121))
    moves[:, 0, 1:] = counts.events
    still = np.zeros((3, causes + 1, 121))
    entered, censored = still.copy(), still.copy()
    entered[:, 0], censored[:, 0] = counts.entered, counts.censored
    made = occupation(FollowUp(counts.time, entered, moves, censored), np.eye(causes + 1)[:1].repeat(3, 0))
    curve, lost = aalen_johansen(counts).at(90), time_lost(counts, 90)
    for name in Values.__slots__:
        assert_allclose(getattr(made.at(90), name)[:, 1:], getattr(curve, name), rtol=1e-9)
        assert_allclose(getattr(made.time_in(90), name)[:, 1:], getattr(lost, name), rtol=1e-9)
    free = kaplan_meier(counts).at(90), restricted_mean(counts, 90)
    assert_allclose(made.at(90).se[:, 0], free[0].se, rtol=1e-9)
    assert_allclose(made.time_in(90).se[:, 0], free[1].se, rtol=1e-9)


def test_the_order_of_persons_does_not_matter_and_places_add_up() -> None:
    rng = np.random.default_rng(7)
    persons, order = _persons(rng, 300), rng.permutation(300)
    shuffled = {name: part[order] for name, part in persons.items()}
    one, two = (
        _counted({name: part[some] for name, part in shuffled.items()}) for some in (slice(99), slice(99, None))
    )
    for name in PARTS:
        assert (getattr(one + two, name) == getattr(_counted(persons), name)).all()


def test_times_at_which_nothing_happens_can_be_left_out() -> None:
    counts = _counted(_persons(np.random.default_rng(2), 90))
    _alike(_drop(counts), counts)


def test_a_person_whose_time_is_split_in_two_counts_once() -> None:
    persons = _persons(np.random.default_rng(3), 300)
    long = persons["day"] > 30
    early = long & (persons["entry"] < 30)
    first = {name: part[early] for name, part in persons.items()}
    first |= {"day": np.full(early.sum(), 30), "cause": np.zeros(early.sum(), int)}
    second = persons | {"entry": np.where(early, 30, persons["entry"])}
    _alike(_counted({name: np.concatenate([first[name], second[name]]) for name in persons}), _counted(persons))


def test_another_unit_of_time_changes_only_what_is_in_it() -> None:
    weeks = replace(COUNTS, time=COUNTS.time / 7)
    assert_allclose(aalen_johansen(weeks).at(90 / 7).se, aalen_johansen(COUNTS).at(90).se, rtol=ROUNDING)
    assert_allclose(7 * time_lost(weeks, 90 / 7).se, time_lost(COUNTS, 90).se, rtol=ROUNDING)
    assert_allclose(7 * kaplan_meier(weeks).reached().lower, kaplan_meier(COUNTS).reached().lower, rtol=ROUNDING)


def test_events_on_a_day_on_which_nearly_all_are_censored_have_all_of_them_at_risk() -> None:
    """200 persons, one event on the day on which the other 199 leave: 1 in 200, which jitter would make 1 in a few."""
    counts = FollowUp.of(np.full(200, 365), np.arange(200) == 57, causes=1)
    made = aalen_johansen(counts).at(365).at(0)
    assert_allclose([made.value, made.se], [1 / 200, np.sqrt(1 / 200 * 199 / 200 / 200)], rtol=ROUNDING)


def test_events_on_day_0_count() -> None:
    made = aalen_johansen(FollowUp.of(np.array([0, 0, 3, 5, 9]), np.array([1, 1, 1, 0, 0]), causes=1)).at([0, 3, 9])
    assert_allclose(made.value, [[0.4, 0.6, 0.6]], rtol=ROUNDING)


def test_without_censoring_the_incidence_is_a_share_with_its_variance() -> None:
    persons = _persons(np.random.default_rng(4), 500, late=False)
    had = np.stack([(persons["cause"] == cause) & (persons["day"] <= 60) for cause in (1, 2)])
    made = aalen_johansen(_counted(persons | {"group": np.zeros(500, int)})).at(60).at(0)
    share = had.mean(-1)
    assert_allclose(made.value, share, rtol=ROUNDING)
    assert_allclose(made.se, np.sqrt(share * (1 - share) / 500), rtol=1e-9)
    left = np.where(persons["day"] <= 60, 60 - persons["day"], 0) * had
    lost = time_lost(_counted(persons | {"group": np.zeros(500, int)}), 60).at(0)
    assert_allclose([lost.value, lost.se], [left.mean(-1), left.std(-1) / np.sqrt(500)], rtol=1e-9)


@pytest.mark.parametrize(
    ("day", "cause", "want"),
    [
        ([1, 2, 3, 4], [1, 1, 2, 2], 2.0),  # half of them, on day 2
        ([1, 2, 3, 4], [2, 2, 2, 1], np.inf),  # only a quarter ever has it
        ([1, 2, 3, 4, 9, 9, 9], [2, 2, 2, 2, 0, 0, 1], np.inf),  # 3 of 7 might still have it, which is too few
        ([1, 2, 9, 9, 9], [2, 1, 0, 0, 0], np.nan),  # three might
    ],
)
def test_a_median_may_be_never_or_not_known(day: list[int], cause: list[int], want: float) -> None:
    made = aalen_johansen(FollowUp.of(np.array(day), np.array(cause), causes=2)).reached().at(0)
    assert_allclose(made.value, want)
    assert np.isnan(made.upper) == np.isnan(want)


def test_those_who_come_can_seem_quickest_where_most_never_come() -> None:
    """Of a hundred, ten come on day 5 and the others die; elsewhere all come, by day 10 the half of them."""
    day = np.concatenate([np.repeat([5, 20], [10, 90]), np.repeat([5, 10, 15], [30, 40, 30])])
    cause = np.concatenate([np.repeat([1, 2], [10, 90]), np.ones(100, int)])
    curve = aalen_johansen(FollowUp.of(day, cause, causes=2, group=np.repeat([0, 1], 100), shape=(2,)))
    assert curve.reached_among_events(15)[:, 0].tolist() == [5, 10]
    assert curve.reached().value[:, 0].tolist() == [np.inf, 10]


def test_nothing_is_said_after_the_end_of_follow_up_but_of_those_of_whom_nobody_is_left() -> None:
    day, group = np.array([5, 9, 5, 20, 30]), np.array([0, 0, 1, 1, 1])
    counts = FollowUp.of(day, np.array([1, 1, 1, 1, 0]), causes=1, group=group, shape=(3,))
    survival = kaplan_meier(counts)
    assert_allclose(survival.at([8, 30, 31, 500]).value[0], [0.5, 0, 0, 0])
    assert np.isnan(survival.at([30, 31]).value[1]).tolist() == [False, True]
    assert np.isnan(survival.at([0, 30]).value[2]).all()
    assert np.isnan(restricted_mean(counts, 31).value).tolist() == [False, True, True]


@pytest.mark.parametrize("change", ["missing", "too many"])
def test_a_group_with_an_impossible_count_is_missing_and_leaves_the_others_alone(change: str) -> None:
    events = COUNTS.events.copy()
    events[1, 0, 40] = np.nan if change == "missing" else COUNTS.at_risk[1, 40] + 1
    made, whole = (aalen_johansen(one).at([7, 40]) for one in (replace(COUNTS, events=events), COUNTS))
    for name in Values.__slots__:
        assert_allclose(getattr(made, name)[[0, 2]], getattr(whole, name)[[0, 2]])
    assert np.isnan(made.at((1, slice(None), 1)).value).all()


@pytest.mark.parametrize(
    ("day", "cause", "entry", "group", "word"),
    [
        (-1, 1, None, 0, "day -1"),
        (400, 1, None, 0, "day 400"),
        (5, 3, None, 0, "cause 3"),
        (5, -1, None, 0, "cause -1"),
        (5, 1, None, 7, "group 7"),
        (5, 1, 5, 0, "not after its entry"),
        (0, 1, 0, 0, "not after its entry"),
    ],
)
def test_an_episode_that_cannot_be_is_refused_by_its_number(
    day: int, cause: int, entry: int | None, group: int, word: str
) -> None:
    second = np.array([3, entry]) if entry is not None else None
    with pytest.raises(ValueError, match=f"Episode 1.*{word}"):
        FollowUp.of(
            np.array([9, day]),
            np.array([0, cause]),
            causes=2,
            entry=second,
            group=np.array([0, group]),
            shape=(3,),
            days=365,
        )


def test_columns_of_a_byte_are_counted_as_others() -> None:
    persons = _persons(np.random.default_rng(8), 300)
    small = {name: part.astype(np.int8) for name, part in persons.items()}
    for name in PARTS:
        assert (getattr(_counted(small), name) == getattr(_counted(persons), name)).all()


def test_counts_at_other_times_cannot_be_added() -> None:
    with pytest.raises(ValueError, match="same number of days"):
        COUNTS + FollowUp.of(np.array([3]), np.array([1]), causes=2)


def _draws(rng: Any, draws: int, n: int) -> FollowUp:
    """Every day 2 % have the service and 0.5 % die; all are censored by day 120 or, one in a hundred a day, before."""
    wait, death, gone = (rng.geometric(risk, draws * n) for risk in (0.02, 0.005, 0.01))
    day = np.minimum(np.minimum(wait, death), np.minimum(gone, 120))
    cause = np.where(wait == day, 1, np.where(death == day, 2, 0))
    return FollowUp.of(day, cause, causes=2, group=np.repeat(np.arange(draws), n), shape=(draws,), days=120)


def _true(day: Any) -> Any:
    """Incidence on a day: the service comes first where both come on the same."""
    any_ = 1 - 0.98 * 0.995
    return np.array([0.02, 0.98 * 0.005]) / any_ * (1 - (1 - any_) ** np.asarray(day)[..., None])


@pytest.mark.parametrize(("n", "tolerance"), [(60, 0.02), (500, 0.012)])
def test_intervals_cover(n: int, tolerance: float) -> None:
    counts = _draws(np.random.default_rng(5), 3000, n)
    incidence, lost = aalen_johansen(counts).at(30), time_lost(counts, 60)
    area = _true(np.arange(60)).sum(0)
    for cause in (0, 1) if n > 60 else (0,):
        assert covered(incidence.at((..., cause)), _true(30)[cause]) == pytest.approx(0.95, abs=tolerance)
        assert covered(lost.at((..., cause)), area[cause]) == pytest.approx(0.95, abs=tolerance)
    assert covered(restricted_mean(counts, 60), 60 - area.sum()) == pytest.approx(0.95, abs=tolerance)
    median = kaplan_meier(counts).reached()
    true = np.ceil(np.log(0.5) / np.log(0.98 * 0.995))
    assert 0.94 < covered(median, true) < 0.99  # days are whole, so that limits lie a little too far out


def test_those_who_die_as_others_do_have_a_relative_survival_of_one() -> None:
    """Rates by cell and day, of which the cells differ: what is expected is what was drawn."""
    rng = np.random.default_rng(6)
    rate = np.array([0.002, 0.01])[:, None] * np.linspace(1, 2, 101)
    cell = np.repeat([0, 1], [60_000, 30_000])
    risk = -np.expm1(-rate)
    free = np.concatenate([np.ones((2, 1)), np.cumprod(1 - risk[:, 1:], -1)], -1)
    day = (rng.random(90_000)[:, None] < free[cell, 1:]).sum(-1) + 1
    counts = FollowUp.of(np.minimum(day, 100), (day <= 100) * 1, causes=1, group=cell, shape=(2,))
    made = excess_mortality(counts, rate, [50, 100])
    assert_allclose(made.expected, made.observed.value, rtol=0.01)
    assert ((made.relative.lower < 1) & (made.relative.upper > 1)).all()
    assert ((made.deaths.lower < 0) & (made.deaths.upper > 0)).all()
    more = excess_mortality(counts, rate - 0.001, [50, 100])
    assert_allclose(more.relative.value, made.relative.value * np.exp(-0.001 * np.array([50, 100])), rtol=ROUNDING)
    assert (more.deaths.lower > 0).all()


def test_where_nobody_is_left_there_is_an_excess_and_no_ratio() -> None:
    counts = FollowUp.of(np.array([3, 8]), np.array([1, 1]), causes=1, shape=(1,))
    made = excess_mortality(counts, np.full((1, 9), 0.01), [5, 9])
    assert_allclose(made.deaths.value, np.exp([-0.05, -0.08]) - [0.5, 0.0])
    assert np.isnan(made.relative.value).tolist() == [False, True]
