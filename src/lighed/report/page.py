"""A page as data: what web, PDF, slides and the command line all render, and nobody computes on.

A ``Page`` is a title and a list of blocks. A table holds what is written in each cell; the numbers behind it travel
beside it (``Page.rows``), for the JSON twin and for downloads.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lighed.charts import Drawn
from lighed.core.text import Lang

Tone = Literal["worse", "better", "same", "none", "red", "amber", "green"]


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead somewhere."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph; ``lead`` is the page's answer in large letters."""

    text: str
    lead: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the second or third order, with an id to link to."""

    text: str
    id: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that must not be overlooked."""

    text: str
    kind: Literal["info", "warning"] = "info"


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: words, a second line, words for the ear alone, a colour that says the same, an address."""

    text: str
    href: str | None = None
    tone: Tone | None = None
    strength: int = 0
    below: str | None = None
    spoken: str | None = None
    number: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A real table; the first cell of each row is its header."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    id: str = "table"
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with what it says in words (a sentence, or a list of them), and the table of the same numbers."""

    id: str
    chart: Drawn
    sentence: str
    table: Table | None = None
    points: tuple[Words, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """Two figures that are to be read together: absolute and relative."""

    first: Figure
    second: Figure


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a choice."""

    value: str
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """A list to choose from; its name is a part of the address."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """A form of choices that changes the address and nothing else."""

    action: str
    choices: tuple[Choice, ...]
    button: str
    search: str | None = None
    search_label: str = ""


@dataclass(frozen=True, slots=True)
class Looks:
    """The pages that show the same thing in other ways; the one that is open stands among them."""

    label: str
    links: tuple[Link, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class Card:
    """A thing with a title and a few words, and where it leads."""

    title: str
    text: str
    href: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards in a grid."""

    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """A list of short sentences."""

    items: tuple[Words, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are, as a list of definitions."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks behind a line that opens them."""

    title: str
    blocks: tuple[Block, ...]


Block = Words | Heading | Notice | Table | Figure | Pair | Choices | Looks | Cards | Points | Facts | Folded


@dataclass(frozen=True, slots=True)
class Page:
    """A page: title, blocks, the way back, and the rows that it was built from."""

    title: str
    lang: Lang
    blocks: tuple[Block, ...]
    trail: tuple[Link, ...] = ()
    rows: list[dict[str, Any]] = field(default_factory=list)
    downloads: tuple[Link, ...] = ()

    def figure(self, name: str) -> Figure | None:
        """Return the figure with this id."""
        return next((figure for figure in _figures(self.blocks) if figure.id == name), None)

    def plain(self) -> dict[str, Any]:
        """Return the page for its JSON twin: the same words and tables, the charts' specifications, and the rows."""
        blocks = [{"kind": type(block).__name__.lower()} | asdict(block) for block in self.blocks]
        return {"title": self.title, "language": self.lang, "blocks": blocks, "rows": self.rows}


def _figures(blocks: tuple[Block, ...]) -> list[Figure]:
    found: list[Figure] = []
    for block in blocks:
        match block:
            case Figure():
                found.append(block)
            case Pair(first, second):
                found += [first, second]
            case Folded(_, inner):
                found += _figures(inner)
            case _:
                pass
    return found
