"""Why somebody is current, archived or removed, and where the other SIS values come from (policies.md R-U6 to R-U9)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rostersync.explaining.accounts import USERS_FILE, AccountView, manual_reason
from rostersync.explaining.deciding import GUARDIAN, STAFF, STUDENT, kind_of, schools_of, setting
from rostersync.explaining.holds import without_effect
from rostersync.explaining.rows import UNKNOWN, Explained, Reason, last, listed, named, place_of, shown, when
from rostersync.model.notes import Code
from rostersync.model.record import Event, Pair, Row
from rostersync.model.roster import USER_DETAILS

if TYPE_CHECKING:
    from rostersync.settings import Policy

SIS_FIELDS = ("roles", "school_ids", *USER_DETAILS)
"""What follows the SIS in every state (R-U6)."""


def status_row(view: AccountView, policy: Policy) -> Explained:
    """Why the user is current, archived or removed."""
    user, facts = view.user, view.facts
    event = last(facts.circle.events[facts.id], "roster_status")
    run, edited = when(event, user["added_run"])
    return Explained(
        "status",
        "roster_status",
        str(user["roster_status"]),
        None,
        _status_reason(view, event, policy),
        place_of(user, USERS_FILE),
        run,
        edited,
    )


def _status_reason(view: AccountView, event: Event | None, policy: Policy) -> Reason:
    user = view.user
    if user["roster_status"] == "current":
        return _current(view, event)
    if event is not None and event.run is None:
        return Reason("Origin", f"It was decided by hand, by the {event.made_by}.", "Decide it again here.")
    if event is None:
        return Reason(UNKNOWN, "The state does not say which run decided this.", _BACK)
    match event.code:
        case Code.LEFT_SIS.value if kind_of(user["roles"]) == STAFF:
            return Reason("R-U8", "Staff who are no longer in the SIS import are archived.", _BACK)
        case Code.LEFT_SIS.value:
            return _left_not_abandoned(view, event)
        case Code.FAMILY_LEFT.value:
            return _family_left(view, event, policy)
        case Code.GUARDIAN_LEFT.value:
            return _guardian_left(view, event)
        case _:
            return Reason(UNKNOWN, f"Run {event.run} says {event.code or 'no code'} about it.", _BACK)


_BACK = "Put the row back into users.csv: the next sync makes them current again, with the same account (R-U9)."


def _current(view: AccountView, event: Event | None) -> Reason:
    user = view.user
    gone = f"Take the row out of users.csv, or mark it tobedeleted, and they are {_fate(view)}."
    if user["origin"] != "sis":
        return manual_reason("This person")
    if not view.managed:
        return Reason(
            "R-G4",
            "Guardians of the import are ignored here: the stored one stays, whatever becomes of the students.",
            "Set policy.manage_guardians to true for every school of this guardian's students.",
            (view.manage,),
        )
    if event is not None and event.code == Code.RETURNED.value:
        return Reason("R-U9", "Was away and is back in the SIS import.", gone)
    if event is not None and event.code not in {Code.RETURNED.value, None}:
        return Reason(UNKNOWN, f"Run {event.run} says {event.code} about it.", gone)
    return Reason("R-U1", "Was new in the SIS import, and no run has found them gone since.", gone)


def _fate(view: AccountView) -> str:
    kind = kind_of(view.user["roles"])
    if kind == STAFF:
        return "archived (R-U8)"
    return "archived or removed (R-F1 to R-F3)" if kind == STUDENT else "archived (R-F4)"


def _left_not_abandoned(view: AccountView, event: Event) -> Reason:
    """R-F3: a student who left while a guardian of theirs stays."""
    circle = view.facts.circle
    stayed = [
        pair.guardian_id
        for pair in _own_pairs(view, "student")
        if pair.origin == "sis" and _was_current(view, pair.guardian_id, event.run)
    ]
    siblings = sorted(
        {
            pair.student_id
            for pair in circle.pairs
            if pair.guardian_id in stayed
            and pair.student_id != view.facts.id
            and _was_current(view, pair.student_id, event.run)
        }
    )
    because = f" through {named(siblings)}" if siblings else ""
    who = f"guardian {named(stayed)} stayed in it{because}" if stayed else "a guardian stayed in it"
    return Reason(
        "R-F3", f"The student is no longer in the SIS import, and {who}: the student alone is archived.", _BACK
    )


def _family_left(view: AccountView, event: Event, policy: Policy) -> Reason:
    """R-F1 or R-F2; the mode is that of the night (R-F7)."""
    facts = view.facts
    rule, mode = ("R-F2", '"extreme"') if event.after == "removed" else ("R-F1", '"soft"')
    if kind_of(view.user["roles"]) == GUARDIAN:
        others = [pair.student_id for pair in _own_pairs(view, "guardian")]
        who = f"none of their students ({named(others)}) was current any more"
    else:
        others = [pair.guardian_id for pair in _own_pairs(view, "student") if pair.origin == "sis"]
        who = f"no guardian ({named(others)}) was in the SIS" if others else "no guardian from the SIS is known"
    now = setting(policy, schools_of(view.user, facts.circle), "abandoned_families")
    later = "" if now.value == mode else f" The setting is {now.value} now; what was decided stays (R-F7)."
    other = "extreme" if rule == "R-F1" else "soft"
    return Reason(
        rule,
        f"The family is no longer in the SIS import: {who}. The mode of that night decided.{later}",
        f'{_BACK} Other families that leave: policy.abandoned_families = "{other}".',
        (now,),
    )


def _guardian_left(view: AccountView, event: Event) -> Reason:
    """R-F4 where a student stayed, R-F3 where none did; or no guardianship was left."""
    pairs = _own_pairs(view, "guardian", every=True)
    ended = [pair.student_id for pair in pairs if _ended_in(pair, event.run)]
    kept = [pair.student_id for pair in pairs if pair.status == "current" and pair.student_id not in ended]
    if ended:
        return Reason(
            "R-F4",
            f"The guardian is no longer in the SIS, while {named(ended)} is still in the import.",
            f"Put the guardian's row back into users.csv and relate it to {named(ended)} in agentSourcedIds.",
        )
    if kept:
        return Reason(
            "R-F3",
            f"The guardian is not in the SIS any more and has no current student ({named(kept)} left, and another "
            "guardian of theirs stayed).",
            f"Put {named(kept)} back into users.csv, or relate the guardian to a student there.",
        )
    return Reason(
        "R-F4",
        "The guardian is absent from the import and has no guardianship any more.",
        "Put the guardian's row back into users.csv and relate it to a student in agentSourcedIds.",
    )


def _own_pairs(view: AccountView, end: str, *, every: bool = False) -> list[Pair]:
    pairs = [pair for pair in view.facts.circle.pairs if getattr(pair, f"{end}_id") == view.facts.id]
    return pairs if every else [pair for pair in pairs if pair.status == "current"]


def _ended_in(pair: Pair, run: str | None) -> bool:
    return any(event.run == run and event.after == "ended" for event in pair.events)


def _was_current(view: AccountView, user_id: str, run: str | None) -> bool:
    """Whether somebody was current after this run, by the changes since."""
    return status_after(view.facts.circle.events.get(user_id, ()), view.facts.circle.people[user_id], run) == "current"


def status_after(events: Iterable[Event], user: Row, run: str | None) -> str:
    """The roster status after a run: what it is now, with the changes of later runs taken back."""
    status = str(user["roster_status"])
    for event in events:
        if event.field == "roster_status" and event.run is not None and run is not None and event.run > run:
            status = str(event.before)
    return status


def no_effect(view: AccountView) -> Reason:
    """Why the last import's row of somebody known has no effect."""
    user, waiting = view.user, view.facts.waiting
    if not view.managed:
        return Reason(
            "R-G4",
            "The import counts for no guardian here: the stored one stays.",
            "Set policy.manage_guardians to true for every school of this guardian's students.",
            (view.manage,),
        )
    if user["roster_status"] != "current" and kind_of(user["roles"]) == GUARDIAN:
        return Reason(
            "R-C5",
            "The guardian's row is in the import, and no student of theirs is: they are not in the SIS.",
            "Name a student of the import in agentSourcedIds of either row: then they are current again (R-U9).",
        )
    return without_effect(waiting)


