"""The tables that the store promises, read from ``catalogue/data/tables.yaml``."""

from __future__ import annotations

from functools import cache
from typing import Literal

import pyarrow as pa

from lighed.catalogue.load import BUILT_IN, read_yaml, validated
from lighed.core.text import Text
from lighed.core.types import Definition

ColumnKind = Literal["id", "code", "text", "whole", "decimal", "date", "time"]
ARROW: dict[ColumnKind, pa.DataType] = {
    "id": pa.int64(),
    "code": pa.string(),
    "text": pa.string(),
    "whole": pa.int64(),
    "decimal": pa.float64(),
    "date": pa.date32(),
    "time": pa.int32(),
}


class Column(Definition):
    """A column of a table: its kind, and what may stand in it.

    Numbers of organisations may look like those of persons; nowhere else may one stand but in an identifier.
    """

    kind: ColumnKind
    title: Text
    required: bool = False
    codes: tuple[str, ...] | Literal["areas", "dimensions", "items", "indicators"] | None = None
    at_least: float | None = None
    organisations: bool = False


class Table(Definition):
    """A table: its key, the columns, and whose spells may not overlap."""

    title: Text
    key: tuple[str, ...]
    spells: tuple[str, ...] = ()
    columns: dict[str, Column]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the stored table."""
        return pa.schema([(name, ARROW[column.kind]) for name, column in self.columns.items()])


@cache
def tables() -> dict[str, Table]:
    """Every table of the store by name."""
    path = BUILT_IN / "tables.yaml"
    return {name: validated(Table, tree, path) for name, tree in read_yaml(path).items()}
