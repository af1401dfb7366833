"""How alembic reaches the database of the registers: by the connection that is open."""

from __future__ import annotations

from alembic import context

from lighed.portfolio.table import DATA

context.configure(connection=context.config.attributes["connection"], target_metadata=DATA)
with context.begin_transaction():
    context.run_migrations()
