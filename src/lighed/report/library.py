"""The library as pages that need no server: an index by letter and by subject, a page of each item, and its files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from lighed.core.register import Field, Register
from lighed.core.text import LANGUAGES, Lang, say
from lighed.portfolio.archive import Record
from lighed.portfolio.desk import Desk
from lighed.portfolio.exchange import to_json
from lighed.portfolio.words import Titles, named, words

REGISTERS = ("library", "evidence")
LAST = str.maketrans({"æ": "z{", "ø": "z|", "å": "z}"})  # Danish letters stand after z


@dataclass(frozen=True, slots=True)
class Shelf:
    """Records of a register, and what they point at."""

    register: Register
    records: tuple[Record, ...]
    titles: Titles


def shelves(desk: Desk) -> list[Shelf]:
    """Return what a user sees of the library, and of the evidence that it names."""
    found = []
    for register in map(desk.register, REGISTERS):
        records = desk.export(register)
        found.append(Shelf(register, tuple(records), desk.titles(register, records)))
    return found


def site(desk: Desk) -> dict[str, bytes]:
    """Return the library's pages in both languages, its files and its records, by their paths."""
    found = shelves(desk)
    made = {"index.html": _written("library_start.html", "da")}
    made |= {
        name: files("lighed.report").joinpath("static", name).read_bytes() for name in ("library.css", "library.js")
    }
    for lang in LANGUAGES:
        made[f"{lang}/index.html"] = _index(found, lang)
        made |= {f"{lang}/{_place(one)}": _page(shelf, one, lang, found) for shelf in found for one in shelf.records}
    for shelf in found:
        made[f"records/{shelf.register.id}.json"] = to_json(shelf.register, shelf.records)
        made |= {place: desk.files.read(checksum) for place, checksum in _files(shelf)}
    return made


def newest(found: list[Shelf]) -> float:
    """Return when the newest of the records was made so; 0 where there is none."""
    return max((one.at for shelf in found for one in shelf.records), default=0.0)


def _index(found: list[Shelf], lang: Lang) -> bytes:
    entries = sorted(_entries(found, lang), key=lambda one: str(one["title"]).casefold().translate(LAST))
    letters: dict[str, list[dict[str, Any]]] = {}
    for one in entries:
        letters.setdefault(str(one["title"])[:1].upper(), []).append(one)
    return _written("library_index.html", lang, letters=letters, subjects=_subjects(found, lang))


def _entries(found: list[Shelf], lang: Lang) -> Iterator[dict[str, Any]]:
    for shelf in found:
        for one in shelf.records:
            said = [words(field, one.content, lang, shelf.titles) for field in shelf.register.fields]
            title = shelf.register.titled(one.content)
            yield {"title": title, "href": _place(one), "kind": shelf.register.one[lang], "words": " ".join(said)}


def _subjects(found: list[Shelf], lang: Lang) -> list[tuple[str, list[tuple[str, list[dict[str, str]]]]]]:
    """Return the subjects of each field that lists are filtered by, with the items under each."""
    return [
        (f"{shelf.register.title[lang]}: {field.title[lang].lower()}", under)
        for shelf in found
        for field in (shelf.register.field(name) for name in shelf.register.filters)
        if field.kind == "choice" and (under := list(_under(shelf, field, lang)))
    ]


def _under(shelf: Shelf, field: Field, lang: Lang) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for code in field.codes:
        here = [one for one in shelf.records if code.id in field.values(one.content)]
        if here:
            yield code.title[lang], [{"title": shelf.register.titled(one.content), "href": _place(one)} for one in here]


def _page(shelf: Shelf, one: Record, lang: Lang, found: list[Shelf]) -> bytes:
    there = {each.key: _place(each) for other in found for each in other.records}
    told = [
        (field, list(_told(shelf, field, one, lang, there)))
        for field in shelf.register.fields
        if field.id in one.content
    ]
    return _written("library_item.html", lang, title=shelf.register.titled(one.content), here=_place(one), told=told)


def _told(
    shelf: Shelf, field: Field, one: Record, lang: Lang, there: Mapping[tuple[str, str], str]
) -> Iterator[tuple[str, str]]:
    """Return what stands in a field in pieces, each with the address that it leads to, if any."""
    value = one.content[field.id]
    if field.kind == "reference":
        for title, name in named(field, one.content, lang, shelf.titles):
            place = there.get((str(field.register_id), name))
            yield title, f"../{place}" if place else ""
        return
    place = f"../../{_file(value)}" if field.kind == "file" else value if field.kind == "link" else ""
    yield words(field, one.content, lang, shelf.titles), place


def _files(shelf: Shelf) -> Iterator[tuple[str, str]]:
    kept = [field.id for field in shelf.register.fields if field.kind == "file"]
    for value in (one.content[name] for one in shelf.records for name in kept if name in one.content):
        yield _file(value), value["checksum"]


def _file(value: Mapping[str, str]) -> str:
    return f"files/{value['checksum']}{Path(value['name']).suffix.lower()}"


def _place(one: Record) -> str:
    return f"{one.register}/{one.id}.html"


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lighed.report"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _written(template: str, lang: Lang, **values: Any) -> bytes:
    other = "da" if lang == "en" else "en"
    said = {"lang": lang, "other": other, "say": lambda key, **given: say(key, lang, **given)}
    return _environment().get_template(template).render(said | values).encode()
