"""Findings across nights: since when each has been there, and in which run it was fixed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Empty tables; the next night fills them, and all that it finds is new then."""
    op.create_table(
        "findings_ledger",
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=True),
        sa.Column("record_id", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("first_run", sa.Integer(), nullable=False),
        sa.Column("last_run", sa.Integer(), nullable=False),
        sa.Column("fixed_run", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["first_run"], ["runs.number"]),
        sa.ForeignKeyConstraint(["last_run"], ["runs.number"]),
        sa.ForeignKeyConstraint(["fixed_run"], ["runs.number"]),
        sa.PrimaryKeyConstraint("identity"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "findings_unlisted",
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("file", "code", "column_name"),
        sqlite_with_rowid=False,
    )
