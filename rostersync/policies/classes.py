"""Classes that come, change, vanish and return, and who is enrolled (policies.md, *Classes and enrollments*)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.night import ABSENT, CLASS_IMPORT, ENROLLMENT_VALUES, VALID
from rostersync.model.notes import Code

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from rostersync.settings import Policy


def decide_classes(classes: pd.DataFrame, missing: frozenset[str], policy: Policy) -> pd.DataFrame:
    """`classes` with `to_X` for every X of CLASS_IMPORT and sis_title, `to_status`, `status_code`, `title_kept`.

    `to_status` is "" for a class that is not added: a new one whose row was rejected waits.
    """
    values = {}
    for column in CLASS_IMPORT:
        speaks = classes["presence"] == VALID
        if column in missing:
            speaks &= False
        base = classes["sis_title"] if column == "title" else classes[column]
        values[f"to_{column}"] = classes[f"in_{column}"].where(speaks, base)
    edited = classes["known"] & (classes["title"] != classes["sis_title"])
    sis_title = values["to_title"]
    values["to_title"] = classes["title"].where(edited, sis_title)
    classes = classes.assign(**values, to_sis_title=sis_title, status_code="", to_status=classes["status"])
    classes["status_code"] = classes["status_code"].astype("str")

    ours = classes["known"] & (classes["origin"] == "sis")
    here = classes["presence"] != ABSENT
    back = ours & (classes["status"] == "archived") & here
    schools = {school: policy.of_school(school).restore_classes for school in classes["to_school_id"].unique()}
    restores = classes["to_school_id"].map(schools).astype(bool)
    outcomes = (
        (~classes["known"] & (classes["presence"] == VALID), "active", Code.NEW),
        (ours & (classes["status"] == "active") & ~here & (classes["guard"] == 0), "archived", Code.LEFT_SIS),
        (back & restores, "active", Code.RETURNED),
        (back & ~restores, "archived", Code.CLASS_STAYS_ARCHIVED),
    )
    for which, status, code in outcomes:
        classes["to_status"] = classes["to_status"].mask(which, status)
        classes["status_code"] = classes["status_code"].mask(which, code.value)
    classes["title_kept"] = (
        edited & here & (classes["origin"] == "sis") & (classes["to_title"] != classes["to_sis_title"])
    )
    return classes


def decide_enrollments(
    enrollments: pd.DataFrame, classes: pd.DataFrame, users: pd.DataFrame, missing: frozenset[str]
) -> pd.DataFrame:
    """`enrollments` with `to` ("", current, ended), `to_is_primary` and the like, `code`, `waits`, `held`.

    `waits` marks rows that have no effect tonight and must be looked at again: of a class or user that is not there
    (R-V2), or that left; `held` those that stay because the file has rows that cannot be told apart (R-V3). In an
    archived class everything stays as it was (R-K1), but for who is removed (R-F2).

    What somebody enrolled by hand stays a manual one beside a row of the SIS (R-K4); it ends with its person (R-F6),
    `to_ended_with_person`, and comes back with them where the class is active (R-U9). Once ended otherwise it is the
    SIS's, `to_origin`, from the night on in which a row says it.
    """
    class_at, user_at = enrollments["class_at"].to_numpy(), enrollments["user_at"].to_numpy()
    bystander = enrollments["bystander_status"]
    active = _owned(class_at, classes["to_status"] == "active")
    here = _owned(class_at, (classes["presence"] != ABSENT) & ~classes["held"])
    there = _owned(user_at, users["to_status"] == "current") | (bystander == "current").to_numpy()
    left = _owned(user_at, users["to_status"].isin(["archived", "removed"]))
    left |= bystander.isin(["archived", "removed"]).to_numpy()
    removed = _owned(user_at, users["to_status"] == "removed") | (bystander == "removed").to_numpy()
    current = enrollments["stored"] == "current"
    manual = enrollments["origin"] == "manual"

    returns = _owned(
        user_at, users["known"] & (users["roster_status"] != "current") & (users["to_status"] == "current")
    )
    restored = manual & ~current & enrollments["ended_with_person"] & returns & active
    begins = (enrollments["asserted"] & active & here & there & ~current) | restored
    unsaid = current & active & here & ~manual & ~enrollments["asserted"]
    ends_with_row = unsaid & ~enrollments["protected"]
    ends_with_person = current & ((active & left) | removed)
    ends = (ends_with_row | ends_with_person) & (enrollments["guard"] == 0)
    taken_over = manual & begins & ~restored
    reflected = enrollments["asserted"] & active & there & (current | begins)
    follows = reflected & (~manual | taken_over)
    code = enrollments["stored"].mask(~begins, "").mask(begins & (enrollments["stored"] == ""), Code.NEW.value)
    code = code.mask(begins & (enrollments["stored"] == "ended"), Code.RETURNED.value)
    values = {
        f"to_{column}": enrollments[column]
        if column in missing  # such a column says nothing (R-V4)
        else enrollments[f"in_{column}"].where(follows, enrollments[column])
        for column in ENROLLMENT_VALUES
    }
    return enrollments.assign(
        **values,
        to=enrollments["stored"].mask(begins, "current").mask(ends, "ended"),
        code=code.mask(ends, Code.ENROLLMENT_ENDED.value),
        to_origin=enrollments["origin"].mask(taken_over, "sis"),
        to_ended_with_person=(enrollments["ended_with_person"] & ~returns) | (manual & active & ends),
        waits=enrollments["asserted"] & ~reflected,
        held=unsaid & ~ends & enrollments["unreadable"],
    )


def _owned(places: np.ndarray, values: pd.Series) -> np.ndarray:
    """Per enrollment: the value of its class or user, False where that is not in scope."""
    import numpy as np

    padded = np.append(values.to_numpy(dtype=bool), False)
    owned: np.ndarray = padded[places]
    return owned
