"""`report.xlsx`: a run's report as one workbook, a sheet for each table and one with the summary (docs/reports.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from rostersync.model.report import ReportTables, RunSummary
    from rostersync.reports.formats import About, Finish

REPORT_BOOK = "report.xlsx"
MOST_ROWS = 100_000
"""So many rows a sheet holds, the most serious ones."""


def begin(folder: Path, tables: ReportTables, about: About, most: int = MOST_ROWS) -> Finish:
    """Writes what the tables give; what it returns puts `report.xlsx` into a folder that has none."""
    from rostersync.model.report import SHOWN_COLUMNS, TABLE_COLUMNS
    from rostersync.reports.marks import shown_table
    from rostersync.reports.xlsx.book import Book
    from rostersync.reports.xlsx.summary_sheet import fill

    book = Book()
    front = book.add_sheet("summary")
    totals: dict[str, int] = {}
    for table in SHOWN_COLUMNS:
        frame = shown_table(tables, table)
        if frame.is_empty() and table not in TABLE_COLUMNS:
            continue
        totals[table] = frame.height
        book.add_table(
            table, _rows(frame, table, about.sort, most), more=rest(table, totals[table], most, about.formats)
        )

    def finish(summary: RunSummary) -> None:
        sheets = {table: (min(total, most), rest(table, total, most, about.formats)) for table, total in totals.items()}
        fill(book, front, summary, about, sheets)
        book.close(
            folder / REPORT_BOOK, title=f"{about.district}: run {summary.run.run_id}", created=summary.run.started_at
        )

    return finish


def rest(table: str, total: int, most: int, formats: tuple[str, ...]) -> str:
    """Where the rows are that the sheet does not hold; blank where it holds all."""
    from rostersync.model.report import TABLE_COLUMNS

    if total <= most:
        return ""
    if table not in TABLE_COLUMNS:
        return f"The {most:,} most serious of {total:,} rows."
    where = f"all are in {table}.csv" if "csv" in formats else "`rostersync report --format csv` writes all of them"
    return f"The {most:,} most serious of {total:,} rows; {where}."


def _rows(frame: pl.DataFrame, table: str, sort: str | None, most: int) -> pl.DataFrame:
    """The most serious rows, in that order; with `sort` by that column first, blanks last, as on the page."""
    import polars as pl

    from rostersync.model.report import SHOWN_COLUMNS
    from rostersync.reports.seriousness import most_serious

    columns = SHOWN_COLUMNS[table]
    rows = most_serious(frame, table, columns, most)
    if sort not in columns:
        return rows
    key = pl.col(sort).cast(pl.Int64, strict=False) if sort == "line" else pl.col(sort)
    return rows.sort(pl.col(sort) == "", key, maintain_order=True)
