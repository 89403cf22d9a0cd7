"""enrollments.csv as the enrollments of a Roster (policies.md R-V2, R-V3, R-K6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rostersync.importers.checks import (
    GONE,
    report_missing_values,
    with_checked_ids,
    with_dates,
    with_truth,
    without_deleted,
)
from rostersync.importers.duplicates import one_row_each
from rostersync.importers.layouts import ENROLLMENTS
from rostersync.model.findings import Severity
from rostersync.model.roster import DELETED_ENROLLMENT_COLUMNS, ENROLLMENT_COLUMNS, REJECTED_ENROLLMENT_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.tables import Table

ROLES = ("student", "teacher", "aide", "proctor", "administrator")
"""Roles an enrollment may have; aide is not among OneRoster's, but common."""

DROPPED_BEFORE_END = timedelta(days=14)
"""How long before the end of its class an enrollment has to end to have been dropped (policies.md R-K6)."""

_FILE = ENROLLMENTS.file
_IDS = {"sourced_id": "sourcedId", "class_id": "classSourcedId", "user_id": "userSourcedId"}
_REQUIRED = {"class_id": "classSourcedId", "user_id": "userSourcedId", "role": "role"}


@dataclass(frozen=True)
class Enrollments:
    """`rows`: ENROLLMENT_COLUMNS, sound and in the import, not yet one per class, user and role.

    `rejected`: REJECTED_ENROLLMENT_COLUMNS. `unreadable`: there are rows that could be any enrollment. `deleted`:
    DELETED_ENROLLMENT_COLUMNS of rows that say tobedeleted.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    unreadable: bool
    deleted: pl.DataFrame


def enrollments_of(table: Table, findings: FindingList) -> Enrollments:
    """The enrollments of a delivery, those among them that were dropped (`without_dropped`)."""
    import polars as pl

    deleted = table.rows.filter(pl.col("status").str.to_lowercase().is_in(GONE)).select(*DELETED_ENROLLMENT_COLUMNS)
    rows, _ = without_deleted(table.rows, _FILE, findings, delta=table.delta)
    rows = with_checked_ids(rows, _IDS, _FILE, findings)
    rows = _with_role(rows, findings)
    blank = rows["is_primary"].is_null()
    rows = with_truth(rows, "is_primary", "primary", _FILE, findings)
    # A blank says no; a word that cannot be read says nothing.
    rows = rows.with_columns(is_primary=pl.when(~blank).then(pl.col("is_primary")).otherwise(pl.lit(value=False)))
    rows = with_dates(rows, {"begin_date": "beginDate", "end_date": "endDate"}, _FILE, findings)
    unique = one_row_each(rows, table.rejected, _FILE, findings)
    rows = unique.rows
    sound = report_missing_values(rows, _REQUIRED, _FILE, findings) & pl.col("word").is_not_null()
    unknown = rows.filter(pl.col("role").is_not_null() & pl.col("word").is_null())
    message = "Not a role of an enrollment; the row was not used. Correct it in the SIS or the export."
    findings.rows(Severity.ERROR, _FILE, unknown, code="UNKNOWN_ROLE", message=message, column="role", value="role")
    columns = list(REJECTED_ENROLLMENT_COLUMNS)
    rejected = pl.concat(
        [part.select(columns) for part in (table.rejected, unique.conflicting, rows.filter(~sound))]
    ).sort("line")
    lost = pl.col("sourced_id").is_null() & (pl.col("class_id").is_null() | pl.col("user_id").is_null())
    kept = rows.filter(sound).with_columns(role=pl.col("word")).select(ENROLLMENT_COLUMNS)
    return Enrollments(kept, rejected, table.torn or not rejected.filter(lost).is_empty(), deleted)


def one_per_member(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per class, user and role: of the smallest sourcedId; primary if any is, unsaid if none can be read.

    And the rows that these do not repeat word for word.
    """
    import polars as pl

    key = ["class_id", "user_id", "role"]
    hashes = rows.select(key).hash_rows()
    if hashes.n_unique() == rows.height:
        return rows, rows.clear()
    shared = hashes.is_duplicated()
    group = rows.filter(shared).with_row_index("at").sort("sourced_id", "line", "at", nulls_last=True)
    kept = group.group_by(key, maintain_order=True).agg(
        pl.all().exclude("is_primary").first(), pl.col("is_primary").max()
    )
    unsaid = group.join(kept, on=["at", "is_primary"], how="anti", nulls_equal=True).sort("at")
    merged = pl.concat([rows.filter(~shared), kept.select(rows.columns)]).sort("line", maintain_order=True)
    return merged, unsaid.select(rows.columns)


def _with_role(rows: pl.DataFrame, findings: FindingList) -> pl.DataFrame:
    """`word`: OneRoster's spelling of the role, null for words that are none."""
    import polars as pl

    distinct = rows.select("role").drop_nulls().unique()
    lowered = pl.col("role").str.to_lowercase()
    words = distinct.with_columns(word=pl.when(lowered.is_in(ROLES)).then(lowered))
    if words["word"].eq_missing(words["role"]).all():
        rows = rows.with_columns(word=pl.col("role"))
    else:
        rows = rows.join(words, on="role", how="left", maintain_order="left")
    if words.filter(pl.col("word").is_not_null() & (pl.col("word") != pl.col("role"))).height:
        odd = rows.filter(pl.col("word").is_not_null() & (pl.col("word") != pl.col("role")))
        message = "A role in other letter case, read as it is spelt in OneRoster. Correct the export."
        findings.rows(Severity.WARNING, _FILE, odd, code="ROLE_CASE", message=message, column="role", value="role")
    if "aide" in words["word"]:
        message = "OneRoster knows no aides in enrollments; kept as a member of the staff. Export them as teacher."
        aides = rows.filter(word="aide")
        findings.rows(
            Severity.WARNING,
            _FILE,
            aides,
            code="AIDE_ENROLLMENT",
            message=message,
            column="role",
            value="role",
        )
    return rows


def next_end(rows: pl.DataFrame, today: date) -> date | None:
    """The next day on which an enrollment ends, so that R-K6 may say otherwise from then on."""
    import polars as pl

    found = rows.select(pl.col("end_date").filter(pl.col("end_date") > today).min()).item()
    return found if isinstance(found, date) else None


def without_dropped(rows: pl.DataFrame, classes: pl.DataFrame | None, today: date) -> pl.DataFrame:
    """Without rows that ended by `today` and more than 14 days before the end of their class (R-K6)."""
    import polars as pl

    ended = rows["end_date"] <= today
    if classes is None or not ended.any():
        return rows
    ends = classes.select("sourced_id", "ends_on")
    dropped = (
        rows.filter(ended)
        .join(ends, left_on="class_id", right_on="sourced_id", how="inner")
        .filter(pl.col("end_date") < pl.col("ends_on") - DROPPED_BEFORE_END)
    )
    return rows.join(dropped, on=["class_id", "end_date"], how="anti", maintain_order="left")
