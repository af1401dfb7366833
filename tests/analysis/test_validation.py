"""The points of a form against the need: counted as by hand, and what was planted is found; faults are refused."""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from typing import Any

import ibis
import numpy as np
import pytest

from lighed import stats
from lighed.analysis.parts import Told
from lighed.analysis.validation import scores
from lighed.catalogue import Catalogue
from lighed.catalogue.check import check
from lighed.core.errors import DefinitionError
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.types import COUNTRY, UNKNOWN
from lighed.core.validation import Validation
from lighed.sources.synthetic.happenings import LEVELS
from tests.conftest import Synthetic

NAME = "discharge_needs_score"
NEED = f"{NAME}.need"
BANDS = {"no_band": (0, 1), "some": (2, 3), "more": (4, 8)}  # the points of each
Row = dict[str, Any]


# --- counted by hand


def towns(catalogue: Catalogue) -> list[str]:
    return [code for code, area in catalogue.areas.items() if area.kind == "municipality"]


def patients(catalogue: Catalogue) -> list[Row]:
    """Patients with some numbers of points, without points, and with impossible ones; in some towns none counts."""
    given = [0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, None, 9.0, -1.0, 2.5]
    fates, levels = ["reached", "lost", "lost", "died", "open", "before"], [*LEVELS, UNKNOWN]
    rng = np.random.default_rng(3)
    return [
        {"year": 2024, "area": town, "amount": amount, "excluded": None}
        | {"need_fate": str(rng.choice(fates)), "education": str(rng.choice(levels))}
        for town in towns(catalogue)
        for amount in given
    ]


