"""What the SIS says of each person tonight (policies.md, *Users*, R-U5 to R-U6, R-V3, R-V4)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.model.night import ABSENT, SIS_CONTACTS, USER_IMPORT, VALID
from rostersync.policies.columns import by_value

if TYPE_CHECKING:
    import pandas as pd

BASE_OF = MappingProxyType({column: f"sis_{column}" if column in SIS_CONTACTS else column for column in USER_IMPORT})
"""Column of the import -> column of the state that holds its base."""

_INVALID_FLAG = {"email": "email_invalid", "sms": "sms_invalid", "telephone": "phone_invalid"}

STAFF, GUARDIAN, STUDENT = "staff", "guardian", "student"
KIND_RANK = MappingProxyType({STAFF: 0, GUARDIAN: 1, STUDENT: 2})
"""Who goes first where a credential or the lead of an account is wanted by several (R-C2, R-U10)."""


def sis_values(users: pd.DataFrame, missing: frozenset[str]) -> pd.DataFrame:
    """`users` with a column `to_X` for every X of USER_IMPORT: what the SIS says, or the base where it says nothing.

    The base speaks for rejected rows, for columns that the header does not have, and for an invalid e-mail or phone
    of somebody known. Adds `kind` (staff, guardian,
    student) and `in_import` (bool).
    """
    missing = frozenset("telephone" if column == "phone" else column for column in missing)
    values = {}
    for column in USER_IMPORT:
        speaks = users["presence"] == VALID
        if column in missing:
            speaks &= False
        if column in _INVALID_FLAG:
            speaks &= ~(users[_INVALID_FLAG[column]] & users["known"])
        if column == "enabled":
            speaks &= users["in_enabled"] != ""
        values[f"to_{column}"] = users[f"in_{column}"].where(speaks, users[BASE_OF[column]])
    values["to_school_ids"] = _same_set(values["to_school_ids"], users["school_ids"])
    users = users.assign(**values)
    return users.assign(
        kind=kinds(users["to_roles"]),
        in_import=users["presence"] != ABSENT,
    )


def _same_set(tonight: pd.Series, before: pd.Series) -> pd.Series:
    """Tonight's lists, but those of before where only the order differs: lists compare as sets."""
    moved = (tonight != before) & (before != "") & tonight.str.contains(",", regex=False)
    if not moved.any():
        return tonight
    reordered = [
        sorted(new.split(",")) == sorted(old.split(",")) for new, old in zip(tonight[moved], before[moved], strict=True)
    ]
    same = tonight[moved].index[reordered]
    return tonight.mask(tonight.index.isin(same), before)


def kinds(roles: pd.Series) -> pd.Series:
    """Which rules apply to a person with these roles: staff rules first, then a student's, then a guardian's.

    While a staff role stands the staff rules decide (policies.md, *Role*). A student who is a guardian too stays a
    student for leaving and returning: the row of a student is proof enough that he is there.
    """
    return by_value(roles, _kinds)


def _kinds(roles: pd.Series) -> pd.Series:
    staff = roles.str.contains("teacher", regex=False) | roles.str.contains("administrator", regex=False)
    student = roles.str.contains("student", regex=False)
    return roles.mask(~staff & ~student, GUARDIAN).mask(student, STUDENT).mask(staff, STAFF)


def has_guardian_role(roles: pd.Series) -> pd.Series:
    """Whether a guardian role is among comma-separated roles."""
    return roles.str.contains("guardian", regex=False)


def leave_alone(users: pd.DataFrame, untouched: pd.Series) -> pd.DataFrame:
    """`users` where the import says nothing of the `untouched` ones: not in it, base as it was."""
    values = {f"to_{column}": users[f"to_{column}"].mask(untouched, users[BASE_OF[column]]) for column in USER_IMPORT}
    return users.assign(**values, in_import=users["in_import"] & ~untouched)
