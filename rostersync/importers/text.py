"""The text of one CSV file as a table of cells, or a refusal that names file and line (policies.md R-V1).

A regular expression over all lines first proves that a record is one line of well-quoted cells of the right
number; polars then reads those in bulk. Only the records for which that does not hold are looked at one by one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rostersync.errors import ImportRefused
from rostersync.importers.decoding import (
    LINE_LIMIT,
    decoded,
    long_line,
    refusal,
    with_plain_line_ends,
    without_cut_letter,
)
from rostersync.model.roster import Texts
from rostersync.model.snapshot import hashed

if TYPE_CHECKING:
    import polars as pl

    from rostersync.model.delivery import DeliveredFile

FIELD_LIMIT = 1 << 17
"""Bytes of a cell."""

INVISIBLE = r"\u{200b}\u{200e}\u{200f}\u{202a}-\u{202e}\u{2060}\u{2066}-\u{2069}\u{feff}"
"""Zero-width characters and those that turn the direction of writing, as a class of a regular expression."""

HIDDEN = rf"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{INVISIBLE}"
"""Characters nobody sees: INVISIBLE ones and control characters."""

_UNSEEN = re.compile(f"[{HIDDEN}]".replace(r"\u{", r"\u").replace("}", ""))
_QUOTED = r'"(?:[^"]|"")*"'
_CELL = rf'(?:{_QUOTED}|[^",\n]*)'
_WELL_QUOTED = rf"^{_CELL}(?:,{_CELL})*$"
_SEEN = rf'(?:[^"\s{HIDDEN}]|"")'
_UNQUOTED = rf'[^",\s{HIDDEN}]'
_PLAIN_CELL = (
    rf'(?:"(?:{_SEEN}(?:(?:{_SEEN}|[ \t\u{{a0}}])*{_SEEN})?)?"|(?:{_UNQUOTED}(?:[^",\n\r{HIDDEN}]*{_UNQUOTED})?)?)'
)
"""A cell with nothing odd about it: neither blanks at its borders nor line breaks or hidden characters inside."""
_HEADER_LINES = 64
_HEAD = 1 << 16
_PROVABLE_WIDTH = 100  # columns; above it the regular expression would grow too large


@dataclass(frozen=True)
class Records:
    """The data rows of a file; rows without any text are left out.

    `cells`: `line` (u32, where the record starts; the first line of the file is 1) and one text column per
    asked cell, a blank one null or "". `faults`: `line`, `fault` (SHORT_ROW, TOO_MANY_CELLS, TRUNCATED_ROW,
    UNENDED_ROW) and `cells` (how many it has); such rows are in `cells` too. `hidden`: whether there may be HIDDEN
    characters, `blanks`: blanks around the text of a cell.
    """

    cells: pl.DataFrame
    faults: pl.DataFrame
    hidden: bool
    blanks: bool


class DelimitedText:
    """One CSV file, decoded: its header, then its records.

    Raises:
        ImportRefused: no text, another encoding, a line or cell too long, broken quoting.
    """

    def __init__(self, file: DeliveredFile, encoding: str = "auto", *, head: bool = False) -> None:
        """Read `file`, or with `head` only its first lines, to look at the header."""
        self.name = file.name
        self._file, self._encoding, self._head = file.path, encoding, head
        self._lone_returns = False
        self._bytes: bytes | None = self._load()
        self._all_lines: pl.DataFrame | None = self._read_lines()
        self._has_quotes, self._ends_with_break = b'"' in self._data, self._data.endswith(b"\n")
        self._first, self._body, self.header = self._read_header()

    def _load(self) -> bytes:
        raw = _first_lines(self._file) if self._head else self._file.read_bytes()
        whole = without_cut_letter(raw) if self._encoding == "auto" else raw
        self.torn = len(whole) < len(raw)
        data, self.windows_1252 = decoded(whole, self._encoding, self.name)
        del whole
        del raw
        if self._lone_returns or (long_line(data) and b"\n" not in data[:LINE_LIMIT]):
            data = with_plain_line_ends(data)
        too_long = long_line(data)
        if too_long:
            raise _too_long(self.name, too_long)
        return data

    @property
    def _data(self) -> bytes:
        """The file's bytes; read once more where they were given up."""
        if self._bytes is None:
            self._bytes = self._load()
        return self._bytes

    def give_up_bytes(self) -> None:
        """Keep the lines alone: half the memory, and all that a reading of chosen lines needs."""
        self._bytes = None

    def give_up_lines(self) -> None:
        """Keep neither: whoever asks for chosen lines once more has the file read once more."""
        self._bytes = self._all_lines = None

    @property
    def _lines(self) -> pl.DataFrame:
        """All lines, as `_read_lines` gives them."""
        if self._all_lines is None:
            self._all_lines = self._read_lines()
            self.give_up_bytes()
        return self._all_lines

    def _read_lines(self) -> pl.DataFrame:
        """All lines: `line` from 1 (u32), `text`."""
        import polars as pl

        lines = pl.read_lines(self._data, name="text")
        if b"\r" in self._data and lines["text"].str.contains("\r", literal=True).any():
            self._lone_returns, self._bytes = True, with_plain_line_ends(self._data)
            lines = pl.read_lines(self._data, name="text")
        return lines.select(pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("line"), "text")

    def _read_header(self) -> tuple[int, int, tuple[str, ...]]:
        """The first line of the header, the first line after it, its cells (none in a file without text)."""
        text, first = "", 0
        for line, part in self._lines.head(_HEADER_LINES).iter_rows():
            if not first and not part.strip():
                continue
            first = first or line
            text = f"{text}\n{part}" if text else part
            if text.count('"') % 2 == 0:
                if not re.fullmatch(_WELL_QUOTED, text):
                    raise _broken(self.name, first)
                (cells,) = _cells_of([(first, text)], self.name)
                return first, line + 1, tuple(_UNSEEN.sub("", cell).strip() for cell in cells)
        if first:
            raise _broken(self.name, first)
        return 1, 1, ()

    @property
    def has_rows(self) -> bool:
        """Whether there is any text below the header (with `head`: in the lines that were read)."""
        import polars as pl

        return bool(self._lines.slice(self._body - 1).select(pl.col("text").str.contains(r"[^\s,]").any()).item())

    def texts(self, seed: int) -> Texts:
        """The lines below the header; none for one with a quote that it does not close: its row has others."""
        import polars as pl

        texts = self._lines["text"].slice(self._body - 1)
        hashes = hashed(texts, seed)
        if self._has_quotes:
            frame = pl.DataFrame({"text": texts, "hash": hashes}).lazy()
            whole = pl.col("text").str.count_matches('"', literal=True) % 2 == 0
            hashes = frame.select(pl.when(whole).then(pl.col("hash"))).collect().to_series()
        return Texts(self._body, hashes)

    def records(
        self, wanted: Mapping[int, str], chosen: pl.Series | None = None, *, ends_with_break: bool = False
    ) -> Records:
        """The data rows; of their cells those at the positions in `wanted`, under the names it gives.

        `chosen` (one boolean per line below the header): of these lines alone, each of which is a row by itself; more
        can be asked for afterwards. Without it the lines are given up. `ends_with_break`: a file whose last row has no
        line break is not as it should be: that row may be cut.
        """
        import polars as pl

        width = len(self.header)
        body = self._lines.slice(self._body - 1)
        if chosen is None:
            self._all_lines = self._lines.clear()
        else:
            body = body.filter(chosen)
        plain = rf"^{_PLAIN_CELL}(?:,{_PLAIN_CELL}){{{width - 1}}}$" if 0 < width <= _PROVABLE_WIDTH else "$^"
        odd = body.lazy().filter(~pl.col("text").str.contains(plain)).collect()
        spanning, singles = _spanning(self.name, body, odd)
        alone = odd if singles is None else odd.join(singles, on="line", how="semi")
        blank = alone.filter(pl.col("text").str.contains(r"^[\s,]*$")).select("line")
        irregular = pl.concat([alone.join(blank, on="line", how="anti"), spanning]).sort("line")
        _refuse_stray_quotes(self.name, irregular)
        self._refuse_long_cells(body)

        if singles is None and chosen is None and self._body == self._first + 1:
            lines = pl.int_range(self._first, self._first + body.height + 1, dtype=pl.UInt32, eager=True)
            del body
            cells = _parsed(self._data, self._first - 1, width, wanted, lines)
        else:
            singles = body if singles is None else singles
            lines = pl.concat([pl.Series([self._first], dtype=pl.UInt32), singles["line"]])
            texts = pl.concat([pl.Series("text", ["," * (width - 1)]), singles["text"]])
            data = str(texts.str.join("\n").item()).encode()
            cells = _parsed(data, 0, width, wanted, lines)
        if cells is None:
            self._all_lines = self._read_lines()
            records = self._lines.slice(self._body - 1) if singles is None else singles
            cells = _one_by_one(records.iter_rows(), wanted, self.name)
        if not blank.is_empty():
            cells = cells.join(blank, on="line", how="anti", maintain_order="left")
        if not spanning.is_empty():
            cells = pl.concat([cells, _one_by_one(spanning.iter_rows(), wanted, self.name)]).sort("line")
        cut_short = int(cells["line"][-1]) if cells.height and not self._ends_with_break else None
        if chosen is not None and cut_short is not None and cut_short != self._last_line():
            cut_short = None
        faults = _faults(self.name, irregular, width, _named_width(self.header), cut_short)
        if cut_short is not None and (self.torn or ends_with_break):
            faults = _with_unended(faults, cut_short, width, "TRUNCATED_ROW" if self.torn else "UNENDED_ROW")
        hidden = bool(odd["text"].str.contains(f"[{HIDDEN}]").any())
        return Records(cells, faults, hidden, blanks=not irregular.is_empty())

    def _last_line(self) -> int | None:
        """The last one with any text."""
        for line, text in self._lines.reverse().iter_rows():
            if text.strip(", \t\r"):
                return int(line)
        return None

    def _refuse_long_cells(self, body: pl.DataFrame) -> None:
        import polars as pl

        for line, text in body.filter(pl.col("text").str.len_bytes() > FIELD_LIMIT).iter_rows():
            if text.count('"') % 2 == 0:
                _cells_of([(line, text)], self.name)


