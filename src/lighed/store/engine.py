"""The engine: a URL to Ibis, the verbs we keep to, and conditions as expressions.

The verbs that every engine runs identically, and the only ones used: filter, mutate (arithmetic, ``ifelse``,
``cases``, ``cast``, ``nullif``), equi-join and interval join on spells, ``union``, ``group_by`` with count, sum, min,
max and ``collect``, lists so collected (``filter``, ``mins``), windows (``row_number``, ``lag``,
running ``sum``), ``order_by``, date parts and differences. No user functions, no ``hash``, no sampling, no approximate
aggregates; a sum is always of integers and of a list no order is read, so that none depends on that of the rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa

from lighed.core.condition import All, Condition, Either, Not, Test
from lighed.core.errors import StoreError

Expression = Any  # an Ibis table or column
ibis.options.sql.fuse_selects = False  # engines do it too, and faster


def connect(url: str = "duckdb://", *, folders: list[Path] | None = None) -> Any:
    """Open an engine: ``duckdb://`` (in this process) or ``pyspark://``.

    ``folders`` are the only places that a DuckDB engine may then read or write; it spills into the first of them.
    """
    scheme = url.split("://", 1)[0]
    if scheme == "pyspark":
        return ibis.pyspark.connect()
    if scheme != "duckdb":
        raise StoreError("engine", url=url)
    engine = ibis.duckdb.connect()
    if folders is not None:
        quoted = ["'" + str(folder.resolve()).replace("'", "''") + "'" for folder in folders]
        engine.raw_sql(f"SET temp_directory = {quoted[0]} || '/tmp'")  # for what does not fit in memory
        engine.raw_sql(f"SET allowed_directories = [{', '.join(quoted)}]")
        engine.raw_sql("SET enable_external_access = false")
    engine.raw_sql("SET autoinstall_known_extensions = false")
    engine.raw_sql("SET preserve_insertion_order = false")
    engine.raw_sql("SET lock_configuration = true")
    return engine


def memory_table(engine: Any, name: str, table: pa.Table) -> Expression:
    """Put a small in-memory table before the engine."""
    if engine.name == "pyspark":  # which has no temporary tables, and views of what lies in memory instead
        from pyspark.sql import SparkSession

        SparkSession.active().createDataFrame(table).createOrReplaceTempView(name)
        return engine.table(name)
    return engine.create_table(name, table, temp=True, overwrite=True)


def parquet(engine: Any, files: list[Path]) -> Expression:
    """Read Parquet files as one table, each with its own columns as they stand."""
    return engine.read_parquet([str(file) for file in files])


def expression(condition: Condition, table: Expression) -> Expression:
    """Turn a condition into a boolean column of `table`; unknown stays unknown (null), as SQL has it.

    Examples
    --------
    >>> from lighed.core.condition import parse
    >>> people = ibis.memtable({"age": [15, 16, None]})
    >>> people.filter(expression(parse({"age": {"at_least": 16}}), people)).count().execute()
    1
    """
    match condition:
        case Test(column, operator, value):
            return _test(table[column], operator, value, table)
        case Not(part):
            return ~expression(part, table)
        case All(()):
            return table[table.columns[0]].isnull() | True  # of every row, and not one truth for all, which has no sum
        case All(parts):
            return ibis.and_(*(expression(part, table) for part in parts))
        case Either(parts):
            return ibis.or_(*(expression(part, table) for part in parts))


def _test(column: Expression, operator: str, value: Any, table: Expression) -> Expression:
    match operator:
        case "is":
            return column == value
        case "in":
            return column.isin(value)
        case "at_least":
            return column >= value
        case "at_most":
            return column <= value
        case "between":
            return column.between(*value)
        case "exists":
            return column.notnull() if value else column.isnull()
        case "within_days_of":
            days = column.delta(table[value["column"]], unit="day")
            return days.between(0, value["days"])
    raise AssertionError(operator)


def count_if(condition: Expression) -> Expression:
    """Count the rows for which `condition` is known to hold."""
    return condition.ifelse(1, 0).sum().coalesce(0)


def age_band(age: Expression) -> Expression:
    """Return the lower bound of the age band: 0, 1, 5, 10, … 90."""
    return ibis.cases((age < 1, 0), (age < 5, 1), (age >= 90, 90), else_=age - age % 5)


AGE_BANDS = (0, 1, *range(5, 95, 5))
