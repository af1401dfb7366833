"""Drafts a mapping from what a file looks like; a person reads it through before anything is loaded."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from lighed.catalogue import Catalogue
from lighed.catalogue.load import BUILT_IN, read_yaml
from lighed.core.errors import DataError, Problem
from lighed.core.identifiers import CPR, masked, shows_number
from lighed.core.text import Lang, say
from lighed.core.types import Dimension, Item, Stratifier
from lighed.sources.files import DATES
from lighed.sources.heat_plus import is_heat, read_heat
from lighed.sources.raw import Mark, Raw, decimal, decimal_mark, read

FEW = 30  # a column with more distinct values than this is no code list
MOST_LEVELS = 12  # a social dimension with more groups than this has not been grouped yet
MISSING = re.compile(r"9{2,}|8{4}|-[19]|uoplyst|ukendt|ved ikke|unknown|n/?a", re.IGNORECASE)
THOUSANDS = 10_000  # no yearly income in kroner lies below this everywhere

YEARS = r"^(aar|år|year|aargang|periode)"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its name, its texts, the values that it has, and the decimal mark of the file."""

    name: str
    texts: pa.Array
    distinct: pa.Array
    mark: Mark

    @property
    def few(self) -> bool:
        """Whether the values are a code list rather than a text of each row's own."""
        return len(self.distinct) <= FEW and 2 * len(self.distinct) <= max(len(self.texts), 2)

    def all(self, pattern: str) -> bool:
        """Whether every value there is has this form."""
        known = self.texts.drop_null()
        return len(known) > 0 and bool(pc.all(pc.match_substring_regex(known, pattern)).as_py())


def draft(
    path: Path, catalogue: Catalogue, lang: Lang, *, dimensions: Collection[str] = (), name: str | None = None
) -> str:
    """Return a mapping file for `path`, as YAML with comments on what stands in each column.

    `dimensions` names the columns that are a social dimension of the user's own (see ``draft_dimension``); `name` is
    what the file is called, if not as it is stored.
    """
    raw = read(path, name=name)
    year = next((name for name in raw.columns if re.match(YEARS, name.lower())), None)
    form = {key: value for key, value in raw.format.model_dump().items() if value is not None}
    every = columns(raw)
    form.setdefault("decimal", every[0].mark)
    lines = [
        f"# {say('draft.read', lang)}",
        f"id: {_flow(identifier(Path(name or path.name).stem))}",
        f"format: {_flow(form)}",
    ]
    lines += [f"period: {_flow({'column': year})}" if year else f"period: {{year: }}   # {say('draft.period', lang)}"]
    lines += ["columns:"]
    found = [column for column in every if column.name != year]
    guesses = _guesses(found, catalogue, dimensions)
    for column in found:
        lines += [f"  {_flow(column.name)}: {_flow(guesses[column.name])}"]
        lines += [f"    # {note}" for note in _notes(column, guesses[column.name], catalogue, lang)]
    return "\n".join([*lines, f"constants: {{}}   # {say('draft.constants', lang)}"]) + "\n"


def columns(raw: Raw) -> list[Column]:
    """Return the columns of a file, each with the values that it has."""
    mark = decimal_mark(raw)
    return [Column(name, texts, pc.unique(texts).drop_null(), mark) for name, texts in raw.columns.items()]


