"""Frames of the rules as parameters of SQL: rows of Python values, blank texts as NULL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

SLICE = 100_000
"""Rows that are turned into Python values at a time."""


def bound(frame: pd.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """The columns in this order, one of them twice where it is named twice; blank texts become null."""
    import polars as pl

    table = pl.from_pandas(frame[list(dict.fromkeys(columns))])
    texts = [name for name, dtype in table.schema.items() if dtype in {pl.String, pl.Categorical}]
    table = table.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in texts)
    return table.select(pl.col(name).alias(str(place)) for place, name in enumerate(columns))


def slices(table: pl.DataFrame) -> Iterator[list[tuple[object, ...]]]:
    """Its rows, SLICE at a time."""
    return (part.rows() for part in table.iter_slices(SLICE))
