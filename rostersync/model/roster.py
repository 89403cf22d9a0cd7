"""One delivery as tables: what the files say tonight, read, normalised and checked.

Every table is a polars frame whose columns are declared here once. Text cells are trimmed; a blank is null, never
an empty string. Lists (schools, agents, grades, terms) are one text cell, comma-separated without blanks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from rostersync.model.completeness import COMPLETE, Verdict

if TYPE_CHECKING:
    import polars as pl

USER_DETAILS = (
    "identifier",
    "username",
    "middle_name",
    "grades",
    "user_ids",
    "user_master_identifier",
    "preferred_given_name",
    "preferred_middle_name",
    "preferred_family_name",
    "primary_org_id",
    "pronouns",
    "profiles",
)
"""Fields of a user that always follow the SIS (policies.md R-U6), all text."""

USER_COLUMNS = (
    "sourced_id",
    "line",  # u32, where the (first) row of this user starts in users.csv
    "role",  # the leading one: administrator | teacher | guardian | student
    "roles",  # all of them, leading first, comma-separated
    "school_ids",  # comma-separated in order
    "enabled",  # boolean; null where the file says nothing
    "given_name",
    "family_name",
    "email",  # normalised and valid, else null
    "sms",  # E.164, else null (a number with an extension is no mobile)
    "phone",  # E.164, with " ext. N" where there is one, else null
    "email_invalid",  # boolean: the cell holds something that is no valid e-mail; it says nothing
    "sms_invalid",
    "phone_invalid",
    "agents",  # sorted, comma-separated sourcedIds
    *USER_DETAILS,
)
USER_ROLE_COLUMNS = ("sourced_id", "user_id", "role", "primary", "org_id")
"""A row of 1.2's roles.csv: `role` as the sync calls it, `primary` a boolean."""
REJECTED_USER_COLUMNS = ("sourced_id", "line", "agents", "school_ids")
CLASS_COLUMNS = (
    "sourced_id",
    "line",
    "title",
    "school_id",
    "course_id",
    "ends_on",  # date: end of the last of its terms that the files know, else null
    "grades",
    "class_code",
    "class_type",
    "location",
    "term_ids",
    "subjects",
    "subject_codes",
    "periods",
)
REJECTED_CLASS_COLUMNS = ("sourced_id", "line")
ENROLLMENT_COLUMNS = (
    "class_id",
    "user_id",
    "role",  # OneRoster's word: student | teacher | aide | proctor | administrator
    "sourced_id",  # may be null: not a required column
    "line",
    "is_primary",  # boolean; null where the cell cannot be read: it says nothing
    "begin_date",
    "end_date",
)
REJECTED_ENROLLMENT_COLUMNS = ("sourced_id", "class_id", "user_id", "line")
DELETED_ENROLLMENT_COLUMNS = ("sourced_id", "class_id", "user_id", "role")
ORG_COLUMNS = ("sourced_id", "line", "name", "type", "identifier", "parent_id")
COURSE_COLUMNS = ("sourced_id", "line", "title", "course_code", "org_id")
SESSION_COLUMNS = ("sourced_id", "line", "title", "type", "start_date", "end_date", "parent_id")


class Unread(Protocol):
    """Sound rows of tonight that were recognised as those of the last applied import, and are read when asked for."""

    def kept(self, table: str) -> pl.Series:
        """Which rows of a table of the snapshot they are."""
        ...

    def user_ids(self) -> pl.Series:
        """The sourcedIds of all users among them."""
        ...

    def users(self, ids: Collection[str]) -> pl.DataFrame:
        """USER_COLUMNS of the users with these sourcedIds."""
        ...

    def users_naming(self, ids: Collection[str]) -> pl.DataFrame:
        """USER_COLUMNS of the users with these sourcedIds, and of those who name one of them as an agent."""
        ...

    def enrollments(self, users: Collection[str], classes: Collection[str]) -> pl.DataFrame:
        """ENROLLMENT_COLUMNS of the enrollments of these users and in these classes."""
        ...

    def enrollments_there(self, ids: pl.Series) -> pl.Series:
        """Which of these names of enrollments (model/waiting.py) are among them."""
        ...

    def next_end(self, today: date) -> date | None:
        """The next day after `today` on which an enrollment among them ends."""
        ...

    def give_up_lines(self, table: str) -> None:
        """Frees the memory of a file's lines: most of what is asked for from now on was read before."""
        ...