def draft_dimension(path: Path, name: str, lang: Lang) -> tuple[str, str]:
    """Return the definitions of a column that is a social dimension of the user's own: the dimension and its levels."""
    raw = read(path)
    if name not in raw.columns:
        raise DataError([Problem("missing_column", path.name, column=name)])
    counted = pc.value_counts(raw.columns[name].drop_null()).to_pylist()
    codes = {pair["values"]: pair["counts"] for pair in counted if _is_code(pair["values"])}
    if not 2 <= len(codes) <= MOST_LEVELS:
        raise DataError([Problem("no_levels", path.name, column=name, values={"most": MOST_LEVELS})])
    own, title = identifier(name), {"da": name, "en": name}
    ids = {code: identifier(code) for code in sorted(codes)}
    texts = {code: {"da": code, "en": code} for code in ids}
    dimension = [f"- {_flow({'id': own, 'title': title, 'categories': texts})}"]
    stratifier = [f"id: {_flow(own)}", f"title: {_flow(title)}", f"short: {_flow(title)}"]
    stratifier += [f"ordered: false   # {say('draft.ordered', lang)}"]
    stratifier += [
        f"reference: {_flow(ids[max(codes, key=lambda code: codes[code])])}   # {say('draft.reference', lang)}"
    ]
    stratifier += ["levels:", *(f"  - {_flow({'id': ids[code], 'title': texts[code]})}" for code in ids)]
    stratifier += [
        f"dimension: {_flow(own)}",
        "crosswalks:",
        f"  - levels: {_flow({ids[code]: [code] for code in ids})}",
    ]
    return "\n".join(dimension) + "\n", "\n".join(stratifier) + "\n"


def _is_code(value: str) -> bool:
    return not MISSING.fullmatch(value) and not shows_number(value)


def draft_table(path: Path, catalogue: Catalogue, *, name: str | None = None) -> tuple[str, str] | None:
    """Return the lines of a plan that take in a HEAT Plus table and cite its source; None when `path` is none."""
    if not is_heat(read(path, name=name)):
        return None
    rows = read_heat(path, name=name).rows
    groups = {row.dimension: {other.subgroup for other in rows if other.dimension == row.dimension} for row in rows}
    names = dict.fromkeys(row.abbreviation for row in rows)
    own = identifier(Path(name or path.name).stem)
    table = {
        "file": f"{own}.csv",
        "citation": own,
        "dimensions": {name: _same_groups(subgroups, catalogue) for name, subgroups in groups.items()},
        "indicators": {name: name if name in catalogue.indicators else "?" for name in names},
    }
    source = ", ".join(dict.fromkeys(row.source for row in rows))
    return f"  - {_flow(table)}", f"  - {_flow({'id': own, 'title': {'da': source, 'en': source}})}"


def _same_groups(subgroups: set[str], catalogue: Catalogue) -> str:
    """The stratifier whose levels are called what the subgroups are called, or ``areas``, ``total`` or a question."""
    if len(subgroups) == 1:
        return "total"
    if subgroups <= {name for area in catalogue.areas.values() for name in (area.name.da, area.name.en, area.code)}:
        return "areas"
    for stratifier in catalogue.stratifiers.values():
        titles = {title for level in stratifier.levels for title in (level.title.da, level.title.en)}
        if subgroups <= titles:
            return stratifier.id
    return "?"


def identifier(words: str) -> str:
    """Return `words` as an id: small letters, digits and underscores.

    Examples
    --------
    >>> identifier("Udsat område"), identifier("0101011234")
    ('udsat_område', 'file')
    """
    return re.sub(r"[^a-z0-9æøå]+", "_", masked(words).lower()).strip("_") or "file"


