"""Which school a record belongs to when guards count it (policies.md R-D1).

Every function gives `row` (label in the night's frame), `school_id`: one row per record and school, "" for a record
without any school, so that no record escapes the guards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.policies.people import GUARDIAN

if TYPE_CHECKING:
    import pandas as pd


def of_users(users: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """Guardians: the schools of their students, else their own orgs; other people: all of theirs.

    `users` are rows of the decided users.
    """
    import pandas as pd

    guardians = users["kind"] == GUARDIAN
    own = listed(users.loc[~guardians, "to_school_ids"])
    if not guardians.any():
        return own
    pairs = decisions.pairs
    ended_while_held = users.index[guardians & users["guard_held"]]
    related = (pairs["stored"] == "current") | (pairs["to"] == "current") | (pairs["counted"] & pairs["student_in"])
    related |= pairs["guardian"].isin(ended_while_held) & (pairs["stored"] == "ended") & pairs["student_in"]
    through = pairs[related & pairs["guardian"].isin(users.index[guardians])]
    lists = decisions.people["to_school_ids"].reindex(through["student"])
    found = listed(lists.set_axis(through["guardian"].to_numpy()))
    found = found[found["school_id"] != ""]
    others = users.loc[guardians & ~users.index.isin(found["row"]), "to_school_ids"]
    return pd.concat([own, found, listed(others)], ignore_index=True)


def of_classes(classes: pd.DataFrame) -> pd.DataFrame:
    """The class's school."""
    return listed(classes["to_school_id"])


def of_enrollments(enrollments: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """The school of the class."""
    schools = decisions.classes["to_school_id"].take(enrollments["class_at"].to_numpy())
    return _frame(enrollments.index, schools)


def of_pairs(pairs: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """The schools of the student."""
    return listed(decisions.people["to_school_ids"].reindex(pairs["student"]).set_axis(pairs.index))


def listed(lists: pd.Series) -> pd.DataFrame:
    """Comma-separated school ids as rows."""
    if lists.empty:
        return _frame(lists.index, lists)
    parts = lists.fillna("").str.split(",").explode()
    return _frame(parts.index, parts.astype("str")).drop_duplicates()


def _frame(rows: pd.Index, schools: pd.Series) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({"row": rows.to_numpy(), "school_id": schools.to_numpy()})
    return frame.astype({"row": "int64", "school_id": "str"})
