"""Writes the report of a run again, from what the state keeps of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rostersync.errors import ConfigurationError
from rostersync.model.report import TABLE_COLUMNS
from rostersync.settings import Settings

if TYPE_CHECKING:
    from rostersync.model.past_run import PastRun
    from rostersync.model.report import ReportTables


def rewrite(
    settings: Settings, run_id: str | None, out: Path | None, *, format_: str | None = None, sort: str | None = None
) -> Path:
    """Write a run's report to `out`, else to its folder among the reports; gives that folder.

    Without `run_id` it is the latest run that has one. The files are those that the run wrote, byte for byte, but for
    the order of rows where `sort` names a column; a page outside of the reports has no link to the list of them. With
    `format_` there is that format alone in `out`; among the reports it is added to the formats of the settings, and the
    list of reports is written anew.

    Raises:
        ConfigurationError: no such run, tables that are no longer kept, a column that no table has, a folder that
            cannot be written.
    """
    from rostersync.reports import index, write_again
    from rostersync.reports.folder import writable
    from rostersync.reports.formats import About

    if sort is not None:
        _check_column(sort)
    run_id, tables, summary, before, undone = _kept(settings, run_id)
    formats: tuple[str, ...] = settings.reports.formats
    if format_ is not None:
        formats = (format_,) if out is not None else tuple(dict.fromkeys((*formats, format_)))
    listed = out is None or out.absolute().parent.resolve() == settings.reports.path.resolve()
    about = About(settings.district.name, settings.district.timezone, formats, before, sort, listed)
    if out is not None:
        return write_again(out.absolute(), tables, about, summary)
    writable(settings.reports.path)
    folder = write_again(settings.reports.path / run_id, tables, about, summary)
    index.write(settings.reports.path, settings.district.name, undone)
    return folder


def told(settings: Settings, run_id: str | None, *, with_names: bool) -> str:
    """The summary of a run as Markdown; without `run_id` of the latest run that has a report.

    Raises:
        ConfigurationError: no such run, or tables that are no longer kept.
    """
    from rostersync.reports import summary_of
    from rostersync.reports.markdown import markdown

    _, tables, summary, _, _ = _kept(settings, run_id)
    return markdown(summary_of(summary), settings.district.name, tables if with_names else None)


def _check_column(sort: str) -> None:
    columns = sorted({column for columns in TABLE_COLUMNS.values() for column in columns})
    if sort not in columns:
        raise ConfigurationError(
            f"--sort: no report has a column {sort}; nothing was written; the columns are {', '.join(columns)}"
        )


def _kept(
    settings: Settings, run_id: str | None
) -> tuple[str, ReportTables, dict[str, Any], tuple[PastRun, ...], frozenset[str]]:
    """The run, its tables, its summary, the runs before it, and all runs that were taken back."""
    from rostersync.reports.packing import unpack
    from rostersync.state import report_tables
    from rostersync.state.connection import reading
    from rostersync.state.run_history import runs_before, taken_back

    with reading(settings.state.path) as connection:
        run_id = run_id or report_tables.latest(connection)
        if run_id is None:
            raise ConfigurationError("the state keeps no report yet; nothing was written; the next sync leaves one")
        summary = report_tables.run_summary(connection, run_id)
        packed = report_tables.kept(connection, run_id)
        before, undone = runs_before(connection, run_id), taken_back(connection)
    if summary is None:
        raise ConfigurationError(
            f"the state knows no run {run_id}; nothing was written; see `rostersync runs list` (dry runs are not in it)"
        )
    if not packed:
        raise ConfigurationError(
            f"the state keeps no report of run {run_id}: it left none, or more than reports.keep "
            f"({settings.reports.keep}) came after it; nothing was written"
        )
    return run_id, unpack(packed), json.loads(summary), before, undone
