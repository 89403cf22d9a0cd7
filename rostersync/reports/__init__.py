"""What a run leaves for people: CSVs and summary.json in a folder of its own, a summary in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rostersync.model.report import ReportTables, RunSummary


def write(path: Path, run_id: str, tables: ReportTables, meanwhile: Callable[[], RunSummary]) -> Path:
    """Writes a run's report to `path/RUN_ID`, whole or not at all; gives that folder.

    `meanwhile` is called while the tables are written, which is work for another core: it carries the run out and
    gives the summary at its end. Whatever it raises leaves no report.

    Raises:
        RosterSyncError: the folder cannot be written, or that run has a report already.
    """
    from concurrent.futures import ThreadPoolExecutor

    from rostersync.reports.csv import write_tables
    from rostersync.reports.folder import publish
    from rostersync.reports.summary import write_summary

    def fill(folder: Path) -> None:
        with ThreadPoolExecutor(1) as pool:
            written = pool.submit(write_tables, folder, tables)
            summary = meanwhile()
            written.result()
        write_summary(folder, summary)

    return publish(path, run_id, fill)
