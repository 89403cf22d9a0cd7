"""The notes of what guards hold: one row per record (policies.md R-D2, R-D5; contract.md, Reports)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.model.night import ENROLLMENT_KEY
from rostersync.model.notes import Code, action_of

if TYPE_CHECKING:
    import pandas as pd


def held_notes(decisions: Decisions, texts: Mapping[int, str]) -> dict[str, pd.DataFrame]:
    """Per kind the key columns, `action`, `code`, `notes`; `texts` by the numbers of the columns `guard`."""
    users = decisions.users.assign(guard=held_people(decisions))
    return {
        "users": _rows(users, ("id",), texts),
        "classes": _rows(decisions.classes, ("id",), texts),
        "enrollments": _rows(decisions.enrollments, ENROLLMENT_KEY, texts),
        "guardianships": _rows(decisions.pairs, ("guardian_id", "student_id"), texts),
    }


def held_people(decisions: Decisions) -> pd.Series:
    """Per row of `users` the number of the note: who is held, and everybody on an account whose contacts are."""
    users, table = decisions.users, decisions.accounts
    held = table.loc[table["guard"] > 0].set_index("account_id")["guard"]
    if held.empty:
        return users["guard"]
    current = users["known"] & (users["to_status"] == "current")
    of_account = users["account_id"].where(current, 0).map(held).fillna(0).astype("int64")
    return users["guard"].where(users["guard"] > 0, of_account)


def _rows(frame: pd.DataFrame, keys: Sequence[str], texts: Mapping[int, str]) -> pd.DataFrame:
    held = frame.loc[frame["guard"] > 0, [*keys, "guard"]]
    notes = held["guard"].map(dict(texts)).astype("str")
    rows = held.assign(action=action_of(Code.GUARD_HELD).value, code=Code.GUARD_HELD.value, notes=notes)
    return rows[[*keys, "action", "code", "notes"]]
