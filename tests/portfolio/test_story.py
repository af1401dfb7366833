"""A cluster's secretary and an initiative's owner do their work in a browser, as people who are new to it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from playwright.sync_api import Browser, Page, expect

from lighed.core.text import Lang, say
from tests.browser import NARROW, SCREENSHOTS, WIDE, Visit, served
from tests.portfolio.conftest import HOME, PASSWORD, Town, mounted
from tests.portfolio.papers import opened

pytestmark = pytest.mark.browser
FIVE = {
    "problem": "Færre med kort uddannelse møder op.",
    "target_group": "Borgere med kort uddannelse.",
    "actions": "Røgfri Sammen ringer op.",
    "aims": "Flere møder op.",
    "documentation": "Vi tæller.",
}


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Browser, address: str, name: str, lang: Lang) -> None:
        self.page: Page = browser.new_context(viewport={"width": WIDE, "height": 900}).new_page()
        self.visit, self.lang, self.root = Visit(self.page, address), lang, f"{address}/{lang}/portfolio"
        self.page.goto(f"{self.root}/sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", PASSWORD)
        self.press("main form button")

    def press(self, selector: str) -> None:
        with self.page.expect_navigation():
            self.page.click(selector)

    def write(self, **cells: str) -> None:
        """Fill in the form that is open, and save it."""
        for name, value in cells.items():
            field = self.page.locator(f"[name='{name}'], [name='many.{name}'][value='{value}']").first
            kind = field.evaluate("one => one.type")
            if kind == "checkbox":
                field.evaluate("one => { const more = one.closest('details'); if (more) more.open = true }")
                field.check()
            elif kind == "select-one":
                field.select_option(value)
            else:
                field.fill(value)
        self.press("form.register-form button[type=submit]")

    def create(self, register: str, **cells: str) -> None:
        self.page.goto(f"{self.root}/register/{register}/new")
        self.write(**cells)
        expect(self.page.locator("main [role=alert]")).to_have_count(0)

    def move(self, name: str, reason: str = "") -> None:
        if reason:
            self.page.fill(f"#reason-{name}", reason)
        self.press(f"form.move:has([value='{name}']) button")

    def fetch(self, kind: str) -> bytes:
        with self.page.expect_download() as waiting:
            self.page.click(f"a[href$='.{kind}']")
        return Path(waiting.value.path()).read_bytes()

    def look(self, name: str) -> None:
        """The page that is open is accessible and fits a telephone."""
        SCREENSHOTS.mkdir(exist_ok=True)
        for width in (NARROW, WIDE):
            self.page.set_viewport_size({"width": width, "height": 900})
            assert self.visit.axe() == []
            assert self.visit.overflow() == 0
            self.page.screenshot(path=SCREENSHOTS / f"story_{name}_{self.lang}_{width}.png", full_page=True)


@pytest.fixture
def address(town: Town) -> Iterator[str]:
    with served(mounted(town.house)) as found:
        yield found


def test_a_secretary_gives_an_assignment_and_gets_returns_approves_and_prints_a_plan(
    browser: Browser, town: Town, address: str
) -> None:
    lang: Lang = "da" if town.house.archive.engine.dialect.name == "sqlite" else "en"
    sara, paul = (Person(browser, address, name, lang) for name in ("sara", "paul"))
    # The secretary: a programme, an assignment, an obligation whose deadline is not announced yet.
    sara.create("programmes", title="Sundhedsaftalen", kind="health_agreement")
    asked = {"programme": "sundhedsaftalen", "issuer": HOME, "assignees": HOME, "text": "Beskriv indsatsen."}
    sara.create("assignments", title="Mere lighed", **asked)
    sara.move("give")
    due = {"assignment": "mere-lighed", "template": "plan", "recipients": HOME, "period": "1. kvartal 2099"}
    sara.create("obligations", title="Planrapport", **due)
    sara.move("give")
    expect(sara.page.locator("#due")).to_contain_text(say("portfolio.standing.coming", lang))
    sara.look("obligation")
    # The cluster: finds it among the deadlines, writes, and is told what is missing.
    paul.page.goto(f"{paul.root}/due")
    paul.look("due")
    paul.press("#due a[href*='/new']")
    assert paul.page.input_value("#field-period") == "1. kvartal 2099"
    assert paul.page.locator("#field-experience").count() == 0
    paul.look("form")
    paul.write(title="Plan fra Aarhus", **FIVE)
    paul.look("draft")
    paul.move("submit")
    expect(paul.page.locator("main [role=alert]")).to_be_visible()
    paul.press("a[href$='#field-aims_reason']")
    paul.write(aims_reason="Tal kommer i 2018.", documentation_reason="Kun interview.")
    paul.move("submit")
    # Returned with a comment, mended, sent again, approved.
    sara.page.goto(f"{sara.root}/record/reports/plan-fra-aarhus")
    sara.move("return", "Hvor mange?")
    paul.page.goto(f"{paul.root}/record/reports/plan-fra-aarhus")
    expect(paul.page.locator("main")).to_contain_text("Hvor mange?")
    paul.page.goto(f"{paul.root}/record/reports/plan-fra-aarhus/edit")
    paul.write(problem="12 % med kort uddannelse møder ikke op.")
    paul.move("submit")
    sara.page.goto(f"{sara.root}/record/reports/plan-fra-aarhus")
    sara.move("approve")
    assert town.house.archive.get("reports", "plan-fra-aarhus").state == "approved"
    # Printed.
    sara.press("a[href$='/report']")
    expect(sara.page.locator("h1")).to_have_text("Plan fra Aarhus")
    sara.look("plan")
    shown = opened(sara.fetch("pdf")).text
    document = Document(io.BytesIO(sara.fetch("docx")))
    headings = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert headings == sara.page.locator("main h2").all_inner_texts()
    written = [one.text for one in document.paragraphs]
    for text in (*list(FIVE.values())[1:], "12 % med kort uddannelse møder ikke op."):
        assert text in shown
        assert text in written
    sara.page.goto(f"{sara.root}/due")
    expect(sara.page.locator("#due")).to_contain_text(say("portfolio.standing.fulfilled", lang))
    assert (sara.visit.faults, sara.visit.elsewhere, paul.visit.elsewhere) == ([], [], [])
    assert len(paul.visit.faults) <= 2  # the refused submission: its answer, and the browser's own line on it


def test_an_owner_registers_links_reports_by_triple_aim_and_fetches_the_fact_sheet(
    browser: Browser, town: Town, address: str
) -> None:
    lang: Lang = "da" if town.house.archive.engine.dialect.name == "sqlite" else "en"
    ole = Person(browser, address, "kim", lang)
    initiative = {"organisation": HOME, "indicators": "F3.1", "factors": "3", "administration": "health"}
    ole.create("initiatives", title="Røgfri Sammen", light="green", **initiative)
    ole.move("plan")
    for aim, title in (("population_health", "Røgfri"), ("experience", "Tilfredse"), ("cost", "Pris")):
        figure = {"value.value": "1200", "value.unit": "kroner"} if aim == "cost" else {}
        figure |= {} if figure else {"share.numerator": "60", "share.denominator": "84"}
        seen = {"initiative": "roegfri-sammen", "aim": aim, "period": "2022", "source": "Årsrapport"}
        ole.create("observations", title=title, **seen, **figure)
    ole.page.goto(f"{ole.root}/record/initiatives/roegfri-sammen")
    ole.press("a[href*='fact_sheets/new']")
    texts = {"problem": "Flere ryger.", "action": "Rygestop.", "results": "60 af 84.", "perspectives": "Flere."}
    ole.write(title="Røgfri Sammen", as_of="2023-12-31", observations="roegfri", **texts)
    ole.press("a[href$='/report']")
    ole.look("fact_sheet")
    titles = {"da": ["Problemstilling", "Indsats", "Resultater", "Fremtidige perspektiver"],
              "en": ["Problem", "Initiative", "Results", "Future perspectives"]}  # fmt: skip
    assert ole.page.locator("main h2").all_inner_texts()[:4] == titles[lang]
    shown = opened(ole.fetch("pdf")).text
    percent = {"da": "71,4", "en": "71.4"}[lang]
    assert say("portfolio.share", lang, numerator="60", denominator="84", percent=percent) in shown
    ole.page.goto(f"{ole.root}/report/overview")
    ole.look("overview")
    expect(ole.page.locator("td.tone-green").first).to_contain_text(say("paper.lights.green", lang, count=1))
    assert (ole.visit.faults, ole.visit.elsewhere) == ([], [])
