"""The site that the browser visits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from lighed.core.release import Release
from lighed.web.app import create_app
from tests.browser import WIDE, Visit, served


@pytest.fixture(scope="session")
def site(denmark_release: Release, synthetic_release: Release) -> Iterator[str]:
    with served(create_app([denmark_release.folder, synthetic_release.folder])) as address:
        yield address


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": WIDE, "height": 900})
    yield Visit(page, site)
    page.close()
