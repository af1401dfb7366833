"""What is shown beside hidden cells leaves each small one in the doubt that it needs, by those who try every table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array, vstack

from lighed.core.errors import ReleaseError
from lighed.disclosure.attack import intervals
from lighed.disclosure.flows import MARGIN, Table, doubt, price, quotients, suppress
from tests.disclosure.cubes import Cube, every_table, flagged, golden, large, of_two_levels, weighted
from tests.disclosure.tables import QUICK
from tests.golden import Row

# Below which count a figure is small in each golden case.
LIMITS = {
    "01_textbook_15": 2,
    "02_mun_accidents_max3": 4,
    "03_mun_accidents_max3_zeros_open": 4,
    "05_d2_hierarchy": 3,
    "06_d2_3way": 5,
    "07_linked_geo_eu_year": 2,
    "08_three_linked_tables": 3,
    "09_time_Q1": 16,
}
NO_MORE = 1.1  # times as many as the other program hides, where it meets the need as well


def priced(cube: Cube, *, zeros: bool = False) -> Any:
    """What hiding a figure costs; that of a zero as well if zeros are small."""
    cost = price(cube.figures, np.log10(cube.totals.sum(axis=1)))
    return np.where(np.isinf(cost), 1.0, cost) if zeros else cost


def tabled(cube: Cube, cost: Any) -> Table:
    return Table.of(cube.sums, cube.counts, cube.cells(cost, 1.0))


def protected(table: Table, cube: Cube, small: Any, k: int) -> Any:
    """What is hidden of the figures, then of the measures; the records are published as figures or not at all."""
    figures, cells = len(small), len(cube.counts)
    hidden = np.concatenate([cube.cells(small, True), np.zeros(len(table.value) - cells, bool)])
    need = np.stack([table.value, table.value], -1)
    need[:figures] = doubt(k)
    found = suppress(table, hidden, need, name=lambda cell: " ".join(cube.keys[cell]))
    return np.delete(found, np.s_[figures:cells])


def below_need(cube: Cube, hidden: Any, small: Any, k: int, *said: Any) -> int:
    """How many small figures an attack leaves in too little doubt; `said` are rows and their limits."""
    rows, ends = cube.sums, np.zeros((2, cube.sums.shape[0]))
    if said:
        rows, ends = csr_array(vstack([rows, said[0]])), np.concatenate([ends, said[1:]], axis=1)
    shown = cube.cells(np.where(hidden, np.nan, cube.figures), np.nan)
    limits = intervals(rows, shown, *ends, asked=cube.cells(small, False))
    lower, upper = (limit[: len(small)][small] for limit in limits)
    return int((~((lower <= 1) & (upper >= k - 1) & (upper - lower >= k))).sum())


@pytest.mark.parametrize(("name", "k"), LIMITS.items(), ids=str)
def test_golden_cases_leave_doubt_and_hide_no_more_than_the_other_program_where_it_does(name: str, k: int) -> None:
    cube, rows = golden(name)
    small, other = flagged(rows, "primary"), flagged(rows, "supB" if "supB" in rows[0] else "suppressed")
    hidden = protected(tabled(cube, priced(cube, zeros=bool(small[cube.figures == 0].any()))), cube, small, k)
    assert hidden[small].all()
    assert below_need(cube, hidden, small, k) == 0
    assert hidden.sum() <= NO_MORE * other.sum() or below_need(cube, other, small, k) > 0


def second(name: str) -> tuple[Cube, list[Row], Any, Any]:
    """A second publication: what the first one showed of it, and what the second one hides."""
    _, first = golden("09_time_Q1")
    cube, rows = golden(name)
    out = {(row["quarter"], row["main_income"], row["size"]) for row in first if row["suppressed"] == "FALSE"}
    return cube, rows, np.array([key in out for key in cube.keys]), flagged(rows, "suppressed")


def test_what_was_shown_before_stays_shown_and_the_rest_minds_it() -> None:
    cube, _, out, _ = second("11_time_Q1Q2_naive")
    k, small = 5, (cube.figures > 0) & (cube.figures < 5)
    hidden = protected(tabled(cube, np.where(out, np.inf, priced(cube))), cube, small, k)
    assert not hidden[out].any()
    assert below_need(cube, hidden, small, k) == 0


def test_a_publication_that_does_not_mind_the_one_before_is_refused_with_the_cells_named() -> None:
    cube, rows, out, hidden = second("11_time_Q1Q2_naive")
    table = tabled(cube, np.where(out | ~hidden, np.inf, 1.0))
    with pytest.raises(ReleaseError) as refused:
        protected(table, cube, flagged(rows, "primary") & ~out, 16)
    assert "Q2 pensions small" in refused.value.sentence("da")
    assert "Q2 pensions small" in refused.value.sentence("en")


def slopes(persons: Cube) -> csr_array:
    """The slope index per 100,000 of each area's groups of education, as sums of its cases, shape (area, figure)."""
    at = {key: k for k, key in enumerate(persons.keys)}
    areas = [area for area, edu, sex in persons.keys if edu == sex == "Total"]
    rows = np.zeros((len(areas), len(at)))
    for row, area in zip(rows, areas, strict=True):
        groups = [at[area, edu, "Total"] for edu in ("10", "20", "30", "40", "50")]
        n = persons.figures[groups]
        rank = (np.cumsum(n) - n / 2) / n.sum() - 0.5
        row[groups] = 1e5 * rank / (n * rank**2).sum()
    return csr_array(rows)


