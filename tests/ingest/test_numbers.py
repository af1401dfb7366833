"""Numbers as people write them, with the decimal mark of their file: read alike in files and in tables, or refused."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lighed.core.errors import DataError
from lighed.sources.raw import Format, Mark, Raw, decimal, decimal_mark
from tests.zones import Zone

NUMBERS: dict[Mark, dict[str, float]] = {
    ",": {
        "0": 0,
        "12": 12,
        "0,286": 0.286,
        "26,2": 26.2,
        "1.234": 1234,
        "1.234,5": 1234.5,
        "12.345.678": 12_345_678,
        "412000": 412_000,
        "412 000": 412_000,
        "1\u00a0234,5": 1234.5,
        "007,5": 7.5,
        "2,5e3": 2500,
    },
    ".": {
        "0": 0,
        "0.286": 0.286,
        "26.2": 26.2,
        "1,234": 1234,
        "1,234.5": 1234.5,
        "12,345,678.25": 12_345_678.25,
        "1.234": 1.234,
        "2.5E3": 2500,
    },
}
SIGNED: dict[Mark, dict[str, float]] = {
    ",": {"-3,5": -3.5, "−3": -3, "+1.234": 1234},
    ".": {"-3.5": -3.5, "−1,234": -1234},
}
REFUSED: dict[Mark, list[str]] = {
    ",": [
        "0.286",
        "26.2",
        "1.23",
        "1234.567",
        "12.34.567",
        "1,2,3",
        ",5",
        "12,",
        "1,234.5",
        "tolv",
        "1e",
        "0x10",
        "--1",
    ],
    ".": ["26,2", "0,286", "1,23", "1234,567", "1.2.3", ".5", "12.", "1.234,5", "inf", "nan", "NaN", "1_000", "½"],
}
MARKS: list[Mark] = [",", "."]


def _mapping(mark: Mark) -> str:
    columns = "{NR: {to: person_id, as: key}, INDK: {to: position.income}}"
    return f"id: one\nformat: {{kind: csv, decimal: '{mark}'}}\nperiod: {{year: 2020}}\ncolumns: {columns}\n"


def _file(written: list[str]) -> str:
    return "NR;INDK\n" + "".join(f"k{number};{value}\n" for number, value in enumerate(written))


@pytest.mark.parametrize("mark", MARKS)
def test_a_number_is_read_with_the_mark_of_its_file(mark: Mark, made: Zone) -> None:
    written = NUMBERS[mark]
    made.load(made.put("one.csv", _file(list(written))), _mapping(mark))
    assert sorted(row["amount"] for row in made.rows("position")) == sorted(written.values())
    signed = written | SIGNED[mark]
    assert {text: decimal(text, mark) for text in signed} == signed


@pytest.mark.parametrize("mark", MARKS)
def test_what_is_no_number_with_the_mark_of_its_file_is_refused(mark: Mark, made: Zone) -> None:
    with pytest.raises(DataError) as caught:
        made.load(made.put("one.csv", _file(REFUSED[mark])), _mapping(mark))
    problems = caught.value.problems
    assert [(p.key, p.value, p.row) for p in problems] == [
        ("not_a_number", text, row) for row, text in enumerate(REFUSED[mark], 2)
    ]
    assert {decimal(text, mark) for text in REFUSED[mark]} == {None}


FILES: list[tuple[str | None, list[str], Mark]] = [
    (";", ["26,2", "12.345", "987"], ","),
    (";", ["26.2", "12,345", "987"], "."),
    (",", ["26.2", "12,345", "987"], "."),
    (",", ["26,2", "12.345"], ","),
    (";", ["12.345", "987", "tekst"], ","),
    (",", ["12.345", "987"], "."),
    (";", ["0.286", "12.345"], "."),
    (";", ["12", ""], ","),
]


@pytest.mark.parametrize(("delimiter", "cells", "mark"), FILES, ids=str)
def test_the_decimal_mark_of_a_file_is_found_from_all_its_cells(delimiter: str, cells: list[str], mark: Mark) -> None:
    column = pa.array([cell or None for cell in cells], pa.string())
    raw = Raw("one.csv", {"a": column, "b": column[::-1]}, format=Format(kind="csv", delimiter=delimiter))
    assert decimal_mark(raw) == mark
    assert decimal_mark(Raw("one.xlsx", raw.columns, format=Format(kind="xlsx", decimal="."))) == "."
