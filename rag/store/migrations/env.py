"""Alembic runs this: the migrations go through the connection, and inside the transaction, of migrate.py."""

from alembic import context

from rag.store.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
