"""Frames as tables of a plan file, and back, with the same types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rostersync.model.plan_file import CellType, KeptTable

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def from_pandas(frame: pd.DataFrame) -> KeptTable:
    """A frame of the rules; what is missing becomes null."""
    import polars as pl

    return from_polars(pl.from_pandas(frame, nan_to_null=True))


def from_polars(frame: pl.DataFrame) -> KeptTable:
    """A frame of texts, whole numbers, numbers and flags; anything else becomes a text."""
    import polars as pl

    frame = frame.with_columns(
        column.cast(pl.String) for column in frame.iter_columns() if _type_of(column.dtype) == "text"
    )
    constants = {
        column.name: column[0]
        for column in frame.iter_columns()
        if frame.height and not column.ne_missing(column[0]).any()
    }
    return KeptTable(
        types={name: _type_of(dtype) for name, dtype in frame.schema.items()},
        constants=constants,
        rows=[list(row) for row in frame.drop(constants).rows()]
        if len(constants) < frame.width
        else [[] for _ in range(frame.height)],
    )


def to_polars(table: KeptTable) -> pl.DataFrame:
    """The frame as polars."""
    import polars as pl

    dtypes = {"text": pl.String, "flag": pl.Boolean, "integer": pl.Int64, "number": pl.Float64}
    return pl.DataFrame([pl.Series(name, values, dtype=dtypes[table.types[name]]) for name, values in _columns(table)])


def to_pandas(table: KeptTable) -> pd.DataFrame:
    """The frame as the rules have theirs; its rows are numbered anew."""
    import pandas as pd

    dtypes = {"text": "str", "flag": "bool", "integer": "int64", "number": "float64"}
    return pd.DataFrame({name: pd.Series(values, dtype=dtypes[table.types[name]]) for name, values in _columns(table)})


def _columns(table: KeptTable) -> list[tuple[str, list[Any]]]:
    height = len(table.rows)
    values = dict(zip(table.varying, zip(*table.rows, strict=True) if height else [()] * len(table.types), strict=True))
    return [
        (name, [table.constants[name]] * height if name in table.constants else list(values[name]))
        for name in table.types
    ]


def _type_of(dtype: pl.DataType) -> CellType:
    import polars as pl

    if dtype == pl.Boolean:
        return "flag"
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_float() else "text"
