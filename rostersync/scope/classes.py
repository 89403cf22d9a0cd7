"""Which classes and enrollments are in scope, and what state and import say of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.diff import Changes
from rostersync.model.night import CLASS_IMPORT, ENROLLMENT_KEY, ENROLLMENT_VALUES
from rostersync.model.roster import Roster
from rostersync.scope.people import Circle
from rostersync.scope.presence import merge
from rostersync.state.reader import StateReader

if TYPE_CHECKING:
    import polars as pl


def _classes_that_move(roster: Roster, changes: Changes, state: StateReader) -> set[str]:
    """Known classes that may be archived or come back tonight: all their enrollments are in scope."""
    import polars as pl

    touched = set(changes.touched["classes"]["id"]) | set(changes.gone["classes"]["id"])
    touched |= set(roster.rejected_classes["sourced_id"].drop_nulls()) | state.classes_to_review()
    waiting = state.held_rows("classes")
    known = state.classes(touched | waiting)
    gone = set(changes.gone["classes"]["id"]) | waiting
    return set(known.filter((pl.col("status") == "archived") | pl.col("id").is_in(list(gone)))["id"])


def enrollments_in_scope(
    roster: Roster,
    changes: Changes | None,
    state: StateReader,
    circle: Circle | None,
) -> pl.DataFrame:
    """The `enrollments` frame of `model.night`, as polars.

    In scope are the enrollments whose row changed, and all those of users whose status may change and of classes that
    come or go.
    """
    import polars as pl

    tonight = roster.enrollments
    if tonight is None:
        tonight = pl.DataFrame(schema={**dict.fromkeys((*ENROLLMENT_KEY, *ENROLLMENT_VALUES), pl.String)})
        tonight = tonight.with_columns(pl.col("is_primary").cast(pl.Boolean))
    if changes is None or circle is None:
        stored = state.enrollments()
    else:
        user_ids, class_ids = circle.decided, _classes_that_move(roster, changes, state)
        moved = pl.concat([changes.touched["enrollments"], changes.gone["enrollments"], state.held_enrollments()])
        stored = pl.concat(
            [state.enrollments(users=user_ids, classes=class_ids), state.enrollments_by_key(moved.rows())]
        ).unique(subset=ENROLLMENT_KEY)
        by_owner = pl.col("user_id").is_in(list(user_ids)) | pl.col("class_id").is_in(list(class_ids))
        of_moved = pl.col("user_id").is_in(moved["user_id"].unique().implode())
        tonight = tonight.filter(by_owner | of_moved)  # the few by the quickest test, then the exact ones
        if roster.unread is not None:
            asked = user_ids | set(state.held_enrollments()["user_id"])  # what else moved was read
            tonight = pl.concat([tonight, roster.unread.enrollments(asked, class_ids)])
        tonight = pl.concat(
            [
                tonight.filter(by_owner).select(*ENROLLMENT_KEY, *ENROLLMENT_VALUES),
                tonight.join(moved, on=ENROLLMENT_KEY, how="semi").select(*ENROLLMENT_KEY, *ENROLLMENT_VALUES),
            ]
        ).unique(subset=ENROLLMENT_KEY)
    tonight = tonight.select(
        *ENROLLMENT_KEY,
        in_sourced_id="sourced_id",
        in_is_primary="is_primary",
        in_begin_date=pl.col("begin_date").cast(pl.String),
        in_end_date=pl.col("end_date").cast(pl.String),
        asserted=pl.lit(value=True),
    )
    merged = (
        pl.concat([stored.rename({"status": "stored"}), tonight], how="diagonal")
        if stored.is_empty()  # a first load has nothing to join
        else stored.rename({"status": "stored"}).join(tonight, on=ENROLLMENT_KEY, how="full", coalesce=True)
    )
    texts = ("stored", "origin", "sourced_id", "begin_date", "end_date")
    incoming = ("in_sourced_id", "in_begin_date", "in_end_date")
    return (
        merged.with_columns(
            pl.col(*texts, *incoming).fill_null(""),
            pl.col("is_primary", "asserted", "ended_with_person").fill_null(value=False),
            # Where the cell cannot be read the stored value stays.
            in_is_primary=pl.coalesce("in_is_primary", "is_primary", pl.lit(value=False)),
        )
        .with_columns(protected=_protected(roster), unreadable=pl.lit("enrollments" in roster.unreadable))
        .sort(ENROLLMENT_KEY)
    )


def _protected(roster: Roster) -> pl.Expr:
    """True where a rejected or unreadable row may stand for the enrollment (policies.md R-V3)."""
    import polars as pl

    if roster.enrollments is None or "enrollments" in roster.unreadable:
        return pl.lit(value=True)
    rejected = roster.rejected_enrollments
    ids = rejected["sourced_id"].drop_nulls().implode()
    both = rejected.filter(pl.col("class_id").is_not_null() & pl.col("user_id").is_not_null())
    pairs = (both["class_id"] + "\x1f" + both["user_id"]).implode()
    return pl.col("sourced_id").is_in(ids) | (pl.col("class_id") + "\x1f" + pl.col("user_id")).is_in(pairs)


def classes_in_scope(
    roster: Roster, changes: Changes | None, state: StateReader, enrollments: pl.DataFrame
) -> pl.DataFrame:
    """The `classes` frame of `model.night`, as polars: those that moved and those of the enrollments in scope."""
    import polars as pl

    tonight = roster.classes
    rejected = roster.rejected_classes
    if tonight is None:
        tonight = pl.DataFrame(schema={**dict.fromkeys(("sourced_id", *CLASS_IMPORT), pl.String), "line": pl.UInt32})
    ids: set[str] | None = None
    if changes is not None:
        ids = set(changes.touched["classes"]["id"]) | set(changes.gone["classes"]["id"])
        ids |= set(rejected["sourced_id"].drop_nulls()) | state.classes_to_review()
        ids |= state.held_rows("classes")
        ids |= set(enrollments["class_id"])
        tonight = tonight.filter(pl.col("sourced_id").is_in(list(ids)))
    incoming = tonight.select(
        pl.col("sourced_id").alias("id"),
        "line",
        *[pl.col(column).cast(pl.String).alias(f"in_{column}") for column in CLASS_IMPORT],
    )
    return merge(
        state.classes(ids),
        incoming,
        rejected.select(id="sourced_id", line="line"),
        file_absent=roster.classes is None,
        unreadable="classes" in roster.unreadable,
        living="status=active",
        flags=("review",),
    )


def with_owners(
    state: StateReader, enrollments: pl.DataFrame, users: pl.DataFrame, classes: pl.DataFrame
) -> pl.DataFrame:
    """Adds `user_at`, `class_at`: row numbers in the frames of users and classes, -1 where they are not there.

    And `bystander_status`: roster status of users of the state that only an enrollment brings in, else "".
    """
    import polars as pl

    joined = (
        enrollments.join(_places(users, "user_id", "user_at"), on="user_id", how="left", maintain_order="left")
        .join(_places(classes, "class_id", "class_at"), on="class_id", how="left", maintain_order="left")
        .with_columns(pl.col("user_at", "class_at").fill_null(-1))
    )
    others = joined.filter(pl.col("user_at") < 0)["user_id"].unique()
    statuses = state.statuses(others.to_list()).rename({"id": "user_id", "roster_status": "bystander_status"})
    return joined.join(statuses, on="user_id", how="left", maintain_order="left").with_columns(
        pl.col("bystander_status").fill_null("")
    )


def _places(frame: pl.DataFrame, key: str, name: str) -> pl.DataFrame:
    import polars as pl

    return frame.select(pl.col("id").alias(key)).with_row_index(name).with_columns(pl.col(name).cast(pl.Int64))
