"""The way of a file to a signed release, in the browser: with scripts, without, and by keyboard."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from lighed.core.release import found_in
from lighed.core.text import Lang, say
from lighed.web.app import create_app
from tests.browser import WIDE, Visit, served
from tests.workbench.bench import (
    NAME,
    NUMBERS,
    OTHERS,
    PASSWORD,
    PATIENCE,
    PERSONS,
    YEAR,
    Bench,
    people_file,
    running,
)
from tests.workbench.conftest import PLAN, Stand, edit_plan

pytestmark = pytest.mark.browser


class Walk:
    """Somebody who goes through the workbench and keeps the pages that were looked at and those that were left."""

    def __init__(self, page: Page, bench: Bench, lang: Lang, *, scripts: bool) -> None:
        self.page, self.bench, self.lang, self.scripts = page, bench, lang, scripts
        self.seen: list[str] = []

    def says(self, key: str, **values: object) -> None:
        expect(self.page.locator("main")).to_contain_text(say(key, self.lang, **values))
        self.seen.append(self.page.content())

    def press(self, form: str, button: str = "button") -> None:
        """Press the button of the form that is sent to an address with this ending, and wait for what it leads to."""
        self.seen.append(self.page.content())
        with self.page.expect_navigation():
            self.page.click(f'main form[action$="{form}"] {button}')

    def go(self, path: str) -> None:
        self.page.goto(f"{self.bench.address}/{self.lang}/zone/{path}")

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.go("sign-in")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.press("/sign-in")

    def sign_out(self) -> None:
        self.page.click("header form button")
        self.says("zone.sign_in.title")

    def add_user(self, name: str, *roles: str) -> None:
        self.go("users")
        self.page.fill("#field-name", name)
        self.page.fill("#field-password", PASSWORD)
        for role in roles:
            self.page.check(f"#new-{role}")
        self.press("/zone/users")

    def upload(self, content: bytes) -> None:
        self.go("")
        self.page.set_input_files("#field-file", {"name": NAME, "mimeType": "text/csv", "buffer": content})
        self.press("/zone/files")

    def finish(self) -> None:
        """Wait until the work is done: the page sees to it itself, or has a link where there are no scripts."""
        while not self.scripts and self.page.locator("#job").count():
            self.page.wait_for_timeout(200)
            with self.page.expect_navigation():
                self.page.click("main a.button")
        expect(self.page.locator("#job")).to_have_count(0)

    def number_of(self, step: str) -> str:
        return self.page.locator(f'.steps a[href="#{step}"] strong').inner_text()


@pytest.fixture(params=[("da", True), ("en", False)], ids=["Danish with scripts", "English without scripts"])
def walk(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Walk]:
    lang, scripts = request.param
    page = browser.new_page(viewport={"width": WIDE, "height": 900}, java_script_enabled=scripts)
    with running(tmp_path / PLAN) as bench:
        yield Walk(page, bench, lang, scripts=scripts)
    page.close()


def test_a_file_becomes_a_release_that_two_persons_have_seen(walk: Walk) -> None:
    visit = Visit(walk.page, walk.bench.address)
    for step in (open_accounts, try_a_file_with_faults, load_the_file, edit_the_plan, build, sign_off):
        step(walk)
    look_at_the_release(walk)
    look_at_the_log(walk)
    find_what_was_changed(walk)
    assert visit.elsewhere == []
    assert {fault.split()[0] for fault in visit.faults if not fault.startswith("Failed to load")} <= {"400", "401"}
    nowhere_is_a_number(walk)


def open_accounts(walk: Walk) -> None:
    walk.sign_in("admin", "wrong password")
    walk.says("error.account.wrong")
    walk.sign_in("admin", walk.bench.first_password)
    assert [walk.number_of(step) for step in ("files", "store", "candidates", "releases")] == ["0"] * 4
    for nothing in ("files", "store", "candidates", "releases"):
        walk.says(f"zone.{nothing}.none")
    walk.add_user("anna", "analyst", "releaser")
    walk.add_user("bo", "releaser")
    walk.add_user("bo", "analyst")
    walk.says("error.account.name_taken", name="bo")
    walk.sign_out()


def try_a_file_with_faults(walk: Walk) -> None:
    walk.sign_in("anna")
    walk.upload(people_file(area="999"))
    walk.says("zone.file.draft")
    assert walk.page.input_value("[name=encoding]") == "cp1252"
    walk.press("/mapping", "[value=try]")
    walk.finish()
    walk.says("zone.job.try.failed")
    expect(walk.page.locator("main")).to_contain_text("RYGER")
    walk.page.click("main a.button-primary")
    smoking = walk.page.locator('label:has-text("RYGER") + select').first.get_attribute("name").split(".")[1]
    walk.page.select_option(f'[name="code.{smoking}.0"]', "daily")
    walk.page.select_option(f'[name="code.{smoking}.1"]', "not_daily")
    walk.page.fill("[name=constants]", f"respondent.wave: profil_{YEAR}")
    walk.press("/mapping", "[value=try]")
    walk.finish()
    walk.says("zone.job.try.failed")
    expect(walk.page.locator("main")).to_contain_text("KOMNR")
    fault = walk.page.locator("#problems tbody tr")
    assert [fault.locator("th, td").nth(k).inner_text() for k in range(3)] == ["4", "KOMNR", "999"]
    walk.page.click("main a.button-primary")
    walk.press("/discard")
    walk.says("zone.files.none")


def load_the_file(walk: Walk) -> None:
    walk.upload(people_file())
    walk.says("zone.file.saved")
    walk.press("/mapping", "[value=try]")
    walk.finish()
    walk.says("zone.job.try.done")
    assert not (walk.bench.project.store / "data" / "person").is_dir()
    walk.press("/load")
    walk.finish()
    walk.says("zone.job.load.done")
    walk.page.click("main a.button-primary")
    walk.says("zone.files.none")
    assert walk.number_of("store") == "1"
    assert str(PERSONS) in walk.page.locator("#held tr").nth(1).inner_text()
    assert list(walk.bench.project.inbox.iterdir()) == []


def edit_the_plan(walk: Walk) -> None:
    walk.page.click("#plan-list a")
    text = walk.page.input_value("#field-text")
    walk.page.fill("#field-text", text.replace("research_export", "none_such"))
    walk.press(f"/plans/{PLAN}")
    expect(walk.page.locator("[role=alert]")).to_contain_text("none_such")
    assert "none_such" in walk.page.input_value("#field-text")
    walk.page.fill("#field-text", edit_plan(text))
    walk.press(f"/plans/{PLAN}")
    expect(walk.page.locator("#plan-list")).to_contain_text(str(YEAR))


def build(walk: Walk) -> None:
    walk.press("/build")
    expect(walk.page.locator("#job progress")).to_be_visible()
    walk.finish()
    walk.says("zone.job.built")
    walk.page.click("main a.button-primary")
    walk.says("zone.candidate.own")
    assert walk.page.locator('form[action$="/sign-off"]').count() == 0
    form = {"token": walk.page.locator("[name=token]").first.get_attribute("value") or ""}
    refused = walk.page.request.post(f"{walk.page.url}/sign-off", form=form, headers={"Origin": walk.bench.address})
    assert refused.status == 403
    assert found_in(walk.bench.project.releases) == []
    walk.sign_out()


def sign_off(walk: Walk) -> None:
    walk.sign_in("bo")
    walk.page.click("#candidate-list a")
    walk.page.click("main a.button-primary")
    expect(walk.page.locator(".banner")).to_contain_text(say("zone.candidate.unsigned", walk.lang))
    walk.page.click("nav.menu a >> nth=1")
    walk.page.click(".banner a")
    walk.press("/sign-off")
    walk.says("zone.candidates.none")
    assert walk.number_of("releases") == "1"
    walk.sign_out()


def look_at_the_release(walk: Walk) -> None:
    releases = found_in(walk.bench.project.releases)
    signed = (releases[0].parent / "signed.jsonl").read_text("utf-8")
    (line,) = map(json.loads, signed.splitlines())
    assert (line["release"], line["by"], line["built_by"]) == ("1", "bo", "anna")
    with served(create_app(releases)) as address, httpx.Client(base_url=address, timeout=PATIENCE) as reader:
        page = reader.get(f"/{walk.lang}/{PLAN}/")
        assert page.status_code == 200
        assert say("zone.candidate.unsigned", walk.lang) not in page.text
        assert reader.get(f"/{walk.lang}/{PLAN}/indicator/F3.1").status_code == 200


def look_at_the_log(walk: Walk) -> None:
    walk.sign_in("admin", walk.bench.first_password)
    walk.go("log")
    walk.says("zone.log.whole")
    accounts = walk.bench.accounts
    assert accounts.broken_at() is None
    done = [(entry.user, entry.action) for entry in reversed(accounts.log()) if "sign_" not in entry.action[:5]]
    accounts.engine.dispose()
    assert done == [
        ("-", "manage_users"),
        ("admin", "manage_users"),
        ("admin", "manage_users"),
        ("anna", "upload"),
        ("anna", "map"),
        ("anna", "map"),
        ("anna", "discard_upload"),
        ("anna", "upload"),
        ("anna", "map"),
        ("anna", "try"),
        ("anna", "load"),
        ("anna", "plan"),
        ("anna", "build"),
        ("anna", "refused"),
    ]


def find_what_was_changed(walk: Walk) -> None:
    with sqlite3.connect(walk.bench.project.accounts) as db:
        db.execute("DROP TRIGGER log_UPDATE")
        db.execute("UPDATE log SET thing = 'another' WHERE number = 4")
    db.close()
    walk.go("log")
    walk.says("zone.log.broken", number=4)


def nowhere_is_a_number(walk: Walk) -> None:
    assert len(walk.seen) > 40
    texts = [*walk.seen, walk.bench.output]
    texts += [path.read_text("utf-8", errors="replace") for path in walk.bench.project.folder.rglob("*.*")]
    everything = re.sub(r"[-\s]", "", " ".join(texts))
    assert [number for number in NUMBERS if number in everything] == []


# --- by keyboard


def tab_to(page: Page, selector: str) -> None:
    """Go from control to control until this one has the focus, and see that it shows."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            break
    expect(page.locator(f"{selector} >> nth=0")).to_be_focused()
    shown = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{shown}.outlineStyle !== 'none' || {shown}.boxShadow !== 'none'")


