"""`report.html`: a run's report as one file for a browser, which asks nothing of anywhere (docs/reports.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.reports.formats import About, Finish

REPORT_PAGE = "report.html"


def begin(folder: Path, tables: ReportTables, about: About) -> Finish:
    """Builds what the tables give; what it returns writes `report.html` into a folder that has none."""
    from rostersync.reports.folder import create_private
    from rostersync.reports.html.page import body_of, render

    body = body_of(tables, about.sort)

    def finish(summary: RunSummary) -> None:
        page = render(body, summary, about)
        with create_private(folder / REPORT_PAGE) as file:
            file.write(page.encode())

    return finish
