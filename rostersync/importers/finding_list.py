"""Findings gathered while a delivery is read: rows of model/findings.py, built from whole columns at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rostersync.model.findings import FINDING_COLUMNS, MORE_ROWS, Severity

if TYPE_CHECKING:
    import polars as pl

LISTED = 1000
"""How many warnings of one kind about one column are listed one by one; one row more counts the others."""

VALUE_LIMIT = 200
"""Characters of a cell that a finding shows."""


class FindingList:
    """What is wrong with the files, so far."""

    def __init__(self) -> None:
        self._parts: list[pl.DataFrame] = []
        self._lines: list[tuple[str, pl.Series]] = []

    def take(self, other: FindingList) -> None:
        """Adds what another list gathered."""
        self._parts += other._parts
        self._lines += other._lines

    def lines(self, file: str) -> pl.Series:
        """The lines of a file whose rows something was found about, listed one by one or not."""
        import polars as pl

        found = [lines for name, lines in self._lines if name == file]
        return pl.concat([pl.Series("line", [], dtype=pl.UInt32), *found])

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found."""
        return not self._parts

    def note(
        self,
        severity: Severity,
        file: str,
        code: str,
        message: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        """One finding about a file as a whole or about its header."""
        import polars as pl

        row = (str(severity), file, line, None, column, code, value, message)
        self._parts.append(pl.DataFrame([row], schema=finding_schema(), orient="row"))

    def rows(
        self,
        severity: Severity,
        file: str,
        rows: pl.DataFrame,
        *,
        code: str,
        message: str | pl.Expr,
        column: str | None = None,
        value: str | None = None,
        listed: int | None = None,
    ) -> None:
        """A finding per row of `rows` (columns `line`, perhaps `sourced_id`, and the one named by `value`).

        At most `listed` (0: all; default: LISTED of warnings, all errors) are listed, by sourcedId.
        """
        import polars as pl

        if rows.is_empty():
            return
        self._lines.append((file, rows["line"].cast(pl.UInt32)))
        identifier = pl.col("sourced_id") if "sourced_id" in rows.columns else pl.lit(None, dtype=pl.String)
        shown = pl.col(value).str.slice(0, VALUE_LIMIT) if value else pl.lit(None, dtype=pl.String)
        found = rows.select(
            severity=pl.lit(str(severity)),
            file=pl.lit(file),
            line=pl.col("line").cast(pl.UInt32),
            id=identifier,
            column=pl.lit(column, dtype=pl.String),
            code=pl.lit(code),
            value=shown,
            message=pl.lit(message) if isinstance(message, str) else message,
        ).sort("id", "line", "value", nulls_last=True)
        unless_said = LISTED if severity is Severity.WARNING else 0
        limit = unless_said if listed is None else listed
        if limit and found.height > limit:
            self._parts.append(found.head(limit))
            more = found.height - limit
            self.note(severity, file, code, MORE_ROWS.format(more=more), column=column)
        else:
            self._parts.append(found)

    def add(self, found: pl.DataFrame) -> None:
        """Findings that were made elsewhere."""
        self._parts.append(found)

    def frame(self) -> pl.DataFrame:
        """All of them, errors first, then by file and line."""
        import polars as pl

        found = pl.concat([pl.DataFrame(schema=finding_schema()), *self._parts])
        return found.sort("severity", "file", "line", "code", "column", "id", "value", nulls_last=True)


def finding_schema() -> dict[str, pl.DataType]:
    """Column types of a findings frame."""
    import polars as pl

    return {name: pl.UInt32() if name == "line" else pl.String() for name in FINDING_COLUMNS}
