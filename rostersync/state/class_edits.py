"""Classes as people edit them: titles, classes of their own, co-teachers and guests (policies.md R-K3 to R-K5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rostersync.errors import ConfigurationError, RefusedByPolicy
from rostersync.model.contacts import normalise_name
from rostersync.state.editing import GUARDIAN, STAFF, Editing, Row, editing, kind_of, new_local_id
from rostersync.state.reader import StateReader

Listed = dict[str, object]


def rename(path: Path, class_id: str, title: str) -> Listed:
    """Give a class a title of one's own, or the SIS's again: `id`, `before`, `after`, `sis_title` (R-K3).

    Raises:
        ConfigurationError: the state does not have the class; a blank title.
        StateBusy: a run holds the state.
    """
    wanted = _title(title)
    with editing(path, counts_stand=True) as edit:
        known = edit.school_class(class_id)
        if normalise_name(known["sis_title"] or "") == wanted:
            wanted = known["sis_title"]  # to the letter: from now on the title follows the SIS again
        if wanted != known["title"]:
            edit.connection.execute("UPDATE classes SET title = ? WHERE id = ?", (wanted, class_id))
            edit.log("title", known["title"], wanted, kind="classes", record_id=class_id)
            edit.review(class_ids=[class_id])
        return {"id": class_id, "before": known["title"], "after": wanted, "sis_title": known["sis_title"]}


def create(path: Path, title: str, school_id: str) -> str:
    """Make a class by hand: its id. No sync changes it (R-K5).

    Raises:
        ConfigurationError: a blank title; a school that the state does not know.
        StateBusy: a run holds the state.
    """
    wanted = _title(title)
    with editing(path, counts_stand=True) as edit:
        if school_id not in StateReader(edit.connection).school_ids():
            raise ConfigurationError(f"no school {school_id} in the state; no class was made; check the id")
        class_id = new_local_id()
        edit.connection.execute(
            "INSERT INTO classes (id, origin, title, school_id, status, review) "
            "VALUES (?, 'manual', ?, ?, 'active', 1)",
            (class_id, wanted, school_id),
        )
        edit.log("status", None, "active", kind="classes", record_id=class_id)
        return class_id


def archive(path: Path, class_id: str) -> Listed:
    """Archive a class made by hand: `id`, `result`. Its enrollments stay as they are, as in R-K1.

    Raises:
        ConfigurationError: the state does not have the class.
        RefusedByPolicy: a class of the SIS.
        StateBusy: a run holds the state.
    """
    with editing(path) as edit:
        known = edit.school_class(class_id)
        if known["origin"] != "manual":
            raise RefusedByPolicy(
                f"{class_id} is a class of the SIS; nothing was changed; end it in the SIS, the next sync archives it"
            )
        if known["status"] == "archived":
            return {"id": class_id, "result": "archived already"}
        edit.connection.execute("UPDATE classes SET status = 'archived' WHERE id = ?", (class_id,))
        edit.log("status", "active", "archived", kind="classes", record_id=class_id)
        edit.review(class_ids=[class_id])
        return {"id": class_id, "result": "archived"}


def add(path: Path, class_id: str, user_ids: Sequence[str], role: str) -> list[Listed]:
    """Enroll users of the directory by hand: `class_id`, `user_id`, `role`, `result` of each; all or none (R-K4).

    Raises:
        ConfigurationError: the state does not have the class or one of the users.
        RefusedByPolicy: an archived class; somebody who is not current, or whom this role does not fit.
        StateBusy: a run holds the state.
    """
    with editing(path, counts_stand=True) as edit:
        known = edit.school_class(class_id)
        users = [edit.user(user_id) for user_id in user_ids]
        if known["status"] != "active":
            raise RefusedByPolicy(f"{class_id} is archived; nobody was added; name an active class")
        for user in users:
            _may_be_enrolled(user, role)
        return [_enroll(edit, class_id, user["id"], role) for user in users]


def remove(path: Path, class_id: str, user_ids: Sequence[str]) -> list[Listed]:
    """End what was enrolled by hand: as `add`, a row per role; all or none. They do not come back by themselves.

    Raises:
        ConfigurationError: the state does not have the class or one of the users, or somebody was never in the class.
        RefusedByPolicy: somebody whom the SIS has in the class.
        StateBusy: a run holds the state.
    """
    with editing(path, counts_stand=True) as edit:
        edit.school_class(class_id)
        done = []
        for user_id in user_ids:
            edit.user(user_id)
            done += _remove(edit, class_id, user_id)
        return done


def _title(text: str) -> str:
    title = normalise_name(text)
    if title is None:
        raise ConfigurationError("the title is blank; nothing was changed; give one")
    return title


def _may_be_enrolled(user: Row, role: str) -> None:
    if user["roster_status"] != "current":
        raise RefusedByPolicy(
            f"{user['id']} is {user['roster_status']}: only current people are enrolled; nobody was added; "
            "wait until the SIS has them again"
        )
    kind = kind_of(user["roles"])
    if kind == GUARDIAN:
        raise RefusedByPolicy(
            f"{user['id']} is a guardian: only staff and students are enrolled; nobody was added; leave them out"
        )
    if role == "teacher" and kind != STAFF:
        raise RefusedByPolicy(
            f"{user['id']} is a student and would be a teacher of the class; nobody was added; leave out --role teacher"
        )


def _enroll(edit: Editing, class_id: str, user_id: str, role: str) -> Listed:
    stored = edit.connection.execute(
        "SELECT * FROM enrollments WHERE class_id = ? AND user_id = ? AND role = ?", (class_id, user_id, role)
    ).fetchone()
    if stored is not None and stored["status"] == "current":
        by = "by the SIS" if stored["origin"] == "sis" else "by hand"
        return _listed(class_id, user_id, role, f"enrolled already {by}")
    # Who was there before comes back as somebody's own decision: nothing of the old row speaks any more.
    edit.connection.execute(
        "INSERT INTO enrollments (class_id, user_id, role, is_primary, status, origin, ended_with_person) "
        "VALUES (?, ?, ?, 0, 'current', 'manual', 0) ON CONFLICT (class_id, user_id, role) DO UPDATE SET "
        "status = 'current', origin = 'manual', ended_with_person = 0, is_primary = 0, sourced_id = NULL, "
        "begin_date = NULL, end_date = NULL",
        (class_id, user_id, role),
    )
    _trace(edit, class_id, user_id, role, None if stored is None else stored["status"], "current")
    return _listed(class_id, user_id, role, "added")


def _remove(edit: Editing, class_id: str, user_id: str) -> list[Listed]:
    rows = edit.connection.execute(
        "SELECT * FROM enrollments WHERE class_id = ? AND user_id = ? ORDER BY role", (class_id, user_id)
    ).fetchall()
    if not rows:
        raise ConfigurationError(f"{user_id} is not in {class_id}; nobody was removed; see `users show {user_id}`")
    by_hand = [row for row in rows if row["origin"] == "manual"]
    if any(row["status"] == "current" for row in rows) and not any(row["status"] == "current" for row in by_hand):
        raise RefusedByPolicy(
            f"the SIS has {user_id} in {class_id}; nobody was removed; end the enrollment in the SIS, "
            "the next sync follows"
        )
    return [_end(edit, row) for row in by_hand] or [
        _listed(class_id, user_id, row["role"], "removed already") for row in rows
    ]


def _end(edit: Editing, row: Row) -> Listed:
    key = (row["class_id"], row["user_id"], row["role"])
    if row["status"] == "ended" and not row["ended_with_person"]:
        return _listed(*key, "removed already")
    edit.connection.execute(
        "UPDATE enrollments SET status = 'ended', ended_with_person = 0 "
        "WHERE class_id = ? AND user_id = ? AND role = ?",
        key,
    )
    _trace(edit, *key, row["status"], "ended")
    return _listed(*key, "removed")


def _trace(edit: Editing, class_id: str, user_id: str, role: str, before: str | None, after: str) -> None:
    record = f"{class_id} {user_id} {role}"
    edit.log("status", before, after, kind="enrollments", record_id=record, user_id=user_id)
    edit.review([user_id], [class_id])


def _listed(class_id: str, user_id: str, role: str, result: str) -> Listed:
    return {"class_id": class_id, "user_id": user_id, "role": role, "result": result}