def by_hand(rows: list[Row], level: str | None, need: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    n, events = np.zeros(9), np.zeros(9)
    for row in rows:
        if row["need_fate"] in {"reached", "lost"} and row["amount"] in range(9) and level in {None, row["education"]}:
            n[int(row["amount"])] += 1
            events[int(row["amount"])] += row["need_fate"] == need
    return n, events


def made(catalogue: Catalogue, by: str | None, **changed: Any) -> Estimates:
    validation = catalogue.validations[NAME].model_copy(update=changed)
    kinds = {"amount": "float64", "excluded": "int32", "year": "int32"}
    table = ibis.memtable(patients(catalogue)).cast(kinds)
    told = Told(validation, table, catalogue, towns(catalogue), [catalogue.stratifiers[by] if by else None])
    return Estimates.concat([*scores(told)]).where(area=COUNTRY)


@pytest.mark.parametrize("need", ["reached", "lost"])
@pytest.mark.parametrize("by", [None, "education"])
def test_points_are_counted_as_by_hand(by: str | None, need: str, catalogue: Catalogue) -> None:
    """Without those who have no points or impossible ones, and without those of whom the need is not known."""
    rows = made(catalogue, by, need=need).where(measure="score").rows()
    for level in [*LEVELS, UNKNOWN] if by else [None]:
        n, events = by_hand(patients(catalogue), level, need)
        found = sorted((int(row["component"]), row["n"], row["events"]) for row in rows if row["level"] == level)
        assert found == [(points, *pair) for points, pair in enumerate(zip(n, events, strict=True))]


def test_what_is_worked_out_is_worked_out_of_these_counts(catalogue: Catalogue) -> None:
    rows = made(catalogue, "education").rows()
    found = {(row["measure"], row["level"], row["component"], row["scenario"]): row["value"] for row in rows}
    counts = {level: by_hand(patients(catalogue), level, "reached") for level in LEVELS}
    n, events = by_hand(patients(catalogue), None, "reached")
    expected = events / np.maximum(n, 1)
    missing: list[tuple[int, int]] = []
    for level, pair in counts.items():
        shares, fit = stats.thresholds(*pair), stats.calibration(*pair, expected)
        for start in (2, 4):
            missed, offered = shares.missed_need.value[start], shares.selection_rate.value[start]
            assert found["score_missed_need", level, str(start), None] == pytest.approx(100 * missed)
            assert found["score_selection_rate", level, str(start), None] == pytest.approx(100 * offered)
        area = stats.area_under_curve(*pair).value
        assert found["score_area_under_curve", level, None, None] == pytest.approx(float(area))
        assert found["score_calibration_slope", level, None, None] == pytest.approx(float(fit.slope.value))
        assert found["score_observed_over_expected", level, None, None] == pytest.approx(float(fit.ratio.value))
        benefit = stats.net_benefit(*pair, 0.3)
        of_form, of_all = float(benefit.form.value[2]), float(benefit.everyone.value)
        assert found["score_net_benefit", level, "2", "0.3"] == pytest.approx(1000 * of_form)
        assert found["score_net_benefit_all", level, "2", "0.3"] == pytest.approx(1000 * of_all)
        assert found["score_net_benefit_gain", level, "2", "0.3"] == pytest.approx(1000 * (of_form - of_all))
        missing.append((int(pair[1][:4].sum()), int(pair[1].sum())))
    gap = stats.equal_opportunity(*np.array(missing).T).value
    assert found["score_equal_opportunity", None, "4", None] == pytest.approx(100 * float(gap))


def test_dimensions_without_an_order_have_no_gap_between_ends(catalogue: Catalogue, synthetic: Synthetic) -> None:
    found = synthetic.estimates.where(measure="score_equal_opportunity").distinct("stratifier")
    assert "education" in found
    assert all(catalogue.stratifiers[name].ordered for name in found)


# --- in the synthetic population


@pytest.fixture(scope="module")
def found(synthetic: Synthetic) -> list[Row]:
    whole = synthetic.estimates.where(indicator=NEED, stratifier=["education"])
    return [row for row in whole.rows() if row["measure"].startswith("score") and row["flags"] != "immature"]


def true_needs(synthetic: Synthetic, year: int, level: str) -> list[np.ndarray[Any, Any]]:
    """Of those scored in each band, with fewest points first, how many are expected to have the need, and how many."""
    at = LEVELS.index(level)
    return [synthetic.truth.sums[f"need_after_{band}", year][:, at].sum(0) for band in BANDS]


def held(pairs: list[tuple[Row, float]]) -> float:
    return sum(row["lower"] <= due <= row["upper"] for row, due in pairs) / len(pairs)


def test_the_need_that_was_planted_is_found_at_each_number_of_points(found: list[Row], synthetic: Synthetic) -> None:
    pairs = []
    for row in found:
        if row["measure"] == "score" and row["area"] == COUNTRY and row["level"] in LEVELS and row["n"]:
            needs = true_needs(synthetic, int(row["period"]), row["level"])
            band = [low <= int(row["component"]) <= high for low, high in BANDS.values()].index(True)
            pairs.append((row, 100 * needs[band][0] / needs[band][1]))
    assert len(pairs) > 200
    assert held(pairs) == pytest.approx(0.95, abs=0.04)


def test_the_threshold_misses_as_many_as_were_planted(found: list[Row], synthetic: Synthetic) -> None:
    """And more of the short-educated, by as much."""
    pairs = []
    for row in found:
        if row["area"] == COUNTRY and row["component"] in {"2", "4"} and row["level"] != UNKNOWN:
            below = 1 if row["component"] == "2" else 2
            missed = {}
            for level in LEVELS:
                needs = [need for need, _ in true_needs(synthetic, int(row["period"]), level)]
                missed[level] = 100 * sum(needs[:below]) / sum(needs)
            if row["measure"] == "score_missed_need":
                pairs.append((row, missed[row["level"]]))
            if row["measure"] == "score_equal_opportunity":
                pairs.append((row, missed["short"] - missed["long"]))
                assert row["component"] == "4" or row["value"] > 0
    assert len(pairs) == 72
    assert held(pairs) > 0.88  # of 72 intervals of 95 %, fewer hold once in 100


def test_points_add_up_to_the_step_and_regions_to_the_country(synthetic: Synthetic, catalogue: Catalogue) -> None:
    rows = synthetic.estimates.where(indicator=NEED, stratifier=None, period="2020").rows()
    counts = defaultdict[tuple[str, str], list[int]](lambda: [0, 0])
    for row in rows:
        kind = catalogue.areas[row["area"]].kind
        if row["measure"] in {"crude", "score"} and kind in {"country", "region"}:
            counts[row["measure"], kind][0] += row["n"]
            counts[row["measure"], kind][1] += row["events"]
    assert len({tuple(pair) for pair in counts.values()}) == 1
    assert {kind for _, kind in counts} == {"country", "region"}
    assert {catalogue.areas[row["area"]].kind for row in rows if row["measure"] == "score"} == {"country", "region"}


def test_everybody_is_as_many_as_expected(synthetic: Synthetic) -> None:
    """Of the whole country by construction; so it is the regions and the groups that are told apart."""
    ratios = synthetic.estimates.where(indicator=NEED, stratifier=None, measure="score_observed_over_expected").rows()
    country = {row["period"]: row["value"] for row in ratios if row["area"] == COUNTRY}
    assert all(value == pytest.approx(1) for value in country.values())
    assert len({round(row["value"], 6) for row in ratios if row["period"] == "2020"}) == 6


def test_a_year_whose_visits_may_still_come_is_not_complete(synthetic: Synthetic) -> None:
    rows = synthetic.estimates.where(indicator=NEED, measure=["score", "score_missed_need"]).rows()
    flags = {(row["flags"], row["period"]) for row in rows if row["value"] is not None}
    assert {period for flag, period in flags if flag == "immature"} == {"2025"}
    assert {flag for flag, period in flags if period == "2025"} == {"immature"}


def test_a_released_validation_is_one_again(synthetic_release: Release, catalogue: Catalogue) -> None:
    opened = synthetic_release.pathways[NAME]
    assert isinstance(opened, Validation)
    assert opened == catalogue.validations[NAME].model_copy(update={"example": None})
    assert not isinstance(synthetic_release.pathways["discharge_needs"], Validation)


# --- definitions

FAULTS: dict[str, tuple[Row, str]] = {
    "a form that is not known": ({"form": "xylophone"}, "the form 'xylophone' is not known"),
    "a pathway that is not known": ({"cascade": "xylophone"}, "the cascade 'xylophone' is not known"),
    "another form's points": ({"form": "alcohol_screening"}, "are in 'alcohol_screening_scored'"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_held_against_a_need_is_refused(name: str, catalogue: Catalogue) -> None:
    fault, said = FAULTS[name]
    wrong = catalogue.validations[NAME].model_copy(update=fault)
    with pytest.raises(DefinitionError, match=re.escape(said)):
        check(dataclasses.replace(catalogue, pathways=catalogue.pathways | {NAME: wrong}))


@pytest.mark.parametrize("worth", [(), (0.0,), (1.0,)])
def test_a_worth_is_a_chance(worth: tuple[float, ...], catalogue: Catalogue) -> None:
    given = catalogue.validations[NAME].model_dump(mode="json", exclude={"example"})
    with pytest.raises(ValueError, match="worth"):
        Validation.model_validate(given | {"worth": worth})
