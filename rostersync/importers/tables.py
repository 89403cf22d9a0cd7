"""One file of a delivery as a table of clean cells under the Roster's names (R-V1, R-V2, R-V4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.headers import Header, match
from rostersync.importers.layouts import Column, Kind
from rostersync.importers.text import DelimitedText, Records
from rostersync.importers.values import is_null_word, tidied, trimmed, without_hidden
from rostersync.model.findings import Severity

if TYPE_CHECKING:
    import polars as pl

    from rostersync.importers.finding_list import FindingList
    from rostersync.importers.layouts import Layout
    from rostersync.model.delivery import DeliveredFile
    from rostersync.model.roster import Texts

_READABLE = ("sourced_id", "class_id", "user_id")
"""What is believed of a row with too many cells: identifiers come before the free text that splits a row."""


@dataclass(frozen=True)
class Table:
    """A file: `rows` with `line` (u32) and every column of the layout, trimmed text, blank cells null.

    `rejected`: the same columns, as far as readable, of the rows whose number of cells makes them unusable
    (already in the findings). `missing`: columns the header does not have. `count`: all data rows. `delta`: only what
    changed, by `status`. `torn`: the file ends inside a row, so that nobody knows what would have followed.
    `texts`: by which its rows can be recognised; None: nobody asked.
    """

    file: str
    rows: pl.DataFrame
    rejected: pl.DataFrame
    missing: frozenset[str]
    count: int
    delta: bool = False
    torn: bool = False
    texts: Texts | None = None


class OpenTable:
    """A file whose header fits its layout; what is odd about either goes to `findings`.

    `ends_with_break`: its last row is not used where it has none.

    Raises:
        ImportRefused: see policies.md R-V1; also a file without any text.
    """

    def __init__(
        self,
        file: DeliveredFile,
        layout: Layout,
        version: str,
        encoding: str,
        findings: FindingList,
        *,
        ends_with_break: bool = False,
    ) -> None:
        self.name, self._layout, self._ends_with_break = layout.file, layout, ends_with_break
        self.text = DelimitedText(file, encoding)
        if not self.text.header:
            raise ImportRefused(f"{file.name} is empty. Nothing was changed. Check the export of the SIS.")
        if self.text.windows_1252:
            message = "The file is windows-1252, not UTF-8; it was read as that. Have the SIS export UTF-8."
            findings.note(Severity.WARNING, self.name, "WINDOWS_1252", message)
        self._header = match(self.name, self.text.header, layout, findings)
        self._missing = _report_missing(self.name, self._header, layout, version, findings)

    @property
    def may_be_cut(self) -> bool:
        """Whether its last row may not be all of that row."""
        return self._ends_with_break or self.text.torn

    def read(self, findings: FindingList, chosen: pl.Series | None = None) -> Table:
        """The rows as a table, or those of the `chosen` lines (DelimitedText.records).

        Raises:
            ImportRefused: see policies.md R-V1.
        """
        import polars as pl

        cleaning = _Cleaning(self.name, self._header, self._layout, findings)
        records = self.text.records(cleaning.wanted, chosen, ends_with_break=self._ends_with_break)
        cells = cleaning.cleaned(records)
        cells = cells.with_columns(pl.lit(None, dtype=pl.String).alias(column) for column in sorted(self._missing))
        cells = cells.select("line", *(column.into for column in self._layout.columns))
        rows, rejected = _split_by_shape(cells, records.faults, cleaning, findings)
        torn = bool((records.faults["fault"] == "TRUNCATED_ROW").any())
        return Table(self.name, rows, rejected, self._missing, cells.height, torn=torn)


def _report_missing(name: str, header: Header, layout: Layout, version: str, findings: FindingList) -> frozenset[str]:
    absent = [column for column in layout.columns if column.name not in header.positions]
    for column in absent:
        if version in column.versions:
            message = "The column is missing: it says nothing, stored values stay. Add it to the export."
            findings.note(Severity.WARNING, name, "MISSING_COLUMN", message, line=1, column=column.name)
    return frozenset(column.into for column in absent)


class _Cleaning:
    """How the cells of one file become clean ones, and what has to be said about it."""

    def __init__(self, name: str, header: Header, layout: Layout, findings: FindingList) -> None:
        self.name, self._header, self._layout, self._findings = name, header, layout, findings
        self.wanted: dict[int, str] = {}  # position -> working name; a second column of one name gets a number
        self._columns: dict[str, Column] = {}  # working name -> column
        for column in layout.columns:
            for number, position in enumerate(header.positions.get(column.name, ())):
                working = f"{column.into}#{number}" if number else column.into
                self.wanted[position] = working
                self._columns[working] = column

    def label(self, working: str) -> str:
        """What the file calls a column."""
        return self._header.labels[self._columns[working].name]

    def cleaned(self, records: Records) -> pl.DataFrame:
        """Trimmed, tidied by kind, one column per name; rows blank in every column in use are left out."""
        import polars as pl

        names, cells = list(self._columns), records.cells
        if records.hidden:
            seen = cells.with_columns(without_hidden(name, self._columns[name].kind) for name in names)
            message = "Invisible characters in the cell; they were dropped. Remove them in the SIS."
            self._report_difference(cells, seen, "HIDDEN_CHARACTERS", message)
            cells = seen
        if records.blanks or records.hidden:
            trim = cells.lazy().with_columns(trimmed(name) for name in names).collect()
            message = "Blanks around the value; they were dropped. Remove them in the SIS."
            self._report_difference(cells, trim, "BLANKS_AROUND", message)
            cells = trim
        clean = self._without_null_words(_without_empty(cells, names))
        clean = clean.with_columns(tidied(clean[name], self._columns[name].kind) for name in names)
        if clean[names[0]].null_count():
            clean = clean.filter(~pl.all_horizontal(pl.col(names).is_null()))
        return self._without_doubles(clean)

    def _report_difference(self, before: pl.DataFrame, after: pl.DataFrame, code: str, message: str) -> None:
        import polars as pl

        names = list(self._columns)
        lengths = before.lazy().select(pl.col(names).str.len_bytes()).collect()
        changed = after.lazy().select(pl.col(name).str.len_bytes() != lengths[name] for name in names).collect()
        for name in names:
            if changed[name].any():
                rows = after.filter(changed[name].fill_null(value=False))
                label = self.label(name)
                self._findings.rows(
                    Severity.WARNING, self.name, rows, code=code, message=message, column=label, value=name
                )

    def _without_null_words(self, cells: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        names = [name for name, column in self._columns.items() if column.kind is not Kind.NAME]
        found = cells.lazy().select(is_null_word(name).any() for name in names).collect()
        message = "A database's word for nothing, read as blank. Have the export leave such cells empty."
        for name in names:
            if found[name][0]:
                rows = cells.filter(is_null_word(name))
                label = self.label(name)
                self._findings.rows(
                    Severity.WARNING,
                    self.name,
                    rows,
                    code="NULL_WORD",
                    message=message,
                    column=label,
                    value=name,
                )
                cells = cells.with_columns(pl.when(~is_null_word(name)).then(pl.col(name)).alias(name))
        return cells

    def _without_doubles(self, cells: pl.DataFrame) -> pl.DataFrame:
        """Of columns named twice the first, if they agree.

        Raises:
            ImportRefused: they do not (policies.md R-V1).
        """
        for name in [name for name in self._columns if "#" in name]:
            first, label = name.partition("#")[0], self._columns[name].name
            differing = cells.filter(cells[first].ne_missing(cells[name]))
            if not differing.is_empty():
                line = differing["line"][0]
                raise ImportRefused(
                    f"{self.name}: the header names {label} twice, with different contents (line {line}). "
                    "Nothing was changed. Remove one of the two columns from the export."
                )
            message = "The header names this column twice, with the same contents. Remove one from the export."
            self._findings.note(Severity.WARNING, self.name, "DUPLICATE_COLUMN", message, line=1, column=label)
        return cells.select("line", *(name for name in self._columns if "#" not in name))

    def cell_positions(self) -> dict[str, int]:
        """Column of the Roster -> its (first) position in the header."""
        return {working: position for position, working in self.wanted.items() if "#" not in working}


def _without_empty(cells: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Blank cells as null: quoted ones are empty texts so far."""
    import polars as pl

    found = cells.lazy().select((pl.col(name) == "").any() for name in names).collect()
    empty = [name for name in names if found[name][0]]
    return cells.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in empty)


