"""Identifiers become keyed hashes at the door, and numbers of our own behind it.

A CPR number (or any other identifier) is turned into the first 128 bits of HMAC-SHA-256 with the project's key, and
the hash into a whole number that means nothing outside this store. Only the table ``identity`` has the hashes;
nothing has the identifiers. Without the key a hash cannot be traced back by trying all CPR numbers.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lighed.core.errors import StoreError
from lighed.core.identifiers import CPR
from lighed.store.snapshot import Snapshot, Writer

KEY_BYTES = 32


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
    """Return the keyed 128-bit hash of each identifier, in 32 digits; a CPR number is one however it is written."""
    return [hmac.digest(key, _bare(word).encode(), "sha256")[:16].hex() for word in identifiers]


def _bare(word: str) -> str:
    # Elsewhere a hyphen tells identifiers apart: 1-11 is not 11-1.
    return re.sub(r"[-\s]", "", word).upper() if CPR.fullmatch(word) else word


class Identities:
    """Which number each identifier has in this store; new ones are numbered on, in the order they are met."""

    def __init__(self, base: Snapshot, key: bytes) -> None:
        self.key = key
        paths = base.paths("identity")
        known = pa.concat_tables([pq.read_table(path) for path in paths]) if paths else None
        self.known: dict[str, pa.Table] = {}
        self.added: dict[str, list[pa.Table]] = {}
        if known is not None:
            for kind in pc.unique(known["kind"]).to_pylist():
                self.known[kind] = known.filter(pc.equal(known["kind"], kind))

    def numbers(self, kind: str, identifiers: pa.Array) -> npt.NDArray[np.int64]:
        """Return the number of each identifier of a kind (person, household, event)."""
        encoded = identifiers.dictionary_encode()
        keys = pa.array(hashed(encoded.dictionary.to_pylist(), self.key), pa.string())
        tables = [*([self.known[kind]] if kind in self.known else []), *self.added.get(kind, [])]
        table = pa.concat_tables(tables) if tables else None
        place = (
            pc.index_in(keys, value_set=table["key"].combine_chunks())
            if table is not None
            else pa.nulls(len(keys), pa.int32())
        )
        numbers = np.zeros(len(keys), np.int64)
        found = place.is_valid().to_numpy(zero_copy_only=False)
        if table is not None:
            numbers[found] = table["number"].to_numpy()[np.asarray(place.drop_null())]
        numbers[~found] = self._number_on(kind, keys.filter(pa.array(~found)), table)
        return numbers[np.asarray(encoded.indices)]

    def _number_on(self, kind: str, keys: pa.Array, table: pa.Table | None) -> npt.NDArray[np.int64]:
        first = (pc.max(table["number"]).as_py() or 0) + 1 if table is not None else 1
        fresh = pc.unique(keys)
        place = pc.index_in(keys, value_set=fresh)  # two spellings of one identifier have one hash
        numbers = np.arange(first, first + len(fresh), dtype=np.int64)
        if len(fresh):
            self.added.setdefault(kind, []).append(
                pa.table({"kind": pa.repeat(kind, len(fresh)), "key": fresh, "number": pa.array(numbers)})
            )
        return numbers[np.asarray(place)] if len(keys) else numbers

    def write(self, writer: Writer, digest: str) -> None:
        """Add the identities that are new."""
        for tables in self.added.values():
            writer.add("identity", pa.concat_tables(tables), digest)
