"""The rows that a page was made of, as a table with their own columns."""

from __future__ import annotations

import csv
import io
from typing import Any

from lighed.core.estimates import SCHEMA


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
    writer.writerows(rows)
    return out.getvalue()
