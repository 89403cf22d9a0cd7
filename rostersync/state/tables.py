"""The tables of the state, declared once (design.md, *Three layers of a record*).

`users` holds a person-record of the SIS: its base (`sis_*` and the other SIS fields) and its roster status.
`accounts` holds the platform values of one person who can log in. What must be unique is unique here: no two accounts
hold the same e-mail, nor the same mobile (policies.md, *Contact details*).
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel


class Meta(SQLModel, table=True):
    """One fact about the state itself: generation, snapshot, settings digest of the last applied run."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str


class Org(SQLModel, table=True):
    """A school, district or department of the last import that named it."""

    __tablename__ = "orgs"
    sourced_id: str = Field(primary_key=True)
    name: str | None = None
    type: str | None = None
    identifier: str | None = None
    parent_id: str | None = None


class AcademicSession(SQLModel, table=True):
    """A term of the last import that had sessions; its end decides which enrollments were dropped (R-K6)."""

    __tablename__ = "academic_sessions"
    sourced_id: str = Field(primary_key=True)
    end_date: str | None = None


class Account(SQLModel, table=True):
    """One person who can log in, with the platform values; may serve several users."""

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("state IN ('invitee', 'active')", name="accounts_state"),
        Index("accounts_email", "email", unique=True),
        Index("accounts_mobile", "mobile", unique=True),
    )
    account_id: int | None = Field(default=None, primary_key=True)
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    mobile: str | None = None
    phone: str | None = None
    state: str = "invitee"
    disabled: bool = False


