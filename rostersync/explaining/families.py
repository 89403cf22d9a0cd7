"""Who is related to whom, which row says so, and why a guardianship ended (policies.md R-G1 to R-G4, R-F4, R-F5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.explaining.accounts import USERS_FILE, AccountView, is_managed
from rostersync.explaining.people import status_after
from rostersync.explaining.rows import UNKNOWN, Explained, Reason, last, listed, place_of, when
from rostersync.model.notes import Code
from rostersync.model.record import Event, Pair, Row

if TYPE_CHECKING:
    from rostersync.settings import Policy


def guardianship_rows(view: AccountView, policy: Policy) -> list[Explained]:
    """One row per guardianship of the user, as guardian or as student; `field` is the other one's id."""
    return [
        _guardianship(view, pair, policy)
        for pair in view.facts.circle.pairs
        if view.facts.id in {pair.guardian_id, pair.student_id}
    ]


def _guardianship(view: AccountView, pair: Pair, policy: Policy) -> Explained:
    people = view.facts.circle.people
    guardian, student = people[pair.guardian_id], people[pair.student_id]
    end, other = ("guardian", guardian) if pair.student_id == view.facts.id else ("student", student)
    event = last(pair.events, "status")
    run, edited = when(event, pair.added_run)
    naming = guardian if _names(guardian, student) and not _names(student, guardian) else student
    return Explained(
        "guardianship",
        f"{end} {other['id']}",
        f"{pair.status}, {other['roster_status']}" if other["roster_status"] != "current" else pair.status,
        _said_by(guardian, student) if pair.origin == "sis" else None,
        _reason(view, pair, event, policy),
        place_of(naming, USERS_FILE) if pair.origin == "sis" else place_of({"origin": "manual"}, USERS_FILE),
        run,
        edited,
    )


def _names(one: Row, other: Row) -> bool:
    return other["id"] in listed(one["agents"])


def _said_by(guardian: Row, student: Row) -> str:
    """Whose agentSourcedIds relate the two, by the last rows that were read."""
    match _names(guardian, student), _names(student, guardian):
        case True, True:
            return "both rows"
        case True, False:
            return "guardian's row"
        case False, True:
            return "student's row"
        case _:
            return "neither row"


def _reason(view: AccountView, pair: Pair, event: Event | None, policy: Policy) -> Reason:
    people = view.facts.circle.people
    guardian, student = people[pair.guardian_id], people[pair.student_id]
    if pair.origin != "sis":
        if pair.status == "ended":
            return Reason("Origin", "Ended by hand.", "Relate them again here: rostersync guardians add.")
        return Reason(
            "R-F5",
            "Related by hand: no sync ends it. It gives access only through a current student, and keeps no family "
            "from being gone.",
            f"End it here: rostersync guardians remove {pair.guardian_id} {pair.student_id}",
        )
    if not is_managed(guardian, view.facts, policy):
        return Reason(
            "R-G4",
            "Guardianships of the import are ignored here: the stored one stays as it is.",
            "Set policy.manage_guardians to true for every school of this guardian's students.",
            (view.manage,) if pair.guardian_id == view.facts.id else (),
        )
    if pair.status == "ended":
        return _ended(view, pair, event)
    if student["roster_status"] != "current":
        return Reason(
            "R-G3",
            "The student has left; the guardianship stays.",
            "It ends when both are in the import and neither row names the other.",
        )
    if "agents" in view.facts.missing:
        return Reason(
            "R-V4",
            "The last import has no column agentSourcedIds: the stored guardianship stays.",
            "Add the column to the SIS export.",
        )
    if not (_names(guardian, student) or _names(student, guardian)):
        return Reason(
            "R-D2",
            "Neither row names the other any more (agentSourcedIds); a guard held its end.",
            "Check the files; if they are right: rostersync sync --override-guards, or other limits under [guards].",
        )
    return Reason(
        "R-G1",
        f"Related by {_said_by(guardian, student)} (agentSourcedIds).",
        "Take the other one out of agentSourcedIds of both rows: the next sync ends it (R-G2).",
    )


def _ended(view: AccountView, pair: Pair, event: Event | None) -> Reason:
    again = "Name the other one in agentSourcedIds of either row."
    if event is not None and event.run is None:
        return Reason("Origin", "Ended by hand.", again)
    if event is None or event.run is None:
        return Reason(UNKNOWN, "The state does not say which run ended it.", again)
    gone = _guardian_was_gone(view, pair, event.run)
    if gone is None:
        return Reason(
            UNKNOWN,
            "It ended because neither row named the other any more (R-G2), or because the guardian's row was gone "
            "(R-F4): the state does not hold which.",
            again,
        )
    if gone:
        return Reason(
            "R-F4",
            "The guardian's row was gone from the import while the student's was there.",
            "Put the guardian's row back into users.csv and name the other one in agentSourcedIds.",
        )
    return Reason("R-G2", "Both were in the import and neither row named the other any more.", again)


def _guardian_was_gone(view: AccountView, pair: Pair, run: str) -> bool | None:
    """Whether the guardian's row was absent in the run that ended the pair; None where the state cannot tell.

    A guardian who was current before and after that run was in the import. One who was archived in it was written
    then, and `read_run` is that run only where a row of that night spoke.
    """
    guardian = view.facts.circle.people[pair.guardian_id]
    events = view.facts.circle.events[pair.guardian_id]
    if status_after(events, guardian, run) == "current":
        return False
    left = next((e for e in events if e.run == run and e.field == "roster_status"), None)
    if left is None:
        return True  # archived before: only a guardian who is absent has stayed so beside a student of the import
    read = guardian["read_run"]
    if left.code != Code.GUARDIAN_LEFT.value or read is None or read > run:
        return None
    return bool(read != run)
