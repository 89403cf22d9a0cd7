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
    op.add_column("users", sa.Column("guard_held", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    _family_left()
    op.add_column(
        "enrollments", sa.Column("ended_with_person", sa.Boolean(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("runs", sa.Column("undoes", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("subject", sa.String(), nullable=True))
    op.add_column("outbox", sa.Column("body", sa.String(), nullable=True))
    _edits_of_any_record()
    _waiting()
    _academic_sessions()
    _user_roles()
    _kept_of_runs()


def _family_left() -> None:
    """Students who left earlier: their family was abandoned unless a guardian of the SIS is still current."""
    op.add_column("users", sa.Column("family_left", sa.Boolean(), nullable=False, server_default=sa.text("0")))
    op.execute(
        "UPDATE users SET family_left = 1 WHERE roster_status <> 'current' AND origin = 'sis' "
        "AND instr(',' || roles || ',', ',student,') > 0 AND NOT EXISTS ("
        "SELECT 1 FROM guardianships p JOIN users g ON g.id = p.guardian_id WHERE p.student_id = users.id "
        "AND p.status = 'current' AND p.origin = 'sis' AND g.origin = 'sis' AND g.roster_status = 'current')"
    )


def _edits_of_any_record() -> None:
    """Edits of classes concern no user and no account; every edit names its record as roster_changes does."""
    with op.batch_alter_table("edits") as edits:
        edits.alter_column("user_id", existing_type=sa.String(), nullable=True)
        edits.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
        edits.add_column(sa.Column("kind", sa.String(), nullable=False, server_default=sa.text("'users'")))
        edits.add_column(sa.Column("record_id", sa.String(), nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE edits SET record_id = user_id")


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


def _academic_sessions() -> None:
    op.create_table(
        "academic_sessions",
        sa.Column("sourced_id", sa.String(), nullable=False),
        sa.Column("end_date", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("sourced_id"),
    )


def _user_roles() -> None:
    op.create_table(
        "user_roles",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sourced_id", sa.String(), nullable=True),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("org_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("user_roles_user", "user_roles", ["user_id"])


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