class User(SQLModel, table=True):
    """One person-record of the SIS, or one added by hand."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint(
            "roster_status IN ('current', 'archived') OR roster_status = 'removed'",  # a list of three is slow
            name="users_roster_status",
        ),
        CheckConstraint("origin IN ('sis', 'manual')", name="users_origin"),
        Index("users_account", "account_id"),
        Index("users_sis_email", "sis_email"),
        Index("users_sis_mobile", "sis_mobile"),
        Index("users_sis_sms", "sis_sms", sqlite_where=text("sis_sms IS NOT sis_mobile")),
        Index("users_review", "id", sqlite_where=text("review")),
        {"sqlite_with_rowid": False},
    )
    id: str = Field(primary_key=True)
    sourced_id: str | None = None
    origin: str = "sis"
    role: str
    roles: str
    school_ids: str | None = None
    roster_status: str = "current"
    family_left: bool = False  # a student who left: the family was abandoned, and the mode of that night stands (R-F7)
    account_id: int = Field(foreign_key="accounts.account_id")
    enabled: bool | None = None
    sis_given_name: str | None = None
    sis_family_name: str | None = None
    sis_email: str | None = None
    sis_sms: str | None = None
    sis_telephone: str | None = None  # the SIS column `phone`, whatever it serves as
    sis_mobile: str | None = None  # the credential made of sms and phone under policy.phone_credential
    sis_phone: str | None = None  # the home phone: `phone` where it does not serve as the mobile
    agents: str | None = None
    identifier: str | None = None
    username: str | None = None
    middle_name: str | None = None
    grades: str | None = None
    user_ids: str | None = None
    user_master_identifier: str | None = None
    preferred_given_name: str | None = None
    preferred_middle_name: str | None = None
    preferred_family_name: str | None = None
    primary_org_id: str | None = None
    pronouns: str | None = None
    profiles: str | None = None
    review: bool = False  # a rule may fire tonight although no row changes: noted, edited or accepted since
    added_in: int | None = None  # runs.number
    guard_held: bool = False  # a guard holds the archiving of somebody whose row is there (policies.md R-D2)
    line: int | None = None  # in users.csv, of the run `read_in`, which last wrote this row
    read_in: int | None = None  # runs.number


class SchoolClass(SQLModel, table=True):
    """A class; `title` is what people see, `sis_title` what the SIS says."""

    __tablename__ = "classes"
    __table_args__ = (
        CheckConstraint("status IN ('active', 'archived')", name="classes_status"),
        CheckConstraint("origin IN ('sis', 'manual')", name="classes_origin"),
        Index("classes_review", "id", sqlite_where=text("review")),
        {"sqlite_with_rowid": False},
    )
    id: str = Field(primary_key=True)
    sourced_id: str | None = None
    origin: str = "sis"
    title: str | None = None
    sis_title: str | None = None
    school_id: str | None = None
    course_id: str | None = None
    status: str = "active"
    ends_on: str | None = None
    grades: str | None = None
    class_code: str | None = None
    class_type: str | None = None
    location: str | None = None
    term_ids: str | None = None
    subjects: str | None = None
    subject_codes: str | None = None
    periods: str | None = None
    review: bool = False
    added_in: int | None = None
    line: int | None = None  # in classes.csv, of the run `read_in`
    read_in: int | None = None


class Enrollment(SQLModel, table=True):
    """A user in a class with a role."""

    __tablename__ = "enrollments"
    __table_args__ = (
        CheckConstraint("status IN ('current', 'ended')", name="enrollments_status"),
        CheckConstraint("origin IN ('sis', 'manual')", name="enrollments_origin"),
        Index("enrollments_user", "user_id"),
        {"sqlite_with_rowid": False},
    )
    class_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    sourced_id: str | None = None
    is_primary: bool = False
    begin_date: str | None = None
    end_date: str | None = None
    status: str = "current"
    origin: str = "sis"
    added_in: int | None = None
    ended_with_person: bool = False  # a manual one that R-F6 ended; it comes back with the person (R-U9)


class Guardianship(SQLModel, table=True):
    """A guardian of a student."""

    __tablename__ = "guardianships"
    __table_args__ = (
        CheckConstraint("status IN ('current', 'ended')", name="guardianships_status"),
        CheckConstraint("origin IN ('sis', 'manual')", name="guardianships_origin"),
        Index("guardianships_student", "student_id"),
        {"sqlite_with_rowid": False},
    )
    guardian_id: str = Field(primary_key=True)
    student_id: str = Field(primary_key=True)
    status: str = "current"
    origin: str = "sis"
    added_in: int | None = None


class Run(SQLModel, table=True):
    """One run that was not a dry run; `number` orders them."""

    __tablename__ = "runs"
    number: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(unique=True)
    started_at: str
    finished_at: str | None = None
    status: str
    source: str | None = None
    applied: bool = False
    generation: int | None = None
    summary: str | None = None  # JSON, as in summary.json
    undoes: int | None = None  # number of the run that this one took back


class Change(SQLModel, table=True):
    """One changed field of a record that was there before (added records are derived from `added_in`)."""

    __tablename__ = "changes"
    __table_args__ = (Index("changes_record", "kind", "id"), Index("changes_run", "run"))
    number: int | None = Field(default=None, primary_key=True)
    run: int = Field(foreign_key="runs.number")
    kind: str
    id: str
    action: str
    code: str
    field: str
    before: str | None = None
    after: str | None = None


class OutboxMessage(SQLModel, table=True):
    """A message queued in the transaction of the change that caused it (policies.md R-U4)."""

    __tablename__ = "outbox"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str
    channel: str
    template: str
    address: str
    run: int = Field(foreign_key="runs.number")
    created_at: str
    sent_at: str | None = None
    subject: str | None = None
    body: str | None = None  # the text as it was rendered when the change was made


class Edit(SQLModel, table=True):
    """What a person changed between syncs: an invitation, a platform value, an account, a class, a guardianship."""

    __tablename__ = "edits"
    __table_args__ = (Index("edits_user", "user_id"),)
    number: int | None = Field(default=None, primary_key=True)
    user_id: str | None = None  # None where only a class is concerned
    account_id: int | None = Field(default=None, foreign_key="accounts.account_id")
    made_at: str
    made_by: str
    field: str
    before: str | None = None
    after: str | None = None
    generation: int
    kind: str = "users"  # users | classes | enrollments | guardianships
    record_id: str  # as in roster_changes


class StandingNote(SQLModel, table=True):
    """What is said of a record every night while its cause lasts, so that the record need not be looked at again."""

    __tablename__ = "standing_notes"
    __table_args__ = ({"sqlite_with_rowid": False},)
    kind: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    notes: str = Field(primary_key=True)


class WaitingRow(SQLModel, table=True):
    """A row of the last import that the state does not reflect: withheld, held, rejected or without effect.

    It stands for itself until it applies or is superseded (policies.md R-V5), and tells why somebody is not there.
    """

    __tablename__ = "waiting"
    __table_args__ = ({"sqlite_with_rowid": False},)
    kind: str = Field(primary_key=True)  # users | classes | enrollments
    id: str = Field(primary_key=True)  # sourcedId; of an enrollment without one class, user and role
    deleted: bool = False  # a delta row that says tobedeleted
    line: int | None = None
    run: int = Field(foreign_key="runs.number")  # that last read it
    code: str | None = None  # of the note about it, if there is one
    notes: str | None = None
    cells: str  # the roster's row, as a JSON object


class UserRole(SQLModel, table=True):
    """A row of 1.2's roles.csv as last delivered; what comes of it is in `users`."""

    __tablename__ = "user_roles"
    __table_args__ = (Index("user_roles_user", "user_id"),)
    number: int | None = Field(default=None, primary_key=True)
    sourced_id: str | None = None  # not a required column
    user_id: str
    role: str
    is_primary: bool = False
    org_id: str | None = None


