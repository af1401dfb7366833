"""Every page through the front door: no fault, no request elsewhere, accessible, on a telephone, without scripts."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from lighed.core.release import Release
from lighed.report.pages.pathway import LOOKS
from tests.browser import NARROW, SCREENSHOTS, Visit

pytestmark = pytest.mark.browser

PAGES = [
    "denmark/",
    "denmark/rug",
    "denmark/areas",
    "denmark/area/0461",
    "denmark/factors",
    "denmark/factor/3",
    "denmark/catalogue",
    "denmark/catalogue?q=rygning",
    "denmark/about",
    "denmark/protection",
    "denmark/accessibility",
    "denmark/indicator/F3.1",
    "denmark/indicator/F3.1?by=municipality_by_poverty",
    "denmark/indicator/life_expectancy",
    "denmark/indicator/F2.1",
    "synthetic/",
    "synthetic/?area=0461",
    "synthetic/rug",
    "synthetic/area/0461",
    "synthetic/factor/4",
    "synthetic/about",
    "synthetic/protection",
    "synthetic/indicator/F3.1",
    "synthetic/indicator/F3.1?view=bars",
    "synthetic/indicator/F3.1?by=origin&area=1083",
    "synthetic/indicator/F3.1?by=education_sex",
    "synthetic/indicator/F6.1?by=education_origin&view=bars",
    "synthetic/indicator/F6.1?by=education&area=0101",
    "synthetic/indicator/I4.1",
    "synthetic/indicator/life_expectancy?by=sex",
    "synthetic/pathways",
    "synthetic/pathway/rehabilitation",
    "synthetic/pathway/rehabilitation?by=sex&area=1083",
    "synthetic/pathway/rehabilitation/map",
    "synthetic/pathway/rehabilitation/lost",
    "synthetic/pathway/rehabilitation/reasons",
    "synthetic/pathway/rehabilitation/handover",
    "synthetic/pathway/colorectal_follow_up",
    "synthetic/pathway/rehabilitation/waiting",
    "synthetic/pathway/home_visits/waiting?by=sex",
    "synthetic/pathway/newborn_visit",
    "synthetic/pathway/heart_outcome/outcome",
    "synthetic/pathway/sick_leave/outcome?by=sex",
    "synthetic/uses",
    "synthetic/use/F8.1b",
    "synthetic/use/F8.1d?by=education&area=0461",
    "synthetic/factor/8",
    "synthetic/indicator/F8.1b",
    "synthetic/pathway/discharge_needs",
    "synthetic/pathway/discharge_needs_score/points",
    "synthetic/pathway/discharge_needs_score/points?by=sex",
]


@pytest.mark.parametrize("lang", ["da", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_fault_asks_nobody_else_and_is_accessible(visit: Visit, path: str, lang: str) -> None:
    page = visit.open(f"/{lang}/{path}")
    assert visit.faults == []
    assert visit.elsewhere == []
    assert visit.axe() == []
    assert page.locator("h1").count() == 1
    assert page.locator("html").get_attribute("lang") == lang
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{lang}_{re.sub('[^a-z0-9]+', '_', path.lower())}.png", full_page=True)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_a_telephone(visit: Visit, path: str) -> None:
    visit.page.set_viewport_size({"width": NARROW, "height": 740})
    visit.open(f"/da/{path}")
    assert visit.overflow() == 0
    assert visit.axe() == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_everything_without_scripts(browser: Browser, site: str, path: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site}/da/{path}")
    pictures = [image.get_attribute("src") or "" for image in page.locator("figure img").all()]
    assert len(pictures) == page.locator("figure").count()
    assert all(page.request.get(site + picture).headers["content-type"] == "image/svg+xml" for picture in pictures)
    assert all(caption.inner_text().strip() for caption in page.locator("figcaption").all())
    page.close()


def test_choices_work_without_scripts(browser: Browser, site: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site}/da/synthetic/indicator/F3.1")
    page.select_option("#choice-by", "income_quintile")
    page.select_option("#choice-area", "0461")
    page.click("form.choices button")
    assert urlsplit(page.url).query == "area=0461&by=income_quintile&view=equiplot"
    assert "Odense" in page.inner_text("main")
    page.close()


def test_the_door_opens_on_real_denmark_in_danish_and_synthetic_is_one_click_away(visit: Visit) -> None:
    page = visit.open("/")
    assert urlsplit(page.url).path == "/da/denmark/"
    assert page.locator(".banner").count() == 0
    page.click("text=Syntetisk Danmark")
    assert urlsplit(page.url).path == "/da/synthetic/"
    assert "opdigtede" in page.inner_text(".banner")
    page.click("text=English")
    assert urlsplit(page.url).path == "/en/synthetic/"


def test_the_keyboard_reaches_the_content_the_menu_and_every_table(visit: Visit) -> None:
    page = visit.open("/da/denmark/rug")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = set()
    for _ in range(25):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName + (document.activeElement.className || '')"))
    assert {"SELECTform-select", "BUTTONbutton button-primary", "DIVtable-frame", "A"} <= reached


def test_no_address_within_the_site_leads_nowhere(visit: Visit) -> None:
    waiting, seen = ["/da/denmark/", "/da/synthetic/"], set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or len(seen) > 250:
            continue
        seen.add(path)
        answer = visit.page.request.get(visit.address + path)
        assert answer.status == 200, path
        if "text/html" in answer.headers["content-type"]:
            found = re.findall(r'href="(/[^"#]*)', answer.text())
            waiting += [one.replace("&amp;", "&") for one in found if not one.startswith("/static/")]
    assert len(seen) > 200


@pytest.mark.parametrize("path", PAGES)
def test_a_page_and_its_twin_say_the_same(visit: Visit, path: str) -> None:
    stem, _, query = path.partition("?")
    twin = (stem + "index" if stem.endswith("/") else stem) + ".json" + (f"?{query}" if query else "")
    said = json.loads(visit.page.request.get(f"{visit.address}/da/{twin}").text())
    page = visit.open(f"/da/{path}")
    assert page.inner_text("h1") == said["title"]
    assert len(said["blocks"]) > 0
    assert "NaN" not in json.dumps(said)


def test_where_every_record_counts_the_page_names_what_it_is_a_record_of(visit: Visit) -> None:
    page = visit.open("/en/synthetic/indicator/life_expectancy?by=sex")
    assert page.locator("dt:has-text('Counted') + dd").inner_text() == "Death"


@pytest.mark.parametrize("look", [each.name for each in LOOKS[1:]])
def test_a_look_that_a_pathway_has_nothing_of_says_so(look: str, visit: Visit, synthetic_release: Release) -> None:
    for name in synthetic_release.pathways:
        answer = visit.page.request.get(f"{visit.address}/da/synthetic/pathway/{name}/{look}")
        assert answer.status == 200, name


def test_a_page_that_does_not_exist_says_so(visit: Visit) -> None:
    answer = visit.page.request.get(visit.address + "/da/denmark/indicator/none")
    assert answer.status == 404
    assert "findes ikke" in answer.text()


def test_a_question_in_the_address_cannot_put_a_script_on_the_page(visit: Visit) -> None:
    page = visit.open("/da/denmark/catalogue?q=%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
    assert page.locator("img[src=x]").count() == 0
    assert visit.faults == []


@pytest.mark.parametrize("header", ["content-security-policy", "x-content-type-options", "referrer-policy"])
def test_every_answer_is_sent_with_its_guards(visit: Visit, header: str) -> None:
    for path in ("/da/denmark/", "/static/lighed.css", "/da/denmark/index.json", "/da/none/"):
        assert header in visit.page.request.get(visit.address + path).headers


DEFINED = [
    ("colorectal_follow_up", "da", "hvor svaret er blod i afføringen"),
    ("colorectal_follow_up", "en", "where the answer is blood in the stool"),
    ("psychiatric_aftercare", "da", "på den sidste dag"),
    ("psychiatric_aftercare", "en", "on its last day"),
]


@pytest.mark.parametrize(("name", "lang", "said"), DEFINED)
def test_the_page_of_a_pathway_says_which_events_begin_it(visit: Visit, name: str, lang: str, said: str) -> None:
    page = visit.open(f"/{lang}/synthetic/pathway/{name}")
    assert said in page.locator("main").inner_text()


def test_steps_beside_each_other_are_shown_together(visit: Visit) -> None:
    page = visit.open("/en/synthetic/pathway/psychiatric_aftercare")
    shown = page.locator("#whole-table").text_content() or ""
    assert "contact within seven days" in shown
    assert "contact within 30 days" in shown
    assert page.locator("#stage-table").count() == 0  # neither follows the other


USED = [
    ("da", "De bedre stillede får mere, end deres behov tilsiger"),
    ("en", "The better-off get more than their need says"),
]


@pytest.mark.parametrize(("lang", "said"), USED)
def test_the_page_of_a_use_says_who_gets_more_than_need_says(visit: Visit, lang: str, said: str) -> None:
    page = visit.open(f"/{lang}/synthetic/use/F8.1b?by=education")
    assert said in page.locator("main p").first.inner_text()
    kinds = page.locator("#parts-table tbody tr td:nth-of-type(1)").all_inner_texts()
    assert len(kinds) == 8
    assert kinds.count("behov" if lang == "da" else "need") == 5


def test_use_as_it_is_is_not_held_up_as_inequity(visit: Visit) -> None:
    for path in ("", "rug"):
        page = visit.open(f"/en/synthetic/{path}")
        assert page.locator("a[href*='indicator/F8.2']").count() >= (path == "rug")
        assert page.locator("a[href*='indicator/F8.1']").count() == 0
    assert visit.open("/en/synthetic/indicator/F8.1b").locator("a[href$='use/F8.1b']").count() == 1
    assert visit.open("/en/synthetic/factor/8").locator("a[href*='/use/F8.1']").count() == 7