def test_a_large_cube_hides_no_more_than_the_bar_and_leaves_doubt() -> None:
    cube = large("2023")
    small = (cube.figures > 0) & (cube.figures < 5)
    hidden = protected(tabled(cube, priced(cube)), cube, small, 5)
    assert small.sum() == 190
    assert hidden.sum() <= 378
    assert below_need(cube, hidden, small, 5) == 0


def test_with_the_slope_indices_of_all_areas_a_large_cube_hides_no_more_than_the_bars_and_leaves_doubt() -> None:
    cube, rows = large("2023"), slopes(large("2023", count="pop"))
    small, exact = (cube.figures > 0) & (cube.figures < 5), rows @ cube.figures
    said = rows, np.round(exact) - 0.5, np.round(exact) + 0.5
    areas = len(exact)
    table = tabled(cube, priced(cube)).with_measures(*said, np.ones(areas))
    hidden, measures = np.split(protected(table, cube, small, 5), [len(small)])
    assert areas == 104
    assert hidden.sum() <= 410
    assert measures.sum() <= 25
    shown = ~measures
    assert below_need(cube, hidden, small, 5, *(part[shown] for part in said)) == 0


Said = tuple[csr_array, Any, Any]  # rows of the figures, and their limits


@st.composite
def small_cubes(draw: Any) -> tuple[Cube, Said | None]:
    """A cube of up to ten persons, and maybe a measure that was printed of it: a sum with weights or a quotient."""
    counts = draw(st.lists(st.sampled_from([0, 0, 1, 2, 2, 3, 4]), min_size=8, max_size=8))
    cube = of_two_levels(counts if 0 < sum(counts) <= 10 else [2, 0, 1, 1, 0, 2, 3, 0])
    top = weighted(cube, draw(st.lists(st.integers(-3, 3), min_size=8, max_size=8).filter(any)))
    unit, kind = draw(st.sampled_from([0.2, 1.0, 4.0])), draw(st.sampled_from(["none", "sum", "quotient"]))
    if kind == "sum":
        lower, upper = ends(top @ cube.figures, unit)
        return cube, (top, lower, upper)
    bottom = weighted(cube, 1 + (np.arange(8) > 3))
    if kind == "none":
        return cube, None
    return cube, quotients(top, bottom, *ends((top @ cube.figures) / (bottom @ cube.figures), unit))


def ends(exact: Any, unit: float) -> tuple[Any, Any]:
    """Between what is printed alike."""
    printed = np.round(exact / unit) * unit
    return printed - unit / 2, printed + unit / 2


def in_doubt(figures: Any, small: Any, k: int) -> bool:
    """Whether each small figure is each of 0 to k in one of some tables."""
    return all((figures[:, small] == count).any(axis=0).all() for count in range(k + 1))


