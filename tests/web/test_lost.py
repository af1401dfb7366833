"""The looks at who is lost in a pathway and why, on a small release that was counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lighed.catalogue import Catalogue
from lighed.core.estimates import Estimates
from lighed.core.text import Lang
from lighed.core.types import COUNTRY
from lighed.disclosure import publish
from lighed.report import pages
from lighed.report.page import Figure, Page, Table, Words
from lighed.report.view import View
from tests.conftest import MADE

STEPS = ("rehabilitation.planned", "rehabilitation.started", "rehabilitation.completed")
END = "rehabilitation.completed.all"
REACHED = {"short": (1000, 500, 250, 100), "medium": (1000, 600, 400, 300), "long": (1000, 800, 700, 600)}
WHY = {"transport_cost": (100, 20, 5), "no_show": (100, 80, 35), "not_stated": (50, 100, 60)}
EXCEPTED = {"postponed": (7, 8, 9), "not_stated": (13, 22, 41)}
FATE = {"died": (30, 20, 10), "excepted": (10, 10, 10), "emigrated": (0, 0, 0), "excluded": (7, 8, 9)}

Look = Callable[..., Page]


def rows() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for at, (level, reached) in enumerate(REACHED.items()):
        steps = [*zip(STEPS, reached, reached[1:], strict=False), (END, reached[0], reached[-1])]
        made += [row(of, level, "crude", None, n, events) for of, n, events in steps]
        lost = reached[1] - reached[2]
        made += [row(STEPS[1], level, "reason", name, lost, counts[at]) for name, counts in WHY.items()]
        made += [row(STEPS[1], level, "fate", "excepted", reached[1] + 50, sum(n[at] for n in EXCEPTED.values()))]
        made += [row(STEPS[1], level, "exception", name, reached[1] + 50, n[at]) for name, n in EXCEPTED.items()]
        made += [row(STEPS[2], level, "exception", "postponed", reached[2], (0, 3, 4)[at])]
        made += [row(STEPS[0], level, "fate", name, 1040, counts[at]) for name, counts in FATE.items()]
    return made


def row(of: str, level: str, measure: str, component: str | None, n: int, events: int) -> dict[str, Any]:
    share = 100 * events / n
    numbers = {"value": share, "lower": share - 1, "upper": share + 1, "n": n, "events": events}
    return {"indicator": of, "level": level, "measure": measure, "component": component} | numbers


@pytest.fixture(scope="module")
def look(catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Look:
    columns = {name: [each[name] for each in rows()] for name in rows()[0]}
    same = {"area": COUNTRY, "period": "2024", "stratifier": "education", "unit": "percent", "flags": ""}
    folder = tmp_path_factory.mktemp("lost") / "release"
    release = publish(
        Estimates.of(**columns, **same), catalogue.plans["synthetic"], catalogue, folder, inputs={}, made=MADE
    )

    def opened(name: str, lang: Lang = "en") -> Page:
        view = View(release, catalogue, lang, COUNTRY)
        page = pages.pathway(view, release.pathways["rehabilitation"], by="education", look=name)
        assert page is not None
        return page

    return opened


def tables(page: Page) -> dict[str, list[list[str]]]:
    found = [block.table if isinstance(block, Figure) else block for block in page.blocks]
    return {
        table.id: [[cell.text for cell in line] for line in table.rows] for table in found if isinstance(table, Table)
    }


def lead(page: Page) -> str:
    return next(block.text for block in page.blocks if isinstance(block, Words) and block.lead)


def test_the_page_of_who_is_lost_names_the_largest_part(look: Look) -> None:
    page = look("lost")
    # 500, 400 and 200 are lost at the plan, 250, 200 and 100 before coming, 150, 100 and 100 before the end: 2,000
    assert lead(page).startswith("Short education at “plan”")
    assert "25.0% of 2,000" in lead(page)
    assert tables(page)["pattern-table"] == [
        ["Short education", "25.0%", "12.5%", "7.5%"],
        ["Medium education", "20.0%", "10.0%", "5.0%"],
        ["Long education", "10.0%", "5.0%", "5.0%"],
    ]


def test_the_darker_a_cell_the_larger_the_part(look: Look) -> None:
    (table,) = (block for block in look("lost").blocks if isinstance(block, Table) and block.id == "pattern-table")
    cells = [(float(cell.text.rstrip("%")), cell.strength) for line in table.rows for cell in line[1:]]
    assert sorted(cells) == sorted(cells, key=lambda cell: (cell[1], cell[0]))
    assert max(strength for _, strength in cells) == 4


def test_the_page_of_reasons_names_the_reason_that_tells_the_groups_apart(look: Look) -> None:
    page = look("reasons")
    assert "“Declined for the cost of transport”" in lead(page)
    assert "40.0% in the group “Short education” and 5.0% in the group “Long education”" in lead(page)
    lines = tables(page)["started_why-table"]
    assert [line[:2] for line in lines[:3]] == [
        ["Declined for the cost of transport", f"{level} education"] for level in ("Short", "Medium", "Long")
    ]
    assert lines[0][-2:] == ["250", "100"]
    assert {line[0] for line in lines[-3:]} == {"Not stated"}


def test_the_page_of_reasons_says_why_others_were_excepted_of_those_who_came(look: Look) -> None:
    lines = tables(look("reasons"))["started_why_excepted-table"]
    assert {line[0] for line in lines} == {"Postponed", "Another exception"}
    assert [line[-2:] for line in lines[:3]] == [["550", "7"], ["650", "8"], ["850", "9"]]


def test_where_nobody_is_shown_to_be_excepted_there_is_no_picture_of_why(look: Look) -> None:
    assert {*tables(look("reasons"))} == {"started_why-table", "started_why_excepted-table"}


def test_those_who_left_stand_beside_those_who_went_on(look: Look) -> None:
    lines = tables(look(""))["left-table"]
    assert lines[0] == ["plan", "Short education", "1,040", "10", "30", "0", "7"]
    assert [line[1].split()[0] for line in lines] == ["Short", "Medium", "Long"]


@pytest.mark.parametrize("name", ["lost", "reasons", ""])
def test_the_looks_are_in_both_languages(look: Look, name: str) -> None:
    danish, english = look(name, "da"), look(name, "en")
    assert lead(danish) != lead(english)
    assert {key: len(lines) for key, lines in tables(danish).items()} == {
        key: len(lines) for key, lines in tables(english).items()
    }
    assert {each["level"] for each in danish.rows} == {*REACHED}
