"""A workbook in which every text stays the text it is: nothing becomes a formula, a number or a link.

The library writes the frame of it, with no row of a table; those are put in when it is closed, some thousands at a
time, so that a workbook of any size needs little memory. The same calls give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rostersync.model.findings import Severity
from rostersync.model.findings_ledger import Mark
from rostersync.model.notes import Action
from rostersync.reports.folder import create_private
from rostersync.reports.xlsx.sheet_rows import fill

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from xlsxwriter.worksheet import Worksheet

CELL_LIMIT = 32_767
"""UTF-16 units that a cell may hold."""

CUT = " … (cut: a cell holds no more)"
"""The end of a text that no cell can hold."""

COLOURS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **dict.fromkeys((Action.HELD, Action.REJECTED, Severity.ERROR), ("#FFC7CE", "#7A0012")),
        **dict.fromkeys((Action.WITHHELD, Severity.WARNING), ("#FFE0B8", "#6B3A00")),
        **dict.fromkeys((Action.REMOVED, Action.ARCHIVED, Action.ENDED), ("#E3DAF2", "#3F2270")),
        Action.KEPT: ("#FFF6BF", "#5A4A00"),
        **dict.fromkeys((Action.RESTORED, Action.LINKED, Action.UPDATED), ("#D6E7FA", "#0B3D74")),
        Action.ADDED: ("#D5EFD9", "#0B4F1C"),
        Mark.NEW: ("#D6E7FA", "#0B3D74"),
    }
)
"""Action, severity or mark -> background and text of its cell."""

_COLOURED = ("action", "severity", "mark")
_NUMBERS = ("line",)
"""Columns that hold whole numbers of our own; everything else is text, whatever it looks like."""
_UNSHOWN = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u{FFFE}\u{FFFF}]"  # XML cannot hold them, no spreadsheet shows them
_LINE_BREAK = r"\r\n?"
_WIDEST, _NARROWEST, _LOOKED_AT = 60, 9, 500


class Book:
    """A workbook that is being written; `close` puts it in its place. Before that there is no file."""

    def __init__(self) -> None:
        from xlsxwriter import Workbook

        self._frame = BytesIO()
        self._book = Workbook(
            self._frame,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        self._text = self._book.add_format({"num_format": "@"})
        self._number = self._book.add_format({"num_format": "#,##0"})
        self._heading = self._book.add_format({"bold": True, "font_size": 14})
        self._header = self._book.add_format(
            {"bold": True, "num_format": "@", "bg_color": "#E8ECF0", "bottom": 1, "bottom_color": "#8A949E"}
        )
        self._colours = {
            word: self._book.add_format({"bg_color": background, "font_color": letters})
            for word, (background, letters) in COLOURS.items()
        }
        self._tables: dict[str, list[pl.DataFrame]] = {}

    def add_sheet(self, name: str) -> Sheet:
        """A further sheet, written from the top row to the last one."""
        return Sheet(self._book.add_worksheet(name), self._text, self._number, self._heading, self._header)

    def add_table(self, name: str, frame: pl.DataFrame, *, more: str = "") -> None:
        """A sheet with a frozen header that filters, and a row for each of the frame's.

        `more` is said below the rows, where it takes no part in sorting and filtering.
        """
        import polars as pl

        sheet, columns = self.add_sheet(name), frame.columns
        shown = _cells(frame)
        plain = sheet.worksheet
        for place, column in enumerate(columns):
            look = self._number if column in _NUMBERS else self._text
            plain.set_column(place, place, _width(shown[column], column), look)
        sheet.header(columns)
        plain.freeze_panes(1, 0)
        plain.autofilter(0, 0, max(shown.height, 1), len(columns) - 1)
        for place in (columns.index(column) for column in _COLOURED if column in columns):
            for word, look in self._colours.items():
                rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": look}
                plain.conditional_format(1, place, max(shown.height, 1), place, rule)
        plain.set_landscape()
        plain.fit_to_pages(1, 0)
        plain.repeat_rows(0)
        blocks = [shown]
        if more:
            blocks.append(pl.DataFrame({columns[0]: ["", more]}))
        self._tables[f"xl/worksheets/sheet{len(self._book.worksheets())}.xml"] = blocks

    def chart(self, kind: Mapping[str, str]) -> Any:
        """A chart of the spreadsheet's own, to be put into a sheet."""
        return self._book.add_chart(dict(kind))

    def close(self, path: Path, *, title: str, created: datetime) -> None:
        """Writes the workbook to `path`, which must not be there, for its owner alone.

        `created` is the time it carries, instead of that of the writing.

        Raises:
            OSError: it cannot be written, or is there already.
        """
        moment = created.astimezone(UTC).replace(tzinfo=None)
        self._book.set_properties({"title": title, "author": "rostersync", "created": moment})
        self._book.close()
        with create_private(path) as file:
            fill(self._frame, file, self._tables)


