"""Files as they come: everything in as text, with the separator and the letters that the file declares or shows.

Danish files are semicolon-separated with a decimal comma, in UTF-8, UTF-16 or Windows letters. Nothing is guessed row
by row: a file is of one kind from beginning to end, or it is refused with the row where it stops being so. Leading
zeros and empty cells stay as they are. A file is read by Arrow; only when Arrow refuses it is it read a second time,
slowly, to say in which row and why.
"""

from __future__ import annotations

import codecs
import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from lighed.core.errors import DataError, Problem
from lighed.core.identifiers import shows_number
from lighed.core.types import Definition

Mark = Literal[",", "."]
DELIMITERS = (";", ",", "\t", "|")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
DOUBLED = re.compile("Ã[¦¸¥\u2020\u02dc\u2026\x86\x98\x85]")
# A number by its decimal mark; the other mark stands between thousands only, and never after a 0.
NUMBER: dict[Mark, str] = {
    ",": r"[-+]?(?:[1-9]\d{0,2}(?:\.\d{3})+|\d+)(?:,\d+)?(?:[eE][-+]?\d+)?",
    ".": r"[-+]?(?:[1-9]\d{0,2}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?",
}
MOST = 1000  # faults that are collected of one column; a file with more is of another kind than it is read as
CHUNK = 1 << 20
MOST_UNPACKED = 2 << 30
MOST_CELLS = MOST_UNPACKED // 2  # rows times columns; the least that a cell takes is two bytes
# What a damaged workbook makes its readers say: of the archive, of its packing, and of the XML inside.
BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, LookupError, ValueError, SyntaxError)


