"""Evaluations: their cases, rows and reports, which lay in a folder of one process before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "evaluations",
        sa.Column("job_key", KEY, autoincrement=False, nullable=False),
        sa.Column("setup", sa.Text(), nullable=False),
        sa.Column("cases", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_key"], ["jobs.key"], name="fk_evaluations_job_key", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_key", name="pk_evaluations"),
    )
    op.create_table(
        "evaluation_rows",
        sa.Column("job_key", KEY, autoincrement=False, nullable=False),
        sa.Column("case_id", NAME, nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_key"], ["jobs.key"], name="fk_evaluation_rows_job_key", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("job_key", "case_id", name="pk_evaluation_rows"),
    )