def _split_by_shape(
    cells: pl.DataFrame, faults: pl.DataFrame, cleaning: _Cleaning, findings: FindingList
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The usable rows, and those with too many cells or cut short at the end of the file."""
    import polars as pl

    if faults.is_empty():
        return cells, cells.clear()
    faulty = cells.join(faults, on="line", how="inner", maintain_order="left")
    faulty = faulty.with_columns(number=pl.col("cells").cast(pl.String))
    for fault, severity, message in (
        ("SHORT_ROW", Severity.WARNING, "Fewer cells than the header; the missing ones were read as blank."),
        (
            "TOO_MANY_CELLS",
            Severity.ERROR,
            "More cells than the header; the row was not used. Have the export quote cells with a comma.",
        ),
        (
            "TRUNCATED_ROW",
            Severity.ERROR,
            "The file ends inside this row; the row was not used. Export and deliver the file again.",
        ),
        (
            "UNENDED_ROW",
            Severity.ERROR,
            "The file ends here without a line break, as never before; the row was not used. Deliver it again.",
        ),
    ):
        rows = faulty.filter(fault=fault)
        findings.rows(severity, cleaning.name, rows, code=fault, message=message, value="number")
    rejected = faulty.filter(pl.col("fault") != "SHORT_ROW")
    torn = pl.col("fault").is_in(["TRUNCATED_ROW", "UNENDED_ROW"])
    positions = cleaning.cell_positions()
    kept = [
        pl.when(torn & (pl.lit(positions.get(name, 0)) < pl.col("cells") - 1))
        .then(pl.col(name))
        .when(~torn & pl.lit(name in _READABLE))
        .then(pl.col(name))
        .alias(name)
        for name in cells.columns
        if name != "line"
    ]
    rejected = rejected.with_columns(kept).select(cells.columns)
    return cells.join(rejected, on="line", how="anti", maintain_order="left"), rejected