class Format(Definition):
    """How a file is written; what is not said is found out from the file."""

    kind: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Mark | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """The columns of a file as texts; ``first_row`` is the number, in the file, of the first row of data.

    ``numbers`` are those of all rows where they do not follow each other, for some lines are empty.
    """

    file: str
    columns: dict[str, pa.Array]
    first_row: int = 2
    format: Format = field(default_factory=Format)
    newline: str = "\n"
    numbers: npt.NDArray[np.int64] | None = None

    @property
    def length(self) -> int:
        """How many rows of data there are."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def rows(self) -> npt.NDArray[np.int64]:
        """The number of each row of data in the file; the names of the columns stand in row 1."""
        return np.arange(self.length, dtype=np.int64) + self.first_row if self.numbers is None else self.numbers


def read(path: Path, form: Format | None = None, *, name: str | None = None) -> Raw:
    """Read a file of any kind that is known by its ending; raises DataError when it is not whole.

    `name` is what the file is called in messages, where it has been stored under another.
    """
    form, shown = form or Format(), name or path.name
    if not path.is_file():
        raise DataError([Problem("no_file", shown)])
    if path.stat().st_size == 0:
        raise DataError([Problem("empty_file", shown)])
    match form.kind or Path(shown).suffix.lower().lstrip("."):
        case "parquet":
            return _parquet(path, shown)
        case "xlsx" | "xlsm":
            return _excel(path, shown, form)
        case "csv" | "txt" | "tsv":
            return _text(path, shown, form)
        case other:
            raise DataError([Problem("unknown_kind", shown, values={"kind": other})])


def _parquet(path: Path, shown: str) -> Raw:
    try:
        held = pq.read_metadata(path)
        if held.num_rows * held.num_columns > MOST_CELLS:  # repeated values take no room in the file
            raise DataError([Problem("too_large", shown, values={"most": MOST_UNPACKED >> 30})])
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError):
        raise DataError([Problem("cut_off", shown)]) from None
    if not table.num_rows:
        raise DataError([Problem("no_rows", shown)])
    header = _header(shown, table.column_names)
    columns = {name: _as_text(shown, name, table[place]) for place, name in enumerate(header)}
    return Raw(shown, columns, 1, Format(kind="parquet", decimal="."))


def _as_text(shown: str, name: str, column: pa.ChunkedArray) -> pa.Array:
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    try:
        return plain.cast(pa.string()).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError([Problem("nested", shown, column=name)]) from None


def _excel(path: Path, shown: str, form: Format) -> Raw:
    import openpyxl  # only those who bring a workbook wait for it

    try:
        _demand_small(path, shown)
        with path.open("rb") as file:  # a workbook that is read as it is needed keeps its file open
            book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            if form.sheet and form.sheet not in book.sheetnames:
                known = ", ".join(book.sheetnames)
                raise DataError([Problem("no_sheet", shown, values={"sheet": form.sheet, "known": known})])
            sheet = book[form.sheet] if form.sheet else book.worksheets[0]
            lines = [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    except BROKEN:
        raise DataError([Problem("cut_off", shown)]) from None
    while lines and not any(lines[-1]):
        lines.pop()
    if not lines:
        raise DataError([Problem("no_header", shown)])
    header = _header(shown, [name or "" for name in lines[0]])
    width = len(header)
    body = [row[:width] + [None] * (width - len(row)) for row in lines[1:]]
    if not body:
        raise DataError([Problem("no_rows", shown)])
    columns = {name: pa.array([row[k] for row in body], pa.string()) for k, name in enumerate(header)}
    return Raw(shown, columns, 2, Format(kind="xlsx", sheet=sheet.title, decimal="."))


def _demand_small(path: Path, shown: str) -> None:
    # A workbook is a packed folder: a few kilobytes may unpack to fill the memory.
    with zipfile.ZipFile(path) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
            raise DataError([Problem("too_large", shown, values={"most": MOST_UNPACKED >> 30})])


def _cell(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.isoformat().removesuffix("T00:00:00") if hasattr(value, "isoformat") else str(value)


def _text(path: Path, shown: str, form: Format) -> Raw:
    encoding = form.encoding or _encoding(path, shown)
    _demand_letters(path, shown, encoding)
    with path.open(encoding=encoding, newline="") as file:
        head = file.readline()
    delimiter = form.delimiter or max(DELIMITERS, key=head.count)
    header = _header(shown, next(csv.reader([head], delimiter=delimiter), []))
    try:
        table = pyarrow.csv.read_csv(
            path,
            pyarrow.csv.ReadOptions(encoding=encoding.removesuffix("-sig"), column_names=header, skip_rows=1),
            pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        alone = Problem("no_rows" if _lines(path) == 1 else "cut_off", shown)
        raise DataError(list(_faults(path, shown, encoding, delimiter, len(header))) or [alone]) from None
    if not table.num_rows:
        raise DataError([Problem("no_rows", shown)])
    columns = {name: table[name].combine_chunks() for name in header}
    found = Format(kind="csv", delimiter=delimiter, encoding=encoding, decimal=form.decimal)
    numbers = None if _lines(path) == 1 + table.num_rows else _numbers(path, encoding, delimiter, table.num_rows)
    return Raw(shown, columns, 2, found, "\r\n" if head.endswith("\r\n") else "\n", numbers)


def _lines(path: Path) -> int:
    """Count the lines; more than there are rows where some are empty or lie within quotation marks."""
    count, last = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            count, last = count + chunk.count(b"\n"), chunk[-2:]
    return count + (not last.endswith((b"\n", b"\n\x00")))


def _numbers(path: Path, encoding: str, delimiter: str, count: int) -> npt.NDArray[np.int64] | None:
    """Number the rows as they stand, empty ones counted; None where the slow reader does not see the same rows."""
    with path.open(encoding=encoding, newline="") as file:
        try:
            rows = [number for number, row in enumerate(csv.reader(file, delimiter=delimiter), 1) if row]
        except csv.Error:
            return None
    return np.array(rows[1:], np.int64) if len(rows) == 1 + count else None


def _encoding(path: Path, shown: str) -> str:
    """Find the letters of the whole file: by its mark, else UTF-8, else Windows."""
    with path.open("rb") as file:
        start = file.read(4096)
    marked = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
    if marked:
        return marked
    if b"\x00" in start:
        raise DataError([Problem("not_text", shown)])
    return "utf-8" if _wrong_row(path, "utf-8") is None else "cp1252"


def _demand_letters(path: Path, shown: str, encoding: str) -> None:
    try:
        row = _wrong_row(path, encoding)
        windows = codecs.lookup(encoding).name in {"cp1252", "iso8859-1"}
    except LookupError:
        raise DataError([Problem("no_such_letters", shown, values={"encoding": encoding})]) from None
    if row is not None:
        raise DataError([Problem("letters", shown, row, values={"encoding": encoding})])
    if windows and (mixed := _doubled_row(path, encoding)):
        key = "letters" if _wrong_row(path, "utf-8") is None else "mixed_letters"
        raise DataError([Problem(key, shown, mixed, values={"encoding": encoding})])


def _doubled_row(path: Path, encoding: str) -> int | None:
    """Return the first row with "Ã¸" or its like: a Danish letter of UTF-8, read as two Windows letters."""
    with path.open(encoding=encoding, newline="") as file:
        return next((row for row, line in enumerate(file, 1) if DOUBLED.search(line)), None)


def _wrong_row(path: Path, encoding: str) -> int | None:
    """Return the row in which the file is not text in `encoding`; None when it is to the end."""
    decoder, row = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return row + chunk[: error.start].count(b"\n")
            if "\x00" in text:
                return row + text[: text.index("\x00")].count("\n")
            row += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return row
    return None


def _header(shown: str, names: list[str]) -> list[str]:
    header = [name.strip().lstrip("\ufeff") for name in names]
    if not any(header):
        raise DataError([Problem("no_header", shown)])
    problems = [Problem("no_column_name", shown, 1, str(k + 1)) for k, name in enumerate(header) if not name]
    # A file without column names would have its first person for a header, and drafts and pages show the header.
    problems += [Problem("number_for_name", shown, 1, name) for name in header if shows_number(name)]
    problems += [
        Problem("column_twice", shown, 1, name) for name in sorted({n for n in header if n and header.count(n) > 1})
    ]
    if problems:
        raise DataError(problems)
    return header


def _faults(path: Path, shown: str, encoding: str, delimiter: str, width: int) -> Iterator[Problem]:
    """Say which rows have another number of fields than there are columns, and where a quotation mark is left open."""
    with path.open(encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        number = 0
        try:
            for number, row in enumerate(rows, 1):
                if row and len(row) != width:
                    yield Problem("ragged", shown, number, values={"found": len(row), "expected": width})
        except csv.Error:
            yield Problem("open_quote", shown, number + 1)


def decimal(written: str, mark: Mark) -> float | None:
    """Read a number with the decimal mark of its file; None when it is none.

    Examples
    --------
    >>> decimal("1.234,5", ","), decimal("1234.5", "."), decimal("−3", ","), decimal("12,", ",")
    (1234.5, 1234.5, -3.0, None)
    >>> decimal("1.234", ","), decimal("1.234", "."), decimal("0.286", ","), decimal("26,2", ".")
    (1234.0, 1.234, None, None)
    """
    plain = written.strip().replace("−", "-").replace("\u00a0", "").replace(" ", "")
    if not re.fullmatch(NUMBER[mark], plain):
        return None
    return float(plain.replace("." if mark == "," else ",", "").replace(mark, "."))


def numbers(texts: pa.Array, mark: Mark) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Read a column of numbers with the decimal mark of its file, and say which of its cells are none.

    Examples
    --------
    >>> found, wrong = numbers(pa.array(["1.234,5", "−3", None, "12,"]), ",")
    >>> found.to_pylist(), wrong.tolist()
    ([1234.5, -3.0, None, None], [False, False, False, True])
    """
    group = "." if mark == "," else ","
    plain = pc.replace_substring(pc.replace_substring(pc.replace_substring(texts, "−", "-"), "\u00a0", ""), " ", "")
    good = pc.match_substring_regex(plain, f"^{NUMBER[mark]}$")
    known = pc.if_else(pc.fill_null(good, False), plain, pa.scalar(None, pa.string()))
    found = pc.replace_substring(pc.replace_substring(known, group, ""), mark, ".").cast(pa.float64())
    return found, ~np.asarray(pc.fill_null(good, True))


def decimal_mark(raw: Raw) -> Mark:
    """Return the decimal mark of a whole file: the one that more of its cells are numbers with.

    "12.345" is a number with either, and so are the other cells of a file that has no decimals; such a file is taken
    as Danish unless commas stand between its columns.
    """
    if raw.format.decimal:
        return raw.format.decimal
    cells = pa.chunked_array(list(raw.columns.values()), pa.string())
    marks: tuple[Mark, Mark] = (",", ".")
    commas, points = (pc.sum(pc.match_substring_regex(cells, f"^{NUMBER[mark]}$")).as_py() or 0 for mark in marks)
    return "." if points > commas or (points == commas and raw.format.delimiter == ",") else ","
