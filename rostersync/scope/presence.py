"""Whether a record is in tonight's import, and who speaks for it (policies.md, *Import*, R-V3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rostersync.model.night import ABSENT, BASE, VALID

if TYPE_CHECKING:
    import polars as pl


def merge(
    state: pl.DataFrame,
    sound: pl.DataFrame,
    rejected: pl.DataFrame,
    *,
    file_absent: bool,
    unreadable: bool,
    living: str,
    flags: Sequence[str] = (),
) -> pl.DataFrame:
    """State rows and tonight's sound rows side by side, with who speaks for each.

    `state` has `id`, its columns and `origin`; `sound` has `id`, `line` and its columns with the prefix `in_`;
    `rejected` has `id` and `line`. `living` is the state's status column and value of a record that counts, as
    "roster_status=current". Adds `known`, `presence`, `rejected`, `held`, `line`.
    """
    import polars as pl

    column, value = living.split("=")
    sound = sound.with_columns(_sound=pl.lit(value=True))
    rejected = (
        rejected.filter(pl.col("id").is_not_null())
        .group_by("id")
        .agg(_rejected_line=pl.col("line").min())
        .with_columns(rejected=pl.lit(value=True))
    )
    merged = _beside(_beside(state.with_columns(known=pl.lit(value=True)), sound), rejected)
    is_base = pl.col("rejected")
    current = pl.col("known") & (pl.col("origin") == "sis") & (pl.col(column) == value)
    held = pl.lit(value=unreadable) & current & ~pl.col("_sound") & ~pl.col("rejected")
    if file_absent:
        is_base |= current
    texts = [name for name, dtype in merged.schema.items() if dtype == pl.String and name != "id"]
    booleans = ["known", "_sound", "rejected", *flags]
    return (
        merged.with_columns(
            *[pl.col(name).fill_null("") for name in texts],
            *[pl.col(name).fill_null(value=False) for name in booleans],
            line=pl.coalesce("line", "_rejected_line"),
        )
        .with_columns(held=held)
        .with_columns(
            presence=pl.when(is_base | pl.col("held"))
            .then(pl.lit(BASE))
            .when("_sound")
            .then(pl.lit(VALID))
            .otherwise(pl.lit(ABSENT))
        )
        .drop("_sound", "_rejected_line")
        .sort("id")
    )


def _beside(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Both by id; where one side is empty, as on a first load, nothing is looked up."""
    import polars as pl

    if rows.is_empty() or others.is_empty():
        return pl.concat([rows, others], how="diagonal")
    return rows.join(others, on="id", how="full", coalesce=True)
