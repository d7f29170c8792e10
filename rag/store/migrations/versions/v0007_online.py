"""Samples of live answers, with their texts and the documents that these may quote."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _samples()
    _texts()
    _documents()


def _samples() -> None:
    op.create_table(
        "samples",
        sa.Column("key", KEY, nullable=False),
        sa.Column("collection_id", KEY, nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("supported", sa.Float(53), nullable=True),
        sa.Column("timings", sa.JSON(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["collection_id"], ["collections.id"], name="fk_samples_collection_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name="pk_samples"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_samples_collection_id_key", "samples", ["collection_id", "key"])
    op.create_index("ix_samples_state_key", "samples", ["state", "key"])


def _texts() -> None:
    op.create_table(
        "sample_texts",
        sa.Column("sample_key", KEY, autoincrement=False, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("passages", sa.JSON(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_key"], ["samples.key"], name="fk_sample_texts_sample_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sample_key", name="pk_sample_texts"),
    )


def _documents() -> None:
    op.create_table(
        "sample_documents",
        sa.Column("document_id", NAME, nullable=False),
        sa.Column("sample_key", KEY, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_key"], ["samples.key"], name="fk_sample_documents_sample_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("document_id", "sample_key", name="pk_sample_documents"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_sample_documents_sample_key", "sample_documents", ["sample_key"])
