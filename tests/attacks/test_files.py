"""Files as Danes write them are loaded as a second reader reads them, or refused with where, why and what to do."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lighed.catalogue import Catalogue
from lighed.core.errors import DataError
from lighed.core.text import LANGUAGES, texts
from lighed.sources import raw
from tests.attacks.test_canaries import NUMBERS as KNOWN
from tests.attacks.test_canaries import planted
from tests.zones import Zone, new_zone

NAMES = ("CPR", "ÅR", "KOMNR", "BYDEL", "INDKOMST")
PLACES = ("Ærø", "Sct. Hans", "By; nord", 'Den "gamle" by', "Ø-gade 3, st.", "Hørsholm – vest")
COLUMNS = (
    "{CPR: {to: person_id}, ÅR: {to: ignore}, KOMNR: {to: residence.area}, BYDEL: {to: residence.district}, "
    "INDKOMST: {to: position.income}}"
)
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16")
DAMAGED = 40

Person = tuple[str, str | None, int | None]  # area, district, income in øre


@dataclass(frozen=True)
class Hand:
    """How somebody writes a file."""

    delimiter: str
    decimal: str
    encoding: str
    line: str
    quoted: bool

    @classmethod
    def of(cls, chance: random.Random) -> Hand:
        delimiter = chance.choice(";\t|,")
        decimal = "." if delimiter == "," else chance.choice(",.")
        encoding, line = chance.choice(ENCODINGS), chance.choice(("\n", "\r\n"))
        return cls(delimiter, decimal, encoding, line, chance.random() < 0.3)

    def cell(self, word: str) -> str:
        special = self.quoted or any(sign in word for sign in (self.delimiter, '"', "\n"))
        return '"' + word.replace('"', '""') + '"' if special else word

    def written(self, rows: list[tuple[str, ...]]) -> bytes:
        lines = (self.delimiter.join(map(self.cell, row)) for row in (NAMES, *rows))
        return "".join(one + self.line for one in lines).encode(self.encoding)

    def mapping(self, year: int) -> str:
        return f"{{id: m, format: {{decimal: '{self.decimal}'}}, period: {{year: {year}}}, columns: {COLUMNS}}}"


def rows_of(chance: random.Random, hand: Hand) -> list[tuple[str, ...]]:
    """Persons with an income of whole øre, as the hand writes numbers, areas and CPR numbers."""
    made = []
    for number in chance.sample(KNOWN, chance.randint(3, 40)):
        spelt = chance.choice((number, f"{number[:6]}-{number[6:]}", number.removeprefix("0")))
        kroner, cents = chance.randint(0, 2_000_000), chance.choice(("", "5", "25"))
        thousands = (
            f"{kroner:,}".replace(",", {",": ".", ".": ","}[hand.decimal]) if chance.random() < 0.5 else f"{kroner}"
        )
        amount = thousands + (hand.decimal + cents if cents else "")
        made.append((spelt, "2020", chance.choice(("101", "0147", "0751")), chance.choice(PLACES), amount))
    return made


def second_reader(content: bytes, hand: Hand) -> Counter[Person]:
    """The persons of a file, read sign by sign: no reader of CSV is asked."""
    rows: list[list[str]] = [[""]]
    within = closed = False
    for before, sign in pairwise("\n" + content.decode(hand.encoding).removeprefix("\ufeff")):
        if sign == '"' and (within or closed or not rows[-1][-1]):
            rows[-1][-1] += sign if closed else ""  # two of them are one that is meant
            within, closed = not within, within
        elif within:
            rows[-1][-1] += sign
        else:
            closed = False
            if sign in "\r\n":
                rows += [[""]] if (before, sign) != ("\r", "\n") else []
            elif sign == hand.delimiter:
                rows[-1].append("")
            else:
                rows[-1][-1] += sign
    return Counter(_person(row, hand) for row in rows[1:] if row != [""])


def _person(row: list[str], hand: Hand) -> Person:
    _, _, area, district, amount = row
    whole, _, cents = "".join(amount.split()).partition(hand.decimal)
    kroner = "".join(sign for sign in whole if sign.isdecimal())
    return area.zfill(4), district or None, 100 * int(kroner) + int((cents + "00")[:2]) if kroner else None


def stored(made: Zone, year: int) -> Counter[Person]:
    amounts = {row["person_id"]: round(100 * row["amount"]) for row in made.rows("position") if of(row, year)}
    rows = [row for row in made.rows("residence") if of(row, year)]
    return Counter((row["area"], row["district"], amounts.get(row["person_id"])) for row in rows)


def of(row: dict[str, Any], year: int) -> bool:
    return row["valid_from"].year == year


@pytest.mark.parametrize("seed", range(25))
def test_u3_a_file_is_what_a_second_reader_reads(seed: int, catalogue: Catalogue, tmp_path: Path) -> None:
    chance = random.Random(seed)
    hand = Hand.of(chance)
    rows = rows_of(chance, hand)
    made = new_zone(tmp_path / "project", catalogue)
    taken = made.load(made.put("fil.csv", hand.written(rows)), hand.mapping(2020))
    due = second_reader(hand.written(rows), hand)
    assert taken.persons == due.total() == len(rows)
    assert stored(made, 2020) == due


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) // 2, len(content))]


def field_lost(content: bytes, chance: random.Random) -> bytes:
    at = [k for k, byte in enumerate(content) if byte in b";,\t|"]
    k = chance.choice(at)
    return content[:k] + content[k + 1 :]


def put_in(*bytes_: bytes) -> Callable[[bytes, random.Random], bytes]:
    def damaged(content: bytes, chance: random.Random) -> bytes:
        k = chance.randrange(len(content) // 3, len(content))
        return content[:k] + chance.choice(bytes_) + content[k:]

    return damaged


DAMAGES = {
    "cut off": cut,
    "a separator lost": field_lost,
    "a NUL": put_in(b"\x00"),
    "letters of another encoding": put_in(b"\xf8", b"\xc3\xb8", b"\xff\xfe"),
    "another end of line": put_in(b"\r", b"\n", b"\r\n"),
    "a quotation mark": put_in(b'"'),
    "another separator": put_in(b";", b",", b"\t"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_u3_a_damaged_file_is_refused_with_where_and_what_to_do_or_is_what_it_says(
    name: str, catalogue: Catalogue, tmp_path: Path
) -> None:
    made, chance = new_zone(tmp_path / "project", catalogue), random.Random(name)
    refused = 0
    for attempt in range(DAMAGED):
        hand = Hand.of(chance)
        content = DAMAGES[name](hand.written(rows_of(chance, hand)), chance)
        before, path = made.digest(), made.put(f"fil{attempt}.csv", content)
        try:
            made.load(path, hand.mapping(attempt + 1950))
        except DataError as error:
            refused += 1
            assert made.digest() == before
            assert_said(error, path.name)
        else:
            assert stored(made, attempt + 1950) == second_reader(content, hand)
    assert refused > DAMAGED // 4


def test_u2_a_table_of_repeated_values_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, rows = tmp_path / "bomb.parquet", 1_000_000
    pq.write_table(pa.table({name: pa.repeat("x", rows) for name in "ab"}), path)
    assert path.stat().st_size < rows / 100
    monkeypatch.setattr(raw, "MOST_CELLS", 2 * rows - 1)
    with pytest.raises(DataError) as refused:
        raw.read(path)
    assert [problem.key for problem in refused.value.problems] == ["too_large"]
    monkeypatch.setattr(raw, "MOST_CELLS", 2 * rows)
    assert raw.read(path).length == rows


def assert_said(error: DataError, file: str) -> None:
    """Every problem names the file, has a rule and a remedy in both languages, and shows nobody's number."""
    for problem in error.problems:
        assert problem.file == file
        assert f"problem.{problem.key}" in texts()
    for lang in LANGUAGES:
        said = error.sentence(lang)
        assert planted(said) == set()
        assert said.splitlines()[0].startswith(file)
