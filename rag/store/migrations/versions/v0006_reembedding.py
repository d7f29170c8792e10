"""Re-embedding: vectors of several encoders side by side, and what the encoder read in front of a chunk.

On SQLite a primary key cannot be changed in place: the two tables of vectors are copied, so the upgrade takes
as long, and for that time as much disk, as they are large.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLES = (("vectors", "dense"), ("token_vectors", "packed"))


def upgrade() -> None:
    op.add_column("collections", sa.Column("generation", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("chunks", sa.Column("context", sa.Text(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        op.execute("ALTER TABLE collections ADD COLUMN next_model_id INTEGER REFERENCES models (id)")
        for table, payload in _TABLES:
            _copy(table, payload)
        return
    op.add_column("collections", sa.Column("next_model_id", KEY, nullable=True))
    op.create_foreign_key("fk_collections_next_model_id", "collections", "models", ["next_model_id"], ["id"])
    for table, _ in _TABLES:
        op.drop_constraint(f"pk_{table}", table, type_="primary")
        op.create_primary_key(f"pk_{table}", table, ["chunk_key", "model_id"])


def _copy(table: str, payload: str) -> None:
    op.create_table(
        f"{table}_new",
        sa.Column("chunk_key", KEY, autoincrement=False, nullable=False),
        sa.Column("model_id", KEY, autoincrement=False, nullable=False),
        sa.Column(payload, sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name=f"fk_{table}_chunk_key", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name=f"fk_{table}_model_id"),
        sa.PrimaryKeyConstraint("chunk_key", "model_id", name=f"pk_{table}"),
    )
    columns = f"chunk_key, model_id, {payload}"
    op.execute(f"INSERT INTO {table}_new ({columns}) SELECT {columns} FROM {table} ORDER BY chunk_key")
    op.drop_table(table)
    op.rename_table(f"{table}_new", table)
