"""What a run removes, per kind and school (contract.md, summary.json)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.model.report import SchoolRemovals

if TYPE_CHECKING:
    import pandas as pd

    from rostersync.model.decisions import Decisions

_KINDS = {"student": "students", "guardian": "guardians", "staff": "staff"}


def removals_by_school(decisions: Decisions, orgs: Mapping[str, str]) -> dict[str, dict[str, SchoolRemovals]]:
    """Kind -> school id -> how many records of the SIS are archived, removed or ended there tonight.

    Schools as policies.md R-D1 has them: a guardian belongs to those of their students (else their own), a
    guardianship to its student's, an enrollment to its class's, other people to all of theirs. Of guardianships only
    those count that leave a student in the import without any guardian. `allowed` is None: nothing limits it.
    """
    users, pairs = decisions.users, decisions.pairs
    moved = (users["roster_status"] != "") & (users["roster_status"] != users["to_status"])
    left = users[moved & users["to_status"].isin(["archived", "removed"])]
    removed = {kind: left.loc[left["kind"] == word, "to_school_ids"] for word, kind in _KINDS.items()}
    removed["guardians"] = _schools_of_guardians(left[left["kind"] == "guardian"], pairs, decisions.people)
    classes = decisions.classes
    gone = classes[(classes["status"] == "active") & (classes["to_status"] == "archived")]
    removed["classes"] = gone["to_school_id"]
    ended = decisions.enrollments[
        (decisions.enrollments["stored"] == "current") & (decisions.enrollments["to"] == "ended")
    ]
    removed["enrollments"] = classes["to_school_id"].take(ended["class_at"].to_numpy())
    ended_pairs = pairs[(pairs["stored"] == "current") & (pairs["to"] == "ended")]
    guarded = pairs["student"].isin(pairs.loc[pairs["to"] == "current", "student"])
    alone = ended_pairs[~guarded[ended_pairs.index]]
    removed["guardianships"] = _schools_of(alone["student_id"].drop_duplicates(), decisions.people)
    return {kind: _tally(lists, orgs) for kind, lists in removed.items()}


def _schools_of(ids: pd.Series, users: pd.DataFrame) -> pd.Series:
    """The schools of a few users."""
    return ids.map(users[users["id"].isin(ids)].set_index("id")["to_school_ids"])


def _schools_of_guardians(left: pd.DataFrame, pairs: pd.DataFrame, users: pd.DataFrame) -> pd.Series:
    if left.empty:
        return left["to_school_ids"]
    through = pairs[pairs["guardian_id"].isin(left["id"]) & (pairs["stored"] == "current")]
    joined = _schools_of(through["student_id"], users).fillna("").groupby(through["guardian_id"]).agg(",".join)
    found = left["id"].map(joined)
    return found.where(found.notna() & (found != ""), left["to_school_ids"])


def _tally(lists: pd.Series, orgs: Mapping[str, str]) -> dict[str, SchoolRemovals]:
    distinct = lists.dropna().map(lambda schools: sorted(set(schools.split(",")) - {""}))
    counts = distinct.explode().dropna().value_counts()
    return {
        str(school): SchoolRemovals(
            school=orgs.get(str(school)) or str(school), tried_to_remove=int(count), allowed=None
        )
        for school, count in counts.items()
    }
