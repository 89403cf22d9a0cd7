"""Which guardianships begin and end (policies.md R-G1 to R-G4, R-F4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.notes import Code

if TYPE_CHECKING:
    import pandas as pd


def decide_guardianships(users: pd.DataFrame, pairs: pd.DataFrame, *, agents_missing: bool) -> pd.DataFrame:
    """`pairs` with `to` ("", current, ended) and `code` ("" where nothing changes).

    `users` carries `to_status` of tonight, "" for those who are not in the state afterwards.
    """
    current = pairs["stored"] == "current"
    ours = current & (pairs["origin"] == "sis") & pairs["managed"]
    unnamed = (
        pairs["student_in"]
        & pairs["guardian_in"]
        & ~pairs["counted"]
        & ~pairs["guardian_base"]
        & ~pairs["student_base"]
    )
    if agents_missing:
        unnamed &= False
    guardian_gone = pairs["student_in"] & ~pairs["guardian_in"] & pairs["by_guardian_role"]
    free = pairs["guard"] == 0
    ends = ours & (unnamed | guardian_gone) & free
    there = (users["to_status"] == "current").to_numpy()
    begins = (
        ~current
        & free
        & pairs["asserted"]
        & pairs["managed"]
        & pairs["student_in"]
        & pairs["guardian_in"]
        & there[pairs["guardian"].to_numpy()]
        & there[pairs["student"].to_numpy()]
    )
    code = pairs["stored"].mask(current | ~begins, "").mask(begins & (pairs["stored"] == ""), Code.NEW.value)
    code = code.mask(begins & (pairs["stored"] == "ended"), Code.RETURNED.value)
    return pairs.assign(
        to=pairs["stored"].mask(ends, "ended").mask(begins, "current"),
        code=code.mask(ends, Code.GUARDIANSHIP_ENDED.value),
    )
