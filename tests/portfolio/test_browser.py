"""The pages of registers in a browser: accessible, in both languages, on a telephone, by keyboard, without scripts."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from lighed.core.text import LANGUAGES, Lang, say
from lighed.portfolio.house import House
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit, served
from tests.portfolio.conftest import HOME, PASSWORD, Town, mounted, settled, surveyed, told

pytestmark = pytest.mark.browser
MAPPING = """{id: partners, version: 1, survey: partnerne, organisation: Partner,
  items: [{item: har-sat-maal, column: Mål, counted: [Ja], against: [Nej]}]}"""
FORMULA, SCRIPT = '=HYPERLINK("https://x.dk")', "<script>document.title='taken'</script>"


@dataclass(frozen=True)
class Stand:
    """A house that is served."""

    town: Town
    address: str


@pytest.fixture(scope="module")
def stand(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    town = settled(House.open(shutil.copytree(staffed, tmp_path_factory.mktemp("stand") / "portfolio")))
    team = {"factors": ["1"], "begins": "2016-01-01", "budget": {"value": 1_200_000, "unit": "kroner"}}
    made = town.create("ole", "initiatives", title="Fælles gravidteam", organisation=HOME, **team)
    town.move("ole", town.edit("ole", made, what="Én indgang for gravide.", light="amber"), "plan", "start")
    town.create("ole", "initiatives", title=FORMULA, organisation=HOME, what=SCRIPT)
    surveyed(town, "Partnerne")
    told(town)
    share = {"numerator": 84, "denominator": 173}
    figure = {"title": "Gennemført", "initiative": made.id, "period": "2022", "source": "Rapport", "share": share}
    town.move("ole", town.create("paul", "observations", **figure), "submit")
    desk = town.desk("ana")
    file = desk.keep_file(desk.register("library"), "file", "Årsrapport.pdf", io.BytesIO(b"%PDF-1.7"))
    report = {"title": "Rapport", "kind": "report", "licence": "CC BY", "summary": "Alliancens rapporter. Ét år."}
    item = town.create("ana", "library", **report, next_review="2024-01-10", published_on="2023-01-10")
    town.move("sara", town.move("ana", town.edit("ana", item, file=file), "send"), "publish")
    draft = {"title": "Rapport 2", "kind": "report", "licence": "CC BY"}
    town.create("ana", "library", **draft)
    with served(mounted(town.house)) as address:
        yield Stand(town, address)
    town.house.close()


PAGES = {
    "sign_in": ("", "sign-in"),
    "overview": ("ole", ""),
    "list": ("ole", "register/initiatives"),
    "list_found": ("rita", "register/initiatives?q=gravid&f.factors=1"),
    "list_empty": ("rita", "register/goals"),
    "revision": ("rita", "revision"),
    "list_of_library": ("ana", "register/library?q=rapport"),
    "record_of_library": ("ana", "record/library/rapport"),
    "edit_library": ("ana", "record/library/rapport-2/edit"),
    "history_of_library": ("ana", "record/library/rapport/history"),
    "new": ("ole", "register/initiatives/new"),
    "new_common": ("sara", "register/organisations/new"),
    "record": ("ole", "record/initiatives/faelles-gravidteam"),
    "record_of_text": ("ole", "record/initiatives/hyperlink-https-x-dk"),
    "record_submitted": ("sara", "record/observations/gennemfoert"),
    "edit": ("ole", "record/initiatives/faelles-gravidteam/edit"),
    "history": ("ole", "record/initiatives/faelles-gravidteam/history"),
    "diagnostics": ("sara", "diagnostics"),
    "flags": ("sara", "register/observations"),
    "record_flagged": ("sara", "record/observations/roegfri-eller-reduceret"),
    "survey": ("rita", "survey/partnerne"),
    "survey_import": ("ana", "survey/partnerne/import"),
    "import": ("ole", "register/initiatives/import"),
    "no_record": ("rita", "record/initiatives/nothing"),
    "users": ("carl", "users"),
    "log": ("carl", "log"),
}
REFUSED = {"no_record": 404}


def signed_in(page: Page, stand: Stand, name: str, lang: str = "da") -> None:
    page.goto(f"{stand.address}/{lang}/portfolio/sign-in")
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    with page.expect_navigation():
        page.click("main form button")


@pytest.fixture(scope="module")
def pages(browser: Browser, stand: Stand) -> Iterator[dict[str, Page]]:
    """A window of each person who looks at a page, signed in once."""
    found = {}
    for name in {person for person, _ in PAGES.values()}:
        page = found[name] = browser.new_context(viewport={"width": WIDE, "height": 900}).new_page()
        if name:
            signed_in(page, stand, name)
    yield found
    for page in found.values():
        page.context.close()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_is_accessible_and_fits_a_telephone(
    pages: dict[str, Page], stand: Stand, name: str, lang: str
) -> None:
    person, place = PAGES[name]
    page = pages[person].context.new_page()
    visit = Visit(page, stand.address)
    visit.open(f"/{lang}/portfolio/{place}")
    assert [fault for fault in visit.faults if str(REFUSED.get(name)) not in fault] == []
    assert visit.elsewhere == []
    assert page.locator("html").get_attribute("lang") == lang
    assert page.inner_text("h1") in page.title()
    SCREENSHOTS.mkdir(exist_ok=True)
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert visit.axe() == []
        assert visit.overflow() == 0
        page.screenshot(path=SCREENSHOTS / f"portfolio_{name}_{lang}_{width}.png", full_page=True)
    page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_record_is_made_mended_and_moved_by_keyboard_and_without_scripts(
    browser: Browser, stand: Stand, lang: Lang
) -> None:
    context = browser.new_context(viewport={"width": NARROW, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    signed_in(page, stand, "ole", lang)
    page.goto(f"{stand.address}/{lang}/portfolio/register/initiatives/new")
    page.focus("#field-title")
    page.keyboard.type(f"Gåhold {lang}")
    page.focus("[name='budget.value']")
    page.keyboard.type("1.200")
    page.focus("main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("main [role=alert]")).to_contain_text(say("problem.thousands", lang))
    expect(page.locator("#wrong-organisation")).to_have_text(say("problem.not_filled", lang))
    assert page.input_value("#field-title") == f"Gåhold {lang}"
    assert page.input_value("[name='budget.value']") == "1.200"
    page.fill("[name='budget.value']", "1200")
    page.select_option("#field-organisation", HOME)
    page.focus("main form button")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(f"Gåhold {lang}")
    (plan,) = page.locator("form.move button", has_text={"da": "Planlæg", "en": "Plan"}[lang]).all()
    with page.expect_navigation():
        plan.click()
    kept = stand.town.house.archive.get("initiatives", f"gaahold-{lang}")
    assert (kept.state, kept.version, kept.by) == ("planned", 2, "ole")
    assert kept.content["budget"] == {"value": 1200, "unit": "kroner"}
    context.close()


def test_what_looks_like_a_formula_or_a_script_is_text(pages: dict[str, Page], stand: Stand) -> None:
    page = pages["ole"].context.new_page()
    page.goto(f"{stand.address}/da/portfolio/record/initiatives/hyperlink-https-x-dk")
    assert page.inner_text("h1") == FORMULA
    assert SCRIPT in page.inner_text("main")
    assert "taken" not in page.title()
    page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_second_of_two_writers_gets_both_texts_and_nothing_is_lost(
    browser: Browser, pages: dict[str, Page], stand: Stand, lang: Lang
) -> None:
    made = stand.town.create("ole", "initiatives", title=f"Fælles {lang}", organisation=HOME, what="Fra før", why="Før")
    page = pages["ole"].context.new_page()
    page.goto(f"{stand.address}/{lang}/portfolio/record/initiatives/{made.id}/edit")
    stand.town.edit("kim", made, what="Kims tekst", where="Kims sted")
    page.fill("#field-what", "Oles tekst")
    page.fill("#field-how", "Oles måde")
    with page.expect_navigation():
        page.click("form.register-form button")
    expect(page.locator("main [role=alert]")).to_contain_text("kim")
    for text in ("Kims tekst", "Oles tekst"):
        expect(page.locator("#both")).to_contain_text(text)
    assert page.input_value("#field-where") == "Kims sted"
    visit = Visit(page, stand.address)
    assert (visit.axe(), visit.overflow()) == ([], 0)
    page.screenshot(path=SCREENSHOTS / f"portfolio_conflict_{lang}.png", full_page=True)
    with page.expect_navigation():
        page.click("form.register-form button")
    now = stand.town.now(made)
    told = {"what": "Oles tekst", "how": "Oles måde", "where": "Kims sted", "why": "Før"}
    assert {name: now.content[name] for name in told} == told
    desk = stand.town.desk("ole")
    kept = [one.content.get("what") for one in desk.history(desk.register("initiatives"), made.id)]
    assert kept == ["Oles tekst", "Kims tekst", "Fra før"]
    page.close()


@pytest.mark.parametrize(("lang", "partner"), [("da", "Aarhus Kommune"), ("en", "Randers Kommune")])
def test_answers_are_read_in_on_the_page_of_a_survey_after_what_was_wrong_is_mended(
    pages: dict[str, Page], stand: Stand, lang: Lang, partner: str
) -> None:
    page = pages["ana"].context.new_page()
    visit = Visit(page, stand.address)
    page.set_viewport_size({"width": NARROW, "height": 900})
    page.goto(f"{stand.address}/{lang}/portfolio/survey/partnerne")
    page.click(f"text={say('portfolio.survey.import', lang)}")
    page.set_input_files("#field-mapping", {"name": "m.yaml", "mimeType": "text/yaml", "buffer": MAPPING.encode()})
    page.set_input_files("#field-file", answers(partner, "Måske"))
    with page.expect_navigation():
        page.click("main form button")
    expect(page.locator("#problems")).to_contain_text("Måske")
    assert (visit.axe(), visit.overflow()) == ([], 0)
    page.screenshot(path=SCREENSHOTS / f"portfolio_survey_refused_{lang}.png", full_page=True)
    page.set_input_files("#field-mapping", {"name": "m.yaml", "mimeType": "text/yaml", "buffer": MAPPING.encode()})
    page.set_input_files("#field-file", answers(partner, "Ja"))
    with page.expect_navigation():
        page.click("main form button")
    kept = stand.town.desk("ana").export(stand.town.desk("ana").register("survey_invitations"))
    assert page.url == f"{stand.address}/{lang}/portfolio/survey/partnerne"
    assert (partner, "complete") in [(one.content["title"], one.content["status"]) for one in kept]
    page.close()


def answers(partner: str, answer: str) -> FilePayload:
    told = f"Partner;Mål\n{partner};{answer}\n".encode()
    return {"name": "svar.csv", "mimeType": "text/csv", "buffer": told}
