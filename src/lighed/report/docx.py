"""Pages as Word documents: real headings and table heads, the text's language, the same bytes for the same page."""

from __future__ import annotations

import io
import unicodedata
from datetime import date, datetime
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docx import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, RGBColor

from lighed.core.text import Lang, say
from lighed.report.page import Facts, Heading, Notice, Page, Points, Table, Words
from lighed.report.pdf import plain_blocks

LOCALES: dict[Lang, str] = {"da": "da-DK", "en": "en-GB"}
FIRST = (1980, 1, 1, 0, 0, 0)  # the time of every part: the earliest that a zip file can hold
SHADES = {"red": "F6D5D0", "amber": "FDECC4", "green": "D5EAD6"}
FONT = "Calibri"


def docx(page: Page, made: date) -> bytes:
    """Write a page as a Word document."""
    document = Document()
    _prepare(document, page, made)
    document.add_paragraph(_clean(page.title), style="Title")
    for block in plain_blocks(page.blocks):
        match block:
            case Heading(text=text, level=level):
                document.add_heading(_clean(text), level - 1)
            case Words(text=text):
                document.add_paragraph(_clean(text))
            case Notice(text=text):
                document.add_paragraph(_clean(text), style="Intense Quote")
            case Points(items=items, ordered=ordered):
                for item in items:
                    document.add_paragraph(_clean(item.text), style="List Number" if ordered else "List Bullet")
            case Facts(facts=facts):
                for name, what in facts:
                    line = document.add_paragraph()
                    line.add_run(f"{_clean(name)}: ").bold = True
                    line.add_run(_clean(what))
            case Table():
                _table(document, block)
            case _:
                pass  # what only a screen can do, as choosing
    kept = io.BytesIO()
    document.save(kept)
    return _timeless(kept.getvalue())


def _prepare(document: Any, page: Page, made: date) -> None:
    told, day = document.core_properties, datetime(made.year, made.month, made.day)  # noqa: DTZ001 - a day has no zone
    told.title, told.author, told.language = _clean(page.title), say("site.name", page.lang), LOCALES[page.lang]
    told.last_modified_by, told.comments, told.revision = told.author, "", 1
    told.created = told.modified = day
    _drop(document.part.package.rels, "thumbnail")
    _drop(document.part.rels, "customXml")
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    for style in document.styles.element.iter(qn("w:lang")):
        style.set(qn("w:val"), LOCALES[page.lang])
    for name in ("Normal", "Title", "Heading 1", "Heading 2", "Caption", "Intense Quote"):
        style = document.styles[name]
        style.font.name, style.font.color.rgb = FONT, RGBColor(0x1A, 0x1A, 0x1A)


def _drop(relations: Any, kind: str) -> None:
    """Leave out what the library's blank document brings along."""
    for name in [name for name, relation in relations.items() if relation.reltype.endswith(f"/{kind}")]:
        relations.pop(name)


def _table(document: Any, table: Table) -> None:
    document.add_paragraph(_clean(table.caption), style="Caption").paragraph_format.keep_with_next = True
    made = document.add_table(1, len(table.columns), style="Table Grid")
    _mark(made.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001 - the library has no name for a head's row
    for cell, column in zip(made.rows[0].cells, table.columns, strict=True):
        cell.paragraphs[0].add_run(_clean(column.title)).bold = True
    for row in table.rows:
        for cell, one in zip(made.add_row().cells, row, strict=True):
            cell.text = _clean("\n".join(part for part in (one.text, one.below) if part))
            if one.tone in SHADES:
                _mark(cell._tc.get_or_add_tcPr(), "w:shd", fill=SHADES[one.tone], val="clear")  # noqa: SLF001
    document.add_paragraph()


def _mark(properties: Any, tag: str, **values: str) -> None:
    element = OxmlElement(tag)
    for name, value in values.items():
        element.set(qn(f"w:{name}"), value)
    properties.append(element)


def _clean(text: str) -> str:
    """Return a text without the marks that XML cannot hold or nobody sees."""
    return "".join(
        letter for letter in text if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}
    )


def _timeless(data: bytes) -> bytes:
    kept = io.BytesIO()
    with ZipFile(io.BytesIO(data)) as source, ZipFile(kept, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(ZipInfo(name, FIRST), source.read(name), ZIP_DEFLATED)
    return kept.getvalue()
