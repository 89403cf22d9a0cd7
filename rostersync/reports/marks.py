"""What a report says of findings beside the earlier nights: which are new, still there, fixed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rostersync.model.report import FIXED_COLUMNS, MARK_COLUMNS, TABLE_COLUMNS, ReportTables
from rostersync.reports.frames import polars_frame

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.findings_ledger import LedgerMoves


def with_marks(tables: ReportTables, moves: LedgerMoves, nights: Mapping[int, str], zone: ZoneInfo) -> ReportTables:
    """The tables with `marks` and `fixed`.

    Args:
        tables: whose `issues` are the findings of the night, row by row as `moves` saw them.
        moves: what the night moves in the ledger.
        nights: number of a run -> when it began, ISO 8601.
        zone: the district's, in which a night has its date.
    """
    days = {run: datetime.fromisoformat(began).astimezone(zone).date().isoformat() for run, began in nights.items()}
    return dataclasses.replace(
        tables,
        marks=_dated(moves.marks, days).select(MARK_COLUMNS),
        fixed=_dated(moves.gone, days).select(FIXED_COLUMNS),
    )


def _dated(frame: pl.DataFrame, days: Mapping[int, str]) -> pl.DataFrame:
    import polars as pl

    since = pl.col("first_run").replace_strict(
        pl.Series(list(days), dtype=pl.Int64),
        pl.Series(list(days.values()), dtype=pl.String),
        default=None,
        return_dtype=pl.String,
    )
    return frame.with_columns(since=since)


def shown_table(tables: ReportTables, table: str) -> pl.DataFrame:
    """A table with the columns of SHOWN_COLUMNS: `issues` with their marks, `fixed`, or any other as it is."""
    import polars as pl

    if table == "fixed":
        if tables.fixed is None:
            return pl.DataFrame(schema=dict.fromkeys(FIXED_COLUMNS, pl.String))
        return polars_frame(tables.fixed, FIXED_COLUMNS)
    frame = polars_frame(getattr(tables, table), TABLE_COLUMNS[table])
    if table != "issues":
        return frame
    if tables.marks is None:
        return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in MARK_COLUMNS)
    return pl.concat([frame, polars_frame(tables.marks, MARK_COLUMNS)], how="horizontal")
