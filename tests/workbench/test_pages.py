"""Every page of the workbench: accessible, in both languages, on a telephone, and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from lighed.core.text import LANGUAGES
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit
from tests.workbench.bench import NUMBERS
from tests.workbench.conftest import PLAN, Stand

pytestmark = pytest.mark.browser

# The name of a page, who looks at it, and its address, or its name among the addresses that were found on the way.
PAGES = {
    "sign_in": ("", "/da/zone/sign-in"),
    "overview": ("dora", "/da/zone/"),
    "overview_releaser": ("bo", "/da/zone/"),
    "no_role": ("eva", "/da/zone/"),
    "account": ("bo", "/da/zone/account"),
    "users": ("carl", "/da/zone/users"),
    "log": ("carl", "/da/zone/log"),
    "file": ("dora", "file"),
    "file_text": ("dora", "text"),
    "file_damaged": ("dora", "damaged"),
    "file_table": ("dora", "table"),
    "job_tried": ("dora", "tried"),
    "job_faulty": ("dora", "faulty"),
    "job_loaded": ("dora", "loaded"),
    "job_built": ("dora", "built"),
    "plan": ("anna", f"/da/zone/plans/{PLAN}"),
    "candidate_to_sign": ("bo", f"/da/zone/candidates/{PLAN}"),
    "candidate_of_ones_own": ("dora", f"/da/zone/candidates/{PLAN}"),
    "candidate_without_role": ("carl", f"/da/zone/candidates/{PLAN}"),
    "preview": ("bo", f"/da/{PLAN}/"),
    "missing": ("dora", "/da/zone/none"),
}
REFUSED = {"no_role": 403, "missing": 404}


def opened(visit: Visit, stand: Stand, name: str, lang: str) -> Page:
    """Open a page as the person who looks at it."""
    person, place = PAGES[name]
    if person:
        cookies = stand.bench.person(person).client.cookies
        visit.page.context.add_cookies([{"name": k, "value": v, "url": visit.address} for k, v in cookies.items()])
    return visit.open(stand.addresses.get(place, place).replace("/da/", f"/{lang}/", 1))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_fault_is_accessible_and_fits_a_telephone(
    visit: Visit, stand: Stand, name: str, lang: str
) -> None:
    page = opened(visit, stand, name, lang)
    assert [fault for fault in visit.faults if str(REFUSED.get(name)) not in fault] == []
    assert visit.elsewhere == []
    assert page.locator("html").get_attribute("lang") == lang
    assert page.locator("h1").count() == 1
    assert page.inner_text("h1") in page.title()
    assert [number for number in NUMBERS if number in page.content()] == []
    SCREENSHOTS.mkdir(exist_ok=True)
    assert visit.axe() == []
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert visit.overflow() == 0
        page.screenshot(path=SCREENSHOTS / f"zone_{name}_{lang}_{width}.png", full_page=True)
    assert lang == "en" or visit.axe() == []  # what a telephone shows is the same in both languages


def test_the_page_of_work_that_is_under_way_is_accessible_too(visit: Visit, stand: Stand) -> None:
    dora = stand.bench.person("dora")
    opened(visit, stand, "overview", "da")
    visit.page.route("**/waiting.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    work = dora.post(f"/da/zone/plans/{PLAN}/build")
    page = visit.open(work.headers["location"])
    assert page.locator("#job progress").is_visible()
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert visit.axe() == []
        assert visit.overflow() == 0
    dora.done(work)


@pytest.mark.parametrize("name", PAGES)
def test_the_other_language_is_one_click_away_and_is_the_same_page(visit: Visit, stand: Stand, name: str) -> None:
    page = opened(visit, stand, name, "da")
    danish, address = page.inner_text("main"), page.url
    page.click("text=English")
    assert page.url == address.replace("/da/", "/en/", 1)
    assert page.inner_text("main") != danish
    page.click("text=Dansk")
    assert (page.inner_text("main"), page.url) == (danish, address)
