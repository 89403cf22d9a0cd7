"""Writes the report of a run again, from what the state keeps of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ConfigurationError
from rostersync.model.report import TABLE_COLUMNS
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.report import ReportTables


def rewrite(settings: Settings, run_id: str | None, out: Path | None, *, sort: str | None = None) -> Path:
    """Write a run's report to `out`, else to its folder among the reports; gives that folder.

    Without `run_id` it is the latest run that has one. The files are those that the run wrote, byte for byte, but for
    the order of rows where `sort` names a column.

    Raises:
        ConfigurationError: no such run, tables that are no longer kept, a column that no table has, a folder that
            cannot be written.
    """
    from rostersync.reports.csv import write_tables
    from rostersync.reports.folder import replace, writable
    from rostersync.reports.summary import write_kept_summary

    if sort is not None:
        _check_column(sort)
    run_id, tables, summary = _kept(settings, run_id)
    if out is None:
        writable(settings.reports.path)

    def fill(folder: Path) -> None:
        write_tables(folder, tables, sort=sort)
        write_kept_summary(folder, json.loads(summary))

    return replace(settings.reports.path / run_id if out is None else out.absolute(), fill)


def _check_column(sort: str) -> None:
    columns = sorted({column for columns in TABLE_COLUMNS.values() for column in columns})
    if sort not in columns:
        raise ConfigurationError(
            f"--sort: no report has a column {sort}; nothing was written; the columns are {', '.join(columns)}"
        )


def _kept(settings: Settings, run_id: str | None) -> tuple[str, ReportTables, str]:
    """The run, its tables and its summary as JSON."""
    from rostersync.reports.packing import unpack
    from rostersync.state import report_tables
    from rostersync.state.connection import reading

    with reading(settings.state.path) as connection:
        run_id = run_id or report_tables.latest(connection)
        if run_id is None:
            raise ConfigurationError("the state keeps no report yet; nothing was written; the next sync leaves one")
        summary = report_tables.run_summary(connection, run_id)
        packed = report_tables.kept(connection, run_id)
    if summary is None:
        raise ConfigurationError(
            f"the state knows no run {run_id}; nothing was written; see `rostersync runs list` (dry runs are not in it)"
        )
    if not packed:
        raise ConfigurationError(
            f"the state keeps no report of run {run_id}: it left none, or more than reports.keep "
            f"({settings.reports.keep}) came after it; nothing was written"
        )
    return run_id, unpack(packed), summary
