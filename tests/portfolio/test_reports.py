"""Reports as page, PDF and Word: the same words in each, nothing hidden, nothing worked out, the same bytes again."""

from __future__ import annotations

import io
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn

from lighed import catalogue
from lighed.core.errors import RegisterError
from lighed.core.text import LANGUAGES, Lang, say
from lighed.portfolio.house import House
from lighed.report.docx import docx
from lighed.report.page import Cell, Column, Facts, Heading, Notice, Page, Points, Table, Words
from lighed.report.papers import paper
from lighed.report.pdf import _HAS, pdf, plain_blocks
from tests.portfolio.conftest import AWAY, HOME, Filled, Town, settled
from tests.portfolio.papers import opened
from tests.portfolio.stories import ATTACK, Story, told

MADE = date(2026, 11, 22)
REPORTS = catalogue.load().reports
NAMES = ("plan", "result", "sheet", "fact_sheet", "overview")
# The words of the sources: the assignment to the clusters (2016) and the alliance's final report (2024).
HEADINGS = {
    "plan": [
        "Hvad er problemet",
        "Hvem er målgruppen/populationen",
        "Hvad kan vi gøre ved det?",
        "Hvad vil vi gerne opnå?",
        "Hvordan dokumenterer vi vores resultater?",
    ],
    "fact_sheet": ["Problemstilling", "Indsats", "Resultater", "Fremtidige perspektiver"],
    "result": ["Befolkningens sundhed", "Borgeroplevet kvalitet", "Omkostninger pr. indbygger/borger"],
    "sheet": ["Alliancens resultater", "Udvalgte partnerprojekter"],
}


@pytest.fixture(scope="module")
def site(staffed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Story]]:
    town = settled(House.open(shutil.copytree(staffed, tmp_path_factory.mktemp("told") / "portfolio")))
    yield town, told(town)
    town.house.close()


def page_of(site: tuple[Town, Story], name: str, lang: Lang = "da", by: str = "sara") -> Page:
    town, story = site
    desk = town.desk(by)
    record = {"plan": story.plan, "result": story.result, "fact_sheet": story.sheet, "sheet": story.programme}.get(name)
    if record is None:
        return paper(desk, desk.report(name), MADE, lang)
    register = desk.register(record.register)
    report = desk.report_of(register, record.content)
    assert report is not None
    assert report.id == name
    return paper(desk, report, MADE, lang, register=register, record=town.now(record))


def words_of(page: Page) -> list[str]:
    """Everything that stands in a page, piece by piece."""
    found = [page.title]
    for block in plain_blocks(page.blocks):
        match block:
            case Words(text=text) | Heading(text=text) | Notice(text=text):
                found.append(text)
            case Facts(facts=facts):
                found += [one for pair in facts for one in pair]
            case Points(items=items):
                found += [one.text for one in items]
            case Table(caption=caption, columns=columns, rows=rows):
                found += [caption, *(one.title for one in columns)]
                found += [one for row in rows for cell in row for one in (cell.text, cell.below) if one]
    return found


def bare(text: str) -> str:
    """A text without what a line's end may add or take."""
    return re.sub(r"[\s\u200b\u00ad-]", "", unicodedata.normalize("NFC", text))


def text_of(data: bytes) -> list[str]:
    """Everything that stands in a Word document, piece by piece."""
    return [node.text or "" for node in Document(io.BytesIO(data)).element.body.iter(qn("w:t"))]


# --- what stands in a report


@pytest.mark.parametrize("name", HEADINGS)
def test_the_headings_are_those_of_the_source_in_its_order(site: tuple[Town, Story], name: str) -> None:
    found = [block.text for block in page_of(site, name).blocks if isinstance(block, Heading)]
    places = [next(at for at, text in enumerate(found) if words in text) for words in HEADINGS[name]]
    assert places == sorted(places)
    assert [section.title["da"] for section in REPORTS[name].sections] == found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_a_report_is_written_alike_on_paper_and_twice_the_same(site: tuple[Town, Story], name: str, lang: Lang) -> None:
    page = page_of(site, name, lang)
    pieces = [bare(piece) for piece in words_of(page)]
    printed, written = pdf(page, MADE), docx(page, MADE)
    assert (pdf(page, MADE), docx(page, MADE)) == (printed, written)
    assert pdf(page, date(2026, 11, 23)) != printed
    shown = bare(opened(printed).text)
    for piece in pieces:
        assert piece in shown
    assert bare("".join(text_of(written))).replace(":", "") == "".join(pieces).replace(":", "")


