"""What rows refer to: enrollments of unknown classes or users (R-V2), and what only deserves a warning (R-V4)."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import TYPE_CHECKING

from rostersync.importers.enrollments import one_per_member
from rostersync.importers.finding_list import FindingList
from rostersync.importers.layouts import ENROLLMENTS
from rostersync.model.findings import Severity
from rostersync.model.roster import REJECTED_ENROLLMENT_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.roster import Roster


def resolve(roster: Roster, known_users: Container[str], known_classes: Container[str]) -> Roster:
    """`roster` with its unresolved enrollments decided: those of known people and classes are enrollments.

    The others are rejected, with findings UNKNOWN_CLASS and UNKNOWN_USER (policies.md R-V2); the ids given are
    what the state knows, besides those of the files.
    """
    import polars as pl

    rows = roster.unresolved
    if rows.is_empty():
        return roster
    in_classes = None if roster.classes is None else roster.classes["sourced_id"]
    users = _found(rows["user_id"], known_users, roster.user_ids(), roster.rejected_users, roster.deleted_users)
    classes = _found(rows["class_id"], known_classes, in_classes, roster.rejected_classes, roster.deleted_classes)
    findings = FindingList()
    for known, column, name, code, what in (
        (classes, "class_id", "classSourcedId", "UNKNOWN_CLASS", "class"),
        (users, "user_id", "userSourcedId", "UNKNOWN_USER", "user"),
    ):
        message = f"No {what} of this sourcedId is known; the row was not used. Correct it in the SIS."
        findings.rows(
            Severity.ERROR,
            ENROLLMENTS.file,
            rows.filter(~known),
            code=code,
            message=message,
            column=name,
            value=column,
        )
    kept, dangling = rows.filter(users & classes), rows.filter(~(users & classes))
    known_rows = kept.clear() if roster.enrollments is None else roster.enrollments
    enrollments, spare = one_per_member(pl.concat([known_rows, kept]))
    said_before = spare.clear() if roster.spare_enrollments is None else roster.spare_enrollments
    rejected = pl.concat([roster.rejected_enrollments, dangling.select(REJECTED_ENROLLMENT_COLUMNS)])
    return replace(
        roster,
        enrollments=enrollments.sort("line"),
        rejected_enrollments=rejected.sort("line"),
        spare_enrollments=pl.concat([said_before, spare]),
        dangling=dangling,
        unresolved=rows.clear(),
        findings=pl.concat([roster.findings, findings.frame()]),
    )


def split(rows: pl.DataFrame, users: pl.Series | None, classes: pl.Series | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Enrollments whose user and class the files know, and the others; None where there is no such file."""
    import polars as pl

    if users is None or classes is None:
        return rows.clear(), rows
    known = rows.lazy().select(pl.col("user_id").is_in(users.implode()) & pl.col("class_id").is_in(classes.implode()))
    resolved = known.collect().to_series()
    return (rows, rows.clear()) if resolved.all() else (rows.filter(resolved), rows.filter(~resolved))


def report_unknown(
    rows: pl.DataFrame, column: str, name: str, known: pl.Series, file: str, findings: FindingList
) -> None:
    """Warn of the sourcedIds in `column` (one, or several separated by commas) that `known` does not have."""
    import polars as pl

    cells = rows.select(column).drop_nulls().unique()
    items = cells.with_columns(unknown=pl.col(column).str.split(",")).explode("unknown")
    unknown = items.join(known.alias("unknown").to_frame(), on="unknown", how="anti")
    if unknown.is_empty():
        return
    found = rows.join(unknown, on=column, how="inner")
    message = f"{name} names a sourcedId that the files do not have; it was kept as it is. Correct it in the SIS."
    findings.rows(
        Severity.WARNING,
        file,
        found,
        code="UNKNOWN_REFERENCE",
        message=message,
        column=name,
        value="unknown",
    )


def _found(
    ids: pl.Series,
    known: Container[str],
    sound: pl.Series | None,
    rejected: pl.DataFrame,
    deleted: frozenset[str],
) -> pl.Series:
    """Which of `ids` the state or the files know."""
    import polars as pl

    distinct = ids.unique()
    in_files = set(rejected["sourced_id"]) | deleted
    if sound is not None:
        in_files.update(distinct.filter(distinct.is_in(sound.unique().implode())))
    found = [identifier for identifier in distinct if identifier in in_files or identifier in known]
    return ids.is_in(pl.Series(found, dtype=pl.String).implode())
