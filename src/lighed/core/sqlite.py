"""How a small database of people's own is opened: SQLite, whole transactions, and nothing lost when the power goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sql


def sqlite(path: Path) -> sql.Engine:
    """Open a database file, or make it; what is deleted in it is overwritten."""
    engine = sql.create_engine(f"sqlite:///{path}")
    sql.event.listen(engine, "connect", _prepare)
    sql.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _prepare(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # sqlalchemy says when a transaction begins
    for setting in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "secure_delete=ON",
    ):
        connection.execute(f"PRAGMA {setting}")
