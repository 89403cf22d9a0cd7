"""Why somebody of the last import is not in the directory, or a row has no effect (R-C1, R-C5, R-G4, R-V3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.explaining.deciding import GUARDIAN, kind_of, mobile_and_phone, setting
from rostersync.explaining.holds import FILES, findings, held_reason, without_effect
from rostersync.explaining.rows import Explained, Place, Reason, listed, named, shown
from rostersync.model.notes import Code
from rostersync.model.record import Waiting, WaitingFacts

if TYPE_CHECKING:
    from rostersync.settings import Policy

_SHOWN = ("role", "school_ids", "given_name", "family_name", "title", "school_id")


def waiting_rows(facts: WaitingFacts, policy: Policy) -> list[Explained]:
    """Why the row waits, who has the credentials it wants, and what the row says."""
    waiting = facts.waiting
    place = Place(FILES[waiting.kind], waiting.line, waiting.run)
    rows = [Explained("waiting", "added", None, None, _reason(facts, policy), place, waiting.run)]
    if waiting.code == Code.NO_UNIQUE_CREDENTIAL.value:
        rows += [_credential(facts, policy, field, value, place) for field, value in _wanted(facts, policy)]
    rows += [_relation(facts, other, place) for other in facts.relations]
    reason = Reason("Import", "The last import says so; the directory has no such record.", "Change it in the SIS.")
    rows += [
        Explained("row", field, None, str(waiting.cells[field]), reason, place)
        for field in _SHOWN
        if waiting.cells.get(field)
    ]
    return rows


def _reason(facts: WaitingFacts, policy: Policy) -> Reason:
    waiting = facts.waiting
    if waiting.code == Code.NO_UNIQUE_CREDENTIAL.value:
        return Reason(
            "R-C1",
            "A guardian who would hold no e-mail and no mobile of their own is not added. "
            + ("The SIS gives neither." if not _wanted(facts, policy) else "See each credential."),
            "Give the guardian an e-mail or a mobile in the SIS that nobody else has; as soon as one is unique, the "
            "next sync adds them.",
        )
    if waiting.code == Code.NO_STUDENT.value:
        return Reason(
            "R-C5",
            "A guardian with no student in the import is not added"
            + (
                f": {named(facts.relations)} is not there as a student."
                if facts.relations
                else ": no row relates them."
            ),
            "Name a student of the import in agentSourcedIds of either row.",
        )
    if waiting.code == Code.GUARD_HELD.value:
        return held_reason(waiting.notes)
    if "rejected" in waiting.cells:
        return Reason(
            "R-V2",
            f"The row was rejected, so that a new record waits.{findings(waiting)}",
            "Correct the row in the SIS.",
        )
    manage = setting(policy, _schools(facts), "manage_guardians")
    if waiting.kind == "users" and _is_guardian(waiting) and manage.value == "false":
        return Reason(
            "R-G4",
            "Guardians of the import are ignored here.",
            "Set policy.manage_guardians to true for every school of this guardian's students.",
            (manage,),
        )
    return without_effect(waiting)


def _is_guardian(waiting: Waiting) -> bool:
    return kind_of(waiting.cells.get("roles") or waiting.cells.get("role")) == GUARDIAN


def _schools(facts: WaitingFacts) -> list[str]:
    """The schools that rule: a guardian's are those of the students that are known."""
    if not _is_guardian(facts.waiting):
        return listed(facts.waiting.cells.get("school_ids"))
    people = (facts.circle.people[other] for other in facts.relations if other in facts.circle.people)
    return list(dict.fromkeys(school for person in people for school in listed(person["school_ids"])))


def _wanted(facts: WaitingFacts, policy: Policy) -> list[tuple[str, str]]:
    """The e-mail and the mobile that the row would give."""
    cells = facts.waiting.cells
    credential = setting(policy, _schools(facts), "phone_credential").value
    mobile, _ = mobile_and_phone(shown(cells.get("sms")), shown(cells.get("phone")), credential)
    wanted = (("email", shown(cells.get("email"))), ("mobile", mobile))
    return [(field, value) for field, value in wanted if value]


def _credential(facts: WaitingFacts, policy: Policy, field: str, value: str, place: Place) -> Explained:
    holders = facts.circle.holders.get((field, value), ())
    unique = setting(policy, _schools(facts), "unique_credentials")
    rivals = [each for each in facts.circle.wanted_by.get((field, value), ()) if each != facts.waiting.id]
    also = f" {named(rivals)} wants it too." if rivals else ""
    if holders:
        reason = _taken(facts, field, holders)
    elif unique.value == '"strict"':
        reason = Reason(
            "R-C3",
            f"Nobody has it; under the strict setting a credential that several want is given to none of them.{also}",
            f'Give each of them an own {field} in the SIS, or set policy.unique_credentials to "first-claim".',
            (unique,),
        )
    else:
        reason = Reason(
            "R-C1",
            f"Nobody has it now.{also}",
            "The next sync adds the guardian, unless somebody who goes first wants it too.",
        )
    return Explained("credential", field, f"held by {named(holders)}" if holders else None, value, reason, place)


def _taken(facts: WaitingFacts, field: str, holders: tuple[str, ...]) -> Reason:
    holder = facts.circle.people[holders[0]]
    keeps = "" if holder["state"] != "active" else f"; {holders[0]} is active and may keep it (R-U3): edit it there"
    return Reason(
        "R-C2",
        f"It belongs to {named(holders)}, {holder['role']}, {holder['roster_status']}: who has it and still wants it "
        "keeps it.",
        f"Give this guardian an own {field} in the SIS, or take it from {holders[0]} there{keeps}.",
    )


def _relation(facts: WaitingFacts, other_id: str, place: Place) -> Explained:
    other = facts.circle.people.get(other_id)
    said = "not in the directory" if other is None else f"{other['role']}, {other['roster_status']}"
    names = other_id in _agents(facts.waiting)
    return Explained(
        "guardianship",
        other_id,
        None,
        "this row" if names else "the other one's row",
        Reason(
            "R-G1",
            f"Related by agentSourcedIds; {other_id} is {said}.",
            "A guardianship begins once both are in the directory.",
        ),
        place if names else Place(),
    )


def _agents(waiting: Waiting) -> list[str]:
    rows = waiting.cells.get("rejected") or [waiting.cells]
    return [agent for row in rows for agent in listed(row.get("agents"))]
