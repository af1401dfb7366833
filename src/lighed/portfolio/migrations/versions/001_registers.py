"""The tables of the registers, and that versions only grow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sql
from alembic import op

revision = "001"
down_revision = None

Columns = Sequence[tuple[str, Any]]
SQLITE = (
    "CREATE TRIGGER version_{verb} BEFORE {verb} ON version {when} BEGIN SELECT RAISE(ABORT, 'versions only grow'); END"
)
# INSERT OR REPLACE takes the old row away without asking the trigger of DELETE.
REPLACED = "WHEN EXISTS (SELECT 1 FROM version WHERE register = NEW.register AND id = NEW.id AND version = NEW.version)"
POSTGRESQL = """
CREATE FUNCTION versions_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'versions only grow'; END $$;
CREATE TRIGGER version_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON version
FOR EACH STATEMENT EXECUTE FUNCTION versions_only_grow();
"""


def upgrade() -> None:
    """Make the tables."""
    key = [("register", sql.String), ("id", sql.String)]
    written = [("state", sql.String), ("organisation", sql.String)]
    said = [("author", sql.String), ("by", sql.String), ("at", sql.Double), ("reason", sql.String)]
    chain = [("before", sql.String), ("digest", sql.String)]
    whole = [("change", sql.String), *written, ("content", sql.JSON), *said, *chain]
    _table("version", [*key, ("version", sql.Integer)], whole)
    _table("record", key, [("version", sql.Integer), *written, ("title", sql.String), ("search", sql.String)])
    _table("mark", [*key, ("field", sql.String), ("value", sql.String)], [])
    op.create_index("ix_record_organisation", "record", ["organisation"])
    op.create_index("mark_value", "mark", ["register", "field", "value"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
    else:
        for verb, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", REPLACED)):
            op.execute(SQLITE.format(verb=verb, when=when))


def _table(name: str, key: Columns, more: Columns) -> None:
    keys: list[Any] = [sql.Column(column, kind, primary_key=True) for column, kind in key]
    op.create_table(name, *keys, *(sql.Column(column, kind, nullable=False) for column, kind in more))
