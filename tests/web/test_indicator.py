"""What the page of an indicator says of crossed groups and of small municipalities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lighed.catalogue import load
from lighed.core.estimates import Estimates
from lighed.core.release import Release
from lighed.core.text import Lang
from lighed.core.types import COUNTRY
from lighed.report import sentences
from lighed.report.page import Folded, Page, Table, Words
from lighed.report.pages.indicator import indicator
from lighed.report.view import View
from lighed.report.words import written
from tests.disclosure.tables import EDUCATION, MUNICIPALITIES, SEX, SHARE, estimates, table
from tests.disclosure.test_release import published
from tests.disclosure.test_small_areas import TOWNS
from tests.disclosure.test_small_areas import table as of_towns

CATALOGUE = load()
CROSSED = CATALOGUE.stratifiers["education_sex"]


def page(release: Release, area: str, by: str, lang: Lang) -> Page:
    view = View(release, CATALOGUE, lang, area)
    return indicator(view, release.indicators["F6.1"], by=by, look="equiplot")


def said(page: Page) -> str:
    return " ".join(block.text for block in page.blocks if isinstance(block, Words))


def share(value: float | None) -> dict[str, Any]:
    return {"measure": "additive_share", "value": value, "unit": "percent", "flags": "" if value else "not_applicable"}


ADDITIVE: list[tuple[float | None, Lang, str]] = [
    (93.0, "da", "3,0 % af forskellene mellem mennesker ligger mellem grupperne, og 93,0 % af det forklares af"),
    (-12.0, "da", "3,0 % af forskellene mellem mennesker ligger mellem grupperne, og det forklares ikke af"),
    (None, "da", "3,0 % af forskellene mellem mennesker ligger mellem grupperne."),
    (93.0, "en", "3.0% of the differences between people lies between the groups, and 93.0% of that is explained by"),
    (
        -12.0,
        "en",
        "3.0% of the differences between people lies between the groups, and education and sex one by one do",
    ),
    (None, "en", "3.0% of the differences between people lies between the groups."),
]


@pytest.mark.parametrize(("additive", "lang", "begins"), ADDITIVE)
def test_the_sentence_of_crossed_groups_says_what_their_dimensions_explain(
    additive: float | None, lang: Lang, begins: str
) -> None:
    assert sentences.crossed(CROSSED, share(3.0), share(additive), lang).startswith(begins)
    assert sentences.crossed(CROSSED, share(None), share(additive), lang) == ""
    assert sentences.crossed(CROSSED, None, None, lang) == ""


def split(short_women: tuple[int, int]) -> Estimates:
    """Groups of six municipalities, and how the program would split those of the country."""
    made = {("2024", code, e, s): (900, 400) for code in MUNICIPALITIES for e in EDUCATION for s in SEX}
    made |= {("2024", code, "short", "female"): short_women for code in MUNICIPALITIES}
    like = {"indicator": SHARE, "period": "2024", "area": COUNTRY, "stratifier": "education_sex", "flags": ""}
    like |= {"unit": "percent", "method": "moments", "n": 100, "events": 50}
    of_all = [
        like | {"measure": "variance_partition", "value": 3.0},
        like | {"measure": "additive_share", "value": 93.0},
    ]
    of_each = [like | {"measure": "interaction", "level": level, "value": 1.5} for level in CROSSED.level_ids]
    rows = [row | {"method": "delta"} for row in table(made, crossed=True).rows() if row["measure"] != "interaction"]
    ratios = [row | {"measure": "ratio", "unit": "ratio"} for row in rows if row["measure"] == "difference"]
    return estimates([*rows, *ratios, *of_all, *of_each])


@pytest.mark.parametrize(("short_women", "due"), [((900, 400), True), ((60, 0), True), ((1, 1), False)])
@pytest.mark.parametrize("lang", ["da", "en"])
def test_crossed_groups_of_the_country_are_split_unless_one_is_hidden(
    short_women: tuple[int, int], due: bool, lang: Lang, tmp_path: Path
) -> None:
    release = published(tmp_path / "made", split(short_women))
    made = page(release, COUNTRY, "education_sex", lang)
    sentence = sentences.crossed(CROSSED, share(3.0), share(93.0), lang)
    (more,) = (block for block in made.blocks if isinstance(block, Folded))
    tables = {block.id: block for block in more.blocks if isinstance(block, Table)}
    assert (sentence in said(made)) == due
    assert ("interactions" in tables) == due
    assert (written(share(3.0), lang) in {row[2].text for row in tables["measures"].rows}) == due
    assert sentence not in said(page(release, "0851", "education_sex", lang))


def test_only_uncertain_groups_of_a_municipality_have_a_smoothed_figure(tmp_path: Path) -> None:
    rows = of_towns(20, 1.2)  # above a sixth of the value in every third municipality only
    release = published(tmp_path / "made", rows)
    given = {area: release.estimates(area).where(measure="shrunk").rows() for area in release.areas}
    assert 0 < sum(bool(of) for of in given.values()) < 20
    for area in TOWNS[:20]:
        for lang, title in (("da", "Udjævnet"), ("en", "Smoothed")):
            made = page(release, area, "education", lang)  # type: ignore[arg-type]
            figure = made.figure("pattern")
            assert figure is not None
            assert figure.table is not None
            shown = [row[-1].text for row in figure.table.rows if figure.table.columns[-1].title == title]
            assert sorted(filter(None, shown)) == sorted(written(row, lang) for row in given[area])  # type: ignore[arg-type]
            assert ("udjævnet" in said(made) or "smoothed" in said(made)) == bool(given[area])
    assert release.indicators[SHARE].standardise is not None
