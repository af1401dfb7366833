"""States over time: they add up, nobody moves between one time and the next, and the start is drawn as well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from lighed.stats import FollowUp, Values, occupation
from tests.stats.samples import covered

ROUNDING = 1e-12


def _of(stays: list[tuple[int, int, int, int]], states: int = 3, **others: Any) -> FollowUp:
    """From stays of (state, last day before it, day of leaving it, state moved to or 0); states from 1."""
    here, came, left, to = np.array(stays).T
    return FollowUp.of(left, to, causes=states, entry=came, group=here - 1, shape=(states,), **others)


WORK = [(1, -1, 5, 2), (1, -1, 9, 3), (2, 5, 20, 1), (1, 20, 30, 0), (1, -1, 30, 0), (2, -1, 30, 1)]
START = np.array([3.0, 1.0, 0.0])


def test_states_add_up_to_one_and_the_time_in_them_to_the_horizon() -> None:
    made = occupation(_of(WORK), START)
    for day in (0, 5, 12.5, 30):
        assert_allclose(made.at(day).value.sum(), 1, rtol=ROUNDING)
        assert_allclose(made.time_in(day).value.sum(), day, rtol=ROUNDING)
    assert_allclose(made.at(10).value, [1 / 4, 2 / 4, 1 / 4], rtol=ROUNDING)


def test_between_two_times_nobody_moves_and_time_goes_on() -> None:
    """By days, and by the times at which something happens alone."""
    counts = _of(WORK)
    some = [0, 5, 6, 9, 20, 21, 30]
    parts = (getattr(counts, name)[..., some] for name in ("entered", "events", "censored"))
    few = FollowUp(counts.time[some], *parts)
    one, two = occupation(counts, START), occupation(few, START)
    for day in (4, 15, 27.5):
        for name in ("value", "se"):
            assert_allclose(getattr(one.at(day), name), getattr(two.at(day), name), rtol=ROUNDING)
            assert_allclose(getattr(one.time_in(day), name), getattr(two.time_in(day), name), rtol=ROUNDING)


def test_where_nobody_has_moved_yet_the_error_is_that_of_a_share_at_the_start() -> None:
    made = occupation(_of(WORK), START)
    assert_allclose(made.at(3).se[:2], np.sqrt(0.75 * 0.25 / 4), rtol=ROUNDING)
    assert_allclose(made.time_in(3).se[:2], 3 * np.sqrt(0.75 * 0.25 / 4), rtol=ROUNDING)
    assert np.isnan(made.at(3).se[2])


def test_who_moves_to_the_state_that_he_is_in_has_stayed() -> None:
    split = [*WORK[:4], (1, -1, 12, 1), (1, 12, 30, 0), WORK[5]]
    one, two = occupation(_of(WORK), START).at(30), occupation(_of(split), START).at(30)
    for name in Values.__slots__:
        assert_allclose(getattr(one, name), getattr(two, name), rtol=ROUNDING)


@pytest.mark.parametrize(("day", "known"), [(-1, False), (0, True), (30, True), (31, False)])
def test_nothing_is_said_before_the_start_or_after_the_end(day: int, known: bool) -> None:
    assert np.isfinite(occupation(_of(WORK), START).at(day).value).all() == known


def test_when_all_are_dead_it_is_known_for_ever() -> None:
    made = occupation(_of([(1, -1, 4, 3), (1, -1, 6, 2), (2, 6, 8, 3)]), np.array([2.0, 0.0, 0.0]))
    assert_allclose(made.at(500).value, [0, 0, 1], atol=ROUNDING)
    assert_allclose(made.time_in(500).value, [5, 1, 494], rtol=ROUNDING)


def test_intervals_cover_among_people_who_come_and_go() -> None:
    """Each day 5 % fall ill, 20 % get well, and 1 % of the ill retire; half are ill at the start."""
    rng = np.random.default_rng(1)
    draws, n, days = 600, 150, 40
    day_moves = np.array([[0.95, 0.05, 0], [0.2, 0.79, 0.01], [0, 0, 1]])
    state = (rng.random((draws, n)) < 0.5).astype(int)
    start = np.stack([(state == k).sum(-1) for k in range(3)], -1).astype(float)
    events, at_risk = np.zeros((draws, 3, 3, days + 1)), np.zeros((draws, 3, days + 1))
    for day in range(1, days + 1):
        after = (rng.random((draws, n))[..., None] > day_moves.cumsum(-1)[state]).sum(-1)
        for here in range(3):
            at_risk[:, here, day] = (state == here).sum(-1)
            for to in range(3):
                events[:, here, to, day] = ((state == here) & (after == to)).sum(-1)
        state = after
    stay = events.sum(-2)
    made = occupation(FollowUp(np.arange(days + 1.0), at_risk, events, at_risk - stay), start)
    true, spent = np.array([0.5, 0.5, 0]), np.zeros(3)
    for _ in range(days):
        spent, true = spent + true, true @ day_moves
    for one in range(3):
        assert covered(made.at(days).at((..., one)), true[one]) == pytest.approx(0.95, abs=0.025)
    for one in range(2):
        assert covered(made.time_in(days).at((..., one)), spent[one]) == pytest.approx(0.95, abs=0.025)
