"""Pages as PDF, tagged for screen readers (PDF/UA-1), in the library's own fonts: the same page is the same bytes."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from lighed.core.text import say
from lighed.report.page import Block, Figure, Folded, Page, Pair, Words

UNWRITABLE = "□"
# What the fonts have: Latin, Greek and Cyrillic letters, punctuation, superscripts, kroner and euro, arrows, sums.
_HAS = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x1CD, 0x1DC), (0x1FA, 0x1FF), (0x218, 0x21B), (0x386, 0x386), (0x388, 0x38A),
    (0x38C, 0x38C), (0x38E, 0x3A1), (0x3A3, 0x3CE), (0x400, 0x45F), (0x2010, 0x2015), (0x2018, 0x201E),
    (0x2020, 0x2022), (0x2026, 0x2026), (0x202F, 0x2030), (0x2032, 0x2033), (0x2039, 0x203A), (0x20AC, 0x20AC),
    (0x2190, 0x2193), (0x2212, 0x2212), (0x221A, 0x221A), (0x2248, 0x2248), (0x2260, 0x2260), (0x2264, 0x2265),
    (0x25A1, 0x25A1),
)  # fmt: skip


def pdf(page: Page, made: date) -> bytes:
    """Write a page as PDF.

    Letters that the fonts do not have are written as □, and a line of the document says so; marks that nobody sees
    are left out.
    """
    told = _told(page, made)
    shown = json.dumps(_shown(told), ensure_ascii=False)
    if UNWRITABLE in shown:
        note = {"is": "notice", "text": say("paper.unwritable", page.lang)}
        shown = json.dumps(_shown(told | {"blocks": [*told["blocks"], note]}), ensure_ascii=False)
    return typst.compile(
        files("lighed.report").joinpath("document.typ").read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"page": shown},
        pdf_standards="ua-1",
        timestamp=datetime(made.year, made.month, made.day, tzinfo=UTC),
    )


def plain_blocks(blocks: tuple[Block, ...]) -> list[Block]:
    """Return the blocks for paper: a figure is its sentence and its table, and nothing is folded away."""
    found: list[Block] = []
    for block in blocks:
        match block:
            case Figure(sentence=sentence, table=table, points=points):
                found += [*(points or [Words(sentence)]), *([table] if table else [])]
            case Pair(first, second):
                found += plain_blocks((first, second))
            case Folded(blocks=inner):
                found += plain_blocks(inner)
            case _:
                found.append(block)
    return found


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)


def _told(page: Page, made: date) -> dict[str, Any]:
    return {
        "title": page.title,
        "lang": page.lang,
        "author": say("site.name", page.lang),
        "description": say("paper.description", page.lang, title=page.title),
        "made": [made.year, made.month, made.day],
        "foot": page.title,
        "blocks": [{"is": type(block).__name__.lower()} | asdict(block) for block in plain_blocks(page.blocks)],
    }


def _shown(tree: Any) -> Any:
    """Return data in which every letter can be written."""
    if isinstance(tree, dict):
        return {name: _shown(value) for name, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_shown(value) for value in tree]
    return "".join(map(_letter, unicodedata.normalize("NFC", tree))) if isinstance(tree, str) else tree


@cache
def _letter(letter: str) -> str:
    if letter in "\n\t":
        return letter
    if unicodedata.category(letter) == "Cf" or letter == "\r":
        return ""
    return letter if any(first <= ord(letter) <= last for first, last in _HAS) else UNWRITABLE