class Sheet:
    """A sheet, filled row by row."""

    def __init__(self, worksheet: Worksheet, text: Any, number: Any, heading: Any, header: Any) -> None:
        self.worksheet = worksheet
        self.next_row = 0
        self._text, self._number, self._heading, self._header = text, number, heading, header

    def heading(self, text: str) -> None:
        """A line in large letters."""
        self._put(0, text, self._heading)
        self.next_row += 1

    def header(self, names: Sequence[str]) -> None:
        """The names of columns."""
        for place, name in enumerate(names):
            self._put(place, name, self._header)
        self.next_row += 1

    def row(self, values: Sequence[object]) -> None:
        """A row: whole numbers are numbers, all else is text; blanks are empty cells."""
        for place, value in enumerate(values):
            if isinstance(value, int):
                self.worksheet.write_number(self.next_row, place, value, self._number)
            elif value is not None and value != "":
                self._put(place, str(value), None)
        self.next_row += 1

    def skip(self) -> None:
        """An empty row."""
        self.next_row += 1

    def _put(self, place: int, text: str, look: Any) -> None:
        if text.startswith("<r>"):
            # in two parts it is text; in one the library takes it for markup
            self.worksheet.write_rich_string(self.next_row, place, self._text, text[:1], text[1:], look or self._text)
        else:
            self.worksheet.write_string(self.next_row, place, text, look)


def write_table(
    path: Path, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]], created: datetime
) -> None:
    """Writes a workbook with one sheet `name` of these rows, for its owner alone; it looks as the report's do.

    A column `action` or `severity` has the report's colours, a column `line` numbers; all else is text, None blank.

    Raises:
        OSError: it cannot be written, or is there already.
    """
    import polars as pl

    texts = [[None if value is None else str(value) for value in row] for row in rows]
    frame = pl.DataFrame(texts, schema=dict.fromkeys(columns, pl.String), orient="row")
    book = Book()
    book.add_table(name, frame)
    book.close(path, title=name, created=created)


def shown(text: str) -> str:
    """A text as a cell can hold it: no control characters, one kind of line break, cut where it is too long."""
    import polars as pl

    return str(_cells(pl.DataFrame({"text": [text]}))["text"][0])


def _cells(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return frame.select(
        column.cast(pl.Int64, strict=False) if column.name in _NUMBERS else _text(column.cast(pl.String))
        for column in frame.iter_columns()
    )


def _text(column: pl.Series) -> pl.Series:
    import polars as pl

    if column.str.contains(f"{_UNSHOWN}|\r").any():
        column = column.str.replace_all(_LINE_BREAK, "\n").str.replace_all(_UNSHOWN, "")
    longest = column.str.len_bytes().max()
    if isinstance(longest, int) and longest > CELL_LIMIT // 2:
        column = column.map_elements(_cut, return_dtype=pl.String)
    return column


def _cut(text: str) -> str:
    units = text.encode("utf-16-le")
    if len(units) <= 2 * CELL_LIMIT:
        return text
    return units[: 2 * (CELL_LIMIT - len(CUT))].decode("utf-16-le", errors="ignore") + CUT


def _width(column: pl.Series, name: str) -> int:
    import polars as pl

    longest = column.head(_LOOKED_AT).cast(pl.String).str.len_chars().quantile(0.95) or 0
    return int(min(max(longest + 2, len(name) + 4, _NARROWEST), _WIDEST))
