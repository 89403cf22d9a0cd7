"""Report tables of either library as polars frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from rostersync.model.report import Frame


def polars_frame(frame: Frame, columns: Sequence[str]) -> pl.DataFrame:
    """These columns of a pandas or polars frame as polars, their text not copied."""
    import polars as pl

    if isinstance(frame, pl.DataFrame):
        return frame.select(columns)
    import pyarrow as pa

    # through Arrow: pandas' own text is Arrow's already, and pl.from_pandas would copy all of it
    return cast("pl.DataFrame", pl.from_arrow(pa.Table.from_pandas(frame[list(columns)], preserve_index=False)))
