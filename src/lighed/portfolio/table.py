"""The one table shape of every register, and how its database is opened: SQLite in a folder, or PostgreSQL by URL.

``version`` holds every version of every record and only grows. ``record`` is the newest of each, for lists, and
``mark`` the codes and references in it, for filters and for whatever points at a record. Both can be made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sql
from alembic import command
from alembic.config import Config

from lighed.core.errors import RegisterError
from lighed.core.sqlite import sqlite

DATA = sql.MetaData()
ONE = 6  # the number that writers on PostgreSQL wait for: they write one after another, as on SQLite


def _columns() -> list[sql.Column[object]]:
    return [
        sql.Column("register", sql.String, primary_key=True),
        sql.Column("id", sql.String, primary_key=True),
    ]


VERSION = sql.Table(
    "version",
    DATA,
    *_columns(),
    sql.Column("version", sql.Integer, primary_key=True),
    sql.Column("change", sql.String, nullable=False),
    sql.Column("state", sql.String, nullable=False),
    sql.Column("organisation", sql.String, nullable=False),
    sql.Column("content", sql.JSON, nullable=False),
    sql.Column("author", sql.String, nullable=False),
    sql.Column("by", sql.String, nullable=False),
    sql.Column("at", sql.Double, nullable=False),
    sql.Column("reason", sql.String, nullable=False),
    sql.Column("before", sql.String, nullable=False),
    sql.Column("digest", sql.String, nullable=False),
)
RECORD = sql.Table(
    "record",
    DATA,
    *_columns(),
    sql.Column("version", sql.Integer, nullable=False),
    sql.Column("state", sql.String, nullable=False),
    sql.Column("organisation", sql.String, nullable=False, index=True),
    sql.Column("title", sql.String, nullable=False),
    sql.Column("named", sql.String, nullable=False),
    sql.Column("search", sql.String, nullable=False),
)
MARK = sql.Table(
    "mark",
    DATA,
    *_columns(),
    sql.Column("field", sql.String, primary_key=True),
    sql.Column("value", sql.String, primary_key=True),
    sql.Index("mark_value", "register", "field", "value"),
)


def opened(url: str) -> sql.Engine:
    """Open the database, and bring its tables up to this version of the program."""
    engine = _engine(sql.make_url(url))
    try:
        with engine.begin() as db:
            config = Config()
            config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
            config.attributes["connection"] = db
            command.upgrade(config, "head")
    except sql.exc.OperationalError:
        raise RegisterError("database", url=engine.url.render_as_string(hide_password=True)) from None
    return engine


def _engine(url: sql.URL) -> sql.Engine:
    if url.get_backend_name() != "sqlite":
        return sql.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    path = Path(url.database or "")
    engine = sqlite(path)
    engine.connect().close()
    path.chmod(0o600)
    return engine


@contextmanager
def writing(engine: sql.Engine) -> Iterator[sql.Connection]:
    """Open a transaction in which nobody else writes: what is looked up in it still holds when it ends."""
    with engine.begin() as db:
        if db.dialect.name == "postgresql":
            db.execute(sql.select(sql.func.pg_advisory_xact_lock(ONE)))
        yield db