def enter(page: Page) -> None:
    """Press Enter where it leads to another page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_a_file_is_tried_by_keyboard_alone(stand: Stand, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    page.goto(stand.bench.address)
    for field, typed in (("[name=name]", "anna"), ("[name=password]", PASSWORD)):
        tab_to(page, field)
        page.keyboard.type(typed)
    enter(page)
    tab_to(page, "#field-file")  # the dialog that Enter opens here is the browser's own, and no part of the page
    page.locator("input[type=file]:focus").set_input_files(
        {"name": "tastatur.csv", "mimeType": "text/csv", "buffer": people_file(OTHERS)}
    )
    tab_to(page, "main form.choices button")
    enter(page)
    for place, meant in ((0, "ja, hver dag"), (1, "nej, eller")):
        tab_to(page, f'[id$="-{place}"][name^="code.6."]')
        page.keyboard.type(meant)
    tab_to(page, "[name=constants]")
    page.keyboard.type(f"respondent.wave: profil_{YEAR}")
    tab_to(page, "[value=try]")
    enter(page)
    expect(page.locator("#job")).to_have_count(0)
    expect(page.locator("h1")).to_have_text(say("zone.job.try.done", "da"))
    tab_to(page, "summary")
    page.keyboard.press("Enter")
    expect(page.locator("details[open] table")).to_be_visible()
    tab_to(page, "#field-replace")
    page.keyboard.press("Space")
    expect(page.locator("#field-replace")).to_be_checked()
    tab_to(page, "main form button")
    page.close()
