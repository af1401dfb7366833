"""No page needs a style that is written into it: charts, and what they say when pointed at, have theirs in a file."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from lighed.core.release import Release
from lighed.web.app import create_app
from tests.browser import WIDE, Visit, served

pytestmark = pytest.mark.browser


def test_a_chart_is_drawn_and_says_its_numbers_under_guards_that_allow_no_style_in_the_page(
    browser: Browser, denmark_release: Release
) -> None:
    with served(create_app([denmark_release.folder])) as address:
        page = browser.new_page(viewport={"width": WIDE, "height": 900})
        visit = Visit(page, address)
        answer = page.goto(f"{address}/da/denmark/indicator/F3.1")
        assert answer is not None
        pictures = re.findall(r'src="(/[^"]+/figure/[^"]+)"', answer.text())
        assert "unsafe" not in answer.headers["content-security-policy"]
        visit.open("/da/denmark/indicator/F3.1")
        page.locator(".canvas .mark-symbol path").first.hover(force=True)
        said = page.locator("#vg-tooltip-element.visible")
        expect(said).to_be_visible()
        look = said.evaluate("one => [getComputedStyle(one).position, getComputedStyle(one).backgroundColor]")
        assert look == ["fixed", "rgb(255, 255, 255)"]
        assert visit.faults == []
        assert page.goto(address + pictures[0].replace("&amp;", "&")).ok  # a browser then asks for an icon, too
        page.close()
    assert not any("style" in fault for fault in visit.faults)
