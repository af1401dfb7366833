"""The pages of a release with the persons of one municipality: there is no country to hold it against."""

from __future__ import annotations

from pathlib import Path

import pytest

from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang
from lighed.disclosure import publish
from lighed.report.page import Table
from lighed.report.pages import area
from lighed.report.view import View
from lighed.store.engine import connect
from tests.analysis.test_estimates import LARGE, SHARE, town
from tests.conftest import MADE
from tests.web.test_shape import AREA, CATALOGUE


@pytest.fixture
def release(tmp_path: Path) -> Release:
    made = town(SHARE, **LARGE).estimates(connect(), None)
    return publish(made, CATALOGUE.plans["synthetic"], CATALOGUE, tmp_path / "release", inputs={}, made=MADE)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_municipality_stands_without_the_country_and_judges_nothing(lang: Lang, release: Release) -> None:
    assert [*release.areas] == [AREA]
    page = area(View(release, CATALOGUE, lang, AREA))
    (table,) = (block for block in page.blocks if isinstance(block, Table))
    assert len({len(table.columns), *map(len, table.rows)}) == 1
    assert {(row[-2].text, row[-1].tone) for row in table.rows} == {("–", "none")}
