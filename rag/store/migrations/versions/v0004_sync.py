"""Sync: what a remote store says of a document's version, and the index that finds moved files."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

VANISHED = sa.text("path IS NULL AND sha256 != ''")


def upgrade() -> None:
    for table in ("documents", "job_items"):
        op.add_column(table, sa.Column("origin", sa.Text(), nullable=False, server_default=""))
    op.create_index(
        "ix_job_items_job_key_sha256",
        "job_items",
        ["job_key", "sha256"],
        sqlite_where=VANISHED,
        postgresql_where=VANISHED,
    )
