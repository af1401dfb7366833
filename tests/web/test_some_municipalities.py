"""The pages of a release with the persons of one municipality: there is no country to hold it against."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import HTTPException

from lighed.core.release import Release
from lighed.core.text import LANGUAGES, Lang
from lighed.disclosure import publish
from lighed.report.page import Table
from lighed.report.pages import area
from lighed.report.view import View
from lighed.store.engine import connect
from lighed.web.app import Site
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


def test_a_page_without_figures_has_no_table_of_them(release: Release) -> None:
    site = Site({release.manifest.id: release})
    with pytest.raises(HTTPException) as refused:
        site.answer("da", release.manifest.id, "catalogue.csv", {})
    assert refused.value.status_code == 404
