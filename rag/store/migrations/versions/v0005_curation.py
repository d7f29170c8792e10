"""Curation: policies, findings, what makes chunks alike, and what was released."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("collections", sa.Column("curation", sa.JSON(), nullable=True))
    op.add_column("chunks", sa.Column("findings", sa.JSON(), nullable=True))
    op.add_column("chunks", sa.Column("fingerprint", sa.BigInteger(), nullable=True))
    op.add_column("chunks", sa.Column("duplicate_of", sa.BigInteger(), nullable=True))
    op.create_index("ix_chunks_fingerprint_quarantine", "chunks", ["fingerprint", "quarantine"])
    op.create_index("ix_chunks_duplicate_of", "chunks", ["duplicate_of"])
    _signatures()
    _releases()
    _job_findings()


def _signatures() -> None:
    op.create_table(
        "signatures",
        sa.Column("collection_id", KEY, autoincrement=False, nullable=False),
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chunk_key", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_signatures_collection_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["chunk_key"], ["chunks.key"], name="fk_signatures_chunk_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "mark", "chunk_key", name="pk_signatures"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_signatures_chunk_key", "signatures", ["chunk_key"])


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("collection_id", KEY, autoincrement=False, nullable=False),
        sa.Column("document_id", NAME, nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_releases_collection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("collection_id", "document_id", "fingerprint", name="pk_releases"),
    )


def _job_findings() -> None:
    op.create_table(
        "job_findings",
        sa.Column("job_key", KEY, autoincrement=False, nullable=False),
        sa.Column("reason", NAME, nullable=False),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name="fk_job_findings_job_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_key", "reason", name="pk_job_findings"),
    )
