"""The pages of forms in a browser: accessible, in both languages, on a telephone, by keyboard, and without scripts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lighed.core.text import LANGUAGES, Lang, day, say
from lighed.web.forms import create_app
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit, served
from tests.forms.conftest import EVA, FINN, FULL, PASSWORD, TODAY, Ward

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Stand:
    """A clinic that is served, and the addresses of what there is."""

    ward: Ward
    address: str
    addresses: dict[str, str]


@pytest.fixture(scope="module")
def stand(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    ward = Ward(shutil.copytree(staffed, tmp_path_factory.mktemp("stand") / "skemaer"))
    ward.calendar.day = TODAY
    anna = ward.desk("anna")
    form = anna.form("discharge_needs")
    filled = anna.fill(form, EVA, "5A", {"education": "none", "network": "often"}, ["transport_help"])
    anna.step(filled.id, "follow_up_call", "offered")
    full, gone = anna.fill(form, FINN, "5A", FULL), anna.fill(form, FINN, "5A", FULL)
    anna.withdraw(gone.id)
    refused = anna.note_refusal(form, FINN, "5A")
    found = {name: one.id for name, one in locals().items() if name in {"filled", "full", "gone", "refused"}}
    with served(create_app(ward.clinic)) as address:
        yield Stand(ward, address, {k: f"/da/forms/filled/{name}?why=planning" for k, name in found.items()})
    ward.clinic.close()


PAGES = {
    "sign_in": ("", "/da/forms/sign-in"),
    "overview": ("anna", "/da/forms/"),
    "overview_without_unit": ("nils", "/da/forms/"),
    "no_role": ("lis", "/da/forms/"),
    "discharge_needs": ("anna", "/da/forms/form/discharge_needs"),
    "alcohol_screening_two_units": ("dora", "/da/forms/form/alcohol_screening"),
    "functional_decline": ("anna", "/da/forms/form/functional_decline"),
    "filled": ("anna", "filled"),
    "filled_full": ("anna", "full"),
    "withdrawn": ("anna", "gone"),
    "refused": ("anna", "refused"),
    "why": ("anna", "/da/forms/filled/aaaaaaaaaaaaaaaa"),
    "mine": ("anna", "/da/forms/mine"),
    "users": ("carl", "/da/forms/users"),
    "log": ("carl", "/da/forms/log"),
    "account": ("anna", "/da/forms/account"),
}
REFUSED = {"no_role": 403}


def signed_in(page: Page, stand: Stand, name: str, lang: str = "da") -> None:
    page.goto(f"{stand.address}/{lang}/forms/sign-in")
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
    visit.open(stand.addresses.get(place, place).replace("/da/", f"/{lang}/", 1))
    assert [fault for fault in visit.faults if str(REFUSED.get(name)) not in fault] == []
    assert visit.elsewhere == []
    assert page.locator("html").get_attribute("lang") == lang
    assert page.inner_text("h1") in page.title()
    assert [number for number in (EVA, FINN, FINN.replace("-", "")) if number in page.content()] == []
    SCREENSHOTS.mkdir(exist_ok=True)
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert visit.axe() == []
        assert visit.overflow() == 0
        page.screenshot(path=SCREENSHOTS / f"forms_{name}_{lang}_{width}.png", full_page=True)
    page.close()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_is_filled_in_by_keyboard_and_without_scripts(browser: Browser, stand: Stand, lang: Lang) -> None:
    context = browser.new_context(viewport={"width": NARROW, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    signed_in(page, stand, "anna", lang)
    page.goto(f"{stand.address}/{lang}/forms/form/alcohol_screening")
    page.focus("#person-fill")
    page.keyboard.type(EVA)
    for presses in (4, 4, 0):  # from "not answered" at the bottom round to an answer
        page.keyboard.press("Tab")
        for _ in range(presses):
            page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    main = page.locator("main")
    form = stand.ward.desk("anna").form("alcohol_screening")
    (kept,) = (o for o in stand.ward.desk("anna").find(EVA, "planning") if o.form.id == form.id)
    assert kept.answers == {"how_often": "monthly", "how_many": "three_or_four"}
    expect(main).to_contain_text(say("forms.says.free", lang))
    expect(main).to_contain_text(form.question("how_often").title[lang])
    expect(main).to_contain_text(say("forms.says.filled", lang, until=day(kept.valid_until, lang)))
    expect(main).to_contain_text(say("forms.says.deleted", lang, on=day(kept.delete_on, lang)))
    expect(main).to_contain_text(form.offers[1].title[lang])
    stand.ward.desk("anna").withdraw(kept.id)
    context.close()
