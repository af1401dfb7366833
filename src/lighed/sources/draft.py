"""Drafts a mapping from what a file looks like; a person reads it through before anything is loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from lighed.catalogue import Catalogue
from lighed.core.text import Lang, say
from lighed.sources.files import DATES
from lighed.sources.raw import Raw, read
from lighed.store.pseudonym import CPR

FEW = 30  # a column with more distinct values than this is no code list

# What columns are often called. The first that fits is taken; a person corrects the rest.
NAMES: tuple[tuple[str, dict[str, Any]], ...] = (
    (r"^(cpr|pnr|personnr|person_id|cprnr|borger_?id)", {"to": "person_id"}),
    (r"^(mor_?cpr|mor_?pnr|mother)", {"to": "ignore"}),
    (r"^(kom|komnr|kommune|kommunekode|municipality|area)", {"to": "residence.area"}),
    (
        r"^(koen|køn|sex|gender)",
        {
            "to": "person.sex",
            "codes": {"1": "male", "2": "female", "M": "male", "K": "female", "m": "male", "k": "female"},
        },
    ),
    (r"^(foed|fød|fdato|birth)", {"to": "person.birth_date"}),
    (r"^(doed|død|ddato|death)", {"to": "person.death_date"}),
    (r"^(alder|age)", {"to": "person.birth_date", "as": "age"}),
    (r"^(udd|hfaudd|uddannelse|education)", {"to": "position.education"}),
    (r"^(indk|famaekv|indkomst|income)", {"to": "position.income"}),
    (r"^(socio|beskaeft|beskæft|arbejde|employment)", {"to": "position.employment"}),
    (r"^(ejerform|bolig|tenure)", {"to": "position.tenure"}),
    (r"^(herkomst|ie_?type|origin)", {"to": "position.origin"}),
    (r"^(samliv|civst|cohab)", {"to": "position.cohabitation"}),
    (r"^(vaegt|vægt|weight|kalvgt)", {"to": "respondent.weight"}),
    (r"^(stratum|strata)", {"to": "respondent.stratum"}),
    (r"^(ryg|smok)", {"to": "answer.daily_smoking"}),
)
YEARS = r"^(aar|år|year|aargang|periode)"


def draft(path: Path, catalogue: Catalogue, lang: Lang) -> str:
    """Return a mapping file for `path`, as YAML with comments on what stands in each column."""
    raw = read(path)
    year = next((name for name in raw.columns if re.match(YEARS, name.lower())), None)
    form = {key: value for key, value in raw.format.model_dump().items() if value is not None}
    form.setdefault("decimal", _decimal_mark(raw))
    lines = [
        f"# {say('draft.read', lang)}",
        f"id: {_id(path)}",
        f"file: {yaml.safe_dump(path.name, allow_unicode=True).strip().splitlines()[0]}",
    ]
    lines += [f"format: {_flow(form)}"]
    lines += [f"period: {_flow({'column': year})}" if year else f"period: {{year: }}   # {say('draft.period', lang)}"]
    lines += ["columns:"]
    lines += [
        line for name, column in raw.columns.items() if name != year for line in _column(name, column, catalogue, lang)
    ]
    lines += [f"constants: {{}}   # {say('draft.constants', lang)}"]
    return "\n".join(lines) + "\n"


def _id(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "file"


def _flow(tree: Any) -> str:
    return str(yaml.safe_dump(tree, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)).strip()


def _decimal_mark(raw: Raw) -> str:
    if raw.format.kind in {"parquet", "xlsx"}:
        return "."
    commas = sum(pc.sum(pc.match_substring_regex(c, r"^-?\d[\d.]*,\d+$")).as_py() or 0 for c in raw.columns.values())
    points = sum(pc.sum(pc.match_substring_regex(c, r"^-?\d[\d,]*\.\d+$")).as_py() or 0 for c in raw.columns.values())
    return "." if points > commas else ","


def _column(name: str, column: pa.Array, catalogue: Catalogue, lang: Lang) -> list[str]:
    guess, distinct = _guess(name, column), pc.unique(column).drop_null()
    is_identifier = guess.get("to") == "person_id"
    if guess.get("to", "").startswith("answer.") and guess["to"].partition(".")[2] not in catalogue.items:
        guess = {"to": "ignore"}
    if "codes" in guess:
        present = set(distinct.to_pylist())
        guess = guess | {"codes": {code: meaning for code, meaning in guess["codes"].items() if code in present}}
    if _wants_codes(guess, catalogue):
        guess = guess | {"codes": _codes(guess["to"], distinct, catalogue)} if len(distinct) <= FEW else guess
    seen = say("draft.identifier", lang) if is_identifier else _seen(column, distinct, lang)
    return [f"  {_flow(name).splitlines()[0]}: {_flow(guess)}", f"    # {seen}"]


def _guess(name: str, column: pa.Array) -> dict[str, Any]:
    known = column.drop_null()
    if _all(known, "^" + CPR.pattern + "$") and _all(known, r"^\d{6}"):
        return {"to": "person_id", "as": "cpr"}
    guess = next((dict(meaning) for pattern, meaning in NAMES if re.match(pattern, name.lower())), {"to": "ignore"})
    if guess["to"] == "person_id":
        return guess | {"as": "key"}
    if guess["to"].endswith("_date") and guess.get("as") != "age":
        form = next((form for form, pattern in DATES.items() if _all(known, re.sub(r"\?P<\w+>", "", pattern))), None)
        return guess | ({"date": form} if form else {})
    return guess


def _all(known: pa.Array, pattern: str) -> bool:
    return len(known) > 0 and bool(pc.all(pc.match_substring_regex(known, pattern)).as_py())


def _wants_codes(guess: dict[str, Any], catalogue: Catalogue) -> bool:
    table, _, thing = guess["to"].partition(".")
    things: dict[str, Any] = {"position": catalogue.dimensions, "answer": catalogue.items}
    known = things.get(table, {})
    return thing in known and bool(known[thing].categories)


def _codes(target: str, distinct: pa.Array, catalogue: Catalogue) -> dict[str, str]:
    """Codes that are the store's own stand for themselves; the others are left for a person to fill in."""
    table, _, thing = target.partition(".")
    found: Any = catalogue.dimensions[thing] if table == "position" else catalogue.items[thing]
    return {code: code if code in found.categories else "?" for code in sorted(distinct.to_pylist())}


def _seen(column: pa.Array, distinct: pa.Array, lang: Lang) -> str:
    empty = column.null_count
    if len(distinct) <= FEW:
        counted = sorted(pc.value_counts(column.drop_null()).to_pylist(), key=lambda pair: pair["values"])
        values = ", ".join(f"{pair['values']} ({pair['counts']})" for pair in counted)
    else:
        values = say("draft.many", lang, count=len(distinct))
    return say("draft.seen", lang, values=values.replace("\n", " "), empty=empty)
