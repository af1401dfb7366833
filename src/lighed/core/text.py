"""Texts in Danish and English, and numbers as people write them in each language.

Every text a user meets is data: a ``Text`` in a definition file, or an entry in ``core/texts/*.yaml``. The language is
an argument of whatever is shown, never a global state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

from babel.dates import format_date
from babel.numbers import format_decimal

from lighed.core.yaml import parse

Lang = Literal["da", "en"]
LANGUAGES: tuple[Lang, ...] = get_args(Lang)
DEFAULT_LANG: Lang = "da"
MINUS = "−"  # the mark that screen readers say as minus; a hyphen is often left out


@dataclass(frozen=True, slots=True)
class Text:
    """The same text in Danish and English.

    Examples
    --------
    >>> Text(da="ulighed", en="inequality")["da"]
    'ulighed'
    """

    da: str
    en: str

    def __getitem__(self, lang: Lang) -> str:
        return self.da if lang == "da" else self.en


@cache
def texts() -> dict[str, Text]:
    """Every text of the program by its key, read from ``core/texts/*.yaml``.

    Examples
    --------
    >>> texts()["word.unknown"].en
    'unknown'
    """
    found: dict[str, Text] = {}
    for file in sorted(files("lighed.core").joinpath("texts").iterdir(), key=lambda path: path.name):
        for key, entry in _flatten(parse(file.read_text(encoding="utf-8"))):
            assert key not in found, f"{file.name}: {key} stands twice"
            found[key] = Text(**entry)
    return found


def _flatten(tree: dict[str, Any], prefix: str = "") -> list[tuple[str, dict[str, str]]]:
    if set(tree) == set(LANGUAGES):
        return [(prefix, tree)]
    return [pair for key, branch in tree.items() for pair in _flatten(branch, f"{prefix}.{key}" if prefix else key)]


def say(key: str, lang: Lang, /, **values: Any) -> str:
    """Return the text of `key` with `values` put in; numbers must already be written out for `lang`.

    Examples
    --------
    >>> say("word.unknown", "da")
    'uoplyst'
    """
    return texts()[key][lang].format(**values)


def number(value: float | None, lang: Lang, *, digits: int = 1) -> str:
    """Write a number the way it is written in `lang`; a missing number is a dash.

    Examples
    --------
    >>> number(1234.56, "da"), number(1234.56, "en"), number(None, "da")
    ('1.234,6', '1,234.6', '–')
    """
    if value is None:
        return "–"
    decimals = "." + "0" * digits if digits else ""
    written = str(format_decimal(round(value, digits) + 0.0, format=f"#,##0{decimals}", locale=lang))
    return written.replace("-", MINUS)


def day(value: Any, lang: Lang) -> str:
    """Write a date out, as ``1. januar 2027``.

    Examples
    --------
    >>> from datetime import date
    >>> day(date(2027, 1, 1), "da"), day(date(2027, 1, 1), "en")
    ('1. januar 2027', '1 January 2027')
    """
    return str(format_date(value, format="long", locale={"da": "da", "en": "en_GB"}[lang]))


def join(parts: list[str], lang: Lang) -> str:
    """Join words as in a sentence: ``a, b og c``.

    Examples
    --------
    >>> join(["a", "b", "c"], "da"), join(["a"], "en")
    ('a, b og c', 'a')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {say('word.and', lang)} {parts[-1]}"