def sis_rows(view: AccountView) -> list[Explained]:
    """The values that follow the SIS in every state; those that are blank and always were are left out."""
    user, facts = view.user, view.facts
    rows = []
    for field in SIS_FIELDS:
        event = last(facts.circle.events[facts.id], field)
        if not user[field] and event is None:
            continue
        run, edited = when(event, user["added_run"])
        value = shown(user[field])
        sis = value if user["origin"] == "sis" else None
        rows.append(
            Explained("value", field, value, sis, _sis_reason(view, field), place_of(user, USERS_FILE), run, edited)
        )
    return rows


def _sis_reason(view: AccountView, field: str) -> Reason:
    if view.user["origin"] != "sis":
        return manual_reason("This person")
    if not view.managed:
        return Reason(
            "R-G4",
            "Guardians of the import are ignored here: the stored value stays.",
            "Set policy.manage_guardians to true for every school of this guardian's students.",
            (view.manage,),
        )
    if field in view.facts.missing:
        return Reason(
            "R-V4", "The last import has no such column: the stored value stays.", "Add the column to the SIS export."
        )
    if view.user["roster_status"] != "current":
        return Reason("R-U6", "The last SIS import that had this person said so.", "Change it in the SIS.")
    return Reason("R-U6", "It follows the SIS in every state.", "Change it in the SIS.")


def access_row(view: AccountView) -> Explained:
    """Which schools the user may see, and through whom."""
    value = ",".join(view.facts.access) or None
    return Explained("value", "school_access", value, None, _access_reason(view))


def _access_reason(view: AccountView) -> Reason:
    user, facts = view.user, view.facts
    if user["disabled"]:
        return Reason(
            "Access", "A disabled account has access to no school (R-U7).", "Set enabledUser to true in the SIS."
        )
    if user["roster_status"] != "current":
        return Reason("Access", f"Who is {user['roster_status']} has access to no school.", "See roster_status.")
    students = [
        pair.student_id
        for pair in _own_pairs(view, "guardian")
        if facts.circle.people[pair.student_id]["roster_status"] == "current"
    ]
    if "guardian" in listed(user["roles"]) and students:
        own = "their own schools and " if user["roles"] != "guardian" else ""
        return Reason(
            "Access",
            f"A current user may see {own}the schools of their current students: {named(students)}.",
            "Change agentSourcedIds of either row, or the students' schools, in the SIS.",
        )
    if user["roles"] == "guardian":
        return Reason(
            "Access",
            "A guardian has access to the schools of current students, and none of theirs is current.",
            "Relate the guardian to a student of the import in agentSourcedIds in the SIS.",
        )
    if facts.access:
        return Reason("Access", "A current user may see their own schools.", "Change the schools in the SIS.")
    return Reason("Access", "The SIS names no school for them.", "Name a school in orgSourcedIds in the SIS.")
