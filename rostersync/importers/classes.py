"""classes.csv as the classes of a Roster (policies.md R-V2, R-V3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.importers.checks import report_missing_values, with_checked_ids, without_deleted
from rostersync.importers.duplicates import one_row_each
from rostersync.importers.layouts import CLASSES
from rostersync.model.roster import CLASS_COLUMNS, REJECTED_CLASS_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.tables import Table

_FILE = CLASSES.file


@dataclass(frozen=True)
class Classes:
    """`classes` (CLASS_COLUMNS), `rejected` (REJECTED_CLASS_COLUMNS), and the sourcedIds of deleted rows.

    `unreadable`: there are rows whose sourcedId nobody can read.
    """

    classes: pl.DataFrame
    rejected: pl.DataFrame
    deleted: frozenset[str]
    unreadable: bool


def classes_of(table: Table, sessions: pl.DataFrame, findings: FindingList) -> Classes:
    """The classes of a delivery; `ends_on` is the last end of their terms in `sessions` (SESSION_COLUMNS)."""
    import polars as pl

    rows, deleted = without_deleted(table.rows, _FILE, findings, delta=table.delta)
    rows = with_checked_ids(rows, {"sourced_id": "sourcedId"}, _FILE, findings)
    unique = one_row_each(rows, table.rejected, _FILE, findings, ("grades",))
    rows = unique.rows
    sound = report_missing_values(rows, {"sourced_id": "sourcedId", "title": "title"}, _FILE, findings)
    columns = list(REJECTED_CLASS_COLUMNS)
    rejected = pl.concat([part.select(columns) for part in (table.rejected, unique.conflicting, rows.filter(~sound))])
    unreadable = table.torn or rejected["sourced_id"].null_count() > 0
    rejected = rejected.filter(pl.col("sourced_id").is_not_null()).sort("line")
    classes = with_end(rows.filter(sound), sessions).select(CLASS_COLUMNS)
    return Classes(classes, rejected, deleted, unreadable)


def with_end(rows: pl.DataFrame, sessions: pl.DataFrame) -> pl.DataFrame:
    """`rows` with `ends_on`: the last end of their terms in `sessions`, null where none is known."""
    import polars as pl

    ends = sessions.select(term="sourced_id", ends_on="end_date").filter(pl.col("ends_on").is_not_null())
    terms = rows.select("term_ids").drop_nulls().unique()
    last = (
        terms.with_columns(term=pl.col("term_ids").str.split(","))
        .explode("term")
        .join(ends, on="term", how="inner")
        .group_by("term_ids")
        .agg(pl.col("ends_on").max())
    )
    return rows.join(last, on="term_ids", how="left", maintain_order="left")
