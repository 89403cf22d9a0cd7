"""What guards, kept reports, undo, delta files and rendered messages need to remember."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add columns and tables to a state of the first schema."""
    for table in ("users", "classes"):
        op.add_column(table, sa.Column("line", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("read_in", sa.Integer(), nullable=True))
    op.add_column(
        "enrollments", sa.Column("ended_with_person", sa.Boolean(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("runs", sa.Column("undoes", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("subject", sa.String(), nullable=True))
    op.add_column("outbox", sa.Column("body", sa.String(), nullable=True))
    _waiting()
    _kept_of_runs()


def _waiting() -> None:
    op.create_table(
        "waiting",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("cells", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.number"]),
        sa.PrimaryKeyConstraint("kind", "id"),
        sqlite_with_rowid=False,
    )


def _kept_of_runs() -> None:
    op.create_table(
        "guard_totals",
        sa.Column("guard", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("school_id", sa.String(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guard", "kind", "school_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "report_tables",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["runs.number"]),
        sa.PrimaryKeyConstraint("run", "name"),
    )
    op.create_table(
        "before_images",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["runs.number"]),
        sa.PrimaryKeyConstraint("run", "table_name", "key"),
        sqlite_with_rowid=False,
    )
