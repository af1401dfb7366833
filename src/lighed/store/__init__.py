"""The person store of the secure zone: versioned Parquet snapshots with a pointer, and the engine over them."""

from lighed.store.snapshot import Snapshot, Store

__all__ = ["Snapshot", "Store"]
