"""Counts of current records per school, so that a guard need not count the whole state every night."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """An empty table; without the marker in `meta` the next sync counts."""
    op.create_table(
        "record_counts",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "school_id"),
        sqlite_with_rowid=False,
    )
