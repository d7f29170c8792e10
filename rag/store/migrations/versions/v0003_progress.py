"""Progress: when a job was begun, and how many chunks each of its items gave."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("started_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("job_items", sa.Column("chunks", sa.Integer(), nullable=False, server_default="0"))
