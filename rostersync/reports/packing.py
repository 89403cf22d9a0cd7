"""Report tables as bytes for the state: Arrow, compressed; the same rows come back."""

from __future__ import annotations

import io
from types import MappingProxyType
from typing import TYPE_CHECKING

from rostersync.errors import StateError
from rostersync.model.report import FIXED_COLUMNS, MARK_COLUMNS, TABLE_COLUMNS, ReportTables
from rostersync.reports.frames import polars_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl


_BESIDE: Mapping[str, tuple[str, ...]] = MappingProxyType({"marks": MARK_COLUMNS, "fixed": FIXED_COLUMNS})
"""What a report need not have, and its columns."""


def pack(tables: ReportTables) -> dict[str, bytes]:
    """Table -> its rows as a compressed Arrow file, and nothing else in it; of what the report has."""
    import polars as pl

    packed = {}
    for table, columns in {**TABLE_COLUMNS, **_BESIDE}.items():
        frame = getattr(tables, table)
        if frame is None:
            continue
        buffer = io.BytesIO()
        # Of the oldest kind: the newest writes the memory behind a text column, texts of rows that are not in it too.
        polars_frame(frame, columns).write_ipc(buffer, compression="zstd", compat_level=pl.CompatLevel.oldest())
        packed[table] = buffer.getvalue()
    return packed


def unpack(packed: Mapping[str, bytes], only: Mapping[str, pl.Expr] | None = None) -> ReportTables:
    """The tables of `pack`; a column that the version which packed them did not have yet is blank.

    `only`: table -> which of its rows are wanted; where there are none, its other columns are not read.

    Raises:
        KeyError: a table is missing.
        StateError: one is damaged.
    """
    beside = {table: columns for table, columns in _BESIDE.items() if table in packed}
    wanted = only or {}
    return ReportTables(
        **{
            table: _unpacked(packed[table], columns, wanted.get(table))
            for table, columns in {**TABLE_COLUMNS, **beside}.items()
        }
    )


def _unpacked(content: bytes, columns: tuple[str, ...], only: pl.Expr | None = None) -> pl.DataFrame:
    import polars as pl

    frame = _read(content) if only is None else _filtered(content, only)
    new = [pl.lit(None, dtype=pl.String).alias(name) for name in columns if name not in frame.columns]
    return frame.with_columns(new).select(columns)


def _filtered(content: bytes, only: pl.Expr) -> pl.DataFrame:
    """A column at a time: of a large first load few rows stand."""
    import polars as pl

    wanted = _read(content, sorted(set(only.meta.root_names()))).select(only).to_series()
    schema = pl.read_ipc_schema(io.BytesIO(content))
    if not wanted.any():
        return pl.DataFrame(schema=schema)
    return pl.concat([_read(content, [name]).filter(wanted) for name in schema], how="horizontal")


def read_columns(content: bytes, columns: Sequence[str]) -> pl.DataFrame:
    """Some columns of one packed table, all of which every version has packed; raises StateError as `unpack`."""
    return _read(content, list(columns))


def _read(content: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    import polars as pl

    try:
        return pl.read_ipc(io.BytesIO(content), columns=columns)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException) as error:
        raise StateError(
            "the state is damaged: a report that it keeps cannot be read; nothing was changed; restore the newest good "
            "backup: rostersync state restore FILE"
        ) from error
