"""Which schools take part: what `schools.include` leaves out is dropped, not rejected (policies.md R-V7)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Base:
    """What the state knows of the rows of tonight that cannot speak for themselves, by which they are judged.

    Those are rejected rows, and all where the column that counts is missing (R-V4).

    `schools`: ids that the state knows, where a file is absent and the base speaks. `users`: `id`, `roles`,
    `school_ids`; `guardianships`: `guardian_id`, `student_id`; `classes`: `id`, `school_id`.
    """

    schools: Collection[str]
    users: pl.DataFrame
    guardianships: pl.DataFrame
    classes: pl.DataFrame


def include_schools(roster: Roster, include: Collection[str], named: pl.DataFrame, base: Base) -> Roster:
    """The roster without what belongs to other schools.

    People are taken by any of their schools, guardians by their students, classes by their school, enrollments by
    their class; rejected rows, and all where a column is
    missing, by what the base says of them; rejected ones of which it says nothing stay.

    Args:
        roster: tonight's delivery.
        include: org sourcedIds; empty takes all.
        named: who names whom, as `scope.families.named_pairs` gives it.
        base: what the state knows of rows that cannot speak for themselves.

    Raises:
        ImportRefused: a school that the import does not know (R-V1).
    """
    import polars as pl

    if not include:
        return roster
    unknown = sorted(set(include) - school_ids(roster) - set(base.schools))
    if unknown:
        raise ImportRefused(
            f"schools.include names {', '.join(unknown)}, which the files do not know; nothing was changed; "
            "correct the setting or the export"
        )
    schools = list(include)
    taken = _taken_people(roster, schools, named, base)
    others = base.classes.filter(~pl.col("school_id").is_in(schools))["id"].implode()
    ours = base.classes.filter(pl.col("school_id").is_in(schools))["id"].implode()
    classes = roster.classes
    if classes is not None:
        silent = pl.col("school_id").is_null() & pl.col("sourced_id").is_in(ours)
        classes = classes.filter(pl.col("school_id").is_in(schools).fill_null(value=False) | silent)
    rejected_classes = roster.rejected_classes.filter(~pl.col("sourced_id").is_in(others).fill_null(value=False))
    return dataclasses.replace(
        roster,
        users=None if roster.users is None else roster.users.filter(pl.col("sourced_id").is_in(taken)),
        rejected_users=roster.rejected_users.filter(pl.col("sourced_id").is_in(taken) | pl.col("sourced_id").is_null()),
        classes=classes,
        rejected_classes=rejected_classes,
        enrollments=_of_classes(roster.enrollments, classes, rejected_classes),
    )


def _taken_people(roster: Roster, schools: list[str], named: pl.DataFrame, base: Base) -> pl.Series:
    """Ids of everybody who belongs to one of the schools, rejected ones among them."""
    import polars as pl

    sound = pl.DataFrame(schema={"id": pl.String, "roles": pl.String, "school_ids": pl.String})
    if roster.users is not None:
        sound = roster.users.select(pl.col("sourced_id").alias("id"), "roles", "school_ids")
    rejected = roster.rejected_users["sourced_id"].drop_nulls().unique()
    # Somebody new is judged by the schools that the rejected row names, and stays where none can be read.
    elsewhere = roster.rejected_users.filter(~_any_of("school_ids", schools).fill_null(value=True))["sourced_id"]
    new = rejected.filter(~rejected.is_in(base.users["id"].implode()) & ~rejected.is_in(elsewhere.implode()))
    people = pl.concat([sound.cast(pl.String), base.users.select("id", "roles", "school_ids").cast(pl.String)])
    of_school = people.filter(_any_of("school_ids", schools).fill_null(value=False))
    by_school = of_school.filter(pl.col("roles") != "guardian")["id"]
    students = pl.concat([of_school.filter(_role("student"))["id"], new]).implode()
    pairs = pl.concat(
        [named.select("a", "b"), base.guardianships.select(a="guardian_id", b="student_id").cast(pl.String)]
    )
    related = pairs.filter(pl.col("a").is_in(students) | pl.col("b").is_in(students))
    ends = pl.concat([related["a"], related["b"]]).implode()
    guardians = people.filter(_role("guardian") & pl.col("id").is_in(ends))["id"]
    return pl.concat([by_school, guardians, new]).unique().implode()


def _any_of(column: str, schools: list[str]) -> pl.Expr:
    """Whether a list of ids names one of these; null where it is blank."""
    import polars as pl

    return pl.col(column).str.split(",").list.eval(pl.element().is_in(schools)).list.any()


def _role(role: str) -> pl.Expr:
    import polars as pl

    return pl.col("roles").str.contains(role, literal=True)


def _of_classes(
    enrollments: pl.DataFrame | None, classes: pl.DataFrame | None, rejected_classes: pl.DataFrame
) -> pl.DataFrame | None:
    import polars as pl

    if enrollments is None or classes is None:
        return enrollments
    kept = pl.concat([classes["sourced_id"], rejected_classes["sourced_id"].drop_nulls()]).implode()
    return enrollments.filter(pl.col("class_id").is_in(kept))
