"""Guardians whom people add and remove: the SIS knows nothing of them (policies.md R-F5, R-C1)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.state.editing import CREDENTIALS, STUDENT, Editing, Row, editing, kind_of, new_local_id, normalised

Listed = dict[str, object]


def add(path: Path, region: str, student_id: str, values: Mapping[str, str]) -> Listed:
    """Add a new guardian to a student: `guardian_id`, `student_id`, `result`. The account is an invitee.

    Keys of `values` are given_name, family_name, email, mobile; phone numbers without a country code are of `region`.

    Raises:
        ConfigurationError: the state does not have the student; a value is no name, e-mail or phone.
        RefusedByPolicy: no current student; no e-mail and no mobile, or one that somebody else holds (R-C1).
        StateBusy: a run holds the state.
    """
    wanted = {field: normalised(field, text, region) for field, text in values.items()}
    missing = [name for name in ("given_name", "family_name") if not wanted.get(name)]
    if missing:
        raise ConfigurationError(f"the {missing[0]} is blank; nobody was added; give one")
    with editing(path, counts_stand=True) as edit:
        _current_student(edit, student_id)
        _unique(edit, wanted)
        guardian_id = new_local_id()
        names = ("given_name", "family_name", *CREDENTIALS)
        account = edit.connection.execute(
            "INSERT INTO accounts (given_name, family_name, email, mobile, state, disabled) "
            "VALUES (?, ?, ?, ?, 'invitee', 0) RETURNING account_id",
            [wanted.get(name) for name in names],
        ).fetchone()[0]
        edit.connection.execute(
            "INSERT INTO users (id, origin, role, roles, roster_status, account_id, review) "
            "VALUES (?, 'manual', 'guardian', 'guardian', 'current', ?, 1)",
            (guardian_id, account),
        )
        edit.log("roster_status", None, "current", user_id=guardian_id)
        return _relate(edit, guardian_id, student_id)


def add_known(path: Path, student_id: str, guardian_id: str) -> Listed:
    """Add a guardian who was added by hand before to another student: as `add`.

    Raises:
        ConfigurationError: the state does not have one of them.
        RefusedByPolicy: no current student; a guardian of the SIS, or one who has no credential any more (R-C1).
        StateBusy: a run holds the state.
    """
    with editing(path, counts_stand=True) as edit:
        guardian = edit.user(guardian_id)
        _current_student(edit, student_id)
        if guardian["origin"] != "manual":
            raise RefusedByPolicy(
                f"{guardian_id} comes from the SIS; nothing was changed; relate them to {student_id} in the SIS"
            )
        account = edit.account(guardian["account_id"])
        if not any(account[field] for field in CREDENTIALS):
            raise RefusedByPolicy(
                f"{guardian_id} has no e-mail and no mobile to log in with; nothing was changed; give one with "
                f"`users edit {guardian_id}` first"
            )
        if guardian["roster_status"] != "current":
            edit.connection.execute("UPDATE users SET roster_status = 'current' WHERE id = ?", (guardian_id,))
            edit.log("roster_status", guardian["roster_status"], "current", user_id=guardian_id)
            edit.review([guardian_id])
        return _relate(edit, guardian_id, student_id)


def remove(path: Path, guardian_id: str, student_id: str) -> Listed:
    """End a guardianship that was added by hand: as `add`. A guardian who is left without any is archived.

    Raises:
        ConfigurationError: the state does not have one of them, or they were never related.
        RefusedByPolicy: the guardianship comes from the SIS.
        StateBusy: a run holds the state.
    """
    with editing(path, counts_stand=True) as edit:
        guardian = edit.user(guardian_id)
        edit.user(student_id)
        stored = _stored(edit, guardian_id, student_id)
        if stored is None:
            raise ConfigurationError(
                f"{guardian_id} is no guardian of {student_id}; nothing was changed; see `users show {student_id}`"
            )
        if stored["status"] == "ended":
            return _listed(guardian_id, student_id, "ended already")
        if stored["origin"] != "manual":
            raise RefusedByPolicy(
                f"the SIS says that {guardian_id} is a guardian of {student_id}; nothing was changed; "
                "end it in the SIS, the next sync follows"
            )
        _set_status(edit, guardian_id, student_id, "current", "ended")
        query = "SELECT EXISTS (SELECT 1 FROM guardianships WHERE guardian_id = ? AND status = 'current')"
        alone = not edit.connection.execute(query, (guardian_id,)).fetchone()[0]
        if not alone or guardian["origin"] != "manual" or guardian["roster_status"] != "current":
            return _listed(guardian_id, student_id, "ended")
        edit.connection.execute("UPDATE users SET roster_status = 'archived' WHERE id = ?", (guardian_id,))
        edit.log("roster_status", "current", "archived", user_id=guardian_id)
        return _listed(guardian_id, student_id, "ended; the guardian has no student any more and is archived")


def _current_student(edit: Editing, student_id: str) -> None:
    student = edit.user(student_id)
    if kind_of(student["roles"]) != STUDENT:
        raise RefusedByPolicy(f"{student_id} is no student; nothing was changed; name the student first")
    if student["roster_status"] != "current":
        raise RefusedByPolicy(
            f"{student_id} is {student['roster_status']}: only current students get guardians; nothing was changed; "
            "wait until the SIS has the student again"
        )


def _unique(edit: Editing, wanted: Mapping[str, str | None]) -> None:
    """R-C1: at least one credential, and none that is somebody else's."""
    for field in CREDENTIALS:
        holder = edit.holder(field, wanted.get(field))
        if holder is not None:
            status = edit.user(holder)["roster_status"]  # of a current one, where there is any on that account
            way = "give another one, or leave it out"
            if status != "current":
                way = f"they are {status}: clear it there (`users edit {holder} --{field} '' --by manager`), or {way}"
            raise RefusedByPolicy(
                f"this {field} belongs to {holder}; nobody was added; no two people can have the same one: {way}"
            )
    if not any(wanted.get(field) for field in CREDENTIALS):
        raise RefusedByPolicy(
            "a guardian needs an e-mail or a mobile to log in; nobody was added; give --email or --mobile"
        )


def _relate(edit: Editing, guardian_id: str, student_id: str) -> Listed:
    stored = _stored(edit, guardian_id, student_id)
    if stored is not None and stored["status"] == "current":
        return _listed(guardian_id, student_id, "related already")
    if stored is None:
        edit.connection.execute(
            "INSERT INTO guardianships (guardian_id, student_id, status, origin) VALUES (?, ?, 'ended', 'manual')",
            (guardian_id, student_id),
        )
    _set_status(edit, guardian_id, student_id, None if stored is None else "ended", "current")
    return _listed(guardian_id, student_id, "added")


def _set_status(edit: Editing, guardian_id: str, student_id: str, before: str | None, after: str) -> None:
    edit.connection.execute(
        "UPDATE guardianships SET status = ?, origin = 'manual' WHERE guardian_id = ? AND student_id = ?",
        (after, guardian_id, student_id),
    )
    pair = f"{guardian_id} {student_id}"
    edit.log("status", before, after, kind="guardianships", record_id=pair, user_id=guardian_id)
    edit.review([guardian_id, student_id])


def _stored(edit: Editing, guardian_id: str, student_id: str) -> Row | None:
    query = "SELECT * FROM guardianships WHERE guardian_id = ? AND student_id = ?"
    row: Row | None = edit.connection.execute(query, (guardian_id, student_id)).fetchone()
    return row


def _listed(guardian_id: str, student_id: str, result: str) -> Listed:
    return {"guardian_id": guardian_id, "student_id": student_id, "result": result}
