"""What a night's decisions say of the totals that guards count their shares of (policies.md R-D1, R-D5).

What counts of a record is defined by the queries of `state.guard_totals`; here is which records to ask again, and
what a first load makes of nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rostersync.model.decisions import Decisions
from rostersync.model.record_counts import Counts, Touched

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def touched(decisions: Decisions) -> Touched:
    """The records that count otherwise once these decisions are written, and all new ones."""
    users, classes = decisions.users, decisions.classes
    pairs = decisions.pairs
    known = users["known"].astype(bool)
    moved = known & _differs(users, roster_status="to_status", roles="to_roles", school_ids="to_school_ids")
    users = users.loc[moved | (~known & (users["to_status"] != "")), ["id", "account_id"]]
    known = classes["known"].astype(bool)
    moved = known & _differs(classes, status="to_status", school_id="to_school_id")
    classes = classes.loc[moved | (~known & (classes["to_status"] != "")), ["id"]]
    pairs = pairs.loc[_differs(pairs, stored="to"), ["guardian_id", "student_id"]]
    return Touched(_rows(users), _rows(classes), _rows(pairs), _rows(_members(decisions.enrollments)))


def _members(enrollments: pd.DataFrame) -> pd.DataFrame:
    """`class_id`, `more`: current enrollments of the SIS after the sync less those before it, where they differ."""
    new = enrollments["stored"] == ""
    before = (enrollments["stored"] == "current") & (enrollments["origin"] == "sis")
    after = (enrollments["to"] == "current") & (new | (enrollments["to_origin"] == "sis"))  # a new one is the SIS's
    moved = before != after
    more = after[moved].astype("int64") * 2 - 1
    by_class = more.groupby(enrollments.loc[moved, "class_id"]).sum()
    return by_class[by_class != 0].rename("more").rename_axis("class_id").reset_index()


def _differs(frame: pd.DataFrame, **columns: str) -> pd.Series:
    import pandas as pd

    differs = pd.Series(data=False, index=frame.index)
    for name, to in columns.items():
        differs |= frame[name] != frame[to]
    return differs


def _rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(zip(*(frame[name].tolist() for name in frame.columns), strict=True))


def of_first_load(decisions: Decisions) -> Counts:
    """The counts of a state that was empty before these decisions were written."""
    import polars as pl

    users = _frame(decisions.users, "id", "account_id", "to_roles", "to_school_ids", "to_status")
    users = users.filter(pl.col("to_status") != "").with_columns(
        schools=_listed("to_school_ids"), current=pl.col("to_status") == "current", kind=_kind()
    )
    pairs = _frame(decisions.pairs, "guardian_id", "student_id", "to").filter(pl.col("to") == "current")
    # Where no student of theirs has a school a guardian counts in their own.
    students = users.select(student_id="id", schools="schools", student_current="current")
    of_students = pairs.join(students, on="student_id").explode("schools").drop_nulls("schools")
    of_students = of_students.select(id="guardian_id", student_school="schools").unique()
    people = users.filter("current").select("id", "account_id", "kind", "schools")
    guardians = people.filter(pl.col("kind") == "guardians")
    others = people.filter(pl.col("kind") != "guardians")
    related = guardians.join(of_students, on="id").select("id", "account_id", "kind", school="student_school")
    alone = pl.concat([others, guardians.join(of_students, on="id", how="anti")]).explode("schools")
    placed = pl.concat([related, alone.rename({"schools": "school"})])
    # An account without a school counts as such only where no other user on it has one.
    contacts = placed.select("account_id", "school").unique()
    with_school = contacts.drop_nulls("school")
    without = contacts.join(with_school, on="account_id", how="anti")
    classes = _frame(decisions.classes, "id", "to_school_id", "to_status").filter(pl.col("to_status") == "active")
    classes = classes.select(class_id="id", school="to_school_id")
    enrollments = _frame(decisions.enrollments, "class_id", "to").filter(pl.col("to") == "current")
    members = enrollments.group_by("class_id").len("count").join(classes, on="class_id")
    families = pairs.join(students.filter("student_current"), on="student_id").explode("schools")
    counted = [
        placed.group_by("kind", "school").len("count"),
        _counted("classes", classes),
        members.group_by("school")
        .agg(pl.col("count").sum())
        .select(pl.lit("enrollments").alias("kind"), "school", "count"),
        _counted("guardianships", families.select(school="schools")),
        _counted("contacts", pl.concat([with_school, without]).select("school")),
    ]
    columns = {"kind": pl.String, "school": pl.String, "count": pl.Int64}
    rows = pl.concat([frame.select(pl.col(name).cast(dtype) for name, dtype in columns.items()) for frame in counted])
    return {
        (kind, school or ""): count
        for kind, school, count in rows.group_by("kind", pl.col("school").fill_null(""))
        .agg(pl.col("count").sum())
        .rows()
    }


def _frame(frame: pd.DataFrame, *columns: str) -> pl.DataFrame:
    import polars as pl

    return pl.from_pandas(frame[list(columns)])


def _kind() -> pl.Expr:
    import polars as pl

    roles = pl.col("to_roles")
    staff = roles.str.contains("teacher", literal=True) | roles.str.contains("administrator", literal=True)
    student = roles.str.contains("student", literal=True)
    return pl.when(staff).then(pl.lit("staff")).when(student).then(pl.lit("students")).otherwise(pl.lit("guardians"))


def _listed(column: str) -> pl.Expr:
    """A list of school ids; null where there is none, so that it counts as one record without a school."""
    import polars as pl

    schools = pl.col(column).cast(pl.String).str.split(",").list.unique()
    schools = schools.list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(schools.list.len() > 0).then(schools)


def _counted(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame.group_by("school").len("count").select(pl.lit(kind).alias("kind"), "school", "count")
