"""Where each value of a record comes from: the rule, the setting, the run, the file and line (policies.md). Pure.

Everything follows from what is stored (model/record.py) and from the settings; where these cannot tell, the rule is
`unknown` and the sentence says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rostersync.explaining.accounts import account_of, account_rows
from rostersync.explaining.classes import class_rows, no_effect_of_class
from rostersync.explaining.contacts import contact_rows
from rostersync.explaining.deciding import schools_of
from rostersync.explaining.enrollments import enrollment_rows, waiting_enrollments
from rostersync.explaining.families import guardianship_rows
from rostersync.explaining.holds import differing_cells, held_rows, left_out, undone_rows
from rostersync.explaining.people import access_row, no_effect, sis_rows, status_row
from rostersync.explaining.rows import COLUMNS, Explained, Explanation, listed
from rostersync.explaining.waiting import waiting_rows
from rostersync.model.record import ClassFacts, PersonFacts, WaitingFacts

if TYPE_CHECKING:
    from rostersync.settings import Policy

__all__ = ["COLUMNS", "Explained", "Explanation", "explain_class", "explain_person", "explain_waiting"]


def explain_person(facts: PersonFacts, policy: Policy, include: Sequence[str] = ()) -> Explanation:
    """Everything about a user of the state; `include` are the schools that take part, none for all."""
    view = account_of(facts, policy)
    user = view.user
    status = str(user["roster_status"])
    state = "disabled" if user["disabled"] else user["state"]
    account, *linked = account_rows(view)
    classes = (member.school_class for member in facts.memberships if member.school_class is not None)
    statuses = {str(row["id"]): str(row["status"]) for row in classes}
    return Explanation(
        "user",
        facts.id,
        f"{user['role']}, {status}, account {state}, from {'the SIS' if user['origin'] == 'sis' else 'here'}",
        [
            left_out(status_row(view, policy), schools_of(user, facts.circle), include),
            *(held := held_rows(facts.waiting, facts.notes, status, no_effect(view))),
            *(differing_cells(facts.waiting, user, held[0].reason) if held else ()),
            account,
            *contact_rows(view),
            *sis_rows(view),
            access_row(view),
            *linked,
            *guardianship_rows(view, policy),
            *enrollment_rows(facts.memberships, facts.circle, "class_id"),
            *waiting_enrollments(facts.waiting_enrollments, statuses, "class_id"),
            *undone_rows(facts.undone),
        ],
    )


def explain_class(facts: ClassFacts, policy: Policy, include: Sequence[str] = ()) -> Explanation:
    """Everything about a class of the state; `include` as for a person."""
    row = facts.row
    status, *values = class_rows(facts, policy)
    status = left_out(status, listed(row["school_id"]), include)
    held = held_rows(facts.waiting, facts.notes, str(row["status"]), no_effect_of_class(status, facts))
    cells = differing_cells(facts.waiting, row, held[0].reason) if held else []
    values += waiting_enrollments(facts.waiting_enrollments, {str(row["id"]): str(row["status"])}, "user_id")
    rows = [status, *held, *cells, *values, *undone_rows(facts.undone)]
    return Explanation(
        "class", str(row["id"]), f"{row['status']}, from {'the SIS' if row['origin'] == 'sis' else 'here'}", rows
    )


def explain_waiting(facts: WaitingFacts, policy: Policy) -> Explanation:
    """Why a row of the last import is not in the directory."""
    kind = {"users": "user", "classes": "class"}[facts.waiting.kind]
    return Explanation(
        "waiting", facts.waiting.id, f"{kind} of the last import, not in the directory", waiting_rows(facts, policy)
    )