def table_of(page: Page, caption: str) -> list[list[str]]:
    (found,) = (block for block in page.blocks if isinstance(block, Table) and block.caption == caption)
    return [[cell.text for cell in row] for row in found.rows]


def test_figures_stand_with_their_interval_and_gaps_absolute_and_relative(site: tuple[Town, Story]) -> None:
    page = page_of(site, "result")
    # Wilson 1927 for 45 of 200, as statsmodels' proportion_confint(45, 200, method="wilson") gives it.
    row = ["Rygere", "Kort uddannelse", "2018", "45 af 200 (22,5 %)", "17,3–28,8", "Rapport"]
    assert row in table_of(page, "Målinger af sundheden")
    assert "Målinger af oplevet kvalitet: der er ingen i registret." in words_of(page)
    gaps = table_of(page, "Forskel mellem grupper i sundhed")
    compared = "Kort uddannelse mod Lang uddannelse"
    assert gaps == [
        ["Rygere", "2017", compared, "20,0 procentpoint", "3,00"],
        ["Rygere", "2018", compared, "13,5 procentpoint", "2,50"],
    ]


def test_reach_is_the_part_of_those_reached_over_the_part_of_the_target_group(town: Town) -> None:
    story = told(town)
    caption, seen = "Deltagelse efter social gruppe", {"initiative": story.initiative.id, "period": "2018"}
    # 30 of 100 enrolled against 600 of 1000 in the target group, and 70 against 400.
    assert [row[-1] for row in table_of(page_of((town, story), "result"), caption)] == ["0,50", "1,75"]
    for stage, level, count in (("target", "Mænd", 500), ("target", "Kvinder", 500), ("enrolled", "Mænd", 0)):
        town.create(
            "paul", "funnels", title=level, stage=stage, group="gender", level=level, count=count, source="R", **seen
        )
    rows = {row[0]: row[2:] for row in table_of(page_of((town, story), "result"), caption)}
    assert rows["Kort uddannelse"] == ["600", "30", "12", "0,50"]
    assert rows["Mænd"] == ["500", "0", "–", "–"]
    assert rows["Kvinder"] == ["500", "–", "–", "–"]


def test_the_conclusion_is_suggested_and_another_needs_a_reason(site: tuple[Town, Story]) -> None:
    town, story = site
    assert "Tallene for målene peger på: delvist nået." in words_of(page_of(site, "result"))
    desk = town.desk("paul")
    register = desk.register("reports")
    changed = town.edit("paul", town.now(story.result), conclusion="reached")
    assert [problem.column for problem in desk.missing(register, changed)] == ["conclusion_reason"]
    blocks = page_of(site, "result").blocks
    (at,) = (at for at, block in enumerate(blocks) if isinstance(block, Notice))
    assert "en anden end den, tallene peger på" in str(blocks[at])
    assert [block.text for block in blocks[:at] if isinstance(block, Heading)][-1] == "7. Konklusion"
    town.edit("paul", changed, conclusion="partly")


def test_a_quote_is_shown_with_consent_only(town: Town) -> None:
    story = told(town)

    def quoted() -> bool:
        return any("Det virker." in text for text in words_of(page_of((town, story), "fact_sheet")))

    assert quoted()
    sheet = town.edit("paul", story.sheet, quote_withdrawn="2024-02-01")
    assert not quoted()
    town.edit("paul", sheet, quote_withdrawn=None, quote_consent=None)
    assert not quoted()


def test_the_alliances_sheet_has_intervals_where_a_denominator_is_known(town: Town) -> None:
    story = told(town)
    answered = {"numerator": 68, "denominator": 107}
    survey = {"programme": story.programme.id, "answered": answered, "source": "Rapport"}
    made = town.create("ana", "surveys", title="Partnerne 2023", **survey)
    for title, figure in (("mål", {"share": {"numerator": 51, "denominator": 68}}), ("områder", {"percent": 98})):
        town.create("ana", "survey_items", title=title, survey=made.id, text=title, source="Rapport", **figure)
    page = page_of((town, story), "sheet")
    assert "Partnerne 2023: 68 af 107 svarede (63,6 %)." in words_of(page)
    # The interval and the bounds are those of the svy package and of counting, in shared/reference/initiatives.md §4.1.
    assert table_of(page, "Partnerne 2023") == [
        ["mål", "51 af 68 (75,0 %)", "68,3–80,7", "47,7–84,1", "Rapport"],
        ["områder", "98 %", "nævner ikke offentliggjort", "–", "Rapport"],
    ]


