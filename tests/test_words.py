"""Numbers are written in every unit that a measure can have, in both languages."""

from __future__ import annotations

from typing import get_args

import pytest

from lighed.analysis.inequality import CHANGES, unit
from lighed.catalogue import Catalogue, load
from lighed.core.release import Release
from lighed.core.text import Lang, say, texts
from lighed.report.methods import explained
from lighed.report.words import amount, interval, written
from lighed.stats import MEASURES, TESTS, Measure

INDICATORS = load().indicators.values()


@pytest.mark.parametrize("lang", get_args(Lang))
@pytest.mark.parametrize("measure", MEASURES.values(), ids=str)
def test_every_measure_of_every_indicator_can_be_written(measure: Measure, lang: Lang) -> None:
    for indicator in INDICATORS:
        numbers = {"value": 1.5, "lower": -1.0, "upper": 2.5}
        row = {"measure": measure.id, "unit": unit(measure, indicator), "flags": "", **numbers}
        assert any(digit in written(row, lang) for digit in "12")
        assert interval(row, lang).startswith("(−1")


@pytest.mark.parametrize("lang", get_args(Lang))
def test_every_way_to_make_a_change_is_written_out(lang: Lang) -> None:
    words = [explained(method or "", lang, {}).split("; ") for method in CHANGES]
    left_out, known, independent = words
    assert left_out[0] == known[0] == say("method.same", lang)
    assert (left_out[1], known[1]) == (say("method.covariance_left_out", lang), say("method.with_covariance", lang))
    assert independent == [say("method.independent", lang)]


@pytest.mark.parametrize("made", ["denmark_release", "synthetic_release"])
def test_every_way_to_make_a_row_of_a_release_is_written_out(
    made: str, request: pytest.FixtureRequest, catalogue: Catalogue
) -> None:
    release: Release = request.getfixturevalue(made)
    ways = {way for area in release.areas for way in release.estimates(area).distinct("method")} - {""}
    assert len(ways) > 5
    assert [way for way in ways if {*way.split(", ")} & {*explained(way, "da", catalogue.standards).split("; ")}] == []


OF_SENDERS = {"funnel 1.25": "φ = 1,25", "drawn to the group's mean of senders": "hos de afsendere"}


@pytest.mark.parametrize(("way", "said"), OF_SENDERS.items())
def test_what_is_made_where_there_are_many_senders_is_written_out_too(way: str, said: str) -> None:
    assert said in explained(way, "da", {})


def test_an_absolute_measure_of_a_share_is_in_percentage_points() -> None:
    row = {"measure": "mean_difference_from_mean", "value": 1.5, "unit": "percent", "flags": ""}
    assert written(row, "da") == "1,5 procentpoint"


@pytest.mark.parametrize("name", TESTS)
def test_every_shape_has_a_name_and_a_meaning(name: str) -> None:
    for part in ("title", "meaning"):
        assert texts()[f"measure.{name}.{part}"].da != texts()[f"measure.{name}.{part}"].en


CHANCES = {
    0.0: ("p < 0,001", "p < 0.001"),
    0.00099: ("p < 0,001", "p < 0.001"),
    0.001: ("p = 0,001", "p = 0.001"),
    0.0496: ("p = 0,050", "p = 0.050"),
    1.0: ("p = 1,000", "p = 1.000"),
}


@pytest.mark.parametrize(("p", "said"), CHANCES.items())
def test_a_chance_is_written_with_three_decimals_or_as_below_them(p: float, said: tuple[str, str]) -> None:
    row = {"measure": "linearity", "value": p, "unit": "probability", "flags": ""}
    assert (written(row, "da"), written(row, "en")) == said


@pytest.mark.parametrize("name", sorted({key.split(".")[1] for key in texts() if key.startswith("unit.")}))
def test_every_unit_with_words_has_digits(name: str) -> None:
    assert "2" in amount(2.0, name, "da")
