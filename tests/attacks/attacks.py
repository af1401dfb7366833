"""Attacks on what leaves the zone, as a table: each takes two towns that differ in what is hidden, and says its finds.

D is disclosure, I injection, C persons' numbers; what is found must be nothing.
"""

from __future__ import annotations

import base64
import gzip
import io
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from lighed.core.estimates import DIMENSIONS, NUMBERS
from tests.attacks.town import LABEL, Shown
from tests.disclosure.reader import MARK, Row, determined

FEWEST = 5  # of the towns' policy
Z = 1.959963984540054
BASE64 = re.compile(r"[A-Za-z0-9+/]{64,}={0,2}")
NUMBER, DIGITS = re.compile(r"\d+[.,]\d{8,}"), 12
Pair = tuple[Shown, Shown]


def solved(rows: list[Row], shown: Shown) -> list[str]:
    """The hidden groups of which all sums together leave one number of cases."""
    return [f"{key}: {n}" for key, n in determined(rows, shown.catalogue, np.random.default_rng(1)).items()]


def sums_of_a_release(pair: Pair) -> list[str]:
    return [found for shown in pair for found in solved(shown.rows, shown)]


def sums_of_all_filters(pair: Pair) -> list[str]:
    """What all pages together tell is what the release holds, and they give no more away than it does."""
    shown = pair[0]
    known = {_named(row): row for row in shown.rows}
    other = [f"{_named(row)} is not of the release" for row in shown.told if "measure" in row and not _of(known, row)]
    rows = [known[_named(row)] for row in shown.told if _named(row) in known]
    return other + solved(rows, shown)


def _of(known: dict[tuple[Any, ...], Row], row: Row) -> bool:
    held = known.get(_named(row))
    return held is not None and all(held[name] == row[name] for name in (*NUMBERS, "flags"))


def _named(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in DIMENSIONS)


def few_by_a_rate(pair: Pair) -> list[str]:
    """A share times its denominator is the number of cases."""
    rows = [row for row in pair[0].rows if row["measure"] == "crude" and row["value"] is not None]
    return [
        f"{_named(row)}: {k} of {row['n']}" for row in rows for k in [row["value"] * row["n"] / 100] if few(k, row["n"])
    ]


def few_by_an_interval(pair: Pair) -> list[str]:
    """The middle of Wilson's interval lies between the share and a half as far as the number of persons says."""
    found = []
    for row in pair[0].rows:
        if row["measure"] == "crude" and None not in (row["value"], row["lower"], row["upper"]):
            share, middle = row["value"] / 100, (row["lower"] + row["upper"]) / 200
            n = Z**2 * (middle - 0.5) / (share - middle) if share != middle else float("inf")
            found += [f"{_named(row)}: {share * n:.2f} of {n:.2f}"] if few(share * n, n) else []
    return found


def few(cases: float, n: float) -> bool:
    return n > 0 and (0.5 < cases < FEWEST - 0.5 or n - cases < FEWEST - 0.5)


def other_marks(pair: Pair) -> list[str]:
    """Everything that is withheld bears the one mark."""
    true = {_named(row): row for row in pair[0].truth}
    held = [row for row in pair[0].rows if row["value"] is None and true.get(_named(row), row)["value"] is not None]
    return [f"{_named(row)} is {row['flags']}" for row in held if row["flags"] != MARK]


def numbers_within(*kinds: str) -> Callable[[Pair], list[str]]:
    """The hidden numbers themselves, in whatever they are packed."""

    def found(pair: Pair) -> list[str]:
        true = {_named(row): row for row in pair[0].truth}
        held = [true[_named(row)] for row in pair[0].rows if row["flags"] == MARK and _named(row) in true]
        hidden = {_named(row) for row in held}
        wanted = _digits(held) - _digits([row for row in pair[0].truth if _named(row) not in hidden])
        assert wanted, "there is something to look for"
        texts = ((name, text) for name, content in pair[0].of_kind(*kinds).items() for text in decoded(content))
        return [f"{name}: {seen}" for name, text in texts for seen in NUMBER.findall(text) if _first(seen) in wanted]

    return found


def _digits(rows: list[Row]) -> set[str]:
    """The first digits of the numbers that have so many that they are one row's alone."""
    written = (repr(row[name]) for row in rows for name in NUMBERS if row[name] is not None)
    return {_first(word) for word in written if len(word) > DIGITS}


def _first(word: str) -> str:
    return word.replace(",", ".")[:DIGITS]


def decoded(content: bytes) -> Iterator[str]:
    """A text, and what is packed in it: Parquet, gzip, base64, and the words that HTML and JSON write otherwise."""
    if content.startswith(b"PAR1"):
        table = pq.read_table(io.BytesIO(content))
        yield f"{table.to_pylist()} {pq.read_metadata(io.BytesIO(content)).to_dict()}"
        return
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    text = content.decode("utf-8", "replace")
    yield unescape(text)
    for packed in BASE64.findall(text):
        yield from decoded(base64.b64decode(packed + "=" * (-len(packed) % 4)))


def differences(*kinds: str) -> Callable[[Pair], list[str]]:
    """The artefacts that say which of the two towns they are of."""

    def found(pair: Pair) -> list[str]:
        one, other = (shown.of_kind(*kinds) for shown in pair)
        return [name for name in {**one, **other} if one.get(name) != other.get(name)]

    return found


def live_labels(pair: Pair) -> list[str]:
    """The pages on which a title is more than words."""
    pages = pair[0].of_kind("html")
    return [name for name, page in pages.items() if b"<img src=x" in page or b"</script>{" in page]


def filled_templates(pair: Pair) -> list[str]:
    """The pages on which a title was worked out."""
    pages = pair[0].of_kind("html").items()
    return [name for name, page in pages if LABEL not in unescape(page.decode())]


def formulas(pair: Pair) -> list[str]:
    """The cells of tables that a spreadsheet would work out."""
    return [
        f"{name}: {cell}"
        for name, content in pair[0].of_kind("csv").items()
        for line in content.decode().splitlines()
        for cell in re.split(r'[,"]', line)
        if re.match(r"[=+@\t\r]|-(?![\d.])", cell)
    ]


ATTACKS: dict[str, Callable[[Pair], list[str]]] = {
    "D1 margins": sums_of_a_release,
    "D2 all filters": sums_of_all_filters,
    "D4 rate times denominator": few_by_a_rate,
    "D5 width of an interval": few_by_an_interval,
    "D6 measures": differences("release"),
    "D7 marks": other_marks,
    "D8 complements": few_by_a_rate,
    "D12 headers and sizes": differences("headers"),
    "D13 exports": differences("csv", "json", "svg"),
    "D13 hidden numbers in exports": numbers_within("release", "csv", "json", "svg"),
    "D14 pages and charts": differences("html"),
    "D14 hidden numbers in pages": numbers_within("html", "headers", "log"),
    "C1 log of a build": differences("log"),
    "I2 labels that are scripts": live_labels,
    "I3 labels that are formulas": formulas,
    "I4 labels that are templates": filled_templates,
}
