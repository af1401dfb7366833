"""The rows that a page was made of, as a table with their own columns."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from lighed.core.estimates import SCHEMA

_FORMULA = re.compile(r"[=+@\t\r＝＋＠]|[-－](?![\d.,]+$)")


def plain_table(rows: list[dict[str, Any]]) -> str:
    """Write rows of estimates as CSV; what is missing or withheld is an empty cell, and the flags say which.

    Examples
    --------
    >>> row = dict.fromkeys(SCHEMA.names) | {"indicator": "F3.1", "flags": "suppressed"}
    >>> plain_table([row]).splitlines()[1].strip(",")
    'F3.1,,,,,,,,,,,,,,,,,,,,,,,,suppressed'
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, SCHEMA.names, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(map(inert, rows))
    return out.getvalue()


def inert(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in which no words begin as a formula does, for spreadsheets work those out; numbers stay.

    Examples
    --------
    >>> inert({"counterpart": "=1+1", "horizon": "-30", "value": -2.5})
    {'counterpart': "'=1+1", 'horizon': '-30', 'value': -2.5}
    """
    return {
        name: f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value for name, value in row.items()
    }
