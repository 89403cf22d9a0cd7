"""orgs.csv, courses.csv and academicSessions.csv: what people and classes refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.importers.checks import report_missing_values, with_checked_ids, with_dates, without_deleted
from rostersync.importers.duplicates import one_row_each
from rostersync.importers.layouts import ACADEMIC_SESSIONS, COURSES, ORGS
from rostersync.model.roster import COURSE_COLUMNS, ORG_COLUMNS, SESSION_COLUMNS

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.layouts import Layout
    from rostersync.importers.tables import Table

_COLUMNS = {
    ORGS.table: ORG_COLUMNS,
    COURSES.table: COURSE_COLUMNS,
    ACADEMIC_SESSIONS.table: SESSION_COLUMNS,
}
_DATES = {"start_date": "startDate", "end_date": "endDate"}


def empty_frame(columns: tuple[str, ...]) -> pl.DataFrame:
    """No rows, with columns of the Roster."""
    import polars as pl

    types: dict[str, pl.DataType] = {
        "line": pl.UInt32(),
        "is_primary": pl.Boolean(),
        **dict.fromkeys(("start_date", "end_date", "begin_date"), pl.Date()),
    }
    return pl.DataFrame(schema={name: types.get(name, pl.String()) for name in columns})


def known_ids(table: Table) -> pl.Series:
    """The sourcedIds of a file, whatever is wrong with their rows."""
    import polars as pl

    return pl.concat([table.rows["sourced_id"], table.rejected["sourced_id"]]).drop_nulls()


def referred_to(layout: Layout, table: Table | None, findings: FindingList) -> tuple[pl.DataFrame, frozenset[str]]:
    """The orgs, courses or sessions of a delivery: sound rows, one per sourcedId, and which rows say deleted."""
    if table is None:
        return empty_frame(_COLUMNS[layout.table]), frozenset()
    rows, deleted = without_deleted(table.rows, layout.file, findings, delta=table.delta)
    rows = with_checked_ids(rows, {"sourced_id": "sourcedId"}, layout.file, findings)
    if layout is ACADEMIC_SESSIONS:
        rows = with_dates(rows, _DATES, layout.file, findings)
    unique = one_row_each(rows, table.rejected, layout.file, findings)
    sound = report_missing_values(unique.rows, {"sourced_id": "sourcedId"}, layout.file, findings)
    return unique.rows.filter(sound).select(_COLUMNS[layout.table]), deleted
