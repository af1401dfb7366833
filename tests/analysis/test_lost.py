"""Who is lost where, and the gap between and within municipalities: made of what is shown, and checked by hand."""

from __future__ import annotations

from itertools import product

import pytest

from lighed.analysis.lost import lost
from lighed.analysis.units import MEASURES, units
from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.types import COUNTRY

PLANNED, STARTED = "rehabilitation.planned", "rehabilitation.started"
STEPS = (PLANNED, STARTED, "rehabilitation.completed")
LEVELS = ("short", "medium", "long")
SHARES = {"short": (0.5, 0.5, 0.5), "medium": (0.5, 0.6, 0.75), "long": (0.5, 0.8, 0.5)}


def chain(*, without: str | None = None) -> Estimates:
    """A hundred of each group along the three steps; one group may be hidden at a step."""
    rows = []
    for level in LEVELS:
        n = 100
        for step, share in zip(STEPS, SHARES[level], strict=True):
            rows.append((step, level, n, round(n * share)))
            n = round(n * share)
    kept = [row for row in rows if row[:2] != (STARTED, without)]
    names = ("indicator", "level", "n", "events")
    columns = {name: [row[k] for row in kept] for k, name in enumerate(names)}
    return Estimates.of(**columns, area=COUNTRY, period="2024", stratifier="education", measure="crude", flags="")


def test_all_who_are_lost_are_shared_out_over_steps_and_groups(catalogue: Catalogue) -> None:
    rows = lost(chain(), catalogue).rows()
    found = {(row["indicator"], row["level"]): row["events"] for row in rows}
    # 50 of each group at the plan; then 25, 20 and 10; then of 25, 30 and 40 go 12 (a half, rounded to even), 22 and 20
    due = dict(zip(product(STEPS, LEVELS), (50, 50, 50, 25, 20, 10, 13, 8, 20), strict=True))
    assert found == due
    assert {row["n"] for row in rows} == {sum(due.values())}
    assert sum(row["value"] for row in rows) == pytest.approx(100)


def test_nothing_is_shared_out_where_a_group_is_hidden(catalogue: Catalogue) -> None:
    assert len(lost(chain(without="medium"), catalogue)) == 0


def of_units(whole: dict[str, tuple[int, int]], **towns: dict[str, tuple[int, int]]) -> Estimates:
    """Persons and those who came, of the short- and the long-educated, in the country and in municipalities."""
    rows = [
        (area.removeprefix("m"), level, *pair)
        for area, pairs in {COUNTRY: whole, **towns}.items()
        for level, pair in pairs.items()
    ]
    columns = {name: [row[k] for row in rows] for k, name in enumerate(("area", "level", "n", "events"))}
    same = {"indicator": STARTED, "period": "2024", "stratifier": "education", "measure": "crude", "flags": ""}
    return Estimates.of(**columns, **same)


def parts(made: Estimates) -> dict[str, float]:
    return {row["measure"]: row["value"] for row in made.rows()}


def test_groups_that_live_apart_and_are_treated_alike_have_a_gap_between_units(catalogue: Catalogue) -> None:
    slow = {"short": (80, 40), "long": (20, 10)}
    quick = {"short": (20, 16), "long": (80, 64)}
    made = units(of_units({"short": (100, 56), "long": (100, 74)}, m0101=slow, m0851=quick), catalogue)
    assert parts(made) == {"gap_between_units": pytest.approx(18), "gap_within_units": pytest.approx(0)}


def test_groups_that_live_together_and_are_treated_differently_have_a_gap_within_units(catalogue: Catalogue) -> None:
    town = {"short": (50, 25), "long": (50, 40)}
    made = units(of_units({"short": (100, 50), "long": (100, 80)}, m0101=town, m0851=town), catalogue)
    assert parts(made) == {"gap_between_units": pytest.approx(0), "gap_within_units": pytest.approx(30)}


def test_the_municipalities_that_are_not_shown_are_one_unit(catalogue: Catalogue) -> None:
    """The rest is 80 and 20 persons of whom a half came, as in the first test: whoever subtracts can work it out."""
    quick = {"short": (20, 16), "long": (80, 64)}
    whole = {"short": (100, 56), "long": (100, 74)}
    made = units(of_units(whole, m0851=quick), catalogue)
    assert parts(made) == {"gap_between_units": pytest.approx(18), "gap_within_units": pytest.approx(0)}
    halved = {level: (n // 2, events // 2) for level, (n, events) in quick.items()}
    other = parts(units(of_units(whole, m0851=halved), catalogue))
    assert sum(other.values()) == pytest.approx(18)  # the gap is that of the country, however it is split


@pytest.mark.parametrize(
    "town", [{"short": (1, 1), "long": (50, 40)}, {"short": (0, 0), "long": (50, 40)}, {"long": (50, 40)}], ids=str
)
def test_a_municipality_with_too_few_of_a_group_is_no_unit_of_its_own(
    town: dict[str, tuple[int, int]], catalogue: Catalogue
) -> None:
    whole, other = {"short": (100, 50), "long": (100, 80)}, {"short": (40, 20), "long": (40, 30)}
    assert len(units(of_units(whole, m0101=town), catalogue)) == 0
    alone = units(of_units(whole, m0851=other), catalogue)
    assert units(of_units(whole, m0851=other, m0101=town), catalogue).rows() == alone.rows()
    assert len(alone) == len(MEASURES)


def test_intervals_are_those_of_shares_that_are_known_from_so_many(catalogue: Catalogue) -> None:
    town = {"short": (50, 25), "long": (50, 40)}
    rows = units(of_units({"short": (100, 50), "long": (100, 80)}, m0101=town, m0851=town), catalogue).rows()
    (within,) = (row for row in rows if row["measure"] == MEASURES[1])
    assert within["se"] == pytest.approx(100 * (2 * (0.25 / 49 + 0.16 / 49) / 4) ** 0.5)
