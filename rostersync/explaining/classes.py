"""Where the values of a class come from (policies.md R-K1 to R-K5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.explaining.deciding import setting
from rostersync.explaining.enrollments import enrollment_rows
from rostersync.explaining.holds import without_effect
from rostersync.explaining.rows import UNKNOWN, Explained, Place, Reason, Setting, last, listed, place_of, shown, when
from rostersync.model.night import CLASS_IMPORT
from rostersync.model.notes import Code
from rostersync.model.record import ClassFacts, Event

if TYPE_CHECKING:
    from rostersync.settings import Policy

CLASSES_FILE = "classes.csv"
_BY_HAND = Reason("R-K5", "The class was made by hand: a sync leaves it alone.", "Edit it here.")


def class_rows(facts: ClassFacts, policy: Policy) -> list[Explained]:
    """One row per value of a class, its status, and its enrollments."""
    row = facts.row
    place = place_of(row, CLASSES_FILE)
    restore = setting(policy, listed(row["school_id"]), "restore_classes")
    return [
        _status(facts, place, restore),
        _title(facts, place),
        *(_field(facts, field, place) for field in CLASS_IMPORT if field != "title" and _ever(facts, field)),
        *enrollment_rows(facts.memberships, facts.circle, "user_id"),
    ]


def _ever(facts: ClassFacts, field: str) -> bool:
    return bool(facts.row[field]) or last(facts.events, field) is not None


def _status(facts: ClassFacts, place: Place, restore: Setting) -> Explained:
    event = last(facts.events, "status")
    run, edited = when(event, facts.row["added_run"])
    reason = _status_reason(facts, event, restore)
    return Explained("status", "status", str(facts.row["status"]), None, reason, place, run, edited)


def _status_reason(facts: ClassFacts, event: Event | None, restore: Setting) -> Reason:
    row = facts.row
    if row["origin"] != "sis":
        return _BY_HAND
    gone = "Take the row out of classes.csv, or mark it tobedeleted: the next sync archives the class."
    if row["status"] == "active":
        if event is not None and event.code == Code.RETURNED.value:
            return Reason("R-K2", "It was archived and is back in the import.", gone, (restore,))
        return Reason("R-K1", "It is in the import, and no run has found it gone.", gone)
    if any(code == Code.CLASS_STAYS_ARCHIVED.value for code, _ in facts.notes):
        return Reason(
            "R-K2",
            "It is back in the import, and stays archived by the settings.",
            f"Set policy.restore_classes to true for school {row['school_id']}.",
            (restore,),
        )
    if event is not None and event.code == Code.LEFT_SIS.value:
        return Reason(
            "R-K1",
            "It is no longer in the import; its enrollments stay as they were that night.",
            "Put the row back into classes.csv: "
            + ("it is active again." if restore.value == "true" else "it stays archived by the settings (R-K2)."),
            (restore,),
        )
    return Reason(UNKNOWN, "The state does not say which run archived it.", "Put the row back into classes.csv.")


def _title(facts: ClassFacts, place: Place) -> Explained:
    row = facts.row
    run, edited = when(last(facts.events, "title"), row["added_run"])
    title, sis = shown(row["title"]), shown(row["sis_title"])
    if row["origin"] != "sis":
        reason, sis = _BY_HAND, None
    elif title != sis:
        run = None  # no run gave the class this title
        reason = Reason(
            "R-K3",
            "The title was edited here and stays; the SIS title is stored beside it.",
            f"Give it the SIS title here: rostersync classes rename {row['id']} with the SIS title, and it follows the "
            "SIS again.",
        )
    else:
        reason = _follows(facts, "title")
    return Explained("value", "title", title, sis, reason, place, run, edited)


def _field(facts: ClassFacts, field: str, place: Place) -> Explained:
    run, edited = when(last(facts.events, field), facts.row["added_run"])
    value = shown(facts.row[field])
    if facts.row["origin"] != "sis":
        return Explained("value", field, value, None, _BY_HAND, place, run, edited)
    return Explained("value", field, value, value, _follows(facts, field), place, run, edited)


def _follows(facts: ClassFacts, field: str) -> Reason:
    if field in facts.missing:
        return Reason(
            "R-V4", "The last import has no such column: the stored value stays.", "Add the column to the SIS export."
        )
    if field == "ends_on":
        return Reason(
            "R-K3",
            "The end of the last of its terms, by academicSessions.csv.",
            "Change the term's endDate in the SIS.",
        )
    return Reason("R-K3", "It follows the SIS.", "Change it in the SIS.")


def no_effect_of_class(status: Explained, facts: ClassFacts) -> Reason:
    """Why the last import's row of an archived class has no effect: what decides its status (R-K2)."""
    return status.reason if facts.row["status"] == "archived" else without_effect(facts.waiting)
