"""The rows of a table's sheet as markup, built whole columns at a time (ECMA-376 part 1, 18.3.1.73 and 18.3.1.4).

Writing cell by cell takes ten times as long, which would be most of a large night's report.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING
from zipfile import ZIP64_LIMIT, ZIP_DEFLATED, ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

_ROWS_AT_ONCE = 10_000  # bounds what is in memory as markup
_COMPRESSION = 3  # the default takes three times as long for a tenth less
_DIMENSION = re.compile(r'(<dimension ref="A1:[A-Z]+)1(")')
_COLUMN = re.compile(r"<col [^>]+>")
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_ESCAPE = r"(_x[0-9A-Fa-f]{4}_)"
"""What a spreadsheet would read as the code of a character (ECMA-376 part 1, 22.9.2.19)."""

_EDGE = r"^\s|\s$|\n"


def fill(frame: IO[bytes], target: IO[bytes], tables: Mapping[str, Sequence[pl.DataFrame]]) -> None:
    """Copies a workbook, with rows put below the header of some of its sheets.

    Args:
        frame: the workbook; the sheets to fill hold one row, and each column of theirs has a style of its own.
        target: what it is written to.
        tables: by the sheet's name in the archive the rows, in blocks of any columns, one below the other.
    """
    with ZipFile(frame) as source, ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
        for entry in source.infolist():
            content = source.read(entry)
            large = _longest_markup(tables.get(entry.filename, ())) >= ZIP64_LIMIT  # else no program need know zip64
            with archive.open(entry.filename, "w", force_zip64=large) as part:  # dated 1980, whatever the clock says
                if entry.filename in tables:
                    _write_sheet(part, content.decode(), tables[entry.filename])
                else:
                    part.write(content)


def _longest_markup(blocks: Sequence[pl.DataFrame]) -> int:
    """Bytes that the rows cannot exceed: a letter takes five at most, a cell its element."""
    return sum(5 * int(block.estimated_size()) + 100 * block.height * (block.width + 1) for block in blocks)


def _write_sheet(sheet: IO[bytes], frame: str, blocks: Sequence[pl.DataFrame]) -> None:
    before, end, after = frame.partition("</sheetData>")
    styles, last = _styles(before), 1 + sum(block.height for block in blocks)
    sheet.write(_DIMENSION.sub(rf"\g<1>{last}\2", before).encode())
    first = 2
    for block in blocks:
        for markup in rows(block, first, styles[: block.width]):
            sheet.write(markup)
        first += block.height
    sheet.write((end + after).encode())


def _styles(frame: str) -> list[str]:
    """The number of the style of every column, as the sheet's own list has it."""
    return [
        column["style"]
        for column in map(dict, (_ATTRIBUTE.findall(found) for found in _COLUMN.findall(frame)))
        for _ in range(int(column["min"]), int(column["max"]) + 1)
    ]


def rows(frame: pl.DataFrame, first: int, styles: list[str]) -> Iterator[bytes]:
    """The elements `<row>` of a table, some thousands at a time.

    Args:
        frame: texts, or whole numbers; nulls and "" are no cells.
        first: the number of the first row, counted from 1 as people see it.
        styles: by column the number of its cells' style.
    """
    for start in range(0, frame.height, _ROWS_AT_ONCE):
        yield _markup(frame.slice(start, _ROWS_AT_ONCE), first + start, styles).encode()


def _markup(part: pl.DataFrame, first: int, styles: list[str]) -> str:
    import polars as pl
    from xlsxwriter.utility import xl_col_to_name

    numbers = pl.int_range(first, first + part.height, eager=True).cast(pl.String)
    lines = part.select(
        pl.concat_str(
            pl.lit('<row r="'),
            numbers,
            pl.lit('">'),
            *[
                _cell(column, xl_col_to_name(place), style, numbers)
                for place, (column, style) in enumerate(zip(part.iter_columns(), styles, strict=True))
            ],
            pl.lit("</row>"),
        ).str.join("")
    )
    return str(lines.item())


def _cell(column: pl.Series, letters: str, style: str, numbers: pl.Series) -> pl.Expr:
    """`<c>` of a column's cells: an inline text, or a number; "" where there is none."""
    import polars as pl

    opening = pl.concat_str(pl.lit(f'<c r="{letters}'), numbers, pl.lit(f'" s="{style}'))
    if column.dtype.is_integer():
        cell = pl.concat_str(opening, pl.lit('"><v>'), column.cast(pl.String), pl.lit("</v></c>"))
        return cell.fill_null("")
    texts = escaped(column)
    space = ' xml:space="preserve"' if texts.str.contains(_EDGE).any() else ""
    cell = pl.concat_str(opening, pl.lit(f'" t="inlineStr"><is><t{space}>'), texts, pl.lit("</t></is></c>"))
    return pl.when(texts != "").then(cell).otherwise(pl.lit(""))


def escaped(column: pl.Series) -> pl.Series:
    """Texts as XML holds them; most columns have nothing to escape and are not copied."""
    if column.str.contains("[&<>]|_x").any():
        for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            column = column.str.replace_all(sign, entity, literal=True)
        column = column.str.replace_all(_ESCAPE, "_x005F${1}")
    return column