def test_the_overview_says_how_far_in_words_and_colours_the_least_far(town: Town) -> None:
    story = told(town)
    town.edit("ole", story.initiative, light="green")
    more = {"organisation": HOME, "factors": ["3"], "administration": "health", "actions": ["T3.1"]}
    town.create("ole", "initiatives", title="Rygeforbud", light="red", **more)
    page = page_of((town, story), "overview")
    lights, actions = (block for block in page.blocks if isinstance(block, Table))
    cells = {row[0].text: row[1] for row in lights.rows}
    assert (cells["Sundhedsadfærd"].text, cells["Sundhedsadfærd"].tone) == ("rød: 1 · grøn: 1", "red")
    assert (cells["Arbejdsmiljø"].text, cells["Arbejdsmiljø"].tone) == ("ingen", None)
    named = [row for row in actions.rows if row[3].text != "–"]
    assert [(row[2].text, row[3].text) for row in named] == [("rød: 1 · grøn: 1", "Rygeforbud; Røgfri Sammen")]
    assert [len(row) for row in lights.rows] == [3] * 8
    assert len(actions.rows) == sum(len(area.actions) for area in catalogue.load().overview)


def test_a_report_shows_what_its_reader_may_see_only(site: tuple[Town, Story]) -> None:
    town, story = site
    town.move("ole", town.now(story.initiative), "plan")
    page = page_of(site, "overview", by="rita")
    assert any(row[3].text == "Røgfri Sammen" for row in page.blocks[-2].rows)  # type: ignore[union-attr]
    assert "Rapport" in str(words_of(page_of(site, "plan")))
    for by in ("rita", "else"):
        with pytest.raises(RegisterError):
            town.desk(by).get(town.desk(by).register("reports"), story.plan.id)
        found = paper(town.desk(by), REPORTS["sheet"], MADE, "da", register=town.desk(by).register("programmes"),
                      record=story.programme)  # fmt: skip
        assert not any("Færre ryger" in text for text in words_of(found))


def test_a_report_that_does_not_exist_or_belongs_to_a_record_is_not_there(site: tuple[Town, Story]) -> None:
    for name in ("plan", "nothing"):
        with pytest.raises(RegisterError):
            site[0].desk("sara").report(name)


# --- attacks


def attacked(lang: Lang = "da") -> Page:
    words = (ATTACK, '\\input{/etc/passwd} {{7*7}} #{7*7} `x` $7*7$ <b> & "', "a\u202eb\u200bc\u00add", "x" * 400)
    rows = tuple((Cell(one, below=one), Cell(one, number=True, tone="red")) for one in words)
    table = Table(ATTACK, (Column(ATTACK), Column(words[1], number=True)), rows)
    blocks = (
        Heading(ATTACK, "a"),
        *(Words(one) for one in words),
        Notice(ATTACK, "warning"),
        Facts(((ATTACK, ATTACK),)),
    )
    return Page(ATTACK, lang, (*blocks, Points((Words(ATTACK),)), table))


def test_i4_words_of_a_record_stay_words_in_the_pdf_and_the_word_file() -> None:
    page = attacked()
    printed, written = opened(pdf(page, MADE)), "".join(text_of(docx(page, MADE)))
    for shown in (bare(printed.text), bare(written)):
        assert bare(ATTACK) in shown
        assert "{{7*7}}" in shown
        assert "root:" not in shown
        assert "49" not in shown


