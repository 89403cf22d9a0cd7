"""Checks that several files share: status in a bulk file, required values, identifiers, yes and no, dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.importers.values import ID_LIMIT, dates, has_control, truth, unusable_id
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList

GONE = ("tobedeleted", "inactive")
"""Words of `status` for a record that is not in the import; the second one is of OneRoster 1.0."""


def without_deleted(
    rows: pl.DataFrame, file: str, findings: FindingList, *, delta: bool = False
) -> tuple[pl.DataFrame, frozenset[str]]:
    """The rows that are in the import, without `status`, and the sourcedIds that only deleted rows have.

    A filled status in a bulk file contradicts the format and is reported once per file (policies.md R-V4).
    """
    status = rows["status"].str.to_lowercase()
    if status.null_count() == rows.height:
        return rows.drop("status"), frozenset()
    first = int(rows.filter(status.is_not_null())["line"][0])
    filled = rows.height - status.null_count()
    message = (
        f"A bulk file leaves status blank; {filled} rows fill it. Rows that say tobedeleted or inactive are not "
        "in the import. Have the SIS export a bulk set."
    )
    if not delta:
        findings.note(Severity.WARNING, file, "STATUS_IN_BULK", message, line=first, column="status")
    gone = status.is_in(GONE).fill_null(value=False)
    live = rows.filter(~gone).drop("status")
    deleted = rows.filter(gone)["sourced_id"].drop_nulls().unique()
    left = deleted.filter(~deleted.is_in(live["sourced_id"].drop_nulls().unique().implode()))
    return live, frozenset(left.to_list())


def with_checked_ids(rows: pl.DataFrame, columns: dict[str, str], file: str, findings: FindingList) -> pl.DataFrame:
    """The rows with `wrong_type`: one of `columns` (Roster's name -> OneRoster's) holds no identifier (R-V2).

    Each is reported. One with a control character is blanked: nobody can say which identifier was meant.
    """
    import polars as pl

    wrong = rows.lazy().select(unusable_id(column).alias(column) for column in columns).collect()
    rows = rows.with_columns(wrong_type=wrong.select(pl.any_horizontal(pl.all())).to_series())
    for column, name in columns.items():
        if not wrong[column].any():
            continue
        message = (
            f"{name} has a comma or control character, over {ID_LIMIT} characters, or begins with local:; "
            "the row was not used. Correct it in the SIS."
        )
        found = rows.filter(wrong[column])
        findings.rows(Severity.ERROR, file, found, code="WRONG_TYPE", message=message, column=name, value=column)
        rows = rows.with_columns(pl.when(~has_control(column)).then(pl.col(column)).alias(column))
    return rows


def report_missing_values(rows: pl.DataFrame, columns: dict[str, str], file: str, findings: FindingList) -> pl.Expr:
    """Report blanks in required columns (Roster's name -> OneRoster's).

    Gives the expression that tells sound rows: nothing required is blank, no identifier of the wrong type.
    """
    import polars as pl

    for column, name in columns.items():
        message = f"{name} is required and blank; the row was not used. Fill it in the SIS."
        blank = rows.filter(pl.col(column).is_null() & ~pl.col("wrong_type"))
        findings.rows(Severity.ERROR, file, blank, code="REQUIRED_VALUE_MISSING", message=message, column=name)
    return pl.all_horizontal(pl.col(list(columns)).is_not_null()) & ~pl.col("wrong_type")


def with_truth(rows: pl.DataFrame, column: str, name: str, file: str, findings: FindingList) -> pl.DataFrame:
    """`column` as booleans; other words than true and false are reported."""
    import polars as pl

    words = rows[column]
    read = truth(words)
    plain = words.is_null() | words.is_in(["true", "false"])
    if not plain.all():
        odd = rows.filter(~plain & read.is_not_null())
        message = "Not exactly true or false, but read as that. Have the export write true or false."
        findings.rows(Severity.WARNING, file, odd, code="BOOLEAN_WORD", message=message, column=name, value=column)
        message = "Neither true nor false; the cell says nothing. Have the export write true or false."
        unknown = rows.filter(~plain & read.is_null())
        findings.rows(
            Severity.WARNING,
            file,
            unknown,
            code="INVALID_BOOLEAN",
            message=message,
            column=name,
            value=column,
        )
    return rows.with_columns(read.alias(column).cast(pl.Boolean))


def with_dates(rows: pl.DataFrame, columns: dict[str, str], file: str, findings: FindingList) -> pl.DataFrame:
    """`columns` (Roster's name -> OneRoster's) as dates; US dates and unreadable ones are reported."""
    for column, name in columns.items():
        cells = rows[column]
        read, american = dates(cells)
        if american.any():
            message = "A date in the form month/day/year, read as that. Have the export write YYYY-MM-DD."
            findings.rows(
                Severity.WARNING,
                file,
                rows.filter(american),
                code="US_DATE",
                message=message,
                column=name,
                value=column,
            )
        if read.null_count() > cells.null_count():
            message = "Not a date; the cell says nothing. Have the export write YYYY-MM-DD."
            unread = rows.filter(read.is_null() & cells.is_not_null())
            findings.rows(
                Severity.WARNING,
                file,
                unread,
                code="INVALID_DATE",
                message=message,
                column=name,
                value=column,
            )
        rows = rows.with_columns(read.alias(column))
    return rows
