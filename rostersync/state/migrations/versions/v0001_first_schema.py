"""First schema: base, platform, accounts, runs, changes and outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of an empty state."""
    _people()
    _classes()
    _runs()


def _people() -> None:
    """Accounts, users, guardianships and orgs."""
    op.create_table(
        "orgs",
        sa.Column("sourced_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("identifier", sa.String(), nullable=True),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("sourced_id"),
    )
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=True),
        sa.Column("family_name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("mobile", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.CheckConstraint("state IN ('invitee', 'active')", name="accounts_state"),
        sa.PrimaryKeyConstraint("account_id"),
    )
    op.create_index("accounts_email", "accounts", ["email"], unique=True)
    op.create_index("accounts_mobile", "accounts", ["mobile"], unique=True)
    op.create_table(
        "users",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sourced_id", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("school_ids", sa.String(), nullable=True),
        sa.Column("roster_status", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("sis_given_name", sa.String(), nullable=True),
        sa.Column("sis_family_name", sa.String(), nullable=True),
        sa.Column("sis_email", sa.String(), nullable=True),
        sa.Column("sis_sms", sa.String(), nullable=True),
        sa.Column("sis_telephone", sa.String(), nullable=True),
        sa.Column("sis_mobile", sa.String(), nullable=True),
        sa.Column("sis_phone", sa.String(), nullable=True),
        sa.Column("agents", sa.String(), nullable=True),
        sa.Column("identifier", sa.String(), nullable=True),
        sa.Column("username", sa.String(), nullable=True),
        sa.Column("middle_name", sa.String(), nullable=True),
        sa.Column("grades", sa.String(), nullable=True),
        sa.Column("user_ids", sa.String(), nullable=True),
        sa.Column("user_master_identifier", sa.String(), nullable=True),
        sa.Column("preferred_given_name", sa.String(), nullable=True),
        sa.Column("preferred_middle_name", sa.String(), nullable=True),
        sa.Column("preferred_family_name", sa.String(), nullable=True),
        sa.Column("primary_org_id", sa.String(), nullable=True),
        sa.Column("pronouns", sa.String(), nullable=True),
        sa.Column("profiles", sa.String(), nullable=True),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("origin IN ('sis', 'manual')", name="users_origin"),
        sa.CheckConstraint(
            "roster_status IN ('current', 'archived') OR roster_status = 'removed'",  # a list of three is slow
            name="users_roster_status",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("users_account", "users", ["account_id"], unique=False)
    op.create_index("users_review", "users", ["id"], unique=False, sqlite_where=sa.text("review"))
    op.create_index("users_sis_email", "users", ["sis_email"], unique=False)
    op.create_index(
        "users_sis_sms", "users", ["sis_sms"], unique=False, sqlite_where=sa.text("sis_sms IS NOT sis_mobile")
    )
    op.create_index("users_sis_mobile", "users", ["sis_mobile"], unique=False)
    op.create_table(
        "guardianships",
        sa.Column("guardian_id", sa.String(), nullable=False),
        sa.Column("student_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("origin IN ('sis', 'manual')", name="guardianships_origin"),
        sa.CheckConstraint("status IN ('current', 'ended')", name="guardianships_status"),
        sa.PrimaryKeyConstraint("guardian_id", "student_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("guardianships_student", "guardianships", ["student_id"], unique=False)


def _classes() -> None:
    """Classes and enrollments."""
    op.create_table(
        "classes",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sourced_id", sa.String(), nullable=True),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("sis_title", sa.String(), nullable=True),
        sa.Column("school_id", sa.String(), nullable=True),
        sa.Column("course_id", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ends_on", sa.String(), nullable=True),
        sa.Column("grades", sa.String(), nullable=True),
        sa.Column("class_code", sa.String(), nullable=True),
        sa.Column("class_type", sa.String(), nullable=True),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("term_ids", sa.String(), nullable=True),
        sa.Column("subjects", sa.String(), nullable=True),
        sa.Column("subject_codes", sa.String(), nullable=True),
        sa.Column("periods", sa.String(), nullable=True),
        sa.Column("review", sa.Boolean(), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("origin IN ('sis', 'manual')", name="classes_origin"),
        sa.CheckConstraint("status IN ('active', 'archived')", name="classes_status"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index("classes_review", "classes", ["id"], unique=False, sqlite_where=sa.text("review"))
    op.create_table(
        "enrollments",
        sa.Column("class_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("sourced_id", sa.String(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("begin_date", sa.String(), nullable=True),
        sa.Column("end_date", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("added_in", sa.Integer(), nullable=True),
        sa.CheckConstraint("origin IN ('sis', 'manual')", name="enrollments_origin"),
        sa.CheckConstraint("status IN ('current', 'ended')", name="enrollments_status"),
        sa.PrimaryKeyConstraint("class_id", "user_id", "role"),
        sqlite_with_rowid=False,
    )
    op.create_index("enrollments_user", "enrollments", ["user_id"], unique=False)


def _runs() -> None:
    """Facts about the state, runs, changes and messages."""
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "runs",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.String(), nullable=False),
        sa.Column("finished_at", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("applied", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("summary", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("run_id"),
    )
    op.create_table(
        "changes",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.number"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("changes_record", "changes", ["kind", "id"], unique=False)
    op.create_index("changes_run", "changes", ["run"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("sent_at", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run"],
            ["runs.number"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "edits",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
        ),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("edits_user", "edits", ["user_id"], unique=False)
    op.create_table(
        "standing_notes",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "code", "notes"),
        sqlite_with_rowid=False,
    )
