"""The mapping of a file as a form: what can be chosen for each column, and the mapping that the choices make."""

from __future__ import annotations

from collections.abc import Mapping as Given
from dataclasses import dataclass
from typing import Any

import yaml

from lighed.catalogue import Catalogue
from lighed.core.identifiers import masked, shows_number
from lighed.core.text import Lang, number, say
from lighed.sources.draft import Column, thing_of
from lighed.sources.files import DATES
from lighed.sources.mapping import ColumnMapping, Mapping
from lighed.store.schema import tables

READ_AS = ("", "cpr", "key", "pseudonym", "code", "number", "age", "moment", *(f"date {form}" for form in DATES))
FORMS = {
    "delimiter": (";", ",", "\t", "|"),
    "encoding": ("utf-8", "utf-8-sig", "cp1252", "utf-16"),
    "decimal": (",", "."),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A place in the store that a column may go to."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code that occurs, and what it means: one of the store's categories, ``missing``, or ``?``."""

    code: str
    count: int
    means: str


@dataclass(frozen=True, slots=True)
class Line:
    """One column of the file in the form."""

    number: int
    name: str
    seen: str
    to: str
    read_as: str
    missing: str
    times: str
    codes: tuple[Code, ...]
    categories: tuple[Target, ...]


def targets(catalogue: Catalogue, lang: Lang) -> list[tuple[str, list[Target]]]:
    """Return the places that a column may go to, in groups with a heading."""
    plain = [Target("ignore", say("zone.target.ignore", lang)), Target("person_id", say("zone.target.person_id", lang))]
    groups = [(say("zone.target.plain", lang), plain)]
    for name, table in tables().items():
        own = [Target(f"{name}.{c}", of.title[lang]) for c, of in table.columns.items() if c != "person_id"]
        groups.append((table.title[lang], own))
    things: dict[str, list[Any]] = {
        "position": list(catalogue.held.values()),
        "answer": [item for item in catalogue.items.values() if item.kind == "survey"],
        "event": [item for item in catalogue.items.values() if item.kind == "event"],
    }
    for name, known in things.items():
        groups.append((say(f"zone.target.{name}", lang), [Target(f"{name}.{t.id}", t.title[lang]) for t in known]))
    return groups


def lines(columns: list[Column], mapping: Mapping, catalogue: Catalogue, lang: Lang) -> list[Line]:
    """Return a line of the form for each column but that of the year."""
    year = mapping.period.column if mapping.period else None
    return [
        _line(place, column, mapping.columns.get(column.name, ColumnMapping(to="ignore")), catalogue, lang)
        for place, column in enumerate(columns)
        if column.name != year
    ]


def _line(place: int, column: Column, given: ColumnMapping, catalogue: Catalogue, lang: Lang) -> Line:
    counts = {pair["values"].as_py(): pair["counts"].as_py() for pair in column.texts.drop_null().value_counts()}
    secret = given.to.endswith("_id") or given.as_ in {"cpr", "key"}
    listed = ", ".join(masked(code) for code in sorted(counts)[:8]) + (" …" if len(counts) > 8 else "")
    distinct, empty = (number(count, lang, digits=0) for count in (len(counts), column.texts.null_count))
    seen = say("zone.seen", lang, distinct=distinct, empty=empty)
    categories = _categories(given.to, catalogue, lang)
    known = sorted(code for code in counts if not shows_number(code))
    codes = tuple(Code(code, counts[code], _means(given, code, categories)) for code in known)
    return Line(
        place,
        column.name,
        f"{seen}: {listed}" if column.few and not secret else seen,
        given.to,
        f"date {given.date}" if given.date else given.as_ or "",
        ", ".join(code for code in given.missing if code not in counts or not categories),
        f"{given.times:g}" if given.times != 1 else "",
        codes if categories and column.few else (),
        categories,
    )


def _categories(target: str, catalogue: Catalogue, lang: Lang) -> tuple[Target, ...]:
    """The store's own categories of a target; none for an amount, a date or a text."""
    table, _, name = target.partition(".")
    if table in tables() and name in tables()[table].columns:
        codes = tables()[table].columns[name].codes
        return tuple(Target(code, say(f"code.{code}", lang)) for code in codes) if isinstance(codes, tuple) else ()
    found = thing_of(target, catalogue)
    return tuple(Target(code, title[lang]) for code, title in found.categories.items()) if found else ()


def _means(given: ColumnMapping, code: str, categories: tuple[Target, ...]) -> str:
    if code in given.missing:
        return "missing"
    return given.codes.get(code, code if code in {c.id for c in categories} else "?")


def mapping_text(id_: str, columns: list[Column], form: Given[str, Any]) -> str:
    """Write the mapping file that the choices in a form make."""
    year = str(form.get("year_column", ""))
    tree: dict[str, Any] = {
        "id": id_,
        "format": {name: str(form[name]) for name in ("kind", *FORMS) if form.get(name)},
        "period": {"column": year} if year else {"year": int(form["year"]) if str(form["year"]).isdecimal() else None},
        "columns": {c.name: _chosen(k, c, form) for k, c in enumerate(columns) if c.name != year},
        "constants": _constants(str(form.get("constants", ""))),
    }
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=120)


def _chosen(number: int, column: Column, form: Given[str, Any]) -> dict[str, Any]:
    """What was chosen for one column; codes are known by their place in the order of their values."""
    read_as = str(form.get(f"as.{number}", ""))
    made: dict[str, Any] = {"to": str(form.get(f"to.{number}", "ignore"))}
    if read_as.startswith("date "):
        made["date"] = read_as.removeprefix("date ")
    elif read_as:
        made["as"] = read_as
    times = str(form.get(f"times.{number}", "")).replace(",", ".").strip()
    made |= {"times": float(times)} if times.replace(".", "", 1).isdecimal() else {}
    missing = [word.strip() for word in str(form.get(f"missing.{number}", "")).split(",") if word.strip()]
    codes: dict[str, str] = {}
    known = sorted(code for code in column.distinct.to_pylist() if not shows_number(code))
    for place, code in enumerate(known):
        meant = form.get(f"code.{number}.{place}")
        if meant == "missing":
            missing.append(code)
        elif meant:
            codes[code] = str(meant)
    return made | ({"missing": missing} if missing else {}) | ({"codes": codes} if codes else {})


def _constants(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}
