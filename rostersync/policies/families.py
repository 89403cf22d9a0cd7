"""Who is current: staff, students and guardians who come, leave and return (policies.md R-U8, R-U9, *Families*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.night import BASE, VALID
from rostersync.model.notes import Code
from rostersync.policies.people import GUARDIAN, STUDENT

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


def relate(users: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`users` with `related`, `in_sis` and `by_waiting`, `pairs` with what is needed of both ends.

    `by_waiting`: related to a student who is known only by a rejected row; nothing else will say when that row goes.

    A guardian is in the SIS when in the import and related there to a student in the import. Of guardians who are
    not managed the stored guardianships decide (R-G4). Adds to `pairs` (bool): `student_in`, `guardian_in`,
    `guardian_base`, `student_base`, `managed`, `by_guardian_role` (the guardian rules decide the guardian's status).
    """
    guardian, student = pairs["guardian"].to_numpy(), pairs["student"].to_numpy()
    in_import, base = users["in_import"].to_numpy(), (users["presence"] == BASE).to_numpy()
    managed = users["managed"].to_numpy()
    pairs = pairs.assign(
        student_in=in_import[student],
        guardian_in=in_import[guardian],
        student_base=base[student],
        guardian_base=base[guardian],
        managed=managed[guardian],
        by_guardian_role=(users["kind"] == GUARDIAN).to_numpy()[guardian],
    )
    by_sis = (pairs["stored"] == "current") & (pairs["origin"] == "sis")  # manual ones keep no family (R-F5)
    relates = pairs["student_in"] & pairs["counted"].where(pairs["managed"], by_sis)
    related = _any_pair(users, pairs["guardian"], relates)
    waiting = base & ~users["known"].to_numpy()
    return users.assign(
        related=related,
        in_sis=related & (in_import | ~managed),
        by_waiting=_any_pair(users, pairs["guardian"], pairs["counted"] & waiting[student]),
    ), pairs


def _any_pair(users: pd.DataFrame, ends: pd.Series, which: pd.Series) -> np.ndarray:
    """Per user: whether any of the pairs in question has them at this end."""
    import numpy as np

    found = np.zeros(len(users), dtype=bool)
    found[ends.to_numpy()[which.to_numpy(dtype=bool)]] = True
    return found


def decide_status(users: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """`users` with `to_status` ("" for who is not added) and `status_code` ("" where the status stays).

    `users` as `relate` gives it. Whoever is new and waits (a rejected row), is not managed or has no student keeps
    "" (R-V2, R-G4, R-C5). Who only stands by keeps the status, and so does whom a guard holds (R-D2). Adds
    `to_family_left` (bool): a student whose family was abandoned, so that the mode of that night stands (R-F7).
    """
    users = users.assign(to_status=users["roster_status"], status_code="")
    users["status_code"] = users["status_code"].astype("str")
    own = users["known"] & (users["origin"] == "sis") & users["decided"]
    current = users["roster_status"] == "current"
    guardian = users["kind"] == GUARDIAN
    here = users["in_import"].mask(guardian, users["in_sis"])
    returns = own & ~current & here & users["managed"]
    free = users["guard"] == 0
    leaves = own & current & ~users["in_import"] & ~guardian & free
    abandoned = own & _abandoned_students(users, pairs)
    extreme = users["set_abandoned_families"] == "extreme"
    users = _set(users, returns, "current", Code.RETURNED)
    users = _set(users, leaves, "archived", Code.LEFT_SIS)
    users = _set(users, leaves & abandoned, "archived", Code.FAMILY_LEFT)
    users = _set(users, abandoned & extreme, "removed", Code.FAMILY_LEFT)
    users = users.assign(to_family_left=(users["family_left"] | abandoned) & (users["to_status"] != "current"))
    users = _guardians_who_leave(users, pairs, abandoned)
    comes = ~users["known"] & (users["presence"] == VALID) & users["managed"] & users["decided"] & free
    withheld = comes & guardian & ~users["related"]
    users = _set(users, comes & ~withheld, "current", Code.NEW)
    users["status_code"] = users["status_code"].mask(withheld, Code.NO_STUDENT.value)
    return users


def _abandoned_students(users: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Students whose family is abandoned tonight: those who leave, and siblings who left while the family stayed."""
    left = (users["roster_status"] == "current") | ((users["roster_status"] == "archived") & ~users["family_left"])
    left &= (users["kind"] == STUDENT) & ~users["in_import"] & (users["guard"] == 0)
    return left & ~_has_guardian_in_sis(users, pairs)


def _set(users: pd.DataFrame, which: pd.Series, status: str, code: Code) -> pd.DataFrame:
    return users.assign(
        to_status=users["to_status"].mask(which, status),
        status_code=users["status_code"].mask(which, code.value),
    )


def _has_guardian_in_sis(users: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Per user: whether one of his stored `sis` guardians is in the SIS; manual ones never count (R-F5).

    Whom a guard holds, or whose student, has not left: the family is not decided before that (R-D2).
    """
    stored = (pairs["stored"] == "current") & (pairs["origin"] == "sis")
    held = (users["guard"] > 0).to_numpy()
    stands = users["in_sis"] | held | _any_pair(users, pairs["guardian"], stored & held[pairs["student"].to_numpy()])
    counts = (stands & (users["origin"] == "sis")).to_numpy()[pairs["guardian"].to_numpy()]
    stays = stored & counts
    return _any_pair(users, pairs["student"], stays)


def _guardians_who_leave(users: pd.DataFrame, pairs: pd.DataFrame, abandoned: pd.Series) -> pd.DataFrame:
    """Guardians not in the SIS any more: R-F4, R-F1 to R-F3, and those without any guardianship.

    A rejected or unreadable row archives nobody (R-V3).
    """
    student = pairs["student"].to_numpy()
    stored = pairs["stored"] == "current"

    def of_any(students: pd.Series) -> np.ndarray:
        return _any_pair(users, pairs["guardian"], stored & students.to_numpy(dtype=bool)[student])

    of_imported = of_any(users["in_import"])
    of_nobody_current = ~of_imported & ~of_any(users["to_status"] == "current")
    of_anybody = _any_pair(users, pairs["guardian"], stored)
    gone = (
        users["known"]
        & users["decided"]
        & (users["origin"] == "sis")
        & (users["kind"] == GUARDIAN)
        & users["managed"]
        & ~users["in_sis"]
        & (users["presence"] != BASE)
        & (users["guard"] == 0)
    )
    leaves = gone & (users["roster_status"] == "current")
    left_child = leaves & of_imported
    family_gone = leaves & of_anybody & of_nobody_current
    # A guard held it the night their last guardianship ended; nothing else remembers.
    alone = leaves & ~of_anybody & (~users["in_import"] | users["guard_held"])
    users = _set(users, left_child | family_gone | alone, "archived", Code.GUARDIAN_LEFT)
    users = _set(users, family_gone & of_any(abandoned), "archived", Code.FAMILY_LEFT)

    is_removed = users["to_status"] == "removed"
    all_extreme = ~of_any(abandoned & ~is_removed)
    removed = (left_child | family_gone) & of_any(is_removed)
    # Who left before the family was abandoned goes with it: the mode is that of tonight.
    removed |= gone & (users["roster_status"] == "archived") & of_nobody_current & of_any(abandoned & is_removed)
    return _set(users, removed & all_extreme, "removed", Code.FAMILY_LEFT)
