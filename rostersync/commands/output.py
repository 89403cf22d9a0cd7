"""Results on stdout: listings and single records, as a table for people, as CSV or JSON for programs.

CSV is that of RFC 4180: UTF-8, CRLF, a header row; text that a spreadsheet would take for a formula gets a
leading apostrophe, as in the reports. JSON is ASCII; blanks are null, numbers and booleans themselves. A
table is not cut when it goes to a file or a pipe; in a terminal long cells are folded.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

Row = Mapping[str, Any]


class Format(StrEnum):
    """How a listing is written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]

_FOLDED_ROWS = 500
"""Up to so many rows a terminal gets folded columns; laying out more would take longer than reading them."""
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_FORMULA = re.compile("[\\s\ufeff\u200b]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")


def listing(rows: Iterable[Row], columns: Sequence[str], chosen: Format, *, shown: Sequence[str] | None = None) -> None:
    """Writes rows to stdout.

    Args:
        rows: One mapping per row; all have these columns.
        columns: What CSV and JSON hold, in this order.
        chosen: The format.
        shown: The columns of the table, where they are fewer.
    """
    match chosen:
        case Format.CSV:
            _write_csv(rows, columns)
        case Format.JSON:
            _write_json(rows, columns)
        case Format.TABLE:
            _write_table([[printable(row[name]) for name in shown or columns] for row in rows], shown or columns)


def record(fields: Row, chosen: Format, *, lists: Mapping[str, Sequence[Row]] | None = None) -> None:
    """Writes one record to stdout, with the lists that belong to it.

    As a table a field a line, then a table for each list; as JSON one object, the lists in it; as CSV the
    record alone.
    """
    lists = lists or {}
    if chosen is Format.CSV:
        _write_csv([fields], list(fields))
    elif chosen is Format.JSON:
        listed = {name: [_values(row, list(row)) for row in rows] for name, rows in lists.items()}
        line(json.dumps({**_values(fields, list(fields)), **listed}, indent=2))
    else:
        _write_table([[name, printable(value)] for name, value in fields.items()], ())
        for name, rows in lists.items():
            line(f"\n{name} ({len(rows)})")
            if rows:
                _write_table([[printable(value) for value in row.values()] for row in rows], list(rows[0]))


def flattened(value: Row, prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, the names joined by dots; lists as JSON."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            flat.update(flattened(inner, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = json.dumps(inner) if isinstance(inner, list) else inner
    return flat


def line(text: str) -> None:
    """Writes one line to stdout."""
    sys.stdout.write(text + "\n")


def said(text: str) -> None:
    """Says something to the person at the terminal: on stderr, beside the result."""
    sys.stderr.write(printable(text) + "\n")


def printable(value: object) -> str:
    """A cell for people: one line, without what could steer a terminal or turn the reading direction."""
    return _STEERING.sub(" ", _text(value))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value)


def _values(row: Row, columns: Sequence[str]) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value := row[name], Path) else _text(value) if isinstance(value, date) else value
        for name in columns
    }


def _write_json(rows: Iterable[Row], columns: Sequence[str]) -> None:
    separator = "["
    for row in rows:
        sys.stdout.write(f"{separator}\n  {json.dumps(_values(row, columns))}")
        separator = ","
    line("[]" if separator == "[" else "\n]")


def _write_csv(rows: Iterable[Row], columns: Sequence[str]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(newline="")  # the line ends below stay as they are, on Windows too
    writer = csv.writer(sys.stdout, lineterminator="\r\n")
    writer.writerow(columns)
    clean = printable if sys.stdout.isatty() else str
    for row in rows:
        writer.writerow([_cell(row[name], clean) for name in columns])


def _cell(value: object, clean: Any) -> object:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, str):
        return "" if value is None else value if isinstance(value, int | float) else _text(value)
    return clean(f"'{value}" if _FORMULA.match(value) else value)


def _write_table(cells: list[list[str]], columns: Sequence[str]) -> None:
    if sys.stdout.isatty() and len(cells) <= _FOLDED_ROWS and os.environ.get("TERM") != "dumb":
        _write_folded(cells, columns)
        return
    from rich.cells import cell_len

    rows = [list(columns), *cells] if columns else cells
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        line("  ".join(padded).rstrip())


def _write_folded(cells: list[list[str]], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=bool(columns), header_style="bold", pad_edge=False)
    for name in columns or ("", ""):
        table.add_column(name, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    Console(file=sys.stdout, highlight=False).print(table)
