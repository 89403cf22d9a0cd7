"""A delta file: only what changed, each row with a status that says how (policies.md, *Import*, R-V5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rostersync.importers.checks import GONE
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.tables import Table


def as_delta(table: Table, findings: FindingList) -> Table:
    """`table` with a status of `tobedeleted` or null (the row is there) in every row.

    A blank status counts as active, with a warning. Rows of another word are rejected, and so are rows that delete a
    sourcedId which other rows of the file assert.
    """
    import polars as pl

    status = pl.col("status").str.to_lowercase()
    rows = table.rows
    blank = rows.filter(pl.col("status").is_null())
    message = (
        f"A delta file says active or tobedeleted in every row; {blank.height} rows have a blank status, read as "
        "active. Have the SIS fill it."
    )
    if blank.height:
        line = int(blank["line"][0])
        findings.note(Severity.WARNING, table.file, "STATUS_BLANK", message, line=line, column="status")
    unknown = rows.filter(~status.is_in([*GONE, "active"]))
    message = "Neither active nor tobedeleted; the row was not used. Correct it in the export."
    findings.rows(
        Severity.ERROR, table.file, unknown, code="UNKNOWN_STATUS", message=message, column="status", value="status"
    )
    rows = rows.filter(status.is_in([*GONE, "active"]).fill_null(value=True))
    rows = rows.with_columns(status=pl.when(status.is_in(GONE)).then(pl.lit(GONE[0])))
    live = rows.filter(pl.col("status").is_null())["sourced_id"].drop_nulls().unique()
    torn = pl.col("status").is_not_null() & pl.col("sourced_id").is_in(live.implode())
    torn = torn.fill_null(value=False)
    rejected = pl.concat([table.rejected, unknown, rows.filter(torn)])
    message = "Rows of one sourcedId contradict each other; none was used. Have the SIS export one row for it."
    findings.rows(
        Severity.ERROR,
        table.file,
        rows.filter(torn),
        code="DUPLICATE_ID",
        message=message,
        column="sourcedId",
        value="sourced_id",
    )
    return replace(table, rows=rows.filter(~torn), rejected=rejected, delta=True)
