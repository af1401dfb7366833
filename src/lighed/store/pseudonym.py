"""Identifiers become keyed hashes at the door, and numbers of our own behind it.

A CPR number (or any other identifier) is turned into a hash with the project's key (``core.keys``), and the hash into a
whole number that means nothing outside this store. Only the table ``identity`` has the hashes; nothing has the
identifiers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lighed.core.keys import hashed
from lighed.store.snapshot import Snapshot, Writer


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
