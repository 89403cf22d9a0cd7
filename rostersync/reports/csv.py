"""The five CSVs of a report, for spreadsheets (contract.md, Reports)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.report import TABLE_COLUMNS
from rostersync.reports.folder import create_private
from rostersync.reports.frames import polars_frame

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from rostersync.model.report import Frame, ReportTables

ORDER = {
    "users": ("notes", "id", "code", "action", "role"),
    "classes": ("notes", "id", "code", "action"),
    "enrollments": ("notes", "class_id", "user_id", "role", "code", "action"),
    "guardianships": ("notes", "guardian_id", "student_id", "code", "action"),
    "issues": ("severity", "file", "line", "id", "column", "code", "value", "message"),
}
"""What each CSV is sorted by: notes then ids (issues: where to look); what follows makes the order total."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]"  # all but tab and line breaks: no spreadsheet can show them
_FORMULA = r"^[\s\u{FEFF}\u{200B}]*[=+\-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}]|^[\t\r\n]"
"""What a spreadsheet would take for a formula: some strip blanks first, others read full-width signs."""
_SAMPLE = 1_000  # rows by which a column in which few texts occur is told: to ask those alone is quicker
_ROWS_AT_ONCE = 200_000  # bounds what is in memory twice


def write_tables(folder: Path, tables: ReportTables, *, sort: str | None = None) -> None:
    """Writes `users.csv` … `issues.csv` into a folder that has none of them, each for its owner alone.

    UTF-8 with BOM, CRLF, a header row, sorted by ORDER in the order of code points; blanks are empty cells,
    control characters are left out, what a spreadsheet would take for a formula gets a leading apostrophe.
    Tables that have a column `sort` are sorted by it first, blanks in front.

    Raises:
        ValueError: a frame does not have the columns of its table.
        OSError: a file cannot be written, or is there already.
    """
    for table, columns in TABLE_COLUMNS.items():
        frame: Frame = getattr(tables, table)
        if tuple(frame.columns) != columns:
            raise ValueError(f"report table {table} has columns {list(frame.columns)}, not {list(columns)}")
        order = ORDER[table] if sort not in columns else (sort, *(name for name in ORDER[table] if name != sort))
        _write(folder / f"{table}.csv", cells(polars_frame(frame, columns)), order)


def write_table(path: Path, frame: pl.DataFrame) -> None:
    """Writes one table in the order of its rows, in the same manner, into a file that is not there yet.

    Raises:
        OSError: the file cannot be written, or is there already.
    """
    _write(path, cells(frame), ())


def cells(frame: pl.DataFrame) -> pl.DataFrame:
    """A report table as it is written: text that no spreadsheet evaluates; only `line` stays a number."""
    import polars as pl

    return frame.select(
        column.cast(pl.Int64) if column.name == "line" else _safe(column.cast(pl.String))
        for column in frame.iter_columns()
    )


def _safe(column: pl.Series) -> pl.Series:
    import polars as pl

    few = column.head(_SAMPLE).n_unique() * 2 < _SAMPLE
    if not (column.unique() if few else column).str.contains(f"{_FORMULA}|{_CONTROL}|^$").any():
        return column  # most columns: nothing is copied
    if column.str.contains(_CONTROL).any():
        column = column.str.replace_all(_CONTROL, "")
    text = pl.col(column.name)
    formula = text.str.contains(_FORMULA)
    safe = pl.when(formula).then("'" + text).when(text != "").then(text)  # else an empty cell
    return column.to_frame().select(safe.alias(column.name)).to_series()


def _write(path: Path, frame: pl.DataFrame, order: tuple[str, ...]) -> None:
    rows = _sorted_rows(frame, order)
    with create_private(path) as file:
        file.write(BYTE_ORDER_MARK)
        for start in range(0, max(frame.height, 1), _ROWS_AT_ONCE):
            part = frame[rows.slice(start, _ROWS_AT_ONCE)]
            part.write_csv(file, include_header=start == 0, line_terminator="\r\n")


def _sorted_rows(frame: pl.DataFrame, order: tuple[str, ...]) -> pl.Series:
    import polars as pl

    # a column with one value throughout (the notes of a first load) decides nothing, yet costs most of a sort
    keys = [name for name in order if frame.height and frame[name].ne_missing(frame[name][0]).any()]
    if not keys:
        return pl.int_range(frame.height, eager=True)
    return frame.select(pl.arg_sort_by(*keys)).to_series()
