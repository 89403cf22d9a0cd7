"""What the cells of a file hold, against the whole OneRoster specification: see strict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rostersync.importers.finding_list import LISTED
from rostersync.importers.values import ID_LIMIT
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.specification import ColumnRule, FileRule

_LISTS = {"references", "texts", "words"}
_GUID = rf"^[A-Za-z0-9.\-_/@]{{1,{ID_LIMIT}}}$"
_SHAPES = {
    "datetime": (r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z$", "a time such as 2027-01-31T08:00:00.000Z"),
    "year": (r"^\d{4}$", "a year of four digits"),
    "number": (r"^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$", "a number"),
    "integer": (r"^[+-]?\d+$", "a whole number"),
}
_SECRET = {"password"}


def check_cells(rule: FileRule, cells: pl.DataFrame, mode: str, findings: FindingList) -> None:
    """Check the cells of one file (`line` and columns of `rule`), `mode` being what the manifest says of it."""
    rows = _with_id(cells)
    for column in rule.columns:
        if column.name not in cells.columns:
            continue
        _check_breaks(rule, column, rows, findings)
        if column.name in {"status", "dateLastModified"}:
            _check_status(rule, column, rows, mode, findings)
        elif column.required:
            _report(
                rule,
                column,
                rows,
                _blank(column.name),
                "REQUIRED_VALUE_MISSING",
                "The value is required. Fill it.",
                findings,
            )
        _check_kind(rule, column, rows, findings)
    _check_unique(rule, rows, findings)
    _check_pairs(rule, rows, findings)


def check_references(rule: FileRule, cells: pl.DataFrame, ids: Mapping[str, pl.Series], findings: FindingList) -> None:
    """Check that what `cells` refer to is in the files; `ids` are the sourcedIds per file key."""
    import polars as pl

    rows = _with_id(cells)
    for column in rule.columns:
        if column.target is None or column.name not in cells.columns:
            continue
        items = _items(rows, column)
        known = ids.get(column.target, pl.Series([], dtype=pl.String)).drop_nulls().unique()
        unknown = items.filter(~pl.col("item").is_in(known.implode()))
        message = f"No such sourcedId in {column.target}.csv. Add the row or correct the reference."
        findings.rows(
            Severity.ERROR,
            rule.name,
            unknown,
            code="UNKNOWN_REFERENCE",
            message=message,
            column=column.name,
            value="item",
            listed=LISTED,
        )


def _with_id(cells: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    if "sourcedId" in cells.columns:
        return cells.with_columns(sourced_id=pl.col("sourcedId"))
    return cells.with_columns(sourced_id=pl.lit(None, dtype=pl.String))


def _blank(name: str) -> pl.Expr:
    import polars as pl

    return pl.col(name).fill_null("").str.strip_chars() == ""


def _items(rows: pl.DataFrame, column: ColumnRule) -> pl.DataFrame:
    """`line`, `sourced_id`, `item`: the filled cells of a column, lists taken apart."""
    import polars as pl

    filled = rows.filter(~_blank(column.name)).select("line", "sourced_id", item=pl.col(column.name))
    if column.kind in _LISTS:
        filled = filled.with_columns(pl.col("item").str.split(",")).explode("item")
    return filled


def _report(
    rule: FileRule,
    column: ColumnRule,
    rows: pl.DataFrame,
    wrong: pl.Expr,
    code: str,
    message: str,
    findings: FindingList,
) -> None:
    shown = None if column.name in _SECRET else column.name
    findings.rows(
        Severity.ERROR,
        rule.name,
        rows.filter(wrong),
        code=code,
        message=message,
        column=column.name,
        value=shown,
        listed=LISTED,
    )


def _check_breaks(rule: FileRule, column: ColumnRule, rows: pl.DataFrame, findings: FindingList) -> None:
    import polars as pl

    breaks = pl.col(column.name).str.contains("\n", literal=True)
    _report(rule, column, rows, breaks, "LINE_BREAK", "A line break inside a cell. Remove it.", findings)


def _check_status(rule: FileRule, column: ColumnRule, rows: pl.DataFrame, mode: str, findings: FindingList) -> None:
    if mode == "delta":
        message = "Every row of a delta file fills this. Have the SIS export it."
        _report(rule, column, rows, _blank(column.name), "REQUIRED_VALUE_MISSING", message, findings)
    else:
        message = "Every row of a bulk file leaves this blank. Have the SIS export a bulk set."
        _report(rule, column, rows, ~_blank(column.name), "STATUS_IN_BULK", message, findings)


def _check_kind(rule: FileRule, column: ColumnRule, rows: pl.DataFrame, findings: FindingList) -> None:
    """Words, identifiers, dates, numbers: each filled cell, or item of a list, has the form of its kind."""
    import polars as pl

    item = pl.col("item")
    if column.words:
        allowed = item.is_in(column.words)
        if column.extendable:
            allowed = allowed | item.str.contains(r"^ext:.")
        code, message = "UNKNOWN_WORD", f"Not one of {', '.join(column.words)} (letter case counts). Correct it."
    elif column.kind in {"guid", "reference", "references"}:
        allowed = item.str.contains(_GUID)
        code = "INVALID_ID"
        message = f"An identifier has letters, digits and . - _ / @ only, and at most {ID_LIMIT} characters."
    elif column.kind == "date":
        allowed = item.str.contains(r"^\d{4}-\d{2}-\d{2}$") & item.str.to_date("%Y-%m-%d", strict=False).is_not_null()
        code, message = "INVALID_DATE", "Not a date such as 2027-01-31. Correct it."
    elif column.kind in _SHAPES:
        pattern, shape = _SHAPES[column.kind]
        allowed = item.str.contains(pattern)
        code, message = "WRONG_TYPE", f"Not {shape}. Correct it."
    else:
        return
    wrong = _items(rows, column).filter(~allowed)
    findings.rows(Severity.ERROR, rule.name, wrong, code=code, message=message, column=column.name, value="item")


def _check_unique(rule: FileRule, rows: pl.DataFrame, findings: FindingList) -> None:
    import polars as pl

    columns = {column.name: column for column in rule.columns}
    if "sourcedId" in rows.columns:
        twice = pl.col("sourcedId").is_duplicated() & ~_blank("sourcedId")
        message = "A sourcedId stands for one row of a file. Correct the export."
        _report(rule, columns["sourcedId"], rows, twice, "DUPLICATE_ID", message, findings)
    if rule.key == "roles" and {"userSourcedId", "roleType", "orgSourcedId"} <= set(rows.columns):
        primary = rows.filter(pl.col("roleType") == "primary")
        twice = pl.struct("userSourcedId", "orgSourcedId").is_duplicated()
        message = "More than one primary role of a user at an org. Keep one."
        _report(rule, columns["roleType"], primary, twice, "SECOND_PRIMARY", message, findings)
    if rule.key == "enrollments" and {"role", "primary"} <= set(rows.columns):
        other = (pl.col("primary") == "true") & (pl.col("role") != "teacher")
        message = "Only a teacher can be primary. Leave it blank or false."
        _report(rule, columns["primary"], rows, other, "PRIMARY_NOT_TEACHER", message, findings)


def _check_pairs(rule: FileRule, rows: pl.DataFrame, findings: FindingList) -> None:
    """Subjects and subjectCodes go together by position."""
    import polars as pl

    if not {"subjects", "subjectCodes"} <= set(rows.columns):
        return
    column = next(column for column in rule.columns if column.name == "subjectCodes")
    lengths = [pl.col(name).str.count_matches(",", literal=True) for name in ("subjects", "subjectCodes")]
    wrong = ~_blank("subjects") & ~_blank("subjectCodes") & (lengths[0] != lengths[1])
    message = "As many subject codes as subjects, in the same order. Correct it."
    _report(rule, column, rows, wrong, "SUBJECT_PAIRS", message, findings)
