"""Numbers and flags as people read them: the same in a sentence, a table cell and a chart's text."""

from __future__ import annotations

from typing import Any

from lighed.catalogue import Catalogue
from lighed.core.pathway import FATES
from lighed.core.text import Lang, Text, number, say, texts
from lighed.core.types import Indicator
from lighed.stats import MEASURES

Row = dict[str, Any]
DIGITS = {
    "percent": 1,
    "per_1000": 1,
    "per_100000": 1,
    "per_person": 2,
    "score": 1,
    "kroner": 0,
    "years": 1,
    "number": 0,
    "weeks": 1,
    "ratio": 2,
    "index": 3,
    "squared": 1,
    "persons": 0,
    "events": 0,
    "status": 0,
    "probability": 3,
    "days": 1,
}
LEAST = {"probability": 0.001}  # what is less is said to be below it
GAPS = {measure.id for measure in MEASURES.values() if measure.unit == "outcome"}


def amount(value: float | None, unit: str, lang: Lang, *, form: str = "value") -> str:
    """Write a number in its unit; `form` is value, difference or short.

    Examples
    --------
    >>> amount(22.06, "percent", "da"), amount(9.1, "percent", "da", form="difference"), amount(2.456, "ratio", "en")
    ('22,1 %', '9,1 procentpoint', '2.46 times')
    >>> amount(0.0123, "probability", "da"), amount(4e-7, "probability", "en")
    ('p = 0,012', 'p < 0.001')
    """
    if value is None:
        return "–"
    if unit in LEAST and value < LEAST[unit]:
        value, form = LEAST[unit], "below"
    return say(f"unit.{unit}.{form}", lang, number=number(value, lang, digits=DIGITS[unit]))


def written(row: Row, lang: Lang, *, form: str | None = None) -> str:
    """Write a row's value, or the word for why there is none."""
    if row["value"] is None:
        return flag_word(row, lang)
    is_gap = row["measure"] in GAPS
    return amount(row["value"], row["unit"], lang, form=form or ("difference" if is_gap else "value"))


def interval(row: Row, lang: Lang) -> str:
    """Write a row's interval in brackets; nothing where there is none.

    Examples
    --------
    >>> interval({"lower": -1.2, "upper": 3.45, "unit": "percent"}, "da")
    '(−1,2 til 3,5)'
    """
    if row["lower"] is None or row["upper"] is None:
        return ""
    low, high = (number(row[end], lang, digits=DIGITS[row["unit"]]) for end in ("lower", "upper"))
    return f"({low} {say('word.to', lang)} {high})"


def flag_word(row: Row, lang: Lang) -> str:
    """Return the word for a row's first flag."""
    first = (row["flags"] or "not_collected").split()[0]
    return say(f"flag.{first}", lang)


def clear(row: Row, null: float) -> int:
    """Return 1 or −1 where the whole interval lies above or below `null`, else 0; 0 without an interval."""
    if row["lower"] is None or row["upper"] is None:
        return 0
    return 1 if row["lower"] > null else -1 if row["upper"] < null else 0


def names_of(catalogue: Catalogue, one: Indicator | None = None) -> dict[Any, Text]:
    """Return the words for the columns and values that a condition names; `one` says whose category and amount."""
    names: dict[Any, Text] = {
        key.removeprefix("column."): text for key, text in texts().items() if key.startswith("column.")
    }
    for stratifier in catalogue.stratifiers.values():
        names[stratifier.id] = stratifier.title
        names |= {(stratifier.id, level.id): level.title for level in stratifier.levels}
    for dimension in catalogue.dimensions.values():
        names.setdefault(dimension.id, dimension.title)
        names = {(dimension.id, code): text for code, text in dimension.categories.items()} | names
    if one and one.of_pathway:
        for step in catalogue.pathways[one.of_pathway].steps:
            names |= {step.id: step.title, step.fate: step.title}
            names |= {(step.fate, fate): texts()[f"fate.{fate}"] for fate in FATES}
    elif one and one.item:
        item = catalogue.items[one.item]
        names["category"] = names["amount"] = item.title
        names |= {("category", code): text for code, text in item.categories.items()}
    return names