def _first_lines(path: Path) -> bytes:
    with path.open("rb") as stream:
        start = stream.read(_HEAD)
    ends = max(start.rfind(b"\n"), start.rfind(b"\r"))
    return start[: ends + 1] if len(start) == _HEAD and ends >= 0 else start


def _named_width(header: tuple[str, ...]) -> int:
    """How many cells a row needs: columns without a name at the end are nobody's."""
    return max((position + 1 for position, cell in enumerate(header) if cell), default=0)


def _spanning(name: str, body: pl.DataFrame, odd: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """The records that span lines as `line`, `text`, and the lines that are a record each (None: all)."""
    import polars as pl

    open_quotes = odd.select("line", quotes=pl.col("text").str.count_matches('"', literal=True) % 2)
    open_quotes = open_quotes.filter(pl.col("quotes") == 1)
    if open_quotes.is_empty():
        return body.clear(), None
    parts = body.join(open_quotes, on="line", how="left", maintain_order="left").with_columns(
        pl.col("quotes").fill_null(0)
    )
    parts = parts.with_columns(inside=(pl.col("quotes").cum_sum() - pl.col("quotes")) % 2)
    parts = parts.with_columns(record=(pl.col("inside") == 0).cum_sum())
    of_several = (pl.col("inside") == 1) | (pl.col("quotes") == 1)
    sizes = (
        parts.filter(of_several)
        .group_by("record", maintain_order=True)
        .agg(pl.col("line").min(), size=pl.col("text").str.len_bytes().cast(pl.Int64).sum())
    )
    too_long = sizes.filter(pl.col("size") > LINE_LIMIT)
    if not too_long.is_empty():
        raise _broken(name, int(too_long["line"][0]))
    records = parts.filter(of_several).group_by("record", maintain_order=True)
    spanning = records.agg(pl.col("line").min(), pl.col("text").str.join("\n")).select("line", "text")
    return spanning, parts.filter(~of_several).select("line", "text")


def _refuse_stray_quotes(name: str, records: pl.DataFrame) -> None:
    """Refuse a quote inside an unquoted cell, text after a closing quote, a quote that is never closed."""
    import polars as pl

    if records.is_empty():
        return
    stray = records.filter(~pl.col("text").str.contains(_WELL_QUOTED))
    if not stray.is_empty():
        raise _broken(name, int(stray["line"][0]))


def _faults(name: str, irregular: pl.DataFrame, width: int, named: int, cut_short: int | None) -> pl.DataFrame:
    """Rows with fewer or more cells than the header: `line`, `fault`, `cells`."""
    import polars as pl

    if irregular.is_empty():
        return pl.DataFrame(schema={"line": pl.UInt32(), "fault": pl.String(), "cells": pl.UInt32()})
    bare = pl.col("text").str.replace_all(_QUOTED, '"')
    counted = irregular.with_columns(
        cells=bare.str.count_matches(",", literal=True) + 1,
        filled=bare.str.strip_chars_end(", \t").str.count_matches(",", literal=True) + 1,
    )
    more = counted.filter(pl.col("filled") > width)
    overfull = [
        line
        for line, row in zip(more["line"], _cells_of(more.select("line", "text").iter_rows(), name), strict=True)
        if any(cell.strip() for cell in row[width:])
    ]
    fault = (
        pl.when(pl.col("line").is_in(overfull))
        .then(pl.lit("TOO_MANY_CELLS"))
        .when((pl.col("cells") < named) & (pl.col("line") == (cut_short or 0)))
        .then(pl.lit("TRUNCATED_ROW"))
        .when(pl.col("cells") < named)
        .then(pl.lit("SHORT_ROW"))
    )
    return counted.select("line", fault=fault, cells=pl.col("cells")).filter(pl.col("fault").is_not_null())


def _with_unended(faults: pl.DataFrame, line: int, width: int, fault: str) -> pl.DataFrame:
    """`faults` with the last row, which has all its cells but perhaps not all of the last one."""
    import polars as pl

    if line in faults["line"]:
        return faults
    return pl.concat([faults, pl.DataFrame([(line, fault, width)], schema=faults.schema, orient="row")])


def _parsed(data: bytes, skipped: int, width: int, wanted: Mapping[int, str], lines: pl.Series) -> pl.DataFrame | None:
    """`line` and the wanted cells of sound lines, read in bulk; None if polars sees them otherwise.

    `lines` are the line numbers of what follows after `skipped` lines: of the header, which is dropped, and of
    the records.
    """
    import polars as pl

    if width < 2 or not wanted:
        return None
    names = [f"column_{position + 1}" for position in range(width)]
    try:
        table = pl.read_csv(
            data,
            has_header=False,
            skip_lines=skipped,
            schema=dict.fromkeys(names, pl.String()),
            columns=[names[position] for position in sorted(wanted)],
            truncate_ragged_lines=True,
        )
    except pl.exceptions.PolarsError:
        return None
    if table.height != lines.len():
        return None
    cells = (pl.col(names[position]).alias(column) for position, column in wanted.items())
    return table.select(lines.alias("line"), *cells).slice(1)


def _one_by_one(records: Iterable[tuple[int, str]], wanted: Mapping[int, str], name: str) -> pl.DataFrame:
    """Records that polars cannot read in bulk, one at a time: `line` and the wanted cells."""
    import polars as pl

    known = list(records)
    rows = _cells_of(known, name)
    columns: dict[str, pl.Series] = {"line": pl.Series("line", [line for line, _ in known], dtype=pl.UInt32)}
    for position, column in wanted.items():
        values = [row[position] if position < len(row) else None for row in rows]
        columns[column] = pl.Series(column, values, dtype=pl.String)
    return pl.DataFrame(columns)


def _cells_of(records: Iterable[tuple[int, str]], name: str) -> list[list[str]]:
    rows = []
    for line, text in records:
        try:
            rows.append(next(csv.reader([text], strict=True), []))
        except csv.Error as error:
            if "limit" in str(error):
                raise _too_long(name, line) from None
            raise _broken(name, line) from None
    return rows


def _broken(name: str, line: int) -> ImportRefused:
    what = "broken CSV quoting: a quote inside a cell, after its end, or never closed"
    return refusal(name, line, what, "Have the SIS write quotes inside a quoted cell twice.")


def _too_long(name: str, line: int) -> ImportRefused:
    what = f"a line above {LINE_LIMIT // 1024} KiB or a cell above {FIELD_LIMIT // 1024} KiB"
    return refusal(name, line, what, "Check the export: a quote that is never closed, or a wrong file.")
