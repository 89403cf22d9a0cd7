"""Everything the rules look at tonight, as pandas frames. No blank is missing: a blank text is "".

Columns of the frames:

- `users`, one row per person-record in scope: `id`; `presence` (VALID, BASE, ABSENT); `rejected`, `held` (bool:
  why the base speaks); `line`; `known` (bool: the state has it); `decided` (bool: their roster status may change),
  `reached` (bool: their platform values may change; all others only stand by); the state's columns USER_STATE; the
  import's columns USER_IMPORT with the prefix `in_`, "" where presence is not VALID; `email_invalid`, `sms_invalid`,
  `phone_invalid` (bool).
- `accounts`, one row per account of those users: ACCOUNT_COLUMNS.
- `pairs`, one row per guardian and student: `guardian_id`, `student_id`, `guardian` and `student` (their row numbers
  in `users`), `stored` ("", current, ended), `origin`,
  `asserted` (bool: a sound row names the other), `counted` (bool: as asserted, rejected rows among them).
- `classes`, one row per class in scope: `id`, `presence`, `rejected`, `held`, `line`, `known`, the state's
  CLASS_STATE, the import's CLASS_IMPORT with the prefix `in_`.
- `enrollments`, one row per class, user and role in scope: ENROLLMENT_KEY; `stored` ("", current, ended), `origin`,
  `ended_with_person` (bool: a manual one that ended when its person left), `is_primary`, `sourced_id`, `begin_date`,
  `end_date`; `asserted` (bool: a sound row says it); `in_is_primary`, `in_sourced_id`, `in_begin_date`, `in_end_date`;
  `protected` (bool: a rejected or unreadable row may stand for it); `unreadable` (bool: the file has rows that cannot
  be told apart); `user_at`, `class_at` (row numbers in `users` and
  `classes`, -1 where they are not there); `bystander_status` (roster status of a known user who is not in `users`,
  else "").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rostersync.model.roster import USER_DETAILS

if TYPE_CHECKING:
    import pandas as pd

VALID = "valid"  # a sound row of tonight speaks
BASE = "base"  # in the import, but the base speaks: rejected, unreadable or an absent file (policies.md R-V3)
ABSENT = "absent"

SIS_CONTACTS = ("given_name", "family_name", "email", "sms", "telephone")
"""What the SIS says of a person to reach; `telephone` is its column `phone`."""

USER_IMPORT = ("role", "roles", "school_ids", "enabled", *SIS_CONTACTS, "agents", *USER_DETAILS)
USER_STATE = (
    "origin",
    "role",
    "roles",
    "school_ids",
    "roster_status",
    "account_id",
    "enabled",
    "sis_given_name",
    "sis_family_name",
    "sis_email",
    "sis_sms",
    "sis_telephone",
    "sis_mobile",
    "sis_phone",
    "agents",
    *USER_DETAILS,
    "review",
    "guard_held",
    "family_left",
)
ACCOUNT_CONTACTS = ("given_name", "family_name", "email", "mobile", "phone")
"""The platform values of an account."""
ACCOUNT_COLUMNS = ("account_id", *ACCOUNT_CONTACTS, "state", "disabled")
CLASS_IMPORT = (
    "title",
    "school_id",
    "course_id",
    "ends_on",
    "grades",
    "class_code",
    "class_type",
    "location",
    "term_ids",
    "subjects",
    "subject_codes",
    "periods",
)
CLASS_STATE = ("origin", "title", "sis_title", *CLASS_IMPORT[1:], "status", "review")
ENROLLMENT_KEY = ("class_id", "user_id", "role")
ENROLLMENT_VALUES = ("sourced_id", "is_primary", "begin_date", "end_date")


@dataclass(frozen=True)
class Holds:
    """What guards hold, as the number of the note that says why; 0 for what they do not hold (policies.md R-D2, R-D5).

    Columns of numbers, row by row of the frames of the night: of `users` the archiving of a known record or the
    addition of a new one, of `classes` and `enrollments` what would go, of `pairs` what would end or begin.
    `accounts`: account id -> number, of those whose contacts stay as they are.
    """

    users: pd.Series
    classes: pd.Series
    enrollments: pd.Series
    pairs: pd.Series
    accounts: Mapping[int, int]


@dataclass(frozen=True)
class Night:
    """What the rules decide on: the records that any rule could touch tonight, or all of them."""

    today: date
    users: pd.DataFrame
    accounts: pd.DataFrame
    pairs: pd.DataFrame
    classes: pd.DataFrame
    enrollments: pd.DataFrame
    missing: dict[str, frozenset[str]]
    """Per table the columns that tonight's header does not have (policies.md R-V4, MISSING_COLUMN)."""
    next_account_id: int
    holds: Holds | None = None
    """What guards hold of it, once they have judged what the rules decide."""
