"""The finest tables: each person or record once, by all dimensions of an indicator at once; and their margins."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from lighed.analysis.grid import SEXES
from lighed.analysis.summarise import count
from lighed.core.summary import Summary
from lighed.core.types import Indicator
from lighed.store.engine import Expression

BETWEEN = "|"  # in a level of a finest table, between the levels of the dimensions


def finest(
    people: Expression, rows: Expression | None, indicators: Sequence[Indicator], *, by: Sequence[str]
) -> Summary:
    """Count the cells of person and event indicators by all the columns `by` together, of every sex and age.

    People and records are as in ``count``. A level names one level of each column, in their order.
    """
    found = count(_joined(people, by), None if rows is None else _joined(rows, by), indicators, by="level")
    known = pc.and_(pc.is_in(found.table["sex"], value_set=pa.array(SEXES)), pc.is_valid(found.table["age"]))
    kept = found.table.filter(pc.or_(pc.is_null(found.table["sex"]), known))
    for name in ("sex", "age"):
        at, field = kept.schema.get_field_index(name), kept.schema.field(name)
        kept = kept.set_column(at, field, pa.nulls(kept.num_rows, field.type))
    return Summary(found.dims, found.statistics, kept, found.partitions).collapse()


def _joined(table: Expression, by: Sequence[str]) -> Expression:
    levels = [table[name] for name in by] or [ibis.literal("")]
    return table.mutate(level=reduce(lambda before, level: before + BETWEEN + level, levels))


def margin(summary: Summary, column: int) -> Summary:
    """Return the cells by one of the columns of a finest table; by none, of everybody together, where it is below 0.

    Examples
    --------
    >>> cells = pa.table({"level": ["short|female", "short|male"], "n": [3, 4]})
    >>> margin(Summary(("level",), ("n",), cells, ("level",)), 0).table.to_pylist()
    [{'level': 'short', 'n': 7}]
    """
    words = pc.split_pattern(summary.table["level"], BETWEEN)
    level = pa.nulls(summary.table.num_rows, pa.string()) if column < 0 else pc.list_element(words, column)
    table = summary.table.set_column(summary.table.schema.get_field_index("level"), "level", level)
    return Summary(summary.dims, summary.statistics, table, summary.partitions).collapse()
