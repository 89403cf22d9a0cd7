"""What the guards say of a run, as summary.json has it (contract.md, Reports)."""

from __future__ import annotations

from collections.abc import Mapping

from rostersync.model.guards import Judgement
from rostersync.model.report import SchoolRemovals, TrippedGuard

NO_SCHOOL = "no school"


def removals_by_school(judgement: Judgement, orgs: Mapping[str, str]) -> dict[str, dict[str, SchoolRemovals]]:
    """Kind -> school id -> how many records this run would archive, remove or end there, and how many it may."""
    return {
        kind: {
            school: SchoolRemovals(school=_name(school, orgs), tried_to_remove=tried.count, allowed=tried.allowed)
            for school, tried in at_schools.items()
        }
        for kind, at_schools in judgement.tried.items()
    }


def tripped_guards(judgement: Judgement, orgs: Mapping[str, str]) -> tuple[TrippedGuard, ...]:
    """The guards that tripped, with names of schools."""
    return tuple(
        TrippedGuard(
            what=trip.what,
            kind=trip.kind,
            school_id=trip.school_id,
            school=_name(trip.school_id, orgs),
            count=trip.count,
            total=trip.total,
            limit=trip.limit,
        )
        for trip in judgement.trips
    )


def _name(school_id: str, orgs: Mapping[str, str]) -> str:
    return orgs.get(school_id) or school_id or NO_SCHOOL
