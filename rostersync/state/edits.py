"""Edits of platform values between two syncs: accepted invitations, contact details (policies.md R-U3, R-U4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.state.editing import CREDENTIALS, Editing, Row, editing, normalised

if TYPE_CHECKING:
    from rostersync.settings import Settings


def accept(path: Path, ids: Sequence[str]) -> list[dict[str, str]]:
    """Record that these users accepted their invitation: `id` and `result` (accepted, already active) of each.

    Raises:
        ConfigurationError: an id that the state does not have; nothing is accepted then.
        StateBusy: a run holds the state.
    """
    with editing(path, counts_stand=True) as edit:
        query = "SELECT EXISTS (SELECT 1 FROM users WHERE id = ?)"
        unknown = [user_id for user_id in ids if not edit.connection.execute(query, (user_id,)).fetchone()[0]]
        if unknown:
            raise ConfigurationError(f"no user {', '.join(unknown)} in the state; nobody was accepted; check the ids")
        return [{"id": user_id, "result": _accept(edit, user_id)} for user_id in ids]


def _accept(edit: Editing, user_id: str) -> str:
    account = edit.user(user_id)["account_id"]
    if edit.account(account)["state"] == "active":
        return "already active"
    edit.set_account(account, user_id, "self", state="active")
    return "accepted"


def edit(
    path: Path, settings: Settings, user_id: str, changes: Mapping[str, str | None], *, by: str
) -> list[dict[str, str | None]]:
    """Set platform values of a user's account: `field`, `before`, `after` of those that differ.

    Keys of `changes` are given_name, family_name, email, mobile, phone; a blank clears.

    Raises:
        ConfigurationError: unknown user, or a value that is no e-mail, phone or name.
        RefusedByPolicy: the user's contacts are locked to the SIS (R-U4); somebody else holds the credential; a
            current guardian would be left without any.
        StateBusy: a run holds the state.
    """
    wanted = {field: normalised(field, value or "", settings.district.region) for field, value in changes.items()}
    with editing(path, counts_stand=True) as edit:
        account = edit.user(user_id)["account_id"]
        if _is_locked(edit, account, settings):
            raise RefusedByPolicy(
                f"the contacts of {user_id} are locked to the SIS (policy.update_active_contacts); nothing was "
                "changed; change them in the SIS"
            )
        before = edit.account(account)
        moved = {field: value for field, value in wanted.items() if before[field] != value}
        _check(edit, user_id, before, {**dict(before), **moved})
        edit.set_account(account, user_id, by, **moved)
        return [{"field": field, "before": before[field], "after": value} for field, value in moved.items()]


def _check(edit: Editing, user_id: str, before: Row, after: Mapping[str, str | None]) -> None:
    for field in CREDENTIALS:
        holder = edit.holder(field, after[field], besides=before["account_id"])
        if holder is not None:
            raise RefusedByPolicy(
                f"the new {field} of {user_id} belongs to {holder}; nothing was changed; "
                "no two people can have the same one"
            )
    had = any(before[field] for field in CREDENTIALS)
    users = edit.users_of(before["account_id"])
    guardian = any(user["role"] == "guardian" and user["roster_status"] == "current" for user in users)
    if had and guardian and not any(after[field] for field in CREDENTIALS):
        raise RefusedByPolicy(
            f"{user_id} is a guardian and would be left without e-mail and mobile; nothing was changed; "
            "give one of them"
        )
    if not (after["given_name"] or after["family_name"]):
        raise ConfigurationError(f"{user_id} would be left without a name; nothing was changed; give one")


def _is_locked(edit: Editing, account: int, settings: Settings) -> bool:
    """Whether the SIS alone sets the contacts: a `sis` user, and all schools of the account say so.

    Manual users stay editable, also beside a record of the SIS that left (R-U4).
    """
    users = edit.users_of(account)
    by_hand = any(user["origin"] == "manual" and user["roster_status"] == "current" for user in users)
    if not any(user["origin"] == "sis" and (user["roster_status"] == "current" or not by_hand) for user in users):
        return False
    schools: set[str] = set()
    for user in users:
        lists = [user["school_ids"] or ""] if user["role"] != "guardian" else _schools_of_students(edit, user["id"])
        schools |= {school for listed in lists for school in listed.split(",") if school}
    return all(settings.policy.of_school(school).update_active_contacts for school in schools or {""})


def _schools_of_students(edit: Editing, guardian_id: str) -> list[str]:
    return [
        row[0]
        for row in edit.connection.execute(
            "SELECT coalesce(s.school_ids, '') FROM guardianships g JOIN users s ON s.id = g.student_id "
            "WHERE g.guardian_id = ? AND g.status = 'current'",
            (guardian_id,),
        )
    ]