def agreeing(cube: Cube, shown: Any, said: Said | None) -> Any:
    """The figures of every table that agrees with those that are shown, and with what a measure says."""
    figures = every_table(int(cube.records.sum()), 8) @ cube.totals.T.toarray()
    figures = figures[(figures[:, shown] == cube.figures[shown]).all(axis=1)]
    if said is None:
        return figures
    rows, lower, upper = said
    return figures[((figures @ rows.T >= lower) & (figures @ rows.T <= upper)).all(axis=1)]


@QUICK
@given(small_cubes(), st.sampled_from([2, 3]), st.booleans(), st.sampled_from([0.1, 100.0, np.inf]))
def test_whoever_tries_every_table_is_left_in_doubt_or_the_table_is_refused_for_it_must_be(
    measured: tuple[Cube, Said | None], k: int, zeros: bool, of_measure: float
) -> None:
    """The grand total is always shown, so that there is an end of tables; zeros may be hidden or not."""
    cube, said = measured
    small, cost = (cube.figures > 0) & (cube.figures < k), priced(cube, zeros=zeros)
    small[0], cost[0] = False, np.inf
    table = tabled(cube, cost)
    if said:
        table = table.with_measures(*said, np.full(len(said[1]), of_measure))
    always = np.isinf(cost) & ~small
    try:
        hidden, measure = np.split(protected(table, cube, small, k), [len(small)])
    except ReleaseError:
        assert not in_doubt(agreeing(cube, always, with_margin(cube, said) if np.isinf(of_measure) else None), small, k)
    else:
        assert hidden[small].all()
        assert not hidden[always].any()
        assert not (measure.any() and np.isinf(of_measure))
        assert in_doubt(agreeing(cube, ~hidden, None if measure.any() else said), small, k)


def with_margin(cube: Cube, said: Said | None) -> Said | None:
    """What is said, with limits as near as those that a witness is held to."""
    if said is None:
        return None
    rows, *limits = said
    exact = rows @ cube.figures
    lower, upper = (exact + MARGIN * (limit - exact) for limit in limits)
    return rows, lower, upper


@pytest.mark.parametrize(("least", "refused"), [(0, False), (4, False), (5, True)])
def test_what_the_reader_knows_of_the_other_cells_is_minded(least: int, refused: bool) -> None:
    """A total of 9 that is always shown, of which the first part must be able to be 5."""
    table = Table.of(csr_array([[1, -1, -1]]), [9, 3, 6], [np.inf, 1, 1], least=np.array([0, 0, least]))
    try:
        found = suppress(table, np.array([False, True, False]), np.array([[9, 9], [0, 5], [6, 6]]))
    except ReleaseError:
        assert refused
    else:
        assert not refused
        assert found.tolist() == [False, True, True]


def test_a_measure_that_leaves_both_ends_of_a_count_but_nothing_between_is_hidden() -> None:
    """Of a total of 9, the first part less three times the last was printed as 0: it is 0 or 3, not 1 or 2."""
    table = Table.of(csr_array([[1, -1, -1, -1]]), [9, 3, 5, 1], [np.inf, 1, 1, 1])
    table = table.with_measures(csr_array([[0, 1, 0, -3]]), np.array([-0.5]), np.array([0.5]), np.array([100.0]))
    small = np.arange(5) == 1
    assert suppress(table, small, np.tile([0, 3], (5, 1)))[-1]


@QUICK
@given(st.lists(st.integers(0, 4), min_size=8, max_size=8).filter(any))
def test_the_rows_of_a_printed_quotient_say_what_it_says(records: list[int]) -> None:
    cube = of_two_levels(records)
    top, bottom = weighted(cube, np.arange(8) < 4), weighted(cube, np.ones(8))
    rows, lower, upper = quotients(top, bottom, np.array([0.25]), np.array([0.5]))
    said = rows @ cube.figures
    assert ((lower <= said) & (said <= upper)).all() == (0.25 <= sum(records[:4]) / sum(records) <= 0.5)
