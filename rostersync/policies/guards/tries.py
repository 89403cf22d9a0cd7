"""What a night would remove, add or change, what is held of it already among it (policies.md R-D1, R-D2, R-D5).

Rows of the decisions' frames; a row with a `guard` was tried in an earlier round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.decisions import Decisions
from rostersync.policies.guards import schools

if TYPE_CHECKING:
    import pandas as pd

PEOPLE = {"students": "student", "guardians": "guardian", "staff": "staff"}
"""Kind of a guard -> the rules' word."""


def removed_users(decisions: Decisions) -> pd.DataFrame:
    """Users of the SIS that would be archived or removed; who left before may be removed with the family (R-F7)."""
    users = decisions.users
    goes = (users["roster_status"] == "current") & users["to_status"].isin(["archived", "removed"])
    goes |= (users["roster_status"] == "archived") & (users["to_status"] == "removed")
    return users[users["known"] & (users["origin"] == "sis") & (goes | (users["guard"] > 0))]


def new_users(decisions: Decisions) -> pd.DataFrame:
    """Users that would be added."""
    users = decisions.users
    return users[~users["known"] & ((users["to_status"] == "current") | (users["guard"] > 0))]


def removed_classes(decisions: Decisions) -> pd.DataFrame:
    """Classes of the SIS that would be archived."""
    classes = decisions.classes
    goes = (classes["status"] == "active") & (classes["to_status"] == "archived")
    return classes[(classes["origin"] == "sis") & (goes | (classes["guard"] > 0))]


def ended_enrollments(decisions: Decisions) -> pd.DataFrame:
    """Enrollments of the SIS that would end."""
    enrollments = decisions.enrollments
    ends = (enrollments["stored"] == "current") & (enrollments["to"] == "ended") & (enrollments["origin"] == "sis")
    return enrollments[ends | (enrollments["guard"] > 0)]


def ended_pairs(decisions: Decisions) -> pd.DataFrame:
    """Guardianships of the SIS that would end."""
    pairs = decisions.pairs
    ends = (pairs["to"] == "ended") & (pairs["origin"] == "sis")
    return pairs[(pairs["stored"] == "current") & (ends | (pairs["guard"] > 0))]


def new_pairs(decisions: Decisions, known: pd.Series) -> pd.DataFrame:
    """Guardianships that would begin between people known before; `known` says so by row of the night's users."""
    pairs = decisions.pairs
    guardians, students = (known.take(pairs[end].to_numpy()).set_axis(pairs.index) for end in ("guardian", "student"))
    begins = guardians & students & (pairs["to"] == "current")
    found: pd.DataFrame = pairs[(pairs["stored"] != "current") & (begins | (pairs["guard"] > 0))]
    return found


def changed_accounts(decisions: Decisions) -> pd.DataFrame:
    """`account_id`, `school_id` of current accounts of the SIS whose e-mail or mobile would change or be cleared."""
    table, users = decisions.accounts, decisions.users
    moved = table["guard"] > 0
    for name in ("email", "mobile"):
        moved |= (table[name] != "") & (table[name] != table[f"to_{name}"])
    accounts = table.loc[moved & ~table["new"] & table["current"], "account_id"]
    of = users["account_id"].isin(accounts) & (users["to_status"] == "current") & (users["origin"] != "manual")
    rows = schools.of_users(users[of], decisions)
    rows = rows.assign(account_id=users["account_id"].reindex(rows["row"]).to_numpy())
    return rows[["account_id", "school_id"]].drop_duplicates()


def removals(decisions: Decisions) -> dict[str, pd.DataFrame]:
    """Kind -> `row`, `school_id` of the removals that R-D1 counts.

    Of guardianships those that leave a student in the import without any guardian; of enrollments those in classes
    that are active before or after.
    """
    users = removed_users(decisions)
    found = {kind: schools.of_users(users[users["kind"] == word], decisions) for kind, word in PEOPLE.items()}
    found["classes"] = schools.of_classes(removed_classes(decisions))
    enrollments, classes = ended_enrollments(decisions), decisions.classes
    active = (classes["status"] == "active") | (classes["to_status"] == "active")
    counted = enrollments[active.take(enrollments["class_at"].to_numpy()).to_numpy()]
    found["enrollments"] = schools.of_enrollments(counted, decisions)
    pairs, ended = decisions.pairs, ended_pairs(decisions)
    begins = (pairs["stored"] != "current") & (pairs["guard"] > 0)  # held, with the endings beside it (R-D5)
    stays = pairs[((pairs["to"] == "current") | begins) & ~pairs.index.isin(ended.index)]
    found["guardianships"] = schools.of_pairs(ended[~ended["student"].isin(stays["student"])], decisions)
    return found
