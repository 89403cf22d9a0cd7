"""Takes a former person out of the tables of reports, and finds the reports that name them."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.model.forgotten import ERASED, TheirsAlone
from rostersync.model.report import ReportTables
from rostersync.reports.folder import REPORT_FILE

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.report import Frame

_ID_COLUMNS = {
    "users": ("id",),
    "enrollments": ("user_id",),
    "guardianships": ("guardian_id", "student_id"),
    "issues": ("id", "value"),
    "fixed": ("id", "value"),
}


def without(tables: ReportTables, ids: Sequence[str], theirs: TheirsAlone) -> ReportTables | None:
    """The tables without the rows of these users, what is theirs alone struck out of others; None: nothing is told."""
    present = [each.name for each in fields(ReportTables) if getattr(tables, each.name) is not None]
    plain = {name: _as_text(getattr(tables, name)) for name in present}
    gone = {name: _about(name, frame, ids) for name, frame in plain.items()}
    if "marks" in plain:  # row by row beside the issues
        gone["marks"] = gone["issues"]
    cleaned = {name: _struck(name, frame.filter(~gone[name]), theirs) for name, frame in plain.items()}
    if all(frame.equals(plain[name]) for name, frame in cleaned.items()):
        return None
    return ReportTables(**cleaned)


def _as_text(frame: Frame) -> pl.DataFrame:
    """Categories as plain text: what is struck out leaves a word that is none of them."""
    import polars as pl

    return pl.DataFrame(frame).with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def _about(name: str, frame: pl.DataFrame, ids: Sequence[str]) -> pl.Series:
    """Which rows are about one of these users."""
    import polars as pl

    about = [pl.col(column).is_in(list(ids)).fill_null(value=False) for column in _ID_COLUMNS.get(name, ())]
    return frame.select(pl.any_horizontal(pl.repeat(value=False, n=frame.height), *about)).to_series()


def _struck(name: str, frame: pl.DataFrame, theirs: TheirsAlone) -> pl.DataFrame:
    """Contacts wherever they stand, names in rows about those who once shared an account with them."""
    import polars as pl

    frame = _replaced(frame, pl.repeat(value=True, n=frame.height, eager=True), theirs.contacts)
    return _replaced(frame, _about(name, frame, theirs.others), theirs.names)


def _replaced(frame: pl.DataFrame, where: pl.Series, values: Sequence[str]) -> pl.DataFrame:
    """The few cells that hold one of the values are looked at one by one: where it ends decides."""
    import polars as pl

    if not values or not where.any():
        return frame
    pattern = _whole(values)
    columns = [column for column, kind in frame.schema.items() if kind == pl.String]
    holds = pl.any_horizontal(
        pl.col(column).str.contains_any(list(values)).fill_null(value=False) for column in columns
    )
    if not columns or not frame.select((holds & where).any()).item():
        return frame
    cells = frame.filter(where).select(pl.concat_list(pl.col(columns)).explode().unique().alias("cell"))["cell"]
    changed = {cell: new for cell in cells.drop_nulls() if (new := pattern.sub(ERASED, cell)) != cell}
    return frame.with_columns(
        pl.when(where).then(pl.col(column).replace(changed)).otherwise(pl.col(column)).alias(column)
        for column in columns
    )


def _whole(values: Sequence[str]) -> re.Pattern[str]:
    """One of the values by itself: not the end of a longer address, not a number with an extension behind it."""
    said = "|".join(re.escape(value) for value in values)
    return re.compile(rf"(?<![\w.+'%-])(?:{said})(?![\w-])(?!\.\w)(?! ext\. \d)")


def formats_of(folder: Path) -> tuple[str, ...]:
    """The formats that a report's folder holds."""
    names = {entry.name for entry in folder.iterdir()}
    found = {"csv": "users.csv" in names, "html": "report.html" in names, "xlsx": "report.xlsx" in names}
    return tuple(name for name, there in found.items() if there)


def names(folder: Path, ids: Sequence[str], theirs: TheirsAlone) -> bool:
    """Whether a report tells of one of these users, or has something in it that is theirs alone."""
    contact = _whole(theirs.contacts) if theirs.contacts else None
    name = _whole(theirs.names) if theirs.names and theirs.others else None
    said = "|".join(re.escape(each) for each in ids)
    pattern = re.compile(rf"(?<![\w-])(?:{said})(?![\w-])")
    whole = (folder / "users.csv").is_file()
    for entry in sorted(folder.iterdir()):
        if not REPORT_FILE.fullmatch(entry.name) or entry.is_symlink():
            continue
        text = _text(entry)
        if contact is not None and contact.search(text):
            return True
        if name is not None and name.search(text) and any(other in text for other in theirs.others):
            return True
        if entry.suffix == ".csv":
            if _row_of(entry, ids):
                return True
        elif not whole and pattern.search(text):
            return True
    return False


def _row_of(file: Path, ids: Sequence[str]) -> bool:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        columns = _ID_COLUMNS.get(file.stem, ())
        return any(
            (row.get(column) or "").removeprefix("'") in ids for row in csv.DictReader(lines) for column in columns
        )


def _text(file: Path) -> str:
    if file.suffix != ".xlsx":
        return file.read_text(encoding="utf-8", errors="replace")
    with zipfile.ZipFile(file) as book:
        parts = [book.read(name) for name in book.namelist() if name.endswith(".xml")]
    return "\n".join(part.decode(errors="replace") for part in parts)
