"""Why enrollments are current or ended (policies.md R-K1, R-K4, R-K6, R-F1, R-F2, R-F6, R-U8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from rostersync.explaining.deciding import STAFF, kind_of
from rostersync.explaining.holds import held_reason
from rostersync.explaining.rows import UNKNOWN, Explained, Place, Reason, last, when
from rostersync.model.notes import Code
from rostersync.model.record import Circle, Event, Membership, Row, Waiting

_DROPPED_BEFORE_END = timedelta(days=14)


def enrollment_rows(memberships: Iterable[Membership], circle: Circle, named_by: str) -> list[Explained]:
    """One row per enrollment; `named_by` is the column that names the other side: class_id or user_id."""
    return [_enrollment(member, circle, named_by) for member in memberships]


def waiting_enrollments(waiting: Iterable[Waiting], statuses: Mapping[str, str], named_by: str) -> list[Explained]:
    """Rows of the last import that say something else of an enrollment than the state.

    `statuses`: class id -> status of the class, as far as it is known here.
    """
    return [
        Explained(
            "enrollment",
            f"{row.cells.get(named_by)} {row.cells.get('role')}, row {row.id}",
            "no row" if row.deleted else "row without effect",
            None,
            _waits(row, statuses.get(str(row.cells.get("class_id")))),
            Place("enrollments.csv", row.line, row.run),
            row.run,
        )
        for row in waiting
    ]


def _waits(row: Waiting, class_status: str | None) -> Reason:
    said = f" {row.notes}" if row.notes else ""
    if row.code == Code.GUARD_HELD.value:
        return held_reason(row.notes)
    if row.code is not None and not row.deleted:
        return Reason("R-V2", f"The row was rejected ({row.code}).{said}", "Correct the row in the SIS.")
    if class_status == "archived":
        return Reason(
            "R-K1",
            "The class is archived: its enrollments stay as they were, whatever its rows say.",
            "Put the class's row back into classes.csv.",
        )
    if row.deleted:
        return Reason(
            UNKNOWN,
            "Its row is no longer in the import, and it stays: held by a guard, or by rows that cannot be read.",
            "See the report of that run.",
        )
    return Reason(
        UNKNOWN,
        "The row has no effect: its class or person is not current, or another row says the same enrollment.",
        "See the statuses of both.",
    )


def _enrollment(member: Membership, circle: Circle, named_by: str) -> Explained:
    row = member.row
    event = last(member.events, "status")
    run, edited = when(event, row["added_run"])
    return Explained(
        "enrollment",
        f"{row[named_by]} {row['role']}",
        str(row["status"]),
        None,
        _reason(member, circle, event),
        run=run,
        edited=edited,
    )


def _reason(member: Membership, circle: Circle, event: Event | None) -> Reason:
    row = member.row
    if row["status"] == "current":
        return _current(member, event)
    if event is not None and event.run is None:
        return Reason("Origin", "Ended by hand.", "Add the person to the class again.")
    if event is None or event.run is None:
        return Reason(UNKNOWN, "The state does not say which run ended it.", _AGAIN)
    left = _left_in(circle, str(row["user_id"]), event.run)
    if left is not None:
        return _with_person(row, circle, left)
    if row["origin"] != "sis":
        return Reason("R-F6", "Made by hand; it ended because the person left.", _AGAIN_BY_HAND)
    if _was_dropped(member, event.run):
        return Reason(
            "R-K6",
            f"Its endDate {row['end_date']} has come and lies more than 14 days before the end of the class's last "
            f"term ({(member.school_class or {}).get('ends_on')}): it was dropped.",
            "Give a later endDate, or none, in enrollments.csv.",
        )
    if (member.school_class or {}).get("ends_on"):
        return Reason(
            "R-K4 or R-K6",
            "Its row is gone from the import while the class is there (R-K4), or came with an endDate that had passed "
            "(R-K6): the state keeps no such row.",
            "Look for the row in enrollments.csv of that run: put it back, or give it a later endDate.",
        )
    return Reason("R-K4", "Its row is gone from the import while the class is there.", _AGAIN)


_AGAIN = "Put the row back into enrollments.csv."
_AGAIN_BY_HAND = "It comes back with the person (R-U9), or is made again by hand."


def _current(member: Membership, event: Event | None) -> Reason:
    row = member.row
    school_class = member.school_class
    if school_class is not None and school_class["status"] == "archived":
        return Reason(
            "R-K1",
            "The class is archived: its enrollments stay as they were that night.",
            "Put the class's row back into classes.csv; then enrollments.csv decides again.",
        )
    if row["origin"] != "sis":
        return Reason(
            "R-K4",
            "Made by hand: it stays until the person leaves (R-F6).",
            "It ends when the student or teacher is no longer in the SIS import.",
        )
    if event is not None and event.code == Code.RETURNED.value:
        return Reason("R-K4", "Its row is in the import again.", "Take the row out of enrollments.csv.")
    return Reason("R-K4", "Its row is in the import.", "Take the row out of enrollments.csv.")


def _left_in(circle: Circle, user_id: str, run: str) -> Event | None:
    """How the person left in this run, if so."""
    events = circle.events.get(user_id, ())
    return next(
        (e for e in events if e.run == run and e.field == "roster_status" and e.after in {"archived", "removed"}), None
    )


def _with_person(row: Row, circle: Circle, left: Event) -> Reason:
    """An enrollment that ended because its person left."""
    if row["origin"] != "sis":
        return Reason("R-F6", "Made by hand; it ended because the person left.", _AGAIN_BY_HAND)
    back = "Put the person's row back into users.csv, and the enrollment's into enrollments.csv."
    if left.after == "removed":
        return Reason("R-F2", "It ended because the person was removed with the family (extreme).", back)
    if kind_of(circle.people[str(row["user_id"])]["roles"]) == STAFF:
        return Reason("R-U8", "It ended because the person left: staff of active classes.", back)
    if left.code == Code.LEFT_SIS.value:
        return Reason("R-F3", "It ended because the student left, as in R-F1; a guardian stayed.", back)
    return Reason("R-F1", "It ended because the student left with the family.", back)


def _was_dropped(member: Membership, run: str) -> bool:
    """R-K6 by the dates that the state holds."""
    ends, last_term = member.row["end_date"], (member.school_class or {}).get("ends_on")
    if not ends or not last_term:
        return False
    day = f"{run[:4]}-{run[4:6]}-{run[6:8]}"  # UTC; the district's day may be one earlier or later
    dropped = date.fromisoformat(ends) < date.fromisoformat(last_term) - _DROPPED_BEFORE_END
    return dropped and date.fromisoformat(ends) <= date.fromisoformat(day)