def _flow(tree: Any) -> str:
    written = yaml.safe_dump(tree, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return str(written).strip().removesuffix("...").strip()


def _guesses(found: list[Column], catalogue: Catalogue, dimensions: Collection[str]) -> dict[str, dict[str, Any]]:
    """A guess for each column; of several that would go to one place, the one whose name is listed first goes there."""
    guesses: dict[str, dict[str, Any]] = {}
    taken = {"ignore"}
    for column in sorted(found, key=_rank):
        own = {"to": f"position.{identifier(column.name)}"}
        guess = own if column.name in dimensions else _guess(column, catalogue)
        guesses[column.name] = guess if guess["to"] not in taken else {"to": "ignore"}
        taken.add(guess["to"])
    return guesses


def _rank(column: Column) -> int:
    named = (rank for rank, known in enumerate(_names()) if re.match(known["pattern"], column.name.lower()))
    return next(named, len(_names()))


def _guess(column: Column, catalogue: Catalogue) -> dict[str, Any]:
    """Where a column goes, how it is read, what its codes mean, and which of them mean that nothing is known."""
    numbers = column.all("^" + CPR.pattern + "$") and column.all(r"^\d{6}")
    unnamed = {"to": "person_id" if numbers else "ignore"}
    named = dict(enumerate(_names())).get(_rank(column), unnamed)
    guess: dict[str, Any] = {key: value for key, value in named.items() if key != "pattern"}
    thing = thing_of(guess["to"], catalogue)
    if guess["to"] == "person_id":
        guess["as"] = "cpr" if numbers else "key"
    elif guess["to"].endswith("_date") and guess.get("as") != "age":
        form = next((form for form, pattern in DATES.items() if column.all(re.sub(r"\?P<\w+>", "", pattern))), None)
        if form:
            guess["date"] = form
    elif guess["to"].startswith("answer.") and thing is None:
        return {"to": "ignore"}
    elif thing is not None and thing.amount is not None and _in_thousands(column):
        guess["times"] = 1000
    return guess | (_codes(guess, column, thing) if column.few else {})


@cache
def _names() -> list[dict[str, Any]]:
    return list(read_yaml(BUILT_IN / "column_names.yaml"))


def thing_of(target: str, catalogue: Catalogue) -> Dimension | Item | None:
    """Return the dimension or the question that a target names; None where it names neither."""
    table, _, name = target.partition(".")
    if table == "position":
        return catalogue.dimensions.get(name)
    return catalogue.items.get(name) if table == "answer" else None


def _in_thousands(column: Column) -> bool:
    numbers = [value for word in column.distinct.to_pylist() if (value := decimal(word, column.mark)) is not None]
    return bool(numbers) and max(numbers) < THOUSANDS


def _codes(guess: dict[str, Any], column: Column, thing: Dimension | Item | None) -> dict[str, Any]:
    """Codes that are the store's own stand for themselves; those that nobody can know are left for a person to fill."""
    categories = set(thing.categories) if thing is not None else set()
    # What looks like a person's number is no code, and is written nowhere; on loading it is an unknown one.
    present = sorted(code for code in column.distinct.to_pylist() if not shows_number(code))
    missing = [code for code in present if MISSING.fullmatch(code) and code not in categories]
    made: dict[str, Any] = {"missing": missing} if missing and (categories or "codes" in guess) else {}
    if "codes" in guess:
        return made | {
            "codes": {code: guess["codes"].get(code.lower(), "?") for code in present if code not in missing}
        }
    if categories:
        made["codes"] = {code: code if code in categories else "?" for code in present if code not in missing}
    return made


def _notes(column: Column, guess: dict[str, Any], catalogue: Catalogue, lang: Lang) -> list[str]:
    """What stands in the column, and what it will be used for: unit, levels and reference group."""
    target, _, thing = guess["to"].partition(".")
    if guess["to"] == "person_id":
        return [say("draft.identifier", lang)]
    notes = [_seen(column, lang)]
    dimension = catalogue.dimensions.get(thing) if target == "position" else None
    if dimension is not None and dimension.amount is not None:
        notes.append(say("draft.unit", lang, unit=dimension.amount[lang]))
    for stratifier in catalogue.stratifiers.values():
        named = stratifier.quantiles.dimension if stratifier.quantiles else stratifier.dimension
        if dimension is not None and named == dimension.id:
            notes.append(_used(stratifier, lang))
    if target == "respondent" and thing == "weight":
        notes.append(say("draft.weight", lang))
    return notes


def _used(stratifier: Stratifier, lang: Lang) -> str:
    levels = ", ".join(level.title[lang] for level in stratifier.levels)
    reference = next((level.title[lang] for level in stratifier.levels if level.id == stratifier.reference), None)
    key = "draft.levels_ordered" if stratifier.ordered else "draft.levels_against" if reference else "draft.levels"
    return say(key, lang, dimension=stratifier.title[lang], levels=levels, reference=reference)


def _seen(column: Column, lang: Lang) -> str:
    values = say("draft.many", lang, count=len(column.distinct))
    if column.few:
        counted = sorted(pc.value_counts(column.texts.drop_null()).to_pylist(), key=lambda pair: pair["values"])
        values = ", ".join(f"{masked(pair['values'])} ({pair['counts']})" for pair in counted)
    return say("draft.seen", lang, values=" ".join(values.split()), empty=column.texts.null_count)
