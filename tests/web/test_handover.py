"""The page of a handover: who stands out, who receives in which year, what is hidden, and its twins."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from lighed import stats
from lighed.analysis.handover import SENDER
from lighed.catalogue import load
from lighed.catalogue.areas import parent_of
from lighed.core.release import Release
from lighed.core.text import Lang
from lighed.core.types import COUNTRY
from lighed.disclosure import publish
from lighed.report.page import Figure, Folded, Page, Table, Words
from lighed.report.pages import pathway
from lighed.report.view import View
from lighed.web.app import create_app
from tests.browser import NARROW, WIDE, Visit, served
from tests.conftest import MADE
from tests.disclosure.tables import estimates

CATALOGUE = load()
PREVENTION = CATALOGUE.pathways["prevention"]
STARTED, LAST, OFFERED = "prevention.started", "prevention.completed.all", "prevention.offered"
COME = {
    None: ("4,0 %", "21,0 %", "55,0 %"),
    "short": ("3,0 %", "18,0 %", "50,0 %"),
    "long": ("5,0 %", "24,0 %", "60,0 %"),
}
SLOW, NAMELESS = "syn-kornblomst", "ward-17"
SENDERS = [*CATALOGUE.providers][1:13]
TOWNS = ("0101", "0851")
LOOK = "handover"

Key = tuple[str, str | None, str | None, str | None]  # area, stratifier, level, sender


def released(folder: Path, year: str, *, few: int = 0) -> Release:
    """A year in two municipalities: hospitals send half of theirs with short education, one of them loses most.

    `few` come to the second municipality from a ward that nothing is known of.
    """
    counts: dict[Key, Any] = defaultdict(lambda: np.zeros(2, int))
    for k, sender in enumerate([*SENDERS, NAMELESS]):
        for town in TOWNS:
            n = few if (sender, town) == (NAMELESS, "0851") else 160 + 8 * k
            events = n * (20 if sender == SLOW else 55 + k % 5) // 100
            for level, (of, came) in {
                "short": (n // 2, events // 2),
                "long": (n - n // 2, events - events // 2),
            }.items():
                for area in (town, parent_of(CATALOGUE.areas, town, "region", int(year)), COUNTRY):
                    for group in ((None, None), ("education", level)):
                        counts[area or "", *group, sender] += [of, came]
                        counts[area or "", *group, None] += [of, came]
    rows = [row for key, pair in counts.items() for row in _rows(key, year, *map(int, pair))]
    rows += [row for level in COME for row in _come(level, year)]
    plan = CATALOGUE.plans["synthetic"]
    return publish(estimates(rows), plan, CATALOGUE, folder, inputs={}, made=MADE)


def _rows(key: Key, year: str, n: int, events: int) -> list[dict[str, Any]]:
    area, stratifier, level, sender = key
    made = stats.proportion(events, n)
    numbers = {name: 100 * float(getattr(made, name)) if n else None for name in ("value", "se", "lower", "upper")}
    row = {"period": year, "area": area, "stratifier": stratifier, "level": level, SENDER: sender, "n": n}
    row |= {"events": events, "measure": "sent" if sender else "crude", "unit": "percent", "method": "wilson"}
    row |= numbers | {"confidence": 0.95, "flags": "" if n else "not_applicable"}
    return [row | {"indicator": name} for name in ((STARTED,) if sender else (STARTED, LAST, OFFERED))]


def _come(level: str | None, year: str) -> list[dict[str, Any]]:
    """How many have come after some days, of which one is not told of."""
    row = {"period": year, "area": COUNTRY, "stratifier": level and "education", "level": level, "unit": "percent"}
    row |= {"indicator": "prevention.started_90", "measure": "waiting_incidence", "confidence": 0.95, "flags": ""}
    seven, thirty, ninety = (float(text.split(",")[0]) for text in COME[level])
    told = {"7": seven, "14": 9.0, "30": thirty, "90": ninety}
    return [row | {"horizon": day, "value": value, "method": "aalen-johansen"} for day, value in told.items()]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return released(tmp_path_factory.mktemp("handover") / "synthetic", "2026", few=3)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return released(tmp_path_factory.mktemp("handover") / "synthetic", "2027")


def page_of(release: Release, area: str = COUNTRY, lang: Lang = "da") -> Page:
    made = pathway(View(release, CATALOGUE, lang, area), PREVENTION, by="education", look=LOOK)
    assert made is not None
    return made


def table(page: Page, name: str) -> Table:
    return next(block for block in page.blocks if isinstance(block, Table) and block.id == name)


def cells(found: Table) -> dict[tuple[str, str], str]:
    """What is written in each cell, by the names of its row and its column."""
    titles = [column.title for column in found.columns]
    return {(line[0].text, title): cell.text for line in found.rows for title, cell in zip(titles, line, strict=True)}


ANSWERS: dict[Lang, str] = {
    "da": "Under gennemsnittet: Kornblomst Sygehus (syntetisk) (19,",
    "en": "Below the mean: Kornblomst Hospital (synthetic) (19.",
}


@pytest.mark.parametrize("lang", ANSWERS)
def test_the_sender_that_loses_most_is_named_first_of_all_and_no_other_is(after: Release, lang: Lang) -> None:
    lead = next(block for block in page_of(after, lang=lang).blocks if isinstance(block, Words))
    assert lead.lead
    assert ANSWERS[lang] in lead.text
    assert sum(provider.title[lang] in lead.text for provider in CATALOGUE.providers.values()) == 1


def test_the_funnel_has_every_sender_and_marks_the_one_outside(after: Release) -> None:
    figure = page_of(after).figure("funnel")
    assert figure is not None
    drawn = figure.chart.spec["layer"][-1]["data"]["values"]
    outside = [row["name"] for row in drawn if row["place"] == "Uden for 99,8 %-grænserne"]
    assert outside == [CATALOGUE.providers[SLOW].title.da]
    assert figure.table is not None
    assert len(figure.table.rows) == len(SENDERS) + 1


def test_a_sender_that_nothing_is_known_of_stands_under_its_id(after: Release) -> None:
    assert {NAMELESS} < {column.title for column in table(page_of(after), "receivers-table").columns}


RECEIVERS = {
    ("before", COUNTRY): ("Modtager: bopælskommune", ["Aalborg", "København"]),
    ("before", "1084"): ("Modtager: bopælskommune", ["København"]),
    ("before", "0851"): ("Modtager: bopælskommune", ["Aalborg"]),
    ("after", COUNTRY): ("Modtager: bopælsregion", ["Region Nordjylland", "Region Østdanmark"]),
    ("after", "region-east"): ("Modtager: bopælsregion", ["Region Østdanmark"]),
    ("after", "0101"): ("Modtager: bopælsregion", ["Region Østdanmark"]),
}


@pytest.mark.parametrize(("year", "area"), RECEIVERS)
def test_municipalities_receive_until_2026_and_regions_from_2027(
    year: str, area: str, request: pytest.FixtureRequest
) -> None:
    kind, names = RECEIVERS[year, area]
    found = table(page_of(request.getfixturevalue(year), area), "receivers-table")
    assert found.columns[0].title == kind
    assert sorted(line[0].text for line in found.rows) == sorted(names)


def test_a_cell_is_the_share_of_those_from_the_sender_who_live_with_the_receiver(after: Release) -> None:
    found = table(page_of(after), "receivers-table")
    line = next(line for line in found.rows if line[0].text == "Region Nordjylland")
    name = CATALOGUE.providers[SENDERS[0]].title.da
    at = [column.title for column in found.columns].index(name)
    assert (line[at].text, line[at].below) == ("55,0 %", "88 af 160")


def test_few_are_hidden_and_so_is_another_so_that_they_cannot_be_worked_out(before: Release) -> None:
    found = cells(table(page_of(before), "receivers-table"))
    assert found["Aalborg", NAMELESS] == "skjult"
    assert sum(text == "skjult" for (row, _), text in found.items() if row == "Aalborg") >= 2


def test_who_is_lost_is_the_rest_of_those_who_came(after: Release) -> None:
    found = table(page_of(after), "lost-table")
    line = next(line for line in found.rows if line[0].text == CATALOGUE.providers[SENDERS[0]].title.da)
    assert [column.title for column in found.columns] == ["Afsender", "Alle", "Kort uddannelse", "Lang uddannelse"]
    assert [(cell.text, cell.below) for cell in line[1:2]] == [("45,0 %", "144 af 320")]
    assert all("udjævnet" in (cell.below or "") for cell in line[2:])


def test_the_country_has_no_tables_by_group(after: Release) -> None:
    assert not any(isinstance(block, Folded) for block in page_of(after).blocks)


def test_the_smoothed_share_is_of_those_lost_too(after: Release) -> None:
    found = table(page_of(after), "lost-table")
    line = next(line for line in found.rows if line[0].text == CATALOGUE.providers[SENDERS[0]].title.da)
    smoothed = [float((cell.below or "").split("udjævnet ")[1].split(",")[0]) for cell in line[2:]]
    assert all(40 <= share < 50 for share in smoothed)  # 45 of 100 are lost


def test_offered_stands_beside_who_has_come_after_seven_thirty_and_ninety_days(after: Release) -> None:
    found = table(page_of(after), "within-table")
    titles = ["Gruppe", "Tilbudt første besøg inden for syv dage efter henvisningen"]
    assert [c.title for c in found.columns] == [*titles, *(f"Mødt inden {days} dage" for days in (7, 30, 90))]
    shown = {line[0].text: tuple(cell.text for cell in line[2:]) for line in found.rows}
    names = {None: "Alle", "short": "Kort uddannelse", "long": "Lang uddannelse"}
    assert shown == {names[level]: due for level, due in COME.items()}
    assert all(line[1].text.endswith(" %") for line in found.rows)


def test_a_region_has_its_groups_and_no_funnel(before: Release) -> None:
    page = page_of(before, "1084")
    folded = [block.title for block in page.blocks if isinstance(block, Folded)]
    assert folded == ["Kort uddannelse", "Lang uddannelse"]
    assert not any(isinstance(block, Figure) for block in page.blocks)
    assert "Afsendere holdes op mod hinanden i en tragt for hele landet." in {
        block.text for block in page.blocks if isinstance(block, Words)
    }


@pytest.fixture(scope="module")
def address(before: Release) -> Iterator[str]:
    with served(create_app([before.folder])) as found:
        yield found


@pytest.mark.browser
@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("area", [COUNTRY, "1084"])
def test_the_page_is_accessible_and_its_wide_table_scrolls_in_its_frame(
    area: str, width: int, address: str, browser: Browser
) -> None:
    visit = Visit(browser.new_page(viewport={"width": width, "height": 740}), address)
    page = visit.open(f"/da/synthetic/pathway/prevention/handover?area={area}")
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert (visit.faults, visit.axe(), visit.overflow()) == ([], [], 0)
    link = page.get_by_role("link", name="Sidens tal som tabel (CSV)").get_attribute("href")
    rows = list(csv.DictReader(io.StringIO(page.request.get(f"{address}{link}").text())))
    twin = json.loads(page.request.get(f"{address}/da/synthetic/pathway/prevention/handover.json?area={area}").text())
    assert len(rows) == len(twin["rows"]) > 20
    assert {row[SENDER] for row in rows} >= {*SENDERS}
    assert all((row["n"] == "") == (row["flags"] == "suppressed") for row in rows)
    page.close()
