"""What Alembic runs: the migrations, on the connection and in the transaction that it was given."""

from __future__ import annotations

from alembic import context

from firmline.line.records.tables import VERSION_TABLE, tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=tables,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by making another one
)
with context.begin_transaction():
    context.run_migrations()
