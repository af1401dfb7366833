"""Initiatives beside the figures: where it began, what has happened since, its goals, and large gaps without one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from docx import Document
from playwright.sync_api import Browser

from lighed.catalogue import load
from lighed.core.estimates import Estimates
from lighed.core.release import Evaluated, Release
from lighed.core.text import LANGUAGES, Lang, texts
from lighed.core.types import ReleaseRows
from lighed.disclosure import publish
from lighed.portfolio.efforts import Effort, efforts_of
from lighed.portfolio.house import House
from lighed.report.findings import largest
from lighed.report.page import Notice, Page, Points, Table, Words
from lighed.report.pages import effort, indicator, unmet
from lighed.report.rows import WHOLE, home
from lighed.report.view import View
from lighed.store.engine import connect
from lighed.web.app import create_app
from lighed.web.portfolio import create_app as registers_of
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit, served
from tests.conftest import MADE
from tests.portfolio.conftest import HOME, PASSWORD, Town, settled
from tests.portfolio.test_obligations import answered, owed
from tests.towns import Town as People

CATALOGUE = load()
ONE, OTHER = (CATALOGUE.indicators[name] for name in ("F6.1", "F6.2"))  # out of work, and of those on assistance
PROGRAMME = CATALOGUE.evaluations["cardiac_extended_before_after"].model_copy(
    update={"id": "job_help", "polarity": "lower_is_better", "start": "2024"}
    | {"rows": ReleaseRows(indicator=ONE.id, treated=("0851",))}
)
PATHWAY = "cardiac_rehabilitation"  # the release has no figures of it
AREA = "0851"
GOALS = CATALOGUE.registers["goals"]
# Of 400 at each level of education how many are unemployed; fewer of those with a short education each year.
YEARS = {2022: (120, 80, 40), 2023: (112, 80, 40), 2024: (104, 80, 40), 2025: (96, 80, 40)}


def released(folder: Path, years: dict[int, tuple[int, int, int]]) -> Release:
    people: list[dict[str, Any]] = [
        {"person_id": 10_000 * level + k + 1, "year": year, "area": AREA, "education": name}
        | {"sex": ("female", "male")[k % 2], "age": 30 + k % 20, "days": 365}
        | {"employment": "unemployed" if k < cases else "employed"}
        | {"benefit": "unemployment", "assistance_days": 30 if k < cases + 60 * (2 - level) else 0}
        for year, groups in years.items()
        for level, (name, cases) in enumerate(zip(("short", "medium", "long"), groups, strict=True))
        for k in range(400)
    ]
    town = People([ONE, OTHER], people)
    made = Estimates.concat([town.estimates(connect(), by) for by in ("education", "sex", None)])
    known = replace(CATALOGUE, evaluations={PROGRAMME.id: PROGRAMME})
    return publish(made, CATALOGUE.plans["synthetic"], known, folder, inputs={}, made=MADE)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return released(tmp_path_factory.mktemp("figures") / "synthetic", YEARS)


@pytest.fixture
def view(release: Release, town: Town, lang: Lang) -> View:
    return View(release, CATALOGUE, lang, AREA, efforts_of(town.house)())


@pytest.fixture
def database() -> str:
    """The registers are read in one way; the other tests have both databases."""
    return ""


@pytest.fixture
def lang() -> Lang:
    return "da"


def begun(town: Town, title: str, *moves: str, **content: Any) -> Any:
    return town.move("ole", town.create("ole", "initiatives", title=title, organisation=HOME, **content), *moves)


def told(page: Page) -> str:
    return " ".join(block.text for block in page.blocks if isinstance(block, Words | Notice))


def tables(page: Page) -> dict[str, list[list[str]]]:
    return {
        block.id: [[cell.text for cell in row] for row in block.rows]
        for block in page.blocks
        if isinstance(block, Table)
    }


def of(view: View, *goals: dict[str, Any], effects: Sequence[Evaluated] = (), **content: Any) -> Page:
    found = dict.fromkeys(view.release.indicators, view)
    return effort(found, {"indicators": [ONE.id]} | content, goals, GOALS, effects, view)


# --- which initiatives are named


def test_named_is_what_everybody_may_see_and_as_it_is_now(town: Town) -> None:
    now = efforts_of(town.house)
    idea = begun(town, "Idé", indicators=[ONE.id])
    running = begun(town, "I gang", "plan", "start", indicators=[ONE.id], pathways=[PATHWAY])
    town.move("ole", begun(town, "Stoppet", "plan"), "stop", reason="Ingen penge")
    named = {one.id: (one.active, one.organisation) for one in now().listed}
    assert named == {running.id: (True, "Aarhus Kommune")}
    assert now() is now()
    town.move("ole", idea, "plan")
    assert [(one.id, one.active) for one in now().at(ONE.id)] == [(running.id, True), (idea.id, False)]
    assert [one.id for one in now().along(PATHWAY)] == [running.id]
    town.edit("sara", town.house.archive.get("organisations", HOME), title="Århus")
    assert {one.organisation for one in now().listed} == {"Århus"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_an_indicator_lists_the_initiatives_that_are_to_move_it(
    town: Town, release: Release, lang: Lang
) -> None:
    made = begun(town, "Jobhjælp", "plan", indicators=[ONE.id])
    view = View(release, CATALOGUE, lang, AREA, efforts_of(town.house)())
    page = indicator(view, ONE, by=None, look="equiplot")
    assert tables(page)["efforts-table"] == [["Jobhjælp", "Aarhus Kommune", {"da": "Planlagt", "en": "Planned"}[lang]]]
    (table,) = (block for block in page.blocks if isinstance(block, Table) and block.id == "efforts-table")
    assert table.rows[0][0].href == f"/{lang}/portfolio/record/initiatives/{made.id}"
    assert "efforts-table" not in tables(indicator(view, OTHER, by=None, look="equiplot"))
    alone = indicator(View(release, CATALOGUE, lang, AREA), ONE, by=None, look="equiplot")
    assert "efforts-table" not in tables(alone)
    assert "unmet" not in str(alone.plain())


# --- the figures of one


BEGINS = {
    "in a year with figures": ("2023-06-01", "2023", "den seneste opgørelse, da indsatsen begyndte"),
    "after the last figures": ("2030-01-01", "2025", "den seneste opgørelse, da indsatsen begyndte"),
    "before all figures": ("2019-01-01", "2022", "ingen tal fra før indsatsen begyndte"),
    "nobody says when": (None, "2025", "ingen startdato"),
}


@pytest.mark.parametrize(("begins", "first", "due"), BEGINS.values(), ids=BEGINS)
def test_the_baseline_is_the_year_it_began_or_the_latest_before(
    view: View, begins: str | None, first: str, due: str
) -> None:
    page = of(view, **({"begins": begins} if begins else {}))
    assert due in told(page)
    figure = page.figure("pattern-aim-F6-1")
    assert figure
    assert figure.table
    assert {row[0].text for row in figure.table.rows} == {str(year) for year in YEARS if year >= int(first)}
    assert ("Siden da" in told(page)) == (first != "2025")
    assert (f"Der er endnu ingen tal efter {first}." in told(page)) == (first == "2025")


def test_absolute_and_relative_are_told_together_with_their_intervals_then_and_now(view: View) -> None:
    page = of(view, begins="2023-01-01")
    (since,) = (block.text for block in page.blocks if isinstance(block, Words) and block.text.startswith("Siden da"))
    rows = view.release.estimates(AREA, ONE.id).where(stratifier="education", component=None)
    for measure, digits in (("slope_index", 1), ("relative_index_log", 2)):
        for period in ("2023", "2025"):
            (row,) = rows.where(measure=measure, period=period).rows()
            for end in ("value", "lower", "upper"):
                assert f"{row[end]:.{digits}f}".replace(".", ",") in since
    for scale in ("absolute", "relative"):
        figure = page.figure(f"{scale}-aim-F6-1")
        assert figure
        assert figure.table
        assert [row[0].text for row in figure.table.rows] == ["2025", "2024", "2023"]


def test_goals_stand_beside_the_latest_figure_for_the_level_and_for_the_gap(view: View) -> None:
    percent = {"value": 12, "unit": "percent"}
    points = {"value": 8.5, "unit": "percentage_points"}
    goal = {"title": "Færre", "indicator": ONE.id, "target": percent, "gap_target": points, "by": "2027-12-31"}
    page = of(view, goal | {"gap_kind": "absolute"}, goal | {"indicator": OTHER.id})
    level, gap = tables(page)["goals-aim-F6-1"]
    groups = view.index.groups(ONE, None)
    (slope,) = view.release.estimates(AREA, ONE.id).where(measure="slope_index", period="2025", component=None).rows()
    assert level[:4] == ["Færre", "Niveauet", "", "12 procent"]
    assert level[4].startswith(f"{groups[-1]['value']:.1f} %".replace(".", ","))
    assert gap[1:4] == ["Den absolutte forskel", "", "8,5 procentpoint"]
    assert gap[4].startswith(f"{slope['value']:.1f} procentpoint".replace(".", ","))
    assert {row[5] for row in (level, gap)} == {"31. december 2027"}
    (_, relative) = tables(of(view, goal | {"gap_kind": "relative"}))["goals-aim-F6-1"]
    assert (relative[1], "gange" in relative[4]) == ("Den relative forskel", True)


FALLS = {"level": ("baseline", "target"), "absolute": (GAP := ("gap_baseline", "gap_target")), "relative": GAP}
# Where the baseline and the goal lie: in halves of the interval, from its middle; and what is said of it.
WAYS: dict[str, tuple[float | None, float, dict[Lang, str]]] = {
    "all of it is beyond the goal": (3, 2, {"da": "nået", "en": "reached"}),
    "the goal is within it": (3, 0.5, {"da": "på vej", "en": "on its way"}),
    "the goal is ahead": (3, -2, {"da": "på vej", "en": "on its way"}),
    "the baseline is within it": (0.5, -2, {"da": "kan ikke siges", "en": "cannot be said"}),
    "it has gone the other way": (-2, -3, {"da": "ikke på vej", "en": "not on its way"}),
    "nobody says from where": (None, 2, {"da": "kan ikke siges", "en": "cannot be said"}),
}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", FALLS)
@pytest.mark.parametrize(("begun", "wanted", "due"), WAYS.values(), ids=WAYS)
def test_a_goal_is_judged_by_the_whole_interval_of_the_latest_figure(
    release: Release, kind: str, lang: Lang, begun: float | None, wanted: float, due: dict[Lang, str]
) -> None:
    view = View(release, CATALOGUE, lang, AREA)
    unit = {"level": "percent", "absolute": "percentage_points", "relative": "ratio"}[kind]
    pair = dict(zip(("absolute", "relative"), WHOLE, strict=True))
    rows = view.index.get(ONE.id, "education", pair[kind]) if kind in pair else view.index.groups(ONE, None)
    row = next(row for row in rows if row["period"] == "2025")
    middle, half = (row["upper"] + row["lower"]) / 2, (row["upper"] - row["lower"]) / 2
    goal: dict[str, Any] = {"title": "Færre", "indicator": ONE.id, "gap_kind": kind.replace("level", "absolute")}
    for name, at in zip(FALLS[kind], (begun, wanted), strict=True):
        goal |= {} if at is None else {name: {"value": middle + at * half, "unit": unit}}
    (line,) = tables(of(view, goal))["goals-aim-F6-1"]
    assert line[-1] == due[lang]


def test_a_goal_in_another_unit_or_of_a_hidden_gap_is_not_judged(view: View, tmp_path: Path) -> None:
    goal = {"title": "Færre", "indicator": ONE.id, "gap_kind": "absolute"}
    goal |= {name: {"value": value, "unit": "percentage_points"} for name, value in zip(GAP, (90, 80), strict=True)}
    other = goal | {"gap_target": {"value": 80, "unit": "persons"}}
    few = View(released(tmp_path / "synthetic", YEARS | {2025: (96, 80, 2)}), CATALOGUE, "da", AREA)
    lines = [tables(of(*asked))["goals-aim-F6-1"][0][-1] for asked in ((view, goal), (view, other), (few, goal))]
    assert lines == ["nået", "kan ikke siges", "kan ikke siges"]


def test_a_hidden_number_is_said_to_be_hidden(tmp_path: Path) -> None:
    few = released(tmp_path / "synthetic", YEARS | {2025: (96, 80, 2)})
    page = of(View(few, CATALOGUE, "da", AREA), begins="2023-01-01")
    assert "til skjult" in told(page)
    assert "tal er skjult af hensyn til personerne" in told(page)


def test_the_gap_is_between_the_groups_that_a_goal_names(view: View) -> None:
    assert "Kort uddannelse" in told(of(view))
    page = of(view, {"title": "Færre", "indicator": ONE.id, "stratifier": "sex"})
    assert "Kort uddannelse" not in told(page)
    assert CATALOGUE.stratifiers["sex"].levels[0].title.da in told(page)


def test_the_effect_by_group_is_that_of_the_evaluation_which_the_release_holds(view: View) -> None:
    found = view.release.evaluations[PROGRAMME.id]
    page = of(view, effects=[found])
    lines = {(row[0], row[1]): row for row in tables(page)["evaluation-job_help"]}
    short = lines["Kort uddannelse", texts()["measure.effect.title"]["da"]]
    # 120 and 112 of 400 before, 104 and 96 of 400 after
    assert short[2:4] == ["29,0", "25,0"]
    assert "−4,0 procentpoint" in short[4]
    (points,) = (block for block in page.blocks if isinstance(block, Points))
    assert any("Kort uddannelse: 25,0 % med indsatsen mod 29,0 % uden" in item.text for item in points.items)


def test_an_effect_that_would_need_a_hidden_number_is_not_computed(tmp_path: Path) -> None:
    few = released(tmp_path / "synthetic", YEARS | {2025: (96, 80, 2)})
    found = few.evaluations[PROGRAMME.id]
    assert found.rows == ()
    page = of(View(few, CATALOGUE, "da", AREA), effects=[found])
    assert "Virkningen kan ikke regnes ud af det, som udgivelsen viser." in told(page)


def test_what_there_are_no_figures_of_is_said(view: View) -> None:
    page = of(view, indicators=["F3.1"], pathways=[PATHWAY])
    missing = [block.text for block in page.blocks if isinstance(block, Notice)]
    assert len(missing) == 2
    assert CATALOGUE.indicators["F3.1"].title.da in missing[0]
    assert CATALOGUE.pathways[PATHWAY].title.da in missing[1]
    assert page.rows == []
    assert of(view, indicators=[]).blocks == ()


# --- large gaps without one


def test_gaps_that_nothing_is_done_about_come_first_and_else_in_the_order_of_the_front_page(
    town: Town, release: Release
) -> None:
    def at(number: int) -> list[list[list[str]]]:
        view = View(release, CATALOGUE, "da", AREA, efforts_of(town.house)())
        found = tables(unmet(view))
        return [[[row[0], row[number]] for row in found[f"{scale}-table"]] for scale in ("absolute", "relative")]

    view = View(release, CATALOGUE, "da", AREA)
    front = [[gap.indicator.short.da for gap in largest(view, measure)] for measure in WHOLE]
    assert {len(names) for names in front} == {2}
    assert at(2) == [[[name, "0"] for name in names] for names in front]
    planned = [
        begun(town, f"Mod {one.id}", "plan", indicators=[one.id]) for one in (ONE, OTHER) if one.short.da == front[0][0]
    ]
    assert at(2) == [[[name, "0"] for name in names] for names in front]
    town.move("ole", planned[0], "start")
    found = at(2)[0]
    assert found == [[front[0][1], "0"], [front[0][0], "1"]]
    page = unmet(View(release, CATALOGUE, "da", AREA, efforts_of(town.house)()))
    assert "1 af 2 indikatorer" in told(page)
    assert {row["measure"] for row in page.rows} == set(WHOLE)


def test_an_initiative_along_a_pathway_is_aimed_at_its_steps() -> None:
    one = Effort("x", "X", "", CATALOGUE.factors[1].title, True, pathways=(PATHWAY,))
    steps = [i.id for i in CATALOGUE.pathways[PATHWAY].indicators]
    assert steps
    assert all(one.aims_at(step) for step in steps)


# --- in the browser, beside the releases


@dataclass(frozen=True)
class Beside:
    """Registers that are served beside a release."""

    town: Town
    address: str
    initiative: str


@pytest.fixture(scope="module")
def beside(staffed: Path, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    town = settled(House.open(shutil.copytree(staffed, tmp_path_factory.mktemp("beside") / "portfolio")))
    made = begun(town, "Jobhjælp", "plan", "start", indicators=[ONE.id, "F3.1"], begins="2023-01-01")
    amounts = {"target": {"value": 12, "unit": "percent"}, "gap_target": {"value": 8.5, "unit": "percentage_points"}}
    named = {"definition": PROGRAMME.id, "design": "before_after", "equity": "unknown"}
    examined = town.create("ana", "evaluations", title="Før og efter", initiative=made.id, **named)
    town.move("sara", town.move("ana", examined, "send"), "publish")
    goal = town.create("paul", "goals", title="Færre", initiative=made.id, indicator=ONE.id, **amounts)
    town.move("sara", town.move("paul", goal, "submit"), "approve")
    with served(create_app([release.folder], registers_of(town.house))) as address:
        yield Beside(town, address, made.id)
    town.house.close()


def test_a_page_of_a_release_follows_what_is_done(beside: Beside) -> None:
    page = f"{beside.address}/da/synthetic/indicator/{OTHER.id}?area={AREA}"
    assert "Vejledning" not in httpx.get(page).text
    kept = [httpx.get(address).headers["cache-control"] for address in (page, f"{beside.address}/da/synthetic/rug")]
    assert kept == ["public, max-age=0", "public, max-age=300"]
    made = begun(beside.town, "Vejledning", "plan", indicators=[OTHER.id])
    assert "Vejledning" in httpx.get(page).text
    beside.town.move("ole", made, "stop", reason="Ingen penge")
    assert "Vejledning" not in httpx.get(page).text


def test_the_twin_has_the_figures_and_a_picture_is_where_the_page_says(beside: Beside) -> None:
    with httpx.Client(base_url=beside.address, timeout=180) as client:
        client.post("/da/portfolio/sign-in", data={"name": "rita", "password": PASSWORD})
        record = f"/da/portfolio/record/initiatives/{beside.initiative}"
        figures = client.get(f"{record}.json?area={AREA}").json()["figures"]
        assert figures["rows"][0]["area"] == AREA
        assert "evaluation-job_help" in [block.get("id") for block in figures["blocks"]]
        picture = f"{record}/figure/absolute-aim-F6-1.svg?area={AREA}"
        assert picture.replace("&", "&amp;") in client.get(f"{record}?area={AREA}").text
        assert client.get(picture).headers["content-type"] == "image/svg+xml"
        assert client.get(f"{record}/figure/nothing.svg").status_code == 404
        assert "figures" not in client.get(f"/da/portfolio/record/organisations/{HOME}.json").json()


def test_a_plan_report_has_the_figures_of_the_release_by_group_when_each_initiative_began(
    beside: Beside, release: Release
) -> None:
    later = begun(beside.town, "Mere hjælp", "plan", indicators=[ONE.id], begins="2025-01-01")
    beside.town.create("ole", "goals", title="Ens", initiative=later.id, indicator=ONE.id, stratifier="sex")
    plan = answered(beside.town, owed(beside.town), initiatives=[beside.initiative, later.id])
    with httpx.Client(base_url=beside.address, timeout=180) as client:
        client.post("/da/portfolio/sign-in", data={"name": "paul", "password": PASSWORD})
        place = f"/da/portfolio/record/reports/{plan.id}/report"
        page, blocks = client.get(place).text, client.get(f"{place}.json").json()["blocks"]
        paper = Document(BytesIO(client.get(f"{place}.docx").content)).element
    first, second = {block["id"]: block["rows"] for block in blocks if "aim-F6-1" in block.get("id", "")}.values()
    assert [{row[0]["text"] for row in rows} for rows in (first, second)] == [{"2023"}, {"2025"}]
    for rows, by in ((first, "education"), (second, "sex")):
        assert {row[1]["text"] for row in rows} >= {level.title.da for level in CATALOGUE.stratifiers[by].levels}
    groups = View(release, CATALOGUE, "da", home(release, ONE.id)).index.groups(ONE, "education")
    (short,) = (row for row in groups if (row["period"], row["level"]) == ("2023", "short"))
    assert first[0][2]["text"] == f"{short['value']:.1f} %".replace(".", ",")
    assert first[0][2]["text"] in [node.text for node in paper.iter()]
    assert "Udgangspunktet er 2023" in page


def test_without_registers_there_is_no_page_of_what_is_not_done(release: Release, beside: Beside) -> None:
    assert httpx.get(f"{beside.address}/da/synthetic/unmet").status_code == 200
    with served(create_app([release.folder])) as address:
        assert httpx.get(f"{address}/da/synthetic/unmet").status_code == 404
        assert "unmet" not in httpx.get(f"{address}/da/synthetic/").text


@pytest.mark.browser
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_pages_are_accessible_and_fit_a_telephone(browser: Browser, beside: Beside, lang: Lang) -> None:
    page = browser.new_context(viewport={"width": WIDE, "height": 900}).new_page()
    page.goto(f"{beside.address}/{lang}/portfolio/sign-in")
    page.fill("[name=name]", "rita")
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("main form button")
    visit = Visit(page, beside.address)
    places = {"effort": f"portfolio/record/initiatives/{beside.initiative}?area={AREA}", "unmet": "synthetic/unmet"}
    for name, place in places.items():
        visit.open(f"/{lang}/{place}")
        for width in (WIDE, NARROW):
            page.set_viewport_size({"width": width, "height": 900})
            assert visit.axe() == []
            assert visit.overflow() == 0
            page.screenshot(path=SCREENSHOTS / f"{name}_{lang}_{width}.png", full_page=True)
    assert (visit.faults, visit.elsewhere) == ([], [])
    page.context.close()
