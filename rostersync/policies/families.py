"""Who is current: staff, students and guardians who come, leave and return (policies.md R-U8, R-U9, *Families*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.night import BASE, VALID
from rostersync.model.notes import Code
from rostersync.policies.people import GUARDIAN, STUDENT

if TYPE_CHECKING:
    import pandas as pd


def relate(users: pd.DataFrame, pairs: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`users` with `related` and `in_sis`, `pairs` with what is needed of both ends.

    A guardian is in the SIS when in the import and related there to a student in the import. Of guardians who are
    not managed the stored guardianships decide (R-G4). Adds to `pairs`: `student_in`, `guardian_in`, `managed`,
    `guardian_kind`, `relates`.
    """
    people = users.set_index("id")
    pairs = pairs.assign(
        student_in=pairs["student_id"].map(people["in_import"]).astype(bool),
        guardian_in=pairs["guardian_id"].map(people["in_import"]).astype(bool),
        guardian_base=pairs["guardian_id"].map(people["presence"] == BASE).astype(bool),
        student_base=pairs["student_id"].map(people["presence"] == BASE).astype(bool),
        managed=pairs["guardian_id"].map(people["managed"]).astype(bool),
        guardian_kind=pairs["guardian_id"].map(people["kind"]),
    )
    relates = pairs["student_in"] & pairs["counted"].where(pairs["managed"], pairs["stored"] == "current")
    pairs = pairs.assign(relates=relates)
    related = users["id"].isin(pairs.loc[relates, "guardian_id"])
    in_sis = related & (users["in_import"] | ~users["managed"])
    return users.assign(related=related, in_sis=in_sis), pairs


def decide_status(users: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """`users` with `to_status` ("" for who is not added) and `status_code` ("" where the status stays).

    `users` as `relate` gives it. Whoever is new and waits (a rejected row), is not managed or has no student keeps
    "" (R-V2, R-G4, R-C5).
    """
    users = users.assign(to_status=users["roster_status"], status_code="")
    users["status_code"] = users["status_code"].astype("str")
    own = users["known"] & (users["origin"] == "sis")
    current = users["roster_status"] == "current"
    guardian = users["kind"] == GUARDIAN
    here = users["in_import"].mask(guardian, users["in_sis"])
    returns = own & ~current & here & users["managed"]
    leaves = own & current & ~users["in_import"] & ~guardian
    abandoned = leaves & (users["kind"] == STUDENT) & ~_has_guardian_in_sis(users, pairs)
    users = _set(users, returns, "current", Code.RETURNED)
    users = _set(users, leaves, "archived", Code.LEFT_SIS)
    users = _set(users, abandoned, "archived", Code.FAMILY_LEFT)
    users = _guardians_who_leave(users, pairs, abandoned)
    comes = ~users["known"] & (users["presence"] == VALID) & users["managed"]
    withheld = comes & guardian & ~users["related"]
    users = _set(users, comes & ~withheld, "current", Code.NEW)
    users["status_code"] = users["status_code"].mask(withheld, Code.NO_STUDENT.value)
    return users


def _set(users: pd.DataFrame, which: pd.Series, status: str, code: Code) -> pd.DataFrame:
    return users.assign(
        to_status=users["to_status"].mask(which, status),
        status_code=users["status_code"].mask(which, code.value),
    )


def _has_guardian_in_sis(users: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Per user: whether one of his stored `sis` guardians is in the SIS; manual ones never count (R-F5)."""
    guardians = users.loc[users["in_sis"] & (users["origin"] == "sis"), "id"]
    stays = (pairs["stored"] == "current") & (pairs["origin"] == "sis") & pairs["guardian_id"].isin(guardians)
    return users["id"].isin(pairs.loc[stays, "student_id"])


def _guardians_who_leave(users: pd.DataFrame, pairs: pd.DataFrame, abandoned: pd.Series) -> pd.DataFrame:
    """Guardians not in the SIS any more: R-F4, R-F1 and R-F3, and those without any guardianship.

    A rejected or unreadable row archives nobody (R-V3).
    """
    stored = pairs[pairs["stored"] == "current"]
    current_students = users.loc[(users["to_status"] == "current") & (users["roster_status"] != ""), "id"]
    of_imported = users["id"].isin(stored.loc[stored["student_in"], "guardian_id"])
    of_current = users["id"].isin(stored.loc[stored["student_id"].isin(current_students), "guardian_id"])
    of_abandoned = users["id"].isin(stored.loc[stored["student_id"].isin(users.loc[abandoned, "id"]), "guardian_id"])
    of_anybody = users["id"].isin(stored["guardian_id"])
    gone = (
        users["known"]
        & (users["origin"] == "sis")
        & (users["roster_status"] == "current")
        & (users["kind"] == GUARDIAN)
        & users["managed"]
        & ~users["in_sis"]
        & (users["presence"] != BASE)
    )
    left_child = gone & of_imported
    family_gone = gone & ~of_imported & of_anybody & ~of_current
    alone = gone & ~of_anybody & ~users["in_import"]
    users = _set(users, left_child | family_gone | alone, "archived", Code.GUARDIAN_LEFT)
    return _set(users, family_gone & of_abandoned, "archived", Code.FAMILY_LEFT)
