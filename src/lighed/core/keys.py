"""Keys, and the keyed hashes that stand for identifiers.

A key is 32 random bytes in a file that only its owner can read. A CPR number (or any other identifier) is turned into
the first 128 bits of HMAC-SHA-256 with it. Without the key a hash cannot be traced back by trying all CPR numbers.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from lighed.core.errors import StoreError
from lighed.core.identifiers import CPR

KEY_BYTES = 32
MADE = "\0"  # stands before an identifier that is a hash already: no file has this letter


def make_key(path: Path) -> None:
    """Write a new key, readable by its owner only; a key that is there already is left alone."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES))


def read_key(path: Path) -> bytes:
    """Read the key; without it nothing can be taken in."""
    if not path.is_file():
        raise StoreError("no_key", path=path)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError:
        raise StoreError("short_key", path=path) from None
    if len(key) < KEY_BYTES:
        raise StoreError("short_key", path=path)
    return key


def hashed(identifiers: Sequence[str], key: bytes) -> list[str]:
    """Return the keyed 128-bit hash of each identifier, in 32 digits; a CPR number is one however it is written.

    Examples
    --------
    >>> one, other, made = hashed(["010101-1234", "0101011234", MADE + "5f" * 16], bytes(32))
    >>> one == other, made
    (True, '5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f')
    """
    return [word[1:] if word.startswith(MADE) else _hashed(word, key) for word in identifiers]


def sealed(digest: str, key: bytes) -> str:
    """Return what stands for the digest of a file where others read it: without the key no guessed file is confirmed.

    Examples
    --------
    >>> sealed("0f", bytes(32)) == sealed("0f", bytes(32)) != sealed("0f", bytes(31) + b"1")
    True
    """
    return hmac.digest(key, f"file {digest}".encode(), "sha256").hex()


def _hashed(word: str, key: bytes) -> str:
    return hmac.digest(key, _bare(word).encode(), "sha256")[:16].hex()


def _bare(word: str) -> str:
    # Elsewhere a hyphen tells identifiers apart: 1-11 is not 11-1.
    return re.sub(r"[-\s]", "", word).upper() if CPR.fullmatch(word) else word