class GuardTotal(SQLModel, table=True):
    """Records that were current after the last sync in which a guard did not trip (policies.md R-D1, R-D5)."""

    __tablename__ = "guard_totals"
    __table_args__ = ({"sqlite_with_rowid": False},)
    guard: str = Field(primary_key=True)  # removed | changed
    kind: str = Field(primary_key=True)
    school_id: str = Field(primary_key=True)
    total: int


class RecordCount(SQLModel, table=True):
    """Current records of the SIS of a kind at a school; true while the marker in `meta` stands.

    Kept by state/record_counts.py. `school_id` is "" for those without a school.
    """

    __tablename__ = "record_counts"
    __table_args__ = ({"sqlite_with_rowid": False},)
    kind: str = Field(primary_key=True)
    school_id: str = Field(primary_key=True)
    count: int


class LedgerFinding(SQLModel, table=True):
    """Something wrong in the files, across nights; the same one in another line is the same row."""

    __tablename__ = "findings_ledger"
    __table_args__ = ({"sqlite_with_rowid": False},)
    identity: str = Field(primary_key=True)
    severity: str
    file: str
    code: str
    column_name: str | None = None
    record_id: str | None = None
    value: str | None = None
    message: str | None = None
    first_run: int = Field(foreign_key="runs.number")
    last_run: int = Field(foreign_key="runs.number")  # that wrote this row: meta has the last that read the file
    fixed_run: int | None = Field(default=None, foreign_key="runs.number")


class UnlistedFindings(SQLModel, table=True):
    """Findings of a kind that a file does not list one by one; up to `last_id` all of them are listed."""

    __tablename__ = "findings_unlisted"
    __table_args__ = ({"sqlite_with_rowid": False},)
    file: str = Field(primary_key=True)
    code: str = Field(primary_key=True)
    column_name: str = Field(primary_key=True)
    count: int
    last_id: str | None = None


class ReportTable(SQLModel, table=True):
    """One table of a run's report as it was written, compressed; kept as long as the report."""

    __tablename__ = "report_tables"
    run: int = Field(primary_key=True, foreign_key="runs.number")
    name: str = Field(primary_key=True)
    content: bytes


class BeforeImage(SQLModel, table=True):
    """What a run replaced, so that it can be taken back (state/journal.py).

    `image` and `after` hold the columns that the run changed, before and after it; None where there was no row. A row
    that the run deleted is in `image` whole.
    """

    __tablename__ = "before_images"
    __table_args__ = ({"sqlite_with_rowid": False},)
    run: int = Field(primary_key=True, foreign_key="runs.number")
    table_name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)  # JSON list of the primary key's values
    image: str | None = None  # JSON object
    after: str | None = None  # JSON object
