"""The page of an indicator says when a slope index does not say it all: by what chance allows, and by what matters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from lighed.catalogue import load
from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang, texts
from lighed.core.types import COUNTRY
from lighed.disclosure import publish
from lighed.report.page import Folded, Table, Words
from lighed.report.pages import indicator
from lighed.report.sentences import shape
from lighed.report.view import View
from lighed.stats import TESTS
from lighed.store.engine import connect
from lighed.web.app import create_app
from tests.analysis.test_estimates import SHARE, town
from tests.browser import NARROW, WIDE, Visit, served
from tests.conftest import MADE
from tests.towns import Town

CATALOGUE = load()
TURNS = {"da": "Tallene går ikke jævnt op eller ned", "en": "The figures do not go steadily up or down"}
BENDS = {"da": "Tallene ligger ikke på en ret linje", "en": "The figures do not lie on a straight line"}
AREA = "0851"

Groups = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def released(folder: Path, groups: Groups) -> Release:
    made = town(SHARE, **dict(zip(("short", "medium", "long"), groups, strict=True))).estimates(connect(), "education")
    return publish(made, CATALOGUE.plans["synthetic"], CATALOGUE, folder, inputs={}, made=MADE)


def said(release: Release, lang: Lang) -> list[str]:
    """The paragraphs of the page that speak of the slope index."""
    page = indicator(View(release, CATALOGUE, lang, AREA), SHARE, by="education", look="equiplot")
    words = [block.text for block in page.blocks if isinstance(block, Words)]
    return [
        text for text in words if {"da": "hældningsindekset siger", "en": "slope index does not"}[lang] in text.lower()
    ]


SHAPES: dict[str, tuple[Groups, dict[Lang, str] | None]] = {
    "up and down": (((400, 100), (400, 200), (400, 110)), TURNS),
    "down and up": (((400, 200), (400, 100), (400, 190)), TURNS),
    "a step": (((400, 240), (400, 80), (400, 76)), BENDS),
    "a line": (((400, 240), (400, 160), (400, 80)), None),
    "a bend by accident": (((50, 25), (50, 16), (50, 17)), None),
    "a turn by accident": (((50, 20), (50, 24), (50, 20)), None),
    "a bend that is certain and does not matter": (((1500, 900), (1500, 525), (1500, 300)), None),
    "a turn that is certain and does not matter": (((1500, 900), (1500, 255), (1500, 300)), BENDS),
    "a turn that rests on few cases": (((300, 150), (300, 7), (300, 150)), None),
    "a hidden group": (((300, 150), (300, 4), (300, 150)), None),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("groups", "due"), SHAPES.values(), ids=SHAPES)
def test_the_page_says_that_a_gradient_turns_or_bends_where_that_is_certain_and_matters(
    groups: Groups, due: dict[Lang, str] | None, lang: Lang, tmp_path: Path
) -> None:
    found = said(released(tmp_path / "release", groups), lang)
    assert len(found) == (due is not None)
    assert all(due is not None and text.startswith(due[lang]) and "(2024, p " in text for text in found)


def rows(**numbers: float | None) -> Callable[[str], Any]:
    """Rows of tests and indices, by their names; what is not named holds."""
    given = {"monotonicity": 1.0, "index_of_relative_rank": 1.0, "linearity": 1.0, "linear_correlation": 1.0} | numbers
    made = {
        name: {"measure": name, "value": value, "period": "2024", "unit": TESTS[name].unit}
        | {"flags": "" if value is not None else "not_applicable"}
        for name, value in given.items()
    }
    return made.get


BOUNDS = [
    (rows(monotonicity=0.0499, index_of_relative_rank=0.89), TURNS),
    (rows(monotonicity=0.0499, index_of_relative_rank=-0.89), TURNS),
    (rows(monotonicity=0.05, index_of_relative_rank=0.1), None),
    (rows(monotonicity=0.0, index_of_relative_rank=0.9), None),
    (rows(monotonicity=0.0, index_of_relative_rank=-0.9), None),
    (rows(linearity=0.0499, linear_correlation=0.89), BENDS),
    (rows(linearity=0.0, linear_correlation=-0.9), None),
    (rows(monotonicity=0.0, index_of_relative_rank=0.1, linearity=0.0, linear_correlation=0.1), TURNS),
    (rows(monotonicity=None, index_of_relative_rank=0.1, linearity=None, linear_correlation=0.1), None),
    (rows(monotonicity=0.0, index_of_relative_rank=None, linearity=0.0, linear_correlation=None), None),
    ({}.get, None),
]


@pytest.mark.parametrize(("latest", "due"), BOUNDS)
def test_a_departure_is_said_below_a_chance_of_one_in_twenty_and_an_index_of_nine_tenths(
    latest: Callable[[str], Any], due: dict[Lang, str] | None
) -> None:
    assert [shape(latest, lang)[: len(due[lang]) if due else None] for lang in LANGUAGES] == [
        due[lang] if due else "" for lang in LANGUAGES
    ]


def test_of_very_many_groups_nobody_is_told_that_they_lie_on_no_line(tmp_path: Path) -> None:
    codes = CATALOGUE.stratifiers["municipality_by_poverty"].level_ids
    people = [
        {
            "person_id": 40 * k + j + 1,
            "year": 2024,
            "area": code,
            "sex": ("female", "male")[j % 2],
            "age": 30,
            "days": 366,
        }
        | {"employment": "unemployed" if j < (10, 30)[k % 2] else "employed"}
        for k, code in enumerate(codes)
        for j in range(40)
    ]
    made = Town([SHARE], people).estimates(connect(), None, "municipality_by_poverty")
    release = publish(made, CATALOGUE.plans["synthetic"], CATALOGUE, tmp_path / "release", inputs={}, made=MADE)
    view = View(release, CATALOGUE, "da", COUNTRY)
    assert shape(lambda name: view.index.latest(SHARE.id, "municipality_by_poverty", name), "da").startswith(
        TURNS["da"]
    )
    page = indicator(view, SHARE, by="municipality_by_poverty", look="equiplot")
    assert not any(TURNS["da"] in block.text for block in page.blocks if isinstance(block, Words))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tests_stand_among_the_measures_with_their_p_and_how_they_were_made(lang: Lang, tmp_path: Path) -> None:
    release = released(tmp_path / "release", SHAPES["up and down"][0])
    page = indicator(View(release, CATALOGUE, lang, AREA), SHARE, by="education", look="equiplot")
    (folded,) = (block for block in page.blocks if isinstance(block, Folded))
    (table,) = (block for block in folded.blocks if isinstance(block, Table))
    lines = {line[0].text: [cell.text for cell in line] for line in table.rows}
    named = {name: lines[texts()[f"measure.{name}.title"][lang]] for name in TESTS}
    assert named["monotonicity"][2] == {"da": "p < 0,001", "en": "p < 0.001"}[lang]
    assert {"da": "frihedsgrader: højst 2", "en": "degrees of freedom: at most 2"}[lang] in named["monotonicity"][4]
    assert {"da": "frihedsgrader: 1", "en": "degrees of freedom: 1"}[lang] in named["linearity"][4]
    assert {line[3] for line in named.values()} == {""}
    assert {line[5] for line in named.values()} == {texts()[f"measure.{name}.meaning"][lang] for name in TESTS}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    release = released(tmp_path_factory.mktemp("shape") / "synthetic", SHAPES["up and down"][0])
    with served(create_app([release.folder])) as found:
        yield found


@pytest.mark.browser
@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_sentence_stands_under_the_gap_and_in_the_twin(width: int, address: str, browser: Browser) -> None:
    visit = Visit(browser.new_page(viewport={"width": width, "height": 740}), address)
    page = visit.open(f"/da/synthetic/indicator/{SHARE.id}?by=education")
    assert visit.faults == []
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert visit.axe() == []
    assert visit.overflow() == 0
    sentence, below = page.get_by_text(TURNS["da"]), page.locator("#absolute-table")
    assert sentence.bounding_box()["y"] > below.bounding_box()["y"]  # type: ignore[index]
    twin = page.request.get(f"{address}/da/synthetic/indicator/{SHARE.id}.json?by=education").text()
    assert sentence.inner_text() in twin
    assert {row["measure"] for row in json.loads(twin)["rows"]} >= TESTS.keys()
    page.close()
