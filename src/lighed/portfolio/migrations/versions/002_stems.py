"""The stems by which a record is found, in its title and in all of it; those of what is there are made on opening."""

from __future__ import annotations

import sqlalchemy as sql
from alembic import op

revision = "002"
down_revision = "001"


def upgrade() -> None:
    """Add the stems of the title, and take away the words that stood in the place of stems."""
    op.add_column("record", sql.Column("named", sql.String, nullable=False, server_default=""))
    op.execute("UPDATE record SET search = ''")
