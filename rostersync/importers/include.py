"""Which schools take part: what `schools.include` leaves out is dropped, not rejected (policies.md R-V7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.model.roster import Roster

if TYPE_CHECKING:
    import polars as pl


def school_ids(roster: Roster) -> set[str]:
    """Every org id that the import knows: an org of its own, or named by a user or a class."""
    found = set(roster.orgs["sourced_id"].drop_nulls())
    if roster.users is not None:
        found |= set(roster.users["school_ids"].drop_nulls().cast(str).unique().str.split(",").explode())
    if roster.classes is not None:
        found |= set(roster.classes["school_id"].drop_nulls())
    return found


def include_schools(roster: Roster, include: Collection[str], named: pl.DataFrame) -> Roster:
    """The roster without what belongs to other schools.

    People are taken by any of their schools, guardians by their students, classes by their school, enrollments by
    their class. Rejected rows stay: they count as present.

    Args:
        roster: tonight's delivery.
        include: org sourcedIds; empty takes all.
        named: who names whom, as `scope.families.named_pairs` gives it.

    Raises:
        ImportRefused: a school that the import does not know (R-V1).
    """
    if not include:
        return roster
    unknown = sorted(set(include) - school_ids(roster))
    if unknown:
        raise ImportRefused(
            f"schools.include names {', '.join(unknown)}, which the files do not know; nothing was changed; "
            "correct the setting or the export"
        )
    classes = roster.classes
    if classes is not None:
        import polars as pl

        classes = classes.filter(pl.col("school_id").is_in(list(include)))
    return dataclasses.replace(
        roster,
        users=_taken_users(roster, include, named),
        classes=classes,
        enrollments=_of_classes(roster.enrollments, roster, classes),
        unresolved=roster.unresolved,
    )


def _taken_users(roster: Roster, include: Collection[str], named: pl.DataFrame) -> pl.DataFrame | None:
    import polars as pl

    users = roster.users
    if users is None:
        return None
    of_school = users.filter(
        pl.col("school_ids").cast(pl.String).str.split(",").list.eval(pl.element().is_in(list(include))).list.any()
    )
    by_school = set(of_school.filter(pl.col("roles") != "guardian")["sourced_id"])
    students = set(of_school.filter(pl.col("roles").str.contains("student", literal=True))["sourced_id"])
    ids = list(students)
    related = named.filter(pl.col("a").is_in(ids) | pl.col("b").is_in(ids))
    guardians = users.filter(
        pl.col("roles").str.contains("guardian", literal=True)
        & pl.col("sourced_id").is_in(list(set(related["a"]) | set(related["b"])))
    )
    return users.filter(pl.col("sourced_id").is_in(list(by_school | set(guardians["sourced_id"]))))


def _of_classes(enrollments: pl.DataFrame | None, roster: Roster, classes: pl.DataFrame | None) -> pl.DataFrame | None:
    import polars as pl

    if enrollments is None or classes is None:
        return enrollments
    rejected = roster.rejected_classes["sourced_id"].drop_nulls()
    kept = pl.concat([classes["sourced_id"], rejected]).implode()
    return enrollments.filter(pl.col("class_id").is_in(kept))