@dataclass(frozen=True)
class Texts:
    """The lines of a file below its header, from line `first` on: a u64 each, null where it is no row by itself."""

    first: int
    hashes: pl.Series

    def of(self, lines: pl.Series) -> pl.Series:
        """Those of line numbers."""
        return self.hashes.gather(lines - self.first)

    def without(self, lines: pl.Series) -> Texts:
        """These without some lines."""
        places = (lines.filter(lines >= self.first) - self.first).unique()
        if places.is_empty():
            return self
        return Texts(self.first, self.hashes.clone().scatter(places, [None] * places.len()))


@dataclass(frozen=True)
class Roster:
    """What one delivery says (policies.md, *Import*), rejected rows apart.

    `users`, `classes`, `enrollments` are None where the manifest marks the file absent: the base speaks for it.
    `enrollments` has one row per (class_id, user_id, role). `unresolved` holds those whose class or user is not in
    the files: the state has to be asked (R-V2). `deleted_*` are sourcedIds whose rows say tobedeleted: not in the
    import, but no unknown reference either.
    """

    version: str  # "1.1" | "1.2"
    users: pl.DataFrame | None
    classes: pl.DataFrame | None
    enrollments: pl.DataFrame | None
    orgs: pl.DataFrame
    courses: pl.DataFrame
    academic_sessions: pl.DataFrame
    rejected_users: pl.DataFrame
    rejected_classes: pl.DataFrame
    rejected_enrollments: pl.DataFrame
    unresolved: pl.DataFrame
    findings: pl.DataFrame  # model/findings.py
    row_counts: dict[str, int]  # data rows per file name
    deleted_users: frozenset[str] = frozenset()
    deleted_classes: frozenset[str] = frozenset()
    deleted_sessions: frozenset[str] = frozenset()
    deleted_enrollments: pl.DataFrame | None = None
    """DELETED_ENROLLMENT_COLUMNS as far as readable; None: there are none."""
    modes: Mapping[str, str] = field(default_factory=dict)
    """Per table bulk, delta or absent, as the file was taken (R-V5)."""
    unreadable: frozenset[str] = frozenset()
    """Of "users", "classes", "enrollments": those whose file has rows that cannot be told apart (R-V3)."""
    verdict: Verdict = COMPLETE
    """Whether the delivery is complete (model/completeness.py)."""
    unsure: frozenset[str] = frozenset()
    """Of `unreadable` those whose absences count for nothing because of the verdict alone."""
    missing: dict[str, frozenset[str]] = field(default_factory=dict)
    """Per table the columns of it that the file's header does not have: they say nothing (R-V4)."""
    roles: pl.DataFrame | None = None
    """USER_ROLE_COLUMNS, the rows of 1.2's roles.csv as a whole; None: the set does not have them."""
    without_role: pl.DataFrame | None = None
    """USER_COLUMNS of rejected users of 1.2 who lack nothing but a role: a delta of roles may bring it."""
    spare_enrollments: pl.DataFrame | None = None
    """ENROLLMENT_COLUMNS of rows behind another one of the same class, user and role; None: there are none."""
    dangling: pl.DataFrame | None = None
    """ENROLLMENT_COLUMNS of enrollments that were rejected because nobody knows their class or user (R-V2)."""
    texts: Mapping[str, Texts] = field(default_factory=dict)
    """Per table the lines by which its rows can be recognised on another night."""
    read_as: str = ""
    """What besides its line decides how a row is read; "" where no row may be recognised by it."""
    unread: Unread | None = None
    """The rest of `users` and `enrollments`, where rows were recognised; None: they are all there."""

    def users_among(self, ids: Collection[str]) -> pl.DataFrame | None:
        """USER_COLUMNS of the sound rows with these sourcedIds; None where the file is absent."""
        import polars as pl

        if self.users is None:
            return None
        found = self.users.filter(pl.col("sourced_id").is_in(pl.Series(list(ids), dtype=pl.String).implode()))
        return found if self.unread is None else pl.concat([found, self.unread.users(ids)])

    def user_ids(self) -> pl.Series | None:
        """The sourcedIds of all sound users; None where the file is absent."""
        import polars as pl

        if self.users is None or self.unread is None:
            return None if self.users is None else self.users["sourced_id"]
        return pl.concat([self.users["sourced_id"], self.unread.user_ids()])
