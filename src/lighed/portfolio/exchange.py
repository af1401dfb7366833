"""Registers as files: CSV as Danish spreadsheets write it, XLSX and JSON. What is written out can be read in again.

A text that a spreadsheet would take for a formula is marked as text; a formula in a file that comes in is refused.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from lighed.core.errors import DataError, Problem, RegisterError
from lighed.core.register import Register, typed
from lighed.portfolio.archive import Record

OWN = ("id", "version", "state")  # columns that are no fields
MOST_ROWS = 10_000
MOST_BYTES = 200 << 20  # of a workbook when it is unpacked
RISKY = ("=", "+", "-", "@", "\t", "\r")
Cells = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Row:
    """A record in a file: where it stands there, and which version of which record it was made from, if any."""

    number: int
    content: dict[str, Any]
    id: str = ""
    version: int | None = None
    state: str = ""


# --- out


def header(register: Register) -> list[str]:
    """Return the names of the columns."""
    return [*OWN, *(name for field in register.fields for name in field.columns)]


def _lines(register: Register, records: Iterable[Record]) -> Iterator[list[Any]]:
    for one in records:
        yield [one.id, one.version, one.state, *register.cells(one.content).values()]


def to_csv(register: Register, records: Iterable[Record]) -> bytes:
    """Return records as CSV, in the form in which Danish spreadsheets open it."""
    return csv_of([header(register), *_lines(register, records)])


def csv_of(lines: Iterable[Iterable[Any]]) -> bytes:
    """Return lines as CSV, in the form in which Danish spreadsheets open it; None is an empty cell."""
    written = io.StringIO()
    cells = ([typed("" if cell is None else _guarded(cell)) for cell in line] for line in lines)
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerows(cells)
    return written.getvalue().encode("utf-8-sig")


def to_xlsx(register: Register, records: Iterable[Record]) -> bytes:
    """Return records as a workbook in which text is text."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    for number, line in enumerate([header(register), *_lines(register, records)], 1):
        for column, value in enumerate(line, 1):
            cell = sheet.cell(number, column, value if value != "" else None)
            if isinstance(value, str) and value:
                cell.data_type, cell.quotePrefix = "s", value.startswith(RISKY)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def to_json(register: Register, records: Iterable[Record]) -> bytes:
    """Return records as JSON."""
    told = [{"id": one.id, "version": one.version, "state": one.state, "content": one.content} for one in records]
    return json.dumps({"register": register.id, "records": told}, ensure_ascii=False, indent=1).encode()


def _guarded(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip("'").startswith(RISKY) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(RISKY) else cell


# --- in


def rows(register: Register, name: str, data: bytes) -> list[Row]:
    """Return the records in a file; raises DataError with file, row and column where it cannot be read."""
    read = READERS.get(Path(name).suffix.lower())
    if read is None:
        raise RegisterError("file_kind", known=", ".join(READERS))
    found = list(read(register, name, data))
    if len(found) > MOST_ROWS:
        raise DataError([Problem("too_many_rows", name, values={"most": MOST_ROWS})])
    if not found:
        raise DataError([Problem("no_rows", name)])
    return found


def lines(name: str, data: bytes) -> list[list[Any]]:
    """Return the cells of a CSV or XLSX file, line by line; raises DataError where it cannot be read."""
    read = SHEETS.get(Path(name).suffix.lower())
    if read is None:
        raise RegisterError("file_kind", known=", ".join(SHEETS))
    return read(name, data)


def _of_csv(register: Register, name: str, data: bytes) -> list[Row]:
    return _of_lines(register, name, _csv_lines(name, data))


def _csv_lines(name: str, data: bytes) -> list[list[Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # as spreadsheets save it that are asked for nothing else
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return [
            [_unguarded(c) for c in line] for line in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
        ]
    except csv.Error:
        raise DataError([Problem("cut_off", name)]) from None


def _of_xlsx(register: Register, name: str, data: bytes) -> list[Row]:
    return _of_lines(register, name, _xlsx_lines(name, data))


def _xlsx_lines(name: str, data: bytes) -> list[list[Any]]:
    import openpyxl

    try:
        if sum(part.file_size for part in ZipFile(io.BytesIO(data)).infolist()) > MOST_BYTES:
            raise DataError([Problem("cut_off", name)])
        sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
        cells = [list(line) for line in sheet.iter_rows(max_row=MOST_ROWS + 2)]
    except (BadZipFile, KeyError, ValueError, IndexError, OSError, SyntaxError):
        raise DataError([Problem("cut_off", name)]) from None
    formulas = [
        Problem("formula", name, cell.row, str(cells[0][at].value))
        for line in cells
        for at, cell in enumerate(line)
        if cell.data_type == "f"
    ]
    if formulas:
        raise DataError(formulas)
    return [["" if cell.value is None else cell.value for cell in line] for line in cells]


def _of_lines(register: Register, name: str, lines: list[list[Any]]) -> list[Row]:
    heads = [str(cell).strip() for cell in lines[0]] if lines else []
    while heads and not heads[-1]:
        heads.pop()
    wrong = list(_problems_of_heads(register, name, heads))
    wrong += [
        Problem("ragged", name, number, values={"found": len(line), "expected": len(heads)})
        for number, line in enumerate(lines[1:], 2)
        if any(cell != "" for cell in line[len(heads) :]) or 0 < len(line) < len(heads)
    ]
    if wrong:
        raise DataError(wrong)
    told = ((number, dict(zip(heads, line, strict=False))) for number, line in enumerate(lines[1:], 2))
    return [_row(register, name, number, cells) for number, cells in told if any(cell != "" for cell in cells.values())]


def _problems_of_heads(register: Register, name: str, heads: list[str]) -> Iterator[Problem]:
    if not heads:
        yield Problem("no_header", name)
    known = header(register)
    for number, head in enumerate(heads):
        if head not in known:
            yield Problem("unknown_field", name, 1, head)
        elif head in heads[:number]:
            yield Problem("column_twice", name, 1, head)


def _row(register: Register, name: str, number: int, cells: dict[str, Any]) -> Row:
    version = str(cells.get("version", "")).strip()
    if version and not (version.isdecimal() and len(version) < len("1000000")):
        raise DataError([Problem("not_whole", name, number, "version", version)])
    content = register.read({key: value for key, value in cells.items() if key not in OWN})
    given = [str(cells.get(key, "")).strip() for key in ("id", "state")]
    return Row(number, content, given[0], int(version) if version else None, given[1])


def _of_json(_: Register, name: str, data: bytes) -> list[Row]:
    try:
        told = json.loads(data)["records"]
        return [_row_of_json(number, one) for number, one in enumerate(told, 1)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataError([Problem("cut_off", name)]) from None


def _row_of_json(number: int, one: dict[str, Any]) -> Row:
    version, content = one.get("version"), one["content"]
    if not isinstance(content, dict) or not isinstance(version, int | None):
        raise TypeError
    return Row(number, content, str(one.get("id", "")), version, str(one.get("state", "")))


WRITERS: dict[str, tuple[Callable[[Register, Iterable[Record]], bytes], str]] = {
    "csv": (to_csv, "text/csv; charset=utf-8"),
    "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "json": (to_json, "application/json"),
}
SHEETS: dict[str, Callable[[str, bytes], list[list[Any]]]] = {".csv": _csv_lines, ".xlsx": _xlsx_lines}
READERS: dict[str, Callable[[Register, str, bytes], list[Row]]] = {
    ".csv": _of_csv,
    ".xlsx": _of_xlsx,
    ".json": _of_json,
}
