"""What a person's number looks like, so that none is ever written where people read."""

from __future__ import annotations

import re

CPR = re.compile(r"\d{6}[-\s]?[0-9A-Za-z]{4}")
# A number that lost its leading zero is one too. What merely looks like a number of a person is hidden with them.
_LIKE = re.compile(r"(?<!\d)(\d{6}[-\s]?\d{4}|\d{5,6}-[0-9A-Za-z]{4}|\d{5}\s\d{4}|\d{9})(?!\d)")
HIDDEN = "••••"


def masked(text: str) -> str:
    """Return `text` with everything that looks like a CPR number hidden.

    Examples
    --------
    >>> masked("0101011234.csv"), masked("født 010101-1234"), masked("2025-01-31")
    ('••••.csv', 'født ••••', '2025-01-31')
    """
    return _LIKE.sub(HIDDEN, text)


def shows_number(text: str) -> bool:
    """Return whether something in `text` looks like a CPR number.

    Examples
    --------
    >>> shows_number("010101-1234"), shows_number("row 17 of 2025-01-31")
    (True, False)
    """
    return _LIKE.search(text) is not None
