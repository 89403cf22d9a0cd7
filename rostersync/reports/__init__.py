"""What a run leaves for people: CSVs and summary.json in a folder of its own, a summary in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rostersync.model.report import ReportTables, RunSummary


def write(path: Path, tables: ReportTables, summary: RunSummary) -> Path:
    """Writes a run's report to `path/RUN_ID`, whole or not at all; gives that folder.

    Raises:
        RosterSyncError: the folder cannot be written, or that run has a report already.
    """
    from rostersync.reports.csv import write_tables
    from rostersync.reports.folder import publish
    from rostersync.reports.summary import write_summary

    def fill(folder: Path) -> None:
        write_tables(folder, tables)
        write_summary(folder, summary)

    return publish(path, summary.run.run_id, fill)