def test_d15_all_text_of_a_pdf_is_text_of_the_page_and_nothing_is_hidden_in_it() -> None:
    page = attacked()
    found = opened(pdf(page, MADE))
    left = bare(found.text)
    for piece in sorted(map(bare, words_of(page)), key=len, reverse=True):
        kept = "".join(letter for letter in piece if unicodedata.category(letter) != "Cf")
        assert kept in left
        left = left.replace(kept, "", 1)
    pages = sum(b"/Type/Page/" in body for body in found.objects.values())
    foot = bare(ATTACK)
    assert left.count(foot) == pages
    assert re.fullmatch(r"[•\d/]*", left.replace(foot, ""))
    everything = b"\n".join([*found.objects.values(), *found.streams.values()])
    for kind in (b"EmbeddedFile", b"JavaScript", b"/OCG", b"/OCProperties", b"/Annot", b"/Launch", b"/URI", b"3 Tr"):
        assert kind not in everything
    assert pdf(page, MADE).count(b"startxref") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_d15_what_a_pdf_says_of_itself_is_title_language_and_day(lang: Lang) -> None:
    page = Page("Plan for Århus", lang, (Words("a"),))
    found = opened(pdf(page, MADE))
    (catalog,) = (body for body in found.objects.values() if b"/Type/Catalog" in body)
    assert f"/Lang({lang})".encode() in catalog
    assert b"/Marked true" in catalog
    (about,) = (body.decode() for body in found.streams.values() if b"<x:xmpmeta" in body)
    assert "Plan for Århus" in about
    assert "pdfuaid:part>1<" in about
    assert set(re.findall(r"\d{4}-\d\d-\d\d", about)) == {"2026-11-22"}


def test_every_letter_that_is_said_to_be_there_can_be_printed_and_others_are_marked() -> None:
    letters = "".join(chr(code) for first, last in _HAS for code in range(first, last + 1))
    assert bare(letters) in bare(opened(pdf(Page("a", "da", (Words(letters),)), MADE)).text)
    shown = opened(pdf(Page("😀 سلام", "da", (Words("漢字 æøå"),)), MADE)).text
    assert "□ □□□□" in shown
    assert "□□ æøå" in shown
    assert bare(say("paper.unwritable", "da")) in bare(shown)
    whole = pdf(Page("æøå", "da", (Words("ÆØÅ é – “x” €"),)), MADE)
    assert "□" not in opened(whole).text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_word_file_has_headings_table_heads_a_language_and_nothing_else(lang: Lang) -> None:
    written = docx(attacked(lang), MADE)
    document = Document(io.BytesIO(written))
    assert [one.style.name for one in document.paragraphs][:2] == ["Title", "Heading 1"]
    told_of = document.core_properties
    locale = {"da": "da-DK", "en": "en-GB"}[lang]
    assert (told_of.title, told_of.language, told_of.author) == (ATTACK, locale, say("site.name", lang))
    assert {node.get(qn("w:val")) for node in document.styles.element.iter(qn("w:lang"))} == {locale}
    (head,) = document.tables[0].rows[0]._tr.iter(qn("w:tblHeader"))
    assert head is not None
    with ZipFile(io.BytesIO(written)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in parts.namelist() if re.search(r"vba|embed|comments|thumbnail|customXml", name)]
        assert not re.search(rb"w:vanish|w:fldSimple|w:instrText|w:hyperlink", parts.read("word/document.xml"))


# --- the JSON twin


def test_the_json_of_a_report_has_its_words(site: tuple[Town, Story]) -> None:
    page = page_of(site, "plan")
    given: dict[str, Any] = json.loads(json.dumps(page.plain()))
    assert given["title"] == page.title
    kinds = {block["kind"] for block in given["blocks"]}
    assert {"heading", "words", "facts", "table"} <= kinds
    assert AWAY not in json.dumps(given)


# --- the shipped records


def test_the_shipped_records_make_the_alliances_sheet_and_fill_the_overview(shipped: Filled) -> None:
    house = House.open(shipped.folder)
    desk = house.desk(house.accounts.user("godkender"))
    register = desk.register("programmes")
    record = desk.get(register, "alliancen")
    sheet = paper(desk, REPORTS["sheet"], MADE, "da", register=register, record=record)
    published = {row[0]: row[3] for row in table_of(sheet, "Offentliggjorte tal, hvert med kilde")}
    assert published["Partnere i alliancen"].startswith("107 ")
    assert {row[2] for row in table_of(sheet, "Spørgeskema til partnerne, august 2023")} == {
        "nævner ikke offentliggjort"
    }
    overview = paper(desk, desk.report("overview"), MADE, "da")
    rows = table_of(overview, "Oversigtens indsatser, og hvor langt vi er")
    assert {row[2] for row in rows} == {"uden farve: 1"}
    others = [one.content for one in desk.export(register) if one.id != "alliancen"]
    assert [desk.report_of(register, content) for content in others] == [None] * 2
    house.close()
