"""What taking a run back does and leaves, as values (contract.md, `runs undo`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.model.night import ACCOUNT_CONTACTS, CLASS_IMPORT
from rostersync.model.notes import Action
from rostersync.model.roster import USER_DETAILS

if TYPE_CHECKING:
    import polars as pl

TOLD_FIELDS = {
    "users": (
        "role",
        "roles",
        "school_ids",
        "roster_status",
        *USER_DETAILS,
        *(f"sis_{name}" for name in ACCOUNT_CONTACTS),
    ),
    "accounts": (*ACCOUNT_CONTACTS, "disabled"),
    "classes": (*CLASS_IMPORT, "sis_title", "status"),
    "enrollments": ("is_primary", "status"),
    "guardianships": ("status",),
}
"""Table -> the fields of which reports and roster_changes tell; those of an account are told of all its users."""

KEYS = {
    "users": ("id",),
    "classes": ("id",),
    "enrollments": ("class_id", "user_id", "role"),
    "guardianships": ("guardian_id", "student_id"),
}
"""Kind -> what names a record in its report."""

STATUS_ACTIONS = {
    "current": Action.RESTORED,
    "active": Action.RESTORED,
    "archived": Action.ARCHIVED,
    "removed": Action.REMOVED,
    "ended": Action.ENDED,
}
"""What a status that goes back makes of its record; all other fields are `updated`."""


@dataclass(frozen=True)
class UndoableRun:
    """The run that can be taken back: its number, its id, and the state's generation after it."""

    number: int
    run_id: str
    generation: int


@dataclass(frozen=True)
class Undo:
    """What goes back and what stays. All cells are texts; `kind` is a key of KEYS.

    Every frame begins with `kind`, `key_1`, `key_2`, `key_3` (the values of KEYS) and `id` (as in roster_changes).

    - `fields`: `field`, `before` (now), `after` (once taken back).
    - `added`: records that the run added and that go.
    - `edited`: `field`, `value`: changed by a person since the run, so it stays.
    - `standing`: `reason`: records that the run added and that stay.
    - `taken`: `field`, `value`, `holder` (a user's id): credentials that somebody else holds by now.
    - `sent`: `channel`, `template`: messages of the run that are sent already.

    `withdrawn` counts its messages that are not sent and go.
    """

    run: UndoableRun
    fields: pl.DataFrame
    added: pl.DataFrame
    edited: pl.DataFrame
    standing: pl.DataFrame
    taken: pl.DataFrame
    sent: pl.DataFrame
    withdrawn: int


@dataclass(frozen=True)
class Involved:
    """What a report shows of the records of an undo.

    `users`: `id` and columns of users.csv with `school_ids` for `school`; `classes`: `id`, `school_id`, `title`,
    `sis_title`, `status`; `orgs`: names of orgs by sourcedId.
    """

    users: pl.DataFrame
    classes: pl.DataFrame
    orgs: dict[str, str]
